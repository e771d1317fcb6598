//! Secrets move from one master key to another while the shop trades: nothing is lost.

use std::cell::Cell;
use std::sync::Arc;

use app::Entropy;
use serde_json::json;
use store::{Keyring, STEP_PAUSE, SqliteOperator};

use crate::support::*;

const OTHER_KEY: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

fn ring(active: &str, older: &str) -> Keyring {
    Keyring::from_base64(&active.into()).unwrap().with_older(&older.into()).unwrap()
}

/// Each order needs its tenant's keys again and again: for calls, for webhooks, for the answer.
async fn trade(app: &TestApp, orders: usize) -> Vec<String> {
    let mut results = Vec::new();
    for number in 0..orders {
        let order = Order::new(&format!("DE--{number}"));
        app.authorized(&order).await;
        app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
        app.settle().await;
        results.extend(app.results().await);
        // Whoever configures the tenant meanwhile seals its keys anew.
        let (status, answer) = app.configure(json!({"paymentPageTitle": order.reference})).await;
        assert_eq!(status, 200, "{answer}");
    }
    results
}

#[tokio::test]
async fn rotating_the_master_key_under_traffic_loses_nothing() {
    const ORDERS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::on_threads_with(folder.path(), ring(ENCRYPTION_KEY, OTHER_KEY));
    assert_eq!(app.configure(json!({})).await.0, 200);
    let operator = SqliteOperator::open(&folder.path().join("paybridge.db")).unwrap();
    let rings = [ring(OTHER_KEY, ENCRYPTION_KEY), ring(ENCRYPTION_KEY, OTHER_KEY)].map(Arc::new);

    // To and fro, as often as there is time for, until the last order is through.
    let (done, moved) = (Cell::new(false), Cell::new(0));
    let trading = async {
        let results = trade(&app, ORDERS).await;
        done.set(true);
        results
    };
    let rotating = async {
        while !done.get() {
            for ring in &rings {
                let step = operator.rotate_some(ring.clone(), app.entropy.now()).await.unwrap();
                moved.set(moved.get() + step.moved);
                tokio::time::sleep(STEP_PAUSE).await;
            }
        }
    };
    let (results, ()) = tokio::join!(trading, rotating);

    assert_eq!(results.len(), 2 * ORDERS, "{results:?}");
    let captured = results.iter().filter(|result| result.starts_with("PaymentCaptured[")).count();
    assert_eq!(captured, ORDERS, "{results:?}");
    assert!(moved.get() > 10, "the keys were moved {} times", moved.get());

    while !operator.rotate_some(rings[0].clone(), app.entropy.now()).await.unwrap().done {}
    let only = Keyring::from_base64(&OTHER_KEY.into()).unwrap();
    let uses = operator.key_uses(&only).await.unwrap();
    assert!(uses.iter().all(|key| key.in_ring), "the old key is needed no more: {uses:?}");
}
