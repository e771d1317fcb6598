//! Who pays an attempt, as Stripe knows it from the shopper or her wallet.
//!
//! Once she has approved the payment, the charge has the billing details. Before that the payment
//! method may have them already, where an express button attached one. PayPal keeps its own name and
//! e-mail address of her.

use app::ports::Payer;
use payment::Address;
use serde::Deserialize;

use crate::objects::Expandable;

/// A payment intent, as far as it says who pays.
#[derive(Debug, Deserialize)]
pub(crate) struct PayerIntent {
    receipt_email: Option<String>,
    shipping: Option<Details>,
    latest_charge: Option<Expandable<PayerCharge>>,
    payment_method: Option<Expandable<PayerMethod>>,
}

#[derive(Debug, Deserialize)]
struct PayerCharge {
    billing_details: Option<Details>,
    payment_method_details: Option<MethodDetails>,
}

#[derive(Debug, Deserialize)]
struct PayerMethod {
    billing_details: Option<Details>,
    paypal: Option<Paypal>,
}

#[derive(Debug, Deserialize)]
struct MethodDetails {
    paypal: Option<Paypal>,
}

#[derive(Debug, Deserialize)]
struct Paypal {
    payer_email: Option<String>,
    payer_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    address: Option<DetailsAddress>,
}

#[derive(Debug, Default, Deserialize)]
struct DetailsAddress {
    line1: Option<String>,
    line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
}

pub(crate) fn payer(intent: PayerIntent) -> Payer {
    let charge = object(intent.latest_charge);
    let method = object(intent.payment_method);
    let (of_charge, by_charge) = match charge {
        Some(charge) => {
            (charge.billing_details, charge.payment_method_details.and_then(|by| by.paypal))
        }
        None => (None, None),
    };
    let (of_method, by_method) = match method {
        Some(method) => (method.billing_details, method.paypal),
        None => (None, None),
    };
    let billing = merged(of_charge.unwrap_or_default(), of_method.unwrap_or_default());
    let paypal = by_charge.or(by_method);
    let (paypal_name, paypal_email) = match paypal {
        Some(paypal) => (filled(paypal.payer_name), filled(paypal.payer_email)),
        None => (None, None),
    };
    let email = billing.email.clone().or(paypal_email).or(filled(intent.receipt_email));
    let name = billing.name.clone().or(paypal_name);
    let billing = Details { name, ..billing };
    Payer {
        email,
        billing: address(billing),
        shipping: intent.shipping.map(address).filter(|shipping| !shipping.line1.is_empty()),
    }
}

fn object<T>(found: Option<Expandable<T>>) -> Option<T> {
    match found {
        Some(Expandable::Object(object)) => Some(*object),
        Some(Expandable::Reference(_)) | None => None,
    }
}

/// What the charge does not say, the payment method may.
fn merged(first: Details, second: Details) -> Details {
    let street = |details: &Details| {
        details.address.as_ref().is_some_and(|address| filled(address.line1.clone()).is_some())
    };
    let address = if street(&first) { first.address } else { second.address.or(first.address) };
    Details {
        name: filled(first.name).or(filled(second.name)),
        email: filled(first.email).or(filled(second.email)),
        phone: filled(first.phone).or(filled(second.phone)),
        address,
    }
}

fn address(details: Details) -> Address {
    let of = details.address.unwrap_or_default();
    Address {
        name: filled(details.name).unwrap_or_default(),
        phone: filled(details.phone),
        line1: filled(of.line1).unwrap_or_default(),
        line2: filled(of.line2),
        zip: filled(of.postal_code),
        city: filled(of.city),
        state: filled(of.state),
        country: filled(of.country),
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
