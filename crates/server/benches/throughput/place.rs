//! A running installation with a configured tenant.

use std::time::Duration;

use paybridge::demo::shop::TENANT;
use serde_json::json;

use crate::installation::{Installation, Process};

/// The secret with which the benchmark signs webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_benchmark";
/// The key of the tenant's account.
pub const SECRET_KEY: &str = "sk_test_benchmark";
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// The processes of an installation.
pub struct Place {
    pub installation: Installation,
    /// The app, and where it is several processes the one that answers.
    pub app: Process,
    _others: Vec<Process>,
    _stripe: Option<Process>,
}

impl Place {
    /// With one process that answers, and so many that work.
    pub async fn with_workers(database: String, workers: usize) -> Self {
        let installation = Installation::on(database, tempfile::tempdir().unwrap());
        let stripe = Some(installation.start_sandbox());
        let roles = [&["api"][..], &vec!["worker"; workers]].concat();
        Self::start(installation, stripe, &roles).await
    }

    /// With the stand-in for Stripe started by somebody else.
    pub async fn beside_stripe(installation: Installation) -> Self {
        Self::start(installation, None, &["all"]).await
    }

    /// The same installation with other processes.
    pub async fn start(
        installation: Installation,
        stripe: Option<Process>,
        roles: &[&str],
    ) -> Self {
        let mut processes = roles.iter().enumerate().map(|(number, role)| {
            let mut command = installation.command(&["serve", "--role", role]);
            if number > 0 {
                command.env("PAYBRIDGE_LISTEN", "127.0.0.1:0");
                command.env("PAYBRIDGE_PUBLIC_URL", installation.app());
            }
            // One client is all tenants here.
            command.env("PAYBRIDGE_LIMITS_TENANT_REQUESTS_PER_SECOND", "100000");
            command.env("PAYBRIDGE_LIMITS_ADDRESS_REQUESTS_PER_SECOND", "100000");
            command.env("PAYBRIDGE_LIMITS_STRIPE_CALLS_PER_ACCOUNT", "1000");
            Process::start(&mut command)
        });
        let app = processes.next().expect("there is a role");
        let others = processes.collect();
        let place = Self { installation, app, _others: others, _stripe: stripe };
        place.configure().await;
        place
    }

    /// The app's address without a scheme.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.installation.app_port)
    }

    /// Configures the tenant once the app answers.
    async fn configure(&self) {
        let client = reqwest::Client::new();
        let configuration = json!({
            "businessModel": "direct", "environment": "test", "secretKey": SECRET_KEY,
            "publishableKey": "pk_test_benchmark", "webhookSecrets": [WEBHOOK_SECRET],
        });
        let body = json!({"data": {"type": "configuration", "attributes": {
            "configuration": configuration.to_string(),
        }}});
        let begun = tokio::time::Instant::now();
        loop {
            let request = client
                .post(format!("{}/private/configure", self.installation.app()))
                .bearer_auth(&self.installation.token)
                .header("content-type", "application/json")
                .header("x-tenant-identifier", TENANT)
                .body(body.to_string());
            let answered = request.send().await;
            if answered.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(begun.elapsed() < STARTS_WITHIN, "the app does not answer: {answered:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The kinds of databases.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    pub async fn installation(self) -> Installation {
        match self {
            Self::Sqlite => Installation::new(),
            Self::Postgres => {
                let database = testkit::postgres::database().await;
                Installation::on(database, tempfile::tempdir().unwrap())
            }
        }
    }
}
