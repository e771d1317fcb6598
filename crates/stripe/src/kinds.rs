//! The kinds of payment methods at Stripe, and which of them may pay an order.

use app::offered::{CaptureMode, Terms};

use crate::form::Form;

/// What a payment can be kept from (`excluded_payment_method_types` of API version 2026-10-28);
/// Link is not among it.
/// Which kinds an account offers is set in Stripe's dashboard.
const KINDS: [&str; 55] = [
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "alma",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "billie",
    "bizum",
    "blik",
    "boleto",
    "card",
    "cashapp",
    "crypto",
    "customer_balance",
    "eps",
    "fpx",
    "giropay",
    "grabpay",
    "ideal",
    "kakao_pay",
    "klarna",
    "konbini",
    "kr_card",
    "mb_way",
    "mobilepay",
    "multibanco",
    "naver_pay",
    "nz_bank_account",
    "oxxo",
    "p24",
    "pay_by_bank",
    "payco",
    "paynow",
    "paypal",
    "paypay",
    "payto",
    "pix",
    "promptpay",
    "revolut_pay",
    "samsung_pay",
    "satispay",
    "scalapay",
    "sepa_debit",
    "sequra",
    "sofort",
    "sunbit",
    "swish",
    "twint",
    "upi",
    "us_bank_account",
    "wechat_pay",
    "zip",
];

/// Methods that can hold money before it is captured. The capture method is set for each of them,
/// because at the top level `manual` would hide every other method from the shopper.
pub const MANUAL_CAPTURE_METHODS: [&str; 10] = [
    "affirm",
    "afterpay_clearpay",
    "amazon_pay",
    "card",
    "cashapp",
    "klarna",
    "link",
    "mobilepay",
    "paypal",
    "revolut_pay",
];

pub(crate) fn is_kind(name: &str) -> bool {
    KINDS.contains(&name)
}

/// How a new payment may be paid.
pub(crate) fn with_terms(form: Form, terms: &Terms) -> Form {
    let form = match terms.capture {
        CaptureMode::Manual => with_capture_method(form, "manual"),
        // Nothing is held unless it is asked for.
        CaptureMode::Automatic => form,
    };
    with_excluded(form, terms)
}

/// The same for a payment that exists: what other terms had set is taken back.
pub(crate) fn with_changed_terms(form: Form, terms: &Terms) -> Form {
    let form = match terms.capture {
        CaptureMode::Manual => with_capture_method(form, "manual"),
        CaptureMode::Automatic => with_capture_method(form, ""),
    };
    if terms.kinds.is_empty() {
        form.with("excluded_payment_method_types", "")
    } else {
        with_excluded(form, terms)
    }
}

fn with_capture_method(form: Form, capture_method: &str) -> Form {
    MANUAL_CAPTURE_METHODS.iter().fold(form, |form, method| {
        form.with(format!("payment_method_options[{method}][capture_method]"), capture_method)
    })
}

/// Stripe can be told which kinds may not pay and change its mind later; a list of those that may
/// cannot be taken back.
fn with_excluded(form: Form, terms: &Terms) -> Form {
    if terms.kinds.is_empty() {
        return form;
    }
    KINDS
        .iter()
        .filter(|kind| !terms.kinds.iter().any(|wanted| wanted == *kind))
        .fold(form, |form, kind| form.with("excluded_payment_method_types[]", kind))
}
