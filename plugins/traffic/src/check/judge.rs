//! Reads the rows of logs, and passes on what [`Safe`] and [`Timing`] need.
//!
//! The columns tell the rows: a light has `colour`; a controller has `east_west`,
//! `north_south` and, at its start, `plan`. So the checks work for any plugin that writes
//! these columns.

use super::{Finding, Road, Safe, Timing};
use crate::{Colour, Timings};
use runner_sdk::Span;
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of both checks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckConfig {
    /// The name of the node that is the controller. None: the only controller.
    pub controller: Option<String>,

    /// The name of the node that is the east-west light.
    pub east_west: String,

    /// The name of the node that is the north-south light.
    pub north_south: String,

    /// For `traffic.safe`, how long both lights may be not red at the same time; for
    /// `traffic.timing`, how much a phase may be too long or too short. In virtual time 0 is
    /// right; in real time, messages and timers are a little late.
    pub tolerance: Span,
}

impl Default for CheckConfig {
    fn default() -> CheckConfig {
        CheckConfig {
            controller: None,
            east_west: "east_west".to_owned(),
            north_south: "north_south".to_owned(),
            tolerance: Span::ZERO,
        }
    }
}

/// The part of a row that a check reads; `R` identifies the row.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a, R> {
    /// The identifier of the row.
    pub row: R,
    /// `time_ns`.
    pub time_ns: u64,
    /// The node of the log.
    pub node: &'a str,
    /// `event`.
    pub event: &'a str,
    /// `peer`, if there is one.
    pub peer: Option<&'a str>,
    /// A light's column `colour`.
    pub colour: Option<&'a str>,
    /// A controller's column `east_west`.
    pub east_west: Option<&'a str>,
    /// A controller's column `north_south`.
    pub north_south: Option<&'a str>,
    /// A controller's column `plan`.
    pub plan: Option<&'a str>,
}

/// Finds the controller among the nodes that write a plan.
#[derive(Clone, Debug)]
struct Controller {
    name: Option<String>,
    given: bool,
    several: Option<String>,
}

impl Controller {
    fn new(config: &CheckConfig) -> Controller {
        Controller {
            name: config.controller.clone(),
            given: config.controller.is_some(),
            several: None,
        }
    }

    /// Whether a row is the controller's.
    fn wrote<R>(&mut self, entry: &Entry<'_, R>) -> bool {
        if entry.plan.is_some() && !self.given {
            match &self.name {
                None => self.name = Some(entry.node.to_owned()),
                Some(name) if name != entry.node => {
                    self.several.get_or_insert_with(|| entry.node.to_owned());
                }
                Some(_) => {}
            }
        }
        self.name.as_deref() == Some(entry.node)
    }

    /// The reason why there is no result, if there is none.
    fn doubt(&self) -> Option<String> {
        match (&self.name, &self.several) {
            (Some(one), Some(other)) => Some(format!(
                "`{one}` and `{other}` are controllers: say which, `controller = \"...\"`"
            )),
            _ => None,
        }
    }
}

fn colour(letter: Option<&str>) -> Option<Colour> {
    Colour::from_message(letter?.as_bytes())
}

/// `traffic.safe`: never both other than red.
#[derive(Clone, Debug)]
pub struct SafeJudge<R> {
    config: CheckConfig,
    /// Whether the light of east-west and of north-south writes a log. A light that is a
    /// program does not; only the messages to it are known.
    writes: [bool; 2],
    controller: Controller,
    safe: Safe<R>,
    last: Option<(u64, R)>,
}

impl<R: Clone> SafeJudge<R> {
    /// For a run in which `writes` returns whether the log of a node has the column `colour`.
    pub fn new(config: &CheckConfig, writes: impl Fn(&str) -> bool) -> SafeJudge<R> {
        SafeJudge {
            writes: [writes(&config.east_west), writes(&config.north_south)],
            controller: Controller::new(config),
            safe: Safe::new(config.tolerance.ns()),
            last: None,
            config: config.clone(),
        }
    }

    /// The next row, in the order of time.
    pub fn entry(&mut self, entry: &Entry<'_, R>) {
        self.last = Some((entry.time_ns, entry.row.clone()));
        let controls = self.controller.wrote(entry);
        let lights = [&self.config.east_west, &self.config.north_south];
        let told = [entry.east_west, entry.north_south];
        let shown = |road: Road| match self.writes[road as usize] {
            true if entry.node == lights[road as usize] => colour(entry.colour),
            false if controls => colour(told[road as usize]),
            _ => None,
        };
        let mut roads = [Road::EastWest, Road::NorthSouth].map(|road| (road, shown(road)));
        // A row of the controller has the colours of both roads, without an order. The road
        // that stops is taken first.
        roads.sort_by_key(|(_, shown)| *shown != Some(Colour::Red));
        for (road, shown) in roads {
            if let Some(shown) = shown {
                let row = entry.row.clone();
                self.safe.shows(entry.time_ns, road, shown, row);
            }
        }
    }

    /// Number of times that a light showed a colour.
    pub fn changes(&self) -> u64 {
        self.safe.changes()
    }

    /// The result.
    pub fn finish(self) -> Finding<R> {
        match self.controller.doubt() {
            Some(reason) if self.writes != [true; 2] => Finding::Unknown { reason },
            _ => {
                let (end_ns, row) = self.last.unzip();
                self.safe.finish(end_ns.unwrap_or(0), row.as_ref())
            }
        }
    }
}

/// `traffic.timing`: every phase as configured.
#[derive(Clone, Debug)]
pub struct TimingJudge<R> {
    config: CheckConfig,
    controller: Controller,
    timing: Timing<R>,
    last: Option<(u64, R)>,
    unreadable: Option<String>,
}

impl<R: Clone> TimingJudge<R> {
    /// The state before the first row.
    pub fn new(config: &CheckConfig) -> TimingJudge<R> {
        TimingJudge {
            config: config.clone(),
            controller: Controller::new(config),
            timing: Timing::new(config.tolerance.ns()),
            last: None,
            unreadable: None,
        }
    }

    /// The next row, in the order of time.
    pub fn entry(&mut self, entry: &Entry<'_, R>) {
        if !self.controller.wrote(entry) {
            return;
        }
        self.last = Some((entry.time_ns, entry.row.clone()));
        match (entry.event, entry.plan) {
            ("start", Some(plan)) => match plan.parse::<Timings>() {
                Ok(timings) => self.timing.starts(timings),
                Err(found) => {
                    let why = format!("the plan of `{}` has {found}", entry.node);
                    self.unreadable.get_or_insert(why);
                }
            },
            ("crash", _) => self.timing.crashes(),
            ("receive", _) if entry.peer.is_some_and(|peer| !self.is_light(peer)) => {
                self.timing.press(entry.time_ns, entry.row.clone());
            }
            _ => {}
        }
        if let (Some(one), Some(other)) = (colour(entry.east_west), colour(entry.north_south)) {
            let row = entry.row.clone();
            self.timing.shows(entry.time_ns, [one, other], row);
        }
    }

    /// Number of phases that have ended.
    pub fn judged(&self) -> u64 {
        self.timing.judged()
    }

    /// The result.
    pub fn finish(self) -> Finding<R> {
        let doubt = self.controller.doubt().or(self.unreadable);
        match (doubt, self.last) {
            (Some(reason), _) => Finding::Unknown { reason },
            (None, Some((end_ns, row))) => self.timing.finish(end_ns, row),
            (None, None) => Finding::Unknown {
                reason: "no controller wrote what was configured".to_owned(),
            },
        }
    }

    fn is_light(&self, peer: &str) -> bool {
        peer == self.config.east_west || peer == self.config.north_south
    }
}

#[cfg(test)]
mod tests;
