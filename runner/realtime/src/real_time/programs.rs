//! Messages to and from programs that stand for a node, and what such programs print.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::program_ends::ProgramEnds;
use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::listener::DATAGRAM_BUFFER;
use crate::programs::connection::{self, ProgramConnection, ProgramSocket};
use crate::programs::output::Rest;
use crate::programs::process::{ProgramProcess, Started};
use crate::setup::SetupError;
use crate::stream::{Reading, Stream};
use engine::behaviors::{Behaviors, Failure};
use engine::message::Message;
use engine::sink::Sink;
use engine::transport::Content;
use framing::FramingError;
use model::External;
use os::poller::Token;

/// Datagrams that are read before other sockets are looked at.
const DATAGRAM_BATCH: usize = 64;

/// Reads of an output at the end of a run: a pipe holds less, and processes that a
/// program started may write without end.
const LAST_READS: usize = 32;

/// How long after the end of a program its address is tried: a program may leave a
/// process that listens, and end with success.
const DAEMON_PATIENCE: Duration = Duration::from_secs(1);

/// The programs of a run.
#[derive(Debug, Default)]
pub struct Programs {
    /// Connections of nodes to programs, by (node, program).
    pub connections: BTreeMap<(u32, u32), Token>,
    /// Number of messages that arrived over connections that are closed, by (node,
    /// program): a new connection counts on.
    pub received: BTreeMap<(u32, u32), u64>,
    /// How programs ended, and the last lines of their output.
    pub ends: ProgramEnds,
    /// The programs that the runner started.
    pub processes: Vec<ProgramProcess>,
    /// All listening nodes of the scenario, for programs that are started.
    pub listening: Vec<(String, SocketAddr)>,
}

/// Content happened to a message for a program.
enum ProgramSend {
    Done,
    /// The program is not connected.
    NotConnected,
    /// The framing cannot express the message.
    Unfit(FramingError),
    /// The outgoing queue is full.
    QueueFull(Token),
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Takes in a program that was started.
    pub(super) fn add_program(&mut self, started: Started) -> io::Result<()> {
        let program = started.process.node;
        self.programs.processes.push(started.process);
        for output in started.outputs {
            self.sockets.add(Socket::Output(output))?;
        }
        if let Some(pipes) = started.pipes {
            return self.add_speaker(program, pipes);
        }
        match started.streams {
            Some(streams) => self.connect_streams(program, streams),
            None => Ok(()),
        }
    }

    /// Connects the one node that a program has a link to with its standard input and
    /// output.
    fn connect_streams(&mut self, program: u32, streams: UnixStream) -> io::Result<()> {
        let world = &self.run.world;
        let roster = world.roster();
        let group = &roster.groups()[roster.group_of(program)];
        let stdio = group.program.as_ref().and_then(|it| it.stdio.clone());
        let node = world.topology().linked(program, roster.len()).next();
        let (Some(node), Some(stdio)) = (node, stdio) else {
            return Ok(());
        };
        let pair = (node, program);
        if let Some(&token) = self.programs.connections.get(&pair) {
            // That of the program before a crash.
            self.remove_program_connection(token);
        }
        let stream = Stream::local(streams, stdio.framing, stdio.max_message)?;
        let connection = ProgramConnection {
            node,
            program,
            received: self.programs.received.remove(&pair).unwrap_or(0),
            max_message: stdio.max_message,
            socket: ProgramSocket::Stream(stream),
        };
        let token = self.sockets.add(Socket::Program(connection))?;
        self.programs.connections.insert(pair, token);
        Ok(())
    }

    /// Connects a node to a program, if the program has an address.
    pub(super) fn connect_to_program(
        &mut self,
        node: u32,
        program: u32,
        patience: Duration,
    ) -> Result<(), SetupError> {
        let roster = self.run.world.roster();
        let group = &roster.groups()[roster.group_of(program)];
        let external = group.program.as_ref().and_then(|it| it.external.clone());
        let Some(external) = external else {
            return Ok(());
        };
        let mut ended = None;
        let connected = connection::connect(&external, patience, || {
            self.look_at_programs();
            let end = self.program_end(program);
            let since = end.map(|_| *ended.get_or_insert_with(Instant::now));
            self.has_failed_program() || since.is_some_and(|it| it.elapsed() > DAEMON_PATIENCE)
        });
        let socket = match connected {
            Ok(socket) => socket,
            // The run begins, and has failed.
            Err(_) if self.has_failed_program() => return Ok(()),
            Err(source) => return Err(self.unreachable(program, &external, patience, source)),
        };
        let pair = (node, program);
        let connection = ProgramConnection {
            node,
            program,
            received: self.programs.received.remove(&pair).unwrap_or(0),
            max_message: external.max_message,
            socket,
        };
        let token = self.sockets.add(Socket::Program(connection))?;
        self.programs.connections.insert(pair, token);
        Ok(())
    }

    /// The error that a program accepts no connection, with what the program wrote.
    fn unreachable(
        &mut self,
        program: u32,
        external: &External,
        patience: Duration,
        source: io::Error,
    ) -> SetupError {
        self.read_outputs(|of| of == program);
        let node = self.run.world.roster().name(program).unwrap_or_default();
        let processes = &self.programs.processes;
        let is_ours = processes.iter().any(|it| it.node == program);
        let output = is_ours.then(|| self.programs.ends.last_words(program));
        match (self.program_end(program), output) {
            (Some(status), Some(output)) => SetupError::Program(format!(
                "node `{node}`: its program ended ({status}) before it accepted a connection at {}{output}",
                external.address
            )),
            (_, output) => SetupError::Unreachable {
                node,
                address: external.address,
                patience,
                source,
                output,
            },
        }
    }

    /// Sends something from a node to a program.
    pub(super) fn send_to_program(
        &mut self,
        from: u32,
        to: u32,
        what: Content,
    ) -> Result<(), Failure> {
        let pair = (from, to);
        match what {
            Content::Message(id) => {
                if !self.programs.connections.contains_key(&pair) {
                    // The program has closed the connection; a message opens it again.
                    let _ = self.connect_to_program(from, to, Duration::ZERO);
                }
                let message = self.run.take_message_out(id);
                self.send_message_to_program(from, to, message)
            }
            Content::Close => {
                if let Some(&token) = self.programs.connections.get(&pair)
                    && let Some(program) = self.sockets.program(token)
                    && let ProgramSocket::Stream(stream) = &mut program.socket
                {
                    stream.close();
                    // The next connection goes on with the numbers of the messages.
                    let received = program.received;
                    self.programs.received.insert(pair, received);
                    self.programs.connections.remove(&pair);
                }
                Ok(())
            }
            Content::Rest { .. } | Content::Open | Content::Lost { .. } => Ok(()),
        }
    }

    fn send_message_to_program(
        &mut self,
        from: u32,
        to: u32,
        message: Message,
    ) -> Result<(), Failure> {
        let number = message.number;
        let size = message.payload.as_slice().len() as u64;
        let sent = self.write_to_program(from, to, message);
        if matches!(sent, ProgramSend::Done) {
            return Ok(());
        }
        if let ProgramSend::Unfit(error) = &sent {
            self.remark_unfit(from, to, error);
        }
        if let ProgramSend::QueueFull(token) = sent {
            let name = self.run.world.roster().name(to).unwrap_or_default();
            let line = format!("disconnected {name}: {}", self.too_much_unread());
            self.print_disconnected(from, &line);
            self.remove_program_connection(token);
        }
        self.run.record_external_loss(from, to, number, size);
        match sent {
            ProgramSend::QueueFull(_) => self.run.disconnect(from, to),
            _ => Ok(()),
        }
    }

    fn write_to_program(&mut self, from: u32, to: u32, message: Message) -> ProgramSend {
        let token = self.programs.connections.get(&(from, to)).copied();
        let Some(token) = token else {
            return ProgramSend::NotConnected;
        };
        let Some(program) = self.sockets.program(token) else {
            return ProgramSend::NotConnected;
        };
        match &mut program.socket {
            ProgramSocket::Stream(stream) if stream.unsent() > self.budget => {
                ProgramSend::QueueFull(token)
            }
            ProgramSocket::Stream(stream) => {
                let sent = stream.send(message.number, message.payload);
                self.sockets.settle(token);
                match sent {
                    Ok(()) => ProgramSend::Done,
                    Err(error) => ProgramSend::Unfit(error),
                }
            }
            ProgramSocket::Udp(socket) => {
                let bytes = message.payload.as_slice();
                // The first error may be that of an earlier datagram, reported once.
                match socket.send(bytes).is_ok() || socket.send(bytes).is_ok() {
                    true => ProgramSend::Done,
                    false => ProgramSend::NotConnected,
                }
            }
        }
    }

    /// Adds a remark that the framing of a program cannot express a message: once for
    /// each two nodes.
    fn remark_unfit(&mut self, from: u32, to: u32, error: &FramingError) {
        let roster = self.run.world.roster();
        let [from, to] = [from, to].map(|node| roster.name(node).unwrap_or_default());
        let start = format!("{from} sends {to} messages that its framing cannot express: ");
        if self.remarks.iter().all(|it| !it.starts_with(&start)) {
            self.remarks.push(format!("{start}{error}"));
        }
    }

    pub(super) fn receive_from_program(&mut self, token: Token) -> Result<(), Failure> {
        let Some(connection) = self.sockets.program(token) else {
            return Ok(());
        };
        let (node, program) = (connection.node, connection.program);
        let most = connection.max_message;
        let (run, received) = (&mut self.run, &mut connection.received);
        let clock = self.clock;
        let mut result = Ok(());
        let mut take = |message: &[u8]| {
            *received += 1;
            has_arrived(run, &clock);
            if message.len() as u64 > most {
                run.record_loss(node, program, *received, message.len() as u64);
            } else if result.is_ok() {
                result = run.deliver(node, program, *received, message);
            }
        };
        let mut broken = None;
        let ended = match &mut connection.socket {
            ProgramSocket::Stream(stream) => {
                // What arrives after the node has closed the connection is not read, as from a
                // client.
                let closing = stream.is_closing();
                let reading = stream.read(|message| {
                    if !closing {
                        take(message);
                    }
                    ControlFlow::Continue(())
                });
                let ended = !matches!(reading, Reading::Open);
                if let Reading::Broken(error) = reading
                    && !closing
                {
                    broken = Some(error);
                }
                ended
            }
            ProgramSocket::Udp(socket) => {
                let mut buffer = vec![0; DATAGRAM_BUFFER];
                for _ in 0..DATAGRAM_BATCH {
                    match socket.recv(&mut buffer) {
                        Ok(count) => take(&buffer[..count]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        // The program does not listen yet.
                        Err(_) => {}
                    }
                }
                false
            }
        };
        result?;
        if let Some(error) = broken {
            self.say_broken(program, &error);
        }
        if ended {
            has_arrived(&mut self.run, &self.clock);
            let current = self.programs.connections.get(&(node, program)) == Some(&token);
            self.remove_program_connection(token);
            if current {
                self.run.disconnect(node, program)?;
            }
        }
        Ok(())
    }

    /// Prints that a program's messages cannot be read any more.
    fn say_broken(&mut self, program: u32, error: &FramingError) {
        let world = &self.run.world;
        let group = &world.roster().groups()[world.roster().group_of(program)];
        let stdio = group.program.as_ref().is_some_and(|it| it.stdio.is_some());
        let hint = match stdio {
            true => {
                "; standard output has messages and nothing else: write what is for people to standard error"
            }
            false => "",
        };
        let line = format!("its connection is closed: {error}{hint}");
        self.programs.ends.keep_line(program, &line);
        self.run.world.print_for(program, &line);
    }

    /// Closes a connection to a program; unsent messages are lost.
    pub(super) fn remove_program_connection(&mut self, token: Token) {
        let Some(Socket::Program(mut program)) = self.sockets.remove(token) else {
            return;
        };
        let pair = (program.node, program.program);
        let known = self.programs.received.entry(pair).or_default();
        *known = program.received.max(*known);
        if self.programs.connections.get(&pair) == Some(&token) {
            self.programs.connections.remove(&pair);
        }
        for lost in program.take_unsent() {
            self.run
                .record_external_loss(pair.0, pair.1, lost.number, lost.bytes);
        }
    }

    /// Prints what a program has written to one of its outputs.
    pub(super) fn read_output(&mut self, token: Token) {
        if let Some(Socket::Output(output)) = self.sockets.get_mut(token) {
            let node = output.node;
            let (world, ends) = (&mut self.run.world, &mut self.programs.ends);
            let rest = output.read(|line| {
                ends.keep_line(node, line);
                world.print_for(node, line);
            });
            if rest == Rest::Closed {
                self.sockets.remove(token);
            }
        }
    }

    /// Prints what all programs have written by now.
    pub(super) fn read_all_outputs(&mut self) {
        self.read_outputs(|_| true);
    }

    /// Prints what the programs of some nodes have written by now.
    pub(super) fn read_outputs(&mut self, of: impl Fn(u32) -> bool) {
        let (world, ends) = (&mut self.run.world, &mut self.programs.ends);
        for (_, socket) in self.sockets.iter_mut() {
            let Socket::Output(output) = socket else {
                continue;
            };
            let node = output.node;
            let mut print = |line: &str| {
                ends.keep_line(node, line);
                world.print_for(node, line);
            };
            for _ in 0..if of(node) { LAST_READS } else { 0 } {
                if output.read(&mut print) != Rest::More {
                    break;
                }
            }
        }
    }
}
