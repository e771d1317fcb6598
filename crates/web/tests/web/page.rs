//! The payment page, as a browser gets it.

use app::Entropy;
use app::ports::{Decline, IntentState, PspError, ShopperStep};
use axum::body::Body;
use http::{Request, StatusCode};
use payment::{Currency, Money};
use serde_json::{Value, json};
use web::PageSettings;

use crate::support::{Answer, App, TENANT, configure, keys, log, post, with};

/// Everything but Stripe.js.
const OWN_BYTES_MAX: usize = 40_000;
const LOCALES: [&str; 7] = ["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL"];
/// What hides the form where nothing runs.
const NO_SCRIPT_STYLE: &str = "#payment-form, #finish { display: none }";
const SUCCESS: &str = "https://shop.example.test/success?order=1&x=y";
const CANCEL: &str = "https://shop.example.test/cancel";

/// A shop with its order, and the address of the order's page.
struct Shop {
    app: App,
    path: String,
}

impl Shop {
    /// The tenant's page is set up like this, and the order is changed like that.
    async fn new(settings: Value, order: impl FnOnce(&mut Value)) -> Self {
        let app = App::new();
        let mut configuration = keys();
        for (key, value) in settings.as_object().unwrap() {
            configuration[key] = value.clone();
        }
        let configured = app.call(configure(&configuration)).await;
        assert_eq!(configured.status, 200, "{}", configured.body);
        let mut request = json!({
            "orderData": {
                "orderReference": "DE--1", "localeName": "de_DE", "currencyCode": "EUR",
                "grandTotal": 18_979,
                "items": [
                    {"idSalesOrderItem": 1, "name": "Emaille-Kessel, 2 l", "sku": "k", "quantity": 1, "unitPrice": 9_999},
                    {"idSalesOrderItem": 2, "name": "Teesieb", "sku": "t", "quantity": 2, "unitPrice": 4_245},
                ],
            },
            "redirectSuccessUrl": SUCCESS,
            "redirectCancelUrl": CANCEL,
            "checkoutSummaryPageUrl": "https://shop.example.test/summary",
        });
        order(&mut request);
        let body = request.to_string();
        let answer = app.call(post("/private/initialize-payment", body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let redirect = answer.json()["redirectUrl"].as_str().unwrap().to_owned();
        let path = redirect.strip_prefix("https://pay.example.test").unwrap().to_owned();
        Self { app, path }
    }

    /// A shop with a title, a German order, and nothing odd.
    async fn usual() -> Self {
        Self::new(usual_settings(), |_| {}).await
    }

    async fn open(&self) -> Answer {
        self.app.call(browser(&self.path)).await
    }

    async fn come_back(&self) -> Answer {
        let path = self.path.replace("/app-payment?", "/app-payment/redirect?");
        self.app.call(browser(&path)).await
    }

    /// From now on the provider says this of every attempt.
    fn stands(&self, state: IntentState) {
        self.stands_at(state, ShopperStep::Pay { declined: None });
    }

    fn stands_at(&self, state: IntentState, step: ShopperStep) {
        *self.app.psp.shopper.lock().unwrap() = Some(Ok((state, step)));
    }

    fn provider_is_silent(&self) {
        let error = PspError::NotSent("connection refused".to_owned());
        *self.app.psp.shopper.lock().unwrap() = Some(Err(error));
    }
}

fn usual_settings() -> Value {
    json!({
        "paymentPageTitle": "Kessel & Söhne", "payButtonColor": "#0a6b4f",
        "brandFavicon": "https://cdn.example.test/icon.svg?v=1&w=2",
        "shopOrigins": ["https://shop.example.test"],
    })
}

fn browser(path: &str) -> Request<Body> {
    Request::builder().uri(path).header("sec-fetch-dest", "document").body(Body::empty()).unwrap()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn captured() -> IntentState {
    IntentState::Captured { total: euros(18_979) }
}

fn canceled() -> IntentState {
    IntentState::Canceled { reason: None, captured: euros(0) }
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// The document without its style and script, whose nonces differ from visit to visit.
fn document(answer: &Answer) -> String {
    let mut text = answer.body.clone();
    for (begin, end) in [("\n:root {", "\n</style>"), ("\n'use strict'", "\n</script>")] {
        while let Some(from) = text.find(begin) {
            let to = from + text[from..].find(end).unwrap();
            text.replace_range(from..to, "\n…");
        }
    }
    let nonce = nonce(answer);
    if nonce.is_empty() { text } else { text.replace(&nonce, "[nonce]") }
}

fn nonce(answer: &Answer) -> String {
    let policy = header(answer, "content-security-policy");
    policy.split("'nonce-").nth(1).unwrap_or_default().split('\'').next().unwrap().to_owned()
}

/// The state that the page says it is in.
fn state(answer: &Answer) -> &str {
    let rest = answer.body.split("data-state=\"").nth(1).unwrap_or_default();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn an_unpaid_order_is_shown_with_its_form() {
    let answer = Shop::usual().await.open().await;
    assert_eq!(answer.status, 200);
    insta::assert_snapshot!(document(&answer));
}

#[tokio::test]
async fn every_state_says_what_happened_and_what_to_do_next() {
    let declined = |decline| ShopperStep::Pay { declined: Some(decline) };
    let mut shown = String::new();
    let mut add = |name: &str, answer: &Answer| {
        let words = words(answer);
        let (_, card) = words.split_once("Es fließt kein Geld\n").unwrap();
        let card = card.split("\nIhre Bestellung\n").next().unwrap();
        shown.push_str(&format!("## {name}: {} {}\n{card}\n\n", answer.status, state(answer)));
    };
    let shop = Shop::usual().await;
    for decline in Decline::ALL {
        shop.stands_at(IntentState::AwaitingPayment, declined(decline));
        add(&format!("declined, {decline:?}"), &shop.open().await);
    }
    shop.stands_at(IntentState::AwaitingPayment, ShopperStep::Finish);
    add("a step is missing", &shop.open().await);
    shop.stands(IntentState::Processing);
    add("processing", &shop.open().await);
    shop.provider_is_silent();
    add("the provider is silent", &shop.open().await);
    shop.stands(canceled());
    add("canceled", &shop.open().await);
    let shop = Shop::usual().await;
    let disconnect = with(post("/private/disconnect", ""), "x-confirmation-status", "true");
    assert_eq!(shop.app.call(disconnect).await.status, 204);
    add("disconnected", &shop.open().await);
    let shop = Shop::new(json!({}), |order| order["redirectSuccessUrl"] = Value::Null).await;
    shop.stands(captured());
    add("paid, and no address to go on to", &shop.open().await);
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn every_language_is_complete_and_small() {
    let mut shown = String::new();
    for locale in LOCALES {
        let set = |order: &mut Value| order["orderData"]["localeName"] = json!(locale);
        let answer = Shop::new(usual_settings(), set).await.open().await;
        assert!(answer.body.contains(&format!("<html lang=\"{}\">", &locale[..2])), "{locale}");
        assert!(answer.body.len() < OWN_BYTES_MAX, "{locale}: {} bytes", answer.body.len());
        shown.push_str(&format!("## {locale}\n{}\n", words(&answer)));
    }
    insta::assert_snapshot!(shown);
}

/// What can be read on a page, a line for each piece.
fn words(answer: &Answer) -> String {
    let body = document(answer);
    let body = body.split("<script").next().unwrap().replace('<', "\n<");
    let lines = body.lines().map(|line| line.split_once('>').map_or(line, |(_, text)| text).trim());
    lines
        .filter(|line| !line.is_empty() && !["…", NO_SCRIPT_STYLE].contains(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn without_a_locale_of_ours_the_browser_says_the_language() {
    let shop =
        Shop::new(json!({}), |order| order["orderData"]["localeName"] = json!("ja_JP")).await;
    let request = with(browser(&shop.path), "accept-language", "ja, fr-CH;q=0.9, en;q=0.8");
    let answer = shop.app.call(request).await;
    assert!(answer.body.contains("<html lang=\"fr\">"), "{}", answer.body);
    let unknown = with(browser("/app-payment?transactionId=pi_x"), "accept-language", "pl");
    assert!(shop.app.call(unknown).await.body.contains("Nie ma takiej płatności"));
}

#[tokio::test]
async fn a_page_is_kept_by_nobody_and_may_load_little() {
    let shop = Shop::usual().await;
    let answer = shop.open().await;
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    let nonce = nonce(&answer);
    assert!(nonce.len() >= 32, "{nonce}");
    let policy = header(&answer, "content-security-policy").replace(&nonce, "[nonce]");
    insta::assert_snapshot!(policy.replace("; ", "\n"), @"
    default-src 'none'
    script-src 'nonce-[nonce]' https://js.stripe.com https://*.js.stripe.com
    frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com
    connect-src https://api.stripe.com
    style-src 'nonce-[nonce]'
    img-src data: https://cdn.example.test
    frame-ancestors https://shop.example.test
    base-uri 'none'
    form-action 'none'
    report-uri https://pay.example.test/app-payment/csp-report
    ");
    assert_ne!(nonce, self::nonce(&shop.open().await), "each visit has its own");

    let tags = answer.body.matches("<script").count() + answer.body.matches("<style").count();
    let marked = answer.body.matches(&format!("nonce=\"{nonce}\"")).count();
    let data_block = 1;
    assert_eq!(tags, marked + data_block, "whatever runs or styles is marked");
    assert!(!answer.body.contains(" style=\"") && !answer.body.contains(" onclick="));
}

#[tokio::test]
async fn a_stand_in_serves_its_script_frames_and_calls_at_its_own_origin() {
    let mut shop = Shop::usual().await;
    shop.app.load_stripe_js_from(&PageSettings::new(
        &"http://127.0.0.1:8081/stripe.js?a=b".parse().unwrap(),
    ));
    let answer = shop.open().await;
    let policy = header(&answer, "content-security-policy");
    for part in [
        "' http://127.0.0.1:8081; frame-src http://127.0.0.1:8081; ",
        "connect-src http://127.0.0.1:8081; ",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("stripe.com"), "{policy}");
    assert!(answer.body.contains("href=\"http://127.0.0.1:8081/stripe.js?a=b\""));
}

#[tokio::test]
async fn only_the_tenants_own_shop_may_frame_the_page() {
    let nobody = Shop::new(json!({}), |_| {}).await.open().await;
    assert!(header(&nobody, "content-security-policy").contains("frame-ancestors 'none';"));
    let origins = ["https://shop.example.test", "http://127.0.0.1:8082"];
    let own = Shop::new(json!({ "shopOrigins": origins }), |_| {}).await.open().await;
    let expected = "frame-ancestors https://shop.example.test http://127.0.0.1:8082;";
    assert!(header(&own, "content-security-policy").contains(expected));
}

#[tokio::test]
async fn c66_a_paid_page_goes_straight_to_the_success_address() {
    let shop = Shop::usual().await;
    shop.stands(captured());
    for _ in 0..2 {
        let answer = shop.open().await;
        assert_eq!((answer.status.as_u16(), header(&answer, "location")), (302, SUCCESS));
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
        // The books know it now: the provider need not be asked.
        shop.provider_is_silent();
    }
}

#[tokio::test]
async fn a_framed_page_leads_out_of_the_frame() {
    let shop = Shop::usual().await;
    shop.stands(captured());
    let back = shop.path.replace("/app-payment?", "/app-payment/redirect?");
    for path in [&shop.path, &back] {
        let framed = with(browser(path), "sec-fetch-dest", "iframe");
        let answer = shop.app.call(framed).await;
        assert_eq!((answer.status.as_u16(), state(&answer)), (200, "paid"));
        let link = "href=\"https://shop.example.test/success?order=1&#38;x=y\" target=\"_top\"";
        assert!(answer.body.contains(link), "{}", answer.body);
        let data = "{\"state\":\"leaving\",\
                    \"leaveTo\":\"https://shop.example.test/success?order=1\\u0026x=y\"}";
        assert!(answer.body.contains(data), "{}", answer.body);
        assert!(header(&answer, "content-security-policy").contains("https://shop.example.test;"));
        assert!(!answer.body.contains("secret"), "nothing is left to open");
    }
}

#[tokio::test]
async fn c63_c64_after_stripe_the_shopper_goes_where_the_payment_says() {
    let shop = Shop::usual().await;
    let page = format!("https://pay.example.test{}", shop.path);
    let cases = [
        (IntentState::AwaitingPayment, page.as_str()),
        (IntentState::Processing, &page),
        (IntentState::PartiallyFunded { received: euros(5) }, &page),
        (canceled(), CANCEL),
    ];
    for (stands, expected) in cases {
        shop.stands(stands.clone());
        let answer = shop.come_back().await;
        assert_eq!(
            (answer.status.as_u16(), header(&answer, "location")),
            (302, expected),
            "{stands:?}"
        );
    }
    let shop = Shop::usual().await;
    shop.provider_is_silent();
    assert_eq!(header(&shop.come_back().await, "location"), CANCEL, "c64");
    shop.stands(captured());
    assert_eq!(header(&shop.come_back().await, "location"), SUCCESS);
}

#[tokio::test]
async fn where_the_shopper_goes_is_never_taken_from_the_query() {
    let shop = Shop::usual().await;
    shop.stands(captured());
    let more = "&redirectSuccessUrl=https://evil.test&redirect_status=failed&url=//evil.test";
    let path = shop.path.replace("/app-payment?", "/app-payment/redirect?");
    let answer = shop.app.call(browser(&format!("{path}{more}"))).await;
    assert_eq!(header(&answer, "location"), SUCCESS);
    assert!(!answer.body.contains("evil"));
}

#[tokio::test]
async fn c62_c65_what_is_missing_foreign_or_unknown_has_a_page_of_its_own() {
    let shop = Shop::usual().await;
    let cases = [
        ("/app-payment", 400),
        ("/app-payment?transactionId=pi_1", 400),
        ("/app-payment?tenantIdentifier=tenant-test-0001", 400),
        ("/app-payment?transactionId=../x&tenantIdentifier=tenant-test-0001", 400),
        ("/app-payment?transactionId=%ff%00&tenantIdentifier=%ff", 400),
        ("/app-payment?transactionId=pi_2&tenantIdentifier=tenant-test-0001", 404),
        ("/app-payment?transactionId=pi_1&tenantIdentifier=another", 404),
        ("/app-payment/redirect", 400),
        ("/app-payment/redirect?tenantIdentifier=tenant-test-0001", 400),
        ("/app-payment/redirect?transactionId=pi_2", 404),
        ("/app-payment/redirect?transactionId=pi_1&tenantIdentifier=another", 404),
    ];
    for (path, status) in cases {
        let answer = shop.app.call(browser(path)).await;
        assert_eq!((answer.status.as_u16(), state(&answer)), (status, "unknown"), "{path}");
        assert!(header(&answer, "content-security-policy").contains("frame-ancestors 'none'"));
        for told in ["Kessel", "189", "secret", "pi_"] {
            assert!(!answer.body.contains(told), "{path}: {told}");
        }
    }
    let unnamed = "/app-payment/redirect?transactionId=pi_1";
    let answer = shop.app.call(browser(unnamed)).await;
    assert_eq!(answer.status, 302, "the contract's address names no tenant");
}

#[tokio::test]
async fn what_goes_wrong_around_the_page_is_told_on_a_page() {
    let app = App::without_database();
    for path in [
        "/app-payment?transactionId=pi_1&tenantIdentifier=t",
        "/app-payment/redirect?transactionId=pi_1",
    ] {
        let answer = app.call(browser(path)).await;
        assert_eq!((answer.status.as_u16(), state(&answer)), (503, "broken"), "{path}");
        assert!(!answer.body.contains("secret/path"), "{}", answer.body);
    }
    let answer = app.call(post("/app-payment", "x=1")).await;
    assert_eq!((answer.status.as_u16(), state(&answer)), (405, "unknown"));
    assert_eq!(header(&answer, "allow"), "GET,HEAD");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let hostile = "</script><script>alert(1)</script>\" onload=\"alert(2)<!--{{7*7}}";
    let settings = json!({ "paymentPageTitle": hostile, "shopOrigins": [] });
    let shop = Shop::new(settings, |order| {
        order["orderData"]["orderReference"] = json!(hostile);
        let item = |id: usize| json!({"idSalesOrderItem": id, "name": format!("{hostile}{id}{hostile}"), "unitPrice": 7, "quantity": -3});
        order["orderData"]["items"] = (0..500).map(item).collect();
        order["redirectCancelUrl"] = json!("https://shop.example.test/\"><script>alert(3)</script>");
        order["redirectSuccessUrl"] = json!("https://shop.example.test/</script><script>alert(4)");
    })
    .await;
    let answer = shop.open().await;
    assert_eq!(state(&answer), "payable");
    assert!(answer.body.len() < OWN_BYTES_MAX, "{} bytes", answer.body.len());
    for piece in ["<script>alert", "\" onload=", "</script><script>", "<!--"] {
        assert!(!answer.body.contains(piece), "{piece} in {}", answer.body);
    }
    assert_eq!(answer.body.matches("<script").count(), 2, "the data and ours");
    shop.stands(captured());
    let framed = with(browser(&shop.path), "sec-fetch-dest", "iframe");
    let leaving = shop.app.call(framed).await;
    assert_eq!(leaving.body.matches("<script").count(), 2, "{}", leaving.body);
}

#[tokio::test]
async fn what_opens_the_payment_is_on_the_page_and_nowhere_else() {
    let shop = Shop::usual().await;
    log::clear();
    let answer = shop.open().await;
    assert_eq!(answer.body.matches("pi_1_secret_x").count(), 1);
    let path = shop.path.replace("/app-payment?", "/app-payment/redirect?");
    let back = format!("{path}&payment_intent_client_secret=pi_1_secret_x");
    let answer = shop.app.call(browser(&back)).await;
    assert!(!header(&answer, "location").contains("secret"), "{:?}", answer.headers);
    let lines = log::lines();
    assert!(lines.contains("/app-payment") && !lines.contains("secret_x"), "{lines}");
}

#[tokio::test]
async fn an_order_without_a_way_back_has_no_link_to_it() {
    let shop = Shop::new(json!({}), |order| {
        order["redirectCancelUrl"] = Value::Null;
        order["checkoutSummaryPageUrl"] = Value::Null;
    })
    .await;
    let answer = shop.open().await;
    assert!(!answer.body.contains("id=\"back\""), "{}", answer.body);
    shop.provider_is_silent();
    let answer = shop.come_back().await;
    assert_eq!((answer.status.as_u16(), state(&answer)), (503, "unreachable"));
}

#[tokio::test]
async fn reports_of_violations_are_taken_from_anybody_and_cost_little() {
    let app = App::new();
    let report = |body: String| {
        let request = Request::builder().method("POST").uri("/app-payment/csp-report");
        request.header("content-type", "application/csp-report").body(Body::from(body)).unwrap()
    };
    let violation = json!({"csp-report": {
        "effective-directive": "img-src", "blocked-uri": "https://evil.test/secret-1",
        "document-uri": "https://pay.example.test/app-payment?transactionId=pi_1",
    }});
    log::clear();
    for _ in 0..3 {
        assert_eq!(app.call(report(violation.to_string())).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.call(report("x".repeat(1_000_000))).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.call(report("{".to_owned())).await.status, StatusCode::NO_CONTENT);
    let lines = log::lines();
    assert_eq!(lines.matches("wanted what its policy forbids").count(), 1, "{lines}");
    assert!(lines.contains("img-src") && !lines.contains("evil") && !lines.contains("pi_1"));
    app.entropy.advance(jiff::SignedDuration::from_mins(1));
    app.call(report(violation.to_string())).await;
    assert_eq!(log::lines().matches("wanted what its policy forbids").count(), 2);
    assert!(app.entropy.now() > jiff::Timestamp::UNIX_EPOCH);
}

/// A shop that calls the page's address as the private API is called gets a page all the same.
#[tokio::test]
async fn the_page_needs_no_token() {
    let shop = Shop::usual().await;
    let path = format!("/app-payment?transactionId=pi_1&tenantIdentifier={TENANT}");
    assert_eq!(shop.path, path);
    assert_eq!(state(&shop.app.call(browser(&path)).await), "payable");
}
