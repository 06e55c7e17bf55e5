//! The folder of a run under way, `runs/NNNN.partial`.
//!
//! In virtual time a run that is repeated writes the same files, so it begins with an
//! empty folder. In real time what a behavior wrote may be all that is left of what it
//! has acknowledged: a run that was interrupted, by `kill -9` for example, is taken
//! over. The files of behaviors stay where they are, and a node finds them as it does
//! after a crash. The logs of the interrupted attempt are renamed into `interrupted-1`,
//! the next ones into `interrupted-2`. No file is copied or removed, so a kill at any
//! moment of this loses nothing.
//!
//! The folder is locked for as long as a process writes into it: after `kill -9` of the
//! runner, a process of its own (`--isolate`, `--processes`) may live a few seconds
//! longer, and two owners of a file would destroy it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use analysis::log::tables::files::{RUN_TABLES, log_file, printed_file};

use crate::results::error::ResultsError;

/// How long to wait for the processes of a runner that is gone. They end themselves
/// after five seconds.
const PATIENCE: Duration = Duration::from_secs(7);

/// How often a lock is tried meanwhile. Arbitrary.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The folder of an earlier attempt's logs, without its number.
const INTERRUPTED: &str = "interrupted-";

/// A folder that is locked until the value is dropped.
#[derive(Debug)]
pub struct FolderLock {
    _folder: File,
}

impl FolderLock {
    /// Locks a folder for this process alone. Waits for processes of a runner that is
    /// gone. None: another process has the folder.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be opened.
    pub fn exclusive(folder: &Path) -> io::Result<Option<FolderLock>> {
        let file = File::open(folder)?;
        let bound = Instant::now() + PATIENCE;
        // A file system that knows no locks has to do without.
        while !os::lock::try_lock(&file).unwrap_or(true) {
            if Instant::now() >= bound {
                return Ok(None);
            }
            thread::sleep(RETRY_INTERVAL);
        }
        Ok(Some(FolderLock { _folder: file }))
    }

    /// Locks a folder together with other processes of the same run. None: another
    /// process has the folder alone.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be opened.
    pub fn shared(folder: &Path) -> io::Result<Option<FolderLock>> {
        let file = File::open(folder)?;
        let locked = os::lock::try_share(&file).unwrap_or(true);
        Ok(locked.then_some(FolderLock { _folder: file }))
    }

    /// Lets other processes lock the folder together with this one.
    fn share(self) -> FolderLock {
        let _ = os::lock::try_share(&self._folder);
        self
    }
}

/// Makes the folder of a run in virtual time, without the files of an earlier attempt.
///
/// # Errors
///
/// Fails if the folder cannot be made.
pub fn make_empty(folder: &Path) -> Result<(), ResultsError> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir_all(folder).map_err(ResultsError::at(folder))?;
            fs::create_dir(folder).map_err(ResultsError::at(folder))
        }
        result => result.map_err(ResultsError::at(folder)),
    }
}

/// Makes the folder of a run in real time, or takes over that of an interrupted run.
/// `nodes` are the names of all nodes. Returns its lock; none if another process has it.
///
/// # Errors
///
/// Fails if the folder cannot be made, or a file cannot be renamed.
pub fn take_over(
    folder: &Path,
    nodes: impl Iterator<Item = String>,
) -> Result<Option<FolderLock>, ResultsError> {
    let found = match fs::create_dir(folder) {
        Ok(()) => false,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
        Err(error) => return Err(ResultsError::at(folder)(error)),
    };
    let Some(lock) = FolderLock::exclusive(folder).map_err(ResultsError::at(folder))? else {
        return Ok(None);
    };
    if found {
        set_logs_aside(folder, nodes).map_err(ResultsError::at(folder))?;
    }
    Ok(Some(lock.share()))
}

/// Renames the runner's own files of an earlier attempt.
fn set_logs_aside(folder: &Path, nodes: impl Iterator<Item = String>) -> io::Result<()> {
    let of_node = nodes.flat_map(|node| [log_file(&node), printed_file(&node)]);
    let of_run = RUN_TABLES.map(str::to_owned);
    let mut place: Option<PathBuf> = None;
    for name in of_run.into_iter().chain(of_node) {
        let file = folder.join(&name);
        if !file.is_file() {
            continue;
        }
        let place = match &place {
            Some(place) => place,
            None => place.insert(new_place(folder)?),
        };
        fs::rename(&file, place.join(name))?;
    }
    Ok(())
}

fn new_place(folder: &Path) -> io::Result<PathBuf> {
    for number in 1u32.. {
        let place = folder.join(format!("{INTERRUPTED}{number}"));
        match fs::create_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| place),
        }
    }
    unreachable!("some number is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> impl Iterator<Item = String> {
        ["server".to_owned(), "client".to_owned()].into_iter()
    }

    fn take(folder: &Path) -> Option<FolderLock> {
        take_over(folder, nodes()).unwrap()
    }

    #[test]
    fn what_behaviors_wrote_stays_and_logs_are_set_aside() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("0001.partial");
        take(&folder).unwrap();
        let files = [
            "server.csv",
            "server.log",
            "events.csv",
            "bets.csv",
            "deep/file",
        ];
        fs::create_dir(folder.join("deep")).unwrap();
        for attempt in 1..4 {
            for name in files {
                fs::write(folder.join(name), format!("{name} {attempt}")).unwrap();
            }
            take(&folder).unwrap();
            for name in &files[..3] {
                assert!(!folder.join(name).exists());
                let aside = folder.join(format!("interrupted-{attempt}")).join(name);
                assert_eq!(
                    fs::read_to_string(aside).unwrap(),
                    format!("{name} {attempt}")
                );
            }
            for name in &files[3..] {
                let kept = fs::read_to_string(folder.join(name)).unwrap();
                assert_eq!(kept, format!("{name} {attempt}"));
            }
        }
        // Nothing to set aside: no folder for it.
        take(&folder).unwrap();
        assert!(!folder.join("interrupted-4").exists());
    }

    #[test]
    fn processes_of_one_run_share_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("0001.partial");
        let runner = take(&folder).unwrap();
        let node = FolderLock::shared(&folder).unwrap().unwrap();
        let next = File::open(&folder).unwrap();
        assert!(!os::lock::try_lock(&next).unwrap());
        drop(runner);
        assert!(!os::lock::try_lock(&next).unwrap(), "a node still writes");
        drop(node);
        assert!(os::lock::try_lock(&next).unwrap());
        assert!(FolderLock::shared(&folder).unwrap().is_none());
    }
}
