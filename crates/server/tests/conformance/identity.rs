//! Whose payment, whose attempt, whose event, whose command (rules R1, R2, R4, R5).

use app::ports::{InboxKind, InboxState, OperatorStore, RowFilter, RowQuery};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use payment::{PaymentId, TenantId};
use serde_json::{Value, json};
use stripe_sandbox::FaultKind;

use crate::initialize::{message, try_initialize};
use crate::support::*;
use crate::webhooks::counted;

const OTHER: &str = "tenant-2";
/// A debit of this account settles a minute later.
const GOOD_IBAN: &str = "DE89370400440532013000";

fn other_account() -> Value {
    json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"})
}

fn live() -> Value {
    json!({
        "secretKey": "sk_live_shop", "publishableKey": "pk_live_shop", "environment": "live",
    })
}

async fn pay_with(app: &TestApp, key: &str, transaction: &str) {
    let form = "payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.test";
    let path = format!("{CREATE}/{transaction}/confirm");
    app.stripe_with(key, Method::POST, &path, form).await;
    app.settle().await;
}

fn whole(order: &Order) -> Value {
    capture(order, &order.items, order.total)
}

#[tokio::test(start_paused = true)]
async fn r01_a_test_payment_never_stands_for_a_live_order() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let test = app.held(&order).await;
    assert_eq!(app.configure(live()).await.0, 200);

    let real = app.initialize(&order).await;
    assert_ne!(test, real);
    let told = app.results_of("CapturePayment", &whole(&order)).await;
    assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979"], "nobody has paid the live one");

    pay_with(&app, "sk_live_shop", &real).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    let told = app.results_of("CapturePayment", &whole(&order)).await;
    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979"]);

    assert_eq!(app.money(&real).amount_captured, 18_979);
    assert_eq!(app.money(&test).amount_captured, 0, "commands mean the newest payment");
    assert_eq!(app.money(&test).amount_capturable, 18_979);
    assert_eq!(app.books(&order).await.captured, 18_979);
    app.assert_no_command_waits().await;
}

#[tokio::test(start_paused = true)]
async fn r01_what_was_begun_at_an_account_is_ended_there() {
    for new_keys in [other_account(), live()] {
        let app = TestApp::configured().await;
        let (shipped, dropped) = (Order::new("DE--1"), Order::new("DE--2"));
        let first = app.held(&shipped).await;
        let second = app.held(&dropped).await;
        assert_eq!(app.configure(new_keys).await.0, 200);

        let told = app.results_of("CapturePayment", &whole(&shipped)).await;
        assert_eq!(told, ["PaymentCaptured[1001,1002] 18979"]);
        let told = app.results_of("RefundPayment", &refund(&shipped, &[1001], 10_489)).await;
        assert_eq!(told, ["PaymentRefunded[1001] 10489"]);
        let told = app.results_of("CancelPayment", &cancel(&dropped, &dropped.items)).await;
        assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);

        // What happens in the old account's dashboard still arrives.
        let form = format!("payment_intent={first}");
        app.stripe(Method::POST, "/v1/refunds", &form).await;
        app.settle().await;
        assert_eq!(app.results().await, ["PaymentRefunded[1002] 8490"]);
        assert_eq!(app.money(&first).amount_refunded, 18_979);
        assert_eq!(app.money(&second).status, "canceled");
    }
}

#[tokio::test(start_paused = true)]
async fn r01_a_tenant_that_comes_back_to_an_account_finds_its_payments() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let first = app.initialize(&order).await;
    app.configure(other_account()).await;
    let second = app.initialize(&order).await;
    app.configure(json!({})).await;

    assert_eq!(app.initialize(&order).await, first, "each account has one payment of the order");
    app.configure(other_account()).await;
    assert_eq!(app.initialize(&order).await, second);
    assert_eq!(app.sandbox.audit().len(), 2);
}

/// A capture is under way, its answer lost, when the order number starts again elsewhere. It has
/// its outcome first, so that it is not decided a second time about another payment.
#[tokio::test(start_paused = true)]
async fn r01_a_command_under_way_ends_before_its_order_starts_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let old = app.held(&order).await;
    app.hold_webhooks();
    app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
    assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
    app.configure(other_account()).await;

    let new = app.initialize(&order).await;

    assert_ne!(old, new);
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    app.advance(LONG_ENOUGH).await;
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0], "one command, one result");
    assert_eq!(app.money(&old).captures, 1);
    app.assert_no_command_waits().await;
}

/// Money is on its way, held or taken: there is one attempt, and another amount is refused.
#[tokio::test(start_paused = true)]
async fn r02_no_attempt_begins_beside_one_that_may_bring_money() {
    for state in ["processing", "held", "captured", "canceling"] {
        let app = TestApp::configured().await;
        let mut order = Order::new("DE--1");
        let transaction = match state {
            "held" => app.held(&order).await,
            "captured" => app.captured(&order).await,
            _ => app.initialize(&order).await,
        };
        if matches!(state, "processing" | "canceling") {
            app.pay_by_debit(&transaction, GOOD_IBAN).await;
            app.settle().await;
        }
        if state == "canceling" {
            assert_eq!(
                app.results_of("CancelPayment", &cancel(&order, &order.items)).await,
                [""; 0]
            );
        }
        assert_eq!(app.initialize(&order).await, transaction, "{state}");

        order.total = 20_000;
        let before = app.sandbox.calls().len();
        let (status, answer) = try_initialize(&app, &order).await;
        assert_eq!(status, 400, "{state}: {answer}");
        assert!(!message(&answer).contains("busy"), "{state}: {answer}");
        assert!(
            app.sandbox.calls().len() - before <= 3,
            "{state}: it is not tried again and again"
        );
        assert_eq!(app.sandbox.audit().len(), 1, "{state}");
        assert_eq!(app.money(&transaction).amount, 18_979, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn r02_a_superseded_attempt_is_over_and_its_events_touch_nothing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let first = app.held(&order).await;
    app.results_of("CancelPayment", &cancel(&order, &order.items)).await;
    let second = app.initialize(&order).await;
    assert_ne!(first, second);
    app.read("payment-events").await;

    let paid = app.pay(&first, "pm_card_visa").await;
    assert_eq!(paid["error"]["code"], "payment_intent_unexpected_state", "nobody can pay it");
    let before = app.payment(&order).await;
    for mut event in app.events().await {
        event.0["id"] = json!(format!("{}_again", event.0["id"].as_str().unwrap()));
        if event.0["data"]["object"]["id"] != json!(second) {
            assert_eq!(app.receive(&event).await.0, 200);
        }
    }
    app.settle().await;
    assert_eq!(app.payment(&order).await, before);
    assert_eq!(app.read("payment-events").await, []);

    app.pay(&second, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.assert_drained().await;
}

/// The order was canceled while a debit was on its way; the money came and was given back. Then
/// the shopper paid anew, and the bank sent the old refund back.
#[tokio::test(start_paused = true)]
async fn r02_money_that_comes_back_to_an_earlier_attempt_is_reported_once() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let first = app.initialize(&order).await;
    app.pay_by_debit(&first, GOOD_IBAN).await;
    app.settle().await;
    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&first).amount_refunded, 18_979);
    app.held(&order).await;
    app.read("payment-events").await;

    let mut failed = app.event("refund.created").await;
    failed.0["data"]["object"]["status"] = json!("failed");
    for kind in ["refund.updated", "refund.failed"] {
        failed.0["id"] = json!(format!("evt_{kind}"));
        failed.0["type"] = json!(kind);
        assert_eq!(app.receive(&failed).await.0, 200);
        app.settle().await;
    }

    let told = app.read("payment-events").await;
    assert_eq!(told.len(), 1, "{told:?}");
    let note = told[0].details()["note"].as_str().unwrap().to_owned();
    assert!(note.contains("189.79 EUR of an earlier attempt failed"), "{note}");
    assert_eq!(counted(&metrics, "paybridge_late_refund_failures_total", ""), 1);
    assert_eq!(app.status(&order).await, "authorized");
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.assert_drained().await;
}

/// The same before the shopper pays anew: the shop's process has ended with the cancel.
#[tokio::test(start_paused = true)]
async fn r13_a_refund_that_fails_after_a_cancel_is_news_and_an_alert() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, GOOD_IBAN).await;
    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;
    app.advance(LONG_ENOUGH).await;
    app.read("payment-events").await;

    let mut failed = app.event("refund.created").await;
    failed.0["id"] = json!("evt_failed");
    failed.0["data"]["object"]["status"] = json!("failed");
    failed.0["type"] = json!("refund.failed");
    assert_eq!(app.receive(&failed).await.0, 200);
    app.settle().await;

    let told = app.read("payment-events").await;
    assert_eq!(told.len(), 1, "{told:?}");
    let note = "the refund of 189.79 EUR came back after the payment was canceled";
    assert_eq!(told[0].details()["note"], note);
    assert_eq!(app.status(&order).await, "canceled");
    assert_eq!(counted(&metrics, "paybridge_late_refund_failures_total", ""), 1);
    app.assert_drained().await;
}

pub fn everything(app: &TestApp) -> RowQuery {
    RowQuery { tenant: None, filter: RowFilter::All, limit: 100, now: app.now() }
}

/// An order that was paid, of which the app has heard nothing yet, and the event that says so.
async fn paid_unheard(app: &TestApp) -> Event {
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    app.event("payment_intent.amount_capturable_updated").await
}

#[tokio::test]
async fn r04_a_foreign_event_is_counted_and_its_body_dropped() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let place = Place::new();
    let app = place.start(&place.key);
    app.configure(json!({})).await;
    let ours = paid_unheard(&app).await;
    let mut foreign = ours.clone();
    foreign.0["id"] = json!("evt_foreign");
    foreign.0["data"]["object"]["id"] = json!("pi_of_somebody_else");
    foreign.0["data"]["object"]["metadata"] = json!({});
    app.receive(&foreign).await;
    app.receive(&ours).await;
    app.settle().await;

    let operator = place.operator();
    let rows = operator.list_inbox(&everything(&app)).await.unwrap().rows;
    let tenant = TenantId::new(TENANT);
    for row in &rows {
        assert_eq!(row.kind, InboxKind::Event);
        let is_foreign = row.external_id == "evt_foreign";
        assert_eq!(matches!(row.state, InboxState::Foreign { .. }), is_foreign, "{row:?}");
        let body = operator.inbox_body(&tenant, row.id).await.unwrap();
        assert!(!is_foreign || body.is_none(), "the body is dropped, the id is kept");
    }
    assert_eq!(rows.len(), 2);
    assert_eq!(counted(&metrics, "paybridge_events_total", "foreign"), 1);
    assert_eq!(app.receive(&foreign).await.0, 200);
    app.settle().await;
    assert_eq!(counted(&metrics, "paybridge_events_total", "foreign"), 1, "it came before");
}

#[tokio::test]
async fn r04_an_event_of_ours_without_a_payment_is_tried_for_a_day_then_parked_with_the_reason() {
    let place = Place::new();
    let app = place.start(&place.key);
    app.configure(json!({})).await;
    let mut lost = paid_unheard(&app).await;
    lost.0["data"]["object"]["id"] = json!("pi_lost");
    let nowhere = PaymentId::new(uuid::Uuid::from_u128(7)).to_string();
    lost.0["data"]["object"]["metadata"]["paymentId"] = json!(nowhere);
    app.receive(&lost).await;
    app.settle().await;
    app.advance(SignedDuration::from_hours(24)).await;
    let operator = place.operator();
    let row = operator.list_inbox(&everything(&app)).await.unwrap().rows.remove(0);
    assert!(matches!(row.state, InboxState::Due { .. }), "{row:?}");
    assert_eq!(row.note.as_deref(), Some("the payment is not known yet"));

    app.advance(LONG_ENOUGH).await;
    let row = operator.list_inbox(&everything(&app)).await.unwrap().rows.remove(0);
    assert!(matches!(row.state, InboxState::Parked { .. }), "{row:?}");
    assert!(row.note.unwrap().contains("names a payment of ours that is not in the database"));
    let body = operator.inbox_body(&TenantId::new(TENANT), row.id).await.unwrap();
    assert!(body.is_some(), "an operator can look at it and have it tried again");
}

/// One token of the operator stands for all tenants so far: without it nothing is taken.
#[tokio::test(start_paused = true)]
async fn r05_a_command_without_the_credential_moves_nothing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    for token in [None, Some("Bearer wrong"), Some("test-token")] {
        let path = "/message-channels/payment-commands";
        let mut command = request(Method::POST, path, whole(&order).to_string());
        command.headers_mut().remove("authorization");
        for (name, value) in [("name", Some("CapturePayment")), ("authorization", token)] {
            if let Some(value) = value {
                command.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(app.send(command).await.0, StatusCode::UNAUTHORIZED, "{token:?}");
    }
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.calls_made("POST", "/capture"), 0);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r05_a_tenant_reads_deletes_and_commands_its_own_only() {
    let app = TestApp::configured().await;
    app.configure_tenant(OTHER, json!({})).await;
    app.read_as(OTHER, "payment-method-commands").await;
    app.read_as(OTHER, "app-events").await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;

    let (theirs, _) = app.peek_as(OTHER, "payment-events", 10).await;
    assert_eq!(theirs, []);
    let (ours, _) = app.peek("payment-events", 10).await;
    let ids: Vec<&str> = ours.iter().map(|message| message.id.as_str()).collect();
    app.acknowledge_as(OTHER, "payment-events", &ids).await;
    app.entropy.advance(SignedDuration::from_secs(11));
    assert_eq!(app.peek("payment-events", 10).await.0, ours, "nothing of ours was deleted");

    let (status, _) = app.command_of(OTHER, "c-1", "CapturePayment", &whole(&order)).await;
    assert_eq!(status, 200);
    app.settle().await;
    app.advance(SignedDuration::from_mins(16)).await;
    assert_eq!(app.money(&transaction).captures, 0);
    let told = app.read_as(OTHER, "payment-events").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].name, "PaymentCaptureFailed", "the order is not one of theirs");
}

#[tokio::test(start_paused = true)]
async fn r05_an_account_is_claimed_with_its_own_key_only() {
    let app = TestApp::configured().await;
    let theirs = app.stripe_with("sk_test_other", Method::GET, "/v1/account", "").await;
    let claim = json!({"accountId": theirs["id"]});
    let (status, answer) = app.configure(claim.clone()).await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().starts_with("accountId"), "{answer}");
    let mut own = other_account();
    own["accountId"] = claim["accountId"].clone();
    assert_eq!(app.configure(own).await.0, 200);
}
