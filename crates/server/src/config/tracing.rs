//! What the keys about traces mean.

use super::{BaseUrl, Reader, keys, parse};

/// Traces for a collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// Where the collector is.
    pub endpoint: BaseUrl,
    /// How many of a hundred traces that begin here are sent.
    pub sample_percent: u8,
}

impl Reader<'_> {
    pub(super) fn tracing(&mut self) -> Option<Tracing> {
        let endpoint = self.read(&keys::TRACING_ENDPOINT, parse::base_url);
        let percent = self.number(&keys::TRACING_SAMPLE_PERCENT);
        let sample_percent = percent.and_then(|percent| u8::try_from(percent).ok());
        Some(Tracing { endpoint: endpoint?, sample_percent: sample_percent? })
    }
}
