//! Computes metrics from the records of runs, and reports from metrics.
//!
//! - [`log`] defines logs and tables; the runner writes with it, this crate reads.
//! - [`metrics`] computes numbers from the rows of a run.
//! - [`statistics`] says how sure one can be of the runs of a case: intervals and tests.
//! - [`foreign`] makes results of the logs of other programs.
//! - [`expect`] judges metrics by the bounds of a scenario.
//! - [`properties`] judges what is so in the records of a run, as it goes.
//! - [`results`] is the manifest, and whether results are of one plan.
//! - [`notes`] are the author's own text in a report.
//! - [`report`] builds a report as a value; [`render`] makes Markdown, HTML and SVG.
//! - [`causes`] tells what led to a record, and where two runs part.
//! - [`trace`] writes a run for Perfetto and for ShiViz.
//! - [`junit`] writes the results of runs for CI services.
//!
//! No plugin is known by name: the header of a log has its columns.

pub mod causes;
pub mod cli;
mod database;
pub mod expect;
pub mod foreign;
pub mod junit;
pub mod metrics;
pub mod notes;
mod page;
pub mod properties;
pub mod render;
pub mod report;
pub mod results;
pub mod statistics;
pub mod trace;

pub use analysis_log as log;
