//! The client: sends commands, one at a time, and records each command and its reply.
//!
//! Each command is an *operation*: the client records `invoke` when it sends the command, and
//! `return` when the reply arrives. The operations of several clients overlap. The check
//! `kv.linearizable` judges whether a correct store can have returned these results.
//!
//! # When messages are lost
//! With a `timeout`, a command without a reply is sent again. Then two things are uncertain. A
//! client that ignores them reports errors of a store that is correct.
//!
//! *To which command does a reply belong?* Replies have no number. After a command was sent twice,
//! two replies may arrive, and the client could take the second for the reply to the next
//! command. Therefore the client *settles* after every operation that was sent more than once: it
//! sends a new word that is not a command, such as `sync-7`, until the server's error repeats this
//! word. Links keep the order of messages, so when that error arrives, every earlier reply has
//! arrived or is lost. Other messages that arrive meanwhile are recorded as `stray` and ignored.
//! (Over links with `order = "any"` or `duplicate` this does not hold, and this protocol cannot
//! be correct.)
//!
//! *How often was the command executed?* A command that was sent twice may be executed twice, the
//! second time after a command of another client. A command that was given up (`timeout`: sent
//! again `retries` times, no reply) may have been executed or not. Therefore each sending is
//! recorded (`retry`), and the check allows one more execution for each, between the
//! sending and the moment when the client has settled (`settled`). In a random workload each
//! value is written by one operation only, so a read identifies the write.
//!
//! # Replies that do not come
//! The client cannot tell a lost reply from a slow one. It counts the operations without a reply
//! (`unanswered`) and the replies that its script expects and that have not come (`unmet`). The
//! runner judges the last value of `unmet`: a run whose script still waits has not passed.

mod config;
mod record;
mod step;
#[cfg(test)]
mod tests;
mod workload;
mod zipf;

pub use config::{ClientConfig, KeyDistribution};
pub use step::Step;

use crate::command::ERROR;
use crate::{Command, Escaped};
use record::{
    ANSWERED, COMMAND, INVOKE, KEY, LATENCY, OP, RESULT, RETRIES, RETRY, RETURN, SETTLED, STRAY,
    TIMEOUT, TIMEOUTS, UNANSWERED, UNMET, VALUE,
};
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span};
use std::time::Duration;
use workload::Workload;

/// The tag of the timer that ends a pause.
const NEXT: u64 = 0;

/// The tag of the timer that ends the wait for a reply.
const LATE: u64 = 1;

/// `kv.client`.
pub struct Client {
    /// The peer that receives the commands.
    server: Peer,
    workload: Workload,
    state: State,
    /// Operations begun so far.
    begun: u64,
    answered: u64,
    retries: u64,
    timeouts: u64,
    /// Replies that the script expects and that have not come.
    unmet: u64,
    /// Number of the last `sync` word.
    syncs: u64,
}

/// What the client waits for.
enum State {
    /// The end of a pause, or nothing.
    Idle,
    /// A reply.
    Waiting(Operation),
    /// The error that repeats the last `sync` word: no earlier reply follows it.
    Settling,
}

/// An operation that waits for its reply.
struct Operation {
    message: Vec<u8>,
    /// The reply that the script expects.
    expected: Option<String>,
    invoked_ns: u64,
    /// Number of repeated sendings.
    retries: u32,
}

impl Behavior for Client {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "Sends commands to its server, one at a time: those of a script, then \
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
        UNANSWERED.info(),
        UNMET.info(),
    ];
    const EVENTS: &'static [Event] = &[INVOKE, RETURN, RETRY, TIMEOUT, SETTLED, STRAY];

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(ANSWERED, 0);
        node.set(RETRIES, 0);
        node.set(TIMEOUTS, 0);
        node.set(UNANSWERED, 0);
        let script = node.config().script.iter();
        let unmet = script.filter(|step| step.expect.is_some()).count() as u64;
        node.set(UNMET, unmet);
        Ok(Client {
            server: node.server("server", node.config().server.as_deref())?,
            workload: Workload::new(node.config()),
            state: State::Idle,
            begun: 0,
            answered: 0,
            retries: 0,
            timeouts: 0,
            unmet,
            syncs: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        match node.config().timeout {
            // Replies to commands that this node sent before a crash may still arrive.
            Some(_) => self.settle(node),
            None => self.invoke(node),
        }
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        node.clear(LATENCY);
        let timed = node.config().timeout.is_some();
        let sync = if timed { synced(bytes) } else { None };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(operation) if from == self.server && sync.is_none() => {
                self.answered(node, &operation, bytes)
            }
            State::Settling if from == self.server && sync == Some(self.syncs) => {
                self.settled(node)
            }
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
        node.set(UNANSWERED, self.begun - self.answered);
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

    /// Sends the message whose reply the client waits for.
    fn send(&mut self, node: &mut Context<Self>) -> Result {
        match &self.state {
            State::Idle => return Ok(()),
            State::Waiting(operation) => node.send(self.server, &operation.message)?,
            State::Settling => node.send(self.server, format!("sync-{}", self.syncs).as_bytes())?,
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
        node.set(UNANSWERED, self.begun - self.answered);
        self.unmet -= u64::from(operation.expected.is_some());
        node.set(UNMET, self.unmet);
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

    /// Handles an operation whose timeout has expired: sends it again, or gives it up.
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

    /// Sends a new `sync` word: its error arrives after all earlier replies. An old word would not
    /// do, since the error for it may be one of those replies.
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

    /// Starts the next operation after a pause. Even a pause of 0 ends the step, since the
    /// columns of a step describe one operation.
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

/// The number in the server's error for a `sync` word.
fn synced(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes.strip_prefix(ERROR)?).ok()?;
    let (_, rest) = text.split_once("`sync-")?;
    let (number, _) = rest.split_once('`')?;
    number.parse().ok()
}

/// Sets the columns that describe a command.
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
