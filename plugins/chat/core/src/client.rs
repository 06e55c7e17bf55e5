//! A client's side: commands in, frames out, and what the user is told.
//!
//! One request is under way at a time, so that it may be sent again without
//! overtaking another. The client takes a message only behind the one before it and
//! acknowledges what it took; a gap makes it ask again.
//!
//! When the connection is lost, the user's command waits. On the next connection the
//! client logs in again as whoever it was, learns from the answer whether a
//! message under way was taken, and goes on with the command where that
//! has not happened yet.
//!
//! It has no clock. Over a carrier that may lose frames, whoever drives it calls
//! [`Client::resend`] when an answer takes long, and [`Client::poll`] now and then.

mod answers;
mod told;

pub use told::{Outcome, Told};

use crate::Command;
use crate::wire::{FromClient, FromServer, Request};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// A client.
#[derive(Debug, Default)]
pub struct Client {
    connected: bool,
    nonce: u64,
    /// Whether the session began.
    begun: bool,
    /// The number of the last request.
    last: u32,
    asked: Option<Asked>,
    user: Option<User>,
    /// As whom it is to be logged in.
    wants: Option<String>,
    /// The last message taken, by mailbox.
    seen: BTreeMap<u64, u64>,
    /// Whose messages are counted, and the number of the last.
    numbers: (u64, u64),
    command: Option<Wanted>,
    /// Whether messages are missing, or may be.
    catch_up: bool,
}

/// Who is logged in.
#[derive(Debug)]
struct User {
    name: String,
    mailbox: u64,
}

/// A request under way.
#[derive(Debug)]
struct Asked {
    number: u32,
    why: Why,
    frame: Vec<u8>,
}

/// Why something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// To begin the session.
    Begin,
    /// To be logged in as before.
    Rejoin,
    /// To have what is missing.
    CatchUp,
    /// The user wants it.
    Command,
}

/// A command that is not done yet.
#[derive(Debug)]
struct Wanted {
    command: Command,
    /// The number of the message to send; 0 before it was asked for.
    number: u64,
    /// The names listed so far.
    names: Vec<String>,
}

/// What a client wants done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Frames to send, in order.
    pub frames: Vec<Vec<u8>>,
    /// What the user is told.
    pub told: Vec<Told>,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new() -> Client {
        Client::default()
    }

    /// Whether a command is under way.
    pub fn is_busy(&self) -> bool {
        self.command.is_some()
    }

    /// The number of the request under way, if there is one.
    pub fn asking(&self) -> Option<u32> {
        self.asked.as_ref().map(|asked| asked.number)
    }

    /// As whom it is logged in, as far as it knows.
    pub fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|user| &*user.name)
    }

    /// There is a connection, or what goes for one. `nonce`: one that this client
    /// has not used before.
    pub fn connected(&mut self, nonce: u64, out: &mut Outgoing) {
        self.disconnected();
        self.connected = true;
        self.nonce = nonce;
        self.advance(out);
    }

    /// The connection is lost.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.begun = false;
        self.asked = None;
        self.user = None;
    }

    /// Begins a command. Ask [`is_busy`](Client::is_busy) first: a command under way is
    /// given up for it.
    pub fn command(&mut self, command: Command, out: &mut Outgoing) {
        if self.asked.as_ref().is_some_and(|it| it.why == Why::Command) {
            self.asked = None;
        }
        self.command = Some(Wanted {
            command,
            number: 0,
            names: Vec::new(),
        });
        self.advance(out);
    }

    /// Sends the request under way again.
    pub fn resend(&mut self, out: &mut Outgoing) {
        if let Some(asked) = &self.asked {
            out.frames.push(asked.frame.clone());
        }
    }

    /// Asks for what may have been lost, unless something is under way already.
    pub fn poll(&mut self, out: &mut Outgoing) {
        if self.user.is_some() && self.asked.is_none() {
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
                    self.wants = None;
                    out.told.push(Told::Elsewhere);
                }
            }
            Err(mistake) => out.told.push(Told::Complaint {
                text: format!("the server sent a {}: {}", mistake.refusal, mistake.what),
            }),
        }
        self.advance(out);
    }

    /// Asks for whatever is due next, if nothing is under way.
    fn advance(&mut self, out: &mut Outgoing) {
        if !self.connected || self.asked.is_some() {
            return;
        }
        if !self.begun || self.last == u32::MAX {
            self.begin(out);
            return;
        }
        let command = self.command.as_ref().map(|wanted| &wanted.command);
        if let (None, Some(name)) = (&self.user, self.wants.clone()) {
            match command {
                Some(Command::Login { .. }) => {}
                Some(Command::Logout) => {
                    self.wants = None;
                    self.finish(Outcome::LoggedOut, out);
                    return;
                }
                _ => {
                    self.ask(Why::Rejoin, Request::Login { name: &name }, out);
                    return;
                }
            }
        }
        if let (true, Some(user)) = (self.catch_up, &self.user) {
            let mailbox = user.mailbox;
            let id = self.seen.get(&mailbox).copied().unwrap_or(0);
            self.ask(Why::CatchUp, Request::Receive { mailbox, id }, out);
        } else if let Some(wanted) = self.command.take() {
            self.ask_for(wanted, out);
        }
    }

    /// Begins the session; another one than any before.
    fn begin(&mut self, out: &mut Outgoing) {
        self.begun = false;
        self.user = None;
        self.last = 0;
        let nonce = self.nonce;
        self.nonce = nonce.wrapping_add(1);
        self.ask(Why::Begin, Request::Hello { nonce }, out);
    }

    fn ask(&mut self, why: Why, request: Request<'_>, out: &mut Outgoing) {
        self.last += 1;
        let mut frame = Vec::new();
        request.encode(self.last, &mut frame);
        out.frames.push(frame.clone());
        self.asked = Some(Asked {
            number: self.last,
            why,
            frame,
        });
    }

    /// Asks for what the user wants.
    fn ask_for(&mut self, mut wanted: Wanted, out: &mut Outgoing) {
        let mailbox = self.user.as_ref().map_or(0, |user| user.mailbox);
        let request = match &wanted.command {
            Command::Create { name } => Request::Create { name },
            Command::Login { name } => Request::Login { name },
            Command::Logout => Request::Logout,
            Command::List { pattern } => Request::List {
                pattern,
                after: wanted.names.last().map_or("", |name| name),
            },
            Command::Send { to, text } => {
                if wanted.number == 0 {
                    self.numbers.1 += 1;
                    wanted.number = self.numbers.1;
                    if let Some(user) = &self.user {
                        out.told.push(Told::Submitted {
                            from: user.name.clone(),
                            to: to.clone(),
                            number: wanted.number,
                        });
                    }
                }
                Request::Send {
                    number: wanted.number,
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
        self.ask(Why::Command, request, out);
        self.command = Some(wanted);
    }

    /// The command is done.
    fn finish(&mut self, outcome: Outcome, out: &mut Outgoing) {
        if let Some(wanted) = self.command.take() {
            let command = wanted.command;
            out.told.push(Told::Answered { command, outcome });
        }
    }

    /// A message came: the next one is taken.
    fn message(&mut self, mailbox: u64, id: u64, from: &str, text: &str, out: &mut Outgoing) {
        let Some(user) = self.user.as_ref().filter(|it| it.mailbox == mailbox) else {
            return;
        };
        let seen = self.seen.entry(mailbox).or_insert(0);
        if id > *seen + 1 {
            let asked = self.asked.as_ref();
            self.catch_up |= asked.is_none_or(|it| it.why != Why::CatchUp);
            return;
        }
        if id == *seen + 1 {
            *seen = id;
            out.told.push(Told::Message {
                to: user.name.clone(),
                mailbox,
                id,
                from: from.to_owned(),
                text: text.to_owned(),
            });
        } else {
            out.told.push(Told::Repeated);
        }
        out.frames.push(acknowledgement(mailbox, *seen));
    }
}

fn acknowledgement(mailbox: u64, id: u64) -> Vec<u8> {
    let mut frame = Vec::new();
    FromClient::Acknowledge { mailbox, id }.encode(&mut frame);
    frame
}
