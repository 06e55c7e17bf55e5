//! The open loop: messages are due at times of their own, whatever the server does.
//!
//! A request is a message to a user of the last list, and `reply_ns` is the time from when it was
//! due to the server's reply. The user does not wait for replies: many messages may be under way
//! over one connection, and their replies come in order. The first message is due one gap after
//! the user has its account, its login and the first list of names; a list of all names is
//! requested again when 1, 2, 4, 8 and so on messages were due, since users come, and after a
//! message to an account that does not exist, since users go.
//!
//! While the user is not logged in, because it lost the connection, due messages wait. The wait is
//! part of their `reply_ns`.
//!
//! A step describes one message in its columns. So of several messages that are due at once, and
//! of several results of one login, each has a step of its own at the same time.

use super::random;
use super::{ANSWERED, ChatClient, REFUSED, REPLY, SENDS, UNANSWERED, timer};
use chat_core::{Command, Outcome, Outgoing, Refusal};
use runner_sdk::{Arrivals, Context, Result, Span};
use std::collections::VecDeque;
use std::time::Duration;

/// What an open-loop user keeps.
pub(super) struct Open {
    /// When messages are due; `None` before the load begins.
    arrivals: Option<Arrivals>,
    /// When the messages were due that are not sent yet `[ns]`.
    due: VecDeque<u64>,
    /// The messages without a reply: the sender's number, and when it was due `[ns]`.
    waiting: VecDeque<(u64, u64)>,
    /// Results of messages, for this step and the next ones.
    results: VecDeque<(u64, Outcome)>,
    /// Whether the names are to be listed.
    needs_list: bool,
}

impl Default for Open {
    fn default() -> Open {
        Open {
            arrivals: None,
            due: VecDeque::new(),
            waiting: VecDeque::new(),
            results: VecDeque::new(),
            needs_list: true,
        }
    }
}

impl ChatClient {
    /// The user is logged in and has no command under way: lists the names, or begins the load.
    pub(super) fn prepare(&mut self, node: &mut Context<Self>) -> Result {
        let (config, now_ns) = (node.config(), node.now_ns());
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if std::mem::take(&mut open.needs_list) {
            let pattern = "*".to_owned();
            return self.command(node, Command::List { pattern });
        }
        if self.known.is_empty() {
            open.needs_list = true;
            let pause = config.think.sample(node.random());
            self.act_after(node, pause);
            return Ok(());
        }
        if open.arrivals.is_none() {
            open.arrivals = Arrivals::new(config.rate, config.gap.as_ref(), now_ns, node.random());
            self.schedule(node);
        }
        self.send_due(node)
    }

    /// Sets the timer of the next message, if there is one.
    fn schedule(&self, node: &mut Context<Self>) {
        let arrivals = self.open.as_ref().and_then(|open| open.arrivals.as_ref());
        if let Some(arrivals) = arrivals
            && self.next < node.config().actions
        {
            let after_ns = arrivals.next_ns().saturating_sub(node.now_ns());
            node.set_timer(timer::DUE, Duration::from_nanos(after_ns));
        }
    }

    /// A message is due.
    pub(super) fn due(&mut self, node: &mut Context<Self>) -> Result {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(arrivals) = &mut open.arrivals else {
            return Ok(());
        };
        open.due.push_back(arrivals.next_ns());
        arrivals.advance(node.random());
        self.next += 1;
        open.needs_list |= self.next.is_power_of_two();
        self.counts.unanswered += 1;
        node.set(UNANSWERED, self.counts.unanswered);
        self.schedule(node);
        self.send_due(node)
    }

    /// Sends the oldest message that is due, if the user can send.
    pub(super) fn send_due(&mut self, node: &mut Context<Self>) -> Result {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.due.is_empty() || !self.client.can_send() {
            return Ok(());
        }
        let count = self.next + 1 - open.due.len() as u64;
        let config = node.config();
        let Some((to, text)) = random::message(&self.known, count, config, node.random()) else {
            return Ok(());
        };
        let mut out = Outgoing::default();
        if let Some(number) = self.client.send(to, text, &mut out)
            && let Some(due_ns) = open.due.pop_front()
        {
            open.waiting.push_back((number, due_ns));
        }
        let needs_list = open.needs_list;
        self.handle_output(node, out)?;
        self.continue_sending(node);
        if needs_list {
            self.act_after(node, Span::ZERO);
        }
        Ok(())
    }

    /// Sets the timer of a message that is due and waits, if the user can send it.
    pub(super) fn continue_sending(&self, node: &mut Context<Self>) {
        let waits = self.open.as_ref().is_some_and(|open| !open.due.is_empty());
        if waits && self.client.can_send() {
            node.set_timer(timer::WAITING, Duration::ZERO);
        }
    }

    /// Keeps the result of a message until a step can show it.
    pub(super) fn keep_result(&mut self, number: u64, outcome: Outcome) {
        if let Some(open) = &mut self.open {
            open.results.push_back((number, outcome));
        }
    }

    /// Shows one result, and sets the timer of the next.
    pub(super) fn next_result(&mut self, node: &mut Context<Self>) {
        let results = self.open.as_mut().map(|open| &mut open.results);
        if let Some((number, outcome)) = results.and_then(VecDeque::pop_front) {
            self.message_answered(node, number, &outcome);
            self.later_results(node);
        }
    }

    /// Sets the timer of the next result, if there is one.
    pub(super) fn later_results(&self, node: &mut Context<Self>) {
        if self.open.as_ref().is_some_and(|it| !it.results.is_empty()) {
            node.set_timer(timer::RESULT, Duration::ZERO);
        }
    }

    /// Records the result of a message.
    fn message_answered(&mut self, node: &mut Context<Self>, number: u64, outcome: &Outcome) {
        let Some(open) = &mut self.open else { return };
        let at = open.waiting.iter().position(|(it, _)| *it == number);
        let Some((_, due_ns)) = at.and_then(|at| open.waiting.remove(at)) else {
            return;
        };
        self.has_columns = true;
        node.set(REPLY, node.now_ns().saturating_sub(due_ns));
        self.counts.unanswered -= 1;
        node.set(UNANSWERED, self.counts.unanswered);
        let event = match outcome {
            Outcome::Refused { code, .. } => {
                open.needs_list |= Refusal::from_code(*code) == Some(Refusal::NoSuchAccount);
                REFUSED
            }
            _ => {
                self.counts.sends += 1;
                node.set(SENDS, self.counts.sends);
                ANSWERED
            }
        };
        node.record(event);
    }
}
