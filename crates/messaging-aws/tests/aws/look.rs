//! What is told of queues and topics before anything goes through them.

use messaging::aws_places::{Complaint, Place, Wrong};
use serde_json::json;
use testkit::aws;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{TENANT, client, client_at};

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:events.fifo";

async fn complaints(places: &[Place]) -> Vec<Complaint> {
    client().await.look(places.to_vec()).await.unwrap()
}

/// The only complaint of a place.
async fn complaint(place: Place) -> (Wrong, String) {
    let mut complaints = complaints(std::slice::from_ref(&place)).await;
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    let complaint = complaints.remove(0);
    assert_eq!(complaint.place, place);
    (complaint.wrong, complaint.reason.unwrap_or_default())
}

/// A queue of commands whose dead letters go to another one.
async fn commands_with_dead_letters(dead_letters: &str) -> String {
    let target = json!({
        "deadLetterTargetArn": aws::arn(dead_letters).await, "maxReceiveCount": 1000,
    });
    let attributes = json!({"FifoQueue": "true", "RedrivePolicy": target.to_string()});
    aws::queue(&format!("{}.fifo", aws::name("commands")), attributes).await
}

#[tokio::test]
async fn nothing_is_told_of_what_is_as_it_should_be() {
    let queue = aws::fifo_queue("events").await;
    let topic = aws::topic(&format!("{}.fifo", aws::name("methods"))).await;
    aws::subscribe(&topic, &queue, TENANT).await;
    let commands = commands_with_dead_letters(&aws::fifo_queue("dead-letters").await).await;
    let places = [Place::Queue(queue.clone()), Place::Topic(topic), Place::Commands(commands)];
    assert_eq!(complaints(&places).await, []);
    assert_eq!(aws::counts(&queue).await, (0, 0), "nothing was sent");
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_of_aws() {
    let queue = aws::fifo_queue("events").await.replace("events", "gone");
    for place in [Place::Queue(queue.clone()), Place::Commands(queue)] {
        let (wrong, reason) = complaint(place).await;
        assert_eq!(wrong, Wrong::Unusable);
        assert!(reason.starts_with("SQS answered") && reason.contains("NonExistent"), "{reason}");
    }
    let topic = aws::topic(&format!("{}.fifo", aws::name("events"))).await;
    let (wrong, reason) = complaint(Place::Topic(topic.replace("events", "gone"))).await;
    assert_eq!(wrong, Wrong::Unusable);
    assert!(reason.starts_with("SNS answered NotFound"), "{reason}");
}

#[tokio::test]
async fn commands_need_a_place_for_what_can_never_be_taken() {
    let without = aws::fifo_queue("commands").await;
    let told = complaint(Place::Commands(without.clone())).await;
    assert_eq!(told, (Wrong::NoDeadLetters, "the queue has no redrive policy".to_owned()));
    assert_eq!(complaints(&[Place::Queue(without)]).await, [], "messages need none");

    let dead_letters = aws::fifo_queue("dead-letters").await;
    let commands = commands_with_dead_letters(&dead_letters).await;
    aws::sqs("DeleteQueue", json!({"QueueUrl": dead_letters})).await;
    let (wrong, reason) = complaint(Place::Commands(commands)).await;
    assert_eq!(wrong, Wrong::NoDeadLetters);
    assert!(reason.starts_with("SQS answered") && reason.contains("NonExistent"), "{reason}");
}

#[tokio::test]
async fn what_is_published_where_nobody_subscribed_would_be_lost() {
    let topic = aws::topic(&format!("{}.fifo", aws::name("methods"))).await;
    assert_eq!(complaint(Place::Topic(topic)).await, (Wrong::NobodyListens, String::new()));
}

#[tokio::test]
async fn standard_queues_and_topics_keep_no_order() {
    let queue = aws::queue(&aws::name("events"), json!({})).await;
    let topic = aws::topic(&aws::name("methods")).await;
    aws::subscribe(&topic, &queue, TENANT).await;
    for place in [Place::Queue(queue), Place::Topic(topic)] {
        assert_eq!(complaint(place).await, (Wrong::KeepsNoOrder, String::new()));
    }
}

const DENIED_BY_SQS: &str = r#"{"__type": "com.amazonaws.sqs#AccessDeniedException",
    "message": "not authorized to perform: sqs:getqueueattributes"}"#;
const DENIED_BY_SNS: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>
    <Message>not authorized to perform: SNS:ListSubscriptionsByTopic</Message></Error></ErrorResponse>";
const NOBODY_AGREED: &str = "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult>
    <Subscriptions><member><SubscriptionArn>PendingConfirmation</SubscriptionArn></member></Subscriptions>
    </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>";

/// A service that answers each call like this. Returns its address.
async fn answering(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            // Whatever is asked; the rest of it until whoever asks has the answer.
            stream.read_exact(&mut [0]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.unwrap();
        }
    });
    address
}

async fn wrong_at(address: &str, places: Vec<Place>) -> Vec<(Wrong, String)> {
    let complaints = client_at(address).await.look(places).await.unwrap();
    let told = complaints.into_iter();
    told.map(|complaint| (complaint.wrong, complaint.reason.unwrap_or_default())).collect()
}

/// What only sends needs no right to look; whoever takes commands needs it for the dead letters.
#[tokio::test]
async fn what_may_not_be_looked_at_may_work_all_the_same() {
    let address = answering("403 Forbidden", DENIED_BY_SQS).await;
    let queue = format!("{address}/123456789012/events.fifo");
    let told = wrong_at(&address, vec![Place::Queue(queue.clone()), Place::Commands(queue)]).await;
    let [(Wrong::Hidden, one), (Wrong::NoDeadLetters, two)] = &told[..] else { panic!("{told:?}") };
    assert!(one.contains("sqs:getqueueattributes") && one == two, "{told:?}");

    let address = answering("403 Forbidden", DENIED_BY_SNS).await;
    let told = wrong_at(&address, vec![Place::Topic(TOPIC.to_owned())]).await;
    let [(Wrong::Hidden, reason)] = &told[..] else { panic!("{told:?}") };
    assert!(reason.contains("SNS:ListSubscriptionsByTopic"), "{reason}");
}

/// The owner of a queue in another account has to agree.
#[tokio::test]
async fn a_subscription_that_nobody_agreed_to_brings_nothing() {
    let address = answering("200 OK", NOBODY_AGREED).await;
    let told = wrong_at(&address, vec![Place::Topic(TOPIC.to_owned())]).await;
    assert_eq!(told, [(Wrong::NobodyListens, String::new())]);
}

#[tokio::test]
async fn nobody_there_is_told_once() {
    let queue = |name: &str| Place::Queue(format!("http://127.0.0.1:9/123456789012/{name}.fifo"));
    let told = client_at("http://127.0.0.1:9").await.look(vec![queue("one"), queue("two")]).await;
    let reason = told.unwrap_err();
    assert!(reason.starts_with("SQS did not answer: ") && reason.contains("refused"), "{reason}");
}
