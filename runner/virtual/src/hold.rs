//! A call that is held, and what it waits for.

use crate::kernel::Notification;
use crate::watch::Watch;

/// A call that is held.
#[derive(Debug)]
pub struct Held {
    pub call: Notification,
    /// Its place among all that were held, first to last.
    pub order: u64,
    pub what: What,
    /// The time at which it is released without what it waits for `[ns]`.
    pub due: Option<u64>,
    /// Whether its task has got a signal.
    pub interrupted: bool,
    /// Whether it asked for no time: it is held because the task does so again and again.
    pub is_pause: bool,
}

impl Held {
    /// A call that is held from now on.
    pub fn new(call: Notification, order: u64, what: What, due: Option<u64>) -> Held {
        Held {
            call,
            order,
            what,
            due,
            interrupted: false,
            is_pause: false,
        }
    }
}

/// What a held call waits for.
#[derive(Debug)]
pub enum What {
    /// Its turn: the call has not been looked at.
    Turn,
    /// Bytes on standard input.
    Input,
    /// Time alone.
    Time,
    /// That it is woken at a word of memory.
    Futex(Futex),
    /// That descriptors are ready.
    Ready(Watch),
}

/// A wait for a word of memory.
#[derive(Clone, Copy, Debug)]
pub struct Futex {
    pub address: u64,
    /// What the word was.
    pub value: u32,
    pub bits: u32,
    /// Whether the kernel itself may change the word and wake who waits: when a thread
    /// ends, it does so to the one that joins it.
    pub shared: bool,
    pub woken: bool,
}
