//! A plugin of this ABI version with another layout hash, as if its SDK had been built from
//! other sources. The host must not read more than version and layout.
#![allow(unsafe_code)]

use runner_abi::{ABI_VERSION, LAYOUT, Plugin, Text};
use std::ptr;

/// Null where a host of this layout expects text.
const UNREADABLE: Text = Text {
    ptr: ptr::null(),
    len: u64::MAX,
};

/// The entry, with another layout.
// SAFETY: the symbol has the name that hosts look for; a host reads version and layout first,
// and then nothing more.
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
