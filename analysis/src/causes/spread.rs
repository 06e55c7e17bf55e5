//! The difference of two runs as text, and how it spread as a picture.

use std::fmt::Write;

use base::harmless;
use base::time::SimTime;

use super::difference::{Difference, NodeDifference, Parting};
use super::past::{Target, TargetPlace};
use super::picture::{ConeArrow, ConeMark, ConePanel};
use super::text::{changed, event};
use crate::log::Row;
use crate::render::number::{count, whole};

/// Maximum number of nodes that are told of. Arbitrary.
const MAX_TOLD: usize = 40;
/// Maximum number of nodes in a picture. Arbitrary.
const MAX_DRAWN: usize = 24;

/// `1st`, `22nd`, `13th`.
fn ordinal(number: u64) -> String {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{end}", whole(number))
}

impl Difference {
    /// The node with the first record that differs, and this record.
    pub fn parting(&self) -> Option<(&NodeDifference, &Parting)> {
        let node = &self.nodes[self.first?];
        Some((node, node.parting.as_ref()?))
    }

    /// The records of one of the runs whose past tells why it parts: the first one that
    /// differs, or the last one before, if the run has no more records of the node.
    pub fn target(&self, side: usize) -> Option<Target> {
        let (node, parting) = self.parting()?;
        let last = node.last_same.map(|rows| rows[side]);
        let (row, note) = match (parting.rows[side], last) {
            (Some(row), _) => (row, "differs first"),
            (None, last) => (last?, "the last one here"),
        };
        Some(Target {
            node: node.index[side],
            place: TargetPlace::Row(row.time_ns, row.step, row.event),
            note: note.to_owned(),
        })
    }

    /// What is the same, what differs first, and how it spread.
    pub fn text(&self) -> String {
        let rows: u64 = self.nodes.iter().map(|node| node.same_rows).sum();
        let mut out = String::new();
        for (only, run) in self.only.iter().zip(["A", "B"]) {
            if !only.is_empty() {
                let names = only[..only.len().min(MAX_TOLD)].join(", ");
                let _ = writeln!(out, "only in {run}, so not compared: {names}");
            }
        }
        let nodes = count(self.nodes.len() as u64, "node");
        let Some((node, parting)) = self.parting() else {
            let records = count(rows, "record");
            let _ = writeln!(out, "nothing differs: {records} of {nodes} say the same");
            out += &match self.times() {
                None => "their times are the same, too\n".to_owned(),
                Some(times) => format!("their times differ: {times}\n"),
            };
            return out;
        };
        let _ = writeln!(
            out,
            "the same up to {}: {} of {nodes}",
            SimTime(parting.time_ns()),
            count(rows, "record")
        );
        if let Some(times) = self.times() {
            let _ = writeln!(out, "times part before: {times}");
        }
        let _ = writeln!(
            out,
            "\nfirst record that differs: the {} of {}",
            ordinal(node.same_rows + 1),
            node.name
        );
        for (side, run) in ["A", "B"].into_iter().enumerate() {
            let line = self.record(parting, side);
            let _ = writeln!(out, "  {run}  {}", harmless::line(&line));
        }
        if !parting.what.is_empty() {
            let what = changed(&parting.what, usize::MAX);
            let _ = writeln!(out, "  A -> B: {}", harmless::line(&what));
        }
        out += "\nhow it spread (time in A, in B):\n";
        let order = self.in_order();
        for &at in order.iter().take(MAX_TOLD) {
            let node = &self.nodes[at];
            let Some(parting) = &node.parting else {
                continue;
            };
            let times = parting.rows.map(|row| {
                row.map_or_else(|| "-".to_owned(), |row| SimTime(row.time_ns).to_string())
            });
            let how = match (parting.by, Some(at) == self.first) {
                (_, true) => "here it begins".to_owned(),
                (Some((sender, message)), _) => {
                    format!("by message {message} of {}", self.nodes[sender].name)
                }
                (None, _) => "by itself".to_owned(),
            };
            let step = parting.rows.iter().flatten().map(|row| row.step).next();
            let line = format!("{}, step {}: {how}", node.name, step.unwrap_or(0));
            let _ = writeln!(
                out,
                "  {:>16}  {:>16}  {}",
                times[0],
                times[1],
                harmless::line(&line)
            );
        }
        if let Some(more @ 1..) = order.len().checked_sub(MAX_TOLD) {
            let _ = writeln!(out, "  and {}", count(more as u64, "more node"));
        }
        let same = self.nodes.iter().filter(|node| node.parting.is_none());
        let same: Vec<String> = same
            .map(|node| format!("{} ({})", node.name, whole(node.same_rows)))
            .collect();
        if !same.is_empty() {
            let more = if same.len() > MAX_TOLD { ", ..." } else { "" };
            let names = same[..same.len().min(MAX_TOLD)].join(", ");
            let _ = writeln!(
                out,
                "  never, with so many records that are the same: {names}{more}"
            );
        }
        out
    }

    /// The first record whose time differs, if it is before all other differences.
    fn times(&self) -> Option<String> {
        let node = &self.nodes[self.first_time?];
        let [a, b] = node.time?;
        let when = a.time_ns.min(b.time_ns);
        if self.parting().is_some_and(|(_, it)| it.time_ns() < when) {
            return None;
        }
        let what = event(&a, &self.schemas[0]);
        let times = match a.time_ns == b.time_ns {
            true => format!(
                "at {}, with a queue of {} and {}",
                SimTime(when),
                a.queue,
                b.queue
            ),
            false => format!("at {} and {}", SimTime(a.time_ns), SimTime(b.time_ns)),
        };
        Some(format!("{}, step {}, {what} {times}", node.name, a.step))
    }

    fn record(&self, parting: &Parting, side: usize) -> String {
        match parting.rows[side] {
            None => "no more records of it".to_owned(),
            Some(row) => self.at(&row, side),
        }
    }

    fn at(&self, row: &Row, side: usize) -> String {
        let schema = &self.schemas[side];
        let name = &schema.nodes[row.node as usize].name;
        let step = match row.event.in_step() {
            true => format!(", step {}", row.step),
            false => String::new(),
        };
        format!(
            "{}  {name}{step}: {}",
            SimTime(row.time_ns),
            event(row, schema)
        )
    }

    /// The nodes that differ, by the time at which they do, the first one first.
    fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len())
            .filter(|&at| self.nodes[at].parting.is_some())
            .collect();
        let time_ns = |at: usize| self.nodes[at].parting.as_ref().map_or(0, Parting::time_ns);
        order.sort_by_key(|&at| (Some(at) != self.first, time_ns(at), at));
        order
    }

    /// How the difference spread: a mark where each node first differs, and an arrow for the
    /// message by which it came.
    pub fn panel(&self) -> ConePanel {
        let mut order = self.in_order();
        let more = order.len().saturating_sub(MAX_DRAWN);
        order.truncate(MAX_DRAWN);
        let mut nodes = order.clone();
        nodes.sort_unstable();
        let place = |at: usize| nodes.iter().position(|&it| it == at);
        let column = |at: usize| order.iter().position(|&it| it == at);
        let mut panel = ConePanel {
            title: "how the difference spread".to_owned(),
            note: match more {
                0 => "where each node first differs, and the message by which it came".to_owned(),
                more => format!(
                    "where each node first differs; {} later",
                    count(more as u64, "more node")
                ),
            },
            nodes: nodes
                .iter()
                .map(|&at| self.nodes[at].name.clone())
                .collect(),
            ..ConePanel::default()
        };
        for (at_column, &at) in order.iter().enumerate() {
            let Some(parting) = &self.nodes[at].parting else {
                continue;
            };
            panel.times.push(SimTime(parting.time_ns()).to_string());
            let node = place(at).unwrap_or(0);
            panel.marks.push(ConeMark {
                column: at_column,
                node,
                label: match Some(at) == self.first {
                    true => "first".to_owned(),
                    false => String::new(),
                },
                tip: format!(
                    "A: {}; B: {}",
                    self.record(parting, 0),
                    self.record(parting, 1)
                ),
                target: Some(at) == self.first,
                ..ConeMark::default()
            });
            if let Some((sender, _)) = parting.by {
                panel.arrows.push(ConeArrow {
                    from: column(sender).zip(place(sender)),
                    sender: place(sender),
                    to: (at_column, node),
                });
            }
        }
        panel
    }
}
