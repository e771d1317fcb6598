//! Where a PostgreSQL database is, and how a connection to it is made.

use std::fmt;
use std::future::poll_fn;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bell::Heard;
use crate::error::with_cause;

/// The oldest server that is known to work, as it counts: 13.0.
const SERVER_VERSION_MIN: i32 = 130_000;
/// So many connections a program has, unless it is told otherwise.
const CONNECTIONS: usize = 8;
/// So long a statement may take, unless it is told otherwise.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// So long is waited for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is tried after this time, so that one that is gone is noticed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// A transaction that nobody goes on with is undone after this time; none of ours waits so long.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);
/// So long a migration may take.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Why a server cannot be used.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address does not read. Its text is not repeated: it may carry a password.
    #[error("the address does not read as postgres://USER:PASSWORD@HOST:PORT/DATABASE ({0})")]
    Address(String),
    /// It does not answer, or does not let us in.
    #[error(
        "cannot connect to PostgreSQL at {place}: {why}. Check `database_url`, and that the server \
         runs and lets this user in"
    )]
    Connect {
        /// Host, port and database.
        place: String,
        /// What the system or the server says.
        why: String,
    },
    /// It is too old, or keeps texts in another encoding.
    #[error("the database at {place} cannot be used: {why}")]
    Unfit {
        /// Host, port and database.
        place: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS for the database: {0}")]
    Tls(rustls::Error),
}

/// A PostgreSQL database, and how it is used.
///
/// Connections are encrypted, and the server's certificate is checked by what this machine trusts:
/// but for a server on this machine, or where the address says `sslmode=disable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresServer {
    config: Config,
    encrypted: bool,
    connections: usize,
    statement_timeout: Duration,
    clock: Clock,
}

/// Whose clock says when a lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The database's: that of several processes may differ (rule R22).
    Database,
    /// That of whoever asks.
    Caller,
}

impl PostgresServer {
    /// Reads an address of the form `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    ///
    /// # Errors
    /// [`ServerError::Address`], without the address.
    pub fn parse(address: &str) -> Result<Self, ServerError> {
        let mut config =
            Config::from_str(address).map_err(|error| ServerError::Address(with_cause(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(ServerError::Address("it names no host".into()));
        }
        let named = |name: Option<&str>| name.is_some_and(|name| !name.is_empty());
        if !named(config.get_user()) || !named(config.get_dbname()) {
            return Err(ServerError::Address("it names no user or no database".into()));
        }
        if config.get_application_name().is_none() {
            config.application_name("paybridge");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE_IDLE);
        let here = config.get_hosts().iter().all(is_this_machine);
        let encrypted = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Prefer => !here,
            _ => true,
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        Ok(Self {
            config,
            encrypted,
            connections: CONNECTIONS,
            statement_timeout: STATEMENT_TIMEOUT,
            clock: Clock::Database,
        })
    }

    /// The same server with so many connections, and so much time for each statement.
    #[must_use]
    pub fn with_limits(&self, connections: usize, statement_timeout: Duration) -> Self {
        Self { connections, statement_timeout, ..self.clone() }
    }

    /// The same server, but leases are reckoned by the clock of whoever asks for one: for tests that
    /// move it.
    #[must_use]
    pub fn with_callers_clock(&self) -> Self {
        Self { clock: Clock::Caller, ..self.clone() }
    }

    /// The same server for an operator, who does one thing at a time.
    pub(crate) fn for_operators(&self) -> Self {
        Self { connections: 1, ..self.clone() }
    }

    /// The same server for migrations, which may take their time.
    pub(crate) fn for_migrations(&self) -> Self {
        Self { statement_timeout: MIGRATION_TIMEOUT, ..self.clone() }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// Host, port and database: what may be shown.
    fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!("{host}:{port}/{}", self.config.get_dbname().unwrap_or_default())
    }

    /// Makes a connection, and looks whether the server can be used.
    pub(super) async fn connect(&self) -> Result<Client, ServerError> {
        Ok(self.connect_hearing(Arc::new(|| {})).await?.0)
    }

    /// The same, and calls `heard` for each notification. The task ends with the connection.
    pub(super) async fn connect_hearing(
        &self,
        heard: Heard,
    ) -> Result<(Client, JoinHandle<()>), ServerError> {
        let failed = |error| self.failed(&error);
        let (client, connection) = if self.encrypted {
            let (client, connection) = self.config.connect(encryption()?).await.map_err(failed)?;
            (client, tokio::spawn(drive(connection, heard)))
        } else {
            let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
            (client, tokio::spawn(drive(connection, heard)))
        };
        let row = client.query_one(FITNESS, &[]).await.map_err(failed)?;
        let (version, encoding) = (row.get(0), row.get(1));
        self.check(version, encoding)?;
        client.batch_execute(&self.settings()).await.map_err(failed)?;
        Ok((client, connection))
    }

    pub(super) fn failed(&self, error: &tokio_postgres::Error) -> ServerError {
        ServerError::Connect { place: self.place(), why: with_cause(error) }
    }

    fn check(&self, version: i32, encoding: &str) -> Result<(), ServerError> {
        let unfit = |why: &str| ServerError::Unfit { place: self.place(), why: why.to_owned() };
        if version < SERVER_VERSION_MIN {
            return Err(unfit("it is older than PostgreSQL 13; use a newer server"));
        }
        if encoding != "UTF8" {
            return Err(unfit("its encoding is not UTF8; make it with `ENCODING 'UTF8'`"));
        }
        Ok(())
    }

    /// What was committed is on disk, also where the server's own setting says otherwise.
    fn settings(&self) -> String {
        format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {statement};
             SET idle_in_transaction_session_timeout = {abandoned};
             SET client_min_messages = warning;
             SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') = 'off'",
            statement = self.statement_timeout.as_millis(),
            abandoned = ABANDONED_AFTER.as_millis(),
        )
    }
}

/// The address, with a mask for the password.
impl fmt::Display for PostgresServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mask = if self.config.get_password().is_some() { ":********" } else { "" };
        let user = self.config.get_user().unwrap_or_default();
        write!(out, "postgres://{user}{mask}@{}", self.place())
    }
}

const FITNESS: &str = "SELECT current_setting('server_version_num')::integer,
    current_setting('server_encoding')";

/// Carries what travels over a connection until it ends.
async fn drive<S, T>(mut connection: Connection<S, T>, heard: Heard)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    // What ends it is told to whoever waits for an answer.
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if matches!(message, AsyncMessage::Notification(_)) {
            heard();
        }
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn encryption() -> Result<MakeRustlsConnect, ServerError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(ServerError::Tls)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
