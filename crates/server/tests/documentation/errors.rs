//! The error catalogue has every text that the code can give to a shop, to Stripe or to an
//! operator, and no other.

use std::collections::BTreeSet;

use crate::literals::{Literal, literals};
use crate::support::{code_spans, read, sources};

/// Of these files every sentence is for a caller or an operator.
const SPEAKING: [&str; 38] = [
    "crates/app/src/apply_event.rs",
    "crates/app/src/calls.rs",
    "crates/app/src/checkout.rs",
    "crates/app/src/command.rs",
    "crates/app/src/configure.rs",
    "crates/app/src/credentials.rs",
    "crates/app/src/customer_token_key.rs",
    "crates/app/src/disconnect.rs",
    "crates/app/src/initialize.rs",
    "crates/app/src/onboarding.rs",
    "crates/app/src/payouts.rs",
    "crates/app/src/platform.rs",
    "crates/app/src/receive_command.rs",
    "crates/app/src/receive_webhook.rs",
    "crates/app/src/redirects.rs",
    "crates/app/src/settings.rs",
    "crates/app/src/sign_in.rs",
    "crates/app/src/transfers.rs",
    "crates/messaging-amqp/src/commands.rs",
    "crates/messaging-amqp/src/confirm.rs",
    "crates/messaging-amqp/src/connection.rs",
    "crates/messaging-amqp/src/publisher.rs",
    "crates/messaging-aws/src/dead_letters.rs",
    "crates/messaging-aws/src/fit.rs",
    "crates/messaging-aws/src/source.rs",
    "crates/messaging/src/aws_address.rs",
    "crates/payment/src/command.rs",
    "crates/protocol/src/configure.rs",
    "crates/protocol/src/decode.rs",
    "crates/protocol/src/form.rs",
    "crates/server/src/brokers/aws.rs",
    "crates/server/src/config.rs",
    "crates/server/src/config/error.rs",
    "crates/server/src/config/parse.rs",
    "crates/signin/src/customer_tokens.rs",
    "crates/signin/src/doorkeeper.rs",
    "crates/signin/src/identity_provider.rs",
    "crates/signin/src/signed.rs",
];

/// Of the other files of these crates: what errors say, what is logged as a warning or an error,
/// and what a command adds to an error.
const CRATES: [&str; 11] = [
    "app",
    "messaging",
    "messaging-amqp",
    "messaging-aws",
    "payment",
    "protocol",
    "server",
    "signin",
    "store",
    "stripe",
    "web",
];

/// What a literal stands in when it is an error, or a line of the log that asks for attention.
const TELLING: [&str; 8] = [
    "error",
    "tell",
    "tracing::error!",
    "tracing::warn!",
    "context",
    "with_context",
    "anyhow!",
    "Failure::new",
];

/// What a literal stands in when nobody reads it as an error.
const SILENT: [&str; 5] =
    ["expect", "tracing::info!", "tracing::debug!", "metrics::counter!", "with_challenge"];

/// What belongs to an answer or its headers and is no error, the demo, whose errors are read where
/// they happen, the API reference, and the translations of what the catalogue has in English.
const ELSEWHERE: [&str; 11] = [
    "crates/web/src/api/metrics.rs",
    "crates/web/src/headers.rs",
    "crates/web/src/page/policy.rs",
    "crates/web/src/reference",
    "crates/server/src/demo/",
    "crates/web/src/page/texts/de.rs",
    "crates/web/src/page/texts/es.rs",
    "crates/web/src/page/texts/fr.rs",
    "crates/web/src/page/texts/it.rs",
    "crates/web/src/page/texts/nl.rs",
    "crates/web/src/page/texts/pl.rs",
];

/// Every literal of the code, and whether it is told to somebody.
fn literals_of_the_code() -> Vec<(Literal, bool)> {
    let mut found = Vec::new();
    for folder in CRATES {
        for (path, source) in sources(&format!("crates/{folder}/src")) {
            if ELSEWHERE.iter().any(|elsewhere| path.starts_with(elsewhere)) {
                continue;
            }
            let speaks = SPEAKING.contains(&path.as_str()) || folder == "web";
            let is_told =
                |literal: &Literal| (speaks || literal.is_in(&TELLING)) && !literal.is_in(&SILENT);
            found.extend(literals(&source).into_iter().map(|literal| {
                let is_told = is_told(&literal) && literal.is_sentence();
                (literal, is_told)
            }));
        }
    }
    found
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
    let catalogue = told_by_the_catalogue(&read("docs/errors.md"));
    let code = literals_of_the_code();
    let known: BTreeSet<&str> = code.iter().map(|(literal, _)| literal.text.as_str()).collect();
    let told = code.iter().filter(|(_, is_told)| *is_told);
    let told: BTreeSet<&str> = told.map(|(literal, _)| literal.text.as_str()).collect();
    let missing: Vec<_> = told.iter().filter(|text| !catalogue.contains(**text)).collect();
    let invented: Vec<_> = catalogue.iter().filter(|text| !known.contains(text.as_str())).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "docs/errors.md lacks:\n{missing:#?}\nand has what the code never says:\n{invented:#?}"
    );
}

/// A file that was moved is not left out by that.
#[test]
fn the_files_that_speak_are_there() {
    for path in SPEAKING {
        assert!(literals(&read(path)).iter().any(Literal::is_sentence), "{path} says nothing");
    }
}

#[test]
fn the_catalogue_is_read_by_its_column() {
    let document = "\
        | Status | Text | Then |\n|---|---|---|\n| 400 | `a b c` | `d e f` |\n\n| `g h i` | x |\n";
    let document = document.replace("        ", "");
    assert_eq!(told_by_the_catalogue(&document), BTreeSet::from(["a b c".to_owned()]));
}
