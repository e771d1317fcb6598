//! What can be wrong with a configuration. Every problem is told at once, each with what to do.

use std::fmt;
use std::path::PathBuf;

use crate::config::sources::Origin;

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Everything that is wrong; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl ConfigError {
    /// The problems themselves, to be told with others.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration cannot be used:")?;
        for problem in &self.problems {
            write!(formatter, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong. No text repeats the value of a secret.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is not there, or may not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file is not TOML. The line is not quoted, because it may hold a secret.
    #[error("{}, line {line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// The file has a key that does not exist.
    #[error("{}: there is no key `{name}`; {suggestion}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        name: String,
        /// Names the nearest one there is.
        suggestion: String,
    },
    /// There is a variable of ours that means nothing.
    #[error("there is no variable {name}; {suggestion}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// Names the nearest one there is.
        suggestion: String,
    },
    /// A variable is not UTF-8.
    #[error("{name} is not valid UTF-8")]
    NotText {
        /// The variable.
        name: String,
    },
    /// A value in the file has another type.
    #[error("{}: `{name}` is {found}, expected {expected}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The key.
        name: &'static str,
        /// Its type, with an article.
        found: &'static str,
        /// What it should be.
        expected: String,
    },
    /// A value has the right type and is wrong all the same.
    #[error("{}: {reason}", origin.describe(name))]
    Invalid {
        /// The key.
        name: &'static str,
        /// Where the value came from.
        origin: Origin,
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// A key that has no default is not set.
    #[error("`{name}` is not set: {advice}")]
    Missing {
        /// The key.
        name: &'static str,
        /// What to do.
        advice: String,
    },
}
