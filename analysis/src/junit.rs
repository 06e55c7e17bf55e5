//! The results of runs as JUnit XML, which CI services read.
//!
//! The file has a suite for each case of a scenario and a test case for each run, in
//! the order of the plan; several scenarios share one file. A failure of a plugin or
//! a node is an `error`; a failed check is a `failure`. Both have the command that
//! repeats the run and the folder of its logs. A suite's properties name each distinct
//! failure once, with its number of runs and its first run.
//!
//! The runner fills a [`Junit`] while it runs; `report` fills it from the tables.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::log::tables::files::SHRUNK_FOLDER;
use crate::results::{
    FailureGroups, Judge, Judgement, Manifest, RunRow, RunStatus, Verdict, described, failures_of,
};

/// The name of the report.
const NAME: &str = "runner";
/// The id of the only case of a scenario without a matrix.
const ONLY_CASE: &str = "default";
/// Maximum number of distinct failures among the properties of a suite.
const MAX_FAILURES: usize = 20;

/// A JUnit file that is being made.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    report: Report,
    /// The suites of the current plan, in the order of its cases.
    suites: Vec<Suite>,
    /// The suite of each case.
    index: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Suite {
    suite: TestSuite,
    failures: FailureGroups,
    /// The folder of the results.
    results: PathBuf,
    /// The command that repeats the first run of each failure, by run.
    repeats: BTreeMap<u64, String>,
}

/// A run, as a test case shows it.
#[derive(Clone, Debug)]
pub struct JunitRun<'a> {
    /// Its row in `runs.csv`.
    pub row: &'a RunRow,
    /// Why it failed itself.
    pub errors: Vec<&'a str>,
    /// Its judgements.
    pub judgements: &'a [Judgement],
    /// What makes its result doubtful.
    pub warnings: &'a [String],
    /// The folders of its records that exist.
    pub records: Vec<PathBuf>,
    /// The command that repeats it, if that is known.
    pub repeat: Option<String>,
    /// Whether it was in real time.
    pub is_real: bool,
}

impl Junit {
    /// A file without suites; it is not written yet.
    pub fn new(path: &Path) -> Junit {
        Junit {
            path: path.to_owned(),
            report: Report::new(NAME),
            suites: Vec::new(),
            index: BTreeMap::new(),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the suites of a plan whose results are in this folder. `prefix` goes
    /// before the names of the suites.
    pub fn begin_plan(&mut self, manifest: &Manifest, results: &Path, prefix: &str) {
        let mut suites = Vec::with_capacity(manifest.cases.len());
        for case in &manifest.cases {
            let name = match case.id.as_str() {
                ONLY_CASE => format!("{prefix}{}", manifest.scenario.name),
                case => format!("{prefix}{} {case}", manifest.scenario.name),
            };
            let mut suite = TestSuite::new(clean(&name));
            if let Ok(started) = DateTime::parse_from_rfc3339(&manifest.started) {
                suite.set_timestamp(started);
            }
            let mut property = |name: &str, value: &str| {
                suite.add_property(Property::new(clean(name), clean(value)));
            };
            property("scenario", &manifest.scenario.file);
            property("seed", &manifest.seed.to_string());
            property("time", &manifest.time);
            property("results", &results.display().to_string());
            for plugin in &manifest.plugins {
                let hash = plugin.sha256.as_deref().unwrap_or_default();
                property(&format!("plugin {}", plugin.name), hash);
            }
            suites.push(Suite {
                suite,
                failures: FailureGroups::default(),
                results: results.to_owned(),
                repeats: BTreeMap::new(),
            });
        }
        let ids = manifest.cases.iter().map(|case| case.id.clone());
        self.index = ids.zip(0..).collect();
        self.suites = suites;
    }

    /// Adds a run.
    pub fn add_run(&mut self, run: &JunitRun<'_>) {
        let row = run.row;
        let Some(suite) = self.suite(&row.case) else {
            return;
        };
        let identities = failures_of(run.errors.iter().copied(), run.judgements);
        let first = identities
            .iter()
            .find_map(|(it, _)| suite.failures.first_run(it));
        if suite.failures.add(row.run, identities)
            && let Some(repeat) = &run.repeat
        {
            suite.repeats.insert(row.run, repeat.clone());
        }
        let mut case = TestCase::new(format!("run {}", row.run), status(run));
        case.set_classname(suite.suite.name.as_str());
        case.set_time(Duration::try_from_secs_f64(row.wall_s).unwrap_or_default());
        let mut property = |name: &str, value: String| {
            case.add_property(Property::new(name, clean(&value)));
        };
        property("seed", row.seed.to_string());
        property("events", row.events.to_string());
        property("messages", row.messages.to_string());
        if let Some(first) = first {
            property("same failure as", format!("run {first}"));
        }
        if !run.warnings.is_empty() {
            case.set_system_err(clean(&run.warnings.join("\n")));
        }
        suite.suite.add_test_case(case);
    }

    /// Adds a judgement over the runs of a case.
    pub fn add_over_runs(&mut self, case: &str, judgement: &Judgement) {
        let status = match judgement.verdict {
            Verdict::Passed => TestCaseStatus::success(),
            Verdict::Failed => wrong(NonSuccessKind::Failure, "expect", &described(judgement)),
            Verdict::Unknown => wrong(NonSuccessKind::Error, "unknown", &described(judgement)),
        };
        self.add(case, &format!("over all runs: {}", judgement.name), status);
    }

    /// Adds a run that was not done, and that need not be.
    pub fn add_skipped(&mut self, run: u64, case: &str, why: &str) {
        self.add(case, &format!("run {run}"), skipped(why));
    }

    /// Adds a run that is missing.
    pub fn add_missing(&mut self, run: u64, case: &str, repeat: Option<&str>) {
        let mut why = "missing: the run is not in these results".to_owned();
        if let Some(repeat) = repeat {
            why.push_str(&format!("\n\nrepeat: {repeat}\n"));
        }
        let status = wrong(NonSuccessKind::Error, "missing", &why);
        self.add(case, &format!("run {run}"), status);
    }

    /// Ends the suites of the plan. Cases without runs are left out.
    pub fn end_plan(&mut self) {
        for mut suite in std::mem::take(&mut self.suites) {
            suite.name_failures();
            let times = suite.suite.test_cases.iter().filter_map(|case| case.time);
            suite.suite.set_time(times.sum());
            if !suite.suite.test_cases.is_empty() {
                self.report.add_test_suite(suite.suite);
            }
        }
        let times = self.report.test_suites.iter();
        self.report.time = Some(times.filter_map(|suite| suite.time).sum());
    }

    /// Writes the file under another name first, then renames it.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub fn write(&self) -> io::Result<()> {
        let text = self.report.to_string().map_err(io::Error::other)?;
        let beside = self.beside();
        fs::write(&beside, text)?;
        fs::rename(&beside, &self.path)
    }

    /// Checks that the file can be written, and leaves everything as it is.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub fn check(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let beside = self.beside();
        fs::write(&beside, "")?;
        fs::remove_file(&beside)
    }

    /// A file beside this one, of this process alone.
    fn beside(&self) -> PathBuf {
        let mut beside = self.path.as_os_str().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        beside.into()
    }

    fn suite(&mut self, case: &str) -> Option<&mut Suite> {
        self.suites.get_mut(*self.index.get(case)?)
    }

    fn add(&mut self, case: &str, name: &str, status: TestCaseStatus) {
        if let Some(suite) = self.suite(case) {
            let mut one = TestCase::new(clean(name), status);
            one.set_classname(suite.suite.name.as_str());
            suite.suite.add_test_case(one);
        }
    }
}

impl Suite {
    /// Adds the distinct failures to the properties.
    fn name_failures(&mut self) {
        let groups = self.failures.sorted();
        for (index, group) in groups.into_iter().take(MAX_FAILURES).enumerate() {
            let runs = crate::render::number::count(group.runs, "run");
            let (first, text) = (group.first, &group.text);
            let value = format!("{runs}, first run {first}: {text}");
            let name = format!("failure {}", index + 1);
            self.suite
                .add_property(Property::new(&*name, clean(&value)));
            if let Some(repeat) = self.repeats.get(&first) {
                let name = format!("{name} repeat");
                self.suite
                    .add_property(Property::new(&*name, clean(repeat)));
            }
            let shrunk = self
                .results
                .join(SHRUNK_FOLDER)
                .join(group.identity.file_name());
            if shrunk.is_file() {
                let name = format!("failure {} shrunk", index + 1);
                let path = shrunk.display().to_string();
                self.suite.add_property(Property::new(&*name, clean(&path)));
            }
        }
    }
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(why));
    status
}

/// A status that is not passed; its message is the first line of the text.
fn wrong(kind: NonSuccessKind, type_: &str, text: &str) -> TestCaseStatus {
    let text = clean(text);
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(type_);
    status.set_message(text.lines().next().unwrap_or_default());
    status.set_description(text);
    status
}

/// The status of a run as JUnit names it.
fn status(run: &JunitRun<'_>) -> TestCaseStatus {
    let wrong = |kind, type_: &str, what: &str| {
        let mut text = format!("{what}\n\n");
        if let Some(repeat) = &run.repeat {
            text += &format!("repeat: {repeat}\n");
        }
        for place in &run.records {
            text += &format!("records: {}\n", place.display());
        }
        wrong(kind, type_, &text)
    };
    let judged = run.judgements.iter();
    let judged = judged
        .filter(|it| it.verdict != Verdict::Passed && it.judge != Judge::Happened)
        .map(described);
    let errors = run.errors.iter().map(|it| (*it).to_owned());
    let texts: Vec<String> = errors.chain(judged).collect();
    let text = |otherwise: &str| match texts.is_empty() {
        true => otherwise.to_owned(),
        false => texts.join("\n"),
    };
    match (run.row.status, run.row.verdict) {
        (RunStatus::Failed, _) => wrong(NonSuccessKind::Error, "failed", &text("the run failed")),
        (RunStatus::Interrupted, _) if !run.is_real => {
            skipped("stopped by a signal before its end")
        }
        (_, Some(Verdict::Failed)) => {
            wrong(NonSuccessKind::Failure, "check", &text("a check failed"))
        }
        (_, Some(Verdict::Unknown)) => wrong(
            NonSuccessKind::Error,
            "unknown",
            &text("unknown: there was nothing to judge"),
        ),
        (_, Some(Verdict::Passed) | None) => TestCaseStatus::success(),
    }
}

/// A text as XML 1.0 can hold it: other characters are written out.
fn clean(text: &str) -> String {
    base::harmless::xml(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_only_what_xml_can_hold() {
        assert_eq!(
            clean("a\u{0}b\u{fffe}c\u{ffff}\td\u{1f600}"),
            "a\\x00b\\u{fffe}c\\u{ffff}\td\u{1f600}"
        );
    }
}
