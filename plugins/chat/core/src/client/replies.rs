//! Handles the replies to a client's requests.

use super::{Client, Notice, Outcome, Outgoing, Purpose, User, acknowledgement};
use crate::wire::Reply;
use crate::{Command, Refusal};

impl Client {
    /// Handles the reply to the pending request.
    pub(super) fn reply(&mut self, number: u32, reply: &Reply<'_>, out: &mut Outgoing) {
        let purpose = match &self.request {
            Some(request) if request.number == number => request.purpose,
            // The reply to a message, a late reply, or the reply to a frame that the server could not read.
            _ => {
                if self.message_answered(number, reply, out) {
                    return;
                }
                if let (0, Reply::Error { text, .. }) = (number, reply) {
                    let text = (*text).to_owned();
                    out.notices.push(Notice::Complaint { text });
                }
                return;
            }
        };
        self.request = None;
        if let Reply::Error { code, text } = reply {
            self.refused(purpose, *code, text, out);
            return;
        }
        match purpose {
            Purpose::Begin => self.has_session = true,
            Purpose::Rejoin => {
                if let (Some(name), &Reply::LoggedIn { last_number, .. }) =
                    (self.login_name.clone(), reply)
                {
                    self.joined(name, reply, out);
                    self.finish_accepted_message(last_number, out);
                }
            }
            Purpose::CatchUp => self.catch_up = false,
            Purpose::Command => self.answered(reply, out),
            Purpose::Drain => self.drained = true,
            Purpose::Leave => self.logged_out(),
        }
    }

    /// Handles the reply to the user's command.
    fn answered(&mut self, reply: &Reply<'_>, out: &mut Outgoing) {
        let Some(pending) = &mut self.command else {
            return;
        };
        let outcome = match (&pending.command, reply) {
            (Command::Create { .. }, Reply::Done) => Outcome::Created,
            (
                Command::Login { name },
                &Reply::LoggedIn {
                    mailbox,
                    acknowledged,
                    waiting,
                    ..
                },
            ) => {
                let name = name.clone();
                self.joined(name, reply, out);
                // Messages that the user has seen still wait while their acknowledgement is
                // under way.
                let seen = self
                    .seen
                    .get(&mailbox)
                    .map_or(0, |seen| seen - acknowledged);
                let waiting = waiting.saturating_sub(u32::try_from(seen).unwrap_or(u32::MAX));
                Outcome::LoggedIn { waiting }
            }
            (Command::Logout, Reply::Done) => {
                self.logged_out();
                Outcome::LoggedOut
            }
            (Command::List { .. }, Reply::Names { more, names }) => {
                pending.names.extend(names.iter().map(|&it| it.to_owned()));
                if *more && !names.is_empty() {
                    // `advance` requests the next page.
                    return;
                }
                Outcome::Names(std::mem::take(&mut pending.names))
            }
            (Command::Send { .. }, &Reply::Sent { delivered }) => Outcome::Sent {
                delivered: Some(delivered),
            },
            (Command::Receive, &Reply::Waiting { count }) => Outcome::Waiting(count),
            (Command::Delete, &Reply::Deleted { discarded }) => {
                self.logged_out();
                Outcome::Deleted {
                    discarded: Some(discarded),
                }
            }
            _ => Outcome::of_another_request(),
        };
        self.finish(outcome, out);
    }

    fn logged_out(&mut self) {
        self.user = None;
        self.login_name = None;
    }

    /// Handles a login.
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
        let is_other_account = self.numbers.0 != mailbox;
        if is_other_account {
            self.numbers = (mailbox, last_number);
            if let Some(pending) = &mut self.command {
                pending.number = 0;
            }
        }
        self.numbers.1 = self.numbers.1.max(last_number);
        self.login_name = Some(name.clone());
        self.user = Some(User { name, mailbox });
        self.catch_up = false;
        self.resume_under_way(is_other_account, last_number, out);
    }

    /// After a new login: finishes the command if the server has accepted its message.
    fn finish_accepted_message(&mut self, last_number: u64, out: &mut Outgoing) {
        let number = self.command.as_ref().map_or(0, |pending| pending.number);
        if (1..=last_number).contains(&number) {
            self.finish(Outcome::Sent { delivered: None }, out);
        }
    }

    /// Handles a refusal.
    fn refused(&mut self, purpose: Purpose, code: u8, text: &str, out: &mut Outgoing) {
        let refusal = Refusal::from_code(code);
        let command = self.command.as_ref().map(|pending| &pending.command);
        match (refusal, purpose, command) {
            // Another client or a late copy has used a higher number: begin a new session.
            (Some(Refusal::OldRequest), ..) => self.has_session = false,
            // The server logged the user out without a notice.
            (Some(Refusal::NotLoggedIn), Purpose::CatchUp | Purpose::Command, _)
                if self.user.is_some() =>
            {
                self.user = None;
            }
            (Some(Refusal::NumberUsed), Purpose::Command, _) => {
                self.finish(Outcome::Sent { delivered: None }, out);
            }
            (_, Purpose::Command, _) => {
                let text = text.to_owned();
                self.finish(Outcome::Refused { code, text }, out);
            }
            (Some(Refusal::NoSuchAccount), Purpose::Rejoin, Some(Command::Delete)) => {
                self.login_name = None;
                self.finish(Outcome::Deleted { discarded: None }, out);
            }
            (_, Purpose::Rejoin, _) => {
                self.login_name = None;
                let text = text.to_owned();
                out.notices.push(Notice::Gone { text });
            }
            (_, Purpose::CatchUp, _) => self.catch_up = false,
            (_, Purpose::Drain, _) => self.drained = true,
            (_, Purpose::Leave, _) => self.logged_out(),
            (_, Purpose::Begin, _) => {
                // Without a session no other request is possible.
                self.connected = false;
                let text = text.to_owned();
                out.notices.push(Notice::Complaint { text });
            }
        }
    }
}
