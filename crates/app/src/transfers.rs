//! Pays merchants out and takes payouts back, as the shop asks for it: grouped by order and
//! merchant, and by transfer where money is taken back.
//!
//! The shop throws away an answer that is not of the form it knows, and ignores the status. So every
//! outcome is an entry of the answer, whatever went wrong, and nothing here is an error.

use jiff::{SignedDuration, Timestamp};
use payment::{ItemReference, MerchantReference, OrderReference, PspTransferId, TenantId};
use protocol::transfers::{TransfersAnswer, TransmissionItem, TransmissionResult, TransmittedItem};

use crate::context::Context;
use crate::limits::TRANSFERS_PATIENCE;
use crate::tenant::TenantStatus;

/// What is to be done with the items of one merchant in one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub order: OrderReference,
    pub merchant: MerchantReference,
    pub task: Task,
    pub items: Vec<Asked>,
}

/// What is to be done with the items of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Pass their money on.
    PayOut,
    /// Take it back from this transfer.
    TakeBack(PspTransferId),
    /// Nothing can be done: why.
    Refuse(&'static str),
}

/// An item as the shop asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub item: ItemReference,
    /// In minor units, with the sign that says which way; as it was written where it is no number.
    pub amount: Result<i64, String>,
}

/// What came of some items of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub items: Vec<ItemReference>,
    /// The transfer that stands for them, or why there is none.
    pub result: Result<PspTransferId, String>,
}

impl Context {
    /// Pays out and takes back what the shop asks for. Items without a merchant are the
    /// marketplace's own and ignored.
    pub async fn transfers(
        &self,
        tenant: &TenantId,
        items: Vec<TransmissionItem>,
    ) -> TransfersAnswer {
        let groups = grouped(items);
        let refused = self.refused_tenant(tenant).await;
        let begun = self.entropy.now();
        let mut transfers = Vec::new();
        for group in groups {
            let outcomes = match &refused {
                Some(why) => vec![all(&group, Err(why.clone()))],
                None => self.carry_out_group(tenant, &group, begun).await,
            };
            transfers.extend(outcomes.into_iter().map(|outcome| entry(&group, outcome)));
        }
        TransfersAnswer { transfers }
    }

    /// Why nothing may be moved for a tenant.
    async fn refused_tenant(&self, tenant: &TenantId) -> Option<String> {
        match self.store.tenant(tenant).await {
            Ok(Some(tenant)) => match tenant.value.status {
                TenantStatus::Connected => None,
                TenantStatus::Disconnected => Some("Tenant is disconnected.".to_owned()),
            },
            Ok(None) => Some("the tenant is not known; configure the app for it first".to_owned()),
            Err(error) => {
                error.tell("the store could not be used");
                Some("the app cannot reach its data now; ask again in a moment".to_owned())
            }
        }
    }

    /// One group, within what is left of the time. A call that is under way when it ends is in the
    /// journal, and its outcome is told when the shop asks again.
    async fn carry_out_group(
        &self,
        tenant: &TenantId,
        group: &Group,
        begun: Timestamp,
    ) -> Vec<Outcome> {
        let spent = self.entropy.now().duration_since(begun).max(SignedDuration::ZERO);
        let left = TRANSFERS_PATIENCE - spent;
        let work = async {
            match &group.task {
                Task::PayOut => Box::pin(self.pay_out(tenant, group)).await,
                Task::TakeBack(transfer) => Box::pin(self.take_back(tenant, group, transfer)).await,
                Task::Refuse(why) => vec![all(group, Err((*why).to_owned()))],
            }
        };
        let patience = left.try_into().unwrap_or_default();
        match tokio::time::timeout(patience, work).await {
            Ok(outcomes) => outcomes,
            Err(_) => {
                let why = "there was not enough time; ask again, nothing is moved twice";
                vec![all(group, Err(why.to_owned()))]
            }
        }
    }
}

/// The same outcome for all items of a group.
pub(crate) fn all(group: &Group, result: Result<PspTransferId, String>) -> Outcome {
    Outcome { items: group.items.iter().map(|asked| asked.item.clone()).collect(), result }
}

/// The groups of a request, in the order in which the shop began them. An item that is named twice
/// with the same amount is one item.
fn grouped(items: Vec<TransmissionItem>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for item in items {
        let Some(merchant) = item.merchant_reference.filter(|text| !text.is_empty()) else {
            continue;
        };
        let order = OrderReference::new(item.order_reference.unwrap_or_default());
        let merchant = MerchantReference::new(merchant);
        let asked = Asked {
            item: ItemReference::new(item.item_reference.unwrap_or_default()),
            amount: amount(item.amount.unwrap_or_default()),
        };
        let task = task_of(&order, &asked, item.transfer_id.as_deref());
        let of = |group: &&mut Group| {
            group.order == order && group.merchant == merchant && group.task == task
        };
        match groups.iter_mut().find(of) {
            Some(group) if group.items.contains(&asked) => {}
            Some(group) => group.items.push(asked),
            None => groups.push(Group { order, merchant, task, items: vec![asked] }),
        }
    }
    groups
}

/// A whole number whose sign can be dropped.
fn amount(text: String) -> Result<i64, String> {
    let number = text.trim().parse::<i64>().ok();
    number.filter(|number| number.checked_abs().is_some()).ok_or(text)
}

fn task_of(order: &OrderReference, asked: &Asked, transfer: Option<&str>) -> Task {
    let transfer = transfer.filter(|text| !text.is_empty());
    match (&asked.amount, transfer) {
        (Err(_), _) => Task::Refuse("amount: is no whole number of minor units"),
        _ if asked.item.as_str().is_empty() => {
            Task::Refuse("itemReference: is missing; send the item's reference")
        }
        _ if order.as_str().is_empty() => {
            Task::Refuse("orderReference: is missing; send the order's reference")
        }
        (Ok(amount), _) if *amount >= 0 => Task::PayOut,
        (Ok(_), Some(transfer)) => Task::TakeBack(PspTransferId::new(transfer)),
        (Ok(_), None) => {
            Task::Refuse("transferId: is missing; a payout is taken back from its transfer")
        }
    }
}

/// An entry of the answer. Its items are those that were asked for, with the amounts as asked.
fn entry(group: &Group, outcome: Outcome) -> TransmissionResult {
    let (merchant, order) = (group.merchant.as_str(), group.order.as_str());
    let asked = group.items.iter().filter(|asked| outcome.items.contains(&asked.item));
    let items: Vec<&Asked> = asked.collect();
    let sum = items.iter().try_fold(0_i64, |sum, asked| match asked.amount {
        Ok(amount) => sum.checked_add(amount),
        Err(_) => Some(sum),
    });
    let shown = |asked: &Asked| match &asked.amount {
        Ok(amount) => amount.to_string(),
        Err(text) => text.clone(),
    };
    let (transfer_id, failure_message) = match outcome.result {
        Ok(reference) => (reference.as_str().to_owned(), None),
        Err(why) => (String::new(), Some(why)),
    };
    TransmissionResult {
        is_successful: failure_message.is_none(),
        failure_message,
        merchant_reference: merchant.to_owned(),
        order_reference: order.to_owned(),
        amount: sum.unwrap_or_default().to_string(),
        transfer_id,
        payment_transmission_items: items
            .into_iter()
            .map(|asked| TransmittedItem {
                merchant_reference: merchant.to_owned(),
                order_reference: order.to_owned(),
                item_reference: asked.item.as_str().to_owned(),
                amount: shown(asked),
            })
            .collect(),
    }
}
