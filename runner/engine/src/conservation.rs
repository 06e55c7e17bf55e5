//! The account of messages: none appears from nowhere, none is gone without a
//! trace.
//!
//! What was sent, and what links doubled, was handled by a node, was dropped (and
//! recorded as that), or is still under way: on a link, in an inbox, or in a
//! server's hands. In real time some of it crosses the edge of the process: over
//! the wire between two nodes, to and from programs of others. Each side is
//! counted where it happens; what is under way is what the slab of messages holds.
//! If the two sides differ, the engine is wrong, and so is the run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a run's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conservation {
    /// Handed to links by nodes.
    pub sent: u64,
    /// Copies that links made.
    pub duplicated: u64,
    /// Came over wires, from nodes and from programs of others.
    pub entered: u64,
    /// Handled by nodes.
    pub delivered: u64,
    /// Lost on links, cut or overflowing, or for a node that is down.
    pub dropped: u64,
    /// On links and in inboxes at the end.
    pub in_flight: u64,
    /// Handed to wires.
    pub left: u64,
}

impl Conservation {
    /// Adds the account of another process's nodes.
    pub fn add(&mut self, other: &Conservation) {
        self.sent += other.sent;
        self.duplicated += other.duplicated;
        self.entered += other.entered;
        self.delivered += other.delivered;
        self.dropped += other.dropped;
        self.in_flight += other.in_flight;
        self.left += other.left;
    }

    /// Whether what came into being is what became of it.
    pub fn holds(&self) -> bool {
        self.sent + self.duplicated + self.entered
            == self.delivered + self.dropped + self.in_flight + self.left
    }
}

impl fmt::Display for Conservation {
    /// `10 sent + 1 duplicated = 8 delivered + 2 dropped + 1 in flight`, with what
    /// crossed wires if anything did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent + {} duplicated", self.sent, self.duplicated)?;
        let wires = self.entered + self.left > 0;
        if wires {
            write!(f, " + {} from wires", self.entered)?;
        }
        let equals = if self.holds() { "=" } else { "is not" };
        write!(
            f,
            " {equals} {} delivered + {} dropped + {} in flight",
            self.delivered, self.dropped, self.in_flight
        )?;
        if wires {
            write!(f, " + {} to wires", self.left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_says_whether_it_balances() {
        let mut account = Conservation {
            sent: 10,
            duplicated: 1,
            delivered: 8,
            dropped: 2,
            in_flight: 1,
            ..Conservation::default()
        };
        assert!(account.holds());
        let words = "10 sent + 1 duplicated = 8 delivered + 2 dropped + 1 in flight";
        assert_eq!(account.to_string(), words);
        account.entered = 3;
        assert!(!account.holds());
        let words = "10 sent + 1 duplicated + 3 from wires is not 8 delivered + 2 dropped \
                     + 1 in flight + 0 to wires";
        assert_eq!(account.to_string(), words);
    }
}
