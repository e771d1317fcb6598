//! `paybridge backup` and `paybridge restore`: a whole copy of the database, and back.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use app::Entropy;
use clap::Args;
use serde_json::{Value, json};
use store::{CheckedCopy, Restored};

use crate::cli::operator::{help_end, print_json};
use crate::cli::output;
use crate::cli::start::ConfigFile;
use crate::config::{Config, Database};
use crate::entropy::SystemEntropy;

/// Copy the database, also while the app runs
///
/// The copy holds everything up to one moment, is read from end to end before it gets its name, and
/// only its owner may read it. It holds names and addresses of shoppers, and Stripe keys in
/// encrypted form: keep the encryption key that it needs apart from it. Made again and again, take
/// it from a timer, and move it to another machine.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&["paybridge backup --to /var/backups/paybridge.db"]))]
pub(super) struct BackupArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// The file to write, which must not be there yet
    #[arg(long, value_name = "FILE")]
    to: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Put a copy of the database back
///
/// Stop the app first: a database that is in use is left alone, and so is everything when the copy is
/// damaged, or newer than this program. The database that is there is not overwritten but set aside,
/// under a name that is printed.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&[
    "paybridge restore --from /var/backups/paybridge.db --dry-run",
    "paybridge restore --from /var/backups/paybridge.db",
]))]
pub(super) struct RestoreArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// A file that `paybridge backup` has made
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// Check everything, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn back_up(arguments: &BackupArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let path = file_of(&config)?;
    let copy = store::back_up(path, &arguments.to, &ring(&config))?;
    if arguments.json {
        return print_json(&json!({"file": arguments.to, "copy": wire(&copy)}));
    }
    let file = arguments.to.display();
    output::print(&format!("The copy is {file}.\n{}", told(&copy)))
}

pub(super) fn restore(arguments: &RestoreArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let path = file_of(&config)?;
    let now = SystemEntropy.now();
    let restored = store::restore(&arguments.from, path, &ring(&config), now, arguments.dry_run)?;
    let Restored { copy, set_aside } = &restored;
    if arguments.json {
        return print_json(&json!({
            "dry_run": arguments.dry_run, "database": path, "copy": wire(copy),
            "set_aside": set_aside,
        }));
    }
    let (database, from) = (path.display(), arguments.from.display());
    let mut text = if arguments.dry_run {
        format!("Dry run, nothing was changed: {database} would be what {from} holds.\n")
    } else {
        format!("{database} is now what {from} holds.\n")
    };
    if let Some(aside) = set_aside {
        let verb = if arguments.dry_run { "would be" } else { "is" };
        let aside = aside.display();
        text.push_str(&format!("The database that was there {verb} kept as {aside}.\n"));
    }
    text.push_str(&told(copy));
    if !arguments.dry_run {
        text.push_str("Next: start the app. The guide says what becomes of what happened since.\n");
    }
    output::print(&text)
}

/// The file of a SQLite database.
fn file_of(config: &Config) -> anyhow::Result<&Path> {
    match &config.database {
        Database::Sqlite { path } => Ok(path),
        Database::Postgres(_) => Err(anyhow!(
            "the database is a PostgreSQL server: make and restore copies of it with its own tools, \
             such as pg_dump and pg_restore"
        )),
    }
}

/// The ids of the keys that the configuration has. Neither command needs a key: this says whether
/// a server will have the right ones.
fn ring(config: &Config) -> Vec<String> {
    config.keyring().map(|keyring| store::ring_ids(&keyring)).unwrap_or_default()
}

fn told(copy: &CheckedCopy) -> String {
    let mut text = format!(
        "It has {} bytes, is whole, and belongs to installation {}.\n",
        copy.bytes, copy.installation
    );
    if copy.missing_migrations > 0 {
        text.push_str(&format!(
            "It lacks {} migration(s) of this program; `paybridge serve` applies them.\n",
            copy.missing_migrations
        ));
    }
    for key in copy.keys.iter().filter(|key| key.secrets > 0) {
        let place =
            if key.in_ring { "the configuration has it" } else { "NOT in the configuration" };
        text.push_str(&format!(
            "Key {} opens {} of its secrets: {place}.\n",
            key.key_id, key.secrets
        ));
    }
    text
}

fn wire(copy: &CheckedCopy) -> Value {
    let keys = copy.keys.iter().filter(|key| key.secrets > 0).map(
        |key| json!({"key": key.key_id, "secrets": key.secrets, "in_configuration": key.in_ring}),
    );
    json!({
        "bytes": copy.bytes,
        "installation": copy.installation,
        "missing_migrations": copy.missing_migrations,
        "keys": keys.collect::<Vec<_>>(),
    })
}
