//! One tenant's valid token with another's ids, at every endpoint and with every command: nothing
//! of the other changes, and nothing of it shows. An endpoint without a row here fails.

use axum::body::Body;
use http::{Method, Request};
use payment::Mode;
use serde_json::{Value, json};
use web::Access;

use crate::support::{
    Event, LONG_ENOUGH, Order, PUBLISHABLE_KEY, SECRET_KEY, Signer, TENANT, TestApp, as_browser,
    cancel, capture, refund, signature,
};

/// The tenant that tries, and its signing secret.
const INTRUDER: &str = "tenant-2";
const INTRUDER_SECRET: &str = "whsec_of_the_intruder";
/// Where its customers call from.
const INTRUDER_ORIGIN: &str = "https://intruder.example";
/// The other one's order.
const ORDER: &str = "DE--1";

/// The other tenant with an order whose money is held, and messages that it has not read.
struct Site {
    app: TestApp,
    order: Order,
    transaction: String,
    messages: Vec<String>,
    /// What nobody but the other tenant and its shoppers are told of its keys.
    hidden: String,
    /// The account that the operator has bound to the other tenant, if it has no keys of its own.
    bound: Option<String>,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::configured().await;
        let own = json!({
            "webhookSecrets": [INTRUDER_SECRET], "publishableKey": "pk_test_of_the_intruder",
        });
        let (status, answer) = app.configure_tenant(INTRUDER, own).await;
        assert_eq!(status, 200, "{answer}");
        Self::with(app, PUBLISHABLE_KEY.to_owned(), None).await
    }

    /// Both tenants are paid through the operator's platform.
    async fn through_platform() -> Self {
        let app = TestApp::through_platform().await;
        let account = app.account_of_key(SECRET_KEY).await;
        let intruders = app.account_of_key("sk_test_of_the_intruder").await;
        app.bind(INTRUDER, &intruders, Mode::Test).await;
        let own = json!({"webhookSecrets": [INTRUDER_SECRET]});
        let (status, answer) = app.configure_without_keys(INTRUDER, own).await;
        assert_eq!(status, 200, "{answer}");
        Self::with(app, account.clone(), Some(account)).await
    }

    async fn with(app: TestApp, hidden: String, bound: Option<String>) -> Self {
        let order = Order::new(ORDER);
        let transaction = app.authorized(&order).await;
        let mut site = Self { app, order, transaction, messages: Vec::new(), hidden, bound };
        site.messages = site.unread().await;
        assert!(!site.messages.is_empty());
        site
    }

    /// The ids of what the other tenant has not read; reading hides them for a while.
    async fn unread(&self) -> Vec<String> {
        let request = call(Method::GET, "/message-channels/payment-events", TENANT, "");
        let request = with(request, &[("consumer-id", TENANT)]);
        let (status, read) = self.app.send(request).await;
        assert_eq!(status, 200, "{read}");
        self.app.advance(app::limits::CHANNEL_HIDE).await;
        let ids = read.as_array().unwrap().iter().map(|entry| entry["MessageId"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    /// Everything of the other tenant that could change.
    async fn state(&self) -> String {
        let tenant = payment::TenantId::new(TENANT);
        let store: &dyn app::Store = self.app.store.as_ref();
        let payment = self.app.payment(&self.order).await;
        let history = store.history(&tenant, payment.id).await.unwrap();
        let row = store.tenant(&tenant).await.unwrap();
        let unfinished = store.unfinished(&tenant).await.unwrap();
        let money = self.app.money(&self.transaction);
        format!("{row:?} {payment:?} {history:?} {unfinished:?} {money:?}")
    }

    /// Nothing of the other tenant is in an answer.
    fn shows_nothing(&self, what: &str, answer: &Value) {
        let text = answer.to_string();
        let mut secrets = vec![self.transaction.as_str(), &self.hidden, "client_secret"];
        secrets.extend(self.messages.iter().map(String::as_str));
        for secret in secrets {
            assert!(!text.contains(secret), "{what} shows {secret}: {text}");
        }
    }
}

/// A request with the token of a tenant.
fn call(method: Method, path: &str, tenant: &str, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer token-of-{tenant}"))
        .header("content-type", "application/json")
        .body(body.to_owned().into())
        .unwrap()
}

fn with(mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

fn intrude(
    method: &Method,
    path: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Request<Body> {
    with(call(method.clone(), path, INTRUDER, body), headers)
}

/// What the intruder tries at an endpoint, and the status that it gets.
fn tries(site: &Site, method: &Method, path: &str) -> Option<Vec<(u16, Request<Body>)>> {
    let other = [("x-tenant-identifier", TENANT)];
    let endpoint = path.strip_prefix("/private").unwrap_or(path);
    let at = |headers: &[(&'static str, &str)], body: &str| intrude(method, path, headers, body);
    let tries = match (method.as_str(), endpoint) {
        ("POST", "/configure") => {
            let body = |configuration: Value| {
                let attributes = json!({"configuration": configuration.to_string()});
                json!({"data": {"type": "configuration", "attributes": attributes}}).to_string()
            };
            let mut tries = vec![(403, at(&other, &body(json!({"paymentPageTitle": "Taken"}))))];
            // As its own, the account that is bound to the other (rule R5).
            let own = [("x-tenant-identifier", INTRUDER)];
            let claims = site.bound.iter().map(|account| body(json!({"accountId": account})));
            tries.extend(claims.map(|body| (422, at(&own, &body))));
            tries
        }
        ("POST", "/disconnect") => {
            let headers = [other[0], ("x-confirmation-status", "true")];
            vec![(403, at(&headers, "{}"))]
        }
        ("POST", "/initialize-payment") => {
            vec![(403, at(&other, &site.order.request().to_string()))]
        }
        ("POST", "/pre-order-payment") => {
            let mut body = site.order.request();
            body["preOrderPaymentData"] = json!({"transactionId": site.transaction});
            let own = [("x-tenant-identifier", INTRUDER)];
            // As its own, another one's transaction is none: it gets a payment of its own.
            vec![(403, at(&other, &body.to_string())), (200, at(&own, &body.to_string()))]
        }
        ("POST", "/confirm-pre-order-payment" | "/cancel-pre-order-payment" | "/customer") => {
            let body = json!({
                "transactionId": site.transaction,
                "orderData": site.order.request()["orderData"],
                "preOrderPaymentData": {"transactionId": site.transaction},
                "customerPaymentServiceProviderData": {"transactionId": site.transaction},
            });
            let own = [("x-tenant-identifier", INTRUDER)];
            // As its own, a transaction that it does not have.
            vec![(403, at(&other, &body.to_string())), (400, at(&own, &body.to_string()))]
        }
        ("POST", "/merchants/onboarding") => {
            let body = json!({"merchant": {"merchantReference": "MER1", "name": "Merchant"}});
            vec![(403, at(&other, &body.to_string()))]
        }
        ("POST", "/payments/transfers") => {
            let items = json!([{
                "merchantReference": "MER1", "orderReference": site.order.reference,
                "itemReference": "item-1", "amount": "900",
            }]);
            let body = json!({"orderItems": items, "paymentTransmissionItems": items}).to_string();
            let own = [("x-tenant-identifier", INTRUDER)];
            // As its own, an order that it does not have: a failed entry (case 25).
            vec![(403, at(&other, &body)), (200, at(&own, &body))]
        }
        ("POST", "/payments") => vec![(403, at(&other, &front_end("payments", site)))],
        ("POST", "/payment-cancellations" | "/payment-customers") => {
            let body = front_end(endpoint.trim_start_matches('/'), site);
            let own = [("x-tenant-identifier", INTRUDER)];
            vec![(403, at(&other, &body)), (422, at(&own, &body))]
        }
        ("POST", "/message-channels/{channel}") => commands(site, false),
        ("POST", "/webhook/message-broker") => commands(site, true),
        ("GET", "/message-channels/{channel}") => {
            let path = "/message-channels/payment-events";
            vec![(403, intrude(method, path, &[("consumer-id", TENANT)], ""))]
        }
        ("DELETE", "/message-channels/{channel}") => {
            let path = "/message-channels/payment-events";
            let body = json!({"messageIds": site.messages}).to_string();
            vec![
                (403, intrude(method, path, &[("consumer-id", TENANT)], &body)),
                // Ids that are not its own are nothing to do.
                (200, intrude(method, path, &[("consumer-id", INTRUDER)], &body)),
            ]
        }
        ("POST", "/webhooks" | "/webhooks/test") => webhooks(site, path),
        // Whoever has its address opens a payment's page; as the intruder's it is not there.
        ("GET", "/app-payment" | "/app-payment/redirect") => {
            let query = format!("transactionId={}&tenantIdentifier={INTRUDER}", site.transaction);
            vec![(404, intrude(method, &format!("{path}?{query}"), &[], ""))]
        }
        // The address alone opens it, and the intruder can only guess.
        ("GET", "/merchants/onboarding/return" | "/merchants/onboarding/refresh") => {
            let query = format!("tenantIdentifier={TENANT}&token=guessed");
            vec![(404, intrude(method, &format!("{path}?{query}"), &[], ""))]
        }
        ("POST", "/app-payment/csp-report") => vec![(204, at(&other, "{}"))],
        ("GET", "/health/live" | "/health/ready" | "/metrics") => vec![(200, at(&other, ""))],
        ("GET", "/docs" | "/docs/style.css" | "/openapi.json" | "/asyncapi.json") => {
            vec![(200, at(&other, ""))]
        }
        _ => return None,
    };
    Some(tries)
}

/// What a front end sends, about the other's payment.
fn front_end(kind: &str, site: &Site) -> String {
    let data = json!({"transactionId": site.transaction});
    let attributes = json!({
        "quote": {"currency": {"code": "EUR"}}, "payment": {"amount": site.order.total},
        "preOrderPaymentData": data, "paymentServiceProviderData": data,
        "customerPaymentServiceProviderData": data, "transactionId": site.transaction,
    });
    json!({"data": {"type": kind, "attributes": attributes}}).to_string()
}

/// Every command for the other's order, as the other.
fn commands(site: &Site, is_pushed: bool) -> Vec<(u16, Request<Body>)> {
    let (path, tenant, name_header) = match is_pushed {
        true => ("/webhook/message-broker", "x-tenant-identifier", "x-transfer-name"),
        false => ("/message-channels/payment-commands", "tenant-identifier", "transfer-name"),
    };
    let commands = bodies(site).into_iter().map(|(name, body)| {
        let headers = [(tenant, TENANT), (name_header, name)];
        (403, intrude(&Method::POST, path, &headers, &body.to_string()))
    });
    commands.collect()
}

fn bodies(site: &Site) -> [(&'static str, Value); 3] {
    let order = &site.order;
    [
        ("CapturePayment", capture(order, &order.items, order.total)),
        ("RefundPayment", refund(order, &order.items, order.total)),
        ("CancelPayment", cancel(order, &order.items)),
    ]
}

/// An event about the other's payment, signed with the intruder's secret.
fn webhooks(site: &Site, path: &str) -> Vec<(u16, Request<Body>)> {
    let object = json!({
        "id": site.transaction, "object": "payment_intent", "status": "canceled", "amount": 1,
        "currency": "eur", "metadata": {},
    });
    let event = Event::new("evt_intruder", "payment_intent.canceled", object);
    let event = if path.ends_with("/test") { event } else { event.live() };
    let body = event.body();
    let signed = signature(INTRUDER_SECRET, site.app.now(), &body);
    let post = |query: &str| {
        let path = format!("{path}{query}");
        intrude(&Method::POST, &path, &[("stripe-signature", &signed)], &body)
    };
    let at_the_other = format!("?tenantIdentifier={TENANT}");
    let at_its_own = format!("?tenantIdentifier={INTRUDER}");
    // At its own address the intruder may say what it likes: none of its payments is meant.
    let is_test = path.ends_with("/test");
    let own_status = if is_test { 200 } else { 400 };
    vec![(400, post(&at_the_other)), (400, post("")), (own_status, post(&at_its_own))]
}

#[tokio::test]
async fn c78_no_endpoint_lets_one_tenant_touch_or_see_another() {
    try_everything(Site::new().await).await;
}

#[tokio::test]
async fn c78_nor_where_both_are_paid_through_one_platform() {
    try_everything(Site::through_platform().await).await;
}

async fn try_everything(site: Site) {
    let before = site.state().await;
    for endpoint in web::endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let Some(tries) = tries(&site, &endpoint.method, &endpoint.path) else {
            panic!("{name} has no row: say what an intruder would try there");
        };
        for (number, (expected, request)) in tries.into_iter().enumerate() {
            let (status, answer) = site.app.send(request).await;
            assert_eq!(status.as_u16(), expected, "{name}, try {number}: {answer}");
            assert!(endpoint.access == Access::Open || ![201, 500].contains(&expected));
            site.shows_nothing(&name, &answer);
        }
        site.app.settle().await;
        assert_eq!(site.state().await, before, "{name} changed something");
    }
    assert_eq!(site.unread().await, site.messages, "and its messages are all there");
}

/// Both shops sign tokens for their customers, one of which goes to the other tenant with the other's
/// ids. Nor does it open to its own shop what is not for browsers.
#[tokio::test]
async fn c78_nor_does_a_token_that_a_shop_signed_for_its_customer() {
    let (site, intruder, other) = (Site::new().await, Signer::new(), Signer::new());
    for (tenant, signer) in [(INTRUDER, &intruder), (TENANT, &other)] {
        let keys = json!({
            "customerTokenKeys": signer.public_key(), "shopOrigins": INTRUDER_ORIGIN,
        });
        let (status, answer) = site.app.configure_tenant(tenant, keys).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (before, door) = (site.state().await, site.app.front_door());
    let own = intruder.token(&site.app, INTRUDER);
    let forged = intruder.token(&site.app, TENANT);
    for endpoint in web::endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let tries = || tries(&site, &endpoint.method, &endpoint.path).unwrap();
        let count = if endpoint.access == Access::Open { 0 } else { tries().len() };
        for number in 0..count {
            for (token, is_own) in [(&own, true), (&forged, false)] {
                let (with_its_back_end, request) = tries().swap_remove(number);
                let expected = match (is_own, endpoint.access) {
                    (false, _) => 401,
                    (true, Access::Browser) => with_its_back_end,
                    (true, Access::Open | Access::Catalog | Access::Shop) => 403,
                };
                let (status, _, answer) = as_browser(&door, INTRUDER_ORIGIN, token, request).await;
                assert_eq!(status.as_u16(), expected, "{name}, try {number}: {answer}");
                site.shows_nothing(&name, &answer);
            }
        }
    }
    site.app.settle().await;
    assert_eq!(site.state().await, before);
    assert_eq!(site.unread().await, site.messages, "and its messages are all there");
}

#[tokio::test]
async fn r05_commands_for_anothers_order_end_in_the_senders_own_books() {
    let site = Site::new().await;
    let before = site.state().await;
    for (name, body) in bodies(&site) {
        let id = format!("intruder-{name}");
        let headers = [
            ("tenant-identifier", INTRUDER),
            ("transfer-name", name),
            ("correlation-id", id.as_str()),
        ];
        let path = "/message-channels/payment-commands";
        let request = intrude(&Method::POST, path, &headers, &body.to_string());
        let (status, answer) = site.app.send(request).await;
        assert_eq!(status, 200, "it is the intruder's own command: {answer}");
    }
    // R11: an order that nobody knows is waited for.
    for _ in 0..4 {
        site.app.advance(LONG_ENOUGH).await;
    }
    assert_eq!(site.state().await, before);
    let told = site.app.read_as(INTRUDER, "payment-events").await;
    let names: Vec<&str> = told.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| name.ends_with("Failed")), "{names:?}");
    for message in told {
        site.shows_nothing(&message.name, &message.body);
    }
    assert_eq!(site.unread().await, site.messages);
}

/// The same order number is another order: the intruder gets a payment of its own.
#[tokio::test]
async fn anothers_order_number_is_an_order_of_ones_own() {
    let site = Site::new().await;
    let before = site.state().await;
    let headers = [("x-tenant-identifier", INTRUDER)];
    let body = site.order.request().to_string();
    let request = intrude(&Method::POST, "/private/initialize-payment", &headers, &body);
    let (status, answer) = site.app.send(request).await;
    assert_eq!(status, 200, "{answer}");
    site.shows_nothing("initialize", &answer);
    assert_eq!(site.state().await, before);
}
