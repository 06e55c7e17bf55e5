//! The client: takes commands, returns frames to send and notices for the user.
//!
//! The client has at most one pending request, so it can send the request again without
//! overtaking another one; over a transport without loss, [`Client::send`] sends messages without
//! waiting. It accepts a message only directly after the previous one and
//! acknowledges it; after a gap, it requests the missing messages.
//!
//! When the connection is lost, the user's command waits. On the next connection, the client
//! logs in again to the same account. The reply shows whether the server accepted a message that
//! was in flight. If not, the client continues with the command.
//!
//! The client has no clock. Over a transport that may lose frames, its driver must call
//! [`Client::resend`] after a timeout, and [`Client::poll`] from time to time.

mod notice;
mod pipeline;
mod replies;

pub use notice::{Notice, Outcome};

use crate::Command;
use crate::wire::{FromClient, FromServer, Request};
use pipeline::UnderWay;
use std::collections::{BTreeMap, VecDeque};

#[cfg(test)]
mod tests;

/// The state of a client.
#[derive(Debug, Default)]
pub struct Client {
    connected: bool,
    nonce: u64,
    /// Whether the session began.
    has_session: bool,
    /// The number of the last request.
    last: u32,
    request: Option<PendingRequest>,
    user: Option<User>,
    /// The account to log in to again after a lost connection.
    login_name: Option<String>,
    /// For each mailbox, the last accepted message.
    seen: BTreeMap<u64, u64>,
    /// The mailbox of the account that numbers its messages, and the last number.
    numbers: (u64, u64),
    command: Option<PendingCommand>,
    /// Messages without a reply, the oldest first; see `pipeline`.
    under_way: VecDeque<UnderWay>,
    /// Whether messages may be missing.
    catch_up: bool,
    /// Whether the user leaves after the command.
    leaving: bool,
    /// Whether the user leaves and has all messages that were under way: no other is accepted.
    drained: bool,
}

/// The account that is logged in.
#[derive(Debug)]
struct User {
    name: String,
    mailbox: u64,
}

/// A request without a reply.
#[derive(Debug)]
struct PendingRequest {
    number: u32,
    purpose: Purpose,
    frame: Vec<u8>,
}

/// The purpose of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Begin the session.
    Begin,
    /// Log in again after a lost connection.
    Rejoin,
    /// Request missing messages.
    CatchUp,
    /// Execute the user's command.
    Command,
    /// Get the messages that are under way, for the last time.
    Drain,
    /// Log out for the last time.
    Leave,
}

/// A command that is not finished.
#[derive(Debug)]
struct PendingCommand {
    command: Command,
    /// The number of the message to send; 0 before it has one.
    number: u64,
    /// The names listed so far.
    names: Vec<String>,
}

/// The output of a client.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Frames to send, in order.
    pub frames: Vec<Vec<u8>>,
    /// Notices for the user, in order.
    pub notices: Vec<Notice>,
}

impl Client {
    /// A client without a connection.
    pub fn new() -> Client {
        Client::default()
    }

    /// Whether a command is not finished.
    pub fn is_busy(&self) -> bool {
        self.command.is_some()
    }

    /// The number of the pending request; `None` if there is none.
    pub fn pending_request(&self) -> Option<u32> {
        self.request.as_ref().map(|request| request.number)
    }

    /// The account that is logged in, as far as the client knows.
    pub fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|user| &*user.name)
    }

    /// Begins a session on a new connection. The client must not have used `nonce` before.
    pub fn connected(&mut self, nonce: u64, out: &mut Outgoing) {
        self.disconnected();
        self.connected = true;
        self.nonce = nonce;
        self.advance(out);
    }

    /// Handles the loss of the connection.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.has_session = false;
        self.request = None;
        self.user = None;
        self.keep_under_way();
    }

    /// Begins a command. An unfinished command is given up, so check
    /// [`is_busy`](Client::is_busy) first.
    pub fn command(&mut self, command: Command, out: &mut Outgoing) {
        if self
            .request
            .as_ref()
            .is_some_and(|it| it.purpose == Purpose::Command)
        {
            self.request = None;
        }
        self.command = Some(PendingCommand {
            command,
            number: 0,
            names: Vec::new(),
        });
        self.advance(out);
    }

    /// Logs out for the last time, once the command is finished. Messages that are under way are
    /// accepted, a later one waits for the next login. When the client
    /// [has left](Client::has_left), the server has handled all acknowledgements, so the next
    /// login does not show a message again.
    pub fn leave(&mut self, out: &mut Outgoing) {
        self.leaving = true;
        self.advance(out);
    }

    /// Whether the user is logged out after [`leave`](Client::leave), or the connection is lost.
    pub fn has_left(&self) -> bool {
        self.leaving && self.user.is_none() && !self.is_busy()
    }

    /// Sends the pending request again.
    pub fn resend(&mut self, out: &mut Outgoing) {
        if let Some(request) = &self.request {
            out.frames.push(request.frame.clone());
        }
    }

    /// Requests messages that may be lost, unless another request is pending.
    pub fn poll(&mut self, out: &mut Outgoing) {
        if self.user.is_some() && self.request.is_none() {
            self.catch_up = true;
            self.advance(out);
        }
    }

    /// Handles a frame.
    pub fn frame(&mut self, frame: &[u8], out: &mut Outgoing) {
        match FromServer::decode(frame) {
            Ok(FromServer::Reply(number, reply)) => self.reply(number, &reply, out),
            Ok(FromServer::Message {
                mailbox,
                id,
                from,
                text,
            }) => self.message(mailbox, id, from, text, out),
            Ok(FromServer::Elsewhere { mailbox }) => {
                if self.user.as_ref().is_some_and(|it| it.mailbox == mailbox) {
                    self.user = None;
                    self.login_name = None;
                    out.notices.push(Notice::Elsewhere);
                }
            }
            Err(error) => out.notices.push(Notice::Complaint {
                text: format!("the server sent a {}: {}", error.refusal, error.what),
            }),
        }
        self.advance(out);
    }

    /// Sends the next necessary request, unless one is pending.
    fn advance(&mut self, out: &mut Outgoing) {
        if !self.connected || self.request.is_some() {
            return;
        }
        if !self.has_session || self.last == u32::MAX {
            self.begin(out);
            return;
        }
        let command = self.command.as_ref().map(|pending| &pending.command);
        if let (None, Some(name)) = (&self.user, self.login_name.clone()) {
            match command {
                Some(Command::Login { .. }) => {}
                Some(Command::Logout) => {
                    self.login_name = None;
                    self.finish(Outcome::LoggedOut, out);
                    return;
                }
                None if self.leaving => return,
                _ => {
                    self.ask(Purpose::Rejoin, Request::Login { name: &name }, out);
                    return;
                }
            }
        }
        if let (true, Some(user)) = (self.catch_up, &self.user) {
            let mailbox = user.mailbox;
            let id = self.seen.get(&mailbox).copied().unwrap_or(0);
            self.ask(Purpose::CatchUp, Request::Receive { mailbox, id }, out);
        } else if let Some(pending) = self.command.take() {
            self.ask_for(pending, out);
        } else if let (true, Some(user)) = (self.leaving, &self.user) {
            // The server's frames are in order: what it sent before the reply arrives before it.
            let mailbox = user.mailbox;
            let id = self.seen.get(&mailbox).copied().unwrap_or(0);
            match self.drained {
                false => self.ask(Purpose::Drain, Request::Receive { mailbox, id }, out),
                true => self.ask(Purpose::Leave, Request::Logout, out),
            }
        }
    }

    /// Begins a session with a new nonce.
    fn begin(&mut self, out: &mut Outgoing) {
        self.has_session = false;
        self.user = None;
        self.keep_under_way();
        self.last = 0;
        let nonce = self.nonce;
        self.nonce = nonce.wrapping_add(1);
        self.ask(Purpose::Begin, Request::Hello { nonce }, out);
    }

    fn ask(&mut self, purpose: Purpose, request: Request<'_>, out: &mut Outgoing) {
        self.last += 1;
        let mut frame = Vec::new();
        request.encode(self.last, &mut frame);
        out.frames.push(frame.clone());
        self.request = Some(PendingRequest {
            number: self.last,
            purpose,
            frame,
        });
    }

    /// Sends the request of a command.
    fn ask_for(&mut self, mut pending: PendingCommand, out: &mut Outgoing) {
        let mailbox = self.user.as_ref().map_or(0, |user| user.mailbox);
        let request = match &pending.command {
            Command::Create { name } => Request::Create { name },
            Command::Login { name } => Request::Login { name },
            Command::Logout => Request::Logout,
            Command::List { pattern } => Request::List {
                pattern,
                after: pending.names.last().map_or("", |name| name),
            },
            Command::Send { to, text } => {
                if pending.number == 0 {
                    self.numbers.1 += 1;
                    pending.number = self.numbers.1;
                    if let Some(user) = &self.user {
                        out.notices.push(Notice::Submitted {
                            from: user.name.clone(),
                            to: to.clone(),
                            number: pending.number,
                        });
                    }
                }
                Request::Send {
                    number: pending.number,
                    to,
                    text,
                }
            }
            Command::Receive => Request::Receive {
                mailbox,
                id: self.seen.get(&mailbox).copied().unwrap_or(0),
            },
            Command::Delete => Request::Delete,
        };
        self.ask(Purpose::Command, request, out);
        self.command = Some(pending);
    }

    /// Finishes the command.
    fn finish(&mut self, outcome: Outcome, out: &mut Outgoing) {
        if let Some(pending) = self.command.take() {
            let command = pending.command;
            out.notices.push(Notice::Answered { command, outcome });
        }
    }

    /// Handles a message: accepts it if it is the next one.
    fn message(&mut self, mailbox: u64, id: u64, from: &str, text: &str, out: &mut Outgoing) {
        let Some(user) = self.user.as_ref().filter(|it| it.mailbox == mailbox) else {
            return;
        };
        if self.drained {
            return;
        }
        let seen = self.seen.entry(mailbox).or_insert(0);
        if id > *seen + 1 {
            let request = self.request.as_ref();
            self.catch_up |= request.is_none_or(|it| it.purpose != Purpose::CatchUp);
            return;
        }
        if id == *seen + 1 {
            *seen = id;
            out.notices.push(Notice::Message {
                to: user.name.clone(),
                mailbox,
                id,
                from: from.to_owned(),
                text: text.to_owned(),
            });
        } else {
            out.notices.push(Notice::Repeated);
        }
        out.frames.push(acknowledgement(mailbox, *seen));
    }
}

fn acknowledgement(mailbox: u64, id: u64) -> Vec<u8> {
    let mut frame = Vec::new();
    FromClient::Acknowledge { mailbox, id }.encode(&mut frame);
    frame
}
