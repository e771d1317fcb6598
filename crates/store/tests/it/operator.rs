//! The database as an operator uses it beside a running server.

use std::path::PathBuf;
use std::sync::Arc;

use app::limits::{CALL_STALE, CHANNEL_HIDE, LEASE};
use app::operate::stuck_since;
use app::ports::{
    CallOutcome, Commit, CommitOutcome, DeliveryOutcome, Entropy, Expected, HistoryEntry,
    InboxItem, InboxOutcome, InboxRow, InboxSettlement, InboxState, Intervention, Lease, MessageId,
    NewMessage, OperatorStore, OutboxRow, OutboxState, PaymentChange, PaymentQuery, Received,
    RowFilter, RowQuery, SendOutcome, Store, TenantChange, TenantCommit, Touch,
};
use jiff::SignedDuration;
use payment::{
    Account, CommandId, OrderReference, Payment, PspReference, Purpose, Settlement, Status,
    TenantId,
};
use store::{Keyring, OpenError, OpenOptions, SqliteOperator, SqliteStore};
use tempfile::TempDir;
use testkit::{TestEntropy, builders};

const EVENTS: &str = "payment-events";

/// A running server with two tenants, and an operator beside it.
struct Site {
    folder: TempDir,
    entropy: TestEntropy,
    server: Arc<SqliteStore>,
    operator: SqliteOperator,
}

impl Site {
    async fn new() -> Self {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), TestEntropy::new());
        let path = folder.path().join("paybridge.db");
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let options = OpenOptions { migrate: true };
        let server = Arc::new(SqliteStore::open(&path, keyring, options, &entropy).unwrap());
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
        let operator = SqliteOperator::open(&path).unwrap();
        Self { folder, entropy, server, operator }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("paybridge.db")
    }

    fn advance(&self, by: SignedDuration) {
        self.entropy.advance(by);
    }

    fn lease(&self) -> Lease {
        let now = self.entropy.now();
        Lease { worker: "worker-1".into(), now, until: now + LEASE, limit: 32 }
    }

    async fn receive(&self, item: &InboxItem) {
        assert_eq!(self.server.receive(item.clone()).await.unwrap(), Received::New);
    }

    /// What the server's worker takes now, by the sender's ids.
    async fn claimed(&self) -> Vec<String> {
        let claims = self.server.claim_inbox(&self.lease()).await.unwrap();
        claims.into_iter().map(|claim| claim.item.external_id).collect()
    }

    /// The server's worker takes what is due and ends all of it alike.
    async fn work(&self, outcome: InboxOutcome) {
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
    async fn parked_command(&self, external_id: &str) -> InboxItem {
        let command = builders::command(&self.entropy, external_id);
        self.receive(&command).await;
        self.work(InboxOutcome::Parked("the tenant's keys are refused".into())).await;
        command
    }

    async fn write(&self, payment: &Payment, version: Option<i64>, settled: Option<Settlement>) {
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

    async fn tell(&self, messages: &[NewMessage]) {
        let messages = messages.to_vec();
        let commit = Commit { messages, ..self.commit_of(&builders::tenant_id()) };
        assert_eq!(self.server.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    fn commit_of(&self, tenant: &TenantId) -> Commit {
        let (tenant, now) = (tenant.clone(), self.entropy.now());
        Commit { tenant, now, payment: None, messages: Vec::new(), inbox: None, ends: None }
    }

    /// What the shop reads now.
    async fn poll(&self) -> Vec<MessageId> {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        let read = self.server.read_channel(&tenant, EVENTS, 100, now, now + CHANNEL_HIDE);
        read.await.unwrap().into_iter().map(|message| message.id).collect()
    }

    /// The relay takes what is due and parks it.
    async fn park_messages(&self) {
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

    fn touch<Id>(&self, id: Id) -> Touch<Id> {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        Touch { tenant, id, now, rehearsed: false }
    }

    async fn retry(&self, id: CommandId) -> Intervention<InboxRow> {
        self.operator.retry_inbox(&self.touch(id)).await.unwrap()
    }

    async fn inbox_row(&self, id: CommandId) -> InboxRow {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        self.operator.inbox_row(&tenant, id, now).await.unwrap().unwrap()
    }

    async fn outbox_row(&self, id: MessageId) -> OutboxRow {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        self.operator.outbox_row(&tenant, id, now).await.unwrap().unwrap()
    }

    fn rows(&self, tenant: Option<TenantId>, filter: RowFilter) -> RowQuery {
        RowQuery { tenant, filter, limit: 10, now: self.entropy.now() }
    }

    fn payments(&self, tenant: Option<TenantId>) -> PaymentQuery {
        let now = self.entropy.now();
        PaymentQuery { tenant, status: None, stuck_since: None, limit: 10, now }
    }

    /// The orders of a list.
    async fn orders(&self, query: &PaymentQuery) -> Vec<String> {
        let page = self.operator.list_payments(query).await.unwrap();
        let order = |payment: &Payment| payment.checkout.order_reference.as_str().to_owned();
        page.rows.iter().map(|case| order(&case.payment)).collect()
    }
}

fn refusal(opened: Result<SqliteOperator, OpenError>) -> String {
    opened.map(|_| ()).unwrap_err().to_string()
}

fn changed<Row: std::fmt::Debug>(done: Intervention<Row>) -> Row {
    match done {
        Intervention::Changed(row) => row,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_row_is_retried_while_the_server_works() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let server = Arc::clone(&site.server);
    let items: Vec<_> =
        (0..200).map(|n| builders::event(&site.entropy, &format!("evt_{n}"))).collect();
    let busy = tokio::spawn(async move {
        for item in items {
            assert_eq!(server.receive(item).await.unwrap(), Received::New);
        }
    });
    for _ in 0..20 {
        changed(site.retry(command.id).await);
        tokio::task::yield_now().await;
    }
    busy.await.unwrap();
    let claims = site.server.claim_inbox(&Lease { limit: 500, ..site.lease() }).await.unwrap();
    assert_eq!(claims.len(), 201, "nothing of either side is lost");
    let retried = claims.iter().find(|claim| claim.item.id == command.id).unwrap();
    assert_eq!((retried.tries, &retried.item), (0, &command), "its tries are counted anew");
}

#[tokio::test]
async fn opening_beside_the_server_leaves_its_leases_alone() {
    let site = Site::new().await;
    site.receive(&builders::event(&site.entropy, "evt_1")).await;
    let claim = site.server.claim_inbox(&site.lease()).await.unwrap().remove(0);
    let second = SqliteOperator::open(&site.path()).unwrap();
    let page = second.list_inbox(&site.rows(None, RowFilter::Open)).await.unwrap();
    let until = site.entropy.now() + LEASE;
    assert_eq!(page.rows[0].state, InboxState::Leased { until });
    let settlement = InboxSettlement {
        tenant: claim.item.tenant.clone(),
        id: claim.item.id,
        fence: claim.fence,
        now: site.entropy.now(),
        outcome: InboxOutcome::Done("applied".into()),
    };
    let settled = site.server.settle_inbox(settlement).await.unwrap();
    assert_eq!(settled, CommitOutcome::Committed, "the lease still holds");
}

#[tokio::test]
async fn only_a_database_of_this_version_is_opened_and_none_is_made() {
    let site = Site::new().await;
    let nowhere = site.folder.path().join("nowhere.db");
    assert!(refusal(SqliteOperator::open(&nowhere)).contains("database_url"));
    assert!(!nowhere.exists());

    let path = site.path();
    drop(site.server);
    drop(site.operator);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("INSERT INTO schema_migration VALUES (999, 'later', 0)", []).unwrap();
    assert!(refusal(SqliteOperator::open(&path)).contains("newer paybridge"));
    database.execute("DELETE FROM schema_migration WHERE version > 1", []).unwrap();
    assert!(refusal(SqliteOperator::open(&path)).contains("paybridge migrate"));
}

/// R10: a command that comes back keeps its place before the newer ones of its order.
#[tokio::test]
async fn a_retried_command_comes_before_the_newer_ones_of_its_order() {
    let site = Site::new().await;
    let capture = site.parked_command("capture").await;
    let refund = builders::command(&site.entropy, "refund");
    site.receive(&refund).await;
    let row = changed(site.retry(capture.id).await);
    assert_eq!(row.state, InboxState::Due { at: site.entropy.now() });
    assert_eq!(site.inbox_row(refund.id).await.state, InboxState::Held { by: capture.id });
    let held = changed(site.retry(refund.id).await);
    assert_eq!(held.state, InboxState::Held { by: capture.id }, "it cannot jump the queue");
    assert_eq!(site.claimed().await, ["capture"]);
    assert_eq!(site.claimed().await, [""; 0], "one at a time");

    site.advance(LEASE + SignedDuration::from_secs(1));
    site.work(InboxOutcome::Done("captured".into())).await;
    assert_eq!(site.claimed().await, ["refund"]);
}

#[tokio::test]
async fn a_row_that_somebody_works_on_is_left_alone_until_its_lease_ends() {
    let site = Site::new().await;
    let capture = site.parked_command("capture").await;
    let refund = builders::command(&site.entropy, "refund");
    site.receive(&refund).await;
    assert_eq!(site.claimed().await, ["refund"]);
    let until = site.entropy.now() + LEASE;
    assert_eq!(site.retry(refund.id).await, Intervention::Busy { until });
    assert_eq!(site.retry(capture.id).await, Intervention::Busy { until }, "nor beside it");
    assert!(matches!(site.inbox_row(capture.id).await.state, InboxState::Parked { .. }));

    site.advance(LEASE + SignedDuration::from_secs(1));
    changed(site.retry(capture.id).await);
    assert_eq!(site.claimed().await, ["capture"]);
}

#[tokio::test]
async fn a_postponed_row_is_due_at_once() {
    let site = Site::new().await;
    let event = builders::event(&site.entropy, "evt_1");
    site.receive(&event).await;
    let at = site.entropy.now() + SignedDuration::from_mins(5);
    site.work(InboxOutcome::Later { at, reason: "the provider is down".into() }).await;
    let row = site.inbox_row(event.id).await;
    assert_eq!((row.state, row.tries), (InboxState::Due { at }, 1));
    assert_eq!(row.note.as_deref(), Some("the provider is down"));
    assert_eq!(site.claimed().await, [""; 0]);
    changed(site.retry(event.id).await);
    assert_eq!(site.claimed().await, ["evt_1"]);
}

#[tokio::test]
async fn what_has_ended_is_not_retried_and_what_may_succeed_is_not_discarded() {
    let site = Site::new().await;
    let event = builders::event(&site.entropy, "evt_1");
    site.receive(&event).await;
    let discarded = site.operator.discard_inbox(&site.touch(event.id), "why").await.unwrap();
    assert!(matches!(discarded, Intervention::Refused(_)), "it waits: {discarded:?}");
    site.work(InboxOutcome::Done("applied".into())).await;
    let done = InboxState::Done { at: site.entropy.now() };
    let Intervention::Refused(row) = site.retry(event.id).await else { panic!("it is done") };
    assert_eq!(row.state, done);
    assert_eq!(site.claimed().await, [""; 0]);
}

#[tokio::test]
async fn a_discarded_command_has_ended_and_is_still_recognized() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let touch = site.touch(command.id);
    let row = changed(site.operator.discard_inbox(&touch, "refunded by hand").await.unwrap());
    assert_eq!(row.state, InboxState::Discarded { at: site.entropy.now() });
    let note = row.note.unwrap();
    assert!(note.contains("refunded by hand") && note.contains("keys are refused"), "{note}");
    assert_eq!(site.server.receive(command.clone()).await.unwrap(), Received::Duplicate);
    assert_eq!(site.claimed().await, [""; 0]);
    assert_eq!(site.server.backlog(site.entropy.now()).await.unwrap().inbox_parked, 0);
    assert!(matches!(site.retry(command.id).await, Intervention::Refused(_)));
    let body = site.operator.inbox_body(&command.tenant, command.id).await.unwrap();
    assert_eq!(body.unwrap(), command.body, "nothing is deleted");
}

#[tokio::test]
async fn a_rehearsal_tells_what_would_be_and_changes_nothing() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let before = site.inbox_row(command.id).await;
    let rehearsed = Touch { rehearsed: true, ..site.touch(command.id) };
    let row = changed(site.operator.retry_inbox(&rehearsed).await.unwrap());
    assert_eq!((row.state, row.tries), (InboxState::Due { at: site.entropy.now() }, 0));
    let row = changed(site.operator.discard_inbox(&rehearsed, "why").await.unwrap());
    assert_eq!(row.state, InboxState::Discarded { at: site.entropy.now() });
    assert_eq!(site.inbox_row(command.id).await, before);

    site.tell(&[builders::message(&site.entropy, "PaymentCaptured")]).await;
    site.park_messages().await;
    let id = site.operator.list_outbox(&site.rows(None, RowFilter::Parked)).await.unwrap();
    let rehearsed = Touch { rehearsed: true, ..site.touch(id.rows[0].id) };
    changed(site.operator.retry_outbox(&rehearsed).await.unwrap());
    changed(site.operator.discard_outbox(&rehearsed, "why").await.unwrap());
    assert!(matches!(site.outbox_row(rehearsed.id).await.state, OutboxState::Parked { .. }));
}

#[tokio::test]
async fn a_tenant_neither_sees_nor_changes_rows_of_another() {
    let site = Site::new().await;
    let command = site.parked_command("capture").await;
    let message = builders::message(&site.entropy, "PaymentCaptured");
    site.tell(std::slice::from_ref(&message)).await;
    site.park_messages().await;
    let payment = builders::payment(&site.entropy);
    site.write(&payment, None, None).await;

    let (other, now) = (builders::other_tenant_id(), site.entropy.now());
    let operator = &site.operator;
    let (command, message) = (command.id, message.id);
    let stolen = Touch { tenant: other.clone(), ..site.touch(command) };
    assert_eq!(operator.retry_inbox(&stolen).await.unwrap(), Intervention::Absent);
    assert_eq!(operator.discard_inbox(&stolen, "why").await.unwrap(), Intervention::Absent);
    let stolen = Touch { tenant: other.clone(), ..site.touch(message) };
    assert_eq!(operator.retry_outbox(&stolen).await.unwrap(), Intervention::Absent);
    assert_eq!(operator.discard_outbox(&stolen, "why").await.unwrap(), Intervention::Absent);
    assert_eq!(operator.inbox_row(&other, command, now).await.unwrap(), None);
    assert_eq!(operator.inbox_body(&other, command).await.unwrap(), None);
    assert_eq!(operator.outbox_row(&other, message, now).await.unwrap(), None);
    assert_eq!(operator.outbox_body(&other, message).await.unwrap(), None);
    for key in ["DE--1".to_owned(), payment.id.to_string()] {
        assert_eq!(operator.payment_file(&other, &key, now).await.unwrap(), None);
    }
    for filter in [RowFilter::Open, RowFilter::Parked, RowFilter::Waiting, RowFilter::All] {
        let query = site.rows(Some(other.clone()), filter);
        assert!(operator.list_inbox(&query).await.unwrap().rows.is_empty());
        assert!(operator.list_outbox(&query).await.unwrap().rows.is_empty());
    }
    let stuck = PaymentQuery { stuck_since: Some(now), ..site.payments(Some(other.clone())) };
    assert_eq!(site.orders(&stuck).await, [""; 0]);
    assert_eq!(site.orders(&site.payments(Some(other))).await, [""; 0]);

    let of_all = PaymentQuery { stuck_since: Some(now), ..site.payments(None) };
    assert_eq!(site.orders(&of_all).await, ["DE--1"], "the tenant's own operator sees it");
    assert!(matches!(site.inbox_row(command).await.state, InboxState::Parked { .. }));
    assert!(matches!(site.outbox_row(message).await.state, OutboxState::Parked { .. }));
}

#[tokio::test]
async fn lists_of_rows_are_ordered_limited_and_say_whether_there_are_more() {
    let site = Site::new().await;
    let parked = site.parked_command("capture").await;
    let foreign = builders::event(&site.entropy, "evt_foreign");
    site.receive(&foreign).await;
    site.work(InboxOutcome::Foreign).await;
    let waiting = builders::event(&site.entropy, "evt_1");
    site.receive(&waiting).await;
    let ids = |rows: Vec<InboxRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    for tenant in [None, Some(builders::tenant_id())] {
        for (filter, expected) in [
            (RowFilter::Open, vec![parked.id, waiting.id]),
            (RowFilter::Parked, vec![parked.id]),
            (RowFilter::Waiting, vec![waiting.id]),
            (RowFilter::All, vec![waiting.id, foreign.id, parked.id]),
        ] {
            let page = site.operator.list_inbox(&site.rows(tenant.clone(), filter)).await.unwrap();
            assert_eq!((page.more, ids(page.rows)), (false, expected), "{filter:?}");
        }
        let query = RowQuery { limit: 1, ..site.rows(tenant, RowFilter::Open) };
        let page = site.operator.list_inbox(&query).await.unwrap();
        assert_eq!((page.more, ids(page.rows)), (true, vec![parked.id]));
    }
}

#[tokio::test]
async fn a_retried_message_is_read_before_the_later_ones_of_its_order() {
    let site = Site::new().await;
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let first = NewMessage { blocks: false, ..first };
    site.tell(&[first.clone(), second.clone()]).await;
    site.park_messages().await;
    assert_eq!(site.poll().await, [second.id], "news that is parked holds nothing back");

    let touch = site.touch(first.id);
    let hidden = site.entropy.now() + CHANNEL_HIDE;
    let busy = site.operator.retry_outbox(&touch).await.unwrap();
    assert_eq!(busy, Intervention::Busy { until: hidden }, "the shop has the later one in hand");
    assert_eq!(site.outbox_row(second.id).await.state, OutboxState::Hidden { until: hidden });

    site.advance(CHANNEL_HIDE);
    let row = changed(site.operator.retry_outbox(&site.touch(first.id)).await.unwrap());
    assert!(matches!(row.state, OutboxState::Due { .. }) && row.tries == 0, "{row:?}");
    assert_eq!(site.outbox_row(second.id).await.state, OutboxState::Held { by: first.id });
    assert_eq!(site.poll().await, [first.id, second.id], "in one read, in order");
}

#[tokio::test]
async fn a_retried_message_is_pushed_again_in_its_place() {
    let site = Site::new().await;
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    site.tell(&[first.clone(), second.clone()]).await;
    site.park_messages().await;
    let claimed = || async {
        let channels = [EVENTS.to_owned()];
        let claims = site.server.claim_outbox(&site.lease(), &channels).await.unwrap();
        claims.into_iter().map(|claim| claim.message.id).collect::<Vec<_>>()
    };
    assert_eq!(claimed().await, [], "a parked result holds its order back");
    changed(site.operator.retry_outbox(&site.touch(first.id)).await.unwrap());
    assert_eq!(claimed().await, [first.id]);
    let until = site.entropy.now() + LEASE;
    assert_eq!(site.outbox_row(first.id).await.state, OutboxState::Leased { until });
    let busy = site.operator.retry_outbox(&site.touch(first.id)).await.unwrap();
    assert_eq!(busy, Intervention::Busy { until });
}

#[tokio::test]
async fn a_discarded_message_lets_its_order_and_what_waited_for_it_go_on() {
    let site = Site::new().await;
    let [first, second] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let after = NewMessage {
        order_key: "another".into(),
        after: Some(first.id),
        ..builders::message(&site.entropy, "AppConfigUpdated")
    };
    site.tell(&[first.clone(), second.clone(), after.clone()]).await;
    let waits = site.operator.discard_outbox(&site.touch(second.id), "why").await.unwrap();
    assert!(matches!(waits, Intervention::Refused(_)), "only what is parked: {waits:?}");
    site.park_messages().await;
    assert_eq!(site.poll().await, []);
    assert_eq!(site.outbox_row(after.id).await.state, OutboxState::Held { by: first.id });

    let touch = site.touch(first.id);
    let row = changed(site.operator.discard_outbox(&touch, "order deleted").await.unwrap());
    assert_eq!(row.state, OutboxState::Discarded { at: site.entropy.now() });
    let note = row.note.unwrap();
    assert!(note.contains("order deleted") && note.contains("HTTP 400"), "{note}");
    assert_eq!(site.poll().await, [second.id, after.id]);
    assert_eq!(site.server.backlog(site.entropy.now()).await.unwrap().outbox_parked, 0);
    let body = site.operator.outbox_body(&builders::tenant_id(), first.id).await.unwrap();
    assert_eq!(body.unwrap(), first.body, "nothing is deleted");
    let again = site.operator.retry_outbox(&site.touch(first.id)).await.unwrap();
    assert!(matches!(again, Intervention::Refused(_)));
}

#[tokio::test]
async fn messages_are_listed_by_state() {
    let site = Site::new().await;
    let [parked, waiting] =
        ["PaymentAuthorized", "PaymentCaptured"].map(|name| builders::message(&site.entropy, name));
    let parked = NewMessage { blocks: false, ..parked };
    site.tell(std::slice::from_ref(&parked)).await;
    site.park_messages().await;
    site.tell(std::slice::from_ref(&waiting)).await;
    for tenant in [None, Some(builders::tenant_id())] {
        for (filter, expected) in [
            (RowFilter::Open, vec![parked.id, waiting.id]),
            (RowFilter::Parked, vec![parked.id]),
            (RowFilter::Waiting, vec![waiting.id]),
            (RowFilter::All, vec![waiting.id, parked.id]),
        ] {
            let query = site.rows(tenant.clone(), filter);
            let page = site.operator.list_outbox(&query).await.unwrap();
            let ids: Vec<_> = page.rows.into_iter().map(|row| row.id).collect();
            assert_eq!((page.more, ids), (false, expected), "{filter:?}");
        }
    }
}

#[tokio::test]
async fn payments_are_listed_by_tenant_and_status_the_newest_first() {
    let site = Site::new().await;
    for (tenant, order) in [
        (builders::tenant_id(), "DE--1"),
        (builders::tenant_id(), "DE--2"),
        (builders::other_tenant_id(), "AT--1"),
    ] {
        let order = OrderReference::new(order);
        let payment = builders::payment_of(&site.entropy, tenant, order);
        site.write(&payment, None, None).await;
    }
    assert_eq!(site.orders(&site.payments(None)).await, ["AT--1", "DE--2", "DE--1"]);
    let of_tenant = site.payments(Some(builders::tenant_id()));
    assert_eq!(site.orders(&of_tenant).await, ["DE--2", "DE--1"]);
    let one = PaymentQuery { limit: 1, ..of_tenant.clone() };
    let page = site.operator.list_payments(&one).await.unwrap();
    assert_eq!((page.rows.len(), page.more), (1, true));
    for tenant in [None, Some(builders::tenant_id())] {
        let of_status =
            |status| PaymentQuery { status: Some(status), ..site.payments(tenant.clone()) };
        assert_eq!(site.orders(&of_status(Status::Captured)).await, [""; 0]);
        assert!(site.orders(&of_status(Status::New)).await.contains(&"DE--2".to_owned()));
    }
}

#[tokio::test]
async fn a_payment_is_stuck_by_its_call_its_command_or_its_message() {
    let site = Site::new().await;
    let of_order = |order: &str| {
        let order = OrderReference::new(order);
        builders::payment_of(&site.entropy, builders::tenant_id(), order)
    };
    site.write(&of_order("fine"), None, None).await;
    let called = of_order("called").plan(builders::call(&site.entropy, Purpose::Create)).unwrap();
    site.write(&called, None, None).await;
    for order in ["commanded", "told"] {
        site.write(&of_order(order), None, None).await;
    }
    let command = builders::command(&site.entropy, "capture");
    site.receive(&InboxItem { order_key: Some("commanded".into()), ..command }).await;
    site.work(InboxOutcome::Parked("why".into())).await;
    let message = builders::message(&site.entropy, "PaymentCaptured");
    site.tell(&[NewMessage { order_key: "told".into(), ..message }]).await;
    site.park_messages().await;
    for tenant in [None, Some(builders::tenant_id())] {
        let stuck = || PaymentQuery {
            stuck_since: Some(stuck_since(site.entropy.now())),
            ..site.payments(tenant.clone())
        };
        assert!(!site.orders(&stuck()).await.contains(&"called".to_owned()), "a fresh call");
        site.advance(CALL_STALE + SignedDuration::from_secs(1));
        assert_eq!(site.orders(&stuck()).await, ["called", "commanded", "told"]);
        site.entropy.set(site.entropy.now() - CALL_STALE - SignedDuration::from_secs(1));
    }
}

#[tokio::test]
async fn a_payment_file_is_found_by_any_of_its_names_and_has_everything() {
    let site = Site::new().await;
    let call = builders::call(&site.entropy, Purpose::Create);
    let command = CommandId::new(site.entropy.new_id());
    let call = payment::Call { command: Some(command), ..call };
    let planned = builders::payment(&site.entropy).plan(call.clone()).unwrap();
    site.write(&planned, None, None).await;
    let mut record = planned.clone().into_record();
    record.open_call = None;
    record.attempts[0].reference = Some(PspReference::new("pi_1"));
    let payment = Payment::restore(record);
    let reason = Some("the amount is too small".to_owned());
    let settled = Settlement { call: call.id, succeeded: false, reason: reason.clone() };
    site.write(&payment, Some(1), Some(settled)).await;
    site.parked_command("capture").await;
    site.tell(&[builders::message(&site.entropy, "PaymentCreated")]).await;
    let elsewhere = Account { mode: payment::Mode::Live, ..builders::account() };
    site.advance(SignedDuration::from_secs(1));
    let mut record = builders::payment(&site.entropy).into_record();
    record.account = elsewhere;
    let other = Payment::restore(record);
    site.write(&other, None, None).await;

    let (tenant, now) = (builders::tenant_id(), site.entropy.now());
    for key in [payment.id.to_string(), "pi_1".into()] {
        let file = site.operator.payment_file(&tenant, &key, now).await.unwrap().unwrap();
        assert_eq!(file.case.payment, payment);
        assert_eq!(file.history.len(), 2);
        let at = payment.created_at;
        assert_eq!(file.calls[0].outcome, CallOutcome::Failed { at, reason: reason.clone() });
        assert_eq!((file.calls.len(), file.calls[0].command), (1, Some(command)));
        assert_eq!((file.case.inbox.len(), file.case.outbox.len()), (1, 1));
        assert_eq!(file.others, [other.id]);
    }
    let newest = site.operator.payment_file(&tenant, "DE--1", now).await.unwrap().unwrap();
    assert_eq!((newest.case.payment.id, newest.others), (other.id, vec![payment.id]));
    assert_eq!(site.operator.payment_file(&tenant, "DE--9", now).await.unwrap(), None);
}
