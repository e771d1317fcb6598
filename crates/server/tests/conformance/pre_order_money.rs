//! The money of carts: rules R9 and R17.

use jiff::SignedDuration;

use crate::initialize::message;
use crate::support::*;

/// The order was told at once that it has no money, and hears nothing more of it.
const FAILED: &str = "PaymentAuthorizationFailed[1001,1002] 18979";

async fn short_cart(app: &TestApp) -> String {
    let mut cart = Order::new("DE--3");
    cart.total = 10_000;
    app.pre_order(&cart).await
}

#[tokio::test(start_paused = true)]
async fn r17_an_unpaid_payment_is_updated_to_the_orders_total() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = short_cart(&app).await;
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.money(&transaction).amount, 18_979);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn r17_authorized_below_the_total_is_voided_and_the_order_has_no_payment() {
    for webhooks_first in [true, false] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let transaction = short_cart(&app).await;
        if !webhooks_first {
            app.hold_webhooks();
        }
        app.pay(&transaction, "pm_card_visa").await;
        app.settle().await;
        let (status, answer) = app.confirm(&order, &transaction).await;
        assert_eq!(status, 400);
        let expected = "orderData.grandTotal: the payment is over 100.00 EUR and the order costs \
                        189.79 EUR";
        assert!(message(&answer).starts_with(expected), "{answer}");
        assert_eq!(app.money(&transaction).status, "canceled");
        app.release_webhooks();
        app.settle().await;
        assert_eq!(app.results().await, [FAILED], "webhooks first: {webhooks_first}");
        assert_eq!(app.books(&order).await, Books::default());

        let (status, again) = app.confirm(&order, &transaction).await;
        assert_eq!(status, 400, "{again}");
        assert_eq!(app.results().await, [""; 0]);
        let all = cancel(&order, &order.items);
        assert_eq!(
            app.results_of("CancelPayment", &all).await,
            ["PaymentCanceled[1001,1002] 18979"],
            "the shop's own cancel is answered"
        );
        app.assert_drained().await;

        // The order can be paid all the same, by a payment of its own.
        let new = app.initialize(&order).await;
        app.pay(&new, "pm_card_visa").await;
        app.settle().await;
        assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    }
}

#[tokio::test(start_paused = true)]
async fn r17_captured_below_the_total_is_refunded_and_the_order_has_no_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = short_cart(&app).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.money(&transaction).amount_captured, 10_000);
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400, "{answer}");
    app.settle().await;
    assert_eq!(app.results().await, [FAILED]);
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, [""; 0]);
    app.assert_nothing_kept(&transaction);
    assert_eq!(app.money(&transaction).refunds, 1);
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
    app.assert_drained().await;
}

/// A debit over too little is on its way when the order is placed: it goes back when it comes.
#[tokio::test(start_paused = true)]
async fn r17_money_on_its_way_below_the_total_goes_back_when_it_comes() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = short_cart(&app).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(app.results().await, [FAILED]);
    app.advance(LONG_ENOUGH).await;
    app.advance(LONG_ENOUGH).await;
    app.assert_nothing_kept(&transaction);
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
    app.assert_drained().await;
}

/// A debit over the right amount is on its way: the order waits for it like any other.
#[tokio::test(start_paused = true)]
async fn r17_money_on_its_way_over_the_total_is_the_orders() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, [""; 0]);
    app.advance(LONG_ENOUGH).await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );
}

#[tokio::test(start_paused = true)]
async fn r17_an_order_in_another_currency_has_no_payment() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--3");
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    order.currency = "USD";
    let (status, answer) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400, "{answer}");
    app.settle().await;
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.results().await, [FAILED]);
}

#[tokio::test(start_paused = true)]
async fn r17_more_than_the_total_is_held_and_only_the_total_taken() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--3");
    order.total = 20_000;
    let transaction = app.paid_cart(&order, "pm_card_visa").await;
    order.total = 18_979;
    app.confirmed(&order, &transaction).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 20000"]);
    let all = capture(&order, &order.items, order.total);
    assert_eq!(app.results_of("CapturePayment", &all).await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
}

#[tokio::test(start_paused = true)]
async fn r09_a_canceled_cart_that_was_captured_is_refunded() {
    for webhooks_first in [true, false] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--3");
        let transaction = app.pre_order(&order).await;
        app.pay_by_debit(&transaction, "DE89370400440532013000").await;
        if webhooks_first {
            app.advance(LONG_ENOUGH).await;
        } else {
            app.settle().await;
            app.hold_webhooks();
            app.advance(LONG_ENOUGH).await;
        }
        let (status, answer) = app.cancel_pre_order(&transaction).await;
        assert_eq!(status, 200, "{answer}");
        app.release_webhooks();
        app.settle().await;
        app.assert_nothing_kept(&transaction);
        assert_eq!(app.money(&transaction).refunds, 1, "webhooks first: {webhooks_first}");
        assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
        assert_eq!(app.results().await, [""; 0]);
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r09_a_canceled_cart_whose_money_is_on_its_way_is_refunded_when_it_comes() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(app.payment_with(&transaction).await.status.name(), "cancel_requested");
    let (status, _) = app.confirm(&order, &transaction).await;
    assert_eq!(status, 400, "no order can have it any more");
    let (status, again) = app.call(PRE_ORDER, &order.cart(Some(&transaction))).await;
    assert_eq!(status, 200, "the cart gets a new one: {again}");
    assert_ne!(again["transactionId"], transaction.as_str());

    app.advance(LONG_ENOUGH).await;
    app.advance(LONG_ENOUGH).await;
    app.assert_nothing_kept(&transaction);
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
}

/// News of the payment does not have it tried again; the shop does.
#[tokio::test(start_paused = true)]
async fn r09_a_canceled_cart_that_stripe_would_not_refund_is_refunded_when_canceled_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    app.hold_webhooks();
    app.advance(LONG_ENOUGH).await;
    app.answer_next(402, REFUND, 1);
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert!([400, 422].contains(&status.as_u16()), "{answer}");
    app.release_webhooks();
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.money(&transaction).refunds, 0);
    assert_eq!(app.calls_made("POST", REFUND), 1, "no event has it tried again");

    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert_eq!(status, 200, "{answer}");
    app.assert_nothing_kept(&transaction);
    assert_eq!(app.money(&transaction).refunds, 1);
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
    assert_eq!(app.results().await, [""; 0]);
    app.assert_drained().await;
}

async fn forget(app: &TestApp) -> usize {
    let context = &app.app.consumer.context;
    let called_off = context.call_off_forgotten_pre_orders().await.unwrap();
    app.settle().await;
    called_off
}

fn life() -> SignedDuration {
    app::limits::PRE_ORDER_LIFE + SignedDuration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn r09_carts_that_were_left_are_called_off_and_their_money_goes_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let unpaid = app.pre_order(&order).await;
    let held = app.paid_cart(&order, "pm_card_visa").await;
    let captured = app.pre_order(&order).await;
    app.pay_by_debit(&captured, "DE89370400440532013000").await;
    let linked = app.paid_cart(&order, "pm_card_visa").await;
    app.confirmed(&order, &linked).await;
    let hosted = app.initialize(&Order::new("DE--4")).await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(forget(&app).await, 0, "they are young");

    app.advance(life()).await;
    assert_eq!(forget(&app).await, 3);
    for cart in [&unpaid, &held, &captured] {
        app.assert_nothing_kept(cart);
        assert_eq!(app.payment_with(cart).await.status.name(), "canceled");
        let (status, answer) = app.confirm(&Order::new("DE--5"), cart).await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(app.money(&unpaid).status, "canceled");
    assert_eq!(app.money(&captured).refunds, 1);
    assert_eq!(app.money(&linked).status, "requires_capture", "this one has an order");
    assert_eq!(app.money(&hosted).status, "requires_payment_method", "and this one");
    assert_eq!(forget(&app).await, 0);
}

#[tokio::test(start_paused = true)]
async fn r09_a_cart_that_somebody_comes_back_to_lives_on() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    app.advance(life() - SignedDuration::from_hours(1)).await;
    order.total = 20_000;
    assert_eq!(app.call(PRE_ORDER, &order.cart(Some(&transaction))).await.0, 200);
    app.advance(SignedDuration::from_hours(2)).await;
    assert_eq!(forget(&app).await, 0);
    assert_eq!(app.money(&transaction).status, "requires_payment_method");
}

/// Stripe could not be reached: the mark holds, and the worker goes on with the call.
#[tokio::test(start_paused = true)]
async fn r09_a_cart_that_was_left_is_marked_before_stripe_is_called() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let held = app.paid_cart(&order, "pm_card_visa").await;
    app.advance(life()).await;
    app.break_next(stripe_sandbox::FaultKind::LoseRequest, CANCEL, ALL_TRIES);
    forget(&app).await;
    assert_eq!(app.money(&held).status, "requires_capture");
    assert_eq!(app.payment_with(&held).await.status.name(), "cancel_requested");
    let (status, answer) = app.confirm(&order, &held).await;
    assert_eq!(status, 400, "{answer}");

    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.money(&held).status, "canceled");
    assert_eq!(app.payment_with(&held).await.status.name(), "canceled");
    assert_eq!(app.results().await, [""; 0]);
    app.assert_drained().await;
}
