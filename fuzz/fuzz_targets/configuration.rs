//! The two configurations. One that begins with a brace is a tenant's, as the body of a configure call
//! and as the text in it, or the installation's, as a TOML file and as a variable of each line.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use paybridge::config::{Config, Sources};
use protocol::configure::Configuration;

fn tenants(input: &[u8]) {
    let _ = Configuration::from_body(input);
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Configuration::from_text(text);
    }
}

fn installations(text: &str) {
    let file = Some((PathBuf::from("paybridge.toml"), text.to_owned()));
    let variables = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    for sources in [
        Sources { file, variables: Vec::new() },
        Sources { file: None, variables },
    ] {
        match Config::load(sources) {
            Ok(config) => {
                // Without the secrets it says so; with them it has a key ring.
                let _ = config.secrets();
            }
            Err(error) => {
                assert!(!error.problems().is_empty(), "refused without a word");
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((b'{', _)) | None => tenants(input),
        Some(_) => {
            if let Ok(text) = std::str::from_utf8(input) {
                installations(text);
            }
        }
    }
});
