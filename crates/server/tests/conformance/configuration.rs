//! Configuration: cases 67 to 70 and 73.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use payment::TenantId;
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

const ENDPOINTS: &str = "/v1/webhook_endpoints";

/// The webhook endpoints of the account, as (id, address).
pub async fn endpoints(app: &TestApp) -> Vec<(String, String)> {
    endpoints_of(app, SECRET_KEY).await
}

pub async fn endpoints_of(app: &TestApp, key: &str) -> Vec<(String, String)> {
    let list = app.stripe_with(key, Method::GET, ENDPOINTS, "").await;
    let text = |endpoint: &Value, name: &str| endpoint[name].as_str().unwrap().to_owned();
    let all = list["data"].as_array().unwrap();
    all.iter().map(|endpoint| (text(endpoint, "id"), text(endpoint, "url"))).collect()
}

async fn is_stored(app: &TestApp) -> bool {
    let store: &dyn app::Store = app.store.as_ref();
    store.tenant(&TenantId::new(TENANT)).await.unwrap().is_some()
}

/// Everything that an answer complains of, by the field it begins with.
fn fields(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| error["message"].as_str().unwrap().split(':').next().unwrap())
        .collect()
}

fn names(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| format!("{} {}", message.name, message.body["name"])).collect()
}

pub async fn methods(app: &TestApp) -> Vec<Message> {
    app.read("payment-method-commands").await
}

pub fn lose(method: &str, path: &str, times: u32) -> Fault {
    Fault { times, ..Fault::new(FaultKind::LoseRequest).on(method, path) }
}

#[tokio::test(start_paused = true)]
async fn c67_a_configuration_is_merged_into_the_stored_one() {
    let app = TestApp::new();
    let all = json!({
        "paymentPageTitle": "Shop", "payButtonColor": "#1b7a43",
        "brandFavicon": "https://shop.example.test/favicon.ico", "statementDescriptorSuffix": "SHOP",
        "paymentMethods": ["Stripe", "Klarna"], "shopOrigins": ["https://shop.example.test"],
        "webhookSecrets": ["whsec_0123456789abcdef"],
    });
    let (status, first) = app.configure(all).await;
    assert_eq!(status, 200, "{first}");
    let partly = json!({"data": {"type": "configuration", "attributes": {
        "configuration": r#"{"paymentPageTitle":"New","statementDescriptorSuffix":""}"#,
    }}});
    let (status, second) = app.call("/private/configure", &partly).await;
    assert_eq!(status, 200, "{second}");

    let mut expected = first["configuration"].clone();
    expected["paymentPageTitle"] = json!("New");
    expected["statementDescriptorSuffix"] = Value::Null;
    assert_eq!(second, json!({"tenantIdentifier": TENANT, "configuration": expected}));
    app.initialize(&Order::new("DE--1")).await;
}

#[tokio::test(start_paused = true)]
async fn c67_secrets_come_back_masked_and_the_mask_is_no_key() {
    let app = TestApp::new();
    let keys = json!({
        "secretKey": "sk_test_0123456789abcdef", "publishableKey": "pk_test_shown",
        "webhookSecrets": ["whsec_0123456789abcdef"],
    });
    let (_, answer) = app.configure(keys).await;
    let shown = answer["configuration"].clone();
    assert_eq!(shown["secretKey"], "sk_test_…cdef");
    assert_eq!(shown["webhookSecrets"], json!(["whsec_…cdef"]));
    assert!(!answer.to_string().contains("0123456789"), "{answer}");
    let endpoint_secret = app.endpoint_secret().await;
    assert!(!answer.to_string().contains(&endpoint_secret));

    for channel in ["payment-method-commands", "app-events"] {
        for message in app.read(channel).await {
            let text = format!("{} {}", message.body, message.attributes);
            for secret in ["0123456789abcdef", endpoint_secret.as_str()] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
    // A form that was filled with the answer is saved: what is masked stays what it was.
    let again = json!({"data": {"type": "configuration", "attributes": {
        "configuration": shown.to_string(),
    }}});
    let (status, answer) = app.call("/private/configure", &again).await;
    assert_eq!((status, &answer["configuration"]), (StatusCode::OK, &shown), "{answer}");
    app.authorized(&Order::new("DE--1")).await;

    // Where nothing is known, a mask is no secret: whoever saw it could sign with it.
    let (status, answer) = app.call_as("tenant-2", "/private/configure", &again).await;
    assert_eq!(status, 422);
    assert_eq!(fields(&answer), ["secretKey", "webhookSecrets"]);
}

#[tokio::test(start_paused = true)]
async fn c68_a_disconnected_tenant_that_is_configured_is_connected_again() {
    let app = TestApp::configured().await;
    assert_eq!(app.disconnect(None).await, (StatusCode::NO_CONTENT, Value::Null));
    methods(&app).await;
    app.read("app-events").await;
    let order = Order::new("DE--1");
    assert_eq!(app.call("/private/initialize-payment", &order.request()).await.0, 403);

    let (status, answer) = app.configure(json!({})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(names(&methods(&app).await), [r#"AddPaymentMethod "Stripe""#]);
    let told = app.read("app-events").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].body["status"], &told[0].body["isActive"]),
        (&json!("CONNECTED"), &json!(true))
    );
    assert_eq!(told[0].body["config"], json!({}), "a configuration is never told");
    assert_eq!(endpoints(&app).await.len(), 1);
    app.authorized(&order).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c69_every_wrong_field_is_named_at_once_and_nothing_is_saved() {
    let app = TestApp::new();
    let wrong = json!({
        "secretKey": "rk_live_1", "publishableKey": "pk_test_1", "environment": "test",
        "businessModel": "barter", "brandFavicon": "http://shop.example.test/favicon.ico",
        "payButtonColor": "green", "statementDescriptorSuffix": "***", "paymentMethods": [" "],
        "shopOrigins": ["shop.example.test"], "onboardingLinks": ["javascript:alert(1)"],
        "webhookSecrets": ["secret"], "paymentPageTitle": "x".repeat(101),
    });
    let (status, answer) = app.configure(wrong).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(
        fields(&answer),
        [
            "publishableKey",
            "environment",
            "webhookSecrets",
            "businessModel",
            "paymentPageTitle",
            "brandFavicon",
            "payButtonColor",
            "statementDescriptorSuffix",
            "paymentMethods",
            "shopOrigins",
            "onboardingLinks",
        ]
    );
    assert_eq!(app.sandbox.calls(), [], "Stripe is not asked");
    assert!(!is_stored(&app).await);

    let (status, answer) =
        app.configure(json!({"secret_key": "sk_test_hidden", "payButtonColour": 1})).await;
    assert_eq!(status, 422);
    assert_eq!(fields(&answer), ["payButtonColour", "secret_key"]);
    assert!(!answer.to_string().contains("hidden"), "{answer}");
    assert!(!is_stored(&app).await);
    assert_eq!(app.read("app-events").await, []);
}

#[tokio::test(start_paused = true)]
async fn c69_keys_that_stripe_does_not_accept_are_named_and_the_old_ones_stay() {
    let app = TestApp::configured().await;
    let before = endpoints(&app).await;
    let cases = [
        (json!({"secretKey": "sk_test_invalid"}), vec!["secretKey"]),
        (json!({"accountId": "acct_somebody_else"}), vec!["accountId"]),
        (json!({"secretKey": "sk_live_shop"}), vec!["publishableKey", "environment"]),
    ];
    for (change, expected) in cases {
        let (status, answer) = app.configure(change.clone()).await;
        assert_eq!(
            (status, fields(&answer)),
            (StatusCode::UNPROCESSABLE_ENTITY, expected),
            "{change}"
        );
    }
    assert_eq!(endpoints(&app).await, before);
    assert_eq!(app.read("app-events").await, []);
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"], "the old keys work");
}

/// A publishable key of another account would let every shopper fail on the payment page.
#[tokio::test(start_paused = true)]
async fn c69_another_account_needs_its_own_publishable_key() {
    let app = TestApp::new();
    app.configure(json!({"webhookSecrets": ["whsec_of_the_old_account"]})).await;
    let only = |configuration: Value| {
        json!({"data": {"type": "configuration", "attributes": {
            "configuration": configuration.to_string(),
        }}})
    };
    let moved = only(json!({"secretKey": "sk_test_other"}));
    let (status, answer) = app.call("/private/configure", &moved).await;
    assert_eq!(
        (status, fields(&answer)),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["publishableKey"])
    );
    assert_eq!(endpoints_of(&app, "sk_test_other").await, [], "nothing was made there");

    let both = only(json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"}));
    let (status, answer) = app.call("/private/configure", &both).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["configuration"]["webhookSecrets"], json!([]), "they are the old account's");
    let rolled = only(json!({"secretKey": "rk_test_other"}));
    assert_eq!(app.call("/private/configure", &rolled).await.0, 200, "a key is rolled alone");
}

#[tokio::test(start_paused = true)]
async fn c70_stripe_unreachable_saves_nothing_and_says_so() {
    let calls =
        [("GET", "/v1/account"), ("GET", "/v1/balance"), ("GET", ENDPOINTS), ("POST", ENDPOINTS)];
    for (method, path) in calls {
        let app = TestApp::new();
        app.sandbox.inject(lose(method, path, 3)).unwrap();
        let (status, answer) = app.configure(json!({})).await;
        assert_eq!(status, 400, "{method} {path}: {answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("Tenant action failed: "), "{message}");
        assert!(message.ends_with("nothing was saved"), "{message}");
        assert!(!is_stored(&app).await, "{method} {path}");
        assert_eq!(app.read("app-events").await, [], "{method} {path}");

        let (status, answer) = app.configure(json!({})).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        assert_eq!(endpoints(&app).await.len(), 1, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn c70_the_endpoint_is_made_once_and_reused() {
    let app = TestApp::new();
    let lost = Fault::new(FaultKind::LoseAnswer).on("POST", ENDPOINTS);
    app.sandbox.inject(lost).unwrap();
    assert_eq!(app.configure(json!({})).await.0, 200);
    let made = endpoints(&app).await;
    let url = "http://app.test/webhooks/test?tenantIdentifier=tenant-test-0001";
    assert_eq!(made.len(), 1, "a lost answer is repeated under its key");
    assert_eq!(made[0].1, url);
    for _ in 0..3 {
        assert_eq!(app.configure(json!({"paymentPageTitle": "Shop"})).await.0, 200);
    }
    assert_eq!(endpoints(&app).await, made);

    // Somebody removed it in the dashboard.
    app.stripe(Method::DELETE, &format!("{ENDPOINTS}/{}", made[0].0), "").await;
    assert_eq!(app.configure(json!({})).await.0, 200);
    let again = endpoints(&app).await;
    assert_eq!((again.len(), again[0].1.as_str()), (1, url));
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"], "its secret is known");
}

/// A crash between the making of the endpoint and our commit leaves one whose secret nobody knows.
#[tokio::test(start_paused = true)]
async fn c70_an_endpoint_whose_secret_is_not_known_is_replaced() {
    let app = TestApp::new();
    let url = "http%3A%2F%2Fapp.test%2Fwebhooks%2Ftest%3FtenantIdentifier%3Dtenant-test-0001";
    let others = "https%3A%2F%2Felsewhere.test%2Fwebhooks";
    for url in [url, others] {
        let form = format!("url={url}&enabled_events[]=charge.succeeded");
        app.stripe(Method::POST, ENDPOINTS, &form).await;
    }
    let before = endpoints(&app).await;
    assert_eq!(app.configure(json!({})).await.0, 200);
    let after = endpoints(&app).await;
    assert_eq!(after.len(), 2);
    assert!(after.iter().any(|endpoint| endpoint.1 == "https://elsewhere.test/webhooks"));
    let ours = after.iter().find(|endpoint| endpoint.1.starts_with("http://app.test")).unwrap();
    assert!(!before.contains(ours));
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c70_two_configurations_at_once_leave_one_endpoint_that_works() {
    for times in [1, 2] {
        let app = TestApp::new();
        for (method, delay_ms) in [("GET", 500), ("POST", 700)] {
            let slow =
                Fault { delay_ms, times, ..Fault::new(FaultKind::Delay).on(method, ENDPOINTS) };
            app.sandbox.inject(slow).unwrap();
        }
        let (one, two) = tokio::join!(
            app.configure(json!({"paymentPageTitle": "One"})),
            app.configure(json!({"payButtonColor": "#112233"})),
        );
        assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK), "{} {}", one.1, two.1);
        let (_, merged) = app.configure(json!({})).await;
        assert_eq!(merged["configuration"]["paymentPageTitle"], "One", "neither is lost");
        assert_eq!(merged["configuration"]["payButtonColor"], "#112233", "neither is lost");
        assert_eq!(endpoints(&app).await.len(), 1);
        app.authorized(&Order::new("DE--1")).await;
        assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
        assert_eq!(names(&methods(&app).await), [r#"AddPaymentMethod "Stripe""#]);
    }
}

#[tokio::test(start_paused = true)]
async fn c73_only_what_changed_is_told_and_later_each_time() {
    let app = TestApp::new();
    let mut told = Vec::new();
    // All within one microsecond: the clock stands still.
    let lists = [
        json!(["Stripe"]),
        json!(["Stripe"]),
        json!(["Stripe", "Klarna"]),
        json!(["Klarna"]),
        json!(["Klarna", "Stripe"]),
        json!([]),
    ];
    let mut lines = Vec::new();
    for list in lists {
        assert_eq!(app.configure(json!({"paymentMethods": list})).await.0, 200);
        let messages = methods(&app).await;
        lines.push(names(&messages).join(", "));
        told.extend(messages);
    }
    assert_eq!(
        lines,
        [
            r#"AddPaymentMethod "Stripe""#,
            "",
            r#"AddPaymentMethod "Klarna""#,
            r#"DeletePaymentMethod "Stripe""#,
            r#"AddPaymentMethod "Stripe""#,
            r#"DeletePaymentMethod "Klarna""#,
        ]
    );
    for name in ["Stripe", "Klarna"] {
        let times: Vec<&str> = told
            .iter()
            .filter(|message| message.body["name"] == name)
            .map(|message| message.attributes["timestamp"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted_by(|earlier, later| earlier < later), "{name}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c73_an_app_that_moved_updates_its_methods_and_its_endpoint() {
    let app = TestApp::configured().await;
    let old = endpoints(&app).await;
    let app = app.moved_to("https://pay.example.test");
    let (status, answer) = app.configure(json!({})).await;
    assert_eq!(status, 200, "{answer}");

    let told = methods(&app).await;
    assert_eq!(names(&told), [r#"UpdatePaymentMethod "Stripe""#]);
    assert_eq!(
        told[0].body["paymentMethodAppConfiguration"]["baseUrl"],
        "https://pay.example.test"
    );
    let new = endpoints(&app).await;
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].0, old[0].0, "with the secret that we know");
    assert_eq!(
        new[0].1,
        "https://pay.example.test/webhooks/test?tenantIdentifier=tenant-test-0001"
    );
    assert_eq!(app.configure(json!({})).await.0, 200);
    assert_eq!(methods(&app).await, [], "it is told once");
}

/// Rule R24: whoever configures a tenant again and again never tells the shop an older time, even
/// where the clock was put back.
#[tokio::test(start_paused = true)]
async fn c73_a_clock_that_is_put_back_tells_no_older_time() {
    let app = TestApp::new();
    app.configure(json!({})).await;
    let first = methods(&app).await;
    app.entropy.set(app.now() - SignedDuration::from_hours(1));
    app.configure(json!({"paymentMethods": ["Klarna"]})).await;
    let second = methods(&app).await;
    assert_eq!(second[1].name, "DeletePaymentMethod");
    let time = |message: &Message| message.attributes["timestamp"].as_str().unwrap().to_owned();
    assert!(time(&second[1]) > time(&first[0]));
}
