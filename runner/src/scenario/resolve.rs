//! From a file as written to a [`Scenario`]: names become indices, groups take the
//! keys of the groups that they extend, defaults are filled in, and keys that
//! depend on one another are checked together.

use std::path::{Path, PathBuf};

use super::faults;
use super::groups;
use super::ids;
use super::judges::{CheckEntry, CheckOrigin, ExpectOrigin};
use super::keys::DEFAULT_MAX_LOG;
use super::links::{self, ReadLink};
use super::listen;
use super::names::Names;
use super::origin::{GroupOrigin, Origins};
use super::parts::{CheckPart, MetricPart, Parts, PropertyExpressions};
use super::program;
use super::properties::{self, PropertyOrigin};
use super::reader::{Mistakes, Written};
use super::resolved::{
    CheckRule, ExpectRule, Fault, PropertyPart, RngId, Scenario, TimeMode, until,
};
use super::source::Place;
use super::state;
use super::values;
use super::written::{Purpose, ScenarioFile, TimeWord};
use analysis::metrics::Warmup;
use base::time::SimDuration;

/// A file after it is resolved.
pub struct Resolved {
    /// The scenario; `None` if anything in the file is wrong, which is reported.
    pub scenario: Option<Scenario>,
    pub notes: Option<PathBuf>,
    /// What the plugins check.
    pub parts: Parts,
    /// Where the parts are written.
    pub origins: Origins,
}

/// Resolves a file; `path` is the file's path.
pub fn resolve(mut file: ScenarioFile, path: &Path, mistakes: &Mistakes) -> Resolved {
    groups::settle(&mut file.groups, mistakes);
    let time = time(&file, mistakes);
    state::settle(&mut file, path, time, mistakes);
    let names = Names::new(&file.groups, mistakes);
    let links = file.links.iter();
    let links: Vec<_> = links.map(|it| links::rule(it, &names, mistakes)).collect();
    let judges = judges(&file, &names, mistakes);
    let name = name(&file, path, mistakes);
    let notes = notes(&file, path, mistakes);
    end(&file, mistakes);
    warmup(&file, mistakes);
    check_runs(&file, mistakes);
    groups::check_starts(&file, mistakes);
    let faults = faults(&file, time, &links, &names, mistakes);
    let folder = program::folder_of(path);
    let is_virtual = time == Some(TimeMode::Virtual);
    program::check(&file.groups, is_virtual, &folder, mistakes);
    listen::check_addresses(&file.groups, mistakes);
    listen::check_stdin(&file.groups, mistakes);
    listen::check_buffered(&file, mistakes);
    listen::warn_in_virtual_time(&file.groups, time, mistakes);

    let groups = file.groups.iter();
    let groups: Vec<_> = groups.map(|it| groups::group(it, &folder)).collect();
    ids::check(&file.groups, &groups, mistakes);
    let parts = file.groups.iter().enumerate();
    let parts = Parts {
        groups: parts
            .map(|(index, entry)| groups::part(entry, names.nodes_of(index)))
            .collect(),
        checks: judges.checks.0,
        metrics: judges.metrics.0,
        properties: judges.properties.0,
    };
    let origins = Origins {
        source: mistakes.source.clone(),
        groups: file.groups.iter().map(GroupOrigin::new).collect(),
        checks: judges.checks.1,
        expectations: judges.metrics.1,
        properties: judges.properties.1,
    };
    let whole = || {
        let name = name?;
        let expectations = judges.expectations?;
        if file.until.as_ref().is_some_and(|it| it.value.is_none()) {
            return None;
        }
        Some(Scenario {
            title: or(&file.title, || name.clone())?,
            name,
            description: or(&file.description, String::new)?,
            runs: match until(&expectations) {
                Some(until) => until.at_most,
                None => or(&file.runs, || 1)?.try_into().ok()?,
            },
            duration: file.duration.as_ref().and_then(|it| it.value),
            warmup: or(&file.warmup, Warmup::default)?,
            steady: or(&file.purpose, || Purpose::Terminating)? == Purpose::SteadyState,
            seed: or(&file.seed, || 1)?,
            rng_id: or(&file.rng_id, RngId::default)?,
            time: time?,
            max_buffered: listen::max_buffered(&file.max_buffered, &groups)?,
            max_events_at_once: match &file.max_events_at_once {
                Some(written) => Some(written.value?.try_into().ok()?),
                None => None,
            },
            max_log: or(&file.max_log, || DEFAULT_MAX_LOG)?,
            groups: all(groups)?,
            links: all(links.into_iter().map(|it| it.rule))?,
            faults: faults?,
            checks: judges.check_rules?,
            expectations,
            properties: judges.property_rules?,
        })
    };
    Resolved {
        scenario: whole(),
        notes,
        parts,
        origins,
    }
}

/// All values; `None` if one is missing.
fn all<T>(values: impl IntoIterator<Item = Option<T>>) -> Option<Vec<T>> {
    // Every value is made, so that the mistakes of all are reported.
    let values: Vec<Option<T>> = values.into_iter().collect();
    values.into_iter().collect()
}

/// The checks, expectations and properties.
struct Judges {
    /// What the plugins check, and where it is written.
    checks: (Vec<CheckPart>, Vec<CheckOrigin>),
    metrics: (Vec<MetricPart>, Vec<ExpectOrigin>),
    properties: (Vec<PropertyExpressions>, Vec<PropertyOrigin>),
    /// The checks; `None` if one is wrong.
    check_rules: Option<Vec<CheckRule>>,
    /// The expectations; `None` if one is wrong.
    expectations: Option<Vec<ExpectRule>>,
    /// The properties; `None` if one is wrong.
    property_rules: Option<Vec<PropertyPart>>,
}

fn judges(file: &ScenarioFile, names: &Names<'_>, mistakes: &Mistakes) -> Judges {
    let checks: Vec<_> = file.checks.iter().map(CheckEntry::part).collect();
    let check_rules = all(checks.iter().map(|part| {
        let (part, _) = part.as_ref()?;
        Some(CheckRule {
            name: part.name.clone(),
            config: part.config.as_ref()?.text.clone(),
        })
    }));
    let expectations = file.expectations.iter();
    let expectations = expectations.map(|entry| entry.rule(names, mistakes));
    let until = file.until.iter().filter_map(|it| it.value.as_ref());
    let expectations = expectations.chain(until.map(|entry| entry.rule(names, mistakes)));
    let (expectations, metrics): (Vec<_>, Vec<_>) = expectations.unzip();
    let properties = file.properties.iter();
    let properties = properties.map(|it| it.part(names, mistakes));
    let properties: (Vec<_>, Vec<_>) = properties.unzip();
    let check_names = checks
        .iter()
        .flatten()
        .map(|(part, _)| part.name.to_string());
    let check_names: Vec<String> = check_names.collect();
    properties::check_names(
        &file.properties,
        check_names.iter().map(String::as_str),
        mistakes,
    );
    let property_rules = all(properties.0.iter().map(|it| it.whole.clone()));
    Judges {
        checks: checks.into_iter().flatten().unzip(),
        metrics: metrics.into_iter().flatten().unzip(),
        check_rules,
        expectations: all(expectations),
        properties,
        property_rules,
    }
}

/// The faults; `None` if one is wrong, which is reported.
fn faults(
    file: &ScenarioFile,
    time: Option<TimeMode>,
    links: &[ReadLink],
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Option<Vec<Fault>> {
    let entries = file.faults.iter();
    let kinds: Vec<_> = entries
        .map(|entry| faults::kind(entry, file, names, mistakes))
        .collect();
    faults::check_times(file, time, mistakes);
    faults::check_links(&file.faults, &kinds, links, mistakes);
    let entries = file.faults.iter().zip(kinds);
    let faults: Vec<_> = entries
        .map(|(entry, kind)| faults::fault(entry, kind))
        .collect();
    faults::check_overlaps(file, &faults, names, mistakes);
    all(faults)
}

/// Reports `runs` beside `until`.
fn check_runs(file: &ScenarioFile, mistakes: &Mistakes) {
    if let (Some(runs), Some(_)) = (&file.runs, &file.until) {
        mistakes.add_with_help(
            runs.key,
            "both `runs` and `[until]` say how many runs there are",
            "leave out one of them; `until.at_least` and `until.at_most` are the bounds",
        );
    }
}

/// The value of a key, or its default if it was not written; `None` if it is wrong.
pub fn or<T: Clone>(key: &Option<Written<T>>, default: impl FnOnce() -> T) -> Option<T> {
    match key {
        Some(written) => written.value.clone(),
        None => Some(default()),
    }
}

/// The value of `name`; without it, the file's name without its ending.
fn name(file: &ScenarioFile, path: &Path, mistakes: &Mistakes) -> Option<String> {
    if let Some(written) = &file.name {
        return written.value.clone();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match values::name_problem(&stem) {
        None => Some(stem.into_owned()),
        Some(problem) => {
            mistakes.add_with_help(
                Place::Whole,
                format!("the key `name` is missing, and the file name {stem:?} is {problem}"),
                "write `name = \"...\"` at the top of the file",
            );
            None
        }
    }
}

/// The path of the notes, relative to the current folder.
fn notes(file: &ScenarioFile, path: &Path, mistakes: &Mistakes) -> Option<PathBuf> {
    let written = file.notes.as_ref()?;
    let notes = written.value.as_ref()?;
    let beside = path.parent().unwrap_or(Path::new("")).join(notes);
    if !beside.is_file() {
        mistakes.add_with_help(
            written.place,
            format!(
                "`notes` names {:?}, which is not a file",
                notes.display().to_string()
            ),
            "the path is relative to the scenario file",
        );
        return None;
    }
    // The report contains the notes as text.
    let wrong = match std::fs::read(&beside).map(String::from_utf8) {
        Ok(Ok(_)) => return Some(beside),
        Ok(Err(error)) => {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..at]
                .iter()
                .filter(|&&it| it == b'\n')
                .count();
            format!(
                "is not UTF-8 text: byte {:#04x} in line {line}",
                error.as_bytes()[at]
            )
        }
        Err(error) => format!("cannot be read: {error}"),
    };
    let name = notes.display().to_string();
    mistakes.add_with_help(
        written.place,
        format!("`notes` names {name:?}, which {wrong}"),
        "save the file as UTF-8",
    );
    None
}

/// How time passes; `None` if that is wrong, which is reported.
fn time(file: &ScenarioFile, mistakes: &Mistakes) -> Option<TimeMode> {
    let word = or(&file.time, || TimeWord::Virtual)?;
    let overridden = file.time.as_ref().is_some_and(|it| it.place.overrides());
    let Some(speed) = &file.speed else {
        return Some(match word {
            TimeWord::Virtual => TimeMode::Virtual,
            TimeWord::Real => TimeMode::Real { speed: 1.0 },
        });
    };
    match word {
        TimeWord::Real => Some(TimeMode::Real {
            speed: speed.value?,
        }),
        // `--time virtual` on a file made for real time.
        TimeWord::Virtual if overridden && matches!(speed.place, Place::File { .. }) => {
            Some(TimeMode::Virtual)
        }
        TimeWord::Virtual => {
            mistakes.add_with_help(
                speed.key,
                "`speed` without `time = \"real\"`",
                "in virtual time, a run is as fast as the machine can",
            );
            None
        }
    }
}

/// Reports a warm-up that leaves nothing of a run, or of which nobody can tell.
fn warmup(file: &ScenarioFile, mistakes: &Mistakes) {
    let Some(written) = &file.warmup else { return };
    let Some(Warmup::Until(ns)) = written.value else {
        return;
    };
    let warmup = SimDuration(ns);
    let Some(duration) = &file.duration else {
        mistakes.add_with_help(
            written.place,
            format!("`warmup` is {warmup}, and the scenario has no `duration`: whether a run is longer is not known"),
            "write `duration` at the top of the file, longer than the warm-up; or `warmup = \"auto\"`",
        );
        return;
    };
    if let Some(duration) = duration.value.filter(|duration| duration.0 <= ns) {
        mistakes.add_with_help(
            written.place,
            format!(
                "`warmup` is {warmup}, and a run ends at {duration}: nothing would be measured"
            ),
            "expected less than `duration`; a tenth of it is a good beginning",
        );
    }
}

/// Reports a run in virtual time that would not end.
fn end(file: &ScenarioFile, mistakes: &Mistakes) {
    let real = file
        .time
        .as_ref()
        .is_some_and(|it| it.value != Some(TimeWord::Virtual));
    if real || file.duration.is_some() {
        return;
    }
    let tick = file
        .groups
        .iter()
        .find_map(|group| group.timing.tick_place());
    if let Some(place) = tick {
        mistakes.add_with_help(
            place,
            "nodes tick in virtual time, and there is no `duration`: the run would not end",
            "write, for example, `duration = \"60s\"` at the top of the file",
        );
    }
}
