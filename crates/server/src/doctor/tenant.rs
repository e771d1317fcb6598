//! A tenant by our own books: whether its keys open and fit, who may call for it, what it has not
//! read, and what waits for a person.

use std::sync::Arc;

use app::operate::{age, stuck_since};
use app::ports::{OperatorStore, PaymentQuery, RowFilter, RowQuery, StoreError, Tokens};
use app::tenant::{Credentials, Tenant, TenantStatus};
use jiff::{SignedDuration, Timestamp};
use payment::Mode;
use secrecy::ExposeSecret;
use store::{DatabaseOperator, Keyring};

use super::{Examination, Finding};
use crate::config::Auth;

/// A shop that has left a message unread for longer is told as a warning.
pub const UNREAD_WARNING: SignedDuration = SignedDuration::from_mins(5);
/// A shop that has left a message unread for longer does not read its channels.
pub const UNREAD_MAX: SignedDuration = SignedDuration::from_hours(1);
/// At most so many rows are looked at for each question.
const ROWS_MAX: u32 = 1_000;

impl Examination<'_> {
    pub(super) async fn tenant(
        &self,
        store: &DatabaseOperator,
        keyring: Option<&Arc<Keyring>>,
        tenant: &Tenant,
    ) -> anyhow::Result<Vec<Finding>> {
        let now = self.entropy.now();
        if tenant.status == TenantStatus::Disconnected {
            let mut findings = vec![Finding::ok("status", "is disconnected: no money moves")];
            findings.push(work(store, tenant, now).await?);
            return Ok(findings);
        }
        let mut findings = Vec::new();
        let credentials = match keyring {
            Some(keyring) => {
                let (found, credentials) = keys(store, keyring, tenant).await?;
                findings.extend(found);
                credentials
            }
            None => None,
        };
        if let (Some(outside), Some(credentials)) = (&self.outside, &credentials) {
            findings.extend(self.provider(store, outside, tenant, credentials).await?);
        }
        findings.push(self.tokens(store, tenant, now).await?);
        findings.push(origins(tenant));
        findings.push(channels(store, tenant, now).await?);
        findings.push(work(store, tenant, now).await?);
        Ok(findings)
    }

    async fn tokens(
        &self,
        store: &DatabaseOperator,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<Finding, StoreError> {
        let check = "tokens";
        let good = store.tokens(&tenant.id).await?.iter().filter(|row| row.is_good(now)).count();
        Ok(match &self.config.auth {
            Auth::Nobody => Finding::ok(check, "nobody is asked for one"),
            Auth::Token { provider: None, .. } if good == 0 => Finding::problem(
                check,
                "the shop has none that is good, so each of its calls is answered 401",
                format!("run `paybridge tenant token issue {}`", tenant.id),
            ),
            Auth::Token { provider: None, .. } => {
                Finding::ok(check, format!("{good} that are good"))
            }
            Auth::Token { provider: Some(_), .. } => {
                Finding::ok(check, format!("{good} that are good, and the identity provider's"))
            }
        })
    }
}

/// Whether the stored keys open, and are of the mode that the tenant is in.
async fn keys(
    store: &DatabaseOperator,
    keyring: &Arc<Keyring>,
    tenant: &Tenant,
) -> Result<(Vec<Finding>, Option<Credentials>), StoreError> {
    let again = "configure the tenant again with its secretKey and publishableKey";
    let found = store.credentials(Arc::clone(keyring), &tenant.id, &tenant.account).await;
    let credentials = match found {
        Ok(Some(credentials)) => credentials,
        Ok(None) => {
            let finding = Finding::problem("keys", "there are none of its account", again);
            return Ok((vec![finding], None));
        }
        Err(error @ StoreError::Sealed { .. }) => {
            let next = format!("bring that key back into the ring, or {again}");
            return Ok((vec![Finding::problem("keys", error.to_string(), next)], None));
        }
        Err(error) => return Err(error),
    };
    let (check, mode) = ("mode", tenant.account.mode);
    let of_mode = |key: &str| key.split('_').nth(1) == Some(mode.name());
    // Keys of the operator's platform are of their mode, or the configuration is refused.
    let fits = credentials
        .own_keys()
        .is_none_or(|pair| of_mode(pair.secret.expose_secret()) && of_mode(&pair.publishable));
    if !fits {
        let text = format!("it is configured for {} mode, its keys are not", mode.name());
        return Ok((vec![Finding::problem(check, text, again)], Some(credentials)));
    }
    let finding = match mode {
        Mode::Live => Finding::ok(check, "live, and so are its keys"),
        Mode::Test => {
            let next = "configure it with live keys when it goes live";
            Finding::warning(check, "test: no real money moves", next)
        }
    };
    Ok((vec![finding], Some(credentials)))
}

fn origins(tenant: &Tenant) -> Finding {
    let check = "shop origins";
    let origins = &tenant.settings.shop_origins;
    let plain: Vec<&str> =
        origins.iter().map(String::as_str).filter(|origin| !origin.starts_with("https:")).collect();
    if tenant.account.mode == Mode::Live && !plain.is_empty() {
        let text = format!("live, and not https: {}", plain.join(", "));
        let next = "configure the tenant with the https addresses of its shop in shopOrigins";
        return Finding::problem(check, text, next);
    }
    if origins.is_empty() && !tenant.settings.customer_token_keys.is_empty() {
        let text = "none: no browser may use the tokens that the shop signs for its customers";
        let next = "configure the tenant with the addresses of its shop in shopOrigins";
        return Finding::warning(check, text, next);
    }
    if origins.is_empty() {
        return Finding::ok(
            check,
            "none: no shop may frame the payment page or call from a browser",
        );
    }
    Finding::ok(check, origins.join(", "))
}

/// How long the oldest message has waited for the shop.
async fn channels(
    store: &DatabaseOperator,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Finding, StoreError> {
    let check = "channels";
    let waiting = store.list_outbox(&query(tenant, RowFilter::Waiting, now)).await?;
    let Some(oldest) = waiting.rows.iter().min_by_key(|row| row.created_at) else {
        return Ok(Finding::ok(check, "every message was read"));
    };
    let text = format!(
        "the oldest message has waited for {}, on {}",
        age(oldest.created_at, now),
        oldest.channel
    );
    let next = format!(
        "does the shop's worker run, with this app's address and the tenant's token? `paybridge \
         outbox list --tenant {}` shows what waits",
        tenant.id
    );
    let waited = now.duration_since(oldest.created_at);
    Ok(if waited > UNREAD_MAX {
        Finding::problem(check, text, next)
    } else if waited > UNREAD_WARNING {
        Finding::warning(check, text, next)
    } else {
        Finding::ok(check, text)
    })
}

/// What waits for a person.
async fn work(
    store: &DatabaseOperator,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Finding, StoreError> {
    let parked = query(tenant, RowFilter::Parked, now);
    let inbox = store.list_inbox(&parked).await?.rows.len();
    let outbox = store.list_outbox(&parked).await?.rows.len();
    let stuck = PaymentQuery {
        tenant: Some(tenant.id.clone()),
        status: None,
        stuck_since: Some(stuck_since(now)),
        limit: ROWS_MAX,
        now,
    };
    let payments = store.list_payments(&stuck).await?.rows.len();
    if inbox + outbox + payments == 0 {
        return Ok(Finding::ok("work", "nothing is stuck"));
    }
    let text =
        format!("{payments} payments are stuck; parked: {inbox} inbox, {outbox} outbox rows");
    let id = &tenant.id;
    let next = format!(
        "`paybridge payment list --stuck --tenant {id}`, `paybridge inbox list --parked --tenant \
         {id}` and `paybridge outbox list --parked --tenant {id}` say what to do about each"
    );
    Ok(Finding::problem("work", text, next))
}

fn query(tenant: &Tenant, filter: RowFilter, now: Timestamp) -> RowQuery {
    RowQuery { tenant: Some(tenant.id.clone()), filter, limit: ROWS_MAX, now }
}
