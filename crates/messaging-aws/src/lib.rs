//! Channels over Amazon SQS and SNS (contract, shop, section 2, sqs and sns).
//!
//! [`SqsQueue`] and [`SnsTopic`] send messages to shops; [`SqsCommands`] takes the shops' commands;
//! [`AwsClient::look`] says what is wrong with their queues and topics.
//! Credentials come from where AWS's own tools look for them: environment, profile, web identity,
//! container, instance.

mod answer;
mod attributes;
mod client;
mod dead_letters;
mod fit;
mod look;
mod sns;
mod source;
mod sqs;

pub use client::{AwsClient, AwsPlace};
pub use sns::SnsTopic;
pub use source::SqsCommands;
pub use sqs::SqsQueue;
