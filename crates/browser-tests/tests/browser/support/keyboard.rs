//! A keyboard, and no mouse.

use thirtyfour::prelude::*;

use super::Browser;
use super::steps::{CVC, EXPIRY};

/// Further away than this something cannot be reached in any reasonable time.
const TABS_MAX: usize = 40;

impl Browser {
    /// Presses Tab until what has this id has the focus, in the page or in a frame.
    pub async fn tab_to(&self, id: &str) {
        for _ in 0..TABS_MAX {
            if self.focused().await == id {
                return;
            }
            self.type_keys(Key::Tab).await;
        }
        panic!("{id} cannot be reached with Tab; {} has the focus", self.focused().await);
    }

    /// Goes to what has this id, and presses it.
    pub async fn tab_to_and_enter(&self, id: &str) {
        self.see(&format!("#{id}")).await;
        self.tab_to(id).await;
        self.type_keys(Key::Enter).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn type_keys(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Fills in the card form on the payment page, and sends it.
    pub async fn type_card(&self, number: &str) {
        self.tab_to("Field-numberInput").await;
        self.type_keys(number).await;
        self.type_keys(Key::Tab + EXPIRY).await;
        self.type_keys(Key::Tab + CVC).await;
        self.type_keys(Key::Enter).await;
    }

    /// The id of what has the focus; of a frame, of what has it there.
    async fn focused(&self) -> String {
        let focused = self.driver.active_element().await.unwrap();
        if focused.tag_name().await.unwrap() != "iframe" {
            return focused.id().await.unwrap().unwrap_or_default();
        }
        focused.enter_frame().await.unwrap();
        let focused = self.driver.active_element().await.unwrap().id().await.unwrap();
        self.leave_frame().await;
        focused.unwrap_or_default()
    }
}
