//! Plugins: found, loaded, checked, and called for the engine.
//!
//! | module | what it holds |
//! |---|---|
//! | [`search`] | the folders where plugin files are looked for |
//! | [`library`] | opens a plugin file, and refuses one that does not fit |
//! | [`build`] | one build of a plugin: the bytes that every process of a plan runs |
//! | `described` | a plugin that another process has loaded |
//! | [`activity`] | the plugin code in which a thread is |
//! | [`elf`] | finds files that are cut off, before they are opened |
//! | [`plugin`] | what a loaded plugin provides |
//! | [`config`] | a config that a behavior has accepted, for a group of nodes |
//! | [`instance`] | the nodes' states of one run: the engine's [`engine::behaviors::Behaviors`] |
//! | `programs` | the programs that behaviors start |
//! | `beside` | programs on the processor of the thread that waits for them |
//! | `vtable` | the functions that behaviors call |
//! | [`check`] | the checks of plugins, which judge runs |
//! | [`progress_page`] | the progress of a run, for the process that supervises it |
//!
//! All unsafe code about plugins is in this crate. It relies on `plugins/ABI.md`: the
//! rules for plugins, and what is checked once, when a plugin is loaded. Start reading at
//! [`library::load`], then [`instance`].

pub mod activity;
mod beside;
pub mod build;
pub mod check;
pub mod config;
mod described;
pub mod elf;
pub mod instance;
pub mod library;
pub mod plugin;
mod programs;
pub mod progress_page;
pub mod search;
mod vtable;
