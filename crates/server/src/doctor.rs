//! `paybridge doctor`: looks at an installation before real money goes through it, and says for each
//! finding what to do. It changes nothing.
//!
//! - `installation`: who is let in, the public address, the clock.
//! - `broker`, `aws`: RabbitMQ; SQS and SNS.
//! - `database`: the file and its disk, or the server, and the keys that open what is in it.
//! - `tenant`: what our own books say about a tenant.
//! - `provider`: what Stripe says about it.

mod aws;
mod broker;
mod database;
mod installation;
mod provider;
mod tenant;

use std::sync::Arc;

use app::{Entropy, Psp};
use payment::TenantId;
use store::{DatabaseOperator, Keyring};
use stripe::Transport;

use crate::brokers::aws::{IS_BUILT_IN, is_used};
use crate::cli::table::{Table, printable};
use crate::config::Config;
use crate::wiring::open_operator;

pub use database::{DISK_FREE_MIN_BYTES, DISK_FREE_WARNING_BYTES};
pub use installation::{CLOCK_OFF_MAX, CLOCK_OFF_WARNING, TOKEN_CHARS_STRONG};
pub use provider::MERCHANTS_MAX;
pub use tenant::{UNREAD_MAX, UNREAD_WARNING};

/// What is looked at, and with what.
pub struct Examination<'a> {
    /// The configuration that the server would start with.
    pub config: &'a Config,
    /// Only this tenant, or all of them.
    pub tenant: Option<TenantId>,
    /// Time and ids.
    pub entropy: &'a dyn Entropy,
    /// The network; none where nobody is to be called.
    pub outside: Option<Outside>,
}

/// What is asked beyond this machine.
pub struct Outside {
    /// Stripe, with the keys of each tenant.
    pub psp: Arc<dyn Psp>,
    /// Anything else over HTTP.
    pub web: Arc<dyn Transport>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// Payments or messages fail, or are not safe.
    Problem,
}

impl Level {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was checked.
    pub check: &'static str,
    /// Whose, where it is about a tenant.
    pub tenant: Option<TenantId>,
    /// What was found.
    pub text: String,
    /// What to do about it; none where it is as it should be.
    pub next: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Ok, check, tenant: None, text: text.into(), next: None }
    }

    fn warning(check: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        let next = Some(next.into());
        Self { level: Level::Warning, check, tenant: None, text: text.into(), next }
    }

    fn problem(check: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: Level::Problem, ..Self::warning(check, text, next) }
    }

    fn of(self, tenant: &TenantId) -> Self {
        Self { tenant: Some(tenant.clone()), ..self }
    }
}

/// Everything that was found, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many findings are this bad.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// For people: the installation first, then each tenant under its name.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for section in self.findings.chunk_by(|one, other| one.tenant == other.tenant) {
            let tenant = section.first().and_then(|finding| finding.tenant.as_ref());
            let heading = match tenant {
                Some(tenant) => format!("\nTenant {}\n", printable(tenant.as_str())),
                None => "Installation\n".to_owned(),
            };
            text.push_str(&heading);
            let mut table = Table::default();
            for finding in section {
                table.push(row(finding.level.name(), finding.check, &finding.text));
                if let Some(next) = &finding.next {
                    table.push(row("", "", &format!("Next: {next}")));
                }
            }
            text.push_str(&table.render("  "));
        }
        let (problems, warnings) = (self.count(Level::Problem), self.count(Level::Warning));
        text.push_str(&format!("\nProblems: {problems}, warnings: {warnings}\n"));
        text
    }
}

fn row(level: &str, check: &str, text: &str) -> Vec<String> {
    // As wide in every section: the longest word for a level.
    vec![format!("{level:7}"), check.to_owned(), text.to_owned()]
}

impl Examination<'_> {
    /// Looks at everything. What cannot be looked at, because something before it is broken, is
    /// left out: that is told already.
    ///
    /// # Errors
    /// The tenant is not known, or the database broke down on the way.
    pub async fn examine(&self) -> anyhow::Result<Report> {
        let mut findings = self.installation().await;
        let store = match open_operator(&self.config.database) {
            Ok(store) => store,
            Err(error) => {
                findings.push(database::unusable(&error));
                return Ok(Report { findings });
            }
        };
        app::operate::check_tenant(&store, self.tenant.as_ref()).await?;
        findings.extend(database::checks(&self.config.database, &store).await);
        findings.extend(self.brokers().await?);
        let keyring = self.config.keyring().ok().map(Arc::new);
        if let Some(keyring) = &keyring {
            findings.extend(database::key_ring(&store, keyring).await?);
        }
        findings.extend(self.tenants(&store, keyring.as_ref()).await?);
        Ok(Report { findings })
    }

    async fn brokers(&self) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        // A program that was built without what a channel needs shows that without calling anybody.
        if is_used(self.config) && (self.outside.is_some() || !IS_BUILT_IN) {
            findings.extend(aws::check(self.config, &self.served().await?).await);
        }
        if let (Some(amqp), Some(_)) = (&self.config.amqp, &self.outside) {
            findings.push(broker::check(self.config, amqp, self.served().await?).await);
        }
        Ok(findings)
    }

    /// Those whose queues have to be there.
    async fn served(&self) -> anyhow::Result<Vec<String>> {
        match &self.tenant {
            Some(tenant) => Ok(vec![tenant.as_str().to_owned()]),
            None => crate::cli::broker::tenants(self.config).await,
        }
    }

    async fn tenants(
        &self,
        store: &DatabaseOperator,
        keyring: Option<&Arc<Keyring>>,
    ) -> anyhow::Result<Vec<Finding>> {
        let all = store.list_tenants(app::operate::LIST_MAX).await?;
        let mut findings = Vec::new();
        if all.rows.is_empty() {
            let next = "configure a tenant: docs/guide/shop.md has the call";
            findings.push(Finding::warning("tenants", "none is configured", next));
        }
        if all.more && self.tenant.is_none() {
            let text = format!("only the first {} were looked at", app::operate::LIST_MAX);
            let next = "look at the others one by one with --tenant";
            findings.push(Finding::warning("tenants", text, next));
        }
        for tenant in match &self.tenant {
            Some(id) => store.tenant(id).await?.into_iter().map(|(tenant, _)| tenant).collect(),
            None => all.rows,
        } {
            let found = self.tenant(store, keyring, &tenant).await?;
            findings.extend(found.into_iter().map(|finding| finding.of(&tenant.id)));
        }
        Ok(findings)
    }
}
