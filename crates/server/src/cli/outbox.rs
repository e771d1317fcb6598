//! `paybridge outbox`: the messages that shops are told.

use app::operate::{self, advice};
use app::ports::{MessageId, OutboxRow, OutboxState, Page, RowFilter};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::operator::{
    DiscardArguments, ListArguments, RetryArguments, ShowArguments, body_json, body_text, count,
    help_end, print_json, print_page, with_store,
};
use crate::cli::table::{Table, time};
use crate::cli::{EXIT_CODES, output};

/// What these rows are rows of.
const PLACE: &str = "outbox";

/// Look after messages to shops
///
/// Messages of one order are delivered one after the other. One that the shop cannot take is parked
/// with its reason; where it is a result, what comes after it for its order waits. These commands
/// work beside a running server and need `database_url` alone of the configuration.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct OutboxArguments {
    #[command(subcommand)]
    command: OutboxCommand,
}

#[derive(Debug, Subcommand)]
enum OutboxCommand {
    /// List messages: what is parked, then what waits
    ///
    /// Each tenant's, or each channel's, oldest first. Messages are due (the shop may read them, or
    /// they are pushed), leased (being pushed), hidden (the shop read them and has not deleted them
    /// yet), held (another one comes first) or parked; with --all also delivered and discarded.
    #[command(after_help = help_end(&[
        "paybridge outbox list",
        "paybridge outbox list --waiting --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10",
        "paybridge outbox list --parked --json | jq -r '.rows[] | .tenant + \" \" + .id'",
    ]))]
    List(ListArguments),
    /// Show one message, why it is where it is, and what to do next
    #[command(after_help = help_end(&[
        "paybridge outbox show --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901",
    ]))]
    Show(ShowArguments),
    /// Have a message that is parked or waits delivered now
    ///
    /// Under the same message id, so that a shop that has it already recognizes it. It keeps its
    /// place in its order.
    #[command(after_help = help_end(&[
        "paybridge outbox retry --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901 --dry-run",
    ]))]
    Retry(RetryArguments),
    /// Give a parked message up
    ///
    /// Not the first thing to try: the shop never gets it. What waited behind it for its order goes
    /// on. The row stays, with the reason.
    #[command(after_help = help_end(&[
        "paybridge outbox discard --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901 --reason \"order deleted in the shop\" --dry-run",
    ]))]
    Discard(DiscardArguments),
}

pub(super) fn run(arguments: &OutboxArguments) -> anyhow::Result<()> {
    match &arguments.command {
        OutboxCommand::List(arguments) => list(arguments),
        OutboxCommand::Show(arguments) => show(arguments),
        OutboxCommand::Retry(arguments) => retry(arguments),
        OutboxCommand::Discard(arguments) => discard(arguments),
    }
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    with_store(&arguments.file, |store, now| async move {
        let query = arguments.query(now);
        operate::check_tenant(store.as_ref(), query.tenant.as_ref()).await?;
        let page = store.list_outbox(&query).await?;
        if arguments.json {
            return print_page(&page, |row| JsonOutboxRow::new(row, now));
        }
        output::print(&list_text(&page, arguments.filter(), now))
    })
}

fn list_text(page: &Page<OutboxRow>, filter: RowFilter, now: Timestamp) -> String {
    if page.rows.is_empty() {
        let text = match filter {
            RowFilter::Open => "Nothing is open in the outbox: shops have every message.\n",
            RowFilter::Parked => "Nothing is parked in the outbox.\n",
            RowFilter::Waiting => "Nothing waits in the outbox.\n",
            RowFilter::All => "Nothing was told yet.\n",
        };
        return text.to_owned();
    }
    let mut text = table(&page.rows).render("");
    text.push_str(&format!("\n{}", count(page, "message", "messages")));
    let parked = page.rows.iter().find(|row| matches!(row.state, OutboxState::Parked { .. }));
    if let Some(row) = parked {
        text.push_str(&format!("Next, for {}: {}\n", row.id.0, advice::of_outbox(row, now)));
    }
    text
}

/// Messages in columns; the reason comes last, because it may be long.
fn table(rows: &[OutboxRow]) -> Table {
    let heading =
        ["STATE", "NAME", "ORDER", "CHANNEL", "TOLD (UTC)", "TAKEN", "TENANT", "ID", "REASON"];
    let mut table = Table::new(&heading);
    for row in rows {
        table.push(vec![
            row.state.name().to_owned(),
            row.name.clone(),
            row.order_key.clone(),
            row.channel.clone(),
            time(row.created_at),
            taken(row),
            row.tenant.as_str().to_owned(),
            row.id.0.to_string(),
            row.note.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// How often it was pushed or read.
fn taken(row: &OutboxRow) -> String {
    row.tries.saturating_add(row.reads).to_string()
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    with_store(&arguments.row.file, |store, now| async move {
        let (tenant, id) = (arguments.row.tenant(), MessageId(arguments.row.id));
        let row = operate::show_outbox(store.as_ref(), &tenant, id, now).await?;
        let body = match arguments.with_body {
            true => store.outbox_body(&tenant, id).await?,
            false => None,
        };
        if arguments.row.json {
            let mut wire = JsonOutboxRow::new(&row, now);
            wire.body = body.as_deref().map(|body| body_json(body.as_bytes()));
            return print_json(&wire);
        }
        let mut text = show_text(&row, now);
        if let Some(body) = body {
            text.push_str(&format!("\nPayload\n{}", body_text(body.as_bytes())));
        }
        text.push_str(&format!("\nNext: {}\n", advice::of_outbox(&row, now)));
        output::print(&text)
    })
}

fn show_text(row: &OutboxRow, now: Timestamp) -> String {
    let state = match row.state {
        OutboxState::Due { at } if at > now => format!("waits, due at {} UTC", time(at)),
        OutboxState::Due { .. } => "waits for the shop".to_owned(),
        OutboxState::Leased { until } => format!("being pushed until {} UTC", time(until)),
        OutboxState::Hidden { until } => {
            format!("read by the shop and hidden until {} UTC", time(until))
        }
        OutboxState::Held { by } => format!("waits for {}, which comes first", by.0),
        OutboxState::Delivered { at } => format!("delivered at {} UTC", time(at)),
        OutboxState::Parked { at } => format!("parked at {} UTC", time(at)),
        OutboxState::Discarded { at } => format!("discarded at {} UTC", time(at)),
    };
    let blocks = if row.blocks { "held back while it is parked" } else { "not held back by it" };
    let mut facts = Table::default();
    let mut fact = |name: &str, value: &str| facts.push(vec![name.to_owned(), value.to_owned()]);
    fact("what", &format!("{}, on channel {}", row.name, row.channel));
    fact("row", &row.id.0.to_string());
    fact("tenant", row.tenant.as_str());
    fact("order", &row.order_key);
    fact("told", &format!("{} UTC", time(row.created_at)));
    fact("state", &state);
    fact("pushed", &row.tries.to_string());
    fact("read", &row.reads.to_string());
    fact("what comes after", blocks);
    fact("reason", row.note.as_deref().unwrap_or("-"));
    facts.render("")
}

fn retry(arguments: &RetryArguments) -> anyhow::Result<()> {
    with_store(&arguments.row.file, |store, now| async move {
        let touch = arguments.touch(MessageId, now);
        let changed = operate::retry_outbox(store.as_ref(), &touch).await?;
        arguments.tell(PLACE, "retried", changed, |row| JsonOutboxRow::new(row, now))
    })
}

fn discard(arguments: &DiscardArguments) -> anyhow::Result<()> {
    with_store(&arguments.retry.row.file, |store, now| async move {
        let touch = arguments.retry.touch(MessageId, now);
        let changed = operate::discard_outbox(store.as_ref(), &touch, &arguments.reason).await?;
        arguments.retry.tell(PLACE, "discarded", changed, |row| JsonOutboxRow::new(row, now))
    })
}

/// A message as a script reads it. `at` is when it is due, its lease or its hiding ends, or it
/// ended.
#[derive(Serialize)]
pub(super) struct JsonOutboxRow {
    id: String,
    tenant: String,
    channel: String,
    name: String,
    order: String,
    created_at: String,
    state: &'static str,
    at: Option<String>,
    held_by: Option<String>,
    blocks: bool,
    tries: u32,
    reads: u32,
    reason: Option<String>,
    next_step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<serde_json::Value>,
}

impl JsonOutboxRow {
    pub fn new(row: &OutboxRow, now: Timestamp) -> Self {
        let (at, held_by) = match row.state {
            OutboxState::Due { at }
            | OutboxState::Leased { until: at }
            | OutboxState::Hidden { until: at }
            | OutboxState::Delivered { at }
            | OutboxState::Parked { at }
            | OutboxState::Discarded { at } => (Some(at.to_string()), None),
            OutboxState::Held { by } => (None, Some(by.0.to_string())),
        };
        Self {
            id: row.id.0.to_string(),
            tenant: row.tenant.as_str().to_owned(),
            channel: row.channel.clone(),
            name: row.name.clone(),
            order: row.order_key.clone(),
            created_at: row.created_at.to_string(),
            state: row.state.name(),
            at,
            held_by,
            blocks: row.blocks,
            tries: row.tries,
            reads: row.reads,
            reason: row.note.clone(),
            next_step: advice::of_outbox(row, now),
            body: None,
        }
    }
}

/// What a payment says of the messages of its order: nothing where there are none.
pub(super) fn section(rows: &[OutboxRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\nOpen in the outbox\n{}", table(rows).render("  "))
}
