//! The metrics of this process: what they mean, and what renders them.
//!
//! `cargo xtask tidy` checks that every metric recorded anywhere is in [`METRICS`], and that
//! nothing else is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// How often what was observed is folded into its buckets. Until then it takes up memory.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bounds of the buckets for everything measured in seconds: from a commit to a slow answer of
/// Stripe.
const SECONDS_BUCKETS: [f64; 12] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something that happens; only ever more.
    Counter,
    /// Something that there is now.
    Gauge,
    /// How long something takes, in seconds.
    Seconds,
}

/// A metric of the product.
#[derive(Debug)]
pub struct Metric {
    /// Its name at `/metrics`.
    pub name: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// What it tells an operator.
    pub doc: &'static str,
}

/// Every metric of the product.
pub static METRICS: &[Metric] = &[
    Metric {
        name: "paybridge_http_requests_total",
        kind: Kind::Counter,
        doc: "Requests answered, by method, path and status.",
    },
    Metric {
        name: "paybridge_webhooks_total",
        kind: Kind::Counter,
        doc: "Webhooks received, by outcome: new, duplicate, other_mode, foreign, rejected.",
    },
    Metric {
        name: "paybridge_webhook_secrets_total",
        kind: Kind::Counter,
        doc: "Webhooks proven, by the secret that proved them: its level (platform, tenant), the mode of the path, and the endpoint's id or the masked secret. One that grows no more serves no more.",
    },
    Metric {
        name: "paybridge_events_total",
        kind: Kind::Counter,
        doc: "Events of the payment service provider that were worked off, by outcome: applied, ignored, foreign.",
    },
    Metric {
        name: "paybridge_disputes_total",
        kind: Kind::Counter,
        doc: "Disputes opened, changed and closed, by event.",
    },
    Metric {
        name: "paybridge_late_refund_failures_total",
        kind: Kind::Counter,
        doc: "Refunds that came back when the shop no longer listened: give the money back by hand; the log names them.",
    },
    Metric {
        name: "paybridge_commands_total",
        kind: Kind::Counter,
        doc: "Commands received from shops, by name and outcome: new, duplicate.",
    },
    Metric {
        name: "paybridge_broker_commands_total",
        kind: Kind::Counter,
        doc: "Commands that a broker delivered, by outcome: taken, later (it is held and tried again), dead (it can never be taken and is among the dead letters).",
    },
    Metric {
        name: "paybridge_pushed_total",
        kind: Kind::Counter,
        doc: "Attempts to push a message to a shop, by channel and outcome: delivered, later, parked.",
    },
    Metric {
        name: "paybridge_broker_up",
        kind: Kind::Gauge,
        doc: "Whether this process is connected to a broker: 1, or 0 while it is gone, by broker.",
    },
    Metric {
        name: "paybridge_targets_resting",
        kind: Kind::Gauge,
        doc: "Places that messages are pushed to and that rest, because they failed several times in a row, by channel.",
    },
    Metric {
        name: "paybridge_page_violations_total",
        kind: Kind::Counter,
        doc: "Reports of browsers that the payment page wanted what its content security policy forbids, by directive.",
    },
    Metric {
        name: "paybridge_psp_requests_total",
        kind: Kind::Counter,
        doc: "Calls to the payment service provider, retries included in one, by call and outcome.",
    },
    Metric {
        name: "paybridge_psp_retries_total",
        kind: Kind::Counter,
        doc: "Retries of calls to the payment service provider, by call.",
    },
    Metric {
        name: "paybridge_psp_request_seconds",
        kind: Kind::Seconds,
        doc: "How long calls to the payment service provider take that were sent, retries included, by call.",
    },
    Metric {
        name: "paybridge_calls_open",
        kind: Kind::Gauge,
        doc: "Calls to the payment service provider whose outcome is not known yet.",
    },
    Metric {
        name: "paybridge_psp_accounts_paused",
        kind: Kind::Gauge,
        doc: "Accounts that Stripe does not answer for, as this process finds: their calls wait without being made.",
    },
    Metric {
        name: "paybridge_psp_pauses_total",
        kind: Kind::Counter,
        doc: "How often calls for an account began to wait because Stripe did not answer for it.",
    },
    Metric {
        name: "paybridge_database_up",
        kind: Kind::Gauge,
        doc: "1 while the database can be used, 0 while it cannot be read or written.",
    },
    Metric {
        name: "paybridge_database_disk_full",
        kind: Kind::Gauge,
        doc: "1 while the database cannot be written because its disk is full.",
    },
    Metric {
        name: "paybridge_database_writes_total",
        kind: Kind::Counter,
        doc: "Writes that the database was asked for.",
    },
    Metric {
        name: "paybridge_database_transactions_total",
        kind: Kind::Counter,
        doc: "Transactions that carried out writes. Those that wait share one, and its wait for the disk.",
    },
    Metric {
        name: "paybridge_event_lists_total",
        kind: Kind::Counter,
        doc: "Walks through an account's list of events at Stripe, by outcome: walked, failed.",
    },
    Metric {
        name: "paybridge_listed_events_total",
        kind: Kind::Counter,
        doc: "Events in such lists, by outcome: known, missed (no webhook had brought it), unreadable.",
    },
    Metric {
        name: "paybridge_compared_payments_total",
        kind: Kind::Counter,
        doc: "Payments that were compared with Stripe, each night.",
    },
    Metric {
        name: "paybridge_differences_total",
        kind: Kind::Counter,
        doc: "Differences between the books and Stripe that were found each night, by field; the log names them.",
    },
    Metric {
        name: "paybridge_inbox_waiting",
        kind: Kind::Gauge,
        doc: "Webhooks and commands that wait to be worked off.",
    },
    Metric {
        name: "paybridge_inbox_parked",
        kind: Kind::Gauge,
        doc: "Webhooks and commands that failed too often and wait for an operator.",
    },
    Metric {
        name: "paybridge_outbox_waiting",
        kind: Kind::Gauge,
        doc: "Messages that no shop has taken yet, by channel.",
    },
    Metric {
        name: "paybridge_outbox_oldest_age_seconds",
        kind: Kind::Gauge,
        doc: "Age of the oldest message that no shop has taken yet, by channel; it grows when nobody reads.",
    },
    Metric {
        name: "paybridge_outbox_parked",
        kind: Kind::Gauge,
        doc: "Messages that no shop could take and that wait for an operator.",
    },
    Metric {
        name: "paybridge_spans_total",
        kind: Kind::Counter,
        doc: "Spans of traces for the collector, by outcome: exported, dropped (too many waited), refused (it does not want them).",
    },
];

/// Starts recording and describes every metric. Once a process.
///
/// # Errors
/// When something else records already.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    // One process records once, however many apps run in it.
    static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*recorder {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .context("the buckets of the metrics are wrong")?
        .install_recorder()
        .context("metrics are recorded already")?;
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.doc),
            Kind::Gauge => describe_gauge!(metric.name, metric.doc),
            Kind::Seconds => describe_histogram!(metric.name, Unit::Seconds, metric.doc),
        }
    }
    *recorder = Some(handle.clone());
    Ok(handle)
}

/// Keeps the recorder small, for as long as it is polled.
pub async fn upkeep(handle: PrometheusHandle) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(UPKEEP_INTERVAL).await;
        handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_rendered_with_what_it_means() {
        let handle = install().unwrap();
        metrics::counter!("paybridge_webhooks_total", "outcome" => "new").increment(2);
        metrics::histogram!("test_call_duration_seconds").record(0.2);
        let page = handle.render();
        for line in [
            "# HELP paybridge_webhooks_total Webhooks received, by outcome: new, duplicate, \
             other_mode, foreign, rejected.",
            "# TYPE paybridge_webhooks_total counter",
            "paybridge_webhooks_total{outcome=\"new\"} 2",
            "test_call_duration_seconds_bucket{le=\"0.1\"} 0",
            "test_call_duration_seconds_bucket{le=\"0.25\"} 1",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
        }
    }

    #[test]
    fn a_name_says_what_its_metric_counts() {
        for metric in METRICS {
            let ending = match metric.kind {
                Kind::Counter => metric.name.ends_with("_total"),
                Kind::Gauge => !metric.name.ends_with("_total"),
                Kind::Seconds => metric.name.ends_with("_seconds"),
            };
            assert!(ending && metric.name.starts_with("paybridge_"), "{}", metric.name);
        }
    }
}
