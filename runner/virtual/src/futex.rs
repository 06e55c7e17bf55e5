//! Futexes: words in memory for which threads wait (`futex(2)`). All waits of a program
//! are held here, timed or not, so the calls that wake them are done here, too: the kernel
//! knows of no sleeper.

use crate::hold::{Held, What};
use crate::kernel::Notification;

/// What a call of `futex` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Waits while the word has this value.
    Wait {
        value: u32,
        bits: u32,
        /// Whether the time-out is an instant, and not a span.
        absolute: bool,
    },
    /// Wakes so many.
    Wake { most: u32, bits: u32 },
    /// Wakes so many, and lets others wait for another word.
    Requeue {
        wake: u32,
        requeue: u32,
        to: u64,
        /// Only if the word has this value.
        value: Option<u32>,
    },
    /// With priorities: libraries can do without.
    Priority,
    /// Another one.
    Other(u32),
}

const ALL: u32 = u32::MAX;

impl Operation {
    /// The operation of a call.
    pub fn of(call: &Notification) -> Operation {
        let [_, operation, value, fourth, to, last] = call.arguments;
        let (value, last) = (value as u32, last as u32);
        let most = value.min(i32::MAX.cast_unsigned());
        match operation as i32 & libc::FUTEX_CMD_MASK {
            libc::FUTEX_WAIT => Operation::Wait {
                value,
                bits: ALL,
                absolute: false,
            },
            libc::FUTEX_WAIT_BITSET => Operation::Wait {
                value,
                bits: last,
                absolute: true,
            },
            libc::FUTEX_WAKE => Operation::Wake { most, bits: ALL },
            libc::FUTEX_WAKE_BITSET => Operation::Wake { most, bits: last },
            libc::FUTEX_REQUEUE => Operation::Requeue {
                wake: most,
                requeue: fourth as u32,
                to,
                value: None,
            },
            libc::FUTEX_CMP_REQUEUE => Operation::Requeue {
                wake: most,
                requeue: fourth as u32,
                to,
                value: Some(last),
            },
            libc::FUTEX_LOCK_PI
            | libc::FUTEX_UNLOCK_PI
            | libc::FUTEX_TRYLOCK_PI
            | libc::FUTEX_WAIT_REQUEUE_PI
            | libc::FUTEX_CMP_REQUEUE_PI
            | libc::FUTEX_LOCK_PI2 => Operation::Priority,
            other => Operation::Other(other.cast_unsigned()),
        }
    }
}

/// Wakes at most so many that wait for a word, in the order in which they came. Returns
/// how many.
pub fn wake(held: &mut [Held], word: u64, most: u32, bits: u32) -> u32 {
    let mut count = 0;
    for waits in held {
        if let What::Futex(futex) = &mut waits.what
            && !futex.woken
            && futex.address == word
            && futex.bits & bits != 0
            && count < most
        {
            futex.woken = true;
            count += 1;
        }
    }
    count
}

/// Lets at most so many that wait for a word wait for another one. Returns how many.
pub fn requeue(held: &mut [Held], word: u64, most: u32, to: u64) -> u32 {
    let mut count = 0;
    for waits in held {
        if let What::Futex(futex) = &mut waits.what
            && !futex.woken
            && futex.address == word
            && count < most
        {
            futex.address = to;
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold::Futex;

    fn waiting(words: &[(u64, u32)]) -> Vec<Held> {
        let futex = |&(address, bits)| Futex {
            address,
            value: 0,
            bits,
            shared: false,
            woken: false,
        };
        words
            .iter()
            .map(|word| Held::new(Notification::default(), 0, What::Futex(futex(word)), None))
            .collect()
    }

    fn woken(held: &[Held]) -> Vec<bool> {
        held.iter()
            .map(|it| matches!(&it.what, What::Futex(futex) if futex.woken))
            .collect()
    }

    #[test]
    fn the_first_that_came_are_woken_and_each_once() {
        let mut held = waiting(&[(8, ALL), (16, ALL), (8, ALL), (8, ALL)]);
        assert_eq!(wake(&mut held, 8, 2, ALL), 2);
        assert_eq!(woken(&held), [true, false, true, false]);
        assert_eq!(wake(&mut held, 8, 2, ALL), 1);
        assert_eq!(wake(&mut held, 8, 2, ALL), 0);
    }

    #[test]
    fn bits_select_who_is_woken() {
        let mut held = waiting(&[(8, 1), (8, 2)]);
        assert_eq!(wake(&mut held, 8, 9, 2), 1);
        assert_eq!(woken(&held), [false, true]);
    }

    #[test]
    fn a_requeued_wait_is_for_the_other_word() {
        let mut held = waiting(&[(8, ALL), (8, ALL)]);
        assert_eq!(requeue(&mut held, 8, 1, 32), 1);
        assert_eq!(wake(&mut held, 32, 9, ALL), 1);
        assert_eq!(woken(&held), [true, false]);
    }

    #[test]
    fn operations_are_read_from_the_arguments() {
        let of = |operation: i32, value: u64, fourth: u64, to: u64, last: u64| {
            let mut call = Notification::default();
            call.arguments = [0, operation as u64, value, fourth, to, last];
            Operation::of(&call)
        };
        let private = libc::FUTEX_PRIVATE_FLAG;
        assert_eq!(
            of(
                libc::FUTEX_WAIT_BITSET | private | libc::FUTEX_CLOCK_REALTIME,
                7,
                1,
                0,
                3
            ),
            Operation::Wait {
                value: 7,
                bits: 3,
                absolute: true
            }
        );
        assert_eq!(
            of(libc::FUTEX_WAKE | private, u64::MAX, 0, 0, 0),
            Operation::Wake {
                most: i32::MAX as u32,
                bits: ALL
            }
        );
        assert_eq!(
            of(libc::FUTEX_CMP_REQUEUE, 1, 5, 99, 4),
            Operation::Requeue {
                wake: 1,
                requeue: 5,
                to: 99,
                value: Some(4)
            }
        );
        assert_eq!(of(libc::FUTEX_WAKE_OP, 1, 1, 0, 0), Operation::Other(5));
        assert_eq!(of(libc::FUTEX_LOCK_PI, 1, 1, 0, 0), Operation::Priority);
    }
}
