//! Sum, least and greatest value over nodes whose values change one at a time.
//!
//! A tournament tree: the leaves are the nodes' values, each inner place combines the two
//! below it. A change costs the logarithm of the number of nodes, and less where an inner
//! place stays as it was. Sums are always added in the same order, whatever the order of
//! the changes, so that real numbers do not collect errors.

use std::cmp::Ordering;

use crate::evaluate::{Failure, Why};
use crate::number::{compare, finite};
use crate::syntax::{Aggregate, Span};

/// The value of a node, or over some nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// No value yet.
    None,
    /// A whole number, or a duration.
    Whole(i128),
    /// A real number, never NaN.
    Real(f64),
    /// The expression cannot be evaluated.
    Failed(Failure),
}

/// The values of all nodes.
#[derive(Clone, Debug)]
pub struct Tournament {
    aggregate: Aggregate,
    span: Span,
    /// Number of leaves, a power of two.
    leaves: usize,
    /// The root is at 1; the places below `i` are at `2 i` and `2 i + 1`.
    places: Vec<Figure>,
}

impl Tournament {
    /// For this number of nodes. `span` is the place of failures.
    pub fn new(aggregate: Aggregate, span: Span, nodes: usize) -> Tournament {
        let leaves = nodes.max(1).next_power_of_two();
        Tournament {
            aggregate,
            span,
            leaves,
            places: vec![Figure::None; 2 * leaves],
        }
    }

    /// The value over all nodes.
    pub fn result(&self) -> Figure {
        self.places[1]
    }

    /// The nodes with the value over all nodes, if it is the value of single nodes; else
    /// all nodes with a value other than 0.
    pub fn witnesses(&self) -> impl Iterator<Item = (u32, Figure)> {
        let result = self.result();
        let is_one = move |figure: &Figure| match self.aggregate {
            Aggregate::Sum => !matches!(figure, Figure::None | Figure::Whole(0)),
            _ => *figure == result && *figure != Figure::None,
        };
        let leaves = (0..).zip(self.places[self.leaves..].iter().copied());
        leaves.filter(move |(_, figure)| is_one(figure))
    }

    /// Sets the value of a node.
    pub fn set(&mut self, node: u32, figure: Figure) {
        let mut at = self.leaves + node as usize;
        if self.places[at] == figure {
            return;
        }
        self.places[at] = figure;
        while at > 1 {
            at /= 2;
            let combined = self.combine(self.places[2 * at], self.places[2 * at + 1]);
            if self.places[at] == combined {
                return;
            }
            self.places[at] = combined;
        }
    }

    fn combine(&self, a: Figure, b: Figure) -> Figure {
        match (a, b) {
            (failed @ Figure::Failed(_), _) | (_, failed @ Figure::Failed(_)) => failed,
            (Figure::None, other) | (other, Figure::None) => other,
            _ if self.aggregate == Aggregate::Sum => self.sum(a, b),
            _ => {
                let wanted = match self.aggregate {
                    Aggregate::Min => Ordering::Less,
                    _ => Ordering::Greater,
                };
                match order(b, a) == Some(wanted) {
                    true => b,
                    false => a,
                }
            }
        }
    }

    fn sum(&self, a: Figure, b: Figure) -> Figure {
        let failed = |why| {
            Figure::Failed(Failure {
                why,
                span: self.span,
            })
        };
        if let (Figure::Whole(a), Figure::Whole(b)) = (a, b) {
            return match a.checked_add(b) {
                Some(sum) => Figure::Whole(sum),
                None => failed(Why::TooLarge),
            };
        }
        match finite(real(a) + real(b)) {
            Ok(sum) => Figure::Real(sum),
            Err(why) => failed(why),
        }
    }
}

fn real(figure: Figure) -> f64 {
    match figure {
        Figure::Whole(number) => number as f64,
        Figure::Real(number) => number,
        Figure::None | Figure::Failed(_) => 0.0,
    }
}

fn order(a: Figure, b: Figure) -> Option<Ordering> {
    match (a, b) {
        (Figure::Whole(a), Figure::Whole(b)) => Some(a.cmp(&b)),
        (Figure::Real(a), Figure::Real(b)) => a.partial_cmp(&b),
        (Figure::Whole(a), Figure::Real(b)) => compare(a, b),
        (Figure::Real(a), Figure::Whole(b)) => compare(b, a).map(Ordering::reverse),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_tree_has_what_a_loop_over_all_nodes_has(
            nodes in 1_usize..40,
            changes in prop::collection::vec((0_usize..40, -50_i128..50), 1..200),
        ) {
            let trees = [Aggregate::Sum, Aggregate::Min, Aggregate::Max];
            let mut trees = trees.map(|it| Tournament::new(it, Span::default(), nodes));
            let mut plain = vec![None; nodes];
            for (node, value) in changes {
                let node = node % nodes;
                plain[node] = Some(value);
                let there = || plain.iter().flatten().copied();
                let expected = [
                    there().sum::<i128>(),
                    there().min().unwrap(),
                    there().max().unwrap(),
                ];
                for (tree, expected) in trees.iter_mut().zip(expected) {
                    tree.set(node as u32, Figure::Whole(value));
                    prop_assert_eq!(tree.result(), Figure::Whole(expected));
                }
            }
        }
    }
}
