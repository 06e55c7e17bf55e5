//! `traffic.safe` and `traffic.timing`: the judges as checks of a scenario.

use super::{CheckConfig, Entry, Finding, SafeJudge, TimingJudge};
use runner_sdk::{Check, Found, Problem, Record, Result, RunInfo, Verdict};

/// `traffic.safe`.
pub struct TrafficSafe(SafeJudge<Found>);

impl Check for TrafficSafe {
    type Config = CheckConfig;
    const NAME: &'static str = "safe";
    const DOCS: &'static str = "The two lights are never both other than red. Judged from what they \
        show, and of a light that is a program from what it was told.";

    fn check(config: &CheckConfig) -> Vec<Problem> {
        problems(config)
    }

    fn new(config: &CheckConfig, run: &RunInfo) -> Result<Self> {
        let writes = |name: &str| {
            run.node_named(name)
                .is_some_and(|node| run.has_column(node, "colour"))
        };
        everybody_is_there(config, run)?;
        Ok(TrafficSafe(SafeJudge::new(config, writes)))
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some(entry) = entry(record) {
            self.0.entry(&entry);
        }
    }

    fn finish(self) -> Verdict {
        let seen = format!("{} rows with a colour, never both", self.0.changes());
        verdict(self.0.finish(), seen)
    }
}

/// `traffic.timing`.
pub struct TrafficTiming(TimingJudge<Found>);

impl Check for TrafficTiming {
    type Config = CheckConfig;
    const NAME: &'static str = "timing";
    const DOCS: &'static str = "The phases follow one another and each lasts as the controller was \
        configured, presses considered. Judged from what the controller told the lights and who \
        sent it what.";

    fn check(config: &CheckConfig) -> Vec<Problem> {
        problems(config)
    }

    fn new(config: &CheckConfig, run: &RunInfo) -> Result<Self> {
        everybody_is_there(config, run)?;
        Ok(TrafficTiming(TimingJudge::new(config)))
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some(entry) = entry(record) {
            self.0.entry(&entry);
        }
    }

    fn finish(self) -> Verdict {
        let seen = format!("{} phases as configured", self.0.judged());
        verdict(self.0.finish(), seen)
    }
}

fn problems(config: &CheckConfig) -> Vec<Problem> {
    if config.east_west != config.north_south {
        return Vec::new();
    }
    let found = format!(
        "is `{}`, and so is `east_west`: expected two lights",
        config.north_south
    );
    vec![Problem::at("north_south", found)]
}

/// Whether the run has the nodes that a config names.
fn everybody_is_there(config: &CheckConfig, run: &RunInfo) -> Result {
    let keys = [
        ("controller", config.controller.as_ref()),
        ("east_west", Some(&config.east_west)),
        ("north_south", Some(&config.north_south)),
    ];
    for (key, name) in keys {
        if let Some(name) = name.filter(|name| run.node_named(name).is_none()) {
            return Err(format!("`{key}` is `{name}`, and no node has that name").into());
        }
    }
    Ok(())
}

/// The part of a record that the checks read; none if the node has no colours.
fn entry<'a>(record: &Record<'a>) -> Option<Entry<'a, Found>> {
    let colour = record.text("colour");
    let east_west = record.text("east_west");
    let north_south = record.text("north_south");
    let note = match (colour, east_west, north_south) {
        (Some(colour), ..) => colour.to_owned(),
        (None, Some(one), Some(other)) => format!("east-west {one}, north-south {other}"),
        // A crash leaves no colours, and ends a phase.
        _ if record.event() == "crash" => String::new(),
        _ => return None,
    };
    Some(Entry {
        row: record.found(note),
        time_ns: record.time_ns(),
        node: record.node_name(),
        event: record.event(),
        peer: record.peer().map(|_| record.peer_name()),
        colour,
        east_west,
        north_south,
        plan: record.text("plan"),
    })
}

fn verdict(finding: Finding<Found>, seen: String) -> Verdict {
    match finding {
        Finding::Pass => Verdict::passed(seen),
        Finding::Fail { reason, rows } => rows
            .into_iter()
            .fold(Verdict::fail(reason), |verdict, row| verdict.row(row)),
        Finding::Unknown { reason } => Verdict::unknown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Controller, Light, Timings};
    use runner_sdk::Judged;
    use runner_sdk::testkit::{Judge, Seen, check, check_problems};

    const S: u64 = 1_000_000_000;

    /// A crossing. The numbers of its nodes are their places in this list.
    fn crossing<C: Check>(config: &str) -> Judge<C> {
        check::<C>()
            .config(config)
            .node::<Controller>("controller", "traffic")
            .node::<Light>("east_west", "traffic")
            .node::<Light>("north_south", "traffic")
            .begin()
    }

    /// Passes the records of a controller and its lights to a check, with these phases, each
    /// from a time `[s]`.
    fn watch<C: Check>(run: &mut Judge<C>, phases: &[(u64, &str, &str)]) {
        let plan = Timings::default().to_string();
        for (index, &(seconds, east_west, north_south)) in phases.iter().enumerate() {
            run.at(seconds * S);
            let mut texts = vec![("east_west", east_west), ("north_south", north_south)];
            if index == 0 {
                texts.push(("plan", &plan));
            }
            let event = if index == 0 { "start" } else { "timer" };
            run.step(&Seen {
                node: 0,
                event,
                texts: &texts,
                ..Seen::default()
            });
            for (node, colour) in [(1, east_west), (2, north_south)] {
                run.step(&Seen {
                    node,
                    event: "receive",
                    texts: &[("colour", colour)],
                    ..Seen::default()
                });
            }
        }
    }

    const ROUND: [(u64, &str, &str); 4] = [
        (0, "G", "R"),
        (30, "Y", "R"),
        (35, "R", "G"),
        (95, "R", "Y"),
    ];

    #[test]
    fn a_round_passes_with_the_number_of_phases() {
        let mut run = crossing::<TrafficTiming>("");
        watch(&mut run, &ROUND);
        let verdict = run.finish();
        assert_eq!(verdict.judged, Judged::Passed);
        assert_eq!(verdict.reason, "3 phases as configured");
        let mut run = crossing::<TrafficSafe>("");
        watch(&mut run, &ROUND);
        let verdict = run.finish();
        assert_eq!(verdict.judged, Judged::Passed);
        assert_eq!(verdict.reason, "8 rows with a colour, never both");
    }

    #[test]
    fn a_failure_names_its_rows() {
        let mut run = crossing::<TrafficTiming>("");
        watch(&mut run, &[ROUND[0], (30, "R", "G")]);
        let verdict = run.finish();
        assert_eq!(verdict.judged, Judged::Failed);
        let rows: Vec<_> = verdict
            .rows
            .iter()
            .map(|row| (row.node, &*row.note))
            .collect();
        assert_eq!(
            rows,
            [
                (0, "east-west G, north-south R"),
                (0, "east-west R, north-south G")
            ]
        );
        let mut run = crossing::<TrafficSafe>("");
        watch(&mut run, &[ROUND[0], (30, "G", "G")]);
        let verdict = run.finish();
        assert_eq!(verdict.judged, Judged::Failed);
        let rows: Vec<_> = verdict
            .rows
            .iter()
            .map(|row| (row.node, &*row.note))
            .collect();
        assert_eq!(rows, [(1, "G"), (2, "G")]);
    }

    #[test]
    fn nothing_to_judge_is_unknown() {
        let verdict = crossing::<TrafficSafe>("").finish();
        assert_eq!(verdict.judged, Judged::Unknown);
        let verdict = crossing::<TrafficTiming>("").finish();
        assert_eq!(verdict.judged, Judged::Unknown);
    }

    #[test]
    fn one_light_under_two_names_is_refused() {
        let found = check_problems::<TrafficSafe>("east_west = 'a'\nnorth_south = 'a'");
        assert_eq!(found[0].path, "north_south");
        let found = check_problems::<TrafficTiming>("tolerance = 'much'");
        assert_eq!(found[0].path, "tolerance");
    }
}
