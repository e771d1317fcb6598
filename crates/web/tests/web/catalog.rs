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

/// The form with these fields filled in, and the others sent empty or not at all.
fn with_only(form: &Value, names: &[&str], rest_is_sent: bool) -> Value {
    let mut values = filled_in(form);
    values.as_object_mut().unwrap().retain(|name, value| {
        if !names.contains(&name.as_str()) {
            *value = match widget(&form["properties"][name]) {
                "array" => json!([]),
                "checkbox" => json!(false),
                _ => json!(""),
            };
        }
        rest_is_sent || names.contains(&name.as_str())
    });
    values
}

#[tokio::test]
async fn two_keys_are_enough_whether_the_rest_is_empty_or_missing() {
    let form = read("configuration.json");
    for rest_is_sent in [false, true] {
        let values = with_only(&form, &["publishableKey", "secretKey"], rest_is_sent);
        let answer = App::new().call(configure(&values)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["configuration"]["paymentMethods"], json!(["Stripe"]));
    }
}

#[tokio::test]
async fn the_form_without_keys_configures_a_tenant_whose_account_the_operator_has_bound() {
    let form = read("configuration.json");
    let mut all_but_keys = filled_in(&form);
    for (name, value) in
        [("publishableKey", ""), ("secretKey", ""), ("webhookSecrets", ""), ("accountId", "")]
    {
        all_but_keys[name] = json!(value);
    }
    for values in [with_only(&form, &[], false), with_only(&form, &[], true), all_but_keys] {
        let app = App::with_bound_account().await;
        let answer = app.call(configure(&values)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let shown = answer.json()["configuration"].clone();
        assert_eq!(
            (&shown["accountId"], &shown["secretKey"]),
            (&json!("acct_bound"), &json!(null))
        );
        // What the form shows then is sent back when it is saved again.
        let mut again = values;
        again["accountId"] = shown["accountId"].clone();
        again["publishableKey"] = shown["publishableKey"].clone();
        again["secretKey"] = json!("");
        let answer = app.call(configure(&again)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn the_form_demands_nothing_and_the_answer_names_the_keys_that_are_missed() {
    let form = read("configuration.json");
    assert!(form.get("required").is_none());
    assert!(fields(&form).values().all(|field| field.get("isRequired").is_none()));
    for rest_is_sent in [false, true] {
        let answer = App::new().call(configure(&with_only(&form, &[], rest_is_sent))).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        for key in ["secretKey: is missing", "publishableKey: is missing"] {
            assert!(answer.body.contains(key), "{key}: {}", answer.body);
        }
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
