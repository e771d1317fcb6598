//! The whole app and the stand-in for Stripe in one thread, without sockets.

mod cart;
mod channel;
mod front_end;
mod logs;
mod market;
mod order;
mod place;
mod platform;
mod plumbing;
mod processes;
mod recorded;
mod trouble;
mod webhook;

use std::path::Path;
use std::sync::Arc;

use app::{Entropy, Psp, Site, Store};
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use paybridge::wiring::{App, Parts};
use serde_json::{Value, json};
use store::{Keyring, OpenOptions, SqliteStore};
use stripe::{StripeClient, StripePsp};
use stripe_sandbox::{IntentAudit, Options, Sandbox};
use testkit::{Fate, TestEntropy, TestSignIn, UnsureStore};
use tower::ServiceExt;

pub use cart::*;
pub use front_end::*;
pub use logs::Logs;
pub use market::*;
pub use order::{Order, TENANT, cancel, capture, refund};
pub use place::Place;
pub use platform::*;
use plumbing::AppAddress;
pub use plumbing::{Pushed, Pushes};
pub use recorded::Recorded;
pub use trouble::*;
pub use webhook::{Event, signature};

/// The bearer token of the app, the one in the recorded requests.
pub const TOKEN: &str = "test-token";
/// What credentials are encrypted with.
pub const ENCRYPTION_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// Where the payment page loads the stand-in's script from.
pub const STRIPE_JS_URL: &str = "http://stripe.test/stripe.js";
/// Where others reach the app.
pub const PUBLIC_URL: &str = "http://app.test";
/// The keys of the tenant's account.
pub const SECRET_KEY: &str = "sk_test_shop";
pub const PUBLISHABLE_KEY: &str = "pk_test_shop";

/// A message that the shop has read and deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: String,
    pub name: String,
    pub body: Value,
    pub attributes: Value,
}

/// The app, the stand-in, and time.
pub struct TestApp {
    pub app: App,
    pub sandbox: Sandbox,
    pub entropy: Arc<TestEntropy>,
    pub store: Arc<SqliteStore>,
    pub pushed: Pushed,
    /// Where the stand-in reaches the app.
    address: Arc<AppAddress>,
}

impl TestApp {
    /// An app that no tenant was configured in.
    pub fn new() -> Self {
        Self::pushing(Pushes::new())
    }

    /// The same, with some channels pushed.
    pub fn pushing(pushes: Pushes) -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let store = SqliteStore::inline(keyring(), entropy.as_ref()).unwrap();
        Self::on(store, entropy, pushes)
    }

    /// The same on a database in this folder with threads of its own, for tests in which requests
    /// really run at the same time.
    pub fn on_threads(folder: &Path) -> Self {
        Self::on_threads_with(folder, keyring())
    }

    /// The same with these keys.
    pub fn on_threads_with(folder: &Path, keyring: Keyring) -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let path = folder.join("paybridge.db");
        let options = OpenOptions { migrate: true };
        let store = SqliteStore::open(&path, keyring, options, entropy.as_ref()).unwrap();
        Self::on(store, entropy, Pushes::new())
    }

    fn on(store: SqliteStore, entropy: Arc<TestEntropy>, pushes: Pushes) -> Self {
        let address = Arc::new(AppAddress::default());
        let sandbox = sandbox(&entropy, &address);
        let app = Self::beside(sandbox, store, entropy, pushes);
        address.connect(app.app.router.clone());
        Self { address, ..app }
    }

    /// The app beside a stand-in that is there already and sends it no webhooks.
    fn beside(
        sandbox: Sandbox,
        store: SqliteStore,
        entropy: Arc<TestEntropy>,
        pushes: Pushes,
    ) -> Self {
        let transport = plumbing::ToSandbox(sandbox.router());
        let client = StripeClient::new(Arc::new(transport), "http://stripe.test/".parse().unwrap());
        let store = Arc::new(store);
        let pushed = Pushed::default();
        let app = App::new(Parts {
            store: store.clone(),
            psp: Arc::new(StripePsp::new(client)),
            entropy: entropy.clone(),
            routes: pushed.routes(&pushes),
            sources: Vec::new(),
            sources_need_tokens: true,
            links: Vec::new(),
            site: site(PUBLIC_URL),
            sign_in: Arc::new(TestSignIn(TOKEN)),
            limits: web::Limits::default(),
            trusted_proxies: web::TrustedProxies::default(),
            stripe_js_url: STRIPE_JS_URL.parse().unwrap(),
            metrics: Arc::new(String::new),
            worker: "worker-1".into(),
        });
        Self { app, sandbox, entropy, store, pushed, address: Arc::default() }
    }

    /// The same installation after it moved to another address.
    pub fn moved_to(self, public_url: &str) -> Self {
        let store = self.app.consumer.context.store.clone();
        let app = self.started_again(store, site(public_url));
        Self { app, ..self }
    }

    /// The same installation, whose database is lost as this says.
    pub fn with_fate(self, fate: Arc<dyn Fate>) -> Self {
        let context = &self.app.consumer.context;
        let store = Arc::new(UnsureStore { inner: context.store.clone(), fate });
        let app = self.started_again(store, context.site.as_ref().clone());
        self.address.connect(app.router.clone());
        Self { app, ..self }
    }

    fn started_again(&self, store: Arc<dyn Store>, site: Site) -> App {
        self.started_with(self.app.consumer.context.psp.clone(), store, site)
    }

    fn started_with(&self, psp: Arc<dyn Psp>, store: Arc<dyn Store>, site: Site) -> App {
        App::new(self.parts(psp, store, site))
    }

    fn parts(&self, psp: Arc<dyn Psp>, store: Arc<dyn Store>, site: Site) -> Parts {
        let context = &self.app.consumer.context;
        Parts {
            store,
            psp,
            entropy: context.entropy.clone(),
            routes: (*self.app.consumer.relay.routes).clone(),
            sources: Vec::new(),
            sources_need_tokens: true,
            links: Vec::new(),
            site,
            sign_in: Arc::new(TestSignIn(TOKEN)),
            limits: web::Limits::default(),
            trusted_proxies: web::TrustedProxies::default(),
            stripe_js_url: STRIPE_JS_URL.parse().unwrap(),
            metrics: Arc::new(String::new),
            worker: "worker-1".into(),
        }
    }

    /// An app whose tenant is configured, and whose shop has read what it was told of that.
    pub async fn configured() -> Self {
        let app = Self::new();
        let (status, answer) = app.configure(json!({})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        app.read("payment-method-commands").await;
        app.read("app-events").await;
        app
    }

    /// Configures the tenant: `more` is added to a working configuration, or replaces parts of it.
    pub async fn configure(&self, more: Value) -> (StatusCode, Value) {
        self.configure_tenant(TENANT, more).await
    }

    pub async fn configure_tenant(&self, tenant: &str, more: Value) -> (StatusCode, Value) {
        let mut configuration = json!({
            "businessModel": "direct", "environment": "test",
            "secretKey": SECRET_KEY, "publishableKey": PUBLISHABLE_KEY,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            configuration[key] = value.clone();
        }
        let body = json!({"data": {"type": "configuration", "attributes": {
            "configuration": configuration.to_string(),
        }}});
        self.call_as(tenant, "/private/configure", &body).await
    }

    pub async fn disconnect(&self, confirmation: Option<&str>) -> (StatusCode, Value) {
        let mut request = request(Method::POST, "/private/disconnect", "{}".into());
        request.headers_mut().insert("x-tenant-identifier", TENANT.parse().unwrap());
        if let Some(value) = confirmation {
            request.headers_mut().insert("x-confirmation-status", value.parse().unwrap());
        }
        self.send(request).await
    }

    /// Calls the private API as the tenant.
    pub async fn call(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call_as(TENANT, path, body).await
    }

    pub async fn call_as(&self, tenant: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let mut request = request(Method::POST, path, body.to_string());
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request.headers_mut().insert("x-tenant-identifier", tenant.parse().unwrap());
        self.send(request).await
    }

    /// Sends a request to the app and reads its answer; null where it is no JSON.
    pub async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Initializes the payment of an order and returns its transaction id.
    pub async fn initialize(&self, order: &Order) -> String {
        let (status, answer) = self.call("/private/initialize-payment", &order.request()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["isSuccessful"], json!(true), "{answer}");
        answer["transactionId"].as_str().unwrap().to_owned()
    }

    /// An order whose money is held: initialized, paid by a card whose captures can be several.
    pub async fn authorized(&self, order: &Order) -> String {
        let transaction = self.initialize(order).await;
        self.pay(&transaction, "pm_card_visa").await;
        self.settle().await;
        transaction
    }

    /// An order whose money is captured, as the shop has heard. Nothing is left unread.
    pub async fn captured(&self, order: &Order) -> String {
        let transaction = self.authorized(order).await;
        self.command("CapturePayment", &capture(order, &order.items, order.total)).await;
        self.settle().await;
        self.results().await;
        transaction
    }

    /// The shopper pays.
    pub async fn pay(&self, transaction: &str, payment_method: &str) -> Value {
        let form = format!("payment_method={payment_method}&return_url=https%3A%2F%2Fshop.test");
        self.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/confirm"), &form)
            .await
    }

    /// Does something at Stripe with the tenant's key, as its dashboard would.
    pub async fn stripe(&self, method: Method, path: &str, form: &str) -> Value {
        self.stripe_with(SECRET_KEY, method, path, form).await
    }

    /// The same with another key.
    pub async fn stripe_with(&self, key: &str, method: Method, path: &str, form: &str) -> Value {
        let mut request = request(method, path, form.to_owned());
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {key}").parse().unwrap());
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    /// Sends a command on the shop's http-channel, under a correlation id of its own.
    pub async fn command(&self, name: &str, body: &Value) {
        let id = self.entropy.new_id().to_string();
        let (status, answer) = self.command_as(&id, name, body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub async fn command_as(&self, id: &str, name: &str, body: &Value) -> (StatusCode, Value) {
        self.command_of(TENANT, id, name, body).await
    }

    pub async fn command_of(
        &self,
        tenant: &str,
        id: &str,
        name: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let mut request =
            request(Method::POST, "/message-channels/payment-commands", body.to_string());
        for (header, value) in [
            ("name", name),
            ("transfer-name", name),
            ("correlation-id", id),
            ("tenant-identifier", tenant),
        ] {
            request.headers_mut().insert(header, value.parse().unwrap());
        }
        self.send(request).await
    }

    /// Lets webhooks arrive and work be done until nothing is left to do now.
    pub async fn settle(&self) {
        loop {
            let delivered = self.sandbox.deliver_due().await;
            let worked = self.app.consumer.work_once().await.unwrap();
            if delivered + worked == 0 {
                return;
            }
        }
    }

    /// Moves the clock of app and stand-in, then settles.
    pub async fn advance(&self, by: SignedDuration) {
        self.entropy.advance(by);
        self.app.consumer.context.finish_open_calls("worker-1").await.unwrap();
        self.settle().await;
    }

    /// Reads a channel as the shop does, and deletes what it read.
    pub async fn read(&self, channel: &str) -> Vec<Message> {
        self.read_as(TENANT, channel).await
    }

    pub async fn read_as(&self, tenant: &str, channel: &str) -> Vec<Message> {
        let path = format!("/message-channels/{channel}");
        let mut messages = Vec::new();
        loop {
            let mut read = request(Method::GET, &format!("{path}?limit=100"), String::new());
            read.headers_mut().insert("consumer-id", tenant.parse().unwrap());
            let (status, answer) = self.send(read).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            let entries = answer.as_array().unwrap().clone();
            if entries.is_empty() {
                return messages;
            }
            let ids: Vec<&Value> = entries.iter().map(|entry| &entry["MessageId"]).collect();
            let mut delete = request(Method::DELETE, &path, json!({"messageIds": ids}).to_string());
            delete.headers_mut().insert("consumer-id", tenant.parse().unwrap());
            let (status, answer) = self.send(delete).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            messages.extend(entries.iter().map(Message::of));
        }
    }

    /// The results that the shop reads now, as `Name[items] amount`, in order.
    pub async fn results(&self) -> Vec<String> {
        let read = self.read("payment-events").await;
        read.iter().filter(|message| message.is_result()).map(Message::result).collect()
    }

    /// The money at Stripe.
    pub fn money(&self, transaction: &str) -> IntentAudit {
        let found = self.sandbox.audit().into_iter().find(|intent| intent.id == transaction);
        found.expect("the intent is known at Stripe")
    }

    /// How many calls of this kind Stripe has carried out: repetitions under a key do not count.
    pub fn stripe_calls(&self, method: &str, path_end: &str) -> usize {
        let calls = self.sandbox.calls();
        let counted = calls.iter().filter(|call| {
            call.method == method
                && call.path.ends_with(path_end)
                && call.status.is_some_and(|status| status < 400)
                && !call.replayed
        });
        counted.count()
    }

    /// The status of an order's payment in our books, as the shop would name it.
    pub async fn status(&self, order: &Order) -> String {
        let payment = self.payment(order).await;
        payment.shop_status().name().to_owned()
    }

    pub async fn payment(&self, order: &Order) -> payment::Payment {
        let tenant = payment::TenantId::new(TENANT);
        let reference = payment::OrderReference::new(&order.reference);
        let store: &dyn app::Store = self.store.as_ref();
        store.latest_payment_of_order(&tenant, &reference).await.unwrap().unwrap().value
    }

    /// Nothing waits any more: every inbox row is done, every message read.
    pub async fn assert_drained(&self) {
        let store: &dyn app::Store = self.store.as_ref();
        let backlog = store.backlog(self.entropy.now()).await.unwrap();
        assert_eq!(backlog, app::ports::Backlog::default());
    }
}

impl Message {
    fn of(entry: &Value) -> Self {
        let body = entry["MessageBody"].as_str().expect("a body is a string");
        Self {
            id: entry["MessageId"].as_str().expect("an id is a string").to_owned(),
            name: entry["MessageAttributes"]["name"].as_str().unwrap().to_owned(),
            body: serde_json::from_str(body).unwrap(),
            attributes: entry["MessageAttributes"].clone(),
        }
    }

    pub fn is_result(&self) -> bool {
        !matches!(self.name.as_str(), "PaymentCreated" | "PaymentUpdated")
    }

    pub fn result(&self) -> String {
        format!("{}{} {}", self.name, self.body["orderItemIds"], self.body["amount"])
    }

    /// The details of PaymentCreated and PaymentUpdated: JSON inside a JSON string.
    pub fn details(&self) -> Value {
        serde_json::from_str(self.body["details"].as_str().expect("details are a string")).unwrap()
    }
}

fn sandbox(entropy: &Arc<TestEntropy>, app: &Arc<AppAddress>) -> Sandbox {
    Sandbox::new(Options {
        seed: 1,
        clock: Arc::new(plumbing::SandboxClock(entropy.clone())),
        webhooks: Arc::new(plumbing::ToApp(Arc::downgrade(app))),
        base_url: "http://stripe.test".into(),
    })
}

fn keyring() -> Keyring {
    Keyring::from_base64(&ENCRYPTION_KEY.into()).unwrap()
}

fn site(public_url: &str) -> Site {
    Site { public_url: public_url.into(), app_identifier: "paybridge".into() }
}

/// A request with the app's bearer token.
pub fn request(method: Method, path: &str, body: String) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::from(body))
        .unwrap()
}

/// So long that whatever was postponed is due.
pub const LONG_ENOUGH: SignedDuration = SignedDuration::from_mins(6);
