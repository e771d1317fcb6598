//! Requests recorded from a shop's own code, byte for byte (`protocol/tests/data/shop`).

use std::path::Path;

use axum::body::Body;
use http::Request;
use serde::Deserialize;

/// One recorded request.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: String,
}

impl Recorded {
    /// Reads `requests/<name>.json` or `messages_in/<name>.json`.
    pub fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/data/shop");
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    /// The request as it was, below `base`: the shop's base address of its message channels has a
    /// path of its own.
    pub fn request(&self, base: &str) -> Request<Body> {
        let mut request =
            Request::builder().method(self.method.as_str()).uri(format!("{base}{}", self.path));
        for (name, value) in &self.headers {
            if !["host", "content-length"].contains(&name.to_lowercase().as_str()) {
                request = request.header(name, value);
            }
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}
