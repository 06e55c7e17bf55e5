//! The result of a run whose child process died.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use analysis::results::{RunRow, RunStatus};

use super::child::ChildProcess;
use super::{CALLBACK_MAX, Killed};
use crate::plan::{Case, Plan, RunSpec};
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use crate::session::ended::seconds;
use crate::session::timeout;
use base::time::SimTime;

/// Maximum number of lines of a child's output in a failure. Arbitrary.
const LINES: usize = 8;

/// A run that was interrupted, and of which nothing else is known.
pub fn blank(plan: &Plan, spec: RunSpec, began: Instant) -> RunResult {
    RunResult {
        spec,
        row: RunRow {
            run: u64::from(spec.number),
            case: plan.cases[spec.case].id.clone(),
            seed: plan.streams(spec).run_seed(),
            status: RunStatus::Interrupted,
            verdict: None,
            duration_s: 0.0,
            wall_s: began.elapsed().as_secs_f64(),
            events: 0,
            messages: 0,
            warmup_s: plan.has_warmup().then(String::new),
            axes: plan.case(spec).axes(),
        },
        metrics: Vec::new(),
        judgements: Vec::new(),
        failure: None,
        warnings: Vec::new(),
        difference: None,
        lasting: false,
        files: Vec::new(),
    }
}

/// A run whose child died: how far it was, and why it died.
pub(super) fn died(
    plan: &Plan,
    spec: RunSpec,
    began: Instant,
    child: &mut ChildProcess,
    killed: Option<Killed>,
) -> RunResult {
    let (how, output) = child.end();
    let mut result = blank(plan, spec, began);
    let progress = child.page.read().progress;
    result.row.duration_s = seconds(SimTime(progress.time_ns));
    result.row.events = progress.events;
    result.row.messages = progress.messages;
    let why = match killed {
        // The run did not cause this.
        Some(Killed::Stopped) => return result,
        Some(Killed::Stuck) => format!(
            "it did not come back within {}",
            base::duration::to_text(CALLBACK_MAX.into())
        ),
        Some(Killed::Late(limit)) => timeout::text(limit) + ", and did not come back",
        None => format!("its process {}", ending(&how)),
    };
    result.row.status = RunStatus::Failed;
    result.failure = Some(why + &position(plan.case(spec), child) + &last_lines(&output));
    result
}

/// A run whose files somebody else has changed. Its child is not used again: its
/// descriptors may be others, too.
pub(super) fn lost(
    plan: &Plan,
    spec: RunSpec,
    began: Instant,
    child: &mut ChildProcess,
    why: String,
) -> RunResult {
    let (_, output) = child.end();
    let mut result = blank(plan, spec, began);
    let progress = child.page.read().progress;
    result.row.duration_s = seconds(SimTime(progress.time_ns));
    result.row.events = progress.events;
    result.row.messages = progress.messages;
    result.row.status = RunStatus::Failed;
    result.failure = Some(why + &last_lines(&output));
    result
}

/// What is wrong with the files of a run that a child has ended: each must be there.
pub(super) fn missing(folder: &Folder, spec: RunSpec, entry: &Entry) -> Option<String> {
    let folder = folder.work(spec.number);
    let wrong = entry.files.iter().find(|sum| {
        let file = folder.join(&sum.name).metadata();
        !file.is_ok_and(|file| file.len() == sum.bytes)
    })?;
    let file = folder.join(&wrong.name);
    Some(format!(
        "{}: somebody else has changed it after the run had ended",
        file.display()
    ))
}

/// Where the child was: ` in `tick` of node `a` at 1 s (step 4)`.
fn position(case: &Case, child: &ChildProcess) -> String {
    let note = child.page.read();
    if note.calls == 0 {
        return ", before it came to the first callback".to_owned();
    }
    let node = case.roster.name(note.node).unwrap_or_default();
    let (time, step) = (SimTime(note.progress.time_ns), note.progress.step);
    match note.callback {
        Some(callback) => {
            let callback = callback.name();
            format!(" in `{callback}` of node `{node}` at {time} (step {step})")
        }
        None => format!("; last was node `{node}` at {time} (step {step})"),
    }
}

/// Returns how a process ended, with the name of the signal.
pub fn ending(how: &Option<ExitStatus>) -> String {
    let Some(how) = how else {
        return "closed its connection to the runner".to_owned();
    };
    match (how.signal(), how.code()) {
        (Some(signal), _) => {
            let name = os::signals::name(signal);
            let hint = match name {
                Some("SIGKILL") => ", as the system does when memory runs out",
                _ => "",
            };
            let name = name.map_or_else(|| format!("signal {signal}"), str::to_owned);
            format!("was killed by {name}{hint}")
        }
        (None, Some(code)) => format!("ended itself with exit code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Returns the last lines of a child's output, without the frames of backtraces.
pub fn last_lines(output: &str) -> String {
    let frame = |line: &str| {
        let (number, rest) = line.split_once(": ").unwrap_or(("", ""));
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        numbered && !rest.is_empty() || line.starts_with("at ")
    };
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !frame(line))
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter()
        .map(|line| format!("\n  it said: {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_has_a_text() {
        let killed = |signal| ending(&Some(ExitStatus::from_raw(signal)));
        assert_eq!(killed(11), "was killed by SIGSEGV");
        assert_eq!(
            killed(9),
            "was killed by SIGKILL, as the system does when memory runs out"
        );
        assert_eq!(killed(64), "was killed by signal 64");
        let exited = ending(&Some(ExitStatus::from_raw(2 << 8)));
        assert_eq!(exited, "ended itself with exit code 2");
        assert_eq!(ending(&None), "closed its connection to the runner");
    }

    #[test]
    fn last_lines_leave_out_backtraces() {
        let output = "thread 'main' (7) panicked\n   9: a::b\n      at src/a.rs:1\n\nabort\n";
        assert_eq!(
            last_lines(output),
            "\n  it said: thread 'main' (7) panicked\n  it said: abort"
        );
        assert_eq!(last_lines(""), "");
    }
}
