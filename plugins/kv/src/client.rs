//! The client: sends commands, and records each command and its reply. It sends one at a time, as
//! a closed loop; with `rate` or `gap` it is an open loop: see `open`.
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
//! # A server that closes after each reply
//! With `reconnect`, each sending has a connection of its own: the client closes the old one before
//! it sends. So no command is sent into a connection that the server is about to close. Then
//! the order of messages means nothing, since another connection may overtake: after an operation
//! that was sent more than once, the client closes the connection and waits for one `timeout`, in
//! which late replies are `stray`. It never records `settled`: a command that got no reply may be
//! executed at any later time, and the check allows that.
//!
//! # Replies that do not come
//! The client cannot tell a lost reply from a slow one. It counts the operations without a reply
//! (`unanswered`) and the replies that its script expects and that have not come (`unmet`). The
//! runner judges the last value of `unmet`: a run whose script still waits has not passed.

mod config;
mod open;
mod operation;
mod record;
mod step;
#[cfg(test)]
mod tests;
mod workload;
mod zipf;

pub use config::{ClientConfig, KeyDistribution};
pub use step::Step;

use crate::Wire;
use open::Open;
use operation::Operation;
use record::{
    ANSWERED, COMMAND, INVOKE, KEY, LATENCY, OP, RESULT, RETRIES, RETRY, RETURN, SETTLED, STRAY,
    TIMEOUT, TIMEOUTS, UNANSWERED, UNMET, VALUE,
};
use runner_sdk::{
    Arrivals, Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span,
};
use std::time::Duration;
use workload::Workload;

/// The tag of the timer that ends a pause, or is due when an open loop sends.
const NEXT: u64 = 0;

/// The tag of the timer that ends the wait for a reply.
const LATE: u64 = 1;

/// `kv.client`.
pub struct Client {
    wire: Wire,
    /// The peer that receives the commands.
    server: Peer,
    workload: Workload,
    state: State,
    /// What an open loop keeps; `None`: the client is a closed loop.
    open: Option<Open>,
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

/// What a closed loop waits for.
enum State {
    /// The end of a pause, or nothing.
    Idle,
    /// A reply.
    Waiting(Operation),
    /// The error that repeats the last `sync` word: no earlier reply follows it. With `reconnect`,
    /// the end of the time in which earlier replies may arrive.
    Settling,
}

impl Behavior for Client {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "Sends commands to its server: those of a script, then `operations` at \
        random; one at a time, or with `rate` or `gap` without waiting for replies. Records when each \
        began and what it was answered, for the check `kv.linearizable`.";
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
            wire: node.config().wire(),
            server: node.server("server", node.config().server.as_deref())?,
            open: None,
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
        let (config, now_ns) = (node.config(), node.now_ns());
        let arrivals = Arrivals::new(config.rate, config.gap.as_ref(), now_ns, node.random());
        if let Some(arrivals) = arrivals {
            let open = self.open.insert(Open::new(arrivals));
            open.schedule(node);
            return Ok(());
        }
        match config.timeout {
            // Replies to commands that this node sent before a crash may still arrive.
            Some(_) => self.settle(node),
            None => self.invoke(node),
        }
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        if self.open.is_some() {
            return self.take_reply(node, from, bytes);
        }
        node.clear(LATENCY);
        let probes = node.config().timeout.is_some() && !node.config().reconnect;
        let sync = match probes {
            true => self.wire.probed(bytes),
            false => None,
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting(operation) if from == self.server && sync.is_none() => {
                self.answered(node, &operation, bytes)
            }
            State::Settling if from == self.server && sync == Some(self.syncs) => {
                node.cancel_timer(LATE);
                node.record(SETTLED);
                self.pause(node)
            }
            waiting => {
                self.state = waiting;
                node.record(STRAY);
                Ok(())
            }
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        if self.open.is_some() {
            return self.send_next(node);
        }
        node.clear(LATENCY);
        match (tag, std::mem::replace(&mut self.state, State::Idle)) {
            (LATE, State::Waiting(operation)) => self.late(node, operation),
            (LATE, State::Settling) if node.config().reconnect => self.pause(node),
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
        if total > 0 && self.begun == 0 && matches!(self.state, State::Settling) {
            let word = String::from_utf8_lossy(&self.wire.probe(self.syncs)).into_owned();
            node.print(format!(
                "no command was sent: with `timeout`, the client waits until the server's error repeats the \
                 word {word:?}; for a server that does not, leave `timeout` out, or set `reconnect`"
            ));
        }
        Ok(())
    }
}

impl Client {
    /// Begins the next operation, if there is one.
    fn invoke(&mut self, node: &mut Context<Self>) -> Result {
        let now_ns = node.now_ns();
        match self.begin(node, now_ns)? {
            Some(operation) => {
                self.state = State::Waiting(operation);
                self.send(node)
            }
            None => Ok(()),
        }
    }

    /// Sends the message whose reply the client waits for.
    fn send(&mut self, node: &mut Context<Self>) -> Result {
        match &self.state {
            State::Idle => return Ok(()),
            State::Waiting(operation) => node.send(self.server, &operation.request.message)?,
            State::Settling => node.send(self.server, &self.wire.probe(self.syncs))?,
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
        self.returned(node, operation, bytes)?;
        if node.config().timeout.is_some() {
            node.cancel_timer(LATE);
        }
        match operation.retries {
            0 => {
                self.reconnect(node);
                self.pause(node)
            }
            _ => self.settle(node),
        }
    }

    /// With `reconnect`, closes the connection: the next message opens another one.
    fn reconnect(&self, node: &mut Context<Self>) {
        if node.config().reconnect {
            node.close(self.server);
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
            self.reconnect(node);
            return self.send(node);
        }
        self.timeouts += 1;
        node.set(TIMEOUTS, self.timeouts);
        node.record(TIMEOUT);
        self.settle(node)
    }

    /// Waits until no reply to an earlier command can arrive: sends a new `sync` word, whose error
    /// arrives after all earlier replies. An old word would not do, since the error for it may
    /// be one of those replies.
    fn settle(&mut self, node: &mut Context<Self>) -> Result {
        self.state = State::Settling;
        match (node.config().reconnect, node.config().timeout) {
            (true, Some(timeout)) => {
                self.reconnect(node);
                node.set_timer(LATE, timeout.duration());
                Ok(())
            }
            _ => {
                self.syncs += 1;
                self.send(node)
            }
        }
    }

    /// Ends the run, if the config says so.
    fn finish(&self, node: &mut Context<Self>) {
        if node.config().stop {
            let (name, answered) = (node.name(), self.answered);
            node.stop_run(format!("{name} has done its commands, {answered} answered"));
        }
    }

    /// Starts the next operation after a pause. Even a pause of 0 ends the step, since the
    /// columns of a step describe one operation.
    fn pause(&mut self, node: &mut Context<Self>) -> Result {
        let config = node.config();
        if self.begun == Workload::total(config) {
            self.finish(node);
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
