//! What the scenario says about a run and no event does: its title, links and faults.

use base::time::SimTime;
use model::roster::Roster;
use model::{Fault, FaultKind, Link, LinkChange, LinkRule, Loss, NodeRanges};

use crate::by_hand::ByHand;
use crate::state::State;

/// What is the same in every execution of a run.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The scenario and the run, for the first line: `clock-5runs, run 3`.
    pub title: String,
    roster: Roster,
    rules: Vec<LinkRule>,
    faults: Vec<Fault>,
    /// Number of faults that the scenario has; the others are a person's.
    own_faults: usize,
}

impl Scene {
    /// Of a scenario.
    pub fn new(title: String, roster: Roster, rules: Vec<LinkRule>, faults: Vec<Fault>) -> Scene {
        let own_faults = faults.len();
        Scene {
            title,
            roster,
            rules,
            faults,
            own_faults,
        }
    }

    /// Sets what a person did.
    pub fn by_hand(&mut self, by_hand: &ByHand) {
        self.faults.truncate(self.own_faults);
        self.faults.extend(by_hand.faults());
    }

    /// The links of a node in this state: a line for each peer.
    pub fn links(&self, node: u32, state: &State, most: usize) -> Vec<String> {
        let others = (0..self.roster.len()).filter(|&other| other != node);
        let linked = others.filter_map(|other| {
            let out = self.link(node, other);
            let back = self.link(other, node);
            if out.is_none() && back.is_none() {
                return None;
            }
            let arrow = match (out.is_some(), back.is_some()) {
                (true, true) => "<->",
                (true, false) => " ->",
                _ => "<- ",
            };
            let name = self.roster.name(other).unwrap_or_default();
            let what = self.link_text(out.or(back)?);
            let changed = match (
                self.is_cut(node, other, state),
                self.is_changed(node, other, state),
            ) {
                (true, _) => " CUT",
                (_, true) => " changed",
                _ => "",
            };
            Some(format!("{arrow} {name} {what}{changed}"))
        });
        linked.take(most).collect()
    }

    /// The link from a node to another one: that of the last rule that names the pair.
    fn link(&self, from: u32, to: u32) -> Option<&Link> {
        if self.rules.is_empty() {
            return Some(&IDEAL);
        }
        let within = |nodes: &NodeRanges, node: u32| nodes.iter().any(|it| it.contains(&node));
        let names = |rule: &&LinkRule| {
            let forward = within(&rule.from, from) && within(&rule.to, to);
            forward || (rule.both && within(&rule.from, to) && within(&rule.to, from))
        };
        self.rules.iter().rev().find(names).map(|rule| &rule.link)
    }

    fn link_text(&self, link: &Link) -> String {
        let mean = SimTime(link.latency.mean().max(0.0) as u64);
        let about = match link.latency.is_constant() {
            true => "",
            false => "~",
        };
        let mut text = format!("{about}{mean}");
        match link.loss {
            Loss::Independent(loss) if loss > 0.0 => text += &format!(" loss {loss}"),
            Loss::Independent(_) => {}
            Loss::GilbertElliott { .. } => text += " loss in bursts",
        }
        if let Some(bandwidth) = link.bandwidth {
            text += &format!(" {}/s", base::size::to_text(bandwidth));
        }
        text
    }

    fn is_cut(&self, one: u32, other: u32, state: &State) -> bool {
        let holding = state
            .faults
            .iter()
            .filter_map(|&it| self.faults.get(it as usize));
        let sides = holding.filter_map(|fault| match &fault.kind {
            FaultKind::Partition { sides, .. } => Some(sides),
            _ => None,
        });
        sides.into_iter().any(|sides| divides(sides, one, other))
    }

    fn is_changed(&self, one: u32, other: u32, state: &State) -> bool {
        let mut holding = state
            .faults
            .iter()
            .filter_map(|&it| self.faults.get(it as usize));
        holding.any(|fault| match &fault.kind {
            FaultKind::Link(change) => change.names(one, other) || change.names(other, one),
            _ => false,
        })
    }

    /// Whether a fault pauses a node.
    pub fn is_paused(&self, node: u32, state: &State) -> bool {
        let mut holding = state
            .faults
            .iter()
            .filter_map(|&it| self.faults.get(it as usize));
        holding.any(|fault| match &fault.kind {
            FaultKind::Pause(nodes) => nodes.iter().any(|it| it.contains(&node)),
            _ => false,
        })
    }

    /// The faults: a line for each, and whether it holds in this state.
    pub fn faults(&self, state: &State) -> Vec<(String, bool)> {
        let faults = self.faults.iter().enumerate();
        let lines = faults.map(|(index, fault)| {
            let by_hand = match index >= self.own_faults {
                true => ", by hand",
                false => "",
            };
            let text = self.fault_text(index);
            let at = SimTime(fault.at.0);
            let span = fault
                .span
                .map_or_else(String::new, |it| format!(" for {it}"));
            let every = fault
                .every
                .map_or_else(String::new, |it| format!(" every {it}"));
            let holds = state.faults.contains(&(index as u32));
            (format!("{text} at {at}{span}{every}{by_hand}"), holds)
        });
        lines.collect()
    }

    /// What a fault is: `crash server`.
    pub fn fault_text(&self, index: usize) -> String {
        let Some(fault) = self.faults.get(index) else {
            return format!("fault {}", index + 1);
        };
        let what = match &fault.kind {
            FaultKind::Partition { sides, .. } => {
                let sides: Vec<String> = sides.iter().map(|side| self.names(side)).collect();
                sides.join(" | ")
            }
            FaultKind::Crash(nodes)
            | FaultKind::Pause(nodes)
            | FaultKind::TickRate { nodes, .. }
            | FaultKind::Drift { nodes, .. } => self.names(nodes),
            FaultKind::Link(LinkChange { from, to, both, .. }) => {
                let arrow = if *both { "<->" } else { "->" };
                format!("{} {arrow} {}", self.names(from), self.names(to))
            }
        };
        format!("{} {what}", fault.kind.name())
    }

    /// The first names of nodes.
    fn names(&self, nodes: &NodeRanges) -> String {
        let all = nodes.iter().cloned().flatten();
        let count = all.clone().count();
        let mut names: Vec<String> = all
            .take(NAMED)
            .filter_map(|node| self.roster.name(node))
            .collect();
        if count > names.len() {
            names.push(format!("{} more", count - names.len()));
        }
        names.join(", ")
    }

    /// Number of nodes.
    pub fn nodes(&self) -> u32 {
        self.roster.len()
    }

    /// The index of a node.
    pub fn node(&self, name: &str) -> Option<u32> {
        (0..self.roster.len()).find(|&node| self.roster.name(node).as_deref() == Some(name))
    }

    /// The name of a node.
    pub fn name(&self, node: u32) -> String {
        self.roster.name(node).unwrap_or_default()
    }
}

/// The most nodes of a fault that are named. Arbitrary.
const NAMED: usize = 3;

static IDEAL: Link = Link::IDEAL;

/// Whether a partition with these sides cuts messages between two nodes.
fn divides(sides: &[NodeRanges], one: u32, other: u32) -> bool {
    let side = |node: u32| {
        let holds = |side: &NodeRanges| side.iter().any(|range| range.contains(&node));
        sides.iter().position(holds)
    };
    match (side(one), side(other)) {
        (Some(one), Some(other)) => one != other,
        (None, None) => false,
        _ => sides.len() == 1,
    }
}
