//! From cells to what happened: the time, the events and the numbers of each record of
//! one file.

use std::path::Path;

use super::format::{Format, Origin};
use super::names::FileName;
use super::records::{FileError, Item, Records};
use super::stamp::DAY_NS;
use super::words::{Event, MAX_TIMES, Times, What, own_word, understood};

/// A record.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Its line, from 1.
    pub line: u64,
    /// Its time `[ns]`, from a zero that all files share.
    pub time_ns: i128,
    /// Its run, as the log names it.
    pub run: String,
    /// Its node, as the log names it.
    pub node: String,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The number of the step.
    pub step: Option<u64>,
    /// The other ends.
    pub peers: Vec<String>,
    /// The sender's number of the message.
    pub message: Option<u64>,
    /// The size of the message.
    pub bytes: Option<u64>,
    /// The length of the inbox.
    pub queue: Option<u64>,
}

/// What is next in a file.
pub enum Outcome {
    /// A record, in [`Rows::entry`].
    Row,
    /// A line that is no record, as the format says.
    Ignored,
    /// A line that is not understood.
    Not {
        /// Its number, from 1.
        line: u64,
        /// Its text, shortened.
        text: String,
        /// Why not.
        why: String,
    },
}

/// The rows of a file.
pub struct Rows<'f> {
    format: &'f Format,
    file: &'f FileName,
    records: Records<'f>,
    /// The record that [`Rows::next`] found.
    pub entry: Entry,
    /// For times of day: the time of the last row, and the days before it `[ns]`.
    last_ns: Option<i128>,
    days_ns: i128,
}

impl<'f> Rows<'f> {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn open(file: &'f FileName, format: &'f Format) -> Result<Rows<'f>, FileError> {
        Ok(Rows {
            records: Records::open(Path::new(&file.path), format)?,
            format,
            file,
            entry: Entry::default(),
            last_ns: None,
            days_ns: 0,
        })
    }

    /// Names that the header has twice.
    pub fn doubled(&self) -> &[String] {
        &self.records.doubled
    }

    /// Lines with bytes that are no UTF-8, so far.
    pub fn not_utf8(&self) -> u64 {
        self.records.not_utf8()
    }

    /// The text of a column of ours in this record.
    pub fn own(&self, index: usize) -> Option<&str> {
        self.cell(self.format.read.own[index].1)
    }

    fn cell(&self, index: usize) -> Option<&str> {
        self.records.cells[index].as_deref()
    }

    /// What is next.
    ///
    /// # Errors
    /// The file cannot be read, or its header lacks a column.
    pub fn next(&mut self) -> Result<Option<Outcome>, FileError> {
        Ok(match self.records.next()? {
            None => None,
            Some(Item::Ignored) => Some(Outcome::Ignored),
            Some(Item::Not { line, text, why }) => Some(Outcome::Not { line, text, why }),
            Some(Item::Record) => Some(match self.take() {
                Ok(true) => Outcome::Row,
                Ok(false) => Outcome::Ignored,
                Err(why) => Outcome::Not {
                    line: self.records.line,
                    text: self.records.shown(),
                    why,
                },
            }),
        })
    }

    /// Makes the entry of a record. False if the record is to be ignored.
    fn take(&mut self) -> Result<bool, String> {
        let read = &self.format.read;
        let peers = read.peer.and_then(|it| self.cell(it)).map(list);
        let peers = peers.unwrap_or_default();
        let Some(events) = self.events(peers.len())? else {
            return Ok(false);
        };
        let queue = match read.queue.and_then(|it| self.cell(it)) {
            Some(text) if text.starts_with('[') => Some(list(text).len() as u64),
            _ => self.number("queue", read.queue)?,
        };
        let entry = Entry {
            line: self.records.line,
            time_ns: self.time()?,
            run: match self.format.run {
                Some(column) => self.required("run", column)?,
                None => self.file.run.clone(),
            },
            node: match self.format.node {
                Origin::Column(column) => self.required("node", column)?,
                _ => self.file.node.clone(),
            },
            step: self.number("step", read.step)?,
            message: self.number("message", read.message)?,
            bytes: self.number("bytes", read.bytes)?,
            queue,
            events,
            peers,
        };
        for (name, column) in &read.own {
            if (name == "clock" || name == super::format::RECEIVED_CLOCK)
                && let Some(text) = self.cell(*column)
                && !is_clock(text)
            {
                return Err(format!("`{name}`: found `{text}`, expected a whole number"));
            }
        }
        self.entry = entry;
        Ok(true)
    }

    fn required(&self, what: &str, column: usize) -> Result<String, String> {
        let cell = self.cell(column).map(str::to_owned);
        cell.ok_or_else(|| format!("no {what}: `{}` is empty", self.format.wanted[column]))
    }

    fn time(&mut self) -> Result<i128, String> {
        let cells: Vec<&str> = self
            .format
            .time
            .iter()
            .filter_map(|it| self.cell(*it))
            .collect();
        if cells.is_empty() {
            return Err("no time".to_owned());
        }
        let text = cells.join(" ");
        let form = &self.format.form;
        let Some(time_ns) = form.read(&text, self.format.decimal_comma) else {
            return Err(format!(
                "time: found `{text}`, expected the form \"{form}\""
            ));
        };
        if form.is_time_of_day() {
            // Past midnight, and not a row that is a little late.
            if self.last_ns.is_some_and(|last| last - time_ns > DAY_NS / 2) {
                self.days_ns += DAY_NS;
            }
            self.last_ns = Some(time_ns);
        }
        Ok(time_ns + self.days_ns)
    }

    /// What happened. `None`: the record is to be ignored.
    fn events(&self, peers: usize) -> Result<Option<Vec<Event>>, String> {
        let mut events = Vec::new();
        for (column, what) in &self.format.flags {
            let Some(times) = self.cell(*column).map(flag).unwrap_or(Some(0)) else {
                let text = self.cell(*column).unwrap_or_default();
                let name = &self.format.wanted[*column];
                return Err(format!("`{name}`: found `{text}`, expected 0 or 1"));
            };
            if let (1.., What::Events(own)) = (times, what) {
                let own = own.iter().map(|event| match event.times {
                    Times::Count(1) if times > 1 => Event {
                        times: Times::Count(times),
                        ..event.clone()
                    },
                    _ => event.clone(),
                });
                events.extend(own);
            }
        }
        // A step takes a message first.
        events.sort_by_key(|event| event.word != "receive");
        if !events.is_empty() {
            return Ok(Some(events));
        }
        if !self.format.flags.is_empty() {
            return Ok(Some(of("internal")));
        }
        if let Some(what) = self.records.what {
            return Ok(self.several(what, peers));
        }
        let Some(column) = self.format.read.event else {
            return Ok(Some(of("tick")));
        };
        let Some(word) = self.cell(column) else {
            return Err(format!(
                "no event: `{}` is empty",
                self.format.wanted[column]
            ));
        };
        if let Some(what) = self.format.events.get(&word.to_lowercase()) {
            return Ok(self.several(what, peers));
        }
        Ok(match understood(word) {
            Some(what) => self.several(&what, peers),
            None => Some(of(&own_word(word))),
        })
    }

    /// The events of a row that names so many others: a message to each.
    fn several(&self, what: &What, peers: usize) -> Option<Vec<Event>> {
        let What::Events(events) = what else {
            return None;
        };
        let mut events = events.clone();
        for event in &mut events {
            if event.word == "send" && peers > 1 && event.times != Times::Others {
                event.times = Times::Count((peers as u32).min(MAX_TIMES));
            }
        }
        Some(events)
    }

    fn number(&self, name: &str, column: Option<usize>) -> Result<Option<u64>, String> {
        let Some(text) = column.and_then(|it| self.cell(it)) else {
            return Ok(None);
        };
        match whole(text) {
            Some(number) => Ok(Some(number)),
            None if matches!(
                text,
                "-" | "–" | "None" | "null" | "nil" | "NaN" | "nan" | "N/A"
            ) =>
            {
                Ok(None)
            }
            None => Err(format!(
                "`{name}`: found `{text}`, expected a whole number of 0 or more"
            )),
        }
    }
}

fn of(word: &str) -> Vec<Event> {
    vec![Event {
        word: word.to_owned(),
        times: Times::Count(1),
    }]
}

/// A whole number; `3.0` is one.
pub fn whole(text: &str) -> Option<u64> {
    let digits = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|it| it == b'0') => whole,
        _ => text,
    };
    digits.parse().ok()
}

fn is_clock(text: &str) -> bool {
    whole(text.strip_prefix('-').unwrap_or(text)).is_some() || absent(text)
}

/// Whether a text says that there is no value.
pub fn absent(text: &str) -> bool {
    matches!(
        text,
        "-" | "None" | "null" | "nil" | "NaN" | "nan" | "N/A" | ""
    )
}

/// How often a flag says that something happened; `None` if it is no flag.
pub fn flag(text: &str) -> Option<u32> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "x" | "t" => Some(1),
        "false" | "no" | "n" | "-" | "f" => Some(0),
        number => whole(number)
            .and_then(|it| u32::try_from(it).ok())
            .filter(|it| *it <= MAX_TIMES),
    }
}

/// The names of a list: `["a", "b"]`, `a, b`, `a and b`, `a;b`.
fn list(text: &str) -> Vec<String> {
    if let Ok(serde_json::Value::Array(values)) = serde_json::from_str(text) {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return values.iter().map(text).collect();
    }
    if absent(text) {
        return Vec::new();
    }
    let text = text.replace(" and ", ",").replace([';', '&'], ",");
    let text = text.trim_matches(|it| "[](){}".contains(it));
    let parts = text
        .split(',')
        .map(|it| it.trim().trim_matches(['"', '\'']));
    parts
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_flags_of_any_form() {
        assert_eq!(list("[\"a\",\"b\"]"), ["a", "b"]);
        assert_eq!(list("machine 1 and machine 2"), ["machine 1", "machine 2"]);
        assert_eq!(list("['a', 'b']"), ["a", "b"]);
        assert_eq!(list("[1, 2]"), ["1", "2"]);
        assert_eq!(list("-").len(), 0);
        assert_eq!(flag("True"), Some(1));
        assert_eq!(flag("2"), Some(2));
        assert_eq!(flag("maybe"), None);
        assert_eq!(whole("3.0"), Some(3));
        assert_eq!(whole("3.5"), None);
    }
}
