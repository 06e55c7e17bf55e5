//! Whether a chat kept its word: each message once, in order per sender, or still
//! queued. Judged from what the logs say, not from the service's own state.
//!
//! What holds in a chat that keeps it:
//!
//! 1. The server takes a sender's numbers in rising order, so no message is taken
//!    twice, and only what a user sent.
//! 2. It numbers the messages of a mailbox 1, 2, 3 and so on; users take them in that
//!    order, without a gap and none twice.
//! 3. No message is acknowledged before its recipient took it, and it has the sender
//!    that the server took it from.
//! 4. What is not acknowledged and did not go with its account is what the
//!    server says that waits.
//!
//! From 1 and 2 follows the order per sender. A message that a user took and whose
//! acknowledgement is still under way counts as queued: it may come again, and then 2
//! is what catches it.

use mailbox::Mailbox;
use std::collections::BTreeMap;

mod mailbox;
#[cfg(test)]
mod tests;

/// Something that the logs tell, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A user sends a message for the first time.
    Submitted {
        /// Who.
        from: &'a str,
        /// To whom.
        to: &'a str,
        /// The sender's number for it.
        number: u64,
    },
    /// The server takes a message.
    Accepted {
        /// Who sent it.
        from: &'a str,
        /// To whom.
        to: &'a str,
        /// The sender's number for it.
        number: u64,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in it.
        id: u64,
    },
    /// A user takes a message.
    Got {
        /// Who sent it.
        from: &'a str,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in it.
        id: u64,
    },
    /// The server learns that all messages of a mailbox up to one have come.
    Acknowledged {
        /// The mailbox.
        mailbox: u64,
        /// The last of them.
        id: u64,
        /// Whether it learns it from somebody whose log is not kept.
        outside: bool,
    },
    /// An account goes, with what waits for it.
    Deleted {
        /// Its name.
        name: &'a str,
        /// Its mailbox.
        mailbox: u64,
    },
    /// The server begins without anything: it starts, or has crashed.
    Began,
    /// How many messages wait, as the server says in the end.
    Waiting {
        /// In all mailboxes.
        count: u64,
    },
}

/// What the check comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<R> {
    /// It kept its word.
    Kept {
        /// Messages that the server took.
        accepted: u64,
        /// Messages that users took.
        got: u64,
        /// Messages that are not acknowledged.
        queued: u64,
    },
    /// It did not.
    Broken {
        /// What happened.
        reason: String,
        /// The rows that prove it.
        rows: Vec<R>,
    },
    /// There was nothing to judge.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// The judge; `R` names a row.
#[derive(Clone, Debug)]
pub struct Delivery<R> {
    mailboxes: BTreeMap<u64, Mailbox<R>>,
    /// The last number that the server took, by sender, and where.
    senders: BTreeMap<String, (u64, R)>,
    /// Users whose logs are kept.
    users: BTreeMap<String, ()>,
    /// Messages sent and not taken, or taken and not sent, by sender, recipient and
    /// number; what is both is forgotten.
    unmatched: BTreeMap<(String, String, u64), Unmatched<R>>,
    accepted: u64,
    got: u64,
    broken: Option<(String, Vec<R>)>,
}

#[derive(Clone, Debug)]
struct Unmatched<R> {
    /// Times sent less times taken.
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
            got: 0,
            broken: None,
        }
    }
}

impl<R: Clone> Delivery<R> {
    /// Takes in what a row tells. After the first breach nothing more is looked at.
    pub fn see(&mut self, row: R, seen: Seen<'_>) {
        if self.broken.is_some() {
            return;
        }
        let judged = match seen {
            Seen::Submitted { from, to, number } => {
                self.users.entry(from.to_owned()).or_default();
                self.matched((from, to, number), 1, row);
                Ok(())
            }
            Seen::Accepted {
                from,
                to,
                number,
                mailbox,
                id,
            } => {
                self.matched((from, to, number), -1, row.clone());
                self.accepted(row, from, to, number, mailbox, id)
            }
            Seen::Got { from, mailbox, id } => self.got(row, from, mailbox, id),
            Seen::Acknowledged {
                mailbox,
                id,
                outside,
            } => self.acknowledged(row, mailbox, id, outside),
            Seen::Deleted { name, mailbox } => {
                self.senders.remove(name);
                let mailbox = self.mailboxes.entry(mailbox).or_default();
                mailbox.gone = true;
                mailbox.forget();
                Ok(())
            }
            Seen::Began => self.began(row),
            Seen::Waiting { count } => self.waiting(row, count),
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
        let place = self.mailboxes.entry(mailbox).or_default();
        if id != place.accepted + 1 {
            let reason = format!(
                "the mailbox of {to} has message {id} after {}, expected {}",
                place.accepted,
                place.accepted + 1
            );
            return Err((reason, vec![row]));
        }
        place.accepted = id;
        place.messages.push_back((from.to_owned(), row));
        Ok(())
    }

    fn got(&mut self, row: R, from: &str, mailbox: u64, id: u64) -> Result<(), (String, Vec<R>)> {
        let place = self.mailboxes.entry(mailbox).or_default();
        let last = place.got;
        if id != last + 1 {
            let how = if id <= last {
                "twice, or out of order"
            } else {
                "with a gap"
            };
            let reason =
                format!("a user took message {id} from {from} after message {last}: {how}");
            let rows = place.got_row.iter().cloned().chain([row]);
            return Err((reason, rows.collect()));
        }
        match place.message(id) {
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
        self.got += 1;
        (place.got, place.got_row) = (id, Some(row));
        place.forget();
        Ok(())
    }

    fn acknowledged(
        &mut self,
        row: R,
        mailbox: u64,
        id: u64,
        outside: bool,
    ) -> Result<(), (String, Vec<R>)> {
        let place = self.mailboxes.entry(mailbox).or_default();
        if outside && id <= place.accepted {
            place.got = place.got.max(id);
        }
        if id > place.got {
            let (lost, before) = match place.message(place.got + 1) {
                Some((sender, before)) => (format!(" from {sender}"), Some(before.clone())),
                None => (String::new(), None),
            };
            let reason = format!(
                "message {}{lost} was acknowledged, and its recipient never took it",
                place.got + 1
            );
            return Err((reason, before.into_iter().chain([row]).collect()));
        }
        place.acknowledged = place.acknowledged.max(id);
        place.forget();
        Ok(())
    }

    /// Messages that are not acknowledged and did not go with their account.
    fn queued(&self) -> u64 {
        let there = self.mailboxes.values().filter(|it| !it.gone);
        there.map(|it| it.accepted - it.acknowledged).sum()
    }

    fn began(&mut self, row: R) -> Result<(), (String, Vec<R>)> {
        let there = self.mailboxes.values().filter(|it| !it.gone);
        let lost = there.clone().map(|it| it.accepted - it.got).sum::<u64>();
        if lost > 0 {
            let reason = format!(
                "the server began anew without {} that waited",
                messages(lost)
            );
            let first = there.filter_map(|it| Some(it.message(it.got + 1)?.1.clone()));
            let rows = first.take(3).chain([row]);
            return Err((reason, rows.collect()));
        }
        // What is to come counts anew.
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
                Err((reason, vec![row]))
            }
        }
    }

    /// The judgement.
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
            accepted => Judgement::Kept {
                accepted,
                got: self.got,
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
