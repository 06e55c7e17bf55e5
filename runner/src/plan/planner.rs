//! Plugin code while a plan is made: in this process, or (`--isolate`) in a process of
//! its own, with a time limit. That process loads the plugins and checks the configs;
//! this process only gets descriptions.
//!
//! The other side is [`serve`], in the subcommand [`SUBCOMMAND`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::apart::ProcessApart;
use crate::session::isolate::death::{ending, last_lines};
use host::build::{Build, GivenBuild};
use host::check::CheckConfig;
use host::config::{Config, Problem};
use host::library::{LoadError, load};
use host::plugin::{Behavior, Check, Plugin};
use realtime::processes::control::Control;

/// The subcommand that the process is started with.
pub const SUBCOMMAND: &str = "plan-process";

/// The limit of one load or config in a process of its own, unless another one is
/// given: far longer than any correct plugin takes. Arbitrary.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How often a process that does a task is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Where plugin code runs while a plan is made.
#[derive(Debug)]
pub enum Planner {
    /// In this process.
    Here,
    /// In a process of its own.
    Apart(Box<PlannerApart>),
}

/// What the other process is to do.
#[derive(Debug, Serialize, Deserialize)]
enum Task {
    Load(GivenBuild),
    Config {
        plugin: String,
        /// The behavior or check.
        name: String,
        is_check: bool,
        toml: String,
    },
}

/// How it went.
#[derive(Debug, Serialize, Deserialize)]
enum Done {
    /// The plugin is loaded: its description.
    Loaded(String),
    /// The plugin is refused, for this reason.
    Refused(String),
    /// The config has these mistakes: key path and message.
    Checked(Vec<(String, String)>),
    /// The config is accepted, with what it decides of the behavior, if it decides any of it.
    Accepted(Option<String>),
}

impl Planner {
    /// A planner in a process of its own, with this limit for each load and config.
    pub fn apart(limit: Option<Duration>) -> Planner {
        Planner::Apart(Box::new(PlannerApart {
            limit: limit.unwrap_or(LIMIT),
            process: None,
            loaded: BTreeSet::new(),
            builds: BTreeMap::new(),
        }))
    }

    /// Loads a plugin.
    pub(super) fn load(&mut self, build: &Arc<Build>) -> Result<Plugin, LoadError> {
        match self {
            Planner::Here => load(build),
            Planner::Apart(apart) => apart.load(build),
        }
    }

    /// Has a behavior check a config. The outer error is the end of the process.
    pub(super) fn config(
        &mut self,
        plugin: &str,
        behavior: &Arc<Behavior>,
        toml: &str,
    ) -> Result<Result<Config, Vec<Problem>>, LoadError> {
        match self {
            Planner::Here => Ok(Config::new(behavior, toml)),
            Planner::Apart(apart) => {
                let accepted = match apart.config(plugin, &behavior.name, false, toml)? {
                    Ok(shape) => shape,
                    Err(problems) => return Ok(Err(problems)),
                };
                let shaped = match accepted {
                    Some(shape) => behavior.with_described_shape(&shape)?,
                    None => behavior.clone(),
                };
                Ok(Ok(Config::described(&shaped)))
            }
        }
    }

    /// As [`Planner::config`], for a check.
    pub(super) fn check_config(
        &mut self,
        plugin: &str,
        check: &Arc<Check>,
        toml: &str,
    ) -> Result<Result<CheckConfig, Vec<Problem>>, LoadError> {
        match self {
            Planner::Here => Ok(CheckConfig::new(check, toml)),
            Planner::Apart(apart) => {
                let problems = apart.config(plugin, &check.name, true, toml)?;
                Ok(problems.map(|_| CheckConfig::described(check)))
            }
        }
    }
}

/// The process that runs plugin code, on this side.
#[derive(Debug)]
pub struct PlannerApart {
    limit: Duration,
    /// None before the first task, and after a process has ended.
    process: Option<ProcessApart>,
    /// The plugins that this process has loaded.
    loaded: BTreeSet<String>,
    builds: BTreeMap<String, Arc<Build>>,
}

impl PlannerApart {
    fn load(&mut self, build: &Arc<Build>) -> Result<Plugin, LoadError> {
        let done = self.task(build, Task::Load(build.give()), "load")?;
        match done {
            Done::Loaded(text) => {
                self.loaded.insert(build.name.clone());
                self.builds.insert(build.name.clone(), build.clone());
                Plugin::described(build, &text)
            }
            Done::Refused(why) => Err(LoadError::Refused(why)),
            Done::Checked(_) | Done::Accepted(_) => Err(unexpected()),
        }
    }

    fn config(
        &mut self,
        plugin: &str,
        name: &str,
        is_check: bool,
        toml: &str,
    ) -> Result<Result<Option<String>, Vec<Problem>>, LoadError> {
        let build = self.builds.get(plugin).cloned().ok_or_else(unexpected)?;
        if !self.loaded.contains(plugin) {
            // The process that had loaded it has ended.
            self.load(&build)?;
        }
        let task = Task::Config {
            plugin: plugin.to_owned(),
            name: name.to_owned(),
            is_check,
            toml: toml.to_owned(),
        };
        let when = format!("check the config of `{plugin}.{name}`");
        let problem = |(path, message)| Problem { path, message };
        match self.task(&build, task, &when)? {
            Done::Accepted(shape) => Ok(Ok(shape)),
            Done::Checked(problems) => Ok(Err(problems.into_iter().map(problem).collect())),
            Done::Refused(why) => Err(LoadError::Refused(why)),
            Done::Loaded(_) => Err(unexpected()),
        }
    }

    /// Has the process do a task; `when` says it for people.
    fn task(&mut self, build: &Build, task: Task, when: &str) -> Result<Done, LoadError> {
        let failed = |error: io::Error| {
            LoadError::Refused(format!("a process for plugins cannot be used: {error}"))
        };
        let mut process = match self.process.take() {
            Some(process) => process,
            None => ProcessApart::start(SUBCOMMAND).map_err(failed)?,
        };
        // Fails if the process is gone, which is found below.
        let _ = process.control.send(&task);
        let mut patience = process.patience();
        let how = loop {
            match process.control.next_received() {
                Ok(Some(done)) => {
                    self.process = Some(process);
                    return Ok(done);
                }
                Ok(None) => {}
                // Not written by the runner.
                Err(_) => break None,
            }
            if patience.is_over(self.limit) {
                let limit = base::duration::to_text(self.limit.into());
                break Some(format!("did not return within {limit}"));
            }
            if !process.wait(LOOK.min(self.limit)).map_err(failed)? {
                break None;
            }
            patience.look();
        };
        self.loaded.clear();
        if how.is_some() {
            process.kill();
        }
        let (status, output) = process.end();
        Err(LoadError::Ended {
            plugin: build.name.clone(),
            path: build.path.clone(),
            how: how.unwrap_or_else(|| ending(&status)),
            when: when.to_owned(),
            said: last_lines(&output),
        })
    }
}

fn unexpected() -> LoadError {
    LoadError::Refused("a process for plugins sent something unexpected".to_owned())
}

/// Does tasks for the runner at the other end of `control`, until it is gone.
///
/// # Errors
///
/// Fails if the connection fails.
pub fn serve(mut control: Control) -> io::Result<()> {
    os::fork_mark::set();
    let mut plugins = BTreeMap::new();
    while let Some(task) = control.receive()? {
        let done = match task {
            Task::Load(given) => {
                let plugin = Build::given(&given).and_then(|build| load(&build));
                match plugin.map(|plugin| (plugin.describe(), plugin)) {
                    Ok((Ok(text), plugin)) => {
                        plugins.insert(plugin.name.clone(), plugin);
                        Done::Loaded(text)
                    }
                    Ok((Err(error), _)) => Done::Refused(error.to_string()),
                    Err(error) => Done::Refused(error.to_string()),
                }
            }
            Task::Config {
                plugin,
                name,
                is_check,
                toml,
            } => checked(plugins.get(&plugin), &name, is_check, &toml),
        };
        if os::fork_mark::is_copy() {
            os::exit::at_once(3);
        }
        control.send(&done)?;
    }
    Ok(())
}

fn checked(plugin: Option<&Plugin>, name: &str, is_check: bool, toml: &str) -> Done {
    let Some(plugin) = plugin else {
        return Done::Refused("the plugin is not loaded".to_owned());
    };
    let result = match (plugin.behavior(name), plugin.check(name)) {
        (Some(behavior), _) if !is_check => {
            Config::new(behavior, toml).map(|config| config.behavior().describe_shape())
        }
        (_, Some(check)) if is_check => CheckConfig::new(check, toml).map(|_| Ok(None)),
        _ => return Done::Refused(format!("plugin `{}` has no `{name}`", plugin.name)),
    };
    match result {
        Ok(Ok(shape)) => Done::Accepted(shape),
        Ok(Err(error)) => Done::Refused(error.to_string()),
        Err(problems) => {
            let problems = problems.into_iter();
            Done::Checked(problems.map(|it| (it.path, it.message)).collect())
        }
    }
}
