//! Who may call what, how often, and from where.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::post as on_post;
use http::{Method, Request};
use serde_json::json;
use web::{Access, Endpoint, Limits, TrustedProxies};

use crate::support::{App, TENANT, configure, get, keys, post, with, without};

fn as_caller(request: Request<Body>, token: &str) -> Request<Body> {
    with(request, "authorization", &format!("Bearer {token}"))
}

/// A request to each endpoint that names the tenant in every way there is.
fn calls() -> Vec<(Access, String, Request<Body>)> {
    let endpoints = web::endpoints().into_iter();
    let calls = endpoints.map(|Endpoint { method, path, access, .. }| {
        let name = format!("{method} {path}");
        let path = path.replace(
            "{channel}",
            if method == Method::POST { "payment-commands" } else { "payment-events" },
        );
        let request = crate::support::request(method.as_str(), &path, "application/json", "{}");
        let request = with(request, "tenant-identifier", TENANT);
        (
            access,
            name,
            with(
                with(request, "transfer-name", "CapturePayment"),
                "x-transfer-name",
                "CapturePayment",
            ),
        )
    });
    calls.collect()
}

#[tokio::test]
async fn c78_each_endpoint_lets_in_whom_it_is_for() {
    let own = format!("token-of-{TENANT}");
    let customer = format!("customer-of-{TENANT}");
    let tokens = ["", "wrong", "keys-are-down", "operator", &own, "token-of-another", &customer];
    for (index, token) in tokens.into_iter().enumerate() {
        for (access, name, request) in calls() {
            let app = App::configured().await;
            let request = match token {
                "" => without(request, "authorization"),
                token => as_caller(request, token),
            };
            let answer = app.call(request).await;
            let status = answer.status.as_u16();
            let let_in = ![401, 403, 503].contains(&status);
            let expected = match (access, index) {
                (Access::Open, _) => let_in || name.contains("webhooks"),
                (_, 0 | 1) => status == 401 && answer.headers.contains_key("www-authenticate"),
                (_, 2) => status == 503 && answer.headers.contains_key("retry-after"),
                (Access::Catalog, 3) | (_, 4) => let_in,
                (_, 3 | 5) => status == 403,
                (Access::Browser, _) => status == 403 && answer.body.contains("Origin"),
                (_, _) => status == 403,
            };
            assert!(expected, "{token:?} {name}: {status} {}", answer.body);
        }
    }
}

#[tokio::test]
async fn r05_a_command_names_the_tenant_of_its_token() {
    let app = App::configured().await;
    let body = r#"{"orderReference":"A","orderItemIds":[1],"currencyIsoCode":"EUR","amount":1}"#;
    let http_channel = |tenant: &str| {
        let request = post("/message-channels/payment-commands", body);
        let request = with(request, "tenant-identifier", tenant);
        as_caller(with(request, "transfer-name", "CapturePayment"), "token-of-another")
    };
    let pushed = |tenant: &str| {
        let request = post("/webhook/message-broker", body);
        let request = with(request, "x-tenant-identifier", tenant);
        as_caller(with(request, "x-transfer-name", "CapturePayment"), "token-of-another")
    };
    for request in [http_channel(TENANT), pushed(TENANT)] {
        let answer = app.call(request).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    assert_eq!(app.woken(), 0, "nothing was put into the inbox");
}

#[tokio::test]
async fn the_operator_configures_a_tenant_and_a_shop_configures_itself() {
    let app = App::new();
    let operator = app.call(as_caller(configure(&keys()), "operator")).await;
    assert_eq!(operator.status, 200, "{}", operator.body);
    let own = app.call(as_caller(configure(&json!({})), &format!("token-of-{TENANT}"))).await;
    assert_eq!(own.status, 200, "{}", own.body);
}

fn one_a_second() -> Limits {
    let one = NonZeroU32::MIN;
    Limits {
        tenant_per_second: one,
        address_per_second: one,
        browser_per_second: one,
        ..Limits::default()
    }
}

fn from(mut request: Request<Body>, address: &str) -> Request<Body> {
    let address: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 4711)));
    request
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_asks_too_much_waits_and_others_do_not() {
    let app = App::limited(one_a_second(), TrustedProxies::default());
    let poll = |tenant: &str| {
        let request = with(get("/message-channels/payment-events"), "consumer-id", tenant);
        as_caller(request, &format!("token-of-{tenant}"))
    };
    for _ in 0..10 {
        assert_eq!(app.call(poll("a")).await.status, 200);
    }
    let answer = app.call(poll("a")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    assert!(answer.body.contains("Too many requests"), "{}", answer.body);
    assert_eq!(app.call(poll("b")).await.status, 200);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(app.call(poll("a")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_the_clients_only_where_a_trusted_proxy_says_so() {
    let proxies = || TrustedProxies::new(["10.0.0.1/32".parse().unwrap()]);
    let call = |proxy: &str, client: &str| {
        with(from(get("/health/live"), proxy), "x-forwarded-for", client)
    };
    let app = App::limited(one_a_second(), proxies());
    for number in 0..20 {
        let client = format!("192.0.2.{number}");
        assert_eq!(app.call(call("10.0.0.1", &client)).await.status, 200);
    }
    let app = App::limited(one_a_second(), proxies());
    let mut refused = 0;
    for number in 0..20 {
        let client = format!("192.0.2.{number}");
        refused += usize::from(app.call(call("203.0.113.9", &client)).await.status == 429);
    }
    assert_eq!(refused, 10, "whoever it says it is");
}

#[tokio::test]
async fn a_body_is_as_large_as_the_configuration_says() {
    let limits = Limits { body_bytes: 100, ..Limits::default() };
    let app = App::limited(limits, TrustedProxies::default());
    let large = post("/private/configure", " ".repeat(101));
    let answer = app.call(large).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("larger than 100 bytes"), "{}", answer.body);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let app = App::configured().await;
    let nothing = get("/nothing");
    let requests =
        [get("/health/live"), nothing, without(get("/private/configure"), "authorization")];
    for request in requests {
        let answer = app.call(request).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.headers[name], value, "{}", answer.status);
        }
    }
}

const SHOP: &str = "https://shop.example.test";

/// An app with one endpoint for browsers, whose tenant has one origin.
async fn for_browsers(limits: Limits) -> App {
    let app = App::limited(limits, TrustedProxies::default());
    let mut configuration = keys();
    configuration["shopOrigins"] = json!([SHOP]);
    let answer = app.call(configure(&configuration)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.serving(vec![Endpoint {
        method: Method::POST,
        path: "/payments".to_owned(),
        access: Access::Browser,
        handler: on_post(async || "made"),
    }])
}

fn browser(token: &str, origin: &str) -> Request<Body> {
    as_caller(with(post("/payments", "{}"), "origin", origin), token)
}

#[tokio::test]
async fn a_browser_calls_from_an_origin_of_its_tenant_and_no_other() {
    let app = for_browsers(Limits::default()).await;
    let customer = format!("customer-of-{TENANT}");
    let good = app.call(browser(&customer, SHOP)).await;
    assert_eq!((good.status.as_u16(), good.body.as_str()), (200, "made"));
    assert_eq!(good.headers["access-control-allow-origin"], SHOP);
    assert_eq!(good.headers["vary"], "Origin");

    let own = format!("token-of-{TENANT}");
    let back_end = app.call(as_caller(post("/payments", "{}"), &own)).await;
    assert_eq!(back_end.status, 200, "a back end sends no origin");
    assert!(!back_end.headers.contains_key("access-control-allow-origin"));

    let refused = [
        browser(&customer, "https://evil.example.test"),
        browser(&customer, "null"),
        browser(&customer, "https://shop.example.test.evil.test"),
        browser("customer-of-another", SHOP),
        browser(&own, "https://evil.example.test"),
        as_caller(post("/payments", "{}"), &customer),
    ];
    for request in refused {
        let answer = app.call(request).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(answer.body.contains("Origin"), "{}", answer.body);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn a_browser_may_ask_first_without_a_token_and_learns_nothing() {
    let app = for_browsers(Limits::default()).await;
    let ask = Request::builder()
        .method("OPTIONS")
        .uri("/payments")
        .header("origin", SHOP)
        .header("access-control-request-method", "POST")
        .body(Body::empty())
        .unwrap();
    let answer = app.call(ask).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert_eq!(answer.headers["access-control-allow-origin"], SHOP);
    assert_eq!(answer.headers["access-control-allow-methods"], "POST");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
}

#[tokio::test(start_paused = true)]
async fn a_browser_is_limited_by_its_address_and_the_shop_is_not() {
    let limits = Limits { browser_per_second: NonZeroU32::MIN, ..Limits::default() };
    let app = for_browsers(limits).await;
    let customer = format!("customer-of-{TENANT}");
    for _ in 0..10 {
        assert_eq!(app.call(from(browser(&customer, SHOP), "192.0.2.1")).await.status, 200);
    }
    assert_eq!(app.call(from(browser(&customer, SHOP), "192.0.2.1")).await.status, 429);
    assert_eq!(app.call(from(browser(&customer, SHOP), "192.0.2.2")).await.status, 200);
    let own = format!("token-of-{TENANT}");
    let shop = as_caller(post("/payments", "{}"), &own);
    assert_eq!(app.call(from(shop, "192.0.2.1")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_page_reads_that_it_needs_another_token_or_has_to_wait() {
    let limits = Limits { browser_per_second: NonZeroU32::MIN, ..Limits::default() };
    let app = for_browsers(limits).await;
    let customer = format!("customer-of-{TENANT}");
    for (token, status) in [("ended", 401), ("keys-are-down", 503)] {
        let answer = app.call(browser(token, SHOP)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.headers["access-control-allow-origin"], SHOP, "{token}");
    }
    let mut last = app.call(from(browser(&customer, SHOP), "192.0.2.1")).await;
    while last.status == 200 {
        last = app.call(from(browser(&customer, SHOP), "192.0.2.1")).await;
    }
    assert_eq!(last.status, 429, "{}", last.body);
    assert_eq!(last.headers["access-control-allow-origin"], SHOP);
    assert_eq!(last.headers["access-control-expose-headers"], "retry-after");
}
