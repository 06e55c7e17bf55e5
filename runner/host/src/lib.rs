//! Plugins, from a name in a scenario to instances that the engine drives.
//!
//! [`search`] finds the file, [`library`] opens it (the only place that does)
//! and refuses what does not fit, [`plugin`] is what it describes, [`config`]
//! one group's checked config, [`check`] properties of runs, and [`instance`] the nodes' states of one run:
//! safe from the outside, and the engine's [`engine::behaviors::Behaviors`].
//! `vtable` holds the functions that plugins call back, [`cell`] is where a run in
//! a process of its own notes which callback it makes.
//!
//! All `unsafe` of the runner is here, but for the mapping of memory in `os`. It rests on `plugins/ABI.md`: what a
//! plugin must keep to, and what is checked once, at load.

pub mod cell;
pub mod check;
pub mod config;
pub mod elf;
pub mod instance;
pub mod library;
pub mod plugin;
pub mod search;
mod vtable;
