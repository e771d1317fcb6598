//! Webhooks: cases 48 to 55, 60 and 61.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use payment::TenantId;
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind, WebhookMode, WebhookSettings};

use crate::support::*;

const OTHER: &str = "tenant-2";

/// No webhook is sent but those that a test sends itself.
pub fn by_hand(app: &TestApp) {
    let settings = WebhookSettings { mode: WebhookMode::Drop, ..WebhookSettings::default() };
    app.sandbox.set_webhooks(settings).unwrap();
}

pub async fn backlog(app: &TestApp) -> app::ports::Backlog {
    let store: &dyn app::Store = app.store.as_ref();
    store.backlog(app.now()).await.unwrap()
}

/// An order that was paid, of which the app has heard nothing yet.
pub async fn paid_in_silence(app: &TestApp) -> (Order, String) {
    by_hand(app);
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    app.read("payment-events").await;
    (order, transaction)
}

/// A counter as an operator reads it, summed over the labels that are not asked for.
pub fn counted(metrics: &PrometheusHandle, name: &str, label: &str) -> u64 {
    let text = metrics.render();
    let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test(start_paused = true)]
async fn c48_what_is_not_proven_is_refused_and_leaves_nothing() {
    let app = TestApp::configured().await;
    app.configure_tenant(OTHER, json!({})).await;
    let (order, _) = paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    let body = event.body();
    let secret = app.endpoint_secret().await;
    let others = app.endpoint_secret_of(OTHER).await;
    let now = app.now();
    let good = signature(&secret, now, &body);
    let (time, proof) = good.split_once(",v1=").unwrap();
    let old = signature(&secret, now - SignedDuration::from_secs(301), &body);
    let cases = [
        ("missing", None),
        ("empty", Some(String::new())),
        ("no signature", Some(time.to_owned())),
        ("no time", Some(format!("v1={proof}"))),
        ("nonsense", Some("good".to_owned())),
        ("another secret", Some(signature("whsec_wrong", now, &body))),
        ("another tenant's secret", Some(signature(&others, now, &body))),
        ("another body", Some(signature(&secret, now, &body.replace("18979", "18978")))),
        ("another time", Some(good.replacen("t=1", "t=2", 1))),
        ("another scheme", Some(good.replace("v1=", "v0="))),
        ("upper case", Some(format!("{time},v1={}", proof.to_uppercase()))),
        ("stale", Some(old)),
    ];
    for (case, signature) in &cases {
        let answer = app.receive_raw(TestApp::WEBHOOKS, signature.as_deref(), body.clone()).await;
        assert_eq!(answer.0, 400, "{case}: {}", answer.1);
        let message = answer.1["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("ignature"), "{case}: {message}");
        assert!(!message.contains(proof), "{case}: the right one is not told");
    }
    assert_eq!(backlog(&app).await.inbox_waiting, 0, "nothing is stored");
    app.settle().await;
    assert_eq!(app.status(&order).await, "new");

    // The refused ones do not stand in the way of the real one.
    assert_eq!(app.receive(&event).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c48_several_secrets_signatures_and_clocks_are_accepted() {
    let app = TestApp::new();
    let by_hand_secret = "whsec_made_by_hand";
    app.configure(json!({"webhookSecrets": ["whsec_rolled", by_hand_secret]})).await;
    let secret = app.endpoint_secret().await;
    let now = app.now();
    let event =
        |id: &str| Event::new(id, "payment_intent.created", json!({"object": "payment_intent"}));
    let tolerated = SignedDuration::from_secs(300);
    let (body, rolled) = (event("evt_3").body(), event("evt_4").body());
    let good = signature(&secret, now, &rolled);
    let several = good.replace(",v1=", &format!(",v1={},v0=00,v1=", "0".repeat(64)));
    let cases = [
        ("by hand", signature(by_hand_secret, now, &event("evt_1").body()), event("evt_1").body()),
        ("almost stale", signature(&secret, now - tolerated, &body), body.clone()),
        ("of a clock that is ahead", signature(&secret, now + tolerated * 2, &body), body),
        ("one of several", several, rolled),
    ];
    for (case, signature, body) in cases {
        let answer = app.receive_raw(TestApp::WEBHOOKS, Some(&signature), body).await;
        assert_eq!(answer, (StatusCode::OK, json!({"received": true})), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn c48_a_secret_that_was_taken_away_proves_nothing_from_then_on() {
    let app = TestApp::new();
    let receive = async |secret: &str, id: &str| {
        let object = json!({"object": "payment_intent"});
        let event = Event::new(id, "payment_intent.created", object);
        app.receive_at(TestApp::WEBHOOKS, secret, &event).await.0
    };
    app.configure(json!({"webhookSecrets": ["whsec_old", "whsec_new"]})).await;
    for id in ["evt_1", "evt_2", "evt_2"] {
        assert_eq!(receive("whsec_old", id).await, StatusCode::OK, "{id}");
    }
    app.configure(json!({"webhookSecrets": ["whsec_new"]})).await;
    assert_eq!(receive("whsec_old", "evt_3").await, StatusCode::BAD_REQUEST);
    for id in ["evt_4", "evt_5"] {
        assert_eq!(receive("whsec_new", id).await, StatusCode::OK, "{id}");
    }
    assert_eq!(backlog(&app).await.inbox_waiting, 4);
}

#[tokio::test(start_paused = true)]
async fn c49_a_disconnected_tenants_webhooks_are_refused() {
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    // Until the shop has read what it is told, events are still taken (R23).
    app.read("payment-events").await;
    app.read("payment-method-commands").await;

    let (status, answer) = app.receive(&event).await;
    assert_eq!(status, 403);
    assert_eq!(answer["errors"][0]["message"], "Tenant is disconnected.");
    assert_eq!(backlog(&app).await.inbox_waiting, 0);
    let (status, _) = app.receive_raw(TestApp::WEBHOOKS, None, event.body()).await;
    assert_eq!(status, 400, "who proves nothing learns nothing");

    app.configure(json!({})).await;
    assert_eq!(app.receive(&event).await.0, 200, "Stripe sends it again");
    app.settle().await;
    assert_eq!(app.status(&order).await, "authorized");
}

#[tokio::test(start_paused = true)]
async fn c50_what_is_no_event_is_refused_and_leaves_nothing() {
    let app = TestApp::configured().await;
    let secret = app.endpoint_secret().await;
    let bodies = [
        "",
        " ",
        "{",
        "[]",
        "null",
        "\"evt_1\"",
        "{}",
        "\u{0}",
        "id=evt_1&type=charge.succeeded",
        r#"{"id":"evt_1"}"#,
        r#"{"id":1,"type":"charge.succeeded","livemode":false,"data":{"object":{}}}"#,
        r#"{"id":"evt_1","type":"charge.succeeded","livemode":"no","data":{"object":{}}}"#,
        r#"{"id":"evt_1","type":"charge.succeeded","livemode":false,"data":[]}"#,
    ];
    for body in bodies {
        let signature = signature(&secret, app.now(), body);
        let answer = app.receive_raw(TestApp::WEBHOOKS, Some(&signature), body.to_owned()).await;
        assert_eq!(answer.0, 400, "{body}: {}", answer.1);
        assert!(answer.1["errors"][0]["message"].is_string(), "{body}: {}", answer.1);
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let proof = signature(&secret, app.now(), &deep);
    assert_eq!(app.receive_raw(TestApp::WEBHOOKS, Some(&proof), deep).await.0, 400);
    let large = " ".repeat(1024 * 1024 + 1);
    let proof = signature(&secret, app.now(), &large);
    assert_eq!(app.receive_raw(TestApp::WEBHOOKS, Some(&proof), large).await.0, 413);
    assert_eq!(backlog(&app).await, app::ports::Backlog::default());
}

#[tokio::test(start_paused = true)]
async fn c51_what_is_not_ours_is_taken_counted_and_ignored() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let ours = app.event("payment_intent.amount_capturable_updated").await;

    // Somebody else's intent on the same account: no metadata, other ids.
    let mut foreign = ours.clone();
    foreign.0["id"] = json!("evt_foreign");
    foreign.0["data"]["object"]["id"] = json!("pi_foreign");
    foreign.0["data"]["object"]["metadata"] = json!({});
    // Another installation of paybridge on the same account, with a tenant of the same name.
    let mut other_installation = ours.clone();
    other_installation.0["id"] = json!("evt_other_installation");
    let object = &mut other_installation.0["data"]["object"];
    object["id"] = json!("pi_other_installation");
    object["metadata"]["installationId"] = json!("0198c0de-cafe-7000-8000-000000000000");
    // A kind of event that nobody asked for, about nothing we know.
    let unknown = Event::new(
        "evt_unknown",
        "mandate.updated",
        json!({"object": "mandate", "id": "mandate_1"}),
    );
    let unreadable = Event::new(
        "evt_x",
        "payment_intent.succeeded",
        json!({"object": "payment_intent", "id": "pi_x", "amount": "much"}),
    );

    for event in [&foreign, &other_installation, &unknown, &unreadable] {
        assert_eq!(app.receive(event).await.0, 200, "{}", event.0["id"]);
    }
    app.settle().await;
    assert_eq!(app.status(&order).await, "new");
    assert_eq!(app.read("payment-events").await, []);
    assert_eq!(counted(&metrics, "paybridge_events_total", "foreign"), 4);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c52_c53_what_comes_late_or_again_changes_nothing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.read("payment-events").await;
    let history = app.payment(&order).await;

    for kind in
        ["payment_intent.amount_capturable_updated", "payment_intent.succeeded", "charge.succeeded"]
    {
        let mut event = app.event(kind).await;
        event.0["id"] = json!(format!("evt_again_{kind}"));
        let (status, answer) = app.receive(&event).await;
        assert_eq!(status, 200, "{kind}: {answer}");
        app.settle().await;
        assert_eq!(app.read("payment-events").await, [], "{kind}");
        assert_eq!(app.payment(&order).await, history, "{kind}");
    }
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c54_the_same_event_at_once_and_later_has_one_effect() {
    let app = TestApp::configured().await;
    paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    let (one, two) = tokio::join!(app.receive(&event), app.receive(&event));
    assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK));
    app.settle().await;
    for later in [1, 60, 24 * 35 - 1] {
        app.entropy.advance(SignedDuration::from_hours(later));
        assert_eq!(app.receive(&event).await.0, 200);
        app.settle().await;
    }
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c54_two_tenants_on_one_account_each_take_their_own() {
    let app = TestApp::configured().await;
    let (status, answer) = app.configure_tenant(OTHER, json!({})).await;
    assert_eq!(status, 200, "{answer}");
    let order = Order::new("DE--1");
    let (_, answer) = app.call_as(OTHER, "/private/initialize-payment", &order.request()).await;
    let others = answer["transactionId"].as_str().unwrap().to_owned();
    let transaction = app.authorized(&order).await;

    let endpoints = app.stripe(Method::GET, "/v1/webhook_endpoints", "").await;
    assert_eq!(endpoints["data"].as_array().unwrap().len(), 2, "each has an endpoint");
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    app.command("RefundPayment", &refund(&order, &[1001], 9_999)).await;
    app.settle().await;

    assert_eq!(
        app.results().await,
        [
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001] 9999",
        ]
    );
    let told = app.read_as(OTHER, "payment-events").await;
    assert!(told.iter().all(|message| !message.is_result()), "{told:?}");
    assert_eq!(app.money(&transaction).amount_refunded, 9_999);
    assert_eq!(app.money(&others).amount_capturable, 0);
}

#[tokio::test(start_paused = true)]
async fn c55_captured_before_authorized_is_told_in_order() {
    let app = TestApp::configured().await;
    let (order, transaction) = paid_in_silence(&app).await;
    let path = format!("/v1/payment_intents/{transaction}/capture");
    app.stripe(Method::POST, &path, "").await;
    let succeeded = app.event("payment_intent.succeeded").await;
    let authorized = app.event("payment_intent.amount_capturable_updated").await;

    assert_eq!(app.receive(&succeeded).await.0, 200);
    app.settle().await;
    let expected = ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"];
    assert_eq!(app.results().await, expected);
    assert_eq!(app.receive(&authorized).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.status(&order).await, "captured");
}

/// Stripe's answer was lost, the shopper paid, and the webhook is here before we know the name.
#[tokio::test(start_paused = true)]
async fn c54_an_event_that_comes_before_the_payments_reference_is_known() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    by_hand(&app);
    let lost = Fault::new(FaultKind::LoseAnswer).on("POST", "/v1/payment_intents");
    app.sandbox.inject(Fault { times: 3, ..lost }).unwrap();
    let (status, _) = app.call("/private/initialize-payment", &order.request()).await;
    assert_eq!(status, 400);
    assert_eq!(app.payment(&order).await.reference(), None);
    let transaction = app.sandbox.audit()[0].id.clone();
    app.pay(&transaction, "pm_card_visa").await;

    assert_eq!(
        app.receive(&app.event("payment_intent.amount_capturable_updated").await).await.0,
        200
    );
    app.settle().await;
    let told: Vec<String> =
        app.read("payment-events").await.into_iter().map(|message| message.name).collect();
    assert_eq!(told, ["PaymentCreated", "PaymentAuthorized", "PaymentUpdated"]);
    assert_eq!(app.initialize(&order).await, transaction);
    assert_eq!(app.sandbox.audit().len(), 1);
    app.advance(LONG_ENOUGH).await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c60_a_change_of_status_is_told_with_where_it_came_from() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;

    let told = app.read("payment-events").await;
    let changes: Vec<(Value, Value)> = told
        .iter()
        .filter(|message| message.name == "PaymentUpdated")
        .map(|message| {
            (message.details()["sourceStatus"].clone(), message.details()["targetStatus"].clone())
        })
        .collect();
    assert_eq!(
        changes,
        [(json!("new"), json!("authorized")), (json!("authorized"), json!("captured"))]
    );
    let last =
        told.iter().rev().find(|message| message.name == "PaymentUpdated").unwrap().details();
    assert_eq!(last["paymentMethod"], "card visa 4242");
    for status in ["new", "authorized", "captured"] {
        assert!(last[format!("External status \"{status}\"")].is_string(), "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn c61_an_event_of_the_other_mode_is_taken_and_ignored() {
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    let test_secret = app.endpoint_secret().await;
    let live = json!({
        "secretKey": "sk_live_shop", "publishableKey": "pk_live_shop", "environment": "live",
    });
    let (status, answer) = app.configure(live).await;
    assert_eq!(status, 200, "{answer}");
    let live_secret = app.endpoint_secret().await;
    assert_ne!(test_secret, live_secret);
    let live_path = "/webhooks?tenantIdentifier=tenant-test-0001";

    let ignored = [
        ("test event, live endpoint", live_path, &live_secret, event.clone()),
        ("live event, test endpoint", TestApp::WEBHOOKS, &test_secret, event.clone().live()),
        ("live event at the test path", TestApp::WEBHOOKS, &live_secret, event.clone().live()),
        ("test event at the live path", live_path, &test_secret, event.clone()),
    ];
    for (case, path, secret, event) in ignored {
        let (status, answer) = app.receive_at(path, secret, &event).await;
        assert_eq!(status, 200, "{case}: {answer}");
        assert_eq!(backlog(&app).await.inbox_waiting, 0, "{case}");
    }
    let (status, _) = app.receive_at(live_path, &test_secret, &event.clone().live()).await;
    assert_eq!(status, 400, "who may make test events may not make live ones");
    app.settle().await;
    assert_eq!(app.status(&order).await, "new");
}

/// An endpoint that somebody made by hand: its address names no tenant, its secret is configured.
#[tokio::test(start_paused = true)]
async fn c51_an_endpoint_made_by_hand_needs_no_tenant_in_its_address() {
    let app = TestApp::new();
    let (secret, others) = ("whsec_by_hand", "whsec_of_the_other");
    app.configure(json!({"webhookSecrets": [secret]})).await;
    app.configure_tenant(OTHER, json!({"webhookSecrets": [others]})).await;
    let (order, transaction) = paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    let (status, _) = app.receive_at("/webhooks/test", others, &event).await;
    assert_eq!(status, 400, "its metadata names the tenant, so that one's secret has to fit");
    assert_eq!(app.receive_at("/webhooks/test", secret, &event).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);

    // A refund carries no metadata of ours when it was made in the dashboard; its intent is known.
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    app.stripe(Method::POST, "/v1/refunds", &format!("payment_intent={transaction}")).await;
    let refund = app.event("refund.created").await;
    assert_eq!(app.receive_at("/webhooks/test", secret, &refund).await.0, 200);
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001,1002] 18979"]
    );
    assert_eq!(app.status(&order).await, "refunded");
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_of_a_webhook_opens_no_payment() {
    let app = TestApp::configured().await;
    by_hand(&app);
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_threeDSecure2Required").await;
    let secret = app.intent(&transaction).await["client_secret"].as_str().unwrap().to_owned();
    let mut carried = 0;
    for event in app.events().await {
        carried += usize::from(event.body().contains(&secret));
        assert_eq!(app.receive(&event).await.0, 200, "{}", event.kind());
    }
    assert!(carried > 0, "Stripe sends the client secret along");

    let store: &dyn app::Store = app.store.as_ref();
    let until = app.now() + SignedDuration::from_secs(60);
    let lease = app::ports::Lease { worker: "test".into(), now: app.now(), until, limit: 100 };
    let claims = store.claim_inbox(&lease).await.unwrap();
    assert!(!claims.is_empty());
    for claim in claims {
        let stored = String::from_utf8(claim.item.body).unwrap();
        assert!(!stored.contains("client_secret") && !stored.contains(&secret), "{stored}");
    }
    let tenant = TenantId::new(TENANT);
    let credentials = store.all_credentials(&tenant).await.unwrap();
    assert!(!format!("{credentials:?}").contains(SECRET_KEY), "nor does a log of ours");
}
