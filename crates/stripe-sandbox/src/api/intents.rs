//! Payment intents: the shopper's intention to pay, through every stage.

use serde_json::{Value, json};

use crate::api::charges::Charge;
use crate::api::method_options::{self, Options};
use crate::api::{attempts, intent_params, lists, payment_methods};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::methods::{Decline, Kind};
use crate::objects::Objects;
use crate::params::{Metadata, Params};

/// The account every bank transfer goes to.
pub(crate) const BANK_TRANSFER_IBAN: &str = "DE00000000000000000000";

/// Where a payment intent stands, with what only that stage knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction(Action),
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled { at: i64, reason: Option<String> },
}

/// What the shopper has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Pass 3-D Secure; afterwards the bank may still decline.
    Authenticate { then: Option<Decline>, visit: Visit },
    /// Pay at her bank or wallet.
    Redirect { visit: Visit },
    /// Send money; `funded` of it has arrived. The page says where to.
    BankTransfer { funded: i64, visit: Visit },
}

/// A page the shopper is sent to, and where she comes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) url: String,
    pub(crate) return_url: Option<String>,
    /// Whether Stripe.js shows the page inside the shop's, instead of sending the shopper there.
    pub(crate) in_page: bool,
}

impl Stage {
    /// Stripe's name of the status.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction(_) => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled { .. } => "canceled",
        }
    }
}

/// When money is taken, if the method does not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaptureMethod {
    Automatic,
    AutomaticAsync,
    Manual,
}

impl CaptureMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::AutomaticAsync => "automatic_async",
            Self::Manual => "manual",
        }
    }
}

/// How the kinds of methods were chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Methods {
    /// By Stripe; `redirects` whether kinds that send the shopper away are among them.
    Automatic { redirects: bool },
    /// By the caller.
    Listed(Vec<&'static str>),
}

/// One payment intent.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) client_secret: String,
    pub(crate) created: i64,
    pub(crate) stage: Stage,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) amount_received: i64,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) methods: Methods,
    /// Kinds that may not pay, of those that otherwise would.
    pub(crate) excluded: Vec<String>,
    pub(crate) options: Options,
    pub(crate) payment_method: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) customer: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) receipt_email: Option<String>,
    pub(crate) setup_future_usage: Option<String>,
    pub(crate) shipping: Option<Value>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
}

impl Intent {
    /// The kinds that may pay it.
    pub(crate) fn method_names(&self) -> Vec<&'static str> {
        match &self.methods {
            Methods::Automatic { redirects } => {
                crate::methods::offered(&self.currency, self.customer.is_some())
                    .into_iter()
                    .filter_map(crate::methods::find)
                    .filter(|kind| *redirects || kind.flow != crate::methods::Flow::Redirect)
                    // A manual capture for all hides every kind that cannot do it.
                    .filter(|kind| {
                        self.capture_method != CaptureMethod::Manual
                            || kind.authorization_days.is_some()
                    })
                    .map(|kind| kind.name)
                    .filter(|name| !self.excluded.iter().any(|excluded| excluded == name))
                    .collect()
            }
            Methods::Listed(names) => names.clone(),
        }
    }

    /// Whether a payment by this kind is only authorized at first.
    pub(crate) fn is_manual(&self, kind: &Kind) -> bool {
        let by_kind = self.options.get(kind.name).is_some_and(|options| options.manual);
        kind.authorization_days.is_some()
            && (by_kind || self.capture_method == CaptureMethod::Manual)
    }

    pub(crate) fn render(&self, objects: &Objects, livemode: bool) -> Value {
        let charge = self.latest_charge.as_deref().and_then(|id| objects.charges.get(id));
        let (canceled_at, cancellation_reason) = match &self.stage {
            Stage::Canceled { at, reason } => (Some(*at), reason.clone()),
            Stage::RequiresPaymentMethod
            | Stage::RequiresConfirmation
            | Stage::RequiresAction(_)
            | Stage::Processing
            | Stage::RequiresCapture
            | Stage::Succeeded => (None, None),
        };
        let automatic = match &self.methods {
            Methods::Automatic { redirects } => json!({
                "allow_redirects": if *redirects { "always" } else { "never" },
                "enabled": true,
            }),
            Methods::Listed(_) => Value::Null,
        };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": charge.map_or(0, Charge::amount_capturable),
            "amount_details": { "tip": {} },
            "amount_received": self.amount_received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": automatic,
            "canceled_at": canceled_at,
            "cancellation_reason": cancellation_reason,
            "capture_method": self.capture_method.name(),
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "excluded_payment_method_types": (!self.excluded.is_empty()).then_some(&self.excluded),
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": livemode,
            "metadata": self.metadata,
            "next_action": self.next_action(),
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_options": method_options::render(&self.options),
            "payment_method_types": self.method_names(),
            "processing": null,
            "receipt_email": self.receipt_email,
            "review": null,
            "setup_future_usage": self.setup_future_usage,
            "shipping": self.shipping,
            "source": null,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": self.stage.name(),
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }

    fn next_action(&self) -> Value {
        let Stage::RequiresAction(action) = &self.stage else {
            return Value::Null;
        };
        match action {
            Action::Authenticate { visit, .. } if visit.in_page => json!({
                "type": "use_stripe_sdk",
                "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": visit.url },
            }),
            Action::Authenticate { visit, .. } | Action::Redirect { visit } => json!({
                "type": "redirect_to_url",
                "redirect_to_url": { "return_url": visit.return_url, "url": visit.url },
            }),
            Action::BankTransfer { funded, visit } => json!({
                "type": "display_bank_transfer_instructions",
                "display_bank_transfer_instructions": {
                    "amount_remaining": self.amount - funded,
                    "currency": self.currency,
                    "financial_addresses": [{
                        "iban": {
                            "account_holder_name": "Sandbox",
                            "bic": "SANDDEFFXXX",
                            "country": "DE",
                            "iban": BANK_TRANSFER_IBAN,
                        },
                        "supported_networks": ["sepa"],
                        "type": "iban",
                    }],
                    "hosted_instructions_url": visit.url,
                    "reference": self.id,
                    "type": "eu_bank_transfer",
                },
            }),
        }
    }
}

/// Stores an intent and tells of it.
pub(crate) fn put_and_tell(desk: &mut Desk<'_>, intent: &Intent, event: &'static str) {
    desk.objects.intents.put(&intent.id, intent.clone());
    let shown = show(desk, intent);
    desk.tell(event, shown);
}

pub(crate) fn show(desk: &Desk<'_>, intent: &Intent) -> Value {
    intent.render(desk.objects, desk.livemode)
}

pub(crate) fn find(desk: &Desk<'_>, id: &str) -> Result<Intent, ApiError> {
    desk.objects
        .intents
        .get(id)
        .cloned()
        .ok_or_else(|| ApiError::not_found("payment_intent", id, "intent"))
}

/// The refusal of an operation the stage does not allow; it carries the intent, as Stripe's does.
pub(crate) fn unexpected_state(desk: &Desk<'_>, intent: &Intent, operation: &str) -> ApiError {
    ApiError::invalid(format!(
        "This PaymentIntent could not be {operation}, because its status is {}.",
        intent.stage.name()
    ))
    .code("payment_intent_unexpected_state")
    .payment_intent(show(desk, intent))
    .executed()
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let confirm = params.boolean("confirm")?.unwrap_or(false);
    let return_url = params.filled("return_url")?;
    let use_stripe_sdk = params.boolean("use_stripe_sdk")?.unwrap_or(false);
    let method = payment_methods::read(desk, &mut params)?;
    let mut intent = intent_params::read_new(desk, &mut params)?;
    params.finish()?;
    if let Some(method) = &method {
        attempts::check_method(desk, &intent, method)?;
    }
    if !confirm && return_url.is_some() {
        return Err(ApiError::invalid("return_url is only allowed together with confirm=true.")
            .param("return_url"));
    }
    if confirm {
        attempts::check_return_url(&intent, return_url.as_deref())?;
        if method.is_none() {
            return Err(ApiError::missing("payment_method"));
        }
    }
    if let Some(method) = &method {
        attempts::attach(desk, &mut intent, method);
    }
    put_and_tell(desk, &intent, "payment_intent.created");
    match method {
        Some(method) if confirm => {
            let visit = attempts::visit(desk, &intent, &method, return_url, use_stripe_sdk);
            attempts::attempt(desk, intent, method, visit)
        }
        Some(_) | None => Ok(show(desk, &intent)),
    }
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    params.accept(&["client_secret"]);
    params.finish()?;
    let intent = find(desk, id)?;
    Ok(show(desk, &intent))
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut intent = find(desk, id)?;
    let method = payment_methods::read(desk, &mut params)?;
    let sensitive = intent_params::read_changes(desk, &mut params, &mut intent)?;
    params.finish()?;
    match intent.stage {
        Stage::RequiresPaymentMethod | Stage::RequiresConfirmation | Stage::RequiresAction(_) => {}
        // Notes may be changed at any time, money may not.
        Stage::Processing | Stage::RequiresCapture | Stage::Succeeded | Stage::Canceled { .. } => {
            if sensitive || method.is_some() {
                return Err(unexpected_state(desk, &find(desk, id)?, "updated"));
            }
        }
    }
    if let Some(method) = method {
        attempts::check_method(desk, &intent, &method)?;
        attempts::attach(desk, &mut intent, &method);
    }
    desk.objects.intents.put(id, intent.clone());
    Ok(show(desk, &intent))
}

pub(crate) fn confirm(
    desk: &mut Desk<'_>,
    id: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let mut intent = find(desk, id)?;
    let given = payment_methods::read(desk, &mut params)?;
    let return_url = params.filled("return_url")?;
    let use_stripe_sdk = params.boolean("use_stripe_sdk")?.unwrap_or(false);
    intent_params::read_confirmation(&mut params, &mut intent)?;
    params.finish()?;
    match intent.stage {
        Stage::RequiresPaymentMethod | Stage::RequiresConfirmation | Stage::RequiresAction(_) => {}
        Stage::Processing | Stage::RequiresCapture | Stage::Succeeded | Stage::Canceled { .. } => {
            return Err(unexpected_state(desk, &intent, "confirmed"));
        }
    }
    let attached = intent
        .payment_method
        .as_deref()
        .and_then(|id| desk.objects.payment_methods.get(id).cloned());
    let Some(method) = given.or(attached) else {
        return Err(ApiError::invalid(
            "You cannot confirm this PaymentIntent because it is missing a payment method.",
        )
        .code("payment_intent_unexpected_state")
        .payment_intent(show(desk, &intent)));
    };
    attempts::check_method(desk, &intent, &method)?;
    attempts::check_return_url(&intent, return_url.as_deref())?;
    attempts::attach(desk, &mut intent, &method);
    let visit = attempts::visit(desk, &intent, &method, return_url, use_stripe_sdk);
    attempts::attempt(desk, intent, method, visit)
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let customer = params.filled("customer")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.intents.newest_first().filter(|intent| {
        (customer.is_none() || customer == intent.customer) && page.created.includes(intent.created)
    });
    page.cut("/v1/payment_intents", matching, |intent| &intent.id, |intent| show(desk, intent))
}
