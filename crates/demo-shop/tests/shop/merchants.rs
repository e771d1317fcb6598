//! The merchants of a marketplace: what they see, and what the shop does with the app's answers.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Scene, TRANSFERS, eventually};

const ATELIER: &str = "/merchants/MER000001";
const CUP: i64 = 1001;
const TIN: i64 = 1002;
const KETTLE: i64 = 1003;

/// An order of a cup, a tin and the shop's own kettle, paid and captured.
async fn captured() -> Scene {
    let scene = Scene::marketplace().await;
    for sku in ["cup", "tin", "kettle"] {
        scene.post("/cart/add", &format!("sku={sku}")).await;
    }
    scene.check_out().await;
    scene.app.result("10", "PaymentCaptured", "DE--1", &[CUP, TIN, KETTLE]);
    scene.until_item(CUP, "payment captured").await;
    scene
}

async fn press(scene: &Scene, button: &str, items: &[i64]) -> String {
    let form: Vec<String> = items.iter().map(|id| format!("item={id}")).collect();
    let seen = scene.post(&format!("/orders/DE--1/{button}"), &form.join("&")).await;
    scene.get(seen.leads_to()).await.text
}

/// What the shop asked for the last time.
fn asked(scene: &Scene) -> Vec<Value> {
    let heard = scene.app.heard_at(Method::POST, TRANSFERS);
    let items = heard.last().unwrap().json()["paymentTransmissionItems"].clone();
    items.as_array().unwrap().clone()
}

/// Answers what was asked last, as the app does.
fn entry(item: &Value, transfer: Result<&str, &str>) -> Value {
    json!({
        "isSuccessful": transfer.is_ok(), "failureMessage": transfer.err(),
        "merchantReference": item["merchant_reference"], "orderReference": "DE--1",
        "amount": item["amount"], "transferId": transfer.unwrap_or_default(),
        "paymentTransmissionItems": [{
            "merchantReference": item["merchant_reference"], "orderReference": "DE--1",
            "itemReference": item["item_reference"], "amount": item["amount"],
        }],
    })
}

/// Asks once to learn the names of the items, then lets the app answer.
async fn answer(scene: &Scene, button: &str, answers: &[Result<&str, &str>], id: &[i64]) -> String {
    scene.app.answer(TRANSFERS, StatusCode::OK, json!({"transfers": []}));
    press(scene, button, id).await;
    let asked = asked(scene);
    assert_eq!(asked.len(), answers.len());
    let entries: Vec<Value> =
        asked.iter().zip(answers).map(|(item, transfer)| entry(item, *transfer)).collect();
    scene.app.answer(TRANSFERS, StatusCode::OK, json!({"transfers": entries}));
    press(scene, button, id).await
}

#[tokio::test]
async fn a_shop_of_its_own_has_no_merchants() {
    let scene = Scene::connected().await;
    assert!(!scene.get("/").await.text.contains("Sold by"));
    let page = scene.get("/merchants").await.text;
    assert!(page.contains("sells its own goods only") && !page.contains("id=\"nav-merchants\""));
    scene.post("/cart/add", "sku=cup").await;
    scene.check_out().await;
    scene.app.result("10", "PaymentCaptured", "DE--1", &[1001]);
    scene.until_item(1001, "payment captured").await;
    assert!(!scene.get("/orders/DE--1").await.text.contains("pay-out"));
}

#[tokio::test]
async fn the_business_model_is_chosen_when_the_app_is_connected() {
    let scene = Scene::marketplace().await;
    let heard = scene.app.heard_at(Method::POST, "/private/configure");
    let configuration = heard[0].json()["data"]["attributes"]["configuration"].clone();
    let configuration: Value = serde_json::from_str(configuration.as_str().unwrap()).unwrap();
    assert_eq!(configuration["businessModel"], "marketplace");
    let page = scene.get("/apps").await.text;
    assert!(page.contains("value=\"marketplace\" checked"), "{page}");
    let page = scene.get("/").await.text;
    assert!(page.contains("id=\"nav-merchants\""), "{page}");
    assert_eq!(page.matches("Sold by").count(), 4, "{page}");
}

#[tokio::test]
async fn a_merchant_reads_what_the_app_says_of_the_onboarding() {
    let scene = Scene::marketplace().await;
    assert!(scene.get(ATELIER).await.text.contains("id=\"no-onboarding\""));
    scene.invite();
    let page = scene.until(ATELIER, "id=\"onboard\"").await;
    for part in ["Begin here", "Tell Stripe who you are.", "You come back.", ">not begun<"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    scene.tell_status("21", "MER000001", "completed");
    let page = scene.until(ATELIER, ">all done<").await;
    assert!(page.contains("Open Stripe") && page.contains("Nothing is missing."), "{page}");
    // A status without words of its own is shown as it is.
    scene.tell_status("22", "MER000001", "restricted soon");
    scene.until("/merchants", ">restricted soon<").await;
    assert!(scene.get("/merchants/MER000002").await.text.contains(">not begun<"));
}

#[tokio::test]
async fn a_merchant_nobody_knows_is_rejected_and_the_message_is_gone() {
    let scene = Scene::marketplace().await;
    scene.tell_status("21", "MER000009", "completed");
    scene.until("/messages", "there is no merchant MER000009").await;
    eventually(|| scene.app.left_in("merchant-app-events").is_empty()).await;
    assert_eq!(scene.get("/merchants/MER000009").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_button_leads_where_the_app_says_and_to_no_other_address() {
    let scene = Scene::marketplace().await;
    scene.invite();
    scene.until(ATELIER, "id=\"onboard\"").await;
    let path = "/private/merchants/onboarding";
    let click = async || {
        let seen = scene.post(&format!("{ATELIER}/onboard"), "").await;
        if seen.leads_to().starts_with("http") {
            return seen.leads_to().to_owned();
        }
        scene.get(seen.leads_to()).await.text
    };
    let url = "https://connect.example.test/setup/1";
    let good = json!({"strategy": "redirect", "url": url});
    scene.app.answer(path, StatusCode::CREATED, good);
    assert_eq!(click().await, url);
    let refused = json!({"errors": [{"message": "Sign up for Connect first."}]});
    scene.app.answer(path, StatusCode::PRECONDITION_FAILED, refused);
    assert!(click().await.contains("Sign up for Connect first."));
    let script = json!({"strategy": "redirect", "url": "javascript:alert(1)"});
    scene.app.answer(path, StatusCode::OK, script);
    assert!(click().await.contains("address for the onboarding is none"));
    scene.app.answer(path, StatusCode::OK, json!({"strategy": "content", "url": url}));
    assert!(click().await.contains("does not know"));
}

#[tokio::test]
async fn a_merchant_comes_back_to_the_own_page() {
    let scene = Scene::marketplace().await;
    for (how, words) in [
        ("success", "arrives in a message"),
        ("cancel", "not everything is handed in"),
        ("refresh", "too old"),
        ("error", "Nothing can be done"),
    ] {
        let seen = scene.get(&format!("{ATELIER}/back/{how}")).await;
        assert!(seen.leads_to().starts_with(ATELIER), "{how}");
        let page = scene.get(seen.leads_to()).await.text;
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(scene.get(&format!("{ATELIER}/back/elsewhere")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn merchants_get_their_share_and_give_it_back() {
    let scene = captured().await;
    let page = scene.get("/orders/DE--1").await.text;
    // A cup is 18.90 and a tin 24.50, of which the marketplace keeps a tenth; the kettle is its own.
    assert!(page.contains("gets €17.01") && page.contains("gets €22.05"), "{page}");
    assert!(page.contains("Pay out<span class=\"num\" data-all hidden> €39.06"), "{page}");

    let all = [CUP, TIN, KETTLE];
    let page = answer(&scene, "pay-out", &[Ok("tr_1"), Ok("tr_2")], &all).await;
    assert!(page.contains("Paid merchants out for 2 items."), "{page}");
    assert_eq!(page.matches(">paid out<").count(), 2);
    let page = scene.get(ATELIER).await.text;
    assert!(page.contains("id=\"received\">€17.01") && page.contains("tr_1"), "{page}");

    let page = answer(&scene, "take-back", &[Ok("tr_1")], &[CUP]).await;
    assert!(page.contains("id=\"payout-1001\">taken back"), "{page}");
    assert!(page.contains("id=\"payout-1002\">paid out"), "{page}");
    let page = scene.get(ATELIER).await.text;
    for part in ["id=\"received\">€17.01", "id=\"taken-back\">€17.01", "id=\"kept\">€0.00"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // What was taken back can be paid out anew, and counts anew.
    answer(&scene, "pay-out", &[Ok("tr_3")], &all).await;
    assert!(scene.get(ATELIER).await.text.contains("id=\"received\">€34.02"));
}

#[tokio::test]
async fn what_failed_is_said_in_the_apps_words_and_moves_nothing() {
    let scene = captured().await;
    let why = "the merchant MER000002 is not onboarded";
    let page = answer(&scene, "pay-out", &[Ok("tr_1"), Err(why)], &[CUP, TIN]).await;
    assert!(page.contains("Messing &#38; Blech:</b> the merchant MER000002 is not"), "{page}");
    assert!(page.contains("1 item failed") && page.contains(">payout failed<"), "{page}");
    assert!(page.contains("id=\"payout-1001\">paid out"), "{page}");
    assert!(scene.get("/merchants/MER000002").await.text.contains("Nothing was paid out yet"));
    // The next try that goes well has nothing to complain of.
    let page = answer(&scene, "pay-out", &[Ok("tr_2")], &[TIN]).await;
    assert!(!page.contains("payout-trouble"), "{page}");
}

#[tokio::test]
async fn one_key_too_many_and_the_shop_reads_nothing_of_the_answer() {
    let scene = captured().await;
    scene.app.answer(TRANSFERS, StatusCode::OK, json!({"transfers": []}));
    let page = press(&scene, "pay-out", &[CUP]).await;
    assert!(page.contains("does not name the item"), "{page}");
    let mut odd = entry(&asked(&scene)[0], Ok("tr_1"));
    odd["type"] = json!("order-item");
    scene.app.answer(TRANSFERS, StatusCode::OK, json!({"transfers": [odd]}));
    let page = press(&scene, "pay-out", &[CUP]).await;
    assert!(page.contains("a shop can read nothing: unknown field"), "{page}");
    assert!(scene.get(ATELIER).await.text.contains("Nothing was paid out yet"));
}

#[tokio::test]
async fn only_captured_money_is_paid_out() {
    let scene = Scene::marketplace().await;
    scene.post("/cart/add", "sku=cup").await;
    scene.check_out().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[CUP]);
    scene.until_item(CUP, "payment authorized").await;
    let page = press(&scene, "pay-out", &[CUP]).await;
    assert!(page.contains("None of the chosen items can do that now"), "{page}");
    assert_eq!(scene.app.heard_at(Method::POST, TRANSFERS).len(), 0);
}

#[tokio::test]
async fn what_the_app_wants_merchants_to_read_is_shown_as_text() {
    let scene = Scene::marketplace().await;
    let hostile = "<script>alert(1)</script>";
    let texts = json!({
        "statusText": hostile, "displayText": hostile, "buttonText": hostile, "buttonInfo": hostile,
    });
    let invitation = json!({
        "type": "payment", "appName": hostile, "appIdentifier": "paybridge",
        "onboarding": {"url": "https://app.example.test/x", "strategy": "api"},
        "additionalLinks": [{"label": hostile, "url": "https://x.test/", "attributes": []}],
        "merchantOnboardingStates": [{"name": "incomplete", "attributes": texts}],
    });
    scene.app.say("merchant-app-events", "20", "ReadyForMerchantAppOnboarding", &invitation);
    scene.tell_status("21", "MER000001", hostile);
    let page = scene.until("/merchants", "&#60;script&#62;").await;
    assert!(!page.contains(hostile), "{page}");
    scene.tell_status("22", "MER000001", "incomplete");
    let page = scene.until(ATELIER, "id=\"onboard\"").await;
    assert!(!page.contains(hostile), "{page}");
}
