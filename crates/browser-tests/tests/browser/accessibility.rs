//! The payment page for somebody who cannot see, or uses no mouse.

use thirtyfour::prelude::*;

use crate::support::browser::DECLINED;
use crate::support::steps::{ASKING, DECLINING, GOOD, about_to_pay};
use crate::support::{Browser, Demo, OWED, Setup};

const WIDE: (u32, u32) = (1280, 900);
const NARROW: (u32, u32) = (360, 740);

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_pays_with_the_keyboard_alone() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    for (field, keys) in [("number", GOOD), ("expiry", "1234"), ("cvc", "123")] {
        browser.tab_to(&format!("Field-{field}Input")).await;
        browser.type_keys(keys).await;
    }
    browser.tab_to("pay").await;
    browser.type_keys(Key::Enter).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_answers_her_bank_with_the_keyboard_alone() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.type_card(ASKING).await;
    browser.see("dialog iframe").await;
    browser.tab_to("complete").await;
    browser.type_keys(Key::Space).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_in_the_light() {
    look_at_every_state(&Setup { size: WIDE, ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_in_the_dark() {
    look_at_every_state(&Setup { size: WIDE, dark: true, ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_on_a_phone_in_the_light() {
    look_at_every_state(&Setup { size: NARROW, ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_on_a_phone_in_the_dark() {
    look_at_every_state(&Setup { size: NARROW, dark: true, ..Setup::default() }).await;
}

/// Checks the payment page in every state, and the pages of the bank.
async fn look_at_every_state(setup: &Setup) {
    let (demo, browser) = about_to_pay(setup).await;
    assert_eq!(seen(&browser).await, (setup.size.0, setup.dark), "width and darkness");
    let page = browser.address().await;
    look_at_the_form(&browser).await;
    browser.complains_of(&[DECLINED]).await;

    demo.lose_stripe().await;
    look_at_notice(&browser, &page, "unreachable").await;
    demo.mend().await;
    let unknown = page.replace("transactionId=pi_", "transactionId=pi_x");
    look_at_notice(&browser, &unknown, "unknown").await;
    demo.cancel_at_stripe(&demo.only_payment().await).await;
    look_at_notice(&browser, &page, "canceled").await;
    // The browser itself tells the status of the first two.
    browser.complains_of(&["503", "404"]).await;

    look_at_a_debit(&demo, &browser).await;
    browser.complains_of(&[]).await;
    look_at_a_bank(&demo, &browser).await;
    browser.complains_of(&["409", "403"]).await;
}

/// Open, declined, and with the bank's question over it.
async fn look_at_the_form(browser: &Browser) {
    browser.check_accessibility("the open page").await;
    check_frame(browser, "#payment-element iframe", "the card form").await;
    browser.pay_with_card(DECLINING).await;
    browser.see("#message:focus").await;
    browser.check_accessibility("the page after a decline").await;
    browser.pay_with_card(ASKING).await;
    check_frame(browser, "dialog iframe", "the bank's question").await;
    browser.check_accessibility("the page around the bank's question").await;
    browser.answer_bank("#fail").await;
    browser.can_pay().await;
}

/// A debit's form, with something missing, and on its way.
async fn look_at_a_debit(demo: &Demo, browser: &Browser) {
    browser.check_out(demo).await;
    browser.can_pay().await;
    browser.choose_method("sepa_debit").await;
    browser.click("#pay").await;
    browser.enter("#payment-element iframe").await;
    browser.see("#Field-ibanInput[aria-invalid='true']").await;
    browser.check_accessibility("the debit's form with something missing").await;
    browser.leave_frame().await;
    browser.fill_debit().await;
    browser.click("#pay").await;
    browser.see("main[data-state='processing']").await;
    browser.check_accessibility("the page of a debit on its way").await;
}

/// At the bank, with that step missing, and with the app gone.
async fn look_at_a_bank(demo: &Demo, browser: &Browser) {
    browser.check_out(demo).await;
    browser.can_pay().await;
    let page = browser.address().await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    browser.see("#complete").await;
    browser.check_accessibility("the bank's page").await;
    browser.open_page(&page).await;
    browser.see("#finish-button:enabled").await;
    browser.check_accessibility("the page with one step missing").await;
    browser.disconnect(demo).await;
    look_at_notice(browser, &page, "disconnected").await;
}

async fn look_at_notice(browser: &Browser, page: &str, state: &str) {
    browser.open_page(page).await;
    browser.see(&format!("main[data-state='{state}']")).await;
    browser.check_accessibility(&format!("the notice {state}")).await;
}

async fn check_frame(browser: &Browser, frame: &str, what: &str) {
    browser.enter(frame).await;
    browser.see("input, button").await;
    browser.check_accessibility(what).await;
    browser.leave_frame().await;
}

/// How wide the page is, and whether it is asked to be dark.
async fn seen(browser: &Browser) -> (u32, bool) {
    let script = "return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]";
    browser.driver.execute(script, vec![]).await.unwrap().convert().unwrap()
}
