//! What a plan leaves behind: the results folder.
//!
//! [`folder`] makes it and never overwrites one, [`manifest`] says what was run,
//! [`record`] takes one run's records, [`printed`] what its nodes print and [`style`] the
//! colors out of that. [`journal`] keeps what each run came to as soon as it is over,
//! [`ledger`] keeps `runs.csv`, `summary.csv` and `verdicts.csv` in the order of the
//! runs. Results that were left are taken up again by [`resume`], if their
//! [`Identity`](analysis::results::Identity) is that of the plan and the [`sums`] of
//! their files are right.

pub mod entry;
pub mod faults;
pub mod folder;
pub mod journal;
pub mod ledger;
pub mod manifest;
pub mod printed;
pub mod record;
pub mod resume;
pub mod style;
pub mod sums;
