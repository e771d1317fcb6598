//! The configuration of a tenant, as the app catalog sends it (contract, shop, section 1).
//!
//! It comes as JSON inside a JSON string. Every field that does not read is reported, not only
//! the first; no complaint about one repeats its value, because it may be a secret.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decode::Invalid;
use crate::{php, schema};

/// The keys of the configuration.
pub const KEYS: [&str; 16] = [
    "businessModel",
    "environment",
    "accountId",
    "publishableKey",
    "secretKey",
    "webhookSecrets",
    "paymentPageTitle",
    "brandFavicon",
    "payButtonColor",
    "statementDescriptorSuffix",
    "onboardingLanguage",
    "onboardingLinks",
    "paymentMethods",
    "shopOrigins",
    "customerTokenKeys",
    "sharedCommandChannel",
];

/// A misspelt key is taken for a known one when at most so many letters differ.
const DISTANCE_MAX: usize = 4;

/// What a public key in PEM ends with (RFC 7468).
const PUBLIC_KEY_END: &str = "-----END PUBLIC KEY-----";

/// The body of a configure call. Keys that the contract does not have are refused.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureRequest {
    #[serde(deserialize_with = "php::whole")]
    data: EnvelopeData,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct EnvelopeData {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(deserialize_with = "php::whole")]
    attributes: EnvelopeAttributes,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Kind {
    Configuration,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct EnvelopeAttributes {
    /// The configuration as the text of a JSON object.
    #[schemars(schema_with = "schema::text_of::<Configuration>")]
    configuration: String,
}

/// What is new in a tenant's configuration. What is missing or null stays as it was.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct Configuration {
    /// `direct` or `marketplace`.
    pub business_model: Option<String>,
    /// `test` or `live`.
    pub environment: Option<String>,
    /// The payment service provider's account.
    pub account_id: Option<String>,
    /// The key that the payment page is given.
    pub publishable_key: Option<String>,
    /// The key that calls are made with.
    #[schemars(with = "Option<String>")]
    pub secret_key: Option<SecretString>,
    /// Secrets of webhook endpoints that somebody made by hand.
    #[schemars(schema_with = "lines")]
    pub webhook_secrets: Option<Vec<SecretString>>,
    /// Title of the payment page.
    pub payment_page_title: Option<String>,
    /// Address of the payment page's icon.
    pub brand_favicon: Option<String>,
    /// Colour of the pay button.
    pub pay_button_color: Option<String>,
    /// What is added to the descriptor on the shopper's statement.
    pub statement_descriptor_suffix: Option<String>,
    /// The language of what merchants who onboard read: `en` or `de`.
    pub onboarding_language: Option<String>,
    /// Links shown to merchants who onboard.
    #[schemars(schema_with = "lines")]
    pub onboarding_links: Option<Vec<String>>,
    /// The payment methods that the shop offers.
    #[schemars(schema_with = "methods_schema")]
    pub payment_methods: Option<Vec<MethodConfiguration>>,
    /// Origins that may frame the payment page, be redirected to, and call from a browser.
    #[schemars(schema_with = "lines")]
    pub shop_origins: Option<Vec<String>>,
    /// Public keys in PEM, with which the shop's tokens for its customers' browsers are verified.
    #[schemars(schema_with = "lines")]
    pub customer_token_keys: Option<Vec<String>>,
    /// Whether another payment app reads the same commands.
    #[schemars(schema_with = "truth_schema")]
    pub shared_command_channel: Option<bool>,
}

/// One payment method of the configuration: a text stands for its name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MethodConfiguration {
    /// Its name in the shop.
    pub name: String,
    /// Where the payment form is, as in AddPaymentMethod: `hosted-payment-page`, `embedded` or
    /// `express-checkout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The kinds it is limited to, in the provider's words, for instance `card`. None of them:
    /// everything that the account offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// `manual`: held at checkout and captured when the shop says so, where the kind can do that.
    /// `automatic`: captured at checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
}

fn lines(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["array", "object", "string", "null"],
        "items": {"type": ["string", "number", "boolean", "null"]},
    })
}

fn truth_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": [true, false, 1, 0, "true", "false", "1", "0", "", null]})
}

fn methods_schema(generator: &mut SchemaGenerator) -> Schema {
    let method = generator.subschema_for::<MethodConfiguration>();
    json_schema!({
        "type": ["array", "object", "null"],
        "items": {"anyOf": [{"type": "string"}, method]},
    })
}

/// Why a configuration could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The body is not what a configure call looks like.
    Envelope(Invalid),
    /// The configuration inside it is not; every field is named.
    Fields(Vec<Invalid>),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(invalid) => invalid.fmt(f),
            Self::Fields(fields) => {
                let texts: Vec<String> = fields.iter().map(Invalid::to_string).collect();
                f.write_str(&texts.join("; "))
            }
        }
    }
}

impl std::error::Error for Unreadable {}

impl Configuration {
    /// Reads the body of a configure call.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_body(body: &[u8]) -> Result<Self, Unreadable> {
        let envelope: ConfigureRequest = crate::from_json(body).map_err(Unreadable::Envelope)?;
        let EnvelopeData { kind: Kind::Configuration, attributes } = envelope.data;
        Self::from_text(&attributes.configuration)
    }

    /// Reads the configuration itself: the text inside the body.
    ///
    /// # Errors
    /// [`Unreadable::Fields`].
    pub fn from_text(text: &str) -> Result<Self, Unreadable> {
        let whole = |problem: String| {
            let field = "data.attributes.configuration".to_owned();
            Unreadable::Fields(vec![Invalid { field, problem }])
        };
        let value: Value = serde_json::from_str(text)
            .map_err(|error| whole(format!("must be the text of a JSON object: {error}")))?;
        let map = match value {
            Value::Object(map) => map,
            Value::Array(elements) if elements.is_empty() => Map::new(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                return Err(whole("must be the text of a JSON object".to_owned()));
            }
        };
        Self::from_map(map)
    }

    fn from_map(map: Map<String, Value>) -> Result<Self, Unreadable> {
        let mut configuration = Self::default();
        let mut wrong = Vec::new();
        for (key, value) in map {
            if let Err(problem) = configuration.take(&key, value) {
                wrong.push(Invalid { field: key, problem });
            }
        }
        if wrong.is_empty() { Ok(configuration) } else { Err(Unreadable::Fields(wrong)) }
    }

    fn take(&mut self, key: &str, value: Value) -> Result<(), String> {
        match key {
            "businessModel" => self.business_model = choice(value)?,
            "environment" => self.environment = choice(value)?,
            "accountId" => self.account_id = choice(value)?,
            "publishableKey" => self.publishable_key = text(value)?,
            "secretKey" => self.secret_key = text(value)?.map(SecretString::from),
            "webhookSecrets" => {
                let secrets = texts(value)?;
                self.webhook_secrets =
                    secrets.map(|all| all.into_iter().map(SecretString::from).collect());
            }
            "paymentPageTitle" => self.payment_page_title = text(value)?,
            "brandFavicon" => self.brand_favicon = text(value)?,
            "payButtonColor" => self.pay_button_color = text(value)?,
            "statementDescriptorSuffix" => self.statement_descriptor_suffix = text(value)?,
            "onboardingLanguage" => self.onboarding_language = choice(value)?,
            "onboardingLinks" => self.onboarding_links = texts(value)?,
            "paymentMethods" => self.payment_methods = methods(value)?,
            "shopOrigins" => self.shop_origins = texts(value)?,
            "customerTokenKeys" => self.customer_token_keys = public_keys(value)?,
            "sharedCommandChannel" => self.shared_command_channel = truth(value)?,
            unknown => return Err(unknown_key(unknown)),
        }
        Ok(())
    }
}

/// The value of a key, or what it should have been; the value itself is not repeated.
fn text(value: Value) -> Result<Option<String>, String> {
    php::text(value).map_err(|_| "must be a text".to_owned())
}

/// A key that nothing can take away: a form sends what was left open as an empty text.
fn choice(value: Value) -> Result<Option<String>, String> {
    Ok(text(value)?.filter(|text| !text.is_empty()))
}

/// A list, or as forms send it, a text with one of them a line.
fn texts(value: Value) -> Result<Option<Vec<String>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    if let Value::String(lines) = &value {
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
        return Ok(Some(lines.map(str::to_owned).collect()));
    }
    let expected = "must be a list of texts, or a text with one of them a line";
    php::texts(value).map(Some).map_err(|_| expected.to_owned())
}

/// A list of public keys, or as forms send it, a text with one after the other.
fn public_keys(value: Value) -> Result<Option<Vec<String>>, String> {
    let texts = match value {
        Value::Null => return Ok(None),
        Value::String(all) => vec![all],
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let expected = "must be a list of public keys, or a text with one after the other";
            php::texts(value).map_err(|_| expected.to_owned())?
        }
    };
    let keys = texts.iter().flat_map(|text| text.split_inclusive(PUBLIC_KEY_END));
    let keys = keys.map(str::trim).filter(|key| !key.is_empty());
    Ok(Some(keys.map(str::to_owned).collect()))
}

fn methods(value: Value) -> Result<Option<Vec<MethodConfiguration>>, String> {
    let complaint = "must be a list of names, or of objects with a name";
    let list = match value {
        Value::Null => return Ok(None),
        Value::Array(list) => list,
        // PHP's list with gaps.
        Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(complaint.to_owned()),
    };
    let method = |value| match value {
        Value::String(name) => Ok(MethodConfiguration { name, ..MethodConfiguration::default() }),
        Value::Object(_) => serde_json::from_value(value)
            .map_err(|error| format!("has an entry that does not read: {error}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(complaint.to_owned())
        }
    };
    list.into_iter().map(method).collect::<Result<_, _>>().map(Some)
}

/// A yes or no, as JSON or as a form of PHP sends it.
fn truth(value: Value) -> Result<Option<bool>, String> {
    if let Value::Bool(truth) = value {
        return Ok(Some(truth));
    }
    let complaint = || "must be true or false".to_owned();
    match php::text(value).map_err(|_| complaint())?.as_deref() {
        None | Some("") => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(complaint()),
    }
}

fn unknown_key(unknown: &str) -> String {
    let nearest = KEYS
        .into_iter()
        .map(|known| {
            (strsim::damerau_levenshtein(&unknown.to_lowercase(), &known.to_lowercase()), known)
        })
        .min()
        .filter(|(distance, _)| *distance <= DISTANCE_MAX);
    match nearest {
        Some((_, known)) => format!("is no key of the configuration: did you mean {known}?"),
        None => format!("is no key of the configuration: known are {}", KEYS.join(", ")),
    }
}

/// A secret as it may be shown: its prefix, which says what it is, and at most four characters of
/// its end, which say which one it is.
pub fn masked(secret: &str) -> String {
    let prefix = ["sk_test_", "sk_live_", "rk_test_", "rk_live_", "whsec_"]
        .into_iter()
        .find(|prefix| secret.starts_with(prefix))
        .unwrap_or_default();
    let rest: Vec<char> = secret.chars().skip(prefix.len()).collect();
    // A short secret would be given away by four of its characters.
    let shown = if rest.len() >= SHOWN_OF_AT_LEAST { SHOWN } else { 0 };
    let end: String = rest.iter().skip(rest.len() - shown).collect();
    format!("{prefix}…{end}")
}

/// So many characters of a secret's end are shown, if it has at least [`SHOWN_OF_AT_LEAST`].
const SHOWN: usize = 4;
/// See [`SHOWN`].
const SHOWN_OF_AT_LEAST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn body(configuration: &str) -> Vec<u8> {
        let value = json!({
            "data": {"type": "configuration", "attributes": {"configuration": configuration}}
        });
        serde_json::to_vec(&value).unwrap()
    }

    fn complaint(body: &[u8]) -> String {
        Configuration::from_body(body).unwrap_err().to_string()
    }

    #[test]
    fn every_key_is_read() {
        let text = r##"{"businessModel":"direct","environment":"test","accountId":"acct_1",
            "publishableKey":"pk_test_1","secretKey":"sk_test_1","webhookSecrets":["whsec_1"],
            "paymentPageTitle":"Shop","brandFavicon":"https://shop/f.ico","payButtonColor":"#112233",
            "statementDescriptorSuffix":"SHOP","onboardingLinks":[],"paymentMethods":{"0":"Stripe","2":"Klarna"},
            "shopOrigins":null,"sharedCommandChannel":"1"}"##;
        let configuration = Configuration::from_body(&body(text)).unwrap();
        assert_eq!(configuration.account_id.as_deref(), Some("acct_1"));
        assert_eq!(configuration.secret_key.unwrap().expose_secret(), "sk_test_1");
        assert_eq!(configuration.webhook_secrets.unwrap()[0].expose_secret(), "whsec_1");
        assert_eq!(configuration.pay_button_color.as_deref(), Some("#112233"));
        let methods = configuration.payment_methods.unwrap();
        let names: Vec<_> = methods.iter().map(|method| method.name.as_str()).collect();
        assert_eq!(names, ["Stripe", "Klarna"]);
        assert_eq!(configuration.onboarding_links.unwrap(), Vec::<String>::new());
        assert_eq!(configuration.shop_origins, None);
        assert_eq!(configuration.shared_command_channel, Some(true));
    }

    #[test]
    fn a_payment_method_may_say_how_it_is_paid() {
        let text = r#"{"paymentMethods":["Stripe",{"name":"PayPal Express","strategy":"express-checkout",
            "types":["paypal"],"capture":"automatic"}]}"#;
        let methods = Configuration::from_text(text).unwrap().payment_methods.unwrap();
        assert_eq!(
            methods,
            [
                MethodConfiguration { name: "Stripe".into(), ..MethodConfiguration::default() },
                MethodConfiguration {
                    name: "PayPal Express".into(),
                    strategy: Some("express-checkout".into()),
                    types: vec!["paypal".into()],
                    capture: Some("automatic".into()),
                },
            ]
        );
        let complaint = |text: &str| Configuration::from_text(text).unwrap_err().to_string();
        insta::assert_snapshot!(complaint(r#"{"paymentMethods":[{"nam":"a"}]}"#), @"paymentMethods: has an entry that does not read: unknown field `nam`, expected one of `name`, `strategy`, `types`, `capture`");
        insta::assert_snapshot!(complaint(r#"{"paymentMethods":[{}]}"#), @"paymentMethods: has an entry that does not read: missing field `name`");
        insta::assert_snapshot!(complaint(r#"{"paymentMethods":[7]}"#), @"paymentMethods: must be a list of names, or of objects with a name");
    }

    #[test]
    fn a_yes_or_no_is_read_in_every_form() {
        let read = |value: &str| {
            let text = format!(r#"{{"sharedCommandChannel":{value}}}"#);
            Configuration::from_text(&text).map(|read| read.shared_command_channel)
        };
        for (value, expected) in [
            ("true", Some(true)),
            ("false", Some(false)),
            (r#""1""#, Some(true)),
            (r#""0""#, Some(false)),
            ("null", None),
        ] {
            assert_eq!(read(value), Ok(expected), "{value}");
        }
        for value in [r#""yes""#, "[]", "2"] {
            let complaint = read(value).unwrap_err().to_string();
            assert_eq!(complaint, "sharedCommandChannel: must be true or false", "{value}");
        }
    }

    #[test]
    fn a_form_sends_lists_as_lines_and_what_was_left_open_as_nothing() {
        let text = r#"{"shopOrigins":" https://a.test\r\n\nhttps://b.test ","webhookSecrets":"",
            "environment":"","accountId":"","businessModel":""}"#;
        let configuration = Configuration::from_text(text).unwrap();
        assert_eq!(configuration.shop_origins.unwrap(), ["https://a.test", "https://b.test"]);
        assert!(configuration.webhook_secrets.unwrap().is_empty());
        assert_eq!(configuration.environment, None);
        assert_eq!(configuration.account_id, None);
        assert_eq!(configuration.business_model, None);
    }

    #[test]
    fn public_keys_are_told_apart_by_their_ends() {
        let key = |name: &str| format!("{name}\n-----END PUBLIC KEY-----");
        let one_text = format!("{}\r\n\r\n{} ", key("a"), key("b"));
        let expected = Some(vec![key("a"), key("b")]);
        for value in [json!(one_text), json!([key("a"), key("b")]), json!({"0": one_text})] {
            let text = json!({"customerTokenKeys": value}).to_string();
            let read = Configuration::from_text(&text).unwrap();
            assert_eq!(read.customer_token_keys, expected, "{value}");
        }
        let none = Configuration::from_text(r#"{"customerTokenKeys":""}"#).unwrap();
        assert_eq!(none.customer_token_keys, Some(Vec::new()));
        let wrong = Configuration::from_text(r#"{"customerTokenKeys":[["a"]]}"#).unwrap_err();
        insta::assert_snapshot!(wrong, @"customerTokenKeys: must be a list of public keys, or a text with one after the other");
    }

    #[test]
    fn no_key_is_forgotten() {
        let empty: Map<String, Value> =
            KEYS.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
        assert!(Configuration::from_map(empty).is_ok());
        assert!(Configuration::from_body(&body("[]")).is_ok(), "PHP's empty map");
    }

    #[test]
    fn a_body_of_another_form_is_refused() {
        insta::assert_snapshot!(complaint(b"{"), @"body: is not JSON: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(complaint(b"{}"), @"body: missing field `data`");
        insta::assert_snapshot!(complaint(br#"{"data":{"type":"x","attributes":{"configuration":"{}"}}}"#), @"data.type: unknown variant `x`, expected `configuration`");
        insta::assert_snapshot!(complaint(br#"{"data":{"type":"configuration","attributes":{"configuration":{}}}}"#), @"data.attributes.configuration: invalid type: map, expected a string");
        insta::assert_snapshot!(complaint(br#"{"data":{"type":"configuration","attributes":{"configuration":"{}"}},"meta":1}"#), @"meta: unknown field `meta`, expected `data`");
        insta::assert_snapshot!(complaint(&body("nothing")), @"data.attributes.configuration: must be the text of a JSON object: expected ident at line 1 column 2");
        insta::assert_snapshot!(complaint(&body("[1]")), @"data.attributes.configuration: must be the text of a JSON object");
    }

    #[test]
    fn every_wrong_field_is_named_and_no_value_is_repeated() {
        let text = r#"{"secret_key":"sk_live_hidden","secretKey":["sk_live_hidden"],"paymentMethods":"Stripe","zzz":1}"#;
        let complaint = complaint(&body(text));
        insta::assert_snapshot!(complaint.replace("; ", "\n"), @"
        paymentMethods: must be a list of names, or of objects with a name
        secretKey: must be a text
        secret_key: is no key of the configuration: did you mean secretKey?
        zzz: is no key of the configuration: known are businessModel, environment, accountId, publishableKey, secretKey, webhookSecrets, paymentPageTitle, brandFavicon, payButtonColor, statementDescriptorSuffix, onboardingLanguage, onboardingLinks, paymentMethods, shopOrigins, customerTokenKeys, sharedCommandChannel
        ");
        assert!(!complaint.contains("hidden"));
    }

    #[test]
    fn secrets_do_not_show() {
        let text = r#"{"secretKey":"sk_live_hidden","webhookSecrets":["whsec_hidden"]}"#;
        let configuration = Configuration::from_body(&body(text)).unwrap();
        assert!(!format!("{configuration:?}").contains("hidden"));

        assert_eq!(masked("sk_test_51Abcdefgh1234"), "sk_test_…1234");
        assert_eq!(masked("whsec_0123456789abcdef"), "whsec_…cdef");
        assert_eq!(masked("sk_test_short"), "sk_test_…");
        assert_eq!(masked("anything"), "…");
        assert_eq!(masked(""), "…");
    }
}
