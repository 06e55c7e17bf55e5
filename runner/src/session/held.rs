//! The nodes of a run in virtual time that are programs: each is held by the crate
//! `virtual`, and spoken to in Maelstrom's protocol.
//!
//! The engine calls such a node like any other. A message is written to the program's
//! standard input, and the program goes on until it rests; what it has said is sent, and
//! the time until which it waits becomes a timer of its node. So it acts in steps, at the
//! instants of virtual time. Its clocks are its node's own, with offset and drift.

use std::collections::{BTreeMap, VecDeque};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;

use base::harmless;
use base::random::Random;
use base::time::SimDuration;
use engine::behaviors::CallError;
use engine::foreign::{Effect, Foreign, ForeignCall, Moment};
use engine::topology::Topology;
use model::roster::Roster;
use model::{ExitRule, LinkRule, Program as Described, Protocol};
use realtime::setup::SetupError;
use runner_maelstrom::{Dialogue, Heard, Ids, Sent, lost};
use virtual_program::{Ended, Limits, Program, Start, StartError};

/// The one timer of a node: until when its program waits.
const WAKE: u64 = 0;

/// Number of lines of standard error that are kept for an error.
const LINES: usize = 10;
/// The longest part of such a line that is kept `[characters]`.
const LINE_LENGTH: usize = 300;
/// The longest line of standard error that is kept whole `[bytes]`.
const LONGEST_LINE: usize = 1 << 16;

/// All nodes of a run that are programs in virtual time.
#[derive(Debug)]
pub(super) struct HeldPrograms {
    roster: Roster,
    ids: Ids,
    topology: Topology,
    running: BTreeMap<u32, Running>,
    /// Messages that were for no node with a link: by sender and id, their number.
    lost: BTreeMap<(u32, String), u64>,
    /// Messages that came for a program after it had ended, by node.
    unread: BTreeMap<u32, u64>,
}

/// A program that runs, or has ended by itself.
#[derive(Debug)]
struct Running {
    program: Program,
    dialogue: Dialogue,
    /// The time at which its timer is due, by its own clock `[ns]`.
    due: Option<u64>,
    /// The time by which the handshake must have gone on `[ns]`; none once it is over.
    answers_by: Option<u64>,
    /// Whether it has sent something before: it may wait for the reply.
    has_asked: bool,
    has_ended: bool,
    errors: Errors,
}

/// The standard error of a program: lines to print, and the last of them.
#[derive(Debug, Default)]
struct Errors {
    unfinished: Vec<u8>,
    last: VecDeque<String>,
}

impl HeldPrograms {
    /// The programs among these nodes; none if there are none.
    pub fn of(roster: &Roster, links: &[LinkRule]) -> Option<Box<dyn Foreign>> {
        let mut nodes = 0..roster.len();
        nodes.find(|&node| roster.protocol(node).is_some())?;
        Some(Box::new(HeldPrograms {
            topology: Topology::new(roster.len(), links, &roster.listeners()),
            // That ids are unique is checked before a run.
            ids: roster.ids().unwrap_or_default(),
            roster: roster.clone(),
            running: BTreeMap::new(),
            lost: BTreeMap::new(),
            unread: BTreeMap::new(),
        }))
    }

    fn described(&self, node: u32) -> Option<(&Described, &Protocol)> {
        let group = self.roster.groups().get(self.roster.group_of(node))?;
        let program = group.program.as_ref()?;
        Some((program, program.protocol.as_ref()?))
    }

    fn is_linked(&self, from: u32, to: u32) -> bool {
        self.topology.peer_number(from, to) < self.topology.peer_count(from)
    }

    fn start(&self, node: u32, mut random: Random, at: Moment) -> Result<Running, CallError> {
        let linked = |from, to| self.is_linked(from, to);
        let speaker = self.roster.speaker(node, &self.ids, linked);
        let (Some(speaker), Some((described, protocol))) = (speaker, self.described(node)) else {
            return Err(error("it is no program".to_owned()));
        };
        let name = self.roster.name(node).unwrap_or_default();
        let command = described.command.as_deref().unwrap_or_default();
        let start = Start {
            command,
            environment: &[("RUNNER_NODE".to_owned(), name.clone())],
            folder: &described.folder,
            seed: random.next_u64(),
            number: node,
            limits: Limits::default(),
        };
        let program = Program::start(&start).map_err(|failed| match failed {
            StartError::NoProgram(source) => {
                let text = SetupError::Start {
                    node: name,
                    command: command.first().cloned().unwrap_or_default(),
                    folder: described.folder.clone(),
                    source,
                };
                error(text.to_string())
            }
            StartError::Unsupported(reason) => error(reason),
        })?;
        let longest = usize::try_from(protocol.max_message).unwrap_or(usize::MAX);
        Ok(Running {
            program,
            dialogue: Dialogue::new(Arc::new(speaker)).with_longest_line(longest),
            due: None,
            answers_by: Some(after(at, protocol)),
            has_asked: false,
            has_ended: false,
            errors: Errors::default(),
        })
    }

    /// Writes to a node's program and lets it go on until it rests.
    fn go_on(
        &mut self,
        node: u32,
        at: Moment,
        write: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), CallError> {
        let Some(mut running) = self.running.remove(&node) else {
            return Ok(());
        };
        let gone = self.go_on_until_rest(node, &mut running, at, write, effects);
        let gone = gone.map_err(|what| self.failure(node, &mut running, &what, effects));
        self.running.insert(node, running);
        gone
    }

    fn go_on_until_rest(
        &mut self,
        node: u32,
        running: &mut Running,
        at: Moment,
        write: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let mut write = write.to_vec();
        let next = loop {
            running.program.feed(&write);
            write.clear();
            let step = running.program.run(at.local.0);
            let step = step.map_err(|fault| format!("its program cannot go on: {fault}"))?;
            running.errors.print(&step.errors, effects);
            running.dialogue.feed(&step.output);
            while let Some(heard) = running.dialogue.hear().map_err(|it| it.to_string())? {
                match heard {
                    Heard::Greeting { write: more } => {
                        let protocol = self.described(node).map(|it| it.1);
                        running.answers_by = protocol.map(|it| after(at, it));
                        write.extend(more);
                    }
                    Heard::Ready { write: more } => {
                        running.answers_by = None;
                        write.extend(more);
                    }
                    Heard::Message(sent) => {
                        running.has_asked = true;
                        self.send(node, &sent, effects);
                    }
                }
            }
            if let Some(ended) = step.ended {
                self.ended(node, running, ended, effects)?;
                break None;
            }
            if write.is_empty() {
                break step.next;
            }
        };
        if running.answers_by.is_some_and(|by| by <= at.local.0) {
            let protocol = self.described(node).map(|it| it.1);
            let within = protocol.map(|it| it.init_within).unwrap_or_default();
            return Err(running.dialogue.unanswered_within(within));
        }
        let is_stuck = next.is_none() && !running.has_asked && !running.has_ended;
        if running.answers_by.is_some() && is_stuck {
            // It would wait forever.
            let unanswered = running.dialogue.unanswered();
            return Err(format!("{unanswered}\n  it waits for more input"));
        }
        let due = [next, running.answers_by].into_iter().flatten().min();
        if due != running.due {
            effects.push(match due {
                Some(due) => Effect::SetTimer {
                    tag: WAKE,
                    delay: SimDuration(due.saturating_sub(at.local.0)),
                },
                None => Effect::CancelTimer { tag: WAKE },
            });
            running.due = due;
        }
        Ok(())
    }

    /// A node sends what its program has said.
    fn send(&mut self, node: u32, sent: &Sent, effects: &mut Vec<Effect>) {
        let to = self.ids.node(&sent.dest);
        if let Some(to) = to.filter(|&to| to == node || self.is_linked(node, to)) {
            effects.push(Effect::Send {
                to,
                bytes: sent.body.clone().into_bytes(),
            });
            return;
        }
        let count = self.lost.entry((node, sent.dest.clone())).or_default();
        *count += 1;
        if *count == 1 {
            effects.push(Effect::Print(lost::first(&sent.dest, to.is_some())));
        }
    }

    /// A program has ended by itself.
    fn ended(
        &self,
        node: u32,
        running: &mut Running,
        ended: Ended,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        running.has_ended = true;
        running.answers_by = None;
        running.errors.end(effects);
        let status = match ended {
            Ended::Exited(code) => ExitStatus::from_raw(code << 8),
            Ended::Killed(signal) => ExitStatus::from_raw(signal),
        };
        effects.push(Effect::Print(format!("the program ended: {status}")));
        running.dialogue.end().map_err(|it| it.to_string())?;
        match self.described(node).map(|it| it.0.exit) {
            Some(ExitRule::Success) if !status.success() => {
                Err(format!("its program ended by itself with {status}"))
            }
            Some(ExitRule::Never) => Err(format!(
                "its program ended ({status}), and `exit` is \"never\"\n  if it may end so, give the node `exit = \"any\"`"
            )),
            _ => Ok(()),
        }
    }

    /// The failure of a node, with the command and the last words of its program.
    fn failure(
        &self,
        node: u32,
        running: &mut Running,
        what: &str,
        effects: &mut Vec<Effect>,
    ) -> CallError {
        let said = running.program.last_words();
        running.errors.print(&said, effects);
        running.errors.end(effects);
        let command = self.described(node).and_then(|it| it.0.command.clone());
        let words: Vec<String> = command.iter().flatten().map(|it| shown(it)).collect();
        let mut text = format!("{what}\n  command: {}", words.join(" "));
        match running.errors.last.is_empty() {
            true => text.push_str("\n  it wrote nothing to standard error"),
            false => text.push_str("\n  the last lines that it wrote to standard error:"),
        }
        for line in &running.errors.last {
            text.push_str("\n    ");
            text.push_str(line);
        }
        error(text)
    }
}

impl Foreign for HeldPrograms {
    fn holds(&self, node: u32) -> bool {
        self.roster.protocol(node).is_some()
    }

    fn create(&mut self, node: u32, random: Random, at: Moment) -> Result<(), CallError> {
        self.running.remove(&node);
        let running = self.start(node, random, at)?;
        self.running.insert(node, running);
        Ok(())
    }

    fn destroy(&mut self, node: u32) -> Result<(), CallError> {
        // The program ends with it.
        self.running.remove(&node);
        Ok(())
    }

    fn call(
        &mut self,
        node: u32,
        call: ForeignCall<'_>,
        at: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CallError> {
        let Some(running) = self.running.get_mut(&node) else {
            return Ok(());
        };
        let write = match call {
            ForeignCall::Start => {
                let protocol = self.roster.protocol(node);
                running.answers_by = protocol.map(|it| after(at, it));
                running.dialogue.begin()
            }
            ForeignCall::Message { from, bytes, .. } => {
                let line = match running.dialogue.tell(self.ids.id(from), bytes) {
                    Ok(line) => line,
                    Err(error) => {
                        effects.push(Effect::Refuse(error.to_string()));
                        return Ok(());
                    }
                };
                if running.has_ended {
                    *self.unread.entry(node).or_default() += 1;
                    return Ok(());
                }
                // It is told later what it is not ready for.
                let Some(line) = line else { return Ok(()) };
                line
            }
            ForeignCall::Timer { .. } => {
                running.due = None;
                Vec::new()
            }
            ForeignCall::Stop => return Ok(()),
        };
        self.go_on(node, at, &write, effects)
    }

    fn remarks(&self) -> Vec<String> {
        let name = |node: u32| self.roster.name(node).unwrap_or_default();
        let lost = self
            .lost
            .iter()
            .map(|((node, id), &count)| lost::unreachable(&name(*node), count, Some(id)));
        let unread = self.unread.iter();
        let unread = unread.map(|(&node, &count)| lost::unread(&name(node), count, "ended"));
        lost.chain(unread).collect()
    }
}

impl Errors {
    /// Prints the whole lines of what was written, after what was left before.
    fn print(&mut self, bytes: &[u8], effects: &mut Vec<Effect>) {
        self.unfinished.extend_from_slice(bytes);
        let mut rest = &self.unfinished[..];
        let mut lines = Vec::new();
        loop {
            let end = memchr::memchr(b'\n', rest);
            match end.or((rest.len() > LONGEST_LINE).then_some(LONGEST_LINE)) {
                Some(end) => {
                    lines.push(String::from_utf8_lossy(&rest[..end]).into_owned());
                    let is_break = rest.get(end) == Some(&b'\n');
                    rest = &rest[end + usize::from(is_break)..];
                }
                None => break,
            }
        }
        self.unfinished = rest.to_vec();
        for line in lines {
            self.keep(&line);
            effects.push(Effect::Print(line));
        }
    }

    /// Prints a last line without an end.
    fn end(&mut self, effects: &mut Vec<Effect>) {
        if !self.unfinished.is_empty() {
            self.print(b"\n", effects);
        }
    }

    fn keep(&mut self, line: &str) {
        if self.last.len() == LINES {
            self.last.pop_front();
        }
        self.last.push_back(shown(line));
    }
}

/// When the handshake must have gone on that begins now, by the node's own clock `[ns]`.
fn after(at: Moment, protocol: &Protocol) -> u64 {
    let within = u64::try_from(protocol.init_within.as_nanos()).unwrap_or(u64::MAX);
    at.local.0.saturating_add(within)
}

/// A line as an error shows it: its beginning, without control characters.
fn shown(line: &str) -> String {
    let beginning: String = line.trim_end().chars().take(LINE_LENGTH).collect();
    harmless::line(&beginning).into_owned()
}

fn error(reason: String) -> CallError {
    CallError {
        panicked: false,
        reason,
    }
}
