//! A behavior that prints, and sets columns of every type to values that are hard to write
//! into a CSV file.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, NoConfig, Node, Result};

/// Prints another text in each tick.
pub struct Talks {
    ticks: u64,
}

const TICKS: Column<u64> = Column::new(0, "ticks", "ticks so far");
const BALANCE: Column<i64> = Column::new(1, "balance", "minus the ticks so far");
const HALF: Column<f64> = Column::new(
    2,
    "half",
    "half of the ticks so far; empty on every third, not a number on every thousandth",
);
const EVEN: Column<bool> = Column::new(3, "even", "whether the ticks so far are even");
const SAID: Column<str> = Column::new(4, "said", "what it said; empty on every fifth tick");
const NEVER: Column<u64> = Column::new(5, "never", "never set");

const SPOKE: Event = Event::new(0, "spoke", "it said something");
const SIGHED: Event = Event::new(1, "sighed", "a second row in a tick");

/// The texts, which are printed in turn.
const WORDS: [&str; 4] = ["a, b", "she said \"no\"", "two\nlines", " \u{fc}ber "];

impl Behavior for Talks {
    type Config = NoConfig;
    const NAME: &'static str = "talks";
    const DOCS: &'static str = "Prints lines and sets columns of every kind.";
    const COLUMNS: &'static [ColumnInfo] = &[
        TICKS.info(),
        BALANCE.info(),
        HALF.info(),
        EVEN.info(),
        SAID.info(),
        NEVER.info(),
    ];
    const EVENTS: &'static [Event] = &[SPOKE, SIGHED];
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Talks { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        let words = WORDS[self.ticks as usize % WORDS.len()];
        self.ticks += 1;
        node.set(TICKS, self.ticks);
        node.set(BALANCE, -(self.ticks as i64));
        node.set(EVEN, self.ticks.is_multiple_of(2));
        match self.ticks % 3 {
            0 => node.clear(HALF),
            _ if self.ticks.is_multiple_of(1000) => node.set(HALF, f64::NAN),
            _ => node.set(HALF, self.ticks as f64 / 2.0),
        }
        match self.ticks % 5 {
            0 => node.clear_text(SAID),
            _ => node.set_text(SAID, words),
        }
        node.record(SPOKE);
        node.record(SIGHED);
        node.print(format!("{} at {} ns: {words}", node.name(), node.now_ns()));
        Ok(())
    }
}
