//! What the shop, the app catalog and the provider call, when all is well.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::support::{
    App, configure, get, keys, log, post, recorded, request, webhook, with, without,
};
use app::Entropy;
use app::limits::WORKER_SILENCE_MAX;
use app::link::Link;
use app::ports::{PspError, Refusal};
use app::process::Role;
use axum::body::Body;
use http::Request;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use protocol::configure::KEYS;
use serde_json::{Value, json};

const COMMANDS: Option<&str> = Some("/message-channels/payment-commands");

#[tokio::test]
async fn the_configuration_comes_back_with_its_secrets_masked() {
    let app = App::new();
    let mut all = keys();
    all["webhookSecrets"] = json!(["whsec_0123456789abcdef"]);
    all["paymentPageTitle"] = json!("Shop");
    all["payButtonColor"] = json!("#1b7a43");
    let answer = app.call(configure(&all)).await;
    assert_eq!(answer.status, 200);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r##"
    {
      "configuration": {
        "accountId": "acct_1",
        "brandFavicon": null,
        "businessModel": "direct",
        "customerTokenKeys": [],
        "environment": "test",
        "onboardingLanguage": "en",
        "onboardingLinks": [],
        "payButtonColor": "#1b7a43",
        "paymentMethods": [
          "Stripe"
        ],
        "paymentPageTitle": "Shop",
        "publishableKey": "pk_test_0123456789abcdef",
        "secretKey": "sk_test_…cdef",
        "sharedCommandChannel": false,
        "shopOrigins": [],
        "statementDescriptorSuffix": null,
        "webhookSecrets": [
          "whsec_…cdef"
        ]
      },
      "tenantIdentifier": "tenant-test-0001"
    }
    "##);

    let mut known = KEYS.to_vec();
    known.sort_unstable();
    let shown = answer.json()["configuration"].as_object().unwrap().clone();
    assert_eq!(shown.keys().collect::<Vec<_>>(), known);

    let json_api = with(configure(&json!({})), "content-type", "application/vnd.api+json");
    let merged = app.call(json_api).await.json();
    assert_eq!(merged["configuration"]["paymentPageTitle"], "Shop", "c67: old keys are kept");
}

#[tokio::test]
async fn every_recorded_initialize_call_is_taken_as_it_is() {
    let files = [
        ("initialize_payment_guest", "pi_1"),
        ("initialize_payment_guest_legacy", "pi_1"),
        ("initialize_payment_old_endpoint", "pi_1"),
        ("initialize_payment_odd_characters_legacy", "pi_2"),
    ];
    let app = App::configured().await;
    for (file, payment) in files {
        let answer = app.call(recorded(&format!("requests/{file}"), None)).await;
        assert_eq!(answer.status, 200, "{file}: {}", answer.body);
        let expected = json!({
            "isSuccessful": true,
            "redirectUrl": format!(
                "https://pay.example.test/app-payment?transactionId={payment}&tenantIdentifier=tenant-test-0001"
            ),
            "transactionId": payment,
            "message": null,
            "preOrderPaymentData": null,
        });
        assert_eq!(answer.json(), expected, "{file}");
    }
    assert_eq!(app.psp.made(), 2, "c11: the same order is the same payment");
}

#[tokio::test]
async fn old_shops_name_themselves_by_their_store() {
    let app = App::configured().await;
    let request = recorded("requests/initialize_payment_guest_legacy", None);
    let answer = app.call(without(request, "x-tenant-identifier")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn c05_c06_c07_the_providers_no_has_its_status() {
    let refusal = |code: Option<&str>| {
        let code = code.map(str::to_owned);
        let message = "Amount must be at least 50 cents".to_owned();
        PspError::Refused(Box::new(Refusal { code, message, ..Refusal::default() }))
    };
    let cases = [
        ("c05", PspError::NotSent("connection refused".to_owned()), 400),
        ("c06", refusal(Some("amount_too_small")), 422),
        ("c07", refusal(None), 400),
    ];
    for (case, error, status) in cases {
        let app = App::configured().await;
        *app.psp.refuse_next.lock().unwrap() = Some(error);
        let answer = app.call(recorded("requests/initialize_payment_guest", None)).await;
        assert_eq!(answer.status, status, "{case}: {}", answer.body);
        assert!(answer.json()[0]["message"].is_string(), "{case}: {}", answer.body);
    }
}

#[tokio::test]
async fn every_recorded_command_is_kept_and_wakes_the_worker() {
    let app = App::configured().await;
    let requests = [
        recorded("messages_in/capture_payment_full_http_channel", COMMANDS),
        recorded("messages_in/capture_payment_partial_first_http_channel", COMMANDS),
        recorded("messages_in/capture_payment_partial_second_http_channel", COMMANDS),
        recorded("messages_in/cancel_payment_http_channel", COMMANDS),
        recorded("messages_in/refund_payment_partial_http_channel", COMMANDS),
        recorded("messages_in/capture_payment_full_plain_http", None),
        recorded("messages_in/refund_payment_partial_plain_http", None),
    ];
    let count = requests.len();
    for request in requests {
        let answer = app.call(request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.json()["MessageId"].is_string(), "{}", answer.body);
    }
    assert_eq!(app.woken(), count);
    assert_eq!(waiting(&app).await, 7);
}

#[tokio::test]
async fn c45_a_command_sent_twice_is_one() {
    let app = App::configured().await;
    for _ in 0..2 {
        let request = recorded("messages_in/capture_payment_full_http_channel", COMMANDS);
        assert_eq!(app.call(request).await.status, 200);
    }
    assert_eq!(waiting(&app).await, 1);
}

#[tokio::test]
async fn c54_an_event_is_kept_once_and_each_path_takes_its_own_mode() {
    let app = App::configured().await;
    let path = "/webhooks/test?tenantIdentifier=tenant-test-0001";
    for _ in 0..2 {
        assert_eq!(app.call(webhook(path, "evt_1")).await.status, 200);
    }
    assert_eq!(waiting(&app).await, 1);

    let live_event = webhook("/webhooks?tenantIdentifier=tenant-test-0001", "evt_2");
    let (mut parts, body) = live_event.into_parts();
    parts.uri = path.parse().unwrap();
    let answer = app.call(Request::from_parts(parts, body)).await;
    assert_eq!(answer.status, 200, "c61: {}", answer.body);
    assert_eq!(waiting(&app).await, 1, "c61: ignored");
}

async fn waiting(app: &App) -> u64 {
    use app::Entropy;
    app.store.backlog(app.entropy.now()).await.unwrap().inbox_waiting
}

#[tokio::test]
async fn a_channel_is_read_in_order_and_empty_once_deleted() {
    let app = App::configured().await;
    let path = "/message-channels/payment-method-commands";
    let read = app.call(get(&format!("{path}?limit=100"))).await;
    assert_eq!(read.status, 200);
    let messages = read.json();
    let message = &messages[0];
    assert_eq!(messages.as_array().unwrap().len(), 1, "{messages}");
    assert_eq!(message["MessageAttributes"]["name"], "AddPaymentMethod");
    let body: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(body["paymentMethodAppConfiguration"]["endpoints"].as_array().unwrap().len(), 6);

    let ids = json!({"messageIds": [message["MessageId"], "unknown", "unknown"]}).to_string();
    let delete = |tenant: &str| {
        let request = request("DELETE", path, "application/json", ids.clone());
        with(request, "consumer-id", tenant)
    };
    let nobody = app.call(delete("another-tenant")).await;
    assert_eq!((nobody.status.as_u16(), nobody.body.as_str()), (200, "{}"));
    app.entropy.advance(app::limits::CHANNEL_HIDE);
    assert_eq!(app.call(get(path)).await.json(), messages, "another tenant deletes nothing here");

    for _ in 0..2 {
        let own = app.call(delete(crate::support::TENANT)).await;
        assert_eq!((own.status.as_u16(), own.body.as_str()), (200, "{}"));
    }
    app.entropy.advance(app::limits::CHANNEL_HIDE);
    assert_eq!(app.call(get(path)).await.body, "[]");
}

#[tokio::test]
async fn the_recorded_poll_and_acknowledgement_are_taken_as_they_are() {
    let app = App::configured().await;
    let poll = "/message-channels/payment-events?limit=100";
    let read = app.call(recorded("requests/channel_poll_get", Some(poll))).await;
    assert_eq!((read.status.as_u16(), read.body.as_str()), (200, "[]"));
    let path = "/message-channels/payment-events";
    let deleted = app.call(recorded("requests/channel_ack_delete", Some(path))).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (200, "{}"));
}

#[tokio::test]
async fn c72_a_tenant_without_payments_is_disconnected() {
    let app = App::configured().await;
    app.read_all().await;
    let answer = app.call(post("/disconnect", "")).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
}

#[tokio::test]
async fn health_and_metrics_need_no_token() {
    let app = App::new();
    let open = |path: &str| without(get(path), "authorization");
    assert_eq!(app.call(open("/health/live")).await.body, r#"{"status":"ok"}"#);
    let ready =
        r#"{"brokers":[],"role":"all","status":"ok","stripe":{"accounts_not_answering":0}}"#;
    assert_eq!(app.call(open("/health/ready")).await.body, ready);
    let metrics = app.call(open("/metrics")).await;
    assert_eq!(metrics.body, "paybridge_up 1\n");
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
}

/// It still answers: whoever sends it requests shall stop doing so before it is gone.
#[tokio::test]
async fn a_process_that_is_stopping_is_not_ready_and_parts_from_its_clients() {
    let app = App::new();
    let answer = app.call(get("/health/ready")).await;
    assert_eq!((answer.status.as_u16(), answer.headers.get("connection")), (200, None));
    app.process().stop();
    let answer = app.call(get("/health/ready")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("asked to stop; send requests to another"), "{}", answer.body);
    let answer = app.call(get("/message-channels/payment-events")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["connection"]),
        (200, &"close".parse().unwrap())
    );
    assert_eq!(app.call(get("/health/live")).await.status, 200);
}

#[tokio::test]
async fn a_worker_that_is_stuck_is_not_ready() {
    let app = App::new();
    app.process().worker_came_round(app.entropy.now());
    assert_eq!(app.call(get("/health/ready")).await.status, 200);
    app.entropy.advance(WORKER_SILENCE_MAX + SignedDuration::from_secs(1));
    let answer = app.call(get("/health/ready")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("has not come round for 301 seconds"), "{}", answer.body);
}

/// Whoever asks for a payment is not turned away because a broker is gone: what would be told waits.
#[tokio::test]
async fn a_broker_that_is_gone_is_told_and_makes_a_worker_alone_unready() {
    let link = Arc::new(Link::new("rabbitmq", "look at it"));
    let all = App::linked(Role::All, link.clone());
    let worker = App::linked(Role::Worker, link.clone());
    let ready = async |app: &App| {
        let answer = app.call(get("/health/ready")).await;
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(ready(&worker).await.0, 503, "it is not connected yet");
    link.up(all.entropy.now());
    insta::assert_snapshot!(ready(&worker).await.1);
    link.down(all.entropy.now(), "connection refused");
    let (status, body) = ready(&all).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(body);
    let (status, body) = ready(&worker).await;
    assert_eq!(status, 503);
    assert!(body.contains("rabbitmq is gone") && body.contains("connection refused"), "{body}");
}

/// Whoever watches reads it; whoever balances goes on sending requests.
#[tokio::test]
async fn stripe_not_answering_is_told_and_makes_nothing_unready() {
    let app = App::new();
    app.psp.silent.store(2, Ordering::SeqCst);
    let answer = app.call(get("/health/ready")).await;
    let told =
        r#"{"brokers":[],"role":"all","status":"degraded","stripe":{"accounts_not_answering":2}}"#;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, told));
}

#[tokio::test]
async fn a_worker_answers_nobody_but_those_who_watch_it() {
    let app = App::of_role(Role::Worker);
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(app.call(get(path)).await.status, 200, "{path}");
    }
    let answer = app.call(get("/health/ready")).await;
    assert!(answer.body.contains(r#""role":"worker","status":"ok""#), "{}", answer.body);
    for request in [configure(&keys()), get("/message-channels/payment-events"), get("/docs")] {
        assert_eq!(app.call(request).await.status, 404);
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_address() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let app = App::new();
    app.call(get("/message-channels/payment-events?limit=1")).await;
    app.call(get("/message-channels/app-events")).await;
    app.call(get("/some/address")).await;
    app.call(request("BREW", "/health/live", "text/plain", "")).await;
    let text = handle.render();
    let mut lines: Vec<_> =
        text.lines().filter(|line| line.starts_with("paybridge_http_requests_total{")).collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    paybridge_http_requests_total{method="GET",path="(none)",status="404"} 1
    paybridge_http_requests_total{method="GET",path="/message-channels/{channel}",status="200"} 2
    paybridge_http_requests_total{method="other",path="/health/live",status="405"} 1
    "#);
}

#[tokio::test]
async fn every_line_of_a_request_carries_its_trace() {
    let app = App::new();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = |parent: &str| with(get("/metrics"), "traceparent", parent);
    for (parent, is_taken) in [
        (format!("00-{trace}-00f067aa0ba902b7-01"), true),
        (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
        ("00-4bf92f-00f067aa0ba902b7-01".to_owned(), false),
        (format!("00-{trace}-0000000000000000-01"), false),
        (format!("00-{trace}-00f067aa0ba902b7-01-more"), false),
        (format!("ff-{trace}-00f067aa0ba902b7-01"), false),
        (format!("01-{trace}-00f067aa0ba902b7-01-more"), true),
        ("whatever somebody likes".to_owned(), false),
    ] {
        log::clear();
        app.call(traced(&parent)).await;
        let text = log::lines();
        assert_eq!(text.contains(trace), is_taken, "{parent}: {text}");
        assert!(text.contains("request{number=") && !text.contains("somebody"), "{text}");
    }
}

#[tokio::test]
async fn the_log_line_says_who_called_what_and_holds_no_secret() {
    let app = App::configured().await;
    log::clear();
    app.call(recorded("requests/initialize_payment_guest", None)).await;
    app.call(webhook("/webhooks/test?tenantIdentifier=tenant-test-0001&secret=hidden", "evt_1"))
        .await;
    app.call(with(get("/metrics"), "authorization", "Bearer hidden")).await;

    let text = log::lines();
    let line = text.lines().find(|line| line.contains("initialize-payment")).unwrap();
    for part in ["method=\"POST\"", "tenant=\"tenant-test-0001\"", "status=200", "latency_ms="] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for secret in ["hidden", crate::support::TOKEN, "sk_test", "ada@example.test"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_body_of_the_largest_size_is_read() {
    let app = App::configured().await;
    let mut body = br#"{"orderData":{"orderReference":""}}"#.to_vec();
    body.resize(web::BODY_MAX, b' ');
    let answer = app.call(post("/private/initialize-payment", Body::from(body))).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("orderData.currencyCode"), "{}", answer.body);
}
