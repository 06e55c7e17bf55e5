//! One run's records on their way to disk, into metrics and before the checks.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{Columns, CombinedLog, NodeLogs, Row, RunSchema, WriteError};
use analysis::metrics::{NodeMetrics, RunMetrics};
use analysis::results::{Judgement, LogMode};

use crate::judge::checks::Checks;
use crate::results::printed::Printed;
use crate::results::style;
use base::time::SimTime;
use engine::sink::Sink;

/// Writes a run's logs and measures it as it goes.
#[derive(Debug)]
pub struct Recorder {
    schema: Arc<RunSchema>,
    log: Log,
    /// None where somebody else measures.
    metrics: Option<RunMetrics>,
    /// None where nothing is checked, or somebody else checks.
    checks: Option<Checks>,
    printed: Option<Printed>,
    error: Option<WriteError>,
    /// Who is told at once of what nodes print.
    say: Option<fn(&str)>,
}

/// What was found out about a run while it was recorded.
#[derive(Debug, Default)]
pub struct Findings {
    /// What was measured, node by node.
    pub metrics: Vec<NodeMetrics>,
    /// What the checks say.
    pub judgements: Vec<Judgement>,
    /// Why a check could not do its work.
    pub broken_check: Option<String>,
}

#[derive(Debug)]
enum Log {
    PerNode(NodeLogs),
    Combined(CombinedLog),
    Off,
}

impl Recorder {
    /// For one run; its files go to `folder`, which exists unless the mode is
    /// [`LogMode::Off`]. What nodes print is told to `say`, too, labelled, and
    /// with its styles.
    pub fn new(
        schema: &Arc<RunSchema>,
        folder: &Path,
        mode: LogMode,
        say: Option<fn(&str)>,
    ) -> Recorder {
        let log = match mode {
            LogMode::PerNode => Log::PerNode(NodeLogs::create(folder, schema)),
            LogMode::Combined => Log::Combined(CombinedLog::create(folder, schema)),
            LogMode::Off => Log::Off,
        };
        Recorder {
            metrics: Some(RunMetrics::new(schema)),
            checks: None,
            printed: (mode != LogMode::Off).then(|| Printed::new(folder)),
            error: None,
            say,
            schema: schema.clone(),
            log,
        }
    }

    /// Has these told of every record, too.
    pub fn judged_by(mut self, checks: Checks) -> Recorder {
        self.checks = Some(checks);
        self
    }

    /// Of these nodes alone, and without measuring: what the others record is
    /// needed for that, and it lies elsewhere.
    pub fn only(mut self, nodes: &[u32]) -> Recorder {
        if let Log::PerNode(log) = &mut self.log {
            log.keep_only(nodes);
        }
        self.metrics = None;
        self
    }

    /// Writes what is left and tells what was found out up to `end`.
    ///
    /// # Errors
    ///
    /// The first file that could not be written, now or before.
    pub fn finish(mut self, end: SimTime) -> Result<Findings, WriteError> {
        match self.log {
            Log::PerNode(log) => drop(log.finish()?),
            Log::Combined(log) => drop(log.finish()?),
            Log::Off => {}
        }
        if let Some(printed) = &mut self.printed {
            printed.flush()?;
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut findings = Findings::default();
        if let Some(metrics) = self.metrics {
            findings.metrics = metrics.finish(end.0);
        }
        match self.checks.map(Checks::finish) {
            Some(Ok(judgements)) => findings.judgements = judgements,
            Some(Err(broken)) => findings.broken_check = Some(broken),
            None => {}
        }
        Ok(findings)
    }
}

impl Sink for Recorder {
    #[inline]
    fn row(&mut self, row: &Row, columns: Columns<'_>) {
        match &mut self.log {
            Log::PerNode(log) => log.row(row, columns),
            Log::Combined(log) => log.row(row, columns),
            Log::Off => {}
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.row(row, columns);
        }
        if let Some(checks) = &mut self.checks {
            checks.row(row, columns);
        }
    }

    fn print(&mut self, _: SimTime, node: u32, line: &str) {
        if let Some(say) = self.say {
            say(&format!(
                "{} | {line}",
                self.schema.nodes[node as usize].name
            ));
        }
        let Some(printed) = &mut self.printed else {
            return;
        };
        printed.line(&self.schema.nodes[node as usize].name, &style::plain(line));
        if printed.is_full()
            && let Err(error) = printed.flush()
        {
            self.error.get_or_insert(error);
        }
    }

    fn external_peer(&mut self, name: &str) {
        if let Some(checks) = &mut self.checks {
            checks.stranger(name);
        }
        match &mut self.log {
            Log::PerNode(log) => log.push_external_peer(name),
            Log::Combined(log) => log.push_external_peer(name),
            Log::Off => {}
        }
    }

    fn flush(&mut self) {
        match &mut self.log {
            Log::PerNode(log) => log.flush(),
            Log::Combined(log) => log.flush(),
            Log::Off => {}
        }
        if let Some(printed) = &mut self.printed
            && let Err(error) = printed.flush()
        {
            self.error.get_or_insert(error);
        }
    }
}
