//! The callbacks of a behavior: names and numbers, once.
//!
//! Errors show the names. The numbers are noted where a run may be watched from
//! another process, and are the bits by which a plugin lists what it handles.

/// A callback of a behavior; its value is its number, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Callback {
    /// Makes the node's state.
    New = 1,
    /// The node starts.
    Start,
    /// A message was taken from the inbox.
    Message,
    /// A timer is due.
    Timer,
    /// A tick found the inbox empty.
    Tick,
    /// A peer connected.
    Connect,
    /// A peer's connection closed.
    Disconnect,
    /// The run ends.
    Stop,
    /// Ends the node's state: at the end of the run, or when the node crashes.
    Drop,
}

impl Callback {
    /// All of them, in the order of their numbers.
    pub const ALL: [Callback; 9] = [
        Callback::New,
        Callback::Start,
        Callback::Message,
        Callback::Timer,
        Callback::Tick,
        Callback::Connect,
        Callback::Disconnect,
        Callback::Stop,
        Callback::Drop,
    ];

    /// The callback with this number.
    pub fn from_number(number: u64) -> Option<Callback> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Callback::ALL.get(index).copied()
    }

    /// Its name, as errors show it.
    pub const fn name(self) -> &'static str {
        match self {
            Callback::New => "new",
            Callback::Start => "start",
            Callback::Message => "message",
            Callback::Timer => "timer",
            Callback::Tick => "tick",
            Callback::Connect => "connect",
            Callback::Disconnect => "disconnect",
            Callback::Stop => "stop",
            Callback::Drop => "drop",
        }
    }

    /// Its bit in the list of what a behavior handles: 1 for `start`. `new`, which
    /// every behavior handles, has none: 0. Nor has `drop`.
    pub const fn bit(self) -> u64 {
        match self {
            Callback::Drop => 0,
            _ => (1 << (self as u64)) >> 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_found_by_its_number() {
        for callback in Callback::ALL {
            let number = callback as u64;
            assert_eq!(Callback::from_number(number), Some(callback));
        }
        assert_eq!(Callback::from_number(0), None);
        assert_eq!(Callback::from_number(10), None);
    }
}
