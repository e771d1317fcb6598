//! Time and randomness, passed in so that tests and simulations can decide them.

use jiff::Timestamp;
use uuid::Uuid;

/// The clock and the source of new ids.
pub trait Entropy: Send + Sync {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;

    /// A new UUID of version 7: unique, and sorted by the time it was made.
    fn new_id(&self) -> Uuid;

    /// A random UUID of version 4: nobody can guess it.
    fn new_secret(&self) -> Uuid;
}
