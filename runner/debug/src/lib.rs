//! The debugger: a recorded run on the terminal, forward and back.
//!
//! | module | what it holds |
//! |---|---|
//! | [`tape`] | records a run while the engine executes it |
//! | [`history`] | what was recorded: events, records, messages |
//! | [`state`] | where messages are after an event, who is up, which faults hold |
//! | [`scene`] | what the scenario says: links and faults |
//! | [`stop`] | breakpoints and watches |
//! | [`by_hand`] | what a person did to a run, and the replay file |
//! | [`app`], [`keys`], [`view`], [`screen`] | keys go in, a frame comes out |
//! | [`live`], [`watch`], [`sweep`] | the same view of a run in real time, and a view of many runs |
//! | [`explorer`] | a person's way through a run; knows no terminal |
//!
//! Going back shows what was recorded. Only an intervention executes the run again, from
//! the start: in virtual time the same interventions give the same run.

pub mod explorer;

pub mod history;
pub mod state;
pub mod tape;

pub mod by_hand;
pub mod scene;
pub mod stop;

#[cfg(test)]
mod tests;

pub mod app;
pub mod keys;
pub mod screen;
pub mod view;

pub mod live;
pub mod sweep;
pub mod watch;
