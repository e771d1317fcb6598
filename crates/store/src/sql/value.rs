//! Reading and writing single values.

use app::ports::StoreError;
use jiff::Timestamp;

use crate::error::corrupt;

/// A time from its column.
pub(super) fn time(table: &'static str, micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| corrupt(table, error))
}

/// A word from its column, for the enums that have a `from_name`.
pub(super) fn word<T>(
    table: &'static str,
    name: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    from_name(name).ok_or_else(|| corrupt(table, format!("unknown word {name:?}")))
}

/// An id from its column, for the ids that have a `parse`.
pub(super) fn id<T>(
    table: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, uuid::Error>,
) -> Result<T, StoreError> {
    parse(text).map_err(|error| corrupt(table, format!("{text:?} is no id: {error}")))
}

/// A count from its column.
pub(super) fn count<T: TryFrom<i64>>(table: &'static str, number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| corrupt(table, format!("{number} is no count")))
}

/// A position in a list, for its column.
pub(super) fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
