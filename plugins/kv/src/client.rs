//! The client: sends commands, one at a time, and records what it saw.
//!
//! Each command is an *operation*: `invoke` is recorded when it is sent, `return` when its
//! reply is there. With many clients the operations overlap, and the check
//! `kv.linearizable` asks whether what they returned can be explained at all.
//!
//! # When messages are lost
//! With a `timeout`, a command without a reply is sent again. That makes two things
//! uncertain, and a client that overlooks them sees a store that seems to
//! break its word.
//!
//! *Whose reply is it?* Replies bear no number. After a command was sent twice, two
//! replies may come, and the second would be taken for the reply to the next command.
//! So after every operation that was sent more than once the client *settles*
//! before it goes on: it sends a word that is no command and was not used before, `sync-7`, until
//! the server's error repeats it. Links keep the order of messages, so when that
//! error arrives every earlier reply has arrived or is lost. What arrives
//! meanwhile is recorded as `stray` and counts for nothing. (Over links with `order = "any"` or
//! `duplicate` there is no such moment, and no way for this protocol to be right.)
//!
//! *How often was it done?* A command that was sent twice may be done twice: the second
//! time late, after another client's command came between. And one that was given
//! up (`timeout`: sent `retries` times again, no reply) may be done or not. So each sending
//! is recorded (`retry`), and the check counts each as one more time that the command
//! may have been done, from then until the client has settled (`settled`). Every value of a random
//! workload is written by one operation only, so that a read tells which.

mod config;
mod step;
#[cfg(test)]
mod tests;
mod workload;
mod zipf;

pub use config::{ClientConfig, KeyDistribution};
pub use step::Step;

use crate::command::ERROR;
use crate::{Command, Escaped};
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span};
use std::time::Duration;
use workload::Workload;

/// The operation's number.
pub const OP: Column<u64> = Column::new(0, "op", "the operation's number, from 1");

/// What it is.
pub const COMMAND: Column<str> = Column::new(
    1,
    "command",
    "`set`, `get`, `delete`, or `other` for what is no command",
);

/// Its key.
pub const KEY: Column<str> = Column::new(
    2,
    "key",
    "the key; bytes that are no printable text stand as \\n, \\r, \\t, \\xNN, a backslash as \\\\, and of \
     more than 256 bytes the beginning, the size and a hash",
);

/// What it writes.
pub const VALUE: Column<str> = Column::new(3, "value", "what a set writes, as `key`; else empty");

/// Its reply.
pub const RESULT: Column<str> = Column::new(
    4,
    "result",
    "the reply, as `key`; empty while there is none",
);

/// From its first sending to its reply.
pub const LATENCY: Column<u64> = Column::new(
    5,
    "latency_ns",
    "from the operation's first sending to its reply [ns]; empty in steps without a reply",
);

/// How many operations were answered.
pub const ANSWERED: Column<u64> = Column::new(6, "answered", "operations answered so far");

/// How many times a command was sent again.
pub const RETRIES: Column<u64> = Column::new(7, "retries", "commands sent again so far");

/// How many operations were given up.
pub const TIMEOUTS: Column<u64> = Column::new(8, "timeouts", "operations given up so far");

/// An operation began.
pub const INVOKE: Event = Event::new(0, "invoke", "an operation began: its command was sent");

/// Its reply came.
pub const RETURN: Event = Event::new(1, "return", "the operation's reply came");

/// It was sent again.
pub const RETRY: Event = Event::new(2, "retry", "no reply in time: the command was sent again");

/// It was given up.
pub const TIMEOUT: Event = Event::new(
    3,
    "timeout",
    "no reply however often it was sent: the operation was given up, done or not",
);

/// Nothing of the operation is under way any more.
pub const SETTLED: Event = Event::new(
    4,
    "settled",
    "no command or reply of the operation is under way any more",
);

/// A message that is no reply to anything.
pub const STRAY: Event = Event::new(
    5,
    "stray",
    "a message came that is not the reply that was waited for; it counts for nothing",
);

/// Whom it sends to.
const SERVER: Peer = Peer(0);

/// The tag of the timer that ends a pause.
const NEXT: u64 = 0;

/// The tag of the timer that ends the wait for a reply.
const LATE: u64 = 1;

/// `kv.client`.
pub struct Client {
    workload: Workload,
    state: State,
    /// Operations begun so far.
    begun: u64,
    answered: u64,
    retries: u64,
    timeouts: u64,
    /// Number of the last word that settles.
    syncs: u64,
}

/// What it waits for.
enum State {
    /// The end of a pause, or nothing more.
    Idle,
    /// A reply.
    Waiting(Operation),
    /// That all earlier replies are through.
    Settling,
}

/// An operation that waits for its reply.
struct Operation {
    message: Vec<u8>,
    /// The reply that its script expects.
    expected: Option<String>,
    invoked_ns: u64,
    /// How often it was sent again.
    retries: u32,
}

impl Behavior for Client {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "Sends commands to its first peer, one at a time: those of a script, then \
        `operations` at random. Records when each began and what it was answered, for the check \
        `kv.linearizable`.";
    const COLUMNS: &'static [ColumnInfo] = &[
        OP.info(),
        COMMAND.info(),
        KEY.info(),
        VALUE.info(),
        RESULT.info(),
        LATENCY.info(),
        ANSWERED.info(),
        RETRIES.info(),
        TIMEOUTS.info(),
    ];
    const EVENTS: &'static [Event] = &[INVOKE, RETURN, RETRY, TIMEOUT, SETTLED, STRAY];

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(ANSWERED, 0);
        node.set(RETRIES, 0);
        node.set(TIMEOUTS, 0);
        Ok(Client {
            workload: Workload::new(node.config()),
            state: State::Idle,
            begun: 0,
            answered: 0,
            retries: 0,
            timeouts: 0,
            syncs: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        if node.peer_count() == 0 {
            return Err("a client without peers: link it to a server".into());
        }
        match node.config().timeout {
            // Replies to what this node sent before a crash may still come.
            Some(_) => self.settle(node),
            None => self.invoke(node),
        }
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        node.clear(LATENCY);
        let timed = node.config().timeout.is_some();
        let sync = if timed { synced(bytes) } else { None };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(operation) if from == SERVER && sync.is_none() => {
                self.answered(node, &operation, bytes)
            }
            State::Settling if from == SERVER && sync == Some(self.syncs) => self.settled(node),
            waiting => {
                self.state = waiting;
                node.record(STRAY);
                Ok(())
            }
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        node.clear(LATENCY);
        match (tag, std::mem::replace(&mut self.state, State::Idle)) {
            (LATE, State::Waiting(operation)) => self.late(node, operation),
            (LATE, State::Settling) => {
                self.state = State::Settling;
                self.send(node)
            }
            (NEXT, State::Idle) => self.invoke(node),
            (_, state) => {
                self.state = state;
                Ok(())
            }
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        let total = Workload::total(node.config());
        if self.answered < total {
            let given_up = match self.timeouts {
                0 => String::new(),
                count => format!(", {count} given up"),
            };
            let answered = self.answered;
            node.print(format!("{answered} of {total} commands answered{given_up}"));
        }
        Ok(())
    }
}

impl Client {
    /// Begins the next operation, if there is one.
    fn invoke(&mut self, node: &mut Context<Self>) -> Result {
        let (config, name) = (node.config(), node.name());
        let Some((message, expected)) = self.workload.next(config, name, self.begun, node.random())
        else {
            return Ok(());
        };
        self.begun += 1;
        node.set(OP, self.begun);
        show(node, &message);
        node.clear_text(RESULT);
        node.record(INVOKE);
        self.state = State::Waiting(Operation {
            message,
            expected,
            invoked_ns: node.now_ns(),
            retries: 0,
        });
        self.send(node)
    }

    /// Sends what is waited for.
    fn send(&mut self, node: &mut Context<Self>) -> Result {
        match &self.state {
            State::Idle => return Ok(()),
            State::Waiting(operation) => node.send(SERVER, &operation.message)?,
            State::Settling => node.send(SERVER, format!("sync-{}", self.syncs).as_bytes())?,
        }
        if let Some(timeout) = node.config().timeout {
            node.set_timer(LATE, timeout.duration());
        }
        Ok(())
    }

    fn answered(
        &mut self,
        node: &mut Context<Self>,
        operation: &Operation,
        bytes: &[u8],
    ) -> Result {
        self.answered += 1;
        node.set(ANSWERED, self.answered);
        node.set(LATENCY, node.now_ns().saturating_sub(operation.invoked_ns));
        node.set_text(RESULT, Escaped(bytes).cell());
        node.record(RETURN);
        if let Some(expected) = &operation.expected
            && expected.as_bytes() != bytes
        {
            return Err(wrong(self.begun, &operation.message, expected, bytes));
        }
        if node.config().timeout.is_some() {
            node.cancel_timer(LATE);
        }
        match operation.retries {
            0 => self.pause(node),
            _ => self.settle(node),
        }
    }

    /// An operation's time is out: it is sent again, or given up.
    fn late(&mut self, node: &mut Context<Self>, operation: Operation) -> Result {
        if operation.retries < node.config().retries {
            self.retries += 1;
            node.set(RETRIES, self.retries);
            node.record(RETRY);
            self.state = State::Waiting(Operation {
                retries: operation.retries + 1,
                ..operation
            });
            return self.send(node);
        }
        self.timeouts += 1;
        node.set(TIMEOUTS, self.timeouts);
        node.record(TIMEOUT);
        self.settle(node)
    }

    /// Asks for a sign that all earlier replies are through; with a word that was not
    /// used before, since the last one's error may be among them.
    fn settle(&mut self, node: &mut Context<Self>) -> Result {
        self.syncs += 1;
        self.state = State::Settling;
        self.send(node)
    }

    fn settled(&mut self, node: &mut Context<Self>) -> Result {
        node.cancel_timer(LATE);
        node.record(SETTLED);
        self.pause(node)
    }

    /// Goes on after a pause; even without one in a step of its own, since the columns of a
    /// step are those of one operation.
    fn pause(&mut self, node: &mut Context<Self>) -> Result {
        let config = node.config();
        if self.begun == Workload::total(config) {
            if config.stop {
                let (name, answered) = (node.name(), self.answered);
                node.stop_run(format!("{name} has done its commands, {answered} answered"));
            }
            return Ok(());
        }
        let think = match self.begun {
            0 => Span::ZERO,
            _ => config.think.sample(node.random()),
        };
        node.set_timer(NEXT, Duration::from_nanos(think.ns()));
        Ok(())
    }
}

/// The number in the error that a word which settles is answered with.
fn synced(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes.strip_prefix(ERROR)?).ok()?;
    let (_, rest) = text.split_once("`sync-")?;
    let (number, _) = rest.split_once('`')?;
    number.parse().ok()
}

/// Sets the columns that tell what a message is.
fn show(node: &mut Context<Client>, message: &[u8]) {
    let Ok(command) = Command::parse(message) else {
        node.set_text(COMMAND, "other");
        node.clear_text(KEY);
        node.set_text(VALUE, Escaped(message).cell());
        return;
    };
    node.set_text(COMMAND, command.word());
    node.set_text(KEY, Escaped(command.key()).cell());
    match command {
        Command::Set { value, .. } => node.set_text(VALUE, Escaped(value).cell()),
        _ => node.clear_text(VALUE),
    }
}

#[cold]
fn wrong(op: u64, message: &[u8], expected: &str, found: &[u8]) -> runner_sdk::Error {
    format!(
        "wrong reply to command {op}, \"{}\": expected \"{}\", found \"{}\"",
        Escaped(message).cell(),
        Escaped(expected.as_bytes()).cell(),
        Escaped(found).cell(),
    )
    .into()
}
