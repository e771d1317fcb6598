//! Confirming and canceling carts when calls are lost, and when two of them come at once.

use std::time::Duration;

use http::StatusCode;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

const AUTHORIZED: &str = "PaymentAuthorized[1001,1002] 18979";

#[tokio::test(start_paused = true)]
async fn r15_a_confirmation_whose_update_has_no_answer_goes_on_when_it_is_repeated() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let mut order = Order::new("DE--3");
        let transaction = app.pre_order(&order).await;
        order.total = 20_000;
        app.break_next(kind, UPDATE, ALL_TRIES);
        let (status, answer) = app.confirm(&order, &transaction).await;
        assert_eq!(status, 400, "{kind:?}: {answer}");
        assert!(app.payment_with(&transaction).await.is_pre_order());

        app.confirmed(&order, &transaction).await;
        assert_eq!(app.money(&transaction).amount, 20_000, "{kind:?}");
        app.pay(&transaction, "pm_card_visa").await;
        app.settle().await;
        assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 20000"], "{kind:?}");
        app.assert_drained().await;
    }
}

/// Nobody repeats it: the worker ends the call, and the cart is a cart still.
#[tokio::test(start_paused = true)]
async fn r15_a_confirmation_that_is_not_repeated_leaves_a_cart() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.break_next(FaultKind::LoseRequest, UPDATE, ALL_TRIES);
    assert_eq!(app.confirm(&order, &transaction).await.0, 400);
    app.advance(LONG_ENOUGH).await;
    let payment = app.payment_with(&transaction).await;
    assert!(payment.is_pre_order() && payment.open_call.is_none());
    assert_eq!(app.status_of_unknown(&order).await, None, "the order has no payment");
    app.advance(app::limits::PRE_ORDER_LIFE + LONG_ENOUGH).await;
    app.app.consumer.context.call_off_forgotten_pre_orders().await.unwrap();
    app.settle().await;
    assert_eq!(app.money(&transaction).status, "canceled");
}

/// The order was linked; telling Stripe of it is lost, and that is all.
#[tokio::test(start_paused = true)]
async fn c13_a_paid_cart_is_confirmed_also_if_stripe_is_not_reached() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    app.break_next(FaultKind::LoseRequest, UPDATE, ALL_TRIES);
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, [AUTHORIZED]);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.assert_drained().await;
}

/// A slow Stripe keeps nobody waiting for what no money depends on.
#[tokio::test(start_paused = true)]
async fn c13_a_slow_stripe_does_not_hold_up_a_paid_cart() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    let slow = Fault { delay_ms: 30_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("POST", UPDATE)).unwrap();
    let started = tokio::time::Instant::now();
    app.confirmed(&order, &transaction).await;
    assert!(started.elapsed() <= app::limits::DESCRIBE_PATIENCE.unsigned_abs());
    assert_eq!(app.results().await, [AUTHORIZED]);
}

#[tokio::test(start_paused = true)]
async fn r15_a_cancel_of_a_cart_without_an_answer_happens_once() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        for repeated in [true, false] {
            let app = TestApp::configured().await;
            let order = Order::new("DE--3");
            let transaction = app.paid_cart(&order, "pm_card_visa").await;
            app.hold_webhooks();
            app.break_next(kind, CANCEL, ALL_TRIES);
            let (status, answer) = app.cancel_pre_order(&transaction).await;
            assert_eq!(status, 400, "{kind:?}: {answer}");
            assert_eq!(app.confirm(&order, &transaction).await.0, 400, "the mark holds");
            if repeated {
                let (status, answer) = app.cancel_pre_order(&transaction).await;
                assert_eq!(status, 200, "{kind:?}: {answer}");
            } else {
                app.advance(LONG_ENOUGH).await;
            }
            app.release_webhooks();
            app.settle().await;
            assert_eq!(app.money(&transaction).status, "canceled");
            assert_eq!(app.stripe_calls("POST", "/cancel"), 1);
            assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
            assert_eq!(app.results().await, [""; 0]);
            app.assert_drained().await;
        }
    }
}

/// The void of what is too little is lost on its way: the order is told once, the money goes back.
#[tokio::test(start_paused = true)]
async fn r17_a_void_without_an_answer_is_repeated_by_the_worker() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let mut cart = Order::new("DE--3");
        cart.total = 10_000;
        let transaction = app.paid_cart(&cart, "pm_card_visa").await;
        app.hold_webhooks();
        app.break_next(kind, CANCEL, ALL_TRIES);
        let order = Order::new("DE--3");
        assert_eq!(app.confirm(&order, &transaction).await.0, 400);
        assert_eq!(app.confirm(&order, &transaction).await.0, 400);
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;
        let failed = "PaymentAuthorizationFailed[1001,1002] 18979";
        assert_eq!(app.results().await, [failed], "{kind:?}");
        assert_eq!(app.money(&transaction).status, "canceled");
        assert_eq!(app.stripe_calls("POST", "/cancel"), 1);
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn c18_two_confirmations_at_once_have_one_effect() {
    for paid in [false, true] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let transaction = app.pre_order(&order).await;
        if paid {
            app.pay(&transaction, "pm_card_visa").await;
            app.settle().await;
        }
        let slow = Fault { delay_ms: 1_000, ..Fault::new(FaultKind::Delay) };
        app.sandbox.inject(slow.on("POST", UPDATE)).unwrap();
        let (one, two) =
            tokio::join!(app.confirm(&order, &transaction), app.confirm(&order, &transaction));
        assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK), "{} {}", one.1, two.1);
        app.settle().await;
        let told = app.read("payment-events").await;
        let updated = told.iter().filter(|told| told.name == "PaymentUpdated").count();
        assert_eq!(updated, 1, "paid: {paid}");
        let changed = app.calls_made("POST", &transaction);
        assert!((1..=2).contains(&changed), "Stripe is told by one of them, or by each");
    }
}

#[tokio::test(start_paused = true)]
async fn c18_two_orders_for_one_payment_at_once_and_one_wins() {
    let app = TestApp::configured().await;
    let (one, two) = (Order::new("DE--3"), Order::new("DE--4"));
    let transaction = app.paid_cart(&one, "pm_card_visa").await;
    let slow = Fault { delay_ms: 1_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("POST", UPDATE)).unwrap();
    let (first, second) =
        tokio::join!(app.confirm(&one, &transaction), app.confirm(&two, &transaction));
    let mut statuses = [first.0.as_u16(), second.0.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", first.1, second.1);
    app.settle().await;
    assert_eq!(app.results().await, [AUTHORIZED]);
}

/// Whichever is first wins, and the money agrees with what was answered.
#[tokio::test(start_paused = true)]
async fn r09_a_confirmation_and_a_cancel_at_once() {
    for (confirm_after, cancel_after) in [(0, 0), (0, 100), (100, 0)] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let transaction = app.paid_cart(&order, "pm_card_visa").await;
        let slow = Fault { delay_ms: 1_000, times: 2, ..Fault::new(FaultKind::Delay) };
        app.sandbox.inject(slow).unwrap();
        let confirm = async {
            tokio::time::sleep(Duration::from_millis(confirm_after)).await;
            app.confirm(&order, &transaction).await.0
        };
        let cancel = async {
            tokio::time::sleep(Duration::from_millis(cancel_after)).await;
            app.cancel_pre_order(&transaction).await.0
        };
        let (confirmed, canceled) = tokio::join!(confirm, cancel);
        app.settle().await;
        let status = app.money(&transaction).status;
        let results = app.results().await;
        match (confirmed.as_u16(), canceled.as_u16()) {
            (200, 400) => {
                assert_eq!((status, results), ("requires_capture", vec![AUTHORIZED.to_owned()]));
            }
            (400, 200) => assert_eq!((status, results), ("canceled", Vec::new())),
            other => panic!("{other:?}"),
        }
    }
}

/// Two carts are confirmed for one order at once: one payment has it, the other stays a cart.
#[tokio::test(start_paused = true)]
async fn r01_two_carts_for_one_order_at_once() {
    for paid in [false, true] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let (one, two) = (app.pre_order(&order).await, app.pre_order(&order).await);
        if paid {
            app.pay(&one, "pm_card_visa").await;
            app.pay(&two, "pm_card_visa").await;
            app.settle().await;
        }
        let slow = Fault { delay_ms: 1_000, times: 2, ..Fault::new(FaultKind::Delay) };
        app.sandbox.inject(slow.on("POST", UPDATE)).unwrap();
        let (first, second) = tokio::join!(app.confirm(&order, &one), app.confirm(&order, &two));
        let mut statuses = [first.0.as_u16(), second.0.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{} {}", first.1, second.1);
        let linked = [&one, &two];
        let mut carts = 0;
        for transaction in linked {
            carts += usize::from(app.payment_with(transaction).await.is_pre_order());
        }
        assert_eq!(carts, 1, "paid: {paid}");
    }
}
