//! Paying merchants out, and taking payouts back, as the back office of a marketplace does.

use std::collections::BTreeMap;

use http::Method;
use url::Url;

use crate::client::{Request, Shown};
use crate::desk::NotDone;
use crate::merchant::Paid;
use crate::money::Money;
use crate::order::Order;
use crate::payout::{Share, Transmission};
use crate::shop::Shop;
use crate::wire::php;
use crate::wire::transfers::{Answer, Item, Transfers};

/// The endpoint of a payment method that pays merchants out.
const TRANSFER: &str = "transfer";
/// The one kind of item whose money this shop moves.
const ORDER_ITEM: &str = "order-item";

/// What came of a transmission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transmitted {
    /// Items whose money has moved.
    pub(crate) done: usize,
    /// Items whose money has not: their shares say why.
    pub(crate) failed: usize,
}

/// One call to be made: the items, with their ids in the shop.
struct Call {
    ids: Vec<i64>,
    items: Vec<Item>,
    amount: Money,
}

impl Shop {
    /// Moves the money of those of the items that allow it.
    pub(crate) async fn transmit(
        &self,
        reference: &str,
        transmission: Transmission,
        ids: &[i64],
    ) -> Result<Transmitted, NotDone> {
        let (url, calls) = self.read(|state| {
            let order =
                state.order(reference).ok_or_else(|| NotDone::NoOrder(reference.to_owned()))?;
            let url = state.endpoint(&order.placed.method, TRANSFER);
            Ok((url, calls(order, transmission, ids)))
        })?;
        if calls.is_empty() {
            return Err(NotDone::NoItem);
        }
        let url = url.ok_or(NotDone::NoPayouts)?;
        let mut all = Transmitted::default();
        for call in calls {
            let answer = self.transfers(&url, reference, &call).await;
            let Transmitted { done, failed } =
                self.note_answer(reference, transmission, &call, &answer);
            all.done += done;
            all.failed += failed;
        }
        Ok(all)
    }

    async fn transfers(&self, url: &str, reference: &str, call: &Call) -> Result<Answer, String> {
        let path = Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned());
        let request = Request {
            method: Method::POST,
            url: url.to_owned(),
            headers: self.private_headers()?,
            body: php::call(&Transfers::of(call.items.clone())),
        };
        let ids: Vec<String> = call.ids.iter().map(i64::to_string).collect();
        let shown = Shown {
            title: format!("POST {path}"),
            summary: Some(format!("{} · items {}", call.amount, ids.join(", "))),
            order: Some(reference.to_owned()),
        };
        let answer = self.call(request, shown).await.map_err(|error| error.to_string())?;
        // The status says nothing to a shop: the entries do.
        serde_json::from_str(&answer.body).map_err(|error| {
            format!(
                "the app answered {}, of which a shop can read nothing: {error}. Ask again; \
                 nothing is moved twice",
                answer.status
            )
        })
    }

    fn note_answer(
        &self,
        reference: &str,
        transmission: Transmission,
        call: &Call,
        answer: &Result<Answer, String>,
    ) -> Transmitted {
        self.change(|state, at| {
            let mut all = Transmitted::default();
            let Some(order) = state.orders.iter_mut().find(|order| order.reference == reference)
            else {
                return all;
            };
            let currency = order.currency();
            for item in order.items.iter_mut().filter(|item| call.ids.contains(&item.id)) {
                let Some(share) = &mut item.share else { continue };
                let outcome = match answer {
                    Ok(answer) => answer.of_item(&name_of(share)),
                    Err(why) => Err(why.clone()),
                };
                let Ok(transfer) = outcome.clone() else {
                    share.answered(transmission, outcome);
                    all.failed += 1;
                    continue;
                };
                all.done += 1;
                if share.answered(transmission, outcome) {
                    state.merchants.write_down(Paid {
                        at,
                        merchant: share.merchant,
                        order: reference.to_owned(),
                        product: item.product.name,
                        amount: Money { minor: signed(transmission, share.amount), currency },
                        transfer,
                    });
                }
            }
            all
        })
    }
}

/// A payout is one call for all merchants; what is taken back is one for each transfer.
fn calls(order: &Order, transmission: Transmission, ids: &[i64]) -> Vec<Call> {
    let mut calls: BTreeMap<Option<&str>, Call> = BTreeMap::new();
    for item in order.items.iter().filter(|item| ids.contains(&item.id)) {
        let Some(share) = &item.share else { continue };
        if !share.allows(transmission, item.state) {
            continue;
        }
        let transfer = share.transfer();
        let amount = Money { minor: 0, currency: order.currency() };
        let call = calls.entry(transfer);
        let call = call.or_insert_with(|| Call { ids: Vec::new(), items: Vec::new(), amount });
        let minor = signed(transmission, share.amount);
        call.ids.push(item.id);
        call.amount.minor += minor;
        call.items.push(Item {
            transfer_id: transfer.map(str::to_owned),
            kind: ORDER_ITEM,
            merchant_reference: share.merchant.reference,
            order_reference: order.reference.clone(),
            item_reference: name_of(share),
            amount: minor.to_string(),
            is_successful: None,
            failure_message: None,
        });
    }
    calls.into_values().collect()
}

fn signed(transmission: Transmission, amount: i64) -> i64 {
    match transmission {
        Transmission::PayOut => amount,
        Transmission::TakeBack => -amount,
    }
}

fn name_of(share: &Share) -> String {
    share.reference.hyphenated().to_string()
}
