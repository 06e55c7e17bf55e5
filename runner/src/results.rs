//! The results of a plan: a folder with a manifest, a journal, tables, and a folder
//! per run.
//!
//! [`mod@open`] makes the [`folder`] or continues one, if its `identity` is that of the
//! plan; [`resume`] then checks the [`sums`] of its files. [`manifest`] describes what
//! is run. [`run_folder`] makes the folder of a run, or takes over that of an interrupted
//! one. [`record`] takes the records of one run ([`outside_rows`] bounds some of them),
//! [`printed`] the lines that its
//! nodes print, and [`style`] removes their colors. [`journal`] keeps each [`run_result`]
//! as an [`entry`] as soon as the run ends; [`writer`] writes the tables, in the order
//! of the runs. [`shared`] is how several runners write the same results at once.

pub mod entry;
pub mod error;
pub mod faults;
pub mod folder;
pub mod journal;
pub mod logs;
pub mod manifest;
pub mod open;
pub mod outside_rows;
pub mod printed;
pub mod record;
pub mod relay;
pub mod resume;
pub mod run_folder;
pub mod run_result;
pub mod shared;
pub mod style;
pub mod sums;
pub mod writer;
