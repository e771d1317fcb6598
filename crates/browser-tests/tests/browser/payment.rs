//! A shopper pays, in every way there is.

use serde_json::json;

use crate::support::browser::DECLINED;
use crate::support::steps::{ASKING, DECLINING, GOOD, about_to_pay};
use crate::support::{OWED, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_buys_and_pays() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.read("€104.89").await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    browser.read("The shop has heard of your payment").await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_says_why_and_another_one_pays() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.pay_with_card(DECLINING).await;
    browser.read("The payment was declined. You were not charged. Try again").await;
    browser.see("#message:focus").await;
    browser.can_pay().await;
    assert_eq!(demo.charged().await, [0; 0]);

    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.payments().await, ["requires_capture"]);
    browser.complains_of(&[DECLINED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_proves_to_the_bank_who_pays() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.pay_with_card(ASKING).await;
    browser.see("#payment-form[data-state='working']").await;
    assert_eq!(demo.charged().await, [0; 0]);
    browser.answer_bank("#complete").await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_bank_does_not_believe_pays_with_another_card() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.pay_with_card(ASKING).await;
    browser.answer_bank("#fail").await;
    browser.read("The payment was not confirmed with your bank. You were not charged.").await;
    browser.see("#message:focus").await;
    assert_eq!(demo.charged().await, [0; 0]);

    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_debit_is_on_its_way_until_the_bank_has_paid() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.choose_method("sepa_debit").await;
    browser.fill_debit().await;
    browser.click("#pay").await;
    browser.see("main[data-state='processing']").await;
    browser.read("Your payment is on its way").await;
    browser.read("We tell your shop as soon as it is settled").await;
    assert_eq!(demo.payments().await, ["processing"]);

    // The page goes on by itself.
    let payment = demo.only_payment().await;
    demo.control(&format!("payment_intents/{payment}/settle"), &json!({ "outcome": "succeed" }))
        .await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_pays_at_her_bank() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    browser.arrive(&format!("{}/_sandbox/authenticate/", demo.stripe)).await;
    browser.click("#complete").await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_bank_refuses_reads_so_and_pays_otherwise() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    browser.arrive(&format!("{}/_sandbox/authenticate/", demo.stripe)).await;
    browser.click("#fail").await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.read("You were not charged. Try again, or choose another way to pay.").await;
    browser.can_pay().await;
    assert_eq!(demo.charged().await, [0; 0]);

    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_her_bank_finishes_the_payment_later() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    browser.arrive(&format!("{}/_sandbox/authenticate/", demo.stripe)).await;

    browser.open_page(&page).await;
    browser.read("One step is missing: finish the payment that you began").await;
    browser.can_pay().await;
    browser.press("Finish the payment").await;
    browser.arrive(&format!("{}/_sandbox/authenticate/", demo.stripe)).await;
    browser.click("#complete").await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.confirmations().await, 1);
    browser.complains_of(&[]).await;
}
