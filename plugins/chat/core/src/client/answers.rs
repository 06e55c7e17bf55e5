//! What becomes of a client's requests: the answers, and what a refusal means.

use super::{Client, Outcome, Outgoing, Told, User, Why, acknowledgement};
use crate::wire::Reply;
use crate::{Command, Refusal};

impl Client {
    /// Takes the answer to the request under way.
    pub(super) fn reply(&mut self, number: u32, reply: &Reply<'_>, out: &mut Outgoing) {
        let why = match &self.asked {
            Some(asked) if asked.number == number => asked.why,
            // Late, or to a frame that could not be read.
            _ => {
                if let (0, Reply::Error { text, .. }) = (number, reply) {
                    let text = (*text).to_owned();
                    out.told.push(Told::Complaint { text });
                }
                return;
            }
        };
        self.asked = None;
        if let Reply::Error { code, text } = reply {
            self.refused(why, *code, text, out);
            return;
        }
        match why {
            Why::Begin => self.begun = true,
            Why::Rejoin => {
                if let (Some(name), &Reply::LoggedIn { last_number, .. }) =
                    (self.wants.clone(), reply)
                {
                    self.joined(name, reply, out);
                    self.look_after_message(last_number, out);
                }
            }
            Why::CatchUp => self.catch_up = false,
            Why::Command => self.answered(reply, out),
        }
    }

    /// The answer to what the user wanted.
    fn answered(&mut self, reply: &Reply<'_>, out: &mut Outgoing) {
        let Some(wanted) = &mut self.command else {
            return;
        };
        let outcome = match (&wanted.command, reply) {
            (Command::Create { .. }, Reply::Done) => Outcome::Created,
            (Command::Login { name }, &Reply::LoggedIn { waiting, .. }) => {
                let name = name.clone();
                self.joined(name, reply, out);
                Outcome::LoggedIn { waiting }
            }
            (Command::Logout, Reply::Done) => {
                self.user = None;
                self.wants = None;
                Outcome::LoggedOut
            }
            (Command::List { .. }, Reply::Names { more, names }) => {
                wanted.names.extend(names.iter().map(|&it| it.to_owned()));
                if *more && !names.is_empty() {
                    // The next page follows at once.
                    return;
                }
                Outcome::Names(std::mem::take(&mut wanted.names))
            }
            (Command::Send { .. }, &Reply::Sent { delivered }) => Outcome::Sent {
                delivered: Some(delivered),
            },
            (Command::Receive, &Reply::Waiting { count }) => Outcome::Waiting(count),
            (Command::Delete, &Reply::Deleted { discarded }) => {
                self.user = None;
                self.wants = None;
                Outcome::Deleted {
                    discarded: Some(discarded),
                }
            }
            _ => Outcome::Refused {
                code: Refusal::Malformed.code(),
                text: "the server's answer belongs to another request".to_owned(),
            },
        };
        self.finish(outcome, out);
    }

    /// It is logged in.
    fn joined(&mut self, name: String, reply: &Reply<'_>, out: &mut Outgoing) {
        let &Reply::LoggedIn {
            mailbox,
            last_number,
            acknowledged,
            ..
        } = reply
        else {
            return;
        };
        let seen = self.seen.entry(mailbox).or_insert(acknowledged);
        if *seen > acknowledged {
            out.frames.push(acknowledgement(mailbox, *seen));
        }
        *seen = acknowledged.max(*seen);
        if self.numbers.0 != mailbox {
            self.numbers = (mailbox, last_number);
            if let Some(wanted) = &mut self.command {
                wanted.number = 0;
            }
        }
        self.numbers.1 = self.numbers.1.max(last_number);
        self.wants = Some(name.clone());
        self.user = Some(User { name, mailbox });
        self.catch_up = false;
    }

    /// After a new login: was the message under way taken?
    fn look_after_message(&mut self, last_number: u64, out: &mut Outgoing) {
        let number = self.command.as_ref().map_or(0, |wanted| wanted.number);
        if (1..=last_number).contains(&number) {
            self.finish(Outcome::Sent { delivered: None }, out);
        }
    }

    /// A request was refused.
    fn refused(&mut self, why: Why, code: u8, text: &str, out: &mut Outgoing) {
        let refusal = Refusal::from_code(code);
        let command = self.command.as_ref().map(|wanted| &wanted.command);
        match (refusal, why, command) {
            // Somebody else's, or a copy, moved the session on: another one.
            (Some(Refusal::OldRequest), ..) => self.begun = false,
            // It was logged out without being told.
            (Some(Refusal::NotLoggedIn), Why::CatchUp | Why::Command, _) if self.user.is_some() => {
                self.user = None;
            }
            (Some(Refusal::NumberUsed), Why::Command, _) => {
                self.finish(Outcome::Sent { delivered: None }, out);
            }
            (_, Why::Command, _) => {
                let text = text.to_owned();
                self.finish(Outcome::Refused { code, text }, out);
            }
            (Some(Refusal::NoSuchAccount), Why::Rejoin, Some(Command::Delete)) => {
                self.wants = None;
                self.finish(Outcome::Deleted { discarded: None }, out);
            }
            (_, Why::Rejoin, _) => {
                self.wants = None;
                let text = text.to_owned();
                out.told.push(Told::Gone { text });
            }
            (_, Why::CatchUp, _) => self.catch_up = false,
            (_, Why::Begin, _) => {
                // Without a session nothing else can be asked.
                self.connected = false;
                let text = text.to_owned();
                out.told.push(Told::Complaint { text });
            }
        }
    }
}
