//! The keys about traces for a collector.

use super::{Fallback, Key, Kind};

/// Where traces are sent.
pub const TRACING_ENDPOINT: Key = Key {
    name: "tracing_endpoint",
    variable: "PAYBRIDGE_TRACING_ENDPOINT",
    kind: Kind::Url,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "An OpenTelemetry collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`: \
          traces are sent to `/v1/traces` below it. Without it none are made.",
};

/// How many traces are sent.
pub const TRACING_SAMPLE_PERCENT: Key = Key {
    name: "tracing_sample_percent",
    variable: "PAYBRIDGE_TRACING_SAMPLE_PERCENT",
    kind: Kind::Number { of: "percent", min: 0, max: 100 },
    fallback: Fallback::Value("100"),
    secret: false,
    doc: "How many of a hundred traces that begin in this app are sent. Of one that a caller has \
          begun, its `traceparent` says whether it is.",
};

/// All of them, in the order of the reference.
pub(super) static ALL: [Key; 2] = [TRACING_ENDPOINT, TRACING_SAMPLE_PERCENT];
