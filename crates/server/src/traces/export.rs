//! From the spans that have ended to the collector: a bounded queue, and a task that empties it. No
//! request ever waits for either.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{StatusCode, header};
use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// So many spans wait at most; what comes beyond is dropped. Some megabytes.
pub(super) const QUEUE_MAX: usize = 8192;
/// So many are sent at once.
const BATCH_MAX: usize = 512;
/// How often what waits is sent.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often it is tried while the collector takes nothing.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// How long one sending may take, its connection included.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a process that ends waits for its last spans to go out.
pub(super) const FLUSH_MAX: Duration = Duration::from_secs(3);
/// Where spans go below a collector's address (OTLP over HTTP).
const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";

/// Where spans go when they end.
#[derive(Debug)]
pub(super) struct Queue(mpsc::Sender<SpanData>);

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let Some(span) = super::shaped(span) else { return };
        if self.0.try_send(span).is_err() {
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// The exporter ends by [`Exporter::flush`]; what ends after it is dropped.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The task that empties the queue.
pub(super) struct Exporter {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporter {
    pub(super) fn start(endpoint: &str, resource: &Resource) -> anyhow::Result<(Queue, Self)> {
        let client = reqwest::Client::builder()
            .timeout(SEND_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("traces cannot be exported")?;
        let collector = Collector {
            client,
            url: format!("{endpoint}{PATH}"),
            resource: resource.into(),
            unsent: None,
            takes: true,
        };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(collector, receiver, stopped));
        Ok((Queue(sender), Self { stop, task }))
    }

    /// Sends what waits, once, and ends.
    pub(super) async fn flush(self) {
        // It is gone already only if it broke down; there is nobody left to tell.
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(FLUSH_MAX, self.task).await;
    }
}

async fn run(
    mut collector: Collector,
    mut queue: mpsc::Receiver<SpanData>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut goes_on = true;
    while goes_on {
        let interval = if collector.takes { INTERVAL } else { RETRY_INTERVAL };
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = &mut stopped => goes_on = false,
        }
        collector.take_all(&mut queue).await;
    }
}

/// Spans, written once as they are sent.
struct Batch {
    body: Bytes,
    spans: u64,
}

struct Collector {
    client: reqwest::Client,
    url: String,
    resource: ResourceAttributesWithSchema,
    /// What it could not take the last time.
    unsent: Option<Batch>,
    /// Whether it took what it was sent last.
    takes: bool,
}

/// Why a batch was not taken.
enum Refused {
    /// It may be the next time.
    Later(String),
    /// It never will be.
    Never(String),
}

impl Collector {
    /// Sends what waits, until nothing does or the collector takes no more.
    async fn take_all(&mut self, queue: &mut mpsc::Receiver<SpanData>) {
        while let Some(batch) = self.next(queue) {
            match self.send(&batch).await {
                Ok(()) => {
                    count("exported", batch.spans);
                    if !self.takes {
                        tracing::info!(collector = self.url, "the collector takes traces again");
                    }
                    self.takes = true;
                }
                Err(Refused::Never(reason)) => {
                    count("refused", batch.spans);
                    self.complain(&reason);
                }
                Err(Refused::Later(reason)) => {
                    self.unsent = Some(batch);
                    self.complain(&reason);
                    return;
                }
            }
        }
    }

    fn next(&mut self, queue: &mut mpsc::Receiver<SpanData>) -> Option<Batch> {
        if let Some(unsent) = self.unsent.take() {
            return Some(unsent);
        }
        let mut spans = Vec::new();
        while spans.len() < BATCH_MAX
            && let Ok(span) = queue.try_recv()
        {
            spans.push(span);
        }
        if spans.is_empty() {
            return None;
        }
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        Some(Batch { body: body.into(), spans: count })
    }

    async fn send(&self, batch: &Batch) -> Result<(), Refused> {
        let request = self.client.post(&self.url).header(header::CONTENT_TYPE, PROTOBUF);
        match request.body(batch.body.clone()).send().await {
            Ok(response) => match response.status() {
                status if status.is_success() => Ok(()),
                status if may_pass(status) => Err(Refused::Later(status.to_string())),
                status => Err(Refused::Never(status.to_string())),
            },
            Err(error) => Err(Refused::Later(describe(&error))),
        }
    }

    /// Once, until it takes something again.
    fn complain(&mut self, reason: &str) {
        if self.takes {
            tracing::warn!(
                collector = self.url,
                reason,
                waiting_max = QUEUE_MAX,
                "the collector takes no traces; they wait, and what does not fit is dropped. Payments \
                 go on as before"
            );
        }
        self.takes = false;
    }
}

/// What the protocol says may be sent again (OTLP, "Retryable Response Codes"), and an address where
/// the collector's proxy is up before the collector.
fn may_pass(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

fn count(outcome: &'static str, spans: u64) {
    metrics::counter!("paybridge_spans_total", "outcome" => outcome).increment(spans);
}

/// The innermost cause: the outermost error says only that sending failed.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
