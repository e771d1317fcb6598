//! Attributes as SQS and SNS carry them: at most ten of them, so the rest travels as JSON in one of
//! the ten, as the shop's own library does it.

use std::collections::BTreeMap;

/// A message has at most so many attributes; SNS drops what has more on the way to a queue.
const ATTRIBUTES_MAX: usize = 10;
/// The one that holds the rest.
const REST: &str = "X-Symfony-Messenger";

/// The attributes as they are sent, in this order. Empty ones are left out, as AWS takes none.
pub(crate) fn pack<'a>(
    attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let mut packed: Vec<(String, String)> = attributes
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if packed.len() > ATTRIBUTES_MAX {
        let rest = packed.split_off(ATTRIBUTES_MAX - 1);
        let rest: serde_json::Map<String, serde_json::Value> =
            rest.into_iter().map(|(name, value)| (name, value.into())).collect();
        packed.push((REST.to_owned(), serde_json::Value::Object(rest).to_string()));
    }
    packed
}

/// The attributes as they were before they were packed. What stands for itself wins over the rest.
pub(crate) fn unpack(
    packed: impl IntoIterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let mut attributes: BTreeMap<String, String> = packed.into_iter().collect();
    let rest = attributes.remove(REST).unwrap_or_default();
    // What cannot be read here is missing there, and that is told.
    if let Ok(rest) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&rest) {
        for (name, value) in rest {
            if let serde_json::Value::String(value) = value {
                attributes.entry(name).or_insert(value);
            }
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<(String, String)> {
        (0..count).map(|number| (format!("name{number:02}"), format!("value {number}"))).collect()
    }

    fn packed(attributes: &[(String, String)]) -> Vec<(String, String)> {
        pack(attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    #[test]
    fn ten_stand_for_themselves_and_more_share_the_tenth() {
        for count in [0, 1, 10] {
            assert_eq!(packed(&names(count)), names(count));
        }
        let thirteen = packed(&names(13));
        assert_eq!(thirteen.len(), 10);
        assert_eq!(thirteen[8], ("name08".into(), "value 8".into()));
        let rest =
            r#"{"name09":"value 9","name10":"value 10","name11":"value 11","name12":"value 12"}"#;
        assert_eq!(thirteen[9], ("X-Symfony-Messenger".into(), rest.into()));
        assert_eq!(unpack(thirteen), names(13).into_iter().collect());
    }

    #[test]
    fn empty_ones_are_not_sent() {
        assert_eq!(pack([("a", ""), ("b", "x")]), [("b".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn a_rest_that_is_none_harms_nothing() {
        for rest in ["", "[]", "{", "{\"a\":1,\"b\":null}"] {
            let attributes = [("name".to_owned(), "x".to_owned()), (REST.into(), rest.into())];
            assert_eq!(unpack(attributes), BTreeMap::from([("name".into(), "x".into())]), "{rest}");
        }
        let both = [("name".to_owned(), "x".to_owned()), (REST.into(), r#"{"name":"y"}"#.into())];
        assert_eq!(unpack(both), BTreeMap::from([("name".into(), "x".into())]));
    }
}
