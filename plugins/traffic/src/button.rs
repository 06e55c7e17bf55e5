//! The button: pressed at given times, at random, or by a message.
//!
//! A behavior does not read the keyboard. A button whose node listens to standard input
//! (`[[nodes.button.listen]]` with `stdin = "keys"`) receives each key as a message, and any
//! message is a press. So a button can also pass on presses from a network.

use runner_sdk::{
    Behavior, Column, ColumnInfo, Context, Distribution, Node, Peer, Problem, Result, Span,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Number of presses.
pub const PRESSES: Column<u64> = Column::new(0, "presses", "presses so far");

/// The message of a press. For the controller, any message is a press.
const MESSAGE: &[u8] = b"press";

/// The tag of the only timer.
const NEXT: u64 = 0;

/// The config of `traffic.button`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ButtonConfig {
    /// The times of presses, each from the start of the button; in any order.
    pub times: Vec<Span>,

    /// The time before each press, the first one too, drawn for each press; instead of
    /// `times`. Without both, only messages press the button.
    pub gap: Option<Distribution<Span>>,

    /// The name of the node that is the controller. None: the peer named `controller`, or the
    /// only peer.
    pub controller: Option<String>,
}

/// `traffic.button`.
pub struct Button {
    controller: Peer,
    /// The times that are left, the last one first.
    left: Vec<Span>,
    presses: u64,
    started_ns: u64,
}

impl Behavior for Button {
    type Config = ButtonConfig;
    const NAME: &'static str = "button";
    const DOCS: &'static str = "Is pressed at given times, at random, or by any message that it is \
        sent (from standard input, say, where its node listens to that), and then sends `press` to \
        the controller.";
    const COLUMNS: &'static [ColumnInfo] = &[PRESSES.info()];

    fn check(config: &ButtonConfig) -> Vec<Problem> {
        match &config.gap {
            Some(_) if !config.times.is_empty() => vec![Problem::at(
                "gap",
                "is set, and so are `times`: expected one of the two",
            )],
            Some(gap) if *gap == Span::ZERO.into() => {
                vec![Problem::at("gap", "is 0, expected more than 0")]
            }
            _ => Vec::new(),
        }
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        let mut left = config.times.clone();
        left.sort_unstable_by(|a, b| b.cmp(a));
        node.set(PRESSES, 0);
        Ok(Button {
            controller: controller(node)?,
            left,
            presses: 0,
            started_ns: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.started_ns = node.now_ns();
        self.wait(node);
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        self.left.pop();
        self.wait(node);
        self.press(node)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, _: &[u8]) -> Result {
        match from == self.controller {
            true => Ok(()),
            false => self.press(node),
        }
    }
}

impl Button {
    fn press(&mut self, node: &mut Context<Self>) -> Result {
        self.presses += 1;
        node.set(PRESSES, self.presses);
        node.send(self.controller, MESSAGE)
    }

    /// Sets the timer to the next press from `times` or `gap`, if there is one.
    fn wait(&self, node: &mut Context<Self>) {
        let after = match (&node.config().gap, self.left.last()) {
            (Some(gap), _) => gap.sample(node.random()).ns(),
            (None, Some(time)) => {
                let passed = node.now_ns() - self.started_ns;
                time.ns().saturating_sub(passed)
            }
            (None, None) => return,
        };
        node.set_timer(NEXT, Duration::from_nanos(after));
    }
}

/// The peer that is the controller.
fn controller(node: &Node<Button>) -> Result<Peer> {
    let wanted = node.config().controller.as_deref();
    let named = node.peer_named(wanted.unwrap_or("controller"));
    let only = (node.peer_count() == 1 && wanted.is_none()).then_some(Peer(0));
    named.or(only).ok_or_else(|| {
        let peers: Vec<&str> = node.peers().map(|peer| node.peer_name(peer)).collect();
        let peers = match peers.is_empty() {
            true => "it has no links".to_owned(),
            false => format!("peers here: {}", peers.join(", ")),
        };
        match wanted {
            Some(name) => format!("`controller` is `{name}`, and no peer has that name; {peers}"),
            None => format!("no peer is named `controller`, so say which it is; {peers}"),
        }
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, Failure, Kit, node, problems};

    fn button(config: &str) -> Kit<Button> {
        let setup = node::<Button>().peers(["light", "controller"]);
        setup.config(config).create()
    }

    fn wait(ms: u64) -> Effect {
        Effect::timer_set(NEXT, Duration::from_millis(ms))
    }

    fn press() -> Effect {
        Effect::sent(1, "press")
    }

    #[test]
    fn times_may_be_in_any_order() {
        let mut it = button("times = ['9s', '2s', '2s', '5500ms']");
        it.at(Duration::from_secs(1));
        assert_eq!(it.start(), [wait(2000)]);
        let mut at = |ms| it.at(Duration::from_millis(ms)).timer(NEXT);
        assert_eq!(at(3000), [wait(0), press()]);
        assert_eq!(at(3000), [wait(3500), press()]);
        assert_eq!(at(6500), [wait(3500), press()]);
        assert_eq!(at(10_000), [press()]);
        assert_eq!(it.get(PRESSES), Some(4));
    }

    #[test]
    fn a_late_press_does_not_delay_the_next() {
        let mut it = button("times = ['1s', '2s']");
        it.start();
        let late = it.at(Duration::from_millis(1200)).timer(NEXT);
        assert_eq!(late, [wait(800), press()]);
    }

    #[test]
    fn gaps_are_drawn_for_each_press() {
        let mut it = button("gap = { uniform = ['1s', '2s'] }");
        let first = it.start();
        let second = it.timer(NEXT);
        assert_eq!(second[1], press());
        let range = Duration::from_secs(1)..Duration::from_secs(2);
        for effects in [&first, &second] {
            let Effect::TimerSet { after, .. } = effects[0] else {
                panic!("{effects:?}");
            };
            assert!(range.contains(&after));
        }
        assert_ne!(first[0], second[0]);
    }

    #[test]
    fn a_message_from_any_peer_but_the_controller_is_a_press() {
        let mut it = button("");
        assert_eq!(it.start(), []);
        assert_eq!(it.message(7, " "), [press()]);
        assert_eq!(it.message(0, ""), [press()]);
        assert_eq!(it.message(1, "x"), []);
        assert_eq!(it.get(PRESSES), Some(2));
    }

    #[test]
    fn the_controller_is_named_or_the_only_peer() {
        let sends_to = |peers: &[&str], config: &str| {
            let setup = node::<Button>().peers(peers.iter().copied());
            let mut it = setup.config(config).try_create()?;
            Ok::<_, Failure>(it.message(9, "x"))
        };
        let sent = |to| Ok(vec![Effect::sent(to, "press")]);
        assert_eq!(sends_to(&["a"], ""), sent(0));
        assert_eq!(sends_to(&["a", "b"], "controller = 'b'"), sent(1));
        let refused = |text: &str| Err(Failure::Refused(text.to_owned()));
        assert_eq!(
            sends_to(&["a", "b"], ""),
            refused("no peer is named `controller`, so say which it is; peers here: a, b")
        );
        assert_eq!(
            sends_to(&["a"], "controller = 'c'"),
            refused("`controller` is `c`, and no peer has that name; peers here: a")
        );
    }

    #[test]
    fn times_with_gap_and_a_gap_of_0_are_refused() {
        for (config, message) in [
            (
                "gap = '1s'\ntimes = ['1s']",
                "is set, and so are `times`: expected one of the two",
            ),
            ("gap = '0s'", "is 0, expected more than 0"),
        ] {
            let found = problems::<Button>(config);
            assert_eq!(found, [Problem::at("gap", message)]);
        }
    }
}
