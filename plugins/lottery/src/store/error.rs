//! Why there is no store.

use super::BETS;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no store.
#[derive(Debug)]
pub enum StoreError {
    /// A file cannot be made or read.
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another central stores here.
    Taken {
        /// The name of its node.
        by: String,
    },
    /// A file is there that is not the store's.
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// A file is not what was written.
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::File { path, source } => {
                write!(f, "cannot store bets in {}: {source}", path.display())
            }
            StoreError::Taken { by } => write!(
                f,
                "`{by}` stores its bets in this run's {BETS}, expected one central in a run"
            ),
            StoreError::Foreign { path } => write!(
                f,
                "{} is there and is not the central's: give a node of that name another",
                path.display()
            ),
            StoreError::Damaged { path, what } => write!(
                f,
                "{} is not what was stored: {what}; it was changed, or the disk lost it",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// An error of this file, as the system said it.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    }
}
