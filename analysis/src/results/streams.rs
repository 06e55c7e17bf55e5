//! Which random streams two cases share, if all cases draw the same numbers.
//!
//! A stream belongs to a node by its name in random streams, or to a link by the names of
//! its two nodes. So two cases share the streams of the nodes that both have, and of the
//! links between these. A node of only one of the cases draws numbers that the other does
//! not use.

/// Nodes of a group, by their names in random streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamNames {
    /// The name, without a number.
    pub name: String,
    /// Number of nodes.
    pub count: u32,
    /// Whether the nodes are `NAME-1`, `NAME-2`, ...
    pub numbered: bool,
}

/// The nodes of two cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedStreams {
    /// Number of nodes that both cases have.
    pub both: u64,
    /// The nodes that only the first case has, as ranges: `machine-4 to machine-9`.
    pub only_first: Vec<String>,
    /// The nodes that only the second case has.
    pub only_second: Vec<String>,
}

impl SharedStreams {
    /// Compares the nodes of two cases.
    pub fn of(first: &[StreamNames], second: &[StreamNames]) -> SharedStreams {
        let mut shared = SharedStreams::default();
        for group in first {
            let there = count_in(second, group);
            shared.both += u64::from(group.count.min(there));
            shared.only_first.extend(group.from(there));
        }
        for group in second {
            let there = count_in(first, group);
            shared.only_second.extend(group.from(there));
        }
        shared
    }

    /// Whether both cases have the same nodes.
    pub fn is_whole(&self) -> bool {
        self.only_first.is_empty() && self.only_second.is_empty()
    }

    /// What only one of them has: ``machine-4 is only in `machines=4` ``.
    pub fn text(&self, first: &str, second: &str) -> String {
        let mut parts = match self.both {
            0 => vec!["no node is in both cases".to_owned()],
            _ => Vec::new(),
        };
        for (nodes, case) in [(&self.only_first, first), (&self.only_second, second)] {
            if let [one] = &nodes[..] {
                let verb = if one.contains(" to ") { "are" } else { "is" };
                parts.push(format!("{one} {verb} only in `{case}`"));
            } else if !nodes.is_empty() {
                parts.push(format!("{} are only in `{case}`", nodes.join(", ")));
            }
        }
        parts.join("; ")
    }
}

/// The number of nodes of these groups with the names of this group.
fn count_in(groups: &[StreamNames], group: &StreamNames) -> u32 {
    let alike = |it: &&StreamNames| it.name == group.name && it.numbered == group.numbered;
    groups.iter().find(alike).map_or(0, |it| it.count)
}

impl StreamNames {
    /// The nodes from this index on, as text.
    fn from(&self, first: u32) -> Option<String> {
        let name = |index: u32| match self.numbered {
            true => format!("{}-{}", self.name, index + 1),
            false => self.name.clone(),
        };
        match self.count.checked_sub(first)? {
            0 => None,
            1 => Some(name(first)),
            _ => Some(format!("{} to {}", name(first), name(self.count - 1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(name: &str, count: u32, numbered: bool) -> StreamNames {
        StreamNames {
            name: name.to_owned(),
            count,
            numbered,
        }
    }

    #[test]
    fn streams_are_shared_by_name() {
        let first = [nodes("machine", 3, true), nodes("server", 1, false)];
        assert!(SharedStreams::of(&first, &first).is_whole());
        let more = [nodes("machine", 5, true), nodes("server", 1, false)];
        let found = SharedStreams::of(&first, &more);
        assert_eq!(found.both, 4);
        assert_eq!(
            found.text("n=3", "n=5"),
            "machine-4 to machine-5 are only in `n=5`"
        );
        let other = [nodes("machine", 2, true), nodes("store", 1, false)];
        assert_eq!(
            SharedStreams::of(&first, &other).text("a", "b"),
            "machine-3, server are only in `a`; store is only in `b`"
        );
        // A node that is not numbered has another name than a numbered one.
        let alone = [nodes("machine", 1, false)];
        let found = SharedStreams::of(&[nodes("machine", 1, true)], &alone);
        assert_eq!(
            found.text("a", "b"),
            "no node is in both cases; machine-1 is only in `a`; machine is only in `b`"
        );
    }
}
