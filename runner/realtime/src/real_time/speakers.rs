//! Nodes that are programs and speak a protocol: the engine's messages are written to their
//! standard input, and what they say is sent by their nodes.
//!
//! The handshake is before time 0, in [`RealTime::greet`], or after the restart of a crashed
//! node. It costs no link, and has no records. What a program sends before time 0 is sent
//! at time 0. One that has sent something may wait for a reply before it answers: the run
//! begins without waiting for it, and its handshake goes on.
//!
//! # Bounded memory
//!
//! A program that writes faster than others read is not read while they have more than
//! [`UNREAD_MAX`] bytes to read (or a quarter of what may be buffered), or while the links
//! hold more than half of what may be buffered. A program that itself has so much to read is read all the same: it may wait
//! for that before it reads. If it has more than `max_buffered` to read, it has failed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::programs::process::Pipes;
use crate::programs::speaker::{Input, Speaking, SpokenOutput};
use crate::setup::SetupError;
use engine::behaviors::Behaviors;
use engine::foreign::Handed;
use engine::sink::Sink;
use os::poller::Token;
use runner_maelstrom::{Heard, Ids, Sent, lost};

/// Bytes that a program has not read, from which on other programs are not read.
const UNREAD_MAX: usize = 16 << 20;

/// So few messages between nodes need not be counted.
const FEW: u64 = 16;

/// The size of the messages that a program may send before it has answered `init` `[bytes]`.
const EARLY_MAX: usize = 16 << 20;

/// The longest wait of the handshake before programs are looked at.
const GREET_STEP: Duration = Duration::from_millis(20);

/// Number of ids without a node that a node's messages are counted for, each by itself.
const NAMED_MAX: usize = 20;

/// Stands for the ids beyond those.
const OTHERS: &str = "..";

/// Reads of an output whose program has ended: a pipe holds less.
const LAST_READS: usize = 32;

/// The nodes of this process that speak a protocol.
#[derive(Debug, Default)]
pub struct Speakers {
    /// The ids of all nodes.
    ids: Ids,
    /// Those whose programs run.
    running: BTreeMap<u32, Speaking>,
    /// Whether the run has begun.
    begun: bool,
    /// Messages that were for no node with a link: by sender and id, their number.
    lost: BTreeMap<(u32, String), u64>,
    /// Messages that came for a program after it had closed its input, by node.
    unread: BTreeMap<u32, u64>,
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Takes in the program of a node, and begins the handshake.
    pub(super) fn add_speaker(&mut self, node: u32, pipes: Pipes) -> std::io::Result<()> {
        let roster = self.run.world.roster().clone();
        if self.speakers.running.is_empty() {
            // That ids are unique is checked before a run.
            self.speakers.ids = roster.ids().unwrap_or_default();
        }
        let topology = self.run.world.topology();
        let linked =
            |from: u32, to: u32| topology.peer_number(from, to) < topology.peer_count(from);
        let speaker = roster.speaker(node, &self.speakers.ids, linked);
        let (Some(speaker), Some(protocol)) = (speaker, roster.protocol(node)) else {
            return Ok(());
        };
        self.remove_speaker(node);
        let input = self
            .sockets
            .add(Socket::SpeakerInput(Input::new(node, pipes.input)?))?;
        let output = SpokenOutput::new(node, pipes.output)?;
        let output = self.sockets.add(Socket::SpeakerOutput(output))?;
        let deadline = Instant::now() + protocol.init_within;
        let (speaking, init) =
            Speaking::new(speaker, protocol.max_message, (input, output), deadline);
        self.speakers.running.insert(node, speaking);
        self.write_to_speaker(node, &init);
        Ok(())
    }

    /// Closes the pipes of a node's program: it has been killed.
    pub(super) fn remove_speaker(&mut self, node: u32) {
        if let Some(speaking) = self.speakers.running.remove(&node) {
            self.sockets.remove(speaking.input);
            if let Some(output) = speaking.output {
                self.sockets.remove(output);
            }
            *self.speakers.unread.entry(node).or_default() += speaking.unread;
        }
    }

    /// Goes through the handshake with all programs, before the run begins. Programs that
    /// fail in it have failed, and so has the run.
    pub(super) fn greet(&mut self) -> Result<(), SetupError> {
        let mut ready = Vec::new();
        while self.is_greeting() && !self.has_failed_program() {
            self.sockets.wait(Some(GREET_STEP), &mut ready)?;
            for event in ready.drain(..) {
                match self.sockets.get_mut(event.token) {
                    Some(Socket::SpeakerOutput(_)) => self.hear(event.token),
                    Some(Socket::SpeakerInput(_)) => self.flush_speaker(event.token),
                    Some(Socket::Output(_)) => self.read_output(event.token),
                    _ => {}
                }
            }
            self.look_at_programs();
            self.look_at_speakers();
        }
        Ok(())
    }

    fn is_greeting(&self) -> bool {
        let mut running = self.speakers.running.values();
        running.any(|it| it.deadline.is_some() && it.early.is_empty())
    }

    /// The run begins: what programs have sent before is sent now.
    pub(super) fn begin_speaking(&mut self) {
        self.speakers.begun = true;
        let nodes: Vec<u32> = self.speakers.running.keys().copied().collect();
        for node in nodes {
            let speaking = self.speakers.running.get_mut(&node);
            for sent in speaking
                .map(|it| std::mem::take(&mut it.early))
                .unwrap_or_default()
            {
                self.send_said(node, &sent);
            }
        }
    }

    /// Writes what nodes were handed to their programs.
    pub(super) fn pass_handed(&mut self) {
        if self.speakers.running.is_empty() && self.speakers.unread.is_empty() {
            return;
        }
        for Handed { node, from, bytes } in self.run.take_handed() {
            let world = &self.run.world;
            let from = match from < world.roster().len() {
                true => self.speakers.ids.id(from).to_owned(),
                false => world.external_peer_name(from).to_owned(),
            };
            let Some(speaking) = self.speakers.running.get_mut(&node) else {
                *self.speakers.unread.entry(node).or_default() += 1;
                continue;
            };
            // The body was checked before the node took it.
            if let Ok(Some(line)) = speaking.dialogue.tell(&from, &bytes) {
                self.write_to_speaker(node, &line);
            }
        }
    }

    fn write_to_speaker(&mut self, node: u32, bytes: &[u8]) {
        let Some(speaking) = self.speakers.running.get_mut(&node) else {
            return;
        };
        let token = speaking.input;
        match self.sockets.get_mut(token) {
            Some(Socket::SpeakerInput(input)) => {
                input.push(bytes);
                self.flush_speaker(token);
            }
            // It was closed.
            _ => speaking.unread += 1,
        }
    }

    /// Writes what a program's input takes; closes it if the program has.
    pub(super) fn flush_speaker(&mut self, token: Token) {
        if let Some(Socket::SpeakerInput(input)) = self.sockets.get_mut(token) {
            if input.waiting() == 0 {
                // It is ready for nothing but its end: the program has closed it.
                return self.sockets.unwatch(token);
            }
            match input.flush() {
                Ok(()) => self.sockets.settle(token),
                Err(_) => drop(self.sockets.remove(token)),
            }
        }
    }

    /// Takes what a program has written to its standard output.
    pub(super) fn hear(&mut self, token: Token) {
        let Some(Socket::SpeakerOutput(output)) = self.sockets.get_mut(token) else {
            return;
        };
        let node = output.node;
        let mut bytes = Vec::new();
        let is_open = output.read(&mut bytes);
        let Some(speaking) = self.speakers.running.get_mut(&node) else {
            return;
        };
        speaking.dialogue.feed(&bytes);
        has_arrived(&mut self.run, &self.clock);
        self.take_said(node);
        if is_open {
            return;
        }
        self.sockets.remove(token);
        if let Some(speaking) = self.speakers.running.get_mut(&node) {
            speaking.output = None;
            if let Err(error) = speaking.dialogue.end() {
                self.fail_speaker(node, &error.to_string());
            }
        }
    }

    /// Takes what is left of what the program of a node has written: it has ended.
    pub(super) fn hear_the_last(&mut self, node: u32) {
        for _ in 0..LAST_READS {
            let speaking = self.speakers.running.get(&node);
            let Some(token) = speaking.and_then(|it| it.output) else {
                return;
            };
            self.hear(token);
        }
    }

    fn take_said(&mut self, node: u32) {
        while let Some(speaking) = self.speakers.running.get_mut(&node) {
            match speaking.dialogue.hear() {
                Ok(None) => return,
                Ok(Some(Heard::Greeting { write })) => {
                    let protocol = self.run.world.roster().protocol(node);
                    let patience = protocol.map(|it| it.init_within);
                    speaking.deadline = Some(Instant::now() + patience.unwrap_or_default());
                    self.write_to_speaker(node, &write);
                }
                Ok(Some(Heard::Ready { write })) => {
                    speaking.deadline = None;
                    if !self.speakers.begun
                        && let Some(output) = speaking.output
                    {
                        // What it sends from now on waits in its pipe.
                        speaking.is_read = false;
                        self.sockets.watch(output, false);
                    }
                    self.write_to_speaker(node, &write);
                }
                Ok(Some(Heard::Message(sent))) if self.speakers.begun => {
                    self.send_said(node, &sent);
                }
                Ok(Some(Heard::Message(sent))) => {
                    speaking.early_bytes += sent.body.len();
                    speaking.early.push(sent);
                    if speaking.early_bytes > EARLY_MAX {
                        let what = format!(
                            "it sent more than {EARLY_MAX} bytes before the handshake was over"
                        );
                        return self.fail_speaker(node, &what);
                    }
                }
                Err(error) => return self.fail_speaker(node, &error.to_string()),
            }
        }
    }

    /// A node sends what its program has said.
    fn send_said(&mut self, node: u32, sent: &Sent) {
        if !self.run.is_up(node) {
            return;
        }
        let person = || self.by_hand.peer_named(&sent.dest);
        let to = self.speakers.ids.node(&sent.dest).or_else(person);
        let is_sent = to.is_some_and(|to| {
            let sent = self.run.send_from(node, to, sent.body.as_bytes());
            sent.is_ok()
        });
        if !is_sent {
            self.lose_said(node, &sent.dest, to.is_some());
        }
    }

    /// Counts a message that is for no node with a link, and tells of the first.
    fn lose_said(&mut self, node: u32, dest: &str, exists: bool) {
        let lost = &mut self.speakers.lost;
        let known = lost.range((node, String::new())..(node + 1, String::new()));
        let name = match lost.contains_key(&(node, dest.to_owned())) || known.count() < NAMED_MAX {
            true => dest.to_owned(),
            false => OTHERS.to_owned(),
        };
        let count = lost.entry((node, name)).or_default();
        *count += 1;
        if *count == 1 {
            let line = format!(
                "{} (the ids here: {})",
                lost::first(dest, exists),
                self.ids_in_short()
            );
            self.run.world.print_for(node, &line);
        }
    }

    fn ids_in_short(&self) -> String {
        let count = self.run.world.roster().len();
        let ids = (0..count.min(NAMED_MAX as u32)).map(|node| self.speakers.ids.id(node));
        let mut ids: Vec<&str> = ids.collect();
        if count as usize > NAMED_MAX {
            ids.push("..");
        }
        ids.join(", ")
    }

    /// Looks whether programs have missed the handshake's deadline, or do not read.
    pub(super) fn look_at_speakers(&mut self) {
        let now = Instant::now();
        let late = |it: &Speaking| it.deadline.is_some_and(|deadline| deadline <= now);
        let running = self.speakers.running.iter();
        let late: Vec<u32> = running
            .filter(|(_, it)| late(it))
            .map(|(&node, _)| node)
            .collect();
        for node in late {
            let Some(speaking) = self.speakers.running.get_mut(&node) else {
                continue;
            };
            speaking.deadline = None;
            let protocol = self.run.world.roster().protocol(node);
            let patience = protocol.map(|it| it.init_within).unwrap_or_default();
            let what = speaking.dialogue.unanswered_within(patience);
            self.fail_speaker(node, &what);
        }
    }

    /// Reads programs, or does not, so that what waits for others stays bounded.
    pub(super) fn regulate_speakers(&mut self) {
        if self.speakers.running.is_empty() {
            return;
        }
        let on_links = self.run.world.message_bytes() as usize + self.unsent_on_links();
        let heavy = on_links > self.budget / 2;
        let mut unread = Vec::new();
        for (&node, speaking) in &self.speakers.running {
            let written = match self.sockets.get_mut(speaking.input) {
                Some(Socket::SpeakerInput(input)) => input.waiting(),
                _ => 0,
            };
            unread.push((node, written + speaking.dialogue.waiting()));
        }
        let most = UNREAD_MAX.min(self.budget / 4);
        let some_full = unread.iter().any(|it| it.1 > most);
        for (node, bytes) in unread {
            let full = bytes > most;
            if bytes > self.budget {
                let what = format!(
                    "it does not read its standard input: {bytes} bytes wait there, more than the {} of `max_buffered`",
                    self.budget
                );
                self.fail_speaker(node, &what);
            }
            let reads = !heavy && (!some_full || full);
            if let Some(speaking) = self.speakers.running.get_mut(&node)
                && speaking.is_read != reads
                && let Some(output) = speaking.output
            {
                speaking.is_read = reads;
                self.sockets.watch(output, reads);
            }
        }
    }

    /// Bytes that links between nodes have not sent, if many messages are under way there.
    fn unsent_on_links(&mut self) -> usize {
        if self.links.in_flight <= FEW {
            return 0;
        }
        let links = self
            .sockets
            .iter_mut()
            .filter_map(|(_, socket)| match socket {
                Socket::Link(link) => Some(link.stream.unsent()),
                _ => None,
            });
        links.sum()
    }

    /// The program of a node has done what it must not: the run ends.
    fn fail_speaker(&mut self, node: u32, what: &str) {
        self.read_outputs(|of| of == node);
        let roster = self.run.world.roster();
        let group = &roster.groups()[roster.group_of(node)];
        let name = roster.name(node).unwrap_or_default();
        let time = match self.speakers.begun {
            true => format!("at {}", self.run.world.now()),
            false => "before the run began".to_owned(),
        };
        if let Some(program) = &group.program {
            let ends = &mut self.programs.ends;
            ends.fail_in_protocol(node, &name, &time, what, program);
        }
        if let Some(speaking) = self.speakers.running.get_mut(&node) {
            // Nothing that it says later counts.
            speaking.deadline = None;
            if let Some(output) = speaking.output.take() {
                self.sockets.remove(output);
            }
        }
    }

    /// Adds remarks on messages that were lost at programs.
    pub(super) fn remark_lost_messages(&mut self) {
        let roster = self.run.world.roster();
        let name = |node: u32| roster.name(node).unwrap_or_default();
        let mut unread = std::mem::take(&mut self.speakers.unread);
        for (&node, speaking) in &self.speakers.running {
            *unread.entry(node).or_default() += speaking.unread;
        }
        for ((node, dest), count) in std::mem::take(&mut self.speakers.lost) {
            let dest = Some(dest.as_str()).filter(|&it| it != OTHERS);
            let remark = lost::unreachable(&name(node), count, dest);
            self.remarks.push(remark);
        }
        for (node, count) in unread.into_iter().filter(|it| it.1 > 0) {
            let remark = lost::unread(&name(node), count, "closed its standard input");
            self.remarks.push(remark);
        }
    }
}
