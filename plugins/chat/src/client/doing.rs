//! What a user is told, and what it does next.

use super::Line;
use super::random::{self, Deed};
use super::{
    ANSWERED, COMPLAINT, ChatClient, EXPELLED, GETS, GOT, REFUSED, REPEATED, REPLY, SENDS,
    SUBMITTED,
};
use crate::columns::About;
use chat_core::{Command, Outcome, Outgoing, Refusal, Told};
use runner_sdk::{Context, Result, Span};

impl ChatClient {
    /// Takes in what the client tells.
    pub(super) fn told(&mut self, node: &mut Context<Self>, told: Told) {
        if !self.script.is_empty()
            && !matches!(told, Told::Complaint { .. })
            && let Some(line) = told.line()
        {
            node.print(line);
        }
        match told {
            Told::Submitted { from, to, number } => {
                let about = About {
                    from: Some(&from),
                    to: Some(&to),
                    number: Some(number),
                    ..About::default()
                };
                self.show(node, SUBMITTED, about);
            }
            Told::Message {
                to,
                mailbox,
                id,
                from,
                ..
            } => {
                self.gets += 1;
                node.set(GETS, self.gets);
                let about = About {
                    from: Some(&from),
                    to: Some(&to),
                    mailbox: Some(mailbox),
                    id: Some(id),
                    ..About::default()
                };
                self.show(node, GOT, about);
                if self.awaits.is_some_and(|count| self.gets >= count) {
                    self.awaits = None;
                    // In a step of its own: this one is about the message.
                    self.later(node, Span::ZERO);
                }
            }
            Told::Repeated => node.record(REPEATED),
            Told::Elsewhere | Told::Gone { .. } => node.record(EXPELLED),
            Told::Complaint { text } => {
                node.print(&text);
                node.record(COMPLAINT);
            }
            Told::Answered { outcome, .. } => {
                self.shown = true;
                node.set(REPLY, node.now_ns().saturating_sub(self.asked_ns));
                self.answered(node, outcome);
            }
        }
    }

    /// A command is done; what comes next?
    fn answered(&mut self, node: &mut Context<Self>, outcome: Outcome) {
        let (mut away, mut at_once) = (false, !self.script.is_empty());
        let mut word = ANSWERED;
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
                self.sends += 1;
                node.set(SENDS, self.sends);
            }
            Outcome::Refused { code, .. } => {
                word = REFUSED;
                let refusal = Refusal::from_code(code);
                if refusal == Some(Refusal::NameTaken) {
                    // Its own, from before.
                    self.has_account = true;
                    at_once = true;
                }
                if refusal == Some(Refusal::NoSuchAccount) && self.client.user().is_none() {
                    self.has_account = false;
                }
            }
        }
        node.record(word);
        let config = node.config();
        let pause = match (at_once, away) {
            (true, _) => Span::ZERO,
            (false, true) => config.away.sample(node.random()),
            (false, false) => config.think.sample(node.random()),
        };
        self.later(node, pause);
    }

    /// The next thing to do, unless something is under way.
    pub(super) fn go_on(&mut self, node: &mut Context<Self>) -> Result {
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
            Line::Wait(span) => self.later(node, span),
            Line::Await(count) if self.gets >= count => self.later(node, Span::ZERO),
            Line::Await(count) => self.awaits = Some(count),
            Line::Drop(span) => {
                self.drop_out(node, span);
                self.later(node, Span::ZERO);
            }
        }
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
        if self.next >= config.actions {
            return Ok(());
        }
        self.next += 1;
        let random = node.random();
        let command = match random::deed(config, random) {
            Deed::Send => random::send(&self.known, self.next, config, random)
                .unwrap_or_else(|| random::list(&name, random)),
            Deed::List => random::list(&name, random),
            Deed::Receive => Command::Receive,
            Deed::Logout => Command::Logout,
            Deed::Delete => Command::Delete,
            Deed::Drop => {
                let span = config.away.sample(node.random());
                self.drop_out(node, span);
                let think = config.think.sample(node.random());
                self.later(node, think);
                return Ok(());
            }
        };
        self.command(node, command)
    }

    fn command(&mut self, node: &mut Context<Self>, command: Command) -> Result {
        self.asked_ns = node.now_ns();
        let mut out = Outgoing::default();
        self.client.command(command, &mut out);
        self.carry(node, out)
    }
}
