//! An app on a store in memory and a payment service provider that does as its keys say.

pub mod described;
mod down_store;
mod fake_psp;
pub mod log;
mod no_audit;
mod no_marketplace;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::link::Link;
use app::platform::{Platform, PlatformKeys};
use app::ports::{BindOutcome, Bindings, NewBinding};
use app::process::{Process, Role};
use app::tenant::KeyPair;
use app::{Context, Entropy, Site, Store};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use payment::{Account, Mode, PspAccountId, TenantId};
use serde_json::{Value, json};
use store::{Keyring, SqliteStore};
use testkit::{TestEntropy, TestSignIn};
use tower::ServiceExt;
use web::{Endpoint, Limits, PageSettings, TrustedProxies, WebParts};

pub use down_store::DownStore;
pub use fake_psp::FakePsp;

/// The token of the recorded requests.
pub const TOKEN: &str = "test-token";
/// Where the payment page loads Stripe.js from.
pub const STRIPE_JS_URL: &str = "https://js.stripe.com/endive/stripe.js";
/// Their tenant.
pub const TENANT: &str = "tenant-test-0001";

/// The app under test.
pub struct App {
    pub router: Router,
    pub store: Arc<dyn Store>,
    pub psp: Arc<FakePsp>,
    pub entropy: Arc<TestEntropy>,
    parts: WebParts,
    woken: Arc<AtomicUsize>,
    /// Whether its endpoints are those of the reference.
    is_described: bool,
}

impl App {
    /// Nothing is configured.
    pub fn new() -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = SqliteStore::inline(keyring, entropy.as_ref()).unwrap();
        Self::on(Arc::new(store), entropy)
    }

    /// The operator has a platform, and has bound an account of test mode to the tenant of the
    /// recorded requests.
    pub async fn with_bound_account() -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = SqliteStore::inline(keyring, entropy.as_ref()).unwrap();
        let account = Account { id: PspAccountId::new("acct_bound"), mode: Mode::Test };
        let (tenant, now) = (TenantId::new(TENANT), entropy.now());
        let binding = NewBinding { tenant, account, now, rehearsed: false };
        assert_eq!(store.bind_account(&binding).await.unwrap(), BindOutcome::Bound);
        let app = Self::on(Arc::new(store), entropy);
        let pair =
            KeyPair { secret: "sk_test_platform".into(), publishable: "pk_test_platform".into() };
        let keys = PlatformKeys { pair, webhook_secrets: Vec::new() };
        app.psp.platform.set(Platform { test: Some(keys), live: None }).unwrap();
        app
    }

    /// The database does not answer.
    pub fn without_database() -> Self {
        Self::on(Arc::new(DownStore), Arc::new(TestEntropy::new()))
    }

    /// The tenant of the recorded requests is connected.
    pub async fn configured() -> Self {
        let app = Self::new();
        let answer = app.call(configure(&keys())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        app
    }

    /// An app whose process has this role.
    pub fn of_role(role: Role) -> Self {
        Self::of_process(Process::new(role))
    }

    /// An app whose process has this role and is connected to a broker.
    pub fn linked(role: Role, link: Arc<Link>) -> Self {
        Self::of_process(Process::new(role).with_links(vec![link]))
    }

    fn of_process(process: Process) -> Self {
        let app = Self::new();
        let parts = WebParts { process: Arc::new(process), ..app.parts };
        Self { router: web::router(parts.clone()), parts, is_described: false, ..app }
    }

    fn on(store: Arc<dyn Store>, entropy: Arc<TestEntropy>) -> Self {
        Self::with_limits(store, entropy, Limits::default(), TrustedProxies::default())
    }

    /// An app with limits of its own, behind these proxies.
    pub fn limited(limits: Limits, trusted_proxies: TrustedProxies) -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = Arc::new(SqliteStore::inline(keyring, entropy.as_ref()).unwrap());
        Self::with_limits(store, entropy, limits, trusted_proxies)
    }

    fn with_limits(
        store: Arc<dyn Store>,
        entropy: Arc<TestEntropy>,
        limits: Limits,
        trusted_proxies: TrustedProxies,
    ) -> Self {
        log::install();
        let psp = Arc::new(FakePsp::default());
        let woken = Arc::new(AtomicUsize::new(0));
        let site = Site {
            public_url: "https://pay.example.test".to_owned(),
            app_identifier: "paybridge".to_owned(),
        };
        let context = Context {
            store: store.clone(),
            psp: psp.clone(),
            entropy: entropy.clone(),
            site: Arc::new(site),
        };
        let counter = woken.clone();
        let parts = WebParts {
            context,
            sign_in: Arc::new(TestSignIn(TOKEN)),
            limits,
            trusted_proxies,
            metrics: Arc::new(|| "paybridge_up 1\n".to_owned()),
            wake: Some(Arc::new(move || {
                counter.fetch_add(1, Ordering::SeqCst);
            })),
            page: PageSettings::new(&STRIPE_JS_URL.parse().unwrap()),
            process: Arc::default(),
        };
        let router = web::router(parts.clone());
        Self { router, parts, store, psp, entropy, woken, is_described: true }
    }

    /// From now on the payment page loads Stripe.js from elsewhere.
    pub fn load_stripe_js_from(&mut self, page: &PageSettings) {
        self.router = web::router(WebParts { page: page.clone(), ..self.parts.clone() });
    }

    /// The same app with these endpoints only.
    pub fn serving(self, endpoints: Vec<Endpoint>) -> Self {
        let router = web::router_of(self.parts.clone(), endpoints);
        Self { router, is_described: false, ..self }
    }

    /// The process that this app is one of.
    pub fn process(&self) -> &Process {
        &self.parts.process
    }

    /// How often the worker was woken.
    /// The shop reads and deletes what it was told.
    pub async fn read_all(&self) {
        for channel in ["payment-method-commands", "payment-events", "app-events"] {
            let path = format!("/message-channels/{channel}");
            let read = self.call(get(&format!("{path}?limit=100"))).await.json();
            let ids: Vec<&Value> =
                read.as_array().unwrap().iter().map(|message| &message["MessageId"]).collect();
            let body = json!({ "messageIds": ids }).to_string();
            let deleted = self.call(request("DELETE", &path, "application/json", body)).await;
            assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.body);
        }
    }

    pub fn woken(&self) -> usize {
        self.woken.load(Ordering::SeqCst)
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        if self.is_described {
            described::check(&method, &path, &answer);
        }
        answer
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status, the headers that tell the caller what to do, and the body.
    pub fn shown(&self) -> String {
        let mut shown = self.status.as_u16().to_string();
        for name in ["allow", "www-authenticate"] {
            if let Some(value) = self.headers.get(name) {
                shown.push_str(&format!(" [{name}: {}]", value.to_str().unwrap()));
            }
        }
        if self.status.is_client_error() || self.status.is_server_error() {
            let written = self.headers["content-type"].to_str().unwrap();
            assert!(["application/json", "application/vnd.api+json"].contains(&written));
        }
        format!("{shown}\n    {}", self.body)
    }
}

/// A request of the tenant, with the token.
pub fn request(
    method: &str,
    path: &str,
    content_type: &str,
    body: impl Into<Body>,
) -> Request<Body> {
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", content_type)
        .header("x-tenant-identifier", TENANT)
        .header("consumer-id", TENANT)
        .body(body.into())
        .unwrap()
}

pub fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    request("POST", path, "application/json", body)
}

pub fn get(path: &str) -> Request<Body> {
    request("GET", path, "application/json", Body::empty())
}

/// The same request without a header.
pub fn without(mut request: Request<Body>, header: &str) -> Request<Body> {
    request.headers_mut().remove(header);
    request
}

/// The same request with a header.
pub fn with(mut request: Request<Body>, header: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

/// Keys that the fake accepts.
pub fn keys() -> Value {
    json!({"secretKey": "sk_test_0123456789abcdef", "publishableKey": "pk_test_0123456789abcdef"})
}

pub fn envelope(configuration: &str) -> String {
    json!({"data": {"type": "configuration", "attributes": {"configuration": configuration}}})
        .to_string()
}

pub fn configure(configuration: &Value) -> Request<Body> {
    post("/private/configure", envelope(&configuration.to_string()))
}

/// A webhook with an event of this id, signed well.
pub fn webhook(path: &str, id: &str) -> Request<Body> {
    let body = json!({"id": id, "livemode": !path.starts_with("/webhooks/test")}).to_string();
    Request::builder()
        .method("POST")
        .uri(path)
        .header("stripe-signature", "good")
        .body(body.into())
        .unwrap()
}

/// A request that a shop's own code put on the wire, under another path where one is given.
pub fn recorded(file: &str, path: Option<&str>) -> Request<Body> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/tests/data/shop");
    let text = std::fs::read_to_string(format!("{folder}/{file}.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let text = |key: &str| value[key].as_str().unwrap();
    let mut request = Request::builder().method(text("method")).uri(path.unwrap_or(text("path")));
    for (name, header) in value["headers"].as_object().unwrap() {
        if !["Host", "Content-Length"].contains(&name.as_str()) {
            request = request.header(name, header.as_str().unwrap());
        }
    }
    request.body(text("body").to_owned().into()).unwrap()
}
