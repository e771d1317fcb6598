//! Whatever is sent to whatever path: an answer, never a broken one.

use crate::support::App;
use axum::body::Body;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;

const PATHS: [&str; 23] = [
    "/private/configure",
    "/configure",
    "/private/disconnect",
    "/private/initialize-payment",
    "/initialize-payment",
    "/private/pre-order-payment",
    "/confirm-pre-order-payment",
    "/private/cancel-pre-order-payment",
    "/customer",
    "/payments",
    "/private/payment-cancellations",
    "/payment-customers",
    "/message-channels/payment-commands",
    "/message-channels/payment-events",
    "/webhook/message-broker",
    "/webhooks",
    "/webhooks/test",
    "/app-payment",
    "/app-payment/redirect",
    "/app-payment/csp-report",
    "/health/ready",
    "/metrics",
    "/nothing",
];

const HEADERS: [&str; 12] = [
    "authorization",
    "content-type",
    "x-tenant-identifier",
    "x-store-reference",
    "consumer-id",
    "tenant-identifier",
    "transfer-name",
    "x-transfer-name",
    "timestamp",
    "correlation-id",
    "x-confirmation-status",
    "stripe-signature",
];

/// Often what the app expects, so that the request gets past the first checks.
fn header() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let value = prop_oneof![
        Just(b"Bearer test-token".to_vec()),
        Just(b"application/json".to_vec()),
        Just(b"application/x-www-form-urlencoded".to_vec()),
        Just(b"tenant-test-0001".to_vec()),
        Just(b"CapturePayment".to_vec()),
        Just(b"good".to_vec()),
        Just(b"true".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    (0..HEADERS.len(), value)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let order = r#"{"orderData":{"orderReference":"A","currencyCode":"EUR","grandTotal":100,"items":[{"idSalesOrderItem":1}]}}"#;
    let known = prop_oneof![
        Just(order.to_owned()),
        Just(crate::support::envelope(&crate::support::keys().to_string())),
        Just(
            r#"{"orderReference":"A","orderItemIds":[1],"currencyIsoCode":"EUR","amount":1}"#
                .to_owned()
        ),
        Just(r#"{"id":"evt_1","livemode":false}"#.to_owned()),
        Just(r#"{"messageIds":["a"]}"#.to_owned()),
        Just(
            r#"{"data":{"type":"payments","attributes":{"quote":{"currency":{"code":"EUR"}},"payment":{"amount":100}}}}"#
                .to_owned()
        ),
        Just(
            r#"{"orderReference":"A","orderData":{"currencyCode":"EUR","grandTotal":100,"items":[{"idSalesOrderItem":1}]},"preOrderPaymentData":{"transactionId":"pi_1"}}"#
                .to_owned()
        ),
        Just("orderData[orderReference]=A&orderData[items][0][sku]=b".to_owned()),
    ];
    // One byte of it another one.
    let mutated =
        (known, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, at, byte)| {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    prop_oneof![mutated, prop::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn anything_gets_an_answer(
        path in prop::sample::select(&PATHS),
        query in prop_oneof![
            Just(String::new()),
            Just("?tenantIdentifier=tenant-test-0001".to_owned()),
            Just("?tenantIdentifier=tenant-test-0001&transactionId=pi_1".to_owned()),
            "\\?[a-zA-Z0-9=&%+]{0,30}",
        ],
        method in prop::sample::select(&["GET", "POST", "DELETE", "PUT", "HEAD"]),
        expected in any::<bool>(),
        headers in prop::collection::vec(header(), 0..8),
        body in body(),
    ) {
        let uri = format!("{path}{query}");
        let mut request = Request::builder().method(method).uri(uri);
        if expected {
            request = request
                .header("authorization", "Bearer test-token")
                .header("content-type", "application/json")
                .header("x-tenant-identifier", "tenant-test-0001")
                .header("tenant-identifier", "tenant-test-0001")
                .header("transfer-name", "CapturePayment")
                .header("consumer-id", "tenant-test-0001")
                .header("stripe-signature", "good");
        }
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request = request.header(HeaderName::from_static(HEADERS[name]), value);
            }
        }
        let request = request.body(Body::from(body)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(async {
            let app = App::configured().await;
            app.call(request).await
        });
        prop_assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
        if ["/app-payment", "/app-payment/redirect"].contains(&path) {
            prop_assert!(method == "HEAD" || answer.body.ends_with("</html>"), "{}", answer.body);
        } else if answer.status.is_client_error() && method != "HEAD" {
            let body: Result<serde_json::Value, _> = serde_json::from_str(&answer.body);
            prop_assert!(body.is_ok(), "{} {}", answer.status, answer.body);
        }
    }
}
