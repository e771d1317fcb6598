//! The command line.

mod account;
mod backup;
pub(crate) mod broker;
mod config;
mod demo;
mod doctor;
mod erase;
mod health;
mod inbox;
mod keys;
mod migrate;
mod operator;
mod outbox;
mod output;
mod payment;
mod prune;
mod reconcile;
mod sandbox;
mod serve;
pub mod start;
pub(crate) mod table;
mod tenant;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigError;

use demo::DemoArguments;
use migrate::MigrateArguments;
use sandbox::SandboxArguments;
use serve::ServeArguments;

/// A command did what it was asked.
pub const EXIT_OK: u8 = 0;
/// A command failed.
pub const EXIT_FAILED: u8 = 1;
/// A command was not begun: its arguments or the configuration are wrong.
pub const EXIT_USAGE: u8 = 2;

/// The end of every help text.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; the error says why
  2  not begun: wrong arguments or configuration";

/// A payment app between a Spryker shop and Stripe.
#[derive(Debug, Parser)]
#[command(name = "paybridge", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the app
    Serve(ServeArguments),
    /// See a payment go through, without an account anywhere
    Demo(DemoArguments),
    /// Ask a running app whether it is ready
    Health(health::HealthArguments),
    Migrate(MigrateArguments),
    /// Run the stand-in for Stripe alone
    Sandbox(SandboxArguments),
    /// Show the effective configuration, secrets masked
    Config(config::ConfigArguments),
    /// Check whether the installation is ready for real money
    Doctor(doctor::DoctorArguments),
    /// Make and rotate encryption keys
    Keys(keys::KeysArguments),
    /// See where payments stand and what is stuck
    Payment(payment::PaymentArguments),
    /// See the tenants, issue their tokens, bind their accounts, erase their customers
    Tenant(tenant::TenantArguments),
    /// Look after webhooks and commands that came in
    Inbox(inbox::InboxArguments),
    /// Look after messages to shops
    Outbox(outbox::OutboxArguments),
    /// Make what has to be there at RabbitMQ
    Broker(broker::BrokerArguments),
    /// Copy the database, also while the app runs
    Backup(backup::BackupArguments),
    /// Put a copy of the database back
    Restore(backup::RestoreArguments),
    /// Give up rows that nobody needs any more
    Prune(prune::PruneArguments),
    /// Compare the books with Stripe
    Reconcile(reconcile::ReconcileArguments),
    /// Print the OpenAPI document: every endpoint
    Openapi,
    /// Print the AsyncAPI document: every message
    Asyncapi,
}

/// Runs the command of this process, from its arguments to its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" that go to the standard output and exit with 0. When
            // the text cannot be printed, there is nobody to tell.
            let _ = error.print();
            let code = if error.use_stderr() { EXIT_USAGE } else { EXIT_OK };
            return ExitCode::from(code);
        }
    };
    match dispatch(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// Does what was asked; the exit code of a command that did.
fn dispatch(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(*arguments),
        Command::Health(arguments) => health::run(arguments),
        Command::Migrate(arguments) => migrate::run(arguments),
        Command::Sandbox(arguments) => sandbox::run(arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Payment(arguments) => payment::run(arguments),
        Command::Tenant(arguments) => tenant::run(arguments),
        Command::Inbox(arguments) => inbox::run(arguments),
        Command::Outbox(arguments) => outbox::run(arguments),
        Command::Broker(arguments) => broker::run(arguments),
        Command::Backup(arguments) => backup::back_up(arguments),
        Command::Restore(arguments) => backup::restore(arguments),
        Command::Prune(arguments) => prune::run(arguments),
        Command::Reconcile(arguments) => return reconcile::run(arguments),
        Command::Openapi => output::print(web::openapi()),
        Command::Asyncapi => output::print(web::asyncapi()),
    }?;
    Ok(EXIT_OK)
}

/// An argument that is wrong in a way that only the command itself sees.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

fn exit_code(error: &anyhow::Error) -> u8 {
    let is_usage = error.is::<ConfigError>() || error.is::<UsageError>();
    if is_usage { EXIT_USAGE } else { EXIT_FAILED }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
