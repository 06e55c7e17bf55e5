//! Finds the run and the records that a past begins with: those that prove a failure, or those
//! that somebody named.

use std::path::{Path, PathBuf};

use super::past::{Target, TargetPlace};
use crate::log::tables::{EvidenceRow, Verdict};
use crate::log::{BackwardLog, EventId, LogError, RunLog, RunSchema, STANDARD_EVENTS, nearest};
use crate::report::{DiagramRun, Error, Folder, about, mark_of_failure, open_log};
use crate::results::{FailureIdentity, Judge, LogMode, RunRow, RunStatus, sentence};

/// Why no past can be told.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] Error),
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no such run.
    #[error("{}: has no run {run}\n  runs here: {here}", path.display())]
    NoRun {
        /// The results.
        path: PathBuf,
        /// The number.
        run: u64,
        /// The runs that there are.
        here: String,
    },
    /// There are several runs.
    #[error("{}: has {here}; which one is meant?\n  name it with {how}", path.display())]
    SeveralRuns {
        /// The results.
        path: PathBuf,
        /// The runs that there are.
        here: String,
        /// How a run is named.
        how: &'static str,
    },
    /// The run has no logs.
    #[error("{}: run {run} has no logs, so nothing is known about its records\n  do it again with logs: {again}", path.display())]
    NoLogs {
        /// The results.
        path: PathBuf,
        /// The number.
        run: u64,
        /// The command.
        again: String,
    },
    /// No run failed.
    #[error("{}: {what}\n  name a record with NODE:STEP, as in {example}", path.display())]
    NoFailure {
        /// The results.
        path: PathBuf,
        /// What did not fail.
        what: String,
        /// A record of the run.
        example: String,
    },
    /// A failure has no records that prove it.
    #[error(
        "run {run}: no record proves this failure: {failure}\n  name a record with NODE:STEP, as in {example}"
    )]
    NoEvidence {
        /// The number of the run.
        run: u64,
        /// What failed.
        failure: String,
        /// A record of the run.
        example: String,
    },
    /// A record is not written as it must be.
    #[error("`{found}`: expected NODE:STEP, as in {example}")]
    NotAPlace {
        /// What was found.
        found: String,
        /// A record of the run.
        example: String,
    },
    /// There is no such node.
    #[error("`{found}`: run {run} has no node `{node}`{hint}\n  nodes here: {here}")]
    NoNode {
        /// What was found.
        found: String,
        /// The number of the run.
        run: u64,
        /// The name.
        node: String,
        /// The nearest name.
        hint: String,
        /// The nodes that there are.
        here: String,
    },
    /// The node has no such step.
    #[error(
        "`{node}:{step}`: run {run} has no record of this step\n  the last step of `{node}` there is {last}"
    )]
    NoStep {
        /// The node.
        node: String,
        /// The step.
        step: u64,
        /// The number of the run.
        run: u64,
        /// The number of the node's last step.
        last: u64,
    },
    /// A picture cannot be written.
    #[error("{}: cannot be written: {source}\n  name another file with --out FILE", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// One run of results, to be read.
#[derive(Debug)]
pub struct RunFolder {
    folder: Folder,
    row: RunRow,
    schema: RunSchema,
}

/// A failure of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which runs fail in the same way.
    pub identity: FailureIdentity,
    /// What it says.
    pub text: String,
    /// The records that prove it, those of the last one last; maybe none.
    pub targets: Vec<Target>,
}

/// What a past begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The failure, if it is about one.
    pub failure: Option<Failure>,
    /// The records.
    pub targets: Vec<Target>,
}

/// Opens a run of results. Without a number, it is the first one that failed, and has
/// `check` in the name of a failure; if none failed, the only one.
///
/// # Errors
/// The results cannot be read, or it is not clear which run is meant.
pub fn open_run(
    results: &Path,
    run: Option<u64>,
    check: Option<&str>,
    how: &'static str,
) -> Result<RunFolder, WhyError> {
    let folder = Folder::open(results)?;
    let here = || {
        let numbers: Vec<String> = folder.runs.iter().map(|it| it.run.to_string()).collect();
        match numbers.as_slice() {
            [first, .., last] => format!("{} runs, {first} to {last}", numbers.len()),
            _ => numbers.join(", "),
        }
    };
    let row = match run {
        Some(run) => {
            let row = folder.runs.iter().find(|it| it.run == run);
            row.ok_or_else(|| WhyError::NoRun {
                path: folder.path.clone(),
                run,
                here: here(),
            })?
        }
        None => {
            let failed = match check {
                None => folder.runs.iter().find(|it| has_failed(it)),
                Some(check) => first_with(&folder, check)?,
            };
            match (failed, folder.runs.as_slice()) {
                (Some(row), _) | (None, [row]) => row,
                (None, _) => {
                    return Err(WhyError::SeveralRuns {
                        here: here(),
                        path: folder.path,
                        how,
                    });
                }
            }
        }
    };
    let schema = folder.manifest.run_schema(&row.case);
    let row = row.clone();
    let opened = RunFolder {
        folder,
        row,
        schema,
    };
    let is_there = opened.folder.run_folder(&opened.row).is_dir();
    if opened.folder.manifest.log == LogMode::Off || !is_there {
        let repeat = opened.folder.manifest.repeat.as_ref();
        return Err(WhyError::NoLogs {
            path: opened.folder.path,
            run: opened.row.run,
            again: repeat.map_or_else(String::new, |it| it.of(opened.row.run)),
        });
    }
    Ok(opened)
}

fn has_failed(row: &RunRow) -> bool {
    row.status == RunStatus::Failed || row.verdict == Some(Verdict::Failed)
}

/// The first run with a failure that has this in its name.
fn first_with<'a>(folder: &'a Folder, check: &str) -> Result<Option<&'a RunRow>, Error> {
    let mut first = u64::MAX;
    folder.each_verdict(|row| {
        if let Some(run) = row.run
            && row.judgement.verdict == Verdict::Failed
            && sentence(&row.judgement).contains(check)
        {
            first = first.min(run);
        }
    })?;
    folder.each_failure(|row| {
        if row.text.contains(check) {
            first = first.min(row.run);
        }
    })?;
    Ok(folder.runs.iter().find(|it| it.run == first))
}

impl RunFolder {
    /// The number of the run.
    pub fn run(&self) -> u64 {
        self.row.run
    }

    /// The line of the run in `runs.csv`.
    pub fn row(&self) -> &RunRow {
        &self.row
    }

    /// The folder of the results.
    pub fn results(&self) -> &Path {
        &self.folder.path
    }

    /// The manifest of the results.
    pub fn manifest(&self) -> &crate::results::Manifest {
        &self.folder.manifest
    }

    /// What is known about the run beside the rows of its log: faults, failures.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn about(&self) -> Result<DiagramRun, Error> {
        about(&self.folder, &self.row)
    }

    /// `run 3 of lab`.
    pub fn name(&self) -> String {
        let manifest = &self.folder.manifest;
        let case = match manifest.cases.len() {
            0 | 1 => String::new(),
            _ => format!(" ({})", self.row.case),
        };
        format!("run {} of {}{case}", self.row.run, manifest.scenario.name)
    }

    /// The names of its records.
    pub fn schema(&self) -> &RunSchema {
        &self.schema
    }

    /// Its logs, from the beginning.
    ///
    /// # Errors
    /// They cannot be opened.
    pub fn log(&self) -> Result<RunLog, WhyError> {
        Ok(open_log(&self.folder, &self.row, &self.schema)?)
    }

    /// Its logs, from the end.
    ///
    /// # Errors
    /// They cannot be opened.
    pub fn backward(&self) -> Result<BackwardLog, WhyError> {
        Ok(self.log()?.backward())
    }

    /// Its failures, each with the records that prove it.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn failures(&self) -> Result<Vec<Failure>, WhyError> {
        let mut failures = Vec::new();
        self.folder.each_failure(|row| {
            if row.run == self.row.run {
                let targets = self.of_a_node(&row.text).into_iter().collect();
                failures.push(Failure {
                    identity: FailureIdentity::of_error(&row.text),
                    text: row.text,
                    targets,
                });
            }
        })?;
        let first = failures.len();
        let mut names = Vec::new();
        self.folder.each_verdict(|row| {
            let judgement = row.judgement;
            let counts = judgement.verdict == Verdict::Failed && judgement.judge != Judge::Happened;
            if row.run == Some(self.row.run) && counts {
                failures.push(Failure {
                    identity: FailureIdentity::of_judgement(&judgement),
                    text: sentence(&judgement),
                    targets: Vec::new(),
                });
                names.push(judgement.name);
            }
        })?;
        self.folder.each_evidence(|row| {
            if row.run == self.row.run
                && let Some(at) = names.iter().position(|name| *name == row.name)
            {
                failures[first + at].targets.extend(self.of_evidence(row));
            }
        })?;
        Ok(failures)
    }

    /// The last record of a node that failed.
    fn of_a_node(&self, text: &str) -> Option<Target> {
        let mark = mark_of_failure(text.lines().next().unwrap_or_default())?;
        Some(Target {
            node: self.node(&mark.node)?,
            place: TargetPlace::Last,
            note: "its last record".to_owned(),
        })
    }

    fn of_evidence(&self, row: EvidenceRow) -> Option<Target> {
        let evidence = row.evidence;
        let node = self.node(&evidence.node)?;
        let event = self.event(node, &evidence.event)?;
        Some(Target {
            node,
            place: TargetPlace::Row(evidence.time_ns, evidence.step, event),
            note: evidence.note,
        })
    }

    fn node(&self, name: &str) -> Option<u32> {
        let found = self.schema.nodes.iter().position(|node| node.name == name);
        found.map(|at| at as u32)
    }

    fn event(&self, node: u32, word: &str) -> Option<EventId> {
        let standard = STANDARD_EVENTS.iter().position(|&it| it == word);
        let own = || {
            let mut events = self.schema.nodes[node as usize].events.iter();
            events.position(|it| it == word)
        };
        let standard = standard.map(|at| EventId(at as u16));
        standard.or_else(|| own().map(|at| EventId::own(at as u32)))
    }

    /// A record as somebody writes it: `NODE:STEP`.
    fn of_text(&self, text: &str) -> Result<Target, WhyError> {
        let not_a_place = || WhyError::NotAPlace {
            found: text.to_owned(),
            example: self.example(),
        };
        let (name, step) = text.rsplit_once(':').ok_or_else(not_a_place)?;
        let step = step.parse().map_err(|_| not_a_place())?;
        let Some(node) = self.node(name) else {
            let names = self.schema.nodes.iter().map(|node| node.name.as_str());
            let names: Vec<&str> = names.collect();
            let more = if names.len() > SHOWN_NAMES {
                ", ..."
            } else {
                ""
            };
            return Err(WhyError::NoNode {
                found: text.to_owned(),
                run: self.row.run,
                node: name.to_owned(),
                hint: nearest(name, &names),
                here: names[..names.len().min(SHOWN_NAMES)].join(", ") + more,
            });
        };
        Ok(Target {
            node,
            place: TargetPlace::Step(step),
            note: String::new(),
        })
    }

    /// A record to name in a message.
    fn example(&self) -> String {
        let first = self.schema.nodes.first();
        format!("{}:1", first.map_or("node", |node| &node.name))
    }

    /// The error that a step is not there.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn no_step(&self, target: &Target) -> Result<WhyError, WhyError> {
        let mut log = self.backward()?;
        let file = log.file_of(target.node);
        let mut last = 0;
        while let Some((row, _)) = log.previous(file)? {
            if row.node == target.node {
                last = row.step;
                break;
            }
        }
        let step = match target.place {
            TargetPlace::Row(_, step, _) | TargetPlace::Step(step) => step,
            TargetPlace::Last => 0,
        };
        Ok(WhyError::NoStep {
            node: self.schema.nodes[target.node as usize].name.clone(),
            step,
            run: self.row.run,
            last,
        })
    }
}

/// Maximum number of names in a message. Arbitrary.
const SHOWN_NAMES: usize = 20;

/// The records to begin with: those that are named, or else those that prove the first failure
/// with `check` in its name.
///
/// # Errors
/// A record is not named as it must be, or no record proves a failure.
pub fn choose(run: &RunFolder, places: &[String], check: Option<&str>) -> Result<Chosen, WhyError> {
    if !places.is_empty() {
        let targets: Result<Vec<Target>, WhyError> =
            places.iter().map(|text| run.of_text(text)).collect();
        return Ok(Chosen {
            failure: None,
            targets: targets?,
        });
    }
    let mut failures = run.failures()?;
    let path = run.folder.path.clone();
    if let Some(check) = check {
        failures.retain(|it| it.text.contains(check));
    }
    let example = run.example();
    let Some(first) = failures.first().cloned() else {
        let what = match check {
            Some(check) => format!("run {} has no failure with `{check}` in it", run.run()),
            None if run.folder.runs.len() > 1 => format!("run {} did not fail", run.run()),
            None => "its run did not fail".to_owned(),
        };
        return Err(WhyError::NoFailure {
            path,
            what,
            example,
        });
    };
    match failures.into_iter().find(|it| !it.targets.is_empty()) {
        Some(failure) => Ok(Chosen {
            targets: failure.targets.clone(),
            failure: Some(failure),
        }),
        None => Err(WhyError::NoEvidence {
            run: run.run(),
            failure: first.text.lines().next().unwrap_or_default().to_owned(),
            example,
        }),
    }
}
