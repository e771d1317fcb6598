//! Queues of SQS.

use std::collections::BTreeMap;

use messaging::aws_address::Address;
use messaging_aws::SqsQueue;
use serde_json::json;
use testkit::aws;

use crate::support::{TENANT, bodies, claim, claim_of, client, client_at, later, rejected};

#[tokio::test]
async fn a_message_arrives_with_its_attributes_once_however_often_it_is_sent() {
    let queue = aws::fifo_queue("events").await;
    let sender = SqsQueue::at(client().await, Address::of_queue(&queue).unwrap());
    let message = claim("DE--1", "{\"amount\":9990}");
    for _ in 0..3 {
        sender.send(&message).await.unwrap();
    }
    let read = aws::drain(&queue).await;
    assert_eq!(bodies(&read), ["{\"amount\":9990}"]);
    let attributes = [("name", "PaymentCaptured"), ("tenantIdentifier", TENANT)];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    assert_eq!(read[0].attributes, attributes.into_iter().map(owned).collect());
    assert_eq!(read[0].system["MessageGroupId"], "tenant-1/DE--1");
    assert_eq!(read[0].system["MessageDeduplicationId"], message.message.id.0.to_string());
}

/// The shop reads an order's messages in turn, and those of other orders meanwhile.
#[tokio::test]
async fn orders_go_side_by_side_and_each_keeps_its_order() {
    let queue = aws::fifo_queue("events").await;
    let sender = SqsQueue::at(client().await, Address::of_queue(&queue).unwrap());
    for step in ["authorized", "captured", "refunded"] {
        for order in ["DE--1", "DE--2", "DE--3"] {
            sender.send(&claim(order, &format!("{order} {step}"))).await.unwrap();
        }
    }
    let first = aws::receive(&queue, 60).await;
    let mut held = aws::receive(&queue, 60).await;
    held.retain(|message| {
        first.iter().any(|other| other.system["MessageGroupId"] == message.system["MessageGroupId"])
    });
    assert_eq!(bodies(&held), [""; 0], "nothing of an order while some of it is being read");

    let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in first {
        let (order, step) = message.body.split_once(' ').unwrap();
        orders.entry(order.to_owned()).or_default().push(step.to_owned());
    }
    for steps in orders.values() {
        assert_eq!(steps[..], ["authorized", "captured", "refunded"][..steps.len()]);
    }
}

/// As the shop's own library reads it.
#[tokio::test]
async fn more_than_ten_attributes_travel_in_the_tenth() {
    let queue = aws::queue(&aws::name("events"), json!({})).await;
    let sender = SqsQueue::at(client().await, Address::of_queue(&queue).unwrap());
    let mut message = claim("DE--1", "{}");
    for number in 3..=13 {
        message.message.attributes.push((format!("more{number:02}"), number.to_string()));
    }
    sender.send(&message).await.unwrap();
    let read = aws::drain(&queue).await;
    assert_eq!(read[0].attributes.len(), 10);
    assert_eq!(read[0].attributes["more09"], "9");
    let rest = &read[0].attributes["X-Symfony-Messenger"];
    assert_eq!(rest, r#"{"more10":"10","more11":"11","more12":"12","more13":"13"}"#);
}

#[tokio::test]
async fn each_tenant_may_have_its_own_queue() {
    let (one, two) = (aws::name("events-one"), aws::name("events-two"));
    let queue = aws::queue(&one, json!({})).await;
    aws::queue(&two, json!({})).await;
    let template = queue.replace(&one, "{tenant}");
    let sender = SqsQueue::at(client().await, Address::of_queue(&template).unwrap());
    sender.send(&claim_of(&one, "DE--1", "of one")).await.unwrap();
    sender.send(&claim_of(&two, "DE--1", "of two")).await.unwrap();
    assert_eq!(bodies(&aws::drain(&queue).await), ["of one"]);
    let nobodys = claim_of("nobody", "DE--1", "{}");
    assert!(later(sender.as_ref(), &nobodys).await.contains("NonExistentQueue"));
    assert_ne!(sender.target(&nobodys), sender.target(&claim_of(&one, "DE--1", "{}")));
}

#[tokio::test]
async fn what_can_never_be_sent_is_told_from_what_can_be_mended() {
    let queue = aws::fifo_queue("events").await;
    let sender = SqsQueue::at(client().await, Address::of_queue(&queue).unwrap());
    let odd = rejected(sender.as_ref(), &claim("DE--1", "{\"x\":\"\u{FFFF}\"}")).await;
    assert_eq!(odd, "the body has the character U+FFFF, which messages at AWS cannot have");
    let long = claim("DE--1", &"x".repeat(1024 * 1024));
    assert!(rejected(sender.as_ref(), &long).await.contains("at most 1048576"));
    sender.send(&claim("DE--1", &"x".repeat(1000 * 1000))).await.unwrap();

    let gone = Address::of_queue(&queue.replace("events", "gone")).unwrap();
    let gone = SqsQueue::at(client().await, gone);
    let reason = later(gone.as_ref(), &claim("DE--1", "{}")).await;
    assert!(reason.starts_with("SQS answered") && reason.contains("NonExistentQueue"), "{reason}");
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let queue = Address::of_queue("http://127.0.0.1:9/123456789012/events.fifo").unwrap();
    let sender = SqsQueue::at(client_at("http://127.0.0.1:9").await, queue);
    let reason = later(sender.as_ref(), &claim("DE--1", "{}")).await;
    assert!(reason.starts_with("SQS did not answer: "), "{reason}");
    assert!(reason.contains("refused"), "{reason}");
}
