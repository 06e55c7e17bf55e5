//! A scenario bound to its plugins, and the runs that it comes to: the last
//! place where a user's mistake can be found.

mod binding;
mod judges;

use std::path::Path;
use std::sync::Arc;

use binding::Binding;
pub use binding::nearest;
pub use judges::BoundCheck;

use crate::engine::roster::Roster;
use crate::host::config::Config;
use crate::host::library::LoadError;
use crate::host::plugin::Plugin;
use crate::host::search::SearchPath;
use crate::random::Streams;
use crate::scenario::{
    Diagnostics, Loaded, Override, Partial, Scenario, TimeMode, load_partial, load_text,
};

/// Everything that is known before the first event.
#[derive(Debug)]
pub struct Plan {
    /// The scenario, with the places of its parts.
    pub loaded: Loaded,
    /// The plugins that it names, by name.
    pub plugins: Vec<Arc<Plugin>>,
    /// Each group's accepted config, in the order of the groups; none for a
    /// program of somebody else.
    pub configs: Vec<Option<Arc<Config>>>,
    /// The properties that plugins judge, in the order of the file.
    pub checks: Vec<BoundCheck>,
    /// Who is who.
    pub roster: Roster,
    /// What it expands to.
    pub cases: Vec<Case>,
}

/// One point of a scenario's matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Readable and stable; [`ONLY_CASE`] without a matrix.
    pub id: String,
}

/// The id of the one case of a scenario without a matrix.
pub const ONLY_CASE: &str = "default";

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

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The user's mistakes.
    #[error("the scenario has mistakes")]
    Mistakes(Diagnostics),
    /// Plugin files that do not load.
    #[error("{}", lines(.0))]
    Plugins(Vec<LoadError>),
}

fn lines(errors: &[LoadError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

impl Plan {
    /// Reads a scenario and binds it to the plugins that it names: loads them,
    /// checks each group's config and timing against its behavior.
    ///
    /// # Errors
    ///
    /// Every mistake at once, the behaviors' and the file's; or, once there is
    /// none, every plugin file that was found but does not load.
    pub fn load(file: &Path, overrides: &[Override], search: &SearchPath) -> Result<Plan, Refusal> {
        Plan::bind(load_partial(file, overrides), search)
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
        let loaded = load_text(path, text, overrides).map_err(Refusal::Mistakes)?;
        Plan::bind(Ok(loaded), search)
    }

    fn bind(read: Result<Loaded, Partial>, search: &SearchPath) -> Result<Plan, Refusal> {
        let (loaded, mut mistakes) = match read {
            Ok(loaded) => (Ok(loaded), Vec::new()),
            Err(partial) => {
                let mistakes = partial.mistakes.iter().cloned().collect();
                (Err(partial), mistakes)
            }
        };
        let binding = match &loaded {
            Ok(loaded) => {
                let Scenario { groups, checks, .. } = &loaded.scenario;
                Binding::new(groups, checks, &loaded.origins, search)
            }
            Err(partial) => {
                Binding::new(&partial.groups, &partial.checks, &partial.origins, search)
            }
        };
        mistakes.extend(binding.mistakes);
        // Which metrics a group has is known once its behavior is.
        if let Ok(Loaded {
            scenario, origins, ..
        }) = &loaded
            && binding.configs.len() == scenario.groups.len()
        {
            let counts: Vec<u32> = scenario.groups.iter().map(|group| group.count).collect();
            let expectations = &scenario.expectations;
            let wrong = judges::metrics(expectations, origins, &binding.configs, &counts);
            mistakes.extend(wrong);
        }
        let loaded = match (loaded, Diagnostics::sorted(mistakes)) {
            (Err(partial), mistakes) => {
                return Err(Refusal::Mistakes(mistakes.unwrap_or(partial.mistakes)));
            }
            (Ok(_), Some(mistakes)) => return Err(Refusal::Mistakes(mistakes)),
            (Ok(loaded), None) => loaded,
        };
        if !binding.broken.is_empty() {
            return Err(Refusal::Plugins(binding.broken));
        }
        Ok(Plan {
            roster: Roster::new(&loaded.scenario.groups),
            plugins: binding.plugins,
            checks: binding.checks,
            cases: vec![Case {
                id: ONLY_CASE.to_owned(),
            }],
            configs: binding.configs,
            loaded,
        })
    }

    /// Whether its runs take real time.
    pub fn is_real(&self) -> bool {
        matches!(self.loaded.scenario.time, TimeMode::Real { .. })
    }

    /// Number of runs in the whole plan.
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

    /// The random streams of a run: they depend on seed, case and repetition,
    /// not on what else is run.
    pub fn streams(&self, run: RunSpec) -> Streams {
        let case = &self.cases[run.case].id;
        Streams::new(self.loaded.scenario.seed, case, run.repetition)
    }
}
