//! Traces for a collector (OpenTelemetry): which spans of this process leave it, and how they look
//! there.
//!
//! Only the spans in `SHAPES` leave it, with the fields that they have in the log. What is logged
//! within them stays in the log: a collector is told where time went and for whom, not what was
//! said.

mod export;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http::HeaderMap;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use crate::config::Tracing;

use export::Exporter;

/// What the spans of this program are made with, and the service that they come from.
const NAME: &str = "paybridge";

/// How a span looks at the collector.
struct Shape {
    /// Its name in the code and in the log.
    span: &'static str,
    kind: SpanKind,
    /// The fields whose values make its name; they have few.
    titles: &'static [&'static str],
}

/// Every span that is exported.
static SHAPES: [Shape; 5] = [
    Shape { span: "request", kind: SpanKind::Server, titles: &[METHOD, ROUTE] },
    Shape { span: "work", kind: SpanKind::Consumer, titles: &["name"] },
    Shape { span: "deliver", kind: SpanKind::Producer, titles: &["channel"] },
    Shape { span: "call", kind: SpanKind::Internal, titles: &[] },
    Shape { span: "stripe", kind: SpanKind::Client, titles: &["call"] },
];

const TRACEPARENT: &str = "traceparent";
const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const OUTCOME: &str = "outcome";
/// The least status that tells of a fault of ours.
const SERVER_ERROR: i64 = 500;
/// Outcomes that somebody may have to look at.
const BAD_OUTCOMES: [&str; 4] = ["parked", "not_sent", "unknown", "key_spent"];
/// Asked every few seconds by machines, and nobody's journey.
const UNTOLD_ROUTES: [&str; 3] = ["/health/live", "/health/ready", "/metrics"];

/// The traces of this process on their way to a collector.
pub struct Traces {
    provider: SdkTracerProvider,
    exporter: Exporter,
}

impl Traces {
    /// Starts exporting. `instance` tells this process from others. Must be called within the
    /// runtime.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn start(tracing: &Tracing, instance: &str, role: &'static str) -> anyhow::Result<Self> {
        // What the environment says of this process (OTEL_RESOURCE_ATTRIBUTES) wins.
        let resource = Resource::builder_empty()
            .with_service_name(NAME)
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", instance.to_owned()),
                KeyValue::new("paybridge.role", role),
            ])
            .with_detector(Box::new(EnvResourceDetector::new()))
            .build();
        let (queue, exporter) = Exporter::start(tracing.endpoint.as_str(), &resource)?;
        // A trace that a caller has begun is his to sample.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share(tracing))));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(sampler)
            .with_span_processor(queue)
            .build();
        Ok(Self { provider, exporter })
    }

    /// Sees the spans that the program makes.
    pub fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| {
                metadata.is_span() && SHAPES.iter().any(|shape| shape.span == metadata.name())
            }))
    }

    /// Exports what has not gone out yet, for at most three seconds.
    pub async fn shut_down(self) {
        self.exporter.flush().await;
    }
}

#[expect(clippy::float_arithmetic, reason = "the library asks for a share of one; it is no money")]
fn share(tracing: &Tracing) -> f64 {
    f64::from(tracing.sample_percent) / 100.0
}

/// Requests go on with the trace that their caller has begun (W3C Trace Context).
pub fn continued(router: Router) -> Router {
    router.layer(middleware::from_fn(|request: Request, next: Next| {
        let begun = TraceContextPropagator::new().extract(&Headers(request.headers()));
        next.run(request).with_context(begun)
    }))
}

/// The trace that this thread works for, if it is exported or a caller has begun it.
pub(crate) fn current() -> Option<TraceId> {
    Context::map_current(|context| {
        let id = context.span().span_context().trace_id();
        (id != TraceId::INVALID).then_some(id)
    })
}

/// What a caller may say of his trace. `tracestate` is not taken: it may say anything, and nobody
/// gets it from here.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        if key != TRACEPARENT {
            return None;
        }
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// A span that has ended, as the collector gets it; none where nobody wants to see it.
fn shaped(mut span: SpanData) -> Option<SpanData> {
    let shape = SHAPES.iter().find(|shape| shape.span == span.name)?;
    let value = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| &attribute.value)
    };
    let text = |key| value(key).map(Value::as_str);
    if text(ROUTE).is_some_and(|route| UNTOLD_ROUTES.contains(&route.as_ref())) {
        return None;
    }
    let failed = matches!(value(STATUS), Some(Value::I64(status)) if *status >= SERVER_ERROR)
        || text(OUTCOME).is_some_and(|outcome| BAD_OUTCOMES.contains(&outcome.as_ref()));
    // A request is called after its method and route alone: so do others' programs.
    let own = (shape.kind != SpanKind::Server).then_some(shape.span.into());
    let titles: Vec<_> =
        own.into_iter().chain(shape.titles.iter().copied().filter_map(text)).collect();
    // Nothing is known yet of a request that its client gave up.
    let name = if titles.is_empty() { shape.span.to_owned() } else { titles.join(" ") };
    if failed {
        span.status = Status::error("");
    }
    span.name = name.into();
    span.span_kind = shape.kind.clone();
    Some(span)
}
