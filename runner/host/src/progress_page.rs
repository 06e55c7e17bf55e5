//! The progress of a run, on a page of memory that two processes share: the process that
//! does the run writes each callback to it before the call; the runner reads it when
//! that process has died or does not return from a callback.
//!
//! There is one writer. Each word is written on its own, so a reader may see the words of
//! two callbacks while the writer runs. The runner acts only on values that do not
//! change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use base::callback::Callback;
use engine::world::Progress;
use os::shared::SharedPage;

/// The page, as one of the two processes has it mapped.
#[derive(Debug)]
pub struct ProgressPage {
    page: SharedPage,
}

/// The words of the page, by their index.
mod word {
    /// Number of callbacks that have begun.
    pub const CALLS: usize = 0;
    /// The number of the current [`Callback`](base::callback::Callback); 0: none.
    pub const CALLBACK: usize = 1;
    pub const NODE: usize = 2;
    pub const STEP: usize = 3;
    pub const TIME_NS: usize = 4;
    pub const EVENTS: usize = 5;
    pub const MESSAGES: usize = 6;
}

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

impl ProgressPage {
    /// Creates a page of zeros.
    ///
    /// # Errors
    ///
    /// If the system has no memory.
    pub fn create() -> io::Result<ProgressPage> {
        let page = SharedPage::create("runner-progress")?;
        Ok(ProgressPage { page })
    }

    /// The path at which another process opens it, while this process lives.
    pub fn path(&self) -> PathBuf {
        self.page.path()
    }

    /// Opens the page that another process created.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open(path: &Path) -> io::Result<ProgressPage> {
        let page = SharedPage::open(path)?;
        Ok(ProgressPage { page })
    }

    /// Writes that a callback begins.
    #[inline]
    pub fn enter(&self, callback: Callback, node: u32, progress: Progress) {
        self.write(u64::from(callback as u8), node, progress);
    }

    #[inline]
    fn write(&self, callback: u64, node: u32, progress: Progress) {
        let words = self.page.words();
        words[word::NODE].store(u64::from(node), Relaxed);
        words[word::STEP].store(progress.step, Relaxed);
        words[word::TIME_NS].store(progress.time_ns, Relaxed);
        words[word::EVENTS].store(progress.events, Relaxed);
        words[word::MESSAGES].store(progress.messages, Relaxed);
        words[word::CALLBACK].store(callback, Relaxed);
        let calls = &words[word::CALLS];
        calls.store(calls.load(Relaxed) + 1, Relaxed);
    }

    /// Writes that the callback has returned.
    #[inline]
    pub fn leave(&self) {
        self.page.words()[word::CALLBACK].store(0, Relaxed);
    }

    /// Resets the page before a run.
    pub fn clear(&self) {
        self.write(0, 0, Progress::default());
    }

    /// Reads the page.
    pub fn read(&self) -> Snapshot {
        let words = self.page.words();
        let load = |index: usize| words[index].load(Relaxed);
        Snapshot {
            calls: load(word::CALLS),
            callback: Callback::from_number(load(word::CALLBACK)),
            node: load(word::NODE) as u32,
            progress: Progress {
                time_ns: load(word::TIME_NS),
                step: load(word::STEP),
                events: load(word::EVENTS),
                messages: load(word::MESSAGES),
            },
        }
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
