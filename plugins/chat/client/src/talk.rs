//! The talk: what is typed and what the server sends, in the order in which it comes.

use crate::connection;
use anyhow::{Result, bail};
use chat_core::{Client, Command, Outcome, Outgoing, Refusal, Told};
use std::collections::VecDeque;
use std::io::{BufRead, Write, stdin, stdout};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Something that happens.
enum Event {
    /// A line was typed.
    Line(String),
    /// Nothing more is typed.
    NoMore,
    /// The server sent a frame over the connection of this number.
    Frame(u32, Vec<u8>),
    /// That connection ended; why, if it is known.
    Lost(u32, String),
    /// There is a connection again.
    Back(TcpStream),
    /// There will be none.
    GaveUp,
}

/// How often a lost server is called again, a second apart.
const CALLS: u32 = 30;

/// Talks until the input ends and all of it is answered.
///
/// # Errors
/// When the server cannot be reached, or not any more.
pub fn talk(address: &str, name: Option<&str>) -> Result<()> {
    let stream = connection::call(address)?;
    let (sender, events) = channel();
    let input = sender.clone();
    thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if input.send(Event::Line(line)).is_err() {
                return;
            }
        }
        let _ = input.send(Event::NoMore);
    });
    let mut talk = Talk {
        address: address.to_owned(),
        client: Client::new(),
        stream: None,
        connection: 0,
        commands: VecDeque::new(),
        quiet: None,
        sender,
    };
    if let Some(name) = name {
        let create = Command::parse(&format!("create {name}")).map_err(anyhow::Error::msg)?;
        let name = name.to_owned();
        // That it is there already is what is hoped for.
        talk.quiet = Some(create.clone());
        talk.commands.extend([create, Command::Login { name }]);
    }
    talk.connected(stream)?;
    talk.until_the_end(&events)
}

struct Talk {
    address: String,
    client: Client,
    stream: Option<TcpStream>,
    /// The number of the connection.
    connection: u32,
    /// What is to be done after what is under way.
    commands: VecDeque<Command>,
    /// A command whose answer is not shown.
    quiet: Option<Command>,
    sender: Sender<Event>,
}

impl Talk {
    fn until_the_end(&mut self, events: &Receiver<Event>) -> Result<()> {
        let mut more = true;
        while more || self.client.is_busy() || !self.commands.is_empty() {
            match events.recv()? {
                Event::Line(line) => match line.trim() {
                    "" => {}
                    "help" => say(Command::HELP),
                    "quit" => more = false,
                    line => match Command::parse(line) {
                        Ok(command) => self.commands.push_back(command),
                        Err(told) => say(&format!("error: {told}")),
                    },
                },
                Event::NoMore => more = false,
                Event::Frame(connection, frame) if connection == self.connection => {
                    let mut out = Outgoing::default();
                    self.client.frame(&frame, &mut out);
                    self.carry(out);
                }
                Event::Lost(connection, why) if connection == self.connection => self.lost(&why),
                Event::Frame(..) | Event::Lost(..) => {}
                Event::Back(stream) => {
                    say("connected again");
                    self.connected(stream)?;
                }
                Event::GaveUp => bail!(
                    "the connection is lost, and {} does not answer",
                    self.address
                ),
            }
            self.go_on();
        }
        Ok(())
    }

    /// The next command, if nothing is under way.
    fn go_on(&mut self) {
        if !self.client.is_busy()
            && let Some(command) = self.commands.pop_front()
        {
            let mut out = Outgoing::default();
            self.client.command(command, &mut out);
            self.carry(out);
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
            let why = ended
                .err()
                .map_or(String::new(), |error| format!(": {error}"));
            let _ = sender.send(Event::Lost(connection, why));
        });
        self.stream = Some(stream);
        let mut out = Outgoing::default();
        self.client.connected(nonce(), &mut out);
        self.carry(out);
        self.go_on();
        Ok(())
    }

    /// The connection is lost: the server is called again, beside whatever is typed.
    fn lost(&mut self, why: &str) {
        say(&format!("connection lost{why}"));
        self.client.disconnected();
        self.stream = None;
        self.connection += 1;
        let (address, sender) = (self.address.clone(), self.sender.clone());
        thread::spawn(move || {
            for _ in 0..CALLS {
                thread::sleep(Duration::from_secs(1));
                if let Ok(stream) = connection::call(&address) {
                    let _ = sender.send(Event::Back(stream));
                    return;
                }
            }
            let _ = sender.send(Event::GaveUp);
        });
    }

    /// Sends what is to be sent and shows what is told.
    fn carry(&mut self, out: Outgoing) {
        for frame in &out.frames {
            // A lost connection is told by the one who reads from it.
            if let Some(stream) = &mut self.stream
                && connection::write(stream, frame).is_err()
            {
                break;
            }
        }
        for told in out.told {
            if !self.is_quiet(&told)
                && let Some(line) = told.line()
            {
                say(&line);
            }
        }
    }

    /// Whether this is what nobody asked to know.
    fn is_quiet(&mut self, told: &Told) -> bool {
        match told {
            Told::Answered {
                command,
                outcome: Outcome::Refused { code, .. },
            } if self.quiet.as_ref() == Some(command) => {
                self.quiet = None;
                Refusal::from_code(*code) == Some(Refusal::NameTaken)
            }
            _ => false,
        }
    }
}

/// Shows a line at once; that nobody reads it any more is no reason to stop.
fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Another one in each session.
fn nonce() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ns = now.map_or(0, |it| it.as_nanos() as u64);
    now_ns ^ u64::from(std::process::id()) << 48
}
