//! How each message is described.

use protocol::merchant::{
    AdditionalLink, LinkAttributes, MerchantAppOnboardingStatusChanged, OnboardingState,
    ReadyForMerchantAppOnboarding, StateTexts,
};
use protocol::message::{
    AppConfigUpdated, CheckoutStrategy, DeletePaymentMethod, Details, PaymentCommand,
    PaymentCreated, PaymentMethod, PaymentResult, PaymentUpdated,
};
use protocol::{Channel, MessageName};
use serde::Serialize;
use serde_json::Value;

use crate::reference::endpoints::recorded;
use crate::reference::operation::{SchemaOf, of};

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub name: MessageName,
    pub about: &'static str,
    pub payload: SchemaOf,
    pub example: Value,
}

/// All that are sent or understood, in the order of their channels.
pub(crate) fn all() -> Vec<Message> {
    MessageName::ALL.iter().map(|name| describe(*name)).collect()
}

fn describe(name: MessageName) -> Message {
    let message = |about, payload: SchemaOf, example| Message { name, about, payload, example };
    let result = |about| message(about, of::<PaymentResult>, a_result());
    match name {
        MessageName::AddPaymentMethod => message(
            "The shop has a new payment method. Sent when the app is configured.",
            of::<PaymentMethod>,
            a_method(),
        ),
        MessageName::UpdatePaymentMethod => {
            message("A payment method changed. Always whole.", of::<PaymentMethod>, a_method())
        }
        MessageName::DeletePaymentMethod => message(
            "A payment method is gone.",
            of::<DeletePaymentMethod>,
            shown(&DeletePaymentMethod { name: "Stripe".into(), provider_name: "Stripe".into() }),
        ),
        MessageName::CapturePayment => message(
            "Take the money of these items. Answered by PaymentCaptured or PaymentCaptureFailed.",
            of::<PaymentCommand>,
            recorded!("messages_in/capture_payment_full_http_channel"),
        ),
        MessageName::RefundPayment => message(
            "Give the money of these items back. Answered by PaymentRefunded or \
             PaymentRefundFailed.",
            of::<PaymentCommand>,
            recorded!("messages_in/refund_payment_partial_http_channel"),
        ),
        MessageName::CancelPayment => message(
            "Let go of the money of these items. Answered by PaymentCanceled or \
             PaymentCancellationFailed.",
            of::<PaymentCommand>,
            recorded!("messages_in/cancel_payment_http_channel"),
        ),
        MessageName::PaymentAuthorized => result("The money is held."),
        MessageName::PaymentAuthorizationFailed => result("The money will not be held."),
        MessageName::PaymentCaptured => result("The money is taken."),
        MessageName::PaymentCaptureFailed => result("The money could not be taken."),
        MessageName::PaymentRefunded => result("The money was given back."),
        MessageName::PaymentRefundFailed => result("The money could not be given back."),
        MessageName::PaymentCanceled => result("Nothing will be taken."),
        MessageName::PaymentCancellationFailed => result("The money could not be let go."),
        MessageName::PaymentOverpaid => result("More came in than was asked for."),
        MessageName::PaymentUnderpaid => result("Less came in than was asked for."),
        MessageName::PaymentCreated => message(
            "The payment exists at Stripe. Without `entityReference` while there is no order yet.",
            of::<PaymentCreated>,
            shown(&PaymentCreated::new(Some("DE--1"), "pi_1", details()).ok()),
        ),
        MessageName::PaymentUpdated => message(
            "Something about the payment that an operator of the shop wants to see.",
            of::<PaymentUpdated>,
            shown(&PaymentUpdated::new("DE--1", "pi_1", details()).ok()),
        ),
        MessageName::AppConfigUpdated => message(
            "The app was configured or disconnected. The shop reads, and sends on, only the \
             channels that this lists.",
            of::<AppConfigUpdated>,
            shown(&AppConfigUpdated::new("paybridge", "CONNECTED", true, &Channel::ALL).ok()),
        ),
        MessageName::ReadyForMerchantAppOnboarding => message(
            "Merchants may begin their onboarding. Comes after AppConfigUpdated was read.",
            of::<ReadyForMerchantAppOnboarding>,
            onboarding(),
        ),
        MessageName::MerchantAppOnboardingStatusChanged => message(
            "A merchant's onboarding went on.",
            of::<MerchantAppOnboardingStatusChanged>,
            shown(&MerchantAppOnboardingStatusChanged::new("MER1", "paybridge", "enabled").ok()),
        ),
    }
}

fn a_method() -> Value {
    let strategy = CheckoutStrategy::HostedPaymentPage;
    shown(&PaymentMethod::new("Stripe", "Stripe", "https://pay.example.com", strategy))
}

fn a_result() -> Value {
    shown(&PaymentResult {
        order_reference: "DE--1".to_owned(),
        order_item_ids: vec![1, 2],
        amount: 9990,
        currency_iso_code: "EUR".to_owned(),
    })
}

fn onboarding() -> Value {
    let link = AdditionalLink {
        label: "Help".to_owned(),
        url: "https://www.shop.example/help".to_owned(),
        attributes: LinkAttributes { target: "_blank" },
    };
    let state = OnboardingState {
        name: "incomplete",
        attributes: StateTexts {
            status_text: "Incomplete",
            display_text: "Hand in what is missing to be paid out.",
            button_text: "Continue",
            button_info: "Leads to Stripe.",
        },
    };
    let ready = ReadyForMerchantAppOnboarding::new(
        "paybridge",
        "Stripe",
        "https://pay.example.com",
        vec![link],
        vec![state],
    );
    shown(&ready.ok())
}

fn details() -> Details {
    let mut details = Details::default();
    details.set("method", "card visa 4242");
    details
}

fn shown(payload: &impl Serialize) -> Value {
    serde_json::to_value(payload).unwrap_or_default()
}
