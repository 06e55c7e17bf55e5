//! `runner list`: the cases and runs that scenarios expand to.
//!
//! `--format github` writes a value for `strategy.matrix` of a workflow, to be read with
//! `fromJson`: one job per case, or with `--shards N` up to N jobs per scenario. Each
//! job has the options for its `runner run`, and a name for its results and artifact.

use serde_json::{Map, Value, json};

use crate::cli::arguments::{Format, ListOptions};
use crate::cli::select::select;
use crate::cli::{Exit, planned};
use crate::plan::planner::Planner;
use crate::plan::{Plan, RunSpec, Selection, Shard};
use crate::reporter::console::{Console, print};
use crate::reporter::count;
use base::harmless;

/// Maximum number of jobs that the CI service makes of one matrix.
const MAX_JOBS: usize = 256;

/// Writes the list.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn list(options: &ListOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.scenario.color.color);
    let plans = match planned(&options.scenario, &mut Planner::Here, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let selected = match select(&plans, &options.selection, &console) {
        Ok(selected) => selected,
        Err(exit) => return Ok(exit),
    };
    let entries = || selected.iter().flat_map(|(plan, runs)| entries(plan, runs));
    let text = match options.format {
        Format::Table => harmless::lines(&table(&entries().collect::<Vec<_>>())).into_owned(),
        Format::Json => {
            let cases: Vec<Value> = entries().map(|entry| entry.json()).collect();
            serde_json::to_string_pretty(&cases)? + "\n"
        }
        Format::Github => {
            let jobs: Vec<Value> = match options.shards {
                Some(shards) => {
                    let of =
                        |(plan, _): &(&Plan, _)| shard_jobs(plan, &options.selection.case, shards);
                    selected.iter().flat_map(of).collect()
                }
                None => entries().map(|entry| entry.job()).collect(),
            };
            if jobs.len() > MAX_JOBS {
                console.error(&format!(
                    "{}, and a matrix has at most {MAX_JOBS}\n  take fewer, each a shard: --shards N",
                    count(jobs.len() as u64, "job")
                ));
                return Ok(Exit::BadInput);
            }
            json!({ "include": jobs }).to_string() + "\n"
        }
    };
    print(&text)?;
    Ok(Exit::Passed)
}

/// One case of a scenario, and its runs that are selected.
struct Entry<'a> {
    plan: &'a Plan,
    case: usize,
    /// Ranges of run numbers, first and last.
    runs: Vec<(u32, u32)>,
}

fn entries<'a>(plan: &'a Plan, runs: &[RunSpec]) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for run in runs {
        match entries.last_mut() {
            Some(entry) if entry.case == run.case => match entry.runs.last_mut() {
                Some((_, last)) if *last + 1 == run.number => *last = run.number,
                _ => entry.runs.push((run.number, run.number)),
            },
            _ => entries.push(Entry {
                plan,
                case: run.case,
                runs: vec![(run.number, run.number)],
            }),
        }
    }
    entries
}

impl Entry<'_> {
    fn scenario(&self) -> &str {
        &self.plan.loaded.scenario.name
    }

    fn file(&self) -> &str {
        &self.plan.loaded.source.path
    }

    fn id(&self) -> &str {
        &self.plan.cases[self.case].id
    }

    fn seed(&self) -> u64 {
        self.plan.cases[self.case].scenario.seed
    }

    /// `1-3,7`.
    fn ranges(&self) -> String {
        let range = |(first, last): &(u32, u32)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let ranges: Vec<String> = self.runs.iter().map(range).collect();
        ranges.join(",")
    }

    fn json(&self) -> Value {
        let case = &self.plan.cases[self.case];
        let named = self.plan.axes.iter().zip(&case.values);
        let axes: Map<String, Value> = named
            .map(|(axis, value)| (axis.name.clone(), value.value.clone()))
            .collect();
        json!({
            "scenario": self.scenario(),
            "file": self.file(),
            "case": self.id(),
            "axes": axes,
            "seed": self.seed(),
            "first_run": self.runs.first().map(|it| it.0),
            "last_run": self.runs.last().map(|it| it.1),
            "runs": self.ranges(),
        })
    }

    /// A job that runs this case.
    fn job(&self) -> Value {
        json!({
            "name": format!("{}-{}", self.scenario(), self.id()),
            "scenario": self.file(),
            "case": self.id(),
            "select": format!("--case {}", self.id()),
        })
    }
}

/// The jobs that run the shards of a plan, without empty shards.
///
/// With `[until]` there is one job: the number of runs depends on their results.
fn shard_jobs(plan: &Plan, cases: &[String], count: u32) -> Vec<Value> {
    let globs: String = cases.iter().map(|it| format!("--case '{it}' ")).collect();
    if plan.until().is_some() {
        return vec![json!({
            "name": plan.loaded.scenario.name,
            "scenario": plan.loaded.source.path,
            "select": globs.trim_end(),
        })];
    }
    let shards = (1..=count).map(|index| Shard { index, count });
    let some = shards.filter(|&shard| {
        let selection = Selection {
            cases: cases.to_vec(),
            run: None,
            shard: Some(shard),
        };
        !plan.select(&selection).is_empty()
    });
    some.map(|shard| {
        json!({
            "name": format!("{}-{}-of-{}", plan.loaded.scenario.name, shard.index, shard.count),
            "scenario": plan.loaded.source.path,
            "shard": shard.to_string(),
            "select": format!("{globs}--shard {shard}"),
        })
    })
    .collect()
}

fn table(entries: &[Entry<'_>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["scenario", "case", "runs", "seed", "file"]);
    for entry in entries {
        table.add_row([
            entry.scenario().to_owned(),
            entry.id().to_owned(),
            entry.ranges(),
            entry.seed().to_string(),
            entry.file().to_owned(),
        ]);
    }
    crate::reporter::summary::trimmed(&table)
}
