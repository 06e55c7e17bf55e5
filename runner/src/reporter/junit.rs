//! The reporter of `--junit FILE`: the results of runs as the XML that CI services
//! read.
//!
//! The file has a suite for each case of a scenario and a test case for each run, in
//! the order of the plan; several scenarios share one file. A failure of a plugin or
//! a node is an `error`; a failed check is a `failure`. Both have the command that
//! repeats the run and the folder of its logs. A run that did not begin or did not
//! end is `skipped`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analysis::results::{Judgement, RunStatus, Verdict};
use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::verdicts::text;
use super::{Context, Ending, Event, Reporter, ReporterError};
use crate::plan::{ONLY_CASE, Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::open::write_whole;
use crate::results::run_result::RunResult;
use base::harmless::xml;

/// The name of the report.
const NAME: &str = "runner";

/// Collects suites and writes the file at the end of each plan.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    report: Report,
    /// The suites of the current plan, by case.
    suites: Vec<TestSuite>,
}

impl Junit {
    /// Writes a file without suites, before any run begins.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn begin(path: &Path) -> Result<Junit, ResultsError> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(ResultsError::at(folder))?;
        }
        let junit = Junit {
            path: path.to_owned(),
            report: Report::new(NAME),
            suites: Vec::new(),
        };
        junit.write()?;
        Ok(junit)
    }

    fn plan_begins(&mut self, context: &Context<'_>) {
        let Context {
            plan,
            manifest,
            folder,
            started,
            ..
        } = *context;
        let started: DateTime<Utc> = started.into();
        let suite = |case: &crate::plan::Case| {
            let mut suite = TestSuite::new(xml(&suite_name(plan, &case.id)));
            suite.set_timestamp(started);
            suite.add_property(Property::new("scenario", xml(&manifest.scenario.file)));
            suite.add_property(Property::new("seed", manifest.seed.to_string()));
            suite.add_property(Property::new("time", &*manifest.time));
            suite.add_property(Property::new(
                "results",
                xml(&folder.path().display().to_string()),
            ));
            for plugin in &manifest.plugins {
                let hash = plugin.sha256.as_deref().unwrap_or_default();
                suite.add_property(Property::new(xml(&format!("plugin {}", plugin.name)), hash));
            }
            suite
        };
        self.suites = plan.cases.iter().map(suite).collect();
    }

    fn run_ended(&mut self, context: &Context<'_>, result: &RunResult) {
        let Context { plan, folder, .. } = *context;
        let repeat = &context.repeat.of(result.row.run);
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
            case.set_system_err(xml(&result.warnings.join("\n")));
        }
        if let Some(suite) = self.suites.get_mut(result.spec.case) {
            suite.add_test_case(case);
        }
    }

    fn case_judged(&mut self, plan: &Plan, case: usize, judgement: &Judgement) {
        let status = match judgement.verdict {
            Verdict::Passed => TestCaseStatus::success(),
            Verdict::Failed => wrong(NonSuccessKind::Failure, "expect", &text(judgement)),
            Verdict::Unknown => wrong(NonSuccessKind::Error, "unknown", &text(judgement)),
        };
        let mut one = TestCase::new(xml(&format!("over all runs: {}", judgement.name)), status);
        one.set_classname(suite_name(plan, &plan.cases[case].id));
        if let Some(suite) = self.suites.get_mut(case) {
            suite.add_test_case(one);
        }
    }

    /// Adds the runs that did not begin, and writes the file.
    fn plan_ended(
        &mut self,
        plan: &Plan,
        ending: Ending,
        not_begun: &[RunSpec],
    ) -> Result<(), ResultsError> {
        let why = match ending {
            Ending::Broken => "the results could not be written, or the runs not begun",
            Ending::Stopped => "the runner was stopped by a signal",
            Ending::Finished => "a run before it failed (--fail-fast)",
        };
        for spec in not_begun {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not begun: {why}"));
            let mut case = TestCase::new(format!("run {}", spec.number), status);
            case.set_classname(suite_name(plan, &plan.cases[spec.case].id));
            self.suites[spec.case].add_test_case(case);
        }
        for mut suite in self.suites.drain(..) {
            let times = suite.test_cases.iter().filter_map(|case| case.time);
            suite.set_time(times.sum());
            // Cases without selected runs are left out.
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

    fn write(&self) -> Result<(), ResultsError> {
        let text = self.report.to_string();
        let text = text.map_err(|error| std::io::Error::other(error.to_string()));
        let text = text.map_err(ResultsError::at(&self.path))?;
        write_whole(&self.path, &only_xml(&text))
    }
}

impl Reporter for Junit {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => self.plan_begins(context),
            Event::RunEnded(result) => self.run_ended(context, result),
            Event::CaseJudged { case, judgement } => {
                self.case_judged(context.plan, case, judgement);
            }
            Event::PlanEnded { ending, not_begun } => {
                self.plan_ended(context.plan, ending, not_begun)?;
            }
            Event::Warning(_)
            | Event::Error(_)
            | Event::Resumed { .. }
            | Event::ReportBuilt { .. } => {}
        }
        Ok(())
    }
}

/// A document without the characters that XML 1.0 does not allow (section 2.2), in place of
/// which the replacement character stands. Names, errors and what programs print may hold
/// any text; quick-junit leaves out some of these characters only.
fn only_xml(text: &str) -> String {
    let is_allowed = |character: char| match character {
        '\t' | '\n' | '\r' => true,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    };
    text.chars()
        .map(|character| match is_allowed(character) {
            true => character,
            false => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

/// The name of a case's suite.
fn suite_name(plan: &Plan, case: &str) -> String {
    let name = &plan.loaded.scenario.name;
    match case {
        ONLY_CASE => name.clone(),
        case => format!("{name} {case}"),
    }
}

/// The status of a test case that is not a success. The message is the first line of
/// the text.
fn wrong(kind: NonSuccessKind, type_: &str, what: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(type_);
    let what = xml(what);
    status.set_message(what.lines().next().unwrap_or_default());
    status.set_description(&*what);
    status
}

/// The status of a run as JUnit names it.
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
    let texts: Vec<String> = result.errors().map(str::to_owned).chain(judged).collect();
    match (row.status, row.verdict) {
        (RunStatus::Failed, _) => wrong(NonSuccessKind::Error, "failed", &texts.join("\n")),
        (RunStatus::Interrupted, _) if !plan.is_real() => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("stopped by a signal before its end");
            status
        }
        (_, Some(Verdict::Failed)) => wrong(NonSuccessKind::Failure, "check", &texts.join("\n")),
        (_, Some(Verdict::Unknown)) => {
            let what = match texts.is_empty() {
                true => "unknown: there was nothing to judge".to_owned(),
                false => texts.join("\n"),
            };
            wrong(NonSuccessKind::Error, "unknown", &what)
        }
        (_, Some(Verdict::Passed) | None) => TestCaseStatus::success(),
    }
}
