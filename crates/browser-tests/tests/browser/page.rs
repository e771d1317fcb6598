//! What the payment page says when there is something else to say than how to pay, and in which
//! language.

use crate::support::browser::DECLINED;
use crate::support::steps::{DECLINING, GOOD, about_to_pay};
use crate::support::{Browser, Demo, OWED, Setup};

/// What the browser says of a document that came with a status.
const NOT_FOUND: &str = "the server responded with a status of 404 (Not Found)";
const FORBIDDEN: &str = "the server responded with a status of 403 (Forbidden)";
/// The app asks before it is disconnected: the shop passes that on.
const ASKED: &str = "the server responded with a status of 409 (Conflict)";
const UNAVAILABLE: &str = "the server responded with a status of 503 (Service Unavailable)";

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_to_pay_goes_back_to_the_shop() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.press("Back to the shop").await;
    browser.arrive(&format!("{}/order-cancel", demo.shop)).await;
    browser.read("Nothing was paid.").await;
    // The shop leads her back to the same payment.
    browser.press("Try again").await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.can_pay().await;
    assert_eq!(demo.payments().await, ["requires_payment_method"]);
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_payment_is_closed() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    demo.cancel_at_stripe(&demo.only_payment().await).await;
    browser.driver.refresh().await.unwrap();
    browser.see("main[data-state='canceled']").await;
    browser.read("This payment is closed").await;
    browser.read("nothing will be charged").await;
    browser.press("Back to the shop").await;
    browser.arrive(&format!("{}/order-cancel", demo.shop)).await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_does_not_exist_is_unknown() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    browser.open_page(&page.replace("transactionId=pi_", "transactionId=pi_x")).await;
    browser.see("main[data-state='unknown']").await;
    browser.read("There is no such payment").await;
    browser.complains_of(&[NOT_FOUND]).await;
    // Another tenant has no such payment, either.
    browser.open_page(&page.replace("tenantIdentifier=", "tenantIdentifier=not-")).await;
    browser.see("main[data-state='unknown']").await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[NOT_FOUND]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_shop_takes_no_payments() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    browser.disconnect(&demo).await;
    browser.open_page(&page).await;
    browser.see("main[data-state='disconnected']").await;
    browser.read("This shop does not take payments here now").await;
    browser.read("You were not charged.").await;
    browser.press("Back to the shop").await;
    browser.arrive(&format!("{}/order-cancel", demo.shop)).await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[ASKED, FORBIDDEN]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_stripe_does_not_answer_the_page_says_so_and_pays_later() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    demo.lose_stripe().await;
    browser.driver.refresh().await.unwrap();
    browser.see("main[data-state='unreachable']").await;
    browser.read("The payment service does not answer").await;
    demo.mend().await;
    browser.press("Try again").await;
    browser.can_pay().await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[UNAVAILABLE]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_stripes_script_the_page_says_so_and_pays_later() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect(&demo).await;
    demo.lose_stripe_js().await;
    browser.check_out(&demo).await;
    browser.read("The payment form could not be loaded. Check your connection").await;
    browser.see("#message #again").await;
    browser.check_accessibility("the page without its form").await;
    assert!(browser.complaints().await.iter().all(|complaint| complaint.contains("stripe.js")));
    demo.mend().await;
    browser.press("Try again").await;
    browser.can_pay().await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_page_says_that_it_needs_it() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup { javascript: false, ..Setup::default() }).await;
    // The shop's pages do without, and show what is new when they are loaded again.
    browser.open_page(&format!("{}/apps", demo.shop)).await;
    browser.click("#connect").await;
    browser
        .until("the shop has a payment method", async || {
            browser.open_page(&format!("{}/apps", demo.shop)).await;
            browser.text().await.contains("Offered at the checkout")
        })
        .await;
    browser.check_out(&demo).await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.see("#no-script").await;
    browser.read("To pay here, your browser has to run JavaScript.").await;
    browser.read("€104.89").await;
    assert!(!browser.is_shown("#payment-form").await, "a form that nobody can use");
    browser.press("Back to the shop").await;
    browser.arrive(&format!("{}/order-cancel", demo.shop)).await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_german_order_is_paid_in_german() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup { language: "fr", ..Setup::default() }).await;
    browser.connect(&demo).await;
    browser.go_to_checkout(&demo).await;
    browser.click("#locale option[value='de_DE']").await;
    browser.click("#place-order").await;
    browser.see("html[lang='de']").await;
    browser.can_pay().await;
    browser.read("Wie möchten Sie bezahlen?").await;
    browser.read("104,89 € bezahlen").await;
    browser.pay_with_card(DECLINING).await;
    browser.read("Die Zahlung wurde abgelehnt. Sie wurden nicht belastet.").await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[DECLINED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_a_language_that_the_page_does_not_speak_is_paid_in_the_browsers() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup { language: "fr", ..Setup::default() }).await;
    browser.connect(&demo).await;
    browser.go_to_checkout(&demo).await;
    browser.click("#locale option[value='sv_SE']").await;
    browser.click("#place-order").await;
    browser.see("html[lang='fr']").await;
    browser.can_pay().await;
    browser.read("Retour à la boutique").await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}
