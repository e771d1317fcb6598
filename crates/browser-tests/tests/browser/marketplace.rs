//! A newcomer makes the demo shop a marketplace: she onboards its merchants at the stand-in's page,
//! buys from both, pays them out and takes a payout back.

use crate::support::steps::GOOD;
use crate::support::{Browser, Demo, Setup};

const ATELIER: &str = "MER000001";
const MESSING: &str = "MER000002";
/// What a merchant gets of a cup and of a tin, in cents: nine tenths of the price.
const CUP: i64 = 1_701;
const TIN: i64 = 2_205;

impl Browser {
    /// Connects the app for a shop that sells for merchants, too.
    pub async fn connect_marketplace(&self, demo: &Demo) {
        self.open_page(&format!("{}/apps", demo.shop)).await;
        self.click("#model-marketplace").await;
        self.click("#connect").await;
        self.see("#methods").await;
    }

    /// Opens a merchant's page, once the app has said that merchants can onboard.
    pub async fn open_merchant(&self, demo: &Demo, merchant: &str) {
        self.open_page(&format!("{}/merchants", demo.shop)).await;
        self.click(&format!("#merchant-{merchant}")).await;
        self.see("#onboard").await;
    }

    /// Goes to Stripe's onboarding and ends it so.
    pub async fn onboard(&self, demo: &Demo, outcome: &str) {
        self.click("#onboard").await;
        self.arrive(&format!("{}/_sandbox/onboarding/", demo.stripe)).await;
        self.click(&format!("button[value={outcome}]")).await;
        self.arrive(&format!("{}/merchants/", demo.shop)).await;
    }

    /// Buys one of each, pays, and ships the order from the back office.
    async fn buy_and_ship(&self, demo: &Demo, goods: &[&str]) {
        for sku in goods {
            self.open_page(&demo.shop).await;
            self.click(&format!("#add-{sku}")).await;
            self.read("is in your cart").await;
        }
        self.open_page(&format!("{}/checkout", demo.shop)).await;
        self.click("#place-order").await;
        self.can_pay().await;
        self.pay_with_card(GOOD).await;
        self.is_thanked(demo).await;
        self.click("#go-to-order").await;
        self.click("#ship").await;
        self.says("#state-1001", "payment captured").await;
    }

    /// Waits until the page shows these words there, without being touched.
    async fn says(&self, css: &str, words: &str) {
        self.until(&format!("{css} says {words:?}"), async || {
            match self.driver.find(thirtyfour::By::Css(css)).await {
                Ok(element) => element.text().await.is_ok_and(|text| text == words),
                Err(_) => false,
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn merchants_are_onboarded_paid_out_and_taken_back() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect_marketplace(&demo).await;

    // One leaves first, and finishes later.
    browser.open_merchant(&demo, ATELIER).await;
    browser.says("#standing", "not begun").await;
    browser.onboard(&demo, "leave").await;
    browser.read("not everything is handed in").await;
    browser.says("#standing", "incomplete").await;
    browser.onboard(&demo, "complete").await;
    browser.says("#standing", "completed").await;

    // The other one is not onboarded yet, which holds up nobody else.
    browser.buy_and_ship(&demo, &["cup", "tin", "kettle"]).await;
    browser.click("#pay-out").await;
    browser.says("#payout-1001", "paid out").await;
    browser.says("#payout-1002", "payout failed").await;
    browser.see("#payout-trouble").await;
    browser.read("Messing & Blech: the merchant MER000002 is not onboarded").await;
    assert_eq!(demo.transferred().await, [(CUP, 0)]);

    let order = browser.address().await;
    browser.open_merchant(&demo, MESSING).await;
    browser.onboard(&demo, "complete").await;
    browser.says("#standing", "completed").await;
    browser.open_page(&order).await;
    browser.click("#pay-out").await;
    browser.says("#payout-1002", "paid out").await;
    assert!(!browser.is_shown("#payout-trouble").await);

    browser.click("#choose-1002").await;
    browser.click("#take-back").await;
    browser.says("#payout-1001", "taken back").await;
    browser.says("#payout-1002", "paid out").await;
    assert_eq!(demo.transferred().await, [(TIN, 0), (CUP, CUP)]);

    browser.open_page(&format!("{}/merchants", demo.shop)).await;
    browser.says(&format!("#kept-{ATELIER} b"), "€0.00").await;
    browser.says(&format!("#kept-{MESSING} b"), "€22.05").await;
    browser.open_merchant(&demo, ATELIER).await;
    browser.says("#received", "€17.01").await;
    browser.says("#taken-back", "€17.01").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_status_changes_as_stripe_says_and_the_button_leads_to_the_dashboard() {
    let demo = Demo::start().await;
    let browser = Browser::open(&Setup::default()).await;
    browser.connect_marketplace(&demo).await;
    browser.open_merchant(&demo, ATELIER).await;
    for (outcome, standing) in [("ask_for_more", "restricted soon"), ("complete", "completed")] {
        browser.onboard(&demo, outcome).await;
        browser.says("#standing", standing).await;
    }
    // Nothing is left to be handed in.
    browser.click("#onboard").await;
    browser.arrive(&format!("{}/_sandbox/dashboard/", demo.stripe)).await;
    browser.read("Dashboard of Atelier Ahrend").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}
