//! Results that several runners write at once, on machines that share nothing but a folder
//! (`--resume --shared`): a job that was requeued while its first process still lives.
//!
//! No lock is used. A lock of a network file system may be unknown, may hold on one machine
//! alone, or may outlive a dead machine. What is used is the rename of a folder, which
//! the server of a file system does in one step:
//!
//! - Each runner has a [`Token`], and writes only under names that end with it: the folder of
//!   a run under way, its journal, the tables until they are complete.
//! - A run that is over is renamed to its final name. The first rename wins. The others find
//!   the folder there and compare sums: an equal twin is removed, a different one is a
//!   conflict, and both are kept.
//! - The line of the journal is written after that, so it says what is there. A kill between
//!   the two costs the time of that run: it is done again, and is an equal twin.
//! - Tables are renamed when they are complete. They have the same bytes, whoever wrote them
//!   (but for `wall_s` in `runs.csv`).
//!
//! A runner that was killed leaves its files under its own names. No other runner may
//! remove them, for it cannot know whether their owner lives.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::results::error::ResultsError;
use crate::results::sums::{FileSum, difference, sums};

/// The name of a runner among those that write the same results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// A new one: eight random hexadecimal digits. Process ids repeat on other machines.
    pub fn random() -> Token {
        let random = RandomState::new().build_hasher().finish();
        Token(format!("{:08x}", random as u32))
    }

    /// A file of this runner beside `path`: `PATH-TOKEN`.
    pub fn beside(&self, path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push("-");
        name.push(&self.0);
        name.into()
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of a run's folder when it was to get its final name.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has the name.
    Renamed,
    /// Another has the name, with the same files.
    Twin,
    /// Another has the name, and this file differs.
    Differs(String),
}

/// The number of tries to give a folder its name while another runner moves the folder that
/// has the name. Arbitrary.
const TRIES: u32 = 100;

/// Gives the folder of a run its final name, unless one with files has it already. `files`
/// are the sums of its files.
///
/// # Errors
///
/// Fails if the folder cannot be renamed, or if the other one cannot be read.
pub fn settle(work: &Path, place: &Path, files: &[FileSum]) -> Result<Settled, ResultsError> {
    let mut tries = 0;
    loop {
        let taken = match fs::rename(work, place) {
            Ok(()) => return Ok(Settled::Renamed),
            Err(error) if is_taken(&error) => sums(place),
            Err(error) => return Err(ResultsError::at(place)(error)),
        };
        tries += 1;
        return match taken {
            Ok(others) => Ok(match difference(&others, files) {
                None => Settled::Twin,
                Some(file) => Settled::Differs(file.to_owned()),
            }),
            // It was damaged, and another runner has renamed it meanwhile.
            Err(error) if error.source.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                continue;
            }
            Err(error) => Err(error),
        };
    }
}

fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty)
}

/// Why a file system cannot hold results that several runners write.
#[derive(Debug, thiserror::Error)]
pub enum NoRename {
    /// It cannot rename folders.
    #[error("this file system cannot rename a folder ({0})")]
    Refused(io::Error),
    /// A rename replaces a folder with files.
    #[error("this file system replaces a folder with files by another one")]
    Replaces,
}

/// Tries in `folder` what [`settle`] relies on, with `rename`.
///
/// # Errors
///
/// Fails if folders cannot be made there, or are not renamed as they must be.
pub fn probe(
    folder: &Path,
    token: &Token,
    rename: impl Fn(&Path, &Path) -> io::Result<()>,
) -> Result<Result<(), NoRename>, ResultsError> {
    let home = token.beside(&folder.join("probe"));
    let at = |name: &str| home.join(name);
    let prepare = || -> io::Result<()> {
        for name in ["first", "second"] {
            fs::create_dir_all(at(name))?;
            fs::write(at(name).join("file"), name)?;
        }
        Ok(())
    };
    let prepared = prepare().map_err(ResultsError::at(&home));
    let found = prepared.map(|()| match rename(&at("first"), &at("place")) {
        Err(error) => Err(NoRename::Refused(error)),
        Ok(()) => {
            // Refused with whatever error: what counts is which folder is there.
            let _ = rename(&at("second"), &at("place"));
            match fs::read(at("place").join("file")) {
                Ok(text) if text == b"first" => Ok(()),
                _ => Err(NoRename::Replaces),
            }
        }
    });
    // An error here is that of the file system above, or leaves two small files.
    let _ = fs::remove_dir_all(&home);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(root: &Path, name: &str, text: &str) -> (PathBuf, Vec<FileSum>) {
        let folder = root.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.csv"), text).unwrap();
        let files = sums(&folder).unwrap();
        (folder, files)
    }

    #[test]
    fn the_first_rename_wins_and_others_are_compared() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("0001");
        for (name, text, expected) in [
            ("0001-a.partial", "one", Settled::Renamed),
            ("0001-b.partial", "one", Settled::Twin),
            (
                "0001-c.partial",
                "two",
                Settled::Differs("a.csv".to_owned()),
            ),
        ] {
            let (folder, files) = run(root.path(), name, text);
            assert_eq!(settle(&folder, &place, &files).unwrap(), expected);
            assert_eq!(folder.exists(), expected != Settled::Renamed, "{name}");
            assert_eq!(fs::read(place.join("a.csv")).unwrap(), b"one");
        }
    }

    #[test]
    fn a_file_system_that_cannot_rename_or_replaces_is_found() {
        let root = tempfile::tempdir().unwrap();
        let token = Token::random();
        let probed = |rename: &dyn Fn(&Path, &Path) -> io::Result<()>| {
            let found = probe(root.path(), &token, rename).unwrap();
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
            found.map_err(|error| error.to_string())
        };
        assert_eq!(probed(&|from, to| fs::rename(from, to)), Ok(()));
        let none = |_: &Path, _: &Path| Err(io::ErrorKind::Unsupported.into());
        assert!(probed(&none).unwrap_err().contains("cannot rename"));
        let replacing = |from: &Path, to: &Path| {
            let _ = fs::remove_dir_all(to);
            fs::rename(from, to)
        };
        assert!(probed(&replacing).unwrap_err().contains("replaces"));
        // A rename that says nothing and does nothing.
        assert!(probed(&|_, _| Ok(())).is_err());
    }
}
