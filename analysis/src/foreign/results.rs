//! The results folder that is made of the logs: manifest, tables, and a log per node.

use std::path::Path;

use super::doubts::{Doubts, NodeCounts};
use super::format::{Format, RECEIVED_CLOCK};
use super::judge::{Asked, Bound};
use super::lamport::LAMPORT;
use super::names::FileName;
use super::survey::Survey;
use crate::log::tables::files::{
    EVIDENCE_FILE, MANIFEST_FILE, RESULT_FILES, RUNS_FILE, RUNS_FOLDER, SUMMARY_FILE,
    VERDICTS_FILE, run_folder,
};
use crate::log::tables::{EVIDENCE_HEADER, VERDICTS_HEADER};
use crate::log::{Driving, RunLog};
use crate::metrics::RunMetrics;
use crate::metrics::summary::SummaryColumns;
use crate::properties::{Happenings, is_sometimes};
use crate::report::Error;
use crate::results::{
    CaseInfo, CheckInfo, ColumnInfo, EventInfo, GroupInfo, ImportInfo, Judge, Judgement, LogMode,
    Manifest, PropertyInfo, RunRow, RunStatus, ScenarioInfo, Verdict, Versions, runs_header,
    verdict_of,
};

/// The id of the only case.
const CASE: &str = "default";
/// Maximum number of files that the manifest names.
const MAX_FILES: usize = 1_000;

/// Fails unless results of logs may be written into a folder: it has no results, or those
/// of logs.
///
/// # Errors
/// The folder holds something else.
pub fn vacant(out: &Path) -> Result<(), Error> {
    let manifest = out.join(MANIFEST_FILE);
    let own = std::fs::read_to_string(&manifest).ok();
    let own = own.and_then(|text| Manifest::from_json(&text).ok());
    if own.is_some_and(|it| it.imported.is_some()) {
        return Ok(());
    }
    match RESULT_FILES
        .iter()
        .map(|name| out.join(name))
        .find(|it| it.exists())
    {
        Some(path) => Err(Error::OtherReport {
            path,
            found: "it is not made of logs of another program",
        }),
        None => Ok(()),
    }
}

/// What becomes a results folder.
pub struct Results<'a> {
    /// How the logs were read.
    pub format: &'a Format,
    /// What they hold.
    pub survey: &'a Survey,
    /// The files.
    pub files: &'a [FileName],
    /// The command line.
    pub command: &'a [String],
    /// By run and node.
    pub counts: &'a [Vec<NodeCounts>],
    /// What is doubtful.
    pub doubts: Doubts,
    /// What is judged.
    pub bound: &'a Bound,
}

impl Results<'_> {
    /// Writes everything; the logs are in `partial`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, partial: &Path, out: &Path) -> Result<(), Error> {
        let schema = &self.survey.schema;
        let columns = SummaryColumns::new([&**schema]);
        let mut summary = Vec::new();
        columns.header(&mut summary);
        let (mut runs, mut verdicts, mut evidence) = (
            runs_header(false, []),
            VERDICTS_HEADER.to_owned(),
            EVIDENCE_HEADER.to_owned(),
        );
        let properties = &self.format.asked.properties;
        let mut happenings = vec![Happenings::default(); properties.len()];
        for (run, found) in (1_u64..).zip(&self.survey.runs) {
            let (metrics, judgements) = self.judge(run, &partial.join(run_folder(run)))?;
            let here = metrics
                .into_iter()
                .filter(|it| found.nodes.contains(&it.node));
            columns.rows(run, CASE, schema, &here.collect::<Vec<_>>(), &mut summary);
            for judgement in &judgements {
                judgement.line(Some(run), CASE, &mut verdicts);
                judgement.evidence_lines(Some(run), CASE, &mut evidence);
            }
            for ((rule, _), happened) in properties.iter().zip(&mut happenings) {
                let own = |it: &&Judgement| it.judge == Judge::Happened && it.name == rule.name;
                if let Some(judgement) = judgements.iter().find(own) {
                    happened.add(run, judgement);
                }
            }
            let counts = &self.counts[run as usize - 1];
            let duration_s = (found.last_ns - found.first_ns) as f64 / 1e9;
            let row = RunRow {
                run,
                case: CASE.to_owned(),
                seed: 0,
                status: RunStatus::Complete,
                verdict: self.verdict(&judgements),
                duration_s,
                wall_s: duration_s,
                events: counts.iter().map(|it| it.rows).sum(),
                messages: counts.iter().map(|it| it.sent).sum(),
                warmup_s: None,
                axes: Vec::new(),
            };
            runs.push_str(&row.to_string());
        }
        let count = self.survey.runs.len() as u64;
        for ((rule, _), happened) in properties.iter().zip(&happenings) {
            if is_sometimes(rule) {
                happened.judge(&rule.name, &rule.to_string(), count).line(
                    None,
                    CASE,
                    &mut verdicts,
                );
            }
        }
        let folder = out.join(RUNS_FOLDER);
        for name in RESULT_FILES {
            let path = out.join(name);
            let removed = match path.is_dir() {
                true => std::fs::remove_dir_all(&path),
                false if path.exists() => std::fs::remove_file(&path),
                false => Ok(()),
            };
            removed.map_err(Error::write(&path))?;
        }
        std::fs::rename(partial, &folder).map_err(Error::write(&folder))?;
        let manifest = self.manifest().to_json();
        let files: [(&str, &[u8]); 5] = [
            (SUMMARY_FILE, &summary),
            (RUNS_FILE, runs.as_bytes()),
            (VERDICTS_FILE, verdicts.as_bytes()),
            (EVIDENCE_FILE, evidence.as_bytes()),
            (MANIFEST_FILE, manifest.as_bytes()),
        ];
        for (name, bytes) in files {
            let path = out.join(name);
            std::fs::write(&path, bytes).map_err(Error::write(&path))?;
        }
        Ok(())
    }

    /// The numbers of a run, and what is judged of it.
    fn judge(
        &self,
        run: u64,
        folder: &Path,
    ) -> Result<(Vec<crate::metrics::NodeMetrics>, Vec<Judgement>), Error> {
        let schema = &self.survey.schema;
        let mut log = RunLog::open(folder, Some(schema))?;
        let mut metrics = RunMetrics::new(schema);
        let mut judging = self
            .bound
            .begin(schema, self.format.read.own(RECEIVED_CLOCK));
        while let Some((row, columns)) = log.next()? {
            metrics.row(&row, &columns);
            judging.row(&row, columns, schema);
        }
        let found = &self.survey.runs[run as usize - 1];
        let end_ns = (found.last_ns - found.first_ns) as u64;
        let mut nodes = metrics.finish(end_ns);
        let unknown = self.unknown();
        nodes.iter_mut().for_each(|node| node.forget(&unknown));
        Ok((nodes, judging.finish(end_ns)))
    }

    /// Beginnings of the names of metrics that the logs do not tell.
    fn unknown(&self) -> Vec<&'static str> {
        let mut unknown = Vec::new();
        let sum = |of: fn(&NodeCounts) -> u64| self.counts.iter().flatten().map(of).sum::<u64>();
        let has_events = self.format.read.event.is_some()
            || !self.format.flags.is_empty()
            || matches!(self.format.lines, super::format::Lines::Sentences(_));
        match self.survey.with_queue {
            (0, _) => unknown.push("queue_"),
            (with, of) if with < of => unknown.extend(["queue_time_mean", "queue_final"]),
            _ => {}
        }
        if !has_events {
            unknown.extend(["received", "sent", "messages_per_s"]);
        }
        if sum(|it| it.dropped) == 0 {
            unknown.push("dropped");
        }
        if self.format.read.bytes.is_none() {
            unknown.push("bytes_sent");
        }
        unknown
    }

    /// The verdict of a run. `clock.lamport` counts if it failed, or if it is asked for.
    fn verdict(&self, judgements: &[Judgement]) -> Option<Verdict> {
        let counts = |it: &&Judgement| {
            it.name != LAMPORT || it.verdict == Verdict::Failed || self.format.asked.lamport
        };
        let counted: Vec<Judgement> = judgements.iter().filter(counts).cloned().collect();
        verdict_of(&counted)
    }

    fn manifest(&self) -> Manifest {
        let format = self.format;
        let runs = self.survey.runs.len() as u64;
        let nodes = &self.survey.schema.nodes;
        let group = |node: &crate::log::NodeSchema| GroupInfo {
            name: node.name.clone(),
            count: 1,
            behavior: "another program".to_owned(),
            timing: "as logged".to_owned(),
            driving: Driving::Arrivals,
            columns: node
                .columns
                .iter()
                .map(|it| ColumnInfo {
                    name: it.name.clone(),
                    kind: it.kind,
                    docs: String::new(),
                })
                .collect(),
            events: node
                .events
                .iter()
                .map(|it| EventInfo {
                    name: it.clone(),
                    docs: String::new(),
                })
                .collect(),
            ..GroupInfo::default()
        };
        let files = self.files.iter().take(MAX_FILES);
        let counts =
            |of: fn(&super::survey::FileFound) -> u64| self.survey.files.iter().map(of).sum();
        let has_clock = format.read.own("clock").is_some();
        Manifest {
            format: 1,
            scenario: ScenarioInfo {
                name: "logs".to_owned(),
                title: "Logs of another program".to_owned(),
                file: format.file.clone(),
                text: format.text.clone(),
                ..ScenarioInfo::default()
            },
            seed: 0,
            duration_s: None,
            time: "real".to_owned(),
            speed: None,
            command: self.command.to_vec(),
            settings: Vec::new(),
            selected: None,
            also_selected: Vec::new(),
            repeat: None,
            versions: Versions {
                runner: env!("CARGO_PKG_VERSION").to_owned(),
                abi: 0,
            },
            plugins: Vec::new(),
            inputs: Vec::new(),
            parts: Vec::new(),
            axes: Vec::new(),
            cases: vec![CaseInfo {
                id: CASE.to_owned(),
                ..CaseInfo::default()
            }],
            pairing: None,
            runs_per_case: u32::try_from(runs).unwrap_or(u32::MAX),
            runs_planned: runs,
            log: LogMode::PerNode,
            groups: nodes.iter().map(group).collect(),
            checks: has_clock.then(|| CheckInfo {
                name: LAMPORT.to_owned(),
                docs: "If one step happened before another, its clock is smaller: judged by the clocks of each node, and by those that came with messages.".to_owned(),
            }).into_iter().collect(),
            expectations: Vec::new(),
            properties: properties(&format.asked),
            started: self.started(),
            imported: Some(ImportInfo {
                files: files.map(|it| it.path.display().to_string()).collect(),
                file_count: self.files.len() as u64,
                rows: counts(|it| it.rows),
                ignored: counts(|it| it.ignored),
                not_understood: counts(|it| it.not),
                linked: self.doubts.linked,
                runs: self.survey.runs.iter().map(|it| it.name.clone()).collect(),
                warnings: self.doubts.warnings.clone(),
                notes: self.doubts.notes.clone(),
            }),
        }
    }

    /// When the first run began, as the log says it (RFC 3339).
    fn started(&self) -> String {
        let first = self
            .survey
            .runs
            .iter()
            .map(|it| it.first_ns)
            .min()
            .unwrap_or(0);
        let seconds = i64::try_from(first.div_euclid(1_000_000_000)).unwrap_or(0);
        let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

fn properties(asked: &Asked) -> Vec<PropertyInfo> {
    let info = |(rule, _): &(crate::properties::PropertyRule, _)| PropertyInfo {
        name: rule.name.clone(),
        claim: rule.to_string(),
        over_runs: is_sometimes(rule),
    };
    asked.properties.iter().map(info).collect()
}
