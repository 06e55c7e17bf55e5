//! Judges whether each message was delivered exactly once, in order per sender, or is still
//! queued. It uses only the logs, not the state of the service.
//!
//! The rules of a correct chat:
//!
//! 1. The server accepts the numbers of a sender in increasing order, so it accepts no message
//!    twice; and it accepts only messages that a user sent.
//! 2. The server numbers the messages of a mailbox 1, 2, 3 and so on. Users receive them in this
//!    order, without a gap and none twice.
//! 3. No message is acknowledged before its recipient received it, and the recipient sees the
//!    sender from which the server accepted it.
//! 4. The messages that are neither acknowledged nor deleted with their account are the waiting
//!    messages of the server.
//!
//! Rules 1 and 2 imply the order per sender. A received message whose acknowledgement is in
//! flight counts as queued: it may arrive again, and rule 2 finds it if it is shown again.

use mailbox::Mailbox;
use std::collections::BTreeMap;

mod mailbox;
#[cfg(test)]
mod tests;

/// An event from the logs. Events are in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A user sends a message for the first time.
    Submitted {
        /// The sender.
        from: &'a str,
        /// The recipient.
        to: &'a str,
        /// The sender's number for the message.
        number: u64,
    },
    /// The server accepts a message.
    Accepted {
        /// The sender.
        from: &'a str,
        /// The recipient.
        to: &'a str,
        /// The sender's number for the message.
        number: u64,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in the mailbox.
        id: u64,
    },
    /// A user receives a message.
    Received {
        /// The sender.
        from: &'a str,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in the mailbox.
        id: u64,
    },
    /// The server receives the acknowledgement of all messages of a mailbox up to one.
    Acknowledged {
        /// The mailbox.
        mailbox: u64,
        /// The last of the messages.
        id: u64,
        /// Whether the sender of the acknowledgement has no log.
        outside: bool,
    },
    /// An account is deleted with its waiting messages.
    Deleted {
        /// Name of the account.
        name: &'a str,
        /// Its mailbox.
        mailbox: u64,
    },
    /// The server starts with an empty state, at its start or after a crash.
    Started,
    /// The number of waiting messages in the server's last row.
    Waiting {
        /// Number of messages in all mailboxes.
        count: u64,
    },
}

/// The result of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<R> {
    /// All rules hold.
    Correct {
        /// Number of messages that the server accepted.
        accepted: u64,
        /// Number of messages that users received.
        received: u64,
        /// Number of messages without an acknowledgement.
        queued: u64,
    },
    /// A rule is broken.
    Broken {
        /// What happened.
        reason: String,
        /// The rows that prove it.
        rows: Vec<R>,
    },
    /// The logs have no message.
    Unknown {
        /// The reason.
        reason: String,
    },
}

/// Judges the events; `R` identifies a row.
#[derive(Clone, Debug)]
pub struct Delivery<R> {
    mailboxes: BTreeMap<u64, Mailbox<R>>,
    /// For each sender, the last number that the server accepted, and its row.
    senders: BTreeMap<String, (u64, R)>,
    /// Users that have a log.
    users: BTreeMap<String, ()>,
    /// Messages that are only submitted or only accepted so far, by sender, recipient and
    /// number. Messages that are both are removed.
    unmatched: BTreeMap<(String, String, u64), Unmatched<R>>,
    accepted: u64,
    received: u64,
    broken: Option<(String, Vec<R>)>,
}

#[derive(Clone, Debug)]
struct Unmatched<R> {
    /// Number of submissions minus number of acceptances.
    balance: i64,
    row: R,
}

impl<R> Default for Delivery<R> {
    fn default() -> Self {
        Delivery {
            mailboxes: BTreeMap::new(),
            senders: BTreeMap::new(),
            users: BTreeMap::new(),
            unmatched: BTreeMap::new(),
            accepted: 0,
            received: 0,
            broken: None,
        }
    }
}

impl<R: Clone> Delivery<R> {
    /// Adds the event of a row. After the first broken rule all events are ignored.
    pub fn add(&mut self, row: R, event: Event<'_>) {
        if self.broken.is_some() {
            return;
        }
        let judged = match event {
            Event::Submitted { from, to, number } => {
                self.users.entry(from.to_owned()).or_default();
                self.matched((from, to, number), 1, row);
                Ok(())
            }
            Event::Accepted {
                from,
                to,
                number,
                mailbox,
                id,
            } => {
                self.matched((from, to, number), -1, row.clone());
                self.accepted(row, from, to, number, mailbox, id)
            }
            Event::Received { from, mailbox, id } => self.received(row, from, mailbox, id),
            Event::Acknowledged {
                mailbox,
                id,
                outside,
            } => self.acknowledged(row, mailbox, id, outside),
            Event::Deleted { name, mailbox } => {
                self.senders.remove(name);
                let mailbox = self.mailboxes.entry(mailbox).or_default();
                mailbox.gone = true;
                mailbox.forget();
                Ok(())
            }
            Event::Started => self.started(row),
            Event::Waiting { count } => self.waiting(row, count),
        };
        self.broken = judged.err();
    }

    fn matched(&mut self, (from, to, number): (&str, &str, u64), change: i64, row: R) {
        let key = (from.to_owned(), to.to_owned(), number);
        let entry = self.unmatched.entry(key.clone());
        let it = entry.or_insert(Unmatched { balance: 0, row });
        it.balance += change;
        if it.balance == 0 {
            self.unmatched.remove(&key);
        }
    }

    fn accepted(
        &mut self,
        row: R,
        from: &str,
        to: &str,
        number: u64,
        mailbox: u64,
        id: u64,
    ) -> Result<(), (String, Vec<R>)> {
        self.accepted += 1;
        if let Some((last, before)) = self.senders.get(from)
            && number <= *last
        {
            let reason = format!(
                "the server took message {number} of {from} after its message {last}: twice, or \
                 out of order"
            );
            return Err((reason, vec![before.clone(), row]));
        }
        self.senders.insert(from.to_owned(), (number, row.clone()));
        let mailbox_state = self.mailboxes.entry(mailbox).or_default();
        if id != mailbox_state.accepted + 1 {
            let reason = format!(
                "the mailbox of {to} has message {id} after {}, expected {}",
                mailbox_state.accepted,
                mailbox_state.accepted + 1
            );
            let before = mailbox_state.accepted_row.clone();
            return Err((reason, before.into_iter().chain([row]).collect()));
        }
        (mailbox_state.accepted, mailbox_state.accepted_row) = (id, Some(row.clone()));
        mailbox_state.messages.push_back((from.to_owned(), row));
        Ok(())
    }

    fn received(
        &mut self,
        row: R,
        from: &str,
        mailbox: u64,
        id: u64,
    ) -> Result<(), (String, Vec<R>)> {
        let mailbox_state = self.mailboxes.entry(mailbox).or_default();
        let last = mailbox_state.received;
        if id != last + 1 {
            let how = if id <= last {
                "twice, or out of order"
            } else {
                "with a gap"
            };
            let reason =
                format!("a user took message {id} from {from} after message {last}: {how}");
            let rows = mailbox_state.received_row.iter().cloned().chain([row]);
            return Err((reason, rows.collect()));
        }
        match mailbox_state.message(id) {
            Some((sender, _)) if sender == from => {}
            Some((sender, before)) => {
                let reason = format!(
                    "a user took message {id} from {from}, who did not send it, but {sender}"
                );
                return Err((reason, vec![before.clone(), row]));
            }
            None => {
                let reason =
                    format!("a user took message {id} from {from}, which the server never took");
                return Err((reason, vec![row]));
            }
        }
        self.received += 1;
        (mailbox_state.received, mailbox_state.received_row) = (id, Some(row));
        mailbox_state.forget();
        Ok(())
    }

    fn acknowledged(
        &mut self,
        row: R,
        mailbox: u64,
        id: u64,
        outside: bool,
    ) -> Result<(), (String, Vec<R>)> {
        let mailbox_state = self.mailboxes.entry(mailbox).or_default();
        if outside && id <= mailbox_state.accepted {
            mailbox_state.received = mailbox_state.received.max(id);
        }
        if id > mailbox_state.received {
            let (lost, before) = match mailbox_state.message(mailbox_state.received + 1) {
                Some((sender, before)) => (format!(" from {sender}"), Some(before.clone())),
                None => (String::new(), None),
            };
            let reason = format!(
                "message {}{lost} was acknowledged, and its recipient never took it",
                mailbox_state.received + 1
            );
            return Err((reason, before.into_iter().chain([row]).collect()));
        }
        mailbox_state.acknowledged = mailbox_state.acknowledged.max(id);
        mailbox_state.forget();
        Ok(())
    }

    /// Number of messages that are neither acknowledged nor deleted with their account.
    fn queued(&self) -> u64 {
        let there = self.mailboxes.values().filter(|it| !it.gone);
        there.map(|it| it.accepted - it.acknowledged).sum()
    }

    fn started(&mut self, row: R) -> Result<(), (String, Vec<R>)> {
        let there = self.mailboxes.values().filter(|it| !it.gone);
        let lost = there
            .clone()
            .map(|it| it.accepted - it.received)
            .sum::<u64>();
        if lost > 0 {
            let reason = format!(
                "the server began anew without {} that waited",
                messages(lost)
            );
            let waited = there.flat_map(|it| it.rows_after(it.received)).cloned();
            return Err((reason, waited.chain([row]).collect()));
        }
        // After the restart, all numbers begin again.
        self.senders.clear();
        for mailbox in self.mailboxes.values_mut() {
            mailbox.gone = true;
            mailbox.forget();
        }
        Ok(())
    }

    fn waiting(&mut self, row: R, count: u64) -> Result<(), (String, Vec<R>)> {
        let queued = self.queued();
        match count == queued {
            true => Ok(()),
            false => {
                let reason = format!(
                    "{} neither acknowledged nor gone with their account, and the server has \
                     {count}",
                    messages(queued)
                );
                let there = self.mailboxes.values().filter(|it| !it.gone);
                let waiting = there.flat_map(|it| it.rows_after(it.acknowledged)).cloned();
                Err((reason, waiting.chain([row]).collect()))
            }
        }
    }

    /// The judgement at the end of the run.
    pub fn finish(self) -> Judgement<R> {
        let queued = self.queued();
        if let Some((reason, rows)) = self.broken {
            return Judgement::Broken { reason, rows };
        }
        for ((from, to, number), it) in self.unmatched {
            if it.balance < 0 && self.users.contains_key(&from) {
                let reason = format!(
                    "the server took message {number} from {from} to {to} more often than {from} \
                     sent it"
                );
                let rows = vec![it.row];
                return Judgement::Broken { reason, rows };
            }
        }
        match self.accepted {
            0 => Judgement::Unknown {
                reason: "no message was sent".to_owned(),
            },
            accepted => Judgement::Correct {
                accepted,
                received: self.received,
                queued,
            },
        }
    }
}

/// `1 message`, `2 messages`.
fn messages(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}
