//! The port on Stripe: which call each of its methods makes.

use std::sync::Arc;

use app::platform::Platform;
use app::ports::{
    CreatePayment, EndpointEvents, EndpointFault, IntentState, IntentView, Payer, Psp, PspError,
    PspEvent, RefundView, Refusal, RegisteredEndpoint, ShopperView, UpdatePayment, WebhookRejected,
};
use app::tenant::{self, Credentials, WebhookEndpoint};
use async_trait::async_trait;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use payment::{
    Account, AttemptId, Checkout, IdempotencyKey, Mode, Money, PspAccountId, PspReference, RefundId,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::amount::AmountError;
use crate::answer::read;
use crate::client::{API_VERSION, Access, Call, StripeClient};
use crate::form::Form;
use crate::objects::{self, List, PaymentIntent, Refund};
use crate::payer::{self, PayerIntent};
use crate::shopper::ShopperIntent;
use crate::translate::{Unreadable, intent_view, mode_of, refund_view};
use crate::{amount, kinds, metadata, requests, webhook};

/// The largest page that Stripe lists.
pub(crate) const PAGE_SIZE: u32 = 100;
/// At most so many pages are read; then nothing is proven, and the question is asked again later.
pub const PAGES_MAX: u32 = 50;
/// How far our clock may run ahead of Stripe's: attempts are looked for from this much earlier on.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

pub(crate) const NOT_FOUND: u16 = 404;

/// The [`Psp`] port on Stripe.
#[derive(Clone)]
pub struct StripePsp {
    pub(crate) client: StripeClient,
    platform: Arc<Platform>,
}

impl StripePsp {
    /// The port on this client, without keys of the operator's own.
    pub fn new(client: StripeClient) -> Self {
        Self { client, platform: Arc::default() }
    }

    /// The same with the operator's platform keys.
    #[must_use]
    pub fn with_platform(self, platform: Platform) -> Self {
        Self { platform: Arc::new(platform), ..self }
    }

    /// What a call for these credentials is made with. Where the operator took the platform's keys
    /// away, the call waits for them.
    pub(crate) fn access<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> Result<Access<'a>, PspError> {
        match &credentials.access {
            tenant::Access::Own(pair) => Ok(Access { secret_key: &pair.secret, account: None }),
            tenant::Access::Platform => self.access_to(&credentials.account),
        }
    }

    fn access_to<'a>(&'a self, account: &'a Account) -> Result<Access<'a>, PspError> {
        let keys = self.platform.keys(account.mode).ok_or_else(|| {
            PspError::NotSent(format!("there are no platform keys of {} mode", account.mode.name()))
        })?;
        Ok(Access { secret_key: &keys.pair.secret, account: Some(&account.id) })
    }

    /// Whether the account is there, and which mode the key is for: only the balance says that, and
    /// reading it proves that the key works.
    async fn check(&self, access: Access<'_>, mode: Mode) -> Result<PspAccountId, PspError> {
        let path = "/v1/account".to_owned();
        let account: objects::Account =
            self.get("retrieve_account", access, path, Form::new()).await?;
        let path = "/v1/balance".to_owned();
        let balance: objects::Balance =
            self.get("retrieve_balance", access, path, Form::new()).await?;
        let found = mode_of(balance.livemode);
        if found != mode {
            let message =
                format!("the secret key is for {} mode, not for {}", found.name(), mode.name());
            return Err(refused(Refusal { message, unauthorized: true, ..Refusal::default() }));
        }
        Ok(PspAccountId::new(account.id))
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        access: Access<'_>,
        path: String,
        form: Form,
    ) -> Result<T, PspError> {
        let call = Call { name, method: Method::GET, path, form, access, key: None };
        read(&self.client.call(&call).await?)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        name: &'static str,
        access: Access<'_>,
        path: String,
        form: Form,
        key: &IdempotencyKey,
    ) -> Result<T, PspError> {
        let call = Call { name, method: Method::POST, path, form, access, key: Some(key) };
        read(&self.client.call(&call).await?)
    }

    /// A POST whose answer is the attempt as it stands afterwards.
    async fn post_intent(
        &self,
        name: &'static str,
        credentials: &Credentials,
        path: String,
        form: Form,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let intent: PaymentIntent =
            self.post(name, self.access(credentials)?, path, form, key).await?;
        intent_view(&intent).map_err(unreadable)
    }

    /// Goes through the pages of a list until `pick` takes something of one. `None` means that
    /// the list was read to its end.
    pub(crate) async fn search<T: DeserializeOwned + Listed, P>(
        &self,
        name: &'static str,
        credentials: &Credentials,
        list: (&str, Form),
        mut pick: impl FnMut(T) -> Option<P> + Send,
    ) -> Result<Option<P>, PspError> {
        let (path, filter) = list;
        let filter = filter.with("limit", PAGE_SIZE);
        let mut page_form = filter.clone();
        for _ in 0..PAGES_MAX {
            let page: List<T> =
                self.get(name, self.access(credentials)?, path.to_owned(), page_form).await?;
            let last = page.data.last().map(|item| item.id().to_owned());
            if let Some(picked) = page.data.into_iter().find_map(&mut pick) {
                return Ok(Some(picked));
            }
            if !page.has_more {
                return Ok(None);
            }
            let Some(last) = last else {
                return Err(PspError::Unknown(format!("{path} says that more follows on nothing")));
            };
            page_form = filter.clone().with("starting_after", last);
        }
        Err(PspError::Unknown(format!("{path} has more than {PAGES_MAX} pages")))
    }
}

/// Something that Stripe lists; its id is the cursor to the next page.
pub(crate) trait Listed {
    fn id(&self) -> &str;
}

impl Listed for PaymentIntent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for objects::WebhookEndpoint {
    fn id(&self) -> &str {
        &self.id
    }
}

#[async_trait]
impl Psp for StripePsp {
    async fn check_keys(&self, secret_key: &SecretString, mode: Mode) -> Result<Account, PspError> {
        let id = self.check(Access { secret_key, account: None }, mode).await?;
        Ok(Account { id, mode })
    }

    fn silent_accounts(&self) -> usize {
        self.client.silent_accounts()
    }

    fn platform(&self) -> &Platform {
        &self.platform
    }

    async fn check_platform(&self, account: &Account) -> Result<(), PspError> {
        checked(account.id.as_str())?;
        self.check(self.access_to(account)?, account.mode).await.map(|_| ())
    }

    async fn create_endpoint(
        &self,
        credentials: &Credentials,
        url: &str,
        events: EndpointEvents,
        key: &IdempotencyKey,
    ) -> Result<WebhookEndpoint, PspError> {
        let path = "/v1/webhook_endpoints".to_owned();
        let form = requests::create_endpoint(url, events);
        let endpoint: objects::WebhookEndpoint =
            self.post("create_endpoint", self.access(credentials)?, path, form, key).await?;
        let Some(secret) = endpoint.secret else {
            return Err(PspError::Unknown("the new endpoint came without its secret".to_owned()));
        };
        Ok(WebhookEndpoint {
            id: endpoint.id,
            url: endpoint.url,
            secret: SecretString::from(secret),
            given_up: false,
        })
    }

    async fn list_endpoints(
        &self,
        credentials: &Credentials,
    ) -> Result<Vec<RegisteredEndpoint>, PspError> {
        let mut endpoints = Vec::new();
        let list = ("/v1/webhook_endpoints", Form::new());
        // Nothing is picked, so that every page is read.
        let collect = |endpoint: objects::WebhookEndpoint| -> Option<()> {
            endpoints.push(RegisteredEndpoint {
                id: endpoint.id,
                url: endpoint.url,
                enabled: endpoint.status == "enabled",
                events: endpoint.enabled_events,
                version: endpoint.api_version,
            });
            None
        };
        self.search("list_endpoints", credentials, list, collect).await?;
        Ok(endpoints)
    }

    async fn update_endpoint(
        &self,
        credentials: &Credentials,
        id: &str,
        url: &str,
        events: EndpointEvents,
        key: &IdempotencyKey,
    ) -> Result<(), PspError> {
        let path = format!("/v1/webhook_endpoints/{}", checked(id)?);
        let form = requests::update_endpoint(url, events);
        let _: objects::WebhookEndpoint =
            self.post("update_endpoint", self.access(credentials)?, path, form, key).await?;
        Ok(())
    }

    fn endpoint_faults(
        &self,
        endpoint: &RegisteredEndpoint,
        events: EndpointEvents,
    ) -> Vec<EndpointFault> {
        let is_sent = |event: &str| endpoint.events.iter().any(|e| e == event || e == "*");
        let lacks: Vec<String> = requests::enabled_events(events)
            .iter()
            .filter(|event| !is_sent(event))
            .map(|event| (*event).to_owned())
            .collect();
        let version = (endpoint.version.as_deref() != Some(API_VERSION)).then(|| {
            EndpointFault::Version { found: endpoint.version.clone(), wanted: API_VERSION }
        });
        let disabled = (!endpoint.enabled).then_some(EndpointFault::Disabled);
        let lacks = (!lacks.is_empty()).then_some(EndpointFault::Lacks(lacks));
        disabled.into_iter().chain(lacks).chain(version).collect()
    }

    async fn delete_endpoint(&self, credentials: &Credentials, id: &str) -> Result<(), PspError> {
        let call = Call {
            name: "delete_endpoint",
            method: Method::DELETE,
            path: format!("/v1/webhook_endpoints/{}", checked(id)?),
            form: Form::new(),
            access: self.access(credentials)?,
            key: None,
        };
        match self.client.call(&call).await {
            Ok(_) => Ok(()),
            Err(PspError::Refused(refusal)) if refusal.status == NOT_FOUND => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn create_payment(
        &self,
        credentials: &Credentials,
        request: &CreatePayment<'_>,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let form = requests::create_payment(request).map_err(not_expressible)?;
        let path = "/v1/payment_intents".to_owned();
        self.post_intent("create_payment", credentials, path, form, key).await
    }

    async fn update_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        change: &UpdatePayment<'_>,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let form = requests::update_payment(change).map_err(not_expressible)?;
        self.post_intent("update_payment", credentials, intent(reference, "")?, form, key).await
    }

    async fn describe_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        checkout: &Checkout,
        key: &IdempotencyKey,
    ) -> Result<(), PspError> {
        let (path, form) = (intent(reference, "")?, requests::describe_payment(checkout));
        self.post_intent("describe_payment", credentials, path, form, key).await?;
        Ok(())
    }

    async fn capture(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        amount: Money,
        last: bool,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let form = requests::capture(amount, last).map_err(not_expressible)?;
        let path = intent(reference, "/capture")?;
        self.post_intent("capture", credentials, path, form, key).await
    }

    /// A canceled attempt canceled again is an error at Stripe and a success for us.
    async fn cancel(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let path = intent(reference, "/cancel")?;
        let result = self.post_intent("cancel", credentials, path, requests::cancel(), key).await;
        let refusal = match result {
            Err(PspError::Refused(refusal)) => refusal,
            Ok(_) | Err(_) => return result,
        };
        match &refusal.view {
            Some(view) if matches!(view.state, IntentState::Canceled { .. }) => Ok(view.clone()),
            Some(_) | None => Err(PspError::Refused(refusal)),
        }
    }

    async fn refund(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        refund: RefundId,
        amount: Money,
        key: &IdempotencyKey,
    ) -> Result<RefundView, PspError> {
        let form = requests::refund(reference, refund, amount).map_err(not_expressible)?;
        let path = "/v1/refunds".to_owned();
        let refund: Refund =
            self.post("refund", self.access(credentials)?, path, form, key).await?;
        refund_view(&refund).map_err(unreadable)
    }

    async fn retrieve(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<IntentView, PspError> {
        let path = intent(reference, "")?;
        let form = requests::retrieve();
        let intent: PaymentIntent =
            self.get("retrieve_payment", self.access(credentials)?, path, form).await?;
        intent_view(&intent).map_err(unreadable)
    }

    async fn payer(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<Payer, PspError> {
        let path = intent(reference, "")?;
        let form = requests::payer();
        let intent: PayerIntent =
            self.get("retrieve_payer", self.access(credentials)?, path, form).await?;
        Ok(payer::payer(intent))
    }

    async fn retrieve_for_shopper(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<ShopperView, PspError> {
        let path = intent(reference, "")?;
        let form = requests::retrieve();
        let intent: ShopperIntent =
            self.get("retrieve_for_shopper", self.access(credentials)?, path, form).await?;
        intent.into_view().map_err(unreadable)
    }

    async fn find_payment(
        &self,
        credentials: &Credentials,
        attempt: AttemptId,
        since: Timestamp,
    ) -> Result<Option<IntentView>, PspError> {
        let since = since.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
        let list =
            ("/v1/payment_intents", Form::new().with("created[gte]", since.as_second().max(0)));
        let wanted = attempt.to_string();
        let found = self
            .search("find_payment", credentials, list, |intent: PaymentIntent| {
                let id = metadata::value(intent.metadata.as_ref(), metadata::ATTEMPT_ID);
                (id == Some(wanted.as_str())).then(|| PspReference::new(intent.id))
            })
            .await?;
        match found {
            // The list does not say how the shopper paid.
            Some(reference) => self.retrieve(credentials, &reference).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find_refund(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        refund: RefundId,
    ) -> Result<Option<RefundView>, PspError> {
        let list = ("/v1/refunds", Form::new().with("payment_intent", reference));
        let wanted = refund.to_string();
        let found = self
            .search("find_refund", credentials, list, |refund: Refund| {
                let id = metadata::value(refund.metadata.as_ref(), metadata::REFUND_ID);
                (id == Some(wanted.as_str())).then_some(refund)
            })
            .await?;
        found.as_ref().map(refund_view).transpose().map_err(unreadable)
    }

    fn is_kind(&self, name: &str) -> bool {
        kinds::is_kind(name)
    }

    fn check_amount(&self, amount: Money) -> Result<(), String> {
        amount::check(amount).map_err(|error| error.to_string())
    }

    fn verify_webhook(
        &self,
        signature: Option<&str>,
        body: &[u8],
        secrets: &[&SecretString],
        now: Timestamp,
    ) -> Result<usize, WebhookRejected> {
        webhook::signature::verify(signature, body, secrets, now)
    }

    fn read_event(&self, body: &[u8]) -> Result<PspEvent, WebhookRejected> {
        webhook::event::read(body)
    }

    fn storable_event(&self, body: &[u8]) -> Result<Vec<u8>, WebhookRejected> {
        webhook::redact::redact(body)
    }
}

/// The path of an attempt.
fn intent(reference: &PspReference, action: &str) -> Result<String, PspError> {
    Ok(format!("/v1/payment_intents/{}{action}", checked(reference.as_str())?))
}

/// Stripe's ids are letters, digits and underscores. Anything else, which a shop may send as a
/// transaction id, would ask for another path.
pub(crate) fn checked(id: &str) -> Result<&str, PspError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !id.is_empty() && id.bytes().all(known) {
        return Ok(id);
    }
    let message = format!("there is no {id:?}");
    Err(refused(Refusal { message, status: NOT_FOUND, ..Refusal::default() }))
}

pub(crate) fn refused(refusal: Refusal) -> PspError {
    PspError::Refused(Box::new(refusal))
}

/// No call is made: Stripe could not be told this amount.
pub(crate) fn not_expressible(error: AmountError) -> PspError {
    refused(Refusal { message: error.to_string(), ..Refusal::default() })
}

pub(crate) fn unreadable(error: Unreadable) -> PspError {
    PspError::Unknown(format!("the answer cannot be read: {error}"))
}
