//! Why a store cannot be opened or read.

use super::BETS;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store cannot be opened or read.
#[derive(Debug)]
pub enum StoreError {
    /// A file cannot be created or read.
    File {
        /// Path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The folder has the store of another central.
    Taken {
        /// The name of its node.
        by: String,
    },
    /// A file of the same name exists that the central has not written.
    Foreign {
        /// Path of the file.
        path: PathBuf,
    },
    /// A file differs from what was written.
    Damaged {
        /// Path of the file.
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
                "`{by}` already stores its bets in this run's {BETS}: a run can have one central"
            ),
            StoreError::Foreign { path } => write!(
                f,
                "{} exists, but the central has not written it: rename the node that writes it",
                path.display()
            ),
            StoreError::Damaged { path, what } => write!(
                f,
                "{} differs from what was stored: {what}; it was changed, or lost in a power failure",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// The error of the system for this file.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + use<> {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    }
}
