//! Browsers of a shop's customers, with tokens that the shop has signed for them.

use std::sync::Arc;
use std::time::Duration;

use app::Entropy;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use paybridge::wiring::{App, Parts};
use serde_json::{Value, json};
use signin::{CustomerTokens, Doorkeeper};
use testkit::{SigningKey, TestIdentityProvider};
use tower::ServiceExt;

use super::{PUBLIC_URL, TestApp};

/// A shop that signs.
pub struct Signer(TestIdentityProvider);

impl Signer {
    pub fn new() -> Self {
        Self(TestIdentityProvider::new())
    }

    /// What the shop gives the app, in PEM.
    pub fn public_key(&self) -> String {
        self.0.public_pem(SigningKey::Ed)
    }

    /// A token that is good for a quarter of an hour, in the name of a tenant.
    pub fn token(&self, app: &TestApp, tenant: &str) -> String {
        let now = app.entropy.now().as_second();
        let claims = json!({"iss": tenant, "aud": PUBLIC_URL, "iat": now, "exp": now + 900});
        self.0.token(SigningKey::Ed, &claims)
    }
}

impl TestApp {
    /// The way in of this app as it is served, where no token is known that nobody has issued.
    pub fn front_door(&self) -> Router {
        let context = &self.app.consumer.context;
        let customer_tokens =
            CustomerTokens::new(self.store.clone(), PUBLIC_URL, Duration::from_secs(60));
        let keeper = Doorkeeper {
            operator: None,
            tokens: self.store.clone(),
            entropy: self.entropy.clone(),
            identity_provider: None,
            customer_tokens,
        };
        let (psp, store) = (context.psp.clone(), context.store.clone());
        let parts = self.parts(psp, store, context.site.as_ref().clone());
        App::new(Parts { sign_in: Arc::new(keeper), ..parts }).router
    }
}

/// Sends a request as a browser on a page of `origin` does, with this token.
pub async fn as_browser(
    door: &Router,
    origin: &str,
    token: &str,
    mut request: Request<Body>,
) -> (StatusCode, HeaderMap, Value) {
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().unwrap());
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let (parts, body) = door.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}
