//! The error catalogue has every text that the code can give to a shop, to Stripe or to an
//! operator, and no other.

use std::collections::BTreeSet;

use crate::literals::{Literal, literals};
use crate::support::{code_spans, read, sources};

/// Of these files every sentence is for a caller or an operator.
const SPEAKING: [&str; 17] = [
    "crates/app/src/apply_event.rs",
    "crates/app/src/calls.rs",
    "crates/app/src/checkout.rs",
    "crates/app/src/command.rs",
    "crates/app/src/configure.rs",
    "crates/app/src/disconnect.rs",
    "crates/app/src/initialize.rs",
    "crates/app/src/receive_command.rs",
    "crates/app/src/receive_webhook.rs",
    "crates/app/src/redirects.rs",
    "crates/app/src/settings.rs",
    "crates/protocol/src/configure.rs",
    "crates/protocol/src/form.rs",
    "crates/server/src/config.rs",
    "crates/server/src/config/error.rs",
    "crates/server/src/config/parse.rs",
    "crates/server/src/config/sources.rs",
];

/// Of the other files of these crates: what errors say, what is logged as a warning or an error,
/// and what a command adds to an error.
const CRATES: [&str; 8] =
    ["app", "messaging", "payment", "protocol", "server", "store", "stripe", "web"];

/// What a literal stands in when it is an error, or a line of the log that asks for attention.
const TELLING: [&str; 7] = [
    "error",
    "tracing::error!",
    "tracing::warn!",
    "context",
    "with_context",
    "anyhow!",
    "Failure::new",
];

/// What a literal stands in when nobody reads it as an error.
const SILENT: [&str; 5] =
    ["expect", "tracing::info!", "tracing::debug!", "metrics::counter!", "assert!"];

fn told_by_the_code() -> BTreeSet<String> {
    let speaking = SPEAKING.iter().map(|path| read(path)).flat_map(|source| literals(&source));
    let others = CRATES
        .iter()
        .flat_map(|name| sources(&format!("crates/{name}/src")))
        .flat_map(|source| literals(&source))
        .filter(|literal| literal.is_in(&TELLING));
    let web = sources("crates/web/src").into_iter().flat_map(|source| literals(&source));
    speaking
        .chain(others)
        .chain(web)
        .filter(|literal| literal.is_sentence() && !literal.is_in(&SILENT))
        .filter(|literal| !is_of_the_demo(literal))
        .map(|literal| literal.text)
        .collect()
}

/// What the demo says of itself is read where it happens.
fn is_of_the_demo(literal: &Literal) -> bool {
    literal.is_in(&["ensure!", "bail!"])
}

/// The code spans in the columns that are headed "Text".
fn told_by_the_catalogue(document: &str) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut column = None;
    for line in document.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if !line.starts_with('|') {
            column = None;
        } else if let Some(position) = cells.iter().position(|cell| *cell == "Text") {
            column = Some(position);
        } else if let Some(cell) = column.and_then(|column| cells.get(column)) {
            texts.extend(code_spans(cell));
        }
    }
    texts
}

#[test]
fn every_error_is_in_the_catalogue_and_no_other() {
    let (code, catalogue) = (told_by_the_code(), told_by_the_catalogue(&read("docs/errors.md")));
    let missing: Vec<_> = code.difference(&catalogue).collect();
    let invented: Vec<_> = catalogue.difference(&code).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "docs/errors.md lacks:\n{missing:#?}\nand has what the code never says:\n{invented:#?}"
    );
}

#[test]
fn the_catalogue_is_read_by_its_column() {
    let document = "\
        | Status | Text | Then |\n|---|---|---|\n| 400 | `a b c` | `d e f` |\n\n| `g h i` | x |\n";
    let document = document.replace("        ", "");
    assert_eq!(told_by_the_catalogue(&document), BTreeSet::from(["a b c".to_owned()]));
}
