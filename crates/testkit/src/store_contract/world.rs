//! A store with a clock, and the steps that cases are made of.

use std::sync::Arc;

use app::Entropy;
use app::limits::{CHANNEL_HIDE, LEASE};
use app::ports::{
    Commit, CommitOutcome, DeliveryOutcome, Expected, HistoryEntry, InboxClaim, InboxItem,
    InboxOutcome, InboxSettlement, Lease, MessageId, NewMessage, OutboxClaim, PaymentChange,
    Received, SendOutcome, Store, StoreError, Stored, TenantChange, TenantCommit,
};
use jiff::{SignedDuration, Timestamp};
use payment::{Call, OrderReference, Payment, PaymentRecord, Settlement, TenantId};
use uuid::Uuid;

use crate::{TestEntropy, builders};

/// The channel that tests read.
pub(super) const EVENTS: &str = "payment-events";

pub(super) struct World {
    pub store: Arc<dyn Store>,
    pub entropy: TestEntropy,
}

impl World {
    /// With both test tenants connected.
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let world = Self { store, entropy: TestEntropy::new() };
        for id in [builders::tenant_id(), builders::other_tenant_id()] {
            let tenant = builders::tenant(id, &world.entropy);
            let commit = world.tenant_commit(tenant, Expected::Absent, TenantChange::Keep);
            assert_eq!(world.store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
        }
        world
    }

    pub fn now(&self) -> Timestamp {
        self.entropy.now()
    }

    pub fn new_id(&self) -> Uuid {
        self.entropy.new_id()
    }

    pub fn advance(&self, seconds: i64) {
        self.entropy.advance(SignedDuration::from_secs(seconds));
    }

    pub fn tenant_commit(
        &self,
        tenant: app::tenant::Tenant,
        expected: Expected,
        change: TenantChange,
    ) -> TenantCommit {
        TenantCommit { tenant, expected, now: self.now(), change, messages: Vec::new() }
    }

    /// A commit of nothing.
    pub fn empty(&self, tenant: TenantId) -> Commit {
        let now = self.now();
        Commit { tenant, now, payment: None, messages: Vec::new(), inbox: None, ends: None }
    }

    pub fn change(&self, payment: &Payment, expected: Expected) -> Commit {
        let mut commit = self.empty(payment.tenant.clone());
        commit.payment = Some(PaymentChange {
            payment: payment.clone(),
            expected,
            settled: None,
            history: Vec::new(),
        });
        commit
    }

    /// Writes a payment and returns what came of it.
    pub async fn write(&self, payment: &Payment, expected: Expected) -> CommitOutcome {
        self.store.commit(self.change(payment, expected)).await.unwrap()
    }

    /// Writes a new payment.
    pub async fn add(&self, payment: &Payment) {
        assert_eq!(self.write(payment, Expected::Absent).await, CommitOutcome::Committed);
    }

    /// Writes a payment with what became of its call.
    pub async fn settle_call(&self, payment: &Payment, version: i64, call: &Call) -> CommitOutcome {
        let mut commit = self.change(payment, Expected::Version(version));
        let settled = Settlement { call: call.id, succeeded: true, reason: None };
        commit.payment.as_mut().unwrap().settled = Some(settled);
        self.store.commit(commit).await.unwrap()
    }

    /// The payment of that order, which has to be there.
    pub async fn read(&self, payment: &Payment) -> Stored {
        self.store
            .payment(&payment.tenant, payment.id)
            .await
            .unwrap()
            .expect("the payment is there")
    }

    pub fn new_payment(&self, order: &str) -> Payment {
        let order = OrderReference::new(order);
        builders::payment_of(&self.entropy, builders::tenant_id(), order)
    }

    /// Tells messages of the tenant that tests are about.
    pub async fn tell(&self, messages: &[NewMessage]) {
        self.tell_of(builders::tenant_id(), messages).await;
    }

    pub async fn tell_of(&self, tenant: TenantId, messages: &[NewMessage]) {
        let mut commit = self.empty(tenant);
        commit.messages = messages.to_vec();
        assert_eq!(self.store.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    pub fn message(&self, order: &str, name: &'static str) -> NewMessage {
        NewMessage { order_key: order.into(), ..builders::message(&self.entropy, name) }
    }

    /// What the shop reads now, by id.
    pub async fn poll(&self, limit: u32) -> Vec<MessageId> {
        let (now, tenant) = (self.now(), builders::tenant_id());
        let read =
            self.store.read_channel(&tenant, EVENTS, limit, now, now + CHANNEL_HIDE).await.unwrap();
        read.into_iter().map(|message| message.id).collect()
    }

    pub async fn delete(&self, ids: &[MessageId]) -> u64 {
        let (now, tenant) = (self.now(), builders::tenant_id());
        self.store.delete_messages(&tenant, EVENTS, ids, now).await.unwrap()
    }

    pub fn lease(&self, worker: &str) -> Lease {
        let now = self.now();
        Lease { worker: worker.into(), now, until: now + LEASE, limit: 32 }
    }

    pub async fn receive(&self, item: &InboxItem) {
        assert_eq!(self.store.receive(item.clone()).await.unwrap(), Received::New);
    }

    pub async fn claim(&self) -> Vec<InboxClaim> {
        self.store.claim_inbox(&self.lease("worker-1")).await.unwrap()
    }

    /// The external ids of what can be claimed.
    pub async fn claim_names(&self) -> Vec<String> {
        self.claim().await.into_iter().map(|claim| claim.item.external_id).collect()
    }

    pub fn settlement(&self, claim: &InboxClaim, outcome: InboxOutcome) -> InboxSettlement {
        InboxSettlement {
            tenant: claim.item.tenant.clone(),
            id: claim.item.id,
            fence: claim.fence,
            now: self.now(),
            outcome,
        }
    }

    pub async fn settle(&self, claim: &InboxClaim, outcome: InboxOutcome) -> CommitOutcome {
        self.store.settle_inbox(self.settlement(claim, outcome)).await.unwrap()
    }

    pub fn later(&self, seconds: i64) -> InboxOutcome {
        let at = self.now() + SignedDuration::from_secs(seconds);
        InboxOutcome::Later { at, reason: "not yet".into() }
    }

    pub async fn claim_push(&self) -> Vec<OutboxClaim> {
        self.claim_push_of(&[EVENTS]).await
    }

    pub async fn claim_push_of(&self, channels: &[&str]) -> Vec<OutboxClaim> {
        let channels: Vec<_> = channels.iter().map(|channel| (*channel).to_owned()).collect();
        self.store.claim_outbox(&self.lease("relay-1"), &channels).await.unwrap()
    }

    pub async fn pushed(&self, claim: &OutboxClaim, outcome: SendOutcome) {
        let outcome = DeliveryOutcome {
            tenant: claim.tenant.clone(),
            id: claim.message.id,
            fence: claim.fence,
            now: self.now(),
            outcome,
        };
        self.store.settle_outbox(vec![outcome]).await.unwrap();
    }

    pub fn history(&self, what: &str) -> HistoryEntry {
        HistoryEntry {
            at: self.now(),
            what: what.into(),
            from: payment::Status::New,
            to: payment::Status::Authorized,
            note: Some("because".into()),
        }
    }
}

/// The payment with some of its fields changed.
pub(super) fn with(payment: &Payment, change: impl FnOnce(&mut PaymentRecord)) -> Payment {
    let mut record = payment.clone().into_record();
    change(&mut record);
    Payment::restore(record)
}

pub(super) fn is_corrupt<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Corrupt { .. }))
}

pub(super) fn ids(messages: &[NewMessage]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

pub(super) fn push_ids(claims: &[OutboxClaim]) -> Vec<MessageId> {
    claims.iter().map(|claim| claim.message.id).collect()
}
