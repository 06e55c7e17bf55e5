//! All logs of one run as one sequence of rows in time order.
//!
//! The logs of the nodes are merged. Rows of one instant come in the order of the
//! nodes, and those of one node in the order of its log. Memory is bounded by the
//! number of nodes: the files share a budget for windows, and if there are many,
//! each is open only while its window is filled.
//!
//! `open` finds the files, `assemble` prepares them; reading and merging is here.

mod assemble;
mod open;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::backward::BackwardLog;
use super::cursor::{Cursor, Names};
use super::error::{LogError, Warning};
use super::record::{Columns, EventId, Row, RunSchema};

pub(super) use assemble::MAX_COLUMNS;

/// The rows of one run, read back from its logs.
#[derive(Debug)]
pub struct RunLog {
    names: Names,
    cursors: Vec<Cursor>,
    /// The other files: (time of the next row, index).
    waiting: BinaryHeap<Reverse<(u64, u32)>>,
    /// The file of the last row.
    current: Option<usize>,
    state: State,
    received: bool,
    warnings: Vec<Warning>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Reading,
    Ended,
}

impl RunLog {
    fn new(names: Names, cursors: Vec<Cursor>) -> RunLog {
        RunLog {
            names,
            cursors,
            waiting: BinaryHeap::new(),
            current: None,
            state: State::New,
            received: false,
            warnings: Vec::new(),
        }
    }

    /// Ignores a last line that is cut off: the program that wrote the logs was
    /// killed.
    pub fn ignoring_cut_lines(mut self) -> RunLog {
        for cursor in &mut self.cursors {
            cursor.records.cut_end = true;
        }
        self
    }

    /// The same logs, read from the end. No row may have been read yet.
    pub fn backward(self) -> BackwardLog {
        BackwardLog::new(self.names, self.cursors)
    }

    /// The names behind the rows. External peers are added when a row names them.
    pub fn schema(&self) -> &RunSchema {
        &self.names.schema
    }

    /// What makes the logs doubtful; complete when [`RunLog::next`] returned `None`.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The next row of any node, in time order; `None` after the last.
    ///
    /// # Errors
    /// A file cannot be read, or holds something that is no row. No row can be read
    /// after an error.
    // Not an iterator: the columns are borrowed until the next call.
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub fn next(&mut self) -> Result<Option<(Row, Columns<'_>)>, LogError> {
        let next = self.next_named()?;
        Ok(next.map(|(row, columns, _)| (row, columns)))
    }

    /// As [`RunLog::next`], with the names behind the row.
    ///
    /// # Errors
    /// As [`RunLog::next`].
    #[inline]
    pub fn next_named(&mut self) -> Result<Option<(Row, Columns<'_>, &RunSchema)>, LogError> {
        let state = std::mem::replace(&mut self.state, State::Ended);
        match state {
            State::Ended => return Ok(None),
            State::New => {
                for index in 0..self.cursors.len() {
                    let cursor = &mut self.cursors[index];
                    if cursor.advance(&mut self.names)? {
                        self.waiting.push(Reverse((cursor.order_ns, index as u32)));
                    }
                }
                self.current = self.pop();
            }
            State::Reading => self.step()?,
        }
        let Some(current) = self.current else {
            self.end();
            return Ok(None);
        };
        self.state = State::Reading;
        let cursor = &self.cursors[current];
        self.received |= cursor.row.event == EventId::RECEIVE;
        Ok(Some((cursor.row, cursor.columns(), &self.names.schema)))
    }

    /// Reads the next row of the current file; another file becomes the current one
    /// if its row is earlier.
    #[inline]
    fn step(&mut self) -> Result<(), LogError> {
        let Some(current) = self.current else {
            return Ok(());
        };
        let cursor = &mut self.cursors[current];
        if !cursor.advance(&mut self.names)? {
            self.current = self.pop();
            return Ok(());
        }
        let place = (cursor.order_ns, current as u32);
        if let Some(mut first) = self.waiting.peek_mut()
            && first.0 < place
        {
            self.current = Some(first.0.1 as usize);
            *first = Reverse(place);
        }
        Ok(())
    }

    fn pop(&mut self) -> Option<usize> {
        self.waiting.pop().map(|Reverse((_, index))| index as usize)
    }

    /// Collects the warnings.
    fn end(&mut self) {
        for cursor in &self.cursors {
            let path = || cursor.records.source.path().to_owned();
            if let Some((line, count)) = cursor.back {
                let path = path();
                self.warnings
                    .push(Warning::TimeGoesBack { path, line, count });
            }
            if cursor.row_count == 0 {
                self.warnings.push(Warning::NoRows { path: path() });
            }
        }
        if !self.received {
            self.warnings.push(Warning::NoReceiveRows);
        }
    }
}
