//! The controller: goes through the phases and sends the lights their colours.
//!
//! Any message from a peer that is no light is a press of the button: from a node, a program
//! or an external connection.

mod config;
mod cycle;
#[cfg(test)]
mod tests;

pub use config::{ControllerConfig, Timings};
pub use cycle::{Cycle, Press};

use crate::Colour;
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Result};
use std::time::Duration;

/// The colour sent to the east-west light.
pub const EAST_WEST: Column<str> = Column::new(
    0,
    "east_west",
    "what the east-west light was told: R, G or Y",
);
/// The colour sent to the north-south light.
pub const NORTH_SOUTH: Column<str> = Column::new(
    1,
    "north_south",
    "what the north-south light was told: R, G or Y",
);
/// Number of presses that were not ignored.
pub const PRESSES: Column<u64> = Column::new(2, "presses", "presses so far that were not ignored");
/// The length of a north-south green.
pub const GREEN: Column<u64> = Column::new(
    3,
    "north_south_green_ns",
    "how long north-south was green, in the step in which that ends [ns]",
);
/// The configured durations.
pub const PLAN: Column<str> = Column::new(
    4,
    "plan",
    "the durations that were configured, in the rows of the start",
);

/// A phase begins.
pub const CHANGE: Event = Event::new(0, "change", "a phase begins");
/// [`Press::Counts`].
pub const PRESS: Event = Event::new(1, "press", "a press that ends this green, now or later");
/// [`Press::Remembered`].
pub const REMEMBERED: Event = Event::new(2, "remembered", "a press for the next north-south green");
/// [`Press::Ignored`].
pub const IGNORED: Event = Event::new(3, "ignored", "a press that changes nothing");

/// The tag of the only timer.
const END_OF_PHASE: u64 = 0;

/// `traffic.controller`.
pub struct Controller {
    cycle: Cycle,
    /// East-west and north-south.
    lights: [Peer; 2],
    /// The colours sent last.
    told: [Option<Colour>; 2],
    presses: u64,
}

impl Behavior for Controller {
    type Config = ControllerConfig;
    const NAME: &'static str = "controller";
    const DOCS: &'static str = "Tells two lights their colours, R, G or Y: east-west green, \
        east-west yellow, north-south green, north-south yellow, and again. Any message from \
        anyone but the lights is a press of the button, which shortens north-south green.";
    const COLUMNS: &'static [ColumnInfo] = &[
        EAST_WEST.info(),
        NORTH_SOUTH.info(),
        PRESSES.info(),
        GREEN.info(),
        PLAN.info(),
    ];
    const EVENTS: &'static [Event] = &[CHANGE, PRESS, REMEMBERED, IGNORED];

    fn check(config: &ControllerConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        node.set(PRESSES, 0);
        Ok(Controller {
            cycle: Cycle::new(config.timings(), node.now_ns()),
            lights: [
                light(node, "east_west", &config.east_west)?,
                light(node, "north_south", &config.north_south)?,
            ],
            told: [None; 2],
            presses: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let timings = node.config().timings();
        node.set_text(PLAN, timings.to_string());
        self.cycle = Cycle::new(timings, node.now_ns());
        self.begin_phase(node)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, _: &[u8]) -> Result {
        begin_step(node);
        if self.lights.contains(&from) {
            return Ok(());
        }
        let word = match self.cycle.press(node.now_ns()) {
            Press::Counts => PRESS,
            Press::Remembered => REMEMBERED,
            Press::Ignored => IGNORED,
        };
        if word != IGNORED {
            self.presses += 1;
            node.set(PRESSES, self.presses);
        }
        node.record(word);
        match word {
            PRESS => self.go_on(node),
            _ => Ok(()),
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        begin_step(node);
        self.go_on(node)
    }
}

impl Controller {
    /// Begins the next phase if this one is over; otherwise sets the timer to its end.
    fn go_on(&mut self, node: &mut Context<Self>) -> Result {
        let now = node.now_ns();
        if now < self.cycle.ends_ns() {
            self.wait(node);
            return Ok(());
        }
        if self.cycle.phase() == crate::Phase::NorthSouthGreen {
            node.set(GREEN, now - self.cycle.began_ns());
        }
        self.cycle.go_on(now);
        self.begin_phase(node)
    }

    /// Sends the new colour to each light whose colour changes: first to the light that
    /// stops.
    fn begin_phase(&mut self, node: &mut Context<Self>) -> Result {
        let colours = self.cycle.phase().colours();
        node.set_text(EAST_WEST, colours[0].letter());
        node.set_text(NORTH_SOUTH, colours[1].letter());
        node.record(CHANGE);
        let mut roads = [0, 1];
        roads.sort_by_key(|&road| colours[road] != Colour::Red);
        for road in roads {
            if self.told[road] != Some(colours[road]) {
                self.told[road] = Some(colours[road]);
                node.send(self.lights[road], colours[road].letter().as_bytes())?;
            }
        }
        self.wait(node);
        Ok(())
    }

    fn wait(&self, node: &mut Context<Self>) {
        let left = self.cycle.ends_ns().saturating_sub(node.now_ns());
        node.set_timer(END_OF_PHASE, Duration::from_nanos(left));
    }
}

/// Clears the columns that are for one step only.
fn begin_step(node: &mut Context<Controller>) {
    node.clear(GREEN);
    node.clear_text(PLAN);
}

/// The peer that is a light.
fn light(node: &Node<Controller>, key: &str, name: &str) -> Result<Peer> {
    node.peer_named(name).ok_or_else(|| {
        let peers: Vec<&str> = node.peers().map(|peer| node.peer_name(peer)).collect();
        let peers = match peers.is_empty() {
            true => "it has no links".to_owned(),
            false => format!("peers here: {}", peers.join(", ")),
        };
        format!("`{key}` is the light `{name}`, and no peer has that name; {peers}").into()
    })
}
