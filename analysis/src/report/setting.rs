//! The top of the report: what was run, and how the runs ended.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::Folder;
use super::imported;
use super::table::{Align, Table};
use super::warmup::cut_s;
use crate::render::number::{count, fixed, short, whole};
use crate::results::{LogMode, PartInfo, RunRow, RunStatus, Verdict, Wanted};

/// Maximum number of groups in the table of nodes.
const MAX_GROUPS: usize = 30;
/// Maximum number of runs in the table of runs.
pub(super) const MAX_RUNS: usize = 20;
/// Maximum number of runs in a sentence.
const NAMED: usize = 8;

/// Name and value of what was run.
pub(super) fn facts(folder: &Folder) -> Vec<(String, String)> {
    let manifest = &folder.manifest;
    if let Some(imported) = &manifest.imported {
        return imported::facts(folder, imported);
    }
    let mut facts = vec![("Scenario", manifest.scenario.name.clone())];
    if let Some(until) = manifest.until() {
        let cases = match manifest.cases.len() {
            1 => String::new(),
            cases => format!("{} of ", count(cases as u64, "case")),
        };
        let most = count(until.at_most.into(), "run");
        facts.push((
            "Plan",
            format!(
                "{cases}{} to {most}, until an interval is narrow",
                until.at_least
            ),
        ));
    } else if manifest.cases.len() > 1 {
        facts.push((
            "Plan",
            format!(
                "{} of {}, {} in all",
                count(manifest.cases.len() as u64, "case"),
                count(manifest.runs_per_case.into(), "run"),
                count(manifest.runs_planned, "run")
            ),
        ));
    } else {
        facts.push(("Plan", count(manifest.runs_planned, "run")));
    }
    if let Some(selected) = &manifest.selected {
        facts.push((
            "Selected",
            format!("{selected}: {}", count(selected.runs, "run")),
        ));
    }
    if !manifest.parts.is_empty() {
        let part = |part: &PartInfo| match &part.selected {
            Some(selected) => selected.to_string(),
            None => "all runs".to_owned(),
        };
        let named: Vec<String> = manifest.parts.iter().take(NAMED).map(part).collect();
        let more = match manifest.parts.len() - named.len() {
            0 => String::new(),
            more => format!(" and {} more", whole(more as u64)),
        };
        facts.push(("Merged from", format!("{}{more}", named.join(", "))));
    }
    facts.push(("Duration", duration(folder)));
    let nodes = manifest.cases.iter().map(|case| {
        let groups = manifest.groups_of(&case.id).iter();
        groups.map(|group| u64::from(group.count)).sum()
    });
    let (least, most) = (nodes.clone().min().unwrap_or(0), nodes.max().unwrap_or(0));
    facts.push((
        "Nodes",
        match least == most {
            true => whole(most),
            false => format!("{} to {}", whole(least), whole(most)),
        },
    ));
    facts.push(("Seed", manifest.seed.to_string()));
    if !manifest.command.is_empty() {
        let mut words = manifest.command.clone();
        words[0] = file_name(&words[0]).to_owned();
        facts.push(("Command", format!("`{}`", words.join(" "))));
    }
    facts.push((
        "Runner",
        format!(
            "{}, plugin ABI {}",
            manifest.versions.runner, manifest.versions.abi
        ),
    ));
    for plugin in &manifest.plugins {
        let hash = plugin.sha256.as_deref().map_or(String::new(), |hash| {
            format!(", SHA-256 {}…", hash.chars().take(12).collect::<String>())
        });
        facts.push((
            "Plugin",
            format!(
                "{} {}, `{}`{hash}",
                plugin.name,
                plugin.version,
                file_name(&plugin.file)
            ),
        ));
    }
    facts.push(("Started", manifest.started.clone()));
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// When the runs end.
fn duration(folder: &Folder) -> String {
    let manifest = &folder.manifest;
    if manifest.cases.iter().any(|case| case.duration_s.is_some()) {
        return format!("depends on the case, in {} time", manifest.time);
    }
    match manifest.duration_s {
        Some(seconds) => {
            let whole = folder.unfinished.is_empty()
                && folder.runs.iter().all(|run| run.duration_s >= seconds);
            let at_most = if whole { "" } else { "at most " };
            if let Some(speed) = manifest.speed {
                return format!(
                    "{at_most}{} s each, at {} times real time: {at_most}{} s by the wall clock",
                    short(seconds),
                    short(speed),
                    short(seconds / speed)
                );
            }
            format!(
                "{at_most}{} s of {} time each",
                short(seconds),
                manifest.time
            )
        }
        None if manifest.is_real() => {
            "until stopped, or nothing is left to happen, in real time".to_owned()
        }
        None => format!("until nothing is left to happen, in {} time", manifest.time),
    }
}

/// The last part of a path. A report may be shared, so it does not show the folders of
/// its author; the manifest has the whole path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file as the report shows it: of an absolute path only the last part.
pub(super) fn shown_path(file: &str) -> &str {
    match file.starts_with('/') {
        true => file_name(file),
        false => file,
    }
}

/// The groups of nodes, and the runs.
pub(super) fn tables(folder: &Folder) -> Vec<Table> {
    if let Some(imported) = &folder.manifest.imported {
        return vec![imported::runs(folder, imported)];
    }
    let mut groups = Table::new(
        "The nodes",
        [
            ("group", Align::Left),
            ("nodes", Align::Right),
            ("behavior", Align::Code),
            ("timing", Align::Left),
            ("what it does", Align::Left),
        ],
    );
    let all = &folder.manifest.groups;
    groups.finding = format!(
        "{} in {}.",
        count(folder.manifest.node_count(), "node"),
        count(all.len() as u64, "group")
    );
    for (index, group) in all.iter().take(MAX_GROUPS).enumerate() {
        // The documentation of a behavior is shown once.
        let above = all[..index]
            .iter()
            .any(|other| other.behavior == group.behavior);
        let docs = if above {
            "as above"
        } else {
            group.docs.lines().next().unwrap_or_default()
        };
        groups.rows.push(vec![
            group.name.clone(),
            whole(group.count.into()),
            group.behavior.clone(),
            group.timing.clone(),
            docs.to_owned(),
        ]);
    }
    if all.len() > MAX_GROUPS {
        groups.note = format!(
            "The first {MAX_GROUPS} of {} groups are shown.",
            whole(all.len() as u64)
        );
    }
    let own = folder.manifest.cases.iter();
    let others = own.filter(|case| case.groups.is_some()).count() as u64;
    if others > 0 {
        let first = &folder.manifest.cases[0].id;
        let sentence = format!(
            "As in the case {first}; in {} they differ by what is varied.",
            count(others, "other case")
        );
        let space = if groups.note.is_empty() { "" } else { " " };
        groups.note = format!("{}{space}{sentence}", groups.note);
    }
    let loops = loops(folder);
    if !loops.is_empty() {
        let space = if groups.note.is_empty() { "" } else { " " };
        groups.note = format!("{}{space}{loops}", groups.note);
    }
    vec![groups, runs(folder)]
}

/// Which groups that generate load are closed loops and which are open ones, and what that means
/// for latencies; empty if there are none.
fn loops(folder: &Folder) -> String {
    let manifest = &folder.manifest;
    let own = manifest
        .cases
        .iter()
        .filter_map(|case| case.groups.as_ref());
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for group in manifest.groups.iter().chain(own.flatten()) {
        if let Some(open) = group.open_loop {
            found[usize::from(open)].insert(group.name.as_str());
        }
    }
    let [closed, open] = found.map(|names| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    });
    let mut sentences = Vec::new();
    if !closed.is_empty() {
        sentences.push(format!(
            "Closed loop: {closed}. Each node sends its next request after a reply. While a server \
             stalls, it sends none, so few latencies show the stall (coordinated omission)."
        ));
    }
    if !open.is_empty() {
        sentences.push(format!(
            "Open loop: {open}. Requests are sent at times of their own, and latencies count from \
             these times."
        ));
    }
    sentences.join(" ")
}

/// How the runs ended: `5 runs: 4 passed, 1 failed.`
pub(super) fn ended(folder: &Folder) -> String {
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for run in &folder.runs {
        let word = match (run.status, run.verdict) {
            (RunStatus::Failed, _) => "failed",
            (_, Some(verdict)) => verdict.word(),
            (RunStatus::Complete, None) => "came to their end, with nothing to judge",
            (RunStatus::Interrupted, None) => "stopped before their end",
        };
        *words.entry(word).or_default() += 1;
    }
    let parts: Vec<String> = words
        .iter()
        .map(|(word, number)| format!("{} {word}", whole(*number)))
        .collect();
    match (&parts[..], words.keys().next()) {
        ([], _) => "No run is there.".to_owned(),
        ([_], Some(word)) if folder.runs.len() == 1 => {
            format!("1 run: {}.", word.replace("their", "its"))
        }
        ([_], Some(word)) => format!("{} runs: all {word}.", whole(folder.runs.len() as u64)),
        (parts, _) => format!(
            "{} runs: {}.",
            whole(folder.runs.len() as u64),
            parts.join(", ")
        ),
    }
}

fn runs(folder: &Folder) -> Table {
    let cases = folder.manifest.cases.len() > 1;
    let real = folder.manifest.is_real();
    let verdicts = folder.runs.iter().any(|run| run.verdict.is_some());
    let mut columns = vec![("run", Align::Right)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([("seed", Align::Right), ("status", Align::Left)]);
    if verdicts {
        columns.push(("verdict", Align::Left));
    }
    columns.push(("duration [s]", Align::Right));
    if real {
        columns.push(("wall [s]", Align::Right));
    }
    let warmup = folder.runs.iter().any(|run| run.warmup_s.is_some());
    if warmup {
        columns.push(("left out [s]", Align::Right));
    }
    columns.extend([("events", Align::Right), ("messages", Align::Right)]);
    let mut table = Table::new("The runs", columns);
    table.finding = ended(folder);
    // If not all fit, runs that need attention come first.
    let odd = |run: &&RunRow| !folder.is_whole(run) || run.verdict == Some(Verdict::Failed);
    let mut shown: Vec<&RunRow> = folder.runs.iter().collect();
    if shown.len() > MAX_RUNS {
        shown.sort_by_key(|run| (!odd(run), run.run));
        shown.truncate(MAX_RUNS);
        table.note = format!(
            "{} of {} runs are shown; all are in runs.csv.",
            shown.len(),
            whole(folder.runs.len() as u64)
        );
        // If all ended well, the line above it says so.
        table.folded = !folder.runs.iter().any(|run| odd(&run));
    }
    table.rows = shown
        .iter()
        .map(|run| {
            let mut row = vec![run.run.to_string()];
            if cases {
                row.push(run.case.clone());
            }
            row.extend([run.seed.to_string(), run.status.word().to_owned()]);
            if verdicts {
                row.push(run.verdict.map_or("–", Verdict::word).to_owned());
            }
            let seconds = |span: f64| fixed(span, if span.fract() == 0.0 { 0 } else { 3 });
            row.push(seconds(run.duration_s));
            if real {
                row.push(seconds(run.wall_s));
            }
            if warmup {
                row.push(cut_s(run).map_or("unknown".to_owned(), seconds));
            }
            row.extend([whole(run.events), whole(run.messages)]);
            row
        })
        .collect();
    table
}

/// Warnings about runs that failed, were stopped, or are missing.
pub(super) fn warnings(folder: &Folder) -> Vec<String> {
    let imported = folder.manifest.imported.iter();
    let mut warnings: Vec<String> = imported.flat_map(|it| it.warnings.clone()).collect();
    let total = folder.runs.len();
    let list = |status| {
        let runs = folder.runs.iter().filter(|run| run.status == status);
        let numbers: Vec<_> = runs.map(|run| run.run.to_string()).collect();
        let more = numbers.len().saturating_sub(NAMED);
        let mut text = numbers[..numbers.len() - more].join(", ");
        if more > 0 {
            text.push_str(&format!(" and {} more", whole(more as u64)));
        }
        (numbers.len(), text)
    };
    let real = folder.manifest.is_real();
    // A run in real time without a duration ends when it is stopped.
    let early = !real || folder.manifest.duration_s.is_some();
    let left_out = "numbers are left out below";
    let kept = "numbers are of the time until then";
    for (status, what, rest) in [
        (RunStatus::Failed, "failed", left_out),
        (
            RunStatus::Interrupted,
            "was stopped before its end",
            if real { kept } else { left_out },
        ),
    ] {
        let (hits, named) = match status {
            RunStatus::Interrupted if !early => (0, String::new()),
            status => list(status),
        };
        match hits {
            0 => {}
            1 => warnings.push(format!("Run {named} {what}; its {rest}.")),
            _ => warnings.push(format!(
                "{} of {} runs {} ({named}); their {rest}.",
                whole(hits as u64),
                whole(total as u64),
                what.replace("was", "were").replace("its end", "their end"),
            )),
        }
    }
    let failed = folder
        .runs
        .iter()
        .filter(|run| run.verdict == Some(Verdict::Failed))
        .count();
    if failed > 0 {
        warnings.push(format!(
            "{} of {} did not meet {}.",
            whole(failed as u64),
            count(total as u64, "run"),
            match folder.manifest.imported {
                None => "the scenario's expectations",
                Some(_) => "what is judged",
            },
        ));
    }
    let wanted = Wanted::of(&folder.manifest);
    if let Some(missing) = wanted.missing(&folder.runs, real) {
        warnings.push(format!("{missing}."));
    } else if (total as u64) < folder.manifest.runs_planned && folder.manifest.until().is_none() {
        warnings.push(format!(
            "The plan has {}, of which {} here.",
            count(folder.manifest.runs_planned, "run"),
            if total == 1 {
                "1 is".to_owned()
            } else {
                format!("{} are", whole(total as u64))
            },
        ));
    }
    warnings
}

/// A note if the run kept no logs.
pub(super) fn log_note(folder: &Folder) -> Option<String> {
    (folder.manifest.log == LogMode::Off).then(|| {
        "The run kept no logs (`--log off`), so there are no plots over time, no histogram and no space-time diagram.".to_owned()
    })
}
