//! Bank transfers: too little, too much, in pieces (rule R16, case 56).

use http::Method;
use serde_json::Value;

use crate::support::*;

/// The shopper chooses to pay by bank transfer: she is shown where to send the money.
async fn pay_by_transfer(app: &TestApp, order: &Order) -> String {
    let transaction = app.initialize(order).await;
    let customer = app.stripe(Method::POST, "/v1/customers", "email=ada%40example.test").await;
    let path = format!("{CREATE}/{transaction}");
    let form = format!("customer={}", customer["id"].as_str().unwrap());
    app.stripe(Method::POST, &path, &form).await;
    let form = "payment_method_data[type]=customer_balance&return_url=https%3A%2F%2Fshop.test";
    let answer = app.stripe(Method::POST, &format!("{path}/confirm"), form).await;
    assert_eq!(answer["status"], "requires_action", "{answer}");
    app.settle().await;
    app.read("payment-events").await;
    transaction
}

async fn send(app: &TestApp, transaction: &str, amount: i64) {
    app.control(&format!("{transaction}/fund"), &format!(r#"{{"amount":{amount}}}"#)).await;
    app.settle().await;
}

/// What the shop has heard: results as such, news by its note.
async fn heard(app: &TestApp) -> Vec<String> {
    let told = app.read("payment-events").await;
    let line = |message: &Message| match message.is_result() {
        true => {
            format!("{}{} {}", message.name, message.body["orderItemIds"], message.body["amount"])
        }
        false => match &message.details()["note"] {
            Value::String(note) => note.clone(),
            _ => format!("now {}", message.details()["targetStatus"]),
        },
    };
    told.iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn c56_what_comes_in_in_pieces_is_news_until_it_is_all_there() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = pay_by_transfer(&app, &order).await;

    send(&app, &transaction, 5_000).await;
    assert_eq!(heard(&app).await, ["50.00 EUR received so far"]);
    send(&app, &transaction, 10_000).await;
    assert_eq!(heard(&app).await, ["150.00 EUR received so far"]);
    assert_eq!(app.status(&order).await, "new");
    send(&app, &transaction, 3_979).await;

    assert_eq!(
        heard(&app).await,
        [
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            r#"now "captured""#
        ]
    );
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c56_what_is_sent_too_much_is_overpaid() {
    for pieces in [vec![20_000], vec![10_000, 10_000]] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = pay_by_transfer(&app, &order).await;

        for piece in &pieces {
            send(&app, &transaction, *piece).await;
        }

        let results: Vec<_> =
            heard(&app).await.into_iter().filter(|line| line.starts_with("Payment")).collect();
        assert_eq!(
            results,
            [
                "PaymentAuthorized[1001,1002] 18979",
                "PaymentCaptured[1001,1002] 18979",
                "PaymentOverpaid[1001,1002] 20000"
            ],
            "{pieces:?}"
        );
        assert_eq!(app.status(&order).await, "overpaid");
        assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
        app.assert_drained().await;
    }
}

/// Stripe guarantees no order: the excess may be told last.
#[tokio::test(start_paused = true)]
async fn r16_an_excess_that_is_told_late_is_told_to_the_shop_once() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = pay_by_transfer(&app, &order).await;
    app.hold_webhooks();
    send(&app, &transaction, 20_000).await;

    app.receive(&app.event("payment_intent.succeeded").await).await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "captured");
    app.results().await;
    app.release_webhooks();
    app.settle().await;

    assert_eq!(app.results().await, ["PaymentOverpaid[1001,1002] 20000"]);
    app.assert_drained().await;
}

/// The transfer was abandoned: Stripe puts what came in back on the customer's balance.
#[tokio::test(start_paused = true)]
async fn c56_a_transfer_that_ends_short_is_underpaid() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = pay_by_transfer(&app, &order).await;
    send(&app, &transaction, 5_000).await;
    heard(&app).await;

    app.stripe(
        Method::POST,
        &format!("{CREATE}/{transaction}/cancel"),
        "cancellation_reason=abandoned",
    )
    .await;
    app.settle().await;

    assert_eq!(
        heard(&app).await,
        ["PaymentCaptureFailed[1001,1002] 18979", "PaymentUnderpaid[1001,1002] 5000", "abandoned"]
    );
    assert_eq!(app.status(&order).await, "underpaid");
    assert_eq!(app.books(&order).await, Books::default());

    let again = app.initialize(&order).await;
    assert_ne!(again, transaction, "the shopper may try again");
    app.pay(&again, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

/// The shop's own cancel has the one result that it waits for (rule R11).
#[tokio::test(start_paused = true)]
async fn r16_an_order_that_the_shop_cancels_half_paid_is_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = pay_by_transfer(&app, &order).await;
    send(&app, &transaction, 5_000).await;
    heard(&app).await;

    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;

    assert_eq!(
        heard(&app).await,
        ["PaymentCanceled[1001,1002] 18979", "50.00 EUR had come in: give it back at the provider"]
    );
    assert_eq!(app.status(&order).await, "canceled");
    assert_eq!(app.money(&transaction).status, "canceled");
    app.assert_drained().await;
}
