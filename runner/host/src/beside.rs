//! Programs that run on the processor of the thread that waits for their answers.
//!
//! A thread asks a program, waits, and goes on when the program waits in turn. The system sees
//! two that would like to run, and wakes each on the processor that is idle: it has to be woken
//! itself first, which takes longer than most answers, in a virtual machine many times as long.
//! On one processor, the one goes on where the other stops.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use os::processor::{self, Processors};

use crate::programs;

/// Where a thread waits for programs.
#[derive(Debug)]
struct Place {
    /// The processors that it could use before.
    before: Processors,
    processor: usize,
    programs: BTreeSet<u64>,
}

thread_local! {
    static HERE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// How many threads of this process wait for programs on a processor.
static TAKEN: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

fn taken() -> MutexGuard<'static, BTreeMap<usize, usize>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a program run on the processor of this thread, which stays there, or anywhere again.
/// Nothing happens if the system refuses.
pub(super) fn put(id: u64, beside: bool) {
    HERE.with_borrow_mut(|here| match (here.as_mut(), beside) {
        (Some(place), true) => place.add(id),
        (None, true) => {
            *here = Place::take().ok();
            if let Some(place) = here {
                place.add(id);
            }
        }
        (Some(place), false) => {
            place.remove(id);
            if place.programs.is_empty() {
                *here = None;
            }
        }
        (None, false) => {}
    });
}

/// This thread has started a program, which may run anywhere: the system had it begin on the
/// processor of this thread alone, if that is held there.
pub(super) fn started(id: u64) {
    HERE.with_borrow(|here| {
        if let Some(place) = here {
            programs::run_on(id, &place.before);
        }
    });
}

/// The programs of this thread run anywhere again, and it does.
pub(super) fn end() {
    HERE.set(None);
}

impl Place {
    /// Holds this thread on the processor where it is, or on another one if a thread of this
    /// process waits there.
    fn take() -> io::Result<Place> {
        let before = Processors::of_this_thread()?;
        let current = processor::current();
        let mut taken = taken();
        let load = |number: &usize| {
            let threads = taken.get(number).copied().unwrap_or(0);
            (threads, *number != current)
        };
        let processor = before.iter().min_by_key(load).unwrap_or(current);
        Processors::one(processor).hold_this_thread()?;
        *taken.entry(processor).or_default() += 1;
        Ok(Place {
            before,
            processor,
            programs: BTreeSet::new(),
        })
    }

    fn add(&mut self, id: u64) {
        self.programs.insert(id);
        programs::run_on(id, &Processors::one(self.processor));
    }

    fn remove(&mut self, id: u64) {
        if self.programs.remove(&id) {
            programs::run_on(id, &self.before);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for &id in &self.programs {
            programs::run_on(id, &self.before);
        }
        let _ = self.before.hold_this_thread();
        if let Some(threads) = taken().get_mut(&self.processor) {
            *threads -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_have_processors_of_their_own_and_give_them_back() {
        let before = Processors::of_this_thread().expect("Linux tells");
        let count = before.iter().count();
        // Each thread holds its processor until all have one.
        let all = std::sync::Barrier::new(count);
        let numbers = std::thread::scope(|scope| {
            let wait = || {
                put(u64::MAX, true);
                let now = Processors::of_this_thread().expect("Linux tells");
                all.wait();
                put(u64::MAX, false);
                assert_eq!(Processors::of_this_thread().expect("Linux tells"), before);
                now.iter().collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(wait)).collect();
            let numbers = threads.into_iter().map(|it| it.join().expect("no panic"));
            numbers.collect::<Vec<_>>()
        });
        let mut numbers = numbers.concat();
        numbers.sort_unstable();
        assert_eq!(numbers, before.iter().collect::<Vec<_>>());
    }
}
