//! Random scenarios with a planted cause (one fault, one node, one config value) shrink to that
//! cause alone, in at least 95 of 100. `PLANTED=100` runs the full form.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::harness::Lab;

/// A scenario that fails because of its cause alone.
#[derive(Clone, Debug)]
struct Planted {
    cause: Cause,
    /// Nodes of the bystanders, by group.
    bystanders: Vec<u32>,
    /// Faults that are irrelevant: when, for how long, of which group of bystanders.
    faults: Vec<(u32, u32, usize)>,
    /// Where the cause stands among them.
    place: usize,
    /// Checks and properties that hold.
    holds: usize,
    seed: u32,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    /// A crash of one node, that a property sees.
    Fault,
    /// One node that panics.
    Node,
    /// One config value, of one group.
    Value,
}

fn planted() -> impl Strategy<Value = Planted> {
    let cause = prop_oneof![Just(Cause::Fault), Just(Cause::Node), Just(Cause::Value)];
    let bystanders = proptest::collection::vec(2..6u32, 1..5);
    let faults = proptest::collection::vec((0..9u32, 1..9u32, 0..5usize), 0..6);
    let rest = (0..6usize, 0..3usize, 1..1000u32);
    (cause, bystanders, faults, rest).prop_map(|(cause, bystanders, faults, rest)| Planted {
        cause,
        bystanders,
        faults,
        place: rest.0,
        holds: rest.1,
        seed: rest.2,
    })
}

impl Planted {
    fn text(&self) -> String {
        let seed = self.seed;
        let mut text = format!("duration = \"10s\"\nruns = 2\nseed = {seed}\n");
        for (index, count) in self.bystanders.iter().enumerate() {
            text += &format!(
                "[nodes.by-{index}x]\ncount = {count}\nbehavior = \"clock.machine\"\ntick_rate = {{ uniform = [1, 4] }}\nconfig = {{ faces = {} }}\n",
                4 + index
            );
        }
        text += match self.cause {
            Cause::Fault => "[nodes.cause]\nbehavior = \"clock.machine\"\ntick_rate = 2\n",
            Cause::Node => {
                "[nodes.cause]\nbehavior = \"misbehaving.panics\"\ntick_rate = 2\nconfig = { in = \"tick\", at = 5 }\n"
            }
            Cause::Value => {
                "[nodes.cause]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = { uniform = [1, 6] }\nconfig = { faces = 5, send_before_increment = true }\n"
            }
        };
        text += "[[links]]\nbetween = [\"by-*\", \"by-*\"]\nlatency = { uniform = [\"1ms\", \"9ms\"] }\nloss = 0.01\n";
        if matches!(self.cause, Cause::Value) {
            text += "[[links]]\nbetween = [\"cause\", \"cause\"]\nlatency = \"2ms\"\n";
        }
        let place = self.place.min(self.faults.len());
        let planted =
            "[[faults]]\nat = \"3s\"\nfor = \"1s\"\nevery = \"4s\"\ncrash = [\"cause\"]\n";
        for (index, (at, held, group)) in self.faults.iter().enumerate() {
            if index == place && matches!(self.cause, Cause::Fault) {
                text += planted;
            }
            let group = group % self.bystanders.len();
            text += &format!(
                "[[faults]]\nat = \"{index}.{at}s\"\nfor = \"{held}0ms\"\npause = [\"by-{group}x\"]\n"
            );
        }
        if place == self.faults.len() && matches!(self.cause, Cause::Fault) {
            text += planted;
        }
        for index in 0..self.holds {
            text += &format!("[[property]]\nname = \"holds {index}\"\nalways = \"clock >= 0\"\n");
        }
        text += match self.cause {
            Cause::Fault => {
                "[[property]]\nname = \"never down\"\nnodes = \"cause\"\nnever = \"event == 'crash'\"\n"
            }
            Cause::Node => "",
            Cause::Value => "[[check]]\ncheck = \"clock.lamport\"\n",
        };
        text
    }

    /// What is wrong with the result, if it is more than the cause.
    fn excess(&self, small: &str) -> Option<String> {
        let table: toml::Table = small.parse().unwrap();
        let nodes = table["nodes"].as_table().unwrap();
        let count = |key: &str| {
            table
                .get(key)
                .and_then(|it| it.as_array())
                .map_or(0, Vec::len)
        };
        let config = |group: &toml::Value| {
            group
                .get("config")
                .and_then(|it| it.as_table())
                .map_or(0, |it| it.len())
        };
        let (faults, configs, most_nodes) = match self.cause {
            Cause::Fault => (1, 0, 1),
            Cause::Node => (0, 2, 1),
            Cause::Value => (0, 1, 2),
        };
        let total: i64 = nodes
            .values()
            .map(|it| it.get("count").and_then(|it| it.as_integer()).unwrap_or(1))
            .sum();
        let found: usize = nodes.values().map(config).sum();
        let judges = count("check") + count("property") + count("expect");
        let most_judges = usize::from(!matches!(self.cause, Cause::Node));
        let wrong = count("faults") != faults
            || found > configs
            || total > most_nodes
            || count("links") > 0
            || judges > most_judges
            || !nodes.keys().all(|name| name.starts_with("cause"));
        wrong.then(|| small.to_owned())
    }
}

#[test]
fn a_planted_cause_is_what_is_left() {
    let wanted = std::env::var("PLANTED").ok().and_then(|it| it.parse().ok());
    let count: usize = wanted.unwrap_or(20);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut excess = Vec::new();
    for number in 0..count {
        let planted = planted().new_tree(&mut runner).unwrap().current();
        let lab = Lab::with(&planted.text());
        lab.runner(&["shrink", "scenario.toml", "--out", "small.toml", "-q"])
            .ends(0);
        if let Some(what) = planted.excess(&lab.read("small.toml")) {
            excess.push(format!("{number}: {what}\nof\n{}", planted.text()));
        }
    }
    assert!(
        excess.len() * 20 <= count,
        "{} of {count}:\n{}",
        excess.len(),
        excess.join("\n\n")
    );
}
