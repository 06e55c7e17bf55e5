//! The progress of a run, on a page of memory that two processes share: the process that
//! does the run writes each callback to it before the call; the runner reads it when
//! that process has died or does not return from a callback.
//!
//! There is one writer. Each word is written on its own, so a reader may see the words of
//! two callbacks while the writer runs. The runner acts only on values that do not
//! change.

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

/// The page, as one of the two processes has it mapped.
#[derive(Debug)]
pub struct ProgressPage {
    words: NonNull<Words>,
    /// The file; the process that created the page keeps it open for the other.
    file: File,
}

/// The layout of the page.
#[repr(C)]
#[derive(Debug)]
struct Words {
    /// Number of callbacks that have begun.
    calls: AtomicU64,
    /// The number of the current [`Callback`]; 0: none.
    callback: AtomicU64,
    node: AtomicU64,
    step: AtomicU64,
    time_ns: AtomicU64,
    events: AtomicU64,
    messages: AtomicU64,
}

/// The size of the file `[bytes]`: the system maps whole pages.
const PAGE: usize = 4096;

/// What was read from the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of callbacks that have begun.
    pub calls: u64,
    /// The current callback.
    pub callback: Option<Callback>,
    /// The node of the current or the last callback.
    pub node: u32,
    /// The progress of the run at that callback.
    pub progress: Progress,
}

// SAFETY: all access to the memory is through atomics, and it stays mapped for as
// long as the value lives.
#[allow(unsafe_code)]
unsafe impl Send for ProgressPage {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for ProgressPage {}

impl ProgressPage {
    /// Creates a page of zeros.
    ///
    /// # Errors
    ///
    /// If the system has no memory.
    pub fn create() -> io::Result<ProgressPage> {
        let file = File::from(memfd_create("runner-cell", MemfdFlags::CLOEXEC)?);
        file.set_len(PAGE as u64)?;
        ProgressPage::map(file)
    }

    /// The path at which another process opens it, while this process lives.
    pub fn path(&self) -> PathBuf {
        let (process, file) = (std::process::id(), self.file.as_raw_fd());
        PathBuf::from(format!("/proc/{process}/fd/{file}"))
    }

    /// Opens the page that another process created.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open(path: &Path) -> io::Result<ProgressPage> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() < PAGE as u64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        ProgressPage::map(file)
    }

    #[allow(unsafe_code)]
    fn map(file: File) -> io::Result<ProgressPage> {
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
        Ok(ProgressPage { words, file })
    }

    #[allow(unsafe_code)]
    #[inline]
    fn words(&self) -> &Words {
        // SAFETY: mapped for as long as `self` lives, aligned to a page, larger
        // than `Words`, and any bytes are atomics.
        unsafe { self.words.as_ref() }
    }

    /// Writes that a callback begins.
    #[inline]
    pub fn enter(&self, callback: Callback, node: u32, progress: Progress) {
        self.write(u64::from(callback as u8), node, progress);
    }

    #[inline]
    fn write(&self, callback: u64, node: u32, progress: Progress) {
        let words = self.words();
        words.node.store(u64::from(node), Relaxed);
        words.step.store(progress.step, Relaxed);
        words.time_ns.store(progress.time_ns, Relaxed);
        words.events.store(progress.events, Relaxed);
        words.messages.store(progress.messages, Relaxed);
        words.callback.store(callback, Relaxed);
        words.calls.store(words.calls.load(Relaxed) + 1, Relaxed);
    }

    /// Writes that the callback has returned.
    #[inline]
    pub fn leave(&self) {
        self.words().callback.store(0, Relaxed);
    }

    /// Resets the page before a run.
    pub fn clear(&self) {
        self.write(0, 0, Progress::default());
    }

    /// Reads the page.
    pub fn read(&self) -> Snapshot {
        let words = self.words();
        Snapshot {
            calls: words.calls.load(Relaxed),
            callback: Callback::from_number(words.callback.load(Relaxed)),
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

impl Drop for ProgressPage {
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
    fn one_process_reads_what_the_other_wrote() {
        let near = ProgressPage::create().unwrap();
        let far = ProgressPage::open(&near.path()).unwrap();
        assert_eq!(near.read(), Snapshot::default());
        let progress = Progress {
            time_ns: u64::MAX,
            step: 2,
            events: 3,
            messages: 4,
        };
        far.enter(Callback::Tick, 7, progress);
        let read = near.read();
        assert_eq!((read.calls, read.node), (1, 7));
        assert_eq!(read.callback, Some(Callback::Tick));
        assert_eq!(read.progress, progress);
        far.leave();
        assert_eq!(near.read().callback, None);
        drop(far);
        assert_eq!(near.read().progress, progress);
    }
}
