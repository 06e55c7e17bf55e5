//! Several folders of results: parts of one plan are merged and reported as the
//! whole, results of different plans are compared.
//!
//! Which of the two is meant is told apart by the results themselves. Each holds
//! the manifest of its plan, and says whether all of the plan's runs were to be
//! done there. The same plan everywhere: parts, to be merged. Different plans, each
//! done as a whole: to be compared. Different plans where some are parts: a shard
//! of the wrong plan has slipped in, and nothing is made of it.

use std::path::{Path, PathBuf};

use super::build::{build, report};
use super::compare::compare;
use super::folder::Folder;
use super::merge::{Merged, merge};
use super::write::{Outputs, write};
use super::{Error, Report};
use crate::results::differences;

/// What was made of results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The report's files.
    pub outputs: Outputs,
    /// What merging came to, if there was something to merge.
    pub merged: Option<Merged>,
}

/// Builds the report of one folder of results, or of several into `out`.
///
/// # Errors
/// As [`build`]; several folders that belong together neither as parts of a plan
/// nor as whole results, or without a place for what they come to.
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
