//! The upkeep of a store whose database is lost now and then.

use app::ports::{PruneBefore, Pruned, Upkeep};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::unsure_store::{Answer, UnsureStore};

#[async_trait]
impl Upkeep for UnsureStore {
    async fn missing_migrations(&self) -> Answer<usize> {
        self.go("missing_migrations", self.inner.missing_migrations()).await
    }

    async fn check(&self) -> Answer<()> {
        self.go("check", self.inner.check()).await
    }

    async fn bring_back(&self, now: Timestamp, channels: &[String]) -> Answer<u64> {
        self.go("bring_back", self.inner.bring_back(now, channels)).await
    }

    async fn prunable(&self, before: &PruneBefore) -> Answer<Pruned> {
        self.go("prunable", self.inner.prunable(before)).await
    }

    async fn prune(&self, before: &PruneBefore, limit: u32) -> Answer<Pruned> {
        self.go("prune", self.inner.prune(before, limit)).await
    }
}
