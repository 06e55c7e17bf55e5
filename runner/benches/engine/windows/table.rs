//! The table of the plain loop in two parts.

use std::time::Duration;

use super::{Cut, Order, Parallel, processor_time, run};
use crate::measure::timed;
use crate::model::{Latency, Outcome, Size};
use crate::plain;

/// The latency of the messages `[ms]`, and so the length of a window.
pub const LATENCY: Latency = Latency::Uniform(10, 50);

/// A size with this latency.
pub fn sized(nodes: u32, seconds: u64) -> Size {
    Size {
        nodes,
        seconds,
        runs: 1,
        latency: Some(LATENCY),
    }
}

/// Prints the table.
///
/// # Panics
/// If the parts handle an event in another order than the plain loop, or a machine ends with
/// another clock.
pub fn print(quick: bool, rounds: usize) {
    println!(
        "windows: one plain loop / the same in two parts, latency uniform 10 to 50 ms (target at least 1.5 at 100000)"
    );
    println!(
        "   by processor time, of the part that is last at each meeting; in brackets with all events in one order on one thread; and by the clock"
    );
    println!(
        "   nodes      events   windows   events each   cut         crossing   work   merge   slept   ratio (in order)   clock"
    );
    let sizes = match quick {
        true => vec![sized(1_000, 100), sized(10_000, 20), sized(100_000, 5)],
        false => vec![
            sized(1_000, 800),
            sized(10_000, 80),
            sized(100_000, 10),
            sized(1_000_000, 2),
        ],
    };
    for size in &sizes {
        let (expected, order) = plain::run_seen(size, 1, Order::default());
        for cut in [Cut::Halves, Cut::Alternate] {
            let (parallel, seen) = run(size, 1, cut, Order::default());
            assert!(parallel.outcome == expected, "the machines ended otherwise");
            assert_eq!(seen, order, "the order is that of the plain loop");
            row(size, cut, &expected, rounds);
        }
        println!(
            "{:>8}  arrivals at the instant of another: {}, of these at the same machine: {}",
            size.nodes, order.at_once, order.same_node
        );
    }
    println!();
}

fn row(size: &Size, cut: Cut, expected: &Outcome, rounds: usize) {
    // Other work on the machine only adds to a time, so the least is that which counts.
    let (mut one, mut two, mut in_order) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let (mut clock_one, mut clock_two) = (Duration::MAX, Duration::MAX);
    let mut best = Parallel::default();
    for _ in 0..rounds {
        let begin = processor_time();
        let (outcome, time) = timed(|| plain::run(size, 1));
        assert!(outcome == *expected);
        one = one.min(processor_time() - begin);
        clock_one = clock_one.min(time);
        let ((parallel, ()), time) = timed(|| run(size, 1, cut, ()));
        assert!(parallel.outcome == *expected);
        clock_two = clock_two.min(time);
        if parallel.critical < two {
            two = parallel.critical;
            best = parallel;
        }
        let (parallel, _) = run(size, 1, cut, Order::default());
        in_order = in_order.min(parallel.critical);
    }
    let ratio = |two: Duration| one.as_secs_f64() / two.as_secs_f64();
    let share = |part: Duration| {
        let all = best.prepare + best.work + best.merge;
        format!("{:.0} %", part.as_secs_f64() / all.as_secs_f64() * 100.0)
    };
    println!(
        "{:>8}  {:>10}   {:>7}   {:>11}   {:<9}  {:>8.0} %   {:>4}   {:>5}   {:>3.0} %   {:>5.2}     ({:>5.2})   {:>5.2}",
        size.nodes,
        expected.events,
        best.windows,
        expected.events / best.windows,
        format!("{cut:?}").to_lowercase(),
        best.crossed as f64 / expected.messages as f64 * 100.0,
        share(best.work),
        share(best.merge),
        best.slept as f64 / best.windows as f64 / 2.0 * 100.0,
        ratio(two),
        ratio(in_order),
        clock_one.as_secs_f64() / clock_two.as_secs_f64(),
    );
}
