//! How programs that stand for a node end by themselves. A program that ends in a way
//! that its node does not allow (`exit`) is a failed node: the run ends, and the error
//! has the last lines that the program wrote. Programs with `ends_run` end the run once
//! all of them have ended.
//!
//! A program that the runner ended, at the end of the run or for a crash fault, did not
//! end by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::RealTime;
use crate::programs::process::ProgramProcess;
use engine::behaviors::Behaviors;
use engine::run::EndReason;
use engine::sink::Sink;
use model::{ExitRule, Program};

/// Why a run ends whose programs with `ends_run` have ended.
pub(super) const ALL_ENDED: &str = "all programs with `ends_run` have ended";

/// Number of lines of a program's output that are kept for its error.
const LINES: usize = 10;

/// The longest part of such a line that is kept `[characters]`.
const LINE_LENGTH: usize = 300;

/// How long messages that ended programs have sent may still be received, if other
/// programs never stop sending.
const LAST_MESSAGES: Duration = Duration::from_millis(500);

/// How the programs of a run ended.
#[derive(Debug, Default)]
pub struct ProgramEnds {
    /// The last lines that each program wrote.
    last_lines: BTreeMap<u32, VecDeque<String>>,
    /// The failures of programs, as text for people.
    pub failures: Vec<String>,
    /// The nodes that have failed.
    failed: BTreeSet<u32>,
    /// Since when all programs with `ends_run` have ended.
    all_ended: Option<Instant>,
}

impl ProgramEnds {
    /// Keeps a line of a program's output as one of the last.
    pub fn keep_line(&mut self, node: u32, line: &str) {
        let lines = self.last_lines.entry(node).or_default();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(shown(line));
    }

    /// The last lines that a program wrote, as the end of an error.
    pub fn last_words(&self, node: u32) -> String {
        let Some(lines) = self.last_lines.get(&node) else {
            return "\n  it wrote nothing".to_owned();
        };
        let mut text = "\n  the last lines that it wrote:".to_owned();
        for line in lines {
            text.push_str("\n    ");
            text.push_str(line);
        }
        text
    }

    /// Adds the failure of a node whose program did what its protocol does not allow.
    pub fn fail_in_protocol(
        &mut self,
        node: u32,
        name: &str,
        when: &str,
        what: &str,
        program: &Program,
    ) {
        let text = format!("node `{name}` failed {when}: {what}");
        self.add_failure(node, text, program, "");
    }

    /// Adds the failure of a node whose program ended at `time` in a way that is not
    /// allowed.
    fn fail(&mut self, node: u32, name: &str, time: &str, how: &str, program: &Program) {
        let text = format!("node `{name}` failed at {time}: its program {how}");
        let way_out = "\n  if it may end so, give the node `exit = \"any\"`";
        self.add_failure(node, text, program, way_out);
    }

    /// Adds the first failure of a node, with the command and the last lines of its program,
    /// and what to do.
    fn add_failure(&mut self, node: u32, mut text: String, program: &Program, way_out: &str) {
        if !self.failed.insert(node) {
            // What came first is the cause.
            return;
        }
        let command = program.command.iter().flatten();
        let words: Vec<String> = command.map(|word| shown(word)).collect();
        text.push_str("\n  command: ");
        text.push_str(&words.join(" "));
        let said = self.last_words(node);
        text.push_str(&match program.protocol {
            // Its standard output is no text for people.
            Some(_) => said
                .replacen("it wrote nothing", "it wrote nothing to standard error", 1)
                .replacen("that it wrote:", "that it wrote to standard error:", 1),
            None => said,
        });
        text.push_str(way_out);
        self.failures.push(text);
    }
}

/// A line as an error shows it: its beginning, with control characters escaped.
fn shown(line: &str) -> String {
    let mut text = String::new();
    for letter in line.trim_end().chars().take(LINE_LENGTH) {
        match letter.is_control() && letter != '\t' {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
    text
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Notes the programs that ended by themselves since the last call.
    pub(super) fn look_at_programs(&mut self) {
        let mut ended = Vec::new();
        for process in &mut self.programs.processes {
            if let Some(status) = process.just_ended() {
                ended.push((process.node, status));
            }
        }
        for (node, status) in ended {
            self.hear_the_last(node);
            self.read_outputs(|of| of == node);
            self.program_ended(node, status);
        }
    }

    fn program_ended(&mut self, node: u32, status: ExitStatus) {
        let roster = self.run.world.roster().clone();
        let Some(program) = &roster.groups()[roster.group_of(node)].program else {
            return;
        };
        let allowed = match program.exit {
            ExitRule::Success => status.success(),
            ExitRule::Any => true,
            ExitRule::Never => false,
        };
        self.run
            .world
            .print_for(node, &format!("the program ended: {status}"));
        if !allowed {
            let how = match program.exit {
                ExitRule::Never => format!("ended ({status}), and `exit` is \"never\""),
                _ => format!("ended by itself with {status}"),
            };
            let name = roster.name(node).unwrap_or_default();
            let time = self.run.world.now().to_string();
            self.programs.ends.fail(node, &name, &time, &how, program);
        }
    }

    /// How the program of a node ended, if it has.
    pub(super) fn program_end(&self, node: u32) -> Option<ExitStatus> {
        let processes = self.programs.processes.iter();
        processes
            .filter(|it| it.node == node)
            .find_map(ProgramProcess::ended)
    }

    /// Whether a program has failed, as far as is known.
    pub(super) fn has_failed_program(&self) -> bool {
        !self.programs.ends.failures.is_empty()
    }

    /// Looks at the programs and returns how some failed; `None` if none did.
    pub fn failed_programs(&mut self) -> Option<String> {
        self.look_at_programs();
        let failures = &self.programs.ends.failures;
        (!failures.is_empty()).then(|| failures.join("\n"))
    }

    /// As [`RealTime::failed_programs`], as the reason for which the run ends.
    pub(super) fn failed_program(&mut self) -> Option<EndReason> {
        self.failed_programs().map(EndReason::ProgramFailed)
    }

    /// Whether the run ends because programs have ended. `is_quiet`: nothing has
    /// arrived, and nothing is due, so what they sent before is handled.
    pub(super) fn programs_end_run(&mut self, is_quiet: bool) -> bool {
        if self.programs.ends.all_ended.is_none() && self.have_ended() {
            self.programs.ends.all_ended = Some(Instant::now());
            return false;
        }
        let since = self.programs.ends.all_ended;
        since.is_some_and(|since| is_quiet || since.elapsed() >= LAST_MESSAGES)
    }

    /// Whether there are programs with `ends_run`, and all of them have ended. One that a
    /// fault has killed has not, if it starts again.
    fn have_ended(&self) -> bool {
        let roster = self.run.world.roster();
        let ends_run = |node: u32| {
            let program = roster.groups()[roster.group_of(node)].program.as_ref();
            program.is_some_and(|program| program.ends_run)
        };
        let processes = self.programs.processes.iter();
        let mut asked = processes.filter(|it| ends_run(it.node)).peekable();
        asked.peek().is_some() && asked.all(|it| it.has_ended() && !self.run.will_restart(it.node))
    }
}
