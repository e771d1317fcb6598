//! One app for all tests: a clock that stands still, and a receiver that remembers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use stripe_sandbox::{BoxFuture, Clock, ConnectionLost, Options, Sandbox, WebhookSender};
use tower::ServiceExt;

/// Where the tests' clock starts: 2026-11-01.
const START_SECOND: i64 = 1_793_491_200;

/// A clock that moves when it is told to.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub fn advance(&self, step: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += step;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub url: String,
    pub signature: String,
    pub event: Value,
}

/// Remembers what it is sent and answers what it is told, 200 after that.
#[derive(Clone, Default)]
pub struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Result<StatusCode, String>>>>,
    silent: Arc<AtomicBool>,
}

impl Receiver {
    pub fn answer(&self, answers: impl IntoIterator<Item = Result<StatusCode, String>>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Whether it keeps its senders waiting for ever.
    pub fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }

    pub fn take_types(&self) -> Vec<String> {
        self.take().into_iter().map(|received| text(&received.event, "/type")).collect()
    }
}

impl WebhookSender for Receiver {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>> {
        let header = request.headers()["stripe-signature"].to_str().unwrap();
        self.received.lock().unwrap().push(Received {
            url: request.uri().to_string(),
            signature: header.to_owned(),
            event: serde_json::from_slice(request.body()).unwrap(),
        });
        let answer = self.answers.lock().unwrap().pop_front();
        if self.silent.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { answer.unwrap_or(Ok(StatusCode::OK)) })
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub json: Value,
}

impl Reply {
    /// The text at a JSON pointer.
    pub fn text(&self, pointer: &str) -> String {
        text(&self.json, pointer)
    }

    pub fn integer(&self, pointer: &str) -> i64 {
        self.json.pointer(pointer).and_then(Value::as_i64).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer, which has to be a good one.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.json);
        self
    }
}

#[track_caller]
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{pointer} is {other:?} in {value}"),
    }
}

pub struct TestApp {
    pub sandbox: Sandbox,
    pub clock: TestClock,
    pub receiver: Receiver,
}

impl TestApp {
    pub fn new() -> Self {
        Self::with_seed(1)
    }

    pub fn with_seed(seed: u64) -> Self {
        let start = Timestamp::from_second(START_SECOND).unwrap();
        let clock = TestClock(Arc::new(Mutex::new(start)));
        let receiver = Receiver::default();
        let sandbox = Sandbox::new(Options {
            seed,
            clock: Arc::new(clock.clone()),
            webhooks: Arc::new(receiver.clone()),
            base_url: "http://sandbox.example".to_owned(),
        });
        Self { sandbox, clock, receiver }
    }

    /// Sends a request; none when the connection broke.
    pub async fn send(&self, request: Request<Body>) -> Option<Reply> {
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if parts.extensions.get::<ConnectionLost>().is_some() {
            return None;
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        Some(Reply {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, "")).await.unwrap()
    }

    pub async fn post(&self, path: &str, form: &str) -> Reply {
        self.send(request(Method::POST, path, form)).await.unwrap()
    }

    /// A POST under an idempotency key; none when the connection broke.
    pub async fn post_keyed(&self, key: &str, path: &str, form: &str) -> Option<Reply> {
        let mut request = request(Method::POST, path, form);
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// A call of the control API with a JSON body.
    pub async fn control(&self, method: Method, path: &str, body: &Value) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_sandbox{path}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await.unwrap()
    }

    /// An intent authorized by card; its id.
    pub async fn authorized(&self) -> String {
        let form = "amount=2000&currency=eur&confirm=true&payment_method=pm_card_visa\
                    &payment_method_types[]=card&capture_method=manual";
        self.post("/v1/payment_intents", form).await.ok().text("/id")
    }

    /// Subscribes the receiver to everything; the id and the secret of the endpoint.
    pub async fn subscribe(&self) -> (String, String) {
        let form = "url=https://shop.example/webhooks&enabled_events[]=*";
        let endpoint = self.post("/v1/webhook_endpoints", form).await.ok();
        (endpoint.text("/id"), endpoint.text("/secret"))
    }

    /// An intent that waits for a payment method; its id and its client secret.
    pub async fn unpaid(&self) -> (String, String) {
        let form = "amount=2000&currency=eur&automatic_payment_methods[enabled]=true";
        let intent = self.post("/v1/payment_intents", form).await.ok();
        (intent.text("/id"), intent.text("/client_secret"))
    }

    /// A call with the publishable key of the same account.
    pub async fn call_in_browser(&self, method: Method, path: &str, form: &str) -> Reply {
        let mut request = request(method, path, form);
        request.headers_mut().insert("authorization", "Bearer pk_test_tests".parse().unwrap());
        self.send(request).await.unwrap()
    }

    /// What Stripe.js sends when the shopper pays; `data` is the `payment_method_data` and whatever else.
    pub async fn pay_in_browser(&self, (id, secret): &(String, String), data: &str) -> Reply {
        let path = format!("/v1/payment_intents/{id}/confirm");
        let form = format!(
            "client_secret={secret}&use_stripe_sdk=true&return_url=https://shop.example/back&{data}"
        );
        self.call_in_browser(Method::POST, &path, &form).await
    }

    pub async fn status_of(&self, intent: &str) -> String {
        self.get(&format!("/v1/payment_intents/{intent}")).await.ok().text("/status")
    }
}

pub fn request(method: Method, path: &str, form: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer sk_test_tests")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}
