//! What the values of a scenario's keys mean: numbers, words, names, durations,
//! sizes, addresses and distributions, each with its bounds.
//!
//! A reader takes a [`Field`] and returns its value; or it reports what is wrong with
//! the value and returns `None`.

mod address;
mod distribution;
mod duration;
mod size;

pub use address::{address, endpoint};
pub use distribution::{Quantity, distribution};
pub use duration::{delay, duration, signed};
pub use size::{bandwidth, size};

use std::path::PathBuf;

use super::document::ValueKind as Kind;
use super::keys::{GILBERT_ELLIOTT, LOSS};
use super::reader::{Field, TableReader, listed, nearest};
use super::resolved::BehaviorName;
use framing::Framing;
use model::Loss;
use runner_maelstrom::topology::WORDS;
use runner_maelstrom::{IdRule, Neighbours};

/// The longest name of a scenario, group or node: names become file names.
pub const MAX_NAME: usize = 64;

/// Text as it stands.
pub fn text(field: Field<'_>) -> Option<String> {
    field.text().map(str::to_owned)
}

/// The path of a folder: not empty.
pub fn folder(field: Field<'_>) -> Option<PathBuf> {
    match field.text()? {
        "" => field.expected("the path of a folder"),
        path => Some(PathBuf::from(path)),
    }
}

/// A whole number from `low` to `high`.
pub fn whole(low: u64, high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let found = match field.value.kind {
            Kind::Integer(Some(number)) => u64::try_from(number).ok(),
            Kind::Integer(None) => None,
            _ => return not_a_number(field, "a whole number"),
        };
        match found {
            Some(number) if number >= low && number <= high => Some(number),
            _ if high == u64::MAX => field.expected(&format!("{low} or more, within 64 bits")),
            _ => field.expected(&format!("{low} to {high}")),
        }
    }
}

/// True or false.
pub fn flag(field: Field<'_>) -> Option<bool> {
    match field.value.kind {
        Kind::Boolean(flag) => Some(flag),
        _ => field.expected("true or false"),
    }
}

/// A finite number.
pub fn number(field: Field<'_>) -> Option<f64> {
    match field.value.kind {
        Kind::Integer(Some(number)) => Some(number as f64),
        Kind::Float(number) if number.nearest.is_finite() => Some(number.nearest),
        Kind::Integer(None) | Kind::Float(_) => field.expected("a finite number"),
        _ => not_a_number(field, "a number"),
    }
}

/// Reports that the value is no number, with what to write if its text is one.
fn not_a_number<T>(field: Field<'_>, what: &str) -> Option<T> {
    let text = field.value.as_text().unwrap_or_default().trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    let Some(value) = number.parse::<f64>().ok().filter(|it| it.is_finite()) else {
        return field.expected(what);
    };
    match rest.trim() {
        "" => field.expected_with_help(what, format!("write {number}, without quotes")),
        "%" => field.expected_with_help(what, format!("{number} % is {}", value / 100.0)),
        _ => field.expected_with_help(what, format!("write {number}, without unit and quotes")),
    }
}

/// A number of more than 0.
pub fn positive(field: Field<'_>) -> Option<f64> {
    match number(field)? {
        number if number > 0.0 => Some(number),
        _ => field.expected("more than 0"),
    }
}

/// A number from 0 to 1.
pub fn probability(field: Field<'_>) -> Option<f64> {
    match number(field)? {
        number if (0.0..=1.0).contains(&number) => Some(number),
        percent if percent > 1.0 && percent <= 100.0 => {
            let help = format!("{percent} % is {}", percent / 100.0);
            field.expected_with_help("a probability from 0 to 1", help)
        }
        _ => field.expected("a probability from 0 to 1"),
    }
}

/// Which messages a link loses: a probability, or a table with a model.
pub fn loss(field: Field<'_>) -> Option<Loss> {
    let Kind::Table(table) = &field.value.kind else {
        return probability(field).map(Loss::Independent);
    };
    let mut reader = TableReader::new(table, field.value.place, &LOSS, field.mistakes);
    let model = reader.required("gilbert_elliott", gilbert_elliott);
    reader.finish();
    model?.value
}

fn gilbert_elliott(field: Field<'_>) -> Option<Loss> {
    let table = field.table("a table: { to_bad, to_good, loss_bad }")?;
    let place = field.value.place;
    let mut reader = TableReader::new(table, place, &GILBERT_ELLIOTT, field.mistakes);
    let to_bad = reader.required("to_bad", probability);
    let to_good = reader.required("to_good", probability);
    let loss_bad = reader.required("loss_bad", probability);
    let loss_good = reader.optional("loss_good", probability);
    reader.finish();
    Some(Loss::GilbertElliott {
        to_bad: to_bad?.value?,
        to_good: to_good?.value?,
        loss_bad: loss_bad?.value?,
        loss_good: match loss_good {
            Some(written) => written.value?,
            None => 0.0,
        },
    })
}

/// The value that one of these words stands for.
pub fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(Field<'_>) -> Option<T> {
    move |field| {
        if let Kind::Text(text) = &field.value.kind
            && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*value);
        }
        let names: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let expected = names.join(" or ");
        let found = field.value.as_text().unwrap_or_default();
        match nearest(found, words.iter().map(|(word, _)| *word)) {
            Some(near) => field.expected_with_help(&expected, format!("did you mean {near:?}?")),
            None => field.expected(&expected),
        }
    }
}

/// How messages are separated in a stream of bytes.
pub fn framing(field: Field<'_>) -> Option<Framing> {
    let name = match &field.value.kind {
        Kind::Text(name) => name.as_str(),
        _ => "",
    };
    Framing::from_name(name)
        .or_else(|| field.expected_with_help("the name of a framing", framings(name)))
}

/// A line of help: the framings, and the one that was meant.
pub fn framings(found: &str) -> String {
    let names = listed(found, Framing::names().map(|(name, _)| name));
    format!("framings: {names}")
}

/// What makes the ids of a group's nodes.
pub fn ids(field: Field<'_>) -> Option<IdRule> {
    let text = field.text()?;
    match IdRule::parse(text) {
        Ok(rule) => Some(rule),
        Err(error) => field.wrong(format!("`{}` is {text:?}: {error}", field.key)),
    }
}

/// The neighbours that a program is told.
pub fn neighbours(field: Field<'_>) -> Option<Neighbours> {
    let found = field.value.as_text().unwrap_or_default();
    Neighbours::parse(found).or_else(|| {
        let names = listed(found, WORDS.into_iter());
        field.expected_with_help("a topology", format!("topologies: {names}"))
    })
}

/// A program and its arguments.
pub fn command(field: Field<'_>) -> Option<Vec<String>> {
    const WHAT: &str = "an array of texts: the program, then its arguments";
    if let Kind::Text(text) = &field.value.kind {
        let words: Vec<String> = text
            .split_whitespace()
            .map(|it| format!("{it:?}"))
            .collect();
        let help = match words.is_empty() {
            true => "for example [\"python3\", \"light.py\"]".to_owned(),
            false => format!("no shell takes it apart: write [{}]", words.join(", ")),
        };
        return field.expected_with_help(WHAT, help);
    }
    let parts = field.array(WHAT)?;
    if parts.is_empty() {
        return field.wrong("`command` is empty, expected the program, then its arguments");
    }
    let mut words = Vec::with_capacity(parts.len());
    let mut fine = true;
    for part in parts {
        let part = field.part(part);
        match part.text() {
            Some(word) if word.contains('\0') => {
                fine = false;
                part.wrong::<()>("`command` has a zero byte, which no argument can have");
            }
            Some("") if words.is_empty() && fine => {
                return part.wrong("`command` names no program");
            }
            Some(word) => words.push(word.to_owned()),
            None => fine = false,
        }
    }
    fine.then_some(words)
}

/// A name: letters, digits, `-`, `_`, `.` (not leading), at most [`MAX_NAME`].
pub fn name(field: Field<'_>) -> Option<String> {
    let name = field.text()?;
    match name_problem(name) {
        None => Some(name.to_owned()),
        Some(problem) => field.wrong(format!("`{}` is {name:?}, {problem}", field.key)),
    }
}

/// Why text is no name; `None` if it is one.
pub fn name_problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() {
        return Some("an empty name".to_owned());
    }
    if let Some(c) = name.chars().find(|&c| !allowed(c)) {
        return Some(format!(
            "a name with {c:?}, expected letters, digits, `-`, `_`, `.`"
        ));
    }
    if name.starts_with('.') {
        return Some("a name that begins with `.`".to_owned());
    }
    if name.len() > MAX_NAME {
        return Some(format!(
            "a name of {} characters, expected at most {MAX_NAME}",
            name.len()
        ));
    }
    None
}

/// `PLUGIN.BEHAVIOR`.
pub fn behavior(field: Field<'_>) -> Option<BehaviorName> {
    split_name(field.text()?).or_else(|| {
        field.expected_with_help(
            "PLUGIN.BEHAVIOR, such as \"clock.machine\"",
            "`runner plugins` lists the behaviors".to_owned(),
        )
    })
}

/// `PLUGIN.CHECK`.
pub fn check(field: Field<'_>) -> Option<BehaviorName> {
    split_name(field.text()?).or_else(|| {
        field.expected_with_help(
            "PLUGIN.CHECK, such as \"clock.lamport\"",
            "`runner plugins` lists the checks".to_owned(),
        )
    })
}

/// The parts before and after the dot.
fn split_name(text: &str) -> Option<BehaviorName> {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let (plugin, behavior) = text.split_once('.')?;
    (word(plugin) && word(behavior)).then(|| BehaviorName {
        plugin: plugin.to_owned(),
        behavior: behavior.to_owned(),
    })
}
