//! The experiment, done by the engine with the real `libclock`.
//!
//! Clock machines with rates of 1 to 6 ticks a second and a die of 10 faces.
//! Without latency every machine reaches every other; with it, machines stand in
//! clusters of [`CLUSTER`] and each message takes a random time.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base::distribution::Distribution;
use base::random::Streams;
use base::time::SimDuration;
use engine::behaviors::Behaviors;
use engine::run::{EndReason, Run};
use engine::sink::Sink;
use host::check::CheckConfig;
use host::config::Config;
use host::instance::Instances;
use host::library;
use host::search::SearchPath;
use model::roster::Roster;
use runner::plan::BoundCheck;
use runner::scenario::{BehaviorName, Group, Link, LinkRule, TickRule, Timing};

/// Faces of the die.
pub const FACES: u64 = 10;
/// The lowest and the highest rate `[1/s]`.
pub const RATES: (i64, i64) = (1, 6);
/// Number of machines in a cluster, if links have a latency: so few that the random
/// stream of each pair is used many times.
pub const CLUSTER: u32 = 10;

/// A size of the experiment.
#[derive(Clone, Copy)]
pub struct Size {
    /// Number of machines.
    pub nodes: u32,
    /// Simulated span `[s]`.
    pub seconds: u64,
    /// Number of runs, each with its own streams.
    pub runs: u32,
    /// Latency of the messages; none: no latency.
    pub latency: Option<Latency>,
}

/// How long messages take.
#[derive(Clone, Copy)]
pub enum Latency {
    /// Exponential, with this mean `[s]`.
    Exponential(u64),
    /// Uniform between these `[ms]`.
    Uniform(u64, u64),
}

/// The result, to be compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Ticks and arrivals.
    pub events: u64,
    /// Messages that were sent.
    pub messages: u64,
    /// Each machine's clock at the end.
    pub clocks: Vec<u64>,
}

impl Size {
    /// The random streams of one of its runs, from 1.
    pub fn streams(&self, run: u32) -> Streams {
        Streams::new(262, "default", run)
    }

    /// The name of a machine.
    pub fn name(node: u32) -> String {
        format!("machine-{}", node + 1)
    }

    /// The rates.
    pub fn rate() -> Distribution {
        Distribution::UniformInt {
            low: RATES.0,
            high: RATES.1,
        }
    }

    /// The latency of messages `[ns]`, if there is any.
    pub fn latency(&self) -> Option<Distribution> {
        Some(match self.latency? {
            Latency::Exponential(seconds) => Distribution::Exponential {
                mean: seconds as f64 * 1e9,
            },
            Latency::Uniform(low, high) => Distribution::Uniform {
                low: low as f64 * 1e6,
                high: high as f64 * 1e6,
            },
        })
    }

    fn group(&self) -> Group {
        Group {
            name: "machine".to_owned(),
            count: self.nodes,
            numbered: true,
            behavior: Some(BehaviorName {
                plugin: "clock".to_owned(),
                behavior: "machine".to_owned(),
            }),
            config: String::new(),
            timing: Timing::Clocked {
                every: TickRule::Rate(Size::rate()),
                phase: None,
            },
            start_at: SimDuration::ZERO,
            rng_id: None,
            inbox_limit: None,
            clock: None,
            state: None,
            listen: Vec::new(),
            stdin: None,
            program: None,
            ids: None,
        }
    }

    fn links(&self) -> Vec<LinkRule> {
        let Some(latency) = self.latency() else {
            return Vec::new();
        };
        let cluster = |first| {
            let nodes: Vec<_> = std::iter::once(first..first + CLUSTER).collect();
            LinkRule {
                from: nodes.clone(),
                to: nodes,
                both: true,
                link: Link {
                    latency: latency.clone(),
                    ..Link::IDEAL
                },
            }
        };
        (0..self.nodes)
            .step_by(CLUSTER as usize)
            .map(cluster)
            .collect()
    }
}

/// The plugin with the clock machine.
pub struct Plugin {
    config: Arc<Config>,
    check: BoundCheck,
}

impl Plugin {
    /// Loads the library that was built beside this executable.
    pub fn load() -> anyhow::Result<Plugin> {
        let file = SearchPath::with(&[])
            .find("clock")
            .ok_or_else(|| anyhow::anyhow!("no library of the plugin `clock` beside this bench"))?;
        let plugin = library::load(&host::build::Build::read("clock", &file)?)?;
        let machine = plugin
            .behavior("machine")
            .ok_or_else(|| anyhow::anyhow!("no behavior `machine`: {}", file.display()))?;
        let config = Config::new(machine, &format!("faces = {FACES}"))
            .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let lamport = plugin
            .check("lamport")
            .ok_or_else(|| anyhow::anyhow!("no check `lamport`: {}", file.display()))?;
        let judge =
            CheckConfig::new(lamport, "").map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        Ok(Plugin {
            config: Arc::new(config),
            check: BoundCheck {
                name: "clock.lamport".to_owned(),
                docs: lamport.docs.clone(),
                config: Arc::new(judge),
            },
        })
    }

    /// The check of the clock condition.
    pub fn check(&self) -> &BoundCheck {
        &self.check
    }

    /// The config that all machines share.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// One run, ready to go.
    pub fn prepare<S: Sink>(&self, size: &Size, run: u32, sink: S) -> Run<Instances, S> {
        Run::new(
            Roster::new(&[size.group()]),
            &size.links(),
            Some(SimDuration(size.seconds * 1_000_000_000)),
            size.streams(run),
            Instances::new(&[(Some(self.config.clone()), size.nodes)], None),
            sink,
        )
    }
}

/// Runs to the end of the duration.
///
/// # Panics
/// If it ends for another reason.
pub fn go<S: Sink>(run: &mut Run<Instances, S>, size: &Size) -> Outcome {
    let outcome = run.go(&AtomicBool::new(false));
    assert_eq!(outcome.reason, EndReason::Duration);
    let clock = |node| run.behaviors().columns(node).cells[0];
    Outcome {
        events: outcome.events,
        messages: outcome.messages,
        clocks: (0..size.nodes).map(clock).collect(),
    }
}
