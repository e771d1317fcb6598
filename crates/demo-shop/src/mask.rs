//! Secrets do not show in what the shop notes down.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands in the place of a secret.
const MASK: &str = "••••";
/// Fields whose value is a secret, in lower case and without dashes.
const SECRET_FIELDS: [&str; 6] =
    ["secretkey", "webhooksecrets", "clientsecret", "client_secret", "authorization", "token"];
/// A shorter text is no secret, and masking it would mask half of the page.
const SECRET_LENGTH_MIN: usize = 6;
/// A key of Stripe shows so much of itself, so that one can tell test from live.
const KEY_PREFIX: usize = 8;

/// Masks the secrets that the shop knows, wherever they stand, and those that a field's name gives
/// away.
#[derive(Debug)]
pub struct Mask {
    known: Vec<SecretString>,
}

impl Mask {
    /// A mask of these secrets.
    #[must_use]
    pub fn new(known: Vec<SecretString>) -> Self {
        Self { known }
    }

    /// Masks a body, and puts it into lines if it is JSON.
    #[must_use]
    pub fn body(&self, body: &str) -> String {
        let text = match serde_json::from_str::<Value>(body) {
            Ok(value) => {
                serde_json::to_string_pretty(&masked(value)).unwrap_or_else(|_| body.to_owned())
            }
            Err(_) => body.to_owned(),
        };
        self.text(text)
    }

    /// Masks the known secrets in a text.
    #[must_use]
    pub fn text(&self, mut text: String) -> String {
        for secret in &self.known {
            let secret = secret.expose_secret();
            if secret.len() >= SECRET_LENGTH_MIN && text.contains(secret) {
                text = text.replace(secret, &shown(secret));
            }
        }
        text
    }
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(name, value)| {
                    let secret =
                        SECRET_FIELDS.contains(&name.to_lowercase().replace('-', "").as_str());
                    let value = if secret { hidden(value) } else { masked(value) };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(values) => Value::Array(values.into_iter().map(masked).collect()),
        // The configuration and the details of a payment are JSON within a text.
        Value::String(text) if text.starts_with('{') => {
            match serde_json::from_str::<Value>(&text) {
                Ok(inner) => Value::String(masked(inner).to_string()),
                Err(_) => Value::String(text),
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn hidden(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(hidden).collect()),
        Value::Object(_) | Value::Number(_) | Value::Bool(_) => Value::String(MASK.to_owned()),
        Value::Null => Value::Null,
    }
}

/// `sk_test_••••`; of a secret of another kind nothing.
fn shown(secret: &str) -> String {
    let prefix = secret.get(..KEY_PREFIX).filter(|prefix| {
        secret.len() > KEY_PREFIX
            && ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].contains(prefix)
    });
    format!("{}{MASK}", prefix.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_by_their_name_and_by_themselves_also_in_json_within_json() {
        let mask = Mask::new(vec![SecretString::from("known-token"), SecretString::from("")]);
        let configuration = r#"{"secretKey":"sk_test_abc","publishableKey":"pk_test_abc"}"#;
        let body = serde_json::json!({
            "configuration": configuration, "clientSecret": "pi_1_secret_2",
            "webhookSecrets": ["whsec_1"], "said": "Bearer known-token",
        });
        let shown = mask.body(&body.to_string());
        for secret in ["sk_test_abc", "pi_1_secret_2", "whsec_1", "known-token"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("pk_test_abc") && shown.contains("sk_test_••••"), "{shown}");
    }
}
