//! Over random charges, refunds, transfers and reversals no cent appears, and none is lost.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use crate::money::Dice;
use crate::support::TestApp;
use crate::transfers::merchant;

const STEPS: u64 = 300;

/// Stripe's fee here: 1.5 % and 25 for each capture.
fn fee(captured: i64) -> i64 {
    captured * 150 / 10_000 + 25
}

/// What a run made, beside what the sandbox says of it.
#[derive(Default)]
struct Run {
    merchants: Vec<String>,
    intents: Vec<String>,
    charges: Vec<String>,
    transfers: Vec<String>,
    fees: i64,
}

fn pick<'a>(dice: &mut Dice, items: &'a [String]) -> &'a str {
    let count = u64::try_from(items.len()).unwrap();
    &items[usize::try_from(dice.roll(count)).unwrap()]
}

async fn step(app: &TestApp, dice: &mut Dice, run: &mut Run) {
    let amount = i64::try_from(dice.roll(1200)).unwrap() + 50;
    match dice.roll(8) {
        0 => pay(app, amount, run).await,
        1 if !run.intents.is_empty() => {
            let form = format!("payment_intent={}&amount={amount}", pick(dice, &run.intents));
            app.post("/v1/refunds", &form).await;
        }
        2..=4 if !run.charges.is_empty() => {
            let source = match dice.roll(3) {
                0 => String::new(),
                _ => format!("&source_transaction={}", pick(dice, &run.charges)),
            };
            let destination = pick(dice, &run.merchants);
            let form = format!("amount={amount}&currency=eur&destination={destination}{source}");
            let made = app.post("/v1/transfers", &form).await;
            if made.status.is_success() {
                run.transfers.push(made.text("/id"));
            }
        }
        5 | 6 if !run.transfers.is_empty() => {
            let path = format!("/v1/transfers/{}/reversals", pick(dice, &run.transfers));
            let form = if dice.roll(3) == 0 { String::new() } else { format!("amount={amount}") };
            app.post(&path, &form).await;
        }
        _ => {
            let seconds = i64::try_from(dice.roll(100_000)).unwrap();
            app.sandbox.advance_clock(seconds).unwrap();
        }
    }
}

async fn pay(app: &TestApp, amount: i64, run: &mut Run) {
    let method = ["pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund"];
    let method = method[run.intents.len() % method.len()];
    let form = format!(
        "amount={amount}&currency=eur&payment_method_types[]=card&confirm=true&payment_method={method}"
    );
    let paid = app.post("/v1/payment_intents", &form).await.ok();
    run.intents.push(paid.text("/id"));
    run.charges.push(paid.text("/latest_charge"));
    run.fees += fee(amount);
}

#[track_caller]
fn check(app: &TestApp, run: &Run) {
    let intents = app.sandbox.audit();
    let captured: i64 = intents.iter().map(|one| one.amount_captured).sum();
    let refunded: i64 = intents.iter().map(|one| one.amount_refunded).sum();
    let balances = app.sandbox.balances();
    let everywhere: i64 = balances.iter().map(|one| one.available + one.pending).sum();
    assert_eq!(everywhere, captured - refunded - run.fees);
    for one in &balances {
        let parts = one.charges + one.fees + one.refunds + one.disputes + one.transfers;
        assert_eq!(one.available + one.pending, parts + one.adjustments, "{one:?}");
    }
    let transfers = app.sandbox.transfers();
    let mut out_of_charge: BTreeMap<&str, i64> = BTreeMap::new();
    for one in &transfers {
        assert!(one.amount_reversed <= one.amount, "{one:?}");
        let source = one.source_transaction.as_deref().unwrap_or_default();
        *out_of_charge.entry(source).or_default() += one.amount - one.amount_reversed;
    }
    for (charge, sum) in run.charges.iter().zip(&intents) {
        let transferred = out_of_charge.get(charge.as_str()).copied().unwrap_or_default();
        assert!(transferred <= sum.amount_captured, "{charge}: {transferred}");
    }
    for merchant in &run.merchants {
        let received: i64 = transfers
            .iter()
            .filter(|one| one.destination == *merchant)
            .map(|one| one.amount - one.amount_reversed)
            .sum();
        let has: i64 = balances
            .iter()
            .filter(|one| one.account == *merchant)
            .map(|one| one.available + one.pending)
            .sum();
        assert_eq!(has, received);
    }
}

#[tokio::test]
async fn every_cent_is_in_exactly_one_balance() {
    for seed in 0..6 {
        let app = TestApp::with_seed(seed);
        let mut dice = Dice::new(seed);
        let mut run = Run::default();
        for _ in 0..3 {
            run.merchants.push(merchant(&app).await);
        }
        for _ in 0..STEPS {
            step(&app, &mut dice, &mut run).await;
            check(&app, &run);
        }
        let transfers = app.sandbox.transfers();
        assert!(transfers.len() > 10, "{}", transfers.len());
        assert!(transfers.iter().any(|one| one.amount_reversed > 0));
    }
}

#[tokio::test]
async fn a_balance_set_by_hand_is_told_apart() {
    let app = TestApp::new();
    let merchant = merchant(&app).await;
    let path = format!("/accounts/{merchant}/balance");
    for (available, pending) in [(500, 70), (-20, 0), (-20, 0)] {
        let body = json!({ "currency": "eur", "available": available, "pending": pending });
        let shown = app.control(Method::POST, &path, &body).await.ok();
        assert_eq!((shown.integer("/available"), shown.integer("/pending")), (available, pending));
    }
    let balances = app.sandbox.balances();
    let one = balances.iter().find(|one| one.account == merchant).unwrap();
    assert_eq!((one.available, one.pending, one.adjustments), (-20, 0, -20));
}
