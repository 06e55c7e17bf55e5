//! What the nodes are called in the protocol. A scenario names them `machine-1`; programs
//! expect `n0`, `n1`, ..., and clients `c1`, `c2`, ...

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The longest id `[bytes]`: that of a node's name.
const LONGEST: usize = 64;

/// How the nodes of a group are called: `n0` counts from 0, `c1` from 1, and a text that
/// does not end in a number is the id of an only node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdRule {
    /// `PREFIX` and a number that counts up.
    Numbered {
        /// What stands before the number.
        prefix: String,
        /// The number of the group's first node.
        first: u32,
    },
    /// The id of an only node.
    Exact(String),
}

/// Why a text is no rule for ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It is empty, or too long.
    #[error("it has {0} letters, expected 1 to {LONGEST}")]
    Length(usize),
    /// It has a letter that ids do not have.
    #[error("it has {0:?}; ids are letters, digits, `-`, `_` and `.`")]
    Letter(char),
    /// Its number cannot be counted up from.
    #[error("its number is `{0}`, expected one without leading zeros, at most {max}", max = u32::MAX)]
    Number(String),
}

impl IdRule {
    /// The ids that programs are given where a scenario says nothing: `n0`, `n1`, ...
    pub fn programs() -> IdRule {
        IdRule::Numbered {
            prefix: "n".to_owned(),
            first: 0,
        }
    }

    /// The rule that a text stands for.
    ///
    /// # Errors
    ///
    /// If it cannot be an id.
    pub fn parse(text: &str) -> Result<IdRule, IdError> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(IdError::Length(text.chars().count()));
        }
        let strange = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if let Some(letter) = text.chars().find(strange) {
            return Err(IdError::Letter(letter));
        }
        let prefix = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &text[prefix.len()..];
        if number.is_empty() {
            return Ok(IdRule::Exact(text.to_owned()));
        }
        let leading_zero = number.len() > 1 && number.starts_with('0');
        match number.parse() {
            Ok(first) if !leading_zero => Ok(IdRule::Numbered {
                prefix: prefix.to_owned(),
                first,
            }),
            _ => Err(IdError::Number(number.to_owned())),
        }
    }

    /// The id of the node of this index in its group, from 0.
    pub fn id(&self, index: u32) -> String {
        match self {
            IdRule::Numbered { prefix, first } => {
                format!("{prefix}{}", u64::from(*first) + u64::from(index))
            }
            IdRule::Exact(id) => id.clone(),
        }
    }
}

impl fmt::Display for IdRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id(0))
    }
}

/// The ids of all nodes of a scenario, by node index. Copies share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    of: Arc<Vec<String>>,
    nodes: Arc<BTreeMap<String, u32>>,
}

/// Two nodes have one id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nodes {first} and {second} have the id `{id}`")]
pub struct SameId {
    /// The id.
    pub id: String,
    /// The index of the first node.
    pub first: u32,
    /// The index of the second.
    pub second: u32,
}

impl Ids {
    /// These ids, in the order of the nodes.
    ///
    /// # Errors
    ///
    /// If two are the same.
    pub fn new(of: Vec<String>) -> Result<Ids, SameId> {
        let mut nodes = BTreeMap::new();
        for (second, id) in (0..).zip(&of) {
            if let Some(first) = nodes.insert(id.clone(), second) {
                let id = id.clone();
                return Err(SameId { id, first, second });
            }
        }
        Ok(Ids {
            of: of.into(),
            nodes: nodes.into(),
        })
    }

    /// The id of a node; empty if there is no such node.
    pub fn id(&self, node: u32) -> &str {
        self.of.get(node as usize).map_or("", String::as_str)
    }

    /// The node of an id.
    pub fn node(&self, id: &str) -> Option<u32> {
        self.nodes.get(id).copied()
    }

    /// The id that the runner itself has while it greets programs: the first of `c0`,
    /// `c1`, ... that no node has.
    pub fn greeter(&self) -> String {
        let ids = (0u64..).map(|number| format!("c{number}"));
        ids.into_iter()
            .find(|id| !self.nodes.contains_key(id))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_at_the_end_is_counted_up() {
        let ids = |text: &str| {
            let rule = IdRule::parse(text).unwrap();
            [rule.id(0), rule.id(1), rule.id(10)]
        };
        assert_eq!(ids("n0"), ["n0", "n1", "n10"]);
        assert_eq!(ids("c1"), ["c1", "c2", "c11"]);
        assert_eq!(ids("rack2-9"), ["rack2-9", "rack2-10", "rack2-19"]);
        assert_eq!(ids("7"), ["7", "8", "17"]);
        assert_eq!(ids("lin-kv"), ["lin-kv"; 3]);
        assert_eq!(IdRule::parse("n4294967295").unwrap().id(1), "n4294967296");
    }

    #[test]
    fn a_text_that_is_no_id_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it has 0 letters"),
            ("n 0", "it has ' '"),
            ("n\"0", "it has '\"'"),
            ("é1", "it has 'é'"),
            ("n007", "its number is `007`"),
            ("n4294967296", "its number is `4294967296`"),
        ] {
            let error = IdRule::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
        assert!(IdRule::parse(&"x".repeat(65)).is_err());
    }

    #[test]
    fn an_id_names_one_node() {
        let ids = Ids::new(vec!["n0".into(), "c0".into(), "c1".into()]).unwrap();
        assert_eq!(
            (ids.id(1), ids.node("c1"), ids.node("n1")),
            ("c0", Some(2), None)
        );
        assert_eq!(ids.greeter(), "c2");
        let twice = Ids::new(vec!["n0".into(), "n1".into(), "n0".into()]);
        assert_eq!(
            (twice.as_ref().unwrap_err().first, twice.unwrap_err().second),
            (0, 2)
        );
    }
}
