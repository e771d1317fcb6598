//! `/private/payments/transfers`: what the shop says, in the odd form in which it says it, and the
//! one form of answer that it reads.

use serde::{Deserialize, Serialize};

/// The body: the same list twice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfers {
    order_items: Vec<Item>,
    payment_transmission_items: Vec<Item>,
}

impl Transfers {
    /// The call for these items.
    #[must_use]
    pub fn of(items: Vec<Item>) -> Self {
        Self { order_items: items.clone(), payment_transmission_items: items }
    }
}

/// An item, in snake case unlike all else.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The transfer to take back from.
    pub transfer_id: Option<String>,
    /// Which kind of item.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whose.
    pub merchant_reference: &'static str,
    /// Of which order.
    pub order_reference: String,
    /// Its name in payouts.
    pub item_reference: String,
    /// Minor units as text, below zero for what is taken back.
    pub amount: String,
    /// What a shop has noted before; nothing here.
    pub is_successful: Option<bool>,
    /// The same.
    pub failure_message: Option<String>,
}

/// The answer. A shop throws away all of it for one key that it does not know.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What came of it, by transfer.
    pub transfers: Vec<Transfer>,
}

/// What came of some items.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "a key that is missing here would be one that the shop does not know")]
pub struct Transfer {
    /// Whether money has moved.
    pub is_successful: bool,
    /// Why not.
    pub failure_message: Option<String>,
    merchant_reference: Option<String>,
    order_reference: String,
    amount: Option<String>,
    /// The transfer; empty where there is none.
    pub transfer_id: String,
    /// The items.
    pub payment_transmission_items: Vec<TransmittedItem>,
}

/// An item of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
pub struct TransmittedItem {
    merchant_reference: Option<String>,
    order_reference: Option<String>,
    /// Its name in payouts.
    pub item_reference: String,
    amount: Option<String>,
}

impl Answer {
    /// What the answer says of an item: its transfer, or why there is none.
    ///
    /// # Errors
    /// The app's words.
    pub fn of_item(&self, reference: &str) -> Result<String, String> {
        let names = |transfer: &&Transfer| {
            let items = &transfer.payment_transmission_items;
            items.iter().any(|item| item.item_reference == reference)
        };
        let Some(transfer) = self.transfers.iter().find(names) else {
            return Err("the app's answer does not name the item; try again".to_owned());
        };
        if transfer.is_successful {
            Ok(transfer.transfer_id.clone())
        } else {
            let why = transfer.failure_message.clone();
            Err(why.unwrap_or_else(|| "the app did not say why".to_owned()))
        }
    }
}
