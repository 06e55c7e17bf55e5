//! The space-time diagram: the beginning of the first run, nodes as lines, messages
//! as arrows.

use std::collections::HashMap;

use super::Drawn;
use crate::log::{EventId, NO_PEER};
use crate::render::number;
use crate::report::series::{Moment, NodeSeries};
use crate::report::{Figure, Plot, SpaceTime, SpaceTimeMessage, SpaceTimeStep};

/// Maximum number of nodes in a diagram: more lines cannot be told apart.
pub(in crate::report) const SPACE_TIME_NODES: usize = 8;
/// Number of messages in a diagram, about.
const MESSAGES: usize = 24;
/// Maximum length of the window `[s]`.
const SECONDS: f64 = 10.0;

/// The part of a run that is drawn.
struct Window<'a> {
    nodes: &'a [NodeSeries],
    /// The schema's index of each node.
    indices: &'a [usize],
    /// Where the window ends `[ns]`; it begins at 0.
    end_ns: u64,
}

impl Drawn<'_> {
    /// The space-time diagram; `None` if no message was sent in the window.
    pub fn space_time(&self) -> Option<Figure> {
        let (run_number, run) = self.runs.first()?;
        let nodes = &run.nodes[..run.nodes.len().min(SPACE_TIME_NODES)];
        let window = Window::new(nodes, &self.nodes[..nodes.len()], run.end_ns)?;
        let (steps, messages) = (window.steps(), window.messages());
        if messages.is_empty() {
            return None;
        }
        let end_s = seconds(window.end_ns);
        let has_clock = steps
            .iter()
            .any(|step| step.label.as_ref().is_some_and(|label| !label.is_empty()));
        let clock = match has_clock {
            true => "; the number is the clock after it",
            false => "",
        };
        let shown = nodes.len();
        let of_nodes = match shown < self.node_count {
            true => {
                format!(" Only the first {shown} nodes and the messages between them are drawn.")
            }
            false => String::new(),
        };
        let outside = match shown == self.node_count && window.has_external_peers() {
            true => " What is exchanged with programs outside has no arrow.",
            false => "",
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

impl<'a> Window<'a> {
    /// A window with about [`MESSAGES`] messages, of at most [`SECONDS`], that ends
    /// before the moments of a node do. `None` if no message is sent to a drawn node.
    fn new(nodes: &'a [NodeSeries], indices: &'a [usize], end_ns: u64) -> Option<Window<'a>> {
        let mut window = Window {
            nodes,
            indices,
            end_ns,
        };
        let mut sent: Vec<u64> = nodes
            .iter()
            .flat_map(|node| &node.moments)
            .filter(|moment| moment.event == EventId::SEND && window.line(moment.peer).is_some())
            .map(|moment| moment.time_ns)
            .collect();
        sent.sort_unstable();
        let enough = sent.get(MESSAGES).copied().unwrap_or(end_ns);
        // A little longer, so that the last messages arrive.
        let mut end = (enough.saturating_mul(11) / 10).min(end_ns);
        let first = *sent.first()?;
        let longest = (SECONDS * 1e9) as u64;
        end = end.min(longest.max(first.saturating_mul(2)));
        for node in nodes.iter().filter(|node| node.more_moments) {
            end = end.min(node.moments.last()?.time_ns);
        }
        window.end_ns = end;
        (end > 0).then_some(window)
    }

    /// The line of a peer.
    fn line(&self, peer: u32) -> Option<usize> {
        self.indices.iter().position(|&node| node as u32 == peer)
    }

    /// The moments of a node in the window.
    fn moments(&self, node: &'a NodeSeries) -> impl Iterator<Item = &'a Moment> {
        let moments = node.moments.iter();
        moments.take_while(|moment| moment.time_ns <= self.end_ns)
    }

    fn steps(&self) -> Vec<SpaceTimeStep> {
        let mut steps = Vec::new();
        for (line, node) in self.nodes.iter().enumerate() {
            let mut last_step = 0;
            for moment in self.moments(node) {
                if moment.step == last_step {
                    continue;
                }
                last_step = moment.step;
                let has_message = matches!(moment.event, EventId::SEND | EventId::RECEIVE);
                steps.push(SpaceTimeStep {
                    node: line,
                    at_s: seconds(moment.time_ns),
                    label: has_message
                        .then(|| moment.clock.map_or_else(String::new, number::short)),
                    receive: moment.event == EventId::RECEIVE,
                });
            }
        }
        steps
    }

    fn messages(&self) -> Vec<SpaceTimeMessage> {
        let handled = self.handled();
        let mut messages = Vec::new();
        for (from, node) in self.nodes.iter().enumerate() {
            let sends = self.moments(node).filter(|it| it.event == EventId::SEND);
            for moment in sends {
                let Some(to) = self.line(moment.peer) else {
                    continue;
                };
                let key = (self.indices[from] as u32, moment.message, to);
                messages.push(SpaceTimeMessage {
                    from,
                    to,
                    sent_s: seconds(moment.time_ns),
                    handled_s: handled.get(&key).copied().map(seconds),
                });
            }
        }
        messages
    }

    /// When each message was handled `[ns]`, by sender, number and line.
    fn handled(&self) -> HashMap<(u32, u64, usize), u64> {
        let mut handled = HashMap::new();
        for (to, node) in self.nodes.iter().enumerate() {
            for moment in &node.moments {
                let in_window = moment.time_ns <= self.end_ns;
                if moment.event == EventId::RECEIVE && moment.message > 0 && in_window {
                    handled.insert((moment.peer, moment.message, to), moment.time_ns);
                }
            }
        }
        handled
    }

    /// Whether a node sends messages to an external peer, or receives them, where all
    /// nodes of the scenario are drawn.
    fn has_external_peers(&self) -> bool {
        let moments = self.nodes.iter().flat_map(|node| &node.moments);
        moments
            .filter(|moment| matches!(moment.event, EventId::SEND | EventId::RECEIVE))
            .any(|moment| moment.peer != NO_PEER && moment.peer as usize >= self.nodes.len())
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
