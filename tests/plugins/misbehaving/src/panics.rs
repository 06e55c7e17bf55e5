//! A behavior that panics in the callback that its config names.

use runner_sdk::{Behavior, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Sends to its peers in each tick and whenever a timer of 100 ms is due, until it panics.
pub struct Panics {
    calls: u32,
    panics_in_drop: bool,
}

/// Where and when the behavior panics.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The callback that panics.
    #[serde(rename = "in")]
    place: Callback,
    /// The number of the call that panics, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    at: u32,
}

fn first() -> u32 {
    1
}

/// The callbacks.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Callback {
    New,
    Start,
    Message,
    Timer,
    Tick,
    Stop,
    Drop,
}

/// The tag of the only timer; arbitrary.
const AGAIN: u64 = 1;

impl Behavior for Panics {
    type Config = Config;
    const NAME: &'static str = "panics";
    const DOCS: &'static str = "Panics in the callback that its config names.";
    const CLOCKED: bool = true;

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let mut made = Panics {
            calls: 0,
            panics_in_drop: false,
        };
        made.enter(node, Callback::New);
        made.panics_in_drop = node.config().place == Callback::Drop;
        Ok(made)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.enter(node, Callback::Start);
        node.set_timer(AGAIN, Duration::from_millis(100));
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, _: Peer, _: &[u8]) -> Result {
        self.enter(node, Callback::Message);
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        self.enter(node, Callback::Timer);
        node.set_timer(tag, Duration::from_millis(100));
        node.send_all(b"timer")
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.enter(node, Callback::Tick);
        node.send_all(b"tick")
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.enter(node, Callback::Stop);
        Ok(())
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!self.panics_in_drop, "told to panic at call 1");
    }
}

impl Panics {
    fn enter(&mut self, node: &Node<Self>, callback: Callback) {
        let config = node.config();
        if config.place == callback {
            self.calls += 1;
            assert!(
                self.calls < config.at,
                "told to panic at call {}",
                config.at
            );
        }
    }
}
