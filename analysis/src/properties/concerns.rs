//! Which properties a record concerns, and what of them.
//!
//! Most records concern few properties: `event == 'crash' implies x` is true for all records
//! of other events, and a property of other nodes says nothing about a record. What a
//! record's node and event decide is decided before the run, in a table; records for which
//! that is all are only counted.
//!
//! What is left of *always*, *never* and *sometimes* is judged together (module `line`): a
//! record in which all of them are as nearly always is counted once for all.

mod line;

use std::sync::Arc;

use analysis_expression::{Memory, NodeForm, Record, Remembering};

use super::Property;
use super::evidence::Rows;
use super::rule::Claim;
use super::watch::{Context, Watch};
use crate::log::{EventId, RunSchema, STANDARD_EVENTS};
use line::Line;

/// By node and event, what is done with a record.
#[derive(Debug)]
pub struct Concerns {
    /// By node: the first entry of its kind.
    first: Vec<u32>,
    /// By kind of node, then by event.
    entries: Vec<Entry>,
    /// Number of events; the last one stands for all others.
    events: usize,
}

/// What is done with the records of one kind of node and one event.
#[derive(Debug, Default)]
struct Entry {
    /// Number of records.
    records: u64,
    /// First, memories take it in.
    remember: Vec<Remember>,
    /// Then properties judge it, most of them together.
    lines: Vec<Line>,
    /// The watches of other properties.
    others: Vec<u32>,
    /// The watches for which these records are as they should be, whatever is in them.
    settled: Vec<u32>,
}

/// A memory takes in a record, as an expression of a property needs it.
#[derive(Debug)]
struct Remember {
    memory: u32,
    property: Arc<Property>,
    expression: usize,
    what: Remembering,
}

impl Concerns {
    /// For a run of these nodes.
    pub fn new(watches: &[Watch], memories: &[Memory], schema: &RunSchema) -> Concerns {
        let words = schema.nodes.iter().map(|it| it.events.len());
        let events = STANDARD_EVENTS.len() + words.max().unwrap_or(0) + 1;
        let mut known: Vec<Reading> = Vec::new();
        let mut first = Vec::with_capacity(schema.nodes.len());
        for node in 0..schema.nodes.len() as u32 {
            let reading = Reading::of(watches, memories, node);
            // Nodes of a kind follow one another: the last kind is compared first.
            let kind = known.iter().rposition(|it| *it == reading);
            first.push((kind.unwrap_or(known.len()) * events) as u32);
            if kind.is_none() {
                known.push(reading);
            }
        }
        let of_kind = |reading: &Reading| {
            let entry = |event| reading.entry(watches, EventId(event as u16));
            (0..events).map(entry).collect::<Vec<Entry>>()
        };
        Concerns {
            first,
            entries: known.iter().flat_map(of_kind).collect(),
            events,
        }
    }

    /// Takes the next record in.
    #[inline]
    pub fn row(
        &mut self,
        watches: &mut [Watch],
        memories: &mut [Memory],
        record: &Record<'_>,
        rows: &Rows,
    ) {
        let first = self.first[record.row.node as usize] as usize;
        let event = usize::from(record.row.event.0).min(self.events - 1);
        let entry = &mut self.entries[first + event];
        entry.records += 1;
        for task in &entry.remember {
            let program = || &task.property.programs[task.expression];
            let memory = &mut memories[task.memory as usize];
            task.what.see(program, memory, record);
        }
        let context = Context {
            record,
            rows,
            memories,
        };
        let mut is_done = false;
        for line in &mut entry.lines {
            is_done |= line.judge(watches, context);
        }
        for watch in &entry.others {
            watches[*watch as usize].judge(context);
        }
        if is_done {
            self.settle(watches, Watch::is_done);
        }
    }

    /// Adds what was only counted to the watches that this is true of. No later record
    /// concerns these.
    #[cold]
    fn settle(&mut self, watches: &mut [Watch], which: impl Fn(&Watch) -> bool) {
        for entry in &mut self.entries {
            entry.settled.retain(|index| {
                let watch = &mut watches[*index as usize];
                let settles = which(watch);
                if settles {
                    watch.add_evaluated(entry.records);
                }
                !settles
            });
            entry.lines.retain_mut(|line| line.settle(watches, &which));
        }
    }

    /// Adds what was only counted to its watches.
    pub fn finish(mut self, watches: &mut [Watch]) {
        self.settle(watches, |_| true);
    }
}

/// How all properties read the records of a node.
#[derive(PartialEq)]
struct Reading(Vec<OfWatch>);

#[derive(PartialEq)]
struct OfWatch {
    is_about: bool,
    /// Of each expression.
    forms: Vec<Option<NodeForm>>,
}

impl Reading {
    fn of(watches: &[Watch], memories: &[Memory], node: u32) -> Reading {
        let of_watch = |watch: &Watch| {
            let expressions = 0..watch.property().programs.len();
            OfWatch {
                is_about: watch.is_about(node, memories),
                forms: expressions
                    .map(|it| watch.form(it, node, memories))
                    .collect(),
            }
        };
        Reading(watches.iter().map(of_watch).collect())
    }

    fn entry(&self, watches: &[Watch], event: EventId) -> Entry {
        let mut entry = Entry::default();
        for (index, (watch, of_watch)) in (0..).zip(watches.iter().zip(&self.0)) {
            if of_watch.is_about || watch.property().rule.global {
                entry.remember(watch, &of_watch.forms, event);
            }
            if of_watch.is_about {
                entry.judge(index, watch, of_watch.forms[0], event);
            }
        }
        entry
    }
}

impl Entry {
    fn remember(&mut self, watch: &Watch, forms: &[Option<NodeForm>], event: EventId) {
        let property = watch.property();
        for (expression, (program, form)) in property.programs.iter().zip(forms).enumerate() {
            let memory = watch.memory(expression);
            let is_new = self.remember.iter().all(|it| it.memory != memory);
            let form = form.filter(|_| is_new);
            if let Some(what) = form.and_then(|it| program.remembering(it, event)) {
                self.remember.push(Remember {
                    memory,
                    property: property.clone(),
                    expression,
                    what,
                });
            }
        }
    }

    fn judge(&mut self, index: u32, watch: &Watch, form: Option<NodeForm>, event: EventId) {
        let property = watch.property();
        let wanted = match property.rule.claim {
            Claim::Always(_) => true,
            Claim::Never(_) | Claim::Sometimes(_) => false,
            Claim::Eventually { .. } | Claim::LeadsTo { .. } => return self.others.push(index),
        };
        let condition = form.and_then(|it| property.programs[0].condition(it, event));
        let Some(condition) = condition else { return };
        if condition.constant() == Some(wanted) {
            return self.settled.push(index);
        }
        Line::add(&mut self.lines, index, watch.memory(0), &condition, wanted);
    }
}
