//! The producer: sends items at intervals, then an end marker.

use runner_sdk::{
    Behavior, Column, ColumnInfo, Context, InOrder, Node, Peer, Problem, Result, Span,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Number of items sent.
pub const ITEMS: Column<u64> = Column::new(0, "items", "items sent so far");

/// The config of `echo.producer`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProducerConfig {
    /// The time before each item, the first one too; a distribution is drawn from for each
    /// item.
    pub interval: InOrder<Span>,

    /// The number of items. Item k, from 1, is the number k as text.
    pub count: u64,

    /// The end marker, sent right after the last item.
    pub end: String,

    /// Print a line for each item.
    pub print: bool,
}

impl Default for ProducerConfig {
    fn default() -> ProducerConfig {
        ProducerConfig {
            interval: Span::from_secs(1).into(),
            count: 10,
            end: END.to_owned(),
            print: true,
        }
    }
}

/// The default end marker.
pub(crate) const END: &str = "end";

/// The mistakes of an end marker.
pub(crate) fn end_problems(end: &str) -> Vec<Problem> {
    let wrong = match end {
        "" => "is empty, expected a text that ends the items",
        end if end.bytes().all(|byte| byte.is_ascii_digit()) => {
            "is a number as the items are, expected another text"
        }
        _ => return Vec::new(),
    };
    vec![Problem::at("end", wrong)]
}

/// `echo.producer`.
pub struct Producer {
    /// The peers that take items: without links, other producers are peers, too.
    consumers: Vec<Peer>,
    sent: u64,
    /// Number of intervals that were drawn.
    drawn: u64,
}

impl Behavior for Producer {
    type Config = ProducerConfig;
    const NAME: &'static str = "producer";
    const DOCS: &'static str = "Sends `count` items, `interval` apart, to its consumers in turn (its \
        peers that are no producers), and then an end marker to each of them. What it is sent, it ignores.";
    const COLUMNS: &'static [ColumnInfo] = &[ITEMS.info()];

    fn check(config: &ProducerConfig) -> Vec<Problem> {
        end_problems(&config.end)
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(ITEMS, 0);
        Ok(Producer {
            consumers: node.peers_of_other_kinds().collect(),
            sent: 0,
            drawn: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        if self.consumers.is_empty() {
            return Err("a producer without a consumer among its peers: link it to one".into());
        }
        self.go_on(node)
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        let turn = self.sent % self.consumers.len() as u64;
        let to = self.consumers[turn as usize];
        self.sent += 1;
        node.set(ITEMS, self.sent);
        let item = self.sent.to_string();
        node.send(to, item.as_bytes())?;
        if node.config().print {
            node.print(format!("produced {item}"));
        }
        self.go_on(node)
    }
}

impl Producer {
    /// Waits for the time of the next item, or sends the end markers.
    fn go_on(&mut self, node: &mut Context<Self>) -> Result {
        let config = node.config();
        if self.sent == config.count {
            let mut consumers = self.consumers.iter();
            consumers.try_for_each(|&to| node.send(to, config.end.as_bytes()))?;
            if config.print {
                node.print(format!("produced the end marker after {} items", self.sent));
            }
            return Ok(());
        }
        let interval = config.interval.next(node.random(), &mut self.drawn);
        node.set_timer(0, interval.duration());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Call, Effect, Failure, node, problems};
    use std::time::Duration;

    #[test]
    fn items_come_at_intervals_and_then_the_end() {
        let setup = node::<Producer>().peers(["consumer"]);
        let mut producer = setup.config("interval = '250ms'\ncount = 2").create();
        let wait = || Effect::timer_set(0, Duration::from_millis(250));
        assert_eq!(producer.start(), [wait()]);
        assert_eq!(producer.get(ITEMS), Some(0));
        assert_eq!(
            producer.timer(0),
            [Effect::sent(0, "1"), Effect::printed("produced 1"), wait()]
        );
        let last = [
            Effect::sent(0, "2"),
            Effect::printed("produced 2"),
            Effect::sent(0, "end"),
            Effect::printed("produced the end marker after 2 items"),
        ];
        assert_eq!(producer.timer(0), last);
        assert_eq!(producer.get(ITEMS), Some(2));
    }

    #[test]
    fn a_trace_of_intervals_is_followed() {
        let trace = "interval = { trace = { values = ['3s', '1s'] } }\ncount = 3\nprint = false";
        let mut producer = node::<Producer>().peers(["c"]).config(trace).create();
        let wait = |s| Effect::timer_set(0, Duration::from_secs(s));
        assert_eq!(producer.start(), [wait(3)]);
        assert_eq!(producer.timer(0)[1], wait(1));
        assert_eq!(producer.timer(0)[1], wait(3));
    }

    #[test]
    fn several_consumers_take_turns_and_all_get_the_end_marker() {
        let setup = node::<Producer>().peers(["a", "other", "b"]);
        let setup = setup.behaviors(["echo.consumer", "echo.producer", ""]);
        let mut producer = setup
            .config("count = 3\nend = 'fin'\nprint = false")
            .create();
        producer.start();
        assert_eq!(producer.timer(0)[0], Effect::sent(0, "1"));
        assert_eq!(producer.timer(0)[0], Effect::sent(2, "2"));
        let last = [
            Effect::sent(0, "3"),
            Effect::sent(0, "fin"),
            Effect::sent(2, "fin"),
        ];
        assert_eq!(producer.timer(0), last);
    }

    #[test]
    fn without_items_only_the_end_marker_is_sent() {
        let mut producer = node::<Producer>()
            .peers(["a"])
            .config("count = 0\nprint = false")
            .create();
        assert_eq!(producer.start(), [Effect::sent(0, "end")]);
    }

    #[test]
    fn intervals_that_vary_are_drawn_for_each_item() {
        let setup = node::<Producer>().peers(["a"]);
        let mut producer = setup
            .config("interval = { uniform = ['1s', '2s'] }")
            .create();
        let first = producer.start();
        let second = producer.timer(0);
        let after = |effects: &[Effect]| match effects.last() {
            Some(&Effect::TimerSet { after, .. }) => after,
            other => panic!("expected a timer last, found {other:?}"),
        };
        let range = Duration::from_secs(1)..Duration::from_secs(2);
        assert!(range.contains(&after(&first)) && range.contains(&after(&second)));
        assert_ne!(after(&first), after(&second));
    }

    #[test]
    fn a_producer_without_a_peer_fails() {
        let alone = node::<Producer>().create().call(Call::Start);
        let words = "a producer without a consumer among its peers: link it to one";
        assert_eq!(alone, Err(Failure::Refused(words.into())));
    }

    #[test]
    fn an_end_marker_that_may_be_an_item_is_refused() {
        for (end, message) in [
            ("''", "is empty, expected a text that ends the items"),
            (
                "'12'",
                "is a number as the items are, expected another text",
            ),
        ] {
            let found = problems::<Producer>(&format!("end = {end}"));
            assert_eq!(found, [Problem::at("end", message)]);
        }
    }
}
