//! A whole run with real processes, everything logged: no secret that was used is in any line of
//! the log, any trace, answer or message, or any file of the database. The keys are rotated meanwhile.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "processes/collector.rs"]
mod collector;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use collector::Collector;
use paybridge::demo::journey::{self, Journey};
use paybridge::demo::shop::{Nobody, Shop, TENANT};
use secrecy::ExposeSecret;
use serde_json::Value;
use store::Keyring;
use tempfile::TempDir;

const OPERATOR_TOKEN: &str = "the-operators-long-word";
const SIGNING_SECRET: &str = "whsec_of_an_endpoint_made_by_hand";
const PLATFORM_KEY: &str = "sk_test_of_the_operators_platform";
const PLATFORM_SIGNING_SECRET: &str = "whsec_of_the_operators_platform";
/// A tenant that has no keys here, and the key of its account at Stripe.
const KEYLESS: &str = "shop-without-keys";
const KEYLESS_KEY: &str = "sk_test_that_the_app_never_sees";

/// A process that ends with the test, and the file that it writes its output to.
struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Asks it to end and returns what it wrote.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        fs::read_to_string(&self.output).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Site {
    folder: TempDir,
    app_port: u16,
    stripe_port: u16,
    collector: Collector,
}

impl Site {
    async fn new() -> Self {
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (app_port, stripe_port) = (port(), port());
        let folder = tempfile::tempdir().unwrap();
        Self { folder, app_port, stripe_port, collector: Collector::start().await }
    }

    fn url(port: u16) -> String {
        format!("http://127.0.0.1:{port}")
    }

    fn command(&self, arguments: &[&str], keys: &[&str]) -> Command {
        let (active, older) = keys.split_first().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PAYBRIDGE_LISTEN", format!("127.0.0.1:{}", self.app_port))
            .env("PAYBRIDGE_DATABASE_URL", "sqlite:data/paybridge.db")
            .env("PAYBRIDGE_ENCRYPTION_KEY", active)
            .env("PAYBRIDGE_OLDER_ENCRYPTION_KEYS", older.join(","))
            .env("PAYBRIDGE_AUTH_TOKEN", OPERATOR_TOKEN)
            .env("PAYBRIDGE_STRIPE_API_BASE", Self::url(self.stripe_port))
            .env("PAYBRIDGE_PLATFORM_TEST_SECRET_KEY", PLATFORM_KEY)
            .env("PAYBRIDGE_PLATFORM_TEST_PUBLISHABLE_KEY", "pk_test_of_the_operators_platform")
            .env("PAYBRIDGE_PLATFORM_TEST_WEBHOOK_SECRETS", PLATFORM_SIGNING_SECRET)
            .env("PAYBRIDGE_TRACING_ENDPOINT", &self.collector.url)
            .env("PAYBRIDGE_LOG", "trace");
        command
    }

    /// What a command prints, which succeeds.
    fn told(&self, arguments: &[&str], keys: &[&str]) -> String {
        let output = self.command(arguments, keys).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn start(&self, name: &str, arguments: &[&str], keys: &[&str]) -> Process {
        let output = self.folder.path().join(format!("{name}.log"));
        let file = fs::File::create(&output).unwrap();
        let mut command = self.command(arguments, keys);
        let writing = command.stdout(file.try_clone().unwrap()).stderr(Stdio::from(file));
        Process { child: writing.spawn().unwrap(), output }
    }

    async fn wait_for(url: &str) {
        let client = reqwest::Client::new();
        for _ in 0..200 {
            if client.get(url).send().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{url} does not answer");
    }

    /// Every file of the database, as one.
    fn database(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(self.folder.path().join("data")).unwrap() {
            fs::File::open(entry.unwrap().path()).unwrap().read_to_end(&mut bytes).unwrap();
        }
        bytes
    }
}

/// Everything that opens something and is called `field` anywhere below.
fn collect(value: &Value, field: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == field => found.push(text.clone()),
                    other => collect(other, field, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The client secrets of the payments.
async fn given_by_stripe(stripe: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    for key in [journey::SECRET_KEY, KEYLESS_KEY] {
        let before = secrets.len();
        let intents = at_stripe(stripe, key, "/v1/payment_intents?limit=100").await;
        collect(&intents, "client_secret", &mut secrets);
        assert!(secrets.len() > before, "the payments have client secrets");
    }
    secrets
}

async fn at_stripe(stripe: &str, key: &str, path: &str) -> Value {
    let request = reqwest::Client::new().get(format!("{stripe}{path}")).basic_auth(key, Some(""));
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A tenant is bound, configured by the operator, and a cart of it gets its payment. Returns what
/// everybody may see of that.
async fn paid_through_platform(site: &Site, app: &str, key: &str) -> String {
    let account = at_stripe(&Site::url(site.stripe_port), KEYLESS_KEY, "/v1/account").await;
    let account = account["id"].as_str().unwrap();
    let bind = ["tenant", "account", "bind", KEYLESS, account, "--mode", "test"];
    let mut told = site.told(&bind, &[key]);
    let token = site.told(&["tenant", "token", "issue", KEYLESS], &[key]);
    let post = async |path: &str, token: &str, body: Value| {
        let request = reqwest::Client::new()
            .post(format!("{app}{path}"))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .header("x-tenant-identifier", KEYLESS)
            .body(body.to_string());
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    };
    let attributes = serde_json::json!({"configuration": "{}"});
    let body = serde_json::json!({"data": {"type": "configuration", "attributes": attributes}});
    told.push_str(&post("/private/configure", OPERATOR_TOKEN, body).await);
    let order = serde_json::json!({"orderData": {"currencyCode": "EUR", "grandTotal": 9990}});
    let cart = post("/private/pre-order-payment", token.trim(), order).await;
    assert!(cart.contains(account), "the front end is told the account: {cart}");
    assert!(!cart.contains(PLATFORM_KEY) && !cart.contains(PLATFORM_SIGNING_SECRET));
    told + &site.told(&["tenant", "account", "show", KEYLESS], &[key])
}

#[tokio::test]
async fn no_secret_is_in_the_log_a_trace_an_answer_a_message_or_the_database_and_keys_rotate_meanwhile()
 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let site = Site::new().await;
    let [old, new] = [(); 2].map(|()| Keyring::generate().unwrap().expose_secret().to_owned());
    let listen = format!("127.0.0.1:{}", site.stripe_port);
    let sandbox = site.start("sandbox", &["sandbox", "--listen", &listen], &[&old]);
    let stripe = Site::url(site.stripe_port);
    Site::wait_for(&format!("{stripe}/_sandbox/calls")).await;
    site.told(&["migrate"], &[&old]);
    let token = site.told(&["tenant", "token", "issue", TENANT, "--label", "shop"], &[&old]);
    let token = token.trim().to_owned();

    let first = site.start("first", &["serve"], &[&old]);
    let app = Site::url(site.app_port);
    Site::wait_for(&format!("{app}/health/ready")).await;
    let shop = Shop::new(app.clone(), token.clone(), Box::new(Nobody)).unwrap();
    Journey::new(&shop, stripe.clone()).run().await.expect("with the old key");
    let mut log = first.stop();

    // The new key beside the old one, then everything moved while the shop trades.
    let second = site.start("second", &["serve"], &[&new, &old]);
    Site::wait_for(&format!("{app}/health/ready")).await;
    let (answer, rotated) = tokio::join!(answers(&app, &token), async {
        site.told(&["keys", "rotate", "--dry-run"], &[&new, &old])
            + &site.told(&["keys", "rotate"], &[&new, &old])
            + &site.told(&["keys", "list"], &[&new])
    });
    assert!(rotated.contains("1 secrets would be moved"), "{rotated}");
    assert!(rotated.contains("1 secrets were moved"), "{rotated}");
    log.push_str(&second.stop());
    let third = site.start("third", &["serve"], &[&new]);
    Site::wait_for(&format!("{app}/health/ready")).await;
    let mut told = answer + &answers(&app, &token).await;
    told.push_str(&paid_through_platform(&site, &app, &new).await);
    told.push_str(&revoked_at_once(&site, &app, &token, &new).await);
    log.push_str(&third.stop());
    told.push_str(&format!("{:?}", shop.read_messages()));
    for arguments in [["config", "--json"], ["tenant", "list"], ["payment", "list"]] {
        told.push_str(&site.told(&arguments, &[&new, &old]));
    }
    told.push_str(&site.told(&["tenant", "show", TENANT], &[&new]));

    let mut secrets = given_by_stripe(&stripe).await;
    drop(sandbox);
    let own = [journey::SECRET_KEY, SIGNING_SECRET, OPERATOR_TOKEN, &token, &old, &new];
    let operators = [PLATFORM_KEY, PLATFORM_SIGNING_SECRET];
    secrets.extend(own.into_iter().chain(operators).map(str::to_owned));
    let (database, traces) = (site.database(), site.collector.told());
    for secret in &secrets {
        assert!(secret.len() >= 8, "{secret:?} is no secret");
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(secret.as_str())).collect();
        assert!(lines.is_empty(), "{secret} is in the log: {lines:?}");
        assert!(!told.contains(secret.as_str()), "{secret} was told");
        assert!(!traces.contains(secret.as_str()), "{secret} went to the collector");
        let in_database = database.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!in_database, "{secret} is in the database");
    }
    assert!(traces.len() > 100_000);
    assert!(log.lines().count() > 100 && told.len() > 1000 && database.len() > 10_000);
}

/// The token is revoked beside the running server, and opens nothing from then on.
async fn revoked_at_once(site: &Site, app: &str, token: &str, key: &str) -> String {
    let listed = site.told(&["tenant", "token", "list", TENANT, "--json"], &[key]);
    let rows: Value = serde_json::from_str(&listed).unwrap();
    let id = rows["rows"][0]["id"].as_str().unwrap();
    assert_eq!(
        (&rows["rows"][0]["label"], &rows["rows"][0]["state"]),
        (&"shop".into(), &"good".into())
    );
    let ask = async |tenant: &str| {
        let url = format!("{app}/message-channels/app-events");
        let request =
            reqwest::Client::new().get(url).bearer_auth(token).header("consumer-id", tenant);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((ask(TENANT).await, ask("another").await), (200, 403));
    let nobodys =
        site.command(&["tenant", "token", "revoke", "another", id], &[key]).output().unwrap();
    assert_eq!(nobodys.status.code(), Some(1), "it is not the other tenant's");
    assert_eq!(ask(TENANT).await, 200);
    let revoked = site.told(&["tenant", "token", "revoke", TENANT, id], &[key]);
    assert_eq!(ask(TENANT).await, 401);
    listed + &revoked
}

/// Answers of calls that need the tenant's secrets, and that show its configuration.
async fn answers(app: &str, token: &str) -> String {
    let client = reqwest::Client::new();
    let mut told = String::new();
    let configuration = serde_json::json!({"webhookSecrets": [SIGNING_SECRET]}).to_string();
    for number in 0..20 {
        let attributes = serde_json::json!({"configuration": configuration});
        let body = serde_json::json!({"data": {"type": "configuration", "attributes": attributes}});
        let request = client
            .post(format!("{app}/private/configure"))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .header("x-tenant-identifier", TENANT)
            .body(body.to_string());
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "call {number}: {status} {text}");
        told.push_str(&text);
    }
    told
}
