//! The logs of a run: one per node, one for all, or none. In a large run in virtual time a
//! thread writes them behind the run, if a core has nothing else to do. The bytes are the
//! same, and so is the row at which a limit of their size is reached.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{
    Columns, CombinedLog, Logs, LogsBehind, NodeLogs, Row, RunSchema, WriteError, Written,
    can_be_behind,
};
use analysis::results::LogMode;

/// The logs of a run.
#[derive(Debug)]
pub struct RunLogs {
    schema: Arc<RunSchema>,
    form: Form,
    may_be_behind: bool,
}

#[derive(Debug)]
enum Form {
    PerNode(Place<NodeLogs>),
    Combined(Place<CombinedLog>),
    Off,
}

/// Where logs are.
#[derive(Debug)]
enum Place<L> {
    /// With the run, since so many rows.
    Here(L, u32),
    /// With a thread.
    Behind(LogsBehind<L>),
    /// On the way from one to the other.
    Neither,
}

/// Number of rows that the run writes itself before a thread does: a short run has none.
/// To start one takes as long as to write a few thousand rows. Chosen, not tuned.
const OWN_ROWS: u32 = 20_000;

/// A thread writes only if so much is left of the limit: near it, the size must be known at
/// each row `[bytes]`. Arbitrary.
const FAR_FROM_LIMIT: u64 = if cfg!(test) { 64 << 10 } else { 64 << 20 };

impl RunLogs {
    /// Logs in a folder, which exists unless the mode is [`LogMode::Off`].
    pub fn new(schema: &Arc<RunSchema>, folder: &Path, mode: LogMode) -> RunLogs {
        RunLogs {
            schema: schema.clone(),
            form: match mode {
                LogMode::PerNode => Form::PerNode(Place::Here(NodeLogs::create(folder, schema), 0)),
                LogMode::Combined => {
                    Form::Combined(Place::Here(CombinedLog::create(folder, schema), 0))
                }
                LogMode::Off => Form::Off,
            },
            may_be_behind: false,
        }
    }

    /// A thread may write them behind the run.
    pub fn may_be_behind(&mut self) {
        self.may_be_behind = can_be_behind(&self.schema);
    }

    /// Writes only the logs of these nodes.
    pub fn keep_only(&mut self, nodes: &[u32]) {
        if let Form::PerNode(place) = &mut self.form {
            place.here().keep_only(nodes);
        }
    }

    /// Whether the logs are no longer than a limit `[bytes]`.
    #[inline]
    pub fn fit(&mut self, limit: u64) -> bool {
        match &mut self.form {
            Form::PerNode(place) => place.fit(limit),
            Form::Combined(place) => place.fit(limit),
            Form::Off => true,
        }
    }

    /// Writes one row. `limit` is that of [`RunLogs::fit`].
    #[inline]
    pub fn row(&mut self, row: &Row, columns: Columns<'_>, limit: u64) {
        let behind = self.may_be_behind.then_some(&*self.schema);
        match &mut self.form {
            Form::PerNode(place) => place.row(row, columns, limit, behind),
            Form::Combined(place) => place.row(row, columns, limit, behind),
            Form::Off => {}
        }
    }

    /// Adds the name of an external peer.
    pub fn push_external_peer(&mut self, name: &str) {
        match &mut self.form {
            Form::PerNode(place) => place.here().push_external_peer(name),
            Form::Combined(place) => place.here().push_external_peer(name),
            Form::Off => {}
        }
    }

    /// Writes every buffered row to its file.
    pub fn flush(&mut self) {
        match &mut self.form {
            Form::PerNode(place) => place.here().flush(),
            Form::Combined(place) => place.here().flush(),
            Form::Off => {}
        }
    }

    /// Writes the buffered rows. Returns all logs.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish(self) -> Result<Vec<Written>, WriteError> {
        match self.form {
            Form::PerNode(place) => place.into_here().finish_files(),
            Form::Combined(place) => Ok(vec![place.into_here().finish_file()?]),
            Form::Off => Ok(Vec::new()),
        }
    }
}

impl<L: Logs> Place<L> {
    #[inline]
    fn row(&mut self, row: &Row, columns: Columns<'_>, limit: u64, behind: Option<&RunSchema>) {
        match self {
            Place::Behind(logs) => logs.row(row, columns),
            Place::Here(logs, rows) => {
                logs.row(row, columns);
                *rows = rows.wrapping_add(1);
                if *rows == OWN_ROWS
                    && let Some(schema) = behind
                    && logs.size().saturating_add(FAR_FROM_LIMIT) < limit
                {
                    self.hand_over(schema);
                }
            }
            Place::Neither => {}
        }
    }

    #[inline]
    fn fit(&mut self, limit: u64) -> bool {
        match self {
            Place::Here(logs, _) => logs.size() <= limit,
            Place::Behind(logs) if logs.size_at_most() <= limit => true,
            Place::Behind(_) | Place::Neither => self.here().size() <= limit,
        }
    }

    #[cold]
    fn hand_over(&mut self, schema: &RunSchema) {
        *self = match std::mem::replace(self, Place::Neither) {
            Place::Here(logs, rows) => match LogsBehind::start(logs, schema) {
                Ok(behind) => Place::Behind(behind),
                Err(logs) => Place::Here(logs, rows),
            },
            other => other,
        };
    }

    /// The logs, taken back if a thread has them.
    #[cold]
    fn here(&mut self) -> &mut L {
        let logs = std::mem::replace(self, Place::Neither).into_here();
        *self = Place::Here(logs, 0);
        match self {
            Place::Here(logs, _) => logs,
            Place::Behind(_) | Place::Neither => unreachable!("the logs are here"),
        }
    }

    fn into_here(self) -> L {
        match self {
            Place::Here(logs, _) => logs,
            Place::Behind(logs) => logs.take_back(),
            Place::Neither => unreachable!("logs are somewhere between two calls"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::log::{EventId, NO_PEER, NodeSchema};

    #[test]
    fn a_limit_is_reached_at_the_same_row_with_a_thread_and_without() {
        let node = NodeSchema {
            name: "a".to_owned(),
            ..NodeSchema::default()
        };
        let schema = Arc::new(RunSchema {
            nodes: vec![node],
            external_peers: vec![],
        });
        // What rows may have at most comes to this long before what they have.
        let limit = FAR_FROM_LIMIT + (2 << 20);
        let last = |is_behind: bool| {
            let folder = tempfile::tempdir().unwrap();
            let mut logs = RunLogs::new(&schema, folder.path(), LogMode::Combined);
            if is_behind {
                logs.may_be_behind();
            }
            let mut threads = 0;
            let mut step = 1_000_000;
            while logs.fit(limit) && step < 2_000_000 {
                let row = Row {
                    time_ns: step,
                    step,
                    node: 0,
                    event: EventId::TICK,
                    peer: NO_PEER,
                    message: 0,
                    bytes: 0,
                    queue: 0,
                };
                logs.row(&row, Columns::default(), limit);
                let is_behind = matches!(&logs.form, Form::Combined(Place::Behind(_)));
                threads = threads.max(u32::from(is_behind));
                step += 1;
            }
            let files = logs.finish().unwrap();
            (step, files, threads)
        };
        let (here, behind) = (last(false), last(true));
        assert_eq!((here.0, here.1), (behind.0, behind.1));
        assert_eq!((here.2, behind.2), (0, 1));
    }
}
