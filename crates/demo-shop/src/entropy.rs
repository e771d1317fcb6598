//! Time and ids, which are handed in so that tests decide them.

use jiff::Timestamp;
use uuid::Uuid;

/// Where time and ids come from.
pub trait Entropy: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// A new id, never returned twice and not to be guessed.
    fn new_id(&self) -> Uuid;
}
