//! Programs that wait for the next run.
//!
//! To start an interpreter takes longer than most runs. A program that can forget all that
//! it knows says so in its answer to `init`; after its `stop` it waits here, and the next
//! node with the same command asks it for `init` again. This is state outside of an
//! instance, which changes no result: a program that remembers something nevertheless
//! breaks its own word.

use crate::child::Child;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folder and the words of a command.
type Command = (PathBuf, Vec<String>);

static IDLE: Mutex<BTreeMap<Command, Vec<Child>>> = Mutex::new(BTreeMap::new());

fn idle() -> MutexGuard<'static, BTreeMap<Command, Vec<Child>>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a program that waits and was started with this command.
pub fn take(folder: &Path, words: &[String]) -> Option<Child> {
    let command = (folder.to_owned(), words.to_vec());
    idle().get_mut(&command)?.pop()
}

/// Has a program wait.
pub fn keep(folder: &Path, words: &[String], child: Child) {
    let command = (folder.to_owned(), words.to_vec());
    idle().entry(command).or_default().push(child);
}
