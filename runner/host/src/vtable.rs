//! The functions that behaviors call during a callback.
//!
//! Each takes the context of the current callback, finds the run behind it and has one
//! effect there. None runs a behavior.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::os::fd::IntoRawFd;
use std::path::Path;
use std::slice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runner_abi as abi;
use runner_abi::Context;

use crate::{beside, programs};
use base::time::SimDuration;
use engine::sink::Sink;
use engine::world::World;

/// The target of [`Context::host`] during a callback.
pub(super) struct Frame<S> {
    /// The run.
    pub world: *mut World<S>,
    /// The host's state for the callback.
    pub side: *mut Side,
}

/// The host's state for the callbacks of one run.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// The acting node.
    pub node: u32,
    /// Number of words that its behavior has for `event`.
    pub words: u32,
    /// Whether the callback is `create`, in which effects are not allowed.
    pub creating: bool,
    /// Whether one of the following three is not empty.
    pub touched: bool,
    /// Why the callback failed: the behavior's reason, or the rule that it broke.
    pub failure: Option<String>,
    /// The acting node's text columns that were set; no text: cleared.
    pub texts: Vec<(u32, Option<String>)>,
    /// Texts that are lent to the plugin until the callback returns.
    pub lent: Vec<String>,
    /// Whether there is a time of day: in real time.
    pub has_time_of_day: bool,
    /// The folder into which behaviors may write files.
    pub folder: String,
    /// The folder of the scenario's file.
    pub scenario_folder: String,
    /// The folders of nodes whose files outlive the run.
    pub state_folders: BTreeMap<u32, String>,
}

/// The table of functions for runs with a sink `S`.
pub(super) struct Calls<S>(PhantomData<S>);

impl<S: Sink> Calls<S> {
    /// The table.
    pub const TABLE: &'static abi::HostCalls5 = &abi::HostCalls5 {
        first: abi::HostCalls4 {
            first: abi::HostCalls3 {
                first: Calls::<S>::SECOND,
                scenario_folder: scenario_folder::<S>,
                start_program: start_program::<S>,
                end_program,
            },
            program_time,
        },
        program_beside,
    };

    const SECOND: abi::HostCalls2 = abi::HostCalls2 {
        first: abi::HostCalls {
            size: size_of::<abi::HostCalls5>() as u64,
            send: send::<S>,
            close: close::<S>,
            set_timer: set_timer::<S>,
            cancel_timer: cancel_timer::<S>,
            record: record::<S>,
            print: print::<S>,
            set_text: set_text::<S>,
            stop_run: stop_run::<S>,
            fail: fail::<S>,
            node_name: node_name::<S>,
            peer_name: peer_name::<S>,
            run_folder: run_folder::<S>,
        },
        time_of_day: time_of_day::<S>,
        peer_behavior: peer_behavior::<S>,
    };
}

/// The run and the host's state behind a context.
///
/// # Safety
///
/// `context` is that of the current callback, in a run with sink `S`.
#[allow(unsafe_code)]
#[inline]
unsafe fn behind<'a, S>(context: *mut Context) -> (&'a mut World<S>, &'a mut Side) {
    // SAFETY: `Instances::enter` set `host` to a frame on its stack, whose
    // pointers it uses again only after the callback; each function here makes
    // these references once and drops them before it returns.
    unsafe {
        let frame = (*context).host.cast::<Frame<S>>();
        (&mut *(*frame).world, &mut *(*frame).side)
    }
}

/// Begins an effect. The row with the step's own word, if it has one, is written before
/// the first effect. Returns false if effects are not allowed.
///
/// # Safety
///
/// As for [`behind`].
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn effect<S: Sink>(context: *mut Context, world: &mut World<S>, side: &mut Side) -> bool {
    if side.creating {
        side.fail_with(|| "acts before its node has started".to_owned());
        return false;
    }
    // SAFETY: the context is ours; the plugin is waiting in this call.
    let context = unsafe { &mut *context };
    if context.rows == 0 && context.word != 0 {
        side.record(world, context.word - 1);
    }
    context.rows = context.rows.saturating_add(1);
    true
}

/// The most bytes that a plugin may lend in one call: no message or text is longer, and
/// no calculation with it overflows.
const LENT_MAX: u64 = 1 << 32;

/// A text that a plugin lends. Bytes that are not UTF-8 are replaced; null is empty.
#[allow(unsafe_code)]
pub(super) fn text<'a>(text: abi::Text) -> Cow<'a, str> {
    if text.ptr.is_null() || text.len == 0 {
        return Cow::Borrowed("");
    }
    if text.len > LENT_MAX {
        return Cow::Owned(format!("(a text of {} bytes)", text.len));
    }
    // SAFETY: lent for the current call, by the ABI; callers copy what they keep.
    String::from_utf8_lossy(unsafe { slice::from_raw_parts(text.ptr, text.len as usize) })
}

#[allow(unsafe_code)]
unsafe extern "C" fn send<S: Sink>(
    context: *mut Context,
    peer: u32,
    bytes: *const u8,
    len: u64,
) -> u32 {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if !unsafe { effect(context, world, side) } {
        return 1;
    }
    if len > LENT_MAX {
        side.fail_with(|| format!("sent {len} bytes, expected at most {LENT_MAX}"));
        return 1;
    }
    let bytes = if bytes.is_null() || len == 0 {
        &[]
    } else {
        // SAFETY: lent for this call, by the ABI.
        unsafe { slice::from_raw_parts(bytes, len as usize) }
    };
    match world.send(peer, bytes) {
        Ok(()) => 0,
        Err(_) => {
            let node = side.node;
            side.fail_with(|| {
                let name = world
                    .peer_name(node, peer)
                    .map_or_else(|| format!("peer {peer}"), |name| format!("`{name}`"));
                format!("sent to {name}, to which it has no link")
            });
            1
        }
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn close<S: Sink>(context: *mut Context, peer: u32) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } {
        world.close(peer);
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn set_timer<S: Sink>(context: *mut Context, tag: u64, delay_ns: u64) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } {
        world.set_timer(tag, SimDuration(delay_ns));
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn cancel_timer<S: Sink>(context: *mut Context, tag: u64) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } {
        world.cancel_timer(tag);
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn record<S: Sink>(context: *mut Context, word: u32) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } {
        side.record(world, word);
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn print<S: Sink>(context: *mut Context, line: abi::Text) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } && side.may_lend(line) {
        world.print(&text(line));
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn set_text<S: Sink>(context: *mut Context, column: u32, value: abi::Text) {
    // SAFETY: called during a callback with its context.
    let (_, side) = unsafe { behind::<S>(context) };
    if !side.may_lend(value) {
        return;
    }
    let value = (!value.ptr.is_null()).then(|| text(value).into_owned());
    side.touched = true;
    side.texts.push((column, value));
}

#[allow(unsafe_code)]
unsafe extern "C" fn stop_run<S: Sink>(context: *mut Context, reason: abi::Text) {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    // SAFETY: as above.
    if unsafe { effect(context, world, side) } && side.may_lend(reason) {
        world.stop_run(&text(reason));
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn fail<S: Sink>(context: *mut Context, reason: abi::Text) {
    // SAFETY: called during a callback with its context.
    let (_, side) = unsafe { behind::<S>(context) };
    side.fail_with(|| text(reason).into_owned());
}

#[allow(unsafe_code)]
unsafe extern "C" fn node_name<S: Sink>(context: *mut Context) -> abi::Text {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    side.lend(world.roster().name(side.node).unwrap_or_default())
}

#[allow(unsafe_code)]
unsafe extern "C" fn peer_name<S: Sink>(context: *mut Context, peer: u32) -> abi::Text {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    side.lend(world.peer_name(side.node, peer).unwrap_or_default())
}

#[allow(unsafe_code)]
unsafe extern "C" fn run_folder<S: Sink>(context: *mut Context) -> abi::Text {
    // SAFETY: called during a callback with its context.
    let (_, side) = unsafe { behind::<S>(context) };
    let own = side.state_folders.get(&side.node);
    abi::Text::lend(own.unwrap_or(&side.folder))
}

/// The machine's time of day, and what the node's own clock is ahead of true time.
#[allow(unsafe_code)]
unsafe extern "C" fn time_of_day<S: Sink>(context: *mut Context, ns: *mut i64) -> u32 {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    if !side.has_time_of_day || ns.is_null() {
        return 0;
    }
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ns = since_1970.map_or(0, |it| i128::try_from(it.as_nanos()).unwrap_or(i128::MAX));
    // SAFETY: the context is ours; the plugin is waiting in this call.
    let local_ns = i128::from(unsafe { (*context).now_ns });
    let ahead_ns = local_ns - i128::from(world.now().0);
    let shown_ns = i64::try_from(now_ns.saturating_add(ahead_ns)).unwrap_or(i64::MAX);
    // SAFETY: not null, and lent for this call, by the ABI.
    unsafe { ns.write(shown_ns) };
    1
}

#[allow(unsafe_code)]
unsafe extern "C" fn peer_behavior<S: Sink>(
    context: *mut Context,
    peer: u32,
    alike: *mut u32,
) -> abi::Text {
    // SAFETY: called during a callback with its context.
    let (world, side) = unsafe { behind::<S>(context) };
    let (behavior, count) = world.peer_behavior(side.node, peer);
    if !alike.is_null() {
        // SAFETY: not null, and lent for this call, by the ABI.
        unsafe { alike.write(count) };
    }
    side.lend(behavior.map_or_else(String::new, |name| name.to_string()))
}

#[allow(unsafe_code)]
unsafe extern "C" fn scenario_folder<S: Sink>(context: *mut Context) -> abi::Text {
    // SAFETY: called during a callback with its context.
    let (_, side) = unsafe { behind::<S>(context) };
    abi::Text::lend(&side.scenario_folder)
}

/// The most words of a command. Arbitrary: far above what any program takes.
const WORDS_MAX: u64 = 4096;

#[allow(unsafe_code)]
unsafe extern "C" fn start_program<S: Sink>(
    context: *mut Context,
    words: *const abi::Text,
    word_count: u64,
    started: *mut abi::Program,
) -> u32 {
    // SAFETY: called during a callback with its context.
    let (_, side) = unsafe { behind::<S>(context) };
    if words.is_null() || started.is_null() || word_count > WORDS_MAX {
        return EINVAL;
    }
    // SAFETY: lent for this call, by the ABI.
    let words = unsafe { slice::from_raw_parts(words, word_count as usize) };
    let words: Vec<String> = words.iter().map(|&it| text(it).into_owned()).collect();
    match programs::start(&words, Path::new(&side.scenario_folder)) {
        Ok(program) => {
            beside::started(program.id);
            let [input, output, errors] = program.streams.map(IntoRawFd::into_raw_fd);
            // SAFETY: not null, and lent for this call, by the ABI.
            unsafe {
                started.write(abi::Program {
                    id: program.id,
                    input,
                    output,
                    errors,
                    reserved: 0,
                });
            }
            0
        }
        Err(error) => error
            .raw_os_error()
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(EINVAL),
    }
}

/// The system's number for an argument that cannot be.
const EINVAL: u32 = 22;

#[allow(unsafe_code)]
unsafe extern "C" fn end_program(id: u64, patience_ns: u64, status: *mut i32) {
    let ended = programs::end(id, Duration::from_nanos(patience_ns));
    if !status.is_null() {
        // SAFETY: not null, and lent for this call, by the ABI.
        unsafe { status.write(ended.unwrap_or_default()) };
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn program_time(id: u64) -> u64 {
    let spent = programs::time(id).map(|spent| spent.as_nanos());
    spent.map_or(u64::MAX, |spent| u64::try_from(spent).unwrap_or(u64::MAX))
}

#[allow(unsafe_code)]
unsafe extern "C" fn program_beside(id: u64, beside: u32) {
    beside::put(id, beside != 0);
}

impl Side {
    /// Writes a row with one of the behavior's own words.
    pub fn record<S: Sink>(&mut self, world: &mut World<S>, word: u32) {
        match word < self.words {
            true => world.record(word),
            false => {
                let words = self.words;
                self.fail_with(|| {
                    format!("recorded the word {word}, but its behavior has {words} words")
                });
            }
        }
    }

    /// Whether a text is as long as a text may be; if not, the callback fails.
    fn may_lend(&mut self, text: abi::Text) -> bool {
        let fits = text.ptr.is_null() || text.len <= LENT_MAX;
        if !fits {
            self.fail_with(|| {
                format!(
                    "lent a text of {} bytes, expected at most {LENT_MAX}",
                    text.len
                )
            });
        }
        fits
    }

    /// Sets the reason why the callback fails; the first counts.
    #[cold]
    fn fail_with(&mut self, reason: impl FnOnce() -> String) {
        self.touched = true;
        self.failure.get_or_insert_with(reason);
    }

    /// Keeps a text until the callback returns, and lends it.
    fn lend(&mut self, text: String) -> abi::Text {
        let lent = abi::Text::lend(&text);
        // Moving a `String` leaves its bytes where they are.
        self.touched = true;
        self.lent.push(text);
        lent
    }
}
