//! The recorder of a run: writes each record to the log, and passes it to metrics, checks
//! and properties.
//!
//! The logs have a limit (`max_log`). What exceeds it is not written, and the run ends.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{
    Columns, CombinedLog, NodeLogs, Occupancy, Row, RunSchema, WriteError, Written,
};
use analysis::metrics::{Finished, RunMetrics, Shapes, Window};
use analysis::results::{FileSum, Judgement, LogMode};

use crate::judge::checks::Checks;
use crate::judge::properties::Properties;
use crate::results::outside_rows::{Keep, MAX, OutsideRows};
use crate::results::printed::Printed;
use crate::results::style;
use base::size::to_text;
use base::time::SimTime;
use engine::sink::Sink;

/// Writes the logs of a run, and computes its metrics.
#[derive(Debug)]
pub struct Recorder {
    schema: Arc<RunSchema>,
    log: Log,
    /// None in the process of a node: the runner computes them.
    metrics: Option<RunMetrics>,
    /// None without checks, and in the process of a node.
    checks: Option<Checks>,
    /// None without properties, and in the process of a node.
    properties: Option<Properties>,
    printed: Option<Printed>,
    outside: OutsideRows,
    error: Option<WriteError>,
    /// The most bytes of the logs and of what nodes print.
    limit: u64,
    /// Whether something was left out because of the limit.
    is_full: bool,
    /// Prints a line of a node at once.
    print_line: Option<fn(&str)>,
}

/// The metrics and judgements of a run.
#[derive(Debug, Default)]
pub struct Findings {
    /// The metrics of each node, and where the measured part begins.
    pub measured: Finished,
    /// The judgements of the checks and properties.
    pub judgements: Vec<Judgement>,
    /// Whether nothing happened: [`RunMetrics::is_idle`].
    pub idle: bool,
    /// Why a check failed to judge.
    pub broken_check: Option<String>,
    /// What makes the results doubtful.
    pub warnings: Vec<String>,
    /// The sums of the logs, as far as they were taken.
    pub sums: Vec<FileSum>,
}

#[derive(Debug)]
enum Log {
    PerNode(NodeLogs),
    Combined(CombinedLog),
    Off,
}

impl Recorder {
    /// For one run. `shapes` are those of the schema. Its files go to `folder`, which exists
    /// unless the mode is [`LogMode::Off`]. Lines that nodes print go to `print_line`, too, with
    /// the name of the node and with styles.
    pub fn new(
        schema: &Arc<RunSchema>,
        shapes: &Shapes,
        folder: &Path,
        mode: LogMode,
        print_line: Option<fn(&str)>,
    ) -> Recorder {
        let log = match mode {
            LogMode::PerNode => Log::PerNode(NodeLogs::create(folder, schema)),
            LogMode::Combined => Log::Combined(CombinedLog::create(folder, schema)),
            LogMode::Off => Log::Off,
        };
        Recorder {
            metrics: Some(RunMetrics::with_shapes(schema, shapes)),
            checks: None,
            properties: None,
            printed: (mode != LogMode::Off).then(|| Printed::new(folder)),
            outside: OutsideRows::new(schema),
            error: None,
            limit: u64::MAX,
            is_full: false,
            print_line,
            schema: schema.clone(),
            log,
        }
    }

    /// Prepares for the next rows: [`RunMetrics::expect`].
    pub fn expect<'a>(&self, rows: impl Iterator<Item = &'a Row> + Clone) {
        if let Some(metrics) = &self.metrics {
            metrics.expect(rows);
        }
    }

    /// Limits the size of the logs and of what nodes print, together `[bytes]`.
    pub fn limited_to(mut self, bytes: u64) -> Recorder {
        self.limit = bytes;
        self
    }

    /// Whether more may be written.
    #[inline]
    fn has_room(&mut self) -> bool {
        self.is_full |= self.size() > self.limit;
        !self.is_full
    }

    /// The size of the logs and of what nodes printed; 0 without logs `[bytes]`.
    #[inline]
    fn size(&self) -> u64 {
        let log = match &self.log {
            Log::PerNode(log) => log.size(),
            Log::Combined(log) => log.size(),
            Log::Off => return 0,
        };
        log + self.printed.as_ref().map_or(0, Printed::total)
    }

    /// What the logs may still take, if they are not full `[bytes]`.
    pub fn room(&self) -> u64 {
        match self.is_full {
            true => 0,
            false => self.limit.saturating_sub(self.size()),
        }
    }

    /// Measures only this part of the run.
    pub fn within(mut self, window: Option<&Window>) -> Recorder {
        if let Some(window) = window {
            let metrics = self.metrics.take();
            self.metrics = metrics.map(|metrics| metrics.within(window, &self.schema));
        }
        self
    }

    /// Passes every record to these checks, too.
    pub fn judged_by(mut self, checks: Checks) -> Recorder {
        self.checks = Some(checks);
        self
    }

    /// Passes every record to these properties, too.
    pub fn with_properties(mut self, properties: Properties) -> Recorder {
        self.properties = Some(properties);
        self
    }

    /// Drops the checks: what they would say of a run that is too long is of no interest, and
    /// may take a while.
    pub fn leave_unchecked(&mut self) {
        self.checks = None;
    }

    /// Records only these nodes, without metrics, which need the records of all nodes.
    pub fn only(mut self, nodes: &[u32]) -> Recorder {
        if let Log::PerNode(log) = &mut self.log {
            log.keep_only(nodes);
        }
        self.metrics = None;
        self
    }

    /// Writes the remaining records and returns the findings up to `end`. `occupancy` is what
    /// inboxes and servers held.
    ///
    /// # Errors
    ///
    /// Fails if a file could not be written, now or before.
    pub fn finish(mut self, end: SimTime, occupancy: &[Occupancy]) -> Result<Findings, WriteError> {
        let written = match self.log {
            Log::PerNode(log) => log.finish_files()?,
            Log::Combined(log) => vec![log.finish_file()?],
            Log::Off => Vec::new(),
        };
        if let Some(printed) = &mut self.printed {
            printed.flush()?;
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut findings = Findings {
            sums: written.into_iter().filter_map(sum).collect(),
            ..Findings::default()
        };
        for (node, more) in self.outside.left_out() {
            let name = &self.schema.nodes[node as usize].name;
            findings.warnings.push(format!(
                "{more} rows `connect`, `disconnect` and `drop` of programs outside are not in the log of {name}, and `dropped` does not count them: a log has at most {MAX}"
            ));
        }
        if let Some(mut metrics) = self.metrics {
            findings.idle = metrics.is_idle();
            metrics.occupied(occupancy);
            findings.measured = metrics.finish_window(end.0);
        }
        match self.checks.map(Checks::finish) {
            Some(Ok(judgements)) => findings.judgements = judgements,
            Some(Err(broken)) => findings.broken_check = Some(broken),
            None => {}
        }
        let judged = self.properties.map(|it| it.finish(end));
        findings.judgements.extend(judged.into_iter().flatten());
        Ok(findings)
    }
}

fn sum(log: Written) -> Option<FileSum> {
    Some(FileSum {
        xxh3: log.xxh3?,
        name: log.name,
        bytes: log.bytes,
    })
}

impl Sink for Recorder {
    #[inline]
    fn row(&mut self, row: &Row, columns: Columns<'_>) {
        match self.outside.keep(row) {
            Keep::Yes => {}
            Keep::No => return,
            Keep::NoMore => {
                let line = "further `connect`, `disconnect` and `drop` rows of programs outside are counted, and not in the log";
                return self.print(SimTime(row.time_ns), row.node, line);
            }
        }
        let has_room = self.has_room();
        match &mut self.log {
            Log::PerNode(log) if has_room => log.row(row, columns),
            Log::Combined(log) if has_room => log.row(row, columns),
            _ => {}
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.row(row, columns);
        }
        if let Some(checks) = &mut self.checks {
            checks.row(row, columns);
        }
        if let Some(properties) = &mut self.properties {
            properties.row(row, columns);
        }
    }

    fn print(&mut self, _: SimTime, node: u32, text: &str) {
        let has_room = self.has_room();
        let name = &self.schema.nodes[node as usize].name;
        // Each line has the name of its node: no text can pass as the line of another one.
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if let Some(print) = self.print_line {
                print(&format!("{name} | {line}"));
            }
            if let Some(printed) = self.printed.as_mut().filter(|_| has_room) {
                printed.line(name, &style::plain(line));
            }
        }
        if let Some(printed) = &mut self.printed
            && printed.is_full()
            && let Err(error) = printed.flush()
        {
            self.error.get_or_insert(error);
        }
    }

    fn is_full(&self) -> Option<String> {
        self.is_full.then(|| {
            format!(
                "the logs of the run exceed `max_log`, {}: run with `--log off`, or set \
                 `max_log` higher",
                to_text(self.limit)
            )
        })
    }

    fn external_peer(&mut self, name: &str) {
        if let Some(checks) = &mut self.checks {
            checks.external_peer(name);
        }
        if let Some(properties) = &mut self.properties {
            properties.external_peer(name);
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
