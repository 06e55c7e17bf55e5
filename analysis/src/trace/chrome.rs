//! Chrome's trace event format, as Perfetto reads it (the document "Trace Event Format").
//!
//! - a process for each node, with one thread, `steps`;
//! - a slice (`X`) for each step, with its records as arguments. A step takes no time in the
//!   run. Its slice is as wide as can be seen, and ends before the next step of the node;
//! - a flow (`s` to `f`) for each message that was handled, from the step that sent it;
//! - an instant (`i`) for each record outside of a step, for the begin of a fault, and for the
//!   rows that prove a failure;
//! - a nestable slice (`b` to `e`) for the time in which a fault holds;
//! - a counter (`C`) for the queue and for each column of numbers, when it changes.
//!
//! Times are in microseconds with three decimals, so that no nanosecond is lost.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};

use serde_json::{Map, Value, json};

use super::under_way::{Message, UnderWay, sent};
use super::{TraceError, Written, json_of};
use crate::causes::RunFolder;
use crate::log::{Cell, ColumnKind, Columns, EventId, Row, RunSchema};
use crate::report::{DiagramRun, FailureMark};

/// The part of a run that a slice takes at most: about two pixels of a wide screen.
const PART: u64 = 1_000;
/// The process of faults and of failures that have no node.
const RUN_PID: usize = 0;

pub(super) fn write(run: &RunFolder, out: impl Write) -> Result<Written, TraceError> {
    let about = run.about()?;
    let mut log = run.log()?;
    let schema = log.schema().clone();
    let mut trace = Trace::begin(BufWriter::new(out), run, &about, &schema)?;
    while let Some((row, columns, names)) = log.next_named()? {
        trace.row(&row, columns, names.peer_name(row.peer))?;
    }
    trace.finish(&about)
}

/// A step while its rows are read.
struct Step {
    number: u64,
    time_ns: u64,
    name: String,
    records: Vec<Value>,
    columns: Map<String, Value>,
    queue: u64,
}

struct Trace<'a, W: Write> {
    out: W,
    schema: &'a RunSchema,
    /// The width of a slice `[ns]`.
    width: u64,
    is_first: bool,
    /// By node: its last step, which is written once its end is known.
    steps: Vec<Option<Step>>,
    /// By node: the last value of each counter, the queue first.
    counters: Vec<Vec<Option<u64>>>,
    /// When the messages under way were sent `[ns]`.
    under_way: UnderWay<u64>,
    early: Early,
    written: Written,
    end_ns: u64,
}

impl<'a, W: Write> Trace<'a, W> {
    fn begin(
        mut out: W,
        run: &RunFolder,
        about: &DiagramRun,
        schema: &'a RunSchema,
    ) -> Result<Self, TraceError> {
        let other = json!({
            "scenario": run.manifest().scenario.name,
            "case": run.row().case,
            "run": run.run(),
            "seed": about.seed,
            "verdict": about.verdict,
        });
        write!(
            out,
            "{{\"displayTimeUnit\":\"ns\",\"otherData\":{other},\"traceEvents\":["
        )?;
        let mut trace = Trace {
            out,
            schema,
            width: (about.end_ns / PART).max(1),
            is_first: true,
            steps: schema.nodes.iter().map(|_| None).collect(),
            counters: vec![Vec::new(); schema.nodes.len()],
            under_way: UnderWay::default(),
            early: Early::default(),
            written: Written::default(),
            end_ns: about.end_ns,
        };
        let names = schema.nodes.iter().map(|node| node.name.as_str());
        for (pid, name) in std::iter::once("faults and failures")
            .chain(names)
            .enumerate()
        {
            for (what, args) in [
                ("process_name", json!({ "name": name })),
                ("process_sort_index", json!({ "sort_index": pid })),
                (
                    "thread_name",
                    json!({ "name": if pid == RUN_PID { "run" } else { "steps" } }),
                ),
            ] {
                trace.event(
                    &json!({"ph": "M", "pid": pid, "tid": 1, "name": what, "args": args}),
                    None,
                )?;
            }
        }
        for (number, band) in about.faults.iter().enumerate() {
            let name = format!("{} (fault {})", band.kind, band.fault);
            let mut event = json!({"ph": "i", "s": "g", "cat": "fault", "pid": RUN_PID, "tid": 1, "name": name, "args": {"fault": band.fault, (band.what.as_str()): band.touched}});
            trace.event(&event, Some(band.from_ns))?;
            event["id"] = json!(number + 1);
            if let Some(event) = event.as_object_mut() {
                event.remove("s");
            }
            event["ph"] = json!("b");
            trace.event(&event, Some(band.from_ns))?;
            event["ph"] = json!("e");
            trace.event(&event, Some(band.until_ns))?;
        }
        Ok(trace)
    }

    fn row(&mut self, row: &Row, columns: Columns<'_>, peer: &str) -> Result<(), TraceError> {
        self.written.rows += 1;
        self.end_ns = self.end_ns.max(row.time_ns);
        let node = row.node as usize;
        let word = self.schema.nodes[node].event_name(row.event).to_owned();
        let in_step = row.event.in_step();
        let goes_on = in_step
            && self.steps[node]
                .as_ref()
                .is_some_and(|step| step.number == row.step && step.time_ns == row.time_ns);
        if in_step && !goes_on {
            self.end_step(node, row.time_ns)?;
            let towards = if row.event == EventId::RECEIVE {
                "from"
            } else {
                "to"
            };
            self.steps[node] = Some(Step {
                number: row.step,
                time_ns: row.time_ns,
                name: match peer {
                    "" => word.clone(),
                    peer => format!("{word} {towards} {peer}"),
                },
                records: Vec::new(),
                columns: Map::new(),
                queue: 0,
            });
        }
        let mut record = Map::new();
        record.insert("event".to_owned(), word.clone().into());
        if !peer.is_empty() {
            record.insert("peer".to_owned(), peer.into());
        }
        if row.message > 0 {
            record.insert("message".to_owned(), row.message.into());
            record.insert("bytes".to_owned(), row.bytes.into());
        }
        self.message(row)?;
        let values = self.values(node, columns);
        match &mut self.steps[node] {
            Some(step) if in_step => {
                step.records.push(record.into());
                step.columns = values;
                step.queue = row.queue;
            }
            _ => {
                let args = json!({"step": row.step, "record": record, "columns": values});
                let event = json!({"ph": "i", "s": "t", "cat": "record", "pid": node + 1, "tid": 1, "name": word, "args": args});
                self.event(&event, Some(row.time_ns))?;
            }
        }
        self.count(node, row, columns)
    }

    /// Writes the arrow of a message that is handled, if the row ends one.
    fn message(&mut self, row: &Row) -> Result<(), TraceError> {
        // At one instant, a message may be handled in an earlier row than it is sent.
        let handled = (row.peer, row.message, row.node);
        if let Some(message) = sent(row, self.schema) {
            match self.early.take(&message, row.time_ns) {
                true => {
                    self.written.without_arrow -= 1;
                    return self.arrow(message, (row.time_ns, row.time_ns));
                }
                false => self.under_way.send(row, self.schema, || row.time_ns),
            }
        }
        let sent_ns = self.under_way.arrive(row);
        let is_of_a_node = row.message > 0 && self.schema.nodes.get(row.peer as usize).is_some();
        match (row.event, sent_ns) {
            (EventId::RECEIVE, Some(sent_ns)) => self.arrow(handled, (sent_ns, row.time_ns)),
            (EventId::RECEIVE, None) if is_of_a_node => {
                self.written.without_arrow += 1;
                self.early.add(handled, row.time_ns);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes the arrow of a message from when it was sent to when it was handled.
    fn arrow(
        &mut self,
        message: Message,
        (sent_ns, handled_ns): (u64, u64),
    ) -> Result<(), TraceError> {
        let (sender, _, receiver) = message;
        self.written.messages += 1;
        let flow = |ph: &str, pid: usize| json!({"ph": ph, "cat": "message", "name": "message", "id": self.written.messages, "pid": pid, "tid": 1});
        let begin = flow("s", sender as usize + 1);
        let mut end = flow("f", receiver as usize + 1);
        // The arrow ends at the slice that begins here, not at the next one.
        end["bp"] = json!("e");
        self.event(&begin, Some(sent_ns))?;
        self.event(&end, Some(handled_ns))
    }

    fn values(&self, node: usize, columns: Columns<'_>) -> Map<String, Value> {
        let own = self.schema.nodes[node].columns.iter().enumerate();
        own.filter_map(|(at, column)| {
            Some((column.name.clone(), json_of(columns.cell(at, column.kind))?))
        })
        .collect()
    }

    /// Writes the counters that have changed.
    fn count(&mut self, node: usize, row: &Row, columns: Columns<'_>) -> Result<(), TraceError> {
        if !row.event.in_step() {
            return Ok(());
        }
        let own = self.schema.nodes[node].columns.clone();
        let numbers = own.iter().enumerate().filter(|(_, column)| {
            matches!(
                column.kind,
                ColumnKind::U64 | ColumnKind::I64 | ColumnKind::F64
            )
        });
        let own = numbers.map(|(at, column)| (column.name.as_str(), columns.cell(at, column.kind)));
        let all = std::iter::once(("queue", Cell::U64(row.queue))).chain(own);
        for (at, (name, cell)) in all.enumerate() {
            let bits = match cell {
                Cell::U64(value) => value,
                Cell::I64(value) => value as u64,
                Cell::F64(value) if value.is_finite() => value.to_bits(),
                _ => continue,
            };
            let counters = &mut self.counters[node];
            counters.resize(counters.len().max(at + 1), None);
            if counters[at].replace(bits) == Some(bits) {
                continue;
            }
            let event = json!({"ph": "C", "pid": node + 1, "tid": 1, "name": name, "args": {name: json_of(cell)}});
            self.event(&event, Some(row.time_ns))?;
        }
        Ok(())
    }

    /// Writes the last step of a node; its next one is at `next_ns`.
    fn end_step(&mut self, node: usize, next_ns: u64) -> Result<(), TraceError> {
        let Some(step) = self.steps[node].take() else {
            return Ok(());
        };
        let width = next_ns.saturating_sub(step.time_ns).min(self.width);
        let event = json!({
            "ph": "X", "cat": "step", "pid": node + 1, "tid": 1, "name": step.name,
            "args": {"step": step.number, "queue": step.queue, "records": step.records, "columns": step.columns},
        });
        let mut text = event.to_string();
        text.truncate(text.len() - 1);
        let _ = write!(text, ",\"dur\":{}}}", microseconds(width));
        self.text(&text, Some(step.time_ns))
    }

    fn finish(mut self, about: &DiagramRun) -> Result<Written, TraceError> {
        for node in 0..self.steps.len() {
            let end = self.end_ns.saturating_add(self.width);
            self.end_step(node, end)?;
        }
        for mark in about.failures.iter().filter(|mark| mark.last) {
            self.failure(mark)?;
        }
        if about.failures.is_empty() && !about.reason.is_empty() {
            let mark = FailureMark {
                name: about.reason.clone(),
                time_ns: about.end_ns,
                ..FailureMark::default()
            };
            self.failure(&mark)?;
        }
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn failure(&mut self, mark: &FailureMark) -> Result<(), TraceError> {
        let node = self.schema.nodes.iter().position(|it| it.name == mark.node);
        let event = json!({
            "ph": "i", "s": if node.is_some() { "p" } else { "g" }, "cat": "failure",
            "pid": node.map_or(RUN_PID, |node| node + 1), "tid": 1, "name": mark.name,
            "args": {"step": mark.step, "note": mark.note},
        });
        self.event(&event, Some(mark.time_ns))
    }

    fn event(&mut self, event: &Value, time_ns: Option<u64>) -> Result<(), TraceError> {
        self.text(&event.to_string(), time_ns)
    }

    /// Writes an event, the text of a JSON object, with its time.
    fn text(&mut self, event: &str, time_ns: Option<u64>) -> Result<(), TraceError> {
        let comma = if self.is_first { "" } else { "," };
        self.is_first = false;
        match time_ns {
            None => write!(self.out, "{comma}\n{event}")?,
            Some(time) => write!(
                self.out,
                "{comma}\n{{\"ts\":{},{}",
                microseconds(time),
                &event[1..]
            )?,
        }
        Ok(())
    }
}

/// The receptions of the present instant whose sending has not been read.
#[derive(Default)]
struct Early {
    time_ns: u64,
    messages: Vec<Message>,
}

impl Early {
    fn add(&mut self, message: Message, time_ns: u64) {
        if self.time_ns != time_ns {
            self.messages.clear();
            self.time_ns = time_ns;
        }
        self.messages.push(message);
    }

    /// Whether the message was handled at this instant; then it is forgotten.
    fn take(&mut self, message: &Message, time_ns: u64) -> bool {
        let at = self.messages.iter().position(|it| it == message);
        match at.filter(|_| self.time_ns == time_ns) {
            Some(at) => {
                self.messages.swap_remove(at);
                true
            }
            None => false,
        }
    }
}

/// Nanoseconds in microseconds, exactly.
fn microseconds(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000, ns % 1_000)
}
