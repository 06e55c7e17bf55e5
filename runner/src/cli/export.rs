//! `runner export`: files by which another system runs a scenario or shows a run.

mod compose;
mod logs;
mod slurm;
mod trace;

use crate::cli::Exit;
use crate::cli::arguments::{ExportKind, ExportOptions};

/// Writes the files.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn export(options: &ExportOptions) -> anyhow::Result<Exit> {
    match &options.kind {
        ExportKind::Compose(options) => compose::compose(options),
        ExportKind::Logs(options) => logs::logs(options),
        ExportKind::Slurm(options) => slurm::slurm(options),
        ExportKind::Trace(options) => trace::trace(options),
    }
}
