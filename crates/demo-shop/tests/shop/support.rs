//! A stand-in for the app that notes what it hears, and a browser.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use demo_shop::{Config, Entropy, Keys, Shop};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;
use uuid::Uuid;

pub const ADDRESS: &str = "http://127.0.0.1:8082";
pub const TOKEN: &str = "test-token";
pub const TENANT: &str = "tenant-test-0001";
pub const SECRET: &str = "sk_test_very_secret";
pub const TRANSFERS: &str = "/private/payments/transfers";

/// A request that the stand-in got.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: Method,
    /// With the query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

#[derive(Default)]
struct Inner {
    heard: Vec<Heard>,
    /// What a GET of a channel answers.
    channels: BTreeMap<String, Vec<Value>>,
    /// What a path answers instead of the usual.
    answers: BTreeMap<String, (StatusCode, Value)>,
}

/// The stand-in for the app.
#[derive(Clone, Default)]
pub struct StandIn(Arc<Mutex<Inner>>);

impl StandIn {
    pub fn heard(&self) -> Vec<Heard> {
        self.0.lock().unwrap().heard.clone()
    }

    /// What was heard at a path, polls and deletions included.
    pub fn heard_at(&self, method: Method, path: &str) -> Vec<Heard> {
        let heard = self.heard().into_iter();
        heard.filter(|it| it.method == method && it.path.starts_with(path)).collect()
    }

    pub fn answer(&self, path: &str, status: StatusCode, body: Value) {
        self.0.lock().unwrap().answers.insert(path.to_owned(), (status, body));
    }

    /// Puts an entry into a channel, whatever it is.
    pub fn put(&self, channel: &str, entry: Value) {
        self.0.lock().unwrap().channels.entry(channel.to_owned()).or_default().push(entry);
    }

    pub fn say(&self, channel: &str, id: &str, name: &str, body: &Value) {
        let attributes = json!({"name": name, "transferName": name, "timestamp": format!("2026-11-22T16:00:00.{id:0>6}")});
        self.put(
            channel,
            json!({"MessageId": id, "MessageBody": body.to_string(), "MessageAttributes": attributes}),
        );
    }

    pub fn result(&self, id: &str, name: &str, order: &str, items: &[i64]) {
        let body = json!({
            "orderReference": order, "orderItemIds": items, "amount": 100, "currencyIsoCode": "EUR",
        });
        self.say("payment-events", id, name, &body);
    }

    /// The ids that are still in a channel.
    pub fn left_in(&self, channel: &str) -> Vec<String> {
        let inner = self.0.lock().unwrap();
        let entries = inner.channels.get(channel).into_iter().flatten();
        entries.filter_map(|entry| Some(entry["MessageId"].as_str()?.to_owned())).collect()
    }

    /// The app says that it is there, and offers a payment method.
    pub fn connect(&self, base: &str) {
        let app = json!({
            "appIdentifier": "paybridge", "status": "CONNECTED", "isActive": true, "config": [],
            "messageChannels": ["payment-method-commands", "payment-commands", "payment-events",
                "merchant-app-events", "app-events"],
        });
        self.say("app-events", "1", "AppConfigUpdated", &app);
        let method = json!({
            "name": "Stripe", "providerName": "Stripe", "paymentMethodAppConfiguration": {
                "baseUrl": base,
                "endpoints": [
                    {"name": "authorization", "path": "/private/initialize-payment"},
                    {"name": "transfer", "path": TRANSFERS},
                ],
            },
        });
        self.say("payment-method-commands", "2", "AddPaymentMethod", &method);
    }

    fn take(&self, heard: Heard) -> (StatusCode, Value) {
        let mut inner = self.0.lock().unwrap();
        let path = heard.path.split('?').next().unwrap_or_default().to_owned();
        let method = heard.method.clone();
        let body = heard.body.clone();
        inner.heard.push(heard);
        if let Some(answer) = inner.answers.get(&path) {
            return answer.clone();
        }
        let channel = path.strip_prefix("/message-channels/").map(str::to_owned);
        match (method, channel) {
            (Method::GET, Some(channel)) => {
                let entries = inner.channels.get(&channel).cloned().unwrap_or_default();
                (StatusCode::OK, Value::Array(entries))
            }
            (Method::DELETE, Some(channel)) => {
                let gone: Value = serde_json::from_str(&body).unwrap();
                let gone = gone["messageIds"].as_array().unwrap();
                let entries = inner.channels.entry(channel).or_default();
                entries.retain(|entry| !gone.contains(&entry["MessageId"]));
                (StatusCode::OK, json!({}))
            }
            (_, Some(_)) => (StatusCode::OK, json!({"MessageId": "m-1"})),
            (_, None) if path == "/private/initialize-payment" => {
                let page = "https://pay.example.test/app-payment?transactionId=pi_1";
                (StatusCode::OK, json!({"isSuccessful": true, "redirectUrl": page}))
            }
            (_, None) => (StatusCode::OK, json!({})),
        }
    }
}

async fn take(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let (status, answer) = stand_in.take(Heard {
        method: parts.method,
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    (status, axum::Json(answer)).into_response()
}

/// A clock that stands still, and ids that count.
#[derive(Default)]
struct Still(AtomicU64);

impl Entropy for Still {
    fn now(&self) -> Timestamp {
        "2026-11-22T15:16:24.087734Z".parse().unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// A shop, its app, and somebody who clicks.
pub struct Scene {
    pub app: StandIn,
    pub base: String,
    pub shop: Shop,
    cookie: Mutex<String>,
}

/// An answer to the browser.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    pub fn leads_to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Scene {
    /// A shop that polls, and has not heard of an app.
    pub async fn new() -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let app = StandIn::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(app.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = Config {
            address: ADDRESS.to_owned(),
            app: base.clone(),
            channels: format!("{base}/message-channels"),
            sandbox: None,
            token: SecretString::from(TOKEN.to_owned()),
            tenant: TENANT.to_owned(),
            keys: Keys {
                publishable: "pk_test_x".to_owned(),
                secret: SecretString::from(SECRET.to_owned()),
            },
            poll_every: Duration::from_millis(5),
        };
        let shop = Shop::new(config, Arc::new(Still::default())).unwrap();
        let polls = shop.clone();
        tokio::spawn(async move { polls.run(std::future::pending()).await });
        Self { app, base, shop, cookie: Mutex::default() }
    }

    /// A shop that offers the app's payment method.
    pub async fn connected() -> Self {
        let scene = Self::new().await;
        scene.app.connect(&scene.base);
        scene.until("/apps", "id=\"methods\"").await;
        scene
    }

    /// A shop that sells for merchants, too.
    pub async fn marketplace() -> Self {
        let scene = Self::connected().await;
        let seen = scene.post("/apps/configure", "business_model=marketplace").await;
        assert!(seen.leads_to().starts_with("/apps?notice="), "{}", seen.text);
        scene
    }

    /// The app says where merchants are onboarded.
    pub fn invite(&self) {
        let state = |name: &str, texts: [&str; 4]| {
            let [status, display, button, info] = texts;
            json!({"name": name, "attributes": {
                "statusText": status, "displayText": display, "buttonText": button, "buttonInfo": info,
            }})
        };
        let invitation = json!({
            "type": "payment", "appName": "Stripe", "appIdentifier": "paybridge",
            "onboarding": {
                "url": format!("{}/private/merchants/onboarding", self.base), "strategy": "api",
            },
            "additionalLinks": [],
            "merchantOnboardingStates": [
                state("incomplete", ["To do", "Tell Stripe who you are.", "Begin here", "You come back."]),
                state("completed", ["All done", "Nothing is missing.", "Open Stripe", "You see your money."]),
            ],
        });
        self.app.say("merchant-app-events", "20", "ReadyForMerchantAppOnboarding", &invitation);
    }

    /// The app tells where a merchant's onboarding stands.
    pub fn tell_status(&self, id: &str, merchant: &str, status: &str) {
        let told = json!({
            "merchantReference": merchant, "appIdentifier": "paybridge", "type": "payment", "status": status,
        });
        self.app.say("merchant-app-events", id, "MerchantAppOnboardingStatusChanged", &told);
    }

    /// Orders a kettle and two strainers, and comes to the payment page.
    pub async fn order(&self) {
        for sku in ["kettle", "strainer", "strainer"] {
            self.post("/cart/add", &format!("sku={sku}")).await;
        }
        self.check_out().await;
    }

    /// Orders what is in the cart, and comes to the payment page.
    pub async fn check_out(&self) {
        let seen = self.post("/checkout", CHECKOUT).await;
        assert_eq!(seen.leads_to(), "https://pay.example.test/app-payment?transactionId=pi_1");
    }

    pub async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, form: &str) -> Seen {
        self.send(Method::POST, path, &[("origin", ADDRESS)], form).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Seen {
        let mut request = http::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:8082");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookie = self.cookie.lock().unwrap().clone();
        let request = request.header("cookie", cookie).body(Body::from(body.to_owned())).unwrap();
        let answer = self.shop.router().oneshot(request).await.unwrap();
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            *self.cookie.lock().unwrap() = pair.to_owned();
        }
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Seen { status: parts.status, headers: parts.headers, text }
    }

    /// Waits until a page shows something.
    pub async fn until(&self, path: &str, part: &str) -> String {
        let mut text = String::new();
        for _ in 0..1000 {
            text = self.get(path).await.text;
            if text.contains(part) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{path} never showed {part:?}:\n{text}");
    }

    /// Waits until an item of order DE--1 is in a state.
    pub async fn until_item(&self, id: i64, state: &str) {
        self.until("/orders/DE--1", &format!("id=\"state-{id}\">{state}<")).await;
    }
}

/// Waits until something holds.
pub async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to hold");
}

/// What somebody fills in at the checkout.
pub const CHECKOUT: &str = "first_name=Ada&last_name=Example&email=ada%40example.test\
    &street=Example+Street&house=12&zip=10115&city=Berlin&country=DE&locale=de_DE&method=Stripe&show=page";
