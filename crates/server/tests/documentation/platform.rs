//! What an operator copies from the guide into Stripe's dashboard is what the app wants.

use stripe::{API_VERSION, ENABLED_EVENTS};

use crate::support::read;

#[test]
fn the_guide_names_the_version_and_the_events_of_the_platforms_endpoint() {
    let guide = read("docs/guide/platform.md");
    let list = guide.split("```text").nth(1).and_then(|rest| rest.split("```").next());
    let events: Vec<&str> = list.unwrap_or_default().split_whitespace().collect();
    assert_eq!(events, ENABLED_EVENTS);
    assert!(guide.contains(API_VERSION));
}
