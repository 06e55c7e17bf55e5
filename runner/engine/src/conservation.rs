//! The account of messages: every message that a node sent has one end.
//!
//! A message that was sent, or that a link duplicated, is handled by a node, or dropped
//! (with a record), or still on a link or in an inbox. In real time messages also enter
//! and leave the process, over sockets. Each number is counted where it happens, except
//! those in flight, which are the messages in the slab. If the two sides differ, the
//! engine has a bug, and the run is not valid.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a run's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conservation {
    /// Sent by nodes.
    pub sent: u64,
    /// Copies that links made.
    pub duplicated: u64,
    /// Received from sockets: from other nodes and from external peers.
    pub entered: u64,
    /// Handled by nodes.
    pub delivered: u64,
    /// Lost on links, cut by partitions, over a limit, or sent to a node that is down.
    pub dropped: u64,
    /// On links and in inboxes at the end.
    pub in_flight: u64,
    /// Handed to sockets.
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

    /// Whether the account balances.
    pub fn holds(&self) -> bool {
        self.sent + self.duplicated + self.entered
            == self.delivered + self.dropped + self.in_flight + self.left
    }
}

impl fmt::Display for Conservation {
    /// `10 sent + 1 duplicated = 8 delivered + 2 dropped + 1 in flight`, with the
    /// numbers of sockets if there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent + {} duplicated", self.sent, self.duplicated)?;
        let sockets = self.entered + self.left > 0;
        if sockets {
            write!(f, " + {} from wires", self.entered)?;
        }
        let equals = if self.holds() { "=" } else { "is not" };
        write!(
            f,
            " {equals} {} delivered + {} dropped + {} in flight",
            self.delivered, self.dropped, self.in_flight
        )?;
        if sockets {
            write!(f, " + {} to wires", self.left)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_shows_whether_it_balances() {
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
