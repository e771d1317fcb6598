//! Reading a call's parameters so that nothing unread goes unnoticed.
//!
//! Every reader takes what it reads out; [`Params::finish`] then refuses whatever is left, as Stripe refuses a
//! parameter it does not know.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::ApiError;
use crate::form::Form;

/// Stripe's limits on metadata.
pub(crate) const METADATA_KEYS_MAX: usize = 50;
/// The longest metadata key, in characters.
pub(crate) const METADATA_KEY_LENGTH_MAX: usize = 40;
/// The longest metadata value, in characters.
pub(crate) const METADATA_VALUE_LENGTH_MAX: usize = 500;

/// Metadata as it is stored: never an empty value, because that removes a key.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The parameters of a call, or of one hash inside it.
#[derive(Debug, Default)]
pub(crate) struct Params {
    /// `payment_method_options[card]` for the hash of that name, empty at the top.
    prefix: String,
    entries: BTreeMap<String, Form>,
}

impl Params {
    pub(crate) fn new(entries: BTreeMap<String, Form>) -> Self {
        Self { prefix: String::new(), entries }
    }

    /// The full name of a parameter, as Stripe puts it into `param`.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.prefix) }
    }

    /// The names still unread.
    pub(crate) fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// A text as it was sent, an empty one (which unsets) included.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.entries.remove(name) {
            None => Ok(None),
            Some(Form::Text(text)) => Ok(Some(text)),
            Some(Form::Map(_)) => {
                Err(ApiError::invalid(format!("Invalid string: {}", self.key(name)))
                    .param(self.key(name)))
            }
        }
    }

    /// A text that says something; an empty one counts as not given.
    pub(crate) fn filled(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<String, ApiError> {
        match self.text(name)? {
            None => Err(ApiError::missing(self.key(name))),
            Some(text) if text.is_empty() => Err(ApiError::invalid(format!(
                "'{name}' was given as an empty string, which would unset it; it cannot be unset."
            ))
            .code("parameter_invalid_empty")
            .param(self.key(name))),
            Some(text) => Ok(text),
        }
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.filled(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ApiError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .param(self.key(name))),
        }
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(text) = self.filled(name)? else {
            return Ok(None);
        };
        match text.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(ApiError::invalid(format!("Invalid boolean: {text}")).param(self.key(name))),
        }
    }

    /// An integer left in place; nothing where the parameter is no plain integer.
    pub(crate) fn peek_integer(&self, name: &str) -> Option<i64> {
        match self.entries.get(name) {
            Some(Form::Text(text)) => text.parse().ok(),
            Some(Form::Map(_)) | None => None,
        }
    }

    /// A text left in place.
    pub(crate) fn peek_text(&self, name: &str) -> Option<String> {
        match self.entries.get(name) {
            Some(Form::Text(text)) => Some(text.clone()),
            Some(Form::Map(_)) | None => None,
        }
    }

    /// One of a few words.
    pub(crate) fn choice(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.filled(name)? else {
            return Ok(None);
        };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(ApiError::invalid(format!(
                "Invalid {}: must be one of {}",
                self.key(name),
                words.join(", ")
            ))
            .param(self.key(name))),
        }
    }

    /// A hash of further parameters. An empty text unsets it and counts as not given.
    pub(crate) fn nested(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        match self.entries.remove(name) {
            None => Ok(None),
            Some(Form::Text(text)) if text.is_empty() => Ok(None),
            Some(Form::Text(_)) => {
                Err(ApiError::invalid(format!("Invalid object: {}", self.key(name)))
                    .param(self.key(name)))
            }
            Some(Form::Map(entries)) => Ok(Some(Self { prefix: self.key(name), entries })),
        }
    }

    /// A list of texts, in the order of their positions.
    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let key = self.key(name);
        let invalid = || ApiError::invalid(format!("Invalid array: {key}")).param(key.clone());
        match self.entries.remove(name) {
            None => Ok(None),
            Some(Form::Text(text)) if text.is_empty() => Ok(Some(Vec::new())),
            Some(Form::Text(_)) => Err(invalid()),
            Some(Form::Map(entries)) => {
                let mut items = BTreeMap::new();
                for (position, item) in entries {
                    let position: usize = position.parse().map_err(|_| invalid())?;
                    let Form::Text(text) = item else {
                        return Err(invalid());
                    };
                    items.insert(position, text);
                }
                Ok(Some(items.into_values().collect()))
            }
        }
    }

    /// A value kept as it was sent, to be shown again.
    pub(crate) fn json(&mut self, name: &str) -> Option<Value> {
        match self.entries.remove(name)? {
            Form::Text(text) if text.is_empty() => None,
            value => Some(value.to_json()),
        }
    }

    /// Applies the `metadata` parameter to what is there: an empty value removes a key, an empty hash all of them.
    pub(crate) fn metadata(&mut self, metadata: &mut Metadata) -> Result<(), ApiError> {
        let entries = match self.entries.remove("metadata") {
            None => return Ok(()),
            Some(Form::Text(text)) if text.is_empty() => {
                metadata.clear();
                return Ok(());
            }
            Some(Form::Text(_)) => {
                return Err(ApiError::invalid("Invalid object: metadata").param("metadata"));
            }
            Some(Form::Map(entries)) => entries,
        };
        for (key, value) in entries {
            let value = check_metadata(&key, value)?;
            if value.is_empty() {
                metadata.remove(&key);
            } else {
                metadata.insert(key, value);
            }
        }
        if metadata.len() > METADATA_KEYS_MAX {
            return Err(ApiError::invalid(format!(
                "Metadata can hold at most {METADATA_KEYS_MAX} keys; this would make {}.",
                metadata.len()
            ))
            .param("metadata"));
        }
        Ok(())
    }

    /// Takes parameters Stripe knows and this stand-in has no effect for.
    pub(crate) fn accept(&mut self, names: &[&str]) {
        for name in names {
            self.entries.remove(*name);
        }
    }

    /// Refuses what nobody read.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.entries.first_key_value() {
            None => Ok(()),
            Some((name, _)) => Err(ApiError::unknown(self.key(name))),
        }
    }
}

/// A square bracket in a key arrives as a deeper hash, or as a stray bracket: both are refused.
fn check_metadata(key: &str, value: Form) -> Result<String, ApiError> {
    let param = format!("metadata[{key}]");
    let Form::Text(value) = value else {
        return Err(ApiError::invalid(format!(
            "Metadata values must be strings, and keys have no square brackets: {param}"
        ))
        .param(param));
    };
    if key.contains(['[', ']']) {
        return Err(ApiError::invalid(format!("Metadata keys have no square brackets: {param}"))
            .param(param));
    }
    if key.chars().count() > METADATA_KEY_LENGTH_MAX {
        return Err(ApiError::invalid(format!(
            "Metadata keys must have at most {METADATA_KEY_LENGTH_MAX} characters: {param}"
        ))
        .param(param));
    }
    if value.chars().count() > METADATA_VALUE_LENGTH_MAX {
        return Err(ApiError::invalid(format!(
            "Metadata values must have at most {METADATA_VALUE_LENGTH_MAX} characters: {param}"
        ))
        .param(param));
    }
    Ok(value)
}
