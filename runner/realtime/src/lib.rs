//! Time for a run: the one that passes, in place of the one that is computed.
//!
//! In virtual time the engine goes from event to event by itself. In real time
//! [`real_time`] waits for the wall clock and for sockets, and has the engine do
//! what is due and take what has come; the engine, the behaviors and the results
//! are the same. One thread drives all nodes of a run,
//! or of a process's part of it:
//!
//! - [`clock`] and [`lag`]: when;
//! - [`wire`] and [`links`]: what nodes say to one another;
//! - [`guests`]: programs that connect to a listening node;
//! - [`processes`]: a process for each node, where that is asked for;
//! - [`input`]: the runner's standard input, as a peer of a node;
//! - [`programs`]: programs that stand for a node, called or started by us;
//! - [`stream`], [`backlog`], [`outlet`] and [`sockets`]: what they all are made of.

pub mod backlog;
pub mod clock;
pub mod guests;
pub mod input;
pub mod lag;
pub mod links;
pub mod outlet;
pub mod processes;
pub mod programs;
pub mod real_time;
pub mod setup;
pub mod sockets;
pub mod stream;
pub mod wire;
