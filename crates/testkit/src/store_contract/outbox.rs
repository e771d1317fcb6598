//! Messages that are pushed: strictly in turn for each order.

use std::sync::Arc;

use app::limits::CHANNEL_PARK_READS;
use app::ports::{After, Lease, NewMessage, SendOutcome, Store};
use jiff::SignedDuration;

use super::world::{World, push_ids};
use crate::builders::message;

/// And in parallel across orders.
pub async fn pushed_messages_of_an_order_are_claimed_strictly_in_turn(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two, three) = (
        world.message("DE--1", "PaymentAuthorized"),
        world.message("DE--1", "PaymentCaptured"),
        world.message("DE--2", "PaymentAuthorized"),
    );
    world.tell(&[one.clone(), two.clone(), three.clone()]).await;
    let claims = world.claim_push().await;
    assert_eq!(push_ids(&claims), [one.id, three.id]);
    assert_eq!(claims[0].message.body, one.body);
    assert!(world.claim_push().await.is_empty(), "the first one is under way");
    world.pushed(&claims[0], SendOutcome::Delivered).await;
    let next = world.claim_push().await;
    assert_eq!(push_ids(&next), [two.id]);
    world.pushed(&next[0], SendOutcome::Delivered).await;
    world.pushed(&claims[1], SendOutcome::Delivered).await;
    world.advance(3_600);
    assert!(world.claim_push().await.is_empty(), "all are through");
}

/// The other side is down.
pub async fn a_failed_push_is_tried_again_later_and_holds_back_its_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) =
        (world.message("DE--1", "PaymentAuthorized"), world.message("DE--1", "PaymentCaptured"));
    world.tell(&[one.clone(), two.clone()]).await;
    let claim = world.claim_push().await.remove(0);
    let at = world.now() + SignedDuration::from_secs(30);
    world.pushed(&claim, SendOutcome::Later { at, reason: "503".into() }).await;
    world.advance(29);
    assert!(world.claim_push().await.is_empty());
    world.advance(1);
    let again = world.claim_push().await.remove(0);
    assert_eq!((again.message.id, again.tries, again.fence), (one.id, 1, 2));
    world.pushed(&again, SendOutcome::Delivered).await;
    assert_eq!(push_ids(&world.claim_push().await), [two.id]);
}

/// What it goes to rests after others have failed there.
pub async fn a_push_that_is_put_off_has_spent_no_try(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) =
        (world.message("DE--1", "PaymentAuthorized"), world.message("DE--1", "PaymentCaptured"));
    world.tell(&[one.clone(), two.clone()]).await;
    for _ in 0..3 {
        let claim = world.claim_push().await.remove(0);
        assert_eq!((claim.message.id, claim.tries), (one.id, 0));
        let at = world.now() + SignedDuration::from_secs(30);
        world.pushed(&claim, SendOutcome::PutOff { at, reason: "the shop rests".into() }).await;
        world.advance(29);
        assert!(world.claim_push().await.is_empty(), "it keeps its turn, and waits");
        world.advance(1);
    }
    let claim = world.claim_push().await.remove(0);
    world.pushed(&claim, SendOutcome::Delivered).await;
    assert_eq!(push_ids(&world.claim_push().await), [two.id]);
}

/// R22, as R21 for polled channels.
pub async fn a_parked_push_blocks_only_if_it_is_a_result(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let news = NewMessage { blocks: false, ..world.message("DE--1", "PaymentUpdated") };
    let (result, after) =
        (world.message("DE--1", "PaymentCaptured"), world.message("DE--1", "PaymentRefunded"));
    world.tell(&[news.clone(), result.clone(), after]).await;
    let claim = world.claim_push().await.remove(0);
    assert_eq!(claim.message.id, news.id);
    world.pushed(&claim, SendOutcome::Parked("400".into())).await;
    let claim = world.claim_push().await.remove(0);
    assert_eq!(claim.message.id, result.id, "parked news block nothing");
    world.pushed(&claim, SendOutcome::Parked("400".into())).await;
    world.advance(3_600);
    assert!(world.claim_push().await.is_empty(), "a parked result blocks its order");
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!(backlog.outbox_parked, 2);
}

/// A message of another order comes first.
pub async fn a_push_waits_for_the_message_it_comes_after(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let config =
        NewMessage { order_key: "app".into(), ..message(&world.entropy, "AppConfigUpdated") };
    let ready = NewMessage {
        after: After::Message(config.id),
        ..world.message("merchants", "ReadyForMerchantAppOnboarding")
    };
    world.tell(&[config.clone(), ready.clone()]).await;
    let claims = world.claim_push().await;
    assert_eq!(push_ids(&claims), [config.id]);
    world.pushed(&claims[0], SendOutcome::Delivered).await;
    assert_eq!(push_ids(&world.claim_push().await), [ready.id]);
}

/// The tenant came back before everything was pushed.
pub async fn a_push_after_everything_waits_no_more_once_another_follows(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let config = |after| NewMessage {
        order_key: "app-config".into(),
        after,
        ..message(&world.entropy, "AppConfigUpdated")
    };
    let (inactive, active) = (config(After::Everything), config(After::Nothing));
    let (one, two) =
        (world.message("DE--1", "PaymentAuthorized"), world.message("DE--1", "PaymentCaptured"));
    world.tell(&[one.clone(), two, inactive.clone()]).await;
    assert_eq!(push_ids(&world.claim_push().await), [one.id]);
    world.tell(&[active]).await;
    assert_eq!(push_ids(&world.claim_push().await), [inactive.id]);
}

/// The fence decides, as in the inbox.
pub async fn a_push_that_lost_its_lease_changes_nothing(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) =
        (world.message("DE--1", "PaymentAuthorized"), world.message("DE--1", "PaymentCaptured"));
    world.tell(&[one.clone(), two.clone()]).await;
    let slow = world.claim_push().await.remove(0);
    world.advance(60);
    let fast = world.claim_push().await.remove(0);
    assert_eq!(fast.message, slow.message);
    world.pushed(&slow, SendOutcome::Delivered).await;
    world.advance(60);
    let again = world.claim_push().await;
    assert_eq!(push_ids(&again), [one.id], "still not delivered");
    world.pushed(&again[0], SendOutcome::Delivered).await;
    world.pushed(&again[0], SendOutcome::Parked("late".into())).await;
    assert_eq!(push_ids(&world.claim_push().await), [two.id]);
}

/// Channels that are polled are left to the shop.
pub async fn only_the_asked_channels_are_claimed(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let pushed = world.message("DE--1", "PaymentAuthorized");
    let polled = NewMessage {
        channel: "app-events",
        order_key: "app".into(),
        ..message(&world.entropy, "AppConfigUpdated")
    };
    world.tell(&[pushed.clone(), polled.clone()]).await;
    assert!(world.claim_push_of(&[]).await.is_empty());
    assert_eq!(push_ids(&world.claim_push().await), [pushed.id]);
    let both = world.claim_push_of(&["payment-events", "app-events"]).await;
    assert_eq!(push_ids(&both), [polled.id]);
    assert_eq!(both[0].channel, "app-events");
}

/// An order may be told of on both kinds of channel.
pub async fn news_parked_on_a_polled_channel_lets_pushed_results_go(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let news = NewMessage { blocks: false, ..world.message("DE--1", "PaymentUpdated") };
    let result = NewMessage { channel: "pushed", ..world.message("DE--1", "PaymentCaptured") };
    world.tell(&[news.clone(), result.clone()]).await;
    for _ in 0..CHANNEL_PARK_READS {
        assert!(world.claim_push_of(&["pushed"]).await.is_empty(), "the news come first");
        assert_eq!(world.poll(100).await, [news.id]);
        world.advance(61);
    }
    assert!(world.poll(100).await.is_empty(), "parked");
    assert_eq!(push_ids(&world.claim_push_of(&["pushed"]).await), [result.id]);
}

/// Over all channels together.
pub async fn claimed_messages_are_limited(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    for order in ["DE--1", "DE--2", "DE--3"] {
        let elsewhere =
            NewMessage { channel: "elsewhere", ..world.message(order, "PaymentCaptured") };
        let elsewhere = NewMessage { order_key: format!("{order}-elsewhere"), ..elsewhere };
        world.tell(&[world.message(order, "PaymentAuthorized"), elsewhere]).await;
    }
    let channels = ["payment-events".to_owned(), "elsewhere".to_owned()];
    let four = Lease { limit: 4, ..world.lease("relay-1") };
    assert_eq!(world.store.claim_outbox(&four, &channels).await.unwrap().len(), 4);
    assert_eq!(world.store.claim_outbox(&four, &channels).await.unwrap().len(), 2);
}
