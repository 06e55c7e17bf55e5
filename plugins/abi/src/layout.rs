//! The layout of every struct that crosses, pinned at compile time and folded
//! into one number that host and plugin compare at load.

use crate::*;
use core::mem::{align_of, offset_of, size_of};

/// Offsets and sizes `[bytes]` on 64-bit targets. A line that changes is a new
/// [`ABI_VERSION`].
macro_rules! pinned {
    ($numbers:ident: $($type:ident { $($field:ident @ $offset:literal),+ $(,)? } = $size:literal;)+) => {
        $(const _: () = {
            $(assert!(offset_of!($type, $field) == $offset);)+
            assert!(size_of::<$type>() == $size);
            assert!(align_of::<$type>() == 8);
        };)+

        const $numbers: &[u64] = &[
            ABI_VERSION as u64,
            size_of::<usize>() as u64,
            $($(offset_of!($type, $field) as u64,)+ size_of::<$type>() as u64,)+
        ];
    };
}

pinned! { NUMBERS:
    Text { ptr @ 0, len @ 8 } = 16;
    Plugin {
        abi_version @ 0, size @ 4, layout @ 8, name @ 16, version @ 32, docs @ 48,
        behaviors @ 64, behavior_count @ 72, extension @ 80,
    } = 88;
    Behavior {
        name @ 0, docs @ 16, config_schema @ 32, columns @ 40, column_count @ 48,
        events @ 56, event_count @ 64, state_size @ 72, state_align @ 80, handles @ 88,
        config_new @ 96, config_free @ 104, create @ 112, destroy @ 120, start @ 128,
        message @ 136, timer @ 144, tick @ 152, connect @ 160, disconnect @ 168, stop @ 176,
    } = 184;
    Column { name @ 0, docs @ 16, kind @ 32, reserved @ 36 } = 40;
    EventWord { name @ 0, docs @ 16 } = 32;
    ProblemSink { host @ 0, report @ 8 } = 16;
    Context {
        now_ns @ 0, slot @ 8, config @ 16, calls @ 24, host @ 32, peer_count @ 40, word @ 44,
        rows @ 48, reserved @ 52,
    } = 56;
    Slot { random @ 0, present @ 32 } = 40;
    HostCalls {
        size @ 0, send @ 8, close @ 16, set_timer @ 24, cancel_timer @ 32, record @ 40,
        print @ 48, set_text @ 56, stop_run @ 64, fail @ 72, node_name @ 80, peer_name @ 88,
        run_folder @ 96,
    } = 104;
}

pinned! { CHECK_NUMBERS:
    Checks { size @ 0, layout @ 8, checks @ 16, check_count @ 24 } = 32;
    Check {
        name @ 0, docs @ 16, config_schema @ 32, config_new @ 40, config_free @ 48, create @ 56,
        record @ 64, finish @ 72, free @ 80,
    } = 88;
    CheckedRun { nodes @ 0, node_count @ 8, folder @ 16 } = 32;
    CheckedNode {
        name @ 0, behavior @ 16, columns @ 32, column_count @ 40, events @ 48, event_count @ 56,
    } = 64;
    Record {
        time_ns @ 0, step @ 8, row @ 16, message @ 24, bytes @ 32, queue @ 40, present @ 48,
        cells @ 56, calls @ 64, host @ 72, node @ 80, event @ 84, peer @ 88, reserved @ 92,
    } = 96;
    RecordCalls { size @ 0, text @ 8, peer_name @ 16 } = 24;
    Evidence {
        time_ns @ 0, step @ 8, row @ 16, message @ 24, node @ 32, event @ 36, peer @ 40,
        reserved @ 44, note @ 48,
    } = 64;
    VerdictSink { host @ 0, verdict @ 8, evidence @ 16, fail @ 24 } = 32;
}

pinned! { FILE_NUMBERS:
    Files { size @ 0, layout @ 8, behaviors @ 16, behavior_count @ 24 } = 32;
    BehaviorFiles { names @ 0, name_count @ 8 } = 16;
}

pinned! { HOST_CALLS_2_NUMBERS:
    HostCalls2 { first @ 0, time_of_day @ 104, peer_behavior @ 112 } = 120;
}

pinned! { HOST_CALLS_3_NUMBERS:
    HostCalls3 {
        first @ 0, scenario_folder @ 120, start_program @ 128, end_program @ 136,
    } = 144;
    Program { id @ 0, input @ 8, output @ 12, errors @ 16, reserved @ 20 } = 24;
}

pinned! { HOST_CALLS_4_NUMBERS:
    HostCalls4 { first @ 0, program_time @ 144 } = 152;
}

pinned! { HOST_CALLS_5_NUMBERS:
    HostCalls5 { first @ 0, program_beside @ 152 } = 160;
}

/// Only pinned: who calls these functions looks at the size of the table.
const _: [&[u64]; 4] = [
    HOST_CALLS_2_NUMBERS,
    HOST_CALLS_3_NUMBERS,
    HOST_CALLS_4_NUMBERS,
    HOST_CALLS_5_NUMBERS,
];

pinned! { SHAPE_NUMBERS:
    Shapes { size @ 0, layout @ 8, behaviors @ 16, behavior_count @ 24 } = 32;
    BehaviorShape { shape @ 0 } = 8;
    Shape {
        columns @ 0, column_count @ 8, events @ 16, event_count @ 24, handles @ 32,
    } = 40;
}

pinned! { DESTRUCTOR_NUMBERS:
    Destructors { size @ 0, layout @ 8, behaviors @ 16, behavior_count @ 24 } = 32;
    Destructor { destroy @ 0 } = 8;
    FailSink { host @ 0, fail @ 8 } = 16;
}

/// FNV-1a (64 bit) over [`ABI_VERSION`], the pointer size and every offset and
/// size of the structs that every plugin has: equal exactly when two builds agree
/// on all of them.
pub const LAYOUT: u64 = folded(NUMBERS);

/// The same over the structs of the extension [`CHECKS`](crate::CHECKS).
pub const CHECKS_LAYOUT: u64 = folded(CHECK_NUMBERS);

/// The same over the structs of the extension [`FILES`](crate::FILES).
pub const FILES_LAYOUT: u64 = folded(FILE_NUMBERS);

/// The same over the structs of the extension [`DESTRUCTORS`](crate::DESTRUCTORS).
pub const DESTRUCTORS_LAYOUT: u64 = folded(DESTRUCTOR_NUMBERS);

/// The same over the structs of the extension [`SHAPES`](crate::SHAPES).
pub const SHAPES_LAYOUT: u64 = folded(SHAPE_NUMBERS);

const fn folded(numbers: &[u64]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < numbers.len() {
        let bytes = numbers[i].to_le_bytes();
        let mut j = 0;
        while j < bytes.len() {
            hash = (hash ^ bytes[j] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            j += 1;
        }
        i += 1;
    }
    hash
}
