//! The constant tables that describe a plugin, made and checked at compile time.

use super::{abi, funnel, judge, shape, shape::Configured};
use crate::{Behavior, Check, ColumnInfo, Event};
use abi::Text;
use std::ffi::c_void;
use std::mem::size_of;

/// The table of a plugin. A bad name stops the build.
pub const fn plugin(
    name: &'static str,
    version: &'static str,
    docs: &'static str,
    behaviors: &'static [abi::Behavior],
    extension: Option<unsafe extern "C" fn(id: Text) -> *const c_void>,
) -> abi::Plugin {
    assert!(
        is_name(name),
        "a plugin's name is letters, digits, `-` and `_`"
    );
    abi::Plugin {
        abi_version: abi::ABI_VERSION,
        size: size_of::<abi::Plugin>() as u32,
        layout: abi::LAYOUT,
        name: Text::new(name),
        version: Text::new(version),
        docs: Text::new(docs),
        behaviors: behaviors.as_ptr(),
        behavior_count: behaviors.len() as u64,
        extension,
    }
}

/// The table of a plugin's checks.
pub const fn checks(checks: &'static [abi::Check]) -> abi::Checks {
    abi::Checks {
        size: size_of::<abi::Checks>() as u64,
        layout: abi::CHECKS_LAYOUT,
        checks: checks.as_ptr(),
        check_count: checks.len() as u64,
    }
}

/// The table of a check. A bad name stops the build.
pub const fn check<C: Check>() -> abi::Check {
    abi::Check {
        name: Text::new(DescribedCheck::<C>::NAME),
        docs: Text::new(C::DOCS),
        config_schema: funnel::config_schema::<C::Config>,
        config_new: judge::config_new::<C>,
        config_free: funnel::free::<C::Config>,
        create: judge::create::<C>,
        record: judge::record::<C>,
        finish: judge::finish::<C>,
        free: funnel::free::<judge::Instance<C>>,
    }
}

/// The table of the files of a plugin's behaviors.
pub const fn files(behaviors: &'static [abi::BehaviorFiles]) -> abi::Files {
    abi::Files {
        size: size_of::<abi::Files>() as u64,
        layout: abi::FILES_LAYOUT,
        behaviors: behaviors.as_ptr(),
        behavior_count: behaviors.len() as u64,
    }
}

/// The files of a behavior. A bad name stops the build.
pub const fn behavior_files<B: Behavior>() -> abi::BehaviorFiles {
    abi::BehaviorFiles {
        names: Described::<B>::FILES.0.as_ptr(),
        name_count: B::FILES.len() as u64,
    }
}

/// The table of the destructors of a plugin's behaviors.
pub const fn destructors(behaviors: &'static [abi::Destructor]) -> abi::Destructors {
    abi::Destructors {
        size: size_of::<abi::Destructors>() as u64,
        layout: abi::DESTRUCTORS_LAYOUT,
        behaviors: behaviors.as_ptr(),
        behavior_count: behaviors.len() as u64,
    }
}

/// The destructor of a behavior.
pub const fn destructor<B: Behavior>() -> abi::Destructor {
    abi::Destructor {
        destroy: funnel::destructor::<B>,
    }
}

/// The table of the shapes of a plugin's behaviors.
pub const fn shapes(behaviors: &'static [abi::BehaviorShape]) -> abi::Shapes {
    abi::Shapes {
        size: size_of::<abi::Shapes>() as u64,
        layout: abi::SHAPES_LAYOUT,
        behaviors: behaviors.as_ptr(),
        behavior_count: behaviors.len() as u64,
    }
}

/// How the shape of a behavior follows from a config.
pub const fn behavior_shape<B: Behavior>() -> abi::BehaviorShape {
    abi::BehaviorShape {
        shape: shape::shape::<B>,
    }
}

struct DescribedCheck<C>(C);

impl<C: Check> DescribedCheck<C> {
    const NAME: &'static str = {
        assert!(
            is_name(C::NAME),
            "a check's name is letters, digits, `-` and `_`"
        );
        C::NAME
    };
}

/// The table of a behavior. Columns and words out of place stop the build.
pub const fn behavior<B: Behavior>() -> abi::Behavior {
    abi::Behavior {
        name: Text::new(Described::<B>::NAME),
        docs: Text::new(B::DOCS),
        config_schema: funnel::config_schema::<B::Config>,
        columns: Described::<B>::COLUMNS.0.as_ptr(),
        column_count: B::COLUMNS.len() as u64,
        events: Described::<B>::EVENTS.0.as_ptr(),
        event_count: B::EVENTS.len() as u64,
        state_size: size_of::<B>() as u64,
        state_align: Described::<B>::ALIGN,
        handles: abi::HANDLES_START
            | abi::HANDLES_MESSAGE
            | abi::HANDLES_TIMER
            | abi::HANDLES_STOP
            | if B::CLOCKED { abi::HANDLES_TICK } else { 0 }
            | match B::CONNECTS {
                true => abi::HANDLES_CONNECT | abi::HANDLES_DISCONNECT,
                false => 0,
            },
        config_new: funnel::config_new::<B>,
        config_free: funnel::free::<Configured<B::Config>>,
        create: funnel::create::<B>,
        destroy: funnel::destroy::<B>,
        start: funnel::start::<B>,
        message: funnel::message::<B>,
        timer: funnel::timer::<B>,
        tick: funnel::tick::<B>,
        connect: funnel::connect::<B>,
        disconnect: funnel::disconnect::<B>,
        stop: funnel::stop::<B>,
    }
}

const MAX: usize = abi::MAX_COLUMNS as usize;

/// The most words of its own that a behavior may declare. Arbitrary: a word is
/// 16 bits in a record, and this is more than any log needs.
const MAX_EVENTS: usize = 256;

/// The most files that a behavior may declare. Arbitrary.
const MAX_FILES: usize = 32;

const NOTHING: Text = Text::new("");

/// What a behavior's constants become; arrays of the greatest length, since the
/// length of one cannot depend on a type's constant.
struct Described<B>(B);

/// An array that a constant table may point to.
struct Shared<T, const N: usize>([T; N]);

impl<B: Behavior> Described<B> {
    const NAME: &'static str = {
        assert!(
            is_name(B::NAME),
            "a behavior's name is letters, digits, `-` and `_`"
        );
        B::NAME
    };

    const ALIGN: u64 = {
        assert!(
            align_of::<B>() <= 64,
            "an instance is aligned to at most 64 bytes"
        );
        align_of::<B>() as u64
    };

    const COLUMNS: &'static Shared<abi::Column, MAX> = &{
        let columns: &[ColumnInfo] = B::COLUMNS;
        assert!(columns.len() <= MAX, "a behavior has at most 63 columns");
        let mut table = [abi::Column {
            name: NOTHING,
            docs: NOTHING,
            kind: 0,
            reserved: 0,
        }; MAX];
        let mut i = 0;
        while i < columns.len() {
            assert!(
                columns[i].index as usize == i,
                "a column's index is its place in COLUMNS"
            );
            assert!(
                is_name(columns[i].name),
                "a column's name is letters, digits, `-` and `_`"
            );
            assert!(
                !is_one_of(columns[i].name, &STANDARD_COLUMNS),
                "a column has the name of a column that every log has"
            );
            let mut j = 0;
            while j < i {
                assert!(
                    !same(columns[j].name, columns[i].name),
                    "two columns have one name"
                );
                j += 1;
            }
            table[i] = abi::Column {
                name: Text::new(columns[i].name),
                docs: Text::new(columns[i].docs),
                kind: columns[i].kind,
                reserved: 0,
            };
            i += 1;
        }
        Shared(table)
    };

    const EVENTS: &'static Shared<abi::EventWord, MAX_EVENTS> = &{
        let events: &[Event] = B::EVENTS;
        assert!(
            events.len() <= MAX_EVENTS,
            "a behavior has at most 256 events"
        );
        let mut table = [abi::EventWord {
            name: NOTHING,
            docs: NOTHING,
        }; MAX_EVENTS];
        let mut i = 0;
        while i < events.len() {
            assert!(
                events[i].index as usize == i,
                "an event's index is its place in EVENTS"
            );
            assert!(
                is_name(events[i].name),
                "an event's name is letters, digits, `-` and `_`"
            );
            assert!(
                !is_one_of(events[i].name, &crate::check::EVENTS),
                "an event has the name of an event that every log has"
            );
            let mut j = 0;
            while j < i {
                assert!(
                    !same(events[j].name, events[i].name),
                    "two events have one name"
                );
                j += 1;
            }
            table[i] = abi::EventWord {
                name: Text::new(events[i].name),
                docs: Text::new(events[i].docs),
            };
            i += 1;
        }
        Shared(table)
    };

    const FILES: &'static Shared<Text, MAX_FILES> = &{
        let files: &[&str] = B::FILES;
        assert!(
            files.len() <= MAX_FILES,
            "a behavior declares at most 32 files"
        );
        let mut table = [NOTHING; MAX_FILES];
        let mut i = 0;
        while i < files.len() {
            assert!(
                is_file_name(files[i]),
                "a file's name is not empty, and without `/`"
            );
            table[i] = Text::new(files[i]);
            i += 1;
        }
        Shared(table)
    };
}

/// Whether it is the name of a file, without a folder.
const fn is_file_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'/' || bytes[i] == 0 {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && !same(name, ".") && !same(name, "..")
}

/// The columns that every log has.
const STANDARD_COLUMNS: [&str; 8] = [
    "time_ns", "node", "step", "event", "peer", "message", "bytes", "queue",
];

/// Whether a name is one of these.
const fn is_one_of(name: &str, names: &[&str]) -> bool {
    let mut i = 0;
    while i < names.len() {
        if same(names[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether it can stand in a scenario and in a CSV header as it is.
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric() || bytes[i] == b'-' || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && bytes.len() <= 64
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
