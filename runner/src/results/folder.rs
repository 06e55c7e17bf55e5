//! The results folder: made once, never overwritten.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat};

use analysis::log::tables::files::{
    JOURNAL_FILE, REPORT_FILES, RESULT_FILES, RUNS_FILE, RUNS_FOLDER, conflict_folder,
    partial_folder, run_folder, work_folder,
};

use crate::results::shared::Token;

/// The folder of all results, unless `--out` names another one.
pub const RESULTS: &str = "results";

/// The folder of one plan's results.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Set if other runners may write the same results at once.
    token: Option<Token>,
}

/// Why a results folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder holds results already.
    #[error("{} holds results already, and results are never overwritten\n  name another folder, or move it away", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a file of somebody else's under a name that the runner writes.
    #[error("{} exists already, and nothing is ever overwritten\n  the runner writes a file of that name: name another folder with --out DIR, or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The link to the newest results is something else.
    #[error("{}: {found}, expected a link to the newest results\n  move it away, or name a folder for the results with --out DIR", path.display())]
    NoLink {
        /// Its path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Two files of a run would be one.
    #[error("{}: this file system does not tell upper from lower case, and {twins}\n  give one of the two another name, or name a folder on another file system with --out DIR", path.display())]
    IgnoresCase {
        /// The folder.
        path: PathBuf,
        /// The two files, for people.
        twins: String,
    },
    /// It cannot be made or written.
    #[error("cannot make the results folder {}: {source}\n  name a folder that can be written with --out DIR", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl Folder {
    /// Uses exactly this folder, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the folder holds results already, or cannot be written.
    pub fn exactly(path: &Path) -> Result<Folder, FolderError> {
        if RESULT_FILES.iter().any(|sign| path.join(sign).exists()) {
            return Err(FolderError::Occupied {
                path: path.to_owned(),
            });
        }
        let reports = REPORT_FILES.iter().map(|name| path.join(name));
        if let Some(path) = reports.into_iter().find(|file| file.exists()) {
            return Err(FolderError::Foreign { path });
        }
        Folder::make(path.to_owned())
    }

    /// Uses a folder whose results are continued. It is made if it does not exist. Without
    /// a journal in it, it must hold no file that the runner would write.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be written, or holds other files.
    pub fn resumed(path: &Path) -> Result<Folder, FolderError> {
        let folder = Folder::at(path.to_owned());
        if !path.join(JOURNAL_FILE).exists() {
            // Results that have lost their journal: it is missed when it is opened.
            if folder.is_begun() {
                return Ok(folder);
            }
            let names = RESULT_FILES.iter().chain(&REPORT_FILES);
            let files = names.map(|name| path.join(name));
            let is_foreign = |file: &PathBuf| match file.ends_with(RUNS_FOLDER) {
                true => fs::read_dir(file).is_ok_and(|mut runs| runs.next().is_some()),
                false => file.exists(),
            };
            let found = files.into_iter().find(is_foreign);
            // Another runner may have begun these results meanwhile.
            if let Some(path) = found
                && !folder.path.join(JOURNAL_FILE).exists()
            {
                return Err(FolderError::Foreign { path });
            }
        }
        Folder::make(path.to_owned())
    }

    /// Returns the newest folder `results/NAME/TIMESTAMP`, which is the target of
    /// `results/NAME/latest`.
    pub fn latest(root: &Path, name: &str) -> Option<PathBuf> {
        let home = root.join(name);
        let target = fs::read_link(home.join("latest")).ok()?;
        let path = home.join(target);
        path.is_dir().then_some(path)
    }

    /// Makes a new folder `results/NAME/TIMESTAMP`, and points `results/NAME/latest` at
    /// it.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be made.
    pub fn stamped(root: &Path, name: &str, now: SystemTime) -> Result<Folder, FolderError> {
        let home = root.join(name);
        let unwritable = |source| FolderError::Unwritable {
            path: home.clone(),
            source,
        };
        let latest = home.join("latest");
        if let Some(found) = not_a_link(&latest) {
            return Err(FolderError::NoLink {
                path: latest,
                found,
            });
        }
        fs::create_dir_all(&home).map_err(unwritable)?;
        // RFC 3339, without colons, which are not allowed in file names everywhere.
        let stamp = rfc3339(now).replace(':', "-");
        for attempt in 1u32.. {
            let stamp = match attempt {
                1 => stamp.clone(),
                _ => format!("{stamp}-{attempt}"),
            };
            let path = home.join(&stamp);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let folder = Folder::make(path)?;
                    point(&latest, Path::new(&stamp)).map_err(unwritable)?;
                    return Ok(folder);
                }
                // Another runner has made it in the same second.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(FolderError::Unwritable { path, source }),
            }
        }
        unreachable!("some number is free")
    }

    /// Whether the file system takes names that differ by case alone for one name. The
    /// journal must exist.
    pub fn ignores_case(&self) -> bool {
        let place = |name: &str| {
            let found = fs::metadata(self.path.join(name)).ok()?;
            Some((found.dev(), found.ino()))
        };
        let journal = place(JOURNAL_FILE);
        journal.is_some() && place(&JOURNAL_FILE.to_uppercase()) == journal
    }

    /// Whether the folder holds runs.
    pub fn is_begun(&self) -> bool {
        self.path.join(RUNS_FILE).exists() || self.holds_runs()
    }

    /// Whether the folder holds a run, finished or not.
    pub fn holds_runs(&self) -> bool {
        fs::read_dir(self.path.join(RUNS_FOLDER)).is_ok_and(|mut runs| runs.next().is_some())
    }

    /// Removes a folder whose runs could not begin. A folder with results stays, and so does
    /// one that other runners may write.
    pub fn abandon(&self) {
        if self.token.is_some() {
            return;
        }
        let begun = fs::read_dir(self.path.join(RUNS_FOLDER))
            .is_ok_and(|mut runs| runs.any(|run| run.is_ok_and(|run| !is_partial(&run.path()))));
        if begun {
            return;
        }
        for sign in RESULT_FILES {
            let path = self.path.join(sign);
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        if fs::remove_dir(&self.path).is_ok()
            && let Some(home) = self.path.parent()
        {
            let latest = home.join("latest");
            if fs::read_link(&latest).is_ok_and(|target| self.path.ends_with(target)) {
                let _ = fs::remove_file(latest);
            }
        }
    }

    fn make(path: PathBuf) -> Result<Folder, FolderError> {
        match fs::create_dir_all(path.join(RUNS_FOLDER)) {
            Ok(()) => Ok(Folder::at(path)),
            Err(source) => Err(FolderError::Unwritable { path, source }),
        }
    }

    fn at(path: PathBuf) -> Folder {
        Folder { path, token: None }
    }

    /// The same folder, for a runner of this name among several.
    pub fn shared(self, token: Option<Token>) -> Folder {
        Folder { token, ..self }
    }

    /// The name of this runner, if other runners may write the same results.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that this runner writes a run into, until the run is over.
    pub fn work(&self, number: u32) -> PathBuf {
        match &self.token {
            None => self.partial_run(number),
            Some(token) => {
                let name = work_folder(number.into(), &token.to_string());
                self.path.join(RUNS_FOLDER).join(name)
            }
        }
    }

    /// The folder of a result of this runner that differs from that of another one.
    pub fn conflict(&self, number: u32, token: &Token) -> PathBuf {
        let name = conflict_folder(number.into(), &token.to_string());
        self.path.join(RUNS_FOLDER).join(name)
    }

    /// The folder of a run that has failed or was interrupted.
    pub fn partial_run(&self, number: u32) -> PathBuf {
        self.path
            .join(RUNS_FOLDER)
            .join(partial_folder(number.into()))
    }

    /// The folder of a finished run.
    pub fn run(&self, number: u32) -> PathBuf {
        self.path.join(RUNS_FOLDER).join(run_folder(number.into()))
    }
}

fn is_partial(run: &Path) -> bool {
    run.extension().is_some_and(|end| end == "partial")
}

/// Points a symbolic link at `target`. An existing link is replaced in one step, so
/// that the link always has a target.
fn point(link: &Path, target: &Path) -> io::Result<()> {
    let fresh = link.with_extension(format!("{}.new", std::process::id()));
    std::os::unix::fs::symlink(target, &fresh)?;
    fs::rename(&fresh, link).inspect_err(|_| {
        // The first error is reported; an error here is ignored.
        let _ = fs::remove_file(&fresh);
    })
}

/// What there is in place of a symbolic link; `None` if there is a link or nothing.
fn not_a_link(path: &Path) -> Option<&'static str> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    match (kind.is_symlink(), kind.is_dir()) {
        (true, _) => None,
        (false, true) => Some("it is a folder"),
        (false, false) => Some("it is a file"),
    }
}

/// A time of the wall clock as RFC 3339, in whole seconds. A clock that is set to before
/// 1970 is as good as any other.
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs())
            .ok()
            .map(|it| -it),
    };
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let time = time.unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn two_results_of_one_second_have_folders_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let first = Folder::stamped(root.path(), "a", now).unwrap();
        let second = Folder::stamped(root.path(), "a", now).unwrap();
        assert!(first.path().ends_with("a/2027-01-15T08-00-00Z"));
        assert!(second.path().ends_with("a/2027-01-15T08-00-00Z-2"));
        let latest = fs::canonicalize(root.path().join("a/latest")).unwrap();
        assert_eq!(latest, fs::canonicalize(second.path()).unwrap());
    }

    #[test]
    fn a_folder_with_results_is_refused_and_left_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("notes.txt"), "mine").unwrap();
        Folder::exactly(root.path()).unwrap();
        let again = Folder::exactly(root.path());
        assert!(matches!(again, Err(FolderError::Occupied { .. })));
        assert_eq!(fs::read(root.path().join("notes.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_clock_before_1970_is_a_time_like_any_other() {
        let root = tempfile::tempdir().unwrap();
        let early = UNIX_EPOCH - Duration::from_secs(86_400);
        let folder = Folder::stamped(root.path(), "a", early).unwrap();
        assert!(folder.path().ends_with("a/1969-12-31T00-00-00Z"));
        assert_eq!(rfc3339(early), "1969-12-31T00:00:00Z");
        let far = UNIX_EPOCH - Duration::from_secs(u64::MAX / 4);
        assert_eq!(rfc3339(far), "1970-01-01T00:00:00Z");
    }
}
