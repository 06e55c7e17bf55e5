//! The pictures of a case, from the lines of its first runs.

use std::collections::HashMap;

use super::series::{NodeSeries, RunSeries};
use super::{
    BarPanel, Bars, Figure, LinePanel, Lines, Plot, SpaceTime, SpaceTimeMessage, SpaceTimeStep,
};
use crate::log::{EventId, NO_PEER};
use crate::metrics::Histogram;
use crate::render::number;

/// Nodes in a space-time diagram: more cannot be told apart.
pub(super) const SPACE_TIME_NODES: usize = 8;
/// Messages in a space-time diagram, about.
const SPACE_TIME_MESSAGES: usize = 24;
/// The longest window of a space-time diagram `[s]`.
const SPACE_TIME_SECONDS: f64 = 10.0;
/// Bars of a histogram, at most; small panels have room for half.
const BARS: usize = 24;

/// The lines of the runs of one case that are drawn.
pub(super) struct Drawn<'a> {
    /// Part of the file names; empty if there is only one case.
    pub suffix: String,
    /// Said in each title; empty if there is only one case.
    pub of: String,
    /// Run numbers and their lines.
    pub runs: &'a [(u64, RunSeries)],
    /// Steps per second by run and node, for the panels' small print.
    pub speeds: &'a HashMap<(u64, String), f64>,
    /// What a step is called: `tick` or `step`.
    pub step: &'static str,
    /// The nodes of the scenario, drawn or not.
    pub node_count: usize,
    /// Which nodes of the schema are drawn.
    pub nodes: &'a [usize],
}

impl Drawn<'_> {
    fn figure(&self, stem: &str, title: &str, caption: String, plot: Plot) -> Figure {
        Figure {
            stem: format!("{stem}{}", self.suffix),
            title: format!("{title}{}", self.of),
            caption,
            plot,
        }
    }

    fn names(&self) -> Vec<String> {
        let nodes = self.runs.first().map_or(&[][..], |(_, run)| &run.nodes);
        nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// `1 · 3 · 6 ticks/s`, in the order of the legend.
    fn speeds_of(&self, run: u64) -> String {
        let names = self.names();
        if names.len() > 4 {
            return String::new();
        }
        let speeds: Option<Vec<String>> = names
            .into_iter()
            .map(|name| {
                self.speeds
                    .get(&(run, name))
                    .map(|&speed| number::short(speed))
            })
            .collect();
        speeds.map_or(String::new(), |speeds| {
            format!("{} {}s/s", speeds.join(" · "), self.step)
        })
    }

    fn speeds_note(&self) -> &'static str {
        if self.names().len() > 4 {
            return "";
        }
        match self.step {
            "tick" => {
                " At the right of each panel: the nodes' ticks per second, in the order of the legend."
            }
            _ => {
                " At the right of each panel: the nodes' steps per second, in the order of the legend."
            }
        }
    }

    /// A figure of lines; none if there is nothing to draw.
    fn lines(
        &self,
        step: bool,
        y_label: &str,
        line: impl Fn(&RunSeries, usize) -> Vec<(f64, f64)>,
    ) -> Option<Plot> {
        let panels: Vec<LinePanel> = self
            .runs
            .iter()
            .map(|(number, run)| LinePanel {
                title: format!("run {number}"),
                note: self.speeds_of(*number),
                lines: (0..run.nodes.len())
                    .map(|node| (node, line(run, node)))
                    .filter(|(_, points)| !points.is_empty())
                    .collect(),
            })
            .collect();
        let any = panels.iter().any(|panel| !panel.lines.is_empty());
        let end_ns = self.runs.iter().map(|(_, run)| run.end_ns).max()?;
        any.then(|| {
            Plot::Lines(Lines {
                y_label: y_label.to_owned(),
                end_s: end_ns as f64 / 1e9,
                step,
                series: self.names(),
                panels,
            })
        })
    }

    /// The clocks over time.
    pub fn clocks(&self) -> Option<Figure> {
        let plot = self.lines(true, "clock", |run, node| {
            run.nodes[node].clock.points().to_vec()
        })?;
        let caption = format!(
            "Each node's `clock` after each of its steps, over true time. Lines that run together are clocks that keep up with one another; a line that falls away belongs to a node that no longer does.{}",
            self.speeds_note()
        );
        Some(self.figure("clocks", "Clocks over time", caption, plot))
    }

    /// The distances between the clocks over time.
    pub fn drift(&self) -> Option<Figure> {
        if self.names().len() < 2 {
            return None;
        }
        let plot = self.lines(false, "clock values behind the furthest", behind)?;
        let every = self.runs.first().map_or(0, |(_, run)| run.sample_ns) as f64 / 1e9;
        let caption = format!(
            "How far each node's `clock` is behind the `clock` that is furthest ahead at the same true time, looked at every {} s. The node at 0 leads; the highest line is the drift of the whole.{}",
            number::short(every),
            self.speeds_note()
        );
        Some(self.figure("drift", "Drift over time", caption, plot))
    }

    /// The inboxes over time.
    pub fn queues(&self) -> Option<Figure> {
        let plot = self.lines(true, "messages waiting", |run, node| {
            run.nodes[node].queue.points().to_vec()
        })?;
        let Plot::Lines(lines) = &plot else {
            return None;
        };
        let points = lines.panels.iter().flat_map(|panel| &panel.lines);
        if points
            .flat_map(|(_, points)| points)
            .all(|point| point.1 == 0.0)
        {
            return None;
        }
        let caption = format!(
            "The messages that wait in each node's inbox after each of its steps. A line that keeps rising is a node that handles less than it is sent.{}",
            self.speeds_note()
        );
        Some(self.figure("queues", "Queue length over time", caption, plot))
    }

    /// One figure for each other numeric column.
    pub fn others(&self) -> Vec<Figure> {
        let mut columns: Vec<&str> = Vec::new();
        for node in self.runs.iter().flat_map(|(_, run)| &run.nodes) {
            for (name, _) in &node.others {
                if !columns.contains(&name.as_str()) {
                    columns.push(name);
                }
            }
        }
        columns.truncate(super::series::OTHER_COLUMNS);
        let figure = |(index, name): (usize, &&str)| {
            // Nanoseconds are told in milliseconds, as in the tables.
            let (label, scale) = match super::questions::is_span(name) {
                true => (format!("{name} [ms]"), 1e-6),
                false => ((*name).to_owned(), 1.0),
            };
            let plot = self.lines(true, &label, |run, node| {
                let others = run.nodes[node].others.iter();
                let mut line = others.filter(|other| other.0 == *name);
                line.next().map_or(Vec::new(), |(_, line)| {
                    let points = line.points().iter();
                    points.map(|(time, value)| (*time, value * scale)).collect()
                })
            })?;
            let caption = format!(
                "The column `{name}` after each step, over true time.{}",
                self.speeds_note()
            );
            // The name of a column may hold anything; the file's name may not.
            let stem = format!("column-{}", index + 1);
            Some(self.figure(
                &stem,
                &format!("`{name}` over time").replace('`', ""),
                caption,
                plot,
            ))
        };
        columns.iter().enumerate().filter_map(figure).collect()
    }

    /// How often the clocks jumped by how much.
    pub fn jumps(&self) -> Option<Figure> {
        let names = self.names();
        let mut pooled: Vec<Histogram> = vec![Histogram::default(); names.len()];
        for (_, run) in self.runs {
            for (pool, node) in pooled.iter_mut().zip(&run.nodes) {
                pool.merge(&node.jumps);
            }
        }
        let counted = pooled.iter().filter(|pool| pool.count() > 0);
        let first = counted.clone().filter_map(Histogram::min).min()?;
        let greatest = counted.clone().filter_map(Histogram::max).max()?;
        // One jump in 200 may lie beyond the last bar, which is then open.
        let high = counted
            .filter_map(|pool| pool.at_rank((pool.count() * 199).div_ceil(200)))
            .max()?;
        let slots = if names.len() > 1 { BARS / 2 } else { BARS } as u64;
        let width = round_up((high - first + 1).div_ceil(slots));
        let bars = ((high - first) / width + 1) as usize;
        let open_end = greatest >= first + width * bars as u64;
        let panels = names
            .iter()
            .zip(&pooled)
            .enumerate()
            .filter(|(_, (_, pool))| pool.count() > 0)
            .map(|(series, (name, pool))| {
                let mut heights = vec![0.0; bars];
                for (low, _, count) in pool.buckets() {
                    let bar = ((low.saturating_sub(first) / width) as usize).min(bars - 1);
                    heights[bar] += count as f64 * 100.0 / pool.count() as f64;
                }
                BarPanel {
                    title: name.clone(),
                    note: pool.mean().map_or(String::new(), |mean| {
                        format!(
                            "mean {}, greatest {}",
                            number::short(mean),
                            pool.max().map_or(String::new(), number::whole)
                        )
                    }),
                    series,
                    bars: heights,
                }
            })
            .collect();
        let runs = match self.runs {
            [(run, _)] => format!("run {run}"),
            [(first, _), .., (last, _)] if *last + 1 - *first == self.runs.len() as u64 => {
                format!("runs {first} to {last} together")
            }
            runs => format!("{} together", number::count(runs.len() as u64, "run")),
        };
        let plot = Plot::Bars(Bars {
            x_label: "jump (clock values)".to_owned(),
            y_label: "share of the node's steps [%]".to_owned(),
            first,
            width,
            open_end,
            panels,
        });
        let caption = format!(
            "How far each node's `clock` went up from one step to the next, {runs}. A jump of 1 is the node's own counting; a larger one is a message from a clock that was ahead."
        );
        Some(self.figure("jumps", "How the clocks jump", caption, plot))
    }

    /// The beginning of the first run: nodes as lines, messages as arrows.
    pub fn space_time(&self) -> Option<Figure> {
        let (run_number, run) = self.runs.first()?;
        let nodes = &run.nodes[..run.nodes.len().min(SPACE_TIME_NODES)];
        let place: HashMap<u32, usize> = self
            .nodes
            .iter()
            .take(nodes.len())
            .enumerate()
            .map(|(place, &node)| (node as u32, place))
            .collect();
        let end_ns = window(nodes, run.end_ns, &place)?;
        let seconds = |ns: u64| ns as f64 / 1e9;
        let mut handled = HashMap::new();
        for (to, node) in nodes.iter().enumerate() {
            for moment in &node.moments {
                if moment.event == EventId::RECEIVE
                    && moment.message > 0
                    && moment.time_ns <= end_ns
                {
                    handled.insert((moment.peer, moment.message, to), moment.time_ns);
                }
            }
        }
        let (mut steps, mut messages): (Vec<SpaceTimeStep>, Vec<SpaceTimeMessage>) =
            Default::default();
        for (index, node) in nodes.iter().enumerate() {
            let mut last_step = 0;
            for moment in node
                .moments
                .iter()
                .take_while(|moment| moment.time_ns <= end_ns)
            {
                if moment.event == EventId::SEND
                    && let Some(&to) = place.get(&moment.peer)
                {
                    let key = (self.nodes[index] as u32, moment.message, to);
                    messages.push(SpaceTimeMessage {
                        from: index,
                        to,
                        sent_s: seconds(moment.time_ns),
                        handled_s: handled.get(&key).copied().map(seconds),
                    });
                }
                let tells = matches!(moment.event, EventId::SEND | EventId::RECEIVE);
                if moment.step == last_step {
                    continue;
                }
                last_step = moment.step;
                steps.push(SpaceTimeStep {
                    node: index,
                    at_s: seconds(moment.time_ns),
                    label: moment
                        .clock
                        .filter(|_| tells)
                        .map(number::short)
                        .or(tells.then(String::new)),
                    receive: moment.event == EventId::RECEIVE,
                });
            }
        }
        if messages.is_empty() {
            return None;
        }
        let end_s = seconds(end_ns);
        let shown = nodes.len();
        let of_nodes = if shown < self.node_count {
            format!(" Only the first {shown} nodes and the messages between them are drawn.")
        } else {
            String::new()
        };
        let outside = shown == self.node_count
            && nodes.iter().flat_map(|node| &node.moments).any(|moment| {
                matches!(moment.event, EventId::SEND | EventId::RECEIVE)
                    && moment.peer != NO_PEER
                    && moment.peer as usize >= self.node_count
            });
        let outside = if outside {
            " What is exchanged with programs outside has no arrow."
        } else {
            ""
        };
        let clock = steps
            .iter()
            .any(|step| step.label.as_ref().is_some_and(|label| !label.is_empty()));
        let clock = if clock {
            "; the number is the clock after it"
        } else {
            ""
        };
        let caption = format!(
            "Run {run_number}, the first {} s: {}. Each line is a node, each dot a step; a large dot sent a message, a ring handled one{clock}. An arrow leads from where a message was sent to where it was handled, its waiting in the inbox included; a dotted stub is a message that was not handled within the window.{outside}{of_nodes}",
            number::short(end_s),
            number::count(messages.len() as u64, "message"),
        );
        let plot = Plot::SpaceTime(SpaceTime {
            nodes: nodes.iter().map(|node| node.name.clone()).collect(),
            end_s,
            steps,
            messages,
        });
        Some(self.figure("space-time", "Who told whom, and when", caption, plot))
    }
}

/// The end of the window that a space-time diagram shows `[ns]`: about so many
/// messages, at most so many seconds, and no node's moments cut short.
fn window(nodes: &[NodeSeries], end_ns: u64, place: &HashMap<u32, usize>) -> Option<u64> {
    let mut sent: Vec<u64> = nodes
        .iter()
        .flat_map(|node| &node.moments)
        .filter(|moment| moment.event == EventId::SEND && place.contains_key(&moment.peer))
        .map(|moment| moment.time_ns)
        .collect();
    sent.sort_unstable();
    let enough = sent.get(SPACE_TIME_MESSAGES).copied().unwrap_or(end_ns);
    // A little longer, so that the last messages arrive.
    let mut end = (enough.saturating_mul(11) / 10).min(end_ns);
    let first = *sent.first()?;
    let longest = (SPACE_TIME_SECONDS * 1e9) as u64;
    end = end.min(longest.max(first.saturating_mul(2)));
    for node in nodes.iter().filter(|node| node.more_moments) {
        end = end.min(node.moments.last()?.time_ns);
    }
    (end > 0).then_some(end)
}

/// How far a node's clock is behind the one furthest ahead, at each sample.
fn behind(run: &RunSeries, node: usize) -> Vec<(f64, f64)> {
    let samples = &run.nodes[node].samples;
    (0..samples.len())
        .filter_map(|sample| {
            let own = samples[sample]?;
            let clocks = run
                .nodes
                .iter()
                .filter_map(|node| *node.samples.get(sample)?);
            let ahead = clocks.reduce(f64::max)?;
            Some((sample as f64 * run.sample_ns as f64 / 1e9, ahead - own))
        })
        .collect()
}

/// The least of 1, 2, 5, 10, 20, ... that is at least `width`.
fn round_up(width: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step >= width {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_round() {
        let widths: Vec<_> = [0, 1, 2, 3, 6, 11, 300].map(round_up).into();
        assert_eq!(widths, [1, 1, 2, 5, 10, 20, 500]);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
