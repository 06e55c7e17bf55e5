//! How late ticks are: from when a tick was due to when its node handles it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use analysis::metrics::Histogram;
use anyhow::Context;
use base::distribution::Distribution;
use base::random::{Purpose, Streams};
use base::time::SimDuration;
use engine::run::{EndReason, Run};
use engine::sink::NoSink;
use host::config::Config;
use host::instance::Instances;
use host::library;
use host::search::SearchPath;
use model::roster::Roster;
use realtime::real_time::RealTime;
use runner::scenario::{BehaviorName, Group, Link, LinkRule, LinkTransport, TickRule, Timing};

/// Number of faces with which a machine sends about once in 10^9 ticks.
const FACES: u32 = u32::MAX;

/// Machines that tick together.
#[derive(Clone, Copy)]
struct Size {
    nodes: u32,
    /// `[1/s]`
    rate: u32,
    seconds: u64,
}

/// How late the ticks of one turn were `[us]`.
struct Late {
    p50: f64,
    p99: f64,
    max: f64,
}

/// Prints the table.
pub fn table(quick: bool) -> anyhow::Result<()> {
    let (rounds, seconds) = if quick { (3, 1) } else { (5, 3) };
    println!(
        "ticks: lateness of machines that never send [us]: p50, p99 (medians of {rounds} rounds), greatest"
    );
    println!(
        "       (target on a quiet machine: p99 at most 400 for 3 nodes at 6 Hz, 60 for 1000 at 1 kHz)"
    );
    println!(
        "   nodes   rate [Hz]    runner:  p50      p99        max   plain sleeps:  p50      p99        max"
    );
    let config = machine()?;
    for nodes in [3, 100, 1000] {
        for rate in [6, 100, 1000] {
            let size = Size {
                nodes,
                rate,
                seconds,
            };
            let mut late = [Vec::new(), Vec::new()];
            for round in 1..=rounds {
                late[0].push(with_runner(&config, size, round)?);
                late[1].push(plainly(size, round)?);
            }
            let [runner, plain] = late.map(|turns| middle(&turns));
            println!(
                "{nodes:>8}   {rate:>9}   {:>13.1}  {:>7.1}  {:>9.1}   {:>18.1}  {:>7.1}  {:>9.1}",
                runner.p50, runner.p99, runner.max, plain.p50, plain.p99, plain.max
            );
        }
    }
    println!();
    Ok(())
}

fn machine() -> anyhow::Result<Arc<Config>> {
    let file = SearchPath::with(&[])
        .find("clock")
        .context("no library of the plugin `clock` beside this bench")?;
    let plugin = library::load(&host::build::Build::read("clock", &file)?)?;
    let machine = plugin
        .behavior("machine")
        .with_context(|| format!("no behavior `machine`: {}", file.display()))?;
    let config = Config::new(machine, &format!("faces = {FACES}"))
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Ok(Arc::new(config))
}

fn with_runner(config: &Arc<Config>, size: Size, round: u32) -> anyhow::Result<Late> {
    let interval = 1e9 / f64::from(size.rate);
    let group = Group {
        name: "machine".to_owned(),
        count: size.nodes,
        numbered: true,
        behavior: Some(BehaviorName {
            plugin: "clock".to_owned(),
            behavior: "machine".to_owned(),
        }),
        config: String::new(),
        timing: Timing::Clocked {
            every: TickRule::Rate(Distribution::Constant(f64::from(size.rate))),
            phase: Some(Distribution::Uniform {
                low: 0.0,
                high: interval,
            }),
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
    };
    let all: Vec<_> = std::iter::once(0..size.nodes).collect();
    let links = [LinkRule {
        from: all.clone(),
        to: all,
        both: true,
        link: Link {
            transport: LinkTransport::Channel,
            ..Link::IDEAL
        },
    }];
    let run = Run::new(
        Roster::new(&[group]),
        &links,
        Some(SimDuration(size.seconds * 1_000_000_000)),
        Streams::new(262, "default", round),
        Instances::new(&[(Some(config.clone()), size.nodes)], None),
        NoSink,
    );
    let mut real = RealTime::new(run, &links, 1.0)?;
    let outcome = real.go(&AtomicBool::new(false));
    anyhow::ensure!(
        outcome.reason == EndReason::Duration,
        "the run ended otherwise: {:?}",
        outcome.reason
    );
    let expected = u64::from(size.nodes) * u64::from(size.rate) * size.seconds;
    anyhow::ensure!(
        real.lag.count().abs_diff(expected) <= u64::from(size.nodes),
        "{} ticks, expected {expected}",
        real.lag.count()
    );
    let us = |span: Option<SimDuration>| span.map_or(0.0, |span| span.0 as f64 / 1e3);
    Ok(Late {
        p50: us(real.lag.percentile(50)),
        p99: us(real.lag.percentile(99)),
        max: us(real.lag.max()),
    })
}

/// A loop that sleeps until the instants of as many ticks: the best that the machine
/// offers.
fn plainly(size: Size, round: u32) -> anyhow::Result<Late> {
    // The runner has made the timers of this thread as exact as possible; they stay
    // so.
    let interval = 1_000_000_000 / u64::from(size.rate);
    let mut random = Streams::new(262, "plain", round).node(Purpose::Tick, "plain");
    let mut phases: Vec<u64> = (0..size.nodes).map(|_| random.below(interval)).collect();
    phases.sort_unstable();
    let mut late = Histogram::default();
    let start = Instant::now();
    for tick in 0..u64::from(size.rate) * size.seconds {
        for phase in &phases {
            let due = start + Duration::from_nanos(tick * interval + phase);
            loop {
                let now = Instant::now();
                match due.checked_duration_since(now) {
                    Some(wait) if !wait.is_zero() => thread::sleep(wait),
                    _ => {
                        late.record((now - due).as_nanos() as u64);
                        break;
                    }
                }
            }
        }
    }
    let us = |span: Option<u64>| span.map_or(0.0, |span| span as f64 / 1e3);
    Ok(Late {
        p50: us(late.percentile(50)),
        p99: us(late.percentile(99)),
        max: us(late.max()),
    })
}

fn middle(turns: &[Late]) -> Late {
    let median = |of: fn(&Late) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Late {
        p50: median(|late| late.p50),
        p99: median(|late| late.p99),
        max: turns.iter().map(|late| late.max).fold(0.0, f64::max),
    }
}
