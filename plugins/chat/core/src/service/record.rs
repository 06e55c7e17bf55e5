//! What has to be kept of the service if it must outlive its process: a [`Record`] for each
//! change of an account or a mailbox. Logins are not kept; they end with their connections.
//!
//! [`Service::restore`] makes the changes again, in their order. [`Service::records`] is the
//! shortest list of records that makes the present state: for a journal that has grown.
//!
//! As bytes, a record is a type in one byte, then its fields. Numbers have eight bytes, least
//! significant first; a text has its size in four bytes before it.

use super::Service;
use super::account::{Account, Waiting};
use crate::Change;

/// A change that has to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// Mailboxes up to this number are in use, or were.
    Mailboxes {
        /// The number of the newest mailbox.
        newest: u64,
    },
    /// An account was created.
    Account {
        /// Its name.
        name: &'a str,
        /// The number of its mailbox.
        mailbox: u64,
        /// The number of the last message that it sent.
        last_number: u64,
        /// The last acknowledged message of its mailbox.
        acknowledged: u64,
    },
    /// A message was put into a mailbox.
    Message {
        /// The sender.
        from: &'a str,
        /// The recipient.
        to: &'a str,
        /// The sender's number for the message; 0 if the sender's account has the number.
        number: u64,
        /// The text.
        text: &'a str,
    },
    /// All messages up to one were acknowledged.
    Acknowledged {
        /// The account.
        name: &'a str,
        /// The last of the messages.
        id: u64,
    },
    /// An account was deleted.
    Deleted {
        /// Its name.
        name: &'a str,
    },
}

impl Service {
    /// The record of a change that was the last one; `None` if nothing has to be kept.
    pub fn record<'a>(&'a self, change: &'a Change) -> Option<Record<'a>> {
        Some(match change {
            Change::Created { name } => self.accounts.get(&**name)?.record(name),
            Change::Accepted {
                from, to, number, ..
            } => Record::Message {
                from,
                to,
                number: *number,
                text: &self.accounts.get(&**to)?.waiting.back()?.text,
            },
            Change::Acknowledged { to, id, .. } => Record::Acknowledged { name: to, id: *id },
            Change::Deleted { name, .. } => Record::Deleted { name },
            _ => return None,
        })
    }

    /// Makes a change again. Returns whether it fits the changes before it.
    pub fn restore(&mut self, record: &Record<'_>) -> bool {
        match *record {
            Record::Mailboxes { newest } => self.newest = self.newest.max(newest),
            Record::Account {
                name,
                mailbox,
                last_number,
                acknowledged,
            } => {
                let account = Account {
                    last_number,
                    acknowledged,
                    pushed: acknowledged,
                    ..Account::new(mailbox)
                };
                self.newest = self.newest.max(mailbox);
                return self.accounts.insert(name.into(), account).is_none();
            }
            Record::Message {
                from,
                to,
                number,
                text,
            } => {
                let Some(recipient) = self.accounts.get_mut(to) else {
                    return false;
                };
                recipient.waiting.push_back(Waiting {
                    from: from.into(),
                    text: text.into(),
                });
                self.waiting += 1;
                if let Some(sender) = self.accounts.get_mut(from) {
                    sender.last_number = sender.last_number.max(number);
                }
            }
            Record::Acknowledged { name, id } => {
                let Some(account) = self.accounts.get_mut(name) else {
                    return false;
                };
                account.pushed = account.acknowledged + account.waiting.len() as u64;
                self.waiting -= account.acknowledge(id);
                let fits = account.acknowledged == id;
                account.reset_pushed();
                return fits;
            }
            Record::Deleted { name } => {
                let Some(account) = self.accounts.remove(name) else {
                    return false;
                };
                self.waiting -= account.waiting.len();
            }
        }
        true
    }

    /// Records that make the present state of a service without accounts.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let newest = self.newest;
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(name, account)| account.record(name));
        let messages = self.accounts.iter().flat_map(|(to, account)| {
            account.waiting.iter().map(|message| Record::Message {
                from: &message.from,
                to,
                number: 0,
                text: &message.text,
            })
        });
        [Record::Mailboxes { newest }]
            .into_iter()
            .chain(accounts)
            .chain(messages)
    }
}

impl Account {
    fn record<'a>(&self, name: &'a str) -> Record<'a> {
        Record::Account {
            name,
            mailbox: self.mailbox,
            last_number: self.last_number,
            acknowledged: self.acknowledged,
        }
    }
}

impl<'a> Record<'a> {
    /// Replaces `bytes` by the record.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let (kind, numbers, texts): (u8, &[u64], &[&str]) = match self {
            Record::Mailboxes { newest } => (0, &[*newest], &[]),
            Record::Account {
                name,
                mailbox,
                last_number,
                acknowledged,
            } => (1, &[*mailbox, *last_number, *acknowledged], &[name]),
            Record::Message {
                from,
                to,
                number,
                text,
            } => (2, &[*number], &[from, to, text]),
            Record::Acknowledged { name, id } => (3, &[*id], &[name]),
            Record::Deleted { name } => (4, &[], &[name]),
        };
        bytes.clear();
        bytes.push(kind);
        for number in numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for text in texts {
            // A name or a text has at most a few thousand bytes.
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// The record of these bytes; `None` if they are none.
    pub fn decode(bytes: &'a [u8]) -> Option<Record<'a>> {
        let (kind, rest) = bytes.split_first()?;
        let mut fields = Fields(rest);
        let record = match kind {
            0 => Record::Mailboxes {
                newest: fields.number()?,
            },
            1 => Record::Account {
                mailbox: fields.number()?,
                last_number: fields.number()?,
                acknowledged: fields.number()?,
                name: fields.text()?,
            },
            2 => Record::Message {
                number: fields.number()?,
                from: fields.text()?,
                to: fields.text()?,
                text: fields.text()?,
            },
            3 => Record::Acknowledged {
                id: fields.number()?,
                name: fields.text()?,
            },
            4 => Record::Deleted {
                name: fields.text()?,
            },
            _ => return None,
        };
        fields.0.is_empty().then_some(record)
    }
}

/// The fields that are not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let size = u32::from_le_bytes(self.array()?) as usize;
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        std::str::from_utf8(taken).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{FromClient, Request};
    use crate::{Limits, Outbox, Server};
    use proptest::prelude::*;

    /// A service with every change of another one, which `act` changes through frames.
    fn again(frames: &[(u64, FromClient<'_>)]) -> (Service, Service) {
        let mut server = Server::new(Limits::default());
        let mut copy = Service::new(Limits::default());
        let (mut out, mut bytes, mut frame) = (Outbox::default(), Vec::new(), Vec::new());
        for (session, it) in frames {
            frame.clear();
            it.encode(&mut frame);
            let change = server.frame(*session, &frame, 1000, &mut out);
            if let Some(record) = server.service().record(&change) {
                record.encode(&mut bytes);
                assert!(copy.restore(&Record::decode(&bytes).unwrap()), "{record:?}");
            }
        }
        (server.into_service(), copy)
    }

    fn all(service: &Service) -> Vec<Record<'_>> {
        service.records().collect()
    }

    proptest! {
        /// Any order of requests: the records of the changes make the same service, and so does
        /// the short list of records.
        #[test]
        fn a_restored_service_has_all_accounts_and_messages(acts in proptest::collection::vec((0u64..3, 0u8..7, 0u64..4), 0..60)) {
            const NAMES: [&str; 3] = ["anna", "ben", "Søren"];
            let mut numbers = 0;
            let frames: Vec<_> = (1..).zip(acts).map(|(request, (session, act, id))| {
                let name = NAMES[session as usize];
                numbers += 1;
                let request = |it| FromClient::Request(request, it);
                (session, match act {
                    0 => request(Request::Create { name }),
                    1 => request(Request::Login { name }),
                    2..4 => request(Request::Send { number: numbers, to: NAMES[id as usize % 3], text: "hi" }),
                    4 => request(Request::Receive { mailbox: 1000 + session, id }),
                    5 => FromClient::Acknowledge { mailbox: 1000 + session, id },
                    _ => request(Request::Delete),
                })
            }).collect();
            let (service, copy) = again(&frames);
            prop_assert_eq!(all(&service), all(&copy));
            prop_assert_eq!(service.waiting(), copy.waiting());
            let mut short = Service::new(Limits::default());
            for record in service.records() {
                prop_assert!(short.restore(&record));
            }
            prop_assert_eq!(all(&service), all(&short));
            prop_assert_eq!(service.waiting(), short.waiting());
        }

        #[test]
        fn bytes_that_are_no_record_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some(record) = Record::decode(&bytes) {
                let mut again = Vec::new();
                record.encode(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn the_number_of_a_mailbox_is_not_used_again_after_a_restart() {
        let create = FromClient::Request(1, Request::Create { name: "anna" });
        let login = FromClient::Request(2, Request::Login { name: "anna" });
        let delete = FromClient::Request(3, Request::Delete);
        let (service, mut copy) = again(&[(1, create), (1, login), (1, delete)]);
        let mut short = Service::new(Limits::default());
        assert!(service.records().all(|it| short.restore(&it)));
        for service in [&mut copy, &mut short] {
            // The clock of the next process begins again.
            service.create("anna", 0).unwrap();
            assert_eq!(service.accounts["anna"].mailbox, 1001);
        }
    }

    #[test]
    fn a_record_that_does_not_fit_is_refused() {
        let mut service = Service::new(Limits::default());
        for record in [
            Record::Deleted { name: "anna" },
            Record::Acknowledged {
                name: "anna",
                id: 1,
            },
            Record::Message {
                from: "ben",
                to: "anna",
                number: 1,
                text: "",
            },
        ] {
            assert!(!service.restore(&record), "{record:?}");
        }
    }
}
