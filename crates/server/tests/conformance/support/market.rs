//! A marketplace: its merchants, what it pays them, and the money at Stripe.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Order, TENANT, TestApp, request};

/// The call that passes money on, and the one that takes it back.
pub const TRANSFER: &str = "/v1/transfers";
pub const REVERSE: &str = "/v1/transfers/*/reversals";
/// The call that makes a merchant's account.
pub const ACCOUNTS: &str = "/v1/accounts";

/// One item of a transfers call: whose, which, and how much.
pub type Wanted<'a> = (&'a str, &'a str, i64);

/// What a merchant's onboarding button led to.
#[derive(Debug)]
pub struct Clicked {
    pub status: StatusCode,
    pub body: Value,
}

impl Clicked {
    pub fn url(&self) -> &str {
        self.body["url"].as_str().unwrap_or_else(|| panic!("no address: {}", self.body))
    }
}

impl TestApp {
    /// A marketplace whose shop has read what it was told, without merchants.
    pub async fn marketplace() -> Self {
        let app = Self::new();
        app.make_marketplace(json!({})).await;
        app
    }

    pub async fn make_marketplace(&self, more: Value) {
        let mut configuration = json!({"businessModel": "marketplace"});
        for (key, value) in more.as_object().into_iter().flatten() {
            configuration[key] = value.clone();
        }
        let (status, answer) = self.configure(configuration).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        for channel in ["payment-method-commands", "app-events", "merchant-app-events"] {
            self.read(channel).await;
        }
    }

    /// A marketplace with the merchants MER000001 and MER000002, onboarded.
    pub async fn with_merchants() -> Self {
        let app = Self::marketplace().await;
        app.onboarded("MER000001").await;
        app.onboarded("MER000002").await;
        app
    }

    /// A merchant clicks the onboarding button in the shop's portal.
    pub async fn click(&self, merchant: &str) -> Clicked {
        self.click_with(merchant, Some(merchant), json!({})).await
    }

    pub async fn click_with(&self, merchant: &str, header: Option<&str>, more: Value) -> Clicked {
        let portal = "https://mp.example.test/onboarding";
        let mut body = json!({
            "merchant": {"merchantReference": merchant, "name": "Ada & Söhne"},
            "successUrl": format!("{portal}/success"), "refreshUrl": format!("{portal}/refresh"),
            "cancelUrl": format!("{portal}/cancel"), "errorUrl": format!("{portal}/error"),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let path = "/private/merchants/onboarding";
        let mut request = request(Method::POST, path, body.to_string());
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-tenant-identifier", TENANT.parse().unwrap());
        if let Some(merchant) = header {
            headers.insert("x-merchant-reference", merchant.parse().unwrap());
        }
        let (status, body) = self.send(request).await;
        Clicked { status, body }
    }

    /// A merchant who can be paid out. Returns the account.
    pub async fn onboarded(&self, merchant: &str) -> String {
        let clicked = self.click(merchant).await;
        assert_eq!(clicked.status, StatusCode::CREATED, "{}", clicked.body);
        let account = self.account(merchant).await;
        self.onboarding_ends(&account, "complete").await;
        self.settle().await;
        self.read("merchant-app-events").await;
        account
    }

    /// The account of a merchant, as our books know it.
    pub async fn account(&self, merchant: &str) -> String {
        let account = self.merchant(merchant).await.account.expect("the merchant has an account");
        account.as_str().to_owned()
    }

    pub async fn merchant(&self, merchant: &str) -> app::merchant::Merchant {
        let (tenant, reference) =
            (payment::TenantId::new(TENANT), payment::MerchantReference::new(merchant));
        let store: &dyn app::Store = self.store.as_ref();
        let platform = store.tenant(&tenant).await.unwrap().unwrap().value.account;
        store.merchant(&tenant, &platform, &reference).await.unwrap().unwrap().value
    }

    /// What the merchant tells Stripe.
    pub async fn onboarding_ends(&self, account: &str, outcome: &str) {
        let path = format!("/_sandbox/accounts/{account}/onboarding");
        self.at_sandbox(&path, json!({"outcome": outcome})).await;
    }

    /// Changes what the stand-in's control says of an account.
    pub async fn change_account(&self, account: &str, change: Value) {
        self.at_sandbox(&format!("/_sandbox/accounts/{account}"), change).await;
    }

    /// Puts so many euro cents into an account, or takes them away: all that it has is available.
    pub async fn set_balance(&self, account: &str, available: i64) {
        let path = format!("/_sandbox/accounts/{account}/balance");
        let body = json!({"currency": "eur", "available": available, "pending": 0});
        self.at_sandbox(&path, body).await;
    }

    pub async fn at_sandbox(&self, path: &str, body: Value) {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }

    /// The account of the marketplace itself.
    pub async fn platform(&self) -> String {
        let account = self.stripe(Method::GET, "/v1/account", "").await;
        account["id"].as_str().unwrap().to_owned()
    }

    /// An order over this total whose money is captured.
    pub async fn sold(&self, reference: &str, total: i64) -> Order {
        let order = Order { total, ..Order::new(reference) };
        self.captured(&order).await;
        order
    }

    /// Pays out; the shop's amounts are texts.
    pub async fn pay_out(&self, order: &str, items: &[Wanted<'_>]) -> Vec<Value> {
        let items = items.iter().map(|item| wanted(order, None, *item)).collect();
        self.transfers(items).await
    }

    /// Takes back from a transfer; amounts are given without their sign.
    pub async fn take_back(&self, order: &str, transfer: &str, items: &[Wanted<'_>]) -> Vec<Value> {
        let negative = |(merchant, item, amount): &Wanted<'_>| {
            wanted(order, Some(transfer), (*merchant, *item, -amount))
        };
        self.transfers(items.iter().map(negative).collect()).await
    }

    /// A transfers call with these items. Whatever comes of it, the answer is one that the shop can
    /// read.
    pub async fn transfers(&self, items: Vec<Value>) -> Vec<Value> {
        let body = json!({"orderItems": items, "paymentTransmissionItems": items});
        let (status, answer) = self.call("/private/payments/transfers", &body).await;
        readable(status, &answer);
        answer["transfers"].as_array().unwrap().clone()
    }

    /// What an account of a merchant has, pending or not, in euro cents.
    pub fn balance_of(&self, account: &str) -> i64 {
        let balances = self.sandbox.balances();
        let of = balances.iter().filter(|of| of.account == account && of.currency == "eur");
        of.map(|of| of.available + of.pending).sum()
    }

    /// What merchants have of an order by our books and at Stripe, which have to agree.
    pub async fn paid_out(&self, order: &Order) -> i64 {
        let payment = self.payment(order).await;
        let of_order = |group: &Option<String>| group.as_deref() == Some(&order.reference);
        let transfers = self.sandbox.transfers();
        let there: i64 = transfers
            .iter()
            .filter(|transfer| of_order(&transfer.transfer_group))
            .map(|transfer| transfer.amount - transfer.amount_reversed)
            .sum();
        assert_eq!(payment.paid_out().minor(), there, "our books do not say what Stripe says");
        there
    }
}

/// An item as a shop writes it.
pub fn wanted(order: &str, transfer: Option<&str>, (merchant, item, amount): Wanted<'_>) -> Value {
    json!({
        "transfer_id": transfer, "type": "order-item", "merchant_reference": merchant,
        "order_reference": order, "item_reference": item, "amount": amount.to_string(),
        "is_successful": null, "failure_message": null,
    })
}

/// The answer of a transfers call as the shop's code reads it: one unknown key, a null transfer id
/// or an entry without items, and all of it is lost.
pub fn readable(status: StatusCode, answer: &Value) {
    assert_eq!(status, StatusCode::OK, "{answer}");
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap_or_else(|| panic!("{answer}")).keys().cloned().collect()
    };
    assert_eq!(keys(answer), BTreeSet::from(["transfers".to_owned()]));
    for entry in answer["transfers"].as_array().unwrap_or_else(|| panic!("{answer}")) {
        let known = [
            "amount",
            "failureMessage",
            "isSuccessful",
            "merchantReference",
            "orderReference",
            "paymentTransmissionItems",
            "transferId",
        ];
        assert_eq!(keys(entry), known.map(str::to_owned).into());
        let succeeded = entry["isSuccessful"].as_bool().expect("a real truth value");
        let transfer = entry["transferId"].as_str().expect("never null");
        assert_eq!(transfer.is_empty(), !succeeded, "{entry}");
        assert_eq!(entry["failureMessage"].is_null(), succeeded, "{entry}");
        for text in ["amount", "merchantReference", "orderReference"] {
            assert!(entry[text].is_string(), "{entry}");
        }
        let items = entry["paymentTransmissionItems"].as_array().unwrap();
        assert!(!items.is_empty(), "{entry}");
        for item in items {
            let known = ["amount", "itemReference", "merchantReference", "orderReference"];
            assert_eq!(keys(item), known.map(str::to_owned).into());
            assert!(item.as_object().unwrap().values().all(Value::is_string), "{item}");
        }
    }
}

/// An entry in one line: `MER1 6500 [i1,i2] ok`, or its reason.
pub fn line(entry: &Value) -> String {
    let items = entry["paymentTransmissionItems"].as_array().unwrap();
    let names: Vec<&str> = items.iter().map(|i| i["itemReference"].as_str().unwrap()).collect();
    let outcome = entry["failureMessage"].as_str().unwrap_or("ok");
    let (merchant, amount) = (&entry["merchantReference"], &entry["amount"]);
    let (merchant, amount) = (merchant.as_str().unwrap(), amount.as_str().unwrap());
    format!("{merchant} {amount} [{}] {outcome}", names.join(","))
}

/// The entries of an answer, each in one line.
pub fn lines(entries: &[Value]) -> Vec<String> {
    entries.iter().map(line).collect()
}

/// The transfer that an entry names.
pub fn transfer_id(entry: &Value) -> String {
    let id = entry["transferId"].as_str().unwrap_or_default();
    assert!(!id.is_empty(), "{entry}");
    id.to_owned()
}
