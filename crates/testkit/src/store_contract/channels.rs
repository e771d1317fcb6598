//! Message channels as a shop polls them: rule R21.

use std::sync::Arc;

use app::limits::{CHANNEL_HIDE, CHANNEL_PARK_READS};
use app::ports::{After, CommitOutcome, InboxOutcome, MessageId, NewMessage, Store, Unfinished};

use super::world::{EVENTS, World, ids};
use crate::builders::{command, message, tenant_id};

/// R21: 10 seconds, and never a later one of an order whose earlier one is hidden.
pub async fn a_read_message_is_hidden_with_all_later_ones_of_its_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let first = world.message("DE--1", "PaymentAuthorized");
    world.tell(std::slice::from_ref(&first)).await;
    assert_eq!(world.poll(100).await, [first.id]);
    assert!(world.poll(100).await.is_empty(), "hidden");

    let second = world.message("DE--1", "PaymentCaptured");
    let other = world.message("DE--2", "PaymentAuthorized");
    world.tell(&[second.clone(), other.clone()]).await;
    assert_eq!(world.poll(100).await, [other.id], "the second one waits for the first");
    world.advance(9);
    assert!(world.poll(100).await.is_empty());
    world.advance(1);
    assert_eq!(world.poll(100).await, [first.id, second.id, other.id], "back, in order");
}

/// A DELETE that is repeated, or names what was never there, does no harm.
pub async fn deleted_messages_are_gone_and_deleting_is_idempotent(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let messages =
        [world.message("DE--1", "PaymentAuthorized"), world.message("DE--1", "PaymentCaptured")];
    world.tell(&messages).await;
    world.poll(100).await;
    let unknown = MessageId(world.new_id());
    assert_eq!(world.delete(&[messages[0].id, unknown, messages[0].id]).await, 1);
    assert_eq!(world.delete(&[messages[0].id]).await, 0);
    world.advance(10);
    assert_eq!(world.poll(100).await, [messages[1].id]);
    let (tenant, now) = (tenant_id(), world.now());
    let elsewhere =
        world.store.delete_messages(&tenant, "app-events", &[messages[1].id], now).await.unwrap();
    assert_eq!(elsewhere, 0, "it is not on that channel");
    assert_eq!(world.delete(&[messages[1].id]).await, 1);
    world.advance(3_600);
    assert!(world.poll(100).await.is_empty());
}

/// Across commits and within one; each channel for itself; with its bytes.
pub async fn a_channel_keeps_the_order_of_telling(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let told: Vec<_> =
        (0..6).map(|n| world.message(&format!("DE--{}", n % 2), "PaymentUpdated")).collect();
    world.tell(&told[..4]).await;
    world.tell(&told[4..]).await;
    let elsewhere =
        NewMessage { channel: "app-events", ..message(&world.entropy, "AppConfigUpdated") };
    world.tell(std::slice::from_ref(&elsewhere)).await;
    let expected = ids(&told);
    assert_eq!(world.poll(4).await, expected[..4]);
    world.advance(10);
    assert_eq!(world.poll(100).await, expected);
    world.advance(10);
    let now = world.now();
    let read =
        world.store.read_channel(&tenant_id(), EVENTS, 1, now, now + CHANNEL_HIDE).await.unwrap();
    let attributes: Vec<_> =
        told[0].attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    assert_eq!((&read[0].attributes, &read[0].body), (&attributes, &told[0].body));
}

/// A limit of 0, an empty channel.
pub async fn a_read_of_nothing_hides_nothing(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    assert!(world.poll(100).await.is_empty());
    let first = world.message("DE--1", "PaymentAuthorized");
    world.tell(std::slice::from_ref(&first)).await;
    assert!(world.poll(0).await.is_empty());
    assert_eq!(world.poll(1).await, [first.id]);
}

/// Reads the channel so often, a minute apart.
async fn poll_times(world: &World, times: u32) -> Vec<Vec<MessageId>> {
    let mut answers = Vec::new();
    for _ in 0..times {
        answers.push(world.poll(100).await);
        world.advance(61);
    }
    answers
}

/// R21: ten times over ten minutes without a DELETE. Its order stands still, others go on.
pub async fn a_result_that_is_never_deleted_is_parked_and_blocks_its_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let result = world.message("DE--1", "PaymentCaptured");
    let later = world.message("DE--1", "PaymentRefunded");
    let other = world.message("DE--2", "PaymentCaptured");
    world.tell(&[result.clone(), later.clone()]).await;
    let both = vec![result.id, later.id];
    assert_eq!(poll_times(&world, CHANNEL_PARK_READS).await, vec![both; 10]);
    world.tell(std::slice::from_ref(&other)).await;
    assert_eq!(world.poll(100).await, [other.id]);
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!(backlog.outbox_parked, 1);
    let last = world.message("DE--1", "PaymentRefunded");
    world.tell(std::slice::from_ref(&last)).await;
    assert!(world.poll(100).await.is_empty(), "its order stands still");
    // Late, but then the order goes on.
    assert_eq!(world.delete(&[result.id, other.id]).await, 2);
    assert!(world.poll(100).await.is_empty(), "the later one was read as often, it is parked now");
    assert_eq!(world.delete(&[later.id]).await, 1);
    assert_eq!(world.poll(100).await, [last.id]);
}

/// R21: parked PaymentCreated and PaymentUpdated block nothing.
pub async fn news_that_is_never_deleted_is_parked_and_blocks_nothing(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let news = NewMessage { blocks: false, ..world.message("DE--1", "PaymentUpdated") };
    world.tell(std::slice::from_ref(&news)).await;
    assert_eq!(poll_times(&world, CHANNEL_PARK_READS).await, vec![vec![news.id]; 10]);
    let result = world.message("DE--1", "PaymentCaptured");
    world.tell(std::slice::from_ref(&result)).await;
    assert_eq!(world.poll(100).await, [result.id]);
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!(backlog.outbox_parked, 1);
}

/// A shop that polls every ten seconds during a short failure of its own loses nothing.
pub async fn a_message_that_is_read_often_but_not_long_is_not_parked(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let result = world.message("DE--1", "PaymentCaptured");
    world.tell(std::slice::from_ref(&result)).await;
    for read in 0..60 {
        assert_eq!(world.poll(100).await, [result.id], "read {read}");
        world.advance(10);
    }
    assert!(world.poll(100).await.is_empty(), "now ten minutes are over");
}

/// Contract: ReadyForMerchantAppOnboarding only after AppConfigUpdated, on another channel.
pub async fn a_message_shows_after_the_one_it_waits_for(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let config = NewMessage {
        channel: "app-events",
        order_key: "app".into(),
        ..message(&world.entropy, "AppConfigUpdated")
    };
    let ready = NewMessage {
        after: After::Message(config.id),
        ..world.message("merchants", "ReadyForMerchantAppOnboarding")
    };
    let next = world.message("merchants", "MerchantAppOnboardingStatusChanged");
    world.tell(&[config.clone(), ready.clone(), next.clone()]).await;
    assert!(world.poll(100).await.is_empty());
    let (tenant, now) = (tenant_id(), world.now());
    let read =
        world.store.read_channel(&tenant, "app-events", 9, now, now + CHANNEL_HIDE).await.unwrap();
    assert_eq!(read.len(), 1);
    assert!(world.poll(100).await.is_empty(), "read is not deleted");
    world.store.delete_messages(&tenant, "app-events", &[config.id], now).await.unwrap();
    assert_eq!(world.poll(100).await, [ready.id, next.id]);
}

/// R23: what says that the app is inactive is read when nothing else is left to be read or done.
pub async fn a_message_after_everything_waits_for_messages_and_work(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "capture")).await;
    let inactive = NewMessage {
        channel: "app-events",
        order_key: "app-config".into(),
        after: After::Everything,
        ..message(&world.entropy, "AppConfigUpdated")
    };
    world.tell(std::slice::from_ref(&inactive)).await;
    let (tenant, now) = (tenant_id(), world.now());
    let read = || world.store.read_channel(&tenant, "app-events", 9, now, now + CHANNEL_HIDE);
    assert!(read().await.unwrap().is_empty(), "the command is not done");

    let claim = world.claim().await.remove(0);
    let result = world.message("DE--1", "PaymentCaptureFailed");
    let mut commit = world.empty(tenant.clone());
    commit.inbox = Some(world.settlement(&claim, InboxOutcome::Done(String::new())));
    commit.messages = vec![result.clone()];
    assert_eq!(world.store.commit(commit).await.unwrap(), CommitOutcome::Committed);
    assert!(read().await.unwrap().is_empty(), "its result is not read");
    let unfinished = world.store.unfinished(&tenant).await.unwrap();
    assert_eq!(unfinished, Unfinished { messages: 1, ..Unfinished::default() });
    assert!(!unfinished.is_drained());

    world.delete(&[result.id]).await;
    assert!(world.store.unfinished(&tenant).await.unwrap().is_drained());
    assert_eq!(read().await.unwrap()[0].id, inactive.id);
}

/// The tenant came back before it was drained: what says so waits behind what says that it left.
pub async fn a_message_after_everything_waits_no_more_once_another_follows(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "capture")).await;
    let config = |after| NewMessage {
        channel: "app-events",
        order_key: "app-config".into(),
        after,
        ..message(&world.entropy, "AppConfigUpdated")
    };
    let (inactive, active) = (config(After::Everything), config(After::Nothing));
    world.tell(&[inactive.clone(), active.clone()]).await;
    let (tenant, now) = (tenant_id(), world.now());
    let read = world.store.read_channel(&tenant, "app-events", 9, now, now + CHANNEL_HIDE).await;
    let ids: Vec<_> = read.unwrap().iter().map(|message| message.id).collect();
    assert_eq!(ids, [inactive.id, active.id]);
}
