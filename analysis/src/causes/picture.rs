//! A past as a space-time diagram: a line per node, a dot per step, an arrow per message that
//! has a part. Steps are drawn in their order and not to scale, because what is decided in a
//! millisecond may have been prepared for a minute.

use std::collections::HashMap;

use base::time::SimTime;

use super::past::Target;
use super::story::{Kind, Story};
use super::text;
use crate::log::EventId;
use crate::render::number;

/// Diagrams, one below the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cone {
    /// What is drawn, in a few words.
    pub title: String,
    /// The diagrams.
    pub panels: Vec<ConePanel>,
}

/// One diagram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConePanel {
    /// Its heading.
    pub title: String,
    /// A sentence below the heading.
    pub note: String,
    /// The names of the nodes, from the top.
    pub nodes: Vec<String>,
    /// The time of each column, from the left.
    pub times: Vec<String>,
    /// The steps.
    pub marks: Vec<ConeMark>,
    /// The messages.
    pub arrows: Vec<ConeArrow>,
}

/// A step, or steps that are folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConeMark {
    /// The column.
    pub column: usize,
    /// The node, by its place in the panel.
    pub node: usize,
    /// A word or two.
    pub label: String,
    /// What it did, for whoever points at it.
    pub tip: String,
    /// Whether it is a record that the past begins with.
    pub target: bool,
    /// Whether it handled a message.
    pub receive: bool,
    /// Number of steps that are folded here; 0 if it is a step.
    pub folded: u64,
}

/// A message: columns and nodes of both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConeArrow {
    /// Column and node of the sending; none if it is further back than the picture.
    pub from: Option<(usize, usize)>,
    /// The node that sent it, if it is drawn.
    pub sender: Option<usize>,
    /// Column and node of the handling.
    pub to: (usize, usize),
}

/// Maximum number of nodes in a picture; those with the nearest steps are drawn. Arbitrary:
/// more lines cannot be followed.
const MAX_NODES: usize = 24;

/// The picture of the nearest steps of a story, up to so many.
pub fn panel(story: &Story, targets: &[Target], most: usize, title: &str) -> ConePanel {
    let mut nodes: Vec<u32> = Vec::new();
    let mut drawn = Vec::new();
    for item in &story.items {
        if drawn.len() == most {
            break;
        }
        if !nodes.contains(&item.node) {
            if nodes.len() == MAX_NODES {
                continue;
            }
            nodes.push(item.node);
        }
        drawn.push(item);
    }
    nodes.sort_unstable();
    drawn.reverse();
    let place = |node: u32| nodes.iter().position(|&it| it == node);
    let mut panel = ConePanel {
        title: title.to_owned(),
        note: note(story, drawn.len()),
        nodes: nodes
            .iter()
            .map(|&node| story.schema.nodes[node as usize].name.clone())
            .collect(),
        ..ConePanel::default()
    };
    let mut sent: HashMap<(u32, u64), (usize, usize)> = HashMap::new();
    for (column, item) in drawn.into_iter().enumerate() {
        let node = place(item.node).unwrap_or(0);
        panel.times.push(SimTime(item.time_ns).to_string());
        let mut mark = ConeMark {
            column,
            node,
            ..ConeMark::default()
        };
        match &item.kind {
            Kind::Folded { count, .. } => {
                mark.folded = *count;
                mark.tip = format!("{}: no column changed", number::count(*count, "step"));
            }
            Kind::Lost { count, .. } => {
                mark.folded = *count;
                mark.label = format!("{} lost", number::whole(*count));
                mark.tip = format!("{} to it lost", number::count(*count, "message"));
            }
            Kind::Step {
                rows,
                target,
                caused,
                ..
            } => {
                mark.target = target.is_some();
                mark.tip = format!(
                    "{} at {}, {}",
                    panel.nodes[node],
                    SimTime(item.time_ns),
                    text::step(item, &story.schema)
                );
                if let Some(note) = target.and_then(|it| targets.get(it)).map(|it| &it.note)
                    && !note.is_empty()
                {
                    mark.label.clone_from(note);
                }
                for row in rows {
                    match row.event {
                        EventId::SEND if caused.contains(&row.message) => {
                            sent.insert((item.node, row.message), (column, node));
                        }
                        EventId::RECEIVE => {
                            mark.receive = true;
                            panel.arrows.push(ConeArrow {
                                from: sent.get(&(row.peer, row.message)).copied(),
                                sender: place(row.peer),
                                to: (column, node),
                            });
                        }
                        EventId::CRASH => mark.label = "crash".to_owned(),
                        EventId::RESTART => mark.label = "restart".to_owned(),
                        _ => {}
                    }
                }
            }
        }
        panel.marks.push(mark);
    }
    panel
}

fn note(story: &Story, drawn: usize) -> String {
    let more = story.left_out + (story.items.len() - drawn) as u64;
    let further = match more {
        0 => String::new(),
        more => format!(
            "; {} further back or of other nodes",
            number::count(more, "step")
        ),
    };
    format!("steps in their order, not to scale{further}")
}

/// A file with these diagrams.
pub fn cone(cone: &Cone) -> String {
    crate::render::plot::cone_file(cone)
}
