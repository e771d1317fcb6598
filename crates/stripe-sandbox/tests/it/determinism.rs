use bytes::Bytes;
use stripe_sandbox::{Fault, FaultKind, WebhookOrder, WebhookSettings};

use crate::support::TestApp;

/// A little of everything; all bytes that came out of it.
async fn run(app: &TestApp) -> Vec<Bytes> {
    let mut out = Vec::new();
    app.subscribe().await;
    let settings = WebhookSettings { order: WebhookOrder::Shuffle, ..WebhookSettings::default() };
    app.sandbox.set_webhooks(settings).unwrap();
    let fault = Fault { percent: 30, times: 100, ..Fault::new(FaultKind::LoseAnswer) };
    app.sandbox.inject(fault.on("POST", "/v1/payment_intents")).unwrap();
    for number in 0..20 {
        let form = format!(
            "amount={}&currency=eur&confirm=true&payment_method=pm_card_visa&payment_method_types[]=card",
            1000 + number
        );
        let key = format!("k{number}");
        if let Some(reply) = app.post_keyed(&key, "/v1/payment_intents", &form).await {
            out.push(reply.bytes.clone());
            let refund = format!("payment_intent={}&amount=100", reply.text("/id"));
            out.push(app.post("/v1/refunds", &refund).await.ok().bytes);
        }
    }
    app.sandbox.deliver_due().await;
    for received in app.receiver.take() {
        out.push(Bytes::from(format!("{} {}", received.signature, received.event)));
    }
    out.push(app.get("/v1/events?limit=100").await.ok().bytes);
    out
}

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_bytes() {
    let first = run(&TestApp::with_seed(11)).await;
    assert!(first.len() > 40);
    assert_eq!(first, run(&TestApp::with_seed(11)).await);
    assert_ne!(first, run(&TestApp::with_seed(12)).await);
}

#[tokio::test]
async fn a_reset_starts_over() {
    let app = TestApp::with_seed(11);
    let first = run(&app).await;
    app.sandbox.reset();
    assert!(app.sandbox.audit().is_empty());
    assert!(app.sandbox.calls().is_empty());
    assert_eq!(run(&app).await, first);
}
