//! Whether a program runs on the processor of the thread that asks it.
//!
//! One of the two waits while the other goes on. On two processors, each is woken on one that
//! has been idle, which takes ten times as long as most answers. But a program that computes for
//! long, maybe with many threads, is to have the whole machine.

use std::time::Duration;

/// An answer that takes no longer is quick, wherever the program runs. Chosen, not tuned.
const QUICK: Duration = Duration::from_millis(1);
/// After so many quick answers in a row it runs beside the thread. Chosen, not tuned.
const QUICK_ANSWERS: u32 = 16;
/// A program whose answer takes longer computes, or the processor is busy with something else.
/// Chosen, not tuned.
const SLOW: Duration = Duration::from_millis(5);

/// Where a program runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Near {
    /// How many of its last answers were quick.
    quick: u32,
    beside: bool,
}

impl Near {
    /// Notes how long an answer took. Returns whether the program is to run beside the thread
    /// from now on, if that changes.
    pub fn answered(&mut self, took: Duration) -> Option<bool> {
        self.quick = match took <= QUICK {
            true => self.quick.saturating_add(1),
            false => 0,
        };
        let beside = match self.beside {
            true => took <= SLOW,
            false => self.quick >= QUICK_ANSWERS,
        };
        let changes = beside != self.beside;
        self.beside = beside;
        changes.then_some(beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What changes after each of these answers `[ms]`.
    fn changes(near: &mut Near, answers: &[f64]) -> Vec<Option<bool>> {
        let answered = |&ms: &f64| near.answered(Duration::from_secs_f64(ms / 1e3));
        answers.iter().map(answered).collect()
    }

    #[test]
    fn a_program_runs_beside_the_thread_while_it_answers_at_once() {
        let mut near = Near::default();
        assert_eq!(changes(&mut near, &[0.1; 15]), [None; 15]);
        assert_eq!(changes(&mut near, &[3.0]), [None], "not in a row");
        assert_eq!(changes(&mut near, &[0.1; 15]), [None; 15]);
        assert_eq!(changes(&mut near, &[0.1]), [Some(true)]);
        assert_eq!(changes(&mut near, &[0.1, 3.0, 4.9, 0.1]), [None; 4]);
        assert_eq!(changes(&mut near, &[5.1, 0.1]), [Some(false), None]);
        assert_eq!(changes(&mut near, &[0.1; 15])[14], Some(true));
    }
}
