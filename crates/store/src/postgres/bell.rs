//! A sign from one process on the database to the others that something waits: a hint, and nothing more.
//! Whoever misses it finds what waits when it looks the next time.
//!
//! It is not part of the transaction that it is about: those that notify are committed one after the
//! other, each with its sync to disk.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::ports::StoreError;
use tokio::sync::Notify;

use super::server::{PostgresServer, ServerError};
use crate::database::{Database, params};
use crate::driver::Driver;
use crate::error::At;
use crate::job::Written;
use crate::sql::DatabaseStore;

/// Nobody waits until it is on disk: it says nothing that the database does not know.
const RING: &str =
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify('paybridge_work', '')";
const LISTEN: &str = "LISTEN paybridge_work";

/// One sign stands for everything that comes in so soon after it.
const RING_PAUSE: Duration = Duration::from_millis(20);
/// After so long a connection that was lost is made again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// For its test of statements.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[RING];

/// Called for each sign.
pub(super) type Heard = Arc<dyn Fn() + Send + Sync>;

impl DatabaseStore {
    /// Gives the other processes on the database a sign whenever `woken` is, until it is dropped. On
    /// SQLite there are none.
    pub async fn pass_on(&self, woken: &Notify) -> Infallible {
        loop {
            woken.notified().await;
            if let Err(error) = self.ring().await {
                tracing::debug!(%error, "no sign was given; others find what waits by themselves");
            }
            tokio::time::sleep(RING_PAUSE).await;
        }
    }

    async fn ring(&self) -> Result<(), StoreError> {
        let ring = |db: &Database| db.send(RING, params![]).at("sign").map(Written::Keep);
        match &self.driver {
            Driver::Sqlite(_) => Ok(()),
            Driver::Postgres(_) => self.driver.write(ring).await,
        }
    }
}

/// Calls `heard` for each sign of another process on `server`'s database, and whenever signs may have
/// been missed, until it is dropped. It connects again by itself.
pub async fn hear(server: &PostgresServer, heard: impl Fn() + Send + Sync + 'static) -> Infallible {
    let heard: Heard = Arc::new(heard);
    loop {
        if let Err(error) = hear_once(server, &heard).await {
            tracing::debug!(%error, "no sign is heard; what waits is found by looking");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// Ends with the connection.
async fn hear_once(server: &PostgresServer, heard: &Heard) -> Result<(), ServerError> {
    let (client, connection) = server.connect_hearing(heard.clone()).await?;
    client.batch_execute(LISTEN).await.map_err(|error| server.failed(&error))?;
    heard();
    // A panic would be one of the driver's, and ends the connection, too.
    let _ = connection.await;
    Ok(())
}
