//! The memory of one group of nodes: one block of equal slots, one per node.
//!
//! A slot holds a node's random stream and column cells ([`abi::Slot`], which the plugin
//! reads and writes in place), then the plugin's own state. For the clock machine that
//! is one cache line.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use analysis_log::{ColumnKind, Columns};
use runner_abi as abi;

use super::outcome;
use crate::config::Config;
use crate::plugin::Table;
use crate::vtable::text;
use base::callback::Callback;
use base::random::Random;
use engine::behaviors::CallError;

/// States of so many bytes are allocated without a look at the machine's memory.
/// Arbitrary.
const WITHOUT_ASKING: usize = 64 << 20;

/// That a node has a state; a bit beside those of the callbacks.
const ALIVE: u8 = 1 << 7;
const _: () = {
    let mut index = 0;
    while index < Callback::ALL.len() {
        let is_below = Callback::ALL[index].bit() < ALIVE as u64;
        assert!(is_below, "a callback more needs more bits here");
        index += 1;
    }
};

#[derive(Debug)]
pub(super) struct Arena {
    pub(super) table: Table<abi::Behavior>,
    /// What the plugin made of the config.
    pub(super) config_handle: *const c_void,
    destructor: Option<Table<abi::Destructor>>,
    /// Number of the behavior's own words for `event`.
    pub(super) words: u32,
    /// Number of its columns.
    cells: usize,
    /// The callbacks that do something: bits of the ABI.
    pub(super) handles: u64,
    /// The slots.
    block: NonNull<u8>,
    layout: Layout,
    /// Whether there is memory for all slots. If not, all nodes have the same one, and
    /// none may be created.
    fits: bool,
    /// The size of a slot `[bytes]`.
    slot_size: usize,
    /// From one slot to the next `[bytes]`.
    stride: usize,
    /// The offset of the plugin's state in a slot `[bytes]`.
    state_offset: usize,
    pub(super) first: u32,
    /// By node: the bits of the callbacks that do something, and [`ALIVE`]; 0 if the node
    /// has no state.
    acts: Vec<u8>,
    /// Keeps what `config_handle` leads to.
    _config: Arc<Config>,
    /// The columns that hold text.
    text_columns: Vec<u32>,
    /// Their texts, node by node; empty without such columns.
    texts: Vec<String>,
}

// SAFETY: by the ABI an instance may move between threads and is used by one at a time.
#[allow(unsafe_code)]
unsafe impl Send for Arena {}

impl Arena {
    /// Memory for `count` nodes from node `first` on; none of them is alive.
    #[allow(unsafe_code)]
    pub(super) fn new(config: Arc<Config>, first: u32, count: u32) -> Arena {
        let behavior = config.behavior().clone();
        let table = behavior.table();
        let cells = behavior.columns.len() * 8;
        let align = (table.0.state_align as usize).max(8);
        let state_offset = (size_of::<abi::Slot>() + cells).next_multiple_of(align);
        // Both sizes are bounded when the plugin is loaded.
        let stride = (state_offset + table.0.state_size as usize).next_multiple_of(align);
        let (block, layout, fits) = match allocate(stride.checked_mul(count.max(1) as usize)) {
            Some((block, layout)) => (block, layout, true),
            None => match allocate(Some(stride)) {
                Some((block, layout)) => (block, layout, false),
                None => handle_alloc_error(Layout::new::<abi::Slot>()),
            },
        };
        let text_columns: Vec<u32> = (0..)
            .zip(behavior.columns.iter())
            .filter(|(_, column)| column.kind == ColumnKind::Text)
            .map(|(index, _)| index)
            .collect();
        let texts = vec![String::new(); text_columns.len() * count as usize];
        Arena {
            table,
            config_handle: config.handle(),
            _config: config,
            destructor: behavior.destructor,
            words: behavior.events.len() as u32,
            cells: behavior.columns.len(),
            handles: behavior.handles,
            block,
            layout,
            fits,
            slot_size: stride,
            stride: if fits { stride } else { 0 },
            state_offset,
            first,
            acts: vec![0; count as usize],
            text_columns,
            texts,
        }
    }

    /// Checks that there is memory for all nodes of the group.
    ///
    /// # Errors
    ///
    /// If not, with the text for people.
    pub(super) fn fits(&self) -> Result<(), String> {
        match self.fits {
            true => Ok(()),
            false => Err(format!(
                "there is no memory for {} nodes of {} bytes each: the behavior has a `state_size` of {}",
                self.acts.len(),
                self.slot_size,
                self.table.0.state_size
            )),
        }
    }

    /// The slot of a node of this arena.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) fn slot(&self, node: u32) -> *mut u8 {
        let index = (node - self.first) as usize;
        debug_assert!(index < self.acts.len());
        // SAFETY: `index` is below the number of slots.
        unsafe { self.block.as_ptr().add(index * self.stride) }
    }

    /// Whether this is the arena of a node; nodes that are programs have none.
    #[inline]
    pub(super) fn holds(&self, node: u32) -> bool {
        (node.wrapping_sub(self.first) as usize) < self.acts.len()
    }

    /// Whether a node of this arena has a state; false for a node that has no arena.
    #[inline]
    pub(super) fn is_alive(&self, node: u32) -> bool {
        let acts = self.acts.get(node.wrapping_sub(self.first) as usize);
        acts.is_some_and(|&acts| acts != 0)
    }

    /// Whether a node of this arena has a state, and its behavior does something in this
    /// callback; false for a node that has no arena.
    #[inline]
    pub(super) fn acts(&self, node: u32, callback: Callback) -> bool {
        let acts = self.acts.get(node.wrapping_sub(self.first) as usize);
        acts.is_some_and(|&acts| u64::from(acts) & callback.bit() != 0)
    }

    /// A node's columns.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) fn columns(&self, node: u32) -> Columns<'_> {
        let slot = self.slot(node);
        let count = self.cells;
        // SAFETY: a slot begins with an `abi::Slot` and `count` cells; nothing
        // writes to them while the arena is borrowed.
        let (present, cells) = unsafe {
            let cells = slot.add(size_of::<abi::Slot>()).cast::<u64>();
            (
                (*slot.cast::<abi::Slot>()).present,
                std::slice::from_raw_parts(cells, count),
            )
        };
        let texts = match self.text_columns.len() {
            0 => &[],
            count => {
                let at = (node - self.first) as usize * count;
                &self.texts[at..at + count]
            }
        };
        Columns {
            present,
            cells,
            texts,
        }
    }

    /// A node's state, for the plugin.
    fn state(&self, node: u32) -> *mut c_void {
        self.places(node).1
    }

    /// A node's slot, and its state in it.
    #[allow(unsafe_code)]
    #[inline(always)]
    pub(super) fn places(&self, node: u32) -> (*mut u8, *mut c_void) {
        let slot = self.slot(node);
        // SAFETY: `state_offset` is within the slot.
        (slot, unsafe { slot.add(self.state_offset) }.cast())
    }

    /// Notes that a node's state was created.
    pub(super) fn mark_alive(&mut self, node: u32) {
        self.acts[(node - self.first) as usize] = ALIVE | self.handles as u8;
    }

    /// Resets a node's slot: its stream, empty cells, zeros.
    #[allow(unsafe_code)]
    pub(super) fn reset(&mut self, node: u32, random: Random) {
        let slot = self.slot(node);
        // SAFETY: a slot is `slot_size` bytes and begins with an `abi::Slot` and the
        // cells; no instance is alive in it.
        unsafe {
            slot.write_bytes(0, self.slot_size);
            (*slot.cast::<abi::Slot>()).random = random.0;
            let cells = slot.add(size_of::<abi::Slot>()).cast::<u64>();
            for (text, &column) in (0..).zip(&self.text_columns) {
                cells.add(column as usize).write(text);
            }
        }
    }

    /// Gives a node another random stream.
    #[allow(unsafe_code)]
    pub(super) fn reseed(&mut self, node: u32, random: Random) {
        let slot = self.slot(node);
        // SAFETY: a slot begins with an `abi::Slot`, which has no invalid values; no callback
        // runs, so the plugin does not use it now.
        unsafe { (*slot.cast::<abi::Slot>()).random = random.0 };
    }

    /// Sets a text column of a node; none: empty.
    #[allow(unsafe_code)]
    pub(super) fn set_text(&mut self, node: u32, column: u32, text: Option<String>) {
        let Some(index) = self.text_columns.iter().position(|&c| c == column) else {
            return;
        };
        // SAFETY: the slot begins with an `abi::Slot`.
        let present = unsafe { &mut (*self.slot(node).cast::<abi::Slot>()).present };
        match text {
            Some(text) => {
                *present |= 1 << column;
                let node = (node - self.first) as usize;
                self.texts[node * self.text_columns.len() + index] = text;
            }
            None => *present &= !(1 << column),
        }
    }

    /// Destroys a node's state, if it is alive. Without the extension, the plugin cannot
    /// report a failure.
    ///
    /// # Errors
    ///
    /// If the plugin reports one. The state is destroyed nevertheless.
    #[allow(unsafe_code)]
    pub(super) fn destroy(&mut self, node: u32) -> Result<(), CallError> {
        if std::mem::take(&mut self.acts[(node - self.first) as usize]) == 0 {
            return Ok(());
        }
        let state = self.state(node);
        let Some(Table(destructor)) = self.destructor else {
            // SAFETY: made by `create`, destroyed once.
            unsafe { (self.table.0.destroy)(state) }
            return Ok(());
        };
        let mut reason: Option<String> = None;
        let sink = abi::FailSink {
            host: (&raw mut reason).cast(),
            fail: take_reason,
        };
        // SAFETY: made by `create`, destroyed once; the sink outlives the call.
        let status = unsafe { (destructor.destroy)(state, &raw const sink) };
        outcome(status, reason)
    }
}

/// Takes the reason of a destructor; the first one counts.
#[allow(unsafe_code)]
unsafe extern "C" fn take_reason(host: *mut c_void, reason: abi::Text) {
    // SAFETY: the host of the sink in `destroy`, during the call that the sink is lent to.
    let place = unsafe { &mut *host.cast::<Option<String>>() };
    place.get_or_insert_with(|| text(reason).into_owned());
}

/// Memory of this size, all zero; none if there is not so much.
#[allow(unsafe_code)]
fn allocate(size: Option<usize>) -> Option<(NonNull<u8>, Layout)> {
    let size = size?;
    // The system may promise more than there is, and end the process when it is used.
    if size > WITHOUT_ASKING && os::limits::total_memory().is_some_and(|all| size as u64 > all) {
        return None;
    }
    let layout = Layout::from_size_align(size, 64).ok()?;
    // SAFETY: a slot is never of size zero.
    let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    Some((block, layout))
}

impl Drop for Arena {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        for index in 0..self.acts.len() as u32 {
            // The run is over, and has its result.
            let _ = self.destroy(self.first + index);
        }
        // SAFETY: allocated with this layout; no instance is alive.
        unsafe { dealloc(self.block.as_ptr(), self.layout) }
    }
}
