//! A walk past every page of the shop, the payment page and the stand-in for Stripe, to look at
//! each: for who cannot see or use a mouse, on a phone, and as pictures for people.
//!
//! The pictures are made on demand, into a folder:
//!
//! ```sh
//! PICTURES=/tmp/pictures cargo test -p browser-tests --features browser -- --ignored pictures
//! ```

use std::path::PathBuf;

use crate::support::screen::{PHONE, WIDTHS};
use crate::support::{Browser, Demo, Setup};

/// The folder for the pictures.
const PICTURES: &str = "PICTURES";

const DECLINED: &str = "4000000000000002";
const WITH_3DS: &str = "4000000000003220";
const PAID: &str = "4242424242424242";

struct Walk<L> {
    demo: Demo,
    browser: Browser,
    look: L,
}

impl<L: AsyncFn(&Browser, &str)> Walk<L> {
    async fn begin(look: L) -> Self {
        let demo = Demo::start().await;
        let browser = Browser::open(&Setup::default()).await;
        Self { demo, browser, look }
    }

    async fn all(&self) {
        self.before_the_app().await;
        self.payment_page().await;
        self.back_office().await;
        self.other_payments().await;
        self.marketplace().await;
        self.ends().await;
    }

    async fn look(&self, page: &str) {
        (self.look)(&self.browser, page).await;
        self.browser.works_cleanly(page).await;
    }

    async fn open(&self, path: &str) {
        self.browser.open_page(&format!("{}{path}", self.demo.shop)).await;
    }

    async fn open_and_look(&self, path: &str, page: &str) {
        self.open(path).await;
        self.look(page).await;
    }

    async fn put_into_the_cart(&self, sku: &str) {
        self.open("/").await;
        self.browser.click(&format!("#add-{sku}")).await;
        self.browser.read("is in your cart").await;
    }

    /// Turns a dial, and waits until the shop says so: what is opened before that may be lost.
    async fn turn(&self, dial: &str, said: &str) {
        self.browser.click(&format!("#dial-{dial}")).await;
        self.browser.read(said).await;
    }

    /// Puts a kettle into the cart and orders it, in this language.
    async fn order(&self, locale: &str) {
        self.put_into_the_cart("kettle").await;
        self.open("/checkout").await;
        self.browser.click(&format!("#locale option[value={locale}]")).await;
        self.browser.click("#place-order").await;
        self.browser.arrive(&format!("{}/app-payment?", self.demo.app)).await;
        self.browser.see("#pay:enabled").await;
    }

    async fn before_the_app(&self) {
        self.open_and_look("/", "shop-not-connected").await;
        self.open_and_look("/cart", "cart-empty").await;
        self.open_and_look("/orders", "orders-none").await;
        self.put_into_the_cart("teapot").await;
        self.open_and_look("/checkout", "checkout-no-method").await;
        self.open_and_look("/apps", "apps-new").await;
        self.browser.connect(&self.demo).await;
        self.open_and_look("/apps", "apps").await;
    }

    async fn payment_page(&self) {
        self.put_into_the_cart("cup").await;
        self.look("shop").await;
        self.open_and_look("/cart", "cart").await;
        self.open_and_look("/checkout", "checkout").await;
        self.order("en_GB").await;
        self.look("page-open").await;
        self.browser.pay_with_card(DECLINED).await;
        self.browser.see("#message:not(:empty)").await;
        self.look("page-declined").await;
        // A new page: the fields are filled anew.
        self.browser.driver.refresh().await.unwrap();
        self.browser.pay_with_card(WITH_3DS).await;
        let frame = self.browser.see("dialog iframe").await;
        frame.clone().enter_frame().await.unwrap();
        self.browser.see("#complete").await;
        self.browser.driver.enter_parent_frame().await.unwrap();
        self.look("page-3ds").await;
        frame.enter_frame().await.unwrap();
        self.browser.click("#complete").await;
        self.browser.driver.enter_default_frame().await.unwrap();
        self.browser.arrive(&format!("{}/order-success", self.demo.shop)).await;
        self.browser.read("has heard").await;
        self.look("thank-you").await;
    }

    async fn back_office(&self) {
        self.browser.click("#go-to-order").await;
        self.browser.see("#ship").await;
        self.look("order-authorized").await;
        self.browser.click("#choose-1001").await;
        self.browser.click("#ship").await;
        self.browser.read("payment captured").await;
        self.look("order-partly-captured").await;
        self.turn("hold", "Webhooks are held").await;
        self.open("/messages").await;
        self.browser.click("#feed li:first-child summary").await;
        self.look("messages").await;
        self.turn("reset", "Everything works again").await;
    }

    async fn other_payments(&self) {
        self.order("de_DE").await;
        self.look("page-german").await;
        self.browser.pay_by_debit().await;
        self.browser
            .until("the debit is on its way", async || {
                self.browser.driver.find(thirtyfour::By::Css("main .sign")).await.is_ok()
            })
            .await;
        self.look("page-processing").await;

        self.put_into_the_cart("spoon").await;
        self.open("/checkout").await;
        self.browser.click("#show-frame").await;
        self.browser.click("#place-order").await;
        self.browser.see("#payment-frame").await;
        self.browser.see("#leave-frame").await;
        let frame = self.browser.see("#payment-frame").await;
        frame.enter_frame().await.unwrap();
        self.browser.see("#pay:enabled").await;
        self.browser.driver.enter_default_frame().await.unwrap();
        self.look("page-in-frame").await;
        self.open_and_look("/orders", "orders").await;
    }

    async fn marketplace(&self) {
        self.open_and_look("/merchants", "merchants-none").await;
        self.browser.connect_marketplace(&self.demo).await;
        self.open_and_look("/apps", "apps-marketplace").await;
        self.put_into_the_cart("tin").await;
        self.look("shop-marketplace").await;
        self.browser.open_merchant(&self.demo, "MER000001").await;
        self.look("merchant-new").await;
        self.browser.click("#onboard").await;
        self.browser.see("button[value=complete]").await;
        self.look("onboarding").await;
        self.browser.click("button[value=complete]").await;
        self.browser.read("nothing more").await;
        self.look("merchant-onboarded").await;

        self.put_into_the_cart("cup").await;
        self.order("en_GB").await;
        self.browser.pay_with_card(PAID).await;
        self.browser.arrive(&format!("{}/order-success", self.demo.shop)).await;
        self.browser.click("#go-to-order").await;
        self.browser.click("#ship").await;
        self.browser.read("payment captured").await;
        self.browser.click("#pay-out").await;
        self.browser.see("#payout-trouble").await;
        self.look("order-paid-out").await;
        self.open_and_look("/merchants", "merchants").await;
        self.open_and_look("/merchants/MER000001", "merchant-paid").await;
        self.browser.click("#money .strong").await;
        self.browser.click("#take-back").await;
        self.browser.read("taken back").await;
        self.open_and_look("/merchants/MER000001", "merchant-taken-back").await;
        self.browser.click("#onboard").await;
        self.browser.read("Dashboard of").await;
        self.look("dashboard").await;
    }

    async fn ends(&self) {
        self.order("en_GB").await;
        let page = self.browser.address().await;
        self.browser.pay_with_card(PAID).await;
        self.browser.arrive(&format!("{}/order-success", self.demo.shop)).await;
        self.browser.click("#go-to-order").await;
        self.browser.click("#cancel").await;
        self.browser.read("payment cancelled").await;
        self.look("order-canceled").await;
        self.browser.open_page(&page).await;
        self.look("page-closed").await;
        self.browser.open_page(&format!("{}/app-payment?transactionId=none", self.demo.app)).await;
        self.look("page-unknown").await;
        self.open_and_look("/order-cancel?orderReference=DE--3", "not-paid").await;
        self.open_and_look("/orders/DE--9", "no-such-order").await;
        self.order("en_GB").await;
        let page = self.browser.address().await;
        self.open("/messages").await;
        self.turn("down", "Nothing reaches Stripe now").await;
        self.browser.open_page(&page).await;
        self.look("page-unreachable").await;
        self.open("/messages").await;
        self.turn("reset", "Everything works again").await;
        self.open("/apps").await;
        self.browser.click("#disconnect").await;
        self.browser.see("#confirm-disconnect").await;
        self.look("apps-question").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_for_everybody() {
    let walk = Walk::begin(async |browser: &Browser, page: &str| {
        for scheme in ["light", "dark"] {
            browser.look_in(scheme).await;
            browser.check_accessibility(&format!("{page}, {scheme}")).await;
        }
    });
    walk.await.all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_phone() {
    let walk = Walk::begin(async |browser: &Browser, page: &str| {
        browser.check_width(page).await;
    });
    let walk = walk.await;
    walk.browser.look_at_width(PHONE).await;
    walk.all().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes pictures for people to look at, and checks nothing"]
async fn pictures() {
    let folder = PathBuf::from(std::env::var(PICTURES).expect("PICTURES names a folder"));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let walk = Walk::begin(async |browser: &Browser, page: &str| {
        for scheme in ["light", "dark"] {
            browser.look_in(scheme).await;
            for width in WIDTHS {
                let file = folder.join(format!("{page}-{scheme}-{width}.png"));
                browser.picture(width, &file).await;
            }
        }
    });
    walk.await.all().await;
}
