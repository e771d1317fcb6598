//! `paybridge broker`: making what has to be there at a broker.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use messaging_amqp::topology::{self, Part, State};
use payment::TenantId;

use crate::brokers::{names, server, wanted};
use crate::cli::operator::help_end;
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::{Table, printable};
use crate::cli::tenant::tenant_id;
use crate::cli::{EXIT_CODES, output};
use crate::config::Config;
use crate::wiring::open_operator;

/// Queues are made for at most so many tenants at once; name the others with `--tenant`.
const TENANTS_MAX: u32 = 100_000;

/// Make what has to be there at RabbitMQ
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct BrokerArguments {
    #[command(subcommand)]
    command: BrokerCommand,
}

#[derive(Debug, Subcommand)]
enum BrokerCommand {
    Setup(SetupArguments),
}

/// Make exchanges, queues and bindings at RabbitMQ
///
/// Makes what the channels with the transport `amqp` need, for every tenant that was configured:
/// the exchange, each tenant's queue of each channel, the queue of commands, and the place for dead
/// letters. What is there already is left as it is, so it can be run again, beside a running server,
/// and has to be when a tenant came or a channel moved to RabbitMQ. The app itself makes nothing: its
/// user at RabbitMQ needs the right to write to the exchange and to read the queue of commands alone.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&["paybridge broker setup --dry-run", "paybridge broker setup", "paybridge broker setup --tenant my-shop"]))]
struct SetupArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// Only for this tenant, which need not be configured yet
    #[arg(long, value_name = "TENANT", value_parser = tenant_id)]
    tenant: Option<TenantId>,

    /// Say what is missing, and make nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &BrokerArguments) -> anyhow::Result<()> {
    match &arguments.command {
        BrokerCommand::Setup(arguments) => set_up(arguments),
    }
}

fn set_up(arguments: &SetupArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let Some(amqp) = &config.amqp else {
        bail!("no channel's transport is \"amqp\", so nothing has to be there at RabbitMQ");
    };
    start::install_tls()?;
    let (server, names) = (server(amqp)?, names(amqp));
    let told = start::runtime()?.block_on(async {
        let tenants = match &arguments.tenant {
            Some(tenant) => vec![tenant.as_str().to_owned()],
            None => tenants(&config).await?,
        };
        let parts = topology::parts(&names, &wanted(&config, tenants))?;
        let told = topology::set_up(&server, parts, arguments.dry_run).await;
        told.map_err(anyhow::Error::msg).context("RabbitMQ cannot be used")
    })?;
    output::print(&text(&told))?;
    match told.iter().filter(|(_, state)| matches!(state, State::Refused(_))).count() {
        0 => Ok(()),
        refused => bail!(
            "{refused} could not be made: let the user of `amqp_url` configure them, or remove what \
             was made differently, and run this again"
        ),
    }
}

/// The tenants that were configured.
pub(crate) async fn tenants(config: &Config) -> anyhow::Result<Vec<String>> {
    let all = open_operator(&config.database)?.list_tenants(TENANTS_MAX).await?;
    Ok(all.rows.into_iter().map(|tenant| tenant.id.as_str().to_owned()).collect())
}

fn text(told: &[(Part, State)]) -> String {
    let mut table = Table::default();
    for (part, state) in told {
        let (word, reason) = match state {
            State::There => ("there", ""),
            State::Made => ("made", ""),
            State::Missing => ("missing", ""),
            State::Refused(reason) => ("refused", reason.as_str()),
        };
        table.push(vec![word.to_owned(), printable(&part.to_string()), printable(reason)]);
    }
    table.render("")
}
