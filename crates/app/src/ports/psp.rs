//! The payment service provider (PSP) as the use cases see it.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{
    Account, Address, AttemptId, Checkout, Dispute, Event, IdempotencyKey, Money, OrderReference,
    PaymentId, PspChargeId, PspReference, RefundFact, RefundId, TenantId,
};
use secrecy::SecretString;
use thiserror::Error;

use crate::offered::Terms;
use crate::platform::Platform;
use crate::ports::{AuditPsp, MarketplacePsp, PayoutObstacle};
use crate::tenant::{BusinessModel, Credentials, InstallationId, WebhookEndpoint};

/// Calls to the PSP, and the reading of what it sends.
///
/// Every call that moves money or makes something carries an idempotency key: under one key it
/// happens at most once, and repeating it returns the first answer.
#[async_trait]
pub trait Psp: MarketplacePsp + AuditPsp {
    /// Checks the keys by using them, and tells which account they belong to.
    ///
    /// # Errors
    /// [`PspError::Refused`] for keys that do not work; the others as everywhere.
    async fn check_keys(
        &self,
        secret_key: &SecretString,
        mode: payment::Mode,
    ) -> Result<Account, PspError>;

    /// For how many accounts the PSP does not answer just now, as far as this process has asked: their
    /// calls wait. An operator reads it; nothing depends on it.
    fn silent_accounts(&self) -> usize;

    /// The operator's own keys, with which the app works in accounts that tenants have no keys for
    /// here. There may be none.
    fn platform(&self) -> &Platform;

    /// Checks that the operator's platform works in the account, in its mode.
    ///
    /// # Errors
    /// [`PspError::Refused`] where it does not; the others as everywhere.
    async fn check_platform(&self, account: &Account) -> Result<(), PspError>;

    /// Registers a webhook endpoint for the events named. Its secret is told only now.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn create_endpoint(
        &self,
        credentials: &Credentials,
        url: &str,
        events: EndpointEvents,
        key: &IdempotencyKey,
    ) -> Result<WebhookEndpoint, PspError>;

    /// The webhook endpoints of the account.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn list_endpoints(
        &self,
        credentials: &Credentials,
    ) -> Result<Vec<RegisteredEndpoint>, PspError>;

    /// Makes a registered endpoint one for these events at this address. Its secret stays, and so
    /// does the version of the API in which it is told: that is fixed when it is made.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn update_endpoint(
        &self,
        credentials: &Credentials,
        id: &str,
        url: &str,
        events: EndpointEvents,
        key: &IdempotencyKey,
    ) -> Result<(), PspError>;

    /// What keeps a registered endpoint from telling us these events as we read them.
    fn endpoint_faults(
        &self,
        endpoint: &RegisteredEndpoint,
        events: EndpointEvents,
    ) -> Vec<EndpointFault>;

    /// Removes a webhook endpoint. One that is gone already is a success.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn delete_endpoint(&self, credentials: &Credentials, id: &str) -> Result<(), PspError>;

    /// Whether the PSP has payment methods of this kind, in its own words.
    fn is_kind(&self, name: &str) -> bool;

    /// Whether the PSP can be asked for this amount: it has minimums, and not every minor unit.
    ///
    /// # Errors
    /// Why not, in words for the shop; no call is made.
    fn check_amount(&self, amount: Money) -> Result<(), String>;

    /// Makes an attempt to be paid.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn create_payment(
        &self,
        credentials: &Credentials,
        request: &CreatePayment<'_>,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError>;

    /// Changes the amount, the terms and the description of an unpaid attempt.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn update_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        change: &UpdatePayment<'_>,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError>;

    /// Changes what an attempt says of its order, which is possible at any time: no money depends on
    /// it.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn describe_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        checkout: &Checkout,
        key: &IdempotencyKey,
    ) -> Result<(), PspError>;

    /// Takes `amount` of what is held. `last` lets go of the rest; with an amount of zero it does
    /// only that, for an attempt of which something was captured.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn capture(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        amount: Money,
        last: bool,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError>;

    /// Cancels an attempt and lets go of what is held.
    ///
    /// # Errors
    /// See [`PspError`]; [`Refusal::processing`] says that the money is on its way.
    async fn cancel(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError>;

    /// Gives `amount` back. `refund` travels along, so that the refund can be found again.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn refund(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        refund: RefundId,
        amount: Money,
        key: &IdempotencyKey,
    ) -> Result<RefundView, PspError>;

    /// Asks how an attempt stands.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn retrieve(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<IntentView, PspError>;

    /// Asks who pays an attempt, as far as the shopper or her wallet has said so.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn payer(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<Payer, PspError>;

    /// Asks how an attempt stands and what opens it to its shopper. That is told only here, and
    /// kept nowhere.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn retrieve_for_shopper(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<ShopperView, PspError>;

    /// Looks for the attempt that was made for `attempt`, among the account's attempts made since
    /// `since`. `None` proves that there is none.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn find_payment(
        &self,
        credentials: &Credentials,
        attempt: AttemptId,
        since: Timestamp,
    ) -> Result<Option<IntentView>, PspError>;

    /// Looks for the refund that was made for `refund` on this attempt. `None` proves that there
    /// is none.
    ///
    /// # Errors
    /// See [`PspError`].
    async fn find_refund(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        refund: RefundId,
    ) -> Result<Option<RefundView>, PspError>;

    /// Proves that a webhook was sent by the PSP, with any of `secrets`, not longer ago than the
    /// PSP's tolerance. Returns which of them it was.
    ///
    /// # Errors
    /// [`WebhookRejected`].
    fn verify_webhook(
        &self,
        signature: Option<&str>,
        body: &[u8],
        secrets: &[&SecretString],
        now: Timestamp,
    ) -> Result<usize, WebhookRejected>;

    /// Reads a webhook's body. It may not be believed before it is verified.
    ///
    /// # Errors
    /// [`WebhookRejected::Malformed`].
    fn read_event(&self, body: &[u8]) -> Result<PspEvent, WebhookRejected>;

    /// The body as it may be stored: without what opens a payment to whoever reads it.
    ///
    /// # Errors
    /// [`WebhookRejected::Malformed`].
    fn storable_event(&self, body: &[u8]) -> Result<Vec<u8>, WebhookRejected>;
}

/// What a webhook endpoint is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointEvents {
    /// What happens to payments, at the account itself.
    Payments,
    /// What happens to the accounts of merchants below it.
    Merchants,
}

/// What a new attempt needs to carry.
#[derive(Clone, Copy, Debug)]
pub struct CreatePayment<'a> {
    /// The shop.
    pub tenant: &'a TenantId,
    /// This installation.
    pub installation: InstallationId,
    /// Our payment.
    pub payment: PaymentId,
    /// The attempt.
    pub attempt: AttemptId,
    /// How the tenant's money flows.
    pub business_model: BusinessModel,
    /// What is added to the descriptor on the shopper's statement.
    pub statement_descriptor_suffix: Option<&'a str>,
    /// How the order is paid.
    pub terms: &'a Terms,
    /// The order.
    pub checkout: &'a Checkout,
}

/// What an unpaid attempt becomes.
#[derive(Clone, Copy, Debug)]
pub struct UpdatePayment<'a> {
    /// How the order is paid now.
    pub terms: &'a Terms,
    /// The order as it is now.
    pub checkout: &'a Checkout,
}

/// A webhook endpoint at the PSP, without its secret: that is told only at its making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredEndpoint {
    /// The PSP's name of it.
    pub id: String,
    /// Where it points.
    pub url: String,
    /// Whether it is sent anything.
    pub enabled: bool,
    /// What it is sent, in the PSP's words.
    pub events: Vec<String>,
    /// The version of the PSP's API in which it is told.
    pub version: Option<String>,
}

/// What is wrong with a registered webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointFault {
    /// It was switched off.
    Disabled,
    /// It is not sent these events, which are needed.
    Lacks(Vec<String>),
    /// It is told in another version of the PSP's API than the one that is read here. Only a new
    /// endpoint has another version.
    Version {
        /// The endpoint's.
        found: Option<String>,
        /// Ours.
        wanted: &'static str,
    },
}

/// How an attempt stands at the PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentView {
    /// The PSP's name of it.
    pub reference: PspReference,
    /// How it stands.
    pub state: IntentState,
    /// What it is about.
    pub amount: Money,
    /// How the shopper pays, for people: `card visa 4242`.
    pub method: Option<String>,
    /// Whether it can be captured in several steps; `None` where the PSP did not say.
    pub multicapture: Option<bool>,
    /// The charge that paid it, once it is paid.
    pub charge: Option<PspChargeId>,
}

/// The state of an attempt at the PSP, in the domain's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// The shopper has not paid yet, or the last try was declined.
    AwaitingPayment,
    /// Accepted; settles later.
    Processing,
    /// A part came in (bank transfer).
    PartiallyFunded {
        /// What came in so far.
        received: Money,
    },
    /// Money is held.
    Authorized {
        /// What can be captured now.
        capturable: Money,
        /// What was captured so far; not zero between the captures of a multicapture.
        captured: Money,
    },
    /// The money is ours and the attempt is closed.
    Captured {
        /// All that was captured.
        total: Money,
    },
    /// Nothing can be captured any more.
    Canceled {
        /// The PSP's reason.
        reason: Option<String>,
        /// What was captured before.
        captured: Money,
    },
}

impl IntentView {
    /// What this view says has happened, in the order in which it must have.
    pub fn facts(&self) -> Vec<Event> {
        let mut facts = vec![Event::Created { reference: self.reference.clone() }];
        match &self.state {
            IntentState::AwaitingPayment => {}
            IntentState::Processing => facts.push(Event::Processing),
            IntentState::PartiallyFunded { received } => {
                facts.push(Event::PartiallyFunded { received: *received });
            }
            IntentState::Authorized { capturable, captured } if captured.is_zero() => {
                let multicapture = self.multicapture;
                facts.push(Event::Authorized { capturable: *capturable, multicapture });
            }
            IntentState::Authorized { capturable, captured } => {
                facts.push(Event::Captured { total: *captured, capturable: *capturable });
            }
            IntentState::Captured { total } => {
                let capturable = Money::zero(total.currency());
                facts.push(Event::Captured { total: *total, capturable });
            }
            IntentState::Canceled { reason, captured } => {
                if !captured.is_zero() {
                    let capturable = Money::zero(captured.currency());
                    facts.push(Event::Captured { total: *captured, capturable });
                }
                facts.push(Event::Canceled { reason: reason.clone() });
            }
        }
        facts
    }
}

/// Who pays an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payer {
    /// E-mail address.
    pub email: Option<String>,
    /// Who is billed.
    pub billing: Address,
    /// Who gets the goods, where the wallet has said so.
    pub shipping: Option<Address>,
}

/// An attempt for its shopper.
#[derive(Clone, Debug)]
pub struct ShopperView {
    /// How it stands.
    pub view: IntentView,
    /// Whoever has it can pay, or see, the attempt in the shopper's place.
    pub client_secret: SecretString,
    /// What the shopper does next, while it can be paid.
    pub step: ShopperStep,
}

/// What the shopper does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopperStep {
    /// She chooses how to pay. The last try was declined, if there was one.
    Pay {
        /// Why.
        declined: Option<Decline>,
    },
    /// She finishes what she began: the confirmation of her bank, a transfer.
    Finish,
}

/// Why a try to pay was declined, as far as it tells a shopper what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decline {
    /// There is not enough money.
    InsufficientFunds,
    /// The card has expired.
    ExpiredCard,
    /// The card's check digits are wrong.
    IncorrectCvc,
    /// The shopper's bank did not get its confirmation.
    NotConfirmed,
    /// The card issuer could not be asked; the same card may do.
    Passing,
    /// Whatever else.
    Other,
}

impl Decline {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::InsufficientFunds,
        Self::ExpiredCard,
        Self::IncorrectCvc,
        Self::NotConfirmed,
        Self::Passing,
        Self::Other,
    ];
}

/// A refund at the PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundView {
    /// What it says.
    pub fact: RefundFact,
}

/// Something that happened at the PSP, read from a webhook or an event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PspEvent {
    /// The PSP's name of the event: the same at every delivery.
    pub id: String,
    /// The PSP's type of it, for history and counters.
    pub kind: String,
    /// Whether real money is meant.
    pub mode: payment::Mode,
    /// The connected account it is about, if any.
    pub account: Option<payment::PspAccountId>,
    /// The payment it is about.
    pub subject: EventSubject,
    /// What it says; `None` for an event that moves nothing.
    pub fact: Option<PspFact>,
}

/// How an event names the payment it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSubject {
    /// The PSP's name of the attempt.
    pub reference: Option<PspReference>,
    /// The tenant that our metadata names.
    pub tenant: Option<TenantId>,
    /// The installation that our metadata names.
    pub installation: Option<InstallationId>,
    /// The payment that our metadata names.
    pub payment: Option<PaymentId>,
    /// The attempt that our metadata names.
    pub attempt: Option<AttemptId>,
    /// The order that our metadata names.
    pub order: Option<OrderReference>,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PspFact {
    /// How the attempt stood.
    Intent(IntentView),
    /// Paying failed.
    Failed {
        /// How the attempt stood afterwards.
        view: IntentView,
        /// The PSP's reason.
        reason: String,
        /// Whether the shopper may try again.
        retriable: bool,
    },
    /// Details of the money's source: what the attempt alone does not say.
    Charge {
        /// How the shopper paid, for people.
        method: Option<String>,
        /// Whether it can be captured in several steps.
        multicapture: Option<bool>,
        /// The charge itself.
        charge: Option<PspChargeId>,
    },
    /// A refund changed.
    Refund(RefundFact),
    /// More money came in than the attempt asked for.
    Overfunded {
        /// What is left with the PSP after the attempt took its part.
        left: Money,
    },
    /// A dispute was opened or changed.
    Disputed {
        /// What happened, in words.
        note: String,
        /// Where its money is.
        dispute: Dispute,
    },
    /// Something about the account of a merchant changed. What, is asked for: events come in any
    /// order.
    Account,
}

/// Why a call to the PSP did not return what was asked for, by what the caller does next.
#[derive(Clone, Debug, Error)]
pub enum PspError {
    /// The PSP answered no. Nothing happened, and asking again will not help.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The call never reached the PSP, or was turned away before it was carried out: safe to
    /// repeat later.
    #[error("the payment provider did not take the request: {0}")]
    NotSent(String),
    /// Nobody knows whether it happened: repeat under the same key, or ask. Never a failure.
    #[error("the payment provider did not answer: {0}")]
    Unknown(String),
    /// The first answer under this key was a server error and is replayed for ever: ask what is
    /// there, then go on under a new key (rule R15).
    #[error("the payment provider keeps answering with its own error under this key: {0}")]
    KeySpent(String),
}

/// The PSP's no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The PSP's code, for logs and the error catalogue.
    pub code: Option<String>,
    /// The PSP's reason, in words.
    pub message: String,
    /// The HTTP status it answered with.
    pub status: u16,
    /// How the attempt stands, where the answer says so.
    pub view: Option<IntentView>,
    /// The attempt is not in a state that allows it.
    pub unexpected_state: bool,
    /// It cannot be canceled only because the money is on its way.
    pub processing: bool,
    /// The keys are not accepted: an operator has to look.
    pub unauthorized: bool,
    /// What stands in the way of moving a merchant's money.
    pub obstacle: Option<PayoutObstacle>,
}

/// Why a webhook was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebhookRejected {
    /// There is no signature header.
    #[error("the Stripe-Signature header is missing")]
    Unsigned,
    /// The header is not of the form it should have.
    #[error("the Stripe-Signature header is malformed")]
    MalformedSignature,
    /// No secret fits.
    #[error("no signature matches: check the endpoint's signing secret")]
    WrongSignature,
    /// It was signed too long ago.
    #[error("the signature is older than the tolerance: check the clock")]
    Stale,
    /// The body is not an event.
    #[error("the body is not an event: {0}")]
    Malformed(String),
}
