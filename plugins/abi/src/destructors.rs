//! The extension `runner.destructors.1`: the end of an instance, with a status.
//!
//! [`Behavior::destroy`](crate::Behavior::destroy) returns nothing, so an instance that
//! fails while it is destroyed cannot fail its run.
//! [`Plugin::extension`](crate::Plugin::extension) returns a static [`Destructors`] for
//! [`DESTRUCTORS`]. A host that knows this extension calls its functions in place of
//! `destroy`; each instance is still destroyed once.

use core::ffi::c_void;

use crate::{Status, Text};

/// The id of this extension.
pub const DESTRUCTORS: &str = "runner.destructors.1";

/// The table of the destructors of a plugin's behaviors.
#[repr(C)]
pub struct Destructors {
    /// Size of this struct in the plugin's build `[bytes]`.
    pub size: u64,
    /// [`DESTRUCTORS_LAYOUT`](crate::DESTRUCTORS_LAYOUT) of the plugin's build.
    pub layout: u64,
    /// An entry for each of [`Plugin::behaviors`](crate::Plugin::behaviors), in their order.
    pub behaviors: *const Destructor,
    /// How many: [`Plugin::behavior_count`](crate::Plugin::behavior_count).
    pub behavior_count: u64,
}

/// The destructor of one behavior.
#[repr(C)]
pub struct Destructor {
    /// Ends an instance; `state` is plain memory afterwards, whatever it returns.
    /// Anything but [`OK`](crate::OK) fails the run, for the reason passed to the sink.
    pub destroy: unsafe extern "C" fn(state: *mut c_void, sink: *const FailSink) -> Status,
}

/// Where a destructor reports why it fails; lent for that call.
#[repr(C)]
pub struct FailSink {
    /// Handed back to `fail`.
    pub host: *mut c_void,
    /// Takes the reason, before the destructor returns anything other than
    /// [`OK`](crate::OK).
    pub fail: unsafe extern "C" fn(host: *mut c_void, reason: Text),
}
