//! The faults of the runs: when each fault held, and what it touched.
//!
//! The runner writes `faults.csv` into the folder of each run. A fault that touched
//! nothing shows nothing about the system, so it has a warning at the top.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::{FAULTS_FILE, FaultRow};
use crate::render::number::{count, decimals, fixed, whole};
use crate::results::RunRow;

/// Nanoseconds to seconds.
const S: f64 = 1e-9;
/// Maximum number of rows in the table.
const MAX_ROWS: usize = 60;

/// One fault in all runs of a case.
#[derive(Default)]
struct FaultSummary {
    kind: String,
    what: String,
    required: bool,
    /// The first time that it held `[s]`, in any run.
    first: Option<(f64, f64)>,
    /// Number of times that it held, over all runs.
    times: u64,
    /// How much it touched, by run.
    touched: Vec<u64>,
}

/// Faults by case, in the order of the runs, and number.
type FaultSummaries = BTreeMap<(usize, u64), FaultSummary>;

/// The section about the faults of these runs; `None` if no run has a fault. Faults
/// that touched nothing are added to the warnings.
pub(super) fn section(
    folder: &Folder,
    runs: &[&RunRow],
    warnings: &mut Vec<String>,
) -> Result<Option<Section>, Error> {
    let mut cases: Vec<&str> = Vec::new();
    let mut faults = FaultSummaries::new();
    for &run in runs {
        let case = match cases.iter().position(|case| *case == run.case) {
            Some(case) => case,
            None => {
                cases.push(&run.case);
                cases.len() - 1
            }
        };
        read(folder, run, case, &mut faults)?;
    }
    if faults.is_empty() {
        return Ok(None);
    }
    let of = |case: usize| match cases.len() {
        1 => String::new(),
        _ => format!(" of case {}", cases[case]),
    };
    for (&(case, number), fault) in &faults {
        warnings.extend(fault.warning(number, &of(case)));
    }
    let observations = faults
        .iter()
        .take(MAX_ROWS)
        .map(|(&(case, number), fault)| fault.observation(number, &of(case)))
        .collect();
    Ok(Some(Section {
        id: "faults".to_owned(),
        title: "What broke?".to_owned(),
        observations,
        tables: vec![table(&cases, &faults)],
        definitions: definitions(),
        ..Section::default()
    }))
}

/// Adds the faults of a run.
fn read(
    folder: &Folder,
    run: &RunRow,
    case: usize,
    faults: &mut FaultSummaries,
) -> Result<(), Error> {
    let path = folder.run_folder(run).join(FAULTS_FILE);
    let mut last = None;
    for row in FaultRow::read(&path)? {
        let fault = faults.entry((case, row.fault)).or_default();
        if last != Some(row.fault) {
            last = Some(row.fault);
            fault.kind = row.kind;
            fault.what = row.what;
            fault.required = row.required;
            fault.touched.push(0);
        }
        if let Some((from, until)) = row.held_ns {
            fault
                .first
                .get_or_insert((from as f64 * S, until as f64 * S));
            fault.times += 1;
        }
        if let Some(touched) = fault.touched.last_mut() {
            *touched = touched.saturating_add(row.touched);
        }
    }
    Ok(())
}

impl FaultSummary {
    fn runs(&self) -> u64 {
        self.touched.len() as u64
    }

    fn mean(&self) -> f64 {
        self.touched.iter().sum::<u64>() as f64 / self.runs().max(1) as f64
    }

    fn warning(&self, number: u64, of: &str) -> Option<String> {
        let idle = self.touched.iter().filter(|touched| **touched == 0).count() as u64;
        if idle == 0 {
            return None;
        }
        let runs = match (idle == self.runs(), self.runs()) {
            (true, 1) => String::new(),
            (true, _) => " in any run".to_owned(),
            (false, all) => format!(" in {} of {}", whole(idle), count(all, "run")),
        };
        let meaning = match self.required {
            true => " It was required: these runs show nothing about it.",
            false => " What follows is not about it.",
        };
        Some(format!(
            "Fault {number} ({}){of} touched nothing{runs}: no {}.{meaning}",
            self.kind, self.what
        ))
    }

    fn observation(&self, number: u64, of: &str) -> String {
        let Some((from, until)) = self.first else {
            return format!("Fault {number} ({}){of} never came to hold.", self.kind);
        };
        let seconds = |value: f64| fixed(value, decimals([value]));
        let again = match self.times.saturating_sub(self.runs()) {
            0 => "",
            _ => " first",
        };
        let mean = self.mean();
        let per_run = match self.runs() {
            1 => "",
            _ => " per run, in the mean",
        };
        format!(
            "Fault {number} ({}){of} held{again} from {} s to {} s; {}: {}{per_run}.",
            self.kind,
            seconds(from),
            seconds(until),
            self.what,
            fixed(mean, decimals([mean]))
        )
    }
}

fn table(cases: &[&str], faults: &FaultSummaries) -> Table {
    let mut columns = vec![("fault", Align::Right)];
    if cases.len() > 1 {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("kind", Align::Left),
        ("required", Align::Left),
        ("held", Align::Right),
        ("touched", Align::Left),
        ("mean", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("runs", Align::Right),
    ]);
    let mut table = Table::new("Fault by fault", columns);
    let all = faults.len() as u64;
    let is_idle = |fault: &&FaultSummary| fault.touched.contains(&0);
    table.finding = match faults.values().filter(is_idle).count() as u64 {
        0 if all == 1 => "It touched something in every run.".to_owned(),
        0 => format!(
            "Each of the {} faults touched something in every run.",
            whole(all)
        ),
        idle => format!(
            "{} of {} touched nothing in some run.",
            whole(idle),
            count(all, "fault")
        ),
    };
    if faults.len() > MAX_ROWS {
        table.note = format!(
            "The first {MAX_ROWS} of {} are shown.",
            whole(faults.len() as u64)
        );
    }
    let shown = || faults.iter().take(MAX_ROWS);
    let places = decimals(shown().map(|(_, fault)| fault.mean()));
    table.rows = shown()
        .map(|(&(case, number), fault)| {
            let mut row = vec![number.to_string()];
            if cases.len() > 1 {
                row.push(cases[case].to_owned());
            }
            let extreme = |value: Option<&u64>| value.map_or("–".to_owned(), |it| whole(*it));
            row.extend([
                fault.kind.clone(),
                if fault.required { "yes" } else { "no" }.to_owned(),
                whole(fault.times),
                fault.what.clone(),
                fixed(fault.mean(), places),
                extreme(fault.touched.iter().min()),
                extreme(fault.touched.iter().max()),
                whole(fault.runs()),
            ]);
            row
        })
        .collect();
    table
}

fn definitions() -> Vec<(String, String)> {
    [
        ("fault", "Its number among the scenario's `[[faults]]`, from 1."),
        ("held", "How often it held, over all runs."),
        (
            "touched",
            "What is counted of it. Mean, minimum and maximum are over the runs; each time that it held is a row in `runs/NNNN/faults.csv`.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(touched: &[u64], required: bool) -> FaultSummary {
        FaultSummary {
            kind: "partition".to_owned(),
            what: "messages cut".to_owned(),
            required,
            first: Some((20.0, 30.5)),
            times: touched.len() as u64,
            touched: touched.to_vec(),
        }
    }

    #[test]
    fn a_fault_that_touched_nothing_is_warned_of() {
        let warning = |touched: &[u64], required| fault(touched, required).warning(2, "");
        assert_eq!(warning(&[3, 1], true), None);
        assert_eq!(
            warning(&[0], false).unwrap(),
            "Fault 2 (partition) touched nothing: no messages cut. What follows is not about it."
        );
        assert_eq!(
            warning(&[0, 5, 0], true).unwrap(),
            "Fault 2 (partition) touched nothing in 2 of 3 runs: no messages cut. It was required: these runs show nothing about it."
        );
        assert!(warning(&[0, 0], true).unwrap().contains(" in any run: "));
    }

    #[test]
    fn what_a_fault_did_is_a_sentence() {
        assert_eq!(
            fault(&[12], false).observation(1, ""),
            "Fault 1 (partition) held from 20 s to 30.50 s; messages cut: 12."
        );
        let never = FaultSummary {
            first: None,
            ..fault(&[0], false)
        };
        assert_eq!(
            never.observation(1, " of case faces=5"),
            "Fault 1 (partition) of case faces=5 never came to hold."
        );
    }
}
