//! A national lottery: agencies hand in bets, a central stores them and draws.
//!
//! # The problem
//! Many agencies hand in many bets, over connections that break, to a central that may
//! die at any moment and be started again. Every bet that was acknowledged must be
//! there once: not twice because an answer was lost and the agency tried again, and
//! not half a batch because the central died while it wrote. Only when the last
//! agency has said that it has no more bets is there a draw; until then those that
//! ask are told to ask again.
//!
//! # The idea
//! Three old ones. *Stop and wait*: an agency has one batch under way and hands in
//! the next when it is acknowledged. *Once by recognition*: the central knows what it
//! has stored, so what comes again is acknowledged again and stored no second time;
//! then trying again is always safe. *A journal*: what is written counts when a line
//! elsewhere says so, so that half a batch is seen to be half (Gray and Reuter,
//! "Transaction Processing: Concepts and Techniques", 1992, chapter 9).
//!
//! # Where to start
//! [`wire`] is what is said, [`Central`] and [`Agency`] who says it, [`store`] what
//! is kept and how it survives.

pub mod announce;
pub mod bet;
pub mod digest;
pub mod generate;
pub mod sheet;
pub mod store;
pub mod wire;

mod agency;
mod central;
mod complete;

pub use agency::{Agency, AgencyConfig, BetConfig, SingleBet};
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
mod storm;
#[cfg(test)]
mod tests;
