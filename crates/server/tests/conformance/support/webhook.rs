//! Webhooks that a test sends itself: events as Stripe tells them, signed as Stripe signs them.

use app::Entropy;
use axum::body::Body;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use payment::TenantId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt;

use super::{TENANT, TestApp};

/// An event of Stripe.
#[derive(Clone, Debug)]
pub struct Event(pub Value);

impl Event {
    /// An event about an object, in test mode.
    pub fn new(id: &str, kind: &str, object: Value) -> Self {
        Self(json!({
            "id": id, "object": "event", "type": kind, "livemode": false,
            "data": { "object": object },
        }))
    }

    pub fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap()
    }

    pub fn live(mut self) -> Self {
        self.0["livemode"] = json!(true);
        self
    }

    pub fn body(&self) -> String {
        self.0.to_string()
    }
}

impl TestApp {
    /// Where the tenant's endpoint in test mode points to.
    pub const WEBHOOKS: &'static str = "/webhooks/test?tenantIdentifier=tenant-test-0001";

    /// What Stripe has to tell of the tenant's account, oldest first.
    pub async fn events(&self) -> Vec<Event> {
        let list = self.stripe(Method::GET, "/v1/events?limit=100", "").await;
        list["data"].as_array().unwrap().iter().rev().cloned().map(Event).collect()
    }

    /// An intent as Stripe shows it.
    pub async fn intent(&self, id: &str) -> Value {
        self.stripe(Method::GET, &format!("/v1/payment_intents/{id}"), "").await
    }

    /// Does something to an intent that nobody asks Stripe's API for: the shopper's bank, a debit
    /// that settles.
    pub async fn control(&self, path: &str, body: &str) {
        let path = format!("/_sandbox/payment_intents/{path}");
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    /// The newest event of a kind.
    pub async fn event(&self, kind: &str) -> Event {
        let events = self.events().await;
        let found = events.into_iter().rev().find(|event| event.kind() == kind);
        found.unwrap_or_else(|| panic!("there is no event {kind}"))
    }

    /// The time of app and stand-in.
    pub fn now(&self) -> Timestamp {
        self.entropy.now()
    }

    /// The secret of the webhook endpoint that the app registered last for the tenant.
    pub async fn endpoint_secret(&self) -> String {
        self.endpoint_secret_of(TENANT).await
    }

    pub async fn endpoint_secret_of(&self, tenant: &str) -> String {
        let store: &dyn app::Store = self.store.as_ref();
        let credentials = store.all_credentials(&TenantId::new(tenant)).await.unwrap();
        let endpoint = credentials[0].endpoint.as_ref().expect("an endpoint was registered");
        endpoint.secret.expose_secret().to_owned()
    }

    /// Sends an event to the tenant's endpoint, signed as it has to be.
    pub async fn receive(&self, event: &Event) -> (StatusCode, Value) {
        let secret = self.endpoint_secret().await;
        self.receive_at(Self::WEBHOOKS, &secret, event).await
    }

    /// Sends an event to this path, signed with this secret.
    pub async fn receive_at(&self, path: &str, secret: &str, event: &Event) -> (StatusCode, Value) {
        let body = event.body();
        let signature = signature(secret, self.entropy.now(), &body);
        self.receive_raw(path, Some(&signature), body).await
    }

    pub async fn receive_raw(
        &self,
        path: &str,
        signature: Option<&str>,
        body: String,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(Method::POST).uri(path);
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// The header that proves a body.
pub fn signature(secret: &str, at: Timestamp, body: &str) -> String {
    let seconds = at.as_second();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("{seconds}.{body}")).finalize();
    format!("t={seconds},v1={}", hex::encode(mac.into_bytes()))
}
