//! Where a run is, in memory that two processes share: the process that does the
//! run notes each callback before it makes it, the runner reads the note when that
//! process has died, or does not come back.
//!
//! One page of memory in a file without a name. There is one writer; each word is
//! written by itself, so a reader of a process that still runs may see words of
//! two callbacks. It acts only on what stands still.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use base::callback::Callback;
use engine::world::Progress;

/// One end of the shared memory.
#[derive(Debug)]
pub struct Cell {
    words: NonNull<Words>,
    /// Keeps the file open at the end that made it, for the other to find.
    file: File,
}

/// What the page holds.
#[repr(C)]
#[derive(Debug)]
struct Words {
    /// Callbacks begun so far.
    calls: AtomicU64,
    /// The number of the [`Callback`] under way; 0: none.
    inside: AtomicU64,
    node: AtomicU64,
    step: AtomicU64,
    time_ns: AtomicU64,
    events: AtomicU64,
    messages: AtomicU64,
}

/// The size of the file `[bytes]`: the system maps whole pages.
const PAGE: usize = 4096;

/// What one end read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Callbacks begun so far.
    pub calls: u64,
    /// The callback under way.
    pub inside: Option<&'static str>,
    /// The node that acted last.
    pub node: u32,
    /// How far the run was then.
    pub progress: Progress,
}

// SAFETY: all access to the memory is through atomics, and it stays mapped for as
// long as the value lives.
#[allow(unsafe_code)]
unsafe impl Send for Cell {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Cell {}

impl Cell {
    /// Fresh memory, all zero.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub fn create() -> io::Result<Cell> {
        let file = File::from(memfd_create("runner-cell", MemfdFlags::CLOEXEC)?);
        file.set_len(PAGE as u64)?;
        Cell::map(file)
    }

    /// Where another process finds it, as long as this one is there.
    pub fn path(&self) -> PathBuf {
        let (process, file) = (std::process::id(), self.file.as_raw_fd());
        PathBuf::from(format!("/proc/{process}/fd/{file}"))
    }

    /// The memory that another process made.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn open(path: &Path) -> io::Result<Cell> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() < PAGE as u64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Cell::map(file)
    }

    #[allow(unsafe_code)]
    fn map(file: File) -> io::Result<Cell> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address of the system's choice; the file
        // is at least a page long, and nobody makes it shorter.
        let place = unsafe {
            mmap(
                std::ptr::null_mut(),
                PAGE,
                access,
                MapFlags::SHARED,
                &file,
                0,
            )
        }?;
        let words = NonNull::new(place.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Cell { words, file })
    }

    #[allow(unsafe_code)]
    #[inline]
    fn words(&self) -> &Words {
        // SAFETY: mapped for as long as `self` lives, aligned to a page, larger
        // than `Words`, and any bytes are atomics.
        unsafe { self.words.as_ref() }
    }

    /// A callback begins: of which node, and where the run is.
    #[inline]
    pub fn enter(&self, callback: Callback, node: u32, progress: Progress) {
        self.note(callback as u64, node, progress);
    }

    #[inline]
    fn note(&self, callback: u64, node: u32, progress: Progress) {
        let words = self.words();
        words.node.store(u64::from(node), Relaxed);
        words.step.store(progress.step, Relaxed);
        words.time_ns.store(progress.time_ns, Relaxed);
        words.events.store(progress.events, Relaxed);
        words.messages.store(progress.messages, Relaxed);
        words.inside.store(callback, Relaxed);
        words.calls.store(words.calls.load(Relaxed) + 1, Relaxed);
    }

    /// It has come back.
    #[inline]
    pub fn leave(&self) {
        self.words().inside.store(0, Relaxed);
    }

    /// Forgets what was, before a run.
    pub fn clear(&self) {
        self.note(0, 0, Progress::default());
    }

    /// What stands there.
    pub fn read(&self) -> Note {
        let words = self.words();
        Note {
            calls: words.calls.load(Relaxed),
            inside: Callback::from_number(words.inside.load(Relaxed)).map(Callback::name),
            node: words.node.load(Relaxed) as u32,
            progress: Progress {
                time_ns: words.time_ns.load(Relaxed),
                step: words.step.load(Relaxed),
                events: words.events.load(Relaxed),
                messages: words.messages.load(Relaxed),
            },
        }
    }
}

impl Drop for Cell {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size, and not used any more. That it
        // cannot be unmapped would only keep the memory.
        let _ = unsafe { munmap(self.words.as_ptr().cast(), PAGE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_notes_the_other_reads() {
        let near = Cell::create().unwrap();
        let far = Cell::open(&near.path()).unwrap();
        assert_eq!(near.read(), Note::default());
        let progress = Progress {
            time_ns: u64::MAX,
            step: 2,
            events: 3,
            messages: 4,
        };
        far.enter(Callback::Tick, 7, progress);
        let note = near.read();
        assert_eq!((note.calls, note.inside, note.node), (1, Some("tick"), 7));
        assert_eq!(note.progress, progress);
        far.leave();
        assert_eq!(near.read().inside, None);
        drop(far);
        assert_eq!(near.read().progress, progress);
    }
}
