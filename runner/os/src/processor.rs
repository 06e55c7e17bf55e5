//! The processors that a thread may use (sched_setaffinity(2)).

use std::io;

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

    /// Has the first thread of a process, and the threads that it begins from now on, run on
    /// these alone.
    pub(crate) fn hold_process(&self, process: u32) -> io::Result<()> {
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        match process {
            Some(_) => Ok(sched_setaffinity(process, &self.0)?),
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
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
    fn there_is_no_process_0() {
        assert!(Processors::one(0).hold_process(0).is_err());
        let gone = Command::new("true").spawn().and_then(|mut it| {
            it.wait()?;
            Ok(it.id())
        });
        let gone = gone.expect("it runs");
        assert!(Processors::one(0).hold_process(gone).is_err());
    }
}
