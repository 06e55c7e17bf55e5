//! The state of one property in one run.
//!
//! Of *leads to*, one obligation per node is open at a time: a trigger while an earlier one
//! waits adds nothing, since the earlier one has the earlier deadline, and the response
//! ends both. So the verdict is that of all triggers, in memory for one.

mod verdict;

use std::sync::Arc;

use analysis_expression::{Failure, Memory, Names, Program, Record, Span, Stop};
use base::time::SimTime;

use super::Property;
use super::evidence::{Rows, Seen};
use super::rule::Claim;
use crate::log::tables::Evidence;
use crate::results::Judgement;

/// One property of one run.
#[derive(Debug)]
pub struct Watch {
    property: Arc<Property>,
    /// Of each expression.
    memories: Vec<Memory>,
    /// Number of records on which it was evaluated; of *leads to*, the trigger.
    evaluated: u64,
    state: State,
    /// Number of failures.
    failures: u64,
    /// The first failure.
    first: Option<Finding>,
    /// Why it could not be evaluated. After that, it is not evaluated any more.
    broken: Option<(usize, Failure, Finding)>,
}

/// The first failure: what is said about it, and the records that prove it.
#[derive(Debug, Default)]
struct Finding {
    reason: String,
    evidence: Vec<Evidence>,
}

#[derive(Debug)]
enum State {
    /// Always, never.
    Each,
    /// The first record in which it was true.
    Sometimes(Option<Seen>),
    /// By node; of a global property, one.
    Eventually {
        states: Vec<Wait>,
        /// The node that was the last, and when.
        slowest: Option<Seen>,
    },
    LeadsTo {
        /// By node, the open obligation; of a global property, one.
        open: Vec<Option<Seen>>,
        /// Number of obligations that ended in time.
        met: u64,
        /// The longest time from trigger to response `[ns]`, and the trigger.
        slowest: Option<(u64, Seen)>,
    },
}

/// How far an *eventually* is at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Open,
    Met,
    Failed,
}

/// The records around the one that is judged.
#[derive(Clone, Copy)]
struct Context<'a> {
    record: Record<'a>,
    rows: &'a Rows,
}

impl Context<'_> {
    fn seen(&self) -> Seen {
        self.rows.present(self.record.row)
    }
}

impl Watch {
    /// Before the first record of a run with this number of nodes.
    pub fn new(property: &Arc<Property>, nodes: usize) -> Watch {
        let instances = match property.rule.global {
            true => 1,
            false => nodes,
        };
        let state = match &property.rule.claim {
            Claim::Always(_) | Claim::Never(_) => State::Each,
            Claim::Sometimes(_) => State::Sometimes(None),
            Claim::Eventually { .. } => State::Eventually {
                states: vec![Wait::Open; instances],
                slowest: None,
            },
            Claim::LeadsTo { .. } => State::LeadsTo {
                open: vec![None; instances],
                met: 0,
                slowest: None,
            },
        };
        let memories = property.programs.iter();
        Watch {
            property: property.clone(),
            memories: memories.map(|it| Memory::new(it, nodes)).collect(),
            evaluated: 0,
            state,
            failures: 0,
            first: None,
            broken: None,
        }
    }

    /// Takes the next record in.
    pub fn see(&mut self, record: Record<'_>, rows: &Rows) {
        if self.broken.is_some() {
            return;
        }
        let property = &self.property;
        for (program, memory) in property.programs.iter().zip(&mut self.memories) {
            program.see(memory, record);
        }
        let context = Context { record, rows };
        match &property.rule.claim {
            Claim::Always(_) => self.each(true, context),
            Claim::Never(_) => self.each(false, context),
            Claim::Sometimes(_) => self.sometimes(context),
            Claim::Eventually { from, within, .. } => {
                let deadline = within.map(|within| SimTime(from.0) + within);
                let from = from.0;
                self.eventually(from, deadline, context);
            }
            Claim::LeadsTo { within, .. } => {
                let within = within.0;
                self.leads_to(within, context);
            }
        }
    }

    /// Whether an expression is true for a record; `None` if it was not evaluated.
    #[inline]
    fn holds(&mut self, expression: usize, context: Context<'_>) -> Option<bool> {
        let (program, memory) = self.part(expression);
        match program.holds(memory, context.record) {
            Ok(truth) => Some(truth),
            Err(Stop::Absent) => None,
            Err(Stop::Fails(failure)) => {
                self.broke(expression, failure, context);
                None
            }
        }
    }

    fn part(&self, expression: usize) -> (&Program, &Memory) {
        (
            &self.property.programs[expression],
            &self.memories[expression],
        )
    }

    #[inline]
    fn each(&mut self, wanted: bool, context: Context<'_>) {
        let Some(truth) = self.holds(0, context) else {
            return;
        };
        self.evaluated += 1;
        if truth != wanted {
            self.violated(wanted, context);
        }
    }

    fn sometimes(&mut self, context: Context<'_>) {
        if matches!(self.state, State::Sometimes(Some(_))) {
            return;
        }
        let Some(truth) = self.holds(0, context) else {
            return;
        };
        self.evaluated += 1;
        if truth {
            self.state = State::Sometimes(Some(context.seen()));
        }
    }

    /// The index of the state for a record; `None` if the record is of no node of it.
    fn instance(&self, context: Context<'_>) -> Option<usize> {
        let node = context.record.row.node;
        if self.property.rule.global {
            return Some(0);
        }
        let programs = self.property.programs.iter().zip(&self.memories);
        let mut judges = programs.map(|(program, memory)| program.judges(memory, node));
        judges.all(|it| it).then_some(node as usize)
    }

    fn eventually(&mut self, from: u64, deadline: Option<SimTime>, context: Context<'_>) {
        let Some(instance) = self.instance(context) else {
            return;
        };
        let State::Eventually { states, .. } = &self.state else {
            return;
        };
        let now = context.record.row.time_ns;
        if states[instance] != Wait::Open || now < from {
            return;
        }
        if deadline.is_some_and(|it| now > it.0) {
            let last = self.last_before(context.record.row.node, context.rows);
            return self.did_not_happen(instance, last, context.record.names);
        }
        let Some(truth) = self.holds(0, context) else {
            return;
        };
        self.evaluated += 1;
        if let (true, State::Eventually { states, slowest }) = (truth, &mut self.state) {
            states[instance] = Wait::Met;
            *slowest = Some(context.seen());
        }
    }

    fn leads_to(&mut self, within: u64, context: Context<'_>) {
        let Some(instance) = self.instance(context) else {
            return;
        };
        let now = context.record.row.time_ns;
        if let Some(trigger) = self.open(instance)
            && now - trigger.row.time_ns > within
        {
            let last = self.last_before(context.record.row.node, context.rows);
            self.did_not_follow(instance, last, context.record.names);
        }
        if let Some(truth) = self.holds(0, context) {
            self.evaluated += 1;
            if let (true, State::LeadsTo { open, .. }) = (truth, &mut self.state) {
                open[instance].get_or_insert_with(|| context.seen());
            }
        }
        let Some(trigger) = self.open(instance) else {
            return;
        };
        let follows = self.holds(1, context) == Some(true);
        if let (true, State::LeadsTo { open, met, slowest }) = (follows, &mut self.state) {
            open[instance] = None;
            *met += 1;
            let took = now - trigger.row.time_ns;
            if slowest.is_none_or(|(longest, _)| took > longest) {
                *slowest = Some((took, trigger));
            }
        }
    }

    /// The open obligation of an instance.
    fn open(&self, instance: usize) -> Option<Seen> {
        match &self.state {
            State::LeadsTo { open, .. } => open[instance],
            _ => None,
        }
    }

    /// The last record before the one that is judged, of its node or of all nodes.
    fn last_before(&self, node: u32, rows: &Rows) -> Option<Seen> {
        match self.property.rule.global {
            true => rows.latest_of(self.judged()),
            false => rows.latest(node),
        }
    }

    /// The nodes that the first expression is evaluated on.
    fn judged(&self) -> impl Iterator<Item = u32> {
        let memory = &self.memories[0];
        let nodes = 0..memory.node_count() as u32;
        nodes.filter(|node| self.property.programs[0].judges(memory, *node))
    }

    #[cold]
    fn broke(&mut self, expression: usize, failure: Failure, context: Context<'_>) {
        let names = context.record.names;
        let (program, memory) = self.part(expression);
        let values = program.values(memory, context.record);
        let seen = context.seen();
        let finding = Finding {
            reason: format!("{values} at {}", seen.place(names)),
            evidence: vec![seen.evidence(values, names)],
        };
        self.broken = Some((expression, failure, finding));
    }

    #[cold]
    fn violated(&mut self, wanted: bool, context: Context<'_>) {
        self.failures += 1;
        if self.first.is_none() {
            self.first = Some(self.violation(wanted, context));
        }
    }

    /// The node has not been there in time. `last` is its last record before the deadline.
    #[cold]
    fn did_not_happen(&mut self, instance: usize, last: Option<Seen>, names: Names<'_>) {
        if let State::Eventually { states, .. } = &mut self.state {
            states[instance] = Wait::Failed;
        }
        self.failures += 1;
        if self.first.is_none() {
            self.first = Some(self.absence(instance, last, names));
        }
    }

    /// The response has not come in time.
    #[cold]
    fn did_not_follow(&mut self, instance: usize, last: Option<Seen>, names: Names<'_>) {
        let State::LeadsTo { open, .. } = &mut self.state else {
            return;
        };
        let Some(trigger) = open[instance].take() else {
            return;
        };
        self.failures += 1;
        if self.first.is_none() {
            self.first = Some(self.no_response(trigger, last, names));
        }
    }

    /// The judgement at the end of the run `[ns]`.
    pub fn finish(
        mut self,
        end: u64,
        rows: &Rows,
        names: Names<'_>,
        place: impl Fn(usize, Span) -> String,
    ) -> Judgement {
        self.end(end, rows, names);
        self.judgement(end, names, place)
    }

    /// Ends what was still waiting and is overdue.
    fn end(&mut self, end: u64, rows: &Rows, names: Names<'_>) {
        let instances: Vec<usize> = match self.property.rule.global {
            true => vec![0],
            false => self.judged().map(|it| it as usize).collect(),
        };
        match self.property.rule.claim {
            Claim::Eventually {
                from,
                within: Some(within),
                ..
            } if from.0.saturating_add(within.0) <= end => {
                for instance in instances {
                    if self.waits(instance) {
                        let last = self.last_before(instance as u32, rows);
                        self.did_not_happen(instance, last, names);
                    }
                }
            }
            Claim::LeadsTo { within, .. } => {
                for instance in instances {
                    let overdue = self
                        .open(instance)
                        .is_some_and(|it| it.row.time_ns.saturating_add(within.0) <= end);
                    if overdue {
                        let last = self.last_before(instance as u32, rows);
                        self.did_not_follow(instance, last, names);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether an *eventually* is open at an instance.
    fn waits(&self, instance: usize) -> bool {
        matches!(&self.state, State::Eventually { states, .. } if states[instance] == Wait::Open)
    }
}
