//! SQS and SNS: whether the program can use them, and whether queues and topics are as the channels need
//! them.

use std::collections::BTreeMap;

use messaging::aws_places::{Complaint, Wrong};

use super::{Finding, Level};
use crate::brokers::aws::{Aws, places};
use crate::config::Config;

const CHECK: &str = "sqs and sns";
/// Where what is needed is described.
const GUIDE: &str = "docs/guide/aws.md";

/// Looks, and changes nothing.
pub(super) async fn check(config: &Config, tenants: &[String]) -> Vec<Finding> {
    let aws = match Aws::of(config).await {
        Ok(None) => return Vec::new(),
        Ok(Some(aws)) => aws,
        Err(error) => {
            let next = format!("{GUIDE} has the command for the program, and for the image");
            return vec![Finding::problem(CHECK, error.to_string(), next)];
        }
    };
    let (places, mut complaints) = places(config, tenants);
    let all = places.len() + complaints.len();
    match aws.look(places.into_iter().collect()).await {
        Ok(found) => complaints.extend(found),
        Err(reason) => {
            let next = format!(
                "see that this process has credentials and a region, and reaches AWS: {GUIDE}"
            );
            return vec![Finding::problem(CHECK, reason, next)];
        }
    }
    if complaints.is_empty() {
        let text = format!("they answer, and all {all} queues and topics are there");
        return vec![Finding::ok(CHECK, text)];
    }
    let mut of_kind: BTreeMap<Wrong, Vec<Complaint>> = BTreeMap::new();
    for complaint in complaints {
        of_kind.entry(complaint.wrong).or_default().push(complaint);
    }
    of_kind.into_iter().map(|(wrong, complaints)| finding(wrong, &complaints, all)).collect()
}

/// One for all places that the same is wrong with: of tenants with queues of their own there are many.
fn finding(wrong: Wrong, complaints: &[Complaint], all: usize) -> Finding {
    let (level, what, next) = match wrong {
        Wrong::Unusable => (
            Level::Problem,
            "cannot be used",
            "make them, or compare their addresses and the region with what AWS says",
        ),
        Wrong::NobodyListens => (
            Level::Problem,
            "are topics without a subscription, so that what is published there is lost",
            "subscribe the shops' queues",
        ),
        Wrong::NoDeadLetters => (
            Level::Problem,
            "have no dead letter queue for commands that can never be taken",
            "give the queue of commands a redrive policy, and this process the rights for both",
        ),
        Wrong::Hidden => (
            Level::Warning,
            "may not be looked at, and may work all the same",
            "let this process `sqs:GetQueueAttributes` and `sns:ListSubscriptionsByTopic`",
        ),
        Wrong::KeepsNoOrder => (
            Level::Warning,
            "are standard ones, where messages of an order overtake each other now and then",
            "use FIFO queues and topics, whose names end with `.fifo`",
        ),
    };
    let first = complaints.first().map_or_else(String::new, |first| {
        let reason = first.reason.as_ref().map(|reason| format!(": {reason}"));
        format!("{}{}", first.place.address(), reason.unwrap_or_default())
    });
    let text = format!("{} of {all} {what}, the first: {first}", complaints.len());
    Finding { level, ..Finding::problem(CHECK, text, format!("{next}: {GUIDE}")) }
}
