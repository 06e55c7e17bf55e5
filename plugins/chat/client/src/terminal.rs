//! Handles lines of input and frames of the server in the order of their arrival.

use crate::connection;
use anyhow::{Result, bail};
use base::harmless;
use chat_core::{Client, Command, Notice, Outcome, Outgoing, Refusal};
use std::collections::VecDeque;
use std::io::{BufRead, Write, stdin, stdout};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An event for the main thread.
enum Event {
    /// A line of input.
    Line(String),
    /// The end of the input.
    EndOfInput,
    /// The server sent a frame over the connection of this number.
    Frame(u32, Vec<u8>),
    /// The connection of this number ended; the reason, if it is known.
    Lost(u32, String),
    /// A new connection.
    Reconnected(TcpStream),
    /// The server cannot be reached any more.
    GaveUp,
}

/// Number of attempts to connect again, one per second.
const ATTEMPTS: u32 = 30;

/// Runs until the input ends and all its commands are finished.
///
/// # Errors
/// If the server cannot be reached.
pub fn run(address: &str, name: Option<&str>) -> Result<()> {
    let stream = connection::open(address)?;
    let (sender, events) = channel();
    let input = sender.clone();
    thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if input.send(Event::Line(line)).is_err() {
                return;
            }
        }
        let _ = input.send(Event::EndOfInput);
    });
    let mut terminal = Terminal {
        address: address.to_owned(),
        client: Client::new(),
        stream: None,
        connection: 0,
        commands: VecDeque::new(),
        hidden: None,
        sender,
    };
    if let Some(name) = name {
        let create = Command::parse(&format!("create {name}")).map_err(anyhow::Error::msg)?;
        let name = name.to_owned();
        // The account may exist: then `create` is refused, and this is not shown.
        terminal.hidden = Some(create.clone());
        terminal.commands.extend([create, Command::Login { name }]);
    }
    terminal.connected(stream)?;
    terminal.run(&events)
}

struct Terminal {
    address: String,
    client: Client,
    stream: Option<TcpStream>,
    /// Number of the current connection.
    connection: u32,
    /// Commands that wait for the current one.
    commands: VecDeque<Command>,
    /// A command whose refusal is not shown.
    hidden: Option<Command>,
    sender: Sender<Event>,
}

impl Terminal {
    fn run(&mut self, events: &Receiver<Event>) -> Result<()> {
        let mut more = true;
        while more || self.client.is_busy() || !self.commands.is_empty() {
            match events.recv()? {
                Event::Line(line) => match line.trim() {
                    "" => {}
                    "help" => Command::HELP.lines().for_each(show),
                    "quit" => more = false,
                    line => match Command::parse(line) {
                        Ok(command) => self.commands.push_back(command),
                        Err(error) => show(&format!("error: {error}")),
                    },
                },
                Event::EndOfInput => more = false,
                Event::Frame(connection, frame) if connection == self.connection => {
                    let mut out = Outgoing::default();
                    self.client.frame(&frame, &mut out);
                    self.handle_output(out);
                }
                Event::Lost(connection, reason) if connection == self.connection => {
                    self.lost(&reason)
                }
                Event::Frame(..) | Event::Lost(..) => {}
                Event::Reconnected(stream) => {
                    show("connected again");
                    self.connected(stream)?;
                }
                Event::GaveUp => bail!(
                    "the connection is lost, and {} accepts no new one",
                    self.address
                ),
            }
            self.begin_next();
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

    fn connected(&mut self, stream: TcpStream) -> Result<()> {
        self.connection += 1;
        let (connection, sender) = (self.connection, self.sender.clone());
        let reader = stream.try_clone()?;
        thread::spawn(move || {
            let ended = connection::read(reader, |frame| {
                let _ = sender.send(Event::Frame(connection, frame));
            });
            let reason = ended
                .err()
                .map_or(String::new(), |error| format!(": {error}"));
            let _ = sender.send(Event::Lost(connection, reason));
        });
        self.stream = Some(stream);
        let mut out = Outgoing::default();
        self.client.connected(nonce(), &mut out);
        self.handle_output(out);
        self.begin_next();
        Ok(())
    }

    /// Handles a lost connection: another thread tries to connect again.
    fn lost(&mut self, reason: &str) {
        show(&format!("connection lost{reason}"));
        self.client.disconnected();
        self.stream = None;
        self.connection += 1;
        let (address, sender) = (self.address.clone(), self.sender.clone());
        thread::spawn(move || {
            for _ in 0..ATTEMPTS {
                thread::sleep(Duration::from_secs(1));
                if let Ok(stream) = connection::open(&address) {
                    let _ = sender.send(Event::Reconnected(stream));
                    return;
                }
            }
            let _ = sender.send(Event::GaveUp);
        });
    }

    /// Sends the frames of the client and shows its notices.
    fn handle_output(&mut self, out: Outgoing) {
        for frame in &out.frames {
            // The reading thread reports a lost connection.
            if let Some(stream) = &mut self.stream
                && connection::write(stream, frame).is_err()
            {
                break;
            }
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
