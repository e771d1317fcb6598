//! `POST /app-payment/csp-report`: a browser tells that the page wanted what it may not have.
//!
//! Anybody may send anything here, so little of it is read, nothing of it is kept, and of what is
//! said only words that we know are written down.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use crate::state::WebState;

/// The largest report that is read, in bytes.
pub(crate) const REPORT_MAX: usize = 16 * 1024;
/// So many reports are read in a minute; the others are let go of.
pub(crate) const REPORTS_PER_MINUTE_MAX: u32 = 60;
/// The directives of our policy, by which reports are counted.
const DIRECTIVES: [&str; 9] = [
    "default-src",
    "script-src",
    "style-src",
    "img-src",
    "connect-src",
    "frame-src",
    "frame-ancestors",
    "base-uri",
    "form-action",
];

/// How many reports came in this minute.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    minute: AtomicI64,
    count: AtomicU32,
}

impl Reports {
    /// Counts one more; its number in this minute, or `None` where there were enough.
    fn take(&self, minute: i64) -> Option<u32> {
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.count.store(0, Ordering::Relaxed);
        }
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        (before < REPORTS_PER_MINUTE_MAX).then_some(before + 1)
    }
}

/// Always 204: no browser does anything about an error here.
pub(crate) async fn handle(State(state): State<WebState>, body: Body) -> StatusCode {
    let minute = state.context.entropy.now().as_second().div_euclid(60);
    let Some(number) = state.page.reports.take(minute) else { return StatusCode::NO_CONTENT };
    let Ok(body) = to_bytes(body, REPORT_MAX).await else { return StatusCode::NO_CONTENT };
    let Ok(report) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::NO_CONTENT;
    };
    let directive = directive(&report);
    metrics::counter!("paybridge_page_violations_total", "directive" => directive).increment(1);
    // One line a minute says that there is something to look at; the counter says how much.
    if number == 1 {
        tracing::warn!(directive, "the payment page wanted what its policy forbids");
    }
    StatusCode::NO_CONTENT
}

/// The directive that was violated, in either format of reports.
fn directive(report: &Value) -> &'static str {
    let paths = [
        "/csp-report/effective-directive",
        "/csp-report/violated-directive",
        "/0/body/effectiveDirective",
    ];
    let told = paths.iter().find_map(|path| report.pointer(path)?.as_str()).unwrap_or_default();
    // `script-src-elem` is a part of `script-src`; an old browser quotes the whole directive.
    let known = DIRECTIVES.iter().find(|directive| told.starts_with(**directive));
    known.copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_formats_of_reports_are_understood() {
        let cases = [
            (json!({"csp-report": {"effective-directive": "script-src-elem"}}), "script-src"),
            (json!({"csp-report": {"violated-directive": "img-src data:"}}), "img-src"),
            (
                json!([{"type": "csp-violation", "body": {"effectiveDirective": "frame-src"}}]),
                "frame-src",
            ),
            (json!({"csp-report": {"effective-directive": "made up"}}), "other"),
            (json!("text"), "other"),
        ];
        for (report, expected) in cases {
            assert_eq!(directive(&report), expected, "{report}");
        }
    }

    #[test]
    fn a_flood_is_let_go_of_until_the_next_minute() {
        let reports = Reports::default();
        let taken = (0..REPORTS_PER_MINUTE_MAX + 5).filter_map(|_| reports.take(7)).count();
        assert_eq!(u32::try_from(taken), Ok(REPORTS_PER_MINUTE_MAX));
        assert_eq!(reports.take(7), None);
        assert_eq!(reports.take(8), Some(1));
    }
}
