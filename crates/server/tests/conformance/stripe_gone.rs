//! Stripe does not answer for an account: its calls wait without being made, nothing fails that could
//! succeed later, and nobody else notices.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe::BREAKER_FAILURES;
use stripe_sandbox::FaultKind;

use crate::support::*;
use crate::webhooks::backlog;

async fn ready(app: &TestApp) -> Value {
    let (status, answer) = app.send(request(Method::GET, "/health/ready", String::new())).await;
    assert_eq!(status, StatusCode::OK, "what comes in is kept: {answer}");
    answer
}

fn whole(order: &Order) -> Value {
    capture(order, &order.items, order.total)
}

/// Shoppers come while Stripe is gone, until no call is made any more.
async fn stripe_is_found_gone(app: &TestApp, kind: FaultKind) {
    app.break_next(kind, "/v1/*", u32::MAX);
    app.break_next(kind, "/v1/*/*/*", u32::MAX);
    for number in 0..BREAKER_FAILURES {
        assert_eq!(ready(app).await["status"], "ok");
        let order = Order::new(&format!("DE--lost-{number}"));
        let (status, _) = app.call("/private/initialize-payment", &order.request()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

/// An order whose money is held is to be captured, and Stripe is gone.
async fn a_command_while_stripe_is_gone() -> (TestApp, Order) {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    stripe_is_found_gone(&app, FaultKind::LoseRequest).await;
    app.command("CapturePayment", &whole(&order)).await;
    (app, order)
}

/// It answers again, and what waited is done.
async fn stripe_is_back(app: &TestApp) {
    app.stripe_is_back().await;
    app.advance(LONG_ENOUGH).await;
    app.advance(LONG_ENOUGH).await;
}

#[tokio::test(start_paused = true)]
async fn a_shopper_is_told_at_once_to_try_again_and_the_order_is_paid_later() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        stripe_is_found_gone(&app, kind).await;

        let order = Order::new("DE--1");
        let (calls, before) = (app.sandbox.calls().len(), tokio::time::Instant::now());
        let (status, answer) = app.call("/private/initialize-payment", &order.request()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let said = answer[0]["message"].as_str().unwrap();
        assert!(said.contains("is asked again in 20 seconds"), "{said}");
        assert!(said.ends_with("; initialize the payment again"), "{said}");
        assert_eq!(before.elapsed(), std::time::Duration::ZERO, "she does not wait");
        assert_eq!(app.sandbox.calls().len(), calls, "nothing was sent");

        stripe_is_back(&app).await;
        app.authorized(&order).await;
        assert_eq!(app.status(&order).await, "authorized");
        let intents = app.sandbox.audit();
        let of_it = intents.iter().filter(|intent| intent.amount == order.total).count();
        let orders = usize::try_from(BREAKER_FAILURES).unwrap() + 1;
        assert_eq!(of_it, orders, "one for each order, the lost ones included");
    }
}

/// For hours the call stays open as "not sent": no key is spent, nothing is parked, and it is made once.
#[tokio::test(start_paused = true)]
async fn a_command_waits_for_as_long_as_it_takes_and_then_happens_once() {
    let (app, order) = a_command_while_stripe_is_gone().await;
    app.settle().await;
    let key = app.payment(&order).await.open_call.clone().unwrap().key;
    for _ in 0..40 {
        app.advance(LONG_ENOUGH).await;
    }
    assert_eq!(app.calls_made("POST", "/capture"), 0, "it was never sent");
    assert_eq!(app.results().await, [""; 0], "it has not failed");
    let waiting = backlog(&app).await;
    assert_eq!((waiting.inbox_waiting, waiting.inbox_parked), (1, 0));
    assert_eq!(app.payment(&order).await.open_call.clone().unwrap().key, key);

    stripe_is_back(&app).await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.keys_used("/capture"), [key.as_str()]);
    assert_eq!(app.books(&order).await.captured, 18_979);
    app.assert_no_command_waits().await;
}

/// The keys are not accepted at first when Stripe is back: somebody would have to look at that in the end,
/// and the command has not used up on waiting what it has until then.
#[tokio::test(start_paused = true)]
async fn waiting_costs_a_command_none_of_its_tries() {
    let (app, _) = a_command_while_stripe_is_gone().await;
    app.settle().await;
    for _ in 0..40 {
        app.advance(LONG_ENOUGH).await;
    }

    app.stripe_is_back().await;
    app.answer_next(401, "/v1/payment_intents/*/capture", 10);
    for _ in 0..5 {
        app.advance(LONG_ENOUGH).await;
        let waiting = backlog(&app).await;
        assert_eq!((waiting.inbox_waiting, waiting.inbox_parked), (1, 0), "nobody has to look yet");
    }
    app.sandbox.clear_faults();
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    app.assert_no_command_waits().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_looked_at_ever_more_seldom() {
    let (app, _) = a_command_while_stripe_is_gone().await;
    let context = &app.app.consumer.context;
    assert_eq!(context.work_inbox("worker-1").await.unwrap(), 1);
    let (mut pauses, mut pause) = (Vec::new(), 0);
    for _ in 0..1200 {
        app.entropy.advance(SignedDuration::from_secs(1));
        pause += 1;
        if context.work_inbox("worker-1").await.unwrap() > 0 {
            pauses.push(pause);
            pause = 0;
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300], "seconds");
}

#[tokio::test(start_paused = true)]
async fn another_tenant_goes_on() {
    let app = TestApp::configured().await;
    let theirs = json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"});
    assert_eq!(app.configure_tenant("another-tenant", theirs).await.0, StatusCode::OK);
    stripe_is_found_gone(&app, FaultKind::LoseRequest).await;
    app.sandbox.clear_faults();

    let request = Order::new("DE--1").request();
    let (status, _) = app.call("/private/initialize-payment", &request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "Stripe is not asked yet");
    let (status, answer) =
        app.call_as("another-tenant", "/private/initialize-payment", &request).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_operator_reads_it_once_and_that_it_is_over() {
    let app = TestApp::configured().await;
    let logs = Logs::record();
    stripe_is_found_gone(&app, FaultKind::LoseRequest).await;
    for number in 0..20 {
        let order = Order::new(&format!("DE--{number}"));
        app.call("/private/initialize-payment", &order.request()).await;
    }
    let errors = logs.of_level("ERROR");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("Stripe does not answer for an account"), "{errors:?}");
    assert!(errors[0].contains("Next: "), "{errors:?}");
    let told = ready(&app).await;
    assert_eq!(
        (&told["status"], &told["stripe"]["accounts_not_answering"]),
        (&json!("degraded"), &json!(1))
    );

    stripe_is_back(&app).await;
    let lines = logs.of_level("INFO");
    let over = lines.iter().filter(|line| line.contains("Stripe answers for the account again"));
    assert_eq!(over.count(), 1, "{lines:#?}");
    assert_eq!(ready(&app).await["status"], "ok");
}
