//! Whether this process is a copy that `fork` made: a page of memory that the system
//! clears in the copy. Looking at it costs as much as reading a number.

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

/// Size of the page `[bytes]`.
const PAGE: usize = 4096;

struct Mark(NonNull<AtomicU64>);

// SAFETY: an atomic number that stays mapped for as long as the process lives.
#[allow(unsafe_code)]
unsafe impl Send for Mark {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Mark {}

/// None if the system has no such memory: then no copy is recognized.
static MARK: OnceLock<Option<Mark>> = OnceLock::new();

/// From now on, [`is_copy`] recognizes a copy of this process.
pub fn set() {
    MARK.get_or_init(mapped);
}

/// Whether this process is a copy, made after [`set`].
#[allow(unsafe_code)]
#[inline]
pub fn is_copy() -> bool {
    match MARK.get() {
        // SAFETY: mapped by `mapped`, and never unmapped.
        Some(Some(mark)) => unsafe { mark.0.as_ref() }.load(Ordering::Relaxed) == 0,
        _ => false,
    }
}

#[allow(unsafe_code)]
fn mapped() -> Option<Mark> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the system's choice; the advice is about
    // this mapping alone.
    let start = unsafe {
        let start = mmap_anonymous(std::ptr::null_mut(), PAGE, access, MapFlags::PRIVATE).ok()?;
        madvise(start, PAGE, Advice::LinuxWipeOnFork).ok()?;
        NonNull::new(start.cast::<AtomicU64>())?
    };
    // SAFETY: just mapped, aligned to a page, and all its bytes are zero.
    unsafe { start.as_ref() }.store(1, Ordering::Relaxed);
    Some(Mark(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_sets_the_mark_is_no_copy() {
        set();
        assert!(!is_copy());
    }
}
