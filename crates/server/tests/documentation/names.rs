//! The commands, variables and paths that the documents name exist.

use std::collections::BTreeSet;

use clap::CommandFactory;
use paybridge::cli::Cli;
use paybridge::config::keys;

use crate::support::{DOCUMENTS, code_spans, read};

/// What somebody may type: blocks for a shell, line by line, and code spans that are a call.
fn code(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fence: Option<bool> = None;
    for line in document.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(_), Some(_)) => fence = None,
            (Some(language), None) => fence = Some(matches!(language, "sh" | "ini" | "toml")),
            (None, Some(true)) => found.push(line.to_owned()),
            (None, Some(false)) => {}
            (None, None) => {
                found.extend(code_spans(line).into_iter().filter(|span| {
                    span.starts_with("paybridge ") || span.starts_with("cargo run ")
                }))
            }
        }
    }
    found
}

/// The arguments of every call of `paybridge` in a line, also of one through `cargo run`.
fn calls(line: &str) -> Vec<Vec<&str>> {
    let words: Vec<&str> = line
        .split(|sign: char| sign.is_whitespace() || "\"'$()=|;".contains(sign))
        .filter(|word| !word.is_empty())
        .collect();
    let is_call = |position: usize| {
        let program = words[position] == "paybridge" || words[position].ends_with("/paybridge");
        let through_cargo = words[position] == "--" && words[..position].contains(&"run");
        program || through_cargo
    };
    (0..words.len())
        .filter(|position| is_call(*position))
        .map(|position| words[position + 1..].to_vec())
        .collect()
}

/// What is wrong with the arguments of a call, if anything is.
fn wrong(arguments: &[&str]) -> Option<String> {
    let mut command = Cli::command();
    command.build();
    let mut command = &command;
    for argument in arguments {
        if let Some(flag) = argument.strip_prefix("--") {
            let known = command.get_arguments().any(|known| known.get_long() == Some(flag));
            if !known {
                return Some(format!("`{}` has no --{flag}", command.get_name()));
            }
        } else if let Some(subcommand) = command.find_subcommand(argument) {
            command = subcommand;
        } else if command.has_subcommands() && argument.starts_with(char::is_alphabetic) {
            return Some(format!("`{}` has no command {argument}", command.get_name()));
        }
    }
    None
}

#[test]
fn commands_exist() {
    let mut seen = 0;
    for document in DOCUMENTS {
        for line in code(&read(document)) {
            for call in calls(&line) {
                assert_eq!(wrong(&call), None, "{document}: {line}");
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "calls are found: {seen}");
}

#[test]
fn commands_that_do_not_exist_are_found() {
    let told = |line: &str| calls(line).iter().find_map(|call| wrong(call));
    assert_eq!(told("cargo run --release -- demo --check"), None);
    assert_eq!(told("echo \"$(paybridge keys generate)\""), None);
    assert_eq!(told("paybridge keys forget").unwrap(), "`keys` has no command forget");
    assert_eq!(told("/usr/local/bin/paybridge serve --roles").unwrap(), "`serve` has no --roles");
    assert_eq!(told("cargo run -- nurse").unwrap(), "`paybridge` has no command nurse");
}

#[test]
fn variables_exist() {
    let known: BTreeSet<&str> =
        keys::all().map(|key| key.variable).chain([keys::CONFIG_VARIABLE]).collect();
    for document in DOCUMENTS {
        let text = read(document);
        let words = text.split(|sign: char| !(sign.is_ascii_uppercase() || sign == '_'));
        for word in words.filter(|word| word.len() > keys::VARIABLE_PREFIX.len()) {
            let ours = word.starts_with(keys::VARIABLE_PREFIX);
            assert!(!ours || known.contains(word), "{document} names {word}, which is not there");
        }
    }
}

/// Every path that is served.
fn routes() -> Vec<String> {
    web::endpoints().into_iter().map(|endpoint| endpoint.path).collect()
}

fn first_segment(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// The path in a word: of an address, behind a variable or a placeholder, or bare.
fn path_of(word: &str) -> Option<&str> {
    let after_start = match word.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None if word.starts_with(['$', '{']) => &word[word.find('/')?..],
        None => word.strip_prefix('/').map(|_| word)?,
    };
    let path = after_start.split(['?', '#']).next()?;
    Some(path.trim_end_matches(['.', ',', ':', ';', '…']))
}

fn is_served(path: &str, routes: &[String]) -> bool {
    let is_like = |route: &String| {
        let pairs = route.split('/').zip(path.split('/'));
        let alike = route.split('/').count() == path.split('/').count();
        alike && pairs.into_iter().all(|(ours, theirs)| ours.starts_with('{') || ours == theirs)
    };
    routes.iter().any(is_like)
        || (path.ends_with('/') && routes.iter().any(|route| route.starts_with(path)))
}

#[test]
fn paths_exist() {
    let routes = routes();
    let ours: BTreeSet<&str> = routes.iter().map(|route| first_segment(route)).collect();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let words = text.split(|sign: char| sign.is_whitespace() || "`\"'()|,".contains(sign));
        for path in words.filter_map(path_of).filter(|path| ours.contains(first_segment(path))) {
            assert!(is_served(path, &routes), "{document} names {path}, which is not served");
            seen += 1;
        }
    }
    assert!(seen > 20, "paths are found: {seen}");
}

#[test]
fn paths_are_found_in_addresses_and_behind_placeholders() {
    assert_eq!(
        path_of("https://pay.example.com/webhooks/test?tenantIdentifier=a"),
        Some("/webhooks/test")
    );
    assert_eq!(path_of("$APP/private/configure"), Some("/private/configure"));
    assert_eq!(path_of("{base}/message-channels/"), Some("/message-channels/"));
    assert_eq!(path_of("/health/live"), Some("/health/live"));
    assert_eq!(path_of("crates/web"), None);
    let routes = ["/message-channels/{channel}".to_owned()];
    assert!(is_served("/message-channels/app-events", &routes));
    assert!(is_served("/message-channels/", &routes));
    assert!(!is_served("/message-channels/a/b", &routes));
}
