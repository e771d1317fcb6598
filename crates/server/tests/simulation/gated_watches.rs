//! The accounts that are looked after, in the store behind the gate of a process.

use app::ports::{CompareQuery, Lease, StoreError, Stored, Watch, WatchStore};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::gated_store::GatedStore;

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl WatchStore for GatedStore {
    async fn claim_watches(&self, lease: &Lease) -> Answer<Vec<Watch>> {
        self.use_it(self.inner.claim_watches(lease)).await
    }

    async fn move_watch(&self, watch: &Watch, due_at: Timestamp) -> Answer<()> {
        self.use_it(self.inner.move_watch(watch, due_at)).await
    }

    async fn watches(&self, after: Option<&Watch>, limit: u32) -> Answer<Vec<Watch>> {
        self.use_it(self.inner.watches(after, limit)).await
    }

    async fn payments_to_compare(&self, query: &CompareQuery) -> Answer<Vec<Stored>> {
        self.use_it(self.inner.payments_to_compare(query)).await
    }
}
