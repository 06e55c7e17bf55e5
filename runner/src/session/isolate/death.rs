//! What is said of a run whose process did not survive it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use analysis::results::{RunRow, RunStatus};

use super::worker::Worker;
use super::{CALLBACK_MAX, Killed};
use crate::plan::{Case, Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::session::ended::seconds;
use crate::session::timeout;
use base::time::SimTime;

/// The most lines of a process's last words.
const LINES: usize = 8;

/// A run of which nothing is known, but that it did not come to its end.
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

/// A run whose process has died: as far as it came, and what is known of why.
pub fn died(
    plan: &Plan,
    spec: RunSpec,
    began: Instant,
    worker: &mut Worker,
    killed: Option<Killed>,
) -> RunResult {
    let (how, said) = worker.bury();
    let mut result = blank(plan, spec, began);
    let progress = worker.cell.read().progress;
    result.row.duration_s = seconds(SimTime(progress.time_ns));
    result.row.events = progress.events;
    result.row.messages = progress.messages;
    let why = match killed {
        // That says nothing of the run.
        Some(Killed::Stopped) => return result,
        Some(Killed::Stuck) => format!(
            "it did not come back within {}",
            humantime::format_duration(CALLBACK_MAX)
        ),
        Some(Killed::Late(limit)) => timeout::text(limit) + ", and did not come back",
        None => format!("its process {}", ending(&how)),
    };
    result.row.status = RunStatus::Failed;
    result.failure = Some(why + &place(plan.case(spec), worker) + &last_words(&said));
    result
}

/// Where a process was: `in tick of node a at 1 s (step 4)`.
fn place(case: &Case, worker: &Worker) -> String {
    let note = worker.cell.read();
    if note.calls == 0 {
        return ", before it came to the first callback".to_owned();
    }
    let node = case.roster.name(note.node).unwrap_or_default();
    let (time, step) = (SimTime(note.progress.time_ns), note.progress.step);
    match note.inside {
        Some(callback) => format!(" in `{callback}` of node `{node}` at {time} (step {step})"),
        None => format!("; last was node `{node}` at {time} (step {step})"),
    }
}

/// How a process ended, in words, a signal by its name.
pub fn ending(how: &Option<ExitStatus>) -> String {
    let Some(how) = how else {
        return "is gone".to_owned();
    };
    match (how.signal(), how.code()) {
        (Some(signal), _) => {
            let name = signal_hook::low_level::signal_name(signal);
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

/// The last lines of what a process said, the frames of backtraces left out.
pub fn last_words(said: &str) -> String {
    let frame = |line: &str| {
        let (number, rest) = line.split_once(": ").unwrap_or(("", ""));
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        numbered && !rest.is_empty() || line.starts_with("at ")
    };
    let lines: Vec<&str> = said
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
    fn the_end_of_a_process_is_told_in_words() {
        let killed = |signal| ending(&Some(ExitStatus::from_raw(signal)));
        assert_eq!(killed(11), "was killed by SIGSEGV");
        assert_eq!(
            killed(9),
            "was killed by SIGKILL, as the system does when memory runs out"
        );
        assert_eq!(killed(64), "was killed by signal 64");
        let exited = ending(&Some(ExitStatus::from_raw(2 << 8)));
        assert_eq!(exited, "ended itself with exit code 2");
        assert_eq!(ending(&None), "is gone");
    }

    #[test]
    fn last_words_leave_out_backtraces() {
        let said = "thread 'main' (7) panicked\n   9: a::b\n      at src/a.rs:1\n\nabort\n";
        assert_eq!(
            last_words(said),
            "\n  it said: thread 'main' (7) panicked\n  it said: abort"
        );
        assert_eq!(last_words(""), "");
    }
}
