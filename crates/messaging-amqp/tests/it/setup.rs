//! Making what has to be there.

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use messaging_amqp::Names;
use messaging_amqp::topology::{State, Wanted, parts, set_up};

use crate::support::{Broker, TENANT};

fn states(told: &[(messaging_amqp::topology::Part, State)]) -> Vec<State> {
    told.iter().map(|(_, state)| state.clone()).collect()
}

#[tokio::test]
async fn it_is_made_once_and_a_dry_run_makes_nothing() {
    let broker = Broker::new();
    let look = async || set_up(&broker.server(), broker.parts(&[TENANT]), true).await.unwrap();
    let missing = look().await;
    let name = &broker.names.exchange;
    let told: Vec<String> = missing.iter().map(|(part, _)| part.to_string()).collect();
    assert_eq!(
        told,
        [
            format!("exchange {name}"),
            format!("exchange {name}.dead-letters"),
            format!("queue {name}.dead-letters"),
            format!("queue {name}.payment-commands"),
            format!("queue {name}.{TENANT}.payment-events"),
        ]
    );
    assert_eq!(states(&missing), vec![State::Missing; 5]);
    assert_eq!(states(&broker.set_up(&[TENANT]).await), vec![State::Made; 5]);
    assert_eq!(states(&look().await), vec![State::There; 5]);
    let again = broker.set_up(&[TENANT, "shop-2"]).await;
    assert_eq!(states(&again)[..5], vec![State::There; 5]);
    assert_eq!(states(&again)[5], State::Made, "a tenant that came later");
}

#[tokio::test]
async fn a_queue_that_somebody_made_differently_is_told_and_left() {
    let broker = Broker::new();
    let connection = broker.connection().await;
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let queue = broker.queue(TENANT);
    channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    let told = broker.set_up(&[TENANT, "shop-2"]).await;
    let State::Refused(reason) = &told[4].1 else { panic!("{:?}", told[4]) };
    assert!(reason.contains("inequivalent arg"), "{reason}");
    assert_eq!(told[5].1, State::Made, "and the others are made");
}

#[test]
fn a_tenant_whose_name_is_too_long_for_a_queue_is_told() {
    let names = Names {
        exchange: "paybridge".into(),
        queue: "paybridge.{tenant}.{channel}".into(),
        commands_queue: "paybridge.payment-commands".into(),
    };
    let wanted = Wanted {
        channels: vec![protocol::Channel::PaymentEvents],
        tenants: vec!["t".repeat(250)],
        ..Wanted::default()
    };
    let error = parts(&names, &wanted).unwrap_err().to_string();
    assert!(error.contains("longer than 255 bytes") && error.contains("`amqp_queue`"), "{error}");
}
