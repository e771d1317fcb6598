//! A schema in words: one row for each property, and what each may be.

use serde_json::{Map, Value};

use crate::reference::prose::{Run, paragraphs};

/// A property of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    pub about: Vec<Vec<Run>>,
}

/// What a value may be, in words of which some lead to a named schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind(pub Vec<Word>);

/// A part of a [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    /// The anchor of the schema.
    pub link: Option<String>,
}

impl Kind {
    fn of(text: impl Into<String>) -> Self {
        Self(vec![Word { text: text.into(), link: None }])
    }

    /// With something said before it.
    pub(crate) fn after(mut self, text: &str) -> Self {
        self.0.insert(0, Word { text: text.to_owned(), link: None });
        self
    }

    fn and(mut self, text: &str) -> Self {
        self.0.push(Word { text: text.to_owned(), link: None });
        self
    }
}

/// The properties of an object's schema.
pub(crate) fn rows(schema: &Value) -> Vec<Row> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = schema.get("required").and_then(Value::as_array);
    let row = |(name, property): (&String, &Value)| Row {
        name: name.clone(),
        kind: kind(property),
        required: required.is_some_and(|names| names.iter().any(|one| one == name)),
        about: about(property),
    };
    properties.iter().map(row).collect()
}

/// What a schema says of itself.
pub(crate) fn about(schema: &Value) -> Vec<Vec<Run>> {
    paragraphs(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

/// What a value of the schema may be, in a few words. What PHP may write besides is said once, at
/// the beginning of the reference.
pub(crate) fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default();
        let link = Some(format!("schema-{name}"));
        return Kind(vec![Word { text: name.to_owned(), link }]);
    }
    for several in ["anyOf", "allOf", "oneOf"] {
        if let Some(kinds) = schema.get(several).and_then(Value::as_array) {
            return one_of(kinds);
        }
    }
    if let Some(value) = schema.get("const") {
        return Kind::of(value.to_string());
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        return Kind::of(values.join(", "));
    }
    of_type(schema)
}

fn one_of(kinds: &[Value]) -> Kind {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|name| name == "null");
    let is_empty = |schema: &Value| schema.get("maxItems").is_some_and(|most| most == 0);
    let mut words = Vec::new();
    for known in kinds.iter().filter(|schema| !is_null(schema) && !is_empty(schema)) {
        let mut known = kind(known);
        if !words.is_empty() {
            known = known.after(" or ");
        }
        words.extend(known.0);
    }
    // PHP writes null for anything; of what is answered it is worth a word.
    let may_be_null = kinds.iter().any(is_null) && !kinds.iter().any(is_empty);
    if may_be_null { Kind(words).and(" or null") } else { Kind(words) }
}

fn of_type(schema: &Value) -> Kind {
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => return Kind::of("anything"),
    };
    let has = |name: &str| names.contains(&name);
    let kind = if has("array") {
        match schema.get("items").map(kind) {
            Some(mut element) => {
                element.0.retain(|word| word.text != " or null");
                element.after("list of ")
            }
            None => Kind::of("list"),
        }
    } else if has("object") {
        Kind::of("object")
    } else if has("integer") {
        Kind::of("whole number")
    } else if has("string") {
        Kind::of("text")
    } else if has("boolean") {
        Kind::of("true or false")
    } else {
        Kind::of(names.join(" or "))
    };
    if names.len() == 2 && has("null") { kind.and(" or null") } else { kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_told_in_a_few_words() {
        let link = json!({"$ref": "#/components/schemas/Item"});
        let cases = [
            (json!({"type": ["string", "null"]}), "text or null"),
            (json!({"type": ["string", "number", "boolean", "null"]}), "text"),
            (json!({"type": ["integer", "string", "null"]}), "whole number"),
            (
                json!({"type": ["array", "object", "null"], "items": {"anyOf": [link, {"type": "null"}]}}),
                "list of Item",
            ),
            (json!({"anyOf": [link, {"type": "null"}, {"type": "array", "maxItems": 0}]}), "Item"),
            (json!({"oneOf": [{"const": "a"}, {"const": "b"}]}), "\"a\" or \"b\""),
            (json!({"anyOf": [link, {"type": "null"}]}), "Item or null"),
            (json!({"enum": ["a", "b"]}), "\"a\", \"b\""),
            (json!({"type": "null"}), "null"),
            (json!(true), "anything"),
        ];
        for (schema, words) in cases {
            let told: String = kind(&schema).0.into_iter().map(|word| word.text).collect();
            assert_eq!(told, words, "{schema}");
        }
        assert_eq!(kind(&link).0[0].link.as_deref(), Some("schema-Item"));
    }
}
