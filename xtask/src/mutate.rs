//! `cargo xtask mutate`: plants faults, one after the other, and sees whether the simulation finds
//! each of them.
//!
//! All of them are one patch, in which a variable of the environment says which one is planted, so
//! that a table takes one build. It is applied to a copy of the tree, below cargo's own folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::run;

const PATCH: &str = "crates/server/tests/simulation/faults.patch";
/// A fault has to be found within so many seeds.
const SEEDS: &str = "2000";

/// The faults by their names in the patch, each with what is wrong then.
const FAULTS: [(&str, &str); 21] = [
    ("no-dedupe", "the inbox takes the same event or command twice"),
    ("no-key", "calls carry no idempotency key"),
    ("key-outlived", "a call is repeated under its key after the key's life"),
    ("unknown-is-no", "an outcome that nobody knows is taken for a no"),
    ("no-version", "a payment is written whatever its version"),
    ("no-fence", "a worker writes although it lost its lease"),
    ("outbox-before", "messages are committed before what they tell"),
    ("outbox-after", "messages are committed after what they tell"),
    ("answered-unstored", "a webhook is answered although it could not be stored"),
    ("not-ended-with-call", "a command does not end with its call"),
    ("next-not-released", "the next command of an order is never released"),
    ("later-message-shown", "a later message of an order is shown while an earlier one is hidden"),
    ("pending-not-counted", "the guard of refunds forgets those that are pending"),
    ("late-failure-ignored", "a refund that fails after it had succeeded is ignored"),
    ("cancel-voids-all", "a cancel of some items cancels the payment"),
    ("rest-not-named", "nothing is said of the rest after a partial capture"),
    ("others-items", "a capture is answered with the items of another command"),
    ("cart-keeps-money", "the money of a cart that was called off is kept"),
    ("linked-twice", "a cart that has an order is confirmed for another one"),
    ("short-is-enough", "a cart over less than its order's total is linked with its money"),
    ("called-off-linked", "a cart that is called off is linked to an order"),
];

/// What the simulation found first.
struct Found {
    seed: String,
    violations: usize,
}

pub fn run(root: &Path) -> anyhow::Result<()> {
    let copy = copy_of_tree(root)?;
    // Without it git would take the copy for a folder of this repository, and apply nothing.
    let mut apply = Command::new("git");
    apply.current_dir(&copy).env("GIT_CEILING_DIRECTORIES", run::target_folder(root));
    apply.args(["apply", PATCH]);
    run::checked(apply).with_context(|| format!("{PATCH} does not fit the tree any more"))?;
    ensure!(simulate(root, &copy, "")?.is_none(), "there are violations without a fault");
    println!("| Fault | First seed | Violations |\n|---|---|---|");
    let mut unseen = 0;
    for (name, what) in FAULTS {
        match simulate(root, &copy, name)? {
            Some(found) => println!("| {what} | {} | {} |", found.seed, found.violations),
            None => {
                unseen += 1;
                println!("| {what} | not found | |");
            }
        }
    }
    ensure!(unseen == 0, "{unseen} faults were not found within {SEEDS} seeds");
    Ok(())
}

/// Copies every file that git knows or would add.
fn copy_of_tree(root: &Path) -> anyhow::Result<PathBuf> {
    let copy = run::target_folder(root).join("mutate");
    if copy.exists() {
        fs::remove_dir_all(&copy).context("the copy of an earlier run cannot be removed")?;
    }
    let mut list = Command::new("git");
    list.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = list.output().context("cannot start git")?;
    ensure!(listed.status.success(), "git cannot list the files of the tree");
    for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (root.join(path), copy.join(path));
        // One that was deleted and not committed yet is listed all the same.
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(&copy))?;
            fs::copy(&from, &to).with_context(|| format!("{path} cannot be copied"))?;
        }
    }
    Ok(copy)
}

/// Simulates with one fault, until something is found.
fn simulate(root: &Path, copy: &Path, fault: &str) -> anyhow::Result<Option<Found>> {
    let mut command = run::cargo(copy);
    command
        .env("CARGO_TARGET_DIR", run::target_folder(root))
        .env("PLANT", fault)
        .args(["test", "--quiet", "--release", "--package", "server", "--test", "simulation", "--"])
        .args(["--seeds", SEEDS, "--until-violation"]);
    let output = command.output().context("cannot start cargo")?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(
        told.lines().any(|line| line.ends_with(" violations")),
        "the simulation did not run: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(first(&told))
}

/// The first seed with violations, of the lines `seed 7: what is wrong`.
fn first(told: &str) -> Option<Found> {
    let seeds = || told.lines().filter_map(|line| line.strip_prefix("seed ")?.split_once(": "));
    let seed = seeds().filter_map(|(seed, _)| seed.parse::<u64>().ok()).min()?.to_string();
    let violations = seeds().filter(|(of, _)| *of == seed).count();
    Some(Found { seed, violations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_seed_counts_whichever_was_told_first() {
        let told =
            "seed 12: one\nseed 9: two\nof more\nseed 9: three\nrepeat\n500 seeds, 3 violations";
        let found = first(told).unwrap();
        assert_eq!((found.seed.as_str(), found.violations), ("9", 2));
        assert!(first("500 seeds, 0 violations").is_none());
    }

    #[test]
    fn every_fault_is_in_the_patch_and_every_one_of_the_patch_is_here() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let patch = fs::read_to_string(root.join(PATCH)).unwrap();
        let mut planted: Vec<&str> = patch
            .split("planted(\"")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0))
            .collect();
        planted.sort_unstable();
        planted.dedup();
        let mut faults = FAULTS.map(|(name, _)| name);
        faults.sort_unstable();
        assert_eq!(planted, faults);
    }
}
