//! One build of a plugin: the bytes of its file as they were when the plan was made.
//!
//! The bytes are read once. Their sum stands in the manifest, and a private copy of them
//! is what the loader opens, in this process and in every other process of the plan. So
//! all of them run the same code, even if the file is built again, overwritten or
//! removed meanwhile. Where the system allows no private copy, the file itself is
//! opened, and its sum is checked after each load.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::library::LoadError;
use os::private_copy::PrivateCopy;

/// One build of a plugin.
#[derive(Debug)]
pub struct Build {
    /// The plugin's name.
    pub name: String,
    /// The file that was read.
    pub path: PathBuf,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
    /// The number of bytes.
    pub bytes: u64,
    copy: Option<PrivateCopy>,
}

/// A build as one process describes it to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBuild {
    name: String,
    path: PathBuf,
    sha256: String,
    bytes: u64,
    copy: Option<PathBuf>,
}

/// The builds that this process has read, by file and sum. The loader knows a file by
/// its path, and a copy's path is the number of its descriptor: so none is ever closed.
static READ: Mutex<BTreeMap<(PathBuf, String), Arc<Build>>> = Mutex::new(BTreeMap::new());

impl GivenBuild {
    /// The plugin's name, and the SHA-256 of its bytes in hexadecimal digits.
    pub fn sum(&self) -> (String, String) {
        (self.name.clone(), self.sha256.clone())
    }

    /// Whether it is a build of this plugin.
    pub fn is_of(&self, plugin: &str) -> bool {
        self.name == plugin
    }
}

impl Build {
    /// Reads the file of a plugin. The same bytes of the same file are one build.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(name: &str, path: &Path) -> Result<Arc<Build>, LoadError> {
        let bytes = fs::read(path).map_err(|error| LoadError::unreadable(path, &error))?;
        let sha256 = sum(&bytes);
        Ok(known(path, &sha256, || Build {
            name: name.to_owned(),
            path: path.to_owned(),
            bytes: bytes.len() as u64,
            sha256: sha256.clone(),
            copy: PrivateCopy::of(name, &bytes).ok(),
        }))
    }

    /// Opens the build that another process has read.
    ///
    /// # Errors
    ///
    /// If there is no copy of it any more, and its file has other bytes by now.
    pub fn given(given: &GivenBuild) -> Result<Arc<Build>, LoadError> {
        let GivenBuild { name, path, .. } = given;
        let copy = given.copy.as_deref().map(PrivateCopy::open);
        // A copy cannot have changed since its sum was taken.
        let copy = copy.and_then(Result::ok);
        let copy = copy.filter(|copy| copy.size().is_ok_and(|size| size == given.bytes));
        if copy.is_none() {
            let build = Build::read(name, path)?;
            return match build.sha256 == given.sha256 {
                true => Ok(build),
                false => Err(build.changed(&given.sha256)),
            };
        }
        Ok(known(path, &given.sha256, || Build {
            name: name.clone(),
            path: path.clone(),
            sha256: given.sha256.clone(),
            bytes: given.bytes,
            copy,
        }))
    }

    /// The description of this build for another process. It holds while this process
    /// lives.
    pub fn give(&self) -> GivenBuild {
        GivenBuild {
            name: self.name.clone(),
            path: self.path.clone(),
            sha256: self.sha256.clone(),
            bytes: self.bytes,
            copy: self.copy.as_ref().map(PrivateCopy::path),
        }
    }

    /// The file that the loader opens.
    pub(super) fn file(&self) -> PathBuf {
        match &self.copy {
            Some(copy) => copy.own_path(),
            None => self.path.clone(),
        }
    }

    /// Checks that what was loaded are the bytes of this build.
    pub(super) fn verify(&self) -> Result<(), LoadError> {
        match self.copy {
            Some(_) => Ok(()),
            None => self.verify_file(),
        }
    }

    /// Checks that the file has the bytes of this build.
    pub(super) fn verify_file(&self) -> Result<(), LoadError> {
        let bytes = fs::read(&self.path);
        let bytes = bytes.map_err(|error| LoadError::unreadable(&self.path, &error))?;
        match sum(&bytes) == self.sha256 {
            true => Ok(()),
            false => Err(self.changed(&self.sha256)),
        }
    }

    fn changed(&self, expected: &str) -> LoadError {
        LoadError::Changed {
            path: self.path.clone(),
            plugin: self.name.clone(),
            expected: expected.to_owned(),
        }
    }
}

/// The build of this file and sum, made now if this process has not read it before.
fn known(path: &Path, sha256: &str, make: impl FnOnce() -> Build) -> Arc<Build> {
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (path.to_owned(), sha256.to_owned());
    read.entry(key).or_insert_with(|| Arc::new(make())).clone()
}

fn sum(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl LoadError {
    fn unreadable(path: &Path, error: &io::Error) -> LoadError {
        LoadError::NotALibrary {
            path: path.to_owned(),
            reason: format!("it cannot be read: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_stays_as_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libx.so");
        fs::write(&path, "first").unwrap();
        let first = Build::read("x", &path).unwrap();
        assert!(Arc::ptr_eq(&first, &Build::read("x", &path).unwrap()));
        fs::write(&path, "other").unwrap();
        let other = Build::read("x", &path).unwrap();
        assert_ne!(first.sha256, other.sha256);
        assert_eq!(fs::read(first.file()).unwrap(), b"first");
        fs::remove_file(&path).unwrap();
        let given = Build::given(&first.give()).unwrap();
        assert_eq!(fs::read(given.file()).unwrap(), b"first");
    }

    #[test]
    fn a_build_without_a_copy_is_refused_once_its_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libx.so");
        fs::write(&path, "first").unwrap();
        let mut given = Build::read("x", &path).unwrap().give();
        given.copy = None;
        Build::given(&given).unwrap();
        fs::write(&path, "other").unwrap();
        let error = Build::given(&given).unwrap_err().to_string();
        assert!(error.contains("is not the build that this plan began with"));
        // Neither is a copy of another size, nor a file that anybody can change.
        given.copy = Some(Build::read("x", &path).unwrap().give().copy.unwrap());
        given.bytes = 3;
        Build::given(&given).unwrap_err();
        given.copy = Some(path);
        Build::given(&given).unwrap_err();
    }
}
