//! Writes what a person did to a run: into a replay file, or as faults into a scenario.
//!
//! A scenario has faults and no events. A crash is a fault as it is. A message that is
//! dropped is a link that loses everything for the instant in which the message was sent.
//! That loses all messages of this link at this instant, and a link that draws draws once
//! less. So the scenario is executed before it is written, and what differs is said. A
//! message that is delivered first is no fault.

use std::fs;
use std::path::Path;

use base::duration;
use base::time::SimDuration;
use debug::by_hand::{ByHand, Done};
use debug::history::History;
use engine::follow::Act;
use toml_edit::{InlineTable, Value};

use super::Runs;
use crate::plan::Plan;
use crate::session::recorded::{HowToRecord, record};
use crate::shrink::as_one_run;
use host::search::SearchPath;

/// The end of the name of a replay file.
const REPLAY: &str = ".replay.toml";

/// Writes what was done into a new file. Returns what was written.
pub fn save(runs: &mut Runs<'_>, file: &Path, by_hand: &ByHand) -> Result<String, String> {
    let name = file.to_string_lossy().into_owned();
    if file.exists() {
        return Err(format!("{name} exists: type another name"));
    }
    if !name.ends_with(".toml") {
        return Err(format!("{name}: expected NAME.toml or NAME{REPLAY}"));
    }
    let (text, said) = match name.ends_with(REPLAY) {
        true => (replay(runs, by_hand), String::new()),
        false => scenario(runs, file, by_hand)?,
    };
    let written = fs::write(file, text);
    written.map_err(|error| format!("{name} cannot be written: {error}"))?;
    Ok(format!("written: {name}{said}"))
}

fn replay(runs: &Runs<'_>, by_hand: &ByHand) -> String {
    let case = runs.plan.case(runs.spec);
    let head = [
        format!("What was done by hand to run {} of", runs.spec.number),
        format!(
            "{}, seed {}.",
            runs.plan.loaded.source.path, case.scenario.seed
        ),
        format!(
            "runner debug {} --run {} --replay THIS_FILE",
            runs.options.scenario.display(),
            runs.spec.number
        ),
    ];
    by_hand.to_toml(&head, &|node| case.roster.name(node).unwrap_or_default())
}

/// The scenario of this run alone, with faults for what was done.
fn scenario(
    runs: &mut Runs<'_>,
    file: &Path,
    by_hand: &ByHand,
) -> Result<(String, String), String> {
    let mut draft = as_one_run(runs.plan, runs.spec, runs.sound, file)?;
    let history = executed(runs, by_hand)?;
    let name = |node: u32| history.name(node).to_owned();
    for done in &by_hand.all {
        let fault = match *done {
            Done::Crash { node, at, span } => crash(&name(node), at.0, span),
            Done::Message { what, .. } if what.act == Act::Drop => {
                let is_own = |it: &&debug::history::Message| it.name == what.message;
                let message = history.messages().find(is_own);
                let message = message.ok_or("a dropped message was never sent")?;
                let sent = history.time(message.sent as usize);
                lost(&name(message.name.from), &name(message.name.to), sent.0)
            }
            Done::Message { .. } => {
                return Err(format!(
                    "a scenario cannot say that a message is delivered first: write NAME{REPLAY}"
                ));
            }
        };
        draft.push("faults", fault);
    }
    let text = draft.whole_text();
    let said = compare(runs, file, &text, &history)?;
    Ok((text, said))
}

fn executed(runs: &Runs<'_>, by_hand: &ByHand) -> Result<History, String> {
    let how = HowToRecord {
        by_hand: by_hand.clone(),
        most: runs.most,
    };
    let done = record(runs.plan, runs.spec, &runs.folder, &how, runs.stop);
    let (_, recording) = done.map_err(|error| error.to_string())?;
    Ok(recording.into_history())
}

/// Executes the scenario as written, and says how it differs from the run.
fn compare(runs: &Runs<'_>, file: &Path, text: &str, history: &History) -> Result<String, String> {
    let path = file.to_string_lossy();
    let search = SearchPath::with(&runs.options.plugin_path);
    let plan = Plan::of_text(&path, text, &[], &search).map_err(|error| error.to_string())?;
    let spec = plan.runs().next().ok_or("it has no run")?;
    let how = HowToRecord {
        by_hand: ByHand::default(),
        most: runs.most,
    };
    let done = record(&plan, spec, &runs.folder, &how, runs.stop);
    let (_, written) = done.map_err(|error| error.to_string())?;
    Ok(match history.first_difference(written.history()) {
        None => "; run, it has the same records".to_owned(),
        Some((time, node)) => format!(
            "; run, it has the same records up to {time}, but then {node} differs: NAME{REPLAY} is exact"
        ),
    })
}

fn crash(node: &str, at: u64, span: Option<SimDuration>) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("at", text(SimDuration(at)));
    if let Some(span) = span {
        table.insert("for", text(span));
    }
    let nodes: toml_edit::Array = std::iter::once(node).collect();
    table.insert("crash", Value::Array(nodes));
    table
}

fn lost(from: &str, to: &str, sent: u64) -> InlineTable {
    let mut link = InlineTable::new();
    link.insert("from", from.into());
    link.insert("to", to.into());
    link.insert("loss", 1.0.into());
    let mut table = InlineTable::new();
    table.insert("at", text(SimDuration(sent)));
    table.insert("for", "1ns".into());
    table.insert("link", Value::InlineTable(link));
    table
}

fn text(span: SimDuration) -> Value {
    duration::to_text(span).into()
}
