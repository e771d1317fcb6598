//! `paybridge reconcile`: the books compared with Stripe.

use std::sync::Arc;

use app::limits::COMPARE_RECENT;
use app::operate::{LIST_MAX, OperateError};
use app::ports::{Watch, WatchStore};
use app::reconcile::{Compared, Difference, Scope};
use app::{Context, Entropy, Site};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use payment::{PaymentId, TenantId};
use serde::Serialize;
use store::DatabaseStore;

use crate::cli::operator::print_json;
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::printable;
use crate::cli::tenant::tenant_id;
use crate::cli::{EXIT_FAILED, EXIT_OK, output};
use crate::config::Config;
use crate::entropy::SystemEntropy;
use crate::wiring::{open_beside, stripe_over_http};

const HELP_END: &str = "\
Examples:
  paybridge reconcile
  paybridge reconcile --tenant my-shop --since 2026-11-01 --json
  paybridge reconcile --tenant my-shop --repair

Exit codes:
  0  the books and Stripe agree, or what differed was mended
  1  something differs, or it failed; the report or the error says what
  2  not begun: wrong arguments or configuration";

/// Compare the books with Stripe
///
/// Asks Stripe for every payment that has changed lately and for those that are open, and reports
/// what differs, each with its next step: where it stands, its amount and currency, what is held,
/// captured and refunded, and what was passed on to merchants. Works beside a running server, which
/// does the same each night. It asks gently: about ten payments a second.
#[derive(Clone, Debug, Args)]
#[command(after_help = HELP_END)]
pub(super) struct ReconcileArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// Only payments of this tenant
    #[arg(long, value_name = "TENANT", value_parser = tenant_id)]
    tenant: Option<TenantId>,

    /// Payments that have changed since this day or time, in UTC [default: 30 days ago]
    #[arg(long, value_name = "DATE|TIME", value_parser = since)]
    since: Option<Timestamp>,

    /// Go on after this payment: where an earlier run has stopped
    #[arg(long, value_name = "PAYMENT_ID", requires = "tenant", value_parser = payment_id)]
    after: Option<PaymentId>,

    /// Take over what Stripe says, where that is safe, as an event of it would be: the shop is told.
    /// No money moves
    #[arg(long)]
    repair: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `2026-11-01` or `2026-11-01T12:00:00Z`.
fn since(text: &str) -> Result<Timestamp, String> {
    let day =
        |text: &str| Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let time = text.parse::<Timestamp>().ok();
    time.or_else(|| day(text)).ok_or_else(|| {
        "expected a day such as 2026-11-01, or a time such as 2026-11-01T12:00:00Z".to_owned()
    })
}

fn payment_id(text: &str) -> Result<PaymentId, String> {
    PaymentId::parse(text).map_err(|_| "expected a payment's id, as the report names it".to_owned())
}

pub(super) fn run(arguments: &ReconcileArguments) -> anyhow::Result<u8> {
    let config = arguments.file.load()?;
    let keyring = config.keyring()?;
    let store = Arc::new(open_beside(&config.database, keyring)?);
    start::install_tls()?;
    start::runtime()?.block_on(reconcile(arguments, &config, store))
}

async fn reconcile(
    arguments: &ReconcileArguments,
    config: &Config,
    store: Arc<DatabaseStore>,
) -> anyhow::Result<u8> {
    let entropy = Arc::new(SystemEntropy);
    let context = Context {
        store: store.clone(),
        psp: stripe_over_http(
            config.stripe_api_base.as_str(),
            config.limits.stripe_calls,
            config.platform.clone(),
        )?,
        entropy: entropy.clone(),
        site: Arc::new(Site {
            public_url: config.public_url(config.listen),
            app_identifier: config.app_identifier.clone(),
        }),
    };
    let since = arguments.since.unwrap_or_else(|| entropy.now() - COMPARE_RECENT);
    let mut report = Report::default();
    for tenant in tenants(store.as_ref(), arguments.tenant.as_ref()).await? {
        let scope = Scope { tenant, since, repair: arguments.repair };
        if !compare(&context, &scope, arguments, &mut report).await? {
            break;
        }
    }
    if arguments.json {
        print_json(&report)?;
    } else {
        output::print(&report.summary())?;
    }
    let agree = report.differences.iter().all(|difference| difference.mended);
    Ok(if agree && report.stopped.is_none() { EXIT_OK } else { EXIT_FAILED })
}

/// Tenants that were ever configured, in their order.
async fn tenants(store: &DatabaseStore, only: Option<&TenantId>) -> anyhow::Result<Vec<TenantId>> {
    let (mut tenants, mut last): (Vec<TenantId>, Option<Watch>) = (Vec::new(), None);
    loop {
        let page = store.watches(last.as_ref(), LIST_MAX).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        tenants.extend(page.into_iter().map(|watch| watch.tenant));
        tenants.dedup();
    }
    match only {
        None => Ok(tenants),
        Some(tenant) if tenants.contains(tenant) => Ok(vec![tenant.clone()]),
        Some(tenant) => Err(OperateError::UnknownTenant(tenant.clone()).into()),
    }
}

/// Goes through a tenant's payments; false where it had to stop.
async fn compare(
    context: &Context,
    scope: &Scope,
    arguments: &ReconcileArguments,
    report: &mut Report,
) -> anyhow::Result<bool> {
    let mut after = arguments.after;
    loop {
        let compared = context.compare_next(scope, after).await?;
        if !arguments.json {
            // At once: what was found stays on the screen when the rest is interrupted.
            output::print(&lines(&compared.differences))?;
        }
        after = compared.next;
        let stopped = compared.stopped.is_some();
        report.add(&scope.tenant, compared);
        if stopped || after.is_none() {
            return Ok(!stopped);
        }
    }
}

fn lines(differences: &[Difference]) -> String {
    let line = |found: &Difference| {
        let (order, transaction) = (printable(&found.order), printable(&found.transaction));
        let of = found.of.as_deref().map(|of| format!(" {of}")).unwrap_or_default();
        let (tenant, field) = (printable(found.tenant.as_str()), found.field.name());
        format!(
            "{tenant} {order} ({transaction}): {field}{}: here {}, at Stripe {}\n  Next: {}\n",
            printable(&of),
            printable(&found.ours),
            printable(&found.theirs),
            printable(&found.next)
        )
    };
    differences.iter().map(line).collect()
}

/// What a script reads.
#[derive(Default, Serialize)]
struct Report {
    payments: u64,
    unsettled: u64,
    differences: Vec<JsonDifference>,
    stopped: Option<Stopped>,
}

#[derive(Serialize)]
struct JsonDifference {
    tenant: String,
    payment: String,
    order: String,
    transaction: String,
    field: &'static str,
    of: Option<String>,
    ours: String,
    theirs: String,
    mended: bool,
    next: String,
}

#[derive(Serialize)]
struct Stopped {
    tenant: String,
    after: Option<String>,
    reason: String,
}

impl Report {
    fn add(&mut self, tenant: &TenantId, compared: Compared) {
        self.payments += compared.payments;
        self.unsettled += compared.unsettled;
        self.differences.extend(compared.differences.into_iter().map(JsonDifference::from));
        self.stopped = compared.stopped.map(|reason| Stopped {
            tenant: tenant.as_str().to_owned(),
            after: compared.next.map(|payment| payment.to_string()),
            reason,
        });
    }

    fn summary(&self) -> String {
        let mended = self.differences.iter().filter(|difference| difference.mended).count();
        let mut text = format!(
            "{} payments compared, {} differences, {mended} mended\n",
            self.payments,
            self.differences.len()
        );
        if self.unsettled > 0 {
            text.push_str(&format!(
                "{} left out: a call to Stripe is open, and its outcome settles them\n",
                self.unsettled
            ));
        }
        if let Some(Stopped { tenant, after, reason }) = &self.stopped {
            let (tenant, reason) = (printable(tenant), printable(reason));
            let after = after.as_ref().map(|after| format!(" --after {after}")).unwrap_or_default();
            text.push_str(&format!(
                "stopped: {reason}\nNext: `paybridge reconcile --tenant {tenant}{after}` goes on\n"
            ));
        }
        text
    }
}

impl From<Difference> for JsonDifference {
    fn from(found: Difference) -> Self {
        Self {
            tenant: found.tenant.as_str().to_owned(),
            payment: found.payment.to_string(),
            order: found.order,
            transaction: found.transaction,
            field: found.field.name(),
            of: found.of,
            ours: found.ours,
            theirs: found.theirs,
            mended: found.mended,
            next: found.next,
        }
    }
}
