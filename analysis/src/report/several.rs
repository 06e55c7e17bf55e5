//! Several results folders: parts of one plan are merged, results of different plans
//! are compared.
//!
//! The manifests decide. If all are of the same plan, the folders are parts and are
//! merged. If the plans differ and no folder is a part (of --shard, --case, --run),
//! they are compared. If the plans differ and one folder is a part, it is an error: a
//! part of another plan was given.

use std::path::{Path, PathBuf};

use super::build::{build, report};
use super::compare::compare;
use super::folder::Folder;
use super::merge::{Merged, merge};
use super::write::{Outputs, write};
use super::{Error, Report};
use crate::results::differences;

/// A report, and the merge before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The report's files.
    pub outputs: Outputs,
    /// The result of the merge; `None` if nothing was merged.
    pub merged: Option<Merged>,
}

/// Builds the report of one folder of results, or of several into `out`.
///
/// # Errors
/// As [`build`]; the folders are neither parts of one plan nor whole results, or `out`
/// is missing.
pub fn build_all(results: &[PathBuf], out: Option<&Path>) -> Result<Built, Error> {
    if let [only] = results {
        let outputs = build(only, out.unwrap_or(only))?;
        return Ok(Built {
            outputs,
            merged: None,
        });
    }
    let Some(out) = out else {
        return Err(Error::NoOut {
            given: results.len(),
        });
    };
    let mut folders: Vec<Folder> = Vec::with_capacity(results.len());
    for path in results {
        let folder = Folder::open_any(path)?;
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or(path.to_owned());
        if folders
            .iter()
            .any(|it| real(&it.path) == real(&folder.path))
        {
            return Err(Error::Twice {
                path: path.to_owned(),
            });
        }
        folders.push(folder);
    }
    let first = &folders[0].manifest;
    let one_plan = folders[1..]
        .iter()
        .all(|it| differences(first, &it.manifest).is_empty());
    let parts = folders.iter().any(|it| it.manifest.selected.is_some());
    if !one_plan && !parts {
        let outputs = write(&compare(&folders)?, out)?;
        return Ok(Built {
            outputs,
            merged: None,
        });
    }
    let merged = merge(&folders, out)?;
    let report: Report = report(out)?;
    Ok(Built {
        outputs: write(&report, out)?,
        merged: Some(merged),
    })
}
