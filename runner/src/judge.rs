//! What is made of a run: the checks that saw its records, the expectations of its
//! metrics, and what the runner itself holds every run to.
//!
//! [`checks`] are told each record as it happens, beside the logs; [`expectations`]
//! are judged when a run is over, and those over several runs when all are; [`world`] is what the runner holds every run to. Every
//! judge answers with an [`analysis::results::Judgement`]: passed, failed with
//! proof, or unknown with the reason.

pub mod checks;
pub mod expectations;
pub mod world;
