//! The scenario runner: a TOML file that declares nodes, links and timing, and
//! plugins that say what the nodes do, become logs, metrics and a verdict.
//!
//! `ARCHITECTURE.md` beside this crate is the map; the modules are declared in
//! the order in which a run passes through them.

pub mod scenario;

pub mod odds;
pub mod plan;

mod apart;
mod own_folder;

pub mod session;

pub mod judge;

pub mod execute;

pub mod results;

pub mod reporter;

pub mod export;

pub mod shrink;

mod pdf;

pub mod cli;
