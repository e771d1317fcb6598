//! Every place at which a process of the app can lose time or die: before and after each use of
//! the database, and on both ways of each call to Stripe. Between two of them nothing durable
//! happens, so these are all the places that differ.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::Notify;

use crate::chance::Chance;

/// A countdown that is never reached.
const NEVER: i64 = -1;

/// The gate of one process.
pub struct Gate {
    chance: Arc<Chance>,
    alive: AtomicBool,
    /// After so many passes the process dies.
    dies_in: AtomicI64,
    /// How many of a thousand passes take longer than a lease.
    stalls_per_mille: u64,
    /// Told when the process died by itself.
    died: Arc<Notify>,
}

impl Gate {
    /// The gate of a process that dies after `dies_in` passes, if it dies by itself.
    pub fn new(
        chance: Arc<Chance>,
        dies_in: Option<u64>,
        stalls_per_mille: u64,
        died: Arc<Notify>,
    ) -> Self {
        let dies_in = dies_in.map_or(NEVER, |passes| i64::try_from(passes).unwrap_or(i64::MAX));
        let alive = AtomicBool::new(true);
        Self { chance, alive, dies_in: AtomicI64::new(dies_in), stalls_per_mille, died }
    }

    /// Ends the process: nothing of it passes any more.
    pub fn close(&self) {
        self.alive.store(false, Ordering::SeqCst);
    }

    /// Passes, sooner or later; never again once the process is dead.
    pub async fn pass(&self) {
        self.check().await;
        if self.dies_in.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.close();
            self.died.notify_one();
        }
        self.linger().await;
    }

    /// Passes looking for work. A process does not die of that, or most would die idle: dying
    /// before the next use is the same as dying after this one.
    pub async fn linger(&self) {
        self.check().await;
        if self.chance.per_mille(self.stalls_per_mille) {
            self.chance.pause(40_000, 120_000).await;
        } else if self.chance.percent(25) {
            self.chance.pause(1, 40).await;
        } else {
            tokio::task::yield_now().await;
        }
        self.check().await;
    }

    async fn check(&self) {
        if !self.alive.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}
