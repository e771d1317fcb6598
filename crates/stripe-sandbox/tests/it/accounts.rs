//! Connected accounts: made, onboarded, asked for more, given up.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, request, text};

/// Makes an account and gives its id.
async fn make(app: &TestApp, form: &str) -> String {
    app.post("/v1/accounts", form).await.ok().text("/id")
}

async fn account(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/accounts/{id}")).await.ok().json
}

/// A call with `Stripe-Account`.
async fn get_in(app: &TestApp, account: &str, path: &str) -> Reply {
    let mut request = request(Method::GET, path, "");
    request.headers_mut().insert("stripe-account", account.parse().unwrap());
    app.send(request).await.unwrap()
}

async fn onboard(app: &TestApp, id: &str, outcome: &str) -> Value {
    let path = format!("/accounts/{id}/onboarding");
    app.control(Method::POST, &path, &json!({ "outcome": outcome })).await.ok().json["account"]
        .clone()
}

/// A link's path and its form on a page that was just opened.
async fn link(app: &TestApp, id: &str) -> String {
    let form = format!(
        "account={id}&type=account_onboarding&refresh_url=https://app.example/refresh\
         &return_url=https://app.example/return"
    );
    let url = app.post("/v1/account_links", &form).await.ok().text("/url");
    url.strip_prefix("http://sandbox.example").unwrap().to_owned()
}

/// The secret a page carries in its form.
fn visit(page: &Reply) -> String {
    let html = String::from_utf8(page.bytes.to_vec()).unwrap();
    let (_, rest) = html.split_once("name=\"visit\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_new_account_waits_for_its_onboarding() {
    let app = TestApp::new();
    let id = make(&app, "type=express&country=DE&email=m@shop.example&metadata[merchant]=M1").await;
    let made = account(&app, &id).await;
    assert_eq!(made["type"], "express");
    assert_eq!(made["controller"]["stripe_dashboard"]["type"], "express");
    assert_eq!(made["details_submitted"], false);
    assert_eq!(made["charges_enabled"], false);
    assert_eq!(
        made["capabilities"],
        json!({ "card_payments": "inactive", "transfers": "inactive" })
    );
    assert_eq!(made["requirements"]["disabled_reason"], "requirements.past_due");
    assert_eq!(made["metadata"]["merchant"], "M1");
}

#[tokio::test]
async fn a_controller_says_who_answers_and_a_type_does_so_in_one_word() {
    let app = TestApp::new();
    let id = make(
        &app,
        "controller[losses][payments]=application&controller[fees][payer]=application\
         &controller[stripe_dashboard][type]=express&capabilities[transfers][requested]=true",
    )
    .await;
    let made = account(&app, &id).await;
    assert_eq!(made["type"], "none");
    assert_eq!(made["controller"]["losses"]["payments"], "application");
    assert_eq!(made["controller"]["requirement_collection"], "stripe");
    assert_eq!(made["capabilities"], json!({ "transfers": "inactive" }));
    for (form, param) in [
        ("type=express&controller[fees][payer]=application", "controller"),
        ("controller[requirement_collection]=application", "controller[requirement_collection]"),
        ("controller[fees][colour]=blue", "controller[fees][colour]"),
        ("type=express&colour=blue", "colour"),
        ("type=special", "type"),
        ("country=XX", "country"),
        ("capabilities[flying][requested]=true", "capabilities[flying]"),
        ("business_profile[colour]=blue", "business_profile[colour]"),
    ] {
        let refused = app.post("/v1/accounts", form).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(refused.text("/error/param"), param, "{form}");
    }
}

#[tokio::test]
async fn a_platform_that_has_not_signed_up_for_connect_makes_no_accounts() {
    let app = TestApp::new();
    let own = app.get("/v1/account").await.ok().text("/id");
    let path = format!("/accounts/{own}");
    app.control(Method::POST, &path, &json!({ "connect": false })).await.ok();
    let refused = app.post("/v1/accounts", "type=express").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text("/error/message").contains("signed up for Connect"), "{}", refused.json);
    app.control(Method::POST, &path, &json!({ "connect": true })).await.ok();
    app.post("/v1/accounts", "type=express").await.ok();
}

#[tokio::test]
async fn each_way_through_onboarding_leaves_the_account_as_stripe_would() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    let left = onboard(&app, &id, "leave").await;
    assert_eq!(left["details_submitted"], false);
    for (outcome, enabled, transfers, pointer) in [
        ("verify", true, "pending", "/requirements/pending_verification/0"),
        ("ask_later", true, "active", "/requirements/eventually_due/0"),
        ("ask_for_more", true, "active", "/requirements/currently_due/0"),
        ("restrict", false, "inactive", "/requirements/past_due/0"),
        ("reject", false, "inactive", "/requirements/disabled_reason"),
        ("complete", true, "active", "/capabilities/transfers"),
    ] {
        let after = onboard(&app, &id, outcome).await;
        assert_eq!(after["details_submitted"], true, "{outcome}");
        assert_eq!(after["charges_enabled"], enabled, "{outcome}");
        assert_eq!(after["payouts_enabled"], enabled, "{outcome}");
        assert_eq!(after["capabilities"]["transfers"], transfers, "{outcome}");
        text(&after, pointer);
    }
}

#[tokio::test]
async fn time_ends_a_verification_and_a_deadline() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    onboard(&app, &id, "verify").await;
    app.sandbox.advance_clock(61).unwrap();
    assert_eq!(account(&app, &id).await["capabilities"]["transfers"], "active");
    let asked = onboard(&app, &id, "ask_for_more").await;
    let deadline = asked["requirements"]["current_deadline"].as_i64().unwrap();
    assert!(deadline > app.sandbox.now().as_second());
    app.sandbox.advance_clock(15 * 24 * 60 * 60).unwrap();
    let late = account(&app, &id).await;
    assert_eq!(late["requirements"]["disabled_reason"], "requirements.past_due");
    assert_eq!(late["payouts_enabled"], false);
    assert_eq!(late["capabilities"]["transfers"], "inactive");
}

#[tokio::test]
async fn the_page_is_opened_once_and_answered_once() {
    let app = TestApp::new();
    let id = make(&app, "type=express&business_profile[name]=<b>Bike %26 Co</b>").await;
    let path = link(&app, &id).await;
    let page = app.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    let html = String::from_utf8(page.bytes.to_vec()).unwrap();
    assert!(html.contains("&lt;b&gt;Bike &amp; Co&lt;/b&gt;"), "{html}");
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let again = app.get(&path).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(again.header("location"), Some("https://app.example/refresh"));
    let foreign = app.post(&path, "visit=guessed&outcome=complete").await;
    assert_eq!(foreign.header("location"), Some("https://app.example/refresh"));
    assert_eq!(account(&app, &id).await["details_submitted"], false);
    let form = format!("visit={}&outcome=complete", visit(&page));
    let done = app.post(&path, &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.header("location"), Some("https://app.example/return"));
    assert_eq!(account(&app, &id).await["payouts_enabled"], true);
    let twice = app.post(&path, &form).await;
    assert_eq!(twice.header("location"), Some("https://app.example/refresh"));
}

#[tokio::test]
async fn a_link_ends_after_minutes_and_an_unknown_one_leads_nowhere() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    let path = link(&app, &id).await;
    app.sandbox.advance_clock(5 * 60).unwrap();
    let late = app.get(&path).await;
    assert_eq!(late.header("location"), Some("https://app.example/refresh"));
    assert_eq!(app.get("/_sandbox/onboarding/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.get("/_sandbox/dashboard/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_are_only_made_where_they_lead_somewhere() {
    let app = TestApp::new();
    let express = make(&app, "type=express").await;
    let custom = make(&app, "type=custom").await;
    let urls = "&refresh_url=https://a.example&return_url=https://a.example";
    let update = |id: &str| format!("account={id}&type=account_update{urls}");
    let refused = app.post("/v1/account_links", &update(&express)).await;
    assert_eq!(refused.text("/error/param"), "type");
    app.post("/v1/account_links", &update(&custom)).await.ok();
    for (form, param) in [
        (
            format!("account={express}&type=account_onboarding&return_url=https://a.example"),
            "refresh_url",
        ),
        (format!("account=acct_unknown&type=account_onboarding{urls}"), "account"),
        (format!("account={express}{urls}"), "type"),
    ] {
        let refused = app.post("/v1/account_links", &form).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(refused.text("/error/param"), param, "{form}");
    }
}

#[tokio::test]
async fn only_an_onboarded_express_account_has_a_login_link_and_it_works_once() {
    let app = TestApp::new();
    let express = make(&app, "type=express").await;
    let standard = make(&app, "type=standard").await;
    onboard(&app, &standard, "complete").await;
    for (id, named) in [(&express, "completed onboarding"), (&standard, "Express")] {
        let refused = app.post(&format!("/v1/accounts/{id}/login_links"), "").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.text("/error/message").contains(named), "{}", refused.json);
    }
    onboard(&app, &express, "complete").await;
    let url = app.post(&format!("/v1/accounts/{express}/login_links"), "").await.ok().text("/url");
    let path = url.strip_prefix("http://sandbox.example").unwrap();
    assert_eq!(app.get(path).await.status, StatusCode::OK);
    assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn changes_reach_the_platforms_connect_endpoint_with_the_account_named() {
    let app = TestApp::new();
    app.subscribe().await;
    let form = "url=https://shop.example/connect&connect=true&enabled_events[]=*";
    app.post("/v1/webhook_endpoints", form).await.ok();
    let id = make(&app, "type=express").await;
    app.sandbox.deliver_due().await;
    assert!(app.receiver.take().is_empty());
    onboard(&app, &id, "complete").await;
    onboard(&app, &id, "complete").await;
    app.sandbox.deliver_due().await;
    let received = app.receiver.take();
    let types: Vec<String> = received.iter().map(|one| text(&one.event, "/type")).collect();
    assert_eq!(types, ["capability.updated", "capability.updated", "account.updated"]);
    for one in &received {
        assert_eq!(one.url, "https://shop.example/connect");
        assert_eq!(text(&one.event, "/account"), id);
    }
    assert_eq!(received[2].event["data"]["object"]["payouts_enabled"], true);
}

#[tokio::test]
async fn any_state_can_be_set_from_outside() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    onboard(&app, &id, "complete").await;
    let path = format!("/accounts/{id}");
    let body = json!({
        "requirements": { "currently_due": ["company.tax_id"], "disabled_reason": "under_review" },
        "capabilities": { "transfers": "pending" },
        "charges_enabled": false,
    });
    app.control(Method::POST, &path, &body).await.ok();
    let after = account(&app, &id).await;
    assert_eq!(after["requirements"]["currently_due"], json!(["company.tax_id"]));
    assert_eq!(after["requirements"]["disabled_reason"], "under_review");
    assert_eq!(after["capabilities"]["transfers"], "pending");
    assert_eq!(
        (&after["charges_enabled"], &after["payouts_enabled"]),
        (&json!(false), &json!(true))
    );
    let cleared = json!({ "requirements": { "disabled_reason": null } });
    let shown = app.control(Method::POST, &path, &cleared).await.ok();
    assert_eq!(shown.json["account"]["requirements"]["disabled_reason"], Value::Null);
    assert_eq!(shown.json["account"]["requirements"]["currently_due"], json!(["company.tax_id"]));
}

#[tokio::test]
async fn wrong_controls_of_accounts_are_refused_by_name() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    for (path, body, named) in [
        ("", json!({ "colour": 1 }), "colour"),
        ("", json!({ "requirements": { "colour": 1 } }), "colour"),
        ("", json!({ "capabilities": { "flying": "active" } }), "flying"),
        ("", json!({ "capabilities": { "transfers": "ready" } }), "active"),
        ("", json!({ "settlement": { "currency": "zzz" } }), "zzz"),
        (
            "",
            json!({ "settlement": { "currency": "eur", "rate_basis_points": 0 } }),
            "rate_basis_points",
        ),
        ("/onboarding", json!({ "outcome": "win" }), "complete"),
        ("/balance", json!({ "currency": "eur", "available": i64::MAX }), "between"),
        ("/deauthorize", json!({}), "dashboard"),
    ] {
        let path = format!("/accounts/{id}{path}");
        let reply = app.control(Method::POST, &path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(reply.text("/error").contains(named), "{path} {body}: {}", reply.json);
    }
    let unknown = json!({ "charges_enabled": true });
    let reply = app.control(Method::POST, "/accounts/acct_x", &unknown).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nobody_else_gets_into_an_account_and_none_after_it_is_deleted() {
    let app = TestApp::new();
    let id = make(&app, "type=express").await;
    assert_eq!(get_in(&app, &id, "/v1/account").await.ok().text("/id"), id);
    for key in ["sk_test_stranger", "sk_live_tests"] {
        for (path, header) in [(format!("/v1/accounts/{id}"), false), ("/v1/balance".into(), true)]
        {
            let mut request = request(Method::GET, &path, "");
            let bearer = format!("Bearer {key}");
            request.headers_mut().insert("authorization", bearer.parse().unwrap());
            if header {
                request.headers_mut().insert("stripe-account", id.parse().unwrap());
            }
            let refused = app.send(request).await.unwrap();
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{key} {path}");
            assert_eq!(refused.text("/error/code"), "account_invalid", "{key} {path}");
        }
    }
    let path = format!("/v1/accounts/{id}");
    let deleted = app.send(request(Method::DELETE, &path, "")).await.unwrap().ok();
    assert_eq!(deleted.json["deleted"], true);
    assert_eq!(app.get(&path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(get_in(&app, &id, "/v1/balance").await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.get("/v1/accounts").await.ok().json["data"], json!([]));
}

#[tokio::test]
async fn a_platform_rejects_the_accounts_it_answers_for() {
    let app = TestApp::new();
    let express = make(&app, "type=express").await;
    let standard = make(&app, "type=standard").await;
    let reject = |id: &str| format!("/v1/accounts/{id}/reject");
    let rejected = app.post(&reject(&express), "reason=fraud_other").await.ok();
    assert_eq!(rejected.text("/requirements/disabled_reason"), "rejected.platform_fraud");
    let old_word = app.post(&reject(&express), "reason=fraud").await;
    assert_eq!(old_word.text("/error/param"), "reason");
    let refused = app.post(&reject(&standard), "reason=other").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_merchant_with_a_full_dashboard_sends_the_platform_away() {
    let app = TestApp::new();
    let form = "url=https://shop.example/connect&connect=true&enabled_events[]=*";
    app.post("/v1/webhook_endpoints", form).await.ok();
    let id = make(&app, "type=standard").await;
    let path = format!("/accounts/{id}/deauthorize");
    app.control(Method::POST, &path, &json!({})).await.ok();
    app.sandbox.deliver_due().await;
    let received = app.receiver.take();
    assert_eq!(text(&received[0].event, "/type"), "account.application.deauthorized");
    assert_eq!(text(&received[0].event, "/account"), id);
    assert_eq!(get_in(&app, &id, "/v1/balance").await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.get(&format!("/v1/accounts/{id}")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn accounts_are_listed_and_their_capabilities_requested() {
    let app = TestApp::new();
    let first = make(&app, "type=express").await;
    let second = make(&app, "type=custom").await;
    let list = app.get("/v1/accounts?limit=1").await.ok();
    assert_eq!((list.text("/data/0/id"), &list.json["has_more"]), (second.clone(), &json!(true)));
    let rest = app.get(&format!("/v1/accounts?starting_after={second}")).await.ok();
    assert_eq!(rest.text("/data/0/id"), first);
    onboard(&app, &second, "complete").await;
    let path = format!("/v1/accounts/{second}/capabilities/transfers");
    assert_eq!(app.get(&path).await.ok().text("/status"), "unrequested");
    assert_eq!(app.post(&path, "requested=true").await.ok().text("/status"), "active");
    let all = app.get(&format!("/v1/accounts/{second}/capabilities")).await.ok();
    assert_eq!(all.text("/data/0/id"), "transfers");
    let updated = app
        .post(&format!("/v1/accounts/{second}"), "email=b@shop.example&metadata[a]=1")
        .await
        .ok();
    assert_eq!(updated.text("/email"), "b@shop.example");
}
