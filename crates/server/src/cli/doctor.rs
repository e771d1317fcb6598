//! `paybridge doctor`: is this installation ready for real money?

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use payment::TenantId;
use serde::Serialize;
use stripe::{HttpTransport, Timeouts};

use crate::cli::operator::{help_end, print_json};
use crate::cli::output;
use crate::cli::start::{self, ConfigFile};
use crate::cli::tenant::tenant_id;
use crate::doctor::{Examination, Finding, Level, Outside, Report};
use crate::entropy::SystemEntropy;
use crate::wiring::stripe_over_http;

/// Check whether the installation is ready for real money
///
/// Looks at the configuration, the database, the encryption key, sign-in, the public address and
/// the clock, and for each tenant at its keys, webhook endpoints, channels and stuck work, here and
/// at Stripe. Each finding that is not "ok" names the next step. Nothing is changed; it works beside
/// a running server. A problem exits with 1, a warning alone does not.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&["paybridge doctor", "paybridge doctor --tenant my-shop", "paybridge doctor --offline --json"]))]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// Only this tenant, beside the installation itself
    #[arg(long, value_name = "TENANT", value_parser = tenant_id)]
    tenant: Option<TenantId>,

    /// Call nobody: neither Stripe nor the public address
    #[arg(long)]
    offline: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DoctorArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let outside = if arguments.offline {
        None
    } else {
        start::install_tls()?;
        let psp = stripe_over_http(
            config.stripe_api_base.as_str(),
            config.limits.stripe_calls,
            config.platform.clone(),
        )?;
        Some(Outside { psp, web: Arc::new(HttpTransport::new(Timeouts::default())?) })
    };
    let tenant = arguments.tenant.clone();
    let examination = Examination { config: &config, tenant, entropy: &SystemEntropy, outside };
    let report = start::runtime()?.block_on(examination.examine())?;
    if arguments.json {
        print_json(&JsonReport::new(&report))?;
    } else {
        output::print(&report.text())?;
    }
    match report.count(Level::Problem) {
        0 => Ok(()),
        1 => bail!("1 problem was found"),
        problems => bail!("{problems} problems were found"),
    }
}

/// The report as a script reads it.
#[derive(Serialize)]
struct JsonReport<'a> {
    problems: usize,
    warnings: usize,
    findings: Vec<JsonFinding<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    level: &'static str,
    check: &'static str,
    tenant: Option<&'a str>,
    text: &'a str,
    next: Option<&'a str>,
}

impl<'a> JsonReport<'a> {
    fn new(report: &'a Report) -> Self {
        let wire = |finding: &'a Finding| JsonFinding {
            level: finding.level.name(),
            check: finding.check,
            tenant: finding.tenant.as_ref().map(TenantId::as_str),
            text: &finding.text,
            next: finding.next.as_deref(),
        };
        Self {
            problems: report.count(Level::Problem),
            warnings: report.count(Level::Warning),
            findings: report.findings.iter().map(wire).collect(),
        }
    }
}
