//! What the engine costs, as ratios measured in one run.
//!
//!     cargo bench -p runner --bench engine              # about two minutes
//!     cargo bench -p runner --bench engine -- --quick   # half a minute
//!
//! | table | what is compared with what |
//! |---|---|
//! | engine | clock machines through the real dynamic library, no records kept, with the same experiment as one plain loop ([`plain`]) |
//! | latency | the same with links of random latency: the engine's event queue with the standard library's binary heap |
//! | records | the run with metrics, with metrics and the check `clock.lamport`, and with metrics and five properties, with the run that keeps none |
//! | logs | what CSV logs cost beside metrics (a file per node, one file), with plain writes of the same bytes into as many files. Files are handed to the system, not forced to the disk |
//! | windows | one run on two cores: the plain loop in two parts that meet after each window of the smallest latency, with the plain loop on one; and what of the engine two cores could share ([`windows`]) |
//! | memory | peak memory of a process with a million machines, before the first message and at the end |
//!
//! Both sides of a comparison do the same work: their machines must end with the
//! same clocks after the same number of events, or the bench fails. Both are
//! timed whole, from nothing to the last event. An *event* is a tick or an
//! arrival.
//!
//! `-- --once NODES SECONDS [FORM]` does it once and prints events and seconds;
//! `tests/peers` compares other simulators with that. FORM is `engine` (the default), `plain`
//! or `metrics`: to count the instructions of one of them with `valgrind --tool=callgrind`.

mod logs;
mod measure;
mod memory;
mod model;
mod plain;
mod records;
mod windows;

use std::sync::Arc;

use engine::sink::NoSink;
use measure::{in_turns, timed};
use model::{Latency, Plugin, Size};
use records::{Metrics, MetricsAndCheck, MetricsAndProperties};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [memory::CHILD, nodes, seconds] => return memory::child(nodes.parse()?, seconds.parse()?),
        ["--once", nodes, seconds, ref rest @ ..] => {
            let form = rest.iter().find(|word| !word.starts_with("--"));
            let size = ideal(nodes.parse()?, seconds.parse()?, 1);
            return once(&size, form.unwrap_or(&"engine"));
        }
        _ => {}
    }
    let quick = words.contains(&"--quick");
    let rounds = if quick { 3 } else { 7 };
    let only = words.iter().find(|word| !word.starts_with("--")).copied();
    let wanted = |table: &str| only.is_none_or(|only| only == table);

    let plugin = Plugin::load()?;
    if wanted("engine") {
        engine(&plugin, quick, rounds);
    }
    if wanted("latency") {
        latency(&plugin, quick, rounds);
    }
    if wanted("records") {
        records(&plugin, quick, rounds);
    }
    if wanted("logs") {
        let sizes = match quick {
            true => [
                ideal(3, 50_000, 1),
                ideal(1_000, 150, 1),
                ideal(10_000, 15, 1),
            ],
            false => [
                ideal(3, 150_000, 1),
                ideal(1_000, 400, 1),
                ideal(10_000, 40, 1),
            ],
        };
        logs::table(&plugin, &sizes, rounds)?;
    }
    if wanted("windows") {
        windows::table::print(quick, rounds);
        windows::shares::print(&plugin, quick, rounds);
    }
    if wanted("memory") {
        memory(quick)?;
    }
    Ok(())
}

/// A size without latency.
fn ideal(nodes: u32, seconds: u64, runs: u32) -> Size {
    Size {
        nodes,
        seconds,
        runs,
        latency: None,
    }
}

fn engine(plugin: &Plugin, quick: bool, rounds: usize) {
    println!("engine: through the dynamic library / one plain loop (target at most 2.0, aim 1.5)");
    let sizes = if quick {
        [
            ideal(3, 100_000, 2),
            ideal(1_000, 400, 1),
            ideal(100_000, 5, 1),
            ideal(1_000_000, 3, 1),
        ]
    } else {
        [
            ideal(3, 100_000, 5),
            ideal(1_000, 1_600, 1),
            ideal(100_000, 20, 1),
            ideal(1_000_000, 4, 1),
        ]
    };
    compare(plugin, &sizes, rounds);
}

fn latency(plugin: &Plugin, quick: bool, rounds: usize) {
    println!("latency: exponential, mean 5 s; the engine / one plain loop with a binary heap");
    let slow = |nodes, seconds| Size {
        latency: Some(Latency::Exponential(5)),
        ..ideal(nodes, seconds, 1)
    };
    let sizes = match quick {
        true => [slow(1_000, 400), slow(100_000, 10)],
        false => [slow(1_000, 1_600), slow(100_000, 30)],
    };
    compare(plugin, &sizes, rounds);
}

/// The engine and the plain loop in turns.
fn compare(plugin: &Plugin, sizes: &[Size], rounds: usize) {
    println!("   nodes      events   engine [ns/event]   plain [ns/event]   ratio");
    for size in sizes {
        let expected: Vec<_> = (1..=size.runs).map(|run| plain::run(size, run)).collect();
        let events: u64 = expected.iter().map(|outcome| outcome.events).sum();
        let times = in_turns(
            rounds,
            [
                &mut || {
                    let one = |(run, expected): (u32, &model::Outcome)| {
                        let (mut run, prepared) = timed(|| plugin.prepare(size, run, NoSink));
                        let (outcome, gone) = timed(|| model::go(&mut run, size));
                        assert!(
                            outcome == *expected,
                            "the engine's machines ended otherwise"
                        );
                        prepared + gone
                    };
                    (1..).zip(&expected).map(one).sum()
                },
                &mut || {
                    let one = |run| timed(|| plain::run(size, run)).1;
                    (1..=size.runs).map(one).sum()
                },
            ],
        );
        let ns = |thing| times.seconds(thing) * 1e9 / events as f64;
        println!(
            "{:>8}  {events:>10}   {:>17.1}   {:>16.1}   {:>5.2}",
            size.nodes,
            ns(0),
            ns(1),
            times.ratio(0, 1)
        );
    }
    println!();
}

fn records(plugin: &Plugin, quick: bool, rounds: usize) {
    println!("records: what keeping them costs [ns/row], and as a multiple of no records");
    println!(
        "   nodes        rows   none   metrics        + check        + properties (of metrics, target at most 1.5)"
    );
    let sizes = match quick {
        true => [ideal(3, 50_000, 1), ideal(1_000, 150, 1)],
        false => [ideal(3, 200_000, 1), ideal(1_000, 600, 1)],
    };
    for size in &sizes {
        let schema = Arc::new(records::schema(plugin, size));
        let properties = records::properties(&schema);
        let rows = {
            let mut run = plugin.prepare(size, 1, Metrics::new(&schema));
            model::go(&mut run, size);
            run.into_sink().rows()
        };
        let times = in_turns(
            rounds,
            [
                &mut || {
                    let mut run = plugin.prepare(size, 1, NoSink);
                    timed(|| model::go(&mut run, size)).1
                },
                &mut || {
                    let mut run = plugin.prepare(size, 1, Metrics::new(&schema));
                    let (_, gone) = timed(|| model::go(&mut run, size));
                    assert_eq!(run.world.sink.rows(), rows);
                    gone
                },
                &mut || {
                    let sink = MetricsAndCheck::new(&schema, plugin.check());
                    let mut run = plugin.prepare(size, 1, sink);
                    let (_, gone) = timed(|| model::go(&mut run, size));
                    let (_, judged) = timed(|| run.into_sink().finish());
                    gone + judged
                },
                &mut || {
                    let sink = MetricsAndProperties::new(&schema, &properties);
                    let mut run = plugin.prepare(size, 1, sink);
                    let (_, gone) = timed(|| model::go(&mut run, size));
                    let (_, judged) = timed(|| run.into_sink().finish());
                    gone + judged
                },
            ],
        );
        let cell = |thing| {
            let ns = times.seconds(thing) * 1e9 / rows as f64;
            format!("{ns:>6.1} ({:.2})", times.ratio(thing, 0))
        };
        println!(
            "{:>8}  {rows:>10}  {:>5.1}  {:>14}  {:>14}  {:>14} {:.2}",
            size.nodes,
            times.seconds(0) * 1e9 / rows as f64,
            cell(1),
            cell(2),
            cell(3),
            times.ratio(3, 1),
        );
    }
    println!();
}

fn memory(quick: bool) -> anyhow::Result<()> {
    let nodes = 1_000_000;
    let seconds = if quick { 2 } else { 20 };
    println!(
        "memory: peak at {nodes} nodes, above the process itself (target at most 256, aim 128)"
    );
    // Over before the first tick.
    let idle = memory::per_node(&ideal(nodes, 0, 1))?;
    let whole = memory::per_node(&ideal(nodes, seconds, 1))?;
    println!("   before the first message   {idle:>6.1}   [bytes/node]");
    println!("   after {seconds:>3} s                {whole:>6.1}   [bytes/node]");
    println!();
    Ok(())
}

/// Does one form once, and prints what `tests/peers` reads: events, and seconds.
fn once(size: &Size, form: &str) -> anyhow::Result<()> {
    let plugin = Plugin::load()?;
    let (outcome, time) = match form {
        "engine" => {
            let mut run = plugin.prepare(size, 1, NoSink);
            timed(|| model::go(&mut run, size))
        }
        "metrics" => {
            let schema = records::schema(&plugin, size);
            let mut run = plugin.prepare(size, 1, Metrics::new(&schema));
            timed(|| model::go(&mut run, size))
        }
        "plain" => timed(|| plain::run(size, 1)),
        other => anyhow::bail!("`{other}` is no form: engine, plain or metrics"),
    };
    println!("{} {:.6}", outcome.events, time.as_secs_f64());
    Ok(())
}
