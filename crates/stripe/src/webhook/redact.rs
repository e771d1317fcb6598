//! What of a webhook may be stored. Whoever has a client secret can pay, or see, the payment in the
//! shopper's place. An account holds names, addresses and birthdays of people, of which nothing is
//! needed: how it stands is asked for.

use app::ports::WebhookRejected;
use serde_json::Value;

use crate::metadata;

/// The name of the field, and of the query parameter in links that carry one.
const CLIENT_SECRET: &str = "client_secret";
/// What a client secret has between the object's id and its random part.
const SECRET_INFIX: &str = "_secret_";

/// What is kept whatever it says: names of things, and of ours what a shop may have called
/// `DE_secret_1`. None of them is ever a client secret.
const NAMES: [&str; 8] = [
    "id",
    "object",
    "type",
    metadata::TENANT,
    metadata::ORDER,
    metadata::PAYMENT_ID,
    metadata::ATTEMPT_ID,
    metadata::INSTALLATION_ID,
];

/// The same JSON without any client secret: the fields, and every text that carries one.
pub(crate) fn redact(body: &[u8]) -> Result<Vec<u8>, WebhookRejected> {
    let malformed = |error: serde_json::Error| WebhookRejected::Malformed(error.to_string());
    let mut value: Value = serde_json::from_slice(body).map_err(malformed)?;
    strip(&mut value);
    strip_account(&mut value);
    serde_json::to_vec(&value).map_err(malformed)
}

/// What is kept of an account.
const OF_ACCOUNT: [&str; 3] = ["id", "object", "metadata"];

fn strip_account(event: &mut Value) {
    let object = event.pointer_mut("/data/object").and_then(Value::as_object_mut);
    let is_account = |kind: &Value| kind == "account";
    if let Some(object) = object.filter(|object| object.get("object").is_some_and(is_account)) {
        object.retain(|name, _| OF_ACCOUNT.contains(&name.as_str()));
        if let Some(data) = event.pointer_mut("/data").and_then(Value::as_object_mut) {
            data.remove("previous_attributes");
        }
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                NAMES.contains(&name.as_str()) || (name != CLIENT_SECRET && !carries_secret(value))
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => {
            items.retain(|item| !carries_secret(item));
            items.iter_mut().for_each(strip);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn carries_secret(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(CLIENT_SECRET) || text.contains(SECRET_INFIX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn client_secrets_go_wherever_they_are_and_the_rest_stays() {
        let body = json!({
            "id": "evt_1",
            "data": { "object": {
                "id": "pi_1",
                "client_secret": "pi_1_secret_abc",
                "amount": 18979,
                "next_action": { "redirect_to_url": {
                    "return_url": "https://shop.test/pay?payment_intent_client_secret=x",
                    "url": "https://hooks.stripe.com/redirect?client_secret=src_client_secret_x",
                } },
                "list": ["pi_1_secret_abc", { "client_secret": null, "kept": true }],
            } },
        });
        let stored: Value =
            serde_json::from_slice(&redact(body.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(
            stored,
            json!({
                "id": "evt_1",
                "data": { "object": {
                    "id": "pi_1",
                    "amount": 18979,
                    "next_action": { "redirect_to_url": {} },
                    "list": [{ "kept": true }],
                } },
            })
        );
    }

    /// A shop may call an order, or itself, whatever it likes.
    #[test]
    fn a_name_that_sounds_like_a_secret_is_kept() {
        let body = json!({
            "id": "evt_1", "type": "x_secret_y",
            "data": { "object": { "metadata": {
                "orderReference": "DE_secret_1", "tenantIdentifier": "my_client_secret_shop",
                "free": "pi_1_secret_abc",
            } } },
        });
        let stored: Value =
            serde_json::from_slice(&redact(body.to_string().as_bytes()).unwrap()).unwrap();
        let mut expected = body;
        expected["data"]["object"]["metadata"].as_object_mut().unwrap().remove("free");
        assert_eq!(stored, expected);
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        assert!(matches!(redact(b""), Err(WebhookRejected::Malformed(_))));
        assert!(matches!(redact(b"{"), Err(WebhookRejected::Malformed(_))));
    }

    proptest! {
        #[test]
        fn no_depth_hides_a_secret(depth in 0usize..60, in_list: bool) {
            let mut value = json!({ "client_secret": "seti_1_secret_x", "kept": 1 });
            for _ in 0..depth {
                value = if in_list { json!([value]) } else { json!({ "inner": value }) };
            }
            let stored = redact(value.to_string().as_bytes()).unwrap();
            let stored = String::from_utf8(stored).unwrap();
            prop_assert!(!stored.contains("secret") && stored.contains("kept"));
        }
    }
}
