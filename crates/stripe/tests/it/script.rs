//! A transport that answers from a script and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::platform::{Platform, PlatformKeys};
use app::tenant::{Access, Credentials, KeyPair};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use payment::{
    Account, Address, Checkout, Currency, Customer, IdempotencyKey, Mode, Money, OrderItem,
    OrderItemId, OrderReference, PspAccountId, PspReference, Redirects,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use stripe::{StripeClient, StripePsp, Transport, TransportError};
use tokio::time::Instant;
use url::Url;

/// What happens to one request.
pub enum Step {
    /// An answer: status, headers, body.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// The connection never stood.
    NotSent,
    /// The request was sent and the connection broke.
    Lost,
    /// Nothing comes back, ever.
    Silent,
}

/// An answer without any headers that matter.
pub fn answer(status: u16, body: Value) -> Step {
    Step::Answer(status, &[], body.to_string())
}

/// Stripe's own 500.
pub fn server_error(headers: &'static [(&'static str, &'static str)]) -> Step {
    let body = json!({ "error": { "type": "api_error", "message": "An unknown error occurred" } });
    Step::Answer(500, headers, body.to_string())
}

/// One request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: http::HeaderMap,
    pub body: String,
    /// How long after the first one.
    pub after: Duration,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The parameters, one a line, as a person reads them.
    pub fn parameters(&self) -> String {
        let query = self.target.split_once('?').map(|(_, query)| query);
        let encoded = query.unwrap_or(&self.body);
        url::form_urlencoded::parse(encoded.as_bytes())
            .map(|(name, value)| format!("{name} = {value}\n"))
            .collect()
    }
}

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    sent: Vec<Sent>,
    first: Option<Instant>,
}

/// The transport; clones share the script.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let state = State { steps: steps.into_iter().collect(), ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The port that talks to this script.
    pub fn psp(&self) -> StripePsp {
        let base = Url::parse("https://stripe.test/").unwrap();
        StripePsp::new(StripeClient::new(Arc::new(self.clone()), base))
    }

    /// The same with platform keys of the test mode.
    pub fn psp_with_platform(&self) -> StripePsp {
        let pair = KeyPair {
            secret: SecretString::from("sk_test_platform"),
            publishable: "pk_test_platform".to_owned(),
        };
        let test = Some(PlatformKeys { pair, webhook_secrets: Vec::new() });
        self.psp().with_platform(Platform { test, live: None })
    }

    /// What was sent. The whole script has to be played.
    pub fn sent(&self) -> Vec<Sent> {
        let state = self.0.lock().unwrap();
        assert!(state.steps.is_empty(), "{} steps were not played", state.steps.len());
        state.sent.clone()
    }

    fn play(&self, request: http::Request<Bytes>) -> Step {
        let mut state = self.0.lock().unwrap();
        let first = *state.first.get_or_insert_with(Instant::now);
        let (parts, body) = request.into_parts();
        state.sent.push(Sent {
            method: parts.method.to_string(),
            target: parts.uri.path_and_query().unwrap().to_string(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
            after: first.elapsed(),
        });
        state.steps.pop_front().expect("the script has a step for every request")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        match self.play(request) {
            Step::Answer(status, headers, body) => {
                let mut response = http::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                Ok(response.body(Bytes::from(body)).unwrap())
            }
            Step::NotSent => Err(TransportError::NotSent("connection refused".to_owned())),
            Step::Lost => Err(TransportError::Unknown("connection reset".to_owned())),
            Step::Silent => std::future::pending().await,
        }
    }
}

/// The credentials of a test account.
pub fn credentials() -> Credentials {
    Credentials {
        account: Account { id: PspAccountId::new("acct_1"), mode: Mode::Test },
        access: Access::Own(KeyPair {
            secret: SecretString::from("sk_test_shop"),
            publishable: "pk_test_shop".to_owned(),
        }),
        access_since: Timestamp::UNIX_EPOCH,
        endpoint: None,
        merchant_endpoint: None,
        webhook_secrets: Vec::new(),
    }
}

/// The same account as [`credentials`], through the operator's platform.
pub fn platform_credentials(mode: Mode) -> Credentials {
    let account = Account { id: PspAccountId::new("acct_1"), mode };
    Credentials { account, access: Access::Platform, ..credentials() }
}

pub fn key() -> IdempotencyKey {
    IdempotencyKey::new("0198c0de-0000-7000-8000-00000000000a")
}

pub fn reference() -> PspReference {
    PspReference::new("pi_1")
}

pub fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

/// An order of two items, shipped, with a note.
pub fn checkout() -> Checkout {
    let item = |id, sku: &str, unit_price_minor| OrderItem {
        id: Some(OrderItemId(id)),
        sku: sku.to_owned(),
        name: format!("Product {sku}"),
        quantity: 1,
        unit_price_minor,
    };
    Checkout {
        order_reference: Some(OrderReference::new("DE--1")),
        total: euros(18979),
        items: vec![item(11, "A-1", 10000), item(12, "B-2", 8489)],
        payment_method: Some("credit-card".to_owned()),
        locale: Some("de_DE".to_owned()),
        store: Some("DE".to_owned()),
        customer: Customer {
            reference: Some("DE--21".to_owned()),
            email: Some("sonia@example.test".to_owned()),
        },
        shipping: Some(Address {
            name: "Sonia Wagner".to_owned(),
            phone: Some("+49 30 1234567".to_owned()),
            line1: "Kirncher Str. 7".to_owned(),
            line2: None,
            zip: Some("10247".to_owned()),
            city: Some("Berlin".to_owned()),
            state: None,
            country: Some("de".to_owned()),
        }),
        additional: vec![("campaign".to_owned(), "spring & summer".to_owned())],
        redirects: Redirects::default(),
    }
}

/// A payment intent as Stripe answers it, in this status.
pub fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": 18979,
        "currency": "eur",
        "amount_capturable": if status == "requires_capture" { 18979 } else { 0 },
        "amount_received": if status == "succeeded" { 18979 } else { 0 },
        "cancellation_reason": if status == "canceled" { json!("requested_by_customer") } else { Value::Null },
        "latest_charge": null,
        "last_payment_error": null,
        "next_action": null,
        "client_secret": "pi_1_secret_x",
        "metadata": { "attemptId": "0198c0de-0000-7000-8000-00000000000a" },
    })
}
