//! Payments: what is written comes back, and of two writers one wins.

use std::sync::Arc;

use app::ports::{CommitOutcome, Expected, Store};
use payment::{
    Attempt, AttemptId, AttemptState, Capture, CaptureOrigin, CaptureState, Mode, OrderReference,
    PspChargeId, PspReference, PspRefundId, Purpose, Refund, RefundId, RefundState, Status,
};

use super::random::{self, Dice};
use super::world::{World, is_corrupt, with};
use crate::builders::{account_named, call, eur, items, order, payment_of, tenant_id};

/// So many payments are thrown.
const RANDOM_PAYMENTS: u64 = 100;

/// Two attempts, a capture of each origin, a refund in each state, an open call.
pub async fn a_payment_comes_back_with_everything_in_it(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let refund = RefundId::new(world.new_id());
    let capture = call(&world.entropy, Purpose::Create).id;
    let payment = with(&world.new_payment("DE--1"), |record| {
        let old = &mut record.attempts[0];
        old.reference = Some(PspReference::new("pi_old"));
        old.state = AttemptState::Closed;
        record.attempts.push(Attempt {
            id: AttemptId::new(world.new_id()),
            reference: Some(PspReference::new("pi_current")),
            charge: Some(PspChargeId::new("ch_current")),
            state: AttemptState::Open,
            multicapture: Some(true),
            ended_because: Some("the authorization expired".into()),
        });
        record.status = Status::PartiallyCaptured;
        record.authorized = eur(18_979);
        record.capturable = eur(8_490);
        record.captured = eur(10_489);
        record.received = eur(20_000);
        record.canceled_items = items(&[1002]);
        record.captures = vec![
            Capture {
                origin: CaptureOrigin::Call(capture),
                items: items(&[1001]),
                amount: eur(9_999),
                state: CaptureState::Succeeded,
            },
            Capture {
                origin: CaptureOrigin::Psp,
                items: items(&[]),
                amount: eur(490),
                state: CaptureState::Succeeded,
            },
        ];
        record.refunds = RefundState::ALL
            .into_iter()
            .map(|state| Refund {
                id: RefundId::new(world.new_id()),
                reference: Some(PspRefundId::new(format!("re_{}", state.name()))),
                items: items(&[1001]),
                amount: eur(100),
                state,
                succeeded_at: Some(world.now()),
            })
            .collect();
        record.method = Some("card visa 4242".into());
        let purpose = Purpose::Refund { refund, items: items(&[1001]), amount: eur(100) };
        record.open_call = Some(call(&world.entropy, purpose));
    });
    world.add(&payment).await;
    let stored = world.read(&payment).await;
    assert_eq!(stored.value, payment);
    assert_eq!(stored.version, 1);
}

/// Whatever a payment looks like, and whatever it looked like before.
pub async fn any_payment_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    for seed in 0..RANDOM_PAYMENTS {
        let mut dice = Dice::new(seed);
        let order = format!("DE--{seed}");
        let first = random::payment(&mut dice, &world.entropy, &order);
        world.add(&first).await;
        assert_eq!(world.read(&first).await.value, first, "seed {seed}");
        // The next write brings another attempt, and with it lists of its own; what
        // merchants got stays.
        let thrown = random::payment(&mut dice, &world.entropy, &order);
        let second = with(&thrown, |record| {
            record.id = first.id;
            record.open_call.clone_from(&first.open_call);
            record.attempts = [first.attempts.clone(), record.attempts.clone()].concat();
            record.transfers = [first.transfers.clone(), record.transfers.clone()].concat();
        });
        assert_eq!(world.write(&second, Expected::Version(1)).await, CommitOutcome::Committed);
        let stored = world.read(&second).await;
        assert_eq!((stored.value, stored.version), (second, 2), "seed {seed}");
    }
}

/// What an old attempt captured and gave back is not the new one's.
pub async fn a_new_attempt_starts_without_captures_and_refunds(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut dice = Dice::new(7);
    let first = with(&random::payment(&mut dice, &world.entropy, "DE--1"), |record| {
        record.attempts.truncate(1);
        record.attempts[0].reference = Some(PspReference::new("pi_first"));
        record.captures = vec![Capture {
            origin: CaptureOrigin::Psp,
            items: items(&[1001]),
            amount: eur(1),
            state: CaptureState::Succeeded,
        }];
        record.open_call = None;
    });
    world.add(&first).await;
    let again = with(&first, |record| {
        record.attempts.push(Attempt::new(AttemptId::new(world.new_id())));
        record.captures.clear();
        record.refunds.clear();
    });
    assert_eq!(world.write(&again, Expected::Version(1)).await, CommitOutcome::Committed);
    assert_eq!(world.read(&again).await.value, again);
}

/// R1 and R2: all of an order, the newest of an order, an intent of any attempt.
pub async fn a_payment_is_found_by_order_and_by_any_attempt(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let first = with(&world.new_payment("DE--1"), |record| {
        record.attempts[0].reference = Some(PspReference::new("pi_old"));
        let mut current = Attempt::new(AttemptId::new(world.new_id()));
        current.reference = Some(PspReference::new("pi_current"));
        record.attempts.push(current);
    });
    world.add(&first).await;
    world.advance(60);
    let live = account_named("acct_live", Mode::Live);
    let second = with(&world.new_payment("DE--1"), |record| record.account = live.clone());
    world.add(&second).await;

    let (store, tenant) = (&world.store, tenant_id());
    let all = store.payments_of_order(&tenant, &order()).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|stored| (stored.value, stored.version)).collect();
    assert_eq!(all, [(second.clone(), 1), (first.clone(), 1)], "the newest first");
    let latest = store.latest_payment_of_order(&tenant, &order()).await.unwrap().unwrap();
    assert_eq!(latest.value, second);
    for reference in ["pi_old", "pi_current"] {
        let reference = PspReference::new(reference);
        let found = store.payment_by_reference(&tenant, &reference).await.unwrap().unwrap();
        assert_eq!(found.value, first);
    }
    let unknown = OrderReference::new("DE--2");
    assert_eq!(store.payments_of_order(&tenant, &unknown).await.unwrap(), []);
    assert_eq!(store.latest_payment_of_order(&tenant, &unknown).await.unwrap(), None);
    let unknown = PspReference::new("pi_unknown");
    assert_eq!(store.payment_by_reference(&tenant, &unknown).await.unwrap(), None);
}

/// A worker that read before another wrote reads again.
pub async fn a_write_that_expects_an_old_version_is_a_conflict(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    let absent = world.write(&payment, Expected::Version(1)).await;
    assert_eq!(absent, CommitOutcome::Conflict, "nothing is there yet");
    world.add(&payment).await;
    let captured = with(&payment, |record| record.status = Status::Captured);
    assert_eq!(world.write(&captured, Expected::Version(1)).await, CommitOutcome::Committed);
    let late = with(&payment, |record| record.status = Status::Canceled);
    assert_eq!(world.write(&late, Expected::Version(1)).await, CommitOutcome::Conflict);
    let stored = world.read(&payment).await;
    assert_eq!((stored.value, stored.version), (captured, 2));
}

/// R1: unique by tenant, account, mode and order.
pub async fn an_order_has_one_payment_at_an_account_in_a_mode(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let first = world.new_payment("DE--1");
    world.add(&first).await;
    let second = world.new_payment("DE--1");
    assert_eq!(world.write(&second, Expected::Absent).await, CommitOutcome::Conflict);
    assert_eq!(world.write(&first, Expected::Absent).await, CommitOutcome::Conflict);
    let live = with(&second, |record| record.account.mode = Mode::Live);
    assert_eq!(world.write(&live, Expected::Absent).await, CommitOutcome::Committed);
}

/// Two initialize calls, or two webhooks, of one payment at once.
pub async fn of_two_commits_at_once_one_wins(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) = (world.new_payment("DE--1"), world.new_payment("DE--1"));
    let (one, two) =
        tokio::join!(world.write(&one, Expected::Absent), world.write(&two, Expected::Absent));
    let mut outcomes = [one, two];
    outcomes.sort_by_key(|outcome| *outcome != CommitOutcome::Committed);
    assert_eq!(outcomes, [CommitOutcome::Committed, CommitOutcome::Conflict]);

    let stored =
        world.store.latest_payment_of_order(&tenant_id(), &order()).await.unwrap().unwrap().value;
    let (canceled, captured) = (
        with(&stored, |record| record.status = Status::Canceled),
        with(&stored, |record| record.status = Status::Captured),
    );
    let (one, two) = tokio::join!(
        world.write(&canceled, Expected::Version(1)),
        world.write(&captured, Expected::Version(1))
    );
    let winner = if one == CommitOutcome::Committed { &canceled } else { &captured };
    let mut outcomes = [one, two];
    outcomes.sort_by_key(|outcome| *outcome != CommitOutcome::Committed);
    assert_eq!(outcomes, [CommitOutcome::Committed, CommitOutcome::Conflict]);
    assert_eq!(&world.read(&stored).await.value, winner);
}

/// All or nothing: neither history nor messages of a conflict are written.
pub async fn a_commit_that_fails_writes_nothing(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    world.add(&payment).await;
    let mut late = world.change(&payment, Expected::Version(99));
    late.payment.as_mut().unwrap().history = vec![world.history("late")];
    late.messages = vec![world.message("DE--1", "PaymentCaptured")];
    assert_eq!(world.store.commit(late).await.unwrap(), CommitOutcome::Conflict);
    assert!(world.store.history(&payment.tenant, payment.id).await.unwrap().is_empty());
    assert!(world.poll(100).await.is_empty());
}

/// Oldest first, whatever their times say.
pub async fn history_comes_back_in_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    let mut first = world.change(&payment, Expected::Absent);
    let mut entries = vec![world.history("one"), world.history("two")];
    first.payment.as_mut().unwrap().history.clone_from(&entries);
    world.store.commit(first).await.unwrap();
    world.advance(-60);
    let mut second = world.change(&payment, Expected::Version(1));
    entries.push(world.history("three"));
    second.payment.as_mut().unwrap().history = vec![world.history("three")];
    world.store.commit(second).await.unwrap();
    let stored = world.store.history(&payment.tenant, payment.id).await.unwrap();
    assert_eq!(stored, entries);
}

/// Contract, "Configure and disconnect": these keep a tenant from disconnecting.
pub async fn payments_that_keep_a_tenant_connected_are_counted(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut open = 0;
    for (index, status) in Status::ALL.into_iter().enumerate() {
        let order = OrderReference::new(format!("DE--{index}"));
        let new = payment_of(&world.entropy, tenant_id(), order);
        let payment = with(&new, |record| {
            record.status = status;
            record.captured = record.checkout.total;
        });
        world.add(&payment).await;
        let settled =
            matches!(status, Status::Captured | Status::AuthorizationFailed | Status::Canceled);
        open += u64::from(!settled);
        assert_eq!(world.store.unfinished(&tenant_id()).await.unwrap().payments, open, "{status}");
    }
    let underpaid = with(&world.new_payment("DE--99"), |record| {
        record.status = Status::Captured;
        record.captured = eur(100);
        record.captures = vec![Capture {
            origin: CaptureOrigin::Psp,
            items: items(&[]),
            amount: eur(100),
            state: CaptureState::Succeeded,
        }];
    });
    world.add(&underpaid).await;
    assert_eq!(world.store.unfinished(&tenant_id()).await.unwrap().payments, open + 1);
    let paid = with(&underpaid, |record| record.status = Status::Canceled);
    world.write(&paid, Expected::Version(1)).await;
    assert_eq!(world.store.unfinished(&tenant_id()).await.unwrap().payments, open);
}

/// A reference names one attempt of a tenant: a second payment that claims it is a mistake.
pub async fn two_payments_cannot_share_a_reference(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let paid = |order: &str| {
        with(&world.new_payment(order), |record| {
            record.attempts[0].reference = Some(PspReference::new("pi_same"));
        })
    };
    let (first, second) = (paid("DE--1"), paid("DE--2"));
    world.add(&first).await;
    let refused = world.store.commit(world.change(&second, Expected::Absent)).await;
    assert!(is_corrupt(&refused), "{refused:?}");
    assert_eq!(world.store.payment(&second.tenant, second.id).await.unwrap(), None);
}
