//! What a person does again and again.

use super::{Browser, Demo, Setup};

/// A card that pays.
pub const GOOD: &str = "4242424242424242";
/// One that is declined.
pub const DECLINING: &str = "4000000000000002";
/// One whose bank asks whether it is really the shopper.
pub const ASKING: &str = "4000000000003220";
/// When the test cards expire, and their check digits.
pub const EXPIRY: &str = "1234";
pub const CVC: &str = "123";
/// A debit that goes well.
const DEBIT: [(&str, &str); 3] =
    [("iban", "DE89370400440532013000"), ("name", "Jenny Rosen"), ("email", "jenny@example.com")];

impl Browser {
    /// Connects the shop with the app, on the shop's page of apps.
    pub async fn connect(&self, demo: &Demo) {
        self.open_page(&format!("{}/apps", demo.shop)).await;
        self.click("#connect").await;
        self.see("#methods").await;
    }

    /// Buys a kettle, up to where the shop sends the shopper to pay.
    pub async fn check_out(&self, demo: &Demo) {
        self.go_to_checkout(demo).await;
        self.click("#place-order").await;
    }

    /// Puts a kettle into the cart and goes to the checkout.
    pub async fn go_to_checkout(&self, demo: &Demo) {
        self.open_page(&demo.shop).await;
        self.click("#add-kettle").await;
        self.see("#nav-cart .count").await;
        self.open_page(&format!("{}/checkout", demo.shop)).await;
    }

    /// Waits until the payment page can be paid on.
    pub async fn can_pay(&self) {
        self.see("#payment-form[data-state='open'] #pay:enabled").await;
    }

    /// Waits until the shop thanks for the payment.
    pub async fn is_thanked(&self, demo: &Demo) {
        self.arrive(&format!("{}/order-success", demo.shop)).await;
        self.read("Thank you").await;
    }

    /// Chooses a way to pay in the payment form.
    pub async fn choose_method(&self, method: &str) {
        let tab = format!("#{method}-tab");
        self.enter("#payment-element iframe").await;
        self.click(&tab).await;
        self.leave_frame().await;
    }

    /// Fills in the card form on the payment page, and presses the button.
    pub async fn pay_with_card(&self, number: &str) {
        self.fill_card(number).await;
        self.click("#pay").await;
    }

    /// Fills in the card form on the payment page.
    pub async fn fill_card(&self, number: &str) {
        self.enter("#payment-element iframe").await;
        for (field, keys) in [("number", number), ("expiry", EXPIRY), ("cvc", CVC)] {
            let field = self.see(&format!("#Field-{field}Input")).await;
            field.clear().await.unwrap();
            field.send_keys(keys).await.unwrap();
        }
        self.leave_frame().await;
    }

    /// Fills in the form of a direct debit, once it is chosen.
    pub async fn fill_debit(&self) {
        self.enter("#payment-element iframe").await;
        for (field, keys) in DEBIT {
            self.type_into(&format!("#Field-{field}Input"), keys).await;
        }
        self.leave_frame().await;
    }

    /// Disconnects the shop from the app, which asks back because a payment is open.
    pub async fn disconnect(&self, demo: &Demo) {
        self.open_page(&format!("{}/apps", demo.shop)).await;
        self.click("#disconnect").await;
        self.read("The app asks before it goes").await;
        self.click("#confirm-ok").await;
        self.until("the shop knows that the app is gone", async || {
            self.text().await.contains("disconnected")
        })
        .await;
    }

    /// Answers the bank's question in the dialog over the payment page.
    pub async fn answer_bank(&self, button: &str) {
        self.enter("dialog iframe").await;
        self.click(button).await;
        self.leave_frame().await;
    }

    /// Goes on inside a frame.
    pub async fn enter(&self, frame: &str) {
        self.see(frame)
            .await
            .enter_frame()
            .await
            .unwrap_or_else(|error| panic!("{frame}: {error}"));
    }

    /// Goes on around a frame.
    pub async fn leave_frame(&self) {
        self.driver.enter_parent_frame().await.unwrap();
    }

    /// Pays from a bank account, which takes its time.
    pub async fn pay_by_debit(&self) {
        let frame = self.see("#payment-element iframe").await;
        frame.enter_frame().await.unwrap();
        self.click("label[for=sepa_debit-tab]").await;
        self.click("#sepa_debit-panel .test-cards summary").await;
        self.click("#sepa_debit-panel .test-cards li:first-child button").await;
        self.driver.enter_parent_frame().await.unwrap();
        self.click("#pay").await;
    }

    pub async fn open_page(&self, address: &str) {
        self.driver.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }
}

/// A demo with an order, and a browser on its payment page.
pub async fn about_to_pay(setup: &Setup) -> (Demo, Browser) {
    let demo = Demo::start().await;
    let browser = Browser::open(setup).await;
    browser.connect(&demo).await;
    browser.check_out(&demo).await;
    browser.arrive(&format!("{}/app-payment?", demo.app)).await;
    browser.can_pay().await;
    (demo, browser)
}
