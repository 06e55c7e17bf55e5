//! The meaning of the columns of another program's log.
//!
//! A mapping is written as `time=t_ms:ms,event=kind,queue=backlog,clock=lamport`: our
//! name, then the name of the column. `time` is required; its unit follows a colon
//! (`ns`, `us`, `ms` or `s`; `ns` if there is none). `step`, `event`, `peer`,
//! `message`, `bytes` and `queue` are the standard columns. Any other name adds a
//! column of this name; `clock` is a logical clock. Other columns are not read.
//!
//! Events are matched by their first word, without regard to case: `RECV`,
//! `received`, `rx`, `deliver` are `receive`; `sent`, `snd`, `tx` are `send`;
//! `dropped`, `lost` are `drop`. Other words are kept and are steps. `receive=GOT`
//! maps the word `GOT`. Without `event`, each row is a `tick`; without `step`, each
//! row that can be a step is one.

use super::number::decimal_ns;
use super::record::{EventId, STANDARD_EVENTS};
use super::writer::STANDARD_COLUMNS;

/// A mapping; see the module for how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Our name, and that of the column.
    columns: Vec<(String, String)>,
    /// Length of a unit of time `[ns]`.
    unit_ns: u64,
    /// Event words that the mapping names, in lower case.
    words: Vec<(String, EventId)>,
}

/// A mapping that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A part without `=`, or with nothing on one side.
    #[error("`{part}`: expected NAME=COLUMN, as in `time=t_ms:ms,event=kind`")]
    NoPair {
        /// The part.
        part: String,
    },
    /// A name given twice.
    #[error("`{name}` is mapped twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// No `time`.
    #[error("`time` is not mapped: add `time=COLUMN:UNIT`, with a unit of ns, us, ms or s")]
    NoTime,
}

const UNITS: [(&str, u64); 4] = [
    (":ns", 1),
    (":us", 1_000),
    (":ms", 1_000_000),
    (":s", 1_000_000_000),
];

/// First words that other programs use for ours.
const SYNONYMS: [(EventId, &[&str]); 3] = [
    (
        EventId::RECEIVE,
        &[
            "receive",
            "received",
            "receives",
            "recv",
            "rcv",
            "rcvd",
            "rx",
            "deliver",
            "delivered",
        ],
    ),
    (EventId::SEND, &["send", "sent", "sends", "snd", "tx"]),
    (EventId::DROP, &["drop", "dropped", "drops", "lost"]),
];

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// A part is not a pair, a name is given twice, or `time` is missing.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        let mut mapping = Mapping {
            columns: Vec::new(),
            unit_ns: 1,
            words: Vec::new(),
        };
        for part in text.split(',').map(str::trim) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                    (name.trim(), value.trim())
                }
                _ => {
                    let part = part.to_owned();
                    return Err(MappingError::NoPair { part });
                }
            };
            if let Some(event) = STANDARD_EVENTS.iter().position(|&word| word == name) {
                mapping
                    .words
                    .push((value.to_lowercase(), EventId(event as u16)));
                continue;
            }
            let mut column = value;
            let name = match name {
                "time" | "time_ns" => "time_ns",
                _ => name,
            };
            if name == "time_ns" {
                for (suffix, unit_ns) in UNITS {
                    if let Some(stem) = value.strip_suffix(suffix) {
                        (column, mapping.unit_ns) = (stem, unit_ns);
                    }
                }
            }
            if mapping.columns.iter().any(|(own, _)| own == name) {
                let name = name.trim_end_matches("_ns").to_owned();
                return Err(MappingError::Twice { name });
            }
            mapping.columns.push((name.to_owned(), column.to_owned()));
        }
        match mapping.column("time_ns") {
            Some(_) => Ok(mapping),
            None => Err(MappingError::NoTime),
        }
    }

    /// The column that one of our columns is read from.
    pub(super) fn column(&self, name: &str) -> Option<&str> {
        let found = self.columns.iter().find(|(own, _)| own == name);
        found.map(|(_, column)| column.as_str())
    }

    /// All mapped columns: our name, and that of the column.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns
            .iter()
            .map(|(own, column)| (own.as_str(), column.as_str()))
    }

    /// The mapped names that are not standard columns.
    pub(super) fn own_columns(&self) -> impl Iterator<Item = &str> {
        self.columns()
            .map(|(own, _)| own)
            .filter(|own| !STANDARD_COLUMNS.contains(own))
    }

    /// A time cell `[ns]`.
    pub(super) fn time_ns(&self, text: &str) -> Option<u64> {
        decimal_ns(text, self.unit_ns)
    }

    /// The standard event of a word, if it has one.
    pub(super) fn event(&self, word: &str) -> Option<EventId> {
        let word = word.trim().to_lowercase();
        if let Some((_, event)) = self.words.iter().find(|(own, _)| *own == word) {
            return Some(*event);
        }
        if let Some(event) = STANDARD_EVENTS.iter().position(|&own| own == word) {
            return Some(EventId(event as u16));
        }
        let first = word
            .split(|letter: char| !letter.is_alphabetic())
            .find(|part| !part.is_empty())?;
        SYNONYMS
            .iter()
            .find_map(|(event, words)| words.contains(&first).then_some(*event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_columns_units_and_words() {
        let mapping =
            Mapping::parse("time=t:ms, event=kind,queue=q,clock=lc,receive=GOT,internal=i")
                .unwrap();
        assert_eq!(mapping.column("time_ns"), Some("t"));
        assert_eq!(mapping.time_ns("1.5"), Some(1_500_000));
        assert_eq!(
            mapping.own_columns().collect::<Vec<_>>(),
            ["clock", "internal"]
        );
        assert_eq!(mapping.event("got"), Some(EventId::RECEIVE));
        assert_eq!(mapping.event("RECV from 3"), Some(EventId::RECEIVE));
        assert_eq!(mapping.event("[Sent]"), Some(EventId::SEND));
        assert_eq!(mapping.event("tick"), Some(EventId::TICK));
        assert_eq!(mapping.event("sending-state"), None);
        assert_eq!(mapping.event("internal"), None);
    }

    #[test]
    fn a_mapping_without_time_or_with_half_a_pair_is_refused() {
        let error = |text| Mapping::parse(text).unwrap_err();
        assert_eq!(error("event=kind"), MappingError::NoTime);
        for text in ["", "time", "time=", "=t", "time=t,,"] {
            assert!(matches!(error(text), MappingError::NoPair { .. }), "{text}");
        }
        let twice = error("time=a,time_ns=b");
        assert_eq!(twice.to_string(), "`time` is mapped twice");
    }
}
