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
use std::time::{Duration, Instant};

use os::keeper::{self, Kept};

/// A program that was started.
#[derive(Debug)]
pub(super) struct Started {
    /// Its number, for [`end`].
    pub id: u64,
    /// The other ends of its standard input, output and error.
    pub streams: [OwnedFd; 3],
}

/// The programs that run, and the number of the last one.
static RUNNING: Mutex<(u64, BTreeMap<u64, Kept>)> = Mutex::new((0, BTreeMap::new()));

fn running() -> MutexGuard<'static, (u64, BTreeMap<u64, Kept>)> {
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
    running.1.insert(id, kept);
    Ok(Started {
        id,
        streams: [input.into(), output.into(), errors.into()],
    })
}

/// Ends a program: waits for its end for at most this long, then kills it and all that it
/// has started. Returns its wait status; none if there is no such program, or if it
/// cannot be told.
pub(super) fn end(id: u64, patience: Duration) -> Option<i32> {
    let mut kept = running().1.remove(&id)?;
    if !patience.is_zero() {
        // Fails only where the end of the keeper cannot be waited for, which `end` tells.
        let _ = kept.wait_until(Instant::now() + patience);
    }
    kept.end().ok().map(ExitStatusExt::into_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_started_has_no_end() {
        assert_eq!(end(u64::MAX, Duration::ZERO), None);
    }

    #[test]
    fn an_empty_command_is_no_program() {
        assert!(start(&[], Path::new("")).is_err());
    }
}
