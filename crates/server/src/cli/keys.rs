//! `paybridge keys`: making keys.

use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::cli::{EXIT_CODES, output};
use crate::config::keys::ENCRYPTION_KEY_BYTES;

/// Make keys
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Print a new random key: 32 bytes in base64
    ///
    /// Fit for PAYBRIDGE_ENCRYPTION_KEY and, as a long random word, for PAYBRIDGE_AUTH_TOKEN. It is
    /// stored nowhere: keep the encryption key safe and apart from the database and its backups,
    /// because without it the stored credentials cannot be read.
    #[command(after_help = generate_help())]
    Generate,
}

fn generate_help() -> String {
    format!(
        "Examples:\n  \
           export PAYBRIDGE_ENCRYPTION_KEY=\"$(paybridge keys generate)\"\n  \
           export PAYBRIDGE_AUTH_TOKEN=\"$(paybridge keys generate)\"\n\n{EXIT_CODES}"
    )
}

pub(super) fn run(arguments: &KeysArguments) -> anyhow::Result<()> {
    match arguments.command {
        KeysCommand::Generate => generate(),
    }
}

/// The key alone goes to the standard output, so that a shell can take it.
fn generate() -> anyhow::Result<()> {
    let mut key = Zeroizing::new([0_u8; ENCRYPTION_KEY_BYTES]);
    getrandom::fill(key.as_mut_slice())
        .map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?;
    let text = Zeroizing::new(STANDARD.encode(key.as_slice()) + "\n");
    output::print(&text)
}
