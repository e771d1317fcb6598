//! Every endpoint's errors: the status, the format of the contract, the field named.

use crate::support::{
    App, configure, envelope, get, keys, post, recorded, request, webhook, with, without,
};
use std::io::{Read, Write};

use axum::body::Body;
use http::Request;
use web::BODY_MAX;

/// The answers to named requests, as a table to read.
async fn answers(app: &App, cases: Vec<(&str, Request<Body>)>) -> String {
    let mut table = String::new();
    for (name, request) in cases {
        let call = format!("{} {}", request.method(), request.uri());
        let answer = app.call(request).await;
        table.push_str(&format!("{name}\n  {call}\n  {}\n\n", answer.shown()));
    }
    table
}

fn too_large() -> Vec<u8> {
    vec![b' '; BODY_MAX + 1]
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn nobody_passes_without_the_token() {
    let app = App::configured().await;
    let guarded = [
        post("/configure", ""),
        post("/private/disconnect", ""),
        post("/private/initialize-payment", ""),
        post("/message-channels/payment-commands", ""),
        get("/message-channels/payment-events"),
        request("DELETE", "/message-channels/payment-events", "application/json", ""),
        post("/webhook/message-broker", ""),
    ];
    let mut cases = Vec::new();
    for request in guarded {
        cases.push(("no token", without(request, "authorization")));
    }
    let bad = post("/private/initialize-payment", "");
    cases.push(("another token", with(bad, "authorization", "Bearer test-token2")));
    insta::assert_snapshot!(answers(&app, cases).await);
}

#[tokio::test]
async fn configure_names_what_is_wrong() {
    let app = App::new();
    let path = "/private/configure";
    let wrong = r##"{"secret_key":"sk_live_hidden","webhookSecrets":{"a":"whsec_hidden"}}"##;
    let mixed =
        r##"{"secretKey":"sk_test_1","publishableKey":"pk_live_1","payButtonColor":"red"}"##;
    let cases = vec![
        ("no tenant", without(configure(&keys()), "x-tenant-identifier")),
        ("no JSON", post(path, "{")),
        ("empty", post(path, "")),
        ("a list", post(path, "[]")),
        (
            "another type",
            post(path, r#"{"data":{"type":"x","attributes":{"configuration":"{}"}}}"#),
        ),
        (
            "one key too many",
            post(
                path,
                r#"{"data":{"type":"configuration","attributes":{"configuration":"{}","x":1}}}"#,
            ),
        ),
        ("the configuration is no text of JSON", post(path, envelope("nothing"))),
        ("unknown keys and wrong types", post(path, envelope(wrong))),
        ("values that do not fit", post(path, envelope(mixed))),
        (
            "keys that the provider refuses",
            configure(
                &serde_json::json!({"secretKey": "sk_test_refused", "publishableKey": "pk_test_1"}),
            ),
        ),
        (
            "the provider is not reached",
            configure(
                &serde_json::json!({"secretKey": "sk_test_unreachable", "publishableKey": "pk_test_1"}),
            ),
        ),
        ("a form", request("POST", path, FORM, "a=b")),
        ("too large", post(path, too_large())),
        ("wrong method", get(path)),
    ];
    let table = answers(&app, cases).await;
    assert!(!table.contains("hidden"), "a secret came back");
    insta::assert_snapshot!(table);
    let tenant = app.store.tenant(&payment::TenantId::new(crate::support::TENANT)).await;
    assert!(tenant.is_ok_and(|tenant| tenant.is_none()), "nothing is saved");
}

#[tokio::test]
async fn disconnect_asks_before_it_loses_payments() {
    let app = App::configured().await;
    let path = "/private/disconnect";
    app.call(recorded("requests/initialize_payment_guest", None)).await;
    let cases = vec![
        ("no tenant", without(post(path, ""), "x-tenant-identifier")),
        ("unknown tenant", with(post(path, ""), "x-tenant-identifier", "nobody")),
        ("open payments", post(path, "")),
        ("not confirmed", with(post(path, ""), "x-confirmation-status", "false")),
        ("something else than true", with(post(path, ""), "x-confirmation-status", "maybe")),
        ("too large", post(path, too_large())),
        ("wrong method", request("PUT", path, "application/json", "")),
        ("confirmed", with(post(path, ""), "x-confirmation-status", "true")),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
}

#[tokio::test]
async fn initialize_names_what_is_wrong() {
    let app = App::configured().await;
    let path = "/private/initialize-payment";
    let order = |order: &str| post(path, format!(r#"{{"orderData":{order}}}"#));
    let cases = vec![
        ("no tenant", without(post(path, "{}"), "x-tenant-identifier")),
        (
            "unknown tenant",
            with(
                recorded("requests/initialize_payment_guest", None),
                "x-tenant-identifier",
                "nobody",
            ),
        ),
        ("no JSON", post(path, "{\"orderData\":")),
        ("empty", post(path, "")),
        ("a list", post(path, "[]")),
        ("no order data", post(path, "{}")),
        ("no order reference", order("[]")),
        ("a total that is no number", order(r#"{"grandTotal":"99.90"}"#)),
        ("an item that is none", order(r#"{"items":[{"quantity":{}}]}"#)),
        ("no currency", order(r#"{"orderReference":"DE--9"}"#)),
        (
            "an unknown currency",
            order(r#"{"orderReference":"DE--9","currencyCode":"XXQ","grandTotal":1}"#),
        ),
        ("no items", order(r#"{"orderReference":"DE--9","currencyCode":"EUR","grandTotal":100}"#)),
        (
            "below the minimum",
            order(
                r#"{"orderReference":"DE--9","currencyCode":"EUR","grandTotal":1,"items":[{"idSalesOrderItem":1}]}"#,
            ),
        ),
        (
            "a redirect to nowhere safe",
            post(
                path,
                r#"{"orderData":{"orderReference":"DE--9","currencyCode":"EUR","grandTotal":100,"items":[{"idSalesOrderItem":1}]},"redirectSuccessUrl":"javascript:alert(1)"}"#,
            ),
        ),
        ("a form whose brackets do not match", request("POST", path, FORM, "orderData[a=1")),
        ("a form without order data", request("POST", path, FORM, "a=b")),
        (
            "a form with a wrong number",
            request("POST", path, FORM, "orderData[items][0][quantity]=two"),
        ),
        ("another content type", request("POST", path, "text/plain", "{}")),
        ("no content type", without(post(path, "{}"), "content-type")),
        ("too large", post(path, too_large())),
        ("wrong method", get(path)),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
    assert_eq!(app.psp.made(), 0, "nothing was made");
}

#[tokio::test]
async fn carts_name_what_is_wrong() {
    let app = App::configured().await;
    let order = r#""orderReference":"DE--9","orderData":{"currencyCode":"EUR","grandTotal":100,"items":[{"idSalesOrderItem":1}]}"#;
    let confirm = "/private/confirm-pre-order-payment";
    let unknown = r#""preOrderPaymentData":{"transactionId":"pi_0"}"#;
    let mut cases = vec![
        ("no order data", post("/private/pre-order-payment", "{}")),
        ("no currency", post("/private/pre-order-payment", r#"{"orderData":{}}"#)),
        ("no order data", post(confirm, "{}")),
        ("no order", post(confirm, r#"{"orderData":{}}"#)),
        (
            "two orders",
            post(confirm, r#"{"orderReference":"A","orderData":{"orderReference":"B"}}"#),
        ),
        ("no transaction", post(confirm, format!("{{{order}}}"))),
        ("an unknown transaction", post(confirm, format!("{{{order},{unknown}}}"))),
        ("no transaction", post("/private/cancel-pre-order-payment", "{}")),
        (
            "an unknown transaction",
            post("/private/cancel-pre-order-payment", format!("{{{unknown}}}")),
        ),
        ("nobody", post("/private/customer", "{}")),
        (
            "an unknown transaction",
            post(
                "/private/customer",
                r#"{"customerPaymentServiceProviderData":{"transactionId":"pi_0"}}"#,
            ),
        ),
    ];
    for path in [
        "/pre-order-payment",
        "/private/confirm-pre-order-payment",
        "/cancel-pre-order-payment",
        "/private/customer",
        "/payments",
        "/payment-cancellations",
        "/private/payment-customers",
    ] {
        cases.push(("no token", without(post(path, "{}"), "authorization")));
        cases.push(("no tenant", without(post(path, "{}"), "x-tenant-identifier")));
        cases.push(("no JSON", post(path, "{")));
        cases.push(("another content type", request("POST", path, "text/plain", "{}")));
        cases.push(("wrong method", get(path)));
    }
    insta::assert_snapshot!(answers(&app, cases).await);
    assert_eq!(app.psp.made(), 0, "nothing was made");
}

#[tokio::test]
async fn commands_and_channels_name_what_is_wrong() {
    let app = App::configured().await;
    let path = "/message-channels/payment-commands";
    let command = |body: &str| {
        let request = with(post(path, body.to_owned()), "transfer-name", "CapturePayment");
        with(request, "tenant-identifier", crate::support::TENANT)
    };
    let events = "/message-channels/payment-events";
    let delete = |body: &str| request("DELETE", events, "application/json", body.to_owned());
    let cases = vec![
        ("no name", with(post(path, "{}"), "tenant-identifier", crate::support::TENANT)),
        ("not a command", with(command("{}"), "transfer-name", "PaymentCaptured")),
        ("no tenant", without(command("{}"), "tenant-identifier")),
        ("no JSON", command("{")),
        ("no order", command("{}")),
        ("no items", command(r#"{"orderReference":"DE--1"}"#)),
        (
            "unknown tenant",
            with(
                recorded("messages_in/capture_payment_full_http_channel", Some(path)),
                "tenant-identifier",
                "nobody",
            ),
        ),
        ("too large", command(&" ".repeat(BODY_MAX + 1))),
        ("a channel of the app", post(events, "{}")),
        ("no such channel", post("/message-channels/payments", "{}")),
        ("no such channel to read", get("/message-channels/payments")),
        ("a path that is no text", get("/message-channels/%ff")),
        ("no consumer", without(get(events), "consumer-id")),
        ("a wrong limit", get("/message-channels/payment-events?limit=many")),
        ("nothing to delete", delete("")),
        ("no ids", delete("{}")),
        ("ids that are no list", delete(r#"{"messageIds":"m-1"}"#)),
        ("too many ids", delete(&format!(r#"{{"messageIds":[{}"a"]}}"#, r#""a","#.repeat(1000)))),
        ("wrong method", request("PUT", path, "application/json", "")),
        (
            "pushed without its name",
            with(
                post("/webhook/message-broker", "{}"),
                "x-tenant-identifier",
                crate::support::TENANT,
            ),
        ),
        ("pushed with the wrong method", get("/webhook/message-broker")),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
    assert_eq!(app.woken(), 0, "nothing is in the inbox");
}

#[tokio::test]
async fn webhooks_that_prove_nothing_are_refused() {
    let app = App::configured().await;
    let path = "/webhooks/test?tenantIdentifier=tenant-test-0001";
    let bodied = |body: &'static str| with(post(path, body), "stripe-signature", "good");
    let cases = vec![
        ("no signature", without(webhook(path, "evt_1"), "stripe-signature")),
        ("a wrong one", with(webhook(path, "evt_1"), "stripe-signature", "bad")),
        ("an old one", with(webhook(path, "evt_1"), "stripe-signature", "old")),
        ("empty", bodied("")),
        ("no JSON", bodied("{")),
        ("no event", bodied("{}")),
        ("unknown tenant", webhook("/webhooks/test?tenantIdentifier=nobody", "evt_1")),
        ("no tenant", webhook("/webhooks/test", "evt_1")),
        ("too large", with(post(path, too_large()), "stripe-signature", "good")),
        ("wrong method", get("/webhooks/test")),
        ("wrong method", get("/webhooks")),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
    assert_eq!(app.woken(), 0, "nothing is in the inbox");
}

#[tokio::test]
async fn c74_a_disconnected_tenant_is_told_so() {
    let app = App::configured().await;
    app.read_all().await;
    assert_eq!(app.call(post("/private/disconnect", "")).await.status, 204);
    app.read_all().await;
    let cases = vec![
        ("initialize", recorded("requests/initialize_payment_guest", None)),
        ("c49 a webhook", webhook("/webhooks/test?tenantIdentifier=tenant-test-0001", "evt_1")),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
}

#[tokio::test]
async fn what_is_not_there_is_told_in_json() {
    let app = App::new();
    let cases = vec![
        ("nothing", get("/")),
        ("nothing private", get("/private/nothing")),
        ("a slash too many", post("/private/initialize-payment/", "{}")),
        ("no such method", request("BREW", "/health/live", "text/plain", "")),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
}

#[tokio::test]
async fn without_a_database_everybody_is_asked_to_come_again() {
    let app = App::without_database();
    let channel = Some("/message-channels/payment-commands");
    let delete = request(
        "DELETE",
        "/message-channels/app-events",
        "application/json",
        r#"{"messageIds":[]}"#,
    );
    let cases = vec![
        ("configure", configure(&keys())),
        ("disconnect", post("/private/disconnect", "")),
        ("initialize", recorded("requests/initialize_payment_guest", None)),
        ("command", recorded("messages_in/capture_payment_full_http_channel", channel)),
        ("push", recorded("messages_in/capture_payment_full_plain_http", None)),
        ("read", get("/message-channels/app-events")),
        ("delete", delete),
        ("webhook", webhook("/webhooks/test?tenantIdentifier=tenant-test-0001", "evt_1")),
        ("ready", get("/health/ready")),
    ];
    let table = answers(&app, cases).await;
    assert!(!table.contains("secret/path"), "what is inside stays inside");
    insta::assert_snapshot!(table);
    assert_eq!(app.call(get("/health/live")).await.status, 200);
    assert_eq!(app.woken(), 0);
}

#[tokio::test]
async fn a_bug_is_answered_in_the_format_of_its_endpoint() {
    let app = App::new();
    let broken = serde_json::json!({"secretKey": "sk_test_panic", "publishableKey": "pk_test_1"});
    insta::assert_snapshot!(answers(&app, vec![("a panic", configure(&broken))]).await);
    assert_eq!(app.call(get("/health/live")).await.status, 200, "the others are served");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let app = App::new();
    let hanging = serde_json::json!({"secretKey": "sk_test_hang", "publishableKey": "pk_test_1"});
    let never = Body::from_stream(Never);
    let cases = vec![
        ("the provider hangs", configure(&hanging)),
        ("the body never comes", post("/private/configure", never)),
    ];
    insta::assert_snapshot!(answers(&app, cases).await);
}

/// Over a real socket: a client that is still sending does not see an answer that came too early.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_too_much_sees_why() {
    let app = App::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app.router).await });
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = vec![b' '; 8 * BODY_MAX];
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("larger than 1048576 bytes"), "{answer}");
}

/// A body whose first byte never arrives.
struct Never;

impl futures_core::Stream for Never {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
