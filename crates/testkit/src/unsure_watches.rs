//! The accounts that are looked after, in a store whose database is lost now and then.

use app::ports::{CompareQuery, Lease, Stored, Watch, WatchStore};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::unsure_store::{Answer, UnsureStore};

#[async_trait]
impl WatchStore for UnsureStore {
    async fn claim_watches(&self, lease: &Lease) -> Answer<Vec<Watch>> {
        self.go("claim_watches", self.inner.claim_watches(lease)).await
    }

    async fn move_watch(&self, watch: &Watch, due_at: Timestamp) -> Answer<()> {
        self.go("move_watch", self.inner.move_watch(watch, due_at)).await
    }

    async fn watches(&self, after: Option<&Watch>, limit: u32) -> Answer<Vec<Watch>> {
        self.go("watches", self.inner.watches(after, limit)).await
    }

    async fn payments_to_compare(&self, query: &CompareQuery) -> Answer<Vec<Stored>> {
        self.go("payments_to_compare", self.inner.payments_to_compare(query)).await
    }
}
