//! The server: frames of many users in, frames out, and what happened into the log.

use crate::columns::{About, FROM, ID, MAILBOX, NUMBER, TO};
use chat_core::{Happened, Limits, Outbox, Server, Session};
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Why a request was refused.
pub const CODE: Column<u64> =
    Column::new(5, "code", "the code of the error, where one was answered");

/// Messages that are not acknowledged.
pub const WAITING: Column<u64> = Column::new(6, "waiting", "messages not acknowledged yet");

/// How many accounts there are.
pub const ACCOUNTS: Column<u64> = Column::new(7, "accounts", "accounts");

/// How many of them are logged in.
pub const ONLINE: Column<u64> = Column::new(8, "online", "accounts that are logged in");

/// An account was made.
pub const CREATED: Event = Event::new(0, "created", "the account `to` was made");

/// A user logged in.
pub const JOINED: Event = Event::new(1, "joined", "`to` logged in");

/// A user logged out.
pub const LEFT: Event = Event::new(2, "left", "`to` logged out, or its connection was lost");

/// A message was taken.
pub const ACCEPTED: Event = Event::new(
    3,
    "accepted",
    "message `number` of `from` was put into the mailbox of `to`, as its message `id`",
);

/// Messages were acknowledged.
pub const ACKNOWLEDGED: Event = Event::new(
    4,
    "acknowledged",
    "`to` has all messages of its mailbox up to `id`",
);

/// An account was deleted.
pub const DELETED: Event = Event::new(
    5,
    "deleted",
    "the account `to` was deleted, with all messages in its mailbox",
);

/// A request was refused.
pub const REFUSED: Event = Event::new(6, "refused", "a request was answered with the error `code`");

/// The config of `chat.server`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// How many messages are pushed to a user without an acknowledgement.
    #[schemars(range(min = 1))]
    pub window: u32,

    /// How many messages may wait in a mailbox; a message to a full one is refused.
    #[schemars(range(min = 1))]
    pub max_waiting: u32,

    /// How many accounts there may be.
    #[schemars(range(min = 1))]
    pub max_accounts: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        let Limits {
            window,
            mailbox,
            accounts,
        } = Limits::default();
        ServerConfig {
            window: window as u32,
            max_waiting: mailbox as u32,
            max_accounts: accounts as u32,
        }
    }
}

/// `chat.server`.
pub struct ChatServer {
    server: Server,
    out: Outbox,
    /// Whether columns of the last step are still set.
    shown: bool,
}

impl Behavior for ChatServer {
    type Config = ServerConfig;
    const NAME: &'static str = "server";
    const DOCS: &'static str = "Keeps accounts and messages: a message goes to its recipient at once \
        if that is logged in, and waits if not. Speaks the protocol of PROTOCOL.md, framing `u32be`.";
    const COLUMNS: &'static [ColumnInfo] = &[
        FROM.info(),
        TO.info(),
        NUMBER.info(),
        MAILBOX.info(),
        ID.info(),
        CODE.info(),
        WAITING.info(),
        ACCOUNTS.info(),
        ONLINE.info(),
    ];
    const EVENTS: &'static [Event] = &[
        CREATED,
        JOINED,
        LEFT,
        ACCEPTED,
        ACKNOWLEDGED,
        DELETED,
        REFUSED,
    ];
    const CONNECTS: bool = true;

    fn new(node: &mut Node<Self>) -> Result<Self> {
        for column in [WAITING, ACCOUNTS, ONLINE] {
            node.set(column, 0);
        }
        let config = node.config();
        let limits = Limits {
            window: config.window as usize,
            mailbox: config.max_waiting as usize,
            accounts: config.max_accounts as usize,
        };
        Ok(ChatServer {
            server: Server::new(limits),
            out: Outbox::default(),
            shown: false,
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.out.clear();
        let session = Session::from(from.0);
        let now_ns = node.now_ns();
        let happened = self.server.frame(session, bytes, now_ns, &mut self.out);
        for (to, frame) in self.out.iter() {
            node.send(Peer(to as u32), frame)?;
        }
        self.record(node, &happened);
        Ok(())
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget(node, peer)
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget(node, peer)
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.record(node, &Happened::Nothing);
        Ok(())
    }
}

impl ChatServer {
    /// A connection begins or ends: whoever was logged in over it is so no more.
    fn forget(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let happened = match self.server.forget(Session::from(peer.0)) {
            Some(name) => Happened::LoggedOut { name },
            None => Happened::Nothing,
        };
        self.record(node, &happened);
        Ok(())
    }

    /// Sets the columns and writes the word for what happened.
    fn record(&mut self, node: &mut Context<Self>, happened: &Happened) {
        let service = self.server.service();
        node.set(WAITING, service.waiting() as u64);
        node.set(ACCOUNTS, service.accounts() as u64);
        node.set(ONLINE, service.online() as u64);
        if self.shown {
            self.shown = false;
            About::default().show(node);
            node.clear(CODE);
        }
        let Some((event, about)) = row(happened) else {
            return;
        };
        self.shown = true;
        about.show(node);
        if let Happened::Refused(refusal) = happened {
            node.set(CODE, refusal.code().into());
        }
        node.record(event);
    }
}

/// The word for what happened, and what it is about.
fn row(happened: &Happened) -> Option<(Event, About<'_>)> {
    let account = |to| About {
        to: Some(to),
        ..About::default()
    };
    Some(match happened {
        Happened::Nothing => return None,
        Happened::Created { name } => (CREATED, account(name)),
        Happened::LoggedIn { name } => (JOINED, account(name)),
        Happened::LoggedOut { name } => (LEFT, account(name)),
        Happened::Accepted {
            from,
            to,
            number,
            mailbox,
            id,
            ..
        } => {
            let about = About {
                from: Some(from),
                to: Some(to),
                number: Some(*number),
                mailbox: Some(*mailbox),
                id: Some(*id),
            };
            (ACCEPTED, about)
        }
        Happened::Acknowledged { to, mailbox, id } => {
            let about = About {
                mailbox: Some(*mailbox),
                id: Some(*id),
                ..account(to)
            };
            (ACKNOWLEDGED, about)
        }
        Happened::Deleted { name, mailbox, .. } => {
            let about = About {
                mailbox: Some(*mailbox),
                ..account(name)
            };
            (DELETED, about)
        }
        Happened::Refused(_) => (REFUSED, About::default()),
    })
}

#[cfg(test)]
mod tests;
