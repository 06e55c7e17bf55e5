//! What an expression is for the records of one event.
//!
//! The word of an event is known before a record is looked at: `event == 'crash' implies x`
//! is true for all records of other events, and is `x` for these. So an expression is
//! shortened once for each event, and each record is judged by the short form of its event.
//! The result is the same for every record, failures and absent values included.

use analysis_log::EventId;

use crate::operand::{Operand, Real, Text, Truth, Whole};

impl Truth {
    /// The expression for records of this event.
    pub fn given(&self, event: EventId) -> Truth {
        match self {
            Truth::EventIs(wanted) => Truth::Const(event == *wanted),
            Truth::Not(inner) => negated(inner.given(event)),
            Truth::And(both) => {
                let [a, b] = both.each_ref().map(|it| it.given(event));
                decided_by(false, a, b, Truth::And)
            }
            Truth::Or(both) => {
                let [a, b] = both.each_ref().map(|it| it.given(event));
                decided_by(true, a, b, Truth::Or)
            }
            Truth::Implies(both) => match both.each_ref().map(|it| it.given(event)) {
                [Truth::Const(true), b] => b,
                [Truth::Const(false), _] => Truth::Const(true),
                [a, Truth::Const(true)] if a.never_fails() => Truth::Const(true),
                [a, Truth::Const(false)] => negated(a),
                both => Truth::Implies(Box::new(both)),
            },
            Truth::Same(both) => match both.each_ref().map(|it| it.given(event)) {
                [Truth::Const(true), other] | [other, Truth::Const(true)] => other,
                [Truth::Const(false), other] | [other, Truth::Const(false)] => negated(other),
                both => Truth::Same(Box::new(both)),
            },
            other => other.clone(),
        }
    }

    /// Whether some part depends on the event.
    pub fn names_an_event(&self) -> bool {
        match self {
            Truth::EventIs(_) => true,
            Truth::Not(inner) => inner.names_an_event(),
            Truth::And(both) | Truth::Or(both) | Truth::Implies(both) | Truth::Same(both) => {
                both.iter().any(Truth::names_an_event)
            }
            _ => false,
        }
    }

    /// Whether its evaluation fails for no record. `false` where that is not obvious.
    pub fn never_fails(&self) -> bool {
        match self {
            Truth::Const(_)
            | Truth::Column(_)
            | Truth::CompareColumn(..)
            | Truth::EventIs(_)
            | Truth::NodeIs(_)
            | Truth::PeerIs(_) => true,
            Truth::Not(inner) => inner.never_fails(),
            Truth::And(both) | Truth::Or(both) | Truth::Implies(both) | Truth::Same(both) => {
                both.iter().all(Truth::never_fails)
            }
            Truth::CompareWhole(_, both) => both.iter().all(Whole::never_fails),
            Truth::EqualText(both) => both.iter().all(Text::never_fails),
            Truth::Has(inner) => match &**inner {
                Operand::Truth(it) => it.never_fails(),
                Operand::Whole(it) | Operand::Duration(it) => it.never_fails(),
                Operand::Real(it) => matches!(it, Real::Const(_) | Real::Column(_)),
                Operand::Text(it) => it.never_fails(),
            },
            Truth::Cell(_) | Truth::CompareReal(..) | Truth::CompareMixed(..) => false,
        }
    }
}

fn negated(truth: Truth) -> Truth {
    match truth {
        Truth::Const(truth) => Truth::Const(!truth),
        other => Truth::Not(Box::new(other)),
    }
}

/// The short form of `and` (decided by false) and `or` (decided by true).
fn decided_by(
    decides: bool,
    a: Truth,
    b: Truth,
    whole: impl FnOnce(Box<[Truth; 2]>) -> Truth,
) -> Truth {
    match (a, b) {
        (Truth::Const(left), _) if left == decides => Truth::Const(decides),
        (Truth::Const(_), b) => b,
        // A failure on the left comes first.
        (a, Truth::Const(right)) if right == decides && a.never_fails() => Truth::Const(decides),
        (a, Truth::Const(right)) if right != decides => a,
        (a, b) => whole(Box::new([a, b])),
    }
}

impl Whole {
    fn never_fails(&self) -> bool {
        matches!(
            self,
            Whole::Const(_)
                | Whole::Column(_)
                | Whole::Time
                | Whole::Step
                | Whole::Message
                | Whole::Bytes
                | Whole::Queue
        )
    }
}

impl Text {
    fn never_fails(&self) -> bool {
        !matches!(self, Text::Cell(_))
    }
}
