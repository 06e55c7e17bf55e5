//! The recorder of a run: passes each record to the log, to metrics, checks and properties.

use std::sync::Arc;

use analysis::log::{Columns, Occupancy, Row, RunSchema, WriteError};
use analysis::metrics::{Finished, RunMetrics, Shapes, Window};
use analysis::results::{FileSum, Judgement};

use crate::judge::checks::Checks;
use crate::judge::properties::Properties;
use crate::results::logs::{Logs, lines};
use crate::results::outside_rows::{Keep, MAX, OutsideRows};
use crate::results::relay::{LogsApart, Takes};
use base::time::SimTime;
use engine::sink::Sink;

/// Has the logs of a run written, and computes its metrics.
#[derive(Debug)]
pub struct Recorder {
    schema: Arc<RunSchema>,
    logs: LogsAt,
    /// None in the process of a node: the runner computes them.
    metrics: Option<RunMetrics>,
    /// None without checks, and in the process of a node.
    checks: Option<Checks>,
    /// None without properties, and in the process of a node.
    properties: Option<Properties>,
    /// Whether not only the metrics take rows.
    others: bool,
    outside: OutsideRows,
    /// Prints a line of a node at once.
    print_line: Option<fn(&str)>,
}

/// Where the logs are written.
#[derive(Debug)]
pub enum LogsAt {
    /// On this thread.
    Here(Box<Logs>),
    /// On another one.
    Apart(Box<LogsApart>),
}

impl LogsAt {
    /// Whether there are any.
    fn take_rows(&self) -> bool {
        match self {
            LogsAt::Here(logs) => logs.take_rows(),
            LogsAt::Apart(_) => true,
        }
    }
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

impl Recorder {
    /// For one run. `shapes` are those of the schema. Lines that nodes print go to `print_line`,
    /// too, with the name of the node and with styles.
    pub fn new(
        schema: &Arc<RunSchema>,
        shapes: &Shapes,
        logs: LogsAt,
        print_line: Option<fn(&str)>,
    ) -> Recorder {
        Recorder {
            metrics: Some(RunMetrics::with_shapes(schema, shapes)),
            checks: None,
            properties: None,
            outside: OutsideRows::new(schema),
            print_line,
            schema: schema.clone(),
            others: logs.take_rows(),
            logs,
        }
    }

    /// Lets the end use so many cores: [`RunMetrics::on_cores`].
    pub fn on_cores(mut self, cores: usize) -> Recorder {
        self.metrics = self.metrics.map(|metrics| metrics.on_cores(cores));
        self
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
        self.others = true;
        self
    }

    /// Passes every record to these properties, too.
    pub fn with_properties(mut self, properties: Properties) -> Recorder {
        self.properties = Some(properties);
        self.others = true;
        self
    }

    /// Drops the checks: what they would say of a run that is too long is of no interest, and
    /// may take a while.
    pub fn leave_unchecked(&mut self) {
        self.checks = None;
    }

    /// Drops the metrics, which need the records of all nodes.
    pub fn unmeasured(mut self) -> Recorder {
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
        let finish = self.metrics.take().map(|mut metrics| {
            move || {
                metrics.occupied(occupancy);
                (metrics.is_idle(), metrics.finish_window(end.0))
            }
        });
        // Another thread writes the logs meanwhile. Checks may read them.
        let (sums, measured) = match self.logs {
            LogsAt::Here(logs) => (logs.finish()?, finish.map(|finish| finish())),
            LogsAt::Apart(logs) => logs.finish(|| finish.map(|finish| finish()))?,
        };
        let mut findings = Findings {
            sums,
            ..Findings::default()
        };
        for (node, more) in self.outside.left_out() {
            let name = &self.schema.nodes[node as usize].name;
            findings.warnings.push(format!(
                "{more} rows `connect`, `disconnect` and `drop` of programs outside are not in the log of {name}, and `dropped` does not count them: a log has at most {MAX}"
            ));
        }
        if let Some((idle, measured)) = measured {
            (findings.idle, findings.measured) = (idle, measured);
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

    /// The next row, for logs, checks and properties. Not part of [`Recorder::row`], which is
    /// then short enough to be part of the engine.
    #[inline(never)]
    fn row_to_others(&mut self, row: &Row, columns: &Columns<'_>) {
        match &mut self.logs {
            LogsAt::Here(logs) => logs.row(row, columns),
            LogsAt::Apart(logs) => logs.relay.row(row, columns),
        }
        if let Some(checks) = &mut self.checks {
            checks.row(row, columns);
        }
        if let Some(properties) = &mut self.properties {
            properties.row(row, columns);
        }
    }

    #[cold]
    fn say_no_more(&mut self, row: &Row) {
        let line = "further `connect`, `disconnect` and `drop` rows of programs outside are counted, and not in the log";
        self.print(SimTime(row.time_ns), row.node, line);
    }
}

impl Takes for Recorder {
    fn expect<'a>(&self, rows: impl Iterator<Item = &'a Row> + Clone) {
        if let Some(metrics) = &self.metrics {
            metrics.expect(rows);
        }
    }
}

impl Sink for Recorder {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        match self.outside.keep(row) {
            Keep::Yes => {}
            Keep::No => return,
            Keep::NoMore => return self.say_no_more(row),
        }
        if self.others {
            self.row_to_others(row, columns);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.row(row, columns);
        }
    }

    fn print(&mut self, time: SimTime, node: u32, text: &str) {
        if let Some(print) = self.print_line {
            // Each line has the name of its node: no text can pass as the line of another one.
            let name = &self.schema.nodes[node as usize].name;
            lines(text).for_each(|line| print(&format!("{name} | {line}")));
        }
        match &mut self.logs {
            LogsAt::Here(logs) => logs.print(time, node, text),
            LogsAt::Apart(logs) => logs.relay.print(time, node, text),
        }
    }

    fn is_full(&self) -> Option<String> {
        match &self.logs {
            LogsAt::Here(logs) => logs.is_full(),
            LogsAt::Apart(logs) => logs.relay.is_full(),
        }
    }

    fn external_peer(&mut self, name: &str) {
        if let Some(checks) = &mut self.checks {
            checks.external_peer(name);
        }
        if let Some(properties) = &mut self.properties {
            properties.external_peer(name);
        }
        match &mut self.logs {
            LogsAt::Here(logs) => logs.external_peer(name),
            LogsAt::Apart(logs) => logs.relay.external_peer(name),
        }
    }

    fn flush(&mut self) {
        match &mut self.logs {
            LogsAt::Here(logs) => logs.flush(),
            LogsAt::Apart(logs) => logs.relay.flush(),
        }
    }
}
