//! Traffic controllers that break one rule each, which the checks of the traffic plugin must
//! find. They write the columns that those checks read, with the true durations in `plan`.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

const EAST_WEST: Column<str> = Column::new(0, "east_west", "what the east-west light was told");
const NORTH_SOUTH: Column<str> =
    Column::new(1, "north_south", "what the north-south light was told");
const PLAN: Column<str> = Column::new(2, "plan", "what was configured");

/// The rule that is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breaks {
    /// None: the round of the traffic plugin, without a button.
    #[default]
    Nothing,
    /// North-south is green right after east-west.
    SkipsYellow,
    /// North-south is green while east-west still is.
    BothGreen,
    /// East-west is yellow for 4.9 s.
    ShortYellow,
    /// One road gets green before the other gets red.
    GoesBeforeStops,
    /// A press is ignored.
    Deaf,
    /// North-south stays green.
    Stuck,
}

/// The config.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The rule that is broken.
    pub breaks: Breaks,
}

/// `reckless.controller`.
pub struct Controller {
    /// Number of changes so far.
    changes: usize,
    green_at: Duration,
}

impl Behavior for Controller {
    type Config = Config;
    const NAME: &'static str = "controller";
    const DOCS: &'static str = "A traffic controller that breaks a rule.";
    const COLUMNS: &'static [ColumnInfo] = &[EAST_WEST.info(), NORTH_SOUTH.info(), PLAN.info()];

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Controller {
            changes: 0,
            green_at: Duration::ZERO,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let plan = "east_west_green=30s north_south_green=1m yellow=5s \
                    north_south_min_green=30s remember_press=false";
        node.set_text(PLAN, plan);
        self.change(node)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, _: &[u8]) -> Result {
        let light = matches!(node.peer_name(from), "east_west" | "north_south");
        let deaf = node.config().breaks == Breaks::Deaf;
        if self.changes % 4 == 3 && !light && !deaf {
            let least = self.green_at + Duration::from_secs(30);
            node.set_timer(0, least.saturating_sub(node.now()));
        }
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        node.clear_text(PLAN);
        self.change(node)
    }
}

impl Controller {
    fn change(&mut self, node: &mut Context<Self>) -> Result {
        let breaks = node.config().breaks;
        let rounds = [
            ("G", "R", 30_000),
            ("Y", "R", 5_000),
            ("R", "G", 60_000),
            ("R", "Y", 5_000),
        ];
        let (mut east_west, north_south, mut lasts) = rounds[self.changes % 4];
        match (breaks, self.changes % 4) {
            (Breaks::SkipsYellow, 1) => {
                self.changes += 1;
                return self.change(node);
            }
            (Breaks::BothGreen, 2) => east_west = "G",
            (Breaks::ShortYellow, 1) => lasts = 4_900,
            (Breaks::Stuck, 2) => lasts = 600_000,
            _ => {}
        }
        if self.changes % 4 == 2 {
            self.green_at = node.now();
        }
        self.changes += 1;
        node.set_text(EAST_WEST, east_west);
        node.set_text(NORTH_SOUTH, north_south);
        let mut told = [("east_west", east_west), ("north_south", north_south)];
        told.sort_by_key(|(_, colour)| (*colour != "R") != (breaks == Breaks::GoesBeforeStops));
        for (light, colour) in told {
            let peer = node.peer_named(light).ok_or("there is no such light")?;
            node.send(peer, colour.as_bytes())?;
        }
        node.set_timer(0, Duration::from_millis(lasts));
        Ok(())
    }
}

runner_sdk::plugin! {
    name: "reckless",
    docs: "Traffic controllers that break the rules, for tests of the checks.",
    behaviors: [Controller],
}
