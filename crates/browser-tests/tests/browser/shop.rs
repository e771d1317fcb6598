//! A newcomer uses the demo shop: she connects the app, buys, ships, takes back, and makes it hard.

use crate::support::steps::GOOD;
use crate::support::{Browser, Demo, Setup};

const KETTLE: i64 = 1001;
const STRAINER: i64 = 1002;

/// Signed in nowhere, with the app connected.
async fn begin() -> (Demo, Browser) {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect(&demo).await;
    (demo, browser)
}

/// Lets the bank settle a debit at once, as the stand-in's control does.
async fn settle(demo: &Demo, intent: &str) {
    let address = format!("{}/_sandbox/payment_intents/{intent}/settle", demo.stripe);
    let answer =
        reqwest::Client::new().post(address).body(r#"{"outcome":"succeed"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

impl Browser {
    /// Buys a kettle and a strainer and pays, and opens the order in the back office.
    async fn buy(&self, demo: &Demo) {
        self.open_page(&demo.shop).await;
        self.click("#add-kettle").await;
        self.read("kettle, 2 l is in your cart").await;
        self.click("#add-strainer").await;
        self.read("strainer, steel is in your cart").await;
        self.open_page(&format!("{}/checkout", demo.shop)).await;
        self.click("#place-order").await;
        self.arrive(&format!("{}/app-payment?", demo.app)).await;
        self.pay_with_card("4242424242424242").await;
        self.arrive(&format!("{}/order-success", demo.shop)).await;
        self.click("#go-to-order").await;
    }

    /// Waits until an item is in a state, on a page that nobody touches.
    async fn see_state(&self, item: i64, state: &str) {
        self.see_words(&format!("#state-{item}"), state).await;
    }

    async fn see_words(&self, css: &str, words: &str) {
        self.until(&format!("{css} says {words:?}"), async || {
            // The page replaces what it shows while it is read.
            match self.driver.find(thirtyfour::By::Css(css)).await {
                Ok(element) => element.text().await.is_ok_and(|text| text == words),
                Err(_) => false,
            }
        })
        .await;
    }

    /// The lines of the live list, the newest first.
    async fn feed(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#feed .what')]
            .map((what) => what.firstChild.textContent.trim())";
        let answer = self.driver.execute(script, vec![]).await.unwrap();
        answer.convert().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shipped_delivered_and_taken_back_as_messages_arrive() {
    let (demo, browser) = begin().await;
    browser.buy(&demo).await;
    browser.see_state(KETTLE, "payment authorized").await;
    browser.see_words("#payment-status", "authorized").await;

    browser.click(&format!("#choose-{STRAINER}")).await;
    browser.click("#ship").await;
    browser.see_state(KETTLE, "payment captured").await;
    browser.see_state(STRAINER, "payment authorized").await;

    // What was not chosen waits for its own capture.
    browser.click("#ship").await;
    browser.see_state(STRAINER, "payment captured").await;
    browser.see_words("#payment-status", "captured").await;

    browser.click("#deliver").await;
    browser.see_state(KETTLE, "delivered").await;
    browser.click(&format!("#choose-{STRAINER}")).await;
    browser.click("#return").await;
    browser.see_state(KETTLE, "payment refund succeeded").await;
    browser.see_state(STRAINER, "delivered").await;
    browser.click("#return").await;
    browser.see_state(STRAINER, "payment refund succeeded").await;

    // A refund is final after a week.
    browser.click("#dial-week").await;
    browser.see_state(KETTLE, "payment refunded").await;
    browser.see_state(STRAINER, "payment refunded").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_does_all_of_it_with_the_keyboard_alone() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.open_page(&demo.shop).await;
    browser.tab_to_and_enter("go-to-apps").await;
    browser.tab_to_and_enter("connect").await;
    browser.see("#methods").await;
    browser.tab_to_and_enter("nav-shop").await;
    browser.tab_to_and_enter("add-kettle").await;
    browser.see("#nav-cart .count").await;
    browser.tab_to_and_enter("nav-cart").await;
    browser.tab_to_and_enter("go-to-checkout").await;
    browser.tab_to_and_enter("place-order").await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.can_pay().await;
    browser.type_card(GOOD).await;
    browser.arrive(&format!("{}/order-success", demo.shop)).await;

    browser.tab_to_and_enter("go-to-order").await;
    browser.see_state(KETTLE, "payment authorized").await;
    browser.tab_to_and_enter("ship").await;
    browser.see_state(KETTLE, "payment captured").await;
    browser.tab_to_and_enter("deliver").await;
    browser.see_state(KETTLE, "delivered").await;
    browser.tab_to_and_enter("return").await;
    browser.see_state(KETTLE, "payment refund succeeded").await;

    browser.tab_to_and_enter("nav-messages").await;
    browser.tab_to_and_enter("dial-hold").await;
    browser.see_words("#dial-hold", "Hold webhooks: on").await;
    browser.tab_to_and_enter("nav-apps").await;
    browser.tab_to_and_enter("disconnect").await;
    browser.see_words("#app-status", "disconnected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_pay_with_before_the_app_is_connected() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.open_page(&demo.shop).await;
    browser.click("#add-kettle").await;
    browser.read("is in your cart").await;
    browser.open_page(&format!("{}/checkout", demo.shop)).await;
    browser.see("#no-method").await;
    assert!(!browser.see("#place-order").await.is_enabled().await.unwrap());

    browser.open_page(&demo.shop).await;
    browser.click("#go-to-apps").await;
    browser.see_words("#app-status", "not connected yet").await;
    browser.click("#connect").await;
    browser.see_words("#app-status", "connected").await;
    // The method comes in a message, and the page shows it by itself.
    browser.see("#methods").await;
    browser.open_page(&format!("{}/checkout", demo.shop)).await;
    assert!(browser.see("#place-order").await.is_enabled().await.unwrap());
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_authorized_is_canceled_and_nothing_is_charged() {
    let (demo, browser) = begin().await;
    browser.buy(&demo).await;
    browser.see_state(KETTLE, "payment authorized").await;
    browser.click("#cancel").await;
    browser.see_state(KETTLE, "payment cancelled").await;
    browser.see_state(STRAINER, "payment cancelled").await;
    browser.see_words("#payment-status", "canceled").await;
    browser.read("Nothing is charged.").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_asks_before_it_leaves_an_open_payment() {
    let (demo, browser) = begin().await;
    browser.buy(&demo).await;
    browser.see_state(KETTLE, "payment authorized").await;

    browser.open_page(&format!("{}/apps", demo.shop)).await;
    browser.click("#disconnect").await;
    browser.see("#confirm-disconnect").await;
    browser.click("#confirm-cancel").await;
    browser.see_words("#app-status", "connected").await;

    browser.click("#disconnect").await;
    browser.click("#confirm-ok").await;
    browser.see_words("#app-status", "disconnected").await;
    browser.open_page(&demo.shop).await;
    browser.click("#add-kettle").await;
    browser.read("is in your cart").await;
    browser.open_page(&format!("{}/checkout", demo.shop)).await;
    browser.see("#no-method").await;
    // The browser itself notes the question, which is a 409.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("409")), "{complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_settles_later_waits_for_its_webhook() {
    let (demo, browser) = begin().await;
    browser.open_page(&format!("{}/messages", demo.shop)).await;
    browser.click("#dial-hold").await;
    browser.see_words("#dial-hold", "Hold webhooks: on").await;
    browser.check_out(&demo).await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.pay_by_debit().await;
    browser.read("on its way").await;

    // The bank has settled, and the app does not know it yet.
    browser.open_page(&format!("{}/orders/DE--1", demo.shop)).await;
    settle(&demo, &browser.see("#payment-reference").await.text().await.unwrap()).await;
    browser.read("holds webhooks, ").await;
    browser.see_state(KETTLE, "payment pending").await;
    browser.click("#dial-hold").await;
    browser.see_state(KETTLE, "payment captured").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_list_shows_each_call_and_message_once() {
    let (demo, browser) = begin().await;
    browser.buy(&demo).await;
    browser.see_state(KETTLE, "payment authorized").await;
    browser.open_page(&format!("{}/messages", demo.shop)).await;
    let lines = browser.feed().await;
    let position = |title: &str| {
        let found: Vec<usize> =
            (0..lines.len()).filter(|index| lines[*index].contains(title)).collect();
        assert_eq!(found.len(), 1, "{title}: {lines:?}");
        found[0]
    };
    // The newest stands first.
    assert!(position("PaymentAuthorized") < position("/private/initialize-payment"));
    assert!(position("AddPaymentMethod") < position("/private/configure"));

    browser.click("#feed li:first-child summary").await;
    let body = browser.see("#feed li:first-child pre").await.text().await.unwrap();
    assert!(body.contains("DE--1"), "{body}");
    let page = browser.driver.source().await.unwrap();
    assert!(!page.contains("sk_test_demo"), "the secret key is masked");
    assert_eq!(browser.complaints().await, [""; 0]);
}
