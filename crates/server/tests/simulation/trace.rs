//! What happened in a run, line by line, and a hash of it: two runs of one seed are the same run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::SimClock;

/// The lines of a run.
pub struct Trace {
    clock: Arc<SimClock>,
    print: bool,
    hasher: Mutex<DefaultHasher>,
}

impl Trace {
    /// A trace that is only hashed, or printed as well.
    pub fn new(clock: Arc<SimClock>, print: bool) -> Self {
        // Its keys are fixed: the same lines have the same hash in every process.
        Self { clock, print, hasher: Mutex::new(DefaultHasher::new()) }
    }

    /// Notes that `who` did `what`.
    pub fn note(&self, who: &str, what: impl AsRef<str>) {
        let ms = self.clock.elapsed().as_millis();
        let what = what.as_ref();
        if self.print {
            let (seconds, rest) = (ms / 1000, (ms % 1000).unsigned_abs());
            println!("{seconds:>8}.{rest:03}  {who:<12} {what}");
        }
        let mut hasher = self.hasher.lock().unwrap_or_else(PoisonError::into_inner);
        (ms, who, what).hash(&mut *hasher);
    }

    pub fn hash(&self) -> u64 {
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner).finish()
    }
}
