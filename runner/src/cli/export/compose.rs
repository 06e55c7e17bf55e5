//! `runner export compose`: a folder by which Docker Compose runs a scenario.

use std::path::{Path, PathBuf};

use crate::cli::arguments::ComposeOptions;
use crate::cli::{Exit, overrides, plan_all};
use crate::export::compose::folder::{self, Written};
use crate::export::compose::{Deployment, Wanted};
use crate::plan::planner::Planner;
use crate::plan::{Plan, nearest};
use crate::reporter::console::{Console, print_shown};
use crate::scenario::Override;
use host::build::Build;
use host::library::load;
use host::search::SearchPath;

/// Writes the folder.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn compose(options: &ComposeOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.scenario.color.color);
    let mut overrides = overrides(&options.scenario.set);
    // Containers have no virtual time, and mistakes differ between both.
    overrides
        .sound
        .push(Override::option("--time", "time", "real"));
    let plans = match plan_all(&options.scenario, overrides, &mut Planner::Here, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let [plan] = &plans[..] else {
        console.error(&format!(
            "there are {} scenarios, and a Compose file has one\n  export them one by one",
            plans.len()
        ));
        return Ok(Exit::BadInput);
    };
    let wanted = Wanted {
        set: &options.scenario.set,
        clients: options.clients.as_deref(),
    };
    let deployment = match Deployment::new(plan, &wanted) {
        Ok(deployment) => deployment,
        Err(mistakes) => {
            for mistake in mistakes {
                console.error(&format!("{}: {mistake}", plan.loaded.source.path));
            }
            return Ok(Exit::BadInput);
        }
    };
    let plugins = match plugins(options, plan) {
        Ok(plugins) => plugins,
        Err((exit, mistake)) => {
            console.error(&mistake);
            return Ok(exit);
        }
    };
    let default = || PathBuf::from(format!("{}-compose", deployment.name));
    let out = options.out.clone().unwrap_or_else(default);
    match folder::write(plan, &plugins, &deployment, &out, options.force) {
        Ok(written) => {
            print_shown(&text(&deployment, &out, &written))?;
            Ok(Exit::Passed)
        }
        Err(error) => {
            console.error(&error.to_string());
            Ok(Exit::BadInput)
        }
    }
}

/// The files of the plugins: those of the scenario, then those of `--plugin`, which are
/// loaded, too, so that the libraries that they need are known.
fn plugins(options: &ComposeOptions, plan: &Plan) -> Result<Vec<PathBuf>, (Exit, String)> {
    let search = SearchPath::with(&options.scenario.plugin_path);
    let of_plan = plan.plugins.iter().map(|it| Ok(it.build.path.clone()));
    let others = options.plugin.iter().map(|name| {
        let path = search.find(name).ok_or_else(|| {
            let found = search.names();
            let meant = nearest(name, &found).map(|it| format!(" (did you mean `{it}`?)"));
            let mistake = format!(
                "--plugin {name}: there is no such plugin{}\n  `runner plugins` lists those that are found",
                meant.unwrap_or_default()
            );
            (Exit::BadInput, mistake)
        })?;
        let loaded = Build::read(name, &path).and_then(|build| load(&build));
        loaded.map_err(|error| (Exit::Failed, error.to_string()))?;
        Ok(path)
    });
    of_plan.chain(others).collect()
}

/// What was written, and the next commands.
fn text(deployment: &Deployment, out: &Path, written: &Written) -> String {
    let mut text = format!("wrote {}\n", out.display());
    for path in &written.outside {
        text += &format!(
            "  left out: {path} leads out of the folder of the scenario, and containers do not have it\n"
        );
    }
    if deployment.is_choice_open {
        text += "  several groups have a number of nodes: --clients GROUP has CLIENTS=N set that of one\n";
    }
    text + &format!("run it:\n  cd {} && docker compose up\n", out.display())
}
