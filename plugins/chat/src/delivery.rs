//! The check `chat.delivery`: the judge of [`chat_core::delivery`] over the records of
//! a run.
//!
//! It reads the server's words and the users', and the columns that name a message.
//! Users from outside, and programs that somebody else wrote, keep no log: what they
//! acknowledge counts as taken.

use crate::columns::{FROM, ID, MAILBOX, NUMBER, TO};
use crate::{ChatClient, ChatServer, client, server};
use chat_core::delivery::{Delivery, Judgement, Seen};
use runner_sdk::{Behavior, Check, Found, NoConfig, Record, Result, RunInfo, Verdict};

/// `chat.delivery`.
pub struct ChatDelivery {
    /// The servers; it can judge one.
    servers: Vec<u32>,
    /// By node: whether its log tells what it takes.
    users: Vec<bool>,
    delivery: Delivery<Found>,
    /// Whether the server's last message came from somebody whose log is not kept.
    outside: bool,
    /// The server's last row, and what waits as it says there.
    last: Option<(Found, u64)>,
}

impl Check for ChatDelivery {
    type Config = NoConfig;
    const NAME: &'static str = "delivery";
    const DOCS: &'static str = "Each message is taken by its recipient once, in order per sender, or \
        is still queued; or it went with the recipient's account.";

    fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
        let does = |node: u32, name: &str| run.behavior(node) == format!("chat.{name}");
        let nodes = 0..run.node_count() as u32;
        let servers = nodes.clone().filter(|&it| does(it, ChatServer::NAME));
        let users = nodes.clone().map(|it| does(it, ChatClient::NAME));
        Ok(ChatDelivery {
            servers: servers.collect(),
            users: users.collect(),
            delivery: Delivery::default(),
            outside: false,
            last: None,
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        let node = record.node();
        if self.servers.contains(&node) {
            self.server(record);
        } else if self.users.get(node as usize) == Some(&true) {
            self.user(record);
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
        if let Some((row, count)) = self.last.take() {
            self.delivery.see(row, Seen::Waiting { count });
        }
        match self.delivery.finish() {
            Judgement::Kept {
                accepted,
                got,
                queued,
            } => Verdict::passed(format!("{accepted} sent, {got} taken, {queued} queued")),
            Judgement::Broken { reason, rows } => {
                rows.into_iter().fold(Verdict::fail(reason), Verdict::row)
            }
            Judgement::Unknown { reason } => Verdict::unknown(reason),
        }
    }
}

impl ChatDelivery {
    fn server(&mut self, record: &Record<'_>) {
        let word = record.event();
        let about = About::of(record);
        let seen = match word {
            "receive" => {
                let peer = record.peer().and_then(|it| self.users.get(it as usize));
                self.outside = peer != Some(&true);
                None
            }
            "start" | "crash" => Some(Seen::Began),
            _ if word == server::ACCEPTED.name => about.map(|it| Seen::Accepted {
                from: it.from,
                to: it.to,
                number: it.number,
                mailbox: it.mailbox,
                id: it.id,
            }),
            _ if word == server::ACKNOWLEDGED.name => about.map(|it| Seen::Acknowledged {
                mailbox: it.mailbox,
                id: it.id,
                outside: self.outside,
            }),
            _ if word == server::DELETED.name => about.map(|it| Seen::Deleted {
                name: it.to,
                mailbox: it.mailbox,
            }),
            _ => None,
        };
        if let Some(seen) = seen {
            self.delivery.see(record.found(words(&seen)), seen);
        }
        if let Some(count) = record.number(server::WAITING.info().name) {
            self.last = Some((record.found(format!("waiting {count}")), count));
        }
    }

    fn user(&mut self, record: &Record<'_>) {
        let word = record.event();
        let own = [client::SUBMITTED.name, client::GOT.name];
        let Some(about) = About::of(record).filter(|_| own.contains(&word)) else {
            return;
        };
        let seen = match word == client::SUBMITTED.name {
            true => Seen::Submitted {
                from: about.from,
                to: about.to,
                number: about.number,
            },
            false => Seen::Got {
                from: about.from,
                mailbox: about.mailbox,
                id: about.id,
            },
        };
        self.delivery.see(record.found(words(&seen)), seen);
    }
}

/// The columns that name a message; what is empty is nothing.
struct About<'a> {
    from: &'a str,
    to: &'a str,
    number: u64,
    mailbox: u64,
    id: u64,
}

impl<'a> About<'a> {
    /// None for a row that is about nobody.
    fn of(record: &Record<'a>) -> Option<About<'a>> {
        let number = |name| record.number(name).unwrap_or(0);
        Some(About {
            to: record.text(TO.info().name)?,
            from: record.text(FROM.info().name).unwrap_or(""),
            number: number(NUMBER.info().name),
            mailbox: number(MAILBOX.info().name),
            id: number(ID.info().name),
        })
    }
}

/// What matters in a row.
fn words(seen: &Seen<'_>) -> String {
    match seen {
        Seen::Submitted { from, to, number } => format!("{number} from {from} to {to}"),
        Seen::Accepted {
            from, number, id, ..
        } => format!("{number} from {from}, id {id}"),
        Seen::Got { from, id, .. } => format!("id {id} from {from}"),
        Seen::Acknowledged { id, .. } => format!("up to id {id}"),
        Seen::Deleted { name, .. } => name.to_string(),
        Seen::Began | Seen::Waiting { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests;
