//! Topics of SNS, and the queues of shops that are subscribed to them.

use messaging::aws_address::Address;
use messaging_aws::SnsTopic;
use serde_json::json;
use testkit::aws;

use crate::support::{bodies, claim, claim_of, client, later, rejected};

/// As it was sent, with its attributes; and nobody else's.
#[tokio::test]
async fn a_shop_gets_its_own_messages_of_a_shared_topic() {
    let topic = aws::topic(&format!("{}.fifo", aws::name("events"))).await;
    let (one, two) = (aws::fifo_queue("one").await, aws::fifo_queue("two").await);
    aws::subscribe(&topic, &one, "tenant-1").await;
    aws::subscribe(&topic, &two, "tenant-2").await;
    let sender = SnsTopic::at(client().await, Address::of_topic(&topic).unwrap());
    for (tenant, body) in [("tenant-1", "first"), ("tenant-2", "other"), ("tenant-1", "second")] {
        let message = claim_of(tenant, "DE--1", body);
        sender.send(&message).await.unwrap();
        sender.send(&message).await.unwrap();
    }
    let read = aws::drain(&one).await;
    assert_eq!(bodies(&read), ["first", "second"], "in order, each once");
    assert_eq!(read[0].attributes["name"], "PaymentCaptured");
    assert_eq!(read[0].attributes["tenantIdentifier"], "tenant-1");
    assert_eq!(read[0].system["MessageGroupId"], "default");
    assert_eq!(bodies(&aws::drain(&two).await), ["other"]);
}

#[tokio::test]
async fn a_topic_without_an_order_is_a_topic_as_well() {
    let topic = aws::topic(&aws::name("events")).await;
    let queue = aws::queue(&aws::name("shop"), json!({})).await;
    aws::subscribe(&topic, &queue, "tenant-1").await;
    let sender = SnsTopic::at(client().await, Address::of_topic(&topic).unwrap());
    sender.send(&claim("DE--1", "{}")).await.unwrap();
    assert_eq!(bodies(&aws::drain(&queue).await), ["{}"]);
}

#[tokio::test]
async fn what_can_never_be_published_is_told_from_what_can_be_mended() {
    let topic = aws::topic(&aws::name("events")).await;
    let sender = SnsTopic::at(client().await, Address::of_topic(&topic).unwrap());
    let long = claim("DE--1", &"x".repeat(256 * 1024));
    assert!(rejected(sender.as_ref(), &long).await.contains("at most 262144"));

    let gone = Address::of_topic(&topic.replace("events", "gone")).unwrap();
    let gone = SnsTopic::at(client().await, gone);
    let reason = later(gone.as_ref(), &claim("DE--1", "{}")).await;
    assert!(reason.starts_with("SNS answered NotFound"), "{reason}");
}
