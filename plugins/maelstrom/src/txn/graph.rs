//! Who comes before whom, and the shortest cycles of it.
//!
//! Real time would take an edge for every two transactions of which one had ended before the other
//! began. Instead each end of a transaction is a node of its own, an *instant*, with an edge to the next
//! instant: a transaction leads to the instant of its end, and the last instant before its beginning
//! leads to it. So there are as many edges as transactions, and the same paths.

use super::parts::Transaction;
use std::collections::VecDeque;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It wrote the version before.
    Ww,
    /// It wrote what the other read.
    Wr,
    /// It read the version before.
    Rw,
    /// It had ended before the other began.
    Realtime,
}

/// A step from one transaction to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it leads to.
    pub to: usize,
    /// Why.
    pub kind: Kind,
    /// The key; empty for real time.
    pub key: String,
}

/// A cycle: for each transaction of it, the step to the next. The last leads to the first.
pub type Cycle = Vec<(usize, Edge)>;

/// Which edges a search may use.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Edges `wr`.
    pub wr: bool,
    /// Edges `rw`.
    pub rw: bool,
    /// Real time.
    pub realtime: bool,
}

impl Allowed {
    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Ww => true,
            Kind::Wr => self.wr,
            Kind::Rw => self.rw,
            Kind::Realtime => self.realtime,
        }
    }
}

/// A graph of transactions, and of instants after them.
#[derive(Debug, Default)]
pub struct Graph {
    edges: Vec<Vec<Edge>>,
    /// Nodes from here on are instants.
    transactions: usize,
}

impl Graph {
    /// A graph with the edges of real time alone.
    pub fn new(transactions: &[Transaction<'_>]) -> Graph {
        let count = transactions.len();
        let mut graph = Graph {
            edges: vec![Vec::new(); count],
            transactions: count,
        };
        let mut events: Vec<(u64, bool, usize)> = Vec::new();
        for (index, transaction) in transactions.iter().enumerate() {
            // Who never ended comes before nobody; who is not known to have happened, too.
            events.push((transaction.operation.began_ns, false, index));
            if let Some(ended_ns) = transaction
                .operation
                .ended_ns
                .filter(|_| transaction.is_committed())
            {
                events.push((ended_ns, true, index));
            }
        }
        // At one instant beginnings come first: they are not after an end of the same time.
        events.sort_unstable();
        let mut last = None;
        for (_, is_end, index) in events {
            match (is_end, last) {
                (false, None) => {}
                (false, Some(instant)) => graph.add(instant, index, Kind::Realtime, ""),
                (true, _) => {
                    let instant = graph.edges.len();
                    graph.edges.push(Vec::new());
                    if let Some(last) = last {
                        graph.add(last, instant, Kind::Realtime, "");
                    }
                    graph.add(index, instant, Kind::Realtime, "");
                    last = Some(instant);
                }
            }
        }
        graph
    }

    /// Adds a step.
    pub fn add(&mut self, from: usize, to: usize, kind: Kind, key: &str) {
        if from != to {
            let key = key.to_owned();
            self.edges[from].push(Edge { to, kind, key });
        }
    }

    /// The shortest cycle of allowed edges through an edge of this kind, in which no other edge is `rw`
    /// unless that is allowed.
    pub fn cycle(&self, through: Kind, allowed: Allowed) -> Option<Cycle> {
        let component = self.components(through, allowed);
        let mut best: Option<Cycle> = None;
        for from in 0..self.edges.len() {
            for edge in self.edges[from].iter().filter(|it| it.kind == through) {
                if component[from] != component[edge.to] {
                    continue;
                }
                let most = best.as_ref().map_or(usize::MAX, |it| it.len());
                let Some(back) = self.path(edge.to, from, allowed, most) else {
                    continue;
                };
                let mut cycle = vec![(from, edge.clone())];
                cycle.extend(back);
                let cycle = self.without_instants(cycle);
                if cycle.len() < most {
                    best = Some(cycle);
                }
            }
            if best.as_ref().is_some_and(|it| it.len() == 2) {
                break;
            }
        }
        best
    }

    /// The shortest path, if it is shorter than `most` transactions. A step to an instant costs nothing:
    /// those between two transactions are one step of real time.
    fn path(&self, from: usize, to: usize, allowed: Allowed, most: usize) -> Option<Cycle> {
        let mut came: Vec<Option<(usize, usize)>> = vec![None; self.edges.len()];
        let mut lengths = vec![usize::MAX; self.edges.len()];
        lengths[from] = 0;
        let mut queue = VecDeque::from([(from, 0_usize)]);
        while let Some((node, length)) = queue.pop_front() {
            if node == to {
                return Some(self.back(from, to, &came));
            }
            if length > lengths[node] || length + 1 >= most {
                continue;
            }
            for (index, edge) in self.edges[node].iter().enumerate() {
                let is_instant = edge.to >= self.transactions;
                let next = length + usize::from(!is_instant);
                if !allowed.has(edge.kind) || next >= lengths[edge.to] {
                    continue;
                }
                lengths[edge.to] = next;
                came[edge.to] = Some((node, index));
                match is_instant {
                    true => queue.push_front((edge.to, next)),
                    false => queue.push_back((edge.to, next)),
                }
            }
        }
        None
    }

    fn back(&self, from: usize, to: usize, came: &[Option<(usize, usize)>]) -> Cycle {
        let (mut steps, mut at) = (Vec::new(), to);
        while at != from {
            let Some((node, index)) = came[at] else {
                break;
            };
            steps.push((node, self.edges[node][index].clone()));
            at = node;
        }
        steps.reverse();
        steps
    }

    /// A cycle in which the steps over instants are one step from transaction to transaction.
    fn without_instants(&self, mut cycle: Cycle) -> Cycle {
        let first = cycle.iter().position(|(from, _)| *from < self.transactions);
        cycle.rotate_left(first.unwrap_or(0));
        let mut short: Cycle = Vec::new();
        for (from, edge) in cycle {
            match short.last_mut() {
                Some((_, last)) if from >= self.transactions => last.to = edge.to,
                _ => short.push((from, edge)),
            }
        }
        short
    }

    /// The strongly connected component of each node, by allowed edges and those of the kind `through`
    /// (Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972, without
    /// recursion).
    fn components(&self, through: Kind, allowed: Allowed) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let count = self.edges.len();
        let (mut number, mut low) = (vec![NONE; count], vec![0; count]);
        let mut component = vec![NONE; count];
        let (mut next, mut found) = (0, 0);
        let (mut open, mut calls): (Vec<usize>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
        for root in 0..count {
            if number[root] != NONE {
                continue;
            }
            calls.push((root, 0));
            while let Some((node, at)) = calls.pop() {
                if at == 0 {
                    (number[node], low[node]) = (next, next);
                    next += 1;
                    open.push(node);
                }
                let edge = self.edges[node].get(at);
                let Some(edge) = edge else {
                    if low[node] == number[node] {
                        while let Some(member) = open.pop() {
                            component[member] = found;
                            if member == node {
                                break;
                            }
                        }
                        found += 1;
                    }
                    if let Some(&(caller, _)) = calls.last() {
                        low[caller] = low[caller].min(low[node]);
                    }
                    continue;
                };
                calls.push((node, at + 1));
                if !(allowed.has(edge.kind) || edge.kind == through) {
                    continue;
                }
                match number[edge.to] {
                    NONE => calls.push((edge.to, 0)),
                    other if component[edge.to] == NONE => low[node] = low[node].min(other),
                    _ => {}
                }
            }
        }
        component
    }
}
