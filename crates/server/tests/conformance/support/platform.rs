//! An operator with a platform of its own at Stripe, and tenants that are paid through it.

use std::sync::Arc;

use app::Psp;
use app::platform::{Platform, PlatformKeys};
use app::ports::{BindOutcome, Bindings, NewBinding};
use app::tenant::KeyPair;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use payment::{Account, Mode, PspAccountId, TenantId};
use secrecy::SecretString;
use serde_json::{Value, json};
use stripe::{StripeClient, StripePsp};
use tower::ServiceExt;

use super::{SECRET_KEY, TENANT, TestApp, plumbing};

/// The operator's keys.
pub const PLATFORM_SECRET_KEY: &str = "sk_test_platform";
pub const PLATFORM_PUBLISHABLE_KEY: &str = "pk_test_platform";
/// Where the endpoints of the platform point to in test mode.
pub const PLATFORM_WEBHOOKS: &str = "/webhooks/test";

/// Platform keys of the test mode with these signing secrets.
pub fn platform(webhook_secrets: &[&str]) -> Platform {
    let pair = KeyPair {
        secret: PLATFORM_SECRET_KEY.into(),
        publishable: PLATFORM_PUBLISHABLE_KEY.to_owned(),
    };
    let webhook_secrets = webhook_secrets.iter().map(|secret| SecretString::from(*secret));
    let keys = PlatformKeys { pair, webhook_secrets: webhook_secrets.collect() };
    Platform { test: Some(keys), live: None }
}

impl TestApp {
    /// An app whose operator has a platform, with an endpoint for its connected accounts.
    pub async fn of_operator() -> Self {
        let app = Self::new();
        let secret = app.connect_endpoint().await;
        app.with_platform(platform(&[&secret]))
    }

    /// The same with a tenant that has no keys here. Its account is that of [`SECRET_KEY`].
    pub async fn through_platform() -> Self {
        let app = Self::of_operator().await;
        let account = app.account_of_key(SECRET_KEY).await;
        assert_eq!(app.bind(TENANT, &account, Mode::Test).await, BindOutcome::Bound);
        let (status, answer) = app.configure_without_keys(TENANT, json!({})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        app.read("payment-method-commands").await;
        app.read("app-events").await;
        app
    }

    /// The same installation with other keys of the operator.
    pub fn with_platform(self, platform: Platform) -> Self {
        let transport = plumbing::ToSandbox(self.sandbox.router());
        let client = StripeClient::new(Arc::new(transport), "http://stripe.test/".parse().unwrap());
        let psp: Arc<dyn Psp> = Arc::new(StripePsp::new(client).with_platform(platform));
        let context = &self.app.consumer.context;
        let (store, site) = (context.store.clone(), context.site.as_ref().clone());
        let app = self.started_with(psp, store, site);
        self.address.connect(app.router.clone());
        Self { app, ..self }
    }

    /// Makes an endpoint of the platform for its connected accounts, and returns its secret.
    pub async fn connect_endpoint(&self) -> String {
        let form = "url=http%3A%2F%2Fapp.test%2Fwebhooks%2Ftest&connect=true&enabled_events[]=*";
        let path = "/v1/webhook_endpoints";
        let made = self.stripe_with(PLATFORM_SECRET_KEY, Method::POST, path, form).await;
        made["secret"].as_str().unwrap_or_else(|| panic!("no secret: {made}")).to_owned()
    }

    pub async fn account_of_key(&self, key: &str) -> String {
        let account = self.stripe_with(key, Method::GET, "/v1/account", "").await;
        account["id"].as_str().unwrap().to_owned()
    }

    /// The payment page of a transaction.
    pub async fn page_of(&self, transaction: &str) -> String {
        let path = format!("/app-payment?transactionId={transaction}&tenantIdentifier={TENANT}");
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let page = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(page.to_vec()).unwrap()
    }

    pub async fn bind(&self, tenant: &str, account: &str, mode: Mode) -> BindOutcome {
        let account = Account { id: PspAccountId::new(account), mode };
        let tenant = TenantId::new(tenant);
        let binding = NewBinding { tenant, account, now: self.now(), rehearsed: false };
        self.store.bind_account(&binding).await.unwrap()
    }

    /// Configures a tenant that sends no keys, unless `more` has some.
    pub async fn configure_without_keys(&self, tenant: &str, more: Value) -> (StatusCode, Value) {
        let mut configuration = json!({"secretKey": null, "publishableKey": null});
        for (key, value) in more.as_object().into_iter().flatten() {
            configuration[key] = value.clone();
        }
        self.configure_tenant(tenant, configuration).await
    }
}
