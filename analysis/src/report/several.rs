//! Several results folders: parts of one plan are merged, results of different plans
//! are compared.
//!
//! The manifests decide. If all are of the same plan, the folders are parts and are
//! merged. If the plans differ and no folder is a part (of --shard, --case, --run),
//! they are compared. If the plans differ and one folder is a part, it is an error: a
//! part of another plan was given.

use std::path::{Path, PathBuf};

use super::build::{annotate, build_opened};
use super::compare::{compare, names};
use super::folder::{Folder, picked};
use super::merge::{Merged, merge};
use super::standing::Standing;
use super::write::{Outputs, Wanted, write_with};
use super::{Error, junit};
use crate::database::{self, Database};
use crate::junit::Junit;
use crate::notes;
use crate::results::{RepeatCommand, differences};

/// What is asked of results, besides the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demands<'a> {
    /// Whether missing runs are accepted.
    pub partial: bool,
    /// Whether a single part is merged, too.
    pub merge: bool,
    /// The JUnit file to write.
    pub junit: Option<&'a Path>,
    /// Whether `report.html` has all rows of the diagram inside, however many.
    pub one_file: bool,
    /// The author's notes, in place of those of the results.
    pub notes: Option<&'a Path>,
    /// Results to compare with, whatever the plans are.
    pub compare: &'a [PathBuf],
    /// The SQLite database to write.
    pub sqlite: Option<&'a Path>,
    /// Where to write the page as it is printed: no scripts, and all that is folded is open.
    pub printed: Option<&'a Path>,
}

/// A report, and the merge before it.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The report's files.
    pub outputs: Outputs,
    /// The result of the merge; `None` if nothing was merged.
    pub merged: Option<Merged>,
    /// The database that was written.
    pub database: Option<Database>,
    /// What the results come to: of one folder, of the merged results, or of each
    /// plan that is compared.
    pub results: Vec<BuiltFrom>,
}

/// Results that a report is about.
#[derive(Clone, Debug)]
pub struct BuiltFrom {
    /// The name in a comparison; empty for one plan.
    pub name: String,
    /// What the results come to.
    pub standing: Standing,
    /// Number of runs.
    pub runs: u64,
    /// The command that repeats a run.
    pub repeat: Option<RepeatCommand>,
}

impl Built {
    /// The exit code: the gravest of all results, see [`Standing::exit_code`].
    pub fn exit_code(&self, partial: bool) -> u8 {
        let rank = |code: &u8| [0, 4, 1, 3].iter().position(|it| it == code);
        let codes = self.results.iter().map(|it| it.standing.exit_code(partial));
        codes.max_by_key(rank).unwrap_or(0)
    }
}

impl BuiltFrom {
    /// The name before a text about these results, with a colon.
    pub fn prefix(&self) -> String {
        match self.name.as_str() {
            "" => String::new(),
            name => format!("{name}: "),
        }
    }

    /// The distinct reasons why runs failed or are unknown; empty if there are none.
    pub fn failures(&self) -> String {
        let repeat = |run: u64| self.repeat.as_ref().map(|it| it.of(run));
        let standing = &self.standing;
        let failed = standing.failures.text(self.runs, "failed", repeat);
        let unknown = standing.unknown.text(self.runs, "unknown", repeat);
        let texts = [failed, unknown].into_iter().filter(|it| !it.is_empty());
        texts
            .map(|text| format!("{}{text}", self.prefix()))
            .collect()
    }
}

/// Builds the report of one folder of results, or of several into `out`.
///
/// # Errors
/// As `build`; the folders are neither parts of one plan nor whole results, or `out`
/// is missing.
pub fn build_all(
    results: &[PathBuf],
    out: Option<&Path>,
    demands: Demands<'_>,
) -> Result<Built, Error> {
    let wanted = Wanted {
        one_file: demands.one_file,
        printed: demands.printed.map(Path::to_owned),
        notes: demands.notes.map(notes::of_command).transpose()?,
    };
    let results = &[results, demands.compare].concat()[..];
    let is_picked = results.iter().any(|path| picked(path).is_some());
    if let ([only], true) = (results, is_picked) {
        return Err(Error::OneRun { path: only.clone() });
    }
    if let [only] = results
        && !demands.merge
    {
        let folder = Folder::open(only)?;
        let of_results = out.is_none_or(|out| out == only.as_path());
        let outputs = build_opened(
            &folder,
            if of_results {
                &folder.path
            } else {
                out.unwrap_or(only)
            },
            &wanted,
        )?;
        return stand(&[folder], Vec::new(), outputs, None, demands);
    }
    let Some(out) = out else {
        return Err(Error::NoOut {
            given: results.len(),
        });
    };
    let mut folders: Vec<Folder> = Vec::with_capacity(results.len());
    for path in results {
        let folder = Folder::open_picked(path)?;
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or(path.to_owned());
        if folders
            .iter()
            .any(|it| real(&it.path) == real(&folder.path) && it.picked == folder.picked)
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
    let compares = is_picked || !demands.compare.is_empty();
    if compares || (!one_plan && !parts && !demands.merge) {
        if demands.sqlite.is_some() {
            return Err(Error::SqliteOfSeveral);
        }
        let mut report = compare(&folders, out)?;
        annotate(&mut report, wanted.notes.as_ref());
        let outputs = write_with(&report, None, out, &wanted)?;
        let names = names(&folders);
        return stand(&folders, names, outputs, None, demands);
    }
    let merged = merge(&folders, out)?;
    let folder = Folder::open_any(out)?;
    let outputs = build_opened(&folder, out, &wanted)?;
    stand(&[folder], Vec::new(), outputs, Some(merged), demands)
}

/// Reads what the results come to, and writes the JUnit file. `names` are their names
/// in a comparison.
fn stand(
    folders: &[Folder],
    names: Vec<String>,
    outputs: Outputs,
    merged: Option<Merged>,
    demands: Demands<'_>,
) -> Result<Built, Error> {
    let mut results = Vec::with_capacity(folders.len());
    let database = match (demands.sqlite, folders) {
        (Some(file), [folder]) => Some(database::write(folder, file)?),
        _ => None,
    };
    let mut file = demands.junit.map(Junit::new);
    let names = names.into_iter().chain(std::iter::repeat(String::new()));
    for (folder, name) in folders.iter().zip(names) {
        let built = BuiltFrom {
            name,
            standing: Standing::of(folder)?,
            runs: folder.runs.len() as u64,
            repeat: folder.manifest.repeat.clone(),
        };
        if let Some(file) = &mut file {
            junit::add(
                file,
                folder,
                &built.standing,
                demands.partial,
                &built.prefix(),
            )?;
        }
        results.push(built);
    }
    if let Some(file) = file {
        let path = file.path();
        if let Some(parent) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
        }
        file.write().map_err(Error::write(path))?;
    }
    Ok(Built {
        outputs,
        merged,
        database,
        results,
    })
}
