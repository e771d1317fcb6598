//! Commands of the shop: cases 29 to 47.


use crate::support::*;

#[tokio::test(start_paused = true)]
async fn c32_a_capture_of_an_authorized_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);

    app.command("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    app.settle().await;

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).amount_captured, 18_979);
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c33_a_capture_per_shipment_where_several_are_granted() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;

    app.command("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001] 10489", "PaymentAuthorized[1002] 8490"],
        "the rest is named as still authorized (R7)"
    );

    app.command("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1002] 8490"]);
    assert_eq!(app.money(&transaction).amount_captured, 18_979);
    assert_eq!(app.status(&order).await, "captured");
}

#[tokio::test(start_paused = true)]
async fn c45_the_same_command_twice_has_one_effect_and_one_result() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;

    let payload = refund(&order, &[1001], 9_999);
    for _ in 0..2 {
        let (status, _) = app.command_as("one-and-the-same", "RefundPayment", &payload).await;
        assert_eq!(status, 200);
        app.settle().await;
    }

    assert_eq!(app.results().await, ["PaymentRefunded[1001] 9999"]);
    assert_eq!(app.money(&transaction).amount_refunded, 9_999);
}
