//! The consumer: takes items until the end marker.
//!
//! The time for an item is the `service_time` of the node. Items that arrive meanwhile wait
//! in the inbox, which is the queue of this experiment.

use crate::client::plan::shown;
use crate::producer::{END, end_problems};
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Number of items taken.
pub const ITEMS: Column<u64> = Column::new(0, "items", "items taken so far");

/// An end marker was taken.
pub const ENDED: Event = Event::new(0, "end", "an end marker was taken");

/// An item came after the last end marker.
pub const LATE: Event = Event::new(1, "late", "an item came after the end, and was not counted");

/// The config of `echo.consumer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConsumerConfig {
    /// The end marker.
    pub end: String,

    /// Number of end markers to wait for: one from each producer.
    #[schemars(range(min = 1))]
    pub producers: u32,

    /// End the run at the last end marker. With `false` the run goes on and this
    /// consumer is idle: for several consumers, so that the first one that has ended does
    /// not end the others.
    pub stop: bool,

    /// Print a line for each item.
    pub print: bool,
}

impl Default for ConsumerConfig {
    fn default() -> ConsumerConfig {
        ConsumerConfig {
            end: END.to_owned(),
            producers: 1,
            stop: true,
            print: true,
        }
    }
}

/// `echo.consumer`.
pub struct Consumer {
    items: u64,
    ends: u32,
}

impl Behavior for Consumer {
    type Config = ConsumerConfig;
    const NAME: &'static str = "consumer";
    const DOCS: &'static str = "Takes items until the end marker of its last producer, and then \
        stops the run. Its node's `service_time` is how long an item takes.";
    const COLUMNS: &'static [ColumnInfo] = &[ITEMS.info()];
    const EVENTS: &'static [Event] = &[ENDED, LATE];

    fn check(config: &ConsumerConfig) -> Vec<Problem> {
        end_problems(&config.end)
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(ITEMS, 0);
        Ok(Consumer { items: 0, ends: 0 })
    }

    fn message(&mut self, node: &mut Context<Self>, _: Peer, bytes: &[u8]) -> Result {
        let config = node.config();
        let is_end = bytes == config.end.as_bytes();
        if self.ends == config.producers {
            if !is_end {
                node.record(LATE);
            }
        } else if is_end {
            self.ends += 1;
            node.record(ENDED);
            if config.print {
                node.print(format!("consumed an end marker after {} items", self.items));
            }
            if self.ends == config.producers && config.stop {
                node.stop_run(format!(
                    "{} took the last of {} items",
                    node.name(),
                    self.items
                ));
            }
        } else {
            self.items += 1;
            node.set(ITEMS, self.items);
            if config.print {
                node.print(format!("consumed {}", shown(bytes)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node, problems};

    #[test]
    fn items_are_counted_until_the_end_which_stops_the_run() {
        let mut consumer = node::<Consumer>().name("c").peers(["p"]).create();
        let printed = [Effect::printed("consumed 1")];
        assert_eq!(consumer.message(0, "1"), printed);
        let printed = [Effect::printed("consumed \\x02")];
        assert_eq!(consumer.message(0, [2]), printed);
        assert_eq!(consumer.get(ITEMS), Some(2));
        let end = [
            Effect::recorded(ENDED),
            Effect::printed("consumed an end marker after 2 items"),
            Effect::StoppedRun("c took the last of 2 items".into()),
        ];
        assert_eq!(consumer.message(0, "end"), end);
        assert_eq!(consumer.get(ITEMS), Some(2));
    }

    #[test]
    fn with_stop_false_the_run_goes_on() {
        let setup = node::<Consumer>().config("stop = false\nend = 'fin'\nprint = false");
        let mut consumer = setup.peers(["p"]).create();
        assert_eq!(consumer.message(0, "end"), []);
        assert_eq!(consumer.message(0, "fin"), [Effect::recorded(ENDED)]);
        assert_eq!(consumer.get(ITEMS), Some(1));
    }

    #[test]
    fn with_several_producers_the_last_end_counts() {
        let setup = node::<Consumer>().config("producers = 2\nprint = false");
        let mut consumer = setup.peers(["p", "q"]).create();
        assert_eq!(consumer.message(0, "end"), [Effect::recorded(ENDED)]);
        assert_eq!(consumer.message(1, "1"), []);
        assert_eq!(consumer.message(1, "end").len(), 2);
        assert_eq!(consumer.get(ITEMS), Some(1));
    }

    #[test]
    fn an_item_after_the_end_is_late() {
        let mut consumer = node::<Consumer>()
            .peers(["p"])
            .config("print = false")
            .create();
        consumer.message(0, "end");
        assert_eq!(consumer.message(0, "7"), [Effect::recorded(LATE)]);
        assert_eq!(consumer.message(0, "end"), []);
        assert_eq!(consumer.get(ITEMS), Some(0));
    }

    #[test]
    fn waiting_for_no_producer_is_refused() {
        let found = problems::<Consumer>("producers = 0");
        assert_eq!(found[0].path, "producers");
        assert_eq!(problems::<Consumer>("end = '1'")[0].path, "end");
    }
}
