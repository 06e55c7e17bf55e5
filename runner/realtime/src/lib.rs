//! Runs in real time: the wall clock and sockets in place of virtual time.
//!
//! In virtual time the engine goes from event to event by itself. In real time
//! [`real_time`] waits for the wall clock and for sockets, has the engine do what is
//! due, and passes it what has arrived. The engine, the behaviors and the results are
//! the same. One thread drives all nodes of a run, or of a process's part of it.
//! Start reading in [`real_time`].
//!
//! - [`clock`] and [`lag`]: when things are due, and how late they happen;
//! - [`links`] and [`link_frame`]: connections between nodes;
//! - [`listener`] and [`client`]: programs that connect to a listening node;
//! - [`programs`]: programs that stand for a node;
//! - [`input`]: the runner's standard input, as a peer of a node;
//! - [`processes`]: a process for each node;
//! - [`stream`], [`outgoing`] and [`direct`]: one TCP connection, its outgoing queue,
//!   and the way past the queue;
//! - [`under_way`]: messages that were still between two nodes at the end.

pub mod client;
pub mod clock;
pub mod direct;
pub mod input;
pub mod lag;
pub mod link_frame;
pub mod links;
pub mod listener;
pub mod outgoing;
pub mod processes;
pub mod programs;
pub mod real_time;
pub mod setup;
pub mod stream;
pub mod under_way;
