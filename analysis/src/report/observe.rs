//! Observations in words, decided by the numbers.
//!
//! Each function looks for one thing and says a sentence only if its threshold
//! is met; the thresholds stand here, with their reasons. A sentence gives the
//! numbers that it rests on.

use super::measured::Measured;
use super::questions::{ranked, speeds_vary};
use crate::render::number::{count, fixed, short, whole};

/// A node falls behind when more arrives than it can handle, and at least so
/// many messages wait at its last step. Fewer come and go by chance.
const BACKLOG: f64 = 5.0;
/// Speeds, jumps and so on differ when the larger is so many times the smaller.
/// Below, chance and rounding explain it.
const DIFFERS: f64 = 1.2;
/// A thing is said to hold in general when it holds in this share of the runs.
const MOSTLY: f64 = 0.8;
/// The drift is still growing when it ends at this share of its maximum.
const STILL_GROWING: f64 = 0.9;
/// Nodes named one by one in a sentence, at most.
const NAMED: usize = 3;

/// What is said, by the question that it answers.
#[derive(Default)]
pub(super) struct Observations {
    pub jumps: Vec<String>,
    pub drift: Vec<String>,
    pub gaps: Vec<String>,
    pub queues: Vec<String>,
    pub messages: Vec<String>,
}

/// The numbers of one node in one run.
#[derive(Clone, Copy)]
struct Node<'a> {
    measured: &'a Measured,
    row: usize,
}

impl<'a> Node<'a> {
    fn get(self, metric: &str) -> Option<f64> {
        self.measured.get(self.row, metric)
    }

    fn name(self) -> &'a str {
        &self.measured.nodes[self.measured.rows[self.row].node]
    }

    fn run(self) -> u64 {
        self.measured.rows[self.row].run
    }

    /// Messages per second that reached its inbox: those that it took and those
    /// that still wait. None for what takes no time worth the name.
    fn arrivals_per_s(self) -> Option<f64> {
        let (steps, speed) = (self.get("steps")?, self.get("steps_per_s")?);
        let arrived = self.get("received")? + self.get("queue_final")?;
        (steps > 0.0 && speed > 0.0).then(|| arrived * speed / steps)
    }
}

/// One run: its nodes from the fastest to the slowest.
struct Run<'a> {
    nodes: Vec<Node<'a>>,
}

/// Looks at one case. `step` is what a step is called: `tick` or `step`;
/// `clocked` says whether nodes are held to a rate, `open` whether programs outside
/// may have sent and received messages, too.
pub(super) fn observe(
    measured: &Measured,
    case: usize,
    step: &str,
    clocked: bool,
    open: bool,
) -> Observations {
    let speed = measured.metric("steps_per_s");
    let by_run = measured.runs_of(case);
    let runs: Vec<Run> = by_run
        .values()
        .map(|rows| {
            let rows = match speed {
                Some(speed) => ranked(measured, rows, speed),
                None => rows.clone(),
            };
            Run {
                nodes: rows.into_iter().map(|row| Node { measured, row }).collect(),
            }
        })
        .collect();
    let mut said = Observations::default();
    said.jumps.extend(who_drives(&runs, step));
    said.jumps.extend(who_jumps(&runs, step));
    said.jumps.extend(greatest_jump(&runs));
    said.jumps
        .extend(spread_of_jumps(measured, &runs, by_run.values(), step));
    said.drift.extend(drift(&runs));
    said.gaps.extend(gaps(&runs));
    said.queues.extend(queues(&runs, step, clocked));
    said.messages.extend(conservation(&runs, open));
    said.messages.extend(latency(&runs, open));
    said
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value;
        n += 1.0;
    }
    (n > 0.0).then(|| sum / n)
}

/// `in all 5 runs`, `in 4 of 5 runs`; of one run: `in the run`.
fn in_runs(hits: usize, runs: usize) -> String {
    match (hits, runs) {
        (1, 1) => "in the run".to_owned(),
        (hits, runs) if hits == runs => format!("in all {} runs", whole(runs as u64)),
        (hits, runs) => format!("in {} of {}", whole(hits as u64), count(runs as u64, "run")),
    }
}

/// Said where only runs with different speeds can be judged, and not all are.
fn where_speeds_differ(judged: usize, runs: &[Run<'_>]) -> &'static str {
    if judged < runs.len() {
        " in which speeds differ"
    } else {
        ""
    }
}

/// `machine-3`, or `machine-3 in run 2` where there are several runs.
fn place(node: Node<'_>, runs: &[Run<'_>]) -> String {
    if runs.len() > 1 {
        format!("{} in run {}", node.name(), node.run())
    } else {
        node.name().to_owned()
    }
}

/// The runs whose fastest and slowest node differ in speed: those two.
fn ends<'a>(runs: &'a [Run<'a>]) -> Vec<(Node<'a>, Node<'a>)> {
    runs.iter()
        .filter_map(|run| {
            let (fast, slow) = (*run.nodes.first()?, *run.nodes.last()?);
            let differ = fast.get("steps_per_s")? > slow.get("steps_per_s")? * DIFFERS;
            differ.then_some((fast, slow))
        })
        .collect()
}

/// Whether the fastest node also has the furthest clock.
fn who_drives(runs: &[Run<'_>], step: &str) -> Option<String> {
    let ends = ends(runs);
    let judged: Vec<_> = runs
        .iter()
        .filter(|run| {
            run.nodes
                .iter()
                .filter(|n| n.get("clock_final").is_some())
                .count()
                > 1
        })
        .filter_map(|run| {
            let (fast, slow) = (*run.nodes.first()?, *run.nodes.last()?);
            let top = fast.get("steps_per_s")?;
            (top > slow.get("steps_per_s")? * DIFFERS).then_some((run, top))
        })
        .collect();
    let leads = judged
        .iter()
        .filter(|(run, top)| {
            let furthest = furthest(run);
            run.nodes
                .iter()
                .any(|node| leads_run(*node, *top, furthest))
        })
        .count();
    if judged.is_empty() || (leads as f64) < judged.len() as f64 * MOSTLY {
        return None;
    }
    let jump = mean(
        ends.iter()
            .filter_map(|(fast, _)| fast.get("clock_jump_mean")),
    )?;
    let speed = mean(ends.iter().filter_map(|(fast, _)| fast.get("steps_per_s")))?;
    let moves = format!("its own clock goes up by {} per {step}", fixed(jump, 2));
    if let [run] = runs {
        let (_, top) = judged.first()?;
        let leader = run
            .nodes
            .iter()
            .find(|node| leads_run(**node, *top, furthest(run)))?;
        return Some(format!(
            "{} drives the clocks: it does {} {step}s per second, the most, and has the furthest clock (within 1 %); {moves}.",
            leader.name(),
            short(speed),
        ));
    }
    Some(format!(
        "The fastest node drives the clocks: {}{} the node with the most {step}s per second ({} on average) also has the furthest clock (within 1 %); {moves}.",
        in_runs(leads, judged.len()),
        where_speeds_differ(judged.len(), runs),
        short(speed),
    ))
}

/// The furthest clock of a run at its end.
fn furthest(run: &Run<'_>) -> f64 {
    let clocks = run.nodes.iter().filter_map(|node| node.get("clock_final"));
    clocks.fold(f64::MIN, f64::max)
}

/// Whether a node is as fast and as far as any: equal speeds share the lead, so
/// do clocks within a hundredth.
fn leads_run(node: Node<'_>, top_speed: f64, furthest: f64) -> bool {
    node.get("steps_per_s")
        .is_some_and(|speed| speed >= top_speed * 0.99)
        && node
            .get("clock_final")
            .is_some_and(|clock| clock >= furthest * 0.99)
}

/// Whether the slowest node makes the larger jumps.
fn who_jumps(runs: &[Run<'_>], step: &str) -> Option<String> {
    let ends = ends(runs);
    if ends.is_empty() {
        if runs.iter().any(|run| run.nodes.len() < 2) {
            return None;
        }
        let means = || {
            runs.iter()
                .flat_map(|run| &run.nodes)
                .filter_map(|n| n.get("clock_jump_mean"))
        };
        let (low, high) = (means().reduce(f64::min)?, means().reduce(f64::max)?);
        return (high <= low * DIFFERS).then(|| {
            format!("All nodes are about as fast and their clocks jump about as far: by {} to {} on average.", fixed(low, 2), fixed(high, 2))
        });
    }
    let larger = ends
        .iter()
        .filter(|(fast, slow)| slow.get("clock_jump_mean") > fast.get("clock_jump_mean"))
        .count();
    let of = |end: fn(&(Node<'_>, Node<'_>)) -> f64| mean(ends.iter().map(end));
    let slow = of(|(_, slow)| slow.get("clock_jump_mean").unwrap_or(f64::NAN))?;
    let fast = of(|(fast, _)| fast.get("clock_jump_mean").unwrap_or(f64::NAN))?;
    let ratio = mean(
        ends.iter()
            .filter_map(|(fast, slow)| Some(fast.get("steps_per_s")? / slow.get("steps_per_s")?)),
    )?;
    if (larger as f64) < ends.len() as f64 * MOSTLY || slow.is_nan() || slow < fast * DIFFERS {
        return None;
    }
    // With a jump as large as the ratio of speeds, the slow clock keeps up.
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
        _ => ("the slowest node".to_owned(), "the fastest".to_owned()),
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
    capitalize(&mut text);
    Some(text)
}

/// The greatest jump of all.
fn greatest_jump(runs: &[Run<'_>]) -> Option<String> {
    let (node, jump) = greatest(runs, "clock_jump_max")?;
    (jump > 1.0).then(|| {
        format!(
            "The greatest single jump is {} ({}).",
            short(jump),
            place(node, runs)
        )
    })
}

/// The node and run with the greatest value; the first of equals.
fn greatest<'a>(runs: &[Run<'a>], metric: &str) -> Option<(Node<'a>, f64)> {
    let mut best: Option<(Node<'a>, f64)> = None;
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let Some(value) = node.get(metric)
            && best.is_none_or(|(_, least)| value > least)
        {
            best = Some((*node, value));
        }
    }
    best
}

/// How much the runs differ, and whether drawn speeds explain it.
fn spread_of_jumps<'a>(
    measured: &Measured,
    runs: &[Run<'_>],
    rows: impl Iterator<Item = &'a Vec<usize>>,
    step: &str,
) -> Option<String> {
    if runs.len() < 2 {
        return None;
    }
    let slowest = || {
        runs.iter()
            .filter_map(|run| run.nodes.last()?.get("clock_jump_mean"))
    };
    let (low, high) = (slowest().reduce(f64::min)?, slowest().reduce(f64::max)?);
    if speeds_vary(measured, rows) {
        let speeds = || {
            runs.iter()
                .flat_map(|run| &run.nodes)
                .filter_map(|n| n.get("steps_per_s"))
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

/// How far apart the clocks get, and whether that still grows at the end.
fn drift(runs: &[Run<'_>]) -> Option<String> {
    let (node, most) = greatest(runs, "clock_drift_max")?;
    let each: Vec<_> = runs
        .iter()
        .filter_map(|run| {
            let of = |metric: &str| {
                run.nodes
                    .iter()
                    .filter_map(|n| n.get(metric))
                    .reduce(f64::max)
            };
            Some((of("clock_drift_max")?, of("clock_drift_final")?))
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

/// Which share of the clock's values the slowest or jumpiest node never had.
fn gaps(runs: &[Run<'_>]) -> Option<String> {
    let share = |node: Node<'_>| {
        let (gap, last) = (node.get("clock_gap_total")?, node.get("clock_final")?);
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

/// A node in the runs in which it falls behind.
struct Behind<'a> {
    node: Node<'a>,
    /// The run with its longest queue, and that.
    worst: (u64, f64),
    speeds: Vec<f64>,
    arrivals: Vec<f64>,
}

/// The nodes that fall behind, the longest queue first.
fn falling_behind<'a>(runs: &[Run<'a>]) -> Vec<Behind<'a>> {
    let mut behind: std::collections::BTreeMap<usize, Behind<'a>> = Default::default();
    for node in runs.iter().flat_map(|run| &run.nodes) {
        let (Some(speed), Some(arrivals), Some(most), Some(last)) = (
            node.get("steps_per_s"),
            node.arrivals_per_s(),
            node.get("queue_max"),
            node.get("queue_final"),
        ) else {
            continue;
        };
        if arrivals <= speed || last < BACKLOG {
            continue;
        }
        let index = node.measured.rows[node.row].node;
        let this = behind.entry(index).or_insert(Behind {
            node: *node,
            worst: (node.run(), most),
            speeds: Vec::new(),
            arrivals: Vec::new(),
        });
        if most > this.worst.1 {
            this.worst = (node.run(), most);
        }
        this.speeds.push(speed);
        this.arrivals.push(arrivals);
    }
    let mut behind: Vec<_> = behind.into_values().collect();
    behind.sort_by(|a, b| b.worst.1.total_cmp(&a.worst.1));
    behind
}

/// Who falls behind; or that nobody does.
fn queues(runs: &[Run<'_>], step: &str, clocked: bool) -> Vec<String> {
    let behind = falling_behind(runs);
    let sentence = |this: &Behind<'_>| {
        let hits = this.speeds.len();
        let average = |values: &[f64]| mean(values.iter().copied()).unwrap_or(f64::NAN);
        let (speed, arrivals) = (average(&this.speeds), average(&this.arrivals));
        let (where_, on_average, worst) = match (runs.len(), hits) {
            (1, _) => (String::new(), "", String::new()),
            (_, 1) => (format!(" in run {}", this.worst.0), "", String::new()),
            (all, hits) => (
                format!(" {}", in_runs(hits, all)),
                " on average",
                format!(" (run {})", this.worst.0),
            ),
        };
        format!(
            "{} falls behind{where_}: {} {step}{}/s against {} messages/s arriving{on_average}; its queue grew to {}{worst}.",
            this.node.name(),
            short(speed),
            if speed == 1.0 { "" } else { "s" },
            fixed(arrivals, if arrivals < 10.0 { 2 } else { 1 }),
            short(this.worst.1),
        )
    };
    let mut said: Vec<String> = behind.iter().take(NAMED).map(sentence).collect();
    if behind.len() > NAMED {
        let more = (behind.len() - NAMED) as u64;
        let verb = if more == 1 { "does" } else { "do" };
        said.push(format!(
            "So {verb} {} more, with shorter queues.",
            whole(more)
        ));
    }
    if behind.is_empty()
        && let Some((node, most)) = greatest(runs, "queue_max")
    {
        let nodes = || runs.iter().flat_map(|run| &run.nodes);
        let enough = nodes().all(
            |node| match (node.arrivals_per_s(), node.get("steps_per_s")) {
                (Some(arrivals), Some(speed)) => arrivals <= speed,
                _ => true,
            },
        );
        let short_ends =
            nodes().all(|node| node.get("queue_final").is_none_or(|last| last < BACKLOG));
        let first = match (enough, short_ends) {
            (true, _) if clocked => {
                format!("No node falls behind: none gets more messages than it has {step}s. The")
            }
            (_, true) => format!("No node ends with {BACKLOG} messages or more waiting. The"),
            _ => "The".to_owned(),
        };
        said.push(format!(
            "{first} longest queue was {} ({}).",
            count(most as u64, "message"),
            place(node, runs)
        ));
    }
    said
}

/// Where the messages went.
fn conservation(runs: &[Run<'_>], open: bool) -> Option<String> {
    let sum = |metric: &str| {
        runs.iter()
            .flat_map(|run| &run.nodes)
            .filter_map(|n| n.get(metric))
            .sum::<f64>()
    };
    let (sent, received, dropped) = (sum("sent"), sum("received"), sum("dropped"));
    if open {
        let lost = match dropped {
            0.0 => String::new(),
            _ => format!("; {} lost", fixed(dropped, 0)),
        };
        return (sent + received > 0.0).then(|| {
            format!(
                "The nodes sent {} and handled {}{lost}. What they exchanged with programs outside is among these, so the difference says nothing about losses.",
                count(sent as u64, "message"),
                whole(received as u64),
            )
        });
    }
    if sent == 0.0 {
        return None;
    }
    let mut text = format!(
        "Of {} sent, {} handled",
        count(sent as u64, "message"),
        match received {
            1.0 => "1 was".to_owned(),
            _ => format!("{} were", fixed(received, 0)),
        }
    );
    if dropped > 0.0 {
        text.push_str(&format!(", {} lost", fixed(dropped, 0)));
    }
    let rest = sent - received - dropped;
    if rest > 0.0 {
        text.push_str(&format!(
            " and {} still waited or travelled at the end",
            fixed(rest, 0)
        ));
    }
    text.push('.');
    Some(text)
}

/// Where messages took longest.
fn latency(runs: &[Run<'_>], open: bool) -> Option<String> {
    let (node, longest) = greatest(runs, "latency_max")?;
    if open {
        // What came from outside has no `send`: how many have one is not known.
        return Some(format!(
            "From send to handling a message between nodes took {} at most (to {}).",
            span(longest),
            place(node, runs),
        ));
    }
    let (mut sum, mut received) = (0.0, 0.0);
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let (Some(mean), Some(n)) = (node.get("latency_mean"), node.get("received")) {
            (sum, received) = (sum + mean * n, received + n);
        }
    }
    (received > 0.0).then(|| {
        format!(
            "From send to handling a message took {} on average and {} at most (to {}).",
            span(sum / received),
            span(longest),
            place(node, runs),
        )
    })
}

/// A span of nanoseconds in the unit that reads well.
pub(super) fn span(ns: f64) -> String {
    let (factor, unit) = match ns {
        _ if ns >= 1e9 => (1e-9, "s"),
        _ if ns >= 1e6 => (1e-6, "ms"),
        _ if ns >= 1e3 => (1e-3, "µs"),
        _ => (1.0, "ns"),
    };
    format!("{} {unit}", short(ns * factor))
}

fn capitalize(text: &mut String) {
    // A node's name stays as it is; only our own words begin sentences.
    if let Some(rest) = text.strip_prefix("the ") {
        *text = format!("The {rest}");
    }
}
