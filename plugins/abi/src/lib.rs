//! The C boundary between the runner (the *host*) and a plugin: `repr(C)`
//! types and constants, nothing else.
//!
//! A plugin is a dynamic library with one exported symbol, [`ENTRY_SYMBOL`]: a
//! static [`Plugin`]. From there everything is data (texts, tables) and
//! functions with C calling convention. `ABI.md` beside this crate documents
//! lifecycle, ownership, call states and versioning; `runner_plugin.h` is the
//! same in C, and a test compares the two. Rust authors never see this crate:
//! the SDK wraps it.
//!
//! Start reading at [`Plugin`], then [`Behavior`], then [`Context`]. Checks of
//! a run's records are an extension: [`Checks`]; so are the names of the files
//! that behaviors write, [`Files`], the ends of instances with a status,
//! [`Destructors`], and columns that a config decides, [`Shapes`].
//!
//! # Rules
//!
//! - Nothing but fixed-width integers, pointers with lengths, `extern "C"`
//!   functions and structs of these crosses.
//! - Bytes lent in a call are dead when the call returns, in both directions.
//! - No panic crosses: a callback returns a [`Status`].
//! - A published struct never changes. Growth is a new extension id
//!   ([`Plugin::extension`]) or a new [`ABI_VERSION`].
#![no_std]

use core::ffi::c_void;

mod check;
mod destructors;
mod files;
mod layout;
mod shapes;
pub use check::{
    CHECKS, Check, CheckedNode, CheckedRun, Checks, Evidence, NO_PEER, OWN_EVENTS, Record,
    RecordCalls, VERDICT_FAILED, VERDICT_PASSED, VERDICT_UNKNOWN, VerdictSink,
};
pub use destructors::{DESTRUCTORS, Destructor, Destructors, FailSink};
pub use files::{BehaviorFiles, FILES, Files};
pub use layout::{CHECKS_LAYOUT, DESTRUCTORS_LAYOUT, FILES_LAYOUT, LAYOUT, SHAPES_LAYOUT};
pub use shapes::{BehaviorShape, SHAPES, Shape, Shapes};

/// The version of this boundary; the first field of [`Plugin`], read before
/// anything else.
pub const ABI_VERSION: u32 = 1;

/// The name of the one exported symbol: a static [`Plugin`].
pub const ENTRY_SYMBOL: &str = "runner_plugin";

/// The most columns a behavior may declare: one bit each in [`Slot::present`].
pub const MAX_COLUMNS: u64 = 63;

/// UTF-8 text, borrowed; not NUL-terminated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// First byte; may be dangling if `len` is 0.
    pub ptr: *const u8,
    /// Length `[bytes]`.
    pub len: u64,
}

impl Text {
    /// The text of a string that outlives every use of the result.
    pub const fn new(text: &'static str) -> Text {
        Text::lend(text)
    }

    /// Lends a string for the duration of one call.
    pub const fn lend(text: &str) -> Text {
        Text {
            ptr: text.as_ptr(),
            len: text.len() as u64,
        }
    }
}

/// What a callback returns. Anything other than [`OK`] fails the run, except for
/// [`REJECTED`]; the callback passes the reason to [`HostCalls::fail`] before.
pub type Status = u32;

/// The callback did its work.
pub const OK: Status = 0;
/// The callback failed with an error of its own, passed to [`HostCalls::fail`].
pub const FAILED: Status = 1;
/// The callback panicked; the panic was caught inside the plugin.
pub const PANICKED: Status = 2;
/// `message` alone: the message is not one that the behavior understands, for the
/// reason passed to [`HostCalls::fail`]. The callback has had no effect. If the message
/// came from outside of the scenario, it is recorded as dropped and the run goes on;
/// otherwise this is [`FAILED`].
pub const REJECTED: Status = 3;

/// A plugin: what [`ENTRY_SYMBOL`] names.
#[repr(C)]
pub struct Plugin {
    /// [`ABI_VERSION`] of the plugin's build. Always the first four bytes.
    pub abi_version: u32,
    /// Size of this struct in the plugin's build `[bytes]`.
    pub size: u32,
    /// [`LAYOUT`] of the plugin's build: differs when any struct differs.
    pub layout: u64,
    /// The name that scenarios use before the dot: `clock` in `clock.machine`.
    pub name: Text,
    /// The plugin's own version.
    pub version: Text,
    /// One paragraph of documentation.
    pub docs: Text,
    /// The behaviors.
    pub behaviors: *const Behavior,
    /// How many.
    pub behavior_count: u64,
    /// Returns the table of the extension with this id, or null if it has none.
    pub extension: Option<unsafe extern "C" fn(id: Text) -> *const c_void>,
}

/// One behavior: its description and its functions.
///
/// A *config* is made once per node group and shared by the group's nodes, in
/// several runs and threads at once. An *instance* is one node's state in one
/// run; the host owns its memory ([`Behavior::state_size`]), the plugin fills
/// and clears it.
#[repr(C)]
pub struct Behavior {
    /// The name after the dot: `machine` in `clock.machine`.
    pub name: Text,
    /// One paragraph of documentation.
    pub docs: Text,
    /// Returns the JSON Schema (draft-07) of the config, as JSON text that lives
    /// as long as the process. Any thread.
    pub config_schema: unsafe extern "C" fn() -> Text,
    /// The columns that it adds to its node's log.
    pub columns: *const Column,
    /// How many; at most [`MAX_COLUMNS`].
    pub column_count: u64,
    /// The words of its own that it writes as `event`.
    pub events: *const EventWord,
    /// How many.
    pub event_count: u64,
    /// Size of an instance `[bytes]`.
    pub state_size: u64,
    /// Alignment of an instance `[bytes]`, a power of two, at most 64.
    pub state_align: u64,
    /// Bits of [`HANDLES_START`] and so on: callbacks worth calling.
    pub handles: u64,

    /// Parses and checks a config: TOML text, one table. Returns null after it has
    /// reported every mistake to `problems`. Any thread.
    pub config_new: unsafe extern "C" fn(toml: Text, problems: *const ProblemSink) -> *mut c_void,
    /// Frees what `config_new` made, once no instance uses it. Any thread.
    pub config_free: unsafe extern "C" fn(config: *mut c_void),

    /// Makes an instance in `state`. On anything but [`OK`] nothing was made.
    /// It must not use the effects of [`HostCalls`].
    pub create: Callback,
    /// Ends an instance; `state` is plain memory afterwards. A host that knows the
    /// extension [`Destructors`] of the plugin calls that instead.
    pub destroy: unsafe extern "C" fn(state: *mut c_void),

    /// The node starts.
    pub start: Callback,
    /// A message is taken from the inbox; `peer` sent it. The bytes are lent.
    pub message: unsafe extern "C" fn(
        context: *mut Context,
        state: *mut c_void,
        peer: u32,
        bytes: *const u8,
        len: u64,
    ) -> Status,
    /// The timer with this tag is due.
    pub timer: unsafe extern "C" fn(context: *mut Context, state: *mut c_void, tag: u64) -> Status,
    /// A clocked node's tick with an empty inbox.
    pub tick: Callback,
    /// A peer connected.
    pub connect: PeerCallback,
    /// A peer's connection closed.
    pub disconnect: PeerCallback,
    /// The run ends.
    pub stop: Callback,
}

/// A callback without arguments of its own.
pub type Callback = unsafe extern "C" fn(context: *mut Context, state: *mut c_void) -> Status;
/// A callback about a peer.
pub type PeerCallback =
    unsafe extern "C" fn(context: *mut Context, state: *mut c_void, peer: u32) -> Status;

/// The behavior does something in `start`.
pub const HANDLES_START: u64 = 1;
/// The behavior does something in `message`.
pub const HANDLES_MESSAGE: u64 = 2;
/// The behavior does something in `timer`.
pub const HANDLES_TIMER: u64 = 4;
/// The behavior does something in `tick`: it can be a clocked node.
pub const HANDLES_TICK: u64 = 8;
/// The behavior does something in `connect`.
pub const HANDLES_CONNECT: u64 = 16;
/// The behavior does something in `disconnect`.
pub const HANDLES_DISCONNECT: u64 = 32;
/// The behavior does something in `stop`.
pub const HANDLES_STOP: u64 = 64;

/// A column of a behavior's own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Column {
    /// Header of the column.
    pub name: Text,
    /// One line of documentation, with the unit.
    pub docs: Text,
    /// One of [`COLUMN_U64`] and so on.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

/// The cell holds a `u64`.
pub const COLUMN_U64: u32 = 1;
/// The cell holds an `i64`.
pub const COLUMN_I64: u32 = 2;
/// The cell holds the bits of an `f64`.
pub const COLUMN_F64: u32 = 3;
/// The cell holds 0 or 1.
pub const COLUMN_BOOL: u32 = 4;
/// Set through [`HostCalls::set_text`]; the cell itself is the host's.
pub const COLUMN_TEXT: u32 = 5;

/// A word of a behavior's own for the `event` column.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EventWord {
    /// The word.
    pub name: Text,
    /// One line of documentation.
    pub docs: Text,
}

/// Where `config_new` reports what is wrong; lent for that call.
#[repr(C)]
pub struct ProblemSink {
    /// Handed back to `report`.
    pub host: *mut c_void,
    /// Reports one mistake. `path` is the key path inside the config (`faces`,
    /// `script[2]`; empty: the whole), `message` what was found and expected.
    pub report: unsafe extern "C" fn(host: *mut c_void, path: Text, message: Text),
}

/// What a callback may see and do; owned by the host, lent for the call.
///
/// The data fields are read (and where said, written) by the plugin in place,
/// so that the common things need no call. Everything else goes through
/// [`Context::calls`].
#[repr(C)]
pub struct Context {
    /// The node's local time since the run began `[ns]`.
    pub now_ns: u64,
    /// The node's random stream and columns. The plugin writes to it.
    pub slot: *mut Slot,
    /// What `config_new` made for the node's group.
    pub config: *const c_void,
    /// The functions of the host.
    pub calls: *const HostCalls,
    /// The host's own.
    pub host: *mut c_void,
    /// Number of linked peers: `0..peer_count`, the next node first.
    pub peer_count: u32,
    /// 0: none; else 1 + the index of the behavior's own word that this step's
    /// first row bears instead of `tick`. Zero at the start of each callback;
    /// the plugin may write it while `rows` is 0.
    pub word: u32,
    /// Rows and effects that this step has caused so far; written by the host.
    pub rows: u32,
    /// Zero.
    pub reserved: u32,
}

/// One node's random stream and column cells, in the host's memory. The cells
/// follow directly: `column_count` of 8 bytes each.
#[repr(C)]
pub struct Slot {
    /// State of the node's xoshiro256++ stream. The plugin advances it.
    pub random: [u64; 4],
    /// Bit `i` is set when column `i` has a value. The plugin sets it.
    pub present: u64,
}

/// The host's functions, in a table that lives as long as the process.
///
/// Each may be called during a callback only, with that callback's context.
/// The *effects* (marked E) are not allowed in `create`. Each effect enqueues:
/// no other callback runs before this one returns.
#[repr(C)]
pub struct HostCalls {
    /// Size of this table in the host's build `[bytes]`.
    pub size: u64,
    /// E. Sends bytes to a peer. Returns 0, or 1 if this node has no link to that peer
    /// (an error of the behavior: the run fails).
    pub send:
        unsafe extern "C" fn(context: *mut Context, peer: u32, bytes: *const u8, len: u64) -> u32,
    /// E. Closes the connection to a peer after all messages to it are sent.
    pub close: unsafe extern "C" fn(context: *mut Context, peer: u32),
    /// E. Calls `timer` with `tag` after `delay_ns` of local time. A pending
    /// timer with the same tag is replaced.
    pub set_timer: unsafe extern "C" fn(context: *mut Context, tag: u64, delay_ns: u64),
    /// E. Cancels the timer with `tag`; does nothing if there is none.
    pub cancel_timer: unsafe extern "C" fn(context: *mut Context, tag: u64),
    /// E. Writes a row with the behavior's own word `word` (its index) now.
    pub record: unsafe extern "C" fn(context: *mut Context, word: u32),
    /// E. Prints a line into the node's output.
    pub print: unsafe extern "C" fn(context: *mut Context, line: Text),
    /// E. Sets a text column; a null pointer clears it.
    pub set_text: unsafe extern "C" fn(context: *mut Context, column: u32, value: Text),
    /// E. Ends the run after this step, for the reason given.
    pub stop_run: unsafe extern "C" fn(context: *mut Context, reason: Text),
    /// Takes the reason, before the callback returns anything other than [`OK`].
    pub fail: unsafe extern "C" fn(context: *mut Context, reason: Text),
    /// The node's name, lent until the callback returns.
    pub node_name: unsafe extern "C" fn(context: *mut Context) -> Text,
    /// A peer's name, lent until the callback returns; empty if there is none.
    pub peer_name: unsafe extern "C" fn(context: *mut Context, peer: u32) -> Text,
    /// The folder for the node's files: that of the run, or one that outlives it. Lent
    /// until the callback returns; empty when the run keeps none.
    pub run_folder: unsafe extern "C" fn(context: *mut Context) -> Text,
}

/// [`HostCalls`], and the functions that were added after it was published.
///
/// [`Context::calls`] leads to this table if [`HostCalls::size`] is at least its size: an
/// older host has only the first part. None of these functions is an effect, so each may
/// be called in `create`, too.
#[repr(C)]
pub struct HostCalls2 {
    /// The first part. Its `size` is that of the whole table.
    pub first: HostCalls,
    /// The time of day by the node's own clock: writes the time since 1970-01-01 00:00:00
    /// UTC to `ns` `[ns]` and returns 1. Virtual time has no time of day: returns 0 and
    /// writes nothing.
    pub time_of_day: unsafe extern "C" fn(context: *mut Context, ns: *mut i64) -> u32,
    /// The behavior of a peer, `PLUGIN.BEHAVIOR`, lent until the callback returns; empty
    /// if the peer is a program or there is none. Writes to `alike` how many peers from
    /// this one on are known to have the same behavior: at least 1, this one.
    pub peer_behavior:
        unsafe extern "C" fn(context: *mut Context, peer: u32, alike: *mut u32) -> Text,
}

/// [`HostCalls2`], and the functions that were added after it was published: under the same
/// rule, that [`HostCalls::size`] is at least the size of this table.
#[repr(C)]
pub struct HostCalls3 {
    /// The first part. The `size` in it is that of the whole table.
    pub first: HostCalls2,
    /// The folder of the scenario's file, lent until the callback returns: what a config
    /// names by a relative path is there.
    pub scenario_folder: unsafe extern "C" fn(context: *mut Context) -> Text,
    /// Starts a program in the folder of the scenario and writes it to `started`. It and
    /// everything that it starts end with the host, even if the host is killed. Returns 0;
    /// or the system's number of the error, and there is no program.
    pub start_program: unsafe extern "C" fn(
        context: *mut Context,
        words: *const Text,
        word_count: u64,
        started: *mut Program,
    ) -> u32,
    /// Ends a program that this host has started, and everything that it has started.
    /// After `patience_ns` (as [`HostCalls4::program_time`] counts), if it still runs, it is
    /// killed. Writes the wait status to `status`. Any thread, any time, without a context; once for each program.
    pub end_program: unsafe extern "C" fn(id: u64, patience_ns: u64, status: *mut i32),
}

/// [`HostCalls3`], and the function that was added after it was published: under the same
/// rule, that [`HostCalls::size`] is at least the size of this table.
#[repr(C)]
pub struct HostCalls4 {
    /// The first part. The `size` in it is that of the whole table.
    pub first: HostCalls3,
    /// How long a program has gone on since the first call for it `[ns]`: the time in which
    /// it and what it has started compute, and in which they wait. While they would compute
    /// and other programs have the processors, it stands still, so a limit by it holds on a
    /// busy machine. At most 100 ms of waiting are counted between two calls: who waits for
    /// a program calls more often. 2^64 - 1 if there is no such program. Any thread, any
    /// time, without a context, until [`HostCalls3::end_program`].
    pub program_time: unsafe extern "C" fn(id: u64) -> u64,
}

/// [`HostCalls4`], and the function that was added after it was published: under the same
/// rule, that [`HostCalls::size`] is at least the size of this table.
#[repr(C)]
pub struct HostCalls5 {
    /// The first part. The `size` in it is that of the whole table.
    pub first: HostCalls4,
    /// Has a program run on the processor of the calling thread, which stays there until the
    /// run ends; or anywhere again, if `beside` is 0. For a program that answers at once while
    /// the callback waits: to wake it on another processor takes longer than its answer. It
    /// holds for all that the program has started, too, now and meanwhile. A hint: nothing is
    /// told of a system that refuses. During a callback, on its thread.
    pub program_beside: unsafe extern "C" fn(id: u64, beside: u32),
}

/// A program that the host has started. The descriptors are connected stream sockets that
/// the plugin owns.
#[repr(C)]
pub struct Program {
    /// For [`HostCalls3::end_program`].
    pub id: u64,
    /// What is written here is the program's standard input.
    pub input: i32,
    /// The program's standard output is read here.
    pub output: i32,
    /// The program's standard error is read here.
    pub errors: i32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: the pointers in these tables lead to static data that is never written.
#[allow(unsafe_code)]
mod sync {
    unsafe impl Sync for super::Text {}
    unsafe impl Sync for super::Plugin {}
    unsafe impl Sync for super::Behavior {}
    unsafe impl Sync for super::Column {}
    unsafe impl Sync for super::EventWord {}
    unsafe impl Sync for super::Checks {}
    unsafe impl Sync for super::Check {}
    unsafe impl Sync for super::Files {}
    unsafe impl Sync for super::BehaviorFiles {}
    unsafe impl Sync for super::Destructors {}
    unsafe impl Sync for super::Shapes {}
}
