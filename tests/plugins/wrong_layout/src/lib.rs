//! A plugin of this version of the boundary whose structs are laid out otherwise,
//! as if its SDK had been built from other sources: nothing behind its layout
//! may be read.
#![allow(unsafe_code)]

use runner_abi::{ABI_VERSION, LAYOUT, Plugin, Text};
use std::ptr;

/// Null where a host of this layout expects text.
const UNREADABLE: Text = Text {
    ptr: ptr::null(),
    len: u64::MAX,
};

/// The entry, with another layout.
// SAFETY: the name is the one that hosts look for; a host reads version and
// layout first, and no further.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static runner_plugin: Plugin = Plugin {
    abi_version: ABI_VERSION,
    size: size_of::<Plugin>() as u32,
    layout: LAYOUT ^ 1,
    name: UNREADABLE,
    version: UNREADABLE,
    docs: UNREADABLE,
    behaviors: ptr::null(),
    behavior_count: u64::MAX,
    extension: None,
};
