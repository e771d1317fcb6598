//! How it is started: by hand with `--seeds`, or by cargo's and nextest's protocol for tests
//! (<https://nexte.st/docs/design/custom-test-harnesses/>).

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::day;

/// So many seeds are a part of every test run.
const SEEDS_IN_TESTS: u64 = 500;
/// So many of them are run twice, to see that they repeat.
const REPEATED_IN_TESTS: u64 = 5;

/// A test by its name.
type Test = (&'static str, fn() -> bool);

const TESTS: [Test; 2] =
    [("bad_days_end_well", bad_days_end_well), ("a_day_repeats_exactly", a_day_repeats_exactly)];

pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let well = if arguments.iter().any(|argument| argument == "--list") {
        list(&arguments);
        true
    } else if arguments.iter().any(|argument| argument.starts_with("--seed")) {
        match ByHand::read(&arguments) {
            Ok(by_hand) => by_hand.run(),
            Err(problem) => {
                eprintln!("error: {problem}");
                false
            }
        }
    } else {
        run_tests(&arguments)
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// No test is ignored by default.
fn list(arguments: &[String]) {
    if arguments.iter().any(|argument| argument == "--ignored") {
        return;
    }
    for (name, _) in TESTS {
        println!("{name}: test");
    }
}

/// Options are those of Rust's own harness, and change nothing here; other words select by name.
fn run_tests(arguments: &[String]) -> bool {
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let wanted: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| {
        let fits = |wanted: &&String| {
            if exact { name == wanted.as_str() } else { name.contains(wanted.as_str()) }
        };
        wanted.is_empty() || wanted.iter().any(fits)
    };
    let mut well = true;
    for (name, test) in TESTS.iter().filter(|(name, _)| is_wanted(name)) {
        let passed = test();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        well &= passed;
    }
    well
}

fn bad_days_end_well() -> bool {
    ByHand { seeds: SEEDS_IN_TESTS, ..ByHand::ONE }.run()
}

fn a_day_repeats_exactly() -> bool {
    let repeats = |seed| day::run(seed, false) == day::run(seed, false);
    let different: Vec<u64> = (0..REPEATED_IN_TESTS).filter(|seed| !repeats(*seed)).collect();
    if !different.is_empty() {
        println!("these seeds ran differently the second time: {different:?}");
    }
    different.is_empty()
}

/// What was asked for by hand.
#[derive(Clone, Copy, Debug)]
struct ByHand {
    first: u64,
    seeds: u64,
    trace: bool,
    /// Whether it ends with the first seed that has violations.
    until_violation: bool,
}

impl ByHand {
    const ONE: Self = Self { first: 0, seeds: 1, trace: false, until_violation: false };

    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut by_hand = Self::ONE;
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || {
                let text = rest.next().map(String::as_str).unwrap_or_default();
                text.parse().map_err(|_| format!("{argument} needs a number, not {text:?}"))
            };
            match argument.as_str() {
                "--seeds" => by_hand.seeds = number()?,
                "--seed" => by_hand.first = number()?,
                "--trace" => by_hand.trace = true,
                "--until-violation" => by_hand.until_violation = true,
                other => {
                    let known = "--seeds, --seed, --trace and --until-violation";
                    return Err(format!("{other}: there are {known}"));
                }
            }
        }
        Ok(by_hand)
    }

    /// Runs the seeds, on all processors: each run has its own world.
    fn run(self) -> bool {
        let next = AtomicU64::new(self.first);
        let enough = AtomicBool::new(false);
        let end = self.first.saturating_add(self.seeds);
        let found: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::default();
        let threads =
            if self.trace { 1 } else { thread::available_parallelism().map_or(1, Into::into) };
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    // Looked at first: a seed that was drawn is run, so that the first one is found.
                    while !enough.load(Ordering::SeqCst) {
                        let seed = next.fetch_add(1, Ordering::SeqCst);
                        if seed >= end {
                            return;
                        }
                        let violations = violations_of(seed, self.trace);
                        if !violations.is_empty() {
                            enough.fetch_or(self.until_violation, Ordering::SeqCst);
                            for violation in &violations {
                                println!("seed {seed}: {violation}");
                            }
                            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                            found.insert(seed, violations);
                        }
                    }
                });
            }
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let count: usize = found.values().map(Vec::len).sum();
        if let Some(seed) = found.keys().next() {
            println!("repeat with: cargo xtask simulate --seed {seed} --trace");
        }
        let run = next.into_inner().min(end) - self.first;
        println!("{run} seeds, {count} violations");
        count == 0
    }
}

/// A panic of the app is a violation like any other.
fn violations_of(seed: u64, trace: bool) -> Vec<String> {
    match std::panic::catch_unwind(|| day::run(seed, trace)) {
        Ok(outcome) => outcome.violations,
        Err(_) => vec!["a panic".to_owned()],
    }
}
