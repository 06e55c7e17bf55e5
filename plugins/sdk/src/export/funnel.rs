//! The functions that the host calls, one set per behavior: null checks, the
//! author's callback under `catch_unwind`, a status out.
//!
//! No panic leaves an `extern "C"` function: it would end the process. A caught
//! panic's payload is forgotten once its text is taken, since dropping it might
//! panic again.
#![allow(unsafe_code)]

use super::{Raw, abi, panic, raw::lent, shape::Configured};
use crate::config::{self, Problem};
use crate::{Behavior, Context, Node, Peer, Rejected, Result};
use abi::Status;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::io::Write;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// The schemas made so far; at most one for each type of config, never freed.
static SCHEMAS: Mutex<BTreeMap<TypeId, &'static str>> = Mutex::new(BTreeMap::new());

pub(super) unsafe extern "C" fn config_schema<C: JsonSchema + 'static>() -> abi::Text {
    let schema = catch_unwind(|| {
        let mut schemas = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
        *schemas
            .entry(TypeId::of::<C>())
            .or_insert_with(|| config::schema::<C>().to_string().leak())
    });
    match schema {
        Ok(schema) => abi::Text::new(schema),
        Err(payload) => {
            mem::forget(payload);
            abi::Text::new("")
        }
    }
}

pub(super) unsafe extern "C" fn config_new<B: Behavior>(
    toml: abi::Text,
    problems: *const abi::ProblemSink,
) -> *mut c_void {
    let configured = |config: B::Config| {
        let shape = B::shape(&config);
        Configured { config, shape }
    };
    // SAFETY: the host's promise is the same.
    unsafe { new_config(toml, B::check, configured, problems) }
}

/// Reads a config and returns a box of what is made of it, or null after it has reported what is
/// wrong.
///
/// # Safety
/// The text is lent for this call; `problems` is null or a sink that is.
pub(super) unsafe fn new_config<C: JsonSchema + DeserializeOwned, T>(
    toml: abi::Text,
    check: fn(&C) -> Vec<Problem>,
    made: impl Fn(C) -> T,
    problems: *const abi::ProblemSink,
) -> *mut c_void {
    panic::forward();
    // SAFETY: the caller's promise.
    let toml = unsafe { lent(toml) };
    let read = || config::read(toml, check).map(made);
    let found = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(made)) => return Box::into_raw(Box::new(made)).cast(),
        Ok(Err(problems)) => problems,
        Err(payload) => vec![Problem::at(
            "",
            format!(
                "the plugin panicked while reading it: {}",
                panic::text(payload)
            ),
        )],
    };
    // SAFETY: null or a sink that the host lends for this call.
    if let Some(sink) = unsafe { problems.as_ref() } {
        for problem in found {
            let (path, message) = (
                abi::Text::lend(&problem.path),
                abi::Text::lend(&problem.message),
            );
            // SAFETY: the sink's own function and data; both texts live until
            // the call returns.
            unsafe { (sink.report)(sink.host, path, message) }
        }
    }
    std::ptr::null_mut()
}

/// Frees what [`new_config`] made, or an instance of a check.
pub(super) unsafe extern "C" fn free<T>(boxed: *mut c_void) {
    if boxed.is_null() {
        return;
    }
    // SAFETY: it was made from a box of this type, and the host frees it once.
    let boxed = unsafe { Box::from_raw(boxed.cast::<T>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(boxed))) {
        said_in_drop(std::any::type_name::<T>(), payload);
    }
}

pub(super) unsafe extern "C" fn create<B: Behavior>(
    context: *mut abi::Context,
    state: *mut c_void,
) -> Status {
    // SAFETY: null or a context that the host lends for this call; a `Node` is
    // one in another type (both are transparent).
    let (Some(node), false) = (
        unsafe { context.cast::<Node<B>>().as_mut() },
        state.is_null(),
    ) else {
        return abi::FAILED;
    };
    let made = catch_unwind(AssertUnwindSafe(|| B::new(node)));
    let status = made.map(|made| {
        // SAFETY: the host gives memory of the size and alignment of a `B`.
        made.map(|instance| unsafe { state.cast::<B>().write(instance) })
    });
    status_of(&mut node.raw, status)
}

pub(super) unsafe extern "C" fn destroy<B: Behavior>(state: *mut c_void) {
    if state.is_null() {
        return;
    }
    // SAFETY: `create` made the instance, and the host ends it once.
    let dropped = catch_unwind(|| unsafe { state.cast::<B>().drop_in_place() });
    if let Err(payload) = dropped {
        said_in_drop(B::NAME, payload);
    }
}

/// As [`destroy`], for a host that knows the extension: a panic fails the run.
pub(super) unsafe extern "C" fn destructor<B: Behavior>(
    state: *mut c_void,
    sink: *const abi::FailSink,
) -> Status {
    if state.is_null() {
        return abi::OK;
    }
    // SAFETY: as in `destroy`.
    let dropped = catch_unwind(|| unsafe { state.cast::<B>().drop_in_place() });
    let Err(payload) = dropped else {
        return abi::OK;
    };
    let text = panic::text(payload);
    // SAFETY: null or lent for this call; the text outlives the call of `fail`.
    unsafe {
        if let Some(sink) = sink.as_ref() {
            (sink.fail)(sink.host, abi::Text::lend(&text));
        }
    }
    abi::PANICKED
}

/// Says that a value panicked while it was dropped, where the host has no place for it: a
/// config or a check after the runs, or an instance in a host without the extension
/// `runner.destructors.1`.
#[cold]
fn said_in_drop(what: &str, payload: Box<dyn std::any::Any + Send>) {
    let text = panic::text(payload);
    // Nobody may read standard error: that is no reason to panic again.
    let _ = writeln!(
        std::io::stderr(),
        "warning: `{what}` panicked when it was dropped, which changes nothing in its run: {text}"
    );
}

pub(super) unsafe extern "C" fn message<B: Behavior>(
    context: *mut abi::Context,
    state: *mut c_void,
    peer: u32,
    bytes: *const u8,
    len: u64,
) -> Status {
    let bytes = match bytes.is_null() {
        true => &[],
        // SAFETY: the host lends the bytes for this call.
        false => unsafe { std::slice::from_raw_parts(bytes, len as usize) },
    };
    // SAFETY: the host's promise for every callback; see `callback`.
    unsafe {
        callback::<B>(context, state, |instance, node| {
            instance.message(node, Peer(peer), bytes)
        })
    }
}

pub(super) unsafe extern "C" fn timer<B: Behavior>(
    context: *mut abi::Context,
    state: *mut c_void,
    tag: u64,
) -> Status {
    // SAFETY: the host's promise for every callback; see `callback`.
    unsafe { callback::<B>(context, state, |instance, node| instance.timer(node, tag)) }
}

macro_rules! callbacks {
    ($($name:ident($($peer:ident)?)),+ $(,)?) => {$(
        pub(super) unsafe extern "C" fn $name<B: Behavior>(
            context: *mut abi::Context,
            state: *mut c_void,
            $($peer: u32,)?
        ) -> Status {
            // SAFETY: the host's promise for every callback; see `callback`.
            unsafe {
                callback::<B>(context, state, |instance, node| {
                    instance.$name(node, $(Peer($peer))?)
                })
            }
        }
    )+};
}

callbacks! { start(), tick(), connect(peer), disconnect(peer), stop() }

/// Runs one callback of the author's.
///
/// # Safety
/// `context` is null or a context lent for this call (see [`Raw`]); `state` is
/// null or an instance that `create` made, and nothing else uses it.
#[inline(always)]
unsafe fn callback<B: Behavior>(
    context: *mut abi::Context,
    state: *mut c_void,
    call: impl FnOnce(&mut B, &mut Context<B>) -> Result,
) -> Status {
    // SAFETY: the caller's promise; a `Context` is a host's context in another
    // type (both are transparent).
    let (node, instance) = unsafe {
        (
            context.cast::<Context<B>>().as_mut(),
            state.cast::<B>().as_mut(),
        )
    };
    let (Some(node), Some(instance)) = (node, instance) else {
        return abi::FAILED;
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| call(instance, node)));
    if let Ok(Ok(())) = outcome {
        // It holds nothing; to drop it would be a call in each step.
        mem::forget(outcome);
        return abi::OK;
    }
    status_of(&mut node.raw, outcome)
}

/// Returns the status, and reports the reason of a failure to the host.
#[cold]
fn status_of(raw: &mut Raw, outcome: std::thread::Result<Result>) -> Status {
    let (status, reason) = why(outcome);
    if status != abi::OK {
        raw.fail(&reason);
    }
    status
}

/// The status of a call of the author's, and the reason of a failure.
pub(super) fn why<T>(outcome: std::thread::Result<Result<T>>) -> (Status, String) {
    match outcome {
        Ok(Ok(_)) => (abi::OK, String::new()),
        Ok(Err(error)) => match catch_unwind(AssertUnwindSafe(|| error.to_string())) {
            Ok(reason) if error.is::<Rejected>() => (abi::REJECTED, reason),
            Ok(reason) => (abi::FAILED, reason),
            Err(payload) => (abi::PANICKED, panic::text(payload)),
        },
        Err(payload) => (abi::PANICKED, panic::text(payload)),
    }
}
