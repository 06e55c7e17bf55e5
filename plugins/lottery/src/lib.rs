//! A national lottery: agencies hand in bets, a central stores them and draws the winners.
//!
//! # The problem
//! Many agencies hand in many bets, over connections that break, to a central that may
//! crash at any moment and be restarted. Every acknowledged bet must be stored exactly once. It
//! must not be stored twice when a reply was lost and the agency sent its batch again. No
//! part of a batch may remain when the central crashed during a write. The draw happens when
//! the last agency has reported its end; until then the central replies "not yet" to
//! queries for winners.
//!
//! # The idea
//! Three known techniques. *Stop and wait*: an agency sends one batch and hands in the next
//! one after the acknowledgement. *Idempotence*: the central recognizes a batch that it has
//! stored, acknowledges it again and does not store it again, so repeating is always
//! safe. *A journal*: a batch counts as stored only when the journal has a line for it, so an
//! incomplete batch is recognized (Gray and Reuter, "Transaction Processing: Concepts and
//! Techniques", 1992, chapter 9).
//!
//! # Where to start
//! [`wire`] defines the messages, [`Central`] and [`Agency`] exchange them, and [`store`]
//! contains the files and the recovery after a crash.

pub mod announce;
pub mod bet;
pub mod bets_file;
pub mod digest;
pub mod generate;
pub mod store;
pub mod wire;

mod agency;
mod central;
mod complete;

pub use agency::{Agency, AgencyConfig, BetConfig, OnBadBet, SingleBet};
pub use announce::Announce;
pub use bet::Bet;
pub use central::{Central, CentralConfig};
pub use complete::Complete;

runner_sdk::plugin! {
    name: "lottery",
    docs: "A national lottery: agencies hand in bets in batches, a central stores them and draws \
           the winners.",
    behaviors: [Central, Agency],
    checks: [Complete],
}

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod tests;
