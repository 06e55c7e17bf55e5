//! The check `chat.delivery`: applies [`chat_core::delivery`] to the records of a run.
//!
//! It reads the events of server and users, and the columns that identify a message. External
//! clients and other programs have no log: a message that they acknowledge counts as received.

use crate::columns::{FROM, ID, MAILBOX, NUMBER, TO};
use crate::{ChatClient, ChatServer, client, server};
use chat_core::delivery::{Delivery, Event, Judgement};
use runner_sdk::{Behavior, Check, Found, NoConfig, Record, Result, RunInfo, Verdict};

/// `chat.delivery`.
pub struct ChatDelivery {
    /// The nodes that are servers; the check can judge only one.
    servers: Vec<u32>,
    /// For each node, whether it is a `chat.client`.
    users: Vec<bool>,
    delivery: Delivery<Found>,
    /// Whether the sender of the server's last message has no log.
    outside: bool,
    /// The crash of the server, until its next row shows whether its state is lost.
    crashed: Option<Found>,
    /// Number of accounts that the server had when it first started.
    earlier: u64,
    /// The server's last row, and its number of waiting messages.
    last: Option<(Found, u64)>,
}

impl Check for ChatDelivery {
    type Config = NoConfig;
    const NAME: &'static str = "delivery";
    const DOCS: &'static str = "Each message is taken by its recipient once, in order per sender, or \
        is still queued; or it went with the recipient's account.";

    fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
        let is_a = |node: u32, name: &str| run.behavior(node) == format!("chat.{name}");
        let nodes = 0..run.node_count() as u32;
        let servers = nodes.clone().filter(|&it| is_a(it, ChatServer::NAME));
        let users = nodes.clone().map(|it| is_a(it, ChatClient::NAME));
        Ok(ChatDelivery {
            servers: servers.collect(),
            users: users.collect(),
            delivery: Delivery::default(),
            outside: false,
            crashed: None,
            earlier: 0,
            last: None,
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        let node = record.node();
        if self.servers.contains(&node) {
            self.server(record);
        } else if self.users.get(node as usize) == Some(&true) {
            let from = record.peer().filter(|_| record.event() == "receive");
            match from.is_none_or(|peer| self.servers.contains(&peer)) {
                true => self.user(record),
                // Its server is a program of somebody else, and records nothing.
                false => self.users[node as usize] = false,
            }
        }
    }

    fn finish(mut self) -> Verdict {
        match self.servers.len() {
            0 => return Verdict::unknown("no node is a chat.server"),
            1 => {}
            count => {
                let reason = format!("{count} nodes are a chat.server, and this check judges one");
                return Verdict::unknown(reason);
            }
        }
        if self.earlier > 0 {
            return Verdict::unknown(format!(
                "the server began with {} accounts of an earlier run, whose messages have no records \
                 here",
                self.earlier
            ));
        }
        if let Some(row) = self.crashed.take() {
            self.delivery.add(row, Event::Started);
        }
        if let Some((row, count)) = self.last.take() {
            self.delivery.add(row, Event::Waiting { count });
        }
        match self.delivery.finish() {
            Judgement::Correct {
                accepted,
                received,
                queued,
            } => Verdict::passed(format!(
                "{accepted} sent, {received} taken, {queued} queued"
            )),
            Judgement::Broken { reason, rows } => {
                rows.into_iter().fold(Verdict::fail(reason), Verdict::row)
            }
            Judgement::Unknown { reason } => Verdict::unknown(reason),
        }
    }
}

impl ChatDelivery {
    fn server(&mut self, record: &Record<'_>) {
        let event = record.event();
        let columns = MessageColumns::of(record);
        let chat_event = match event {
            "receive" => {
                let peer = record.peer().and_then(|it| self.users.get(it as usize));
                self.outside = peer != Some(&true);
                None
            }
            "start" => {
                self.earlier = self.earlier.max(accounts(record));
                Some(Event::Started)
            }
            "crash" => {
                self.crashed = Some(record.found(""));
                None
            }
            "restart" => match (self.crashed.take(), waiting(record)) {
                (Some(row), _) if accounts(record) == 0 => {
                    self.delivery.add(row, Event::Started);
                    None
                }
                // With `persist`, all messages that waited survive. A later row would not show
                // every loss: a message may go with its account.
                (Some(_), Some(count)) => Some(Event::Waiting { count }),
                _ => None,
            },
            _ if event == server::ACCEPTED.name => columns.map(|it| Event::Accepted {
                from: it.from,
                to: it.to,
                number: it.number,
                mailbox: it.mailbox,
                id: it.id,
            }),
            _ if event == server::ACKNOWLEDGED.name => columns.map(|it| Event::Acknowledged {
                mailbox: it.mailbox,
                id: it.id,
                outside: self.outside,
            }),
            _ if event == server::DELETED.name => columns.map(|it| Event::Deleted {
                name: it.to,
                mailbox: it.mailbox,
            }),
            _ => None,
        };
        if let Some(chat_event) = chat_event {
            self.delivery
                .add(record.found(note(&chat_event)), chat_event);
        }
        if let Some(count) = waiting(record) {
            self.last = Some((record.found(format!("waiting {count}")), count));
        }
    }

    fn user(&mut self, record: &Record<'_>) {
        let event = record.event();
        let own = [client::SUBMITTED.name, client::GOT.name];
        let Some(columns) = MessageColumns::of(record).filter(|_| own.contains(&event)) else {
            return;
        };
        let chat_event = match event == client::SUBMITTED.name {
            true => Event::Submitted {
                from: columns.from,
                to: columns.to,
                number: columns.number,
            },
            false => Event::Received {
                from: columns.from,
                mailbox: columns.mailbox,
                id: columns.id,
            },
        };
        self.delivery
            .add(record.found(note(&chat_event)), chat_event);
    }
}

/// The server's number of accounts.
fn accounts(record: &Record<'_>) -> u64 {
    record.number(server::ACCOUNTS.info().name).unwrap_or(0)
}

/// The server's number of waiting messages.
fn waiting(record: &Record<'_>) -> Option<u64> {
    record.number(server::WAITING.info().name)
}

/// The columns of a record that identify a message; empty ones are `""` or 0.
struct MessageColumns<'a> {
    from: &'a str,
    to: &'a str,
    number: u64,
    mailbox: u64,
    id: u64,
}

impl<'a> MessageColumns<'a> {
    /// The columns of a record; `None` if the record has no recipient.
    fn of(record: &Record<'a>) -> Option<MessageColumns<'a>> {
        let number = |name| record.number(name).unwrap_or(0);
        Some(MessageColumns {
            to: record.text(TO.info().name)?,
            from: record.text(FROM.info().name).unwrap_or(""),
            number: number(NUMBER.info().name),
            mailbox: number(MAILBOX.info().name),
            id: number(ID.info().name),
        })
    }
}

/// The note on a row.
fn note(event: &Event<'_>) -> String {
    match event {
        Event::Submitted { from, to, number } => format!("{number} from {from} to {to}"),
        Event::Accepted {
            from, number, id, ..
        } => format!("{number} from {from}, id {id}"),
        Event::Received { from, id, .. } => format!("id {id} from {from}"),
        Event::Acknowledged { id, .. } => format!("up to id {id}"),
        Event::Deleted { name, .. } => name.to_string(),
        Event::Started | Event::Waiting { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests;
