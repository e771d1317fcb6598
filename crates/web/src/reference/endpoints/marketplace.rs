use http::{Method, StatusCode};
use protocol::merchant::{OnboardingAnswer, OnboardingRequest};
use protocol::transfers::{TransfersAnswer, TransfersRequest};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::recorded;
use crate::reference::operation::{JSON, JSON_API, Operation, Parameter, Topic, header, of};

pub(super) fn describe() -> [Operation; 4] {
    [
        transfers(),
        onboarding(),
        coming_back(
            "/merchants/onboarding/return",
            "Where Stripe sends a merchant back",
            "Asks Stripe how far the onboarding is, and sends the merchant on to `successUrl` or \
             `cancelUrl`.",
        ),
        coming_back(
            "/merchants/onboarding/refresh",
            "Where Stripe sends a merchant whose link was used up",
            "Makes a new link and sends the merchant there, or to `errorUrl`.",
        ),
    ]
}

fn transfers() -> Operation {
    Operation::private("/payments/transfers", Topic::Marketplace, "Pay merchants out")
        .about(
            "Moves the merchants' shares of paid orders to their accounts; a negative amount with \
             a `transferId` is taken back. One transfer is made for each order and merchant, and \
             never twice for the same items. Keys may be written with underscores \
             (`item_reference`), as shops do. The shop reads the list of results alone, so what \
             fails is answered with 200 as well: an entry with `isSuccessful` false and the \
             reason. No entry ever has a key that is not described here.",
        )
        .body(&[JSON, JSON_API], of::<TransfersRequest>)
        .media_type_is_checked()
        .example("payout", recorded!("requests/transfers_payout_order_11"))
        .example("reversal", recorded!("requests/transfers_reversal_with_expenses"))
        .answers_json("What came of each transfer.", of::<TransfersAnswer>)
}

fn onboarding() -> Operation {
    Operation::private("/merchants/onboarding", Topic::Marketplace, "Onboard a merchant")
        .about(
            "A merchant clicks the button in the shop's portal: the answer says where to send the \
             browser. Called again it gives a new link, or one to the merchant's dashboard.",
        )
        .parameter(Parameter {
            schema: text,
            ..header("X-Merchant-Reference", "The merchant who is signed in at the portal.")
        })
        .body(&[JSON, JSON_API], of::<OnboardingRequest>)
        .media_type_is_checked()
        .example("merchant", recorded!("requests/merchants_onboarding"))
        .answers(StatusCode::CREATED, "The first link.", Some((JSON, of::<OnboardingAnswer>)))
        .answers_json("Another link.", of::<OnboardingAnswer>)
        .refuses(412, "The tenant is set up for no marketplace, here or at Stripe.")
}

fn coming_back(path: &'static str, summary: &'static str, about: &'static str) -> Operation {
    let part =
        |name, about| Parameter { name, place: "query", required: true, about, schema: text };
    Operation::new(Method::GET, path, Topic::Marketplace, summary)
        .about(about)
        .parameter(part("tenantIdentifier", "The shop."))
        .parameter(part("token", "What proves who comes: nobody else knows the address."))
        .answers(StatusCode::SEE_OTHER, "The merchant is sent on.", None)
        .refuses(400, "The address does not read.")
        .refuses(404, "Nobody was given this address.")
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}
