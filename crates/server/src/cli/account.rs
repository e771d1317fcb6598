//! `paybridge tenant account`: which accounts tenants have under the operator's own platform.

use app::Entropy;
use app::ports::{BindOutcome, Bindings, BoundAccount, NewBinding, UnbindOutcome};
use clap::{Args, Subcommand};
use payment::{Account, Mode, PspAccountId};
use serde::Serialize;

use crate::cli::operator::{help_end, print_json};
use crate::cli::start;
use crate::cli::table::{Table, time};
use crate::cli::tenant::{OfTenant, open};
use crate::cli::{EXIT_CODES, output};
use crate::entropy::SystemEntropy;

/// The longest account id of Stripe's, in bytes.
const ACCOUNT_MAX: usize = 255;

/// Bind accounts at Stripe to tenants that are paid through your own platform
///
/// A tenant without Stripe keys of its own is paid in the account that you bind to it: the app calls
/// Stripe with the keys of `platform.test` or `platform.live` and names that account. An account
/// belongs to one tenant. The tenant takes it up when it is configured without a secret key.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct AccountArguments {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Give an account to a tenant
    ///
    /// The account has to be connected to your platform at Stripe, which is checked when the tenant is
    /// configured. The tenant need not be configured yet.
    #[command(after_help = help_end(&[
        "paybridge tenant account bind my-shop acct_1QabcdEfGhIjKlMn --mode test",
        "paybridge tenant account bind my-shop acct_1QabcdEfGhIjKlMn --mode live --dry-run",
    ]))]
    Bind(BindArguments),
    /// Take an account from a tenant
    ///
    /// Payments that were made there go on to their end. A tenant that is connected there is
    /// disconnected first, or configured with keys of its own.
    #[command(after_help = help_end(&["paybridge tenant account unbind my-shop --mode test"]))]
    Unbind(UnbindArguments),
    /// Show a tenant's accounts
    #[command(after_help = help_end(&["paybridge tenant account show my-shop"]))]
    Show(OfTenant),
}

#[derive(Clone, Debug, Args)]
struct Change {
    /// Whether it is for test money or for real money
    #[arg(long, value_name = "test|live", value_parser = mode)]
    mode: Mode,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Debug, Args)]
struct BindArguments {
    #[command(flatten)]
    of: OfTenant,

    /// The account's id at Stripe
    #[arg(value_name = "ACCOUNT", value_parser = account_id)]
    account: PspAccountId,

    #[command(flatten)]
    change: Change,
}

#[derive(Clone, Debug, Args)]
struct UnbindArguments {
    #[command(flatten)]
    of: OfTenant,

    #[command(flatten)]
    change: Change,
}

pub(super) fn run(arguments: &AccountArguments) -> anyhow::Result<()> {
    match &arguments.command {
        AccountCommand::Bind(bind) => self::bind(bind),
        AccountCommand::Unbind(unbind) => self::unbind(unbind),
        AccountCommand::Show(of) => self::show(of),
    }
}

fn bind(arguments: &BindArguments) -> anyhow::Result<()> {
    let BindArguments { of, account, change } = arguments;
    let store = open(&of.file)?;
    let binding = NewBinding {
        tenant: of.tenant.clone(),
        account: Account { id: account.clone(), mode: change.mode },
        now: SystemEntropy.now(),
        rehearsed: change.dry_run,
    };
    let (outcome, known) = start::runtime()?.block_on(async {
        let outcome = store.bind_account(&binding).await?;
        anyhow::Ok((outcome, store.tenant(&of.tenant).await?.is_some()))
    })?;
    let (tenant, mode) = (of.tenant.as_str(), change.mode.name());
    let done = match outcome {
        BindOutcome::Bound => "bound",
        BindOutcome::Already => "already bound",
        BindOutcome::HasAnother(other) => anyhow::bail!(
            "the tenant {tenant:?} has the account {other} in {mode} mode; `paybridge tenant account \
             unbind` takes that away first"
        ),
        BindOutcome::OfAnother(owner) => {
            let owner = owner.as_str();
            anyhow::bail!(
                "the account {account} belongs to the tenant {owner:?}; an account has one tenant"
            )
        }
    };
    if !known {
        output::remark(&format!(
            "The tenant {tenant:?} is not configured yet; is it the right name?\n"
        ));
    }
    tell(of, change, done, account)
}

fn unbind(arguments: &UnbindArguments) -> anyhow::Result<()> {
    let UnbindArguments { of, change } = arguments;
    let store = open(&of.file)?;
    let asked = store.unbind_account(&of.tenant, change.mode, change.dry_run);
    let outcome = start::runtime()?.block_on(asked)?;
    let (tenant, mode) = (of.tenant.as_str(), change.mode.name());
    match outcome {
        UnbindOutcome::Unbound(account) => tell(of, change, "unbound", &account),
        UnbindOutcome::None => anyhow::bail!(
            "the tenant {tenant:?} has no account in {mode} mode; `paybridge tenant account show` \
             lists those it has"
        ),
        UnbindOutcome::InUse(account) => anyhow::bail!(
            "the tenant {tenant:?} is connected through the account {account}; disconnect it, or \
             configure it with keys of its own, then unbind"
        ),
    }
}

fn tell(
    of: &OfTenant,
    change: &Change,
    done: &'static str,
    account: &PspAccountId,
) -> anyhow::Result<()> {
    let (tenant, mode, dry_run) = (of.tenant.as_str(), change.mode.name(), change.dry_run);
    if of.json {
        let account = account.as_str();
        return print_json(&JsonChange { done, dry_run, tenant, account, mode });
    }
    let head = if dry_run { "Dry run, nothing was changed: " } else { "" };
    let verb = if dry_run { "would be" } else { "is" };
    output::print(&format!("{head}{account} ({mode}) {verb} {done}: tenant {tenant}.\n"))
}

fn show(of: &OfTenant) -> anyhow::Result<()> {
    let store = open(&of.file)?;
    let bound = start::runtime()?.block_on(store.bindings(&of.tenant))?;
    if of.json {
        let rows: Vec<_> = bound.iter().map(JsonAccount::new).collect();
        return print_json(&serde_json::json!({ "rows": rows }));
    }
    if bound.is_empty() {
        return output::print("no accounts; `paybridge tenant account bind` gives one\n");
    }
    let mut table = Table::new(&["ACCOUNT", "MODE", "BOUND (UTC)"]);
    for BoundAccount { account, bound_at } in &bound {
        let id = account.id.as_str().to_owned();
        table.push(vec![id, account.mode.name().to_owned(), time(*bound_at)]);
    }
    output::print(&table.render(""))
}

/// What a script reads about a change.
#[derive(Serialize)]
struct JsonChange<'a> {
    done: &'static str,
    dry_run: bool,
    tenant: &'a str,
    account: &'a str,
    mode: &'static str,
}

/// An account as a script reads it.
#[derive(Serialize)]
struct JsonAccount<'a> {
    account: &'a str,
    mode: &'static str,
    bound_at: String,
}

impl<'a> JsonAccount<'a> {
    fn new(bound: &'a BoundAccount) -> Self {
        let BoundAccount { account, bound_at } = bound;
        Self {
            account: account.id.as_str(),
            mode: account.mode.name(),
            bound_at: bound_at.to_string(),
        }
    }
}

fn mode(text: &str) -> Result<Mode, String> {
    Mode::from_name(text).ok_or_else(|| "expected test or live".to_owned())
}

fn account_id(text: &str) -> Result<PspAccountId, String> {
    let name = text.strip_prefix("acct_").unwrap_or_default();
    let is_id = !name.is_empty()
        && text.len() <= ACCOUNT_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id { Ok(PspAccountId::new(text)) } else { Err("an account begins with acct_".to_owned()) }
}
