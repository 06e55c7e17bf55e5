//! A plan: a scenario bound to its plugins, with all its runs. A mistake of the user is
//! found here or before.
//!
//! Each case of the matrix is bound by itself, since each key of the file may have
//! another value there. Cases share plugins and equal configs.

mod binding;
mod cases;
mod files;
mod judges;
mod pairing;
pub mod planner;
mod properties;
mod selection;
mod streams;

use analysis::metrics::Warmup;
use std::path::Path;
use std::sync::Arc;

pub use crate::scenario::ONLY_CASE;
use analysis::expect::Until;
use analysis::log::RunSchema;
use binding::Binder;
pub use binding::{NO_PLUGINS, nearest};
use cases::NodeSets;
pub use cases::{Case, Nodes};
pub use judges::BoundCheck;
use planner::Planner;
pub use properties::BoundProperty;
pub use selection::{Selection, Shard};

use crate::reporter::count;
use crate::scenario::{
    Axis, Diagnostic, Diagnostics, Loaded, Override, Pairing, ReadCase, Reading, TimeMode,
    read_file, read_text, until,
};
use base::random::Streams;
use host::build::GivenBuild;
use host::library::LoadError;
use host::plugin::Plugin;
use host::search::SearchPath;
use model::roster::Roster;

/// A scenario bound to its plugins.
#[derive(Debug)]
pub struct Plan {
    /// The scenario of the first case, with the places of its parts: name, title,
    /// runs and time are those of all cases.
    pub loaded: Loaded,
    /// The plugins that it names, by name.
    pub plugins: Vec<Arc<Plugin>>,
    /// The axes of the matrix, in the order of the file; none without one.
    pub axes: Vec<Axis>,
    /// The cases, at least one.
    pub cases: Vec<Case>,
    /// Set if all cases draw the same numbers.
    pub pairing: Option<Pairing>,
    /// What can be run, and is hardly meant, in the order of the file.
    pub warnings: Vec<Diagnostic>,
    /// Two files of a run whose names differ by case alone, if there are any, for people.
    pub twins: Option<String>,
    node_sets: NodeSets,
}

/// One run of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// Its number in the whole plan, from 1.
    pub number: u32,
    /// Its case: an index into [`Plan::cases`].
    pub case: usize,
    /// Its number within the case, from 1.
    pub repetition: u32,
}

/// Why a scenario cannot be run: at least one of both.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct Refusal {
    /// The user's mistakes.
    pub mistakes: Option<Diagnostics>,
    /// Plugin files that do not load.
    pub broken: Vec<LoadError>,
}

impl Refusal {
    /// All of it, without color.
    fn text(&self) -> String {
        let mistakes = self.mistakes.iter().map(ToString::to_string);
        let broken = self.broken.iter().map(ToString::to_string);
        mistakes.chain(broken).collect::<Vec<String>>().join("\n")
    }
}

/// The warnings of all cases, each once.
fn warnings(cases: &mut [ReadCase], bound: &mut [binding::Binding]) -> Vec<Diagnostic> {
    let read = cases.iter_mut().flat_map(|case| case.warnings.drain(..));
    let bound = bound.iter_mut().flat_map(|it| it.warnings.drain(..));
    let mut all: Vec<Diagnostic> = read.chain(bound).collect();
    all.sort_by(|a, b| (a.place(), a.message()).cmp(&(b.place(), b.message())));
    all.dedup_by(|a, b| (a.place(), a.message()) == (b.place(), b.message()));
    all
}

impl Plan {
    /// Reads a scenario, loads its plugins, and checks the config and timing of each
    /// group against its behavior.
    ///
    /// # Errors
    ///
    /// Fails with all mistakes at once, those of the file and those that behaviors
    /// report, and with all plugin files that do not load.
    pub fn load(file: &Path, overrides: &[Override], search: &SearchPath) -> Result<Plan, Refusal> {
        Plan::load_by(file, overrides, search, &mut Planner::Here)
    }

    /// As [`Plan::load`]; plugin code runs where the planner runs it.
    ///
    /// # Errors
    ///
    /// As [`Plan::load`].
    pub fn load_by(
        file: &Path,
        overrides: &[Override],
        search: &SearchPath,
        planner: &mut Planner,
    ) -> Result<Plan, Refusal> {
        Plan::bind(read_file(file, overrides), search, planner)
    }

    /// As [`Plan::load`], for the text of a file that has been read before.
    ///
    /// # Errors
    ///
    /// As [`Plan::load`].
    pub fn of_text(
        path: &str,
        text: &str,
        overrides: &[Override],
        search: &SearchPath,
    ) -> Result<Plan, Refusal> {
        Plan::of_text_by(path, text, overrides, search, &mut Planner::Here)
    }

    /// As [`Plan::of_text`]; plugin code runs where the planner runs it.
    ///
    /// # Errors
    ///
    /// As [`Plan::load`].
    pub fn of_text_by(
        path: &str,
        text: &str,
        overrides: &[Override],
        search: &SearchPath,
        planner: &mut Planner,
    ) -> Result<Plan, Refusal> {
        Plan::bind(read_text(path, text, overrides), search, planner)
    }

    fn bind(
        mut reading: Reading,
        search: &SearchPath,
        planner: &mut Planner,
    ) -> Result<Plan, Refusal> {
        let mut binder = Binder::new(search, planner);
        let mut bound = Vec::with_capacity(reading.cases.len());
        let mut twins = None;
        for index in 0..reading.cases.len() {
            let case = &reading.cases[index];
            let mut binding = binder.bind(&case.parts, &case.origins);
            // Which files a group has is known once its behavior is.
            if let Some(scenario) = &case.scenario
                && binding.configs.len() == scenario.groups.len()
            {
                let wrong = files::mistakes(&scenario.groups, &binding.configs, &case.origins);
                if wrong.is_empty() {
                    let found = files::twins(&scenario.groups, &binding.configs);
                    let warnings = found.iter().map(|it| it.warning(&case.origins));
                    binding.warnings.extend(warnings);
                    twins = twins.or(found.into_iter().next().map(|it| it.what));
                }
                binding.mistakes.extend(wrong);
                let (groups, links) = (&scenario.groups, &scenario.links);
                let apart = streams::mistakes(groups, links, &case.origins);
                binding.mistakes.extend(apart);
            }
            reading.add(index, binding.mistakes.drain(..));
            bound.push(binding);
        }
        let (plugins, broken) = binder.plugins();
        if !reading.mistakes.is_empty() || !broken.is_empty() {
            let mistakes = reading.into_diagnostics();
            return Err(Refusal { mistakes, broken });
        }
        if let Some(pairing) = reading.pairing {
            let unpaired = pairing::warning(&reading, pairing);
            bound[0].warnings.extend(unpaired);
        }
        let warnings = warnings(&mut reading.cases, &mut bound);
        let mut node_sets = NodeSets::default();
        let mut origins = None;
        let case = |(read, binding): (ReadCase, binding::Binding)| {
            let scenario = read.scenario.expect("a case without mistakes is whole");
            origins.get_or_insert(read.origins);
            Case {
                id: read.id,
                values: read.values,
                configs: binding.configs,
                checks: binding.checks,
                properties: binding.properties,
                roster: Roster::new(&scenario.groups),
                node_set: node_sets.index(&scenario.groups),
                scenario,
            }
        };
        let cases: Vec<Case> = reading.cases.into_iter().zip(bound).map(case).collect();
        Ok(Plan {
            loaded: Loaded {
                scenario: cases[0].scenario.clone(),
                notes: reading.notes,
                inputs: reading.inputs,
                source: reading.source,
                origins: origins.expect("a plan has a case"),
            },
            plugins,
            axes: reading.axes,
            cases,
            pairing: reading.pairing,
            warnings,
            twins,
            node_sets,
        })
    }

    /// The builds of its plugins, for other processes that make the same plan.
    pub fn builds(&self) -> Vec<GivenBuild> {
        self.plugins.iter().map(|it| it.build.give()).collect()
    }

    /// Whether its runs take real time.
    pub fn is_real(&self) -> bool {
        matches!(self.loaded.scenario.time, TimeMode::Real { .. })
    }

    /// Whether a case leaves out the beginning of its runs.
    pub fn has_warmup(&self) -> bool {
        let mut cases = self.cases.iter();
        cases.any(|case| case.scenario.warmup != Warmup::None)
    }

    /// When its cases have enough runs, if not after a fixed number.
    pub fn until(&self) -> Option<Until> {
        until(&self.loaded.scenario.expectations)
    }

    /// `[until]` of a case, and its index among the expectations.
    pub fn until_rule(&self, case: usize) -> Option<(usize, Until)> {
        let rules = &self.cases[case].scenario.expectations;
        let mut found = rules
            .iter()
            .map(|rule| rule.expectation.until())
            .enumerate();
        found.find_map(|(index, until)| Some((index, until?)))
    }

    /// The number of runs for people: `5 runs`, or `10 to 10000 runs`.
    pub fn runs_text(&self) -> String {
        let most = count(u64::from(self.run_count()), "run");
        match self.until() {
            None => most,
            Some(until) => format!("{} to {most}", until.at_least as usize * self.cases.len()),
        }
    }

    /// Number of runs in the whole plan; with `[until]`, at most.
    pub fn run_count(&self) -> u32 {
        self.cases.len() as u32 * self.loaded.scenario.runs
    }

    /// Every run, in the order of their numbers: case by case.
    pub fn runs(&self) -> impl Iterator<Item = RunSpec> + '_ {
        let runs = self.loaded.scenario.runs;
        (0..self.run_count()).map(move |index| RunSpec {
            number: index + 1,
            case: (index / runs) as usize,
            repetition: index % runs + 1,
        })
    }

    /// The random streams of a run. They depend on seed, case and repetition only, and
    /// not on the other runs. If all cases draw the same numbers, these are the numbers
    /// that the file draws without its matrix.
    pub fn streams(&self, run: RunSpec) -> Streams {
        let case = &self.cases[run.case];
        let rng_id = &case.scenario.rng_id;
        let name = match (&rng_id.case, self.pairing) {
            (Some(name), _) => name,
            (None, Some(_)) => ONLY_CASE,
            (None, None) => &case.id,
        };
        let number = run.repetition.saturating_add(rng_id.run - 1);
        Streams::new(case.scenario.seed, name, number)
    }

    /// The case of a run.
    pub fn case(&self, run: RunSpec) -> &Case {
        &self.cases[run.case]
    }

    /// The nodes of a case.
    pub fn nodes(&self, case: usize) -> &Nodes {
        self.node_sets.nodes(&self.cases[case])
    }

    /// A node of each group of each case: enough to know all columns.
    pub fn samples(&self) -> Vec<RunSchema> {
        let mut seen = std::collections::BTreeSet::new();
        let new = self.cases.iter().filter(|case| seen.insert(case.node_set));
        new.map(|case| case.schema(1)).collect()
    }
}
