//! How the schemas of incoming types say what PHP may write: each widens a schema to what the helper
//! of [`crate::php`] reads that stands at the same field.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// The keys of a list that PHP wrote as a map.
const INDEX: &str = "^[0-9]+$";
/// A whole number that PHP wrote as a text.
const INTEGER: &str = "^([+-]?[0-9]+)?$";

/// For `#[schemars(transform = …)]` on a type whose fields are read by [`crate::php`].
pub fn as_php_writes_it(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if let Some(property) = property.as_object_mut() {
            property.remove("default");
            widen(property);
        }
    }
}

/// Free pairs, as [`crate::php::pairs`] reads them.
pub fn pairs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["object", "array", "null"]})
}

/// An object of whatever form.
pub fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [{"type": "object"}, {"type": "null"}]})
}

/// The text of a JSON document that is a `T`.
pub fn text_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let inside = generator.subschema_for::<T>();
    json_schema!({
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": inside,
    })
}

fn widen(schema: &mut Map<String, Value>) {
    let is = |schema: &Map<String, Value>, name: &str| match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        Some(_) | None => false,
    };
    if is(schema, "object") {
        // Free pairs are wide already.
    } else if is(schema, "array") {
        widen_list(schema);
    } else if is(schema, "integer") {
        schema.insert("type".to_owned(), json!(["integer", "string", "null"]));
        schema.insert("pattern".to_owned(), json!(INTEGER));
    } else if is(schema, "string") {
        schema.insert("type".to_owned(), json!(["string", "number", "boolean", "null"]));
    } else if let Some(Value::Array(kinds)) = schema.get_mut("anyOf") {
        // An object or null: PHP's empty map is a list.
        kinds.push(json!({"type": "array", "maxItems": 0}));
    } else if let Some(object) = schema.remove("$ref") {
        let nothing = json!({"type": "array", "maxItems": 0});
        schema.insert("anyOf".to_owned(), json!([{"$ref": object}, nothing]));
    }
}

/// A list with gaps comes as a map of its indexes, and nulls in it are left out.
fn widen_list(schema: &mut Map<String, Value>) {
    let mut element = schema.remove("items").unwrap_or(Value::Bool(true));
    if element.get("$ref").is_some() {
        let nothing = json!({"type": "array", "maxItems": 0});
        element = json!({"anyOf": [element, {"type": "null"}, nothing]});
    } else if let Some(element) = element.as_object_mut() {
        widen(element);
    }
    schema.insert("type".to_owned(), json!(["array", "object", "null"]));
    schema.insert("items".to_owned(), element.clone());
    schema.insert("propertyNames".to_owned(), json!({"pattern": INDEX}));
    schema.insert("additionalProperties".to_owned(), element);
}

#[cfg(test)]
mod tests {
    use crate::configure::{Configuration, KEYS};
    use crate::order::OrderData;
    use schemars::schema_for;
    use serde_json::Value;

    fn property(schema: &schemars::Schema, name: &str) -> Value {
        schema.as_value()["properties"][name].clone()
    }

    #[test]
    fn a_field_may_be_all_that_php_writes_for_it() {
        let order = schema_for!(OrderData);
        let shown = ["zip", "grandTotal", "items", "additionalPaymentData"]
            .map(|name| format!("{name}: {}", property(&order, name)));
        insta::assert_snapshot!(shown.join("\n"), @r##"
        zip: {"description":"Billing postal code.","type":["string","number","boolean","null"]}
        grandTotal: {"description":"Gross total in minor units.","format":"int64","pattern":"^([+-]?[0-9]+)?$","type":["integer","string","null"]}
        items: {"additionalProperties":{"anyOf":[{"$ref":"#/$defs/OrderDataItem"},{"type":"null"},{"maxItems":0,"type":"array"}]},"description":"The positions; none for a pre-order.","items":{"anyOf":[{"$ref":"#/$defs/OrderDataItem"},{"type":"null"},{"maxItems":0,"type":"array"}]},"propertyNames":{"pattern":"^[0-9]+$"},"type":["array","object","null"]}
        additionalPaymentData: {"description":"Free pairs for the payment service provider's metadata.","type":["object","array","null"]}
        "##);
        assert_eq!(order.as_value()["required"], Value::Null);
    }

    #[test]
    fn every_key_of_the_configuration_has_its_schema() {
        let schema = schema_for!(Configuration);
        let described = schema.as_value()["properties"].as_object().unwrap();
        let mut keys = KEYS.to_vec();
        keys.sort_unstable();
        assert_eq!(described.keys().collect::<Vec<_>>(), keys);
    }
}
