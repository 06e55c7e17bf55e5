//! The programs that behaviors start: each under a keeper, so that it and all that it has
//! started end with this process, whatever ends it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use os::keeper::{self, Kept};
use os::patience::Patience;
use os::processor::Processors;

/// A program that was started.
#[derive(Debug)]
pub(super) struct Started {
    /// Its number, for [`end`].
    pub id: u64,
    /// The other ends of its standard input, output and error.
    pub streams: [OwnedFd; 3],
}

/// A program that runs, and its clock.
struct Running {
    kept: Kept,
    /// None until somebody asks for it.
    patience: Option<Patience>,
}

/// The programs that run, and the number of the last one.
static RUNNING: Mutex<(u64, BTreeMap<u64, Running>)> = Mutex::new((0, BTreeMap::new()));

fn running() -> MutexGuard<'static, (u64, BTreeMap<u64, Running>)> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program and its arguments in a folder.
///
/// # Errors
///
/// If it cannot be started.
pub(super) fn start(words: &[String], folder: &Path) -> io::Result<Started> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let (mut command, seat) = keeper::command(program)?;
    let (input, its_input) = UnixStream::pair()?;
    let (output, its_output) = UnixStream::pair()?;
    let (errors, its_errors) = UnixStream::pair()?;
    if !folder.as_os_str().is_empty() {
        command.current_dir(folder);
    }
    command
        .args(arguments)
        .stdin(Stdio::from(OwnedFd::from(its_input)))
        .stdout(Stdio::from(OwnedFd::from(its_output)))
        .stderr(Stdio::from(OwnedFd::from(its_errors)));
    let kept = keeper::start(command, seat)?;
    let mut running = running();
    running.0 += 1;
    let id = running.0;
    let patience = None;
    running.1.insert(id, Running { kept, patience });
    Ok(Started {
        id,
        streams: [input.into(), output.into(), errors.into()],
    })
}

/// The time that counts for a program, since the first call for it; none if there is no such
/// program. It looks at the program at most every [`os::patience::EVERY`].
pub(super) fn time(id: u64) -> Option<Duration> {
    let mut running = running();
    let program = running.1.get_mut(&id)?;
    let kept = &program.kept;
    let patience = program.patience.get_or_insert_with(|| kept.patience());
    patience.look();
    Some(patience.spent())
}

/// Has a program and all that it has started run on these processors alone, and what they start
/// from now on. Nothing happens to one that has ended.
pub(super) fn run_on(id: u64, processors: &Processors) {
    if let Some(program) = running().1.get(&id) {
        let _ = program.kept.run_on(processors);
    }
}

/// Ends a program: waits for its end as long as `patience`, which a busy machine does not
/// shorten, then kills it and all that it has started. Returns its wait status; none if there
/// is no such program, or if it cannot be told.
pub(super) fn end(id: u64, patience: Duration) -> Option<i32> {
    let Running { mut kept, .. } = running().1.remove(&id)?;
    if !patience.is_zero() {
        // Fails only where the end of the keeper cannot be waited for, which `end` tells.
        let _ = kept.wait_within(patience);
    }
    kept.end().ok().map(ExitStatusExt::into_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_started_has_no_end() {
        assert_eq!(end(u64::MAX, Duration::ZERO), None);
        assert_eq!(time(u64::MAX), None);
    }

    #[test]
    fn an_empty_command_is_no_program() {
        assert!(start(&[], Path::new("")).is_err());
    }
}
