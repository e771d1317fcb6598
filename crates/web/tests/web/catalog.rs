//! The files for an app catalog are what a catalog understands, and what the app understands.

use std::path::{Path, PathBuf};

use protocol::configure::KEYS;
use serde_json::{Map, Value, json};

use crate::support::described::path_item;
use crate::support::{App, configure};

const LANGUAGES: [&str; 2] = ["de_DE", "en_US"];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../acp").join(file)
}

fn read(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(file)).unwrap()).unwrap()
}

fn fields(form: &Value) -> &Map<String, Value> {
    form["properties"].as_object().unwrap()
}

fn widget(field: &Value) -> &str {
    field["widget"]["id"].as_str().unwrap()
}

/// What somebody might enter, as the catalog sends it.
fn entered(name: &str, field: &Value) -> Option<Value> {
    match (widget(field), name) {
        ("notification", _) => None,
        ("radio" | "select", _) if field["multiple"] == true => {
            Some(json!([field["multipleOptions"][0]]))
        }
        ("radio" | "select", _) => {
            let chosen = field.get("default").unwrap_or(&field["oneOf"][0]["enum"][0]);
            Some(chosen.clone())
        }
        ("checkbox", _) => Some(field["default"].clone()),
        ("array", _) => Some(json!([filled_in(&field["items"])])),
        (_, "accountId") => Some(json!("acct_1")),
        (_, "publishableKey") => Some(json!("pk_test_0123456789abcdef")),
        (_, "secretKey") => Some(json!("sk_test_0123456789abcdef")),
        (_, "webhookSecrets") => Some(json!("whsec_0123456789abcdef\nwhsec_fedcba9876543210")),
        // What stands in the field as an example has to be one.
        ("string" | "textarea", _) => Some(json!(text(&field["placeholder"], "en_US"))),
        (other, _) => {
            assert_eq!(other, "", "{name} is of a kind that nobody knows to fill in");
            None
        }
    }
}

fn filled_in(form: &Value) -> Value {
    let values = fields(form).iter();
    values.filter_map(|(name, field)| Some((name.clone(), entered(name, field)?))).collect()
}

fn text(key: &Value, language: &str) -> String {
    let key = key.as_str().unwrap();
    read("translation.json")[key][language].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_form_filled_in_configures_the_app() {
    let form = read("configuration.json");
    let app = App::new();
    let answer = app.call(configure(&filled_in(&form))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let configuration = &answer.json()["configuration"];
    assert_eq!(configuration["shopOrigins"], json!(["https://www.shop.example"]));
    assert_eq!(configuration["webhookSecrets"], json!(["whsec_…cdef", "whsec_…3210"]));
    assert_eq!(configuration["payButtonColor"], "#0b57b7");
}

#[tokio::test]
async fn what_the_form_demands_is_enough_whether_the_rest_is_empty_or_missing() {
    let form = read("configuration.json");
    let whole = filled_in(&form);
    for rest_is_sent in [false, true] {
        let mut values = Map::new();
        for (name, field) in fields(&form) {
            if form["required"].as_array().unwrap().contains(&json!(name)) {
                assert_eq!(field["isRequired"], true, "{name}");
                values.insert(name.clone(), whole[name].clone());
            } else if rest_is_sent && widget(field) != "notification" {
                let empty = match widget(field) {
                    "array" => json!([]),
                    "checkbox" => json!(false),
                    _ => json!(""),
                };
                values.insert(name.clone(), empty);
            }
        }
        let answer = App::new().call(configure(&Value::Object(values))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["configuration"]["paymentMethods"], json!(["Stripe"]));
    }
}

#[test]
fn the_form_has_every_key_once() {
    let form = read("configuration.json");
    let mut shown: Vec<&str> = Vec::new();
    for set in form["fieldsets"].as_array().unwrap() {
        shown.extend(set["fields"].as_array().unwrap().iter().filter_map(Value::as_str));
    }
    shown.sort_unstable();
    assert_eq!(shown, fields(&form).keys().collect::<Vec<_>>());
    shown.retain(|name| widget(&form["properties"][name]) != "notification");
    let mut keys = KEYS.to_vec();
    keys.sort_unstable();
    assert_eq!(shown, keys);
}

#[test]
fn every_text_is_there_in_each_language_and_none_is_left_over() {
    fn collect<'a>(value: &'a Value, keys: &mut Vec<&'a str>) {
        if let Some(list) = value.as_array() {
            list.iter().for_each(|value| collect(value, keys));
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let is_text = ["title", "description", "placeholder", "addButtonText", "content"]
                .contains(&name.as_str());
            match value.as_str() {
                Some(key) if is_text => keys.push(key),
                Some(_) | None => collect(value, keys),
            }
        }
    }
    let (form, translations) = (read("configuration.json"), read("translation.json"));
    let mut keys = Vec::new();
    collect(&form, &mut keys);
    keys.sort_unstable();
    keys.dedup();
    let translated = translations.as_object().unwrap();
    assert_eq!(keys, translated.keys().collect::<Vec<_>>());
    for (key, texts) in translated {
        assert_eq!(texts.as_object().unwrap().keys().collect::<Vec<_>>(), LANGUAGES, "{key}");
        assert!(texts.as_object().unwrap().values().all(|text| text != ""), "{key}");
    }
}

#[test]
fn the_manifests_say_the_same_in_each_language() {
    let known = [
        "name",
        "provider",
        "descriptionShort",
        "description",
        "developedBy",
        "url",
        "isAvailable",
        "businessModels",
        "categories",
        "pages",
        "assets",
        "labels",
        "resources",
        "dialogs",
        "dependencies",
    ];
    let manifests = LANGUAGES.map(|language| read(&format!("manifest/{language}.json")));
    for manifest in &manifests {
        assert!(manifest.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
        assert_eq!(shape(manifest), shape(&manifests[0]));
        for same in ["name", "url", "businessModels", "categories", "assets"] {
            assert_eq!(manifest[same], manifests[0][same], "{same}");
        }
        for asset in manifest["assets"].as_array().unwrap() {
            let file = asset["url"].as_str().unwrap().trim_start_matches('/');
            assert!(path(file).is_file(), "{file}");
        }
    }
}

/// A document without its texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => json!(null),
    }
}

#[test]
fn the_catalog_is_told_paths_that_are_served() {
    let api = read("api.json");
    assert_eq!(api.as_object().unwrap().len(), 2);
    for name in ["configuration", "disconnection"] {
        let item = path_item(api[name].as_str().unwrap()).unwrap();
        assert_eq!(item["post"]["tags"], json!(["App catalog"]));
    }
}
