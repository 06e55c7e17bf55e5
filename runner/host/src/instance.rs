//! The instances of one run: the nodes' states, and the calls into the plugins.
//!
//! The host owns the memory of the states (`arena`). A callback goes through
//! `Instances::enter`, which lends the plugin a context.

mod arena;
mod observer;

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::null;
use std::sync::Arc;

use analysis_log::Columns;
use runner_abi as abi;

use crate::activity::{self, Activity};
use crate::beside;
use crate::config::Config;
use crate::progress_page::ProgressPage;
use crate::vtable::{Calls, Frame, Side};
use arena::Arena;
use base::callback::Callback;
use base::random::Random;
use engine::behaviors::{Behaviors, Call, CallError};
use engine::foreign::{Effect, Foreign, ForeignCall, Handed, Moment};
use engine::sink::Sink;
use engine::world::World;
use observer::Observer;

// The bits of the boundary are those of the callbacks' numbers.
const _: () = assert!(
    abi::HANDLES_START == Callback::Start.bit()
        && abi::HANDLES_MESSAGE == Callback::Message.bit()
        && abi::HANDLES_TIMER == Callback::Timer.bit()
        && abi::HANDLES_TICK == Callback::Tick.bit()
        && abi::HANDLES_CONNECT == Callback::Connect.bit()
        && abi::HANDLES_DISCONNECT == Callback::Disconnect.bit()
        && abi::HANDLES_STOP == Callback::Stop.bit()
);

/// The instances of a run: one per node, by node index.
#[derive(Debug)]
pub struct Instances {
    arenas: Vec<Arena>,
    side: Box<Side>,
    observer: Option<Observer>,
    activity: Arc<Activity>,
    /// The nodes that are no instances of a plugin.
    foreign: Option<Box<dyn Foreign>>,
    /// What they were handed.
    handed: Vec<Handed>,
}

impl Instances {
    /// Memory for the nodes of these groups, which the calling thread drives. In the order of the scenario: the config
    /// (none for external programs) and the number of nodes. Behaviors may write files
    /// into `folder`.
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
            observer: Observer::new(None),
            activity: activity::here(),
            foreign: None,
            handed: Vec::new(),
        }
    }

    /// Some nodes are no instances of a plugin: these.
    pub fn with_foreign(mut self, foreign: Option<Box<dyn Foreign>>) -> Instances {
        self.foreign = foreign;
        self
    }

    /// Behaviors of these nodes may write files into folders of their own, which
    /// outlive the run, in place of the run's folder.
    pub fn with_state_folders(mut self, folders: BTreeMap<u32, PathBuf>) -> Instances {
        let texts = folders.into_iter();
        self.side.state_folders = texts
            .map(|(node, path)| (node, path.to_string_lossy().into_owned()))
            .collect();
        self
    }

    /// The folder of the scenario's file, where programs of behaviors run.
    pub fn with_scenario_folder(mut self, folder: &Path) -> Instances {
        self.side.scenario_folder = folder.to_string_lossy().into_owned();
        self
    }

    /// Behaviors may ask for the time of day. For runs in real time alone: in virtual time,
    /// nothing may depend on when a run is made.
    pub fn with_time_of_day(mut self) -> Instances {
        self.side.has_time_of_day = true;
        self
    }

    /// Writes each callback to this page before it is called.
    pub fn with_progress_page(mut self, page: Option<Arc<ProgressPage>>) -> Instances {
        self.observer = Observer::new(page);
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

    /// Calls a plugin with a context of this node.
    #[inline(always)]
    fn enter<S: Sink>(
        &mut self,
        arena: usize,
        node: u32,
        world: &mut World<S>,
        callback: Callback,
        call: impl FnOnce(&'static abi::Behavior, *mut abi::Context, *mut c_void) -> abi::Status,
    ) -> Result<(), CallError> {
        let arena = &self.arenas[arena];
        let peer_count = world.peer_count(node);
        let now_ns = world.local_time(node).0;
        self.side.node = node;
        self.side.words = arena.words;
        let mut frame = Frame {
            world: &raw mut *world,
            side: &raw mut *self.side,
        };
        let (slot, state) = arena.places(node);
        let mut context = abi::Context {
            now_ns,
            slot: slot.cast(),
            config: arena.config_handle,
            calls: std::ptr::from_ref(Calls::<S>::TABLE).cast(),
            host: (&raw mut frame).cast(),
            peer_count,
            word: 0,
            rows: 0,
            reserved: 0,
        };
        let table = arena.table.0;
        let context_pointer = &raw mut context;
        let status = if self.observer.is_none() {
            self.activity.enter(callback, node);
            let status = call(table, context_pointer, state);
            self.activity.leave();
            status
        } else {
            let call = || call(table, context_pointer, state);
            self.observed(callback, node, world, call)
        };
        if context.rows == 0 && context.word != 0 {
            self.side.record(world, context.word - 1);
        }
        if status == abi::OK && !self.side.touched {
            return Ok(());
        }
        if status == abi::REJECTED && callback == Callback::Message {
            world.reject_message();
        }
        self.settle(node, status)
    }

    /// Makes a call under observation.
    #[cold]
    #[inline(never)]
    fn observed<S: Sink>(
        &self,
        callback: Callback,
        node: u32,
        world: &World<S>,
        call: impl FnOnce() -> abi::Status,
    ) -> abi::Status {
        let observer = self.observer.as_ref();
        let observed = observer.map(|observer| observer.enter(callback, node, world));
        self.activity.enter(callback, node);
        let status = call();
        self.activity.leave();
        if let Some(observed) = observed {
            observed.leave(status);
        }
        status
    }

    /// What foreign nodes say of the run that has ended.
    pub fn remarks(&self) -> Vec<String> {
        let remarks = self.foreign.as_ref().map(|it| it.remarks());
        remarks.unwrap_or_default()
    }

    /// Calls one of the callbacks that are neither a tick nor a message.
    #[allow(unsafe_code)]
    #[inline(never)]
    fn call_other<S: Sink>(
        &mut self,
        index: usize,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        let callback = call.callback();
        // SAFETY (all arms): the instance is alive, and its state is the plugin's own.
        self.enter(
            index,
            node,
            world,
            callback,
            |table, context, state| match call {
                Call::Start => unsafe { (table.start)(context, state) },
                Call::Timer { tag } => unsafe { (table.timer)(context, state, tag) },
                Call::Connect { peer } => unsafe { (table.connect)(context, state, peer) },
                Call::Disconnect { peer } => unsafe { (table.disconnect)(context, state, peer) },
                Call::Stop => unsafe { (table.stop)(context, state) },
                // They are called by themselves.
                Call::Tick | Call::Message { .. } => abi::OK,
            },
        )
    }

    /// The foreign nodes, if this is one of them.
    fn foreign(&mut self, node: u32) -> Option<&mut Box<dyn Foreign>> {
        self.foreign.as_mut().filter(|it| it.holds(node))
    }

    /// Calls a node that is no instance, or whose behavior does nothing in this callback.
    #[cold]
    fn call_foreign<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        let Some(foreign) = self.foreign(node) else {
            return Ok(());
        };
        let mut external = String::new();
        let call = match call {
            Call::Start => ForeignCall::Start,
            Call::Message { peer, bytes } => {
                let from = world.index_of_peer(node, peer).unwrap_or(node);
                external.push_str(world.external_peer_name(from));
                ForeignCall::Message {
                    from,
                    external: &external,
                    bytes,
                }
            }
            Call::Timer { tag } => ForeignCall::Timer { tag },
            Call::Stop => ForeignCall::Stop,
            Call::Tick | Call::Connect { .. } | Call::Disconnect { .. } => return Ok(()),
        };
        let mut effects = Vec::new();
        let called = foreign.call(node, call, moment(node, world), &mut effects);
        for effect in effects {
            match effect {
                Effect::Send { to, bytes } => world.send_to(to, &bytes).map_err(|_| CallError {
                    panicked: false,
                    reason: "it sent a message to a node that it has no link to".to_owned(),
                })?,
                Effect::Print(line) => world.print(&line),
                Effect::SetTimer { tag, delay } => world.set_timer(tag, delay),
                Effect::CancelTimer { tag } => world.cancel_timer(tag),
                Effect::Hand(handed) => self.handed.push(handed),
                Effect::Refuse(reason) => {
                    world.reject_message();
                    return Err(CallError {
                        panicked: false,
                        reason,
                    });
                }
            }
        }
        called
    }

    /// Handles what a callback left besides its effects: texts to keep, texts that were
    /// lent to it, and the reason why it failed.
    #[cold]
    fn settle(&mut self, node: u32, status: abi::Status) -> Result<(), CallError> {
        let arena = self.arena_of(node);
        self.side.touched = false;
        self.side.lent.clear();
        for (column, text) in std::mem::take(&mut self.side.texts) {
            self.arenas[arena].set_text(node, column, text);
        }
        outcome(status, self.side.failure.take())
    }
}

/// When a node is called.
fn moment<S: Sink>(node: u32, world: &World<S>) -> Moment {
    Moment {
        now: world.now(),
        local: world.local_time(node),
    }
}

/// The result of a call that returned this status, after it gave this reason or none.
fn outcome(status: abi::Status, reason: Option<String>) -> Result<(), CallError> {
    match (reason, status) {
        (None, abi::OK) => Ok(()),
        (reason, status) => Err(CallError {
            panicked: status == abi::PANICKED,
            reason: reason.unwrap_or_else(|| "it gave no reason".to_owned()),
        }),
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        beside::end();
    }
}

impl Behaviors for Instances {
    fn reseed(&mut self, node: u32, random: Random) {
        if self.foreign(node).is_some() {
            return;
        }
        let index = self.arena_of(node);
        self.arenas[index].reseed(node, random);
    }

    #[allow(unsafe_code)]
    fn create<S: Sink>(
        &mut self,
        node: u32,
        random: Random,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        if let Some(foreign) = self.foreign(node) {
            return foreign.create(node, random, moment(node, world));
        }
        let index = self.arena_of(node);
        self.arenas[index].fits().map_err(|reason| CallError {
            panicked: false,
            reason,
        })?;
        self.destroy(node, world)?;
        self.arenas[index].reset(node, random);
        self.side.creating = true;
        // SAFETY: the slot is the node's own, fresh memory of the plugin's size
        // and alignment; functions were checked for null at load.
        let made = self.enter(
            index,
            node,
            world,
            Callback::New,
            |table, context, state| unsafe { (table.create)(context, state) },
        );
        self.side.creating = false;
        if made.is_ok() {
            self.arenas[index].mark_alive(node);
        }
        made
    }

    fn destroy<S: Sink>(&mut self, node: u32, world: &World<S>) -> Result<(), CallError> {
        if let Some(foreign) = self.foreign(node) {
            return foreign.destroy(node);
        }
        let index = self.arena_of(node);
        let arena = self.arenas.get_mut(index).filter(|it| it.holds(node));
        let Some(arena) = arena.filter(|it| it.is_alive(node)) else {
            return Ok(());
        };
        let observer = self.observer.as_ref();
        let observed = observer.map(|observer| observer.enter(Callback::Drop, node, world));
        self.activity.enter(Callback::Drop, node);
        let destroyed = arena.destroy(node);
        self.activity.leave();
        if let Some(observed) = observed {
            observed.leave(match &destroyed {
                Ok(()) => abi::OK,
                Err(error) if error.panicked => abi::PANICKED,
                Err(_) => abi::FAILED,
            });
        }
        destroyed
    }

    fn clear(&mut self, node: u32) {
        if self.foreign(node).is_some() {
            return;
        }
        let arena = self.arena_of(node);
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
        let callback = call.callback();
        let acts = |arena: &&Arena| arena.acts(node, callback);
        let Some(_) = self.arenas.get(index).filter(acts) else {
            return self.call_foreign(node, call, world);
        };
        // Which callback it is, is known where this is inlined.
        match call {
            Call::Tick => self.enter(index, node, world, callback, |table, context, state| {
                // SAFETY: the instance is alive, and its state is the plugin's own.
                unsafe { (table.tick)(context, state) }
            }),
            Call::Message { peer, bytes } => {
                self.enter(index, node, world, callback, |table, context, state| {
                    let pointer = if bytes.is_empty() {
                        null()
                    } else {
                        bytes.as_ptr()
                    };
                    // SAFETY: as above, and the bytes outlive the call.
                    unsafe { (table.message)(context, state, peer, pointer, bytes.len() as u64) }
                })
            }
            other => self.call_other(index, node, other, world),
        }
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

    fn take_handed(&mut self) -> Vec<Handed> {
        std::mem::take(&mut self.handed)
    }

    fn handles_connections(&self, node: u32) -> bool {
        let handlers = abi::HANDLES_CONNECT | abi::HANDLES_DISCONNECT;
        self.arenas
            .get(self.arena_of(node))
            .is_some_and(|arena| arena.holds(node) && arena.handles & handlers != 0)
    }

    #[inline]
    fn columns(&self, node: u32) -> Columns<'_> {
        let Some(arena) = self
            .arenas
            .get(self.arena_of(node))
            .filter(|it| it.holds(node))
        else {
            return Columns::default();
        };
        arena.columns(node)
    }
}

/// Prefetches a cache line.
#[inline]
fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: a hint: it reads nothing and accepts any address; every x86-64 has it.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
