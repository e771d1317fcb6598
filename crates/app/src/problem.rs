//! Why work could not be finished now, by what happens next.

use thiserror::Error;

use crate::ports::{PspError, StoreError};

/// Why a piece of work did not come to its end.
#[derive(Debug, Error)]
pub enum Problem {
    /// It will come to its end by itself later: the PSP did not answer, another call is open.
    #[error("{0}")]
    Later(String),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody has to look: the keys are not accepted, a body does not read any more.
    #[error("{0}")]
    Broken(String),
}

impl Problem {
    /// Whether it was told already, once for all who meet it.
    pub(crate) fn is_told(&self) -> bool {
        match self {
            Self::Store(error) => error.is_told(),
            Self::Later(_) | Self::Broken(_) => false,
        }
    }

    /// The problem that a call to the PSP ended with, where it was not an answer.
    pub(crate) fn from_psp(error: PspError) -> Self {
        match error {
            PspError::NotSent(_) | PspError::Unknown(_) | PspError::KeySpent(_) => {
                Self::Later(error.to_string())
            }
            PspError::Refused(refusal) => Self::Broken(refusal.message),
        }
    }
}
