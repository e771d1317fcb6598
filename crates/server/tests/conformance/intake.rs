//! Commands that a broker delivers: what is kept, what comes again, what never can be taken (rules R3
//! and R5).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use messaging::{Intake, Taken};
use serde_json::json;
use testkit::{Fate, Mishap};

use crate::support::*;
use crate::webhooks::backlog;

/// A capture as a queue delivers it, with its own names for the attributes.
async fn take(intake: &Intake, authorization: Option<&str>, id: &str) -> Taken {
    take_of(intake, TENANT, authorization, id).await
}

async fn take_of(intake: &Intake, tenant: &str, authorization: Option<&str>, id: &str) -> Taken {
    let body = capture(&Order::new("DE--1"), &[1001, 1002], 18_979).to_string();
    let attributes = [
        ("transferName", "CapturePayment"),
        ("correlationId", id),
        ("tenantIdentifier", tenant),
        ("sessionTrackingId", "a-session"),
        ("x-some-broker", "what it adds"),
    ];
    let token = authorization.map(|value| ("authorization", value));
    intake.take(attributes.into_iter().chain(token), body.as_bytes()).await
}

fn reason(taken: Taken) -> String {
    match taken {
        Taken::Never(reason) => reason,
        other => panic!("expected a no for good, found {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn r05_a_command_of_a_broker_needs_its_tenants_own_token() {
    let app = TestApp::configured().await;
    app.configure_tenant("tenant-2", json!({})).await;
    let take = async |token| take(&app.app.intake, token, "c-1").await;
    for (token, expected) in [
        (None, "is required"),
        (Some("token-of-tenant-test-0001"), "is required"),
        (Some("Bearer nobody-knows"), "is not known"),
        (Some("Bearer token-of-tenant-2"), "not one of the tenant"),
        (Some("Bearer operator"), "the operator's token"),
        (Some("Bearer customer-of-tenant-test-0001"), "a customer's token"),
    ] {
        let told = reason(take(token).await);
        assert!(told.contains(expected), "{token:?}: {told}");
        assert!(!told.contains("token-of"), "no token is repeated: {told}");
    }
    assert_eq!(backlog(&app).await.inbox_waiting, 0, "nothing of it was kept");
    let later = take(Some("Bearer keys-are-down")).await;
    assert!(matches!(later, Taken::Later(_)), "whose it is may be known later: {later:?}");
    assert_eq!(take(Some("Bearer token-of-tenant-test-0001")).await, Taken::Durable);
    assert_eq!(backlog(&app).await.inbox_waiting, 1);
}

#[tokio::test(start_paused = true)]
async fn r05_a_queue_whose_writers_are_trusted_needs_no_token() {
    let app = TestApp::configured().await;
    let trusting = Intake { sign_in: None, ..app.app.intake.clone() };
    assert_eq!(take(&trusting, None, "c-1").await, Taken::Durable);
    assert_eq!(take(&trusting, Some("Bearer nobody-knows"), "c-2").await, Taken::Durable);
    let told = reason(take_of(&trusting, "tenant-unknown", None, "c-3").await);
    assert!(told.contains("configure the app for it first"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn r03_a_command_that_a_broker_delivers_twice_is_carried_out_once() {
    let app = TestApp::configured().await;
    app.authorized(&Order::new("DE--1")).await;
    app.results().await;
    let token = Some("Bearer token-of-tenant-test-0001");
    for _ in 0..2 {
        assert_eq!(take(&app.app.intake, token, "c-1").await, Taken::Durable);
    }
    app.settle().await;
    assert_eq!(take(&app.app.intake, token, "c-1").await, Taken::Durable, "long after, too");
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_read_is_told_for_good() {
    let app = TestApp::configured().await;
    let token = ("authorization", "Bearer token-of-tenant-test-0001");
    let tenant = ("tenantIdentifier", TENANT);
    let capture = ("name", "CapturePayment");
    let order = br#"{"orderReference":"A"}"#;
    let unknown = ("name", "PaymentCaptured");
    for (name, body, expected) in [
        (None, &b"{}"[..], "name: is missing"),
        (Some(unknown), b"{}", "name: is not a command"),
        (Some(capture), b"\xff\xfe", "JSON"),
        (Some(capture), order, "orderItemIds"),
    ] {
        let attributes = [token, tenant].into_iter().chain(name);
        let taken = app.app.intake.take(attributes, body).await;
        let told = reason(taken);
        assert!(told.contains(expected), "{told}");
    }
    assert_eq!(backlog(&app).await.inbox_waiting, 0);
}

/// The database is gone until somebody says otherwise.
#[derive(Default)]
struct Gone(AtomicBool);

#[async_trait]
impl Fate for Gone {
    async fn of(&self, _: &'static str) -> Mishap {
        if self.0.load(Ordering::SeqCst) { Mishap::NotDone } else { Mishap::None }
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_cannot_be_kept_now_comes_again() {
    let gone = Arc::new(Gone::default());
    let app = TestApp::configured().await.with_fate(gone.clone());
    let token = Some("Bearer token-of-tenant-test-0001");
    gone.0.store(true, Ordering::SeqCst);
    let taken = take(&app.app.intake, token, "c-1").await;
    assert!(matches!(taken, Taken::Later(_)), "{taken:?}");
    gone.0.store(false, Ordering::SeqCst);
    assert_eq!(take(&app.app.intake, token, "c-1").await, Taken::Durable);
}
