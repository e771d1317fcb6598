//! Merchants onboarded: cases 76 and 77, rule R20, and disconnecting with merchants.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe_sandbox::FaultKind;
use tower::ServiceExt;

use crate::support::*;

const MERCHANT: &str = "MER000001";

/// What the shop was told of merchants, as `merchant status`.
async fn told(app: &TestApp) -> Vec<String> {
    let read = app.read("merchant-app-events").await;
    let line = |message: &Message| {
        let text = |name: &str| message.body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(message.name, "MerchantAppOnboardingStatusChanged");
        assert_eq!(
            (text("type").as_str(), text("appIdentifier").as_str()),
            ("payment", "paybridge")
        );
        format!("{} {}", text("merchantReference"), text("status"))
    };
    read.iter().map(line).collect()
}

/// Follows a browser's redirect of the app.
async fn follow(app: &TestApp, url: &str) -> (StatusCode, String) {
    let path = url.strip_prefix("http://app.test").unwrap_or_else(|| panic!("{url}"));
    let request = Request::builder().method(Method::GET).uri(path).body(Body::empty()).unwrap();
    let response = app.app.router.clone().oneshot(request).await.unwrap();
    let location = response.headers().get(header::LOCATION);
    let location = location.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    if response.status().is_redirection() {
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    (response.status(), location)
}

/// The addresses that the app gave Stripe with the last link: for coming back, and for another one.
async fn addresses(app: &TestApp) -> (String, String) {
    let merchant = app.merchant(MERCHANT).await;
    let site = &app.app.consumer.context.site;
    let token = &merchant.visit.token;
    (
        site.onboarding_return_url(&merchant.tenant, token),
        site.onboarding_refresh_url(&merchant.tenant, token),
    )
}

const PORTAL: &str = "https://mp.example.test/onboarding";

#[tokio::test(start_paused = true)]
async fn merchants_are_invited_once_the_app_is_known() {
    let app = TestApp::new();
    let more = json!({"businessModel": "marketplace", "onboardingLanguage": "de",
        "onboardingLinks": ["https://help.shop.test/merchants"]});
    assert_eq!(app.configure(more).await.0, StatusCode::OK);
    assert_eq!(app.read("merchant-app-events").await, [], "AppConfigUpdated comes first");
    app.read("app-events").await;

    let ready = app.read("merchant-app-events").await;
    let [ready] = ready.as_slice() else { panic!("{ready:?}") };
    assert_eq!(ready.name, "ReadyForMerchantAppOnboarding");
    let body = &ready.body;
    assert_eq!(
        body["onboarding"],
        json!({"url": "http://app.test/private/merchants/onboarding", "strategy": "api"})
    );
    assert_eq!(body["additionalLinks"][0]["label"], "help.shop.test");
    let states = body["merchantOnboardingStates"].as_array().unwrap();
    let names: Vec<&str> = states.iter().map(|state| state["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "incomplete",
            "pending",
            "enabled",
            "completed",
            "restricted",
            "restricted soon",
            "rejected"
        ]
    );
    assert_eq!(states[0]["attributes"]["buttonText"], "Anmeldung beginnen");
    assert!(states.iter().all(|state| {
        let texts = state["attributes"].as_object().unwrap();
        texts.len() == 4 && texts.values().all(|text| !text.as_str().unwrap().is_empty())
    }));
    app.read("payment-method-commands").await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_is_no_marketplace_invites_nobody() {
    let app = TestApp::configured().await;
    assert_eq!(app.read("merchant-app-events").await, []);
    let clicked = app.click(MERCHANT).await;
    assert_eq!(clicked.status, StatusCode::PRECONDITION_FAILED);
    let why = "the tenant is no marketplace; configure the app with businessModel marketplace";
    assert_eq!(clicked.body, json!({"errors": [{"message": why}]}));
}

#[tokio::test(start_paused = true)]
async fn c76_the_first_click_makes_the_account_the_second_one_a_link() {
    let app = TestApp::marketplace().await;
    let first = app.click(MERCHANT).await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(first.body["strategy"], "redirect");
    let account = app.account(MERCHANT).await;
    let second = app.click(MERCHANT).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(first.url(), second.url());
    assert_eq!(app.account(MERCHANT).await, account);
    assert_eq!(app.stripe_calls("POST", "/v1/accounts"), 1);

    let at_stripe = app.stripe(Method::GET, &format!("/v1/accounts/{account}"), "").await;
    assert_eq!(at_stripe["type"], "express");
    assert_eq!(at_stripe["business_profile"]["name"], "Ada & Söhne");
    assert_eq!(at_stripe["metadata"]["merchantReference"], MERCHANT);
    assert_eq!(told(&app).await, ["MER000001 incomplete"]);
}

#[tokio::test(start_paused = true)]
async fn recorded_onboarding_requests_are_taken_as_they_are() {
    let app = TestApp::marketplace().await;
    for (name, status) in
        [("merchants_onboarding", 201), ("merchants_onboarding_no_merchant_user", 200)]
    {
        let recorded = Recorded::read(&format!("requests/{name}")).request("");
        let (answered, body) = app.send(recorded).await;
        assert_eq!(answered, status, "{name}: {body}");
        assert!(body["url"].is_string(), "{body}");
    }
    let visit = app.merchant(MERCHANT).await.visit;
    assert_eq!(visit.success, "https://mp.example.test/merchant-app-merchant-portal-gui/success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r20_two_clicks_at_once_make_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::on_threads(folder.path());
    app.make_marketplace(json!({})).await;
    app.delay_next(ACCOUNTS, 2);
    let (one, two) = tokio::join!(app.click(MERCHANT), app.click(MERCHANT));
    let statuses: BTreeSet<u16> = [one.status.as_u16(), two.status.as_u16()].into();
    assert_eq!(statuses, BTreeSet::from([200, 201]), "{} {}", one.body, two.body);
    assert_eq!(app.stripe_calls("POST", "/v1/accounts"), 1);
    assert_eq!(told(&app).await, ["MER000001 incomplete"]);
}

#[tokio::test(start_paused = true)]
async fn r20_an_account_whose_answer_was_lost_is_the_one_of_the_next_click() {
    let app = TestApp::marketplace().await;
    app.break_next(FaultKind::LoseAnswer, ACCOUNTS, ALL_TRIES);
    let lost = app.click(MERCHANT).await;
    assert_eq!(lost.status, StatusCode::SERVICE_UNAVAILABLE);
    let why = lost.body["errors"][0]["message"].as_str().unwrap();
    assert!(why.ends_with("try again in a moment"), "{why}");
    assert_eq!(app.click(MERCHANT).await.status, StatusCode::CREATED);
    assert_eq!(app.stripe_calls("POST", "/v1/accounts"), 1);

    // A day later Stripe has forgotten the key: it is asked what there is.
    app.break_next(FaultKind::LoseAnswer, ACCOUNTS, ALL_TRIES);
    app.click("MER000002").await;
    app.entropy.advance(SignedDuration::from_hours(25));
    assert_eq!(app.click("MER000002").await.status, StatusCode::CREATED);
    assert_eq!(app.stripe_calls("POST", "/v1/accounts"), 2);
}

#[tokio::test(start_paused = true)]
async fn r20_a_platform_that_may_not_onboard_says_why_until_it_may() {
    let app = TestApp::marketplace().await;
    let platform = app.platform().await;
    app.change_account(&platform, json!({"connect": false})).await;
    let refused = app.click(MERCHANT).await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    let why = refused.body["errors"][0]["message"].as_str().unwrap();
    assert!(why.contains("signed up for Connect"), "{why}");
    assert_eq!(told(&app).await, [""; 0]);

    app.change_account(&platform, json!({"connect": true})).await;
    assert_eq!(app.click(MERCHANT).await.status, StatusCode::CREATED);
}

#[tokio::test(start_paused = true)]
async fn c77_a_status_is_told_when_it_changes_and_only_then() {
    let app = TestApp::marketplace().await;
    app.click(MERCHANT).await;
    let account = app.account(MERCHANT).await;
    assert_eq!(told(&app).await, ["MER000001 incomplete"]);
    let steps = [
        ("verify", "pending"),
        ("complete", "completed"),
        ("ask_later", "enabled"),
        ("ask_for_more", "restricted soon"),
        ("restrict", "restricted"),
        ("reject", "rejected"),
    ];
    for (outcome, status) in steps {
        app.onboarding_ends(&account, outcome).await;
        app.settle().await;
        assert_eq!(told(&app).await, [format!("MER000001 {status}")], "{outcome}");
        // Something changed that is none of the shop's business.
        let form = "metadata[note]=x";
        app.stripe(Method::POST, &format!("/v1/accounts/{account}"), form).await;
        app.settle().await;
        assert_eq!(told(&app).await, [""; 0], "{outcome}");
    }
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c77_events_out_of_order_never_move_a_status_back() {
    let app = TestApp::marketplace().await;
    app.click(MERCHANT).await;
    let account = app.account(MERCHANT).await;
    told(&app).await;
    app.hold_webhooks();
    app.onboarding_ends(&account, "verify").await;
    app.onboarding_ends(&account, "complete").await;
    app.release_webhooks();
    app.settle().await;
    assert_eq!(told(&app).await, ["MER000001 completed"]);
    // An old one comes late: what it says is not believed.
    for (number, kind) in ["account.updated", "capability.updated"].into_iter().enumerate() {
        let old = json!({"object": "account", "id": account, "details_submitted": false});
        let mut event = Event::new(&format!("evt_late_{number}"), kind, old);
        event.0["account"] = json!(account);
        assert_eq!(app.receive(&event).await.0, StatusCode::OK);
    }
    app.settle().await;
    assert_eq!(told(&app).await, [""; 0]);
    app.assert_drained().await;
}

/// An endpoint that somebody made by hand may name no tenant: the account tells whose secrets to
/// try.
#[tokio::test(start_paused = true)]
async fn an_event_without_a_tenant_is_proven_by_the_merchants_marketplace() {
    let app = TestApp::marketplace().await;
    app.click(MERCHANT).await;
    told(&app).await;
    let account = app.account(MERCHANT).await;
    app.hold_webhooks();
    app.onboarding_ends(&account, "complete").await;
    let mut event = Event::new("evt_1", "account.updated", json!({"object": "account"}));
    event.0["account"] = json!(account);
    let secret = app.endpoint_secret().await;
    assert_eq!(app.receive_at("/webhooks/test", "whsec_x", &event).await.0, 400);
    assert_eq!(app.receive_at("/webhooks/test", &secret, &event).await.0, StatusCode::OK);
    app.settle().await;
    assert_eq!(told(&app).await, ["MER000001 completed"]);
    event.0["account"] = json!("acct_nobodys");
    assert_eq!(app.receive_at("/webhooks/test", &secret, &event).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn merchants_events_come_to_an_endpoint_with_a_secret_of_its_own() {
    let app = TestApp::marketplace().await;
    let endpoints = app.stripe(Method::GET, "/v1/webhook_endpoints", "").await;
    let endpoints = endpoints["data"].as_array().unwrap().clone();
    let urls: BTreeSet<&str> = endpoints.iter().map(|of| of["url"].as_str().unwrap()).collect();
    let base = "http://app.test/webhooks/test?tenantIdentifier=tenant-test-0001";
    let merchants = format!("{base}&of=merchants");
    assert_eq!(urls, BTreeSet::from([base, merchants.as_str()]));

    // Configured again, both stand; the one that was deleted by hand is made anew.
    app.make_marketplace(json!({})).await;
    assert_eq!(app.stripe_calls("POST", "/v1/webhook_endpoints"), 2);
    let gone = endpoints.iter().find(|of| of["url"] == merchants.as_str()).unwrap();
    let path = format!("/v1/webhook_endpoints/{}", gone["id"].as_str().unwrap());
    app.stripe(Method::DELETE, &path, "").await;
    app.make_marketplace(json!({})).await;
    assert_eq!(app.stripe_calls("POST", "/v1/webhook_endpoints"), 3);
    app.onboarded(MERCHANT).await;
}

#[tokio::test(start_paused = true)]
async fn a_merchant_comes_back_to_where_the_portal_asked_for() {
    let app = TestApp::marketplace().await;
    app.click(MERCHANT).await;
    let account = app.account(MERCHANT).await;
    let (back, _) = addresses(&app).await;
    app.hold_webhooks();
    let there = |page: &str| (StatusCode::SEE_OTHER, format!("{PORTAL}/{page}"));

    assert_eq!(follow(&app, &back).await, there("cancel"), "nothing was handed in");
    app.onboarding_ends(&account, "complete").await;
    assert_eq!(follow(&app, &back).await, there("success"));
    assert_eq!(told(&app).await, ["MER000001 incomplete", "MER000001 completed"], "at once");
    app.onboarding_ends(&account, "reject").await;
    assert_eq!(follow(&app, &back).await, there("error"));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_used_up_is_made_anew_for_a_day() {
    let app = TestApp::marketplace().await;
    let clicked = app.click(MERCHANT).await;
    let (_, again) = addresses(&app).await;
    let (status, fresh) = follow(&app, &again).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(fresh.starts_with("http://stripe.test/") && fresh != clicked.url(), "{fresh}");
    app.entropy.advance(SignedDuration::from_hours(25));
    assert_eq!(follow(&app, &again).await.1, format!("{PORTAL}/refresh"));
    app.click(MERCHANT).await;
    assert!(follow(&app, &again).await.1.starts_with("http://stripe.test/"));
    // Stripe does not answer.
    app.break_next(FaultKind::LoseRequest, "/v1/account_links", ALL_TRIES);
    assert_eq!(follow(&app, &again).await.1, format!("{PORTAL}/error"));
}

#[tokio::test(start_paused = true)]
async fn addresses_that_nobody_was_given_lead_nowhere() {
    let app = TestApp::marketplace().await;
    app.click(MERCHANT).await;
    let (back, again) = addresses(&app).await;
    for url in [back, again] {
        for other in [
            url.replace("token=", "token=x"),
            url.replace("tenant-test-0001", "other"),
            url.split_once('?').unwrap().0.to_owned(),
        ] {
            assert_eq!(
                follow(&app, &other).await,
                (StatusCode::NOT_FOUND, String::new()),
                "{other}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_addresses_that_may_be_redirected_to_are_stored() {
    let app = TestApp::marketplace().await;
    for (field, url) in [
        ("successUrl", "javascript:alert(1)"),
        ("errorUrl", "http://evil.test/"),
        ("cancelUrl", "/relative"),
    ] {
        let clicked = app.click_with(MERCHANT, None, json!({field: url})).await;
        assert_eq!(clicked.status, StatusCode::BAD_REQUEST, "{field}");
        let why = clicked.body["errors"][0]["message"].as_str().unwrap();
        assert!(why.starts_with(field), "{why}");
    }
    let none = app.click_with(MERCHANT, None, json!({"successUrl": null})).await;
    assert_eq!(
        none.body["errors"][0]["message"],
        "successUrl: is missing; send where to come back to"
    );
    let other = app.click_with(MERCHANT, Some("MER000002"), json!({})).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST, "a merchant onboards no other one");
    let nobody = app.click_with("", None, json!({})).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.calls_made("POST", "/v1/accounts"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_merchant_who_is_done_goes_to_the_dashboard() {
    let app = TestApp::marketplace().await;
    app.onboarded(MERCHANT).await;
    let clicked = app.click(MERCHANT).await;
    assert_eq!(clicked.status, StatusCode::OK);
    assert_eq!(app.stripe_calls("POST", "/login_links"), 1);
    let account = app.account(MERCHANT).await;
    app.onboarding_ends(&account, "ask_for_more").await;
    app.click(MERCHANT).await;
    assert_eq!(app.stripe_calls("POST", "/login_links"), 1, "there is something to hand in");
}

#[tokio::test(start_paused = true)]
async fn c75_a_marketplace_with_merchants_asks_before_it_disconnects() {
    let app = TestApp::marketplace().await;
    app.onboarded(MERCHANT).await;
    app.held(&Order::new("DE--1")).await;
    let code = |answer: &Value| answer["errors"][0]["code"].as_str().unwrap_or("").to_owned();

    let (status, answer) = app.disconnect(None).await;
    assert_eq!((status, code(&answer).as_str()), (StatusCode::CONFLICT, "21000"), "{answer}");
    let (status, answer) = app.disconnect(Some("true")).await;
    assert_eq!((status, code(&answer).as_str()), (StatusCode::CONFLICT, "22000"), "{answer}");
    assert_eq!(answer["errors"][0]["confirm"]["labelOk"], "Ignore & Disconnect");
    let (status, answer) = app.disconnect(Some("true,false")).await;
    assert_eq!((status, code(&answer).as_str()), (StatusCode::BAD_REQUEST, "22001"), "{answer}");
    assert_eq!(app.disconnect(Some("true, true")).await.0, StatusCode::NO_CONTENT);
    let clicked = app.click(MERCHANT).await;
    assert_eq!(clicked.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn c75_merchants_alone_are_one_question() {
    let app = TestApp::marketplace().await;
    app.onboarded(MERCHANT).await;
    let (_, answer) = app.disconnect(None).await;
    assert_eq!(answer["errors"][0]["code"], "22000", "{answer}");
    assert_eq!(app.disconnect(Some("true")).await.0, StatusCode::NO_CONTENT);
    // Both endpoints are given up with it.
    let endpoints = app.stripe(Method::GET, "/v1/webhook_endpoints", "").await;
    assert_eq!(endpoints["data"], json!([]));
}
