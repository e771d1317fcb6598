//! What has to be there at AWS for the channels, and what may be wrong with it. Who looks is in the crate
//! `messaging-aws`; what was found is told also by a program without it.

use crate::aws_address::FIFO;

/// A queue or topic that a channel goes through, by its own address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Messages are sent to this queue, by its URL.
    Queue(String),
    /// Messages are published on this topic, by its ARN.
    Topic(String),
    /// Commands are taken from this queue, by its URL.
    Commands(String),
}

impl Place {
    /// Its URL or ARN.
    pub fn address(&self) -> &str {
        match self {
            Self::Queue(address) | Self::Topic(address) | Self::Commands(address) => address,
        }
    }

    /// Whether what goes through it keeps its order.
    pub fn keeps_order(&self) -> bool {
        self.address().ends_with(FIFO)
    }
}

/// What is wrong with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// It is not there, or these keys do not open it.
    Unusable,
    /// A topic that nobody subscribed to drops what is published.
    NobodyListens,
    /// A command that can never be taken has nowhere to go, and holds up those behind it.
    NoDeadLetters,
    /// Looking needs a right that using does not: it may well work.
    Hidden,
    /// It is a standard one: messages of an order may overtake each other.
    KeepsNoOrder,
}

/// One thing that is wrong with one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where.
    pub place: Place,
    /// What.
    pub wrong: Wrong,
    /// In AWS's own words, where it said something.
    pub reason: Option<String>,
}
