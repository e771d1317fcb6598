//! Two transactions at once, where the first one has done everything but commit when the second one
//! comes. Each case says what would go wrong if that one did not wait: none passes without its lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use app::limits::{CHANNEL_HIDE, LEASE};
use app::ports::{
    After, BindOutcome, Bindings, Commit, CommitOutcome, DeliveryOutcome, Entropy, Erasure,
    ErasureOutcome, ErasureSubject, Expected, InboxItem, InboxOutcome, InboxSettlement,
    Intervention, Lease, NewBinding, NewMessage, OperatorStore, OutboxClaim, PaymentChange,
    Received, SendOutcome, Store, StoreError, TenantChange, TenantCommit, Touch, UnsettledReason,
};
use app::tenant::TenantStatus;
use payment::{Mode, Payment, Purpose, Status, TenantId};
use testkit::{TestEntropy, builders};
use tokio_postgres::NoTls;

use crate::database::{Database, params};
use crate::error::At;
use crate::job::Written;
use crate::sql::{across_tenants, channel, commit, inbox, outbox, tenant};
use crate::{DatabaseOperator, DatabaseStore, Keyring, OpenOptions, PostgresServer};

const EVENTS: &str = "payment-events";
/// So often it is looked whether somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const WAITING: &str = "SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// One database, and time.
struct Place {
    address: String,
    server: PostgresServer,
    store: DatabaseStore,
    entropy: TestEntropy,
}

fn keyring() -> Keyring {
    Keyring::from_base64(&Keyring::generate().unwrap()).unwrap()
}

impl Place {
    /// With both test tenants connected.
    async fn new() -> Self {
        let (address, entropy) = (testkit::postgres::database().await, TestEntropy::new());
        let server = PostgresServer::parse(&address).unwrap().with_callers_clock();
        let options = OpenOptions { migrate: true };
        let store = DatabaseStore::connect(&server, keyring(), options, &entropy).unwrap();
        let place = Self { address, server, store, entropy };
        for id in [builders::tenant_id(), builders::other_tenant_id()] {
            let connected = place.of_tenant(id, TenantStatus::Connected, Expected::Absent);
            assert_eq!(
                place.store.commit_tenant(connected).await.unwrap(),
                CommitOutcome::Committed
            );
        }
        place
    }

    /// Does `first` but for its commit, then as much of `second` as is possible, then commits, and
    /// lets `second` end.
    async fn at_once<T>(
        &self,
        first: impl Fn(&Database) -> Result<(), StoreError> + Send + 'static,
        second: impl Future<Output = T>,
    ) -> T {
        let (entered, mut is_inside) = tokio::sync::mpsc::unbounded_channel();
        let (let_go, go) = mpsc::channel::<()>();
        let first = self.store.driver.write(move |db| {
            first(db)?;
            // Whatever was only sent is carried out now.
            db.exists("SELECT 1", params![]).at("test")?;
            let _ = entered.send(());
            let _ = go.recv();
            Ok(Written::Keep(()))
        });
        let ended = AtomicBool::new(false);
        let then = async {
            is_inside.recv().await.expect("the first one came about");
            let second = async {
                let done = second.await;
                ended.store(true, Ordering::SeqCst);
                done
            };
            let watch = async {
                self.until_somebody_waits(&ended).await;
                drop(let_go);
            };
            tokio::join!(second, watch).0
        };
        let (first, second) = tokio::join!(first, then);
        first.unwrap();
        second
    }

    async fn until_somebody_waits(&self, ended: &AtomicBool) {
        let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await.unwrap();
        tokio::spawn(connection);
        while !ended.load(Ordering::SeqCst) && client.query(WAITING, &[]).await.unwrap().is_empty()
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn operator(&self) -> DatabaseOperator {
        DatabaseOperator::connect(&self.server).unwrap()
    }

    fn of_tenant(&self, id: TenantId, status: TenantStatus, expected: Expected) -> TenantCommit {
        let tenant = builders::tenant(id, &self.entropy);
        TenantCommit {
            tenant: app::tenant::Tenant { status, ..tenant },
            expected,
            now: self.entropy.now(),
            change: TenantChange::Keep,
            messages: Vec::new(),
        }
    }

    fn command(&self, id: &str) -> InboxItem {
        builders::command(&self.entropy, id)
    }

    fn message(&self, order: &str, after: After) -> NewMessage {
        let message = builders::message(&self.entropy, "PaymentCaptured");
        NewMessage { order_key: order.into(), after, ..message }
    }

    fn telling(&self, message: &NewMessage) -> Commit {
        let (tenant, now) = (builders::tenant_id(), self.entropy.now());
        let messages = vec![message.clone()];
        Commit { tenant, now, payment: None, messages, inbox: None, ends: None }
    }

    fn changing(&self, payment: &Payment, expected: Expected) -> Commit {
        let (tenant, now, payment) = (builders::tenant_id(), self.entropy.now(), payment.clone());
        let change = PaymentChange { payment, expected, settled: None, history: Vec::new() };
        let messages = Vec::new();
        Commit { tenant, now, payment: Some(change), messages, inbox: None, ends: None }
    }

    async fn commit(&self, commit: Commit) {
        assert_eq!(self.store.commit(commit).await.unwrap(), CommitOutcome::Committed);
    }

    fn lease(&self) -> Lease {
        let now = self.entropy.now();
        Lease { worker: "worker".into(), now, until: now + LEASE, limit: 9 }
    }

    /// Takes the commands that are due.
    async fn due_commands(&self) -> Vec<String> {
        let claims = self.store.claim_inbox(&self.lease()).await.unwrap();
        claims.into_iter().map(|claim| claim.item.external_id).collect()
    }

    /// Takes the messages that are due.
    async fn due_messages(&self) -> Vec<OutboxClaim> {
        self.store.claim_outbox(&self.lease(), &[EVENTS.to_owned()]).await.unwrap()
    }

    /// A message that a worker is about to push, and how it says that it did.
    async fn on_its_way(&self, message: &NewMessage) -> DeliveryOutcome {
        self.commit(self.telling(message)).await;
        let claim = self.due_messages().await.pop().unwrap();
        DeliveryOutcome {
            tenant: claim.tenant,
            id: claim.message.id,
            fence: claim.fence,
            now: self.entropy.now(),
            outcome: SendOutcome::Delivered,
        }
    }
}

/// What is written stays.
fn kept<T>(written: Written<T>) {
    assert!(matches!(written, Written::Keep(_)));
}

#[tokio::test]
async fn of_two_commands_that_come_at_once_one_is_due() {
    let place = Place::new().await;
    let (one, two) = (place.command("1"), place.command("2"));
    let received = place
        .at_once(move |db| inbox::receive(db, &one).map(|_| ()), place.store.receive(two))
        .await;
    assert_eq!(received.unwrap(), Received::New);
    assert_eq!(place.due_commands().await, ["1"], "the other one waits for it");
}

#[tokio::test]
async fn a_command_that_comes_while_the_one_before_it_ends_becomes_due() {
    let place = Place::new().await;
    let (one, two) = (place.command("1"), place.command("2"));
    place.store.receive(one).await.unwrap();
    let claim = place.store.claim_inbox(&place.lease()).await.unwrap().pop().unwrap();
    let end = InboxSettlement {
        tenant: builders::tenant_id(),
        id: claim.item.id,
        fence: claim.fence,
        now: place.entropy.now(),
        outcome: InboxOutcome::Done("carried out".into()),
    };
    let received = place
        .at_once(move |db| inbox::settle(db, &end).map(|_| ()), place.store.receive(two))
        .await;
    assert_eq!(received.unwrap(), Received::New);
    assert_eq!(place.due_commands().await, ["2"], "it is not forgotten");
}

#[tokio::test]
async fn of_two_messages_that_are_told_at_once_one_is_due() {
    let place = Place::new().await;
    let (one, two) =
        (place.message("DE--1", After::Nothing), place.message("DE--1", After::Nothing));
    let telling = place.telling(&one);
    place
        .at_once(
            move |db| commit::commit(db, &telling).map(kept),
            place.commit(place.telling(&two)),
        )
        .await;
    let due = place.due_messages().await;
    assert_eq!(due.iter().map(|claim| claim.message.id).collect::<Vec<_>>(), [one.id]);
}

#[tokio::test]
async fn a_message_that_is_told_while_the_one_before_it_arrives_becomes_due() {
    let place = Place::new().await;
    let (one, two) =
        (place.message("DE--1", After::Nothing), place.message("DE--1", After::Nothing));
    let arrives = place.on_its_way(&one).await;
    place.at_once(move |db| outbox::settle(db, &arrives), place.commit(place.telling(&two))).await;
    assert_eq!(place.due_messages().await.len(), 1, "it is not forgotten");
}

#[tokio::test]
async fn the_last_message_becomes_due_although_the_other_ones_arrive_while_it_is_told() {
    let place = Place::new().await;
    let arrives = place.on_its_way(&place.message("DE--1", After::Nothing)).await;
    let last = place.message("app", After::Everything);
    place.at_once(move |db| outbox::settle(db, &arrives), place.commit(place.telling(&last))).await;
    assert_eq!(place.due_messages().await.len(), 1, "it is not forgotten");
}

#[tokio::test]
async fn the_other_ones_arrive_although_the_last_message_is_told_meanwhile() {
    let place = Place::new().await;
    let arrives = place.on_its_way(&place.message("DE--1", After::Nothing)).await;
    let telling = place.telling(&place.message("app", After::Everything));
    place
        .at_once(
            move |db| commit::commit(db, &telling).map(kept),
            place.store.settle_outbox(vec![arrives]),
        )
        .await
        .unwrap();
    assert_eq!(place.due_messages().await.len(), 1, "the last one is not forgotten");
}

#[tokio::test]
async fn a_message_becomes_due_although_the_one_it_comes_after_arrives_while_it_is_told() {
    let place = Place::new().await;
    let before = place.message("DE--1", After::Nothing);
    let arrives = place.on_its_way(&before).await;
    let telling = place.telling(&place.message("DE--2", After::Message(before.id)));
    place
        .at_once(
            move |db| commit::commit(db, &telling).map(kept),
            place.store.settle_outbox(vec![arrives]),
        )
        .await
        .unwrap();
    assert_eq!(place.due_messages().await.len(), 1, "it is not forgotten");
}

/// Rule R21: what was returned is hidden from the next reader.
#[tokio::test]
async fn r21_two_readers_of_a_channel_do_not_get_the_same_message() {
    let place = Place::new().await;
    place.commit(place.telling(&place.message("DE--1", After::Nothing))).await;
    let (tenant, now) = (builders::tenant_id(), place.entropy.now());
    let read = channel::ChannelRead {
        tenant: tenant.clone(),
        channel: EVENTS.into(),
        limit: 9,
        now,
        hide_until: now + CHANNEL_HIDE,
    };
    let again = place.store.read_channel(&tenant, EVENTS, 9, now, now + CHANNEL_HIDE);
    let first = move |db: &Database| {
        assert_eq!(channel::read(db, &read)?.len(), 1);
        Ok(())
    };
    assert_eq!(place.at_once(first, again).await.unwrap(), []);
}

#[tokio::test]
async fn an_account_is_not_bound_to_two_tenants_at_once() {
    let place = Place::new().await;
    let binding = |tenant, mode| NewBinding {
        tenant,
        account: builders::account_named("acct_platform_1", mode),
        now: place.entropy.now(),
        rehearsed: false,
    };
    let one = binding(builders::tenant_id(), Mode::Test);
    let two = binding(builders::other_tenant_id(), Mode::Live);
    let first = move |db: &Database| {
        assert_eq!(crate::sql::binding::bind(db, &one)?, BindOutcome::Bound);
        Ok(())
    };
    let outcome = place.at_once(first, place.store.bind_account(&two)).await;
    assert_eq!(outcome.unwrap(), BindOutcome::OfAnother(builders::tenant_id()));
}

fn touch<Id>(place: &Place, id: Id) -> Touch<Id> {
    Touch { tenant: builders::tenant_id(), id, now: place.entropy.now(), rehearsed: false }
}

#[tokio::test]
async fn an_operator_does_not_take_a_command_from_the_worker_that_is_just_taking_it() {
    let place = Place::new().await;
    let command = place.command("1");
    place.store.receive(command.clone()).await.unwrap();
    let (lease, operator) = (place.lease(), place.operator());
    let touch = touch(&place, command.id);
    let first = move |db: &Database| {
        assert_eq!(across_tenants::claim_inbox(db, &lease)?.len(), 1);
        Ok(())
    };
    let outcome = place.at_once(first, operator.retry_inbox(&touch)).await.unwrap();
    assert!(matches!(outcome, Intervention::Busy { .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_operator_does_not_take_a_message_from_the_worker_that_is_just_taking_it() {
    let place = Place::new().await;
    let message = place.message("DE--1", After::Nothing);
    place.commit(place.telling(&message)).await;
    let (lease, operator) = (place.lease(), place.operator());
    let touch = touch(&place, message.id);
    let first = move |db: &Database| {
        assert_eq!(across_tenants::claim_outbox(db, &lease, &[EVENTS.to_owned()])?.len(), 1);
        Ok(())
    };
    let outcome = place.at_once(first, operator.retry_outbox(&touch)).await.unwrap();
    assert!(matches!(outcome, Intervention::Busy { .. }), "{outcome:?}");
}

fn everybody(place: &Place, subject: ErasureSubject) -> Erasure {
    let (tenant, now) = (builders::tenant_id(), place.entropy.now());
    Erasure { tenant, subject, now, rehearsed: false }
}

#[tokio::test]
async fn a_payment_is_not_erased_while_its_next_call_is_planned() {
    let place = Place::new().await;
    let mut record = builders::payment(&place.entropy).into_record();
    record.status = Status::Canceled;
    let payment = Payment::restore(record);
    place.commit(place.changing(&payment, Expected::Absent)).await;
    let called = payment.plan(builders::call(&place.entropy, Purpose::Create)).unwrap();
    let planning = place.changing(&called, Expected::Version(1));
    let (operator, wish) =
        (place.operator(), everybody(&place, ErasureSubject::Order(builders::order())));
    let outcome = place
        .at_once(move |db| commit::commit(db, &planning).map(kept), operator.erase(&wish))
        .await
        .unwrap();
    let ErasureOutcome::Unsettled(payments) = outcome else { panic!("{outcome:?}") };
    assert_eq!(payments[0].reason, UnsettledReason::Call);
}

#[tokio::test]
async fn a_tenant_is_not_erased_while_it_is_connected_again() {
    let place = Place::new().await;
    let id = builders::tenant_id();
    let gone = place.of_tenant(id.clone(), TenantStatus::Disconnected, Expected::Version(1));
    assert_eq!(place.store.commit_tenant(gone).await.unwrap(), CommitOutcome::Committed);
    let back = place.of_tenant(id, TenantStatus::Connected, Expected::Version(2));
    let (keyring, operator) = (Arc::new(keyring()), place.operator());
    let wish = everybody(&place, ErasureSubject::Tenant);
    let first = move |db: &Database| tenant::commit(db, &keyring, &back).map(kept);
    let outcome = place.at_once(first, operator.erase(&wish)).await.unwrap();
    assert_eq!(outcome, ErasureOutcome::Connected);
}
