//! The script, the payment form and the pages a shopper is sent to.

use axum::body::Body;
use http::{Method, Request, StatusCode};

use crate::support::{Reply, TestApp, request};

async fn load(app: &TestApp, path: &str) -> Reply {
    app.send(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn press(app: &TestApp, intent: &str, outcome: &str) -> Reply {
    let path = format!("/_sandbox/authenticate/{intent}");
    app.send(request(Method::POST, &path, &format!("outcome={outcome}"))).await.unwrap()
}

fn html(reply: &Reply) -> String {
    String::from_utf8(reply.bytes.to_vec()).unwrap()
}

/// One directive of the page's content security policy.
fn directive(reply: &Reply, name: &str) -> String {
    let policy = reply.header("content-security-policy").unwrap();
    let found = policy.split(';').map(str::trim).find(|part| part.starts_with(name));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_script_is_at_every_address_stripe_has_it_at() {
    let app = TestApp::new();
    let mut scripts = Vec::new();
    for path in ["/stripe.js", "/v3", "/v3/", "/endive/stripe.js"] {
        let reply = load(&app, path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        scripts.push(html(&reply));
    }
    assert!(scripts[0].contains("window.Stripe = Stripe;"));
    assert!(scripts.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn the_form_may_be_framed_and_runs_nothing_but_its_own_files() {
    let app = TestApp::new();
    let form = load(&app, "/elements/payment").await.ok();
    assert_eq!(directive(&form, "default-src"), "default-src 'none'");
    assert_eq!(directive(&form, "script-src"), "script-src 'self'");
    assert_eq!(directive(&form, "connect-src"), "connect-src 'self'");
    assert_eq!(directive(&form, "frame-ancestors"), "frame-ancestors *");
    for part in html(&form).split('"').filter(|part| part.starts_with('/')) {
        assert_eq!(load(&app, part).await.status, StatusCode::OK, "{part}");
    }
}

#[tokio::test]
async fn the_bank_sends_the_shopper_back_with_the_outcome() {
    let app = TestApp::new();
    for (outcome, status, hint) in
        [("succeed", "succeeded", "succeeded"), ("fail", "requires_payment_method", "failed")]
    {
        let intent = app.unpaid().await;
        app.pay_in_browser(&intent, "payment_method_data[type]=ideal").await.ok();
        let page = load(&app, &format!("/_sandbox/authenticate/{}", intent.0)).await.ok();
        assert!(html(&page).contains("20.00 EUR") && html(&page).contains("No real money"));
        assert_eq!(directive(&page, "form-action"), "form-action 'self' *");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let back = press(&app, &intent.0, outcome).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER);
        let expected = format!(
            "https://shop.example/back?payment_intent={}&payment_intent_client_secret={}&redirect_status={hint}",
            intent.0, intent.1
        );
        assert_eq!(back.header("location"), Some(expected.as_str()));
        assert_eq!(app.status_of(&intent.0).await, status);
    }
}

#[tokio::test]
async fn a_challenge_inside_the_shops_page_tells_stripe_js_that_it_is_over() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    app.pay_in_browser(&intent, "payment_method=pm_card_threeDSecure2Required").await.ok();
    let done = press(&app, &intent.0, "succeed").await.ok();
    assert!(html(&done).contains("<script src=\"/_sandbox/done.js\" defer></script>"));
    // Only the word that it is over leaves the frame, never the secret.
    assert!(!html(&done).contains(&intent.1));
    assert_eq!(load(&app, "/_sandbox/done.js").await.status, StatusCode::OK);
    assert_eq!(app.status_of(&intent.0).await, "succeeded");
}

#[tokio::test]
async fn a_second_click_changes_nothing() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    app.pay_in_browser(&intent, "payment_method_data[type]=ideal").await.ok();
    press(&app, &intent.0, "succeed").await;
    let again = press(&app, &intent.0, "fail").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(html(&again).contains("done.js"), "a dialog around it closes");
    assert_eq!(app.status_of(&intent.0).await, "succeeded");
    assert_eq!(press(&app, &intent.0, "perhaps").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(load(&app, "/_sandbox/authenticate/pi_none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_of_a_bank_transfer_says_where_to_and_sends_the_money() {
    let app = TestApp::new();
    let customer = app.post("/v1/customers", "email=a@shop.example").await.ok().text("/id");
    let form = format!(
        "amount=2000&currency=eur&customer={customer}&confirm=true\
         &payment_method_types[]=customer_balance&payment_method_data[type]=customer_balance"
    );
    let waits = app.post("/v1/payment_intents", &form).await.ok();
    let id = waits.text("/id");
    let address = "/next_action/display_bank_transfer_instructions/hosted_instructions_url";
    let path = waits.text(address).replace("http://sandbox.example", "");
    let page = html(&load(&app, &format!("{path}?locale=de")).await.ok());
    assert!(page.contains("<html lang=\"de\">") && page.contains("20,00 EUR"), "{page}");
    assert!(page.contains(&id), "the reference");
    press(&app, &id, "succeed").await.ok();
    assert_eq!(app.status_of(&id).await, "succeeded");
}

#[tokio::test]
async fn a_return_address_of_an_app_is_allowed_by_its_scheme() {
    let app = TestApp::new();
    let (id, secret) = app.unpaid().await;
    let form =
        format!("client_secret={secret}&return_url=myshop://back&payment_method_data[type]=ideal");
    let path = format!("/v1/payment_intents/{id}/confirm");
    app.call_in_browser(Method::POST, &path, &form).await.ok();
    let page = load(&app, &format!("/_sandbox/authenticate/{id}")).await.ok();
    assert_eq!(directive(&page, "form-action"), "form-action 'self' myshop:");
}
