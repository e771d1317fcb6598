//! The effective configuration, as `paybridge config` shows it. Secrets are masked.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::config::keys::{self, Fallback, Key};
use crate::config::{Config, Database, Settings};

/// What stands for a secret that is set. It does not tell how long the secret is.
pub const MASK: &str = "********";

/// The effective value of every key, with where it came from.
#[derive(Debug)]
pub struct Report {
    file: Option<String>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    key: &'static Key,
    value: Option<String>,
    source: Option<String>,
}

/// What a script reads. The words of `source` are `default`, a variable, or the path of the file.
#[derive(Serialize)]
struct JsonReport<'a> {
    file: Option<&'a str>,
    keys: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    value: Option<&'a str>,
    source: Option<&'a str>,
    variable: &'static str,
    secret: bool,
    required: bool,
}

impl Report {
    /// Takes the values from what was gathered, and those that follow from others from what that
    /// meant.
    #[must_use]
    pub fn new(settings: &Settings, config: &Config) -> Self {
        let lines = keys::all().map(|key| Line::new(key, settings, config)).collect();
        let file = settings.file.as_deref().map(Path::to_string_lossy).map(Into::into);
        Self { file, lines }
    }

    /// For people: one line a key, in columns.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = match &self.file {
            Some(file) => format!("# read from {file} and the environment\n"),
            None => "# no file was read; defaults and the environment\n".to_owned(),
        };
        let name_width = self.lines.iter().map(|line| line.key.name.len()).max().unwrap_or(0);
        let value_width = self.lines.iter().map(|line| line.shown().len()).max().unwrap_or(0);
        for line in &self.lines {
            let (name, value) = (line.key.name, line.shown());
            let source = line.source.as_deref().unwrap_or_default();
            let row = format!("{name:name_width$}  {value:value_width$}  {source}");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", row.trim_end());
        }
        text
    }

    /// For scripts.
    ///
    /// # Errors
    /// None in practice: everything in it is text.
    pub fn json(&self) -> serde_json::Result<String> {
        let keys = self
            .lines
            .iter()
            .map(|line| Ok((line.key.name.to_owned(), serde_json::to_value(line.json())?)))
            .collect::<serde_json::Result<_>>()?;
        let report = JsonReport { file: self.file.as_deref(), keys };
        Ok(serde_json::to_string_pretty(&report)? + "\n")
    }
}

impl Line {
    fn new(key: &'static Key, settings: &Settings, config: &Config) -> Self {
        let Some(setting) = settings.get(key) else {
            return match key.fallback {
                Fallback::Derived(_) => Self {
                    key,
                    value: Some(config.public_url(config.listen)),
                    source: Some("default".to_owned()),
                },
                Fallback::Value(_) | Fallback::Required(_) | Fallback::Nothing => {
                    Self { key, value: None, source: None }
                }
            };
        };
        let value = match &config.database {
            _ if key.secret => MASK.to_owned(),
            Database::Postgres(server) if *key == keys::DATABASE_URL => server.to_string(),
            Database::Postgres(_) | Database::Sqlite { .. } => setting.value.clone(),
        };
        Self { key, value: Some(value), source: Some(setting.origin.to_string()) }
    }

    fn is_required(&self) -> bool {
        matches!(self.key.fallback, Fallback::Required(_))
    }

    fn shown(&self) -> &str {
        match &self.value {
            Some(value) => value,
            None if self.is_required() => "(not set; `serve` needs it)",
            None => "(not set)",
        }
    }

    fn json(&self) -> JsonLine<'_> {
        JsonLine {
            value: self.value.as_deref(),
            source: self.source.as_deref(),
            variable: self.key.variable,
            secret: self.key.secret,
            required: self.is_required(),
        }
    }
}
