//! `paybridge tenant token`: the fixed tokens of shops that have no identity provider.

use anyhow::anyhow;
use app::Entropy;
use app::ports::{NewToken, TokenRow, Tokens};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::cli::operator::{help_end, print_json};
use crate::cli::start;
use crate::cli::table::{Table, time};
use crate::cli::tenant::{OfTenant, open};
use crate::cli::{EXIT_CODES, output};
use crate::entropy::SystemEntropy;

/// The longest life of a token that ends by itself: ten years.
const DAYS_MAX: u32 = 3650;
/// The longest label.
const LABEL_CHARS_MAX: usize = 100;

/// Issue, list and revoke the tokens that a tenant's shop shows
///
/// A shop sends its token as `Authorization: Bearer …` with every call and command. A token opens
/// one tenant only. Of a token only its hash is stored.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct TokenArguments {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, once
    ///
    /// The token alone goes to the standard output, so that a shell can take it. It works at once, in
    /// a running server too. The tenant need not be configured yet. Issue the next one before you
    /// revoke the old one: a tenant may have several.
    #[command(after_help = help_end(&[
        "paybridge tenant token issue my-shop --label 'shop, production'",
        "paybridge tenant token issue my-shop --days 90",
    ]))]
    Issue(IssueArguments),
    /// List a tenant's tokens, never the tokens themselves
    #[command(after_help = help_end(&["paybridge tenant token list my-shop"]))]
    List(OfTenant),
    /// Revoke a token, at once and for good
    #[command(after_help = help_end(&[
        "paybridge tenant token revoke my-shop 019a8f2e-77c4-7d31-8a55-2f1c0a3be901",
    ]))]
    Revoke(RevokeArguments),
}

#[derive(Clone, Debug, Args)]
struct IssueArguments {
    #[command(flatten)]
    of: OfTenant,

    /// What it is for, for whoever looks at the list later
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = label)]
    label: String,

    /// It ends by itself after so many days [default: it does not]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    days: Option<u32>,
}

#[derive(Clone, Debug, Args)]
struct RevokeArguments {
    #[command(flatten)]
    of: OfTenant,

    /// The token's id, as `list` prints it
    #[arg(value_name = "ID")]
    id: Uuid,
}

pub(super) fn run(arguments: &TokenArguments) -> anyhow::Result<()> {
    match &arguments.command {
        TokenCommand::Issue(issue) => self::issue(issue),
        TokenCommand::List(of) => self::list(of),
        TokenCommand::Revoke(revoke) => self::revoke(revoke),
    }
}

fn issue(arguments: &IssueArguments) -> anyhow::Result<()> {
    let IssueArguments { of, label, days } = arguments;
    let store = open(&of.file)?;
    let token = signin::token::generate()
        .map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?;
    let (id, now) = (SystemEntropy.new_id(), SystemEntropy.now());
    let expires_at = days.map(|days| now + SignedDuration::from_hours(24 * i64::from(days)));
    let new = NewToken {
        id,
        tenant: of.tenant.clone(),
        hash: signin::token::hash(token.expose_secret()),
        label: label.clone(),
        created_at: now,
        expires_at,
    };
    let known = start::runtime()?.block_on(async {
        store.add_token(new).await?;
        anyhow::Ok(store.tenant(&of.tenant).await?.is_some())
    })?;
    if of.json {
        let token = token.expose_secret();
        return print_json(&serde_json::json!({
            "id": id.to_string(), "tenant": of.tenant.as_str(), "token": token,
            "expires_at": expires_at.map(|end| end.to_string()),
        }));
    }
    output::remark(&format!("Issued as {id}. It is stored nowhere: keep it now.\n"));
    if !known {
        let tenant = of.tenant.as_str();
        output::remark(&format!(
            "The tenant {tenant:?} is not configured yet; is it the right name?\n"
        ));
    }
    output::print(&Zeroizing::new(format!("{}\n", token.expose_secret())))
}

fn list(of: &OfTenant) -> anyhow::Result<()> {
    let store = open(&of.file)?;
    let tokens = start::runtime()?.block_on(store.tokens(&of.tenant))?;
    let now = SystemEntropy.now();
    if of.json {
        let rows: Vec<_> = tokens.iter().map(|row| JsonToken::new(row, now)).collect();
        return print_json(&serde_json::json!({ "rows": rows }));
    }
    output::print(&table(&tokens, now))
}

fn revoke(arguments: &RevokeArguments) -> anyhow::Result<()> {
    let RevokeArguments { of, id } = arguments;
    let store = open(&of.file)?;
    let now = SystemEntropy.now();
    let revoked = start::runtime()?.block_on(store.revoke_token(&of.tenant, *id, now))?;
    let Some(row) = revoked else {
        let tenant = of.tenant.as_str();
        anyhow::bail!(
            "the tenant {tenant:?} has no token {id}; `paybridge tenant token list` names its tokens"
        );
    };
    if of.json {
        return print_json(&JsonToken::new(&row, now));
    }
    output::print(&format!("Token {id} opens nothing any more.\n"))
}

/// A tenant's tokens for people.
pub(super) fn table(tokens: &[TokenRow], now: Timestamp) -> String {
    if tokens.is_empty() {
        return "no tokens; `paybridge tenant token issue` makes one\n".to_owned();
    }
    let mut table = Table::new(&["TOKEN", "STATE", "ISSUED (UTC)", "ENDS (UTC)", "LABEL"]);
    for row in tokens {
        table.push(vec![
            row.id.to_string(),
            state(row, now).to_owned(),
            time(row.created_at),
            row.expires_at.map(time).unwrap_or_default(),
            row.label.clone(),
        ]);
    }
    table.render("")
}

fn state(row: &TokenRow, now: Timestamp) -> &'static str {
    match (row.revoked_at, row.is_good(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "good",
        (None, false) => "ended",
    }
}

/// A token as a script reads it.
#[derive(Serialize)]
pub(super) struct JsonToken<'a> {
    id: String,
    label: &'a str,
    state: &'static str,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl<'a> JsonToken<'a> {
    pub fn new(row: &'a TokenRow, now: Timestamp) -> Self {
        Self {
            id: row.id.to_string(),
            label: &row.label,
            state: state(row, now),
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.map(|end| end.to_string()),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
        }
    }
}

fn label(text: &str) -> Result<String, String> {
    if text.chars().count() > LABEL_CHARS_MAX {
        return Err(format!("at most {LABEL_CHARS_MAX} characters"));
    }
    Ok(text.trim().to_owned())
}
