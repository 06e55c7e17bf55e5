//! `clock.lamport` on the logs of another program, as far as their columns allow.
//!
//! Lamport (1978): if a happened before b, then clock(a) < clock(b). Two rules make it
//! so. At one node, each step has a greater clock than the step before. A message is
//! handled at a greater clock than the one at which it was sent. The first rule needs the
//! clock alone. The second needs the clock that came with each message
//! (`received_clock`), or messages that are numbered. Where the logs have neither, a
//! clock that breaks the first rule has failed, and one that keeps it is unknown.

use std::collections::HashMap;

use super::format::RECEIVED_CLOCK;
use crate::log::tables::Evidence;
use crate::log::{Cell, ColumnKind, Columns, EventId, Row, RunSchema};
use crate::metrics::CLOCK_COLUMN;
use crate::results::{Judge, Judgement, Verdict};

/// Its name.
pub const LAMPORT: &str = "clock.lamport";

/// Maximum number of messages that are under way, so that a log without receptions does
/// not fill the memory. Arbitrary.
const MAX_UNDER_WAY: usize = 1 << 20;

/// The check in one run.
#[derive(Debug)]
pub struct Lamport {
    clock: (usize, ColumnKind),
    received: Option<(usize, ColumnKind)>,
    nodes: Vec<Node>,
    /// By sender and number of a message: the sender's row.
    under_way: HashMap<(u32, u64), (i128, Evidence)>,
    steps: u64,
    receptions: u64,
    /// Receptions whose sending is known.
    linked: u64,
    failures: u64,
    first: Option<(String, Vec<Evidence>)>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    rows: u64,
    step: u64,
    last: Option<(i128, Evidence)>,
}

impl Lamport {
    /// Before the first row; `None` if there is no clock of integers. `received` is the
    /// index of the column with the clock that came with a message.
    pub fn new(schema: &RunSchema, received: Option<usize>) -> Option<Lamport> {
        let columns = &schema.nodes.first()?.columns;
        let integers = |kind| matches!(kind, ColumnKind::U64 | ColumnKind::I64);
        let clock = columns.iter().position(|it| it.name == CLOCK_COLUMN)?;
        let kind_of = |index: usize| Some((index, columns[index].kind)).filter(|it| integers(it.1));
        Some(Lamport {
            clock: kind_of(clock)?,
            received: received.and_then(kind_of),
            nodes: vec![Node::default(); schema.nodes.len()],
            under_way: HashMap::new(),
            steps: 0,
            receptions: 0,
            linked: 0,
            failures: 0,
            first: None,
        })
    }

    /// Takes the next row in.
    pub fn row(&mut self, row: &Row, columns: Columns<'_>, schema: &RunSchema) {
        let node = &mut self.nodes[row.node as usize];
        node.rows += 1;
        if matches!(row.event, EventId::CRASH | EventId::RESTART) {
            node.last = None;
        }
        let Some(clock) = integer(columns, self.clock).filter(|_| row.event.in_step()) else {
            return;
        };
        let is_new = node.step != row.step || node.last.is_none();
        let evidence = Evidence {
            node: schema.nodes[row.node as usize].name.clone(),
            row: node.rows,
            time_ns: row.time_ns,
            step: row.step,
            event: schema.nodes[row.node as usize]
                .event_name(row.event)
                .to_owned(),
            peer: schema.peer_name(row.peer).to_owned(),
            message: row.message,
            note: format!("clock {clock}"),
        };
        let mut broken = None;
        if is_new {
            self.steps += 1;
            node.step = row.step;
            if let Some((last, before)) = node.last.replace((clock, evidence.clone()))
                && clock <= last
            {
                let what = "a clock does not rise from step to step";
                broken = Some((
                    what,
                    format!("{last}, then {clock}"),
                    vec![before, evidence.clone()],
                ));
            }
        }
        match row.event {
            EventId::SEND if row.message > 0 && self.under_way.len() < MAX_UNDER_WAY => {
                self.under_way
                    .insert((row.node, row.message), (clock, evidence.clone()));
            }
            EventId::RECEIVE => {
                self.receptions += 1;
                let sent = self.under_way.get(&(row.peer, row.message));
                let came = self.received.and_then(|it| integer(columns, it));
                let sent = sent.map(|(clock, row)| (*clock, Some(row.clone())));
                if let Some((sent, of)) = sent.or(came.map(|clock| (clock, None))) {
                    self.linked += 1;
                    if clock <= sent && broken.is_none() {
                        let what = "a message is handled at a clock that is not above its own";
                        let rows = of.into_iter().chain([evidence]).collect();
                        broken = Some((what, format!("sent at {sent}, handled at {clock}"), rows));
                    }
                }
            }
            _ => {}
        }
        if let Some((what, values, rows)) = broken {
            self.failures += 1;
            self.first.get_or_insert_with(|| {
                let at = rows.last().map(|it| format!("{} row {}", it.node, it.row));
                (
                    format!("{what}: {values}, at {}", at.unwrap_or_default()),
                    rows,
                )
            });
        }
    }

    /// The judgement at the end of the run.
    pub fn finish(self) -> Judgement {
        let measured = format!(
            "{} steps, {} of {} receptions",
            self.steps, self.linked, self.receptions
        );
        let judged = |verdict, reason, evidence| Judgement {
            judge: Judge::Check,
            name: LAMPORT.to_owned(),
            verdict,
            measured: measured.clone(),
            reason,
            evidence,
        };
        if let Some((reason, evidence)) = self.first {
            let more = match self.failures {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            return judged(Verdict::Failed, format!("{reason}{more}"), evidence);
        }
        let why = match (self.steps, self.receptions, self.linked) {
            (0, ..) => "no row has a clock".to_owned(),
            (_, 0, _) => "the clocks rise at each node, but no row is a reception".to_owned(),
            (_, of, linked) if linked < of => format!(
                "the clocks rise at each node, but of {} of {of} receptions the clock of the message is not known: name its column, `{RECEIVED_CLOCK} = ..`",
                of - linked
            ),
            _ => return judged(Verdict::Passed, String::new(), Vec::new()),
        };
        judged(Verdict::Unknown, why, Vec::new())
    }
}

fn integer(columns: Columns<'_>, (index, kind): (usize, ColumnKind)) -> Option<i128> {
    match columns.cell(index, kind) {
        Cell::U64(value) => Some(value.into()),
        Cell::I64(value) => Some(value.into()),
        _ => None,
    }
}
