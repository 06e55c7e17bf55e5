//! A user: follows a script, or acts at random. It sends one request at a time, as a closed loop;
//! with `rate` or `gap` it sends messages as an open loop: see `open`.
//!
//! [`chat_core::Client`] ensures that no message is lost or shown twice. This module
//! connects it with the node's connections, messages and timers, and gives it commands.
//!
//! Over links that may lose messages, set a `timeout`. Then a request without a reply is sent
//! again, and the user polls for missing messages from time to time: if the last message is
//! lost, no later message shows that it is missing.

mod activity;
mod config;
mod open;
mod random;
mod record;
mod script;
#[cfg(test)]
mod tests;

pub use config::{ClientConfig, Weights};
pub use record::*;

use crate::columns::{FROM, ID, MAILBOX, NUMBER, Subject, TO};
use chat_core::{Client, Notice, Outgoing};
use open::Open;
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span};
use script::Line;

/// The tags of the timers.
mod timer {
    /// The next action.
    pub const NEXT: u64 = 0;
    /// No reply in time.
    pub const TIMEOUT: u64 = 1;
    /// The next poll for missing messages.
    pub const POLL: u64 = 2;
    /// The next connection.
    pub const RECONNECT: u64 = 3;
    /// The next message of an open loop is due.
    pub const DUE: u64 = 4;
    /// A message that was due can be sent.
    pub const WAITING: u64 = 5;
    /// The next result of a message.
    pub const RESULT: u64 = 6;
}

/// Maximum wait for a reply, as a multiple of `timeout`.
const MAX_WAIT: u64 = 8;

/// `chat.client`.
pub struct ChatClient {
    client: Client,
    server: Peer,
    name: String,
    script: Vec<Line>,
    /// Index of the next line of the script; or number of random actions so far.
    next: u64,
    connected: bool,
    /// Whether the user has dropped its connection and will connect again.
    away: bool,
    /// Time of the last command `[ns]`.
    commanded_ns: u64,
    /// The request for which the timeout is set, and the timeout `[ns]`.
    timeout: Option<(u32, u64)>,
    /// The names of the last list.
    known: Vec<String>,
    has_account: bool,
    /// The number of messages for which the script waits.
    awaits: Option<u64>,
    /// What an open loop keeps; `None`: the user is a closed loop.
    open: Option<Open>,
    counts: Counts,
    /// Whether columns of the last step are still set.
    has_columns: bool,
}

/// What the columns count.
#[derive(Default)]
struct Counts {
    sends: u64,
    gets: u64,
    retries: u64,
    /// Commands without a reply.
    unanswered: u64,
}

impl Behavior for ChatClient {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "A user of a chat server: follows a script, or makes an account, logs \
        in, and sends, lists, comes, goes and deletes its account at random; or with `rate` or `gap` sends \
        messages without waiting for replies.";
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
        UNANSWERED.info(),
        UNMET.info(),
    ];
    const EVENTS: &'static [Event] = &[
        SUBMITTED, GOT, REPEATED, ANSWERED, REFUSED, EXPELLED, COMPLAINT,
    ];
    const CONNECTS: bool = true;

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        for column in [SENDS, GETS, RETRIES, UNANSWERED] {
            node.set(column, 0);
        }
        let config = node.config();
        let server = match (&config.server, node.peer_named("server")) {
            (None, Some(server)) => server,
            (named, _) => node.server("server", named.as_deref())?,
        };
        let script = config.script.iter().map(|line| Line::parse(line));
        let user = ChatClient {
            client: Client::new(),
            server,
            name: config.name.as_deref().unwrap_or(node.name()).to_owned(),
            script: script.collect::<Result<_, _>>()?,
            next: 0,
            connected: false,
            away: false,
            commanded_ns: 0,
            timeout: None,
            known: Vec::new(),
            has_account: false,
            awaits: None,
            open: config.is_open_loop().then(Open::default),
            counts: Counts::default(),
            has_columns: false,
        };
        node.set(UNMET, user.unmet());
        Ok(user)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.act_after(node, Span::ZERO);
        self.poll_later(node);
        Ok(())
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.clear_columns(node);
        // A message of this node may have opened the connection.
        if peer == self.server && !self.connected && !self.away {
            node.cancel_timer(timer::RECONNECT);
            self.connected(node)?;
        }
        Ok(())
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        self.clear_columns(node);
        if peer == self.server && self.connected {
            self.disconnected(node);
            let after = node.config().reconnect.sample(node.random());
            node.set_timer(timer::RECONNECT, after.duration());
        }
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.clear_columns(node);
        if from != self.server || !self.connected {
            return Ok(());
        }
        let mut out = Outgoing::default();
        self.client.frame(bytes, &mut out);
        // A step shows one result, and a step with another notice none.
        let is_result = matches!(&out.notices[..], [Notice::MessageAnswered { .. }]);
        self.handle_output(node, out)?;
        match is_result {
            true => self.next_result(node),
            false => self.later_results(node),
        }
        self.continue_sending(node);
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        self.clear_columns(node);
        match tag {
            timer::NEXT => self.act(node),
            timer::TIMEOUT => self.resend(node),
            timer::POLL => {
                self.poll_later(node);
                let mut out = Outgoing::default();
                self.client.poll(&mut out);
                self.handle_output(node, out)
            }
            timer::DUE => self.due(node),
            timer::WAITING => self.send_due(node),
            timer::RESULT => {
                self.next_result(node);
                Ok(())
            }
            _ => self.connected(node),
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.clear_columns(node);
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
    /// Number of `await` lines of the script whose messages have not all come.
    fn unmet(&self) -> u64 {
        let rest = self.script.iter().skip(self.next as usize);
        let awaits = rest.filter(|line| matches!(line, Line::Await(_))).count();
        awaits as u64 + u64::from(self.awaits.is_some())
    }

    /// Clears the columns of the last step.
    fn clear_columns(&mut self, node: &mut Context<Self>) {
        if std::mem::take(&mut self.has_columns) {
            Subject::default().set_columns(node);
            node.clear(REPLY);
        }
    }

    fn record(&mut self, node: &mut Context<Self>, event: Event, subject: Subject<'_>) {
        self.has_columns = true;
        subject.set_columns(node);
        node.record(event);
    }

    fn connected(&mut self, node: &mut Context<Self>) -> Result {
        self.connected = true;
        self.away = false;
        // With the time, the nonce also differs from those before a crash.
        let nonce = node.random().next_u64() ^ node.now_ns();
        let mut out = Outgoing::default();
        self.client.connected(nonce, &mut out);
        self.handle_output(node, out)
    }

    fn disconnected(&mut self, node: &mut Context<Self>) {
        self.connected = false;
        self.client.disconnected();
        self.timeout = None;
        node.cancel_timer(timer::TIMEOUT);
    }

    /// Drops the connection for a while.
    fn drop_connection(&mut self, node: &mut Context<Self>, span: Span) {
        self.disconnected(node);
        self.away = true;
        node.close(self.server);
        node.set_timer(timer::RECONNECT, span.duration());
    }

    fn act_after(&mut self, node: &mut Context<Self>, after: Span) {
        node.set_timer(timer::NEXT, after.duration());
    }

    fn poll_later(&mut self, node: &mut Context<Self>) {
        if let Some(poll) = node.config().poll() {
            node.set_timer(timer::POLL, poll.duration());
        }
    }

    /// Sends the frames of the client and handles its notices.
    fn handle_output(&mut self, node: &mut Context<Self>, out: Outgoing) -> Result {
        for frame in &out.frames {
            node.send(self.server, frame)?;
        }
        for notice in out.notices {
            self.notice(node, notice);
        }
        self.update_timeout(node);
        Ok(())
    }

    /// Sets the timeout of a new request, or cancels the timeout if no request is pending.
    fn update_timeout(&mut self, node: &mut Context<Self>) {
        let Some(timeout) = node.config().timeout else {
            return;
        };
        match self.client.pending_request() {
            None if self.timeout.take().is_some() => node.cancel_timer(timer::TIMEOUT),
            None => {}
            Some(request) if self.timeout.is_some_and(|(before, _)| before == request) => {}
            Some(request) => {
                self.timeout = Some((request, timeout.ns()));
                node.set_timer(timer::TIMEOUT, timeout.duration());
            }
        }
    }

    /// Sends the pending request again, and doubles its timeout.
    fn resend(&mut self, node: &mut Context<Self>) -> Result {
        let Some(timeout) = node.config().timeout else {
            return Ok(());
        };
        if let Some((_, wait_ns)) = &mut self.timeout {
            let max_ns = timeout.ns().saturating_mul(MAX_WAIT);
            *wait_ns = wait_ns.saturating_mul(2).min(max_ns);
            node.set_timer(timer::TIMEOUT, Span::from_ns(*wait_ns).duration());
            self.counts.retries += 1;
            node.set(RETRIES, self.counts.retries);
            let mut out = Outgoing::default();
            self.client.resend(&mut out);
            return self.handle_output(node, out);
        }
        Ok(())
    }
}
