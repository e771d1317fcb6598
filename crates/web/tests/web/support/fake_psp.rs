//! A payment service provider that does what the secret key says: `refused`, `unreachable`,
//! `panic` or `hang` in it, else what was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use app::platform::Platform;
use app::ports::{
    CreatePayment, EndpointEvents, EndpointFault, EventSubject, IntentState, IntentView, Payer,
    Psp, PspError, PspEvent, RefundView, Refusal, RegisteredEndpoint, ShopperStep, ShopperView,
    UpdatePayment, WebhookRejected,
};
use app::tenant::{Credentials, WebhookEndpoint};
use async_trait::async_trait;
use jiff::Timestamp;
use payment::{
    Account, AttemptId, Checkout, IdempotencyKey, Mode, Money, PspAccountId, PspReference, RefundId,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

#[derive(Default)]
pub struct FakePsp {
    made: AtomicUsize,
    /// For so many accounts it does not answer.
    pub silent: AtomicUsize,
    /// What the next making of a payment answers instead.
    pub refuse_next: Mutex<Option<PspError>>,
    /// How every attempt stands for its shopper; else it can be paid.
    pub shopper: Mutex<Option<Result<(IntentState, ShopperStep), PspError>>>,
    amount: Mutex<Option<Money>>,
    /// The operator's keys, if there are any.
    pub platform: OnceLock<Platform>,
}

impl FakePsp {
    /// How many payments were made.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }
}

pub fn unasked<T>() -> Result<T, PspError> {
    Err(PspError::NotSent("the web never asks for this".to_owned()))
}

#[async_trait]
impl Psp for FakePsp {
    async fn check_keys(&self, secret: &SecretString, mode: Mode) -> Result<Account, PspError> {
        let key = secret.expose_secret();
        assert!(!key.contains("panic"), "a bug in an adapter");
        if key.contains("hang") {
            std::future::pending::<()>().await;
        }
        if key.contains("unreachable") {
            return Err(PspError::NotSent("connection refused".to_owned()));
        }
        if key.contains("refused") {
            let message = "Invalid API Key provided".to_owned();
            return Err(PspError::Refused(Box::new(Refusal { message, ..Refusal::default() })));
        }
        Ok(Account { id: PspAccountId::new("acct_1"), mode })
    }

    fn silent_accounts(&self) -> usize {
        self.silent.load(Ordering::SeqCst)
    }

    fn platform(&self) -> &Platform {
        self.platform.get_or_init(Platform::default)
    }

    async fn check_platform(&self, _: &Account) -> Result<(), PspError> {
        Ok(())
    }

    async fn create_endpoint(
        &self,
        _: &Credentials,
        url: &str,
        _: EndpointEvents,
        _: &IdempotencyKey,
    ) -> Result<WebhookEndpoint, PspError> {
        let secret = SecretString::from("whsec_made");
        Ok(WebhookEndpoint { id: "we_1".to_owned(), url: url.to_owned(), secret, given_up: false })
    }

    async fn list_endpoints(&self, _: &Credentials) -> Result<Vec<RegisteredEndpoint>, PspError> {
        Ok(Vec::new())
    }

    async fn update_endpoint(
        &self,
        _: &Credentials,
        _: &str,
        _: &str,
        _: EndpointEvents,
        _: &IdempotencyKey,
    ) -> Result<(), PspError> {
        Ok(())
    }

    fn endpoint_faults(&self, _: &RegisteredEndpoint, _: EndpointEvents) -> Vec<EndpointFault> {
        Vec::new()
    }

    async fn delete_endpoint(&self, _: &Credentials, _: &str) -> Result<(), PspError> {
        Ok(())
    }

    fn is_kind(&self, name: &str) -> bool {
        name == "card"
    }

    fn check_amount(&self, amount: Money) -> Result<(), String> {
        if amount.minor() < 50 { Err("is below the minimum of 0.50".to_owned()) } else { Ok(()) }
    }

    async fn create_payment(
        &self,
        _: &Credentials,
        request: &CreatePayment<'_>,
        _: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let refused = self.refuse_next.lock().ok().and_then(|mut next| next.take());
        if let Some(error) = refused {
            return Err(error);
        }
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        *self.amount.lock().unwrap() = Some(request.checkout.total);
        Ok(IntentView {
            reference: PspReference::new(format!("pi_{number}")),
            state: IntentState::AwaitingPayment,
            amount: request.checkout.total,
            method: None,
            multicapture: None,
            charge: None,
        })
    }

    async fn update_payment(
        &self,
        _: &Credentials,
        reference: &PspReference,
        change: &UpdatePayment<'_>,
        _: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        Ok(IntentView {
            reference: reference.clone(),
            state: IntentState::AwaitingPayment,
            amount: change.checkout.total,
            method: None,
            multicapture: None,
            charge: None,
        })
    }

    async fn describe_payment(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: &Checkout,
        _: &IdempotencyKey,
    ) -> Result<(), PspError> {
        Ok(())
    }

    async fn capture(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: Money,
        _: bool,
        _: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        unasked()
    }

    async fn cancel(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        unasked()
    }

    async fn refund(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: RefundId,
        _: Money,
        _: &IdempotencyKey,
    ) -> Result<RefundView, PspError> {
        unasked()
    }

    async fn retrieve(&self, _: &Credentials, _: &PspReference) -> Result<IntentView, PspError> {
        unasked()
    }

    async fn payer(&self, _: &Credentials, _: &PspReference) -> Result<Payer, PspError> {
        Ok(Payer::default())
    }

    async fn retrieve_for_shopper(
        &self,
        _: &Credentials,
        reference: &PspReference,
    ) -> Result<ShopperView, PspError> {
        let payable = (IntentState::AwaitingPayment, ShopperStep::Pay { declined: None });
        let (state, step) = self.shopper.lock().unwrap().clone().unwrap_or(Ok(payable))?;
        let amount = self.amount.lock().unwrap().unwrap();
        Ok(ShopperView {
            view: IntentView {
                reference: reference.clone(),
                state,
                amount,
                method: None,
                multicapture: None,
                charge: None,
            },
            client_secret: SecretString::from(format!("{reference}_secret_x")),
            step,
        })
    }

    async fn find_payment(
        &self,
        _: &Credentials,
        _: AttemptId,
        _: Timestamp,
    ) -> Result<Option<IntentView>, PspError> {
        unasked()
    }

    async fn find_refund(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: RefundId,
    ) -> Result<Option<RefundView>, PspError> {
        unasked()
    }

    fn verify_webhook(
        &self,
        signature: Option<&str>,
        _: &[u8],
        secrets: &[&SecretString],
        _: Timestamp,
    ) -> Result<usize, WebhookRejected> {
        match signature {
            None => Err(WebhookRejected::Unsigned),
            Some("old") => Err(WebhookRejected::Stale),
            Some("good") if !secrets.is_empty() => Ok(0),
            Some(_) => Err(WebhookRejected::WrongSignature),
        }
    }

    fn read_event(&self, body: &[u8]) -> Result<PspEvent, WebhookRejected> {
        let malformed = |why: &str| WebhookRejected::Malformed(why.to_owned());
        let event: Value = serde_json::from_slice(body).map_err(|_| malformed("it is not JSON"))?;
        let id = event["id"].as_str().ok_or_else(|| malformed("id is missing"))?;
        let live = event["livemode"].as_bool().unwrap_or_default();
        Ok(PspEvent {
            id: id.to_owned(),
            kind: "payment_intent.succeeded".to_owned(),
            mode: if live { Mode::Live } else { Mode::Test },
            account: None,
            subject: EventSubject::default(),
            fact: None,
        })
    }

    fn storable_event(&self, body: &[u8]) -> Result<Vec<u8>, WebhookRejected> {
        Ok(body.to_vec())
    }
}
