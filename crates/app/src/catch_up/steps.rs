//! In which steps a long list is walked from its oldest end, when it can be read from its newest
//! end alone: all of it at once, and where that is too much, the older half of its time first.

use jiff::{SignedDuration, Timestamp};

/// The PSP counts in seconds; nothing shorter can be asked for.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// Where a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// Everything before is done.
    pub from: Timestamp,
    /// How much is tried at once; all that is left where there is none.
    step: Option<SignedDuration>,
    /// The newest that was seen.
    top: Option<Timestamp>,
}

impl Steps {
    pub fn new(from: Timestamp) -> Self {
        Self { from, step: None, top: None }
    }

    /// What is tried next ends before this; none where it has no end.
    pub fn until(&self) -> Option<Timestamp> {
        self.step.map(|step| whole_second(self.from + step.max(SHORTEST)))
    }

    /// Everything before this is done. The next step may be longer.
    pub fn reached(&mut self, until: Timestamp) {
        self.from = until;
        let step = self.step.map(|step| step * 2);
        self.step = step.filter(|step| self.top.is_some_and(|top| self.from + *step <= top));
    }

    /// It was too much: half of it is tried next. False where no less can be asked for.
    pub fn halve(&mut self, newest: Option<Timestamp>) -> bool {
        self.top = self.top.max(newest);
        let end = self.until().or(self.top).unwrap_or(self.from);
        let whole = end.duration_since(self.from);
        self.step = Some(whole / 2);
        whole > SHORTEST
    }
}

/// A cursor between two seconds would skip the rest of one.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks a list of seconds in which so much can be read at once. Returns what was done in turn,
    /// and how many reads it took; none where it cannot be done.
    fn walk(list: &[i64], at_once: usize) -> Option<(Vec<i64>, usize)> {
        let second = |at: i64| Timestamp::from_second(at).unwrap();
        let mut steps = Steps::new(second(0));
        let (mut done, mut reads) = (Vec::new(), 0);
        loop {
            reads += 1;
            let until = steps.until();
            let of_step = |at: &&i64| {
                second(**at) >= steps.from && until.is_none_or(|until| second(**at) < until)
            };
            let found: Vec<i64> = list.iter().filter(of_step).copied().collect();
            if found.len() > at_once {
                let newest = found.iter().copied().max().map(second);
                if !steps.halve(newest) {
                    return None;
                }
                continue;
            }
            done.extend(found);
            match until {
                Some(until) => steps.reached(until),
                None => return Some((done, reads)),
            }
        }
    }

    #[test]
    fn a_short_list_is_read_at_once() {
        assert_eq!(walk(&[], 10), Some((vec![], 1)));
        assert_eq!(walk(&[5, 90_000], 10), Some((vec![5, 90_000], 1)));
    }

    #[test]
    fn a_long_list_is_read_from_its_oldest_end_and_each_event_once() {
        let list: Vec<i64> = (0..10_000).map(|number| 1_000_000 + number * 7).collect();
        let (done, reads) = walk(&list, 100).unwrap();
        assert_eq!(done, list);
        assert!(reads < 400, "{reads} reads for a hundred times as much as fits into one");
    }

    #[test]
    fn a_burst_between_quiet_days_is_read_in_small_steps_and_the_rest_in_large_ones() {
        let burst = (0..5_000).map(|number| 500_000 + number / 10);
        let list: Vec<i64> = [3].into_iter().chain(burst).chain([2_000_000]).collect();
        let (done, reads) = walk(&list, 100).unwrap();
        assert_eq!(done, list);
        assert!(reads < 250, "{reads}");
    }

    #[test]
    fn more_in_one_second_than_can_be_read_at_once_is_said() {
        assert_eq!(walk(&[7; 11], 10), None);
    }
}
