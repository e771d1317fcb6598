//! Our books beside Stripe's, to the cent.

use std::collections::BTreeMap;

use http::Method;
use payment::MoveState;
use serde_json::Value;

use crate::support::*;

/// What went in and out for one order so far, in euro cents.
#[derive(Clone, Copy, Debug, Default)]
struct Running {
    captured: i64,
    refunded: i64,
    paid_out: i64,
}

pub async fn check(app: &TestApp, orders: &[Order], merchants: &[&str]) {
    transfers(app, orders).await;
    balances(app, orders, merchants).await;
    guard(app, orders).await;
}

/// Every transfer at Stripe is one of ours, with the same amounts, and the other way round.
async fn transfers(app: &TestApp, orders: &[Order]) {
    let mut ours = BTreeMap::new();
    for order in orders {
        app.books(order).await;
        for transfer in &app.payment(order).await.transfers {
            assert_ne!(transfer.state, MoveState::Requested, "{transfer:?}");
            if transfer.state == MoveState::Succeeded {
                let id = transfer.reference.as_ref().unwrap().as_str().to_owned();
                let money = (transfer.amount.minor(), transfer.reversed().minor());
                ours.insert(id, (order.reference.clone(), money));
            }
        }
    }
    let there = app.sandbox.transfers().into_iter().map(|transfer| {
        let money = (transfer.amount, transfer.amount_reversed);
        (transfer.id, (transfer.transfer_group.unwrap_or_default(), money))
    });
    assert_eq!(ours, there.collect(), "our transfers and Stripe's");
}

/// What each merchant and the marketplace have is what our books say.
async fn balances(app: &TestApp, orders: &[Order], merchants: &[&str]) {
    let mut payments = Vec::new();
    for order in orders {
        payments.push(app.payment(order).await);
    }
    for merchant in merchants {
        let of = |payment: &payment::Payment| -> i64 {
            let theirs = payment.transfers.iter().filter(|of| of.merchant.as_str() == *merchant);
            theirs.map(|transfer| transfer.net().minor()).sum()
        };
        let ours: i64 = payments.iter().map(of).sum();
        assert_eq!(app.balance_of(&app.account(merchant).await), ours, "{merchant}");
    }
    let platform = app.platform().await;
    let all = app.sandbox.balances();
    let there = all.iter().find(|of| of.account == platform && of.currency == "eur").unwrap();
    let sum = |of: fn(&payment::Payment) -> payment::Money| -> i64 {
        payments.iter().map(|payment| of(payment).minor()).sum()
    };
    assert_eq!(there.charges, sum(|payment| payment.captured));
    assert_eq!(-there.refunds, sum(|payment| payment.refunded()));
    assert_eq!(-there.transfers, sum(|payment| payment.paid_out()));
    let left = there.charges + there.refunds + there.transfers + there.fees;
    assert_eq!(there.available + there.pending, left, "nothing else moved");
}

/// At no time did merchants get more of an order than was captured and not given back (rule R19).
async fn guard(app: &TestApp, orders: &[Order]) {
    let order_of = orders_by_object(app, orders).await;
    let list = app.stripe(Method::GET, "/v1/balance_transactions?limit=100", "").await;
    assert_eq!(list["has_more"], false, "read on");
    let mut running: BTreeMap<&str, Running> = BTreeMap::new();
    for row in list["data"].as_array().unwrap().iter().rev() {
        let source = row["source"].as_str().unwrap();
        let Some(order) = order_of.get(source) else { panic!("whose is {row}?") };
        let (of, amount) = (running.entry(order).or_default(), row["amount"].as_i64().unwrap());
        match row["type"].as_str().unwrap() {
            "charge" | "payment" => of.captured += amount,
            "refund" | "payment_refund" => of.refunded -= amount,
            "transfer" => {
                of.paid_out -= amount;
                let left = of.captured - of.refunded;
                assert!(of.paid_out <= left, "{order}: {of:?} after {row}");
            }
            "transfer_refund" => of.paid_out -= amount,
            other => panic!("{other}: {row}"),
        }
    }
}

/// Which order each charge, refund, transfer and reversal at Stripe belongs to.
async fn orders_by_object(app: &TestApp, orders: &[Order]) -> BTreeMap<String, String> {
    let mut order_of = BTreeMap::new();
    for order in orders {
        let payment = app.payment(order).await;
        let mut note = |id: &str| order_of.insert(id.to_owned(), order.reference.clone());
        note(payment.attempt().charge.as_ref().unwrap().as_str());
        for transfer in app.sandbox.transfers() {
            if transfer.transfer_group.as_deref() == Some(&order.reference) {
                note(&transfer.id);
                let path = format!("/v1/transfers/{}/reversals?limit=100", transfer.id);
                let list = app.stripe(Method::GET, &path, "").await;
                ids(&list).for_each(|id| _ = note(id));
            }
        }
        let intent = payment.reference().unwrap();
        let path = format!("/v1/refunds?payment_intent={intent}&limit=100");
        let list = app.stripe(Method::GET, &path, "").await;
        ids(&list).for_each(|id| _ = note(id));
    }
    order_of
}

fn ids(list: &Value) -> impl Iterator<Item = &str> {
    list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap())
}
