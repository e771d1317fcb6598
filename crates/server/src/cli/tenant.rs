//! `paybridge tenant`: the tenants there are.

use app::Entropy;
use app::customer_token_key::CustomerTokenKey;
use app::operate::LIST_MAX;
use app::ports::{Tokens, Unfinished};
use app::tenant::Tenant;
use clap::{Args, Subcommand};
use payment::TenantId;
use serde::Serialize;
use store::DatabaseOperator;

use crate::cli::account::{self, AccountArguments};
use crate::cli::erase::{self, EraseArguments};
use crate::cli::operator::{Limit, count, help_end, print_json};
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::{Table, printable};
use crate::cli::token::{self, JsonToken, TokenArguments};
use crate::cli::{EXIT_CODES, output};
use crate::entropy::SystemEntropy;
use crate::wiring::open_operator;

/// The longest tenant identifier, in bytes: as long as in a header.
const TENANT_MAX: usize = 255;

/// See the tenants, issue their tokens, bind their accounts, erase their customers
///
/// These commands work beside a running server and need `database_url` alone of the configuration.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct TenantArguments {
    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// List the tenants that were configured
    #[command(after_help = help_end(&["paybridge tenant list"]))]
    List(ListArguments),
    /// Show a tenant: its account, its settings without secrets, what is unfinished, its tokens
    #[command(after_help = help_end(&["paybridge tenant show my-shop"]))]
    Show(ShowArguments),
    /// Issue, list and revoke the tokens that a tenant's shop shows
    Token(TokenArguments),
    /// Bind accounts at Stripe to tenants that are paid through your own platform
    Account(AccountArguments),
    Erase(EraseArguments),
}

#[derive(Clone, Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    file: ConfigFile,

    #[command(flatten)]
    limit: Limit,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
struct ShowArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// The tenant's identifier
    #[arg(value_name = "TENANT", value_parser = tenant_id)]
    tenant: TenantId,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What of a tenant is meant, and how it is printed.
#[derive(Clone, Debug, Args)]
pub(super) struct OfTenant {
    #[command(flatten)]
    pub file: ConfigFile,

    /// The tenant's identifier, as the shop sends it in X-Tenant-Identifier
    #[arg(value_name = "TENANT", value_parser = tenant_id)]
    pub tenant: TenantId,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &TenantArguments) -> anyhow::Result<()> {
    match &arguments.command {
        TenantCommand::List(list) => self::list(list),
        TenantCommand::Show(show) => self::show(show),
        TenantCommand::Token(arguments) => token::run(arguments),
        TenantCommand::Account(arguments) => account::run(arguments),
        TenantCommand::Erase(arguments) => erase::run(arguments),
    }
}

/// A tenant's identifier as an argument.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > TENANT_MAX {
        return Err(format!("a tenant identifier has 1 to {TENANT_MAX} bytes"));
    }
    Ok(TenantId::new(text))
}

/// Opens the database that the configuration names, beside a running server.
pub(super) fn open(file: &ConfigFile) -> anyhow::Result<DatabaseOperator> {
    open_operator(&file.load()?.database)
}

fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let store = open(&arguments.file)?;
    let limit = arguments.limit.limit.min(LIST_MAX);
    let page = start::runtime()?.block_on(store.list_tenants(limit))?;
    if arguments.json {
        let rows: Vec<_> = page.rows.iter().map(JsonTenant::new).collect();
        return print_json(&serde_json::json!({"rows": rows, "more": page.more}));
    }
    let mut table = Table::new(&["TENANT", "STATUS", "MODE", "ACCOUNT"]);
    for tenant in &page.rows {
        table.push(vec![
            tenant.id.as_str().to_owned(),
            tenant.status.name().to_owned(),
            tenant.account.mode.name().to_owned(),
            tenant.account.id.as_str().to_owned(),
        ]);
    }
    output::print(&format!("{}{}", table.render(""), count(&page, "tenant", "tenants")))
}

fn show(arguments: &ShowArguments) -> anyhow::Result<()> {
    let store = open(&arguments.file)?;
    let (found, tokens) = start::runtime()?.block_on(async {
        let found = store.tenant(&arguments.tenant).await?;
        anyhow::Ok((found, store.tokens(&arguments.tenant).await?))
    })?;
    let now = SystemEntropy.now();
    let Some((tenant, unfinished)) = found else {
        let name = arguments.tenant.as_str();
        anyhow::bail!(
            "the tenant {name:?} is not configured, and has {} token(s); `paybridge tenant list` \
             names those that are",
            tokens.iter().filter(|token| token.is_good(now)).count()
        );
    };
    if arguments.json {
        let tokens: Vec<_> = tokens.iter().map(|row| JsonToken::new(row, now)).collect();
        return print_json(&JsonFile {
            tenant: JsonTenant::new(&tenant),
            unfinished: JsonUnfinished::new(unfinished),
            tokens,
        });
    }
    let mut text = described(&tenant, unfinished);
    text.push_str(&token::table(&tokens, now));
    output::print(&text)
}

fn described(tenant: &Tenant, unfinished: Unfinished) -> String {
    let settings = &tenant.settings;
    let Unfinished { payments, awaited, calls, inbox, messages } = unfinished;
    let mut table = Table::default();
    let mut line = |name: &str, value: String| table.push(vec![name.to_owned(), value]);
    line("status", tenant.status.name().to_owned());
    line("account", format!("{} ({})", tenant.account.id.as_str(), tenant.account.mode.name()));
    line("business model", settings.business_model.name().to_owned());
    let methods: Vec<&str> =
        settings.payment_methods.iter().map(|method| method.name.as_str()).collect();
    line("payment methods", methods.join(", "));
    line("shop origins", settings.shop_origins.join(", "));
    let keys: Vec<&str> =
        settings.customer_token_keys.iter().map(|key| key.algorithm().name()).collect();
    line("customer token keys", keys.join(", "));
    line(
        "unfinished",
        format!(
            "{payments} payments ({awaited} awaited), {calls} calls, {inbox} in the inbox, \
             {messages} messages"
        ),
    );
    format!("{}\n{}", printable(tenant.id.as_str()), table.render("  "))
}

/// A tenant as a script reads it.
#[derive(Serialize)]
struct JsonTenant<'a> {
    tenant: &'a str,
    status: &'static str,
    mode: &'static str,
    account: &'a str,
    business_model: &'static str,
    payment_methods: Vec<&'a str>,
    shop_origins: &'a [String],
    /// In PEM.
    customer_token_keys: Vec<&'a str>,
}

impl<'a> JsonTenant<'a> {
    fn new(tenant: &'a Tenant) -> Self {
        Self {
            tenant: tenant.id.as_str(),
            status: tenant.status.name(),
            mode: tenant.account.mode.name(),
            account: tenant.account.id.as_str(),
            business_model: tenant.settings.business_model.name(),
            payment_methods: tenant
                .settings
                .payment_methods
                .iter()
                .map(|method| method.name.as_str())
                .collect(),
            shop_origins: &tenant.settings.shop_origins,
            customer_token_keys: tenant
                .settings
                .customer_token_keys
                .iter()
                .map(CustomerTokenKey::pem)
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonFile<'a> {
    #[serde(flatten)]
    tenant: JsonTenant<'a>,
    unfinished: JsonUnfinished,
    tokens: Vec<JsonToken<'a>>,
}

#[derive(Serialize)]
struct JsonUnfinished {
    payments: u64,
    awaited: u64,
    calls: u64,
    inbox: u64,
    messages: u64,
}

impl JsonUnfinished {
    fn new(unfinished: Unfinished) -> Self {
        let Unfinished { payments, awaited, calls, inbox, messages } = unfinished;
        Self { payments, awaited, calls, inbox, messages }
    }
}
