//! What a browser sees, and what another site's page may not do.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{ADDRESS, CHECKOUT, SECRET, Scene, TOKEN};

#[tokio::test]
async fn without_a_payment_method_the_checkout_says_so() {
    let scene = Scene::new().await;
    scene.post("/cart/add", "sku=cup").await;
    let page = scene.get("/checkout").await.text;
    assert!(page.contains("id=\"no-method\"") && page.contains("href=\"/apps\""), "{page}");
    assert!(page.contains("id=\"place-order\" disabled"), "{page}");
}

#[tokio::test]
async fn a_form_that_is_not_complete_comes_back_with_what_is_missing() {
    let scene = Scene::connected().await;
    scene.post("/cart/add", "sku=cup").await;
    let seen = scene.post("/checkout", &CHECKOUT.replace("Berlin", "").replace("%40", "")).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(seen.text.contains("City: please fill it in."), "{}", seen.text);
    assert!(seen.text.contains("an address has an @ in it"), "{}", seen.text);
    assert_eq!(scene.app.heard_at(Method::POST, "/private/initialize-payment").len(), 0);
}

#[tokio::test]
async fn a_payment_that_cannot_be_prepared_is_tried_again_for_the_same_order() {
    let scene = Scene::connected().await;
    let path = "/private/initialize-payment";
    let refusal =
        json!([{"code": null, "status": null, "message": "Stripe is away.", "confirm": null}]);
    scene.app.answer(path, StatusCode::BAD_REQUEST, refusal);
    scene.post("/cart/add", "sku=cup").await;
    let seen = scene.post("/checkout", CHECKOUT).await;
    let seen = scene.get(seen.leads_to()).await;
    assert_eq!(seen.status, StatusCode::BAD_GATEWAY);
    assert!(
        seen.text.contains("Stripe is away.") && seen.text.contains("Try again"),
        "{}",
        seen.text
    );
    scene.until_item(1001, "new").await;

    scene.app.answer(
        path,
        StatusCode::OK,
        json!({"isSuccessful": true, "redirectUrl": "https://pay.example.test/p"}),
    );
    assert_eq!(scene.post("/pay/DE--1", "").await.leads_to(), "https://pay.example.test/p");
    scene.until_item(1001, "payment pending").await;
    let calls = scene.app.heard_at(Method::POST, path);
    assert_eq!(calls[0].body, calls[1].body);
}

#[tokio::test]
async fn an_address_that_is_none_is_not_followed() {
    let scene = Scene::connected().await;
    let answer = json!({"isSuccessful": true, "redirectUrl": "javascript:alert(1)"});
    scene.app.answer("/private/initialize-payment", StatusCode::OK, answer);
    scene.post("/cart/add", "sku=cup").await;
    let seen = scene.post("/checkout", CHECKOUT).await;
    assert!(
        seen.leads_to().starts_with("/order-cancel?orderReference=DE--1"),
        "{}",
        seen.leads_to()
    );
}

#[tokio::test]
async fn the_payment_page_shows_in_a_frame_when_that_was_chosen() {
    let scene = Scene::connected().await;
    scene.post("/cart/add", "sku=cup").await;
    let seen = scene.post("/checkout", &CHECKOUT.replace("show=page", "show=frame")).await;
    assert_eq!(seen.leads_to(), "/pay/DE--1");
    let page = scene.get("/pay/DE--1").await;
    assert!(page.text.contains("src=\"https://pay.example.test/app-payment?transactionId=pi_1\""));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&format!("frame-src 'self' {}", scene.base)), "{policy}");
}

#[tokio::test]
async fn hostile_text_is_shown_as_text() {
    let scene = Scene::connected().await;
    let hostile = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
    scene.post("/cart/add", "sku=cup").await;
    let form = CHECKOUT.replace("first_name=Ada", &format!("first_name={hostile}"));
    scene.post("/checkout", &form).await;
    let details = json!({"<img src=x>": "<script>alert(2)</script>"}).to_string();
    let news =
        json!({"entityReference": "DE--1", "paymentReference": "<script>pi", "details": details});
    scene.app.say("payment-events", "10", "PaymentUpdated", &news);
    scene.app.say("payment-events", "11", "<script>alert(3)</script>", &json!({}));
    scene.until("/messages", "knows no message").await;
    let pages = [
        "/orders",
        "/orders/DE--1",
        "/messages",
        "/order-success?orderReference=DE--1",
        "/order-success?orderReference=%3Cscript%3E",
        "/orders/%3Cscript%3E",
        "/%3Cscript%3E",
    ];
    for path in pages {
        let page = scene.get(path).await.text;
        assert!(!page.contains("<script>") && !page.contains("<img src=x>"), "{path}: {page}");
    }
    assert!(scene.get("/orders/DE--1").await.text.contains("&#60;script&#62;alert(1)"));
}

#[tokio::test]
async fn another_sites_page_cannot_drive_the_shop() {
    let scene = Scene::connected().await;
    scene.order().await;
    let before = scene.app.heard_at(Method::POST, "/").len();
    let forms = [
        "/cart/add",
        "/checkout",
        "/apps/configure",
        "/apps/disconnect",
        "/orders/trigger",
        "/orders/DE--1/cancel",
        "/orders/DE--1/pay-out",
        "/merchants/MER000001/onboard",
        "/pay/DE--1",
        "/dials/reset",
    ];
    for path in forms {
        for headers in [
            vec![("origin", "http://evil.example")],
            // The app is another origin, too.
            vec![("origin", "http://127.0.0.1:8080")],
            vec![("origin", "null")],
            vec![],
        ] {
            let seen = scene.send(Method::POST, path, &headers, "item=1001").await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
        let rebound = [("host", "evil.example:8082"), ("origin", "http://evil.example:8082")];
        let seen = scene.send(Method::POST, path, &rebound, "item=1001").await;
        assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    assert_eq!(scene.app.heard_at(Method::POST, "/").len(), before);
    let seen = scene.send(Method::GET, "/apps", &[("host", "evil.example")], "").await;
    assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn another_name_of_this_machine_leads_to_the_one_address() {
    let scene = Scene::new().await;
    let seen = scene.send(Method::GET, "/orders?a=b", &[("host", "localhost:8082")], "").await;
    assert_eq!(seen.leads_to(), format!("{ADDRESS}/orders?a=b"));
}

#[tokio::test]
async fn pages_load_nothing_but_their_own_style_and_script() {
    let scene = Scene::new().await;
    let page = scene.get("/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(page.text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    let again = scene.get("/").await;
    assert!(!again.text.contains(nonce), "a nonce is for one answer");
}

#[tokio::test]
async fn configuring_sends_what_was_filled_in_and_shows_no_secret() {
    let scene = Scene::connected().await;
    let form = "publishable_key=pk_test_mine&secret_key=sk_test_typed_by_hand&title=Mine\
                &button_color=%23112233&shop_origins=http%3A%2F%2F127.0.0.1%3A8082+https%3A%2F%2Fa.example";
    let seen = scene.post("/apps/configure", form).await;
    assert!(seen.leads_to().starts_with("/apps?notice="), "{}", seen.text);
    let heard = scene.app.heard_at(Method::POST, "/private/configure");
    let sent = heard[0].json();
    assert_eq!(sent["data"]["type"], "configuration");
    let configuration = sent["data"]["attributes"]["configuration"].as_str().unwrap();
    let configuration: serde_json::Value = serde_json::from_str(configuration).unwrap();
    assert_eq!(
        configuration,
        json!({
            "businessModel": "direct", "environment": "test", "publishableKey": "pk_test_mine",
            "secretKey": "sk_test_typed_by_hand", "paymentPageTitle": "Mine", "payButtonColor": "#112233",
            "shopOrigins": ["http://127.0.0.1:8082", "https://a.example"],
        })
    );
    let page = scene.get("/messages").await.text;
    assert!(page.contains("POST /private/configure") && page.contains("pk_test_mine"), "{page}");
    for secret in ["sk_test_typed_by_hand", SECRET, TOKEN] {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_the_app_finds_wrong_stands_by_the_form_and_the_typed_secret_does_not() {
    let scene = Scene::new().await;
    let errors = json!({"errors": [
        {"code": null, "message": "secretKey: is not one of Stripe", "status": 422, "confirm": null},
        {"code": null, "message": "payButtonColor: must be #rrggbb", "status": 422, "confirm": null},
    ]});
    scene.app.answer("/private/configure", StatusCode::UNPROCESSABLE_ENTITY, errors);
    let seen = scene.post("/apps/configure", "secret_key=sk_wrong_one&title=Kept").await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["secretKey: is not one of Stripe", "payButtonColor: must be", "value=\"Kept\""] {
        assert!(seen.text.contains(part), "{part}: {}", seen.text);
    }
    assert!(!seen.text.contains("sk_wrong_one"));
}

#[tokio::test]
async fn the_app_asks_before_it_is_disconnected() {
    let scene = Scene::connected().await;
    let question = json!({"errors": [{"code": "21000", "message": "One payment is open.", "status": 409,
        "confirm": {"labelOk": "Ignore & Disconnect", "labelCancel": "Cancel"}}]});
    let path = "/private/disconnect";
    scene.app.answer(path, StatusCode::CONFLICT, question);
    let seen = scene.post("/apps/disconnect", "").await;
    assert_eq!(seen.status, StatusCode::CONFLICT);
    for part in [
        "One payment is open.",
        "Ignore &#38; Disconnect",
        "id=\"confirm-cancel\"",
        "name=\"confirmed\" value=\"1\"",
    ] {
        assert!(seen.text.contains(part), "{part}: {}", seen.text);
    }
    // Another question follows, of which the same holds.
    let seen = scene.post("/apps/disconnect", "confirmed=1").await;
    assert!(seen.text.contains("name=\"confirmed\" value=\"2\""), "{}", seen.text);
    scene.app.answer(path, StatusCode::NO_CONTENT, json!({}));
    scene.post("/apps/disconnect", "confirmed=2").await;
    let heard = scene.app.heard_at(Method::POST, path);
    assert!(!heard[0].headers.contains_key("x-confirmation-status"));
    assert_eq!(heard[1].headers["x-confirmation-status"], "true");
    assert_eq!(heard[2].headers["x-confirmation-status"], "true,true");
}
