//! An end of this process that it did not choose: a plugin calls `exit(0)`, and the
//! process would end as if all had gone well.
//!
//! Once [`guard`] was called, the process ends with the exit code of the guard, unless
//! it ends through [`allow`] or [`at_once`]. `exit` and `quick_exit` run a function that
//! is registered with the system. `_exit` and `_Exit` run nothing, so this program
//! defines them itself: a library that is loaded later calls these. Only a bare system
//! call goes past the guard; `runner run --isolate` holds against that, too.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// What the guard does.
#[derive(Clone, Copy, Debug)]
struct Guard {
    /// Explains the end.
    explain: fn(),
    /// The exit code.
    code: i32,
}

static GUARD: OnceLock<Guard> = OnceLock::new();

/// The process that the guard is for, and not a copy that `fork` made. 0: none.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// Whether the end of the process is its own.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// From now on, an end that this process did not choose calls `explain` and has this
/// exit code.
pub fn guard(explain: fn(), code: i32) {
    if GUARD.set(Guard { explain, code }).is_err() {
        return;
    }
    OWNER.store(own_id(), Ordering::SeqCst);
    register();
}

/// Allows the end of this process, with any exit code.
pub fn allow() {
    ALLOWED.store(true, Ordering::SeqCst);
}

/// Ends this process now, without anything that would run at its end.
pub fn at_once(code: i32) -> ! {
    allow();
    end(code)
}

/// The guard, if this process ends without its own will.
fn unwanted() -> Option<Guard> {
    let guard = *GUARD.get()?;
    let owned = OWNER.load(Ordering::SeqCst) == own_id();
    // The first one explains; other threads that end the process meanwhile do not.
    (owned && !ALLOWED.swap(true, Ordering::SeqCst)).then_some(guard)
}

extern "C" fn at_exit() {
    if let Some(guard) = unwanted() {
        (guard.explain)();
        end(guard.code);
    }
}

fn own_id() -> i32 {
    std::process::id() as i32
}

#[allow(unsafe_code)]
fn register() {
    unsafe extern "C" {
        fn at_quick_exit(function: extern "C" fn()) -> libc::c_int;
    }
    // SAFETY: the function is static, takes nothing, and never unwinds: it ends the
    // process. If the system has no room for it, the end is not explained.
    unsafe {
        libc::atexit(at_exit);
        at_quick_exit(at_exit);
    }
}

#[allow(unsafe_code)]
fn end(code: i32) -> ! {
    // SAFETY: ends every thread of this process; it does not return.
    unsafe {
        libc::syscall(libc::SYS_exit_group, code);
        libc::abort()
    }
}

/// `_exit` of the C library, for this program and every library that it loads.
// SAFETY: it has the signature and the effect of the system's, which this program never
// calls.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn _exit(code: libc::c_int) -> ! {
    at_exit();
    end(code)
}

/// As [`_exit`], by its name in the C standard.
// SAFETY: as above.
#[allow(unsafe_code, non_snake_case)]
#[unsafe(no_mangle)]
extern "C" fn _Exit(code: libc::c_int) -> ! {
    at_exit();
    end(code)
}
