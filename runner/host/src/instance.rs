//! The nodes' states of one run, in memory that the host owns.
//!
//! Each group of nodes has an *arena*: one block of equal slots, in a row. A
//! slot holds a node's random stream and column cells ([`abi::Slot`], which the
//! plugin reads and writes in place), then the plugin's own state. For the clock
//! machine that is one cache line.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ffi::c_void;
use std::path::Path;
use std::ptr::{NonNull, null};
use std::sync::Arc;

use analysis_log::{ColumnKind, Columns};
use runner_abi as abi;

use crate::cell::Cell;
use crate::config::Config;
use crate::plugin::Table;
use crate::vtable::{Calls, Frame, Side};
use base::random::Random;
use engine::behaviors::{Behaviors, Call, CallError};
use engine::sink::Sink;
use engine::world::World;

/// The instances of a run: one per node, by node index.
#[derive(Debug)]
pub struct Instances {
    arenas: Vec<Arena>,
    side: Box<Side>,
    /// Where each callback is noted.
    cell: Option<Arc<Cell>>,
}

#[derive(Debug)]
struct Arena {
    config: Arc<Config>,
    table: Table<abi::Behavior>,
    block: NonNull<u8>,
    layout: Layout,
    stride: usize,
    /// Where the plugin's state lies in a slot `[bytes]`.
    state: usize,
    first: u32,
    alive: Vec<bool>,
    /// The columns that hold text.
    text_columns: Vec<u32>,
    /// Their texts, node by node; empty if there are none.
    texts: Vec<String>,
}

// SAFETY: an instance is moved to the thread that runs it before it is made, and
// by the ABI is used by one thread at a time.
#[allow(unsafe_code)]
unsafe impl Send for Arena {}

impl Instances {
    /// Room for the nodes of these groups (the config, none for programs of
    /// somebody else; the number of nodes), in the order of the scenario. `folder` is where behaviors may write files.
    pub fn new(groups: &[(Option<Arc<Config>>, u32)], folder: Option<&Path>) -> Instances {
        let mut first = 0;
        let mut arenas = Vec::new();
        for (config, count) in groups {
            if let Some(config) = config {
                arenas.push(Arena::new(config.clone(), first, *count));
            }
            first += count;
        }
        let folder = folder.map_or_else(String::new, |path| path.to_string_lossy().into_owned());
        Instances {
            arenas,
            side: Box::new(Side {
                folder,
                ..Side::default()
            }),
            cell: None,
        }
    }

    /// With each callback noted in this cell before it is made.
    pub fn noted(mut self, cell: Option<Arc<Cell>>) -> Instances {
        self.cell = cell;
        self
    }

    #[inline]
    fn arena_of(&self, node: u32) -> usize {
        match self.arenas.len() {
            0 | 1 => 0,
            _ => self
                .arenas
                .partition_point(|arena| arena.first <= node)
                .saturating_sub(1),
        }
    }

    /// Calls into a plugin with everything that a callback may use.
    #[allow(unsafe_code)]
    #[inline(always)]
    fn enter<S: Sink>(
        &mut self,
        arena: usize,
        node: u32,
        world: &mut World<S>,
        callback: usize,
        call: impl FnOnce(&'static abi::Behavior, *mut abi::Context, *mut c_void) -> abi::Status,
    ) -> Result<(), CallError> {
        let arena = &mut self.arenas[arena];
        let peer_count = world.peer_count(node);
        let now_ns = world.local_time(node).0;
        self.side.node = node;
        let mut frame = Frame {
            world: &raw mut *world,
            side: &raw mut *self.side,
        };
        let slot = arena.slot(node);
        let mut context = abi::Context {
            now_ns,
            slot: slot.cast(),
            config: arena.config.handle(),
            calls: Calls::<S>::TABLE,
            host: (&raw mut frame).cast(),
            peer_count,
            word: 0,
            rows: 0,
            reserved: 0,
        };
        // SAFETY: `state` lies within the slot.
        let state = unsafe { slot.add(arena.state) }.cast();
        if let Some(cell) = &self.cell {
            cell.enter(callback, node, world.progress(node));
        }
        let status = call(arena.table.0, &raw mut context, state);
        if let Some(cell) = &self.cell {
            cell.leave();
        }
        if context.rows == 0 && context.word != 0 {
            world.record(context.word - 1);
        }
        if status == abi::OK && !self.side.touched {
            return Ok(());
        }
        self.settle(node, status)
    }

    /// What a callback leaves behind beside its effects: texts to keep, texts
    /// lent to it, and the reason why it failed.
    #[cold]
    fn settle(&mut self, node: u32, status: abi::Status) -> Result<(), CallError> {
        let arena = self.arena_of(node);
        self.side.touched = false;
        self.side.lent.clear();
        for (column, text) in std::mem::take(&mut self.side.texts) {
            self.arenas[arena].set_text(node, column, text);
        }
        match (self.side.fault.take(), status) {
            (None, abi::OK) => Ok(()),
            (reason, status) => Err(CallError {
                panicked: status == abi::PANICKED,
                reason: reason.unwrap_or_else(|| "it gave no reason".to_owned()),
            }),
        }
    }
}

impl Behaviors for Instances {
    #[allow(unsafe_code)]
    fn create<S: Sink>(
        &mut self,
        node: u32,
        random: Random,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        let index = self.arena_of(node);
        self.arenas[index].destroy(node);
        self.arenas[index].reset(node, random);
        self.side.creating = true;
        // SAFETY: the slot is the node's own, fresh memory of the plugin's size
        // and alignment; functions were checked for null at load.
        let made = self.enter(index, node, world, 1, |table, context, state| unsafe {
            (table.create)(context, state)
        });
        self.side.creating = false;
        if made.is_ok() {
            self.arenas[index].mark_alive(node);
        }
        made
    }

    fn remove(&mut self, node: u32) {
        let arena = self.arena_of(node);
        self.arenas[arena].destroy(node);
        self.arenas[arena].reset(node, Random([0; 4]));
    }

    #[allow(unsafe_code)]
    #[inline(always)]
    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        let index = self.arena_of(node);
        let arena = &self.arenas[index];
        // With its number in `cell::CALLBACKS`.
        let (handler, callback) = match call {
            Call::Start => (abi::HANDLES_START, 2),
            Call::Message { .. } => (abi::HANDLES_MESSAGE, 3),
            Call::Timer { .. } => (abi::HANDLES_TIMER, 4),
            Call::Tick => (abi::HANDLES_TICK, 5),
            Call::Connect { .. } => (abi::HANDLES_CONNECT, 6),
            Call::Disconnect { .. } => (abi::HANDLES_DISCONNECT, 7),
            Call::Stop => (abi::HANDLES_STOP, 8),
        };
        if arena.table.0.handles & handler == 0 || !arena.is_alive(node) {
            return Ok(());
        }
        // SAFETY (all arms): the instance is alive, its state is the plugin's own,
        // and the bytes outlive the call.
        self.enter(
            index,
            node,
            world,
            callback,
            |table, context, state| match call {
                Call::Start => unsafe { (table.start)(context, state) },
                Call::Message { peer, bytes } => {
                    let pointer = if bytes.is_empty() {
                        null()
                    } else {
                        bytes.as_ptr()
                    };
                    unsafe { (table.message)(context, state, peer, pointer, bytes.len() as u64) }
                }
                Call::Timer { tag } => unsafe { (table.timer)(context, state, tag) },
                Call::Tick => unsafe { (table.tick)(context, state) },
                Call::Connect { peer } => unsafe { (table.connect)(context, state, peer) },
                Call::Disconnect { peer } => unsafe { (table.disconnect)(context, state, peer) },
                Call::Stop => unsafe { (table.stop)(context, state) },
            },
        )
    }

    #[inline]
    fn expect(&self, node: u32) {
        let arena = &self.arenas[self.arena_of(node)];
        prefetch(arena.slot(node));
    }

    #[inline]
    fn prefetch<T>(soon: &T) {
        prefetch(std::ptr::from_ref(soon).cast());
    }

    fn handles_connections(&self, node: u32) -> bool {
        let handlers = abi::HANDLES_CONNECT | abi::HANDLES_DISCONNECT;
        self.arenas
            .get(self.arena_of(node))
            .is_some_and(|arena| arena.holds(node) && arena.table.0.handles & handlers != 0)
    }

    #[allow(unsafe_code)]
    #[inline]
    fn columns(&self, node: u32) -> Columns<'_> {
        let Some(arena) = self
            .arenas
            .get(self.arena_of(node))
            .filter(|it| it.holds(node))
        else {
            return Columns::default();
        };
        let slot = arena.slot(node);
        let count = arena.table.0.column_count as usize;
        // SAFETY: a slot begins with an `abi::Slot` and `count` cells; nothing
        // writes to them while `self` is borrowed.
        let (present, cells) = unsafe {
            let cells = slot.add(size_of::<abi::Slot>()).cast::<u64>();
            (
                (*slot.cast::<abi::Slot>()).present,
                std::slice::from_raw_parts(cells, count),
            )
        };
        let texts = match arena.text_columns.len() {
            0 => &[],
            count => {
                let at = (node - arena.first) as usize * count;
                &arena.texts[at..at + count]
            }
        };
        Columns {
            present,
            cells,
            texts,
        }
    }
}

/// Asks the processor to bring a cache line near.
#[inline]
fn prefetch(place: *const u8) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: a hint; it reads nothing, faults on no address, and is part of the
    // instruction set's baseline.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

impl Arena {
    #[allow(unsafe_code)]
    fn new(config: Arc<Config>, first: u32, count: u32) -> Arena {
        let behavior = config.behavior().clone();
        let table = behavior.table;
        let cells = table.0.column_count as usize * 8;
        let align = (table.0.state_align as usize).max(8);
        let state = (size_of::<abi::Slot>() + cells).next_multiple_of(align);
        let stride = (state + table.0.state_size as usize).next_multiple_of(align);
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
            state,
            first,
            alive: vec![false; count as usize],
            text_columns,
            texts,
        }
    }

    #[allow(unsafe_code)]
    #[inline]
    fn slot(&self, node: u32) -> *mut u8 {
        let index = (node - self.first) as usize;
        debug_assert!(index < self.alive.len());
        // SAFETY: `index` is below the number of slots.
        unsafe { self.block.as_ptr().add(index * self.stride) }
    }

    /// Whether this is the arena of a node; a program's node has none.
    #[inline]
    fn holds(&self, node: u32) -> bool {
        (node.wrapping_sub(self.first) as usize) < self.alive.len()
    }

    #[inline]
    fn is_alive(&self, node: u32) -> bool {
        self.alive[(node - self.first) as usize]
    }

    fn mark_alive(&mut self, node: u32) {
        self.alive[(node - self.first) as usize] = true;
    }

    /// Fresh memory for a node: its stream, empty cells, zeros.
    #[allow(unsafe_code)]
    fn reset(&mut self, node: u32, random: Random) {
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

    #[allow(unsafe_code)]
    fn set_text(&mut self, node: u32, column: u32, text: Option<String>) {
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

    #[allow(unsafe_code)]
    fn destroy(&mut self, node: u32) {
        if std::mem::take(&mut self.alive[(node - self.first) as usize]) {
            // SAFETY: made by `create`, destroyed once.
            unsafe { (self.table.0.destroy)(self.slot(node).add(self.state).cast()) }
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
