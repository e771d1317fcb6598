//! A shop's installation moves from SQLite to PostgreSQL in the middle of everything, and goes on.

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop};
use serde_json::json;

use crate::installation::{Installation, Process, install_tls};

/// A command was taken and waits; messages were told and not read. After the move all of that happens, once.
#[tokio::test(flavor = "multi_thread")]
async fn what_waited_on_sqlite_is_carried_out_on_postgresql() {
    install_tls();
    let mut installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    let mut journey = Journey::new(&shop, installation.stripe());
    let mut app = installation.start_app();
    journey.configure().await.unwrap();
    let transaction = journey.take_order().await.unwrap();
    app.kill();

    let mut api = Process::start(&mut installation.command(&["serve", "--role", "api"]));
    let capture = json!({
        "orderReference": "DE--1", "orderItemIds": [1001, 1002], "currencyIsoCode": "EUR",
        "amount": 18_979,
    });
    shop.command("CapturePayment", &capture).await.unwrap();
    let (from, to) = (installation.database.clone(), testkit::postgres::database().await);
    let migrate = |more: &[&str]| {
        let arguments = [&["migrate", "--from", &from, "--to", &to], more].concat();
        let output = installation.command(&arguments).output().unwrap();
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), told.concat())
    };
    let (code, told) = migrate(&[]);
    assert_eq!(code, Some(1));
    assert!(told.contains("another paybridge uses this database"), "{told}");
    api.kill();
    let (code, told) = migrate(&["--dry-run"]);
    assert!(code == Some(0) && told.contains("Dry run, nothing was changed"), "{told}");
    let (code, told) = migrate(&[]);
    assert!(code == Some(0) && told.contains("rows compared"), "{told}");
    assert!(told.contains("inbox: ") && told.contains("Next: start the app"), "{told}");
    let (code, told) = migrate(&[]);
    assert_eq!(code, Some(1));
    assert!(told.contains("has rows in `tenant` already"), "{told}");

    installation.database = to;
    let _app = installation.start_app();
    shop.wait_for("payment-events", "PaymentCaptured", 0).await.unwrap();
    journey.give_back().await.unwrap();
    journey.disconnect().await.unwrap();
    journey.check(&transaction).await.unwrap();
}
