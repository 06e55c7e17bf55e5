//! The log of ShiViz: two lines for each event, with the vector clock of its node.
//!
//! ```text
//! (?<host>\S*) (?<clock>{.*})\n(?<event>.*)       how ShiViz reads the rest
//!                                                 what divides executions: nothing, there is one
//! machine-1 {"machine-1":1}
//! 0.5 s, step 1: send to machine-2, message 1, queue 0, clock 1
//! ```
//!
//! Vector clocks (Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial
//! Ordering", 1988; Mattern, 1988): each event of a node counts its own entry up by one, and the
//! event that handles a message first takes the maximum of each entry with the clock of the event
//! that sent it. Then one event happened before another exactly if its clock is smaller. ShiViz
//! asks that the entry of a node in its own events is 1, 2, 3, ..

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use super::instant::Instant;
use super::under_way::UnderWay;
use super::{TraceError, Written, json_of};
use crate::causes::RunFolder;
use crate::log::{Columns, EventId, NO_PEER, Row, RunSchema};
use base::time::SimDuration;

/// The most nodes of a run: ShiViz draws a column for each.
pub(super) const MAX_NODES: usize = 256;

/// How ShiViz reads the log.
const PATTERN: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// By node, the number of its events that happened before. Nodes without one are left out.
type Clock = BTreeMap<u32, u64>;

pub(super) fn write(run: &RunFolder, out: impl Write) -> Result<Written, TraceError> {
    let mut log = run.log()?;
    let schema = log.schema().clone();
    if schema.nodes.len() > MAX_NODES {
        return Err(TraceError::TooManyNodes {
            run: run.run(),
            nodes: schema.nodes.len(),
        });
    }
    let mut out = BufWriter::new(out);
    // The first line of a file is the pattern, the second what divides executions.
    write!(out, "{PATTERN}\n\n")?;
    let mut clocks: Vec<Clock> = vec![Clock::new(); schema.nodes.len()];
    let mut under_way: UnderWay<Clock> = UnderWay::default();
    let mut written = Written::default();
    let mut instant: Instant<String> = Instant::default();
    loop {
        let next = log.next_named()?;
        let is_over = next.as_ref().is_none_or(|(row, ..)| instant.is_over(row));
        let rows = if is_over {
            instant.take(&schema)
        } else {
            Vec::new()
        };
        for (row, text) in rows {
            let node = row.node as usize;
            receive(
                &row,
                &schema,
                &mut clocks[node],
                &mut under_way,
                &mut written,
            );
            *clocks[node].entry(row.node).or_default() += 1;
            under_way.send(&row, &schema, || clocks[node].clone());
            let clock: serde_json::Map<String, serde_json::Value> = clocks[node]
                .iter()
                .map(|(&at, &count)| (schema.nodes[at as usize].name.clone(), count.into()))
                .collect();
            let clock = serde_json::Value::Object(clock);
            writeln!(out, "{} {clock}", schema.nodes[node].name)?;
            writeln!(out, "{text}")?;
            written.rows += 1;
        }
        let Some((row, columns, names)) = next else {
            break;
        };
        instant.add(row, told(&row, columns, names));
    }
    out.flush()?;
    Ok(written)
}

/// Takes the clock of a message that is handled into that of its node.
fn receive(
    row: &Row,
    schema: &RunSchema,
    clock: &mut Clock,
    under_way: &mut UnderWay<Clock>,
    written: &mut Written,
) {
    let sent = under_way.arrive(row);
    if row.event != EventId::RECEIVE {
        return;
    }
    let Some(sent) = sent else {
        let is_of_a_node = row.message > 0 && schema.nodes.get(row.peer as usize).is_some();
        written.without_arrow += u64::from(is_of_a_node);
        return;
    };
    written.messages += 1;
    for (other, count) in sent {
        let own = clock.entry(other).or_default();
        *own = count.max(*own);
    }
}

/// What happened, in one line.
fn told(row: &Row, columns: Columns<'_>, schema: &RunSchema) -> String {
    let node = &schema.nodes[row.node as usize];
    let mut text = format!(
        "{}, step {}: {}",
        SimDuration(row.time_ns),
        row.step,
        node.event_name(row.event)
    );
    if row.peer != NO_PEER {
        let towards = match row.event {
            EventId::RECEIVE | EventId::DROP => "from",
            _ => "to",
        };
        text += &format!(" {towards} {}", schema.peer_name(row.peer));
    }
    if row.message > 0 {
        text += &format!(", message {}", row.message);
    }
    text += &format!(", queue {}", row.queue);
    for (at, column) in node.columns.iter().enumerate() {
        if let Some(value) = json_of(columns.cell(at, column.kind)) {
            text += &format!(", {} {value}", column.name);
        }
    }
    // ShiViz reads line by line; other marks that end a line would make two of it.
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}'], " ")
}
