//! A proposal, before it is written.

use std::fmt::Write;

use super::super::mapping::quoted;

/// A proposal.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// `table`, `json` or `sentences`.
    pub lines: &'static str,
    /// Of a table: its separator, as a format file names it.
    pub separator: String,
    /// Of a table without a header: its columns.
    pub columns: Option<Vec<String>>,
    /// Whether cells are `label: value`.
    pub labels: bool,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// Patterns of lines that are no records.
    pub ignore: Vec<String>,
    /// Sentences: pattern, event, and how many lines were like it.
    pub sentences: Vec<(String, String, u64)>,
    /// The columns of the time.
    pub time: Vec<String>,
    /// The forms that the time may have.
    pub forms: Vec<String>,
    /// The pattern of the path, or the column, of the node.
    pub node: Node,
    /// The column of the run.
    pub run: Option<String>,
    /// Our name, the name of the column, and what to say about it.
    pub read: Vec<(String, String, String)>,
    /// Flags: column and event.
    pub flags: Vec<(String, String)>,
    /// Words: the word, its event, how often it was seen.
    pub events: Vec<(String, String, u64)>,
    /// Columns that are not read.
    pub unread: Vec<String>,
    /// What it is unsure of.
    pub unsure: Vec<String>,
}

/// Where the node is told.
#[derive(Clone, Debug, Default)]
pub enum Node {
    /// The name of the file or folder.
    #[default]
    File,
    /// A pattern of the path.
    Path(String),
    /// A column.
    Column(String),
}

impl Draft {
    /// The text of a format file with this form of the time. `read` says what was read
    /// with it.
    pub fn text(&self, form: &str, read: &str) -> String {
        let mut text = String::new();
        text.push_str("# How logs of another program are read; proposed by `analysis guess`.\n");
        text.push_str(
            "# Correct what is wrong, then: analysis --format THIS-FILE LOGS... --out FOLDER\n",
        );
        if !read.is_empty() {
            let _ = writeln!(text, "# {read}");
        }
        for line in &self.unsure {
            let _ = writeln!(text, "# unsure: {}", comment(line));
        }
        let _ = writeln!(text, "\nlines = {}", quoted(self.lines));
        if self.lines == "table" {
            let _ = writeln!(text, "separator = {}", quoted(&self.separator));
            match &self.columns {
                None if self.labels => {}
                None => text.push_str("header = true\n"),
                Some(columns) => {
                    let columns: Vec<String> = columns.iter().map(|it| quoted(it)).collect();
                    let _ = writeln!(text, "header = false\ncolumns = [{}]", columns.join(", "));
                }
            }
            if self.labels {
                text.push_str("labels = true              # cells are `clock: 3`\n");
            }
        }
        if self.decimal_comma {
            text.push_str("decimal = \",\"\n");
        }
        if !self.ignore.is_empty() {
            let ignore: Vec<String> = self.ignore.iter().map(|it| literal(it)).collect();
            let _ = writeln!(
                text,
                "ignore = [{}]   # lines that are no records",
                ignore.join(", ")
            );
        }
        for (pattern, event, count) in &self.sentences {
            let _ = writeln!(
                text,
                "\n[[sentence]]               # {count} in the lines that were looked at"
            );
            let _ = writeln!(
                text,
                "match = {}\nevent = {}",
                literal(pattern),
                quoted(event)
            );
        }
        text.push_str("\n[time]\n");
        match &self.time[..] {
            [one] => {
                let _ = writeln!(text, "column = {}", quoted(one));
            }
            several => {
                let several: Vec<String> = several.iter().map(|it| quoted(it)).collect();
                let _ = writeln!(text, "columns = [{}]", several.join(", "));
            }
        }
        let _ = writeln!(text, "form = {}", quoted(form));
        match &self.node {
            Node::File => {
                text.push_str("\n# [node]                   # the name of the file is the node\n")
            }
            Node::Path(pattern) => {
                let _ = writeln!(text, "\n[node]\nfile = {}", literal(pattern));
            }
            Node::Column(column) => {
                let _ = writeln!(text, "\n[node]\ncolumn = {}", quoted(column));
            }
        }
        if let Some(run) = &self.run {
            let _ = writeln!(text, "\n[run]\ncolumn = {}", quoted(run));
        }
        text.push_str("\n[read]                     # our name = column of the log\n");
        for (own, column, said) in &self.read {
            let note = if said.is_empty() {
                String::new()
            } else {
                format!("   # {said}")
            };
            let _ = writeln!(text, "{own} = {}{note}", quoted(column));
        }
        if !self.unread.is_empty() {
            let unread: Vec<String> = self.unread.iter().map(|it| comment(it)).collect();
            let _ = writeln!(text, "# not read: {}", unread.join(", "));
        }
        if !self.flags.is_empty() {
            text.push_str(
                "\n[flags]                    # columns that are 1 if something happened\n",
            );
            for (column, event) in &self.flags {
                let _ = writeln!(text, "{} = {}", quoted(column), quoted(event));
            }
        }
        if !self.events.is_empty() {
            text.push_str("\n[events]                   # word in the log = what happened\n");
            for (word, event, count) in &self.events {
                let _ = writeln!(text, "{} = {}   # {count}", quoted(word), quoted(event));
            }
        }
        text
    }
}

/// A text as a comment of TOML, which has no control characters.
fn comment(text: &str) -> String {
    let printable = |it: char| if it.is_control() { ' ' } else { it };
    text.chars().map(printable).collect()
}

/// A pattern as TOML writes it, without escapes if that is possible.
fn literal(pattern: &str) -> String {
    match pattern.contains(|it: char| it == '\'' || it.is_control()) {
        true => quoted(pattern),
        false => format!("'{pattern}'"),
    }
}
