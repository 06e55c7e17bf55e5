//! The error of everything that writes results.

use std::io;
use std::path::{Path, PathBuf};

/// A folder or a table of the results that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the results: {source}", path.display())]
pub struct ResultsError {
    /// The file or folder.
    pub path: PathBuf,
    /// The error of the system.
    pub source: io::Error,
}

impl ResultsError {
    /// Returns a function that adds this path to an error of the system.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> ResultsError {
        let path = path.to_owned();
        move |source| ResultsError { path, source }
    }
}
