//! What the commands for operators share: their arguments, opening the database beside a running
//! server, and how they tell what they did.

use std::future::Future;

use app::Entropy;
use app::operate::{Changed, LIST_DEFAULT, LIST_MAX, REASON_CHARS_MAX};
use app::ports::{OperatorStore, Page, RowFilter, RowQuery, Touch};
use clap::Args;
use jiff::Timestamp;
use payment::TenantId;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::start::{self, ConfigFile};
use crate::cli::table::printable;
use crate::cli::{EXIT_CODES, output};
use crate::entropy::SystemEntropy;
use crate::wiring::open_operator;

/// How many rows a list has.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Limit {
    /// At most so many rows
    #[arg(
        long, value_name = "NUMBER", default_value_t = LIST_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_MAX))
    )]
    pub limit: u32,
}

/// The arguments of lists of rows.
#[derive(Clone, Debug, Args)]
pub(super) struct ListArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    pub file: ConfigFile,

    /// Only rows of this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,

    /// Only what was set aside for you
    #[arg(long, conflicts_with_all = ["waiting", "all"])]
    parked: bool,

    /// Only what is still to be done by itself
    #[arg(long, conflicts_with = "all")]
    waiting: bool,

    /// Also what has ended, the newest first
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    limit: Limit,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl ListArguments {
    pub fn filter(&self) -> RowFilter {
        match (self.parked, self.waiting, self.all) {
            (true, _, _) => RowFilter::Parked,
            (_, true, _) => RowFilter::Waiting,
            (_, _, true) => RowFilter::All,
            (false, false, false) => RowFilter::Open,
        }
    }

    pub fn query(&self, now: Timestamp) -> RowQuery {
        let tenant = self.tenant.clone().map(TenantId::new);
        RowQuery { tenant, filter: self.filter(), limit: self.limit.limit, now }
    }
}

/// Which row.
#[derive(Clone, Debug, Args)]
pub(super) struct RowArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    pub file: ConfigFile,

    /// The tenant that the row belongs to
    #[arg(long, value_name = "TENANT")]
    tenant: String,

    /// The row's id, as `list` prints it
    #[arg(value_name = "ID")]
    pub id: Uuid,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl RowArguments {
    pub fn tenant(&self) -> TenantId {
        TenantId::new(self.tenant.as_str())
    }
}

/// The arguments of `show`.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    pub row: RowArguments,

    /// Also print its payload: it may hold personal data
    #[arg(long)]
    pub with_body: bool,
}

/// The arguments of `retry`.
#[derive(Clone, Debug, Args)]
pub(super) struct RetryArguments {
    #[command(flatten)]
    pub row: RowArguments,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The arguments of `discard`.
#[derive(Clone, Debug, Args)]
pub(super) struct DiscardArguments {
    #[command(flatten)]
    pub retry: RetryArguments,

    /// Why, for whoever looks at the row later
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
}

impl RetryArguments {
    pub fn touch<Id>(&self, id: impl FnOnce(Uuid) -> Id, now: Timestamp) -> Touch<Id> {
        let (tenant, id) = (self.row.tenant(), id(self.row.id));
        Touch { tenant, id, now, rehearsed: self.dry_run }
    }

    /// Tells what was done, or would have been. `done` is what the row was: `retried`.
    pub fn tell<Row, Wire: Serialize>(
        &self,
        place: &'static str,
        done: &'static str,
        changed: Changed<Row>,
        wire: impl FnOnce(&Row) -> Wire,
    ) -> anyhow::Result<()> {
        let (id, dry_run, consequence) = (self.row.id, self.dry_run, changed.consequence);
        if self.row.json {
            return print_json(&JsonChange { done, dry_run, consequence, row: wire(&changed.row) });
        }
        let head = if dry_run {
            format!("Dry run, nothing was changed: {place} row {id} would be {done}.")
        } else {
            format!("{place} row {id} was {done}.")
        };
        output::print(&format!("{head}\n{}\n", printable(&consequence)))
    }
}

/// What a script reads about a change.
#[derive(Serialize)]
struct JsonChange<Wire> {
    done: &'static str,
    dry_run: bool,
    consequence: String,
    row: Wire,
}

/// A list as a script reads it.
#[derive(Serialize)]
struct JsonPage<Wire> {
    rows: Vec<Wire>,
    more: bool,
}

pub(super) fn print_page<Row, Wire: Serialize>(
    page: &Page<Row>,
    wire: impl Fn(&Row) -> Wire,
) -> anyhow::Result<()> {
    print_json(&JsonPage { rows: page.rows.iter().map(wire).collect(), more: page.more })
}

pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    output::print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// The end of a list for people: how many rows it has, and whether that is all.
pub(super) fn count<T>(page: &Page<T>, one: &str, many: &str) -> String {
    let (number, noun) = (page.rows.len(), if page.rows.len() == 1 { one } else { many });
    if page.more {
        format!("{number} {noun}, and there are more: raise --limit\n")
    } else {
        format!("{number} {noun}\n")
    }
}

/// A payload as text: it is JSON in practice, and shown as it is otherwise.
pub(super) fn body_text(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    text.lines().map(|line| format!("  {}\n", printable(line))).collect()
}

/// A payload as a script reads it: as JSON where it is JSON, as text otherwise.
pub(super) fn body_json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| serde_json::Value::from(String::from_utf8_lossy(body)))
}

/// Opens the database that the configuration names and does something with it.
pub(super) fn with_store<F>(
    file: &ConfigFile,
    work: impl FnOnce(Box<dyn OperatorStore>, Timestamp) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let config = file.load()?;
    let store = open_operator(&config.database)?;
    start::runtime()?.block_on(work(Box::new(store), SystemEntropy.now()))
}

/// The end of a help text with examples.
pub(super) fn help_end(examples: &[&str]) -> String {
    let lines: String = examples.iter().map(|example| format!("  {example}\n")).collect();
    format!("Examples:\n{lines}\n{EXIT_CODES}")
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say why in a few words".to_owned());
    }
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(format!("at most {REASON_CHARS_MAX} characters"));
    }
    Ok(text.to_owned())
}
