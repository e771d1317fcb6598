//! Turning a body into a type of this crate, or naming the field that is wrong.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is named where the whole body is wrong.
pub const BODY: &str = "body";

/// A body that does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field, as a path: `orderData.items[1].quantity`; [`BODY`] where it is no single one.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Invalid {}

/// Reads a JSON body.
///
/// # Errors
/// [`Invalid`], with the field where the body is JSON, and the place where it is not.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Invalid> {
    let value: Value = serde_json::from_slice(body).map_err(|error| Invalid {
        field: BODY.to_owned(),
        problem: format!("is not JSON: {error}"),
    })?;
    from_value(value)
}

/// Reads a body that was parsed before: JSON, or a form as a tree of strings.
///
/// # Errors
/// [`Invalid`] with the field.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    // A struct would also be read from a list of its fields, which nobody means.
    if !value.is_object() {
        let problem = "must be a JSON object".to_owned();
        return Err(Invalid { field: BODY.to_owned(), problem });
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Invalid {
            field: if path == "." { BODY.to_owned() } else { path },
            problem: error.into_inner().to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::InitializePaymentRequest;

    fn complaint(body: &str) -> String {
        from_json::<InitializePaymentRequest>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_field_is_named_by_its_path() {
        insta::assert_snapshot!(complaint("{\"orderData\":"), @"body: is not JSON: EOF while parsing a value at line 1 column 13");
        insta::assert_snapshot!(complaint("[]"), @"body: must be a JSON object");
        insta::assert_snapshot!(complaint("{}"), @"body: missing field `orderData`");
        insta::assert_snapshot!(complaint(r#"{"orderData":"x"}"#), @r#"orderData: invalid type: string "x", expected an object"#);
        insta::assert_snapshot!(complaint(r#"{"orderData":{"items":[{"quantity":"two"}]}}"#), @r#"orderData.items[0].quantity: invalid value: string "two", expected a whole number"#);
        insta::assert_snapshot!(complaint(r#"{"orderData":{"items":{"7":{"sku":["a"]}}}}"#), @"orderData.items.7.sku: invalid type: sequence, expected a text");
        insta::assert_snapshot!(complaint(r#"{"orderData":["DE--1"]}"#), @"orderData: invalid type: sequence, expected an object");
        insta::assert_snapshot!(complaint(r#"{"orderData":{"items":[[7,"name"]]}}"#), @"orderData.items[0]: invalid type: sequence, expected an object");
        insta::assert_snapshot!(complaint(r#"{"orderData":{"items":{"a":{}}}}"#), @r#"orderData.items: expected a list, but it has the key "a""#);
        insta::assert_snapshot!(complaint(r#"{"orderData":{"grandTotal":99.5}}"#), @"orderData.grandTotal: invalid value: floating point `99.5`, expected a whole number");
    }
}
