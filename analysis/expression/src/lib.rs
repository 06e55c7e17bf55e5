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
//! A column may have no value in a record: a `peer` in a tick, a column that is not set
//! yet. What needs this value is then *absent*, neither true nor false ([`Stop::Absent`]).
//! `false and x` is false and `true or x` is true whatever `x` is.
//!
//! The grammar is in `scenarios/README.md`. No plugin and no scenario is known here, so
//! that whoever filters records can use it.

mod bind;
mod evaluate;
mod kind;
mod memory;
mod mistake;
mod number;
mod operand;
mod parse;
mod program;
mod scope;
pub mod syntax;
mod token;
mod tournament;

pub use evaluate::{Failure, Names, Record, Stop, Why};
pub use kind::Kind;
pub use memory::{Memory, Witness};
pub use mistake::{Known, Mistake};
pub use program::Program;
pub use scope::{Group, Scope, Shape};
pub use syntax::{Expression, Span};
