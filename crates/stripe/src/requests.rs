//! The parameters of the calls (contract/stripe.md sections 1 and 2).

use app::offered::CaptureMode;
use app::ports::{CreatePayment, EndpointEvents, UpdatePayment};
use app::tenant::BusinessModel;
use payment::{Address, Checkout, Money, OrderReference, PspReference, RefundId};

use crate::amount::{AmountError, to_stripe};
use crate::client::API_VERSION;
use crate::form::Form;
use crate::kinds;
use crate::metadata;

/// The events that an endpoint of ours is sent. `charge.succeeded` brings the method and whether it
/// can be captured in several steps; refunds come in their own events, so `charge.refunded`, which
/// also stands for voids, is not needed.
pub const ENABLED_EVENTS: [&str; 16] = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "charge.succeeded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "customer_cash_balance_transaction.created",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

/// The events that an endpoint of ours for the accounts of merchants is sent.
pub const MERCHANT_EVENTS: [&str; 3] =
    ["account.application.deauthorized", "account.updated", "capability.updated"];

/// The longest suffix that Stripe adds to the descriptor on a statement.
const STATEMENT_SUFFIX_CHARACTERS_MAX: usize = 22;
/// Characters that no statement descriptor may have.
const STATEMENT_FORBIDDEN: [char; 6] = ['<', '>', '\\', '\'', '"', '*'];
/// The longest telephone number that is sent along; a longer one is none.
const PHONE_CHARACTERS_MAX: usize = 20;

pub(crate) fn create_payment(request: &CreatePayment<'_>) -> Result<Form, AmountError> {
    let checkout = request.checkout;
    let mut form = with_amount(Form::new(), checkout.total)?
        .with("capture_method", "automatic")
        .with("automatic_payment_methods[enabled]", true);
    form = kinds::with_terms(form, request.terms);
    form = match (request.business_model, request.terms.capture) {
        (BusinessModel::Direct, CaptureMode::Manual) => {
            form.with("payment_method_options[card][request_multicapture]", "if_available")
        }
        (BusinessModel::Direct, CaptureMode::Automatic) => form,
        // Several captures and transfers from one charge exclude each other (rule R19).
        (BusinessModel::Marketplace, _) => form.with_some("transfer_group", order(checkout)),
    };
    form = with_own_metadata(form, request);
    form = metadata::with_additional(form, &checkout.additional);
    form = with_order(form, checkout);
    let suffix = request.statement_descriptor_suffix.and_then(statement_suffix);
    Ok(expanded(form.with_some("statement_descriptor_suffix", suffix.as_deref())))
}

pub(crate) fn update_payment(change: &UpdatePayment<'_>) -> Result<Form, AmountError> {
    let checkout = change.checkout;
    let form = kinds::with_changed_terms(with_amount(Form::new(), checkout.total)?, change.terms);
    Ok(with_description(form, checkout))
}

/// What may be changed of an attempt at any time: all but its money.
pub(crate) fn describe_payment(checkout: &Checkout) -> Form {
    with_description(Form::new(), checkout)
}

fn with_description(form: Form, checkout: &Checkout) -> Form {
    let form = with_order_metadata(form, checkout);
    let form = metadata::with_additional(form, &checkout.additional);
    expanded(with_order(form, checkout))
}

/// `final_capture` may be sent only where several captures were granted, and they were where this
/// one is not the last, or takes nothing and so comes after another: Stripe lets go of the rest by
/// itself otherwise.
pub(crate) fn capture(amount: Money, last: bool) -> Result<Form, AmountError> {
    let form = Form::new().with("amount_to_capture", to_stripe(amount)?);
    let several = !last || amount.is_zero();
    Ok(expanded(if several { form.with("final_capture", last) } else { form }))
}

pub(crate) fn cancel() -> Form {
    expanded(Form::new().with("cancellation_reason", "requested_by_customer"))
}

pub(crate) fn retrieve() -> Form {
    expanded(Form::new())
}

/// Who pays is said by the charge, or before it by the payment method.
pub(crate) fn payer() -> Form {
    expanded(Form::new()).with("expand[]", "payment_method")
}

pub(crate) fn refund(
    reference: &PspReference,
    refund: RefundId,
    amount: Money,
) -> Result<Form, AmountError> {
    let form = Form::new().with("payment_intent", reference).with("amount", to_stripe(amount)?);
    Ok(metadata::with_own(form, metadata::REFUND_ID, &refund.to_string()))
}

pub(crate) fn create_endpoint(url: &str, events: EndpointEvents) -> Form {
    let form = Form::new()
        .with("url", url)
        .with("api_version", API_VERSION)
        .with("description", "paybridge");
    let form = match events {
        EndpointEvents::Payments => form,
        EndpointEvents::Merchants => form.with("connect", true),
    };
    with_events(form, events)
}

/// All that can be changed of an endpoint: not the version, and not whose events it is told.
pub(crate) fn update_endpoint(url: &str, events: EndpointEvents) -> Form {
    with_events(Form::new().with("url", url).with("disabled", false), events)
}

fn with_events(form: Form, events: EndpointEvents) -> Form {
    enabled_events(events).iter().fold(form, |form, event| form.with("enabled_events[]", event))
}

/// What an endpoint has to be sent.
pub(crate) fn enabled_events(events: EndpointEvents) -> &'static [&'static str] {
    match events {
        EndpointEvents::Payments => &ENABLED_EVENTS,
        EndpointEvents::Merchants => &MERCHANT_EVENTS,
    }
}

/// The charge says how the shopper paid and whether it can be captured in several steps.
fn expanded(form: Form) -> Form {
    form.with("expand[]", "latest_charge")
}

pub(crate) fn with_amount(form: Form, total: Money) -> Result<Form, AmountError> {
    let currency = total.currency().code().to_ascii_lowercase();
    Ok(form.with("amount", to_stripe(total)?).with("currency", currency))
}

fn with_own_metadata(form: Form, request: &CreatePayment<'_>) -> Form {
    let form = metadata::with_own(form, metadata::TENANT, request.tenant.as_str());
    let form = with_order_metadata(form, request.checkout);
    let form = metadata::with_own(form, metadata::PAYMENT_ID, &request.payment.to_string());
    let form = metadata::with_own(form, metadata::ATTEMPT_ID, &request.attempt.to_string());
    metadata::with_own(form, metadata::INSTALLATION_ID, &request.installation.to_string())
}

/// The order's name; none before there is an order.
fn order(checkout: &Checkout) -> Option<&str> {
    checkout.order_reference.as_ref().map(OrderReference::as_str)
}

fn with_order_metadata(form: Form, checkout: &Checkout) -> Form {
    match order(checkout) {
        Some(order) => metadata::with_own(form, metadata::ORDER, order),
        None => form,
    }
}

fn with_order(form: Form, checkout: &Checkout) -> Form {
    let description = order(checkout).map(|order| format!("Order {order}"));
    let form = form.with_some("description", description.as_deref());
    match &checkout.shipping {
        Some(address) => with_shipping(form, address),
        None => form,
    }
}

/// Stripe takes an address only with a name and a first line; without them it is left out.
fn with_shipping(form: Form, address: &Address) -> Form {
    if address.name.trim().is_empty() || address.line1.trim().is_empty() {
        return form;
    }
    let phone =
        address.phone.as_deref().filter(|phone| phone.chars().count() <= PHONE_CHARACTERS_MAX);
    // Stripe refuses the whole payment over a country that is not a code.
    let country = address
        .country
        .as_deref()
        .filter(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic()))
        .map(str::to_ascii_uppercase);
    form.with_some("shipping[name]", Some(&address.name))
        .with_some("shipping[phone]", phone)
        .with_some("shipping[address][line1]", Some(&address.line1))
        .with_some("shipping[address][line2]", address.line2.as_deref())
        .with_some("shipping[address][postal_code]", address.zip.as_deref())
        .with_some("shipping[address][city]", address.city.as_deref())
        .with_some("shipping[address][state]", address.state.as_deref())
        .with_some("shipping[address][country]", country.as_deref())
}

/// The suffix as Stripe takes it: what it refuses is left out, and a suffix without a letter is
/// none. Stripe would refuse the whole payment over it.
fn statement_suffix(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|character| character.is_ascii_graphic() || *character == ' ')
        .filter(|character| !STATEMENT_FORBIDDEN.contains(character))
        .collect();
    let cut: String = plain.trim().chars().take(STATEMENT_SUFFIX_CHARACTERS_MAX).collect();
    cut.bytes().any(|byte| byte.is_ascii_alphabetic()).then(|| cut.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_suffix_is_made_fit_rather_than_refused() {
        let suffix = |text: &str| statement_suffix(text);
        assert_eq!(suffix("MY SHOP"), Some("MY SHOP".to_owned()));
        assert_eq!(suffix("*Joe's* <Shop>"), Some("Joes Shop".to_owned()));
        assert_eq!(suffix("A very long name of a shop"), Some("A very long name of a".to_owned()));
        assert_eq!(suffix("12345"), None);
        assert_eq!(suffix("店"), None);
    }
}
