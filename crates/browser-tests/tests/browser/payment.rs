//! A shopper pays.

use crate::support::{Browser, Demo, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_buys_and_pays() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect(&demo).await;
    browser.check_out(&demo).await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.pay_with_card("4242424242424242").await;
    browser.arrive(&format!("{}/order-success", demo.shop)).await;
    assert_eq!(browser.complaints().await, [""; 0]);
}
