//! The parts of the ports that only looking after accounts uses, for the fakes: the web never does.

use app::ports::*;
use app::tenant::Credentials;
use async_trait::async_trait;
use jiff::Timestamp;
use payment::*;

use super::down_store::{DownStore, down};
use super::fake_psp::{FakePsp, unasked};

#[async_trait]
impl AuditPsp for FakePsp {
    async fn list_events(
        &self,
        _: &Credentials,
        _: &EventQuery<'_>,
    ) -> Result<EventPage, PspError> {
        unasked()
    }

    async fn list_refunds(
        &self,
        _: &Credentials,
        _: &PspReference,
    ) -> Result<Vec<RefundFact>, PspError> {
        unasked()
    }

    async fn retrieve_transfer(
        &self,
        _: &Credentials,
        _: &PspTransferId,
    ) -> Result<TransferView, PspError> {
        unasked()
    }
}

#[async_trait]
impl WatchStore for DownStore {
    async fn claim_watches(&self, _: &Lease) -> Result<Vec<Watch>, StoreError> {
        down()
    }

    async fn move_watch(&self, _: &Watch, _: Timestamp) -> Result<(), StoreError> {
        down()
    }

    async fn watches(&self, _: Option<&Watch>, _: u32) -> Result<Vec<Watch>, StoreError> {
        down()
    }

    async fn payments_to_compare(&self, _: &CompareQuery) -> Result<Vec<Stored>, StoreError> {
        down()
    }
}
