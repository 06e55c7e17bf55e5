//! A plugin for a later ABI version. The host must not read more than the version.
#![allow(unsafe_code)]

use runner_abi::{ABI_VERSION, Plugin, Text};
use std::ptr;

/// Null where a host of this version expects text.
const UNREADABLE: Text = Text {
    ptr: ptr::null(),
    len: u64::MAX,
};

/// The entry, of the version after this one.
// SAFETY: the symbol has the name that hosts look for; a host reads the version first, and
// then nothing more.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static runner_plugin: Plugin = Plugin {
    abi_version: ABI_VERSION + 1,
    size: 0,
    layout: 0,
    name: UNREADABLE,
    version: UNREADABLE,
    docs: UNREADABLE,
    behaviors: ptr::null(),
    behavior_count: u64::MAX,
    extension: None,
};
