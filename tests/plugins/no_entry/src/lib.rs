//! A dynamic library that is no plugin: it does not export the entry symbol.
#![allow(unsafe_code)]

/// A symbol that no host looks for.
// SAFETY: no other library of these tests has a symbol of this name.
#[unsafe(no_mangle)]
pub extern "C" fn no_entry_here() -> u32 {
    7
}
