//! The pictures of a case, from the lines of its first runs. Here are those of
//! values over time; `jumps` is the histogram, `space_time` the space-time diagram.

mod jumps;
mod space_time;

use std::collections::HashMap;

use super::series::RunSeries;
use super::{Figure, LinePanel, Lines, Plot};
use crate::log::RunSchema;
use crate::render::number;

pub(super) use space_time::SPACE_TIME_NODES;

/// The lines of the runs of one case that are drawn.
pub(super) struct Drawn<'a> {
    /// Part of the file names; empty if there is only one case.
    pub suffix: String,
    /// Part of the titles; empty if there is only one case.
    pub of: String,
    /// Run numbers and their lines.
    pub runs: &'a [(u64, RunSeries)],
    /// Steps per second by run and node, for the panels' small print.
    pub speeds: &'a HashMap<(u64, String), f64>,
    /// The word for a step: `tick` or `step`.
    pub step: &'static str,
    /// Number of nodes of the scenario, drawn or not.
    pub node_count: usize,
    /// The schema's indices of the drawn nodes.
    pub nodes: &'a [usize],
    /// The nodes of the scenario, with the meaning of their columns.
    pub schema: &'a RunSchema,
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

    /// What the captions of plots over time say about the bands.
    fn band_note(&self) -> &'static str {
        match self.runs.iter().any(|(_, run)| run.left_out_ns > 0) {
            true => " The shaded beginning is left out of all numbers (`warmup`).",
            false => "",
        }
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

    /// A figure of lines; `None` without points.
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
                left_out_s: run.left_out_ns as f64 / 1e9,
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
                at_least: (0.0, 0.0),
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
            "Each node's `clock` after each of its steps, over true time. Lines that run together are clocks that keep up with one another; a line that falls away belongs to a node that no longer does.{}{}",
            self.band_note(),
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
            "How far each node's `clock` is behind the `clock` that is furthest ahead at the same true time, looked at every {} s. The node at 0 leads; the highest line is the drift of the whole.{}{}",
            number::short(every),
            self.band_note(),
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
            "The messages that wait in each node's inbox after each of its steps. A line that keeps rising is a node that handles less than it is sent.{}{}",
            self.band_note(),
            self.speeds_note()
        );
        Some(self.figure("queues", "Queue length over time", caption, plot))
    }

    /// What a column means, as its behavior documents it: `: bets stored so far`. Behaviors may
    /// have columns of the same name, so it says whose meaning it is.
    fn meaning(&self, column: &str) -> String {
        // The meanings, each with the names of its nodes.
        let mut meanings: Vec<(&str, Vec<&str>)> = Vec::new();
        for node in self
            .nodes
            .iter()
            .filter_map(|&at| self.schema.nodes.get(at))
        {
            let docs = node.columns.iter().find(|it| it.name == column);
            let docs = docs.map_or("", |it| it.docs.trim_end_matches('.'));
            match meanings.iter_mut().find(|it| it.0 == docs) {
                _ if docs.is_empty() => {}
                Some((_, names)) => names.push(&node.name),
                None => meanings.push((docs, vec![&node.name])),
            }
        }
        let of = |(docs, names): &(&str, Vec<&str>)| match &names[..] {
            [first, .., last] => format!("{first} to {last}: {docs}"),
            _ => format!("{}: {docs}", names.join("")),
        };
        match &meanings[..] {
            [] => String::new(),
            [(docs, _)] => format!(": {docs}"),
            several => {
                let several: Vec<String> = several.iter().map(of).collect();
                format!(". {}", several.join("; "))
            }
        }
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
            // Nanoseconds are shown in milliseconds, as in the tables.
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
                "The column `{name}` after each step, over true time{}.{}{}",
                self.meaning(name),
                self.band_note(),
                self.speeds_note()
            );
            // The name of a column may have characters that a file name must not have.
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
}

/// The distance from a node's clock to the clock furthest ahead, at each sample.
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
