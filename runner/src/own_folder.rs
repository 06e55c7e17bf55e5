//! Temporary folders of this process alone. A process removes its own at its end; those of
//! processes that were killed are removed by the next one that makes such a folder.
//!
//! A folder is locked for as long as its process lives, so one that is not locked has no owner.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Younger folders are left alone: their process may be about to lock them. Arbitrary.
const AGE: Duration = Duration::from_secs(5);

/// A folder, removed with the value.
#[derive(Debug)]
pub struct OwnFolder {
    path: PathBuf,
    /// Holds the lock. None where the file system has no locks: then nobody removes it.
    _lock: Option<File>,
}

impl OwnFolder {
    /// Makes a folder in the system's folder for temporary files, with a name that begins
    /// with `prefix`.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn new(prefix: &str) -> io::Result<OwnFolder> {
        OwnFolder::within(&std::env::temp_dir(), prefix)
    }

    fn within(root: &Path, prefix: &str) -> io::Result<OwnFolder> {
        remove_left(root, prefix);
        let number = u64::from_ne_bytes(os::random::bytes()?);
        let path = root.join(format!("{prefix}{number:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path).ok();
        // Parts of this process may share the lock, as they do with any folder of a run.
        let lock = lock.filter(|it| os::lock::try_share(it).unwrap_or(false));
        Ok(OwnFolder { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        // What is left of it is in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of this prefix that no process has locked. What is in the way stays:
/// folders of other users, for example.
fn remove_left(root: &Path, prefix: &str) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(prefix)) {
            let _ = remove_if_left(&entry.path());
        }
    }
}

fn remove_if_left(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let age = found.modified()?.elapsed().unwrap_or_default();
    if !found.is_dir() || age < AGE {
        return Ok(());
    }
    let lock = File::open(path)?;
    if os::lock::try_lock(&lock)? {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn make_old(path: &Path) {
        let folder = File::open(path).unwrap();
        folder.set_modified(SystemTime::now() - 2 * AGE).unwrap();
    }

    #[test]
    fn a_folder_of_a_dead_process_is_removed_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let make = |name: &str| {
            let path = root.join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), "x").unwrap();
            make_old(&path);
            path
        };
        let (dead, other) = (make("runner-x-1"), make("else-1"));
        let young = root.join("runner-x-2");
        fs::create_dir(&young).unwrap();
        let file = root.join("runner-x-3");
        fs::write(&file, "x").unwrap();
        make_old(&file);
        let living = OwnFolder::within(root, "runner-x-").unwrap();
        make_old(living.path());
        assert!(!dead.exists());
        let next = OwnFolder::within(root, "runner-x-").unwrap();
        assert_ne!(next.path(), living.path());
        for path in [&other, &young, &file, living.path(), next.path()] {
            assert!(path.exists(), "{}", path.display());
        }
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
