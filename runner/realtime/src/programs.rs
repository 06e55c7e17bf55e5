//! Programs of others that stand for a node.
//!
//! - [`process`]: the process of a program that the runner starts and ends;
//! - [`output`]: what such a program writes, line by line;
//! - [`connection`]: a node's connection to a program with an address.

pub mod connection;
pub mod output;
pub mod process;
pub mod speaker;

pub use process::end_all;
