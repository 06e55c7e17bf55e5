//! When a run without an end of its own is over, though its nodes are in several processes:
//! nothing is due in any of them, and no message is between two of them.
//!
//! A process that has nothing to do cannot know this: a message may be on its way to it. So
//! each process that has nothing to do says how many frames it has sent to nodes of other
//! processes and received from them. If the sums over all processes are equal, it may still
//! be chance, since the processes said so at different times. So all are asked again, once
//! all have replied. If they reply the same sums, none has sent or received anything
//! between its two replies; so at an instant between the two rounds all were at rest at once,
//! with nothing on its way, and nothing can happen any more (Mattern, Algorithms for
//! Distributed Termination Detection, 1987, section 3.2, the four counter method).
//!
//! A process says so once nothing has happened in it for a while. Nodes that answer each other
//! have nothing to do after each message; three messages to the runner and back for each of
//! theirs would take longer than theirs.
//!
//! Datagrams are not counted, since they may be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::control::Sender;
use super::{NodeOrder, NodeReport};

/// The first round. Nobody has to ask for it.
const FIRST: u64 = 1;

/// A process has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRest {
    /// The round that it replies in.
    pub round: u64,
    /// Number of frames that it has sent to nodes of other processes.
    pub sent: u64,
    /// Number of frames that it has received from them.
    pub received: u64,
}

/// What the supervisor does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Some process has not replied in this round.
    Wait,
    /// Asks all processes again, in this round.
    Ask(u64),
    /// Nothing can happen any more.
    Over,
}

/// The supervisor's side.
#[derive(Debug)]
pub struct Quiescence {
    round: u64,
    /// The replies of this round, by process.
    replies: BTreeMap<usize, AtRest>,
    /// The sums of the round before, if they were equal.
    before: Option<(u64, u64)>,
}

impl Default for Quiescence {
    fn default() -> Quiescence {
        Quiescence {
            round: FIRST,
            replies: BTreeMap::new(),
            before: None,
        }
    }
}

impl Quiescence {
    /// A process has replied.
    pub fn note(&mut self, process: usize, reply: AtRest) {
        if reply.round == self.round {
            self.replies.insert(process, reply);
        }
    }

    /// What to do, if these processes still run.
    pub fn next(&mut self, running: impl IntoIterator<Item = usize>) -> Next {
        let (mut sent, mut received) = (0, 0);
        let mut any = false;
        for process in running {
            let Some(reply) = self.replies.get(&process) else {
                return Next::Wait;
            };
            any = true;
            sent += reply.sent;
            received += reply.received;
        }
        if !any {
            return Next::Wait;
        }
        let sums = (sent == received).then_some((sent, received));
        if sums.is_some() && sums == self.before {
            return Next::Over;
        }
        self.before = sums;
        self.round += 1;
        self.replies.clear();
        Next::Ask(self.round)
    }
}

/// The side of a process: its orders about rest, for the thread that runs its nodes.
#[derive(Clone, Debug)]
pub struct RestWatch {
    asked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    reports: Sender,
    replied: u64,
}

impl RestWatch {
    /// Reports to the runner.
    pub fn new(reports: Sender) -> RestWatch {
        RestWatch {
            asked: Arc::new(AtomicU64::new(FIRST)),
            over: Arc::default(),
            reports,
            replied: 0,
        }
    }

    /// Takes an order that is about rest; returns any other. A job begins anew.
    pub fn take(&self, order: NodeOrder) -> Option<NodeOrder> {
        match order {
            NodeOrder::Rest(round) => {
                self.asked.store(round, Ordering::Relaxed);
                None
            }
            NodeOrder::Finish => {
                self.over.store(true, Ordering::Relaxed);
                None
            }
            NodeOrder::Job(_) => {
                self.asked.store(FIRST, Ordering::Relaxed);
                self.over.store(false, Ordering::Relaxed);
                Some(order)
            }
            other => Some(other),
        }
    }

    /// This process has nothing to do. Replies, once in a round; returns whether nothing can
    /// happen any more in the whole run.
    pub fn is_over(&mut self, counts: impl FnOnce() -> (u64, u64)) -> bool {
        if self.over.load(Ordering::Relaxed) {
            return true;
        }
        let round = self.asked.load(Ordering::Relaxed);
        if round != self.replied {
            self.replied = round;
            let (sent, received) = counts();
            // If the runner is gone, the thread that receives orders notices it.
            let _ = self.reports.send(&NodeReport::AtRest(AtRest {
                round,
                sent,
                received,
            }));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies of processes 0, 1, ... in a round: (sent, received) each.
    fn round(rest: &mut Quiescence, number: u64, counts: &[(u64, u64)]) -> Next {
        let processes = 0..counts.len();
        for (process, &(sent, received)) in counts.iter().enumerate() {
            assert_eq!(rest.next(processes.clone()), Next::Wait);
            rest.note(
                process,
                AtRest {
                    round: number,
                    sent,
                    received,
                },
            );
        }
        rest.next(processes)
    }

    #[test]
    fn two_rounds_with_the_same_equal_sums_are_the_end() {
        let mut rest = Quiescence::default();
        assert_eq!(round(&mut rest, 1, &[(3, 2), (2, 3)]), Next::Ask(2));
        assert_eq!(round(&mut rest, 2, &[(3, 2), (2, 3)]), Next::Over);
    }

    #[test]
    fn a_message_on_its_way_or_between_two_rounds_is_no_end() {
        let mut rest = Quiescence::default();
        // Two messages are on their way; then they have arrived.
        assert_eq!(round(&mut rest, 1, &[(5, 2), (2, 3)]), Next::Ask(2));
        assert_eq!(round(&mut rest, 2, &[(5, 2), (2, 5)]), Next::Ask(3));
        // A request and its reply between two rounds.
        assert_eq!(round(&mut rest, 3, &[(6, 3), (3, 6)]), Next::Ask(4));
        assert_eq!(round(&mut rest, 4, &[(6, 3), (3, 6)]), Next::Over);
    }

    #[test]
    fn equal_sums_by_chance_are_no_end() {
        // The first said so before it received a message, the second after it had sent one
        // to the first and received one from the third, which had not said so yet.
        let mut rest = Quiescence::default();
        assert_eq!(round(&mut rest, 1, &[(0, 0), (1, 1), (0, 0)]), Next::Ask(2));
        assert_eq!(round(&mut rest, 2, &[(0, 1), (1, 1), (1, 0)]), Next::Ask(3));
        assert_eq!(round(&mut rest, 3, &[(0, 1), (1, 1), (1, 0)]), Next::Over);
    }

    #[test]
    fn a_late_reply_of_an_earlier_round_does_not_count() {
        let mut rest = Quiescence::default();
        let reply = |round| AtRest {
            round,
            sent: 0,
            received: 0,
        };
        rest.note(0, reply(1));
        assert_eq!(rest.next([0]), Next::Ask(2));
        rest.note(0, reply(1));
        assert_eq!(rest.next([0]), Next::Wait);
        // Nobody runs any more.
        assert_eq!(rest.next([]), Next::Wait);
    }
}
