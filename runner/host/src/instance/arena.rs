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

use crate::config::Config;
use crate::plugin::Table;
use base::random::Random;

#[derive(Debug)]
pub(super) struct Arena {
    pub(super) config: Arc<Config>,
    pub(super) table: Table<abi::Behavior>,
    /// The slots.
    block: NonNull<u8>,
    layout: Layout,
    /// The size of a slot `[bytes]`.
    stride: usize,
    /// The offset of the plugin's state in a slot `[bytes]`.
    state_offset: usize,
    pub(super) first: u32,
    alive: Vec<bool>,
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
        let cells = table.0.column_count as usize * 8;
        let align = (table.0.state_align as usize).max(8);
        let state_offset = (size_of::<abi::Slot>() + cells).next_multiple_of(align);
        let stride = (state_offset + table.0.state_size as usize).next_multiple_of(align);
        let layout = Layout::from_size_align(stride * count.max(1) as usize, 64)
            .expect("the nodes' states fit in memory");
        // SAFETY: the size is not zero.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) })
            .unwrap_or_else(|| handle_alloc_error(layout));
        let text_columns: Vec<u32> = (0..)
            .zip(behavior.columns.iter())
            .filter(|(_, column)| column.kind == ColumnKind::Text)
            .map(|(index, _)| index)
            .collect();
        let texts = vec![String::new(); text_columns.len() * count as usize];
        Arena {
            config,
            table,
            block,
            layout,
            stride,
            state_offset,
            first,
            alive: vec![false; count as usize],
            text_columns,
            texts,
        }
    }

    /// The slot of a node of this arena.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) fn slot(&self, node: u32) -> *mut u8 {
        let index = (node - self.first) as usize;
        debug_assert!(index < self.alive.len());
        // SAFETY: `index` is below the number of slots.
        unsafe { self.block.as_ptr().add(index * self.stride) }
    }

    /// Whether this is the arena of a node; nodes that are programs have none.
    #[inline]
    pub(super) fn holds(&self, node: u32) -> bool {
        (node.wrapping_sub(self.first) as usize) < self.alive.len()
    }

    /// Whether a node's state exists.
    #[inline]
    pub(super) fn is_alive(&self, node: u32) -> bool {
        self.alive[(node - self.first) as usize]
    }

    /// A node's columns.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) fn columns(&self, node: u32) -> Columns<'_> {
        let slot = self.slot(node);
        let count = self.table.0.column_count as usize;
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
    #[allow(unsafe_code)]
    #[inline]
    pub(super) fn state(&self, node: u32) -> *mut c_void {
        // SAFETY: `state_offset` is within the slot.
        unsafe { self.slot(node).add(self.state_offset) }.cast()
    }

    /// Notes that a node's state was created.
    pub(super) fn mark_alive(&mut self, node: u32) {
        self.alive[(node - self.first) as usize] = true;
    }

    /// Resets a node's slot: its stream, empty cells, zeros.
    #[allow(unsafe_code)]
    pub(super) fn reset(&mut self, node: u32, random: Random) {
        let slot = self.slot(node);
        // SAFETY: a slot is `stride` bytes and begins with an `abi::Slot` and the
        // cells; no instance is alive in it.
        unsafe {
            slot.write_bytes(0, self.stride);
            (*slot.cast::<abi::Slot>()).random = random.0;
            let cells = slot.add(size_of::<abi::Slot>()).cast::<u64>();
            for (text, &column) in (0..).zip(&self.text_columns) {
                cells.add(column as usize).write(text);
            }
        }
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

    /// Destroys a node's state, if it is alive.
    #[allow(unsafe_code)]
    pub(super) fn destroy(&mut self, node: u32) {
        if std::mem::take(&mut self.alive[(node - self.first) as usize]) {
            // SAFETY: made by `create`, destroyed once.
            unsafe { (self.table.0.destroy)(self.state(node)) }
        }
    }
}

impl Drop for Arena {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        for index in 0..self.alive.len() as u32 {
            self.destroy(self.first + index);
        }
        // SAFETY: allocated with this layout; no instance is alive.
        unsafe { dealloc(self.block.as_ptr(), self.layout) }
    }
}
