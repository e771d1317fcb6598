//! The files to deploy with name what there is: metrics, variables, commands, and each alert its next
//! step.

use std::collections::BTreeSet;

use paybridge::config::keys;
use paybridge::metrics::{Kind, METRICS};

use crate::support::read;

const ALERTS: &str = "deploy/prometheus/alerts.yaml";
const DASHBOARD: &str = "deploy/grafana/paybridge.json";
const WITH_VARIABLES: [&str; 9] = [
    "deploy/Dockerfile",
    "deploy/compose.yaml",
    "deploy/compose.postgres.yaml",
    "deploy/kubernetes/paybridge.yaml",
    "deploy/kubernetes/paybridge-postgres.yaml",
    "deploy/systemd/paybridge.service",
    "deploy/systemd/paybridge@.service",
    "deploy/systemd/paybridge-backup.service",
    "docs/guide/deploy.md",
];

/// A histogram is asked for by the names that Prometheus makes of it.
fn metric_names() -> BTreeSet<String> {
    let endings = |kind: Kind| match kind {
        Kind::Counter | Kind::Gauge => vec![""],
        Kind::Seconds => vec!["_bucket", "_count", "_sum"],
    };
    let names = METRICS.iter().flat_map(|metric| {
        endings(metric.kind).into_iter().map(|ending| format!("{}{ending}", metric.name))
    });
    names.collect()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|sign: char| !(sign.is_ascii_lowercase() || sign == '_'));
    words.filter(|word| word.starts_with("paybridge_")).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_are_there() {
    let known = metric_names();
    for file in [ALERTS, DASHBOARD] {
        let text = read(file);
        let named = named(&text);
        assert!(named.len() > 5, "{file}: {named:?}");
        for metric in named {
            assert!(known.contains(metric), "{file} names {metric}, which is not there");
        }
    }
}

/// What stands still where it is wrong is seen before somebody asks for it.
#[test]
fn the_dashboard_shows_every_gauge() {
    let text = read(DASHBOARD);
    let shown = named(&text);
    for metric in METRICS {
        let is_gauge = matches!(metric.kind, Kind::Gauge);
        assert!(!is_gauge || shown.contains(metric.name), "{} is not shown", metric.name);
    }
}

#[test]
fn every_alert_says_what_to_do_next() {
    let text = read(ALERTS);
    let alerts: Vec<&str> = text.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 5);
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        assert!(alert.contains("          next: "), "{name} says no next step");
        assert!(alert.contains("severity: "), "{name} has no severity");
    }
}

#[test]
fn the_files_set_variables_that_are_there() {
    let known: BTreeSet<&str> = keys::all().map(|key| key.variable).collect();
    for file in WITH_VARIABLES {
        let text = read(file);
        let words = text.split(|sign: char| !(sign.is_ascii_uppercase() || sign == '_'));
        let ours = words.filter(|word| word.starts_with(keys::VARIABLE_PREFIX));
        let mut seen = 0;
        for word in ours {
            assert!(known.contains(word), "{file} names {word}, which is not there");
            seen += 1;
        }
        assert!(seen > 0, "{file} names variables");
    }
}
