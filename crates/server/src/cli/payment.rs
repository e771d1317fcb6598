//! `paybridge payment`: where payments stand, what is stuck, and what to do next.

mod json;

use app::operate::{self, advice, advice::Situation, age};
use app::ports::{
    CallEntry, CallOutcome, HistoryEntry, Page, PaymentCase, PaymentFile, PaymentQuery,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use payment::{Payment, Status, TenantId};

use crate::cli::operator::{Limit, count, help_end, print_json, print_page, with_store};
use crate::cli::start::ConfigFile;
use crate::cli::table::{Table, printable, time};
use crate::cli::{EXIT_CODES, inbox, outbox, output};
use json::{JsonCase, JsonFile};

/// See where payments stand and what is stuck
///
/// These commands only read. They work beside a running server and need `database_url` alone of
/// the configuration.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct PaymentArguments {
    #[command(subcommand)]
    command: PaymentCommand,
}

#[derive(Debug, Subcommand)]
enum PaymentCommand {
    /// List payments, the newest first, with what is in their way
    ///
    /// Stuck are payments with a call to the payment provider that has been open for longer than 90
    /// seconds, those whose order has parked work in the inbox or the outbox, and those of which the
    /// provider would not give back what came in after a cancel.
    #[command(after_help = help_end(&[
        "paybridge payment list --stuck",
        "paybridge payment list --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 --status authorized",
        "paybridge payment list --stuck --json | jq '.rows | length'",
    ]))]
    List(ListArguments),
    /// Show one payment: status, amounts, history, calls, and what to do next
    #[command(after_help = help_end(&[
        "paybridge payment show --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 DE--42",
        "paybridge payment show --tenant 41f6cc0f-a5ae-4c3b-9a6e-9d7d6b4d8f10 pi_3SVdC2KZ0 --json",
    ]))]
    Show(ShowArguments),
}

#[derive(Clone, Debug, Args)]
struct ListArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// Only payments of this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,

    /// Only payments of this status
    #[arg(long, value_name = "STATUS", value_parser = status())]
    status: Option<Status>,

    /// Only payments that are stuck, the oldest first
    #[arg(long)]
    stuck: bool,

    #[command(flatten)]
    limit: Limit,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
struct ShowArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// The tenant that the payment belongs to
    #[arg(long, value_name = "TENANT")]
    tenant: String,

    /// The order's reference, the payment's id, or the transaction id at the payment provider
    #[arg(value_name = "ORDER|PAYMENT_ID|TRANSACTION_ID")]
    key: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn status() -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(Status::ALL.map(Status::name))
        .try_map(|name| Status::from_name(&name).ok_or("there is no such status"))
}

pub(super) fn run(arguments: &PaymentArguments) -> anyhow::Result<()> {
    match &arguments.command {
        PaymentCommand::List(arguments) => list(arguments),
        PaymentCommand::Show(arguments) => show(arguments),
    }
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    with_store(&arguments.file, |store, now| async move {
        let query = PaymentQuery {
            tenant: arguments.tenant.clone().map(TenantId::new),
            status: arguments.status,
            stuck_since: arguments.stuck.then(|| operate::stuck_since(now)),
            limit: arguments.limit.limit,
            now,
        };
        operate::check_tenant(store.as_ref(), query.tenant.as_ref()).await?;
        let page = store.list_payments(&query).await?;
        if arguments.json {
            return print_page(&page, |case| JsonCase::new(case, now));
        }
        output::print(&list_text(&page, arguments, now))
    })
}

fn list_text(page: &Page<PaymentCase>, arguments: &ListArguments, now: Timestamp) -> String {
    if page.rows.is_empty() {
        let is_of_all = arguments.tenant.is_none() && arguments.status.is_none();
        let text = match (arguments.stuck, is_of_all) {
            (true, _) => {
                "No payment is stuck. Work without a payment may still be parked: `paybridge inbox \
                 list --parked`, `paybridge outbox list --parked`.\n"
            }
            (false, true) => "There are no payments yet.\n",
            (false, false) => "There is no such payment.\n",
        };
        return text.to_owned();
    }
    let mut table = Table::new(&[
        "ORDER",
        "STATUS",
        "TOTAL",
        "CAPTURED",
        "REFUNDED",
        "CREATED (UTC)",
        "TENANT",
        "PAYMENT",
        "PROBLEM",
    ]);
    for case in &page.rows {
        let payment = &case.payment;
        table.push(vec![
            order(payment),
            payment.status.name().to_owned(),
            payment.checkout.total.to_string(),
            payment.captured.to_string(),
            payment.refunded().to_string(),
            time(payment.created_at),
            payment.tenant.as_str().to_owned(),
            payment.id.to_string(),
            Situation::of(case, now).summary(now).unwrap_or_default(),
        ]);
    }
    let mut text = format!("{}\n{}", table.render(""), count(page, "payment", "payments"));
    if let Some(case) = page.rows.iter().find(|case| Situation::of(case, now).is_stuck()) {
        let command = operate::show_command(&case.payment.tenant, case.payment.id);
        text.push_str(&format!("Next: `{command}`\n"));
    }
    text
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    with_store(&arguments.file, |store, now| async move {
        let tenant = TenantId::new(arguments.tenant.as_str());
        let file = operate::show_payment(store.as_ref(), &tenant, &arguments.key, now).await?;
        if arguments.json {
            return print_json(&JsonFile::new(&file, now));
        }
        output::print(&show_text(&file, now))
    })
}

/// The next step comes last: that is what stays on the screen.
fn show_text(file: &PaymentFile, now: Timestamp) -> String {
    let mut text = facts(&file.case, now).render("");
    text.push_str(&transfers(&file.case.payment));
    text.push_str(&history(&file.history));
    text.push_str(&calls(&file.calls));
    text.push_str(&inbox::section(&file.case.inbox));
    text.push_str(&outbox::section(&file.case.outbox));
    if !file.others.is_empty() {
        text.push_str("\nOther payments of this order, older or at other accounts\n");
        for other in &file.others {
            let command = operate::show_command(&file.case.payment.tenant, *other);
            text.push_str(&format!("  `{command}`\n"));
        }
    }
    let next = advice::of_payment(&file.case, now);
    text.push_str(&format!("\nNext: {}\n", printable(&next)));
    text
}

/// A pre-order has none yet.
fn order(payment: &Payment) -> String {
    payment.checkout.order_reference.as_ref().map_or("none yet".into(), ToString::to_string)
}

fn facts(case: &PaymentCase, now: Timestamp) -> Table {
    let payment = &case.payment;
    let (ours, shops) = (payment.status.name(), payment.shop_status());
    let account = &payment.account;
    let mut facts = Table::default();
    let mut fact = |name: &str, value: String| facts.push(vec![name.to_owned(), value]);
    fact("order", order(payment));
    fact("tenant", payment.tenant.as_str().to_owned());
    fact("payment", payment.id.to_string());
    fact("transaction", transaction(payment));
    fact("account", format!("{}, {} mode", account.id, account.mode.name()));
    fact("status", format!("{ours}; to the shop {shops}"));
    fact("total", payment.checkout.total.to_string());
    fact("authorized", format!("{}, {} can be captured", payment.authorized, payment.capturable));
    fact("captured", payment.captured.to_string());
    fact("refunded", payment.refunded().to_string());
    if !payment.transfers.is_empty() {
        fact("paid out", payment.paid_out().to_string());
    }
    if !payment.withdrawn().is_zero() {
        fact("disputed", payment.withdrawn().to_string());
    }
    fact("method", payment.method.clone().unwrap_or_else(|| "-".to_owned()));
    fact("created", format!("{} UTC", time(payment.created_at)));
    fact("changed", format!("{} UTC", time(case.updated_at)));
    if let Some(call) = &payment.open_call {
        let (purpose, since) = (call.purpose.name(), call.planned_at);
        let open = format!("{purpose}, since {} UTC ({})", time(since), age(since, now));
        fact("open call", open);
    }
    if let Some(problem) = Situation::of(case, now).summary(now) {
        fact("problem", problem);
    }
    facts
}

fn transaction(payment: &Payment) -> String {
    let reference = payment.reference().map_or("-", |reference| reference.as_str());
    match payment.attempts.len() {
        0 | 1 => reference.to_owned(),
        attempts => format!("{reference} (attempt {attempts})"),
    }
}

fn transfers(payment: &Payment) -> String {
    if payment.transfers.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["MERCHANT", "TRANSFER", "STATE", "AMOUNT", "TAKEN BACK", "ITEMS"]);
    for transfer in &payment.transfers {
        let items: Vec<&str> = transfer.shares.iter().map(|share| share.item.as_str()).collect();
        table.push(vec![
            transfer.merchant.as_str().to_owned(),
            transfer.reference.as_ref().map_or("-", |reference| reference.as_str()).to_owned(),
            transfer.state.name().to_owned(),
            transfer.amount.to_string(),
            transfer.reversed().to_string(),
            items.join(", "),
        ]);
    }
    format!("\nPaid out to merchants\n{}", table.render("  "))
}

fn history(entries: &[HistoryEntry]) -> String {
    if entries.is_empty() {
        return "\nHistory\n  nothing happened yet\n".to_owned();
    }
    let mut table = Table::new(&["AT (UTC)", "WHAT", "FROM", "TO", "NOTE"]);
    for entry in entries {
        table.push(vec![
            time(entry.at),
            entry.what.clone(),
            entry.from.name().to_owned(),
            entry.to.name().to_owned(),
            entry.note.clone().unwrap_or_default(),
        ]);
    }
    format!("\nHistory\n{}", table.render("  "))
}

fn calls(calls: &[CallEntry]) -> String {
    if calls.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["PLANNED (UTC)", "CALL", "OUTCOME", "SETTLED (UTC)", "REASON"]);
    for call in calls {
        let (outcome, settled, reason) = match &call.outcome {
            CallOutcome::Open => ("open", String::new(), ""),
            CallOutcome::Succeeded { at } => ("succeeded", time(*at), ""),
            CallOutcome::Failed { at, reason } => {
                ("failed", time(*at), reason.as_deref().unwrap_or_default())
            }
        };
        table.push(vec![
            time(call.planned_at),
            call.purpose.clone(),
            outcome.to_owned(),
            settled,
            reason.to_owned(),
        ]);
    }
    format!("\nCalls to the payment provider\n{}", table.render("  "))
}
