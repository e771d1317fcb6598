//! `paybridge inbox`: the webhooks and commands that came in.

use app::operate::{self, advice};
use app::ports::{InboxKind, InboxRow, InboxState, Page, RowFilter};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use payment::CommandId;
use serde::Serialize;

use crate::cli::operator::{
    DiscardArguments, ListArguments, RetryArguments, ShowArguments, body_json, body_text, count,
    help_end, print_json, print_page, with_store,
};
use crate::cli::table::{Table, time};
use crate::cli::{EXIT_CODES, output};

/// What these rows are rows of.
const PLACE: &str = "inbox";

/// Look after webhooks and commands that came in
///
/// Whatever comes in is written down before it is answered, and then carried out. What fails again
/// and again is parked with its reason. These commands work beside a running server and need
/// `database_url` alone of the configuration.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct InboxArguments {
    #[command(subcommand)]
    command: InboxCommand,
}

#[derive(Debug, Subcommand)]
enum InboxCommand {
    /// List rows: what is parked, then what waits
    ///
    /// Both the oldest first. Rows are due (a worker takes them), leased (a worker has them), held
    /// (an older command of the same order comes first) or parked; with --all also done, foreign
    /// (not about a payment of this installation) and discarded. TRIES counts what failed: a row that
    /// only waits, for the payment provider or another call, spends none.
    #[command(after_help = help_end(&[
        "paybridge inbox list",
        "paybridge inbox list --parked --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10",
        "paybridge inbox list --parked --json | jq -r '.rows[] | .tenant + \" \" + .id'",
    ]))]
    List(ListArguments),
    /// Show one row, why it is where it is, and what to do next
    #[command(after_help = help_end(&[
        "paybridge inbox show --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901",
    ]))]
    Show(ShowArguments),
    /// Have a row that is parked or waits carried out now
    ///
    /// Its tries are counted anew. Nothing can happen twice: a command goes on with its own call,
    /// under the same key. A command keeps its place in its order.
    #[command(after_help = help_end(&[
        "paybridge inbox retry --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901 --dry-run",
    ]))]
    Retry(RetryArguments),
    /// End a parked row without carrying it out
    ///
    /// Not the first thing to try: the shop gets no result for a command that is discarded, and its
    /// order stays where it is until somebody moves it on in the shop. The row stays, with the
    /// reason, so that the same message is not taken for a new one.
    #[command(after_help = help_end(&[
        "paybridge inbox discard --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 \
         019a8f2e-77c4-7d31-8a55-2f1c0a3be901 --reason \"refunded by hand, ticket 4711\" --dry-run",
    ]))]
    Discard(DiscardArguments),
}

pub(super) fn run(arguments: &InboxArguments) -> anyhow::Result<()> {
    match &arguments.command {
        InboxCommand::List(arguments) => list(arguments),
        InboxCommand::Show(arguments) => show(arguments),
        InboxCommand::Retry(arguments) => retry(arguments),
        InboxCommand::Discard(arguments) => discard(arguments),
    }
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    with_store(&arguments.file, |store, now| async move {
        let query = arguments.query(now);
        operate::check_tenant(store.as_ref(), query.tenant.as_ref()).await?;
        let page = store.list_inbox(&query).await?;
        if arguments.json {
            return print_page(&page, |row| JsonInboxRow::new(row, now));
        }
        output::print(&list_text(&page, arguments.filter(), now))
    })
}

fn list_text(page: &Page<InboxRow>, filter: RowFilter, now: Timestamp) -> String {
    if page.rows.is_empty() {
        let text = match filter {
            RowFilter::Open => "Nothing is open in the inbox: what came in was carried out.\n",
            RowFilter::Parked => "Nothing is parked in the inbox.\n",
            RowFilter::Waiting => "Nothing waits in the inbox.\n",
            RowFilter::All => "Nothing has come in yet.\n",
        };
        return text.to_owned();
    }
    let mut text = table(&page.rows).render("");
    text.push_str(&format!("\n{}", count(page, "row", "rows")));
    let parked = page.rows.iter().find(|row| matches!(row.state, InboxState::Parked { .. }));
    if let Some(row) = parked {
        text.push_str(&format!("Next, for {}: {}\n", row.id, advice::of_inbox(row, now)));
    }
    text
}

/// Rows in columns; the reason comes last, because it may be long.
fn table(rows: &[InboxRow]) -> Table {
    let heading = ["STATE", "NAME", "ORDER", "RECEIVED (UTC)", "TRIES", "TENANT", "ID", "REASON"];
    let mut table = Table::new(&heading);
    for row in rows {
        table.push(vec![
            row.state.name().to_owned(),
            row.name.clone(),
            row.order_key.clone().unwrap_or_else(|| "-".to_owned()),
            time(row.received_at),
            row.tries.to_string(),
            row.tenant.as_str().to_owned(),
            row.id.to_string(),
            row.note.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    with_store(&arguments.row.file, |store, now| async move {
        let (tenant, id) = (arguments.row.tenant(), CommandId::new(arguments.row.id));
        let row = operate::show_inbox(store.as_ref(), &tenant, id, now).await?;
        let body = match arguments.with_body {
            true => store.inbox_body(&tenant, id).await?,
            false => None,
        };
        if arguments.row.json {
            let mut wire = JsonInboxRow::new(&row, now);
            wire.body = body.as_deref().map(body_json);
            return print_json(&wire);
        }
        let mut text = show_text(&row, now);
        if arguments.with_body {
            let body = body.as_deref().map_or_else(|| "  (dropped)\n".to_owned(), body_text);
            text.push_str(&format!("\nPayload\n{body}"));
        }
        text.push_str(&format!("\nNext: {}\n", advice::of_inbox(&row, now)));
        output::print(&text)
    })
}

fn show_text(row: &InboxRow, now: Timestamp) -> String {
    let kind = match row.kind {
        InboxKind::Event => "an event of the payment provider",
        InboxKind::Command => "a command of the shop",
    };
    let state = match row.state {
        InboxState::Due { at } if at > now => format!("waits, due at {} UTC", time(at)),
        InboxState::Due { .. } => "waits, due now".to_owned(),
        InboxState::Leased { until } => format!("a worker has it until {} UTC", time(until)),
        InboxState::Held { by } => format!("waits for {by}, an older command of its order"),
        InboxState::Done { at } => format!("done at {} UTC", time(at)),
        InboxState::Foreign { at } => {
            format!("not about a payment of this installation, found at {} UTC", time(at))
        }
        InboxState::Parked { at } => format!("parked at {} UTC", time(at)),
        InboxState::Discarded { at } => format!("discarded at {} UTC", time(at)),
    };
    let mut facts = Table::default();
    let mut fact = |name: &str, value: &str| facts.push(vec![name.to_owned(), value.to_owned()]);
    fact("what", &format!("{}, {kind}", row.name));
    fact("row", &row.id.to_string());
    fact("tenant", row.tenant.as_str());
    fact("order", row.order_key.as_deref().unwrap_or("-"));
    fact("sender's id", &row.external_id);
    fact("received", &format!("{} UTC", time(row.received_at)));
    fact("state", &state);
    fact("tries", &row.tries.to_string());
    fact("reason", row.note.as_deref().unwrap_or("-"));
    if row.call_open {
        fact("call", "its call to the payment provider is open");
    }
    facts.render("")
}

fn retry(arguments: &RetryArguments) -> anyhow::Result<()> {
    with_store(&arguments.row.file, |store, now| async move {
        let touch = arguments.touch(CommandId::new, now);
        let changed = operate::retry_inbox(store.as_ref(), &touch).await?;
        arguments.tell(PLACE, "retried", changed, |row| JsonInboxRow::new(row, now))
    })
}

fn discard(arguments: &DiscardArguments) -> anyhow::Result<()> {
    with_store(&arguments.retry.row.file, |store, now| async move {
        let touch = arguments.retry.touch(CommandId::new, now);
        let changed = operate::discard_inbox(store.as_ref(), &touch, &arguments.reason).await?;
        arguments.retry.tell(PLACE, "discarded", changed, |row| JsonInboxRow::new(row, now))
    })
}

/// A row as a script reads it. `at` is when it is due, its lease ends, or it ended.
#[derive(Serialize)]
pub(super) struct JsonInboxRow {
    id: String,
    tenant: String,
    kind: &'static str,
    name: String,
    order: Option<String>,
    external_id: String,
    received_at: String,
    state: &'static str,
    at: Option<String>,
    held_by: Option<String>,
    tries: u32,
    reason: Option<String>,
    call_open: bool,
    next_step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<serde_json::Value>,
}

impl JsonInboxRow {
    pub fn new(row: &InboxRow, now: Timestamp) -> Self {
        let (at, held_by) = match row.state {
            InboxState::Due { at }
            | InboxState::Leased { until: at }
            | InboxState::Done { at }
            | InboxState::Foreign { at }
            | InboxState::Parked { at }
            | InboxState::Discarded { at } => (Some(at.to_string()), None),
            InboxState::Held { by } => (None, Some(by.to_string())),
        };
        Self {
            id: row.id.to_string(),
            tenant: row.tenant.as_str().to_owned(),
            kind: row.kind.name(),
            name: row.name.clone(),
            order: row.order_key.clone(),
            external_id: row.external_id.clone(),
            received_at: row.received_at.to_string(),
            state: row.state.name(),
            at,
            held_by,
            tries: row.tries,
            reason: row.note.clone(),
            call_open: row.call_open,
            next_step: advice::of_inbox(row, now),
            body: None,
        }
    }
}

/// What a payment says of the rows of its order: nothing where there are none.
pub(super) fn section(rows: &[InboxRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\nOpen in the inbox\n{}", table(rows).render("  "))
}
