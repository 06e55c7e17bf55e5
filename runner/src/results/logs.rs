//! The logs of a run, and what its nodes print.
//!
//! Both together have a limit (`max_log`). What exceeds it is not written, and the run ends.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{Columns, CombinedLog, NodeLogs, Row, RunSchema, WriteError, Written};
use analysis::results::{FileSum, LogMode};

use crate::results::printed::Printed;
use crate::results::relay::Takes;
use crate::results::style;
use base::size::to_text;
use base::time::SimTime;
use engine::sink::Sink;

/// Writes the logs of a run.
#[derive(Debug)]
pub struct Logs {
    schema: Arc<RunSchema>,
    log: Log,
    printed: Option<Printed>,
    error: Option<WriteError>,
    /// The most bytes of the logs and of what nodes print.
    limit: u64,
    /// Whether something was left out because of the limit.
    is_full: bool,
}

#[derive(Debug)]
enum Log {
    PerNode(NodeLogs),
    Combined(CombinedLog),
    Off,
}

impl Logs {
    /// For one run. The files go to `folder`, which exists unless the mode is
    /// [`LogMode::Off`].
    pub fn new(schema: &Arc<RunSchema>, folder: &Path, mode: LogMode) -> Logs {
        let log = match mode {
            LogMode::PerNode => Log::PerNode(NodeLogs::create(folder, schema)),
            LogMode::Combined => Log::Combined(CombinedLog::create(folder, schema)),
            LogMode::Off => Log::Off,
        };
        Logs {
            printed: (mode != LogMode::Off).then(|| Printed::new(folder)),
            error: None,
            limit: u64::MAX,
            is_full: false,
            schema: schema.clone(),
            log,
        }
    }

    /// Limits the size of the logs and of what nodes print, together `[bytes]`.
    pub fn limited_to(mut self, bytes: u64) -> Logs {
        self.limit = bytes;
        self
    }

    /// Writes the logs of these nodes only.
    pub fn only(mut self, nodes: &[u32]) -> Logs {
        if let Log::PerNode(log) = &mut self.log {
            log.keep_only(nodes);
        }
        self
    }

    /// Whether there are logs.
    pub fn take_rows(&self) -> bool {
        !matches!(self.log, Log::Off)
    }

    /// Whether more may be written.
    #[inline]
    fn has_room(&mut self) -> bool {
        self.is_full |= self.size() > self.limit;
        !self.is_full
    }

    /// Writes a row, if there is room.
    fn write(&mut self, row: &Row, columns: &Columns<'_>) {
        let has_room = self.has_room();
        match &mut self.log {
            Log::PerNode(log) if has_room => log.row(row, columns),
            Log::Combined(log) if has_room => log.row(row, columns),
            _ => {}
        }
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

    /// Writes what is left, and returns the sums of the logs, as far as they were taken.
    ///
    /// # Errors
    ///
    /// Fails if a file could not be written, now or before.
    pub fn finish(mut self) -> Result<Vec<FileSum>, WriteError> {
        let written = match self.log {
            Log::PerNode(log) => log.finish_files()?,
            Log::Combined(log) => vec![log.finish_file()?],
            Log::Off => Vec::new(),
        };
        if let Some(printed) = &mut self.printed {
            printed.flush()?;
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(written.into_iter().filter_map(sum).collect()),
        }
    }

    fn flush_printed(&mut self) {
        if let Some(printed) = &mut self.printed
            && let Err(error) = printed.flush()
        {
            self.error.get_or_insert(error);
        }
    }
}

fn sum(log: Written) -> Option<FileSum> {
    Some(FileSum {
        xxh3: log.xxh3?,
        name: log.name,
        bytes: log.bytes,
    })
}

/// The lines of a printed text.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

impl Takes for Logs {
    fn room(&self) -> u64 {
        match self.is_full {
            true => 0,
            false => self.limit.saturating_sub(self.size()),
        }
    }
}

impl Sink for Logs {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        if self.take_rows() {
            self.write(row, columns);
        }
    }

    fn print(&mut self, _: SimTime, node: u32, text: &str) {
        let has_room = self.has_room();
        let Some(printed) = &mut self.printed else {
            return;
        };
        let name = &self.schema.nodes[node as usize].name;
        for line in lines(text).filter(|_| has_room) {
            printed.line(name, &style::plain(line));
        }
        if printed.is_full() {
            self.flush_printed();
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
        self.flush_printed();
    }
}
