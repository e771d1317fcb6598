//! The pairs that travel with Stripe's objects, so that they can be found again and told apart from
//! those of others.

use std::collections::BTreeSet;

use crate::form::Form;
use crate::objects::Metadata;

/// The tenant.
pub(crate) const TENANT: &str = "tenantIdentifier";
/// The shop's order.
pub(crate) const ORDER: &str = "orderReference";
/// Our payment.
pub(crate) const PAYMENT_ID: &str = "paymentId";
/// Our attempt; it is looked for after a crash.
pub(crate) const ATTEMPT_ID: &str = "attemptId";
/// The installation that made the object (rule R4).
pub(crate) const INSTALLATION_ID: &str = "installationId";
/// Our refund; it is looked for after a crash.
pub(crate) const REFUND_ID: &str = "refundId";

/// Our merchant, on its account; it is looked for after a crash.
pub(crate) const MERCHANT_ID: &str = "merchantId";
/// The shop's name of the merchant.
pub(crate) const MERCHANT: &str = "merchantReference";
/// Our transfer; it is looked for after a crash.
pub(crate) const TRANSFER_ID: &str = "transferId";
/// Our reversal; it is looked for after a crash.
pub(crate) const REVERSAL_ID: &str = "reversalId";

/// Those on payment intents.
const RESERVED: [&str; 6] = [TENANT, ORDER, PAYMENT_ID, ATTEMPT_ID, INSTALLATION_ID, REFUND_ID];

/// At most so many pairs on one object (contract/stripe.md section 6).
const PAIRS_MAX: usize = 50;
/// At most so many characters in a key.
const KEY_CHARACTERS_MAX: usize = 40;
/// At most so many characters in a value.
const VALUE_CHARACTERS_MAX: usize = 500;

/// Adds one of our own pairs.
pub(crate) fn with_own(form: Form, key: &str, value: &str) -> Form {
    form.with(format!("metadata[{key}]"), cut(value, VALUE_CHARACTERS_MAX))
}

/// Adds the shop's pairs, cut to Stripe's limits: what does not fit is left out, because no shopper
/// should be unable to pay over a note. Ours always have their place and are never overwritten.
pub(crate) fn with_additional(mut form: Form, pairs: &[(String, String)]) -> Form {
    let mut taken: BTreeSet<String> = RESERVED.iter().map(|&key| key.to_owned()).collect();
    for (key, value) in pairs {
        let key = cut(key.replace(['[', ']'], "").trim(), KEY_CHARACTERS_MAX);
        let value = cut(value.trim(), VALUE_CHARACTERS_MAX);
        if key.is_empty() || value.is_empty() {
            continue;
        }
        if taken.len() < PAIRS_MAX && taken.insert(key.clone()) {
            form = form.with(format!("metadata[{key}]"), value);
        }
    }
    form
}

/// The value of one pair of an object that may have none.
pub(crate) fn value<'a>(pairs: Option<&'a Metadata>, key: &str) -> Option<&'a str> {
    pairs?.get(key).map(String::as_str)
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn additional(pairs: &[(&str, &str)]) -> Form {
        let pairs: Vec<_> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        with_additional(Form::new(), &pairs)
    }

    #[test]
    fn brackets_are_taken_out_of_keys_and_blank_pairs_are_left_out() {
        let form = additional(&[("cart[0]", "a"), ("[]", "b"), ("note", " "), ("ok", "c")]);
        assert_eq!(form, Form::new().with("metadata[cart0]", "a").with("metadata[ok]", "c"));
    }

    #[test]
    fn the_shop_cannot_overwrite_our_pairs_nor_its_own() {
        let form = additional(&[("paymentId", "x"), ("a", "1"), ("a", "2"), ("[a]", "3")]);
        assert_eq!(form, Form::new().with("metadata[a]", "1"));
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        let form = additional(&[(&"ü".repeat(41), &"ß".repeat(501))]);
        let key = format!("metadata[{}]", "ü".repeat(40));
        assert_eq!(form, Form::new().with(key, "ß".repeat(500)));
    }

    proptest! {
        // Each case is up to seventy long texts.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn whatever_the_shop_sends_fits_beside_our_own(
            pairs in prop::collection::vec((".{0,60}", ".{0,600}"), 0..70),
        ) {
            let encoded = with_additional(Form::new(), &pairs).encode();
            let sent: Vec<(String, String)> =
                url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
            prop_assert!(sent.len() + RESERVED.len() <= PAIRS_MAX);
            for (name, value) in sent {
                let key = name.strip_prefix("metadata[").and_then(|n| n.strip_suffix(']')).unwrap();
                prop_assert!(!key.contains(['[', ']']) && key.chars().count() <= 40);
                prop_assert!(!value.is_empty() && value.chars().count() <= 500);
            }
        }
    }
}
