//! `--junit FILE`: what the runs came to, as the XML that CI services read.
//!
//! A suite for each case of a scenario, a test case for each run, in the order of
//! the plan; several scenarios share one file. What a plugin or a node did wrong
//! is an `error`, what a check found a `failure`, with the command that repeats it
//! and where its records lie; a run that was not begun or not ended is `skipped`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use analysis::results::{Judgement, Manifest, RunStatus, Verdict};
use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::cli::place::write_whole;
use crate::cli::verdicts::text;
use crate::plan::{ONLY_CASE, Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::ledger::{BookError, RunResult};

/// The name of the whole.
const NAME: &str = "runner";

/// A JUnit file in the making.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    report: Report,
    /// The suites of the plan under way, by case.
    suites: Vec<TestSuite>,
}

impl Junit {
    /// Begins a file: it is there, without suites, before anything runs.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn begin(path: &Path) -> Result<Junit, BookError> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(BookError::at(folder))?;
        }
        let junit = Junit {
            path: path.to_owned(),
            report: Report::new(NAME),
            suites: Vec::new(),
        };
        junit.write()?;
        Ok(junit)
    }

    /// From now on the runs are those of this plan.
    pub fn plan(&mut self, plan: &Plan, manifest: &Manifest, folder: &Folder, started: SystemTime) {
        let started: DateTime<Utc> = started.into();
        let suite = |case: &crate::plan::Case| {
            let mut suite = TestSuite::new(suite_name(plan, &case.id));
            suite.set_timestamp(started);
            suite.add_property(Property::new("scenario", &*manifest.scenario.file));
            suite.add_property(Property::new("seed", manifest.seed.to_string()));
            suite.add_property(Property::new("time", &*manifest.time));
            suite.add_property(Property::new(
                "results",
                folder.path().display().to_string(),
            ));
            for plugin in &manifest.plugins {
                let hash = plugin.sha256.as_deref().unwrap_or_default();
                suite.add_property(Property::new(format!("plugin {}", plugin.name), hash));
            }
            suite
        };
        self.suites = plan.cases.iter().map(suite).collect();
    }

    /// Adds a run of the plan, with the command that repeats it.
    pub fn add(&mut self, plan: &Plan, folder: &Folder, result: &RunResult, repeat: &str) {
        let mut case = TestCase::new(
            format!("run {}", result.row.run),
            status(plan, folder, result, repeat),
        );
        case.set_classname(suite_name(plan, &result.row.case));
        case.set_time(Duration::try_from_secs_f64(result.row.wall_s).unwrap_or_default());
        case.add_property(Property::new("seed", result.row.seed.to_string()));
        case.add_property(Property::new("events", result.row.events.to_string()));
        case.add_property(Property::new("messages", result.row.messages.to_string()));
        if !result.warnings.is_empty() {
            case.set_system_err(result.warnings.join("\n"));
        }
        if let Some(suite) = self.suites.get_mut(result.spec.case) {
            suite.add_test_case(case);
        }
    }

    /// Adds what was judged over all runs of a case.
    pub fn over_runs(&mut self, plan: &Plan, case: usize, judgement: &Judgement) {
        let status = match judgement.verdict {
            Verdict::Passed => TestCaseStatus::success(),
            Verdict::Failed => wrong(NonSuccessKind::Failure, "expect", &text(judgement)),
            Verdict::Unknown => wrong(NonSuccessKind::Error, "unknown", &text(judgement)),
        };
        let mut one = TestCase::new(format!("over all runs: {}", judgement.name), status);
        one.set_classname(suite_name(plan, &plan.cases[case].id));
        if let Some(suite) = self.suites.get_mut(case) {
            suite.add_test_case(one);
        }
    }

    /// The plan is over: the runs that were not begun are left out, for this
    /// reason; so much of it is on disk then.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn end_plan(
        &mut self,
        plan: &Plan,
        left_out: impl Iterator<Item = RunSpec>,
        why: &str,
    ) -> Result<(), BookError> {
        for spec in left_out {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not begun: {why}"));
            let mut case = TestCase::new(format!("run {}", spec.number), status);
            case.set_classname(suite_name(plan, &plan.cases[spec.case].id));
            self.suites[spec.case].add_test_case(case);
        }
        for mut suite in self.suites.drain(..) {
            let times = suite.test_cases.iter().filter_map(|case| case.time);
            suite.set_time(times.sum());
            // Cases of which nothing was wanted are not in it.
            if !suite.test_cases.is_empty() {
                self.report.add_test_suite(suite);
            }
        }
        let times = self
            .report
            .test_suites
            .iter()
            .filter_map(|suite| suite.time);
        self.report.time = Some(times.sum());
        self.write()
    }

    fn write(&self) -> Result<(), BookError> {
        let text = self.report.to_string();
        let text = text.map_err(|error| std::io::Error::other(error.to_string()));
        let text = text.map_err(BookError::at(&self.path))?;
        write_whole(&self.path, &text)
    }
}

/// The name of a case's suite.
fn suite_name(plan: &Plan, case: &str) -> String {
    let name = &plan.loaded.scenario.name;
    match case {
        ONLY_CASE => name.clone(),
        case => format!("{name} {case}"),
    }
}

/// Not a success: the first line of what is wrong is its message.
fn wrong(kind: NonSuccessKind, type_: &str, what: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(type_);
    status.set_message(what.lines().next().unwrap_or_default());
    status.set_description(what);
    status
}

/// How a run went, in the words of JUnit.
fn status(plan: &Plan, folder: &Folder, result: &RunResult, repeat: &str) -> TestCaseStatus {
    let wrong = |kind, type_: &str, what: &str| {
        let mut text = format!("{what}\n\nrepeat: {repeat}\n");
        let number = result.spec.number;
        for place in [folder.run(number), folder.partial_run(number)] {
            if place.is_dir() {
                text += &format!("records: {}\n", place.display());
            }
        }
        wrong(kind, type_, &text)
    };
    let row = &result.row;
    let judged = result.judgements.iter();
    let judged = judged.filter(|it| it.verdict != Verdict::Passed).map(text);
    let told: Vec<String> = result.wrong().map(str::to_owned).chain(judged).collect();
    match (row.status, row.verdict) {
        (RunStatus::Failed, _) => wrong(NonSuccessKind::Error, "failed", &told.join("\n")),
        (RunStatus::Interrupted, _) if !plan.is_real() => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("stopped by a signal before its end");
            status
        }
        (_, Some(Verdict::Failed)) => wrong(NonSuccessKind::Failure, "check", &told.join("\n")),
        (_, Some(Verdict::Unknown)) => {
            let what = match told.is_empty() {
                true => "unknown: there was nothing to judge".to_owned(),
                false => told.join("\n"),
            };
            wrong(NonSuccessKind::Error, "unknown", &what)
        }
        (_, Some(Verdict::Passed) | None) => TestCaseStatus::success(),
    }
}
