//! Every socket of a run, under a token that is never used twice, and the poller that
//! watches them.

use std::collections::BTreeMap;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::by_hand::Hand;
use crate::client::Client;
use crate::input::Input;
use crate::links::LinkConnection;
use crate::listener::{Listener, ListenerSocket};
use crate::programs::connection::{ProgramConnection, ProgramSocket};
use crate::programs::output::Output;
use crate::programs::speaker;
use crate::stream::Stream;
use os::poller::{Interest, Poller, Ready, Token};

/// A socket of the run.
#[derive(Debug)]
pub enum Socket {
    /// One end of a connection between two nodes.
    Link(LinkConnection),
    /// The datagram socket of a node, for other nodes.
    Datagrams(UdpSocket),
    /// Accepts clients.
    Listener(Listener),
    /// A client's connection.
    Client(Client),
    /// A node's connection to a program.
    Program(ProgramConnection),
    /// Standard input.
    Input(Input),
    /// Orders of a person at a view.
    Hand(Hand),
    /// An output of a program that the runner started.
    Output(Output),
    /// The standard input of a program that speaks a protocol.
    SpeakerInput(speaker::Input),
    /// The standard output of a program that speaks a protocol.
    SpeakerOutput(speaker::SpokenOutput),
}

impl Socket {
    fn stream(&mut self) -> Option<&mut Stream> {
        match self {
            Socket::Link(link) => Some(&mut link.stream),
            Socket::Client(client) => Some(&mut client.stream),
            Socket::Program(program) => match &mut program.socket {
                ProgramSocket::Stream(stream) => Some(stream),
                ProgramSocket::Udp(_) => None,
            },
            _ => None,
        }
    }

    /// The stream of a connection to a client or a program.
    fn outside(&mut self) -> Option<&mut Stream> {
        match self {
            Socket::Link(_) => None,
            other => other.stream(),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Link(link) => link.stream.as_fd(),
            Socket::Datagrams(socket) => socket.as_fd(),
            Socket::Listener(listener) => match &listener.socket {
                ListenerSocket::Tcp(listener) => listener.as_fd(),
                ListenerSocket::Udp(socket, _) => socket.as_fd(),
            },
            Socket::Client(client) => client.stream.as_fd(),
            Socket::Program(program) => program.socket.as_fd(),
            Socket::Input(input) => input.as_fd(),
            Socket::Hand(hand) => hand.as_fd(),
            Socket::Output(output) => output.as_fd(),
            Socket::SpeakerInput(input) => input.as_fd(),
            Socket::SpeakerOutput(output) => output.as_fd(),
        }
    }
}

/// The open sockets. A late event of a socket that has been closed finds no socket,
/// and never another one in its place.
#[derive(Debug)]
pub struct Sockets {
    poller: Poller,
    next: Token,
    open: BTreeMap<Token, Socket>,
    /// Memory that connections to clients and programs hold `[bytes]`.
    held: usize,
}

impl Sockets {
    /// No sockets.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn new() -> io::Result<Sockets> {
        Ok(Sockets {
            poller: Poller::new()?,
            next: 0,
            open: BTreeMap::new(),
            held: 0,
        })
    }

    /// Adds a socket, and watches it for reading.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn add(&mut self, mut socket: Socket) -> io::Result<Token> {
        let token = self.next;
        let mut added = self.poller.add(&socket, token, Interest::READ);
        if let (Err(error), Socket::Input(input)) = (&added, &mut socket)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            // A file is always readable; the poller refuses to watch one.
            input.copy()?;
            added = self.poller.add(&socket, token, Interest::READ);
        }
        added?;
        self.next += 1;
        self.open.insert(token, socket);
        Ok(token)
    }

    /// A socket, if it is still open.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Socket> {
        self.open.get_mut(&token)
    }

    /// Removes and returns a socket.
    pub fn remove(&mut self, token: Token) -> Option<Socket> {
        let mut socket = self.open.remove(&token)?;
        if let Some(stream) = socket.outside() {
            self.held -= stream.note_memory().0;
        }
        Some(socket)
    }

    /// Memory that connections to clients and programs hold: messages that are not
    /// whole, and messages that are not sent `[bytes]`.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Counts the memory of a connection again.
    pub fn count_memory(&mut self, token: Token) {
        if let Some(stream) = self.open.get_mut(&token).and_then(Socket::outside) {
            let (before, now) = stream.note_memory();
            self.held = self.held - before + now;
        }
    }

    /// Frees the memory of connections that holds nothing. Returns what the others hold,
    /// each with its memory `[bytes]`.
    pub fn shrink(&mut self) -> Vec<(usize, Token)> {
        let mut holders = Vec::new();
        self.held = 0;
        for (&token, socket) in &mut self.open {
            if let Some(stream) = socket.outside() {
                stream.shrink();
                let (_, now) = stream.note_memory();
                self.held += now;
                holders.push((now, token));
            }
        }
        holders
    }

    /// Every socket, oldest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Token, &mut Socket)> {
        self.open.iter_mut().map(|(token, socket)| (*token, socket))
    }

    /// Number of sockets.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Closes every socket.
    pub fn clear(&mut self) {
        self.open.clear();
        self.held = 0;
    }

    /// Waits as [`Poller::wait`], and replaces `ready`.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        self.poller.wait(timeout, ready)
    }

    /// After something was read or sent: watches a stream for what it needs now (see
    /// [`Stream::changed_interest`]), and counts its memory.
    pub fn settle(&mut self, token: Token) {
        self.count_memory(token);
        let Some(socket) = self.open.get_mut(&token) else {
            return;
        };
        let interest = match &mut *socket {
            Socket::SpeakerInput(input) => input.changed_interest(),
            other => other.stream().and_then(Stream::changed_interest),
        };
        if let Some(interest) = interest
            && self.poller.modify(&*socket, token, interest).is_err()
        {
            // Only what was no longer watched is not registered under this token.
            let _ = self.poller.add(&*socket, token, interest);
        }
    }

    /// Watches a socket no longer, not even for its end, until it has something to write.
    pub fn unwatch(&mut self, token: Token) {
        if let Some(socket) = self.open.get(&token) {
            let _ = self.poller.remove(socket);
        }
    }

    /// Watches a listener or standard input for reading, or not at all.
    pub fn watch(&mut self, token: Token, read: bool) {
        let interest = match read {
            true => Interest::READ,
            false => Interest::default(),
        };
        if let Some(socket) = self.open.get(&token) {
            let _ = self.poller.modify(socket, token, interest);
        }
    }

    /// An end of a connection between two nodes, if the token is one.
    pub fn link(&mut self, token: Token) -> Option<&mut LinkConnection> {
        match self.open.get_mut(&token) {
            Some(Socket::Link(link)) => Some(link),
            _ => None,
        }
    }

    /// A client's connection, if the token is one.
    pub fn client(&mut self, token: Token) -> Option<&mut Client> {
        match self.open.get_mut(&token) {
            Some(Socket::Client(client)) => Some(client),
            _ => None,
        }
    }

    /// A node's connection to a program, if the token is one.
    pub fn program(&mut self, token: Token) -> Option<&mut ProgramConnection> {
        match self.open.get_mut(&token) {
            Some(Socket::Program(program)) => Some(program),
            _ => None,
        }
    }

    /// A listener, if the token is one.
    pub fn listener(&mut self, token: Token) -> Option<&mut Listener> {
        match self.open.get_mut(&token) {
            Some(Socket::Listener(listener)) => Some(listener),
            _ => None,
        }
    }

    /// Standard input, if the token is it.
    pub fn input(&mut self, token: Token) -> Option<&mut Input> {
        match self.open.get_mut(&token) {
            Some(Socket::Input(input)) => Some(input),
            _ => None,
        }
    }
}
