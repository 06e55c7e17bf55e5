//! The machine: one step per tick.
//!
//! If a message waits, the machine takes one: its clock becomes
//! `max(clock, received) + 1` (Lamport's IR2). Without one, the machine rolls a
//! die, its clock goes up by one (IR1), and by the roll it
//!
//! | roll | three machines | more than three |
//! |---|---|---|
//! | 1 | sends to the next machine | sends to a random other |
//! | 2 | sends to the one after it | sends to a random other |
//! | 3 | sends to both | sends to two random others, or to all (`broadcast = "all"`) |
//! | else | internal event | internal event |
//!
//! With two machines, each of 1 to 3 sends to the other one. A machine alone has internal
//! events only.

use crate::{Broadcast, Config};
use runner_sdk::{
    Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Rejected, Result,
};

#[cfg(test)]
mod tests;

/// The logical clock.
pub const CLOCK: Column<u64> = Column::new(0, "clock", "Lamport clock after the step");

/// A tick without a message to take or to send.
pub const INTERNAL: Event = Event::new(0, "internal", "a tick that took and sent no message");

/// The state of a machine: 16 bytes, so that a million machines need little memory. What
/// the machines of a group share is in the config.
pub struct Machine {
    clock: u64,
    /// The index of the next roll in the script.
    next_roll: u32,
}

impl Behavior for Machine {
    type Config = Config;
    const NAME: &'static str = "machine";
    const DOCS: &'static str = "A machine with a Lamport clock. On each tick it takes one waiting \
        message (clock = max(clock, received) + 1) or, with none, rolls a die: 1 sends its clock \
        to the next machine, 2 to the one after it, 3 to all others, anything else is an internal \
        event; the clock goes up by one.";
    const COLUMNS: &'static [ColumnInfo] = &[CLOCK.info()];
    const EVENTS: &'static [Event] = &[INTERNAL];
    const CLOCKED: bool = true;

    fn check(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(CLOCK, 0);
        Ok(Machine {
            clock: 0,
            next_roll: 0,
        })
    }

    #[inline]
    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let encoding = node.config().encoding;
        let received = encoding.decode(bytes).map_err(Rejected::because)?;
        // Anybody can send to a machine that listens.
        if from.0 >= node.peer_count() && received > encoding.most_from_outside() {
            return Err(Rejected::because(encoding.too_far_ahead(received)));
        }
        self.advance(node, self.clock.max(received))
    }

    #[inline]
    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        let before = self.clock;
        let roll = self.roll(node);
        self.advance(node, before)?;
        let sent = match node.config().send_before_increment {
            true => before,
            false => self.clock,
        };
        match (roll, node.peer_count()) {
            (1..=3, 1) => send(node, sent, [Peer(0)]),
            (1..=2, 2) => send(node, sent, [Peer(roll - 1)]),
            (3, 2) => send(node, sent, [Peer(0), Peer(1)]),
            (1..=2, others @ 3..) => {
                let one = random_peer(node, others);
                send(node, sent, [one])
            }
            (3, others @ 3..) => match node.config().broadcast {
                Broadcast::All => send(node, sent, node.peers()),
                Broadcast::Two => {
                    let two = two_random_peers(node, others);
                    send(node, sent, two)
                }
            },
            _ => {
                node.record(INTERNAL);
                Ok(())
            }
        }
    }
}

impl Machine {
    /// Sets the clock to one more than `from`.
    #[inline]
    fn advance(&mut self, node: &mut Context<Self>, from: u64) -> Result {
        let Some(clock) = from.checked_add(1) else {
            return Err("the clock is at its greatest value, 2^64 - 1".into());
        };
        self.clock = clock;
        node.set(CLOCK, clock);
        Ok(())
    }

    /// The next roll of the die: from the script, or random.
    #[inline]
    fn roll(&mut self, node: &mut Context<Self>) -> u32 {
        let config = node.config();
        let Some(&roll) = config.script.get(self.next_roll as usize) else {
            return node.random().uniform_int(1..=u64::from(config.faces)) as u32;
        };
        self.next_roll += 1;
        if self.next_roll as usize == config.script.len() {
            self.next_roll = 0;
        }
        roll
    }
}

/// Sends a clock to each of these.
#[inline]
fn send(node: &mut Context<Machine>, clock: u64, to: impl IntoIterator<Item = Peer>) -> Result {
    let encoded = node.config().encoding.encode(clock)?;
    to.into_iter()
        .try_for_each(|peer| node.send(peer, encoded.as_bytes()))
}

/// A random peer of `others`, which is at least 1.
fn random_peer(node: &mut Context<Machine>, others: u32) -> Peer {
    Peer(node.random().uniform_int(0..=u64::from(others - 1)) as u32)
}

/// Two different random peers of `others`, which is at least 2; each pair has the same
/// probability.
fn two_random_peers(node: &mut Context<Machine>, others: u32) -> [Peer; 2] {
    let first = random_peer(node, others);
    // The second is drawn from the rest; the indices from `first` on are one higher.
    let Peer(second) = random_peer(node, others - 1);
    [first, Peer(second + u32::from(second >= first.0))]
}
