//! Tenants without keys of their own, paid in accounts that the operator has bound to them: rule R5,
//! and what of the other rules depends on whose keys are used.

use app::ports::{BindOutcome, Bindings, UnbindOutcome};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use payment::{Account, Mode, PspAccountId, TenantId};
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;
use crate::webhooks::{by_hand, counted};

/// Another tenant, and the key of its account.
const OTHER: &str = "tenant-2";
const OTHER_KEY: &str = "sk_test_other";

/// A tenant that is configured through the platform as well, at an account of its own.
async fn with_other(app: &TestApp) -> String {
    let account = app.account_of_key(OTHER_KEY).await;
    assert_eq!(app.bind(OTHER, &account, Mode::Test).await, BindOutcome::Bound);
    // The mode of its one account is meant.
    let (status, answer) = app.configure_without_keys(OTHER, json!({"environment": null})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    account
}

async fn unbind(app: &TestApp, tenant: &str) -> UnbindOutcome {
    app.store.unbind_account(&TenantId::new(tenant), Mode::Test, false).await.unwrap()
}

/// What a refused configure call says, all of it.
async fn refused(app: &TestApp, tenant: &str, configuration: Value) -> String {
    let (status, answer) = app.configure_without_keys(tenant, configuration).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let errors = answer["errors"].as_array().unwrap().iter();
    errors.map(|error| error["message"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

async fn inbox_of(app: &TestApp, tenant: &str) -> u64 {
    let store: &dyn app::Store = app.store.as_ref();
    store.unfinished(&TenantId::new(tenant)).await.unwrap().inbox
}

#[tokio::test(start_paused = true)]
async fn an_order_is_paid_captured_and_refunded_in_the_tenants_account() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let order = Order::new("DE--1");
    let before = app.sandbox.calls().len();
    let transaction = app.captured(&order).await;
    app.command("RefundPayment", &refund(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "refunded");
    assert_eq!(app.money(&transaction).amount_refunded, order.total);
    let calls = app.sandbox.calls().split_off(before);
    let made: Vec<_> = calls.iter().filter(|call| call.method == "POST").collect();
    assert!(made.len() >= 4, "an intent, its payment, a capture and a refund");
    for call in &calls {
        assert_eq!(call.account.as_ref(), Some(&account), "{} {}", call.method, call.path);
    }
    let endpoints = app.stripe(Method::GET, "/v1/webhook_endpoints", "").await;
    assert_eq!(endpoints["data"], json!([]), "its events come to the platform's endpoint");
    app.results().await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn front_ends_are_told_the_platforms_key_and_the_account() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let (status, answer) = app.call(PRE_ORDER, &Order::new("DE--1").cart(None)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let data = &answer["preOrderPaymentData"];
    assert_eq!(data["accountId"], json!(account));
    assert_eq!(data["publishableKey"], PLATFORM_PUBLISHABLE_KEY);

    let body = json!({"data": {"type": "payments", "attributes": {
        "quote": {"currency": {"code": "EUR"}, "store": {"name": "DE"}},
        "payment": {
            "paymentProviderName": "Stripe", "paymentMethodName": "Stripe", "amount": 9990,
        },
    }}});
    let (status, answer) = app.call("/payments", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let data = &answer["data"]["attributes"]["preOrderPaymentData"];
    assert_eq!(data["accountId"], json!(account));

    let transaction = app.initialize(&Order::new("DE--2")).await;
    let page = app.page_of(&transaction).await;
    for part in [PLATFORM_PUBLISHABLE_KEY, &format!("\"stripeAccount\":\"{account}\"")] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_tenants_own_keys_no_account_is_told() {
    let app = TestApp::of_operator().await;
    assert_eq!(app.configure(json!({})).await.0, StatusCode::OK);
    let (_, answer) = app.call(PRE_ORDER, &Order::new("DE--1").cart(None)).await;
    let data = answer["preOrderPaymentData"].as_object().unwrap();
    assert!(!data.contains_key("accountId"), "{data:?}");
    assert_eq!(data["publishableKey"], PUBLISHABLE_KEY);
    let transaction = app.initialize(&Order::new("DE--2")).await;
    assert!(!app.page_of(&transaction).await.contains("stripeAccount\":"));
}

#[tokio::test(start_paused = true)]
async fn configure_answers_the_account_and_none_of_the_operators_secrets() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    // A form sends back what it was shown.
    let shown = json!({"accountId": account, "publishableKey": PLATFORM_PUBLISHABLE_KEY,
        "secretKey": "", "paymentPageTitle": "Mine"});
    let (status, answer) = app.configure_without_keys(TENANT, shown).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let configuration = &answer["configuration"];
    assert_eq!(configuration["accountId"], json!(account));
    assert_eq!(configuration["secretKey"], json!(null));
    assert_eq!(configuration["publishableKey"], PLATFORM_PUBLISHABLE_KEY);
    assert!(!answer.to_string().contains("sk_test"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn r05_an_account_that_is_not_the_tenants_is_refused_in_the_same_words() {
    let app = TestApp::through_platform().await;
    let (theirs, nobodys) = (app.account_of_key(SECRET_KEY).await, "acct_nobodys");
    let account = app.account_of_key(OTHER_KEY).await;
    let claims = async |what: &str| {
        let taken = refused(&app, OTHER, json!({"accountId": theirs})).await;
        assert_eq!(taken, refused(&app, OTHER, json!({"accountId": nobodys})).await, "{what}");
        taken
    };
    let words = claims("never configured, nothing bound").await;
    assert!(words.starts_with("accountId: is not an account that the operator has bound"));
    let outcome = app.bind(OTHER, &theirs, Mode::Test).await;
    assert_eq!(outcome, BindOutcome::OfAnother(TenantId::new(TENANT)));
    assert_eq!(app.bind(OTHER, &account, Mode::Test).await, BindOutcome::Bound);
    assert_eq!(claims("bound to another one").await, words);
    assert_eq!(app.configure_without_keys(OTHER, json!({})).await.0, StatusCode::OK);
    assert_eq!(claims("configured").await, words);
    let store: &dyn app::Store = app.store.as_ref();
    let tenant = store.tenant(&TenantId::new(OTHER)).await.unwrap().unwrap().value;
    assert_eq!(tenant.account.id.as_str(), account, "nothing was saved");
}

#[tokio::test(start_paused = true)]
async fn c69_what_does_not_go_with_the_platform_is_named() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let of_another = refused(&app, TENANT, json!({"publishableKey": "pk_test_shop"})).await;
    assert!(of_another.starts_with("publishableKey: came without its secretKey"), "{of_another}");
    let marketplace = refused(&app, TENANT, json!({"businessModel": "marketplace"})).await;
    assert!(marketplace.starts_with("businessModel: marketplace pays merchants"), "{marketplace}");
    let unbound = refused(&app, TENANT, json!({"environment": "live"})).await;
    assert!(unbound.contains("has bound no account of live mode"), "{unbound}");
    assert_eq!(app.bind(TENANT, &account, Mode::Live).await, BindOutcome::Bound);
    let unset = refused(&app, TENANT, json!({"environment": "live"})).await;
    assert!(unset.contains("has set no platform keys"), "{unset}");
    for mode in [Mode::Test, Mode::Live] {
        app.bind("tenant-3", "acct_1OfTwoModes", mode).await;
    }
    let either = refused(&app, "tenant-3", json!({"environment": null})).await;
    assert_eq!(either, "environment: is missing; send test or live");
    // The shop sends the platform away, in its own dashboard.
    let theirs = with_other(&app).await;
    app.at_sandbox(&format!("/_sandbox/accounts/{theirs}/deauthorize"), json!({})).await;
    let stranger = refused(&app, OTHER, json!({})).await;
    assert!(stranger.starts_with("accountId: cannot be worked in"), "{stranger}");
}

#[tokio::test(start_paused = true)]
async fn r01_a_payment_stays_at_its_account_when_the_tenant_gets_keys_of_its_own() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;
    let own = json!({"secretKey": "sk_test_own", "publishableKey": "pk_test_own"});
    let (status, answer) = app.configure_without_keys(TENANT, own).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(unbind(&app, TENANT).await, UnbindOutcome::Unbound(PspAccountId::new(&account)));

    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(app.results().await.len(), 1);
    assert_eq!(app.status(&order).await, "captured");
    assert_eq!(app.money(&transaction).amount_captured, order.total);
    // What somebody does there by hand is heard of as well: the platform is still told of it.
    app.stripe(Method::POST, "/v1/refunds", &format!("payment_intent={transaction}")).await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "refunded");

    let later = app.payment_with(&app.initialize(&Order::new("DE--2")).await).await;
    assert_ne!(later.account.id.as_str(), account);
}

/// Whether a key from before means anything in the same account by another way, nobody knows.
#[tokio::test(start_paused = true)]
async fn r15_a_call_left_open_is_asked_for_once_the_account_is_reached_by_other_keys() {
    let app = TestApp::through_platform().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;
    by_hand(&app);
    let lost = Fault { times: ALL_TRIES, ..Fault::new(FaultKind::LoseAnswer) };
    app.sandbox.inject(lost.on("POST", CAPTURE)).unwrap();
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert!(app.payment(&order).await.open_call.is_some());
    app.entropy.advance(SignedDuration::from_secs(1));
    let own = json!({"secretKey": SECRET_KEY, "publishableKey": PUBLISHABLE_KEY});
    let (status, answer) = app.configure_without_keys(TENANT, own).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    let tries =
        || app.sandbox.calls().iter().filter(|call| call.path.ends_with("/capture")).count();
    let before = tries();
    app.advance(LONG_ENOUGH).await;
    assert_eq!(tries(), before, "asked, not repeated");
    assert_eq!(app.results().await.len(), 1);
    assert_eq!(app.money(&transaction).amount_captured, order.total);
}

/// The operator took the platform's keys out of the configuration: nothing is told to have failed.
#[tokio::test(start_paused = true)]
async fn without_the_platforms_keys_commands_wait_for_them() {
    let app = TestApp::through_platform().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;
    app.results().await;
    let app = app.with_platform(app::platform::Platform::default());
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    let (status, answer) = app.call(PRE_ORDER, &Order::new("DE--2").cart(None)).await;
    assert_ne!(status, StatusCode::OK, "{answer}");
    let app = app.with_platform(platform(&["whsec_another"]));
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await.len(), 1);
    assert_eq!(app.status(&order).await, "captured");
}

/// Whoever works in a connected account can write any tenant's name into the metadata there.
#[tokio::test(start_paused = true)]
async fn r05_an_event_is_of_the_tenant_whose_account_it_names() {
    let app = TestApp::through_platform().await;
    let theirs = with_other(&app).await;
    let secret = app.connect_endpoint().await;
    let app = app.with_platform(platform(&[&secret]));
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;
    let before = app.payment(&order).await;

    let mut object = app.intent(&transaction).await;
    object["status"] = json!("canceled");
    let mut forged = Event::new("evt_forged", "payment_intent.canceled", object);
    forged.0["account"] = json!(theirs);
    let (status, answer) = app.receive_at(PLATFORM_WEBHOOKS, &secret, &forged).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((inbox_of(&app, TENANT).await, inbox_of(&app, OTHER).await), (0, 1));
    app.settle().await;
    assert_eq!(app.payment(&order).await, before);
    assert_eq!(app.results().await, [""; 0]);
}

/// R4, at an account of two tenants: one through the platform, one with its own keys.
#[tokio::test(start_paused = true)]
async fn c54_of_two_tenants_at_an_account_each_takes_its_own() {
    let app = TestApp::through_platform().await;
    let own = json!({"secretKey": SECRET_KEY, "publishableKey": PUBLISHABLE_KEY});
    assert_eq!(app.configure_without_keys(OTHER, own).await.0, StatusCode::OK);
    let (mine, theirs) = (Order::new("DE--1"), Order::new("DE--2"));
    app.authorized(&mine).await;
    let (_, answer) = app.call_as(OTHER, "/private/initialize-payment", &theirs.request()).await;
    app.pay(answer["transactionId"].as_str().unwrap(), "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await.len(), 1);
    let told = app.read_as(OTHER, "payment-events").await;
    assert_eq!(told.iter().filter(|message| message.is_result()).count(), 1);
}

/// Stripe gives up an endpoint that refuses, with the events of all tenants.
#[tokio::test(start_paused = true)]
async fn c51_the_platforms_endpoint_takes_what_is_nobodys() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let secret = app.connect_endpoint().await;
    let app = app.with_platform(platform(&[&secret]));
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let foreign = || counted(&counts, "paybridge_webhooks_total", "foreign");
    let object = || json!({"id": "pi_foreign", "object": "payment_intent"});

    let platforms_own = Event::new("evt_1", "customer.created", object());
    let (status, _) = app.receive_at(PLATFORM_WEBHOOKS, &secret, &platforms_own).await;
    assert_eq!((status, foreign()), (StatusCode::OK, 1));
    let mut unknown = Event::new("evt_2", "customer.created", object());
    unknown.0["account"] = json!("acct_1Unknown");
    let (status, _) = app.receive_at(PLATFORM_WEBHOOKS, &secret, &unknown).await;
    assert_eq!((status, foreign()), (StatusCode::OK, 2));

    assert_eq!(app.disconnect(Some("true")).await.0, StatusCode::NO_CONTENT);
    app.settle().await;
    app.read("payment-method-commands").await;
    app.read("app-events").await;
    let mut late = Event::new("evt_3", "customer.created", object());
    late.0["account"] = json!(account);
    let (status, _) = app.receive_at(PLATFORM_WEBHOOKS, &secret, &late).await;
    assert_eq!((status, foreign()), (StatusCode::OK, 3));
}

#[tokio::test(start_paused = true)]
async fn c61_a_live_event_of_the_platform_is_ignored_in_test_mode() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let secret = app.connect_endpoint().await;
    let app = app.with_platform(platform(&[&secret]));
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    let mut object = app.intent(&transaction).await;
    object["status"] = json!("requires_capture");
    let kind = "payment_intent.amount_capturable_updated";
    let mut event = Event::new("evt_live", kind, object).live();
    event.0["account"] = json!(account);
    let (status, answer) = app.receive_at(PLATFORM_WEBHOOKS, &secret, &event).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(inbox_of(&app, TENANT).await, 0);
    assert_eq!(counted(&counts, "paybridge_webhooks_total", "other_mode"), 1);
    // A secret of the test mode proves nothing about real money.
    let (status, answer) = app.receive_at("/webhooks", &secret, &event).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}

/// How an operator sees that an old secret can go.
#[tokio::test(start_paused = true)]
async fn several_secrets_of_the_platform_serve_and_are_counted_apart() {
    let app = TestApp::through_platform().await;
    let (old, new) = ("whsec_0123456789abcold", "whsec_0123456789abcnew");
    let app = app.with_platform(platform(&[old, new]));
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let account = app.account_of_key(SECRET_KEY).await;
    let event = |id: &str| {
        let mut event = Event::new(id, "customer.created", json!({"id": "cus_1"}));
        event.0["account"] = json!(account);
        event
    };
    for (secret, id) in [(old, "evt_1"), (new, "evt_2"), (new, "evt_3")] {
        let (status, answer) = app.receive_at(PLATFORM_WEBHOOKS, secret, &event(id)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let metric = "paybridge_webhook_secrets_total";
    assert_eq!(counted(&counts, metric, "whsec_…cold"), 1);
    assert_eq!(counted(&counts, metric, "whsec_…cnew"), 2);
    assert_eq!(counted(&counts, metric, "level=\"platform\""), 3);
    let (status, answer) = app.receive_at(PLATFORM_WEBHOOKS, "whsec_wrong", &event("evt_4")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(counted(&counts, metric, ""), 3);
}

/// An endpoint of the app's own is known by its id, one made by hand by the end of its secret.
#[tokio::test(start_paused = true)]
async fn several_secrets_of_a_tenant_serve_and_are_counted_apart() {
    let app = TestApp::new();
    let manual = "whsec_0123456789abcdef";
    assert_eq!(app.configure(json!({"webhookSecrets": [manual]})).await.0, StatusCode::OK);
    let recorder = PrometheusBuilder::new().build_recorder();
    let counts = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let event = |id: &str| Event::new(id, "customer.created", json!({"id": "cus_1"}));
    assert_eq!(app.receive(&event("evt_1")).await.0, StatusCode::OK);
    let (status, _) = app.receive_at(TestApp::WEBHOOKS, manual, &event("evt_2")).await;
    assert_eq!(status, StatusCode::OK);
    let store: &dyn app::Store = app.store.as_ref();
    let credentials = store.all_credentials(&TenantId::new(TENANT)).await.unwrap();
    let id = &credentials[0].endpoint.as_ref().unwrap().id;
    let metric = "paybridge_webhook_secrets_total";
    assert_eq!(counted(&counts, metric, id), 1);
    assert_eq!(counted(&counts, metric, "whsec_…cdef"), 1);
}

/// Somebody takes the account away while the tenant is being configured, or after a disconnect.
#[tokio::test(start_paused = true)]
async fn an_account_that_was_taken_away_is_not_taken_up_again() {
    let app = TestApp::through_platform().await;
    let account = app.account_of_key(SECRET_KEY).await;
    let in_use = UnbindOutcome::InUse(PspAccountId::new(&account));
    assert_eq!(unbind(&app, TENANT).await, in_use);
    assert_eq!(app.disconnect(Some("true")).await.0, StatusCode::NO_CONTENT);
    assert_eq!(unbind(&app, TENANT).await, UnbindOutcome::Unbound(PspAccountId::new(&account)));
    let words = refused(&app, TENANT, json!({"environment": "test"})).await;
    assert!(words.contains("has bound no account of test mode"), "{words}");
    assert_eq!(app.bind(OTHER, &account, Mode::Test).await, BindOutcome::Bound);
    let at = Account { id: PspAccountId::new(&account), mode: Mode::Test };
    let store: &dyn app::Store = app.store.as_ref();
    assert!(store.credentials(&TenantId::new(TENANT), &at).await.unwrap().is_some());
}

/// The tenant's own endpoint goes, so that nothing is told twice.
#[tokio::test(start_paused = true)]
async fn a_tenant_goes_over_from_its_own_keys_to_the_platform() {
    let app = TestApp::of_operator().await;
    assert_eq!(app.configure(json!({})).await.0, StatusCode::OK);
    let account = app.account_of_key(SECRET_KEY).await;
    assert_eq!(app.bind(TENANT, &account, Mode::Test).await, BindOutcome::Bound);
    // What does not name the account changes nothing about the way.
    let (_, answer) = app.configure_without_keys(TENANT, json!({"paymentPageTitle": "A"})).await;
    assert_ne!(answer["configuration"]["secretKey"], json!(null));
    let (status, answer) = app.configure_without_keys(TENANT, json!({"accountId": account})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["configuration"]["secretKey"], json!(null));
    let endpoints = app.stripe(Method::GET, "/v1/webhook_endpoints", "").await;
    assert_eq!(endpoints["data"], json!([]));
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await.len(), 1);
}
