//! Tells an open page when what it shows has changed.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shop::Shop;

/// A page that waits asks again after so long.
const WAIT_MAX: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
pub(crate) struct Known {
    after: u64,
}

/// Answers as soon as there is something newer than what the page shows, or after a while.
pub(crate) async fn wait(State(shop): State<Shop>, Query(known): Query<Known>) -> Json<Value> {
    let mut versions = shop.versions();
    let newer = versions.wait_for(|version| *version != known.after);
    // Time over, or the shop is gone: the page asks again either way.
    let _ = tokio::time::timeout(WAIT_MAX, newer).await;
    let version = *shop.versions().borrow();
    Json(json!({ "version": version }))
}
