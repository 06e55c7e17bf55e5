//! A user: follows a script, or does what users do at random.
//!
//! How nothing is lost and nothing shown twice is the business of
//! [`chat_core::Client`]; here it gets its node's connections, messages and timers,
//! and something to do.
//!
//! Over links that may lose messages, set a `timeout`. Then a request without an
//! answer is sent again, and every now and then the user asks whether it has
//! missed anything: the last of a row of messages may be lost, and nothing that
//! comes after it tells.

mod config;
mod doing;
mod random;
mod script;
#[cfg(test)]
mod tests;
mod words;

pub use config::{ClientConfig, Weights};
pub use words::*;

use crate::columns::{About, FROM, ID, MAILBOX, NUMBER, TO};
use chat_core::{Client, Outgoing};
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span};
use script::Line;

/// The tags of its timers.
mod timer {
    /// The next thing to do.
    pub const NEXT: u64 = 0;
    /// An answer took too long.
    pub const TIMEOUT: u64 = 1;
    /// Has anything been missed?
    pub const POLL: u64 = 2;
    /// Connect again.
    pub const RECONNECT: u64 = 3;
}

/// Times the `timeout` that a request is waited for at most.
const PATIENCE: u64 = 8;

/// `chat.client`.
pub struct ChatClient {
    client: Client,
    server: Peer,
    name: String,
    script: Vec<Line>,
    /// The next line of the script; things done at random.
    next: u64,
    connected: bool,
    /// It let go of the connection, and comes back by itself.
    away: bool,
    /// When the command under way was given.
    asked_ns: u64,
    /// The request that the timeout is set for, and how long that was.
    waits_for: Option<(u32, u64)>,
    /// The names of the last list.
    known: Vec<String>,
    has_account: bool,
    /// The script waits for so many messages.
    awaits: Option<u64>,
    sends: u64,
    gets: u64,
    retries: u64,
    /// Whether columns of the last step are still set.
    shown: bool,
}

impl Behavior for ChatClient {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "A user of a chat server: follows a script, or makes an account, logs \
        in, and sends, lists, comes, goes and deletes its account at random.";
    const COLUMNS: &'static [ColumnInfo] = &[
        FROM.info(),
        TO.info(),
        NUMBER.info(),
        MAILBOX.info(),
        ID.info(),
        REPLY.info(),
        SENDS.info(),
        GETS.info(),
        RETRIES.info(),
    ];
    const EVENTS: &'static [Event] = &[
        SUBMITTED, GOT, REPEATED, ANSWERED, REFUSED, EXPELLED, COMPLAINT,
    ];
    const CONNECTS: bool = true;

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        for column in [SENDS, GETS, RETRIES] {
            node.set(column, 0);
        }
        let config = node.config();
        let server = match &config.server {
            None if node.peer_count() == 0 => {
                return Err("a user without peers: link it to a server".into());
            }
            None => node.peer_named("server").unwrap_or(Peer(0)),
            Some(name) => node.peer_named(name).ok_or_else(|| {
                let peers: Vec<&str> = node.peers().map(|it| node.peer_name(it)).collect();
                let peers = peers.join(", ");
                format!("`server` is `{name}`, which this node has no link to (its peers: {peers})")
            })?,
        };
        let script = config.script.iter().map(|line| Line::parse(line));
        Ok(ChatClient {
            client: Client::new(),
            server,
            name: config.name.as_deref().unwrap_or(node.name()).to_owned(),
            script: script.collect::<Result<_, _>>()?,
            next: 0,
            connected: false,
            away: false,
            asked_ns: 0,
            waits_for: None,
            known: Vec::new(),
            has_account: false,
            awaits: None,
            sends: 0,
            gets: 0,
            retries: 0,
            shown: false,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.later(node, Span::ZERO);
        self.poll_later(node);
        Ok(())
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget_step(node);
        // One of our own messages may have opened it.
        if peer == self.server && !self.connected && !self.away {
            node.cancel_timer(timer::RECONNECT);
            self.connected(node)?;
        }
        Ok(())
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.forget_step(node);
        if peer == self.server && self.connected {
            self.disconnected(node);
            let after = node.config().reconnect.sample(node.random());
            node.set_timer(timer::RECONNECT, after.duration());
        }
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.forget_step(node);
        if from != self.server || !self.connected {
            return Ok(());
        }
        let mut out = Outgoing::default();
        self.client.frame(bytes, &mut out);
        self.carry(node, out)
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        self.forget_step(node);
        match tag {
            timer::NEXT => self.go_on(node),
            timer::TIMEOUT => self.ask_again(node),
            timer::POLL => {
                self.poll_later(node);
                let mut out = Outgoing::default();
                self.client.poll(&mut out);
                self.carry(node, out)
            }
            _ => self.connected(node),
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.forget_step(node);
        let lines = self.script.len() as u64;
        if lines > 0 && (self.next < lines || self.client.is_busy() || self.awaits.is_some()) {
            node.print(format!(
                "the run ends in line {} of {lines}",
                self.next.max(1)
            ));
        }
        Ok(())
    }
}

impl ChatClient {
    /// What the last step was about is not what this one is.
    fn forget_step(&mut self, node: &mut Context<Self>) {
        if std::mem::take(&mut self.shown) {
            About::default().show(node);
            node.clear(REPLY);
        }
    }

    fn show(&mut self, node: &mut Context<Self>, event: Event, about: About<'_>) {
        self.shown = true;
        about.show(node);
        node.record(event);
    }

    fn connected(&mut self, node: &mut Context<Self>) -> Result {
        self.connected = true;
        self.away = false;
        // Another one after a crash, too: the time has moved on.
        let nonce = node.random().next_u64() ^ node.now_ns();
        let mut out = Outgoing::default();
        self.client.connected(nonce, &mut out);
        self.carry(node, out)
    }

    fn disconnected(&mut self, node: &mut Context<Self>) {
        self.connected = false;
        self.client.disconnected();
        self.waits_for = None;
        node.cancel_timer(timer::TIMEOUT);
    }

    /// Lets go of the connection for a while.
    fn drop_out(&mut self, node: &mut Context<Self>, span: Span) {
        self.disconnected(node);
        self.away = true;
        node.close(self.server);
        node.set_timer(timer::RECONNECT, span.duration());
    }

    fn later(&mut self, node: &mut Context<Self>, after: Span) {
        node.set_timer(timer::NEXT, after.duration());
    }

    fn poll_later(&mut self, node: &mut Context<Self>) {
        if let Some(poll) = node.config().poll() {
            node.set_timer(timer::POLL, poll.duration());
        }
    }

    /// Sends what the client wants sent, and takes in what it tells.
    fn carry(&mut self, node: &mut Context<Self>, out: Outgoing) -> Result {
        for frame in &out.frames {
            node.send(self.server, frame)?;
        }
        for told in out.told {
            self.told(node, told);
        }
        self.watch(node);
        Ok(())
    }

    /// Sets the timeout of a new request.
    fn watch(&mut self, node: &mut Context<Self>) {
        let Some(timeout) = node.config().timeout else {
            return;
        };
        match self.client.asking() {
            None if self.waits_for.take().is_some() => node.cancel_timer(timer::TIMEOUT),
            None => {}
            Some(request) if self.waits_for.is_some_and(|(before, _)| before == request) => {}
            Some(request) => {
                self.waits_for = Some((request, timeout.ns()));
                node.set_timer(timer::TIMEOUT, timeout.duration());
            }
        }
    }

    /// Sends a request again that is not answered yet.
    fn ask_again(&mut self, node: &mut Context<Self>) -> Result {
        let Some(timeout) = node.config().timeout else {
            return Ok(());
        };
        if let Some((_, waited)) = &mut self.waits_for {
            let most = timeout.ns().saturating_mul(PATIENCE);
            *waited = waited.saturating_mul(2).min(most);
            node.set_timer(timer::TIMEOUT, Span::from_ns(*waited).duration());
            self.retries += 1;
            node.set(RETRIES, self.retries);
            let mut out = Outgoing::default();
            self.client.resend(&mut out);
            return self.carry(node, out);
        }
        Ok(())
    }
}
