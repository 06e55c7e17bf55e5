//! From the file as written to a [`Scenario`]: names become indices, groups
//! take what they extend, defaults are filled in, and what only makes sense
//! together is checked together.

use std::path::{Path, PathBuf};

use super::faults;
use super::inherit::inherit;
use super::judges::{CheckEntry, CheckOrigin, ExpectOrigin};
use super::links;
use super::listen;
use super::names::Names;
use super::origin::GroupOrigin;
use super::program;
use super::reader::{Mistakes, Written};
use super::resolved::{CheckRule, Group, LocalClock, Scenario, TimeMode};
use super::values;
use super::written::{GroupEntry, ListenEntry, ScenarioFile, TimeWord};
use super::{Place, document::Table};
use base::distribution::Distribution;
use base::time::SimDuration;

/// What a file comes to.
pub struct Resolved {
    /// The scenario; none if anything in the file is wrong, which is reported.
    pub scenario: Option<Scenario>,
    pub notes: Option<PathBuf>,
    /// The groups in which nothing is wrong, and where they were written: all of
    /// them if nothing in the file is.
    pub sound: Vec<(Group, GroupOrigin)>,
    /// The checks in which nothing is wrong, and where they were written.
    pub checks: Vec<(CheckRule, CheckOrigin)>,
    /// Where the expectations in which nothing is wrong were written.
    pub expectations: Vec<ExpectOrigin>,
}

/// Resolves a file that was read; `path` is where it lies.
pub fn resolve(mut file: ScenarioFile, path: &Path, mistakes: &Mistakes) -> Resolved {
    for group in &mut file.groups {
        let before = mistakes.count();
        group.settle_overridden_program();
        group.timing.settle_overrides();
        // Before bases are merged in, so that a mistake is reported once.
        group.timing.check(mistakes);
        group.program.check(mistakes);
        for entry in group.listen.iter_mut().filter_map(|it| it.value.as_mut()) {
            for entry in entry {
                entry.settle_overrides();
                entry.check(mistakes);
            }
        }
        group.flawed |= mistakes.count() > before;
    }
    inherit(&mut file.groups, mistakes);
    for group in &file.groups {
        if group.behavior.is_none() && group.program.makes_program().is_none() {
            mistakes.add_with_help(
                group.place,
                format!("node group `{}` has no `behavior`", group.name),
                "write `behavior = \"PLUGIN.BEHAVIOR\"`; `runner plugins` lists them",
            );
        }
    }
    let names = Names::new(&file.groups, mistakes);
    let rules: Vec<_> = file
        .links
        .iter()
        .map(|entry| links::rule(entry, &names, mistakes))
        .collect();

    let checks: Vec<_> = file.checks.iter().map(CheckEntry::rule).collect();
    let expectations: Vec<_> = file
        .expectations
        .iter()
        .map(|entry| entry.rule(&names, mistakes))
        .collect();
    let all_sound = checks.iter().all(Option::is_some) && expectations.iter().all(Option::is_some);
    let checks: Vec<_> = checks.into_iter().flatten().collect();
    let (expected, expectations): (Vec<_>, Vec<_>) = expectations.into_iter().flatten().unzip();

    let name = name(&file, path, mistakes);
    let notes = notes(&file, path, mistakes);
    let time = time(&file, mistakes);
    end(&file, mistakes);
    let faults: Vec<_> = file
        .faults
        .iter()
        .map(|entry| faults::fault(entry, &file, &names, mistakes))
        .collect();
    faults::check_times(&file, time, mistakes);
    if let Some(rules) = rules.iter().cloned().collect::<Option<Vec<_>>>() {
        faults::check_links(&file.faults, &faults, &rules, mistakes);
    }
    faults::check_overlaps(&file, &faults, &names, mistakes);
    program::check(&file.groups, time == Some(TimeMode::Virtual), mistakes);
    listen::check_addresses(&file.groups, mistakes);
    listen::check_stdin(&file.groups, mistakes);

    let groups: Vec<_> = file.groups.iter().map(group).collect();
    let sound = file
        .groups
        .iter()
        .zip(&groups)
        .filter(|(entry, _)| !entry.flawed)
        .filter_map(|(entry, group)| Some((group.clone()?, GroupOrigin::new(entry))))
        .collect();
    let whole = || {
        let name = name?;
        Some(Scenario {
            title: or(&file.title, || name.clone())?,
            name,
            description: or(&file.description, String::new)?,
            runs: or(&file.runs, || 1)?.try_into().ok()?,
            duration: file.duration.as_ref().and_then(|it| it.value),
            seed: or(&file.seed, || 1)?,
            time: time?,
            groups: groups.into_iter().collect::<Option<_>>()?,
            links: rules.into_iter().collect::<Option<_>>()?,
            checks: match all_sound {
                true => checks.iter().map(|(rule, _)| rule.clone()).collect(),
                false => return None,
            },
            expectations: expected,
            faults: faults.into_iter().collect::<Option<_>>()?,
        })
    };
    Resolved {
        scenario: whole(),
        notes,
        sound,
        checks,
        expectations,
    }
}

/// The value of a key, or its default if it was not written; none if it is wrong.
fn or<T: Clone>(key: &Option<Written<T>>, default: impl FnOnce() -> T) -> Option<T> {
    match key {
        Some(written) => written.value.clone(),
        None => Some(default()),
    }
}

/// The value of `name`, else the file's name.
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
                format!("the key `name` is missing, and the file's own {stem:?} is {problem}"),
                "write `name = \"...\"` at the top of the file",
            );
            None
        }
    }
}

/// The path of the notes, seen from where the runner runs.
fn notes(file: &ScenarioFile, path: &Path, mistakes: &Mistakes) -> Option<PathBuf> {
    let written = file.notes.as_ref()?;
    let notes = written.value.as_ref()?;
    let beside = path.parent().unwrap_or(Path::new("")).join(notes);
    if !beside.is_file() {
        mistakes.add_with_help(
            written.place,
            format!(
                "`notes` names {:?}, which is no file",
                notes.display().to_string()
            ),
            "the path is relative to the scenario file",
        );
        return None;
    }
    Some(beside)
}

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
                "virtual time passes as fast as the events can be handled",
            );
            None
        }
    }
}

/// Refuses a run in virtual time that would not end.
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
            "nodes that tick in virtual time, and no `duration`: the run would not end",
            "write, for example, `duration = \"60s\"` at the top of the file",
        );
    }
}

/// The clocks of a group's nodes; none within if they show true time.
fn clock(entry: &GroupEntry) -> Option<Option<LocalClock>> {
    if entry.offset.is_none() && entry.drift.is_none() {
        return Some(None);
    }
    Some(Some(LocalClock {
        offset: or(&entry.offset, || Distribution::Constant(0.0))?,
        drift: or(&entry.drift, || Distribution::Constant(0.0))?,
    }))
}

fn group(entry: &GroupEntry) -> Option<Group> {
    let program = match entry.program.makes_program() {
        Some(_) => Some(entry.program.program()?),
        None => None,
    };
    let listen = match &entry.listen {
        Some(written) => written.value.as_ref()?.as_slice(),
        None => &[],
    };
    Some(Group {
        name: entry.name.clone(),
        count: or(&entry.count, || 1)?.try_into().ok()?,
        numbered: entry.count.is_some(),
        behavior: match (&entry.behavior, &program) {
            (Some(written), None) => Some(written.value.clone()?),
            (None, Some(_)) => None,
            _ => return None,
        },
        config: toml::to_string(&or(&entry.config, Table::default)?.to_toml()).ok()?,
        timing: entry.timing.timing()?,
        start_at: or(&entry.start_at, || SimDuration::ZERO)?,
        rng_id: match &entry.rng_id {
            Some(written) => Some(written.value.clone()?),
            None => None,
        },
        inbox_limit: match &entry.inbox_limit {
            Some(written) => Some(written.value?.try_into().ok()?),
            None => None,
        },
        clock: clock(entry)?,
        listen: listen
            .iter()
            .filter(|entry| entry.stdin.is_none())
            .map(ListenEntry::listen)
            .collect::<Option<_>>()?,
        stdin: match listen.iter().find_map(|entry| entry.stdin.as_ref()) {
            Some(written) => Some(written.value?),
            None => None,
        },
        program,
    })
}
