//! The API reference: complete, true to what is answered, and readable.

use serde_json::Value;

use crate::support::described::{complaints, message_complaints};
use crate::support::{App, get};

#[tokio::test]
async fn anybody_may_read_the_documents() {
    let app = App::new();
    for (path, key, version) in
        [("/openapi.json", "openapi", "3.1.0"), ("/asyncapi.json", "asyncapi", "3.0.0")]
    {
        let answer = app.call(crate::support::without(get(path), "authorization")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.json()[key], version);
    }
}

/// An endpoint that nobody described fails here, and so does a description of none.
#[test]
fn every_endpoint_is_described_and_no_other() {
    let document: Value = serde_json::from_str(web::openapi()).unwrap();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let endpoints = web::endpoints().into_iter();
    let mut served: Vec<String> =
        endpoints.map(|endpoint| format!("{} {}", endpoint.method, endpoint.path)).collect();
    described.sort_unstable();
    served.sort_unstable();
    assert_eq!(described, served);
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [web::openapi(), web::asyncapi()] {
        let document: Value = serde_json::from_str(document).unwrap();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 10);
        for reference in references {
            let target = document.pointer(reference.strip_prefix('#').unwrap());
            assert!(target.is_some(), "{reference}");
        }
    }
}

#[test]
fn every_schema_has_one_name_and_one_meaning() {
    for document in [web::openapi(), web::asyncapi()] {
        let document: Value = serde_json::from_str(document).unwrap();
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name} is taken twice");
        }
        assert!(!document.to_string().contains("[`"), "a link that only rustdoc understands");
    }
}

/// An example that the schema refuses would teach the wrong thing.
#[test]
fn every_example_is_what_the_schema_says() {
    let document: Value = serde_json::from_str(web::openapi()).unwrap();
    let mut count = 0;
    for operation in operations(&document) {
        for content in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            for (name, example) in content.1["examples"].as_object().into_iter().flatten() {
                let complaints = complaints(&content.1["schema"], &example["value"]);
                assert!(complaints.is_empty(), "{}: {name}: {complaints:#?}", operation["summary"]);
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
    let messages: Value = serde_json::from_str(web::asyncapi()).unwrap();
    for (name, message) in messages["components"]["messages"].as_object().unwrap() {
        let complaints =
            message_complaints(&message["payload"], &message["examples"][0]["payload"]);
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
    }
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().unwrap();
    paths.values().flat_map(|item| item.as_object().unwrap().values())
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_page_shows_both_documents_and_loads_nothing_from_elsewhere() {
    let app = App::new();
    let page = app.call(get("/docs")).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!page.body.contains("<script") && !page.body.contains("style="));
    for told in ["Initialize a payment", "PaymentCaptured", "id=\"schema-OrderData\""] {
        assert!(page.body.contains(told), "{told}");
    }
    // Every link within the page leads somewhere, and no name is given twice.
    let ids: Vec<&str> = attribute(&page.body, "id=\"");
    for link in attribute(&page.body, "href=\"").iter().filter_map(|link| link.strip_prefix('#')) {
        assert_eq!(ids.iter().filter(|id| **id == link).count(), 1, "{link}");
    }
    assert_eq!(
        app.call(get("/docs/style.css")).await.headers["content-type"],
        "text/css; charset=utf-8"
    );
}

fn attribute<'a>(page: &'a str, start: &str) -> Vec<&'a str> {
    page.split(start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}
