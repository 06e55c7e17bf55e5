//! Heartbeats: each node sends its peers a heartbeat at an interval, and records a
//! silence if it receives none for too long.
//!
//! A behavior is a state machine. The runner makes one instance per node and calls its
//! functions; their effects happen in order. Use `Node::now` and timers for time, and
//! `Node::random` for random numbers: then the same seed gives the same run.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Result, Span};

/// A column of the node's log; it holds its value until it is set again.
const HEARD: Column<u64> = Column::new(0, "heard", "heartbeats heard so far");

/// An event that the node writes into the `event` column of its log.
const SILENCE: Event = Event::new(0, "silence", "nobody was heard for `patience`");

/// The tags of the two timers.
const BEAT: u64 = 0;
const PATIENCE: u64 = 1;

/// What a scenario may set. These comments, defaults and types are what
/// `runner plugins @NAME@.pulse` shows, and what `runner check` checks.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Config {
    /// The time between two heartbeats.
    interval: Span,
    /// How long to wait for a heartbeat before a silence is recorded.
    patience: Span,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            interval: Span::from_secs(1),
            patience: Span::from_ms(2500),
        }
    }
}

/// A node's instance.
struct Pulse {
    heard: u64,
}

impl Behavior for Pulse {
    type Config = Config;
    const NAME: &'static str = "pulse";
    const DOCS: &'static str = "Sends every peer a heartbeat at an interval, and records a \
        silence when it has heard none for too long.";
    const COLUMNS: &'static [ColumnInfo] = &[HEARD.info()];
    const EVENTS: &'static [Event] = &[SILENCE];

    /// Checks what types and ranges cannot express, before any run begins.
    fn check(config: &Config) -> Vec<Problem> {
        if config.interval == Span::ZERO {
            return vec![Problem::at("interval", "no time at all, expected more")];
        }
        Vec::new()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(HEARD, 0);
        Ok(Pulse { heard: 0 })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        node.set_timer(BEAT, node.config().interval.duration());
        node.set_timer(PATIENCE, node.config().patience.duration());
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, _from: Peer, _bytes: &[u8]) -> Result {
        self.heard += 1;
        node.set(HEARD, self.heard);
        // Replaces the pending timer.
        node.set_timer(PATIENCE, node.config().patience.duration());
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        if tag == PATIENCE {
            // One silence is enough until the next message sets the timer again.
            node.record(SILENCE);
            return Ok(());
        }
        node.set_timer(BEAT, node.config().interval.duration());
        node.send_all(b"alive")
    }
}

runner_sdk::plugin! { name: "@NAME@", docs: "Heartbeats.", behaviors: [Pulse] }

#[cfg(test)]
mod tests;
