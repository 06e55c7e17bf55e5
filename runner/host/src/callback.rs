//! The callbacks of behaviors, by the names that errors, traces and the progress page
//! use.

/// A callback of a behavior. The numbers are those on the progress page, where 0 means
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Callback {
    /// Creates the node's state.
    New = 1,
    /// The node starts.
    Start = 2,
    /// A message is handled.
    Message = 3,
    /// A timer is due.
    Timer = 4,
    /// A tick found the inbox empty.
    Tick = 5,
    /// A peer connected.
    Connect = 6,
    /// A peer's connection closed.
    Disconnect = 7,
    /// The run ends.
    Stop = 8,
}

impl Callback {
    const ALL: [Callback; 8] = [
        Callback::New,
        Callback::Start,
        Callback::Message,
        Callback::Timer,
        Callback::Tick,
        Callback::Connect,
        Callback::Disconnect,
        Callback::Stop,
    ];

    /// The callback of this number.
    pub fn from_number(number: u64) -> Option<Callback> {
        Self::ALL.into_iter().find(|it| *it as u64 == number)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Callback::New => "new",
            Callback::Start => "start",
            Callback::Message => "message",
            Callback::Timer => "timer",
            Callback::Tick => "tick",
            Callback::Connect => "connect",
            Callback::Disconnect => "disconnect",
            Callback::Stop => "stop",
        }
    }
}
