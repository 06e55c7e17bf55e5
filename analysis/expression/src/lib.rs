//! Expressions about the records of a run: `clock > last(clock)`,
//! `event == 'elected' and time < 5s`, `count(nodes, role == 'leader') <= 1`.
//!
//! An expression goes through three stages. Each is a type, and a reader of this crate meets
//! them in this order:
//!
//! 1. [`Expression::parse`]: text to a tree with the place of each part ([`syntax`]).
//! 2. [`Program::new`]: the names and types of the tree, for each kind of node in a
//!    [`Scope`]. All mistakes are found here, before anything runs.
//! 3. [`Program::see`] and [`Program::holds`]: the values of a record, with a [`Memory`]
//!    of what earlier records said. Memory depends on the number of nodes, and not on the
//!    number of records.
//!
//! [`Program::holds`] tries an evaluation in 64 bits first (module `quick`), and does the exact
//! one (module `evaluate`) where that is unsure. Who judges many records takes a
//! [`Condition`]: the expression for the records of one kind of node and one event, in
//! which all that depends on the event alone is already decided (module `given`). Several
//! conditions about the same records are evaluated together (module `conditions`).
//!
//! A column may have no value in a record: a `peer` in a tick, a column that is not set
//! yet. What needs this value is then *absent*, neither true nor false ([`Stop::Absent`]).
//! `false and x` is false and `true or x` is true whatever `x` is.
//!
//! The grammar is in `scenarios/README.md`. No plugin and no scenario is known here, so
//! that whoever filters records can use it.

mod bind;
mod conditions;
mod evaluate;
mod given;
mod kind;
mod last;
mod memory;
mod mistake;
mod number;
mod operand;
mod over;
mod parse;
mod program;
mod quick;
mod scope;
pub mod syntax;
mod token;
mod tournament;
mod value;

pub use conditions::Conditions;
pub use evaluate::{Failure, Names, Record, Stop, Why};
pub use kind::Kind;
pub use memory::{Memory, Witness};
pub use mistake::{Known, Mistake};
pub use program::{Condition, NodeForm, Program, Remembering};
pub use scope::{Group, Scope, Shape};
pub use syntax::{Expression, Span};
pub use value::Quick;
