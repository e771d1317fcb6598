//! What people in the back office do with orders.

use http::Method;

use crate::client::{Request, Shown};
use crate::money::{Money, in_words};
use crate::order::{Moved, Order};
use crate::process::Action;
use crate::shop::Shop;
use crate::wire::command::{self, CommandName, Payload, RefundedItem};
use crate::wire::php;

/// Why an action was not done, as a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    #[error("There is no order {0}.")]
    NoOrder(String),
    #[error("None of the chosen items can do that now; look at their states.")]
    NoItem,
    #[error(
        "No active app listens on payment-commands, so the shop would drop the command. \
         Connect the app on the Apps page, then try again."
    )]
    NoListener,
    #[error("No payment app pays merchants out now. Connect it on the Apps page, then try again.")]
    NoPayouts,
    #[error("The command was not taken, so nothing has changed: {0}. Try again.")]
    NotTaken(String),
}

impl Action {
    /// The command that goes with it.
    fn command(self) -> Option<CommandName> {
        match self {
            Self::Ship => Some(CommandName::Capture),
            Self::Cancel => Some(CommandName::Cancel),
            Self::Return => Some(CommandName::Refund),
            Self::Deliver | Self::Close => None,
        }
    }
}

impl Shop {
    /// Does something with those of the items that allow it. Returns how many those were.
    pub(crate) async fn act(
        &self,
        reference: &str,
        action: Action,
        ids: &[i64],
    ) -> Result<usize, NotDone> {
        let command = action.command();
        if command.is_some() && !self.read(|state| state.uses_channel(command::CHANNEL)) {
            return Err(NotDone::NoListener);
        }
        // The items wait for the result before the command is out: the result may come at once.
        let (moved, payload) = self.change(|state, now| {
            let order =
                state.order_mut(reference).ok_or_else(|| NotDone::NoOrder(reference.to_owned()))?;
            let moved = order.act(action, ids, now);
            let payload = command.map(|name| payload(order, name, &moved));
            Ok((moved, payload))
        })?;
        if moved.ids.is_empty() {
            return Err(NotDone::NoItem);
        }
        if let (Some(name), Some(payload)) = (command, payload)
            && let Err(why) = self.command(name, &payload).await
        {
            self.change(|state, now| {
                if let Some(order) = state.order_mut(reference) {
                    order.take_back(action, &moved, now);
                }
            });
            return Err(NotDone::NotTaken(why));
        }
        Ok(moved.ids.len())
    }

    async fn command(&self, name: CommandName, payload: &Payload) -> Result<(), String> {
        let ids = [self.entropy().new_id(), self.entropy().new_id()];
        let headers = command::headers(name, &self.config().tenant, self.now(), ids)
            .map_err(|error| error.to_string())?;
        let request = Request {
            method: Method::POST,
            url: format!("{}/{}", self.config().channels, command::CHANNEL),
            headers,
            body: php::message(payload),
        };
        let items: Vec<String> = payload.order_item_ids.iter().map(i64::to_string).collect();
        let shown = Shown {
            title: name.name().to_owned(),
            summary: Some(format!(
                "{} · {} · items {}",
                command::CHANNEL,
                in_words(payload.amount, payload.currency_iso_code),
                items.join(", ")
            )),
            order: Some(payload.order_reference.clone()),
        };
        let answer = self.call(request, shown).await.map_err(|error| error.to_string())?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(format!("the app answered {}", answer.status))
        }
    }
}

fn payload(order: &Order, name: CommandName, moved: &Moved) -> Payload {
    let Money { currency, .. } = order.total();
    let (amount, order_items) = match name {
        CommandName::Capture => (moved.amount, Vec::new()),
        CommandName::Cancel => (0, Vec::new()),
        // As the real shop does: below zero, and the items once more.
        CommandName::Refund => (-moved.amount, refunded(order, &moved.ids)),
    };
    Payload {
        order_reference: order.reference.clone(),
        order_item_ids: moved.ids.clone(),
        currency_iso_code: currency.code(),
        amount,
        order_items,
    }
}

fn refunded(order: &Order, ids: &[i64]) -> Vec<RefundedItem> {
    let chosen = order.items.iter().filter(|item| ids.contains(&item.id));
    chosen.map(|item| RefundedItem { order_item_id: item.id, sku: item.product.sku }).collect()
}
