//! `runner list`: the cases and runs that scenarios expand to.

use serde_json::{Value, json};

use crate::cli::arguments::{Format, ListOptions};
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, planned, print};
use crate::plan::Plan;

/// Writes the list.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn list(options: &ListOptions) -> anyhow::Result<Exit> {
    let terminal = Terminal::new(options.scenario.color.color);
    let plans = match planned(&options.scenario, &terminal) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let cases: Vec<Entry> = plans.iter().flat_map(entries).collect();
    let text = match options.format {
        Format::Table => table(&cases),
        Format::Json => {
            let cases: Vec<Value> = cases.iter().map(Entry::json).collect();
            serde_json::to_string_pretty(&cases)? + "\n"
        }
        Format::Github => {
            let include: Vec<Value> = cases
                .iter()
                .map(|case| json!({ "scenario": case.file, "case": case.case }))
                .collect();
            json!({ "include": include }).to_string() + "\n"
        }
    };
    print(&text)?;
    Ok(Exit::Passed)
}

/// One case of a scenario.
struct Entry {
    scenario: String,
    file: String,
    case: String,
    first: u32,
    last: u32,
    seed: u64,
}

impl Entry {
    fn json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "file": self.file,
            "case": self.case,
            "seed": self.seed,
            "first_run": self.first,
            "last_run": self.last,
        })
    }
}

fn entries(plan: &Plan) -> Vec<Entry> {
    let scenario = &plan.loaded.scenario;
    (0..)
        .zip(&plan.cases)
        .map(|(index, case)| Entry {
            scenario: scenario.name.clone(),
            file: plan.loaded.source.path.clone(),
            case: case.id.clone(),
            first: index * scenario.runs + 1,
            last: (index + 1) * scenario.runs,
            seed: scenario.seed,
        })
        .collect()
}

fn table(cases: &[Entry]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["scenario", "case", "runs", "seed", "file"]);
    for case in cases {
        let runs = match case.first == case.last {
            true => case.first.to_string(),
            false => format!("{}-{}", case.first, case.last),
        };
        table.add_row([
            case.scenario.clone(),
            case.case.clone(),
            runs,
            case.seed.to_string(),
            case.file.clone(),
        ]);
    }
    crate::cli::summary::trimmed(&table)
}
