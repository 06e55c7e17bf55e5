//! The test kit's side of the boundary: a host for one instance, that writes
//! down what the behavior does.
#![allow(unsafe_code)]

use super::{Call, Effect, Failure};
use crate::export::abi::{self, Slot, Text};
use crate::{Behavior, Peer, Random};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::time::Duration;

/// One instance with all that a host keeps for it.
pub(super) struct Host<B: Behavior> {
    table: abi::Behavior,
    config: Box<B::Config>,
    state: Box<MaybeUninit<B>>,
    created: bool,
    /// The [`Slot`] and the cells behind it.
    slot: Box<[u64]>,
    now_ns: u64,
    notes: Notes,
}

/// The part that the host's functions see; type-free.
struct Notes {
    name: String,
    peers: Vec<String>,
    behaviors: Vec<String>,
    time_of_day_ns: Option<i64>,
    run_folder: String,
    effects: Vec<Effect>,
    texts: Vec<Option<String>>,
    events: Vec<&'static str>,
    no_link: Option<u32>,
    reason: String,
}

const SLOT_WORDS: usize = size_of::<Slot>() / size_of::<u64>();

impl<B: Behavior> Host<B> {
    /// Makes the instance.
    ///
    /// # Errors
    /// When the behavior refuses or panics.
    pub(super) fn new(
        config: B::Config,
        name: String,
        peers: Vec<String>,
        behaviors: Vec<String>,
        run_folder: String,
        random: Random,
        now: Duration,
    ) -> Result<Host<B>, Failure> {
        let mut slot = vec![0; SLOT_WORDS + B::COLUMNS.len()];
        slot[..4].copy_from_slice(&random.0);
        let mut host = Host {
            table: crate::export::behavior::<B>(),
            config: Box::new(config),
            state: Box::new_uninit(),
            created: false,
            slot: slot.into(),
            now_ns: 0,
            notes: Notes {
                name,
                peers,
                behaviors,
                time_of_day_ns: None,
                run_folder,
                effects: Vec::new(),
                texts: vec![None; B::COLUMNS.len()],
                events: B::EVENTS.iter().map(|event| event.name).collect(),
                no_link: None,
                reason: String::new(),
            },
        };
        host.set_now(now);
        let create = host.table.create;
        // SAFETY: `run` gives a context made for this behavior, and memory of a `B`.
        host.run(|context, state| unsafe { create(context, state) })?;
        host.created = true;
        Ok(host)
    }

    /// Makes one callback and returns what the behavior did.
    pub(super) fn call(&mut self, call: Call<'_>) -> Result<Vec<Effect>, Failure> {
        let abi::Behavior {
            start,
            message,
            timer,
            tick,
            connect,
            disconnect,
            stop,
            ..
        } = self.table;
        // SAFETY: `run` gives a context made for this behavior, and the instance
        // that `new` created; the message's bytes outlive the call.
        self.run(|context, state| unsafe {
            match call {
                Call::Start => start(context, state),
                Call::Message(peer, bytes) => {
                    message(context, state, peer, bytes.as_ptr(), bytes.len() as u64)
                }
                Call::Timer(tag) => timer(context, state, tag),
                Call::Tick => tick(context, state),
                Call::Connect(peer) => connect(context, state, peer),
                Call::Disconnect(peer) => disconnect(context, state, peer),
                Call::Stop => stop(context, state),
            }
        })
    }

    fn run(
        &mut self,
        callback: impl FnOnce(*mut abi::Context, *mut c_void) -> abi::Status,
    ) -> Result<Vec<Effect>, Failure> {
        let mut context = abi::Context {
            now_ns: self.now_ns,
            slot: self.slot.as_mut_ptr().cast(),
            config: (&raw const *self.config).cast(),
            calls: (&raw const CALLS).cast(),
            host: (&raw mut self.notes).cast(),
            peer_count: self.notes.peers.len() as u32,
            word: 0,
            rows: 0,
            reserved: 0,
        };
        let status = callback(&raw mut context, self.state.as_mut_ptr().cast());
        self.notes.take_word(&mut context);
        let effects = std::mem::take(&mut self.notes.effects);
        let reason = std::mem::take(&mut self.notes.reason);
        match (status, self.notes.no_link.take()) {
            (abi::OK, None) => Ok(effects),
            (abi::OK, Some(peer)) => Err(Failure::Refused(
                crate::NoLink { to: Peer(peer) }.to_string(),
            )),
            (abi::PANICKED, _) => Err(Failure::Panicked(reason)),
            (abi::REJECTED, None) => Err(Failure::Rejected(reason)),
            _ => Err(Failure::Refused(reason)),
        }
    }

    /// The instance itself.
    #[cfg(test)]
    pub(super) fn instance(&self) -> &B {
        assert!(self.created);
        // SAFETY: it was created, and no callback is under way.
        unsafe { self.state.assume_init_ref() }
    }

    pub(super) fn set_now(&mut self, now: Duration) {
        self.now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    }

    pub(super) fn set_time_of_day_ns(&mut self, ns: i64) {
        self.notes.time_of_day_ns = Some(ns);
    }

    /// The bits of a column of numbers, if it has a value.
    pub(super) fn cell(&self, index: u32) -> Option<u64> {
        let present = self.slot[SLOT_WORDS - 1] >> index & 1 == 1;
        present.then(|| self.slot[SLOT_WORDS + index as usize])
    }

    /// The value of a column of text.
    pub(super) fn text(&self, index: u32) -> Option<&str> {
        self.notes.texts[index as usize].as_deref()
    }
}

impl<B: Behavior> Drop for Host<B> {
    fn drop(&mut self) {
        if self.created {
            // SAFETY: `create` made the instance; this is its only end.
            unsafe { (self.table.destroy)(self.state.as_mut_ptr().cast()) }
        }
    }
}

impl Notes {
    /// The word that the behavior left in the context comes before all else.
    fn take_word(&mut self, context: &mut abi::Context) {
        if context.word > 0 {
            let word = self.events[context.word as usize - 1];
            self.effects.push(Effect::Recorded(word));
            context.word = 0;
            context.rows += 1;
        }
    }

    fn push(&mut self, context: &mut abi::Context, effect: Effect) {
        self.take_word(context);
        self.effects.push(effect);
        context.rows += 1;
    }
}

/// The notes behind a context, and the context.
///
/// # Safety
/// The context is one that [`Host::run`] made, during its callback.
unsafe fn notes<'a>(context: *mut abi::Context) -> (&'a mut Notes, &'a mut abi::Context) {
    // SAFETY: the caller's promise; notes and context are apart in memory.
    unsafe { (&mut *(*context).host.cast::<Notes>(), &mut *context) }
}

/// # Safety
/// The text is readable for the duration of the call.
unsafe fn owned(text: Text) -> String {
    // SAFETY: the caller's promise.
    unsafe { crate::export::lent(text) }.to_owned()
}

/// Writes a host's function: the notes, then what it does with them.
macro_rules! host_function {
    ($name:ident($notes:ident, $context:ident $(, $arg:ident: $type:ty)*) $(-> $answer:ty)? $body:block) => {
        unsafe extern "C" fn $name(context: *mut abi::Context $(, $arg: $type)*) $(-> $answer)? {
            // SAFETY: the SDK calls with the context of the callback under way.
            #[allow(unused_variables)]
            let ($notes, $context) = unsafe { notes(context) };
            $body
        }
    };
}

host_function! { send(notes, context, peer: u32, bytes: *const u8, len: u64) -> u32 {
    if peer as usize >= notes.peers.len() {
        notes.no_link = Some(peer);
        return 1;
    }
    // SAFETY: the SDK lends a slice.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, len as usize) };
    notes.push(context, Effect::sent(peer, bytes));
    0
} }

host_function! { close(notes, context, peer: u32) {
    notes.push(context, Effect::Closed(Peer(peer)));
} }

host_function! { set_timer(notes, context, tag: u64, delay_ns: u64) {
    notes.push(context, Effect::timer_set(tag, Duration::from_nanos(delay_ns)));
} }

host_function! { cancel_timer(notes, context, tag: u64) {
    notes.push(context, Effect::TimerCancelled(tag));
} }

host_function! { record(notes, context, word: u32) {
    let word = notes.events[word as usize];
    notes.push(context, Effect::Recorded(word));
} }

host_function! { print(notes, context, line: Text) {
    // SAFETY: the SDK lends the text.
    let line = unsafe { owned(line) };
    notes.push(context, Effect::Printed(line));
} }

host_function! { set_text(notes, context, column: u32, value: Text) {
    // SAFETY: the SDK lends the text.
    notes.texts[column as usize] = (!value.ptr.is_null()).then(|| unsafe { owned(value) });
} }

host_function! { stop_run(notes, context, reason: Text) {
    // SAFETY: the SDK lends the text.
    let reason = unsafe { owned(reason) };
    notes.push(context, Effect::StoppedRun(reason));
} }

host_function! { fail(notes, context, reason: Text) {
    // SAFETY: the SDK lends the text.
    notes.reason = unsafe { owned(reason) };
} }

host_function! { node_name(notes, context) -> Text {
    Text::lend(&notes.name)
} }

host_function! { peer_name(notes, context, peer: u32) -> Text {
    Text::lend(notes.peers.get(peer as usize).map_or("", String::as_str))
} }

host_function! { run_folder(notes, context) -> Text {
    Text::lend(&notes.run_folder)
} }

host_function! { time_of_day(notes, context, ns: *mut i64) -> u32 {
    let Some(told) = notes.time_of_day_ns else {
        return 0;
    };
    // SAFETY: the SDK lends the number.
    unsafe { ns.write(told) };
    1
} }

host_function! { peer_behavior(notes, context, peer: u32, alike: *mut u32) -> Text {
    // SAFETY: the SDK lends the number.
    unsafe { alike.write(1) };
    Text::lend(notes.behaviors.get(peer as usize).map_or("", String::as_str))
} }

static CALLS: abi::HostCalls2 = abi::HostCalls2 {
    first: abi::HostCalls {
        size: size_of::<abi::HostCalls2>() as u64,
        send,
        close,
        set_timer,
        cancel_timer,
        record,
        print,
        set_text,
        stop_run,
        fail,
        node_name,
        peer_name,
        run_folder,
    },
    time_of_day,
    peer_behavior,
};
