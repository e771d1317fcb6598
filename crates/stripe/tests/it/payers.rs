//! Who pays: from the charge, the payment method, and PayPal's own words.

use app::Psp;
use app::ports::Payer;
use payment::Address;
use serde_json::{Value, json};

use crate::script::{Script, answer, credentials, intent, reference};

async fn payer(more: Value) -> Payer {
    let mut body = intent("requires_capture");
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let script = Script::new([answer(200, body)]);
    let payer = script.psp().payer(&credentials(), &reference()).await.unwrap();
    assert_eq!(
        script.sent().remove(0).target,
        "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge&expand%5B%5D=payment_method"
    );
    payer
}

fn ada() -> Value {
    json!({
        "name": "Ada Lovelace", "email": "ada@example.test", "phone": "",
        "address": {"line1": "Example Street 12", "line2": null, "postal_code": "10115",
                    "city": "Berlin", "state": null, "country": "DE"},
    })
}

fn adas_address() -> Address {
    Address {
        name: "Ada Lovelace".into(),
        line1: "Example Street 12".into(),
        zip: Some("10115".into()),
        city: Some("Berlin".into()),
        country: Some("DE".into()),
        ..Address::default()
    }
}

#[tokio::test]
async fn nobody_is_known_before_the_shopper_has_said_who_she_is() {
    assert_eq!(payer(json!({})).await, Payer::default());
    let empty = json!({"billing_details": {"name": null, "email": " ", "phone": null,
        "address": {"line1": null, "country": null}}});
    assert_eq!(payer(json!({"latest_charge": empty})).await, Payer::default());
}

#[tokio::test]
async fn the_charge_says_who_pays_and_the_intent_where_it_goes() {
    let found = payer(json!({
        "latest_charge": {"billing_details": ada()},
        "payment_method": {"billing_details": {"name": "Somebody Else"}},
        "shipping": {"name": "Charles Babbage", "address": {"line1": "Dorset Street 1"}},
    }))
    .await;
    assert_eq!(found.email.as_deref(), Some("ada@example.test"));
    assert_eq!(found.billing, adas_address());
    let shipping = found.shipping.unwrap();
    assert_eq!(
        (shipping.name.as_str(), shipping.line1.as_str()),
        ("Charles Babbage", "Dorset Street 1")
    );
}

#[tokio::test]
async fn an_express_button_says_it_by_its_payment_method() {
    let found = payer(json!({
        "latest_charge": null, "payment_method": {"billing_details": ada()},
    }))
    .await;
    assert_eq!((found.billing, found.shipping), (adas_address(), None));
}

#[tokio::test]
async fn paypal_knows_name_and_address_of_its_own() {
    let paypal =
        json!({"payer_email": "ada@paypal.test", "payer_name": "Ada Lovelace", "payer_id": "x"});
    let found = payer(json!({
        "latest_charge": {
            "billing_details": {"name": null, "email": null, "phone": null, "address": null},
            "payment_method_details": {"type": "paypal", "paypal": paypal},
        },
        "payment_method": "pm_1",
    }))
    .await;
    assert_eq!(found.email.as_deref(), Some("ada@paypal.test"));
    assert_eq!(found.billing, Address { name: "Ada Lovelace".into(), ..Address::default() });
}
