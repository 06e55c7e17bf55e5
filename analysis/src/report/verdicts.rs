//! The results of the checks and expectations: the first question of a scenario that
//! has any, with the log rows that prove a failure.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::standing::Standing;
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::{EVIDENCE_FILE, EvidenceRow, VERDICTS_FILE, VerdictRow};
use crate::render::number::{count, fixed, whole};
use crate::results::{Judge, Judgement, Verdict};

/// The section's anchor.
pub(super) const ID: &str = "verdict";
/// Maximum number of rows of evidence in the report, and of one failure.
const MAX_ROWS: usize = 40;
const MAX_ROWS_EACH: usize = 8;
/// Maximum number of checks and expectations in the table.
const MAX_ASKED: usize = 60;
/// From more than so many on, the table is collapsed if all of them held.
const MANY_ASKED: usize = 12;
/// Maximum number of runs that are named.
const NAMED: usize = 5;

/// One check or expectation, over the runs of a case.
#[derive(Debug, Default)]
struct Asked {
    passed: u64,
    failed: u64,
    unknown: u64,
    /// The first runs that failed, or were unknown if none failed.
    named: Vec<u64>,
    named_failed: bool,
    /// The measured value and the reason of the first of these; else of the first run.
    measured: String,
    reason: String,
    seen: bool,
}

/// Case, judge and name.
type Key = (String, Judge, String);

/// The section; `None` without checks and expectations. What makes a run doubtful that
/// passed is added to the warnings.
pub(super) fn section(
    folder: &Folder,
    standing: &Standing,
    warnings: &mut Vec<String>,
) -> Result<Option<Section>, Error> {
    let path = folder.path.join(VERDICTS_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let mut order: Vec<Key> = Vec::new();
    let mut all: BTreeMap<Key, Asked> = BTreeMap::new();
    let mut add = |run: Option<u64>, case: String, judgement: &Judgement| {
        let key = (case, judgement.judge, judgement.name.clone());
        let asked = all.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Asked::default()
        });
        let Judgement {
            verdict,
            measured,
            reason,
            ..
        } = judgement;
        asked.add(run, *verdict, measured, reason);
    };
    let mut doubtful = 0;
    let mut table = VerdictRow::open(&path)?;
    while let Some(row) = table.next_row()? {
        let row = VerdictRow::from_row(&row)?;
        if let Some(doubt) = doubt(&row) {
            doubtful += 1;
            warnings.extend((doubtful <= NAMED).then_some(doubt));
        }
        if row.run.is_some() && row.judgement.judge != Judge::Happened {
            add(row.run, row.case, &row.judgement);
        }
    }
    if doubtful > NAMED {
        warnings.push(format!(
            "{} runs more are doubtful in such a way; {VERDICTS_FILE} has the reasons.",
            whole((doubtful - NAMED) as u64)
        ));
    }
    // Those that are in the file, and those that cannot be judged.
    for (case, judgement) in &standing.over_runs {
        add(None, case.clone(), judgement);
    }
    // What always holds makes no section alone, unless it failed.
    let counts = |key: &Key| !always_holds(key.1) || all[key].failed > 0;
    if !order.iter().any(counts) {
        return Ok(None);
    }
    order.sort_by_key(|key| (all[key].failed == 0, all[key].unknown == 0));
    let mut section = Section {
        id: ID.to_owned(),
        title: "Did it hold?".to_owned(),
        observations: observations(folder, &order, &all),
        tables: vec![asked(folder, &order, &all)],
        definitions: definitions(folder),
        ..Section::default()
    };
    section.tables.extend(evidence(folder)?);
    Ok(Some(section))
}

/// What makes a run doubtful though no message is missing in the account of it.
fn doubt(row: &VerdictRow) -> Option<String> {
    let Judgement {
        judge,
        verdict,
        reason,
        ..
    } = &row.judgement;
    let run = row.run.filter(|_| !reason.is_empty())?;
    let passed = *judge == Judge::Conservation && *verdict == Verdict::Passed;
    passed.then(|| format!("Run {run}: {reason}."))
}

impl Asked {
    fn add(&mut self, run: Option<u64>, verdict: Verdict, measured: &str, reason: &str) {
        let failed = verdict == Verdict::Failed;
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        let odd = verdict != Verdict::Passed;
        // A failure is shown before unknown, and unknown before passed.
        let shows = !self.seen || odd && self.named.is_empty() || failed && !self.named_failed;
        if shows {
            measured.clone_into(&mut self.measured);
            reason.clone_into(&mut self.reason);
            self.seen = true;
        }
        if failed && !self.named_failed {
            self.named.clear();
            self.named_failed = true;
        }
        if let (Some(run), true) = (run, odd && failed == self.named_failed)
            && self.named.len() < NAMED
        {
            self.named.push(run);
        }
    }

    fn total(&self) -> u64 {
        self.passed + self.failed + self.unknown
    }

    fn runs(&self) -> String {
        let named: Vec<String> = self.named.iter().map(u64::to_string).collect();
        let all = match self.named_failed {
            true => self.failed,
            false => self.unknown,
        };
        match all.saturating_sub(named.len() as u64) {
            0 => named.join(", "),
            _ if named.is_empty() => String::new(),
            more => format!("{} and {} more", named.join(", "), whole(more)),
        }
    }
}

/// Whether a judge is about what holds in every run, so that its failure is a mistake of
/// the runner, or of a program that does not repeat.
fn always_holds(judge: Judge) -> bool {
    matches!(
        judge,
        Judge::Conservation | Judge::LittlesLaw | Judge::Repeats
    )
}

/// The judge and the name, as the beginning of a sentence.
fn titled(judge: Judge, name: &str) -> String {
    match judge {
        Judge::Check => format!("The check `{name}`"),
        Judge::Expect => format!("The expectation `{name}`"),
        Judge::Property => format!("The property `{name}`"),
        Judge::Happened => format!("Whether `{name}` happened"),
        Judge::Fault => format!("The required fault `{name}`"),
        Judge::Conservation => "The conservation of messages".to_owned(),
        Judge::LittlesLaw => "Little's law".to_owned(),
        Judge::Repeats => "Whether the run repeats".to_owned(),
        Judge::Warmup => "The warm-up".to_owned(),
        Judge::Activity => "Whether anything happened".to_owned(),
    }
}

fn of_case(folder: &Folder, case: &str) -> String {
    match folder.manifest.cases.len() {
        0 | 1 => String::new(),
        _ => format!("{case}: "),
    }
}

fn observations(folder: &Folder, order: &[Key], all: &BTreeMap<Key, Asked>) -> Vec<String> {
    let mut sentences = Vec::new();
    for key in order.iter().filter(|key| all[*key].failed > 0).take(NAMED) {
        let (case, judge, name) = key;
        let asked = &all[key];
        let first = match asked.named.first() {
            Some(run) => format!(
                " in {} of {}, first in run {run}",
                whole(asked.failed),
                count(asked.total(), "run")
            ),
            None => " over all runs".to_owned(),
        };
        let measured = match asked.measured.as_str() {
            "" => String::new(),
            measured => format!(" (measured: {measured})"),
        };
        sentences.push(format!(
            "{}{} failed{first}: {}{measured}.",
            of_case(folder, case),
            titled(*judge, name),
            asked.reason
        ));
    }
    sentences.extend(idle_runs(folder, order, all));
    let is_idle_run = |key: &&Key| key.1 == Judge::Activity && !all[*key].named.is_empty();
    let unknown = order.iter().filter(|key| all[*key].unknown > 0);
    let unknown = unknown.filter(|key| !is_idle_run(key));
    for key in unknown.take(NAMED) {
        let (case, judge, name) = key;
        let asked = &all[key];
        let why = match asked.failed {
            0 => format!(": {}", asked.reason),
            _ => String::new(),
        };
        let of = match asked.total() {
            1 => String::new(),
            total => format!(" in {} of {}", whole(asked.unknown), count(total, "run")),
        };
        sentences.push(format!(
            "{}{} is unknown{of}{why}.",
            of_case(folder, case),
            titled(*judge, name),
        ));
    }
    if sentences.is_empty() {
        let asked = order.iter().filter(|key| !always_holds(key.1));
        sentences.push(format!(
            "All of it: {} passed, in every run.",
            count(asked.count() as u64, "expectation, check or property").replace(
                "expectation, check or propertys",
                "expectations, checks and properties"
            )
        ));
    }
    sentences
}

/// The sentences about single runs in which nothing happened. There is a row of such a
/// run only.
fn idle_runs(folder: &Folder, order: &[Key], all: &BTreeMap<Key, Asked>) -> Vec<String> {
    let mut sentences = Vec::new();
    for key in order.iter().filter(|key| key.1 == Judge::Activity) {
        let (case, asked) = (&key.0, &all[key]);
        let runs = folder.runs.iter().filter(|run| run.case == *case).count() as u64;
        if asked.unknown < runs
            && let Some(first) = asked.named.first()
        {
            sentences.push(format!(
                "{}In {} of {} {}, first in run {first}.",
                of_case(folder, case),
                whole(asked.unknown),
                count(runs, "run"),
                asked.reason
            ));
        }
    }
    sentences
}

/// How much of what was asked held.
fn held(order: &[Key], all: &BTreeMap<Key, Asked>) -> String {
    let number = order.len() as u64;
    let failed = order.iter().filter(|key| all[*key].failed > 0).count() as u64;
    let unknown = order.iter().filter(|key| all[*key].unknown > 0).count() as u64;
    let open = match unknown {
        0 => String::new(),
        some => format!(" {} unknown in some run.", are(some)),
    };
    match failed {
        0 if number == 1 => format!("It failed in no run.{open}"),
        0 => format!("None of the {} failed in any run.{open}", whole(number)),
        some => format!(
            "{} of {} failed in some run.{open}",
            whole(some),
            whole(number)
        ),
    }
}

/// `1 is`, `2 are`.
fn are(number: u64) -> String {
    format!(
        "{} {}",
        whole(number),
        if number == 1 { "is" } else { "are" }
    )
}

fn asked(folder: &Folder, order: &[Key], all: &BTreeMap<Key, Asked>) -> Table {
    let cases = folder.manifest.cases.len() > 1;
    let mut columns = Vec::new();
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("who", Align::Left),
        ("what", Align::Left),
        ("passed", Align::Right),
        ("failed", Align::Right),
        ("unknown", Align::Right),
        ("measured", Align::Left),
        ("odd runs", Align::Left),
    ]);
    let mut table = Table::new("What was asked", columns);
    table.finding = held(order, all);
    for key in order.iter().take(MAX_ASKED) {
        let (case, judge, name) = key;
        let asked = &all[key];
        let mut row = Vec::new();
        if cases {
            row.push(case.clone());
        }
        row.extend([
            judge.word().to_owned(),
            name.clone(),
            whole(asked.passed),
            whole(asked.failed),
            whole(asked.unknown),
            asked.measured.clone(),
            asked.runs(),
        ]);
        table.rows.push(row);
    }
    // If all held, the line above it says so.
    let is_odd = |key: &Key| all[key].failed > 0 || all[key].unknown > 0;
    table.folded = order.len() > MANY_ASKED && !order.iter().any(is_odd);
    table.note = "Measured: in the first run that failed, else in the first.".to_owned();
    if order.len() > MAX_ASKED {
        table.note.push_str(&format!(
            " The first {MAX_ASKED} of {} are shown, what failed first; all are in {VERDICTS_FILE}.",
            whole(order.len() as u64)
        ));
    }
    table
}

/// The log rows that prove the first failures.
fn evidence(folder: &Folder) -> Result<Option<Table>, Error> {
    let path = folder.path.join(EVIDENCE_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let columns = [
        ("run", Align::Right),
        ("check", Align::Left),
        ("node", Align::Left),
        ("row", Align::Right),
        ("time [s]", Align::Right),
        ("event", Align::Left),
        ("peer", Align::Left),
        ("message", Align::Right),
        ("note", Align::Left),
    ];
    let mut shown = Table::new("The proof", columns.to_vec());
    let mut table = EvidenceRow::open(&path)?;
    let (mut total, mut last, mut of_last) = (0_u64, None, 0);
    while let Some(row) = table.next_row()? {
        let EvidenceRow {
            run,
            name,
            evidence,
        } = EvidenceRow::from_row(&row)?;
        total += 1;
        let failure = (run, name);
        if last.as_ref() != Some(&failure) {
            last = Some(failure.clone());
            of_last = 0;
        }
        of_last += 1;
        if of_last > MAX_ROWS_EACH || shown.rows.len() >= MAX_ROWS {
            continue;
        }
        shown.rows.push(vec![
            run.to_string(),
            failure.1,
            evidence.node,
            evidence.row.to_string(),
            fixed(evidence.time_ns as f64 / 1e9, 6),
            evidence.event,
            evidence.peer,
            match evidence.message {
                0 => String::new(),
                message => message.to_string(),
            },
            evidence.note,
        ]);
    }
    if let Some(first) = shown.rows.first() {
        let of_first = shown.rows.iter().take_while(|it| it[..2] == first[..2]);
        let of_first: Vec<&Vec<String>> = of_first.collect();
        let last = of_first[of_first.len() - 1];
        let at = match last[2].as_str() {
            "" => String::new(),
            node => format!(" at {node}"),
        };
        shown.finding = format!(
            "{} fails in run {}: {}, the last of them at {} s{at}.",
            first[1],
            first[0],
            count(of_first.len() as u64, "row"),
            last[4],
        );
    }
    shown.note = match total as usize - shown.rows.len() {
        0 => "Row: the number of the record in the node's log.".to_owned(),
        more => format!(
            "Row: the number of the record in the node's log. {} more are in {EVIDENCE_FILE}.",
            whole(more as u64)
        ),
    };
    Ok(Some(shown))
}

fn definitions(folder: &Folder) -> Vec<(String, String)> {
    let checks = folder.manifest.checks.iter();
    let properties = folder.manifest.properties.iter();
    let properties = properties.map(|it| (it.name.clone(), format!("{}.", it.claim)));
    let checks = checks.map(|check| {
        let docs: Vec<&str> = check.docs.split_whitespace().collect();
        (check.name.clone(), docs.join(" "))
    });
    checks.chain(properties).collect()
}
