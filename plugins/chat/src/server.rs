//! The server: handles the frames of many users, and records the changes.

use crate::columns::{FROM, ID, MAILBOX, NUMBER, Subject, TO};
use crate::store::Store;
use chat_core::{Change, Limits, Outbox, Server, Service, Session};
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// The code of a refusal.
pub const CODE: Column<u64> = Column::new(
    5,
    "code",
    "the code of the error, in steps with the event `refused`",
);

/// Number of messages without an acknowledgement.
pub const WAITING: Column<u64> = Column::new(6, "waiting", "messages without an acknowledgement");

/// Number of accounts.
pub const ACCOUNTS: Column<u64> = Column::new(7, "accounts", "number of accounts");

/// Number of accounts that are logged in.
pub const ONLINE: Column<u64> = Column::new(8, "online", "accounts that are logged in");

/// An account was created.
pub const CREATED: Event = Event::new(0, "created", "the account `to` was created");

/// A user logged in.
pub const JOINED: Event = Event::new(1, "joined", "`to` logged in");

/// A user logged out.
pub const LEFT: Event = Event::new(2, "left", "`to` logged out, or its connection was lost");

/// A message was accepted.
pub const ACCEPTED: Event = Event::new(
    3,
    "accepted",
    "message `number` of `from` was put into the mailbox of `to` as message `id`",
);

/// Messages were acknowledged.
pub const ACKNOWLEDGED: Event = Event::new(
    4,
    "acknowledged",
    "`to` acknowledged all messages of its mailbox up to `id`",
);

/// An account was deleted.
pub const DELETED: Event = Event::new(
    5,
    "deleted",
    "the account `to` was deleted, with all messages in its mailbox",
);

/// A request was refused.
pub const REFUSED: Event = Event::new(6, "refused", "the reply to a request was the error `code`");

/// The config of `chat.server`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// Maximum number of messages that are pushed to a user without an acknowledgement.
    #[schemars(range(min = 1))]
    pub window: u32,

    /// Maximum number of waiting messages in a mailbox. A message to a full mailbox is refused.
    #[schemars(range(min = 1))]
    pub max_waiting: u32,

    /// Maximum number of accounts.
    #[schemars(range(min = 1))]
    pub max_accounts: u32,

    /// Write every account and message to `NODE.chat` in the run's folder (or in the node's
    /// `state` folder) before the reply is sent, and read the file when the node starts. So they
    /// survive a crash and a restart. Needs a run with files: with `--log off` and without `state`,
    /// the node fails.
    pub persist: bool,
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
            persist: false,
        }
    }
}

/// `chat.server`.
pub struct ChatServer {
    server: Server,
    /// The file with all changes, if they must survive a crash.
    store: Option<Store>,
    out: Outbox,
    /// Whether columns of the last step are still set.
    has_columns: bool,
}

impl Behavior for ChatServer {
    type Config = ServerConfig;
    const NAME: &'static str = "server";
    const DOCS: &'static str = "Keeps accounts and messages: a message goes to its recipient at once \
        if that is logged in, and waits if not. With `persist` they survive a crash. Speaks the protocol of PROTOCOL.md, framing `u32be`.";
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
        let config = node.config();
        let limits = Limits {
            window: config.window as usize,
            mailbox: config.max_waiting as usize,
            accounts: config.max_accounts as usize,
        };
        let (service, store) = match config.persist {
            false => (Service::new(limits), None),
            true => {
                let folder = node.run_folder().ok_or(
                    "`persist` needs a folder for its file, and this run keeps none: run it \
                     without `--log off`, or with `--state DIR`",
                )?;
                let path = folder.join(format!("{}.chat", node.name()));
                let (service, store) = Store::open(limits, &path)?;
                (service, Some(store))
            }
        };
        node.set(WAITING, service.waiting() as u64);
        node.set(ACCOUNTS, service.accounts() as u64);
        node.set(ONLINE, 0);
        Ok(ChatServer {
            server: Server::with(service),
            store,
            out: Outbox::default(),
            has_columns: false,
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.out.clear();
        let session = Session::from(from.0);
        let now_ns = node.now_ns();
        let change = self.server.frame(session, bytes, now_ns, &mut self.out);
        // Before the reply: what is acknowledged survives.
        if let Some(store) = &mut self.store {
            let kept = store.keep(self.server.service(), &change);
            kept.map_err(|error| format!("a change cannot be stored: {error}"))?;
        }
        for (to, frame) in self.out.iter() {
            node.send(Peer(to as u32), frame)?;
        }
        self.record(node, &change);
        Ok(())
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget(node, peer)
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget(node, peer)
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.record(node, &Change::None);
        Ok(())
    }
}

impl ChatServer {
    /// Removes the session of a connection that begins or ends, which logs its user out.
    fn forget(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let change = match self.server.forget(Session::from(peer.0)) {
            Some(name) => Change::LoggedOut { name },
            None => Change::None,
        };
        self.record(node, &change);
        Ok(())
    }

    /// Records a change: its columns and its event.
    fn record(&mut self, node: &mut Context<Self>, change: &Change) {
        let service = self.server.service();
        node.set(WAITING, service.waiting() as u64);
        node.set(ACCOUNTS, service.accounts() as u64);
        node.set(ONLINE, service.online() as u64);
        if self.has_columns {
            self.has_columns = false;
            Subject::default().set_columns(node);
            node.clear(CODE);
        }
        let Some((event, subject)) = row(change) else {
            return;
        };
        self.has_columns = true;
        subject.set_columns(node);
        if let Change::Refused(refusal) = change {
            node.set(CODE, refusal.code().into());
        }
        node.record(event);
    }
}

/// The event for a change, and the message or account that it is about.
fn row(change: &Change) -> Option<(Event, Subject<'_>)> {
    let account = |to| Subject {
        to: Some(to),
        ..Subject::default()
    };
    Some(match change {
        Change::None => return None,
        Change::Created { name } => (CREATED, account(name)),
        Change::LoggedIn { name } => (JOINED, account(name)),
        Change::LoggedOut { name } => (LEFT, account(name)),
        Change::Accepted {
            from,
            to,
            number,
            mailbox,
            id,
            ..
        } => {
            let subject = Subject {
                from: Some(from),
                to: Some(to),
                number: Some(*number),
                mailbox: Some(*mailbox),
                id: Some(*id),
            };
            (ACCEPTED, subject)
        }
        Change::Acknowledged { to, mailbox, id } => {
            let subject = Subject {
                mailbox: Some(*mailbox),
                id: Some(*id),
                ..account(to)
            };
            (ACKNOWLEDGED, subject)
        }
        Change::Deleted { name, mailbox, .. } => {
            let subject = Subject {
                mailbox: Some(*mailbox),
                ..account(name)
            };
            (DELETED, subject)
        }
        Change::Refused(_) => (REFUSED, Subject::default()),
    })
}

#[cfg(test)]
mod tests;
