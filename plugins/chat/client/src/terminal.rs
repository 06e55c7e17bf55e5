//! Handles lines of input and frames of the server in the order of their arrival.
//!
//! One thread reads the input, and one the frames of the connection. Both pass what they read to
//! the main thread.

use crate::{Connection, Incoming, Protocol};
use anyhow::{Result, bail};
use base::harmless;
use chat_core::{Client, Command, Notice, Outcome, Outgoing, Refusal};
use std::collections::VecDeque;
use std::io::{BufRead, Write, stdin, stdout};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Log in to this account, and create it if it does not exist.
    pub name: Option<String>,
    /// Whether `send NAME` without a text sends an empty message.
    pub allow_empty: bool,
}

/// An event for the main thread.
enum Event<C> {
    /// A line of input.
    Line(Vec<u8>),
    /// The end of the input.
    EndOfInput,
    /// The connection of this number reports something.
    Incoming(u32, Incoming),
    /// The connection of this number is open again.
    Reconnected(u32, C),
    /// The server cannot be reached any more.
    GaveUp,
}

/// Number of attempts to connect again, one per second.
const ATTEMPTS: u32 = 30;

/// How long the client waits at its end until the server has logged the user out. Arbitrary: longer
/// than a busy server needs, and short for a person who waits for a server that hangs.
const FAREWELL: Duration = Duration::from_secs(3);

/// Runs until `quit` or the end of the input, and until all commands before it are finished.
///
/// # Errors
/// If the server cannot be reached.
pub fn run<P: Protocol>(protocol: P, options: &Options) -> Result<()> {
    let mut commands = VecDeque::new();
    let mut hidden = None;
    if let Some(name) = &options.name {
        let create = Command::parse(&format!("create {name}"))?;
        // The account may exist: then `create` is refused, and this is not shown.
        hidden = Some(create.clone());
        let name = name.clone();
        commands.extend([create, Command::Login { name }]);
    }
    let (sender, events) = channel();
    let mut terminal = Terminal {
        protocol,
        allow_empty: options.allow_empty,
        client: Client::new(),
        connection: None,
        number: 0,
        commands,
        hidden,
        sender,
    };
    let connection = open(&terminal.protocol, 0, &terminal.sender)?;
    read_input(terminal.sender.clone());
    terminal.connected(connection);
    terminal.run(&events)?;
    terminal.leave(&events);
    Ok(())
}

fn read_input<C: Send + 'static>(input: Sender<Event<C>>) {
    thread::spawn(move || {
        for line in stdin().lock().split(b'\n').map_while(Result::ok) {
            if input.send(Event::Line(line)).is_err() {
                return;
            }
        }
        let _ = input.send(Event::EndOfInput);
    });
}

/// Opens the connection of this number.
fn open<P: Protocol>(
    protocol: &P,
    number: u32,
    sender: &Sender<Event<P::Connection>>,
) -> Result<P::Connection> {
    let sender = sender.clone();
    protocol.open(move |incoming| {
        let _ = sender.send(Event::Incoming(number, incoming));
    })
}

struct Terminal<P: Protocol> {
    protocol: P,
    allow_empty: bool,
    client: Client,
    connection: Option<P::Connection>,
    /// Number of the current connection.
    number: u32,
    /// Commands that wait for the current one.
    commands: VecDeque<Command>,
    /// A command whose refusal is not shown.
    hidden: Option<Command>,
    sender: Sender<Event<P::Connection>>,
}

impl<P: Protocol> Terminal<P> {
    fn run(&mut self, events: &Receiver<Event<P::Connection>>) -> Result<()> {
        let mut more = true;
        while more || self.client.is_busy() || !self.commands.is_empty() {
            match events.recv()? {
                // After `quit`, nothing that was typed counts.
                Event::Line(line) if more => more = self.line(&line),
                Event::Line(_) => {}
                Event::EndOfInput => more = false,
                other => self.handle(other)?,
            }
            self.begin_next();
        }
        Ok(())
    }

    /// Handles a line of input. Returns whether more lines may follow.
    fn line(&mut self, line: &[u8]) -> bool {
        let Ok(line) = std::str::from_utf8(line) else {
            show("error: the line is not UTF-8");
            return true;
        };
        match line.trim() {
            "" => {}
            "help" => crate::help().lines().skip(1).for_each(|it| show(it.trim())),
            "quit" => return false,
            line => match Command::parse(line) {
                Ok(Command::Send { to, text }) if text.is_empty() && !self.allow_empty => {
                    show(&format!(
                        "error: no text for `{to}`, expected `send {to} TEXT` (empty messages need \
                         the option --allow-empty)"
                    ));
                }
                Ok(command) => self.commands.push_back(command),
                Err(error) => show(&format!("error: {}", error.text(&["help", "quit"]))),
            },
        }
        true
    }

    /// Handles an event of the connection.
    fn handle(&mut self, event: Event<P::Connection>) -> Result<()> {
        match event {
            Event::Incoming(number, incoming) if number == self.number => match incoming {
                Incoming::Frame(frame) => {
                    let mut out = Outgoing::default();
                    self.client.frame(&frame, &mut out);
                    self.handle_output(out);
                }
                Incoming::Lost(reason) => self.lost(reason),
            },
            Event::Reconnected(number, connection) if number == self.number => {
                show("connected again");
                self.connected(connection);
            }
            Event::GaveUp => bail!(
                "the connection is lost, and {} accepts no new one",
                self.protocol.address()
            ),
            // Of an earlier connection, or input after the end.
            _ => {}
        }
        Ok(())
    }

    /// Begins the next command, unless one is not finished.
    fn begin_next(&mut self) {
        if !self.client.is_busy()
            && let Some(command) = self.commands.pop_front()
        {
            let mut out = Outgoing::default();
            self.client.command(command, &mut out);
            self.handle_output(out);
        }
    }

    fn connected(&mut self, connection: P::Connection) {
        self.connection = Some(connection);
        let mut out = Outgoing::default();
        self.client.connected(nonce(), &mut out);
        self.handle_output(out);
        self.begin_next();
    }

    /// Handles a lost connection: another thread tries to connect again.
    fn lost(&mut self, reason: Option<String>) {
        let reason = reason.map_or(String::new(), |it| format!(": {it}"));
        show(&format!("connection lost{reason}"));
        self.client.disconnected();
        self.connection = None;
        self.number += 1;
        let (protocol, number, sender) = (self.protocol.clone(), self.number, self.sender.clone());
        thread::spawn(move || {
            for _ in 0..ATTEMPTS {
                thread::sleep(Duration::from_secs(1));
                if let Ok(connection) = open(&protocol, number, &sender) {
                    let _ = sender.send(Event::Reconnected(number, connection));
                    return;
                }
            }
            let _ = sender.send(Event::GaveUp);
        });
    }

    /// Logs out and waits until the server has done so: then it has all acknowledgements, and
    /// the next login shows nothing again.
    fn leave(&mut self, events: &Receiver<Event<P::Connection>>) {
        let mut out = Outgoing::default();
        self.client.leave(&mut out);
        self.handle_output(out);
        let until = Instant::now() + FAREWELL;
        while !self.client.has_left() {
            match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::Incoming(number, Incoming::Frame(frame))) if number == self.number => {
                    let mut out = Outgoing::default();
                    self.client.frame(&frame, &mut out);
                    self.handle_output(out);
                }
                Ok(Event::Incoming(number, Incoming::Lost(_))) if number == self.number => {
                    self.client.disconnected();
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// Sends the frames of the client and shows its notices.
    fn handle_output(&mut self, out: Outgoing) {
        if let Some(connection) = &mut self.connection {
            out.frames.iter().for_each(|frame| connection.send(frame));
        }
        for notice in out.notices {
            if !self.is_hidden(&notice)
                && let Some(line) = notice.line()
            {
                show(&line);
            }
        }
    }

    /// Whether a notice is the refusal of the first `create`, since the account exists.
    fn is_hidden(&mut self, notice: &Notice) -> bool {
        match notice {
            Notice::Answered {
                command,
                outcome: Outcome::Refused { code, .. },
            } if self.hidden.as_ref() == Some(command) => {
                self.hidden = None;
                Refusal::from_code(*code) == Some(Refusal::NameTaken)
            }
            _ => false,
        }
    }
}

/// Prints a line at once: other people wrote parts of it, so what a terminal would obey is
/// written out. A closed standard output is ignored.
fn show(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{}", harmless::line(line)).and_then(|()| out.flush());
}

/// A value that differs in each session.
fn nonce() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ns = now.map_or(0, |it| it.as_nanos() as u64);
    now_ns ^ u64::from(std::process::id()) << 48
}
