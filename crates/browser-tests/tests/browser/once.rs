//! Whatever a shopper presses, opens and goes back to: she pays once.

use thirtyfour::prelude::*;

use crate::support::steps::{GOOD, about_to_pay};
use crate::support::{OWED, Setup};

/// What the browser says when Stripe refuses to charge a paid payment again.
const REFUSED: &str = "the server responded with a status of 400 (Bad Request)";

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_and_comes_back_pays_where_she_left() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    browser.click("#back").await;
    browser.read("Nothing was paid.").await;
    browser.driver.back().await.unwrap();
    browser.arrive(&page).await;
    browser.can_pay().await;
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;

    // Back from the thanks, there is nothing to pay any more.
    browser.open_page(&page).await;
    browser.is_thanked(&demo).await;
    assert_eq!(demo.payments().await, ["requires_capture"]);
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.confirmations().await, 1);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_back_from_her_bank_after_paying_there_is_thanked_again() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.choose_method("ideal").await;
    browser.click("#pay").await;
    let bank = format!("{}/_sandbox/authenticate/", demo.stripe);
    browser.arrive(&bank).await;
    browser.click("#complete").await;
    browser.is_thanked(&demo).await;

    browser.driver.back().await.unwrap();
    browser.arrive(&bank).await;
    browser.driver.back().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.confirmations().await, 1);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_in_one_tab_is_thanked_in_the_other() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    let first = browser.driver.window().await.unwrap();
    let second = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(second.clone()).await.unwrap();
    browser.open_page(&page).await;
    browser.can_pay().await;

    browser.driver.switch_to_window(first).await.unwrap();
    browser.pay_with_card(GOOD).await;
    browser.is_thanked(&demo).await;
    browser.driver.switch_to_window(second).await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.payments().await, ["requires_capture"]);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_the_button_in_two_windows_is_charged_once() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    let page = browser.address().await;
    browser.fill_card(GOOD).await;
    let first = browser.driver.window().await.unwrap();
    let second = browser.driver.new_window().await.unwrap();
    browser.driver.switch_to_window(second.clone()).await.unwrap();
    browser.open_page(&page).await;
    browser.can_pay().await;
    browser.fill_card(GOOD).await;

    // Both are seen, so neither looks again when it is chosen.
    browser.click("#pay").await;
    browser.driver.switch_to_window(first).await.unwrap();
    browser.click("#pay").await;
    browser.is_thanked(&demo).await;
    browser.driver.switch_to_window(second).await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.payments().await, ["requires_capture"]);
    assert_eq!(demo.confirmations().await, 2);
    browser.complains_of(&[REFUSED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_pays_once() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.fill_card(GOOD).await;
    let button = browser.see("#pay").await;
    let chain = browser.driver.action_chain();
    chain.double_click_element(&button).click().perform().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.confirmations().await, 1);
    browser.complains_of(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_pressed_again_and_again_pays_once() {
    let (demo, browser) = about_to_pay(&Setup::default()).await;
    browser.fill_card(GOOD).await;
    browser.enter("#payment-element iframe").await;
    browser.see("#Field-cvcInput").await.click().await.unwrap();
    let thrice = Key::Enter + Key::Enter + Key::Enter;
    browser.driver.action_chain().send_keys(thrice).perform().await.unwrap();
    browser.driver.enter_default_frame().await.unwrap();
    browser.is_thanked(&demo).await;
    assert_eq!(demo.charged().await, [OWED]);
    assert_eq!(demo.confirmations().await, 1);
    browser.complains_of(&[]).await;
}
