//! Messages to shops.

use app::link::LinkState;
use lapin::types::AMQPValue;
use messaging::{SendError, Sender};

use crate::support::{Broker, TENANT, message, number, wait_for, wait_until_up};

#[tokio::test]
async fn a_message_arrives_in_its_shops_queue_with_its_id_and_attributes() {
    let broker = Broker::new();
    broker.set_up(&[TENANT, "shop-2"]).await;
    let (publisher, _running) = broker.publisher();
    wait_until_up(&publisher).await;
    assert_eq!(publisher.send(&message(TENANT, "DE--1", 7)).await, Ok(()));

    let found = broker.drain(&broker.queue(TENANT)).await;
    let [delivery] = &found[..] else { panic!("{found:?}") };
    assert_eq!(delivery.data, br#"{"orderReference":"DE--1","number":7}"#);
    let properties = &delivery.properties;
    let id = properties.message_id().as_ref().unwrap();
    assert_eq!(id.as_str(), "00000000-0000-0000-0000-000000000007", "the same at every delivery");
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2), "it stays when RabbitMQ starts again");
    let headers = properties.headers().as_ref().unwrap().inner();
    let header = |name: &str| match headers.get(name) {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(header("name"), "PaymentCaptured");
    assert_eq!(header("tenantIdentifier"), TENANT);
    assert_eq!(broker.drain(&broker.queue("shop-2")).await, [], "and in no other shop's");
}

/// Of messages that are on their way together each has its own answer: one that no queue took is
/// never held to be delivered because another one was.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_queue_takes_is_told_of_each_message_by_itself() {
    const TOGETHER: u32 = 64;
    let broker = Broker::new();
    broker.set_up(&[TENANT]).await;
    let (publisher, _running) = broker.publisher();
    wait_until_up(&publisher).await;
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..TOGETHER {
        let publisher = publisher.clone();
        let tenant = if number % 2 == 0 { TENANT } else { "shop-without-a-queue" };
        let claim = message(tenant, &format!("DE--{number}"), number);
        sending.spawn(async move { (number, publisher.send(&claim).await) });
    }
    for (number, sent) in sending.join_all().await {
        match sent {
            Ok(()) => assert_eq!(number % 2, 0, "{number} went nowhere"),
            Err(SendError::Later(reason)) => {
                assert_eq!(number % 2, 1, "{number}: {reason}");
                let key = broker.queue("shop-without-a-queue");
                assert!(reason.contains(&format!("routing key {key:?}")), "{reason}");
                assert!(reason.contains("`paybridge broker setup`"), "{reason}");
            }
            Err(SendError::Rejected(reason)) => panic!("given up for good: {reason}"),
        }
    }
    let mut arrived: Vec<u32> =
        broker.drain(&broker.queue(TENANT)).await.iter().map(number).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, (0..TOGETHER).step_by(2).collect::<Vec<_>>());

    broker.set_up(&["shop-without-a-queue"]).await;
    let claim = message("shop-without-a-queue", "DE--1", 1);
    assert_eq!(publisher.send(&claim).await, Ok(()), "once there is a queue, it goes");
}

#[tokio::test]
async fn a_missing_exchange_is_named_and_found_once_it_is_there() {
    let broker = Broker::new();
    let (publisher, _running) = broker.publisher();
    let state = wait_for(&publisher.link(), |state| matches!(state, LinkState::Down { .. })).await;
    let LinkState::Down { reason, .. } = state else { panic!("{state:?}") };
    let exchange = &broker.names.exchange;
    assert!(reason.contains(&format!("no exchange '{exchange}'")), "{reason}");
    assert!(reason.contains("`paybridge broker setup`"), "{reason}");
    assert!(!publisher.is_ready(), "messages are left where they are");

    broker.set_up(&[TENANT]).await;
    wait_until_up(&publisher).await;
    assert!(publisher.is_ready());
    assert_eq!(publisher.send(&message(TENANT, "DE--1", 1)).await, Ok(()));
}

/// What answers there speaks no TLS: that is told, and nothing goes over the wire without it.
#[tokio::test]
async fn an_encrypted_connection_is_never_made_without_encryption() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut broker = Broker::new();
    broker.set_up(&[TENANT]).await;
    broker.address = broker.address.replace("amqp://", "amqps://");
    let (publisher, _running) = broker.publisher();
    let state = wait_for(&publisher.link(), |state| matches!(state, LinkState::Down { .. })).await;
    let LinkState::Down { reason, .. } = state else { panic!("{state:?}") };
    assert!(!reason.contains("guest"), "no password is told: {reason}");
}
