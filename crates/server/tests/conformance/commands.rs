//! Commands as such: cases 29 to 31 and 45, and rules R3 and R11.

use app::ports::{InboxState, OperatorStore};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe_sandbox::FaultKind;

use crate::identity::everything;
use crate::support::*;
use crate::webhooks::backlog;

fn the_three(order: &Order) -> [(&'static str, Value); 3] {
    [
        ("CapturePayment", capture(order, &[1001], 10_489)),
        ("CancelPayment", cancel(order, &[1001])),
        ("RefundPayment", refund(order, &[1001], 10_489)),
    ]
}

const THEIR_FAILURES: [&str; 3] = [
    "PaymentCaptureFailed[1001] 10489",
    "PaymentCancellationFailed[1001] 0",
    "PaymentRefundFailed[1001] 10489",
];

#[tokio::test(start_paused = true)]
async fn c29_no_money_moves_for_a_disconnected_tenant() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let (status, answer) = app.disconnect(Some("true")).await;
    assert_eq!(status, 204, "{answer}");
    let calls = app.sandbox.calls().len();

    for ((name, payload), failed) in the_three(&order).into_iter().zip(THEIR_FAILURES) {
        assert_eq!(app.results_of(name, &payload).await, [failed]);
    }

    assert_eq!(app.sandbox.calls().len(), calls);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.read("payment-method-commands").await;
    app.read("app-events").await;
    app.assert_drained().await;
}

/// The capture was on its way when the tenant was disconnected: nobody knows whether it happened.
#[tokio::test(start_paused = true)]
async fn c29_a_call_made_before_the_disconnect_has_its_own_result() {
    for kind in [FaultKind::LoseAnswer, FaultKind::LoseRequest] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.held(&order).await;
        app.hold_webhooks();
        app.break_next(kind, CAPTURE, ALL_TRIES);
        let whole = capture(&order, &[1001, 1002], 18_979);
        assert_eq!(app.results_of("CapturePayment", &whole).await, [""; 0]);
        assert_eq!(app.disconnect(Some("true")).await.0, 204);

        app.entropy.advance(SignedDuration::from_mins(1));
        app.settle().await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
        assert_eq!(app.money(&transaction).captures, 1, "{kind:?}");
        assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
        app.read("payment-method-commands").await;
        app.read("app-events").await;
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn c30_an_old_shop_names_itself_by_its_store_reference() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let headers =
        [("name", "CapturePayment"), ("correlation-id", "1"), ("store-reference", TENANT)];
    let whole = capture(&order, &[1001, 1002], 18_979);
    let (status, answer) = app.command_with(&headers, &whole).await;
    assert_eq!(status, 200, "{answer}");
    app.settle().await;

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c30_a_command_of_nobody_is_refused() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let headers = [("name", "CapturePayment"), ("correlation-id", "1")];
    let (status, answer) =
        app.command_with(&headers, &capture(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(status, 400, "{answer}");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c31_a_command_for_an_order_that_never_comes_fails_after_a_quarter_of_an_hour() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--404");
    for (name, payload) in the_three(&order) {
        assert_eq!(app.results_of(name, &payload).await, [""; 0]);
    }

    for _ in 0..14 {
        app.advance(SignedDuration::from_mins(1)).await;
        assert_eq!(app.results().await, [""; 0]);
    }
    app.advance(SignedDuration::from_mins(1)).await;

    assert_eq!(app.results().await, THEIR_FAILURES);
    app.assert_drained().await;
}

/// Another payment app reads the same commands: the order is that one's, and so are the results.
#[tokio::test(start_paused = true)]
async fn r11_on_a_shared_channel_an_order_that_never_comes_is_left_to_the_other_app() {
    let app = TestApp::configured().await;
    assert_eq!(app.configure(json!({"sharedCommandChannel": true})).await.0, 200);
    app.read("app-events").await;
    let (known, foreign) = (Order::new("DE--1"), Order::new("DE--404"));
    app.held(&known).await;
    for (name, payload) in the_three(&foreign) {
        assert_eq!(app.results_of(name, &payload).await, [""; 0]);
    }
    app.advance(SignedDuration::from_mins(14)).await;
    assert_eq!(backlog(&app).await.inbox_waiting, 3, "it may come yet");

    app.advance(SignedDuration::from_mins(1)).await;
    assert_eq!(app.results().await, [""; 0]);
    app.assert_drained().await;
    let nothing = app.results_of("RefundPayment", &refund(&known, &known.items, known.total)).await;
    assert_eq!(nothing, ["PaymentRefundFailed[1001,1002] 18979"], "ours is answered as ever");
}

/// Whoever asks what became of such a command is told.
#[tokio::test]
async fn r11_a_command_left_to_the_other_app_is_kept_with_the_reason() {
    let place = Place::new();
    let app = place.start(&place.key);
    app.configure(json!({"sharedCommandChannel": true})).await;
    app.command("CancelPayment", &cancel(&Order::new("DE--404"), &[4_041])).await;
    app.advance(SignedDuration::from_mins(15)).await;

    let row = place.operator().list_inbox(&everything(&app)).await.unwrap().rows.remove(0);
    assert!(matches!(row.state, InboxState::Done { .. }), "{row:?}");
    let why = "the order is not known; another payment app shares the command channel";
    assert_eq!(row.note.as_deref(), Some(why));
}

/// Disconnected, the app answers for the orders that it knows, and for no other app's.
#[tokio::test(start_paused = true)]
async fn r11_on_a_shared_channel_a_disconnected_tenant_fails_its_own_orders_only() {
    let app = TestApp::configured().await;
    assert_eq!(app.configure(json!({"sharedCommandChannel": true})).await.0, 200);
    let order = Order::new("DE--1");
    app.held(&order).await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    app.command("CancelPayment", &cancel(&Order::new("DE--404"), &[4_041])).await;
    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;
    app.advance(SignedDuration::from_mins(15)).await;
    assert_eq!(app.results().await, ["PaymentCancellationFailed[1001,1002] 0"]);
    app.assert_no_command_waits().await;
}

#[tokio::test(start_paused = true)]
async fn c31_the_order_may_come_after_its_command() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let whole = capture(&order, &[1001, 1002], 18_979);
    assert_eq!(app.results_of("CapturePayment", &whole).await, [""; 0]);

    app.held(&order).await;
    app.advance(LONG_ENOUGH).await;

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.advance(SignedDuration::from_mins(20)).await;
    assert_eq!(app.results().await, [""; 0]);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c45_the_same_command_twice_has_one_effect_and_one_result() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    let payload = refund(&order, &[1001], 9_999);
    for _ in 0..2 {
        let (status, _) = app.command_as("one-and-the-same", "RefundPayment", &payload).await;
        assert_eq!(status, 200);
        app.settle().await;
    }

    assert_eq!(app.results().await, ["PaymentRefunded[1001] 9999"]);
    assert_eq!(app.stripe_calls("POST", "/refunds"), 1);
    let books = Books { held: 0, captured: 18_979, refunded: 9_999 };
    assert_eq!(app.books(&order).await, books);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c45_the_same_command_twice_before_the_first_is_carried_out() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let payload = capture(&order, &[1001, 1002], 18_979);
    for _ in 0..2 {
        let (status, _) = app.command_as("one-and-the-same", "CapturePayment", &payload).await;
        assert_eq!(status, 200);
    }
    app.settle().await;

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    app.assert_drained().await;
}

/// One id under two names is two commands; the shop's library takes it from the request.
#[tokio::test(start_paused = true)]
async fn r03_the_name_is_part_of_a_commands_identity() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let whole = capture(&order, &[1001, 1002], 18_979);
    app.command_as("one-and-the-same", "CapturePayment", &whole).await;
    let some = refund(&order, &[1001], 9_999);
    app.command_as("one-and-the-same", "RefundPayment", &some).await;
    app.settle().await;

    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001] 9999"]
    );
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c45_without_an_id_body_and_time_say_what_is_the_same() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let at = |timestamp| {
        [("name", "CapturePayment"), ("tenant-identifier", TENANT), ("timestamp", timestamp)]
    };
    let payload = capture(&order, &[1001, 1002], 18_979);

    for _ in 0..2 {
        app.command_with(&at("2026-09-22T12:00:00.000001"), &payload).await;
        app.settle().await;
    }
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);

    app.command_with(&at("2026-09-22T12:00:00.000002"), &payload).await;
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001,1002] 18979"],
        "another command for the same items succeeds again (R3, R6)"
    );
    assert_eq!(app.calls_made("POST", "/capture"), 1);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r11_another_currency_is_the_commands_failure() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let calls = app.sandbox.calls().len();

    let foreign = Order { currency: "CHF", ..order.clone() };
    let still_held = "PaymentAuthorized[1001] 18979";
    for ((name, payload), failed) in the_three(&foreign).into_iter().zip(THEIR_FAILURES) {
        let told = app.results_of(name, &payload).await;
        let holds = name != "RefundPayment";
        let expected: Vec<&str> =
            std::iter::once(failed).chain(holds.then_some(still_held)).collect();
        assert_eq!(told, expected, "what is still held is named (R7)");
    }

    assert_eq!(app.sandbox.calls().len(), calls);
    assert_eq!(app.last_note(&order).await, "the currency is not that of the payment");
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "authorized");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r11_a_failed_initialize_is_canceled_without_a_call() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.answer_next(400, CREATE, 1);
    let (status, answer) = app.call("/private/initialize-payment", &order.request()).await;
    assert_eq!(status, 400, "{answer}");
    let calls = app.sandbox.calls().len();

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979"]);
    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);

    assert_eq!(app.sandbox.calls().len(), calls);
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

/// Stripe could not be reached when the shop asked for the payment: nobody knows whether it is
/// there. It is made under its key, then canceled.
#[tokio::test(start_paused = true)]
async fn r11_an_initialize_without_an_answer_is_finished_then_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.break_next(FaultKind::LoseAnswer, CREATE, ALL_TRIES);
    let (status, answer) = app.call("/private/initialize-payment", &order.request()).await;
    assert_eq!(status, 400, "{answer}");

    app.command("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    app.settle().await;
    app.advance(LONG_ENOUGH).await;

    assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"]);
    let intents = app.sandbox.audit();
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0].status, "canceled");
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r11_a_payment_whose_authorization_failed_is_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE62370400440532013001").await;
    app.advance(SignedDuration::from_mins(2)).await;
    assert_eq!(app.results().await, ["PaymentAuthorizationFailed[1001,1002] 18979"]);

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r11_a_capture_that_failed_is_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.answer_next(402, CAPTURE, 1);
    app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.books(&order).await, Books::default());
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r11_every_command_about_a_canceled_payment_has_its_result() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

    let results = [
        "PaymentCaptureFailed[1001] 10489",
        "PaymentCanceled[1001] 18979",
        "PaymentRefundFailed[1001] 10489",
    ];
    for ((name, payload), result) in the_three(&order).into_iter().zip(results) {
        assert_eq!(app.results_of(name, &payload).await, [result]);
    }

    assert_eq!(app.stripe_calls("POST", "/cancel"), 1);
    assert_eq!(app.books(&order).await, Books::default());
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

/// Stripe's dashboard was faster, and has not told yet.
#[tokio::test(start_paused = true)]
async fn r11_a_payment_that_was_canceled_by_hand() {
    for name in ["CapturePayment", "CancelPayment"] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.held(&order).await;
        app.hold_webhooks();
        let path = format!("/v1/payment_intents/{transaction}/cancel");
        app.stripe(http::Method::POST, &path, "").await;

        let told = app.results_of(name, &capture(&order, &[1001, 1002], 18_979)).await;
        let canceled = "PaymentCanceled[1001,1002] 18979";
        match name {
            "CancelPayment" => assert_eq!(told, [canceled]),
            _ => assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979", canceled]),
        }

        app.release_webhooks();
        app.settle().await;
        assert_eq!(app.results().await, [""; 0]);
        assert_eq!(app.status(&order).await, "canceled");
        assert_eq!(app.books(&order).await, Books::default());
        app.assert_drained().await;
    }
}
