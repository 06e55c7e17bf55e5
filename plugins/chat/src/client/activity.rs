//! Handles notices, and chooses the next action.

use super::Line;
use super::random::{self, Action};
use super::{
    ANSWERED, COMPLAINT, ChatClient, EXPELLED, GETS, GOT, REFUSED, REPEATED, REPLY, SENDS,
    SUBMITTED, UNANSWERED, UNMET,
};
use crate::columns::Subject;
use chat_core::{Command, Notice, Outcome, Outgoing, Refusal};
use runner_sdk::{Context, Result, Span};

impl ChatClient {
    /// Handles a notice of the client.
    pub(super) fn notice(&mut self, node: &mut Context<Self>, notice: Notice) {
        if !self.script.is_empty()
            && !matches!(notice, Notice::Complaint { .. })
            && let Some(line) = notice.line()
        {
            node.print(line);
        }
        match notice {
            Notice::Submitted { from, to, number } => {
                let subject = Subject {
                    from: Some(&from),
                    to: Some(&to),
                    number: Some(number),
                    ..Subject::default()
                };
                self.record(node, SUBMITTED, subject);
            }
            Notice::Message {
                to,
                mailbox,
                id,
                from,
                ..
            } => {
                self.counts.gets += 1;
                node.set(GETS, self.counts.gets);
                let subject = Subject {
                    from: Some(&from),
                    to: Some(&to),
                    mailbox: Some(mailbox),
                    id: Some(id),
                    ..Subject::default()
                };
                self.record(node, GOT, subject);
                if self.awaits.is_some_and(|count| self.counts.gets >= count) {
                    self.awaits = None;
                    node.set(UNMET, self.unmet());
                    // The next action needs its own step: the columns of this step describe the message.
                    self.act_after(node, Span::ZERO);
                }
            }
            Notice::Repeated => node.record(REPEATED),
            Notice::Elsewhere | Notice::Gone { .. } => {
                node.record(EXPELLED);
                // Nothing else would make an open-loop user log in again.
                if self.open.is_some() && !self.client.is_busy() {
                    let pause = node.config().think.sample(node.random());
                    self.act_after(node, pause);
                }
            }
            Notice::MessageAnswered { number, outcome } => self.keep_result(number, outcome),
            Notice::Complaint { text } => {
                node.print(&text);
                node.record(COMPLAINT);
            }
            Notice::Answered { outcome, .. } => {
                // In an open loop, `reply_ns` is that of messages alone.
                if self.open.is_none() {
                    self.has_columns = true;
                    node.set(REPLY, node.now_ns().saturating_sub(self.commanded_ns));
                }
                self.counts.unanswered -= 1;
                node.set(UNANSWERED, self.counts.unanswered);
                self.answered(node, outcome);
            }
        }
    }

    /// Handles the result of a command, and sets the time of the next action.
    fn answered(&mut self, node: &mut Context<Self>, outcome: Outcome) {
        let is_refused = matches!(outcome, Outcome::Refused { .. });
        let at_once_by_plan = !self.script.is_empty() || self.open.is_some() && !is_refused;
        let (mut away, mut at_once) = (false, at_once_by_plan);
        let mut event = ANSWERED;
        match outcome {
            Outcome::Created => {
                self.has_account = true;
                at_once = true;
            }
            Outcome::LoggedIn { .. } | Outcome::Waiting(_) => {}
            Outcome::LoggedOut => away = true,
            Outcome::Deleted { .. } => {
                self.has_account = false;
                away = true;
            }
            Outcome::Names(names) => self.known = names,
            Outcome::Sent { .. } => {
                self.counts.sends += 1;
                node.set(SENDS, self.counts.sends);
            }
            Outcome::Refused { code, .. } => {
                event = REFUSED;
                let refusal = Refusal::from_code(code);
                if refusal == Some(Refusal::NameTaken) {
                    // The user's own account, from before a crash.
                    self.has_account = true;
                    at_once = true;
                }
                if refusal == Some(Refusal::NoSuchAccount) && self.client.user().is_none() {
                    self.has_account = false;
                }
            }
        }
        node.record(event);
        let config = node.config();
        let pause = match (at_once, away) {
            (true, _) => Span::ZERO,
            (false, true) => config.away.sample(node.random()),
            (false, false) => config.think.sample(node.random()),
        };
        self.act_after(node, pause);
    }

    /// Executes the next action, unless the last one is not finished.
    pub(super) fn act(&mut self, node: &mut Context<Self>) -> Result {
        if self.client.is_busy() || self.awaits.is_some() {
            return Ok(());
        }
        match self.script.is_empty() {
            true => self.at_random(node),
            false => self.scripted(node),
        }
    }

    fn scripted(&mut self, node: &mut Context<Self>) -> Result {
        let Some(line) = self.script.get(self.next as usize).cloned() else {
            return Ok(());
        };
        self.next += 1;
        match line {
            Line::Command(command) => return self.command(node, command),
            Line::Wait(span) => self.act_after(node, span),
            Line::Await(count) if self.counts.gets >= count => self.act_after(node, Span::ZERO),
            Line::Await(count) => self.awaits = Some(count),
            Line::Drop(span) => {
                self.drop_connection(node, span);
                self.act_after(node, Span::ZERO);
            }
        }
        node.set(UNMET, self.unmet());
        Ok(())
    }

    fn at_random(&mut self, node: &mut Context<Self>) -> Result {
        let config = node.config();
        let name = self.name.clone();
        if !self.has_account {
            return self.command(node, Command::Create { name });
        }
        if self.client.user().is_none() && !self.away {
            return self.command(node, Command::Login { name });
        }
        if self.open.is_some() {
            return self.prepare(node);
        }
        if self.next >= config.actions {
            return Ok(());
        }
        self.next += 1;
        let random = node.random();
        let command = match random::action(config, random) {
            Action::Send => match random::message(&self.known, self.next, config, random) {
                Some((to, text)) => Command::Send { to, text },
                None => random::list(&name, random),
            },
            Action::List => random::list(&name, random),
            Action::Receive => Command::Receive,
            Action::Logout => Command::Logout,
            Action::Delete => Command::Delete,
            Action::Drop => {
                let span = config.away.sample(node.random());
                self.drop_connection(node, span);
                let think = config.think.sample(node.random());
                self.act_after(node, think);
                return Ok(());
            }
        };
        self.command(node, command)
    }

    pub(super) fn command(&mut self, node: &mut Context<Self>, command: Command) -> Result {
        self.commanded_ns = node.now_ns();
        self.counts.unanswered += 1;
        node.set(UNANSWERED, self.counts.unanswered);
        let mut out = Outgoing::default();
        self.client.command(command, &mut out);
        self.handle_output(node, out)
    }
}
