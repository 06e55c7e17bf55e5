//! The folders in which the files of nodes outlive a run (`state` in a scenario, and
//! `--state`), in real time only.
//!
//! Node `NODE` has the folder `DIR/NODE`, which a behavior gets in place of the run's
//! folder. It is locked for as long as the node may write into it. The lock is the
//! system's (`flock`), so it ends with the process, however that ends.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::results::error::ResultsError;
use crate::results::run_folder::FolderLock;
use model::roster::Roster;
use realtime::setup::SetupError;

/// In a run's folder: copies of the state folders, for checks.
const COPIES: &str = "state";

/// The state folders of nodes, by node index, locked until the value is dropped.
#[derive(Debug, Default)]
pub(super) struct StateFolders {
    /// The folders.
    pub of: BTreeMap<u32, PathBuf>,
    locks: Vec<FolderLock>,
}

impl StateFolders {
    /// Makes and locks the folders of those of these nodes that have one.
    ///
    /// # Errors
    ///
    /// Fails if a folder cannot be made, or if another process has locked it.
    pub fn open(
        roster: &Roster,
        nodes: impl Iterator<Item = u32>,
    ) -> Result<StateFolders, SetupError> {
        let mut folders = StateFolders::default();
        for (node, name, path) in placed(roster, nodes) {
            let refused = |why: String| {
                SetupError::Refused(format!(
                    "node `{name}`: its state folder {} {why}",
                    path.display()
                ))
            };
            let lock = fs::create_dir_all(&path).and_then(|()| FolderLock::exclusive(&path));
            let lock = lock.map_err(|error| {
                refused(format!(
                    "cannot be used: {error}\n  name a folder that can be written with `state` or --state DIR"
                ))
            })?;
            let lock = lock.ok_or_else(|| {
                refused("belongs to another run, which has not ended\n  end that run, or name another folder with `state` or --state DIR".to_owned())
            })?;
            folders.locks.push(lock);
            folders.of.insert(node, path);
        }
        Ok(folders)
    }

    /// Copies the folders of these nodes into the folder of a run, as they are now.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be copied.
    pub fn copy(
        roster: &Roster,
        nodes: impl Iterator<Item = u32>,
        run: &Path,
    ) -> Result<(), ResultsError> {
        for (_, name, path) in placed(roster, nodes) {
            let place = run.join(COPIES).join(name);
            copy(&path, &place).map_err(ResultsError::at(&place))?;
        }
        Ok(())
    }
}

/// Node, name and state folder of those of these nodes that have one.
fn placed(
    roster: &Roster,
    nodes: impl Iterator<Item = u32>,
) -> impl Iterator<Item = (u32, String, PathBuf)> {
    nodes.filter_map(|node| {
        let state = roster.groups()[roster.group_of(node)].state.as_ref()?;
        let name = roster.name(node)?;
        let path = state.join(&name);
        Some((node, name, path))
    })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match entry.file_type()? {
            kind if kind.is_dir() => copy(&entry.path(), &place)?,
            kind if kind.is_file() => fs::copy(entry.path(), place).map(drop)?,
            _ => {}
        }
    }
    Ok(())
}
