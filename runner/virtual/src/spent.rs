//! How long a program has gone on: by a clock that stands still while other programs have the
//! processors, so that a machine that is busy or was suspended does not end a program that would
//! have rested, nor give the turn of one task to another.

use std::time::{Duration, Instant};

use os::patience::{EVERY, Patience};

use crate::Fault;

/// A span of a program's life, which goes on.
#[derive(Clone, Debug)]
pub struct Spent {
    process: u32,
    begun: Instant,
    /// None as long as it has hardly begun: most spans end before that.
    patience: Option<Patience>,
}

impl Spent {
    /// A span that begins now.
    pub fn of(process: i32) -> Spent {
        Spent {
            process: process.cast_unsigned(),
            begun: Instant::now(),
            patience: None,
        }
    }

    /// Which fault it is that the span is longer than `bound`, if it is. `is_quiet` says whether
    /// the program has not called this process for a while. To be called again and again, as
    /// [`Patience::look`].
    pub fn exceeds(&mut self, bound: Duration, is_quiet: bool) -> Option<Fault> {
        // The clock is read without a system call.
        if self.patience.is_none() && self.begun.elapsed() < EVERY {
            return None;
        }
        let process = self.process;
        let patience = self.patience.get_or_insert_with(|| Patience::with(process));
        match is_quiet {
            true => patience.look(),
            false => patience.look_while_it_goes_on(),
        }
        if !patience.is_over(bound) {
            return None;
        }
        Some(match patience.computed() > bound / 2 {
            true => Fault::NoRest(bound),
            false => Fault::Stuck(bound),
        })
    }
}
