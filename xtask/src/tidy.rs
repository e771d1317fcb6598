//! `cargo xtask tidy`: the rules of structure, as code.
//!
//! Each rule is a pure function from the tree to what violates it, so that each can be tested with
//! a tree of its own.

mod architecture;
mod dependencies;
mod links;
mod metrics;
mod text;
mod tree;

use std::fmt;
use std::path::Path;

use anyhow::ensure;

use tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The file or folder, from the root of the repository.
    path: String,
    /// Counted from 1; absent when it is the file as a whole.
    line: Option<usize>,
    /// The rule, and what breaks it.
    rule: String,
}

impl Violation {
    fn of_file(path: &str, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, rule: rule.into() }
    }

    fn at(path: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.path, self.rule),
            None => write!(formatter, "{}: {}", self.path, self.rule),
        }
    }
}

/// Every rule.
const RULES: [fn(&Tree) -> Vec<Violation>; 5] =
    [dependencies::check, text::check, architecture::check, links::check, metrics::check];

pub fn run(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::read(root)?;
    let mut violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    violations.sort();
    for violation in &violations {
        eprintln!("{violation}");
    }
    ensure!(violations.is_empty(), "{} violations of the rules of structure", violations.len());
    println!("{} files, no violation", tree.paths().count());
    Ok(())
}

/// What a rule says about a tree, one line a violation.
#[cfg(test)]
fn told(rule: fn(&Tree) -> Vec<Violation>, files: &[(&str, &str)]) -> Vec<String> {
    rule(&Tree::of(files)).iter().map(ToString::to_string).collect()
}
