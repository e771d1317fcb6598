//! The table of metrics in the operator's guide.

use paybridge::metrics::{Kind, METRICS};

use crate::support::{path, read};

const DOCUMENT: &str = "docs/guide/operate.md";
const BEGIN: &str = "<!-- metrics from the code: begin -->\n";
const END: &str = "<!-- metrics from the code: end -->";

fn table() -> String {
    let mut table = "| Metric | Kind | What it tells |\n|---|---|---|\n".to_owned();
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Seconds => "histogram",
        };
        table.push_str(&format!("| `{}` | {kind} | {} |\n", metric.name, metric.doc));
    }
    table
}

/// With `UPDATE_DOCS=1` it is rewritten instead; `cargo xtask docs` does that.
#[test]
fn the_table_of_metrics_is_up_to_date() {
    let document = read(DOCUMENT);
    let (before, rest) = document.split_once(BEGIN).expect("the document has the first mark");
    let (_, after) = rest.split_once(END).expect("the document has the second mark");
    let updated = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(DOCUMENT), updated).unwrap();
        return;
    }
    assert!(
        document == updated,
        "{DOCUMENT} has not the metrics of the code; `cargo xtask docs` rewrites it"
    );
}

/// Metrics that are named in prose exist.
#[test]
fn metrics_named_elsewhere_exist() {
    for document in crate::support::DOCUMENTS {
        for word in read(document).split(|sign: char| !(sign.is_ascii_lowercase() || sign == '_')) {
            let is_metric = word.starts_with("paybridge_");
            let exists = METRICS.iter().any(|metric| metric.name == word);
            assert!(!is_metric || exists, "{document} names the metric {word}, which is not there");
        }
    }
}
