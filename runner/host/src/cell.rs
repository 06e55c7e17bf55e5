//! Where a run is, in memory that two processes share: the process that does the
//! run notes each callback before it makes it, the runner reads the note when that
//! process has died, or does not come back.
//!
//! One page of memory in a file without a name. There is one writer; each word is
//! written by itself, so a reader of a process that still runs may see words of
//! two callbacks. It acts only on what stands still.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use engine::world::Progress;
use os::shared::SharedPage;

/// One end of the shared memory.
#[derive(Debug)]
pub struct Cell {
    page: SharedPage,
}

/// What each word of the page holds.
mod word {
    /// Callbacks begun so far.
    pub const CALLS: usize = 0;
    /// Which callback is under way, as an index into [`super::CALLBACKS`]; 0: none.
    pub const INSIDE: usize = 1;
    pub const NODE: usize = 2;
    pub const STEP: usize = 3;
    pub const TIME_NS: usize = 4;
    pub const EVENTS: usize = 5;
    pub const MESSAGES: usize = 6;
}

/// The callbacks by their numbers here.
pub const CALLBACKS: [&str; 9] = [
    "",
    "new",
    "start",
    "message",
    "timer",
    "tick",
    "connect",
    "disconnect",
    "stop",
];

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

impl Cell {
    /// Fresh memory, all zero.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub fn create() -> io::Result<Cell> {
        let page = SharedPage::create("runner-cell")?;
        Ok(Cell { page })
    }

    /// Where another process finds it, as long as this one is there.
    pub fn path(&self) -> PathBuf {
        self.page.path()
    }

    /// The memory that another process made.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn open(path: &Path) -> io::Result<Cell> {
        let page = SharedPage::open(path)?;
        Ok(Cell { page })
    }

    /// A callback begins: its number in [`CALLBACKS`], the node, where the run is.
    #[inline]
    pub fn enter(&self, callback: usize, node: u32, progress: Progress) {
        let words = self.page.words();
        words[word::NODE].store(u64::from(node), Relaxed);
        words[word::STEP].store(progress.step, Relaxed);
        words[word::TIME_NS].store(progress.time_ns, Relaxed);
        words[word::EVENTS].store(progress.events, Relaxed);
        words[word::MESSAGES].store(progress.messages, Relaxed);
        words[word::INSIDE].store(callback as u64, Relaxed);
        let calls = &words[word::CALLS];
        calls.store(calls.load(Relaxed) + 1, Relaxed);
    }

    /// It has come back.
    #[inline]
    pub fn leave(&self) {
        self.page.words()[word::INSIDE].store(0, Relaxed);
    }

    /// Forgets what was, before a run.
    pub fn clear(&self) {
        self.enter(0, 0, Progress::default());
    }

    /// What stands there.
    pub fn read(&self) -> Note {
        let words = self.page.words();
        let load = |index: usize| words[index].load(Relaxed);
        let inside = load(word::INSIDE) as usize;
        Note {
            calls: load(word::CALLS),
            inside: CALLBACKS
                .get(inside)
                .copied()
                .filter(|name| !name.is_empty()),
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
        far.enter(5, 7, progress);
        let note = near.read();
        assert_eq!((note.calls, note.inside, note.node), (1, Some("tick"), 7));
        assert_eq!(note.progress, progress);
        far.leave();
        assert_eq!(near.read().inside, None);
        drop(far);
        assert_eq!(near.read().progress, progress);
    }
}
