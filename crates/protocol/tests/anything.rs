//! Whatever arrives, reading it ends in a value or in a complaint.

use proptest::prelude::*;
use protocol::configure::Configuration;
use protocol::message::PaymentCommand;
use protocol::order::InitializePaymentRequest;
use serde_json::{Value, json};

/// Any JSON, with the keys of the contract now and then so that it gets far.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "-?[0-9]{1,20}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("items".to_owned()),
        Just("grandTotal".to_owned()),
        Just("additionalPaymentData".to_owned()),
        Just("orderItemIds".to_owned()),
        Just("amount".to_owned()),
        "[0-9]{1,22}",
        ".{0,4}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        let order = json!({"orderData": value});
        if let Err(invalid) = protocol::from_value::<InitializePaymentRequest>(order) {
            prop_assert!(invalid.field.starts_with("orderData"), "{}", invalid);
        }
        if let Ok(command) = protocol::from_value::<PaymentCommand>(value.clone()) {
            prop_assert!(command.amount_minor().is_none_or(|amount| amount >= 0));
        }
        let _ = Configuration::from_text(&value.to_string());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = protocol::form::parse(&bytes);
        let _ = protocol::from_json::<PaymentCommand>(&bytes);
        let _ = Configuration::from_body(&bytes);
    }

    #[test]
    fn any_keys_make_a_tree_or_are_refused(keys in prop::collection::vec("[ab0-2\\[\\]]{0,9}", 0..8)) {
        let body = keys.iter().map(|key| format!("{key}=x")).collect::<Vec<_>>().join("&");
        if let Ok(tree) = protocol::form::parse(body.as_bytes()) {
            prop_assert!(tree.is_object());
        }
    }
}
