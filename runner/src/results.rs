//! What a plan leaves behind: the results folder.
//!
//! [`folder`] makes it and never overwrites one, [`manifest`] says what was run,
//! [`record`] takes one run's records, [`ledger`] keeps `runs.csv` and
//! `summary.csv` in the order of the runs.

pub mod faults;
pub mod folder;
pub mod ledger;
pub mod manifest;
pub mod printed;
pub mod record;
