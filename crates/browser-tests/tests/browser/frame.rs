//! The payment page inside a page of the shop, and inside nobody else's.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::support::browser::DECLINED;
use crate::support::steps::{ASKING, DECLINING, GOOD, about_to_pay};
use crate::support::{Browser, Demo, OWED, Setup};

/// The payment page in the shop's frame, ready.
async fn about_to_pay_in_a_frame() -> (Demo, Browser) {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect(&demo).await;
    browser.go_to_checkout(&demo).await;
    browser.click("#show-frame").await;
    browser.click("#place-order").await;
    browser.arrive(&format!("{}/pay/", demo.shop)).await;
    browser.enter("#payment-frame").await;
    browser.can_pay().await;
    (demo, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_pays_inside_the_shop() {
    let (demo, browser) = about_to_pay_in_a_frame().await;
    browser.pay_with_card(DECLINING).await;
    browser.read("The payment was declined.").await;
    browser.can_pay().await;
    browser.pay_with_card(GOOD).await;
    // The thanks take the whole window.
    browser.driver.enter_default_frame().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[DECLINED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bank_asks_inside_the_shop() {
    let (demo, browser) = about_to_pay_in_a_frame().await;
    browser.pay_with_card(ASKING).await;
    browser.answer_bank("#complete").await;
    browser.driver.enter_default_frame().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_inside_the_shop_leads_to_the_thanks_in_the_whole_window() {
    let (demo, browser) = about_to_pay_in_a_frame().await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    browser.click("#complete").await;
    browser.driver.enter_default_frame().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_to_pay_leaves_the_frame() {
    let (demo, browser) = about_to_pay_in_a_frame().await;
    browser.press("Back to the shop").await;
    browser.driver.enter_default_frame().await.unwrap();
    browser.arrive(&format!("{}/order-cancel", demo.shop)).await;
    browser.read("Nothing was paid.").await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_shop_may_frame_the_page() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let framing = framing(&browser.address().await).await;
    browser.open_page(&framing).await;
    browser.read("A prize!").await;
    browser.enter("iframe").await;
    assert!(!browser.is_shown("#payment-form").await, "somebody else's page shows the form");
    assert!(!browser.text().await.contains("€104.89"));
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&["frame-ancestors"]).await;
}

/// A page of somebody else, with the payment page in a frame.
async fn framing(page: &str) -> String {
    let page = page.replace('&', "&amp;");
    let document = format!(
        "<!doctype html><link rel=icon href=data:,><h1>A prize!</h1><iframe src=\"{page}\"></iframe>"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(async || Html(document)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
