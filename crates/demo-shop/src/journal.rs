//! The live list: every call and message, with direction, time and body.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

/// So many entries are kept, then the oldest goes.
pub const KEPT_MAX: usize = 500;

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The shop said it to the app.
    Out,
    /// The app said it to the shop.
    In,
}

/// A call or a message.
#[derive(Clone, Debug)]
pub struct Note {
    /// When it was said.
    pub at: Timestamp,
    /// Who spoke.
    pub direction: Direction,
    /// A message's name, or a call's method and path.
    pub title: String,
    /// What matters of it, in one line.
    pub summary: String,
    /// Whether it was refused, lost, or not understood.
    pub failed: bool,
    /// The order it is about.
    pub order: Option<String>,
    /// What was sent or read, secrets masked.
    pub body: String,
    /// What was answered to a call, or what the shop did with a message; secrets masked.
    pub answer: String,
}

/// A note in the list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counts up from 1.
    pub number: u64,
    /// What was noted.
    pub note: Note,
}

/// The entries, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    /// Adds an entry.
    pub fn add(&mut self, note: Note) {
        self.last += 1;
        self.entries.push_front(Entry { number: self.last, note });
        self.entries.truncate(KEPT_MAX);
    }

    /// All that are kept, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// `14 ms`, `2.1 s`.
#[must_use]
pub fn duration(took: Duration) -> String {
    let millis = took.as_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    }
}
