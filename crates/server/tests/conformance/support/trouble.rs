//! What goes wrong between the app and Stripe, and whether the money agrees all the same.

use app::Entropy;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind, WebhookMode, WebhookSettings};

use super::{Order, TestApp, request};

/// The calls that faults are for; the star stands for the intent.
pub const CREATE: &str = "/v1/payment_intents";
pub const CAPTURE: &str = "/v1/payment_intents/*/capture";
pub const CANCEL: &str = "/v1/payment_intents/*/cancel";
pub const REFUND: &str = "/v1/refunds";

/// So often a call is tried: a fault for all of them hits the call itself.
pub const ALL_TRIES: u32 = stripe::TRIES_MAX;

/// The money of a payment, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What can still be captured.
    pub held: i64,
    pub captured: i64,
    /// What was given back or is on its way.
    pub refunded: i64,
}

impl TestApp {
    /// An order whose money is held, as the shop has heard. Nothing is left unread.
    pub async fn held(&self, order: &Order) -> String {
        self.held_by(order, "pm_card_visa").await
    }

    /// The same with another card. Only Visa cards can be captured in several steps.
    pub async fn held_by(&self, order: &Order, card: &str) -> String {
        let transaction = self.initialize(order).await;
        self.pay(&transaction, card).await;
        self.settle().await;
        let all = format!("PaymentAuthorized{} {}", ids(&order.items), order.total);
        assert_eq!(self.results().await, [all]);
        transaction
    }

    /// The shopper pays by bank debit; it settles a minute later, or bounces.
    pub async fn pay_by_debit(&self, transaction: &str, iban: &str) {
        let form = format!(
            "payment_method_data[type]=sepa_debit&payment_method_data[sepa_debit][iban]={iban}\
             &return_url=https%3A%2F%2Fshop.test"
        );
        let path = format!("/v1/payment_intents/{transaction}/confirm");
        let answer = self.stripe(Method::POST, &path, &form).await;
        assert_eq!(answer["status"], "processing", "{answer}");
    }

    /// Sends a command, lets everything be done that can be done now, and reads the results.
    pub async fn results_of(&self, name: &str, body: &Value) -> Vec<String> {
        self.command(name, body).await;
        self.settle().await;
        self.results().await
    }

    /// Sends a command with just these headers.
    pub async fn command_with(
        &self,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> (StatusCode, Value) {
        let path = "/message-channels/payment-commands";
        let mut request: Request<_> = request(Method::POST, path, body.to_string());
        for (header, value) in headers {
            request.headers_mut().insert(*header, value.parse().unwrap());
        }
        self.send(request).await
    }

    /// The money of an order's payment, in our books and at Stripe, which have to agree.
    pub async fn books(&self, order: &Order) -> Books {
        let payment = self.payment(order).await;
        let reference = payment.reference().expect("Stripe knows the payment");
        let there = self.money(reference.as_str());
        let at_stripe = Books {
            held: there.amount_capturable,
            captured: there.amount_captured,
            refunded: there.amount_refunded,
        };
        let ours = Books {
            held: payment.capturable.minor(),
            captured: payment.captured.minor(),
            refunded: payment.refunded_or_in_flight().minor(),
        };
        assert_eq!(ours, at_stripe, "our books do not say what Stripe says");
        ours
    }

    /// The newest reason in the history of an order's payment.
    pub async fn last_note(&self, order: &Order) -> String {
        let payment = self.payment(order).await;
        let store: &dyn app::Store = self.store.as_ref();
        let history = store.history(&payment.tenant, payment.id).await.unwrap();
        let note = history.into_iter().rev().find_map(|entry| entry.note);
        note.expect("there is a reason")
    }

    /// The history of an order's payment, as `what: from to`.
    pub async fn history(&self, order: &Order) -> Vec<String> {
        let payment = self.payment(order).await;
        let store: &dyn app::Store = self.store.as_ref();
        let history = store.history(&payment.tenant, payment.id).await.unwrap();
        history.iter().map(|row| format!("{}: {} {}", row.what, row.from, row.to)).collect()
    }

    /// No row of the inbox is left to work on, whatever the shop has not read yet.
    pub async fn assert_no_command_waits(&self) {
        let store: &dyn app::Store = self.store.as_ref();
        let backlog = store.backlog(self.entropy.now()).await.unwrap();
        assert_eq!((backlog.inbox_waiting, backlog.inbox_parked, backlog.calls_open), (0, 0, 0));
    }

    /// How often Stripe was called like this, whatever became of it: repetitions count.
    pub fn calls_made(&self, method: &str, path_end: &str) -> usize {
        let calls = self.sandbox.calls();
        calls.iter().filter(|call| call.method == method && call.path.ends_with(path_end)).count()
    }

    /// The idempotency keys of the calls made like this, in order, repetitions included.
    pub fn keys_used(&self, path_end: &str) -> Vec<String> {
        let calls = self.sandbox.calls();
        let posted =
            calls.into_iter().filter(|call| call.method == "POST" && call.path.ends_with(path_end));
        posted.map(|call| call.idempotency_key.expect("a POST carries a key")).collect()
    }

    /// Stripe tells nothing for now.
    pub fn hold_webhooks(&self) {
        let settings = WebhookSettings { mode: WebhookMode::Hold, ..WebhookSettings::default() };
        self.sandbox.set_webhooks(settings).unwrap();
    }

    /// Stripe tells what it held back, and goes on telling.
    pub fn release_webhooks(&self) {
        self.sandbox.set_webhooks(WebhookSettings::default()).unwrap();
        self.sandbox.release_webhooks();
    }

    /// Stripe says that it works on the capture of the intent that was authorized last.
    pub async fn receive_processing(&self) {
        let mut event = self.event("payment_intent.amount_capturable_updated").await;
        event.0["id"] = json!("evt_processing");
        event.0["type"] = json!("payment_intent.processing");
        event.0["data"]["object"]["status"] = json!("processing");
        assert_eq!(self.receive(&event).await.0, 200);
    }

    /// The next so many POSTs to this path go wrong like this.
    pub fn break_next(&self, kind: FaultKind, path: &str, times: u32) {
        let fault = Fault { times, ..Fault::new(kind).on("POST", path) };
        self.sandbox.inject(fault).unwrap();
    }

    /// Stripe answers again, and the moment is over in which it is not asked.
    pub async fn stripe_is_back(&self) {
        self.sandbox.clear_faults();
        tokio::time::advance(stripe::BREAKER_PAUSE).await;
    }

    /// The next so many POSTs to this path take a moment, in which others come.
    pub fn delay_next(&self, path: &str, times: u32) {
        let delay = Fault { times, delay_ms: 200, ..Fault::new(FaultKind::Delay) };
        self.sandbox.inject(delay.on("POST", path)).unwrap();
    }

    /// The next so many POSTs to this path are answered with this status, without an effect.
    pub fn answer_next(&self, status: u16, path: &str, times: u32) {
        let fault = Fault { times, status: Some(status), ..Fault::new(FaultKind::Status) };
        self.sandbox.inject(fault.on("POST", path)).unwrap();
    }
}

fn ids(items: &[i64]) -> String {
    serde_json::to_string(items).unwrap()
}
