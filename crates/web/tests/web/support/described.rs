//! Every answer that a test gets is one that the OpenAPI document describes, and every message that
//! a test reads is one that the AsyncAPI document describes.

use std::sync::LazyLock;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(web::openapi()).unwrap());

static MESSAGES: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(web::asyncapi()).unwrap());

/// Fails for a status, media type, header or body that the document does not know.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    // The router itself answers these, whatever is described.
    if answer.status == StatusCode::METHOD_NOT_ALLOWED {
        return;
    }
    let Some(item) = path_item(path) else {
        assert!(answer.status.is_client_error(), "{method} {path} is not described");
        return;
    };
    let what = format!("{method} {path} answers {}", answer.status);
    // To ask for the headers alone is a GET.
    let only_headers = method == Method::HEAD;
    let described_as = if only_headers { Method::GET } else { method.clone() };
    let operation = &item[described_as.as_str().to_lowercase()];
    let described = &operation["responses"][answer.status.as_str()];
    assert!(described.is_object(), "{what}, which is not described: {}", answer.body);
    for (name, header) in described["headers"].as_object().into_iter().flatten() {
        let required = header["required"] == true;
        assert!(!required || answer.headers.contains_key(name), "{what} without {name}");
    }
    let Some(content) = described["content"].as_object() else {
        assert_eq!(answer.body, "", "{what}");
        return;
    };
    let media_type = answer.headers["content-type"].to_str().unwrap();
    let media_type = media_type.split(';').next().unwrap();
    assert!(content.contains_key(media_type), "{what} as {media_type}");
    if media_type.ends_with("json") && !only_headers {
        let body = serde_json::from_str(&answer.body).unwrap();
        let complaints = complaints(&content[media_type]["schema"], &body);
        assert!(complaints.is_empty(), "{what}: {complaints:#?}\n{}", answer.body);
        if path.starts_with("/message-channels/") && method == Method::GET {
            body.as_array().into_iter().flatten().for_each(check_message);
        }
    }
}

fn check_message(entry: &Value) {
    let attributes = &entry["MessageAttributes"];
    let message = &MESSAGES["components"]["messages"][attributes["name"].as_str().unwrap()];
    assert!(message.is_object(), "{entry} is not described");
    let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
    for (part, value) in [("headers", attributes), ("payload", &body)] {
        let complaints = message_complaints(&message[part], value);
        assert!(complaints.is_empty(), "{entry}: {complaints:#?}");
    }
}

/// What is wrong with a value by a schema of the AsyncAPI document.
pub fn message_complaints(schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = schema.clone();
    whole["components"] = json!({"schemas": MESSAGES["components"]["schemas"]});
    // In this dialect what stands beside a reference does not count.
    if let Some(reference) = whole.as_object_mut().unwrap().remove("$ref") {
        whole["allOf"] = json!([{"$ref": reference}]);
    }
    let validator = jsonschema::draft7::new(&whole).unwrap();
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// What is wrong with a value by a schema of the document.
pub fn complaints(schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = schema.clone();
    whole["components"] = json!({"schemas": DOCUMENT["components"]["schemas"]});
    let validator = jsonschema::draft202012::new(&whole).unwrap();
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The endpoints at a path.
pub fn path_item(path: &str) -> Option<&'static Value> {
    let matches = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().find(|(template, _)| matches(template)).map(|(_, item)| item)
}
