//! The kinds of payment methods and how each behaves.

/// What happens when a method of this kind is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Answered at once, unless the card asks for authentication.
    Card,
    /// The shopper is sent away and comes back.
    Redirect,
    /// Processing now, known days later.
    Debit,
    /// The shopper sends money by herself, perhaps too little, perhaps too much.
    BankTransfer,
}

/// One kind of payment method.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) flow: Flow,
    /// Days an authorization lasts; none where the method cannot be authorized first and captured later.
    pub(crate) authorization_days: Option<i64>,
    /// The only currency this kind pays in, where there is just one.
    pub(crate) currency: Option<&'static str>,
}

const fn kind(
    name: &'static str,
    flow: Flow,
    authorization_days: Option<i64>,
    currency: Option<&'static str>,
) -> Kind {
    Kind { name, flow, authorization_days, currency }
}

/// Every kind known here: vouchers and what needs a terminal are left out. How long an authorization lasts is from
/// Stripe's page on placing a hold, and 7 days where that names none.
static KINDS: &[Kind] = &[
    kind("card", Flow::Card, Some(7), None),
    kind("link", Flow::Card, Some(7), None),
    kind("acss_debit", Flow::Debit, None, Some("cad")),
    kind("affirm", Flow::Redirect, Some(30), None),
    kind("afterpay_clearpay", Flow::Redirect, Some(13), None),
    kind("alipay", Flow::Redirect, None, None),
    kind("alma", Flow::Redirect, Some(7), Some("eur")),
    kind("amazon_pay", Flow::Redirect, Some(7), None),
    kind("au_becs_debit", Flow::Debit, None, Some("aud")),
    kind("bacs_debit", Flow::Debit, None, Some("gbp")),
    kind("bancontact", Flow::Redirect, None, Some("eur")),
    kind("billie", Flow::Redirect, Some(7), None),
    kind("blik", Flow::Redirect, None, Some("pln")),
    kind("cashapp", Flow::Redirect, Some(7), Some("usd")),
    kind("customer_balance", Flow::BankTransfer, None, None),
    kind("eps", Flow::Redirect, None, Some("eur")),
    kind("grabpay", Flow::Redirect, None, None),
    kind("ideal", Flow::Redirect, None, Some("eur")),
    kind("kakao_pay", Flow::Redirect, Some(7), Some("krw")),
    kind("klarna", Flow::Redirect, Some(28), None),
    kind("mobilepay", Flow::Redirect, Some(7), None),
    kind("naver_pay", Flow::Redirect, Some(7), Some("krw")),
    kind("p24", Flow::Redirect, None, None),
    kind("pay_by_bank", Flow::Redirect, None, Some("gbp")),
    kind("payco", Flow::Redirect, Some(7), Some("krw")),
    kind("paypal", Flow::Redirect, Some(10), None),
    kind("revolut_pay", Flow::Redirect, Some(7), None),
    kind("samsung_pay", Flow::Redirect, Some(7), Some("krw")),
    kind("satispay", Flow::Redirect, Some(7), Some("eur")),
    kind("sepa_debit", Flow::Debit, None, Some("eur")),
    kind("swish", Flow::Redirect, None, Some("sek")),
    kind("twint", Flow::Redirect, None, Some("chf")),
    kind("us_bank_account", Flow::Debit, None, Some("usd")),
    kind("wechat_pay", Flow::Redirect, None, None),
    kind("zip", Flow::Redirect, None, None),
];

pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kinds Stripe would offer by itself for a currency.
pub(crate) fn offered(currency: &str, for_a_customer: bool) -> Vec<&'static str> {
    KINDS
        .iter()
        .filter(|kind| kind.currency.is_none_or(|only| only == currency))
        .filter(|kind| for_a_customer || kind.flow != Flow::BankTransfer)
        .map(|kind| kind.name)
        .collect()
}

/// Why a bank refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    /// Only `card_declined` has one of its own; the other codes repeat themselves.
    pub(crate) decline_code: &'static str,
    pub(crate) message: &'static str,
}

const GENERIC_DECLINE: Decline = Decline {
    code: "card_declined",
    decline_code: "generic_decline",
    message: "Your card was declined.",
};
const INSUFFICIENT_FUNDS: Decline = Decline {
    code: "card_declined",
    decline_code: "insufficient_funds",
    message: "Your card has insufficient funds.",
};
const EXPIRED_CARD: Decline = Decline {
    code: "expired_card",
    decline_code: "expired_card",
    message: "Your card has expired.",
};
const INCORRECT_CVC: Decline = Decline {
    code: "incorrect_cvc",
    decline_code: "incorrect_cvc",
    message: "Your card's security code is incorrect.",
};
const PROCESSING_ERROR: Decline = Decline {
    code: "processing_error",
    decline_code: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
};

const LOST_CARD: Decline = Decline {
    code: "card_declined",
    decline_code: "lost_card",
    message: "Your card was declined.",
};
const STOLEN_CARD: Decline = Decline {
    code: "card_declined",
    decline_code: "stolen_card",
    message: "Your card was declined.",
};

/// Every decline of a bank.
static DECLINES: &[Decline] = &[
    GENERIC_DECLINE,
    INSUFFICIENT_FUNDS,
    EXPIRED_CARD,
    INCORRECT_CVC,
    PROCESSING_ERROR,
    LOST_CARD,
    STOLEN_CARD,
];

/// The decline with this decline code.
pub(crate) fn decline(decline_code: &str) -> Option<Decline> {
    DECLINES.iter().find(|decline| decline.decline_code == decline_code).copied()
}

pub(crate) fn decline_codes() -> Vec<&'static str> {
    DECLINES.iter().map(|decline| decline.decline_code).collect()
}

/// What a test payment method was made to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    Succeeds,
    Declines(Decline),
    /// 3-D Secure first; then what the bank says.
    Authenticates(Option<Decline>),
    RefundPends,
    RefundFails,
    Disputed,
    /// A debit that settles after so many seconds, for better or worse.
    Settles {
        after_seconds: i64,
        succeeds: bool,
    },
}

/// A test card: its number, the ready-made payment method of it and what it does.
pub(crate) struct TestCard {
    pub(crate) method: &'static str,
    pub(crate) number: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) behavior: Behavior,
}

const fn card(
    method: &'static str,
    number: &'static str,
    brand: &'static str,
    behavior: Behavior,
) -> TestCard {
    TestCard { method, number, brand, behavior }
}

/// Stripe's test cards, from its page on testing.
static CARDS: &[TestCard] = &[
    card("pm_card_visa", "4242424242424242", "visa", Behavior::Succeeds),
    card("pm_card_mastercard", "5555555555554444", "mastercard", Behavior::Succeeds),
    card(
        "pm_card_visa_chargeDeclined",
        "4000000000000002",
        "visa",
        Behavior::Declines(GENERIC_DECLINE),
    ),
    card("pm_card_chargeDeclined", "4000000000000002", "visa", Behavior::Declines(GENERIC_DECLINE)),
    card(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "visa",
        Behavior::Declines(INSUFFICIENT_FUNDS),
    ),
    card(
        "pm_card_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "visa",
        Behavior::Declines(INSUFFICIENT_FUNDS),
    ),
    card(
        "pm_card_chargeDeclinedExpiredCard",
        "4000000000000069",
        "visa",
        Behavior::Declines(EXPIRED_CARD),
    ),
    card(
        "pm_card_chargeDeclinedIncorrectCvc",
        "4000000000000127",
        "visa",
        Behavior::Declines(INCORRECT_CVC),
    ),
    card(
        "pm_card_chargeDeclinedProcessingError",
        "4000000000000119",
        "visa",
        Behavior::Declines(PROCESSING_ERROR),
    ),
    card(
        "pm_card_threeDSecure2Required",
        "4000000000003220",
        "visa",
        Behavior::Authenticates(None),
    ),
    card("pm_card_threeDSecureRequired", "4000000000003220", "visa", Behavior::Authenticates(None)),
    card(
        "pm_card_threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        "visa",
        Behavior::Authenticates(Some(GENERIC_DECLINE)),
    ),
    card("pm_card_pendingRefund", "4000000000007726", "visa", Behavior::RefundPends),
    card("pm_card_refundFail", "4000000000005126", "visa", Behavior::RefundFails),
    card("pm_card_createDispute", "4000000000000259", "visa", Behavior::Disputed),
];

pub(crate) fn test_card(method: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.method == method)
}

pub(crate) fn test_card_by_number(number: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number == number)
}

/// How long a debit is processing, where its test account does not say otherwise.
const DEBIT_SETTLES_AFTER_SECONDS: i64 = 60;
/// How long the test accounts marked as delayed take.
const DELAYED_DEBIT_SETTLES_AFTER_SECONDS: i64 = 180;

/// What a test account does: Stripe tells its German IBANs apart by their last digits; any other account pays.
pub(crate) fn debit_behavior(iban: &str) -> Behavior {
    let compact: String = iban.chars().filter(|c| !c.is_whitespace()).collect();
    let (after_seconds, succeeds) = match compact.get(compact.len().saturating_sub(4)..) {
        Some("3001" | "3002") => (DEBIT_SETTLES_AFTER_SECONDS, false),
        Some("3003") => (DELAYED_DEBIT_SETTLES_AFTER_SECONDS, true),
        Some("3004") => (DELAYED_DEBIT_SETTLES_AFTER_SECONDS, false),
        _ => (DEBIT_SETTLES_AFTER_SECONDS, true),
    };
    Behavior::Settles { after_seconds, succeeds }
}

/// The decline of a debit that bounced.
pub(crate) const DEBIT_FAILED: Decline = Decline {
    code: "payment_intent_payment_attempt_failed",
    decline_code: "generic_decline",
    message: "The payment attempt failed.",
};

/// The shopper did not pass 3-D Secure. No bank declined: the decline code stays unused.
pub(crate) const AUTHENTICATION_FAILED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    decline_code: "authentication_required",
    message: "The payment method could not be authenticated. Choose another payment method and try again.",
};

/// The shopper gave up at her bank, or the bank refused.
pub(crate) const REDIRECT_FAILED: Decline = Decline {
    code: "payment_intent_payment_attempt_failed",
    decline_code: "generic_decline",
    message: "The customer canceled, or the provider declined the payment.",
};
