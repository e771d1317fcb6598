//! `paybridge migrate`: the database at this version, or at another place.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use store::{PostgresServer, Relocated};

use crate::cli::operator::print_json;
use crate::cli::start::ConfigFile;
use crate::cli::table::Table;
use crate::cli::{EXIT_CODES, UsageError, output};
use crate::config::{Config, Database};
use crate::entropy::SystemEntropy;

/// Bring the database to this version, or to PostgreSQL
///
/// Applies pending migrations and prints them, or says that there are none. `serve` does the same
/// at its start; this is for upgrades in steps: `migrate` first, then `serve --no-migrate`. Needs
/// `database_url` alone of the configuration.
///
/// With `--from`, moves an installation from a SQLite file to an empty PostgreSQL database, where it goes
/// on: every row, in one transaction, compared before it is committed. Stop the app first. The file
/// is not changed. Needs the encryption key that the app has.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct MigrateArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// The SQLite database to move: `sqlite:` and its path
    #[arg(long, value_name = "DATABASE")]
    from: Option<String>,

    /// The PostgreSQL database to move to [default: `database_url`, which keeps its password out of
    /// the list of processes]
    #[arg(long, value_name = "DATABASE", requires = "from")]
    to: Option<String>,

    /// Check both sides, count the rows, and change nothing
    #[arg(long, requires = "from")]
    dry_run: bool,

    /// Print JSON
    #[arg(long, requires = "from")]
    json: bool,
}

fn help_end() -> String {
    format!(
        "Examples:\n  \
           PAYBRIDGE_DATABASE_URL=sqlite:/var/lib/paybridge/paybridge.db paybridge migrate\n  \
           paybridge migrate --from sqlite:/var/lib/paybridge/paybridge.db --dry-run\n  \
           paybridge migrate --from sqlite:/var/lib/paybridge/paybridge.db \\\n      \
             --to postgres://paybridge@db.example.com/paybridge\n\n\
         {EXIT_CODES}"
    )
}

pub(super) fn run(arguments: &MigrateArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    match &arguments.from {
        None => output::print(&crate::serve::migrate(&config)?),
        Some(from) => relocate(arguments, &source(from)?, &target(arguments, &config)?, &config),
    }
}

fn source(from: &str) -> Result<PathBuf, UsageError> {
    match Database::parse(from) {
        Ok(Database::Sqlite { path }) => Ok(path),
        Ok(Database::Postgres(_)) | Err(_) => Err(UsageError(
            "--from: expected `sqlite:` and the path of a file: only from there an installation is \
             moved"
                .to_owned(),
        )),
    }
}

/// Its address is not repeated where it does not read: it may carry a password.
fn target(arguments: &MigrateArguments, config: &Config) -> Result<PostgresServer, UsageError> {
    let named = match &arguments.to {
        Some(to) => Database::parse(to).map_err(|why| UsageError(format!("--to: {why}")))?,
        None => config.database.clone(),
    };
    match named {
        Database::Postgres(server) => Ok(*server),
        Database::Sqlite { .. } => Err(UsageError(
            "name the PostgreSQL database to move to, postgres://USER:PASSWORD@HOST:PORT/DATABASE, in \
             `--to` or in `database_url`"
                .to_owned(),
        )),
    }
}

fn relocate(
    arguments: &MigrateArguments,
    from: &Path,
    to: &PostgresServer,
    config: &Config,
) -> anyhow::Result<()> {
    let keyring = config.keyring()?;
    let mut told = |table: &str, rows| {
        output::remark(&format!("{table}: {rows} rows copied\n"));
    };
    let moved = store::relocate(from, to, &keyring, &SystemEntropy, arguments.dry_run, &mut told)?;
    if arguments.json {
        let tables: Vec<_> = moved.tables.iter().map(row).collect();
        return print_json(&json!({
            "dry_run": arguments.dry_run, "installation": moved.installation, "from": from,
            "to": to.to_string(), "tables": tables,
        }));
    }
    let mut table = Table::new(&["TABLE", "ROWS"]);
    for (name, rows) in &moved.tables {
        table.push(vec![(*name).to_owned(), rows.to_string()]);
    }
    output::print(&(table.render("") + &end(arguments, &moved, from, to)))
}

fn row((table, rows): &(&'static str, u64)) -> serde_json::Value {
    json!({"table": table, "rows": rows})
}

fn end(
    arguments: &MigrateArguments,
    moved: &Relocated,
    from: &Path,
    to: &PostgresServer,
) -> String {
    let rows: u64 = moved.tables.iter().map(|(_, rows)| rows).sum();
    let (installation, from) = (&moved.installation, from.display());
    if arguments.dry_run {
        return format!(
            "Dry run, nothing was changed: installation {installation} with {rows} rows would be moved \
             to {to}.\n"
        );
    }
    format!(
        "Installation {installation} is on {to}, all {rows} rows compared.\n\
         Next: start the app with that `database_url`, and put {from} away: an app that started on it \
         would carry out again what waits in it.\n"
    )
}
