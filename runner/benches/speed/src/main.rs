//! The benches in small: three ratios, each compared with the recorded one.
//!
//! ```sh
//! cargo build --release -p runner -p clock -p echo -p runner-speed
//! target/release/speed             # fails if a ratio is 1.25 times the recorded one, three times
//! target/release/speed --record    # writes `recorded.csv`: on a quiet machine
//! ```
//!
//! | ratio | what is compared with what |
//! |---|---|
//! | `engine` | 1,000 clock machines through the dynamic library, no records kept, with one plain loop |
//! | `metrics` | three clock machines with metrics, with the run that keeps no records |
//! | `echo` | round trips of 1 kB with the runner, with those of a plain blocking server |
//!
//! A great ratio is slow. Both sides are measured in many short turns, and a ratio is that of their
//! least times: other work on the machine does not disturb each turn. A ratio that is too great is
//! measured again, twice.

#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../engine/measure.rs"]
mod measure;
#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../engine/model.rs"]
mod model;
#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../engine/plain.rs"]
mod plain;
#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../engine/records.rs"]
mod records;
#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../real/server.rs"]
mod server;
#[cfg(test)]
#[allow(dead_code, reason = "a bench needs more of it")]
#[path = "../../engine/windows.rs"]
mod windows;

use std::sync::Arc;
use std::time::Duration;

use engine::sink::NoSink;
use measure::timed;
use model::{Plugin, Size};
use records::Metrics;
use server::{Client, Cores, Server, Side};

/// Recorded ratios, in this order.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/recorded.csv");
/// How many times the recorded ratio is too much.
const TOO_MUCH: f64 = 1.25;
const TRIES: u32 = 3;
/// Turns of each side.
const TURNS: usize = 50;
const LARGE: Size = Size {
    nodes: 1_000,
    seconds: 150,
    runs: 1,
    latency: None,
};
/// Fits into the caches of a core: metrics of a thousand nodes do not, and other work on the
/// machine doubles their cost.
const SMALL: Size = Size {
    nodes: 3,
    seconds: 3_000,
    ..LARGE
};
/// Bytes of a message, and round trips in one turn.
const ECHO: (usize, u32) = (1_000, 300);

/// Measures a ratio.
type Measure<'a> = &'a dyn Fn() -> anyhow::Result<f64>;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let record = match words[..] {
        [server::PLAIN] => return Ok(server::serve_plainly()?),
        [] => false,
        ["--record"] => true,
        _ => anyhow::bail!("usage: speed [--record]"),
    };
    let plugin = Plugin::load()?;
    let ratios: [(&str, Measure); 3] = [
        ("engine", &|| Ok(engine_to_plain(&plugin))),
        ("metrics", &|| Ok(metrics_to_none(&plugin))),
        ("echo", &echo_to_plain),
    ];
    match record {
        true => write(&ratios),
        false => compare(&ratios),
    }
}

/// # Errors
/// If a ratio is too great, in each try.
fn compare(ratios: &[(&str, Measure)]) -> anyhow::Result<()> {
    let recorded: Vec<(String, f64)> = csv::Reader::from_path(RECORDED)?
        .deserialize()
        .collect::<Result<_, _>>()?;
    anyhow::ensure!(recorded.len() == ratios.len(), "ratios in {RECORDED}");
    let mut slow = Vec::new();
    for ((name, measure), (of, recorded)) in ratios.iter().zip(&recorded) {
        anyhow::ensure!(name == of, "{RECORDED}: `{of}`, expected `{name}`");
        let bound = recorded * TOO_MUCH;
        let mut tries = Vec::new();
        while tries.len() < TRIES as usize && tries.iter().all(|ratio| *ratio > bound) {
            tries.push(measure()?);
        }
        let text: Vec<String> = tries.iter().map(|ratio| format!("{ratio:.2}")).collect();
        let text = text.join(", ");
        println!("{name:8} {text} (recorded {recorded:.2}, at most {bound:.2})");
        if tries.iter().all(|ratio| *ratio > bound) {
            slow.push(*name);
        }
    }
    anyhow::ensure!(slow.is_empty(), "slower than recorded: {}", slow.join(", "));
    Ok(())
}

/// Writes the median of three tries.
fn write(ratios: &[(&str, Measure)]) -> anyhow::Result<()> {
    let mut file = csv::Writer::from_path(RECORDED)?;
    file.write_record(["ratio", "recorded"])?;
    for (name, measure) in ratios {
        let mut tries: Vec<f64> = (0..TRIES).map(|_| measure()).collect::<Result<_, _>>()?;
        tries.sort_by(f64::total_cmp);
        println!("{name:8} {tries:.2?}");
        file.write_record([*name, &format!("{:.2}", tries[1])])?;
    }
    Ok(file.flush()?)
}

/// The least time of one thing in its turns, as a multiple of that of another.
fn ratio(mut one: impl FnMut() -> Duration, mut other: impl FnMut() -> Duration) -> f64 {
    let (mut least, mut least_other) = (Duration::MAX, Duration::MAX);
    for _ in 0..TURNS {
        least = least.min(one());
        least_other = least_other.min(other());
    }
    least.as_secs_f64() / least_other.as_secs_f64()
}

/// One run of the engine, whole: the time that it takes to prepare and to run.
fn bare(plugin: &Plugin, size: &Size) -> (model::Outcome, Duration) {
    let (mut run, prepared) = timed(|| plugin.prepare(size, 1, NoSink));
    let (outcome, gone) = timed(|| model::go(&mut run, size));
    (outcome, prepared + gone)
}

fn engine_to_plain(plugin: &Plugin) -> f64 {
    let expected = plain::run(&LARGE, 1);
    let engine = || {
        let (outcome, time) = bare(plugin, &LARGE);
        assert!(outcome == expected, "the engine's machines ended otherwise");
        time
    };
    ratio(engine, || timed(|| plain::run(&LARGE, 1)).1)
}

fn metrics_to_none(plugin: &Plugin) -> f64 {
    let schema = Arc::new(records::schema(plugin, &SMALL));
    let metrics = || {
        let (mut run, prepared) = timed(|| plugin.prepare(&SMALL, 1, Metrics::new(&schema)));
        let (_, gone) = timed(|| model::go(&mut run, &SMALL));
        assert!(run.world.sink.rows() > 0);
        prepared + gone
    };
    ratio(metrics, || bare(plugin, &SMALL).1)
}

fn echo_to_plain() -> anyhow::Result<f64> {
    let (size, trips) = ECHO;
    let (plain, runner) = (Server::plain()?, Server::runner(false)?);
    let cores = Cores::new()?;
    cores.take(Side::Client)?;
    let (mut to_plain, mut to_runner) = (plain.connect(size)?, runner.connect(size)?);
    let turn = |client: &mut Client| {
        let (done, time) = timed(|| client.trips(trips));
        done.expect("the server echoes");
        time
    };
    Ok(ratio(|| turn(&mut to_runner), || turn(&mut to_plain)))
}

#[cfg(test)]
mod tests {
    use super::model::{Latency, Size};
    use super::plain;
    use super::windows::{self, Cut, Order};

    /// 130 machines: the halves, too, cut a cluster. With one latency for all messages, most
    /// arrive at the instant of others, also at the same machine: the order is then that of
    /// sending, in whichever part that was.
    #[test]
    fn two_parts_handle_all_events_in_the_order_of_the_plain_loop() {
        let mut together = 0;
        for (least, most) in [(10, 50), (50, 50)] {
            let size = Size {
                nodes: 130,
                seconds: 5,
                runs: 1,
                latency: Some(Latency::Uniform(least, most)),
            };
            let (outcome, order) = plain::run_seen(&size, 1, Order::default());
            for cut in [Cut::Halves, Cut::Alternate] {
                let (parallel, seen) = windows::run(&size, 1, cut, Order::default());
                assert_eq!(parallel.outcome, outcome, "{cut:?}");
                assert_eq!(seen, order, "{cut:?}");
                assert!(parallel.crossed > 0, "{cut:?}");
            }
            together += order.same_node;
        }
        assert!(together > 0, "messages arrive together");
    }
}
