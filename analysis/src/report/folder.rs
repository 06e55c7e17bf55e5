//! A results folder, opened: its manifest and the list of its runs.

use std::path::{Path, PathBuf};

use super::Error;
use crate::log::tables::files::{
    JOURNAL_FILE, MANIFEST_FILE, RUNS_FILE, RUNS_FOLDER, partial_folder, partial_run, run_folder,
};
use crate::log::tables::{
    EVIDENCE_FILE, EvidenceRow, FAILURES_FILE, FailureRow, TableError, TableReader, TableRow,
    VERDICTS_FILE, VerdictRow,
};
use crate::results::{FORMAT, Manifest, RunRow, RunStatus, Selected};

/// Maximum number of nodes of a run, so that a damaged manifest cannot use all
/// memory. Arbitrary, above the maximum of the runner.
const MAX_NODES: u64 = 1 << 24;

/// The link to the newest results of a scenario.
const LATEST: &str = "latest";

/// A results folder, opened.
#[derive(Debug)]
pub(crate) struct Folder {
    pub path: PathBuf,
    pub manifest: Manifest,
    /// In order of their numbers.
    pub runs: Vec<RunRow>,
    /// Numbers of the runs that began and did not end, in order: the runner was killed,
    /// or is still running.
    pub unfinished: Vec<u64>,
    /// The run that alone is meant, if one is.
    pub picked: Option<u64>,
}

impl Folder {
    /// Opens `path`, or the newest results below it (`latest`). Only a shard without
    /// runs may have none.
    pub fn open(path: &Path) -> Result<Folder, Error> {
        let folder = Folder::open_any(path)?;
        let selected = folder.manifest.selected.as_ref();
        let empty_shard = selected.is_some_and(|it| it.runs == 0);
        match folder.runs.is_empty() && folder.unfinished.is_empty() && !empty_shard {
            true => Err(Error::NoRuns { path: folder.path }),
            false => Ok(folder),
        }
    }

    /// Calls `take` with each verdict, in the order of the file; never if there is no file.
    pub fn each_verdict(&self, take: impl FnMut(VerdictRow)) -> Result<(), Error> {
        let file = self.path.join(VERDICTS_FILE);
        each_row(&file, VerdictRow::open, VerdictRow::from_row, take)
    }

    /// As [`Folder::each_verdict`], with the rows of evidence.
    pub fn each_evidence(&self, take: impl FnMut(EvidenceRow)) -> Result<(), Error> {
        let file = self.path.join(EVIDENCE_FILE);
        each_row(&file, EvidenceRow::open, EvidenceRow::from_row, take)
    }

    /// As [`Folder::each_verdict`], with the failures of runs themselves.
    pub fn each_failure(&self, take: impl FnMut(FailureRow)) -> Result<(), Error> {
        let file = self.path.join(FAILURES_FILE);
        each_row(&file, FailureRow::open, FailureRow::from_row, take)
    }

    /// As [`Folder::open`]; also without any run, as for an empty shard.
    pub fn open_any(path: &Path) -> Result<Folder, Error> {
        let mut path = path.to_owned();
        if !path.join(MANIFEST_FILE).exists() && path.join(LATEST).join(MANIFEST_FILE).exists() {
            path.push(LATEST);
        }
        let file = path.join(MANIFEST_FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_results(path));
            }
            Err(error) => return Err(Error::read(&file)(error)),
        };
        let manifest = read_manifest(&file, &text)?;
        let table = path.join(RUNS_FILE);
        // With --shared, the tables are there when a runner has come to its end.
        let none_yet = !table.exists() && path.join(JOURNAL_FILE).exists();
        let mut runs = match none_yet {
            true => Vec::new(),
            false => RunRow::read(&table)?,
        };
        runs.sort_by_key(|run| run.run);
        let unfinished = unfinished(&path, &runs);
        Ok(Folder {
            path,
            manifest,
            runs,
            unfinished,
            picked: None,
        })
    }

    /// As [`Folder::open_any`]; `results/lab/latest:3` is run 3 alone.
    pub fn open_picked(path: &Path) -> Result<Folder, Error> {
        let Some((results, run)) = picked(path) else {
            return Folder::open_any(path);
        };
        let mut folder = Folder::open_any(&results)?;
        let here = folder.runs.iter().map(|it| it.run.to_string());
        let here: Vec<String> = here.collect();
        folder.runs.retain(|it| it.run == run);
        if folder.runs.is_empty() {
            return Err(Error::NoRun {
                path: folder.path,
                run,
                here: match here.as_slice() {
                    [first, .., last] => format!("{first} to {last}"),
                    _ => here.join(", "),
                },
            });
        }
        // Such results are complete in themselves.
        folder.manifest.selected = Some(Selected {
            run: Some(run),
            runs: 1,
            ..Selected::default()
        });
        folder.unfinished.clear();
        folder.picked = Some(run);
        Ok(folder)
    }

    /// Whether a run reached its end. In real time, a run that a signal stopped is
    /// whole, too.
    pub fn is_whole(&self, run: &RunRow) -> bool {
        match run.status {
            RunStatus::Complete => true,
            RunStatus::Interrupted => self.manifest.is_real(),
            RunStatus::Failed => false,
        }
    }

    /// The folder of a run.
    pub fn run_folder(&self, run: &RunRow) -> PathBuf {
        let runs = self.path.join(RUNS_FOLDER);
        let whole = runs.join(run_folder(run.run));
        if !self.is_whole(run) && !whole.exists() {
            return runs.join(partial_folder(run.run));
        }
        whole
    }
}

/// The results and the run of `RESULTS:RUN`; `None` if the path is a folder itself.
pub(super) fn picked(path: &Path) -> Option<(PathBuf, u64)> {
    let (results, run) = path.to_str()?.rsplit_once(':')?;
    let run = run.parse().ok()?;
    (!path.exists() && !results.is_empty()).then(|| (PathBuf::from(results), run))
}

/// Calls `take` with each row of a table that may not be there.
fn each_row<R>(
    file: &Path,
    open: fn(&Path) -> Result<TableReader, TableError>,
    from_row: fn(&TableRow<'_>) -> Result<R, TableError>,
    mut take: impl FnMut(R),
) -> Result<(), Error> {
    if !file.exists() {
        return Ok(());
    }
    let mut table = open(file)?;
    while let Some(row) = table.next_row()? {
        take(from_row(&row)?);
    }
    Ok(())
}

/// The runs with a folder `NNNN.partial` and no row.
fn unfinished(path: &Path, runs: &[RunRow]) -> Vec<u64> {
    let folders = std::fs::read_dir(path.join(RUNS_FOLDER))
        .into_iter()
        .flatten();
    let mut numbers: Vec<u64> = folders
        .filter_map(|folder| partial_run(folder.ok()?.file_name().to_str()?))
        .filter(|number| runs.iter().all(|run| run.run != *number))
        .collect();
    numbers.sort_unstable();
    numbers
}

fn not_results(path: PathBuf) -> Error {
    let hint = if !path.exists() {
        "there is no such folder".to_owned()
    } else if path.is_file() {
        "give the folder that the runner named at its end; for logs of other programs: analysis guess FILE.. > format.toml, then analysis --format format.toml FILE..".to_owned()
    } else {
        "give the folder that the runner named at its end, such as results/NAME/latest".to_owned()
    };
    Error::NotResults { path, hint }
}

fn read_manifest(file: &Path, text: &str) -> Result<Manifest, Error> {
    // The format is read first: a newer format may lack fields of this one.
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let wrong = |error: serde_json::Error| {
        let full = error.to_string();
        let what = full.split(" at line ").next().unwrap_or(&full);
        Error::Manifest {
            path: file.to_owned(),
            line: error.line(),
            column: error.column(),
            found: what.to_owned(),
        }
    };
    let Format { format } = serde_json::from_str(text).map_err(wrong)?;
    if format > FORMAT {
        return Err(Error::Format {
            path: file.to_owned(),
            found: format,
            known: FORMAT,
        });
    }
    let manifest = Manifest::from_json(text).map_err(wrong)?;
    let nodes = manifest.node_count();
    if nodes > MAX_NODES {
        return Err(Error::Manifest {
            path: file.to_owned(),
            line: 1,
            column: 1,
            found: format!(
                "`groups` have {nodes} nodes, more than the {MAX_NODES} that a report reads"
            ),
        });
    }
    Ok(manifest)
}
