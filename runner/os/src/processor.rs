//! The processors that a thread may use (sched_setaffinity(2)).

use std::{fs, io};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Processors of this machine, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processors(CpuSet);

impl Processors {
    /// Those that this thread may use.
    ///
    /// # Errors
    ///
    /// If the system refuses: it has more than 1,024.
    pub fn of_this_thread() -> io::Result<Processors> {
        Ok(Processors(sched_getaffinity(None)?))
    }

    /// This one alone.
    pub fn one(number: usize) -> Processors {
        let mut set = CpuSet::new();
        set.set(number);
        Processors(set)
    }

    /// Their numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..CpuSet::MAX_CPU).filter(|&number| self.0.is_set(number))
    }

    /// Has this thread run on these alone.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn hold_this_thread(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.0)?)
    }

    /// Has all threads of a process, and what they begin from now on, run on these alone.
    pub(crate) fn hold_process(&self, process: i32) -> io::Result<()> {
        // A thread may begin another one before it is held itself.
        for _ in 0..2 {
            for thread in fs::read_dir(format!("/proc/{process}/task"))? {
                let name = thread?.file_name();
                let number = name.to_str().and_then(|it| it.parse().ok());
                if let Some(thread) = number.and_then(Pid::from_raw) {
                    // It may have ended.
                    let _ = sched_setaffinity(Some(thread), &self.0);
                }
            }
        }
        Ok(())
    }
}

/// The number of the processor on which this thread runs.
pub fn current() -> usize {
    sched_getcpu()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::thread;

    #[test]
    fn a_thread_stays_on_the_processor_that_it_is_given() {
        let found = thread::spawn(|| {
            let before = Processors::of_this_thread().expect("Linux tells");
            let last = before.iter().last().expect("it runs on one");
            Processors::one(last).hold_this_thread().expect("it may");
            let now = Processors::of_this_thread().expect("Linux tells");
            assert_eq!(now.iter().collect::<Vec<_>>(), [last]);
            assert_eq!(current(), last);
            before.hold_this_thread().expect("it may");
            (before, Processors::of_this_thread().expect("Linux tells"))
        });
        let (before, after) = found.join().expect("no panic");
        assert_eq!(before, after);
    }

    #[test]
    fn a_process_that_has_ended_cannot_be_held() {
        let gone = Command::new("true").spawn().and_then(|mut it| {
            it.wait()?;
            Ok(it.id())
        });
        let gone = gone.expect("it runs") as i32;
        assert!(Processors::one(0).hold_process(gone).is_err());
    }
}
