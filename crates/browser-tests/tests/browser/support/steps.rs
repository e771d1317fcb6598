//! What a person does again and again.

use thirtyfour::prelude::*;

use super::{Browser, Demo};

/// When the test cards expire, and their check digits.
const EXPIRY: &str = "1234";
const CVC: &str = "123";

impl Browser {
    /// Connects the shop with the app, on the shop's page of apps.
    pub async fn connect(&self, demo: &Demo) {
        self.open_page(&format!("{}/apps", demo.shop)).await;
        self.click("#connect").await;
        self.until("the shop has a payment method", async || {
            self.driver.goto(format!("{}/apps", demo.shop)).await.unwrap();
            self.see("#methods").await.text().await.unwrap().contains("Stripe")
        })
        .await;
    }

    /// Buys a kettle, up to where the shop sends the shopper to pay.
    pub async fn check_out(&self, demo: &Demo) {
        self.open_page(&demo.shop).await;
        self.click("#add-kettle").await;
        self.open_page(&format!("{}/checkout", demo.shop)).await;
        self.click("#place-order").await;
    }

    /// Fills in the card form on the payment page, and presses the button.
    pub async fn pay_with_card(&self, number: &str) {
        self.fill_card(number).await;
        self.click("#pay").await;
    }

    /// Fills in the card form on the payment page.
    pub async fn fill_card(&self, number: &str) {
        let frame = self.see("#payment-element iframe").await;
        frame.enter_frame().await.unwrap();
        for (field, keys) in [("number", number), ("expiry", EXPIRY), ("cvc", CVC)] {
            self.type_into(&format!("#Field-{field}Input"), keys).await;
        }
        self.driver.enter_parent_frame().await.unwrap();
    }

    /// Pays from a bank account, which takes its time.
    pub async fn pay_by_debit(&self) {
        let frame = self.see("#payment-element iframe").await;
        frame.enter_frame().await.unwrap();
        self.click("label[for=sepa_debit-tab]").await;
        self.click("#sepa_debit-panel .test-cards summary").await;
        self.click("#sepa_debit-panel .test-cards li:first-child button").await;
        self.driver.enter_parent_frame().await.unwrap();
        self.click("#pay").await;
    }

    pub async fn open_page(&self, address: &str) {
        self.driver.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }
}
