//! RabbitMQ: whether it answers, and whether everything is there that the channels need.

use messaging_amqp::topology::{self, State};

use super::Finding;
use crate::brokers::{names, server, wanted};
use crate::config::{Amqp, Config};

const CHECK: &str = "rabbitmq";

/// Looks, and makes nothing.
pub(super) async fn check(config: &Config, amqp: &Amqp, tenants: Vec<String>) -> Finding {
    let next = "see that RabbitMQ runs where `amqp_url` says and lets this user in";
    let parts = match topology::parts(&names(amqp), &wanted(config, tenants)) {
        Ok(parts) => parts,
        Err(error) => return Finding::problem(CHECK, error.to_string(), next),
    };
    let server = match server(amqp) {
        Ok(server) => server,
        Err(error) => return Finding::problem(CHECK, format!("{error:#}"), next),
    };
    let told = match topology::set_up(&server, parts, true).await {
        Ok(told) => told,
        Err(reason) => return Finding::problem(CHECK, reason, next),
    };
    let all = told.len();
    let missing: Vec<String> = told
        .into_iter()
        .filter(|(_, state)| *state != State::There)
        .map(|(part, _)| part.to_string())
        .collect();
    match missing.first() {
        None => {
            Finding::ok(CHECK, format!("it answers, and all {all} exchanges and queues are there"))
        }
        Some(first) => {
            let text = format!(
                "{} of {all} exchanges and queues are missing, the first: {first}",
                missing.len()
            );
            Finding::problem(CHECK, text, "run `paybridge broker setup`")
        }
    }
}
