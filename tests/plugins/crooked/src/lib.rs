//! A plugin whose tables lie about their sizes, or that attacks the process that loads it.
//! The environment variable `CROOKED` says how, when the library is loaded: `exit`,
//! `_exit`, `loop`; or the field that lies.
#![allow(unsafe_code)]

use runner_abi::{
    ABI_VERSION, Behavior, COLUMN_U64, Column, Context, EventWord, HANDLES_TICK, LAYOUT, OK,
    Plugin, ProblemSink, Status, Text,
};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;

const fn text(text: &'static str) -> Text {
    Text {
        ptr: text.as_ptr(),
        len: text.len() as u64,
    }
}

unsafe extern "C" fn config_schema() -> Text {
    let mut schema = text("{\"type\":\"object\"}");
    if crooked("schema_len") {
        schema.len = u64::MAX;
    }
    schema
}

unsafe extern "C" fn config_new(_: Text, problems: *const ProblemSink) -> *mut c_void {
    if crooked("message_len") {
        let message = Text {
            ptr: b"x".as_ptr(),
            len: u64::MAX,
        };
        // SAFETY: the sink is lent for this call; the text is a lie.
        unsafe { ((*problems).report)((*problems).host, text("a"), message) };
        return ptr::null_mut();
    }
    ptr::dangling_mut::<u8>().cast()
}

unsafe extern "C" fn config_free(_: *mut c_void) {}
unsafe extern "C" fn destroy(_: *mut c_void) {}

unsafe extern "C" fn nothing(_: *mut Context, _: *mut c_void) -> Status {
    OK
}

unsafe extern "C" fn tick(context: *mut Context, _: *mut c_void) -> Status {
    let lie = Text {
        ptr: b"x".as_ptr(),
        len: u64::MAX,
    };
    // SAFETY: the context of this callback; the lengths are lies.
    unsafe {
        let calls = &*(*context).calls;
        if crooked("send_len") {
            (calls.send)(context, 0, lie.ptr, lie.len);
        }
        if crooked("print_len") {
            (calls.print)(context, lie);
        }
        if crooked("record_word") {
            (calls.record)(context, u32::MAX);
        }
        if crooked("delay") {
            (calls.set_timer)(context, 0, u64::MAX);
        }
    }
    OK
}

unsafe extern "C" fn message(
    _: *mut Context,
    _: *mut c_void,
    _: u32,
    _: *const u8,
    _: u64,
) -> Status {
    OK
}

unsafe extern "C" fn timer(_: *mut Context, _: *mut c_void, _: u64) -> Status {
    OK
}

unsafe extern "C" fn peer(_: *mut Context, _: *mut c_void, _: u32) -> Status {
    OK
}

static COLUMNS: [Column; 1] = [Column {
    name: text("number"),
    docs: text(""),
    kind: COLUMN_U64,
    reserved: 0,
}];

static EVENTS: [EventWord; 1] = [EventWord {
    name: text("word"),
    docs: text(""),
}];

static mut BEHAVIORS: MaybeUninit<[Behavior; 1]> = MaybeUninit::uninit();

/// The entry; filled when the library is loaded.
// SAFETY: the symbol has the name that hosts look for, and is filled before they look.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static mut runner_plugin: MaybeUninit<Plugin> = MaybeUninit::uninit();

/// Runs when the library is loaded.
// SAFETY: the system calls every function in this section once.
#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = loaded;

/// Whether this is what the plugin is to do.
fn crooked(how: &str) -> bool {
    std::env::var("CROOKED").is_ok_and(|word| word == how)
}

extern "C" fn loaded() {
    if crooked("exit") {
        // SAFETY: ends the process.
        unsafe { libc::exit(0) }
    }
    if crooked("_exit") {
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) }
    }
    while crooked("loop") {
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
    let lies = |field: &str, truth: u64| match std::env::var("CROOKED") {
        Ok(word) if word == field => u64::MAX,
        // As large that a size times a number of nodes is small again.
        Ok(word) if word == format!("{field}_wraps") => 1 << 62,
        // The largest size that is accepted.
        Ok(word) if word == format!("{field}_large") => 1 << 30,
        _ => truth,
    };
    let name = |field: &str| Text {
        len: lies(field, 4),
        ..text("node")
    };
    let behavior = Behavior {
        name: name("name_len"),
        docs: text("A node."),
        config_schema,
        columns: COLUMNS.as_ptr(),
        column_count: lies("column_count", 1),
        events: EVENTS.as_ptr(),
        event_count: lies("event_count", 1),
        state_size: lies("state_size", 8),
        state_align: lies("state_align", 8),
        handles: HANDLES_TICK,
        config_new,
        config_free,
        create: nothing,
        destroy,
        start: nothing,
        message,
        timer,
        tick,
        connect: peer,
        disconnect: peer,
        stop: nothing,
    };
    // SAFETY: the library is being loaded: nobody else can see these yet.
    unsafe {
        (&raw mut BEHAVIORS).cast::<Behavior>().write(behavior);
        (&raw mut runner_plugin).cast::<Plugin>().write(Plugin {
            abi_version: ABI_VERSION,
            size: size_of::<Plugin>() as u32,
            layout: LAYOUT,
            name: text("crooked"),
            version: text("1"),
            docs: text("Lies."),
            behaviors: (&raw const BEHAVIORS).cast(),
            behavior_count: lies("behavior_count", 1),
            extension: None,
        });
    }
}
