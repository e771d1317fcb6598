//! How PHP writes values, for `#[serde(deserialize_with = "…")]`.
//!
//! An empty map comes as `[]`; a list with gaps comes as a map of its indexes; any scalar may be
//! `null`, and in a form everything is a string (contract, shop, section 0). None of these
//! helpers fails on what PHP may write for the same value, and each fails on anything else.

use std::fmt;
use std::iter;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Value};

/// A text: a string as it is, a number or a truth value as its text, `null` as nothing.
///
/// # Errors
/// Lists and maps.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(truth.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// A whole number, also written as a string (`"9990"`) or with a fraction of nothing (`9990.0`);
/// `null` and the empty string are nothing.
///
/// # Errors
/// Anything that is no whole number of 64 bits.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(IntegerVisitor)
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || E::invalid_value(Unexpected::Str(text), &self);
        text.parse().map(Some).map_err(|_| wrong())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
        i64::try_from(number).map(Some).map_err(|_| wrong())
    }

    /// PHP writes `9990.0` for a sum it computed as a float. Its text has no point then.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let wrong = || E::invalid_value(Unexpected::Float(number), &self);
        number.to_string().parse().map(Some).map_err(|_| wrong())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// A list of objects, in any of its forms: `[a, null, b]`, `{"0": a, "2": b}`, `null`. Nulls are left
/// out.
///
/// # Errors
/// A map whose keys are not all indexes, or an element that is no object or no `T`.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(elements::<D, Whole<T>>(deserializer)?.into_iter().map(|element| element.0).collect())
}

/// A list, in any of its forms.
fn elements<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// An object; PHP's empty map `[]` is one with nothing in it. A type would by itself also be read
/// from a list of its fields in the order of our code, which nobody means.
///
/// # Errors
/// Anything else that is no `T`.
pub fn whole<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Whole::deserialize(deserializer).map(|whole| whole.0)
}

struct Whole<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor(PhantomData)).map(Self)
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WholeVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<T, A::Error> {
        if elements.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let nothing = MapDeserializer::new(iter::empty::<(&str, &str)>());
        T::deserialize(MapAccessDeserializer::new(nothing))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element::<Option<T>>()? {
            list.extend(element);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut indexed: Vec<(u64, T)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let index = key.parse().map_err(|_| {
                A::Error::custom(format_args!("expected a list, but it has the key {key:?}"))
            })?;
            if let Some(element) = entries.next_value::<Option<T>>()? {
                indexed.push((index, element));
            }
        }
        // The parsed map is sorted as text, where "10" comes before "2".
        indexed.sort_by_key(|(index, _)| *index);
        Ok(indexed.into_iter().map(|(_, element)| element).collect())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// A list of whole numbers, each as [`integer`] reads it; those that are nothing are left out.
///
/// # Errors
/// As [`list`] and [`integer`].
pub fn integers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    struct Element(Option<i64>);

    impl<'de> Deserialize<'de> for Element {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            integer(deserializer).map(Element)
        }
    }

    Ok(elements::<D, Element>(deserializer)?.into_iter().filter_map(|element| element.0).collect())
}

/// A list of texts, each as [`text`] reads it; those that are nothing are left out.
///
/// # Errors
/// As [`list`] and [`text`].
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Element(Option<String>);

    impl<'de> Deserialize<'de> for Element {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            text(deserializer).map(Element)
        }
    }

    Ok(elements::<D, Element>(deserializer)?.into_iter().filter_map(|element| element.0).collect())
}

/// An object that may be missing: `null` and PHP's empty map `[]` are nothing.
///
/// # Errors
/// Anything else that is no `T`.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Array(elements) if elements.is_empty() => Ok(None),
        value @ Value::Object(_) => {
            serde_json::from_value(value).map(Some).map_err(D::Error::custom)
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(D::Error::custom("expected an object"))
        }
    }
}

/// Free pairs: a map of anything, as name and text. Strings stay as they are, numbers and truth
/// values become their text, lists and maps their JSON text; nulls are dropped. A list counts as
/// a map of its indexes, as it does in PHP.
///
/// # Errors
/// A scalar.
pub fn pairs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    let entries: Vec<(String, Value)> = match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(elements) => {
            elements.into_iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect()
        }
        Value::Object(map) => map.into_iter().collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(D::Error::custom("expected a map"));
        }
    };
    let present = entries.into_iter().filter_map(|(name, value)| Some((name, flat(value)?)));
    Ok(present.collect())
}

/// One value as text; `None` for a null.
fn flat(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => Some(without_nulls(value).to_string()),
    }
}

/// Drops the nulls of maps at every depth. Lists stay as they are: leaving an element out would
/// move the others.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name, without_nulls(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Inner {
        a: i64,
    }

    fn no<T: fmt::Debug>(result: Result<T, serde_json::Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn texts_are_kept_and_other_scalars_become_text() {
        assert_eq!(text(json!(" a b ")).unwrap().as_deref(), Some(" a b "));
        assert_eq!(text(json!("")).unwrap().as_deref(), Some(""));
        assert_eq!(text(json!(10115)).unwrap().as_deref(), Some("10115"));
        assert_eq!(text(json!(2.5)).unwrap().as_deref(), Some("2.5"));
        assert_eq!(text(json!(true)).unwrap().as_deref(), Some("true"));
        assert_eq!(text(json!(null)).unwrap(), None);
        insta::assert_snapshot!(no(text(json!(["a"]))), @"invalid type: sequence, expected a text");
        insta::assert_snapshot!(no(text(json!({"a": 1}))), @"invalid type: map, expected a text");
    }

    #[test]
    fn whole_numbers_come_as_numbers_and_as_strings() {
        assert_eq!(integer(json!(-9990)).unwrap(), Some(-9990));
        assert_eq!(integer(json!("-9990")).unwrap(), Some(-9990));
        assert_eq!(integer(json!(9990.0)).unwrap(), Some(9990));
        assert_eq!(integer(json!(9_007_199_254_740_993_i64)).unwrap(), Some(9_007_199_254_740_993));
        assert_eq!(integer(json!(null)).unwrap(), None);
        assert_eq!(integer(json!("")).unwrap(), None);
        insta::assert_snapshot!(no(integer(json!("99.90"))), @r#"invalid value: string "99.90", expected a whole number"#);
        insta::assert_snapshot!(no(integer(json!(99.9))), @"invalid value: floating point `99.9`, expected a whole number");
        insta::assert_snapshot!(no(integer(json!(u64::MAX))), @"invalid value: integer `18446744073709551615`, expected a whole number");
        insta::assert_snapshot!(no(integer(json!(true))), @"invalid type: boolean `true`, expected a whole number");
        insta::assert_snapshot!(no(integer(json!(1e300))), @"invalid value: floating point `1e+300`, expected a whole number");
    }

    #[test]
    fn a_list_is_the_same_in_each_of_its_forms() {
        let expected = vec![1, 3];
        assert_eq!(integers(json!([1, null, 3])).unwrap(), expected);
        assert_eq!(integers(json!({"0": 1, "2": 3})).unwrap(), expected);
        assert_eq!(integers(json!(["1", "3"])).unwrap(), expected);
        assert_eq!(integers(json!({"2": "3", "0": "1", "1": null})).unwrap(), expected);
        assert_eq!(integers(json!([])).unwrap(), Vec::<i64>::new());
        assert_eq!(integers(json!(null)).unwrap(), Vec::<i64>::new());
        insta::assert_snapshot!(no(integers(json!({"a": 1}))), @r#"expected a list, but it has the key "a""#);
        insta::assert_snapshot!(no(integers(json!("1,2"))), @r#"invalid type: string "1,2", expected a list"#);
    }

    #[test]
    fn a_list_with_gaps_is_in_the_order_of_its_numbers() {
        let sparse = json!({"10": "c", "0": "a", "9": "b", "11": null});
        assert_eq!(texts(sparse).unwrap(), ["a", "b", "c"]);
    }

    #[test]
    fn an_empty_object_is_an_empty_list() {
        assert_eq!(object::<_, Inner>(json!([])).unwrap(), None);
        assert_eq!(object::<_, Inner>(json!(null)).unwrap(), None);
        assert_eq!(object::<_, Inner>(json!({"a": 1})).unwrap(), Some(Inner { a: 1 }));
        insta::assert_snapshot!(no(object::<_, Inner>(json!([1]))), @"expected an object");
        insta::assert_snapshot!(no(object::<_, Inner>(json!("a"))), @"expected an object");
    }

    #[test]
    fn pairs_are_flat_texts() {
        let given: Value = serde_json::from_str(
            r#"{"note":"<tag> & \"x\"","big":9007199254740993,"half":2.5,"yes":true,"gone":null,
                "nested":{"list":[1,null,2.5],"gone":null,"sparse":{"0":"1","3":"1"}},"none":[]}"#,
        )
        .unwrap();
        let text: Vec<_> = pairs(given).unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        big=9007199254740993
        half=2.5
        nested={"list":[1,null,2.5],"sparse":{"0":"1","3":"1"}}
        none=[]
        note=<tag> & "x"
        yes=true
        "#);

        assert_eq!(pairs(json!([])).unwrap(), []);
        assert_eq!(pairs(json!(null)).unwrap(), []);
        assert_eq!(pairs(json!(["a"])).unwrap(), [("0".to_owned(), "a".to_owned())]);
        insta::assert_snapshot!(no(pairs(json!("a"))), @"expected a map");
    }
}
