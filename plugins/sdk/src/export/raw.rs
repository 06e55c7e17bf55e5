//! The context of a callback, as the C boundary gives it, behind safe methods.
#![allow(unsafe_code)]

use super::abi;
use super::shape::Configured;
use crate::{Behavior, Random, Shape};
use std::cell::UnsafeCell;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::slice;

/// A host's context, lent for one callback.
///
/// Every `Raw` is a host's context, cast by the funnel: its pointers lead
/// to a live slot with the behavior's cells, its config and the host's table, and
/// nothing else uses them during the callback. All blocks here rest on that.
/// What is lent until the callback returns has the lifetime `'callback` of the
/// [`Node`](crate::Node) that holds it.
#[repr(transparent)]
pub struct Raw {
    /// A cell, since the host may write to it in any call, also in one that takes
    /// `&self`.
    context: UnsafeCell<abi::Context>,
}

const _: () = assert!(
    size_of::<Random>() == size_of::<[u64; 4]>() && align_of::<Random>() == align_of::<u64>()
);

impl Raw {
    #[inline]
    fn data(&self) -> &abi::Context {
        // SAFETY: the host writes during calls only, and no borrow of this
        // lasts across one.
        unsafe { &*self.context.get() }
    }

    #[inline]
    pub(crate) fn now_ns(&self) -> u64 {
        self.data().now_ns
    }

    #[inline]
    pub(crate) fn peer_count(&self) -> u32 {
        self.data().peer_count
    }

    #[inline]
    pub(crate) fn config<'callback, B: Behavior>(&self) -> &'callback B::Config {
        // SAFETY: the host hands back what this behavior's `config_new` made, and
        // frees it after the last instance; it is never written.
        unsafe { &*self.data().config.cast::<B::Config>() }
    }

    /// The shape that the config decides; none if it decides none, or if the host does not
    /// know shapes: then there are only the cells of the behavior's own table.
    pub(crate) fn shape<'callback, B: Behavior>(&self) -> Option<&'callback Shape> {
        self.newest_calls()?;
        // SAFETY: what this behavior's `config_new` made, as in `config`.
        let configured = unsafe { &*self.data().config.cast::<Configured<B::Config>>() };
        configured.shape.as_ref()
    }

    /// Sets or empties the cell of a column of numbers that the config decides.
    ///
    /// # Panics
    /// When there is no such column.
    pub(crate) fn set_shaped_cell<B: Behavior>(&mut self, index: u32, bits: Option<u64>) {
        let count = self.shape::<B>().map_or(0, |shape| shape.columns().len());
        assert!((index as usize) < count, "no such column");
        match bits {
            // SAFETY: a host that knows shapes has a cell for each of its columns, and the
            // index is below their number.
            Some(bits) => unsafe {
                self.cells().add(index as usize).write(bits);
                (*self.data().slot).present |= 1 << index;
            },
            None => self.clear_cell(index),
        }
    }

    #[inline]
    pub(crate) fn random(&mut self) -> &mut Random {
        // SAFETY: the slot is live, and `Random` is exactly its four words of
        // state. The borrow of self keeps everything else away from it.
        unsafe { &mut *(&raw mut (*self.data().slot).random).cast::<Random>() }
    }

    /// The first of the cells, which follow the slot directly.
    #[inline]
    fn cells(&self) -> *mut u64 {
        self.data().slot.wrapping_add(1).cast()
    }

    #[inline]
    pub(crate) fn set_cell<B: Behavior>(&mut self, index: u32, bits: u64) {
        assert!((index as usize) < B::COLUMNS.len());
        // SAFETY: there is a cell for each of the behavior's columns, and the
        // index is below their number.
        unsafe {
            self.cells().add(index as usize).write(bits);
            (*self.data().slot).present |= 1 << index;
        }
    }

    #[inline]
    pub(crate) fn cell<B: Behavior>(&self, index: u32) -> Option<u64> {
        assert!((index as usize) < B::COLUMNS.len());
        // SAFETY: as in `set_cell`.
        unsafe {
            ((*self.data().slot).present >> index & 1 == 1)
                .then(|| self.cells().add(index as usize).read())
        }
    }

    #[inline]
    pub(crate) fn clear_cell(&mut self, index: u32) {
        // SAFETY: the slot is live.
        unsafe { (*self.data().slot).present &= !(1 << index) }
    }

    #[inline]
    pub(crate) fn send(&mut self, peer: u32, bytes: &[u8]) -> bool {
        // SAFETY: see `calls`; the bytes live until the call returns.
        let status = unsafe {
            (self.calls().send)(self.context.get(), peer, bytes.as_ptr(), bytes.len() as u64)
        };
        status == 0
    }

    pub(crate) fn close(&mut self, peer: u32) {
        // SAFETY: see `calls`.
        unsafe { (self.calls().close)(self.context.get(), peer) }
    }

    pub(crate) fn set_timer(&mut self, tag: u64, delay_ns: u64) {
        // SAFETY: see `calls`.
        unsafe { (self.calls().set_timer)(self.context.get(), tag, delay_ns) }
    }

    pub(crate) fn cancel_timer(&mut self, tag: u64) {
        // SAFETY: see `calls`.
        unsafe { (self.calls().cancel_timer)(self.context.get(), tag) }
    }

    #[inline]
    pub(crate) fn record(&mut self, word: u32) {
        if self.data().rows == 0 && self.data().word == 0 {
            self.context.get_mut().word = word + 1;
        } else {
            // SAFETY: see `calls`.
            unsafe { (self.calls().record)(self.context.get(), word) }
        }
    }

    pub(crate) fn print(&mut self, line: &str) {
        // SAFETY: see `calls`; the text lives until the call returns.
        unsafe { (self.calls().print)(self.context.get(), abi::Text::lend(line)) }
    }

    pub(crate) fn set_text(&mut self, index: u32, text: Option<&str>) {
        let text = text.map_or(
            abi::Text {
                ptr: std::ptr::null(),
                len: 0,
            },
            abi::Text::lend,
        );
        // SAFETY: see `calls`; the text lives until the call returns.
        unsafe { (self.calls().set_text)(self.context.get(), index, text) }
    }

    pub(crate) fn stop_run(&mut self, reason: &str) {
        // SAFETY: see `calls`; the text lives until the call returns.
        unsafe { (self.calls().stop_run)(self.context.get(), abi::Text::lend(reason)) }
    }

    pub(crate) fn fail(&mut self, reason: &str) {
        // SAFETY: see `calls`; the text lives until the call returns.
        unsafe { (self.calls().fail)(self.context.get(), abi::Text::lend(reason)) }
    }

    pub(crate) fn node_name<'callback>(&self) -> &'callback str {
        // SAFETY: see `calls`; the text is lent until the callback returns.
        unsafe { lent((self.calls().node_name)(self.context.get())) }
    }

    pub(crate) fn peer_name<'callback>(&self, peer: u32) -> &'callback str {
        // SAFETY: see `calls`; the text is lent until the callback returns.
        unsafe { lent((self.calls().peer_name)(self.context.get(), peer)) }
    }

    pub(crate) fn run_folder<'callback>(&self) -> &'callback str {
        // SAFETY: see `calls`; the text is lent until the callback returns.
        unsafe { lent((self.calls().run_folder)(self.context.get())) }
    }

    /// The time of day since 1970 UTC `[ns]`; none in virtual time, and from a host that
    /// does not tell it.
    pub(crate) fn time_of_day_ns(&self) -> Option<i64> {
        let calls = self.more_calls()?;
        let mut ns = 0;
        // SAFETY: see `calls`; the number lives until the call returns.
        let told = unsafe { (calls.time_of_day)(self.context.get(), &raw mut ns) };
        (told == 1).then_some(ns)
    }

    /// A peer's behavior, and the number of peers from this one on that have it, too.
    pub(crate) fn peer_behavior<'callback>(&self, peer: u32) -> (&'callback str, u32) {
        let Some(calls) = self.more_calls() else {
            return ("", 1);
        };
        let mut alike = 1;
        let context = self.context.get();
        // SAFETY: see `calls`; the number lives until the call returns, and the text is
        // lent until the callback returns.
        let name = unsafe { lent((calls.peer_behavior)(context, peer, &raw mut alike)) };
        (name, alike.max(1))
    }

    /// The longer table of the host's functions, if the host has it.
    fn more_calls(&self) -> Option<&'static abi::HostCalls2> {
        let calls = self.data().calls;
        // SAFETY: the table lives as long as the process, and is as long as it says.
        unsafe {
            let whole = (*calls).size >= size_of::<abi::HostCalls2>() as u64;
            whole.then(|| &*calls.cast::<abi::HostCalls2>())
        }
    }

    /// The folder of the scenario's file; empty if the host does not tell it.
    pub(crate) fn scenario_folder<'callback>(&self) -> &'callback str {
        let Some(calls) = self.newest_calls() else {
            return "";
        };
        // SAFETY: see `calls`; the text is lent until the callback returns.
        unsafe { lent((calls.scenario_folder)(self.context.get())) }
    }

    /// Starts a program in the folder of the scenario. Returns its number, the streams to
    /// its standard input, output and error, and what ends it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start_program(&mut self, words: &[String]) -> std::io::Result<Started> {
        let Some(calls) = self.newest_calls() else {
            return Err(std::io::ErrorKind::Unsupported.into());
        };
        let words: Vec<abi::Text> = words.iter().map(|word| abi::Text::lend(word)).collect();
        let mut program = abi::Program {
            id: 0,
            input: -1,
            output: -1,
            errors: -1,
            reserved: 0,
        };
        let context = self.context.get();
        // SAFETY: see `calls`; words and program live until the call returns.
        let refused = unsafe {
            (calls.start_program)(
                context,
                words.as_ptr(),
                words.len() as u64,
                &raw mut program,
            )
        };
        if refused != 0 {
            let number = i32::try_from(refused).unwrap_or_default();
            return Err(std::io::Error::from_raw_os_error(number));
        }
        // SAFETY: it begins with that table.
        let newer = unsafe { self.table::<abi::HostCalls4>() };
        // SAFETY: as above.
        let newest = unsafe { self.table::<abi::HostCalls5>() };
        // SAFETY: the host gives three open sockets, which are ours from here on.
        let stream = |descriptor| unsafe { UnixStream::from_raw_fd(descriptor) };
        Ok(Started {
            id: program.id,
            input: stream(program.input),
            output: stream(program.output),
            errors: stream(program.errors),
            end: calls.end_program,
            time: newer.map(|it| it.program_time),
            beside: newest.map(|it| it.program_beside),
        })
    }

    /// The third table of the host's functions, if the host has it. Such a host knows
    /// shapes, too.
    fn newest_calls(&self) -> Option<&'static abi::HostCalls3> {
        // SAFETY: it begins with that table.
        unsafe { self.table() }
    }

    /// The table of the host's functions, if the host has as much of it.
    ///
    /// # Safety
    /// `T` is a table that begins with [`abi::HostCalls`].
    unsafe fn table<T>(&self) -> Option<&'static T> {
        let calls = self.data().calls;
        // SAFETY: the table lives as long as the process, and is as long as it says.
        unsafe {
            let whole = (*calls).size >= size_of::<T>() as u64;
            whole.then(|| &*calls.cast::<T>())
        }
    }

    /// The host's functions. The boundary allows to call them with this context
    /// during the callback; `create` cannot reach the effects among them, since it
    /// has a [`Node`](crate::Node) only.
    #[inline]
    fn calls(&self) -> &'static abi::HostCalls {
        // SAFETY: the table lives as long as the process.
        unsafe { &*self.data().calls }
    }
}

/// A program that the host has started.
#[derive(Debug)]
pub(crate) struct Started {
    id: u64,
    pub(crate) input: UnixStream,
    pub(crate) output: UnixStream,
    pub(crate) errors: UnixStream,
    end: unsafe extern "C" fn(id: u64, patience_ns: u64, status: *mut i32),
    /// None if the host has no such clock.
    time: Option<unsafe extern "C" fn(id: u64) -> u64>,
    /// None if the host does not know it.
    beside: Option<unsafe extern "C" fn(id: u64, beside: u32)>,
}

impl Started {
    /// How long the program has gone on since the first call.
    pub(crate) fn time(&self) -> Option<std::time::Duration> {
        // SAFETY: any thread, any time, until `end`, which takes the value.
        self.time
            .map(|time| std::time::Duration::from_nanos(unsafe { time(self.id) }))
    }

    /// Has the program run on the processor of this thread, or anywhere again.
    pub(crate) fn run_beside(&self, beside: bool) {
        if let Some(call) = self.beside {
            // SAFETY: any number, which is that of a program until `end`, which takes the value.
            // On another thread than that of a callback, it holds the wrong thread, no more.
            unsafe { call(self.id, u32::from(beside)) }
        }
    }

    /// Ends the program. Returns its wait status.
    pub(crate) fn end(self, patience: std::time::Duration) -> i32 {
        let patience_ns = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        let mut status = 0;
        // SAFETY: any thread, any time; once, since this takes the value.
        unsafe { (self.end)(self.id, patience_ns, &raw mut status) }
        status
    }
}

/// Reads a text from across the boundary; empty where it is null or not UTF-8.
///
/// # Safety
/// A text that is not null must be readable for `'a`.
pub(crate) unsafe fn lent<'a>(text: abi::Text) -> &'a str {
    if text.ptr.is_null() || text.len == 0 {
        return "";
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice::from_raw_parts(text.ptr, text.len as usize) };
    std::str::from_utf8(bytes).unwrap_or("")
}
