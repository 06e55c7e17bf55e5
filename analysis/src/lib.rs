//! Turns what a run recorded into numbers, and numbers into a lab notebook.
//!
//! [`log`] is the one definition of a run's log: the runner writes through it,
//! everything here reads through it. It knows no plugin by name: a log says in
//! its header which columns it has.

pub mod cli;
pub mod expect;
pub mod metrics;
pub mod render;
pub mod report;
pub mod results;

pub use analysis_log as log;
