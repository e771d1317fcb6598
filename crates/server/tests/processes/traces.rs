//! What a collector of traces sees of real processes, and what becomes of them without one.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::Span;
use paybridge::demo::journey::{Journey, SECRET_KEY};
use paybridge::demo::shop::{Nobody, Shop, TENANT};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::collector::Collector;
use crate::installation::{Installation, Process, install_tls};

const CALLERS_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const UNSAMPLED_TRACE: &str = "aaaabbbbccccdddd0000111122223333";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";
/// The kinds of the protocol.
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// A span as the collector got it; ids are hexadecimal.
#[derive(Clone, Debug)]
struct Seen {
    trace: String,
    id: String,
    /// Empty where the trace begins.
    parent: String,
    name: String,
    kind: i32,
    failed: bool,
    attributes: BTreeMap<String, String>,
}

impl From<Span> for Seen {
    fn from(span: Span) -> Self {
        let attributes = span.attributes.into_iter().map(|attribute| {
            let value = match attribute.value.unwrap().value.unwrap() {
                any_value::Value::StringValue(text) => text,
                other => format!("{other:?}"),
            };
            (attribute.key, value)
        });
        assert!(span.events.is_empty(), "the log stays in the log");
        Self {
            trace: hex::encode(span.trace_id),
            id: hex::encode(span.span_id),
            parent: hex::encode(span.parent_span_id),
            name: span.name,
            kind: span.kind,
            failed: span.status.is_some_and(|status| status.code == 2),
            attributes: attributes.collect(),
        }
    }
}

fn spans(collector: &Collector) -> Vec<Seen> {
    let resources = collector.sent().into_iter().flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).map(Seen::from).collect()
}

/// The first span for which this holds, once it has come.
async fn seen(collector: &Collector, holds: impl Fn(&Seen) -> bool) -> Seen {
    for _ in 0..200 {
        if let Some(span) = spans(collector).into_iter().find(&holds) {
            return span;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no such span among {:#?}", spans(collector));
}

struct Traced {
    installation: Installation,
    _sandbox: Process,
    app: Process,
    log: PathBuf,
}

impl Traced {
    /// Messages about the configuration are pushed to `pushes`.
    async fn start(collector: &str, pushes: &str) -> Self {
        install_tls();
        let installation = Installation::new();
        let sandbox = installation.start_sandbox();
        let log = installation.folder.path().join("app.log");
        let mut serve = installation.command(&["serve"]);
        serve
            .env("PAYBRIDGE_LOG_FORMAT", "json")
            .env("PAYBRIDGE_TRACING_ENDPOINT", collector)
            .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=somewhere")
            .env("PAYBRIDGE_CHANNELS_APP_EVENTS_TRANSPORT", "http")
            .env("PAYBRIDGE_CHANNELS_APP_EVENTS_URL", pushes)
            .env("PAYBRIDGE_CHANNELS_PRIVATE_TARGETS", "allowed")
            .stderr(File::create(&log).unwrap());
        let app = Process(serve.spawn().expect("the program starts"));
        let ready = format!("{}/health/ready", installation.app());
        let mut tries = 0;
        while reqwest::get(&ready).await.is_err() {
            tries += 1;
            assert!(tries < 200, "the app does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { installation, _sandbox: sandbox, app, log }
    }

    fn shop(&self) -> Shop {
        let (app, token) = (self.installation.app(), self.installation.token.clone());
        Shop::new(app, token, Box::new(Nobody)).unwrap()
    }

    /// Configures the app, within the caller's trace, which is exported or not.
    async fn configure(&self, trace: &str, is_sampled: bool) {
        let configuration = json!({
            "businessModel": "direct", "environment": "test",
            "secretKey": SECRET_KEY, "publishableKey": "pk_test_demo",
        });
        let attributes = json!({"configuration": configuration.to_string()});
        let body = json!({"data": {"type": "configuration", "attributes": attributes}});
        let request = reqwest::Client::new()
            .post(format!("{}/private/configure", self.installation.app()))
            .bearer_auth(&self.installation.token)
            .header("content-type", "application/json")
            .header("x-tenant-identifier", TENANT)
            .header("traceparent", format!("00-{trace}-{CALLERS_SPAN}-0{}", u8::from(is_sampled)))
            .header("tracestate", "somebody=ada@example.test")
            .body(body.to_string());
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }

    async fn end(self) -> Vec<Value> {
        self.app.terminate();
        let mut app = self.app;
        let ended = tokio::task::spawn_blocking(move || app.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "{ended}");
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Takes what is pushed, and counts it.
async fn push_target() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/messages", listener.local_addr().unwrap());
    let pushed = Arc::new(AtomicUsize::new(0));
    let counts = pushed.clone();
    let take = async move || {
        counts.fetch_add(1, Ordering::Relaxed);
    };
    let router = Router::new().route("/messages", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, pushed)
}

#[track_caller]
fn has(span: &Seen, attributes: &[(&str, &str)]) {
    for (name, value) in attributes {
        assert_eq!(span.attributes.get(*name).map(String::as_str), Some(*value), "{span:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_sees_whose_request_led_to_which_call() {
    let collector = Collector::start().await;
    let (pushes, pushed) = push_target().await;
    let traced = Traced::start(&collector.url, &pushes).await;
    traced.configure(UNSAMPLED_TRACE, false).await;
    traced.configure(CALLERS_TRACE, true).await;
    let shop = traced.shop();
    let transaction = Journey::new(&shop, traced.installation.stripe()).take_order().await.unwrap();

    // The caller's trace goes on through the request to each call.
    let configure = seen(&collector, |span| span.name == "POST /private/configure").await;
    assert_eq!((configure.trace.as_str(), configure.kind), (CALLERS_TRACE, SERVER));
    assert_eq!(configure.parent, CALLERS_SPAN);
    has(&configure, &[("tenant", TENANT), ("http.response.status_code", "IntValue(200)")]);
    let asked = seen(&collector, |span| span.parent == configure.id).await;
    assert_eq!((asked.trace.as_str(), asked.kind), (CALLERS_TRACE, CLIENT));
    assert!(asked.name.starts_with("stripe "), "{asked:#?}");
    has(&asked, &[("outcome", "ok")]);

    // Where the caller has none, one begins.
    let begun = seen(&collector, |span| span.name == "POST /private/initialize-payment").await;
    assert!(begun.parent.is_empty() && begun.trace != CALLERS_TRACE, "{begun:#?}");
    let call = seen(&collector, |span| span.name == "call" && span.parent == begun.id).await;
    has(&call, &[("tenant", TENANT), ("order", "DE--1")]);
    let made = seen(&collector, |span| span.parent == call.id).await;
    assert_eq!((made.kind, made.failed), (CLIENT, false));
    assert_eq!([&call.trace, &made.trace], [&begun.trace; 2]);

    // What was stored first is worked off in a trace of its own, and so is what is pushed.
    let worked = seen(&collector, |span| span.name.starts_with("work payment_intent.")).await;
    assert_eq!((worked.kind, worked.parent.as_str()), (CONSUMER, ""));
    has(&worked, &[("tenant", TENANT), ("outcome", "done")]);
    let told = seen(&collector, |span| span.name == "deliver app-events").await;
    assert_eq!(told.kind, PRODUCER);
    has(&told, &[("tenant", TENANT), ("outcome", "delivered")]);
    assert!(pushed.load(Ordering::Relaxed) >= 1);
    assert!(transaction.starts_with("pi_"));

    // What has just ended when the process is stopped goes out as well.
    assert_eq!(shop.call("/private/nowhere", &json!({})).await.unwrap().0.as_u16(), 404);
    let log = traced.end().await;
    let spans = spans(&collector);
    assert!(spans.iter().any(|span| span.name == "POST (none)"), "{spans:#?}");
    assert!(!spans.iter().any(|span| span.name.contains("/health/")), "{spans:#?}");
    assert!(!spans.iter().any(|span| span.trace == UNSAMPLED_TRACE), "{spans:#?}");
    let told = collector.told();
    for part in ["paybridge.role", "deployment.environment.name", "\"somewhere\""] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("ada@example.test"), "{told}");

    // The log names the same traces.
    let traces = |path: &str| -> Vec<&str> {
        let lines = log.iter().filter(|line| line["path"] == path);
        lines.map(|line| line["trace"].as_str().unwrap()).collect()
    };
    assert_eq!(traces("/private/configure"), [UNSAMPLED_TRACE, CALLERS_TRACE]);
    assert_eq!(traces("/private/initialize-payment"), [&begun.trace]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_collector_the_app_goes_on_and_says_so_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (pushes, _) = push_target().await;
    let traced = Traced::start(&format!("http://{address}"), &pushes).await;
    traced.configure(CALLERS_TRACE, true).await;
    let shop = traced.shop();
    Journey::new(&shop, traced.installation.stripe()).take_order().await.unwrap();
    // It has been tried more than once by now.
    tokio::time::sleep(Duration::from_secs(3)).await;

    // It comes up and gets what waited.
    let collector = Collector::on(TcpListener::bind(address).await.unwrap());
    seen(&collector, |span| span.name == "POST /private/configure").await;
    let metrics = format!("{}/metrics", traced.installation.app());
    let counted = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    assert!(counted.contains("paybridge_spans_total{outcome=\"exported\"}"), "{counted}");
    assert!(!counted.contains("paybridge_spans_total{outcome=\"dropped\"}"), "{counted}");
    let log = traced.end().await;
    let said = |text: &str| {
        let told = |line: &&Value| line["message"].as_str().is_some_and(|told| told.contains(text));
        log.iter().filter(told).count()
    };
    assert_eq!(said("the collector takes no traces"), 1);
    assert_eq!(said("the collector takes traces again"), 1);
}
