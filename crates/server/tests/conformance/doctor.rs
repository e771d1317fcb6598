//! What `paybridge doctor` finds, each finding planted: on the whole app, with the stand-in as
//! Stripe.

use std::ffi::OsString;
use std::sync::Arc;

use app::Entropy;
use app::ports::{BindOutcome, InboxItem, InboxKind, InboxOutcome, InboxSettlement, Lease, Store};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use paybridge::config::{Config, Sources};
use paybridge::doctor::{Examination, Level, Outside, Report};
use payment::{CommandId, TenantId};
use serde_json::json;
use stripe::{Transport, TransportError};
use stripe_sandbox::{Fault, FaultKind};
use tempfile::TempDir;
use testkit::TestEntropy;
use tower::ServiceExt;

use crate::configuration::{endpoints, lose};
use crate::support::*;

const PUBLIC_URL: &str = "https://pay.example.test";
const TOKEN: &str = "q0mUeF9xW3yGk1ZpT7sVdB2nH5jL8rCa4EoXi6tYuKw=";

/// An installation as it should be, and what the doctor is told of it.
struct Site {
    app: TestApp,
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    /// How far Stripe's clock is ahead of ours.
    skew: SignedDuration,
    /// Whether the public address leads to the app.
    reachable: bool,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::on_threads(folder.path()).moved_to(PUBLIC_URL);
        let (status, answer) = app.configure(json!({})).await;
        assert_eq!(status, 200, "{answer}");
        Self::of(app, folder).await
    }

    /// Whose operator has a platform with these signing secrets, and whose tenant has no keys.
    async fn through_platform(secrets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::on_threads(folder.path()).with_platform(platform(secrets));
        let app = app.moved_to(PUBLIC_URL);
        app.connect_endpoint().await;
        let account = app.account_of_key(SECRET_KEY).await;
        assert_eq!(app.bind(TENANT, &account, payment::Mode::Test).await, BindOutcome::Bound);
        let (status, answer) = app.configure_without_keys(TENANT, json!({})).await;
        assert_eq!(status, 200, "{answer}");
        Self::of(app, folder).await
    }

    /// On a database of a PostgreSQL server.
    async fn on_postgres(address: &str) -> Self {
        let app = TestApp::on_postgres(address).moved_to(PUBLIC_URL);
        let (status, answer) = app.configure(json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let mut site = Self::of(app, tempfile::tempdir().unwrap()).await;
        site.set("PAYBRIDGE_DATABASE_URL", Some(address));
        site
    }

    async fn of(app: TestApp, folder: TempDir) -> Self {
        let database = folder.path().join("paybridge.db");
        let variables = vec![
            ("PAYBRIDGE_DATABASE_URL", format!("sqlite:{}", database.display())),
            ("PAYBRIDGE_ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
            ("PAYBRIDGE_AUTH_TOKEN", TOKEN.to_owned()),
            ("PAYBRIDGE_AUTH_ISSUER", "https://id.example.test/".to_owned()),
            ("PAYBRIDGE_AUTH_JWKS_URL", "https://id.example.test/jwks".to_owned()),
            ("PAYBRIDGE_PUBLIC_URL", PUBLIC_URL.to_owned()),
            ("PAYBRIDGE_STRIPE_API_BASE", "http://stripe.test".to_owned()),
        ];
        let skew = SignedDuration::ZERO;
        let site = Self { app, folder, variables, skew, reachable: true };
        site.app.read("payment-method-commands").await;
        site.app.read("app-events").await;
        site
    }

    fn set(&mut self, variable: &'static str, value: Option<&str>) {
        self.variables.retain(|(name, _)| *name != variable);
        self.variables.extend(value.map(|value| (variable, value.to_owned())));
    }

    async fn report(&self, is_online: bool) -> Report {
        let variables = self.variables.iter();
        let variables = variables.map(|(name, value)| (OsString::from(name), value.into()));
        let sources = Sources { file: None, variables: variables.collect() };
        let config = Config::load(sources).unwrap();
        let web = Web {
            app: self.reachable.then(|| self.app.app.router.clone()),
            sandbox: self.app.sandbox.router(),
            entropy: self.app.entropy.clone(),
            skew: self.skew,
        };
        let psp = self.app.app.consumer.context.psp.clone();
        let outside = is_online.then(|| Outside { psp, web: Arc::new(web) });
        let entropy = self.app.entropy.as_ref();
        let examination = Examination { config: &config, tenant: None, entropy, outside };
        examination.examine().await.unwrap()
    }

    /// Every finding that asks for something, as `level check: text -> next`.
    async fn complaints(&self) -> Vec<String> {
        let report = self.report(true).await;
        let mut told = Vec::new();
        for finding in report.findings {
            // Room on the disk is this machine's, and a tenant in test mode is meant here.
            if finding.level == Level::Ok || ["disk", "mode"].contains(&finding.check) {
                continue;
            }
            let (level, check, next) = (finding.level.name(), finding.check, finding.next.unwrap());
            told.push(format!("{level} {check}: {} -> {next}", finding.text));
        }
        told
    }

    /// The only complaint.
    async fn complaint(&self) -> String {
        let mut complaints = self.complaints().await;
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        complaints.remove(0)
    }
}

/// The network as the doctor sees it: the app behind its public address, Stripe, and nothing else.
struct Web {
    app: Option<Router>,
    sandbox: Router,
    entropy: Arc<TestEntropy>,
    skew: SignedDuration,
}

#[async_trait]
impl Transport for Web {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let nobody = || TransportError::NotSent("connection refused".into());
        let router = match request.uri().host() {
            Some("pay.example.test") => self.app.clone().ok_or_else(nobody)?,
            Some("stripe.test") => self.sandbox.clone(),
            Some(_) | None => return Err(nobody()),
        };
        let (mut parts, body) = request.into_parts();
        parts.uri = parts.uri.path().parse().unwrap();
        let request = Request::from_parts(parts, Body::from(body));
        let (mut parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let date = (self.entropy.now() + self.skew).strftime("%a, %d %b %Y %H:%M:%S GMT");
        parts.headers.insert("date", HeaderValue::from_str(&date.to_string()).unwrap());
        Ok(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()))
    }
}

#[tokio::test]
async fn an_installation_as_it_should_be_has_no_complaint() {
    let site = Site::new().await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    let checks: Vec<_> =
        site.report(true).await.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(
        checks,
        [
            "configuration",
            "sign-in",
            "public address",
            "reachable",
            "clock",
            "database",
            "disk",
            "encryption key",
            "mode",
            "keys",
            "account",
            "webhooks",
            "tokens",
            "shop origins",
            "channels",
            "work",
        ]
    );
}

#[tokio::test]
async fn a_postgresql_is_asked_for_its_version_and_written_and_its_disk_is_not_looked_at() {
    let address = testkit::postgres::database().await;
    let mut site = Site::on_postgres(&address).await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    let findings = site.report(true).await.findings;
    let database = findings.iter().find(|finding| finding.check == "database").unwrap();
    assert_eq!(database.text, format!("{address} is of this version and can be written"));
    assert!(!findings.iter().any(|finding| finding.check == "disk"));

    // A role of that name is known to the whole server, the database's name to this test alone.
    let reader = format!("reader_of_{}", address.rsplit_once('/').unwrap().1);
    let grant = format!(
        "CREATE ROLE {reader} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"
    );
    testkit::postgres::statement(&address, &grant).await;
    let as_reader = address.replace("paybridge@", &format!("{reader}@"));
    site.set("PAYBRIDGE_DATABASE_URL", Some(&as_reader));
    let told = site.complaint().await;
    let expected = format!(
        "problem database: {as_reader} cannot be written: the database is not available: permission \
         denied for table installation (42501) -> name the server that takes writes"
    );
    assert!(told.starts_with(&expected), "{told}");

    site.set("PAYBRIDGE_DATABASE_URL", Some("postgres://paybridge:hunter2@127.0.0.1:1/books"));
    let told = site.complaint().await;
    let expected = "problem database: cannot connect to PostgreSQL at 127.0.0.1:1/books: ";
    assert!(told.starts_with(expected) && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn offline_nobody_is_called() {
    let site = Site::new().await;
    let calls = site.app.sandbox.calls().len();
    let report = site.report(false).await;
    assert_eq!(site.app.sandbox.calls().len(), calls);
    assert_eq!(report.count(Level::Problem), 0, "{report:#?}");
    assert!(!report.findings.iter().any(|finding| finding.check == "clock"));
}

#[tokio::test]
async fn nothing_is_changed_by_looking() {
    let site = Site::new().await;
    let (before, calls) = (endpoints(&site.app).await, site.app.sandbox.calls().len());
    site.complaints().await;
    let asked = site.app.sandbox.calls();
    assert!(asked[calls..].iter().all(|call| call.method == "GET"), "{asked:#?}");
    assert_eq!(endpoints(&site.app).await, before);
}

#[tokio::test]
async fn a_public_address_that_nobody_reaches_is_a_problem() {
    let mut site = Site::new().await;
    for (url, what) in [
        (None, "problem public address: `public_url` is not set"),
        (Some("https://localhost:8443"), "problem public address: https://localhost:8443 is this"),
        (Some("http://pay.example.test"), "problem public address: http://pay.example.test is not"),
    ] {
        site.set("PAYBRIDGE_PUBLIC_URL", url);
        let complaints = site.complaints().await;
        assert!(complaints[0].starts_with(what), "{complaints:#?}");
        assert!(complaints[0].contains("-> set PAYBRIDGE_PUBLIC_URL to the https address"));
        assert!(complaints[1].starts_with("problem webhooks: "), "{complaints:#?}");
    }
}

#[tokio::test]
async fn an_app_that_does_not_answer_at_its_address_is_told() {
    let mut site = Site::new().await;
    site.reachable = false;
    let told = site.complaint().await;
    assert!(told.starts_with("warning reachable: https://pay.example.test/health/live is not"));
    assert!(told.ends_with("does the proxy lead to it? Look from another network too"), "{told}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_beyond_a_minute_a_problem() {
    let mut site = Site::new().await;
    site.skew = SignedDuration::from_secs(30);
    let told = site.complaint().await;
    assert!(
        told.starts_with("warning clock: 30 s behind Stripe's -> let it be set by NTP"),
        "{told}"
    );
    site.skew = SignedDuration::from_secs(-400);
    let told = site.complaint().await;
    assert!(told.starts_with("problem clock: 399 s ahead of Stripe's"), "{told}");
}

#[tokio::test]
async fn sign_in_that_lets_too_many_in_is_told() {
    let mut site = Site::new().await;
    site.set("PAYBRIDGE_AUTH_TOKEN", Some("correct-horse-battery"));
    let told = site.complaint().await;
    assert!(told.starts_with("warning sign-in: the operator's token could be guessed"), "{told}");
    assert!(told.ends_with("`paybridge keys generate` prints"), "{told}");

    site.set("PAYBRIDGE_PUBLIC_URL", None);
    site.set("PAYBRIDGE_AUTH_MODE", Some("none"));
    let told = site.complaints().await;
    assert!(told[0].starts_with("problem sign-in: nobody is asked for a token"), "{told:#?}");
}

#[tokio::test]
async fn secrets_that_are_not_set_are_told() {
    let mut site = Site::new().await;
    site.set("PAYBRIDGE_ENCRYPTION_KEY", None);
    let told = site.complaint().await;
    assert!(told.starts_with("problem configuration: `encryption_key` is not set"), "{told}");
}

#[tokio::test]
async fn a_shop_without_any_token_is_told() {
    let mut site = Site::new().await;
    site.set("PAYBRIDGE_AUTH_ISSUER", None);
    site.set("PAYBRIDGE_AUTH_JWKS_URL", None);
    let told = site.complaint().await;
    assert!(told.starts_with("problem tokens: the shop has none that is good"), "{told}");
    assert!(told.ends_with("-> run `paybridge tenant token issue tenant-test-0001`"), "{told}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_and_nothing_is_made() {
    let mut site = Site::new().await;
    let path = site.folder.path().join("other.db");
    site.set("PAYBRIDGE_DATABASE_URL", Some(&format!("sqlite:{}", path.display())));
    let told = site.complaint().await;
    assert!(told.starts_with("problem database: there is no database at "), "{told}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_missing_encryption_key_is_named() {
    let mut site = Site::new().await;
    let other = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
    site.set("PAYBRIDGE_ENCRYPTION_KEY", Some(other));
    let told = site.complaints().await;
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("problem encryption key: 1 secrets need key "), "{told:#?}");
    assert!(told[0].contains("add that key to `older_encryption_keys`"), "{told:#?}");
    assert!(told[1].starts_with("problem keys: the credentials of a tenant cannot be decrypted"));

    site.set("PAYBRIDGE_OLDER_ENCRYPTION_KEYS", Some(ENCRYPTION_KEY));
    let told = site.complaint().await;
    let expected = "warning encryption key: 1 secrets are still under an older key -> run \
                    `paybridge keys rotate`";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn keys_that_stripe_refuses_or_cannot_be_asked_about_are_told() {
    let site = Site::new().await;
    let unauthorized = Fault::new(FaultKind::Status).on("GET", "/v1/balance");
    site.app.sandbox.inject(Fault { status: Some(401), ..unauthorized }).unwrap();
    let told = site.complaint().await;
    assert!(told.starts_with("problem keys: Stripe refuses them: "), "{told}");
    assert!(told.ends_with("with a secretKey of its account and mode that works"), "{told}");

    site.app.sandbox.inject(lose("GET", "/v1/balance", ALL_TRIES)).unwrap();
    let told = site.complaint().await;
    assert!(told.starts_with("problem keys: Stripe could not be asked: "), "{told}");
}

#[tokio::test]
async fn everything_that_can_be_wrong_with_an_endpoint_is_told_and_configuring_repairs_it() {
    let site = Site::new().await;
    let (id, url) = endpoints(&site.app).await.remove(0);
    let path = format!("/v1/webhook_endpoints/{id}");
    for (form, what) in [
        ("disabled=true", "is switched off"),
        (
            "enabled_events[]=payment_intent.succeeded",
            "is not sent payment_intent.amount_capturable_updated, payment_intent.canceled",
        ),
        (
            "url=https%3A%2F%2Fold.example.test%2F",
            "is sent to https://old.example.test/, and should be to https://pay.example.test/",
        ),
    ] {
        site.app.stripe(Method::POST, &path, form).await;
        let told = site.complaint().await;
        assert!(told.starts_with(&format!("problem webhooks: {id} {what}")), "{told}");
        assert!(told.contains("configure the tenant again"), "{told}");
        assert_eq!(site.app.configure(json!({})).await.0, 200);
        assert_eq!(site.complaints().await, [] as [&str; 0]);
        assert_eq!(endpoints(&site.app).await, [(id.clone(), url.clone())], "the same endpoint");
        site.app.read("app-events").await;
    }

    site.app.stripe(Method::DELETE, &path, "").await;
    let told = site.complaint().await;
    assert!(told.starts_with(&format!("problem webhooks: {id} is gone at Stripe")), "{told}");
    assert_eq!(site.app.configure(json!({})).await.0, 200);
    site.app.read("app-events").await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
}

#[tokio::test]
async fn an_endpoint_of_another_api_version_is_told_and_made_anew() {
    let site = Site::new().await;
    let (old, url) = endpoints(&site.app).await.remove(0);
    let form = format!(
        "url={}&enabled_events[]=*&api_version=2020-08-27",
        url.replace('?', "%3F").replace('=', "%3D")
    );
    let made = site.app.stripe(Method::POST, "/v1/webhook_endpoints", &form).await;
    let secret = made["secret"].as_str().unwrap().into();
    let store: &dyn Store = site.app.store.as_ref();
    let stored = store.tenant(&TenantId::new(TENANT)).await.unwrap().unwrap();
    let account = stored.value.account.clone();
    let mut credentials = store.credentials(&stored.value.id, &account).await.unwrap().unwrap();
    let endpoint = credentials.endpoint.as_mut().unwrap();
    (endpoint.id, endpoint.secret) = (made["id"].as_str().unwrap().to_owned(), secret);
    let commit = app::ports::TenantCommit {
        tenant: stored.value,
        expected: app::ports::Expected::Version(stored.version),
        now: site.app.entropy.now(),
        change: app::ports::TenantChange::Credentials(Box::new(credentials)),
        messages: Vec::new(),
    };
    store.commit_tenant(commit).await.unwrap();

    let told = site.complaint().await;
    assert!(told.contains("is told in API version 2020-08-27 instead of "), "{told}");
    assert_eq!(site.app.configure(json!({})).await.0, 200);
    site.app.read("app-events").await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    let now = endpoints(&site.app).await;
    assert_eq!(now.len(), 1, "{now:?}");
    assert_ne!(now[0].0, old);
}

#[tokio::test]
async fn messages_that_nobody_reads_are_told() {
    let site = Site::new().await;
    site.app.configure(json!({"paymentMethods": ["Stripe", "Klarna"]})).await;
    site.app.read("app-events").await;
    site.app.entropy.advance(SignedDuration::from_mins(10));
    let told = site.complaint().await;
    let what = "warning channels: the oldest message has waited for 10 min, on \
                payment-method-commands -> does the shop's worker run";
    assert!(told.starts_with(what), "{told}");
    site.app.entropy.advance(SignedDuration::from_hours(5));
    let told = site.complaint().await;
    assert!(told.starts_with("problem channels: the oldest message has waited for 5 h"), "{told}");
}

#[tokio::test]
async fn work_that_waits_for_a_person_is_told() {
    let site = Site::new().await;
    let (tenant, now) = (TenantId::new(TENANT), site.app.entropy.now());
    let store: &dyn Store = site.app.store.as_ref();
    let item = InboxItem {
        id: CommandId::new(site.app.entropy.new_id()),
        tenant: tenant.clone(),
        kind: InboxKind::Event,
        external_id: "evt_1".into(),
        name: "charge.succeeded".into(),
        order_key: None,
        body: b"{}".to_vec(),
        attributes: "{}".into(),
        received_at: now,
    };
    store.receive(item).await.unwrap();
    let until = now + SignedDuration::from_secs(60);
    let lease = Lease { worker: "w".into(), now, until, limit: 1 };
    let claim = store.claim_inbox(&lease).await.unwrap().remove(0);
    let (id, fence) = (claim.item.id, claim.fence);
    let outcome = InboxOutcome::Parked("broken".into());
    store.settle_inbox(InboxSettlement { tenant, id, fence, now, outcome }).await.unwrap();
    let told = site.complaint().await;
    assert!(
        told.starts_with("problem work: 0 payments are stuck; parked: 1 inbox, 0 outbox rows"),
        "{told}"
    );
    assert!(told.contains("`paybridge inbox list --parked --tenant tenant-test-0001`"), "{told}");
}

#[tokio::test]
async fn tokens_for_browsers_that_no_page_may_use_are_told() {
    let site = Site::new().await;
    let keys = json!({"customerTokenKeys": Signer::new().public_key()});
    let (status, answer) = site.app.configure(keys).await;
    assert_eq!(status, 200, "{answer}");
    site.app.read("app-events").await;
    let told = site.complaint().await;
    assert!(
        told.starts_with("warning shop origins: none: no browser may use the tokens"),
        "{told}"
    );
    assert!(told.ends_with("in shopOrigins"), "{told}");
}

#[tokio::test]
async fn a_live_shop_without_https_is_told() {
    let site = Site::new().await;
    let live = json!({
        "environment": "live", "secretKey": "sk_live_shop", "publishableKey": "pk_live_shop",
        "shopOrigins": ["https://shop.example.test", "http://127.0.0.1:8082"],
    });
    let (status, answer) = site.app.configure(live).await;
    assert_eq!(status, 200, "{answer}");
    for channel in ["app-events", "payment-method-commands"] {
        site.app.read(channel).await;
    }
    let told = site.complaint().await;
    assert!(
        told.starts_with("problem shop origins: live, and not https: http://127.0.0.1:8082"),
        "{told}"
    );
}

#[tokio::test]
async fn merchants_who_cannot_be_paid_out_are_told() {
    let site = Site::new().await;
    site.app.make_marketplace(json!({})).await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    site.app.onboarded("MER000001").await;
    let account = site.app.onboarded("MER000002").await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    site.app.change_account(&account, json!({"payouts_enabled": false})).await;
    site.app.settle().await;
    site.app.read("merchant-app-events").await;
    let told = site.complaint().await;
    assert!(
        told.starts_with("warning merchants: payouts fail or soon will: MER000002 is restricted"),
        "{told}"
    );
}

#[tokio::test]
async fn a_tenant_without_keys_of_its_own_is_looked_at_through_the_platform() {
    let site = Site::through_platform(&["whsec_of_the_platform"]).await;
    assert_eq!(site.complaints().await, [] as [&str; 0]);
    let site = Site::through_platform(&[]).await;
    let told = site.complaint().await;
    assert!(told.starts_with("problem webhooks: the platform's endpoint has no signing"), "{told}");
    assert!(told.contains("set `platform.test.webhook_secrets`"), "{told}");
}

#[tokio::test]
async fn a_disconnected_tenant_is_left_in_peace() {
    let site = Site::new().await;
    assert_eq!(site.app.disconnect(None).await.0, 204);
    assert_eq!(site.complaints().await, [] as [&str; 0]);
}

/// The operator's guide shows a real output. `UPDATE_DOCS=1` brings it up to date.
#[tokio::test]
async fn the_guide_shows_what_the_doctor_prints() {
    const BEGIN: &str = "<!-- output of paybridge doctor: begin -->";
    const END: &str = "<!-- output of paybridge doctor: end -->";
    let site = Site::new().await;
    let (id, _) = endpoints(&site.app).await.remove(0);
    let path = format!("/v1/webhook_endpoints/{id}");
    site.app.stripe(Method::POST, &path, "disabled=true").await;
    let text = site.report(true).await.text();
    // Where the database is, and how much room there is, is this machine's.
    let folder = site.folder.path().display().to_string();
    let text = text.replace(&folder, "/var/lib/paybridge");
    let lines = text.lines().map(|line| match line.split_once(" MiB free") {
        Some(_) => "  ok       disk            18432 MiB free",
        None => line,
    });
    let shown = format!("{BEGIN}\n```\n{}\n```\n{END}", lines.collect::<Vec<_>>().join("\n"));

    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/operate.md");
    let document = std::fs::read_to_string(guide).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(guide, format!("{before}{shown}{after}")).unwrap();
        return;
    }
    assert!(document.contains(&shown), "UPDATE_DOCS=1 brings the guide up to date:\n{shown}");
}
