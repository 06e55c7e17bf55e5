//! Observations of the clocks: which node drives them, how far they jump, how far
//! they drift apart, how many values they skip.

use super::{Node, Run, column, greatest, in_runs, mean, place};
use crate::render::number::{count, fixed, short};
use crate::report::measured::Measured;
use crate::report::questions::speeds_vary;
use crate::statistics::{CONFIDENCE, sign_test};

/// Two values differ if the larger is so many times the smaller. A smaller difference
/// may be chance and rounding.
const DIFFERS: f64 = 1.2;
/// An observation is general if it is true in this share of the runs.
const MOSTLY: f64 = 0.8;
/// The drift is still growing if it ends at this share of its maximum.
const STILL_GROWING: f64 = 0.9;

/// A restriction of a sentence, if not all runs have nodes of different speeds.
fn where_speeds_differ(judged: usize, runs: &[Run<'_>]) -> &'static str {
    if judged < runs.len() {
        " in which speeds differ"
    } else {
        ""
    }
}

/// The start of a sentence about the nodes of each run: what is true in so few runs that
/// it may be chance is said of these runs alone.
fn in_these_runs(hits: usize, runs: usize) -> String {
    let chance = sign_test(hits as u64, (runs - hits) as u64);
    match chance > 1.0 - CONFIDENCE {
        true => format!("In these {}, the", count(runs as u64, "run")),
        false => "The".to_owned(),
    }
}

/// The runs whose fastest and slowest node differ in speed: those two.
fn ends<'a>(runs: &'a [Run<'a>]) -> Vec<(Node<'a>, Node<'a>)> {
    let speed = column(runs, "steps_per_s");
    runs.iter()
        .filter_map(|run| {
            let (fast, slow) = (*run.nodes.first()?, *run.nodes.last()?);
            let differ = fast.get(speed)? > slow.get(speed)? * DIFFERS;
            differ.then_some((fast, slow))
        })
        .collect()
}

/// Whether the fastest node also has the furthest clock.
pub(super) fn who_drives(runs: &[Run<'_>], step: &str) -> Option<String> {
    let ends = ends(runs);
    let steps_per_s = column(runs, "steps_per_s");
    let clock = column(runs, "clock_final");
    let clocks = |run: &Run<'_>| run.nodes.iter().filter(|n| n.get(clock).is_some()).count();
    let judged: Vec<_> = runs
        .iter()
        .filter(|run| clocks(run) > 1)
        .filter_map(|run| {
            let (fast, slow) = (*run.nodes.first()?, *run.nodes.last()?);
            let top = fast.get(steps_per_s)?;
            (top > slow.get(steps_per_s)? * DIFFERS).then_some((run, top))
        })
        .collect();
    // The first node that has the greatest speed and the furthest clock, both within a
    // hundredth.
    let leader = |run: &Run<'_>, top: f64| {
        let all = run.nodes.iter().filter_map(|node| node.get(clock));
        let furthest = all.fold(f64::MIN, f64::max);
        let mut nodes = run.nodes.iter();
        let leads = |node: &&Node<'_>| {
            node.get(steps_per_s)
                .is_some_and(|speed| speed >= top * 0.99)
                && node
                    .get(clock)
                    .is_some_and(|clock| clock >= furthest * 0.99)
        };
        nodes.find(leads).map(|node| node.row)
    };
    let leads = judged
        .iter()
        .filter(|(run, top)| leader(run, *top).is_some())
        .count();
    if judged.is_empty() || (leads as f64) < judged.len() as f64 * MOSTLY {
        return None;
    }
    let mean_jump = column(runs, "clock_jump_mean");
    let jump = mean(ends.iter().filter_map(|(fast, _)| fast.get(mean_jump)))?;
    let speed = mean(ends.iter().filter_map(|(fast, _)| fast.get(steps_per_s)))?;
    let moves = format!("its own clock goes up by {} per {step}", fixed(jump, 2));
    if let [run] = runs {
        let (_, top) = judged.first()?;
        let row = leader(run, *top)?;
        let leader = run.nodes.iter().find(|node| node.row == row)?;
        return Some(format!(
            "{} drives the clocks: it does {} {step}s per second, the most, and has the furthest clock (within 1 %); {moves}.",
            leader.name(),
            short(speed),
        ));
    }
    Some(format!(
        "{} fastest node drives the clocks: {}{} the node with the most {step}s per second ({} on average) also has the furthest clock (within 1 %); {moves}.",
        in_these_runs(leads, judged.len()),
        in_runs(leads, judged.len()),
        where_speeds_differ(judged.len(), runs),
        short(speed),
    ))
}

/// Whether the slowest node makes the larger jumps.
pub(super) fn who_jumps(runs: &[Run<'_>], step: &str) -> Option<String> {
    let ends = ends(runs);
    let mean_jump = column(runs, "clock_jump_mean");
    let speed = column(runs, "steps_per_s");
    if ends.is_empty() {
        if runs.iter().any(|run| run.nodes.len() < 2) {
            return None;
        }
        let means = || {
            runs.iter()
                .flat_map(|run| &run.nodes)
                .filter_map(|n| n.get(mean_jump))
        };
        let (low, high) = (means().reduce(f64::min)?, means().reduce(f64::max)?);
        return (high <= low * DIFFERS).then(|| {
            format!("All nodes are about as fast and their clocks jump about as far: by {} to {} on average.", fixed(low, 2), fixed(high, 2))
        });
    }
    let larger = ends
        .iter()
        .filter(|(fast, slow)| slow.get(mean_jump) > fast.get(mean_jump))
        .count();
    let jump = |node: &Node<'_>| node.get(mean_jump).unwrap_or(f64::NAN);
    let slow = mean(ends.iter().map(|(_, slow)| jump(slow)))?;
    let fast = mean(ends.iter().map(|(fast, _)| jump(fast)))?;
    let ratio = mean(
        ends.iter()
            .filter_map(|(fast, slow)| Some(fast.get(speed)? / slow.get(speed)?)),
    )?;
    if (larger as f64) < ends.len() as f64 * MOSTLY || slow.is_nan() || slow < fast * DIFFERS {
        return None;
    }
    // The slow clock keeps up if its jump is the ratio of the speeds.
    let keeps_up = if slow < ratio / DIFFERS {
        format!(
            ", less than the {} that it would need to keep up",
            fixed(ratio, 1)
        )
    } else {
        format!(", about the ratio of their speeds ({})", fixed(ratio, 1))
    };
    let (who, other) = match runs {
        [run] => (
            run.nodes.last()?.name().to_owned(),
            run.nodes.first()?.name().to_owned(),
        ),
        _ => (
            format!("{} slowest node", in_these_runs(larger, ends.len())),
            "the fastest".to_owned(),
        ),
    };
    let mut text = format!(
        "{who} jumps furthest: each {step} takes its clock up by {} on average{keeps_up}; {other} moves by {}.",
        fixed(slow, 2),
        fixed(fast, 2),
    );
    if ends.len() > 1 {
        text.push_str(&format!(
            " It jumps further than the fastest {}{}.",
            in_runs(larger, ends.len()),
            where_speeds_differ(ends.len(), runs)
        ));
    }
    Some(text)
}

/// The greatest jump of all.
pub(super) fn greatest_jump(runs: &[Run<'_>]) -> Option<String> {
    let (node, jump) = greatest(runs, "clock_jump_max")?;
    (jump > 1.0).then(|| {
        format!(
            "The greatest single jump is {} ({}).",
            short(jump),
            place(node, runs)
        )
    })
}

/// How much the runs differ, and whether drawn speeds explain it.
pub(super) fn spread_of_jumps<'a>(
    measured: &Measured,
    runs: &[Run<'_>],
    rows: impl Iterator<Item = &'a Vec<usize>>,
    step: &str,
) -> Option<String> {
    if runs.len() < 2 {
        return None;
    }
    let mean_jump = column(runs, "clock_jump_mean");
    let slowest = || {
        runs.iter()
            .filter_map(|run| run.nodes.last()?.get(mean_jump))
    };
    let (low, high) = (slowest().reduce(f64::min)?, slowest().reduce(f64::max)?);
    if speeds_vary(measured, rows) {
        let speed = column(runs, "steps_per_s");
        let speeds = || {
            runs.iter()
                .flat_map(|run| &run.nodes)
                .filter_map(|n| n.get(speed))
        };
        let (least, most) = (speeds().reduce(f64::min)?, speeds().reduce(f64::max)?);
        (high > low * DIFFERS).then(|| {
            format!(
                "Runs differ because speeds are drawn anew in each ({} to {} {step}s/s): the mean jump of the slowest node is between {} and {}.",
                short(least), short(most), fixed(low, 2), fixed(high, 2),
            )
        })
    } else {
        Some(format!(
            "With the same speeds in every run, the mean jump of the slowest node is between {} and {} over {}.",
            fixed(low, 2),
            fixed(high, 2),
            count(runs.len() as u64, "run"),
        ))
    }
}

/// The distance of the clocks, and whether it still grows at the end.
pub(super) fn drift(runs: &[Run<'_>]) -> Option<String> {
    let (node, most) = greatest(runs, "clock_drift_max")?;
    let (max, last) = ("clock_drift_max", "clock_drift_final");
    let (max, last) = (column(runs, max), column(runs, last));
    let each: Vec<_> = runs
        .iter()
        .filter_map(|run| {
            let of = |metric: Option<usize>| {
                run.nodes
                    .iter()
                    .filter_map(|n| n.get(metric))
                    .reduce(f64::max)
            };
            Some((of(max)?, of(last)?))
        })
        .collect();
    let growing = each
        .iter()
        .filter(|(max, last)| *max > 0.0 && *last >= max * STILL_GROWING)
        .count();
    let mut text = format!("The clocks are at most {} apart", short(most));
    if runs.len() > 1 {
        text.push_str(&format!(" (run {})", node.run()));
    }
    if each.len() > 1 {
        let last = mean(each.iter().map(|(_, last)| *last))?;
        text.push_str(&format!(
            "; at the end of a run it is {} on average",
            short(last)
        ));
    }
    if growing > 0 {
        text.push_str("; ");
        if runs.len() > 1 {
            text.push_str(&in_runs(growing, each.len()));
            text.push(' ');
        }
        text.push_str("the distance ends within 10 % of its greatest");
    }
    text.push('.');
    Some(text)
}

/// The greatest share of clock values that a node skipped.
pub(super) fn gaps(runs: &[Run<'_>]) -> Option<String> {
    let (gap, last) = ("clock_gap_total", "clock_final");
    let (gap, last) = (column(runs, gap), column(runs, last));
    let share = |node: Node<'_>| {
        let (gap, last) = (node.get(gap)?, node.get(last)?);
        (last > 0.0).then(|| (gap / last, gap, last))
    };
    let mut best: Option<(Node<'_>, (f64, f64, f64))> = None;
    let mut total = (0.0, 0.0);
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let Some(this) = share(*node) {
            total = (total.0 + this.1, total.1 + this.2);
            if best.is_none_or(|(_, known)| this.0 > known.0) {
                best = Some((*node, this));
            }
        }
    }
    let (node, (of, gap, last)) = best?;
    if gap == 0.0 {
        return Some("No clock skipped a value.".to_owned());
    }
    let mut text = format!(
        "{} skipped {} of the {} values up to its last, {} %",
        place(node, runs),
        fixed(gap, 0),
        fixed(last, 0),
        short((of * 100.0).round()),
    );
    if runs.iter().map(|run| run.nodes.len()).sum::<usize>() > 1 {
        text.push_str(&format!(
            ", the largest share; over all nodes{} it is {} %",
            if runs.len() > 1 { " and runs" } else { "" },
            short((total.0 / total.1 * 100.0).round()),
        ));
    }
    text.push('.');
    Some(text)
}
