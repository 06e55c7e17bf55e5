//! The state of one property in one run.
//!
//! Of *leads to*, one obligation per node is open at a time: a trigger while an earlier one
//! waits adds nothing, since the earlier one has the earlier deadline, and the response
//! ends both. So the verdict is that of all triggers, in memory for one.

mod verdict;

use std::sync::Arc;

use analysis_expression::{Failure, Memory, Names, NodeForm, Program, Record, Span, Stop};
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
    /// The index of the memory of each expression.
    memories: Vec<u32>,
    /// The nodes that the first expression is evaluated on; only of *eventually* and *leads
    /// to*.
    judged: Vec<u32>,
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
pub struct Context<'a> {
    pub record: &'a Record<'a>,
    pub rows: &'a Rows,
    pub memories: &'a [Memory],
}

/// The memories of all expressions of a run: one for those that remember the same.
#[derive(Debug)]
pub struct Memories {
    /// The property and the expression that each memory is of.
    owners: Vec<(Arc<Property>, usize)>,
    pub all: Vec<Memory>,
    /// Number of nodes.
    nodes: usize,
}

impl Memories {
    /// For a run with this number of nodes.
    pub fn new(nodes: usize) -> Memories {
        Memories {
            owners: Vec::new(),
            all: Vec::new(),
            nodes,
        }
    }

    /// The index of the memory of an expression.
    fn of(&mut self, property: &Arc<Property>, expression: usize) -> u32 {
        let program = &property.programs[expression];
        let mut owners = self.owners.iter();
        let known = owners.position(|(its, index)| its.programs[*index].remembers_as(program));
        let index = known.unwrap_or_else(|| {
            self.all.push(Memory::new(program, self.nodes));
            self.owners.push((property.clone(), expression));
            self.owners.len() - 1
        });
        index as u32
    }
}

impl Context<'_> {
    fn seen(&self) -> Seen {
        self.rows.present(self.record.row)
    }
}

impl Watch {
    /// Before the first record of a run. Adds the memories that it needs.
    pub fn new(property: &Arc<Property>, memories: &mut Memories) -> Watch {
        let nodes = memories.nodes;
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
        let expressions = 0..property.programs.len();
        let own: Vec<u32> = expressions.map(|it| memories.of(property, it)).collect();
        let judges =
            |node: &u32| property.programs[0].judges(&memories.all[own[0] as usize], *node);
        let judged = match state {
            State::Each | State::Sometimes(_) => Vec::new(),
            _ => (0..nodes as u32).filter(judges).collect(),
        };
        Watch {
            property: property.clone(),
            memories: own,
            judged,
            evaluated: 0,
            state,
            failures: 0,
            first: None,
            broken: None,
        }
    }

    /// The property.
    pub fn property(&self) -> &Arc<Property> {
        &self.property
    }

    /// How an expression reads the records of a node; `None` if they do not matter.
    pub fn form(&self, expression: usize, node: u32, memories: &[Memory]) -> Option<NodeForm> {
        let (program, memory) = self.part(expression, memories);
        program.form(memory, node)
    }

    /// The index of the memory of an expression.
    pub fn memory(&self, expression: usize) -> u32 {
        self.memories[expression]
    }

    /// Whether the records of a node are judged, or may be in time for something else.
    pub fn is_about(&self, node: u32, memories: &[Memory]) -> bool {
        let waits = matches!(
            self.property.rule.claim,
            Claim::Eventually { .. } | Claim::LeadsTo { .. }
        );
        let mut parts = (0..self.memories.len()).map(|it| self.part(it, memories));
        (waits && self.property.rule.global)
            || parts.all(|(program, memory)| program.judges(memory, node))
    }

    /// Whether records are kept for its evidence.
    pub fn needs_rows(&self) -> bool {
        let programs = &self.property.programs;
        match self.property.rule.claim {
            Claim::Always(_) | Claim::Never(_) => {
                self.property.rule.global || programs.iter().any(Program::has_last)
            }
            Claim::Sometimes(_) => false,
            Claim::Eventually { .. } | Claim::LeadsTo { .. } => true,
        }
    }

    /// Adds records on which the expression was evaluated, and which change nothing else.
    pub fn add_evaluated(&mut self, records: u64) {
        self.evaluated += records;
    }

    /// Whether no later record concerns it: it could not be evaluated, or has happened.
    pub fn is_done(&self) -> bool {
        self.broken.is_some() || matches!(self.state, State::Sometimes(Some(_)))
    }

    /// Judges a record of a node that the property [is about](Watch::is_about).
    pub fn judge(&mut self, context: Context<'_>) {
        if self.broken.is_some() {
            return;
        }
        match self.property.rule.claim {
            Claim::Always(_) => self.each(true, context),
            Claim::Never(_) => self.each(false, context),
            Claim::Sometimes(_) => self.sometimes(context),
            Claim::Eventually { from, within, .. } => {
                let deadline = within.map(|within| SimTime(from.0) + within);
                self.eventually(from.0, deadline, context);
            }
            Claim::LeadsTo { within, .. } => self.leads_to(within.0, context),
        }
    }

    /// Whether an expression is true for a record; `None` if it was not evaluated.
    #[inline]
    fn holds(&mut self, expression: usize, context: Context<'_>) -> Option<bool> {
        let (program, memory) = self.part(expression, context.memories);
        match program.holds(memory, context.record) {
            Ok(truth) => Some(truth),
            Err(Stop::Absent) => None,
            Err(Stop::Fails(failure)) => {
                self.broke(expression, failure, context);
                None
            }
        }
    }

    fn part<'a>(&'a self, expression: usize, memories: &'a [Memory]) -> (&'a Program, &'a Memory) {
        (
            &self.property.programs[expression],
            &memories[self.memories[expression] as usize],
        )
    }

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

    /// The index of the state for a record.
    fn instance(&self, context: Context<'_>) -> usize {
        match self.property.rule.global {
            true => 0,
            false => context.record.row.node as usize,
        }
    }

    fn eventually(&mut self, from: u64, deadline: Option<SimTime>, context: Context<'_>) {
        let instance = self.instance(context);
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
        let instance = self.instance(context);
        let now = context.record.row.time_ns;
        if let Some(trigger) = self.open(instance)
            && now - trigger.time_ns > within
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
        let Some(trigger) = self.open(instance).copied() else {
            return;
        };
        let follows = self.holds(1, context) == Some(true);
        if let (true, State::LeadsTo { open, met, slowest }) = (follows, &mut self.state) {
            open[instance] = None;
            *met += 1;
            let took = now - trigger.time_ns;
            if slowest.is_none_or(|(longest, _)| took > longest) {
                *slowest = Some((took, trigger));
            }
        }
    }

    /// The open obligation of an instance.
    fn open(&self, instance: usize) -> Option<&Seen> {
        match &self.state {
            State::LeadsTo { open, .. } => open[instance].as_ref(),
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
        self.judged.iter().copied()
    }

    #[cold]
    fn broke(&mut self, expression: usize, failure: Failure, context: Context<'_>) {
        let names = context.record.names;
        let (program, memory) = self.part(expression, context.memories);
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
                        .is_some_and(|it| it.time_ns.saturating_add(within.0) <= end);
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
