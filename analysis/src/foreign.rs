//! Logs of other programs: read as people wrote them, and made results of ours.
//!
//! The way of a log: `lines` of text, `records` of cells, `rows` with a time
//! and events, a `survey` of all files, and an [`import()`] that writes a results
//! folder: a log per node, `summary.csv`, verdicts, a manifest. From there on the report
//! and all other commands read it like results of the runner.
//!
//! A [`Format`] says how. [`guess()`] proposes one. `doubts` are what cannot be; no row
//! is lost without a word.

mod doubts;
mod format;
mod guess;
mod import;
mod judge;
mod lamport;
mod lines;
mod linked;
mod mapping;
mod names;
mod records;
mod results;
mod rows;
mod stamp;
mod survey;
mod toml_table;
mod words;

pub use format::Format;
pub use guess::{Guessed, guess};
pub use import::import;
pub use mapping::format_of;
pub use toml_table::Mistake;
