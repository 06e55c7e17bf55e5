//! How the logs of another program are read: a small TOML file that `analysis guess`
//! proposes and a person corrects.
//!
//! ```toml
//! lines = "table"           # "table", "json" or "sentences"
//! separator = ","           # of a table: one character, or "blanks"
//! header = true             # of a table: whether its first line names the columns
//! columns = ["a", "b"]      # of a table without a header
//! labels = false            # of a table: whether cells are `clock: 3`
//! decimal = "."             # or ","
//! ignore = ['^Machine']     # lines that are no records
//!
//! [[sentence]]              # of sentences: the first that matches is taken
//! match = '^(?<time>\S+) sent to (?<peer>\d+), clock (?<clock>\d+)$'
//! event = "send"            # without it, the group or column `event` says it
//!
//! [time]
//! column = "ts"             # or columns = ["date", "time"], joined by a blank
//! form = "%H:%M:%S%f"       # see `stamp`
//!
//! [node]                    # none: the name of the file
//! column = "machine"        # or
//! file = '(?<run>\d+)/(?<node>[^/]+)\.log$'
//!
//! [run]                     # none: folders, if a node is in several
//! column = "trial"
//!
//! [read]                    # our name = name of the column
//! event = "what"            # event, step, peer, message, bytes, queue, or a column of
//! clock = "lamport"         # your own; `clock` is a logical clock, and
//! received_clock = "from"   # `received_clock` the clock that came with a message
//!
//! [flags]                   # columns that are 1 if something happened
//! sent = "send"
//!
//! [events]                  # word in the log = what happened
//! "Sent both" = "send*2"
//!
//! [[check]]
//! check = "clock.lamport"
//!
//! [[property]]              # as in a scenario
//! name = "clocks rise"
//! always = "clock > last(clock)"
//! ```

use std::collections::HashMap;

use regex::Regex;

use super::judge::{Asked, asked};
use super::stamp::Form;
use super::toml_table::{At, Mistake, Mistakes, Table};
use super::words::What;
use crate::log::STANDARD_COLUMNS;

/// Our name for the column with the clock that came with a message.
pub const RECEIVED_CLOCK: &str = "received_clock";
/// Maximum number of columns beside the standard ones; a log has no more.
const MAX_OWN: usize = 60;

/// How logs are read.
#[derive(Clone, Debug)]
pub struct Format {
    /// Its file, as the user named it.
    pub file: String,
    /// The text of the file.
    pub text: String,
    /// What a line is.
    pub lines: Lines,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// Lines that are no records.
    pub ignore: Vec<Regex>,
    /// The columns of the log that are read. Everything below has indices into it.
    pub wanted: Vec<String>,
    /// The columns with the time, in order.
    pub time: Vec<usize>,
    /// How a time is written.
    pub form: Form,
    /// Which node a row is of.
    pub node: Origin,
    /// Which run a row is of, if a column says so.
    pub run: Option<usize>,
    /// The columns of ours.
    pub read: Read,
    /// Columns that are 1 if something happened.
    pub flags: Vec<(usize, What)>,
    /// Event words in lower case.
    pub events: HashMap<String, What>,
    /// What is judged.
    pub asked: Asked,
}

/// What a line is.
#[derive(Clone, Debug)]
pub enum Lines {
    /// Cells between separators.
    Table(TableLines),
    /// JSON objects, one per line or in arrays.
    Json,
    /// Sentences.
    Sentences(Vec<Sentence>),
}

/// Lines of cells.
#[derive(Clone, Debug)]
pub struct TableLines {
    /// The separator; `None`: blanks.
    pub separator: Option<char>,
    /// The names of the columns, if no header has them.
    pub columns: Option<Vec<String>>,
    /// Whether cells are `label: value`.
    pub labels: bool,
}

/// A kind of sentence.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// What it looks like.
    pub pattern: Regex,
    /// What it says happened, if not a group.
    pub what: Option<What>,
    /// By group of the pattern: an index of a wanted column.
    pub groups: Vec<(usize, usize)>,
}

/// Which node a row is of.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The name of the file, or of its folder.
    File,
    /// Groups `node` and `run` of the path.
    Path(Regex),
    /// A column.
    Column(usize),
}

/// The columns that become columns of ours.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The word for an event.
    pub event: Option<usize>,
    /// The number of a step.
    pub step: Option<usize>,
    /// The other end.
    pub peer: Option<usize>,
    /// The sender's number of a message.
    pub message: Option<usize>,
    /// The size of a message.
    pub bytes: Option<usize>,
    /// The length of the inbox.
    pub queue: Option<usize>,
    /// Other columns, by our name.
    pub own: Vec<(String, usize)>,
}

impl Read {
    /// The column of ours with this name, beside the standard ones.
    pub fn own(&self, name: &str) -> Option<usize> {
        self.own.iter().position(|(own, _)| own == name)
    }
}

impl Format {
    /// Reads a format file. `file` is its name in messages; `events` are the arguments
    /// of `--event`, and `properties` the text of another file with properties.
    ///
    /// # Errors
    /// All mistakes, each with its place.
    pub fn parse(
        file: &str,
        text: &str,
        events: &[String],
        properties: Option<(&str, &str)>,
    ) -> Result<Format, Vec<Mistake>> {
        let mut mistakes = Mistakes::new(file, text);
        let format = Reader::new(&mut mistakes).read(file, text, events);
        let mut found = mistakes.found;
        let mut format = format.ok_or(());
        if let Some((file, text)) = properties {
            let mut mistakes = Mistakes::new(file, text);
            let mut table = Table::parse(text, &mut mistakes);
            let more = asked(&mut table, file, &mut mistakes);
            table.finish(&mut mistakes);
            found.extend(mistakes.found);
            if let Ok(format) = &mut format {
                format.asked.join(more);
            }
        }
        match format {
            Ok(format) if found.is_empty() => Ok(format),
            _ => {
                found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
                Err(found)
            }
        }
    }

    /// The index of a column that is read.
    pub fn wanted(&self, name: &str) -> Option<usize> {
        self.wanted.iter().position(|own| own == name)
    }
}

/// Reads a format file key by key.
struct Reader<'m, 'a> {
    mistakes: &'m mut Mistakes<'a>,
    wanted: Vec<String>,
}

impl<'m, 'a> Reader<'m, 'a> {
    fn new(mistakes: &'m mut Mistakes<'a>) -> Reader<'m, 'a> {
        let wanted = Vec::new();
        Reader { mistakes, wanted }
    }

    /// The index of a column of the log.
    fn want(&mut self, column: &str) -> usize {
        let found = self.wanted.iter().position(|own| own == column);
        found.unwrap_or_else(|| {
            self.wanted.push(column.to_owned());
            self.wanted.len() - 1
        })
    }

    /// `None` if what is there is no format at all; the mistakes say why.
    fn read(mut self, file: &str, text: &str, given: &[String]) -> Option<Format> {
        let mut table = Table::parse(text, self.mistakes);
        let lines = table.required("lines", self.mistakes);
        let cells = self.table_lines(&mut table);
        let decimal = table.text("decimal", self.mistakes);
        let decimal_comma = match decimal.as_ref().map(|it| (it.at, it.value.as_str())) {
            None | Some((_, ".")) => false,
            Some((_, ",")) => true,
            Some((at, _)) => {
                self.mistakes.push(at, "`decimal`: expected \".\" or \",\"");
                false
            }
        };
        let ignore = table.texts("ignore", self.mistakes);
        let ignore = ignore.iter().filter_map(|it| self.regex(it)).collect();
        let (time, form) = self.time(&mut table);
        let node = self.node(&mut table);
        let mut of_run = table.table("run", self.mistakes);
        let run = of_run.text("column", self.mistakes);
        let run = run.map(|it| self.want(&it.value));
        of_run.finish(self.mistakes);
        let sentences = table.tables("sentence", self.mistakes);
        let sentences: Vec<Sentence> = sentences
            .into_iter()
            .filter_map(|it| self.sentence(it))
            .collect();
        let read = self.columns(&mut table);
        let flags = table.table("flags", self.mistakes).all_texts(self.mistakes);
        let flags = flags.into_iter().filter_map(|(name, what)| {
            let what = self.what(&what)?;
            Some((self.want(&name.value), what))
        });
        let flags = flags.collect();
        let events = self.events(&mut table, given);
        let asked = asked(&mut table, file, self.mistakes);
        table.finish(self.mistakes);
        let lines = match (lines.as_ref().map(|it| it.value.as_str()), lines.as_ref()) {
            (Some("table"), _) => Lines::Table(cells?),
            (Some("json"), _) => Lines::Json,
            (Some("sentences"), Some(at)) => {
                if sentences.is_empty() {
                    let what = "sentences need at least one [[sentence]] with `match = '..'`";
                    self.mistakes.push(at.at, what);
                }
                Lines::Sentences(sentences)
            }
            (Some(other), Some(at)) => {
                let text = format!(
                    "`lines`: found \"{other}\", expected \"table\", \"json\" or \"sentences\""
                );
                self.mistakes.push(at.at, text);
                return None;
            }
            _ => return None,
        };
        Some(Format {
            file: file.to_owned(),
            text: text.to_owned(),
            lines,
            decimal_comma,
            ignore,
            time,
            form: form?,
            node: node?,
            run,
            read,
            flags,
            events,
            asked,
            wanted: self.wanted,
        })
    }

    fn table_lines(&mut self, table: &mut Table<'_>) -> Option<TableLines> {
        let separator = table.text("separator", self.mistakes);
        let header = table.flag("header", self.mistakes);
        let columns = table.texts("columns", self.mistakes);
        let labels = table.flag("labels", self.mistakes);
        let separator = match separator {
            None => Some(','),
            Some(text) if text.value == "blanks" => None,
            Some(text) => {
                let mut letters = text.value.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) if !letter.is_alphanumeric() && letter != '"' => {
                        Some(letter)
                    }
                    _ => {
                        let what = "`separator`: expected one character, such as \",\" or \"\\t\", or \"blanks\"";
                        self.mistakes.push(text.at, what);
                        return None;
                    }
                }
            }
        };
        let names: Vec<String> = columns.iter().map(|it| it.value.clone()).collect();
        for (index, column) in columns.iter().enumerate() {
            if names[..index].contains(&column.value) {
                let text = format!("column `{}` is named twice", column.value);
                self.mistakes.push(column.at, text);
            }
        }
        let header = header.unwrap_or(columns.is_empty());
        if !header && columns.is_empty() {
            let what = "without a header, `columns = [\"..\", \"..\"]` names the columns";
            self.mistakes.push(table.at(), what);
        }
        Some(TableLines {
            separator,
            columns: (!header).then_some(names),
            labels: labels.unwrap_or(false),
        })
    }

    fn time(&mut self, table: &mut Table<'_>) -> (Vec<usize>, Option<Form>) {
        let mut time = table.table("time", self.mistakes);
        let at = time.at();
        let one = time.text("column", self.mistakes);
        let several = time.texts("columns", self.mistakes);
        let form = time.required("form", self.mistakes);
        time.finish(self.mistakes);
        let columns: Vec<usize> = one
            .iter()
            .chain(&several)
            .map(|it| self.want(&it.value))
            .collect();
        if columns.is_empty() {
            let what = "[time] has no `column`: every row needs a time";
            self.mistakes.push(at, what);
        }
        let form = form.and_then(|form| match Form::parse(&form.value) {
            Ok(form) => Some(form),
            Err(why) => {
                self.mistakes.push(form.at, format!("`form`: {why}"));
                None
            }
        });
        (columns, form)
    }

    fn node(&mut self, table: &mut Table<'_>) -> Option<Origin> {
        let mut node = table.table("node", self.mistakes);
        let column = node.text("column", self.mistakes);
        let file = node.text("file", self.mistakes);
        node.finish(self.mistakes);
        match (column, file) {
            (None, None) => Some(Origin::File),
            (Some(column), None) => Some(Origin::Column(self.want(&column.value))),
            (Some(_), Some(file)) => {
                let what = "[node] has both `column` and `file`, expected one of them";
                self.mistakes.push(file.at, what);
                None
            }
            (None, Some(file)) => {
                let regex = self.regex(&file)?;
                if !regex.capture_names().flatten().any(|it| it == "node") {
                    let what = "`file`: expected a group (?<node>..) that is the name of the node";
                    self.mistakes.push(file.at, what);
                }
                Some(Origin::Path(regex))
            }
        }
    }

    fn sentence(&mut self, mut table: Table<'_>) -> Option<Sentence> {
        let pattern = table.required("match", self.mistakes);
        let what = table.text("event", self.mistakes);
        table.finish(self.mistakes);
        let what = match what {
            Some(text) => Some(self.what(&text)?),
            None => None,
        };
        let pattern = self.regex(&pattern?)?;
        let names = pattern.capture_names().enumerate();
        let groups = names.filter_map(|(index, name)| Some((index, self.want(name?))));
        let groups = groups.collect();
        Some(Sentence {
            pattern,
            what,
            groups,
        })
    }

    fn columns(&mut self, table: &mut Table<'_>) -> Read {
        let mut read = Read::default();
        let columns = table.table("read", self.mistakes).all_texts(self.mistakes);
        for (name, column) in columns {
            let index = self.want(&column.value);
            let standard = match name.value.as_str() {
                "event" => &mut read.event,
                "step" => &mut read.step,
                "peer" => &mut read.peer,
                "message" => &mut read.message,
                "bytes" => &mut read.bytes,
                "queue" => &mut read.queue,
                own => {
                    self.own(own, &name, index, &mut read);
                    continue;
                }
            };
            *standard = Some(index);
        }
        read
    }

    fn own(&mut self, name: &str, at: &At<String>, index: usize, read: &mut Read) {
        let is_name = |it: char| it.is_alphanumeric() || "_-.".contains(it);
        if STANDARD_COLUMNS.contains(&name) || ["time", "node", "run"].contains(&name) {
            let text = format!(
                "`{name}` has a table of its own: [{}]",
                name.trim_end_matches("_ns")
            );
            self.mistakes.push(at.at, text);
        } else if name.is_empty() || !name.chars().all(is_name) {
            let text = format!("`{name}`: expected a name of letters, digits, `_`, `-` and `.`");
            self.mistakes.push(at.at, text);
        } else if read.own.len() == MAX_OWN {
            let text = format!("more than {MAX_OWN} columns of your own");
            self.mistakes.push(at.at, text);
        } else {
            read.own.push((name.to_owned(), index));
        }
    }

    fn events(&mut self, table: &mut Table<'_>, given: &[String]) -> HashMap<String, What> {
        let mut events = HashMap::new();
        let written = table
            .table("events", self.mistakes)
            .all_texts(self.mistakes);
        for (word, what) in written {
            if let Some(what) = self.what(&what) {
                events.insert(word.value.trim().to_lowercase(), what);
            }
        }
        for argument in given {
            let parsed = match argument.split_once('=') {
                Some((word, what)) => What::parse(what).map(|what| (word, what)),
                None => Err("expected WORD=EVENT, as in \"Sent both=send*2\"".to_owned()),
            };
            match parsed {
                Ok((word, what)) => {
                    events.insert(word.trim().to_lowercase(), what);
                }
                Err(why) => self.mistakes.found.push(Mistake {
                    file: "--event".to_owned(),
                    line: 1,
                    column: 1,
                    text: format!("`{argument}`: {why}"),
                }),
            }
        }
        events
    }

    fn what(&mut self, text: &At<String>) -> Option<What> {
        match What::parse(&text.value) {
            Ok(what) => Some(what),
            Err(why) => {
                self.mistakes.push(text.at, why);
                None
            }
        }
    }

    fn regex(&mut self, text: &At<String>) -> Option<Regex> {
        match Regex::new(&text.value) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim();
                let why = why.strip_prefix("error: ").unwrap_or(why);
                self.mistakes
                    .push(text.at, format!("no regular expression: {why}"));
                None
            }
        }
    }
}
