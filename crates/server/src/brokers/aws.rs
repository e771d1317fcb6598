//! Channels over SQS and SNS, in a program that was built with them.

use std::collections::BTreeSet;

use messaging::SendError;
use messaging::aws_address::Address;
use messaging::aws_places::{Complaint, Place, Wrong};
use payment::TenantId;

use crate::config::{CommandSource, Config, Transport};

/// Whether this program was built with them.
pub const IS_BUILT_IN: bool = cfg!(feature = "aws");

/// What the channels go through for these tenants, and what is wrong with that before AWS is asked.
pub fn places(config: &Config, tenants: &[String]) -> (BTreeSet<Place>, Vec<Complaint>) {
    let (mut places, mut complaints) = (BTreeSet::new(), Vec::new());
    if let CommandSource::Sqs { queue } = &config.commands.source {
        places.insert(Place::Commands(queue.as_str().to_owned()));
    }
    for transport in config.channels.values() {
        let (address, place): (&Address, fn(String) -> Place) = match transport {
            Transport::Sqs { queue } => (queue, Place::Queue),
            Transport::Sns { topic } => (topic, Place::Topic),
            Transport::HttpChannel | Transport::Http { .. } | Transport::Amqp => continue,
        };
        if !address.is_per_tenant() {
            places.insert(place(address.as_str().to_owned()));
            continue;
        }
        for tenant in tenants {
            match address.of_tenant(&TenantId::new(tenant.as_str())) {
                Ok(address) => {
                    places.insert(place(address));
                }
                Err(SendError::Later(reason) | SendError::Rejected(reason)) => {
                    let place = place(address.as_str().to_owned());
                    let reason = Some(format!("{tenant}: {reason}"));
                    complaints.push(Complaint { place, wrong: Wrong::Unusable, reason });
                }
            }
        }
    }
    (places, complaints)
}

/// Whether a channel goes there.
pub fn is_used(config: &Config) -> bool {
    let is_sent = config.channels.values().any(|transport| match transport {
        Transport::Sqs { .. } | Transport::Sns { .. } => true,
        Transport::HttpChannel | Transport::Http { .. } | Transport::Amqp => false,
    });
    let is_taken = match config.commands.source {
        CommandSource::Sqs { .. } => true,
        CommandSource::HttpChannel | CommandSource::Amqp => false,
    };
    is_sent || is_taken
}

#[cfg(feature = "aws")]
mod built_in {
    use std::sync::Arc;

    use app::link::Link;
    use messaging::aws_address::Address;
    use messaging::aws_places::{Complaint, Place};
    use messaging::{Sender, Source};
    use messaging_aws::{AwsClient, AwsPlace, SnsTopic, SqsCommands, SqsQueue};

    use crate::config::Config;

    /// What is done when commands cannot be read.
    const NEXT: &str = "compare `queue_url`, the region and the rights of this process with what \
                        `reason` says";

    /// Connections to AWS.
    pub struct Aws(AwsClient);

    impl Aws {
        /// Connections, if a channel needs them.
        ///
        /// # Errors
        /// None in this program.
        pub async fn of(config: &Config) -> anyhow::Result<Option<Self>> {
            if !super::is_used(config) {
                return Ok(None);
            }
            let place = AwsPlace {
                region: config.aws.region.clone(),
                endpoint: config.aws.endpoint.clone(),
            };
            Ok(Some(Self(AwsClient::new(&place).await)))
        }

        pub(in crate::brokers) fn queue(&self, address: &Address) -> Arc<dyn Sender> {
            SqsQueue::at(self.0.clone(), address.clone())
        }

        pub(in crate::brokers) fn topic(&self, address: &Address) -> Arc<dyn Sender> {
            SnsTopic::at(self.0.clone(), address.clone())
        }

        pub(in crate::brokers) fn commands(&self, queue: &Address) -> (Arc<dyn Source>, Arc<Link>) {
            let link = Arc::new(Link::new("sqs", NEXT));
            (Arc::new(SqsCommands::from(self.0.clone(), queue, link.clone())), link)
        }

        /// Says what is wrong with these places.
        ///
        /// # Errors
        /// Nobody can be asked.
        pub async fn look(&self, places: Vec<Place>) -> Result<Vec<Complaint>, String> {
            self.0.look(places).await
        }
    }
}

#[cfg(not(feature = "aws"))]
mod built_in {
    use std::sync::Arc;

    use app::link::Link;
    use messaging::aws_address::Address;
    use messaging::aws_places::{Complaint, Place};
    use messaging::{Sender, Source};

    use crate::config::Config;

    /// What is told of a channel that needs it.
    const NOT_BUILT_IN: &str = "a channel's transport is \"sqs\" or \"sns\", and this program was built without: \
                                build it with `cargo build --release --features aws`";

    /// There is none in this program.
    pub enum Aws {}

    impl Aws {
        /// None, and none is needed.
        ///
        /// # Errors
        /// A channel needs it.
        #[expect(clippy::unused_async, reason = "the other one looks for credentials")]
        pub async fn of(config: &Config) -> anyhow::Result<Option<Self>> {
            anyhow::ensure!(!super::is_used(config), NOT_BUILT_IN);
            Ok(None)
        }

        pub(in crate::brokers) fn queue(&self, _: &Address) -> Arc<dyn Sender> {
            match *self {}
        }

        pub(in crate::brokers) fn topic(&self, _: &Address) -> Arc<dyn Sender> {
            match *self {}
        }

        pub(in crate::brokers) fn commands(&self, _: &Address) -> (Arc<dyn Source>, Arc<Link>) {
            match *self {}
        }

        /// There is nobody to ask in this program.
        ///
        /// # Errors
        /// None in this program.
        #[expect(clippy::unused_async, reason = "the other one asks AWS")]
        pub async fn look(&self, _: Vec<Place>) -> Result<Vec<Complaint>, String> {
            match *self {}
        }
    }
}

pub use built_in::Aws;
