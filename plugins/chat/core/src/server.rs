//! The service with the wire protocol: handles the frames of many sessions.
//!
//! A session is a connection, or was begun by a `Hello` over a transport without connections. The
//! server stores the reply to the last request of each session. If this request arrives
//! again, because it or its reply was lost or late, the server sends the same bytes again and
//! does not execute the request again. An older request is refused, so a late copy has no effect.
//!
//! An invalid frame is never an error of the server: the reply has an error code, and the
//! session continues.

use crate::service::{Acknowledged, Pushes};
use crate::wire::{DecodeError, FromClient, FromServer, MAX_PAGE, Reply, Request, VERSION};
use crate::{Limits, Outbox, Push, Refusal, Service, Session};
use std::collections::HashMap;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The change that a frame made, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// No change: a list, a repeated request, a repeated acknowledgement.
    None,
    /// An account was created.
    Created {
        /// Name of the account.
        name: String,
    },
    /// A user logged in.
    LoggedIn {
        /// Name of the account.
        name: Arc<str>,
    },
    /// A user logged out.
    LoggedOut {
        /// Name of the account.
        name: Arc<str>,
    },
    /// A message was accepted.
    Accepted {
        /// The sender.
        from: Arc<str>,
        /// The recipient.
        to: String,
        /// The sender's number for the message.
        number: u64,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in the mailbox.
        id: u64,
        /// Whether the message was pushed at once.
        delivered: bool,
    },
    /// A user acknowledged all messages up to one.
    Acknowledged {
        /// The user.
        to: Arc<str>,
        /// The user's mailbox.
        mailbox: u64,
        /// The last of the messages.
        id: u64,
    },
    /// An account was deleted.
    Deleted {
        /// Name of the account.
        name: Arc<str>,
        /// Its mailbox.
        mailbox: u64,
        /// Number of messages that were deleted with the account.
        discarded: u32,
    },
    /// The request was refused.
    Refused(Refusal),
}

/// The service and its sessions.
#[derive(Debug)]
pub struct Server {
    service: Service,
    /// Never iterated: the order of a `HashMap` varies.
    sessions: HashMap<Session, SessionState>,
    pushes: Pushes,
}

/// The state of a session.
#[derive(Debug, Default)]
struct SessionState {
    nonce: Option<u64>,
    /// The number of the last request; 0: no request yet.
    last: u32,
    /// The reply to the last request.
    reply: Vec<u8>,
}

impl Server {
    /// A server without accounts.
    pub fn new(limits: Limits) -> Server {
        Server::with(Service::new(limits))
    }

    /// A server with the accounts and messages of a service.
    pub fn with(service: Service) -> Server {
        Server {
            service,
            sessions: HashMap::new(),
            pushes: Vec::new(),
        }
    }

    /// The service.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The service, without the sessions.
    pub fn into_service(self) -> Service {
        self.service
    }

    /// Removes the state of a session whose connection was opened or lost. Returns the account
    /// that this logs out.
    pub fn forget(&mut self, session: Session) -> Option<Arc<str>> {
        self.sessions.remove(&session);
        self.service.logout(session).ok()
    }

    /// Handles a frame, adds the frames to send to `out`, and returns the change. For `now_ns`
    /// see [`Service::create`].
    pub fn frame(
        &mut self,
        session: Session,
        frame: &[u8],
        now_ns: u64,
        out: &mut Outbox,
    ) -> Change {
        let change = match FromClient::decode(frame) {
            Ok(FromClient::Request(number, request)) => {
                self.request(session, number, request, now_ns, out)
            }
            Ok(FromClient::Acknowledge { mailbox, id }) => {
                let service = &mut self.service;
                let acknowledged = service.acknowledge(session, mailbox, id, &mut self.pushes);
                acknowledgement(acknowledged, mailbox)
            }
            Err(error) => {
                let reply = error_text(&error);
                let reply = Reply::Error {
                    code: error.refusal.code(),
                    text: &reply,
                };
                out.add(session, |bytes| reply.encode(error.request, bytes));
                Change::Refused(error.refusal)
            }
        };
        for (session, push) in self.pushes.drain(..) {
            out.add(session, |bytes| encode_push(&push, bytes));
        }
        change
    }

    /// Executes a request, or sends its reply again.
    fn request(
        &mut self,
        session: Session,
        number: u32,
        request: Request<'_>,
        now_ns: u64,
        out: &mut Outbox,
    ) -> Change {
        let state = self.sessions.entry(session).or_default();
        if let Request::Hello { nonce } = request
            && state.nonce != Some(nonce)
        {
            *state = SessionState {
                nonce: Some(nonce),
                ..SessionState::default()
            };
            let before = self.service.logout(session);
            let change = before.map_or(Change::None, |name| Change::LoggedOut { name });
            self.reply(session, number, &Reply::Done, out);
            return change;
        }
        if number == state.last {
            out.add(session, |bytes| bytes.extend_from_slice(&state.reply));
            return Change::None;
        }
        if number < state.last {
            // Not stored: this is not the reply to the last request.
            let refusal = Refusal::OldRequest;
            out.add(session, |bytes| encode_refusal(refusal, number, bytes));
            return Change::Refused(refusal);
        }
        match self.execute(session, number, request, now_ns, out) {
            Ok(change) => change,
            Err(refusal) => {
                let text = refusal.to_string();
                let code = refusal.code();
                self.reply(session, number, &Reply::Error { code, text: &text }, out);
                Change::Refused(refusal)
            }
        }
    }

    /// Executes a request that arrives for the first time.
    fn execute(
        &mut self,
        session: Session,
        number: u32,
        request: Request<'_>,
        now_ns: u64,
        out: &mut Outbox,
    ) -> Result<Change, Refusal> {
        let service = &mut self.service;
        let (reply, change) = match request {
            // The session's own nonce again; a new nonce is handled in `request`.
            Request::Hello { .. } => (Reply::Done, Change::None),
            Request::Create { name } => {
                service.create(name, now_ns)?;
                let name = name.to_owned();
                (Reply::Done, Change::Created { name })
            }
            Request::Login { name } => {
                let logged_in = service.login(session, name, &mut self.pushes)?;
                let reply = Reply::LoggedIn {
                    mailbox: logged_in.mailbox,
                    last_number: logged_in.last_number,
                    acknowledged: logged_in.acknowledged,
                    waiting: logged_in.waiting,
                };
                let name = name.into();
                (reply, Change::LoggedIn { name })
            }
            Request::Logout => {
                let name = service.logout(session)?;
                (Reply::Done, Change::LoggedOut { name })
            }
            Request::List { pattern, after } => {
                return self.list(session, number, pattern, after, out);
            }
            Request::Send {
                number: own,
                to,
                text,
            } => {
                let accepted = service.send(session, to, own, text, &mut self.pushes)?;
                let delivered = accepted.delivered;
                let change = Change::Accepted {
                    from: accepted.from,
                    to: to.to_owned(),
                    number: own,
                    mailbox: accepted.mailbox,
                    id: accepted.id,
                    delivered,
                };
                (Reply::Sent { delivered }, change)
            }
            Request::Receive { mailbox, id } => {
                let (count, acknowledged) =
                    service.receive(session, mailbox, id, &mut self.pushes)?;
                (
                    Reply::Waiting { count },
                    acknowledgement(acknowledged, mailbox),
                )
            }
            Request::Delete => {
                let (name, mailbox, discarded) = service.delete(session)?;
                let change = Change::Deleted {
                    name,
                    mailbox,
                    discarded,
                };
                (Reply::Deleted { discarded }, change)
            }
        };
        self.reply(session, number, &reply, out);
        Ok(change)
    }

    /// Sends a page of names.
    fn list(
        &mut self,
        session: Session,
        number: u32,
        pattern: &str,
        after: &str,
        out: &mut Outbox,
    ) -> Result<Change, Refusal> {
        let mut left = MAX_PAGE;
        let mut all = self.service.list(pattern, after)?.peekable();
        let mut names = Vec::new();
        while let Some(name) = all.next_if(|name| name.len() < left) {
            left -= name.len() + 1;
            names.push(name);
        }
        let more = all.peek().is_some();
        let reply = Reply::Names { more, names };
        let state = self.sessions.entry(session).or_default();
        state.reply(session, number, &reply, out);
        Ok(Change::None)
    }

    fn reply(&mut self, session: Session, number: u32, reply: &Reply<'_>, out: &mut Outbox) {
        let state = self.sessions.entry(session).or_default();
        state.reply(session, number, reply, out);
    }
}

impl SessionState {
    /// Sends a reply and stores it.
    fn reply(&mut self, session: Session, number: u32, reply: &Reply<'_>, out: &mut Outbox) {
        out.add(session, |bytes| reply.encode(number, bytes));
        self.last = number;
        self.reply.clear();
        self.reply.extend_from_slice(out.last());
    }
}

fn acknowledgement(acknowledged: Option<Acknowledged>, mailbox: u64) -> Change {
    match acknowledged {
        Some((to, id)) => Change::Acknowledged { to, mailbox, id },
        None => Change::None,
    }
}

fn error_text(error: &DecodeError) -> String {
    let DecodeError { refusal, what, .. } = error;
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
