//! A property as a scenario says it.

use std::fmt;

use analysis_expression::Expression;
use base::duration::to_text;
use base::time::SimDuration;

/// One `[[property]]` of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyRule {
    /// Its name, unique in the scenario.
    pub name: String,
    /// The nodes: a group, a node or a glob; `None`: all that have the columns.
    pub nodes: Option<String>,
    /// Whether it is about all nodes together.
    pub global: bool,
    /// What it says.
    pub claim: Claim,
}

/// What a property says.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// True in each record.
    Always(Expression),
    /// True in no record.
    Never(Expression),
    /// True in a record from some time on.
    Eventually {
        /// What happens.
        what: Expression,
        /// The time from which it counts.
        from: SimDuration,
        /// How long after `from` at the latest; `None`: any time.
        within: Option<SimDuration>,
    },
    /// After each record in which the first is true, the second is true.
    LeadsTo {
        /// What makes the obligation.
        trigger: Expression,
        /// What ends it; that may be the same record.
        response: Expression,
        /// How long after the trigger at the latest.
        within: SimDuration,
    },
    /// True in a record of at least one of the runs.
    Sometimes(Expression),
}

impl Claim {
    /// Its expressions, in the order of the file.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Claim::Always(it) | Claim::Never(it) | Claim::Sometimes(it) => vec![it],
            Claim::Eventually { what, .. } => vec![what],
            Claim::LeadsTo {
                trigger, response, ..
            } => vec![trigger, response],
        }
    }
}

impl fmt::Display for Claim {
    /// ``always `clock > last(clock)` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Always(it) => write!(f, "always `{it}`"),
            Claim::Never(it) => write!(f, "never `{it}`"),
            Claim::Sometimes(it) => write!(f, "in at least one run, sometimes `{it}`"),
            Claim::Eventually { what, from, within } => {
                write!(f, "eventually `{what}`")?;
                if let Some(within) = within {
                    write!(f, ", within {}", to_text(*within))?;
                }
                if *from > SimDuration::ZERO {
                    write!(f, ", from {} on", to_text(*from))?;
                }
                Ok(())
            }
            Claim::LeadsTo {
                trigger,
                response,
                within,
            } => write!(
                f,
                "`{trigger}` leads to `{response}` within {}",
                to_text(*within)
            ),
        }
    }
}

impl fmt::Display for PropertyRule {
    /// ``always `clock > last(clock)`, at each node of machine``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.claim)?;
        let nodes = self.nodes.as_deref();
        match (self.global, nodes) {
            (true, None) => f.write_str("over all nodes together"),
            (true, Some(nodes)) => write!(f, "over {nodes} together"),
            (false, None) => f.write_str("at each node that has the columns"),
            (false, Some(nodes)) => write!(f, "at each node of {nodes}"),
        }
    }
}
