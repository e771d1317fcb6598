//! A running server with two tenants, an operator beside it, and the steps of cases.

use std::path::PathBuf;
use std::sync::Arc;

use app::limits::{CHANNEL_HIDE, LEASE};
use app::ports::{
    Commit, CommitOutcome, DeliveryOutcome, Entropy, Expected, HistoryEntry, InboxItem,
    InboxOutcome, InboxRow, InboxSettlement, Intervention, Lease, MessageId, NewMessage,
    OperatorStore, OutboxRow, PaymentChange, PaymentQuery, Received, RowFilter, RowQuery,
    SendOutcome, Store, TenantChange, TenantCommit, Touch,
};
use jiff::SignedDuration;
use payment::{CommandId, Payment, Settlement, Status, TenantId};
use store::{DatabaseOperator, DatabaseStore, Keyring, OpenOptions, PostgresServer};
use tempfile::TempDir;
use testkit::{TestEntropy, builders};

/// The channel that the shop reads, or that is pushed.
const EVENTS: &str = "payment-events";

const MIGRATE: OpenOptions = OpenOptions { migrate: true };

fn keyring() -> Keyring {
    Keyring::from_base64(&Keyring::generate().unwrap()).unwrap()
}

/// A running server with two tenants, and an operator beside it.
pub struct Site {
    pub folder: TempDir,
    pub entropy: TestEntropy,
    pub server: Arc<DatabaseStore>,
    pub operator: DatabaseOperator,
}

impl Site {
    pub async fn on_sqlite() -> Self {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), TestEntropy::new());
        let path = folder.path().join("paybridge.db");
        let server = DatabaseStore::open(&path, keyring(), MIGRATE, &entropy).unwrap();
        let operator = DatabaseOperator::open(&path).unwrap();
        Self::of(folder, entropy, server, operator).await
    }

    pub async fn on_postgres() -> Self {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), TestEntropy::new());
        let address = testkit::postgres::database().await;
        let place = PostgresServer::parse(&address).unwrap().with_callers_clock();
        let server = DatabaseStore::connect(&place, keyring(), MIGRATE, &entropy).unwrap();
        let operator = DatabaseOperator::connect(&place).unwrap();
        Self::of(folder, entropy, server, operator).await
    }

    async fn of(
        folder: TempDir,
        entropy: TestEntropy,
        server: DatabaseStore,
        operator: DatabaseOperator,
    ) -> Self {
        let server = Arc::new(server);
        for id in [builders::tenant_id(), builders::other_tenant_id()] {
            let commit = TenantCommit {
                tenant: builders::tenant(id, &entropy),
                expected: Expected::Absent,
                now: entropy.now(),
                change: TenantChange::Keep,
                messages: Vec::new(),
            };
            assert_eq!(server.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
        }
        Self { folder, entropy, server, operator }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("paybridge.db")
    }

    pub fn advance(&self, by: SignedDuration) {
        self.entropy.advance(by);
    }

    pub fn lease(&self) -> Lease {
        let now = self.entropy.now();
        Lease { worker: "worker-1".into(), now, until: now + LEASE, limit: 32 }
    }

    pub async fn receive(&self, item: &InboxItem) {
        assert_eq!(self.server.receive(item.clone()).await.unwrap(), Received::New);
    }

    /// What the server's worker takes now, by the sender's ids.
    pub async fn claimed(&self) -> Vec<String> {
        let claims = self.server.claim_inbox(&self.lease()).await.unwrap();
        claims.into_iter().map(|claim| claim.item.external_id).collect()
    }

    /// The server's worker takes what is due and ends all of it alike.
    pub async fn work(&self, outcome: InboxOutcome) {
        for claim in self.server.claim_inbox(&self.lease()).await.unwrap() {
            let settlement = InboxSettlement {
                tenant: claim.item.tenant.clone(),
                id: claim.item.id,
                fence: claim.fence,
                now: self.entropy.now(),
                outcome: outcome.clone(),
            };
            let settled = self.server.settle_inbox(settlement).await.unwrap();
            assert_eq!(settled, CommitOutcome::Committed);
        }
    }

    /// A command that the server has parked.
    pub async fn parked_command(&self, external_id: &str) -> InboxItem {
        let command = builders::command(&self.entropy, external_id);
        self.receive(&command).await;
        self.work(InboxOutcome::Parked("the tenant's keys are refused".into())).await;
        command
    }

    pub async fn write(
        &self,
        payment: &Payment,
        version: Option<i64>,
        settled: Option<Settlement>,
    ) {
        let history = vec![HistoryEntry {
            at: self.entropy.now(),
            what: "made".into(),
            from: Status::New,
            to: payment.status,
            note: None,
        }];
        let expected = version.map_or(Expected::Absent, Expected::Version);
        let change = PaymentChange { payment: payment.clone(), expected, settled, history };
        let commit = Commit { payment: Some(change), ..self.commit_of(&payment.tenant) };
        assert_eq!(self.server.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    pub async fn tell(&self, messages: &[NewMessage]) {
        let messages = messages.to_vec();
        let commit = Commit { messages, ..self.commit_of(&builders::tenant_id()) };
        assert_eq!(self.server.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    pub fn commit_of(&self, tenant: &TenantId) -> Commit {
        let (tenant, now) = (tenant.clone(), self.entropy.now());
        Commit { tenant, now, payment: None, messages: Vec::new(), inbox: None, ends: None }
    }

    /// What the shop reads now.
    pub async fn poll(&self) -> Vec<MessageId> {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        let read = self.server.read_channel(&tenant, EVENTS, 100, now, now + CHANNEL_HIDE);
        read.await.unwrap().into_iter().map(|message| message.id).collect()
    }

    /// What the relay takes now.
    pub async fn pushed(&self) -> Vec<MessageId> {
        let claims = self.server.claim_outbox(&self.lease(), &[EVENTS.to_owned()]).await.unwrap();
        claims.into_iter().map(|claim| claim.message.id).collect()
    }

    /// The relay takes what is due and parks it.
    pub async fn park_messages(&self) {
        let claims = self.server.claim_outbox(&self.lease(), &[EVENTS.to_owned()]).await.unwrap();
        let outcomes = claims.into_iter().map(|claim| DeliveryOutcome {
            tenant: claim.tenant,
            id: claim.message.id,
            fence: claim.fence,
            now: self.entropy.now(),
            outcome: SendOutcome::Parked("HTTP 400".into()),
        });
        self.server.settle_outbox(outcomes.collect()).await.unwrap();
    }

    pub fn touch<Id>(&self, id: Id) -> Touch<Id> {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        Touch { tenant, id, now, rehearsed: false }
    }

    pub async fn retry(&self, id: CommandId) -> Intervention<InboxRow> {
        self.operator.retry_inbox(&self.touch(id)).await.unwrap()
    }

    pub async fn inbox_row(&self, id: CommandId) -> InboxRow {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        self.operator.inbox_row(&tenant, id, now).await.unwrap().unwrap()
    }

    pub async fn outbox_row(&self, id: MessageId) -> OutboxRow {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        self.operator.outbox_row(&tenant, id, now).await.unwrap().unwrap()
    }

    pub fn rows(&self, tenant: Option<TenantId>, filter: RowFilter) -> RowQuery {
        RowQuery { tenant, filter, limit: 10, now: self.entropy.now() }
    }

    pub fn payments(&self, tenant: Option<TenantId>) -> PaymentQuery {
        let now = self.entropy.now();
        PaymentQuery { tenant, status: None, stuck_since: None, limit: 10, now }
    }

    /// The orders of a list.
    pub async fn orders(&self, query: &PaymentQuery) -> Vec<String> {
        let page = self.operator.list_payments(query).await.unwrap();
        let order = |payment: &Payment| payment.order_key();
        page.rows.iter().map(|case| order(&case.payment)).collect()
    }
}

pub fn changed<Row: std::fmt::Debug>(done: Intervention<Row>) -> Row {
    match done {
        Intervention::Changed(row) => row,
        other => panic!("{other:?}"),
    }
}
