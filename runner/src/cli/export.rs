//! `runner export`: files by which another system runs a scenario.

use crate::cli::Exit;
use crate::cli::arguments::ExportOptions;

/// Writes the files.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn export(options: &ExportOptions) -> anyhow::Result<Exit> {
    match options.kind {}
}
