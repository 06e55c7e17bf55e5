//! Properties of a run: what is always so, never, sometimes, in the end, or after
//! something else. They are judged while the run goes.
//!
//! A [`PropertyRule`] is as the scenario says it. A [`Property`] is bound to the columns of
//! the nodes. [`Properties`] sees each record of one run in the order of time; what it
//! keeps grows with the number of nodes and not with the number of records (module `watch`).
//! [`Happenings`] judges `sometimes` over the runs of a case.
//!
//! # What is judged, and when
//!
//! A property of each node (the default) has a state per node, and sees the records of this
//! node alone. A `global` property has one state, and sees the records of all its nodes in
//! the order of time; two records of one instant are two records.
//!
//! A record in which a column has no value is skipped. So *never evaluated* is unknown, and
//! not passed. *Eventually* and *leads to* make obligations. An obligation whose time is not
//! over when the run ends is open: it is counted, and proves nothing.

mod concerns;
mod evidence;
mod happenings;
mod rule;
mod watch;

use std::sync::Arc;

use analysis_expression::{Mistake, Names, Program, Record, Scope, Span};

use crate::log::{Columns, Row, RunSchema};
use crate::results::Judgement;
use concerns::Concerns;
use evidence::Rows;
use watch::{Memories, Watch};

pub use analysis_expression as expression;
pub use happenings::{Happenings, is_sometimes};
pub use rule::{Claim, PropertyRule};

/// A property that is bound to the nodes of a case.
#[derive(Clone, Debug)]
pub struct Property {
    /// The property as the scenario says it.
    pub rule: PropertyRule,
    /// Its expressions, in the order of [`Claim::expressions`].
    programs: Vec<Program>,
}

/// The mistakes of a property, each with the index of its expression.
pub type Mistakes = Vec<(usize, Mistake)>;

impl Property {
    /// Binds a property. `None` if its nodes are not all known.
    ///
    /// # Errors
    /// Fails with all mistakes in names and types.
    pub fn new(rule: PropertyRule, scope: &Scope) -> Result<Option<Property>, Mistakes> {
        let mut programs = Vec::new();
        let mut mistakes = Vec::new();
        let expressions = rule.claim.expressions();
        for (index, expression) in expressions.iter().enumerate() {
            match Program::new(expression, scope) {
                Ok(program) => programs.extend(program),
                Err(found) => mistakes.extend(found.into_iter().map(|it| (index, it))),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        if programs.len() < expressions.len() {
            return Ok(None);
        }
        if let [trigger, response] = programs.as_slice()
            && !scope.global
            && !trigger.shares_nodes(response)
        {
            let text = expressions[1].text();
            let what = "no node has the columns of both expressions";
            let help = "with `global = true`, the second may be true at another node";
            let mistake = Mistake::new(Span::new(0, text.len()), what).help(help);
            return Err(vec![(1, mistake)]);
        }
        Ok(Some(Property { rule, programs }))
    }
}

/// All properties of one run.
#[derive(Debug)]
pub struct Properties {
    watches: Vec<Watch>,
    memories: Memories,
    concerns: Concerns,
    rows: Rows,
    schema: Arc<RunSchema>,
    external_peers: Vec<String>,
}

impl Properties {
    /// Before the first record.
    pub fn begin(properties: &[Arc<Property>], schema: &Arc<RunSchema>) -> Properties {
        let nodes = schema.nodes.len();
        let mut memories = Memories::new(nodes);
        let watches = properties.iter();
        let watches: Vec<Watch> = watches.map(|it| Watch::new(it, &mut memories)).collect();
        let counts_only = !watches.iter().any(Watch::needs_rows);
        Properties {
            concerns: Concerns::new(&watches, &memories.all, schema),
            memories,
            watches,
            rows: Rows::new(nodes, counts_only),
            schema: schema.clone(),
            external_peers: Vec::new(),
        }
    }

    /// Takes the next record in.
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        let record = Record {
            row,
            columns,
            names: Names {
                schema: &self.schema,
                external_peers: &self.external_peers,
            },
        };
        self.concerns.row(
            &mut self.watches,
            &mut self.memories.all,
            &record,
            &self.rows,
        );
        self.rows.add(row);
    }

    /// Adds an external peer.
    pub fn external_peer(&mut self, name: &str) {
        self.external_peers.push(name.to_owned());
    }

    /// The judgements after a run that ended at `end` `[ns]`. `place` says where a part of an
    /// expression is written, by the indices of property and expression.
    pub fn finish(
        mut self,
        end: u64,
        place: impl Fn(usize, usize, Span) -> String,
    ) -> Vec<Judgement> {
        self.concerns.finish(&mut self.watches);
        let names = Names {
            schema: &self.schema,
            external_peers: &self.external_peers,
        };
        let watches = self.watches.into_iter().enumerate();
        watches
            .map(|(index, watch)| {
                watch.finish(end, &self.rows, names, |expression, span| {
                    place(index, expression, span)
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
