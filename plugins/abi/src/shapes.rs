//! The extension `runner.shapes.1`: columns, words and callbacks that a config decides.
//!
//! [`Behavior`](crate::Behavior) names the columns of every node with that behavior. A
//! behavior that stands for something else (a program, a script) learns from its config
//! which columns there are. [`Plugin::extension`](crate::Plugin::extension) returns a static
//! [`Shapes`] for [`SHAPES`]. An older host does not ask, and takes what the behavior's
//! own table says.

use core::ffi::c_void;

use crate::{Column, EventWord};

/// The id of this extension.
pub const SHAPES: &str = "runner.shapes.1";

/// The table of the shapes of a plugin's behaviors.
#[repr(C)]
pub struct Shapes {
    /// Size of this struct in the plugin's build `[bytes]`.
    pub size: u64,
    /// [`SHAPES_LAYOUT`](crate::SHAPES_LAYOUT) of the plugin's build.
    pub layout: u64,
    /// An entry for each of [`Plugin::behaviors`](crate::Plugin::behaviors), in their order.
    pub behaviors: *const BehaviorShape,
    /// How many: [`Plugin::behavior_count`](crate::Plugin::behavior_count).
    pub behavior_count: u64,
}

/// How the shape of one behavior follows from a config.
#[repr(C)]
pub struct BehaviorShape {
    /// The shape of nodes with this config: `config` is what
    /// [`config_new`](crate::Behavior::config_new) made. Lent as long as the config lives. Null:
    /// the columns, words and callbacks of the behavior's own table.
    pub shape: unsafe extern "C" fn(config: *const c_void) -> *const Shape,
}

/// Columns, words and callbacks in place of those of [`Behavior`](crate::Behavior), under
/// the same rules.
#[repr(C)]
pub struct Shape {
    /// As [`Behavior::columns`](crate::Behavior::columns).
    pub columns: *const Column,
    /// How many; at most [`MAX_COLUMNS`](crate::MAX_COLUMNS).
    pub column_count: u64,
    /// As [`Behavior::events`](crate::Behavior::events).
    pub events: *const EventWord,
    /// How many.
    pub event_count: u64,
    /// As [`Behavior::handles`](crate::Behavior::handles): a part of its bits.
    pub handles: u64,
}
