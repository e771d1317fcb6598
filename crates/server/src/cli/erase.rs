//! `paybridge tenant erase`: taking people out of the books.

use anyhow::bail;
use app::Entropy;
use app::operate::check_tenant;
use app::ports::{
    Erased, Erasure, ErasureOutcome, ErasureSubject, OperatorStore, Unfinished, UnsettledPayment,
    UnsettledReason,
};
use clap::Args;
use payment::{OrderReference, TenantId};
use serde::Serialize;
use store::Rewritten;

use crate::cli::operator::{help_end, print_json};
use crate::cli::output;
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::printable;
use crate::cli::tenant::{open, tenant_id};
use crate::entropy::SystemEntropy;

/// At most so many payments are named in a text.
const NAMED_MAX: usize = 10;

/// Erase a customer's data, or a whole tenant
///
/// Takes names, addresses and e-mail addresses out of payments, their journal and the webhooks about
/// them. Orders, items, amounts, times, Stripe's ids, and the kind and last digits of a card stay: they
/// are the books. A SQLite file is written anew, so that nothing is left in it; a server beside it waits
/// with its writes meanwhile. PostgreSQL has the bytes of the old rows until a vacuum. Backups from
/// before still have everything.
///
/// With --everything the tenant's Stripe keys, its data key and its tokens are destroyed, too, and
/// its settings and the names of its merchants are erased. It has to be disconnected first.
///
/// Nothing is erased as long as any of it is not settled: the command says what, and what to do.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&[
    "paybridge tenant erase my-shop --customer DE--21 --dry-run",
    "paybridge tenant erase my-shop --customer sonia@example.com",
    "paybridge tenant erase my-shop --order DE--1",
    "paybridge tenant erase my-shop --everything",
]))]
pub(super) struct EraseArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// The tenant's identifier
    #[arg(value_name = "TENANT", value_parser = tenant_id)]
    tenant: TenantId,

    #[command(flatten)]
    subject: Subject,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// The customer with this reference in the shop, or with this e-mail address
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,

    /// Whoever ordered this
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,

    /// All customers, and the tenant with its keys
    #[arg(long)]
    everything: bool,
}

impl Subject {
    fn read(&self) -> ErasureSubject {
        match (&self.customer, &self.order) {
            (Some(customer), _) => ErasureSubject::Customer(customer.clone()),
            (None, Some(order)) => ErasureSubject::Order(OrderReference::new(order.as_str())),
            (None, None) => ErasureSubject::Tenant,
        }
    }
}

pub(super) fn run(arguments: &EraseArguments) -> anyhow::Result<()> {
    let store = open(&arguments.file)?;
    let (tenant, subject) = (arguments.tenant.clone(), arguments.subject.read());
    let (now, rehearsed) = (SystemEntropy.now(), arguments.dry_run);
    let whole = subject == ErasureSubject::Tenant;
    let wish = Erasure { tenant: tenant.clone(), subject, now, rehearsed };
    let outcome = start::runtime()?.block_on(async {
        check_tenant(&store, Some(&tenant)).await?;
        anyhow::Ok(store.erase(&wish).await?)
    })?;
    let erased = match outcome {
        ErasureOutcome::Erased(erased) => erased,
        ErasureOutcome::Unsettled(payments) => bail!(unsettled(&tenant, &payments)),
        ErasureOutcome::Connected => bail!(
            "the tenant is connected: disconnect it first (`POST /private/disconnect` with the \
             operator's token), then erase it"
        ),
        ErasureOutcome::Unfinished { work, parked } => bail!(unfinished(&tenant, work, parked)),
    };
    let is_nothing = erased.payments.is_empty() && !whole;
    let left = if rehearsed || is_nothing { Rewritten::Whole } else { store.rewrite()? };
    if arguments.json {
        return print_json(&JsonErased::new(&erased, rehearsed, left));
    }
    if is_nothing {
        return output::print("Nothing to erase: no payment names them, or none any more.\n");
    }
    let mut text = told(&erased, rehearsed, whole);
    text.push_str(still_there(left));
    output::print(&text)
}

fn still_there(left: Rewritten) -> &'static str {
    match left {
        Rewritten::Whole => "",
        Rewritten::ButForTheLog => {
            "The log beside the database still has it, because the server was reading: it is \
             overwritten with the next writes, and gone after a restart.\n"
        }
        Rewritten::UntilVacuum => {
            "PostgreSQL still has the bytes of the old rows: in its files until a vacuum has cleared \
             them and others are written there, and in its log. docs/guide/operate.md has how to be \
             rid of them at once.\n"
        }
    }
}

fn told(erased: &Erased, rehearsed: bool, whole: bool) -> String {
    let Erased { payments, bodies, credentials } = erased;
    let (head, verb) =
        if rehearsed { ("Dry run, nothing was changed: ", "would be") } else { ("", "were") };
    let mut text = format!(
        "{head}{} payments {verb} made anonymous ({}), and {bodies} webhooks and commands about \
         them {verb} emptied.\n",
        payments.len(),
        named(payments.iter().map(String::as_str)),
    );
    if whole {
        text.push_str(&format!(
            "The keys of {credentials} Stripe accounts, the data key, the tokens and the settings \
             {verb} destroyed.\n"
        ));
    }
    text.push_str(
        "Orders, items, amounts, times and Stripe's ids stay. Backups from before have all.\n",
    );
    text
}

fn unsettled(tenant: &TenantId, payments: &[UnsettledPayment]) -> String {
    let why = |payment: &UnsettledPayment| {
        let reason = match payment.reason {
            UnsettledReason::Open(status) => format!("is {}", status.name()),
            UnsettledReason::Call => "has a call to Stripe under way".to_owned(),
            UnsettledReason::UnderWay => "has a refund or a payout under way".to_owned(),
            UnsettledReason::Inbox => "has a webhook or command that waits or is parked".to_owned(),
        };
        format!("{} {reason}", payment.order)
    };
    let reasons: Vec<String> = payments.iter().map(why).collect();
    format!(
        "nothing was erased, because {} payments are not settled: {}. Capture, refund or cancel \
         them in the shop, or see `paybridge payment show --tenant {} ORDER` for the next step",
        payments.len(),
        named(reasons.iter().map(String::as_str)),
        printable(tenant.as_str()),
    )
}

fn unfinished(tenant: &TenantId, work: Unfinished, parked: u64) -> String {
    let tenant = printable(tenant.as_str());
    format!(
        "nothing was erased, because the tenant has work left: {} calls to Stripe and {} webhooks \
         or commands under way, {parked} parked. Let the server finish, and end what is parked: \
         `paybridge inbox list --tenant {tenant}` says how",
        work.calls, work.inbox,
    )
}

fn named<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let left = all.len().saturating_sub(NAMED_MAX);
    let mut names: Vec<String> = all.take(NAMED_MAX).map(printable).collect();
    if left > 0 {
        names.push(format!("and {left} more"));
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// What a script reads.
#[derive(Serialize)]
struct JsonErased<'a> {
    dry_run: bool,
    payments: &'a [String],
    bodies: u64,
    credentials: u64,
    log_emptied: bool,
    vacuumed: bool,
}

impl<'a> JsonErased<'a> {
    fn new(erased: &'a Erased, dry_run: bool, left: Rewritten) -> Self {
        let Erased { payments, bodies, credentials } = erased;
        let (log_emptied, vacuumed) = match left {
            Rewritten::Whole => (true, true),
            Rewritten::ButForTheLog => (false, true),
            Rewritten::UntilVacuum => (false, false),
        };
        let (bodies, credentials) = (*bodies, *credentials);
        Self { dry_run, payments, bodies, credentials, log_emptied, vacuumed }
    }
}
