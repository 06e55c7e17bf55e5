//! A tree as text. Parsing the text gives the same tree.

use std::fmt::{self, Display, Write};

use base::duration::to_text;
use base::time::SimDuration;

use super::{Aggregate, COMPARISON, Form, NEGATION, NOT, Named, Node, Operator, WORDS};

impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_at(self, 0, f)
    }
}

/// Writes a part where an operand of at least this level may stand.
fn write_at(node: &Node, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if level(node) >= least {
        return write_bare(node, f);
    }
    f.write_char('(')?;
    write_bare(node, f)?;
    f.write_char(')')
}

fn level(node: &Node) -> u8 {
    match &node.form {
        Form::Binary(operator, _) => operator.level(),
        Form::In { .. } => COMPARISON,
        Form::Not(_) => NOT,
        Form::Negate(_) => NEGATION,
        _ => u8::MAX,
    }
}

fn write_bare(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &node.form {
        Form::Whole(number) => write!(f, "{number}"),
        // With a point or an exponent, and read back as the same number.
        Form::Real(number) => write!(f, "{number:?}"),
        Form::Duration(ns) => f.write_str(&to_text(SimDuration(*ns))),
        Form::Text(text) => write_text(text, f),
        Form::Truth(truth) => write!(f, "{truth}"),
        Form::Column(name) => write_name(name, f),
        Form::OfNode { node, column } => {
            write_node(node, f)?;
            f.write_char('.')?;
            write_name(&column.name, f)
        }
        Form::Not(inner) => {
            f.write_str("not ")?;
            write_at(inner, NOT, f)
        }
        Form::Negate(inner) => {
            f.write_char('-')?;
            write_at(inner, NEGATION, f)
        }
        Form::Binary(operator, both) => {
            let level = operator.level();
            let (left, right) = match (operator, level) {
                (Operator::Implies, level) => (level + 1, level),
                (_, COMPARISON) => (COMPARISON + 1, COMPARISON + 1),
                (_, level) => (level, level + 1),
            };
            write_at(&both[0], left, f)?;
            write!(f, " {} ", operator.word())?;
            write_at(&both[1], right, f)
        }
        Form::In {
            value,
            list,
            negated,
        } => {
            write_at(value, COMPARISON + 1, f)?;
            f.write_str(if *negated { " not in [" } else { " in [" })?;
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                write_at(item, 0, f)?;
            }
            f.write_char(']')
        }
        Form::Call(function, inner) => write!(f, "{}({inner})", function.word()),
        Form::Over(aggregate, inner) => write!(f, "{}(nodes, {inner})", aggregate.word()),
    }
}

/// A text in quotes. What was parsed has only one of the two kinds of quotes.
pub(crate) fn write_text(text: &str, f: &mut impl Write) -> fmt::Result {
    match text.contains('\'') {
        true => write!(f, "\"{text}\""),
        false => write!(f, "'{text}'"),
    }
}

/// Whether a name is written without backticks.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && chars.all(|c| c.is_alphanumeric() || c == '_') && !WORDS.contains(&name)
}

fn write_name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match is_plain(name) {
        true => f.write_str(name),
        false => write!(f, "`{name}`"),
    }
}

fn write_node(node: &Named, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match is_plain(&node.name) {
        true => f.write_str(&node.name),
        false => write_text(&node.name, f),
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
