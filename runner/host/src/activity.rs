//! What each thread is doing inside a plugin, for another thread, or for the end of the
//! process: a callback that does not return, or that ends the process, can be named.
//!
//! A callback costs two stores into memory that the thread has at hand. Everything else
//! is done by whoever looks.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::callback::Callback;

/// What one thread is doing inside plugins.
#[derive(Default)]
pub struct Activity {
    /// The current callback: its number, then the node; 0: none.
    callback: AtomicU64,
    about: Mutex<About>,
}

/// The current callback, if it is `record` of a check; its number is added.
const RECORD: u64 = 1 << 63;

/// What the numbers mean.
#[derive(Default)]
struct About {
    /// The run: `run 3`.
    run: String,
    name_of: Option<NameOf>,
    /// The names of the checks of the run.
    checks: Vec<String>,
    /// Something other than a callback of a node: `record` of a check.
    other: Option<String>,
}

/// The name of a node.
type NameOf = Box<dyn Fn(u32) -> String + Send>;

thread_local! {
    // Not dropped: it is looked at while the thread ends the process.
    static HERE: ManuallyDrop<Arc<Activity>> = ManuallyDrop::new(Arc::default());
}

/// The activity of this thread.
pub fn here() -> Arc<Activity> {
    HERE.with(|here| Arc::clone(here))
}

/// Does something with a plugin that is no callback of a node, which `text` names.
pub fn during<T>(text: impl FnOnce() -> String, work: impl FnOnce() -> T) -> T {
    let here = here();
    let before = here.about().other.replace(text());
    let result = work();
    here.about().other = before;
    result
}

impl Activity {
    /// A run begins in this thread.
    pub fn begin_run(&self, run: String, name_of: impl Fn(u32) -> String + Send + 'static) {
        self.leave();
        let mut about = self.about();
        about.run = run;
        about.name_of = Some(Box::new(name_of));
    }

    /// The run has ended.
    pub fn end_run(&self) {
        self.leave();
        *self.about() = About::default();
    }

    /// A callback begins.
    #[inline]
    pub(super) fn enter(&self, callback: Callback, node: u32) {
        let word = u64::from(callback as u8) << 32 | u64::from(node);
        self.callback.store(word, Relaxed);
    }

    /// The callback has returned.
    #[inline]
    pub(super) fn leave(&self) {
        self.callback.store(0, Relaxed);
    }

    /// Adds a check of the run, and returns its number.
    pub(super) fn add_check(&self, name: &str) -> u32 {
        let checks = &mut self.about().checks;
        checks.push(name.to_owned());
        checks.len() as u32 - 1
    }

    /// Hands a record to a check, during a callback of a node or not.
    #[inline]
    pub(super) fn recording<T>(&self, check: u32, work: impl FnOnce() -> T) -> T {
        let before = self.callback.load(Relaxed);
        self.callback.store(RECORD | u64::from(check), Relaxed);
        let result = work();
        self.callback.store(before, Relaxed);
        result
    }

    /// The plugin code in which the thread is: `` `tick` of node `a` ``; none: it is in
    /// none.
    pub fn text(&self) -> Option<String> {
        let word = self.callback.load(Relaxed);
        let about = self.about();
        if let Some(other) = &about.other {
            return Some(other.clone());
        }
        if word & RECORD != 0 {
            let check = about.checks.get(word as u32 as usize)?;
            return Some(format!("`record` of check `{check}`"));
        }
        let callback = Callback::from_number(word >> 32)?;
        let node = word as u32;
        let name = about.name_of.as_ref().map(|name_of| name_of(node));
        let name = name.unwrap_or_else(|| node.to_string());
        Some(format!("`{}` of node `{name}`", callback.name()))
    }

    /// The current run: `run 3`; empty: none.
    pub fn run(&self) -> String {
        self.about().run.clone()
    }

    fn about(&self) -> MutexGuard<'_, About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_thread_names_the_callback_of_this_one() {
        let here = here();
        assert_eq!(here.text(), None);
        here.begin_run("run 3".to_owned(), |node| format!("srv-{node}"));
        here.enter(Callback::Tick, 7);
        let far = here.clone();
        let text = std::thread::spawn(move || (far.run(), far.text()));
        let (run, text) = text.join().unwrap();
        assert_eq!(run, "run 3");
        assert_eq!(text.as_deref(), Some("`tick` of node `srv-7`"));
        let inside = during(|| "`record` of check `a.b`".to_owned(), || here.text());
        assert_eq!(inside.as_deref(), Some("`record` of check `a.b`"));
        assert_eq!(here.text().as_deref(), Some("`tick` of node `srv-7`"));
        let check = here.add_check("fair");
        let inside = here.recording(check, || here.text());
        assert_eq!(inside.as_deref(), Some("`record` of check `fair`"));
        assert_eq!(here.text().as_deref(), Some("`tick` of node `srv-7`"));
        here.leave();
        assert_eq!(here.text(), None);
        here.end_run();
    }
}
