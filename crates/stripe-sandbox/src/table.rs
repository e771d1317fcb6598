//! Rows in the order they were made.

use std::collections::BTreeMap;

/// A table of one kind of object: by id, and newest first for lists.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, T>,
    positions: BTreeMap<String, u64>,
    made: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), positions: BTreeMap::new(), made: 0 }
    }
}

impl<T> Table<T> {
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.positions.get(id)?)
    }

    /// Adds a row, or replaces the one of this id in its place.
    pub(crate) fn put(&mut self, id: &str, row: T) {
        let position = match self.positions.get(id) {
            Some(position) => *position,
            None => {
                self.made += 1;
                self.positions.insert(id.to_owned(), self.made);
                self.made
            }
        };
        self.rows.insert(position, row);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let position = self.positions.remove(id)?;
        self.rows.remove(&position)
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.rows.values().rev()
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
