//! The upkeep of the store behind the gate of a process.

use app::ports::{PruneBefore, Pruned, StoreError, Upkeep};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::gated_store::GatedStore;

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Upkeep for GatedStore {
    async fn missing_migrations(&self) -> Answer<usize> {
        self.use_it(self.inner.missing_migrations()).await
    }

    async fn check(&self) -> Answer<()> {
        self.use_it(self.inner.check()).await
    }

    async fn bring_back(&self, now: Timestamp, channels: &[String]) -> Answer<u64> {
        self.use_it(self.inner.bring_back(now, channels)).await
    }

    async fn prunable(&self, before: &PruneBefore) -> Answer<Pruned> {
        self.use_it(self.inner.prunable(before)).await
    }

    async fn prune(&self, before: &PruneBefore, limit: u32) -> Answer<Pruned> {
        self.use_it(self.inner.prune(before, limit)).await
    }
}
