//! The neighbours that a `topology` message tells the programs of a cluster. They are a
//! suggestion: which nodes are linked is the scenario's.

/// How neighbours are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// The nodes that the scenario links.
    Links,
    /// A grid, as square as can be, row by row.
    Grid,
    /// The node before and the node after.
    Line,
    /// All others.
    Total,
    /// A tree in which each node has up to so many children, layer by layer.
    Tree(u32),
}

/// The words for them in a scenario.
pub const WORDS: [&str; 7] = ["links", "grid", "line", "total", "tree2", "tree3", "tree4"];

impl Neighbours {
    /// What a word of [`WORDS`] stands for.
    pub fn parse(word: &str) -> Option<Neighbours> {
        Some(match word {
            "links" => Neighbours::Links,
            "grid" => Neighbours::Grid,
            "line" => Neighbours::Line,
            "total" => Neighbours::Total,
            "tree2" => Neighbours::Tree(2),
            "tree3" => Neighbours::Tree(3),
            "tree4" => Neighbours::Tree(4),
            _ => return None,
        })
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        let word = WORDS.iter().find(|it| Neighbours::parse(it) == Some(self));
        word.copied().unwrap_or_default()
    }

    /// The neighbours of node `node` of `count`, by index. `linked` tells whether the
    /// scenario has a link from `node` to another one.
    pub fn of(self, node: u32, count: u32, linked: impl Fn(u32) -> bool) -> Vec<u32> {
        let others = (0..count).filter(|&other| other != node);
        match self {
            Neighbours::Links => others.filter(|&other| linked(other)).collect(),
            Neighbours::Total => others.collect(),
            Neighbours::Line => others.filter(|other| other.abs_diff(node) == 1).collect(),
            Neighbours::Grid => {
                let side = (1..).find(|side: &u32| side.saturating_mul(*side) >= count);
                let side = side.unwrap_or(count);
                let place = |node: u32| (node / side, node % side);
                let (row, column) = place(node);
                others
                    .filter(|&other| {
                        let (r, c) = place(other);
                        row.abs_diff(r) + column.abs_diff(c) == 1
                    })
                    .collect()
            }
            Neighbours::Tree(children) => {
                let parent = |node: u32| node.checked_sub(1).map(|it| it / children);
                others
                    .filter(|&other| parent(other) == Some(node) || parent(node) == Some(other))
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(word: &str, count: u32) -> Vec<Vec<u32>> {
        let neighbours = Neighbours::parse(word).unwrap();
        let of = |node| neighbours.of(node, count, |other| (node + other) % 2 == 0);
        (0..count).map(of).collect()
    }

    #[test]
    fn each_word_has_its_neighbours() {
        assert_eq!(all("line", 3), [vec![1], vec![0, 2], vec![1]]);
        assert_eq!(all("total", 3), [vec![1, 2], vec![0, 2], vec![0, 1]]);
        assert_eq!(all("links", 4), [vec![2], vec![3], vec![0], vec![1]]);
        // 0 1 2
        // 3 4
        assert_eq!(
            all("grid", 5),
            [vec![1, 3], vec![0, 2, 4], vec![1], vec![0, 4], vec![1, 3]]
        );
        assert_eq!(
            all("tree2", 6),
            [
                vec![1, 2],
                vec![0, 3, 4],
                vec![0, 5],
                vec![1],
                vec![1],
                vec![2]
            ]
        );
        assert_eq!(all("tree4", 6)[0], [1, 2, 3, 4]);
        for word in WORDS {
            assert_eq!(all(word, 1), [Vec::<u32>::new()]);
            assert_eq!(Neighbours::parse(word).unwrap().word(), word);
        }
    }

    #[test]
    fn a_neighbour_is_a_neighbour_in_return() {
        for word in WORDS {
            for count in 1..30 {
                let all = all(word, count);
                for (node, neighbours) in (0..).zip(&all) {
                    for &other in neighbours {
                        assert!(all[other as usize].contains(&node), "{word} {count} {node}");
                    }
                }
            }
        }
    }
}
