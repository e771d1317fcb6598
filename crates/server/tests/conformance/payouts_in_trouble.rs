//! Payouts when Stripe does not answer, answers too late, or says no to where the money comes from.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

const ITEM: [Wanted<'_>; 1] = [("MER000001", "i1", 4_000)];

#[tokio::test(start_paused = true)]
async fn r15_a_payout_whose_answer_is_lost_is_no_failure_and_is_never_paid_twice() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    app.break_next(FaultKind::LoseAnswer, TRANSFER, ALL_TRIES);
    let paid = app.pay_out("DE--11", &ITEM).await;
    assert!(
        line(&paid[0]).ends_with("whether money has moved is found out when you ask again"),
        "{paid:?}"
    );
    assert_eq!(app.sandbox.transfers().len(), 1, "it has");

    let again = app.pay_out("DE--11", &ITEM).await;
    assert_eq!(lines(&again), ["MER000001 4000 [i1] ok"]);
    assert_eq!(app.sandbox.transfers().len(), 1);
    assert_eq!(app.paid_out(&order).await, 4_000);
    app.assert_drained().await;
}

/// Stripe turns calls away that are too many: the shop's operator reads so, and what to do.
#[tokio::test(start_paused = true)]
async fn c26_too_many_calls_at_once_are_told_as_such() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    app.answer_next(429, TRANSFER, ALL_TRIES);
    let told = line(&app.pay_out("DE--11", &ITEM).await[0]);
    assert!(told.contains("did not take the request: too many at once, HTTP 429: "), "{told}");
    assert!(told.ends_with("is found out when you ask again"), "{told}");
    assert_eq!(app.sandbox.transfers().len(), 0);

    let again = app.pay_out("DE--11", &ITEM).await;
    assert_eq!(lines(&again), ["MER000001 4000 [i1] ok"]);
    assert_eq!(app.paid_out(&order).await, 4_000);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r15_the_worker_settles_what_nobody_asks_for_again() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    app.break_next(FaultKind::LoseAnswer, TRANSFER, ALL_TRIES);
    app.pay_out("DE--11", &ITEM).await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.paid_out(&order).await, 4_000);
    app.assert_drained().await;
}

/// The first answer under the key was a server error and is replayed for ever.
#[tokio::test(start_paused = true)]
async fn r15_a_spent_key_is_settled_by_asking() {
    for after_effect in [false, true] {
        let server_error =
            |path: &str| Fault { after_effect, ..Fault::new(FaultKind::Status).on("POST", path) };
        let app = TestApp::with_merchants().await;
        let order = app.sold("DE--11", 8_499).await;
        app.sandbox.inject(server_error(TRANSFER)).unwrap();
        let mut paid = app.pay_out("DE--11", &ITEM).await;
        for _ in 0..3 {
            app.entropy.advance(LONG_ENOUGH);
            paid = app.pay_out("DE--11", &ITEM).await;
        }
        assert_eq!(lines(&paid), ["MER000001 4000 [i1] ok"], "after the effect: {after_effect}");
        assert_eq!(app.sandbox.transfers().len(), 1, "after the effect: {after_effect}");

        let transfer = transfer_id(&paid[0]);
        app.sandbox.inject(server_error(REVERSE)).unwrap();
        for _ in 0..4 {
            app.take_back("DE--11", &transfer, &ITEM).await;
            app.entropy.advance(LONG_ENOUGH);
        }
        let taken = app.take_back("DE--11", &transfer, &ITEM).await;
        assert_eq!(lines(&taken), ["MER000001 -4000 [i1] ok"], "after the effect: {after_effect}");
        assert_eq!(app.paid_out(&order).await, 0, "after the effect: {after_effect}");
        assert_eq!(app.sandbox.transfers()[0].amount_reversed, 4_000);
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_a_reversal_whose_answer_is_lost_takes_back_once() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &ITEM).await;
    let transfer = transfer_id(&paid[0]);
    app.break_next(FaultKind::LoseAnswer, REVERSE, ALL_TRIES);
    let taken = app.take_back("DE--11", &transfer, &ITEM).await;
    assert_eq!(taken[0]["isSuccessful"], json!(false));
    let taken = app.take_back("DE--11", &transfer, &ITEM).await;
    assert_eq!(lines(&taken), ["MER000001 -4000 [i1] ok"]);
    assert_eq!(app.paid_out(&order).await, 0);
    assert_eq!(app.stripe_calls("POST", "/reversals"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_charge_that_cannot_be_passed_on_is_paid_from_the_balance() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    // Somebody passed on all of the charge in the dashboard, for another purpose.
    let charge = app.payment(&order).await.attempt().charge.clone().unwrap();
    let account = app.account("MER000002").await;
    let form = format!(
        "amount=8499&currency=eur&destination={account}&source_transaction={charge}\
         &transfer_group=by-hand"
    );
    app.stripe(http::Method::POST, "/v1/transfers", &form).await;

    let paid = app.pay_out("DE--11", &ITEM).await;
    let told = line(&paid[0]);
    assert!(told.contains("insufficient available funds"), "{told}");
    assert!(told.contains("Next: wait until money is available"), "{told}");

    let platform = app.platform().await;
    app.set_balance(&platform, 10_000).await;
    let paid = app.pay_out("DE--11", &ITEM).await;
    assert_eq!(lines(&paid), ["MER000001 4000 [i1] ok"]);
    let transfers = app.sandbox.transfers();
    let ours = transfers.iter().find(|transfer| transfer.id == transfer_id(&paid[0])).unwrap();
    assert_eq!(ours.source_transaction, None);
    assert_eq!(app.paid_out(&order).await, 4_000);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_merchant_who_has_spent_the_money_cannot_give_it_back_yet() {
    let app = TestApp::with_merchants().await;
    let order = app.sold("DE--11", 8_499).await;
    let paid = app.pay_out("DE--11", &ITEM).await;
    let (transfer, account) = (transfer_id(&paid[0]), app.account("MER000001").await);
    app.set_balance(&account, 0).await;
    let taken = app.take_back("DE--11", &transfer, &ITEM).await;
    assert!(line(&taken[0]).contains("insufficient funds for this reversal"), "{taken:?}");
    app.set_balance(&account, 4_000).await;
    let taken = app.take_back("DE--11", &transfer, &ITEM).await;
    assert_eq!(lines(&taken), ["MER000001 -4000 [i1] ok"], "a failed one is tried anew");
    assert_eq!(app.paid_out(&order).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_payout_before_the_webhook_of_the_capture_asks_first() {
    let app = TestApp::with_merchants().await;
    let order = Order { total: 8_499, ..Order::new("DE--11") };
    let transaction = app.authorized(&order).await;
    app.hold_webhooks();
    app.stripe(http::Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    let paid = app.pay_out("DE--11", &ITEM).await;
    assert_eq!(lines(&paid), ["MER000001 4000 [i1] ok"]);
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.status(&order).await, "captured");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r18_two_requests_at_once_pay_out_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::on_threads(folder.path());
    app.make_marketplace(json!({})).await;
    app.onboarded("MER000001").await;
    let order = app.sold("DE--11", 8_499).await;
    app.delay_next(TRANSFER, 2);
    let (one, two) = tokio::join!(app.pay_out("DE--11", &ITEM), app.pay_out("DE--11", &ITEM));
    assert_eq!(lines(&one), ["MER000001 4000 [i1] ok"]);
    assert_eq!(one, two);
    assert_eq!(app.sandbox.transfers().len(), 1);
    assert_eq!(app.paid_out(&order).await, 4_000);
}

/// Stripe hangs: what could not be begun in time is told as such, in the form the shop reads.
#[tokio::test(start_paused = true)]
async fn an_answer_comes_in_time_however_long_stripe_takes() {
    let app = TestApp::with_merchants().await;
    for number in 1..=4 {
        app.sold(&format!("DE--{number}"), 8_499).await;
    }
    app.break_next(FaultKind::LoseRequest, TRANSFER, 100);
    let items = (1..=4).map(|number| {
        let order = format!("DE--{number}");
        wanted(&order, None, ITEM[0])
    });
    let started = tokio::time::Instant::now();
    let entries = app.transfers(items.collect()).await;
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| entry["isSuccessful"] == json!(false)));
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

/// An item as no shop should send it, and now and then as one does.
fn any_item() -> impl Strategy<Value = Value> {
    let text = |known: &'static [&'static str]| {
        prop_oneof![
            4 => prop::sample::select(known).prop_map(Value::from),
            1 => ".{0,6}".prop_map(Value::from),
            1 => Just(Value::Null),
        ]
    };
    let amount = prop_oneof![
        4 => (-9_000..9_000i64).prop_map(|minor| Value::from(minor.to_string())),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let transfers = text(&["", "tr_nobodys", "THEIRS"]);
    (
        text(&["MER000001", "MER9", ""]),
        text(&["DE--11", "DE--9"]),
        text(&["i1", "i2"]),
        amount,
        transfers,
    )
        .prop_map(|(merchant, order, item, amount, transfer)| {
            json!({"merchant_reference": merchant, "order_reference": order,
                "item_reference": item, "amount": amount, "transfer_id": transfer, "type": "x"})
        })
}

/// What goes wrong at Stripe meanwhile.
fn any_fault() -> impl Strategy<Value = Fault> {
    let paths =
        prop::sample::select(vec![TRANSFER, REVERSE, "/v1/charges/*", "/v1/payment_intents/*"]);
    let status = prop::sample::select(vec![400u16, 402, 404, 409, 429, 500, 503]);
    (0..3u8, status, any::<bool>(), 1..5u32, paths).prop_map(
        |(kind, status, after, times, path)| {
            let method = if path.ends_with("s/*") { "GET" } else { "POST" };
            let fault = match kind {
                0 => Fault::new(FaultKind::LoseAnswer),
                1 => Fault::new(FaultKind::LoseRequest),
                _ => Fault {
                    status: Some(status),
                    after_effect: after && status >= 500,
                    ..Fault::new(FaultKind::Status)
                },
            };
            Fault { times, ..fault }.on(method, path)
        },
    )
}

proptest! {
    // Each case is an app of its own.
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is asked for and whatever fails, the answer is 200, and the shop can read it.
    #[test]
    fn no_answer_is_one_that_the_shop_cannot_read(
        requests in prop::collection::vec(prop::collection::vec(any_item(), 0..5), 1..5),
        faults in prop::collection::vec(any_fault(), 0..4),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let app = TestApp::marketplace().await;
            app.onboarded("MER000001").await;
            app.sold("DE--11", 8_499).await;
            let paid = app.pay_out("DE--11", &ITEM).await;
            let theirs = transfer_id(&paid[0]);
            for fault in faults {
                app.sandbox.inject(fault).unwrap();
            }
            for mut items in requests {
                for item in &mut items {
                    if item["transfer_id"] == "THEIRS" {
                        item["transfer_id"] = json!(theirs);
                    }
                }
                // Reads the answer as the shop does.
                app.transfers(items).await;
            }
        });
    }
}
