//! One run's records on their way to disk and into metrics.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{Columns, CombinedLog, NodeLogs, Row, RunSchema, WriteError};
use analysis::metrics::{NodeMetrics, RunMetrics};
use analysis::results::LogMode;

use crate::engine::sink::Sink;
use crate::results::printed::Printed;
use crate::results::style;
use crate::time::SimTime;

/// Writes a run's logs and measures it as it goes.
#[derive(Debug)]
pub struct Recorder {
    schema: Arc<RunSchema>,
    log: Log,
    /// None where somebody else measures.
    metrics: Option<RunMetrics>,
    printed: Option<Printed>,
    error: Option<WriteError>,
    /// Who is told at once of what nodes print.
    say: Option<fn(&str)>,
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
            printed: (mode != LogMode::Off).then(|| Printed::new(folder)),
            error: None,
            say,
            schema: schema.clone(),
            log,
        }
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

    /// Writes what is left and tells what was measured up to `end`.
    ///
    /// # Errors
    ///
    /// The first file that could not be written, now or before.
    pub fn finish(mut self, end: SimTime) -> Result<Vec<NodeMetrics>, WriteError> {
        match self.log {
            Log::PerNode(log) => drop(log.finish()?),
            Log::Combined(log) => drop(log.finish()?),
            Log::Off => {}
        }
        if let Some(printed) = &mut self.printed {
            printed.flush()?;
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(self
                .metrics
                .map_or_else(Vec::new, |metrics| metrics.finish(end.0))),
        }
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

    fn stranger(&mut self, name: &str) {
        match &mut self.log {
            Log::PerNode(log) => log.push_stranger(name),
            Log::Combined(log) => log.push_stranger(name),
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
