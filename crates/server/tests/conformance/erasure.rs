//! Customers who are taken out of the books: nothing of them is left in the database's files, and
//! the books still hold.

use std::path::Path;

use app::Store;
use app::ports::{
    Erased, Erasure, ErasureOutcome, ErasureSubject, OperatorStore, UnsettledPayment,
    UnsettledReason,
};
use app::tenant::TenantStatus;
use jiff::SignedDuration;
use payment::{OrderReference, Status, TenantId};
use serde_json::{Value, json};
use store::{Rewritten, SqliteOperator};
use tempfile::TempDir;

use crate::support::*;

/// What names her, wherever it may have gone.
const HER: [&str; 6] =
    ["sonia@example.test", "Sonia", "Wagner", "Wolfthorn", "+49 30 1234567", "DE--21"];
/// What names another customer of the same shop.
const HIM: [&str; 2] = ["ada@example.test", "Lovelace"];

struct Site {
    app: TestApp,
    folder: TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::on_threads(folder.path());
        assert_eq!(app.configure(json!({})).await.0, 200);
        Self { app, folder }
    }

    /// Her order, paid and captured, as her browser and Stripe's webhooks tell of her.
    async fn hers(&self, reference: &str) -> Order {
        let order = Order::new(reference);
        let mut body = order.request();
        body["orderData"]["customerEmail"] = json!(HER[0]);
        body["orderData"]["customerReference"] = json!(HER[5]);
        for (field, value) in [
            ("shippingFirstName", HER[1]),
            ("shippingLastName", HER[2]),
            ("shippingAddress1", "Julie-Wolfthorn-Str. 1"),
            ("shippingCity", "Berlin"),
            ("shippingZip", "10115"),
            ("shippingCountryCode", "DE"),
            ("shippingPhone", HER[4]),
        ] {
            body["orderData"][field] = json!(value);
        }
        self.paid(&order, body).await;
        order
    }

    async fn his(&self, reference: &str) -> Order {
        let order = Order::new(reference);
        let mut body = order.request();
        body["orderData"]["shippingFirstName"] = json!("Ada");
        body["orderData"]["shippingLastName"] = json!(HIM[1]);
        body["orderData"]["shippingAddress1"] = json!("St James's Square 12");
        self.paid(&order, body).await;
        order
    }

    async fn paid(&self, order: &Order, mut body: Value) {
        // She first wants less, so that the journal has what was changed.
        body["orderData"]["grandTotal"] = json!(order.total - 100);
        let (status, answer) = self.app.call("/private/initialize-payment", &body).await;
        assert_eq!(status, 200, "{answer}");
        body["orderData"]["grandTotal"] = json!(order.total);
        let (status, answer) = self.app.call("/private/initialize-payment", &body).await;
        assert_eq!(status, 200, "{answer}");
        self.app.pay(answer["transactionId"].as_str().unwrap(), "pm_card_visa").await;
        self.app.settle().await;
    }

    async fn capture(&self, order: &Order) {
        let all = capture(order, &order.items, order.total);
        self.app.command("CapturePayment", &all).await;
        self.app.settle().await;
        self.app.results().await;
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("paybridge.db")
    }

    async fn erase(&self, subject: ErasureSubject, rehearsed: bool) -> ErasureOutcome {
        let operator = SqliteOperator::open(&self.path()).unwrap();
        let (tenant, now) = (TenantId::new(TENANT), self.app.now());
        let outcome = operator.erase(&Erasure { tenant, subject, now, rehearsed }).await.unwrap();
        if matches!(outcome, ErasureOutcome::Erased(_)) && !rehearsed {
            assert_eq!(operator.rewrite().unwrap(), Rewritten::Whole, "the log is emptied");
        }
        outcome
    }

    /// Which of these are anywhere in the files of the database, its log included.
    fn found<'a>(&self, needles: &[&'a str]) -> Vec<&'a str> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let bytes: Vec<Vec<u8>> =
            files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        let is_there = |needle: &&&str| bytes.iter().any(|file| contains(file, needle.as_bytes()));
        needles.iter().filter(is_there).copied().collect()
    }
}

fn contains(file: &[u8], needle: &[u8]) -> bool {
    file.windows(needle.len()).any(|part| part == needle)
}

fn customer(name: &str) -> ErasureSubject {
    ErasureSubject::Customer(name.to_owned())
}

fn orders(outcome: ErasureOutcome) -> Vec<String> {
    match outcome {
        ErasureOutcome::Erased(Erased { payments, .. }) => payments,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_customer_who_is_erased_is_in_no_file_and_the_books_still_hold() {
    let site = Site::new().await;
    let order = site.hers("DE--1").await;
    site.capture(&order).await;
    site.his("DE--2").await;
    site.app.results().await;
    assert_eq!(site.found(&HER), HER, "she is there before");
    assert_eq!(site.found(&HIM), HIM);

    assert_eq!(orders(site.erase(customer("SONIA@example.test"), true).await), ["DE--1"]);
    assert_eq!(site.found(&HER), HER, "a rehearsal changes nothing");
    assert_eq!(orders(site.erase(customer(HER[0]), false).await), ["DE--1"]);
    assert_eq!(site.found(&HER), [] as [&str; 0]);
    assert_eq!(site.found(&HIM), HIM, "another customer stays");

    let payment = site.app.payment(&order).await;
    assert_eq!(payment.captured.minor(), order.total);
    assert_eq!(payment.checkout.items.len(), 2);
    assert_eq!(orders(site.erase(customer(HER[5]), false).await), [] as [&str; 0], "it is done");

    // What she bought can still be given back.
    let back = refund(&order, &order.items, order.total);
    assert_eq!(
        site.app.results_of("RefundPayment", &back).await,
        ["PaymentRefunded[1001,1002] 18979"]
    );
}

#[tokio::test]
async fn an_order_is_erased_by_its_reference_or_the_shops_customer() {
    let site = Site::new().await;
    for reference in ["DE--1", "DE--2"] {
        let order = site.hers(reference).await;
        site.capture(&order).await;
    }
    let order = ErasureSubject::Order(OrderReference::new("DE--2"));
    assert_eq!(orders(site.erase(order, false).await), ["DE--2"]);
    assert_eq!(orders(site.erase(customer("DE--21"), false).await), ["DE--1"]);
    assert_eq!(site.found(&HER), [] as [&str; 0]);
}

#[tokio::test]
async fn nothing_is_erased_as_long_as_an_order_is_not_settled() {
    let site = Site::new().await;
    let captured = site.hers("DE--1").await;
    site.capture(&captured).await;
    let authorized = site.hers("DE--2").await;
    let refused = ErasureOutcome::Unsettled(vec![UnsettledPayment {
        order: "DE--2".into(),
        reason: UnsettledReason::Open(Status::Authorized),
    }]);
    assert_eq!(site.erase(customer(HER[0]), false).await, refused);
    assert_eq!(site.found(&HER), HER, "not even the settled one");

    let all = cancel(&authorized, &authorized.items);
    site.app.command("CancelPayment", &all).await;
    let waits = vec![UnsettledPayment { order: "DE--2".into(), reason: UnsettledReason::Inbox }];
    let by_order = ErasureSubject::Order(OrderReference::new("DE--2"));
    match site.erase(by_order, false).await {
        // A command that waits is told once nothing is open; here the payment still is.
        ErasureOutcome::Unsettled(payments) => assert!(payments == waits || payments.len() == 1),
        other => panic!("{other:?}"),
    }
    site.app.settle().await;
    assert_eq!(orders(site.erase(customer(HER[0]), false).await), ["DE--1", "DE--2"]);
}

#[tokio::test]
async fn a_new_order_of_an_erased_customer_is_found_again() {
    let site = Site::new().await;
    let order = site.hers("DE--1").await;
    let all = cancel(&order, &order.items);
    site.app.command("CancelPayment", &all).await;
    site.app.settle().await;
    assert_eq!(orders(site.erase(customer(HER[0]), false).await), ["DE--1"]);
    // The same order is paid anew (rule R2): her address is back, and so is the wish.
    site.hers("DE--1").await;
    site.capture(&order).await;
    assert_eq!(orders(site.erase(customer(HER[0]), false).await), ["DE--1"]);
    assert_eq!(site.found(&HER), [] as [&str; 0]);
}

#[tokio::test]
async fn a_tenant_is_erased_as_a_whole_once_it_is_disconnected() {
    let site = Site::new().await;
    let order = site.hers("DE--1").await;
    site.capture(&order).await;
    let everything = ErasureSubject::Tenant;
    assert_eq!(site.erase(everything.clone(), false).await, ErasureOutcome::Connected);
    assert_eq!(site.app.disconnect(Some("true")).await.0, 204);

    let store: &dyn Store = site.app.store.as_ref();
    let tenant = TenantId::new(TENANT);
    let ErasureOutcome::Erased(erased) = site.erase(everything, false).await else {
        panic!("it is not erased")
    };
    assert_eq!(
        (erased.payments.as_slice(), erased.credentials),
        (["DE--1".to_owned()].as_slice(), 1)
    );
    assert_eq!(site.found(&HER), [] as [&str; 0]);
    assert!(store.all_credentials(&tenant).await.unwrap().is_empty(), "its keys are destroyed");
    let stored = store.tenant(&tenant).await.unwrap().unwrap().value;
    assert_eq!(stored.status, TenantStatus::Disconnected);
    assert_eq!(stored.settings, app::tenant::Settings::default());
    assert_eq!(site.app.payment(&order).await.captured.minor(), order.total, "the books stay");

    // It may come back, with new keys.
    assert_eq!(site.app.configure(json!({})).await.0, 200);
    site.his("DE--2").await;
}

#[tokio::test]
async fn an_open_order_keeps_its_tenant_from_being_erased() {
    let site = Site::new().await;
    site.hers("DE--1").await;
    assert_eq!(site.app.disconnect(Some("true")).await.0, 204);
    let refused = ErasureOutcome::Unsettled(vec![UnsettledPayment {
        order: "DE--1".into(),
        reason: UnsettledReason::Open(Status::Authorized),
    }]);
    assert_eq!(site.erase(ErasureSubject::Tenant, false).await, refused);
}

/// The worker's part: what is old goes by itself, and what is overwritten is no longer in the file.
#[tokio::test]
async fn customer_data_go_by_themselves_when_they_are_old() {
    let site = Site::new().await;
    let settled = site.hers("DE--1").await;
    site.capture(&settled).await;
    let open = site.his("DE--2").await;
    site.app.entropy.advance(SignedDuration::from_hours(24 * 31));
    let store: &dyn Store = site.app.store.as_ref();
    let now = site.app.now();
    let before = now - SignedDuration::from_hours(24 * 30);
    assert_eq!(store.erase_older(before, now, 100).await.unwrap(), 1);
    assert_eq!(store.erase_older(before, now, 100).await.unwrap(), 0);

    assert_eq!(site.app.payment(&settled).await.checkout.customer.email, None);
    let kept = site.app.payment(&open).await.checkout.customer.email.clone();
    assert_eq!(kept.as_deref(), Some("ada@example.test"), "an open order keeps its customer");
    checkpoint(&site.path());
    assert_eq!(site.found(&HER), [] as [&str; 0]);
}

/// Takes the log over into the database, as SQLite does by itself every now and then.
fn checkpoint(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
}
