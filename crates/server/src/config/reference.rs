//! The documentation of the keys: the help text, and the reference in `docs/configuration.md`.

use std::fmt::Write;

use crate::config::keys::{self, Fallback, Key};

/// Where the generated part of `docs/configuration.md` begins.
pub const BEGIN: &str = "<!-- generated from the code: begin -->";
/// Where the generated part of `docs/configuration.md` ends.
pub const END: &str = "<!-- generated from the code: end -->";

/// Every key, for the end of a help text.
#[must_use]
pub fn help() -> String {
    let mut text = format!(
        "Configuration (a TOML key, or its variable, which wins; the file is {}, or the one that \
         --config or {} names):\n",
        keys::DEFAULT_FILE,
        keys::CONFIG_VARIABLE
    );
    for key in keys::all() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n  {}\n    {}\n    {} {}\n",
            key.variable,
            key.doc.replace('`', ""),
            key.name,
            fallback_in_help(key)
        );
    }
    text
}

fn fallback_in_help(key: &Key) -> String {
    match key.fallback {
        Fallback::Value(value) => format!("[default: {value}]"),
        Fallback::Derived(how) => format!("[default: {how}]"),
        Fallback::Required(_) => "[serve needs it]".to_owned(),
        Fallback::Nothing => "[no default]".to_owned(),
    }
}

/// The generated part of `docs/configuration.md`, with its marks.
#[must_use]
pub fn markdown() -> String {
    let mut text = format!("{BEGIN}\n");
    for key in keys::all() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n### `{}`\n\n{}\n\n- Variable: `{}`\n- Value: {}\n- {}\n",
            key.name,
            key.doc,
            key.variable,
            key.kind.expects(),
            fallback_in_markdown(key)
        );
        if key.secret {
            text.push_str("- A secret: never shown, never logged.\n");
        }
    }
    let _ = write!(text, "\n{END}");
    text
}

fn fallback_in_markdown(key: &Key) -> String {
    match key.fallback {
        Fallback::Value(value) => format!("Default: `{value}`"),
        Fallback::Derived(how) => format!("Default: `{how}`"),
        Fallback::Required(advice) => format!("No default, and `serve` needs it: {advice}."),
        Fallback::Nothing => "No default.".to_owned(),
    }
}

/// The document with its generated part brought up to date; `None` when the marks are missing.
#[must_use]
pub fn updated(document: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{}{after}", markdown()))
}
