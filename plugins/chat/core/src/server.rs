//! The service behind the wire protocol: frames of many sessions in, frames out.
//!
//! A session is a connection, or what a `Hello` began over a carrier without
//! connections. The answer to the last request of a session is kept: if the
//! request comes again, because it or its answer was lost or late, the same
//! bytes go out again and nothing is done twice. A request older than that is
//! refused, so a copy that was under way for long does no harm either.
//!
//! Nothing that a client says is an error of the server's: it is answered with a
//! code, and the session goes on.

use crate::service::{Pushes, Taken};
use crate::wire::{FromClient, FromServer, MAX_PAGE, Mistake, Reply, Request, VERSION};
use crate::{Limits, Outbox, Push, Refusal, Service, Session};
use std::collections::HashMap;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// What a frame came to, for whoever keeps a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Nothing changed: a list, a repeated request, an acknowledgement too many.
    Nothing,
    /// An account was made.
    Created {
        /// Its name.
        name: String,
    },
    /// A user logged in.
    LoggedIn {
        /// Its name.
        name: Arc<str>,
    },
    /// A user logged out.
    LoggedOut {
        /// Its name.
        name: Arc<str>,
    },
    /// A message was taken.
    Accepted {
        /// Who sent it.
        from: Arc<str>,
        /// To whom.
        to: String,
        /// The sender's number for it.
        number: u64,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in it.
        id: u64,
        /// Whether it went out at once.
        delivered: bool,
    },
    /// A user has all messages up to one.
    Acknowledged {
        /// The user.
        to: Arc<str>,
        /// Its mailbox.
        mailbox: u64,
        /// The last of the messages.
        id: u64,
    },
    /// An account was deleted.
    Deleted {
        /// Its name.
        name: Arc<str>,
        /// Its mailbox.
        mailbox: u64,
        /// How many messages went with it.
        discarded: u32,
    },
    /// The request was refused.
    Refused(Refusal),
}

/// The service and its sessions.
#[derive(Debug)]
pub struct Server {
    service: Service,
    /// Looked into, never iterated.
    sessions: HashMap<Session, Talk>,
    pushes: Pushes,
}

/// What is kept of a session.
#[derive(Debug, Default)]
struct Talk {
    nonce: Option<u64>,
    /// The number of the last request; 0: none yet.
    last: u32,
    /// The answer to it.
    reply: Vec<u8>,
}

impl Server {
    /// A server without accounts.
    pub fn new(limits: Limits) -> Server {
        Server {
            service: Service::new(limits),
            sessions: HashMap::new(),
            pushes: Vec::new(),
        }
    }

    /// The service.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// A connection was made or lost: what was known of the session is forgotten.
    /// Answers who was logged in and is no more.
    pub fn forget(&mut self, session: Session) -> Option<Arc<str>> {
        self.sessions.remove(&session);
        self.service.logout(session).ok()
    }

    /// Handles a frame; what is to be sent is added to `out`. `now_ns`: see
    /// [`Service::create`].
    pub fn frame(
        &mut self,
        session: Session,
        frame: &[u8],
        now_ns: u64,
        out: &mut Outbox,
    ) -> Happened {
        let happened = match FromClient::decode(frame) {
            Ok(FromClient::Request(number, request)) => {
                self.request(session, number, request, now_ns, out)
            }
            Ok(FromClient::Acknowledge { mailbox, id }) => {
                let service = &mut self.service;
                let taken = service.acknowledge(session, mailbox, id, &mut self.pushes);
                acknowledged(taken, mailbox)
            }
            Err(mistake) => {
                let reply = mistake_reply(&mistake);
                let error = Reply::Error {
                    code: mistake.refusal.code(),
                    text: &reply,
                };
                out.add(session, |bytes| error.encode(mistake.request, bytes));
                Happened::Refused(mistake.refusal)
            }
        };
        for (session, push) in self.pushes.drain(..) {
            out.add(session, |bytes| encode_push(&push, bytes));
        }
        happened
    }

    /// Answers a request, or answers it again.
    fn request(
        &mut self,
        session: Session,
        number: u32,
        request: Request<'_>,
        now_ns: u64,
        out: &mut Outbox,
    ) -> Happened {
        let talk = self.sessions.entry(session).or_default();
        if let Request::Hello { nonce } = request
            && talk.nonce != Some(nonce)
        {
            *talk = Talk {
                nonce: Some(nonce),
                ..Talk::default()
            };
            let before = self.service.logout(session);
            let happened = before.map_or(Happened::Nothing, |name| Happened::LoggedOut { name });
            self.answer(session, number, &Reply::Done, out);
            return happened;
        }
        if number == talk.last {
            out.add(session, |bytes| bytes.extend_from_slice(&talk.reply));
            return Happened::Nothing;
        }
        if number < talk.last {
            // Not kept: it is not the answer to the last request.
            let refusal = Refusal::OldRequest;
            out.add(session, |bytes| encode_refusal(refusal, number, bytes));
            return Happened::Refused(refusal);
        }
        match self.carry_out(session, number, request, now_ns, out) {
            Ok(happened) => happened,
            Err(refusal) => {
                let text = refusal.to_string();
                let code = refusal.code();
                self.answer(session, number, &Reply::Error { code, text: &text }, out);
                Happened::Refused(refusal)
            }
        }
    }

    /// Does what is asked for the first time.
    fn carry_out(
        &mut self,
        session: Session,
        number: u32,
        request: Request<'_>,
        now_ns: u64,
        out: &mut Outbox,
    ) -> Result<Happened, Refusal> {
        let service = &mut self.service;
        let (reply, happened) = match request {
            // One that was not heard before is answered where sessions begin.
            Request::Hello { .. } => (Reply::Done, Happened::Nothing),
            Request::Create { name } => {
                service.create(name, now_ns)?;
                let name = name.to_owned();
                (Reply::Done, Happened::Created { name })
            }
            Request::Login { name } => {
                let answer = service.login(session, name, &mut self.pushes)?;
                let reply = Reply::LoggedIn {
                    mailbox: answer.mailbox,
                    last_number: answer.last_number,
                    acknowledged: answer.acknowledged,
                    waiting: answer.waiting,
                };
                let name = name.into();
                (reply, Happened::LoggedIn { name })
            }
            Request::Logout => {
                let name = service.logout(session)?;
                (Reply::Done, Happened::LoggedOut { name })
            }
            Request::List { pattern, after } => {
                return self.list(session, number, pattern, after, out);
            }
            Request::Send {
                number: own,
                to,
                text,
            } => {
                let taken = service.send(session, to, own, text, &mut self.pushes)?;
                let delivered = taken.delivered;
                let happened = Happened::Accepted {
                    from: taken.from,
                    to: to.to_owned(),
                    number: own,
                    mailbox: taken.mailbox,
                    id: taken.id,
                    delivered,
                };
                (Reply::Sent { delivered }, happened)
            }
            Request::Receive { mailbox, id } => {
                let (count, taken) = service.receive(session, mailbox, id, &mut self.pushes)?;
                (Reply::Waiting { count }, acknowledged(taken, mailbox))
            }
            Request::Delete => {
                let (name, mailbox, discarded) = service.delete(session)?;
                let happened = Happened::Deleted {
                    name,
                    mailbox,
                    discarded,
                };
                (Reply::Deleted { discarded }, happened)
            }
        };
        self.answer(session, number, &reply, out);
        Ok(happened)
    }

    /// Answers a page of names.
    fn list(
        &mut self,
        session: Session,
        number: u32,
        pattern: &str,
        after: &str,
        out: &mut Outbox,
    ) -> Result<Happened, Refusal> {
        let mut left = MAX_PAGE;
        let mut all = self.service.list(pattern, after)?.peekable();
        let mut names = Vec::new();
        while let Some(name) = all.next_if(|name| name.len() < left) {
            left -= name.len() + 1;
            names.push(name);
        }
        let more = all.peek().is_some();
        let reply = Reply::Names { more, names };
        let talk = self.sessions.entry(session).or_default();
        talk.keep(session, number, &reply, out);
        Ok(Happened::Nothing)
    }

    fn answer(&mut self, session: Session, number: u32, reply: &Reply<'_>, out: &mut Outbox) {
        let talk = self.sessions.entry(session).or_default();
        talk.keep(session, number, reply, out);
    }
}

impl Talk {
    /// Sends an answer and keeps it.
    fn keep(&mut self, session: Session, number: u32, reply: &Reply<'_>, out: &mut Outbox) {
        out.add(session, |bytes| reply.encode(number, bytes));
        self.last = number;
        self.reply.clear();
        self.reply.extend_from_slice(out.last());
    }
}

fn acknowledged(taken: Option<Taken>, mailbox: u64) -> Happened {
    match taken {
        Some((to, id)) => Happened::Acknowledged { to, mailbox, id },
        None => Happened::Nothing,
    }
}

fn mistake_reply(mistake: &Mistake) -> String {
    let Mistake { refusal, what, .. } = mistake;
    match refusal {
        Refusal::UnsupportedVersion => {
            format!("{refusal}: {what}; this server speaks version {VERSION}")
        }
        _ => format!("{refusal}: {what}"),
    }
}

fn encode_refusal(refusal: Refusal, number: u32, bytes: &mut Vec<u8>) {
    let (code, text) = (refusal.code(), refusal.to_string());
    Reply::Error { code, text: &text }.encode(number, bytes);
}

fn encode_push(push: &Push, bytes: &mut Vec<u8>) {
    let frame = match push {
        Push::Message(delivery) => FromServer::Message {
            mailbox: delivery.mailbox,
            id: delivery.id,
            from: &delivery.from,
            text: &delivery.text,
        },
        &Push::Elsewhere { mailbox } => FromServer::Elsewhere { mailbox },
    };
    frame.encode(bytes);
}
