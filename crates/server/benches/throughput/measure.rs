//! Figures out of samples.

use std::time::Duration;

/// The middle one, or with an even number the upper of the two in the middle.
pub fn median(samples: &[f64]) -> f64 {
    percentile(samples, 50)
}

/// The sample that so many percent of all do not pass.
pub fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1).expect("there are samples");
    sorted[(sorted.len() * percent / 100).min(last)]
}

/// How many a second.
pub fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Two sides that had their turns one after the other: each turn's ratio, and the middle one.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> String {
    let each: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    let list: Vec<String> = each.iter().map(|ratio| format!("{ratio:.2}")).collect();
    format!("{:.2} (turns: {})", median(&each), list.join(" "))
}

/// Memory of a process that is not in files, in MiB: now, and at most since it began.
pub fn memory(process: u32) -> (f64, f64) {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("Linux tells it");
        let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
        kib.expect("it is a number") / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
