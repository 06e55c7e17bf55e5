//! The extension `runner.files.1`: the files that behaviors write into the run's folder.
//!
//! The host keeps logs and tables of its own in that folder. With the names of all files it
//! refuses a scenario in which two of them would be one, before anything runs.
//! [`Plugin::extension`](crate::Plugin::extension) returns a static [`Files`] for [`FILES`]. A plugin
//! whose behaviors write no files returns null.

use crate::Text;

/// The id of this extension.
pub const FILES: &str = "runner.files.1";

/// The table of the files of a plugin's behaviors.
#[repr(C)]
pub struct Files {
    /// Size of this struct in the plugin's build `[bytes]`.
    pub size: u64,
    /// [`FILES_LAYOUT`](crate::FILES_LAYOUT) of the plugin's build.
    pub layout: u64,
    /// An entry for each of [`Plugin::behaviors`](crate::Plugin::behaviors), in their order.
    pub behaviors: *const BehaviorFiles,
    /// How many: [`Plugin::behavior_count`](crate::Plugin::behavior_count).
    pub behavior_count: u64,
}

/// The files that a node with one behavior may write.
#[repr(C)]
pub struct BehaviorFiles {
    /// Names of files, without folders. `{node}` stands for the node's name.
    pub names: *const Text,
    /// How many.
    pub name_count: u64,
}
