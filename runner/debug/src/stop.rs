//! Where a person asks to stop: an expression as in a property, or a column that changes.

use analysis_expression::{Expression, Memory, Names, Program, Record, Scope, Stop as Absent};
use analysis_log::EventId;

use crate::history::History;

/// A breakpoint or a watch, and the entries at which it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopAt {
    /// As typed.
    pub text: String,
    /// The entries, sorted.
    pub entries: Vec<usize>,
}

impl StopAt {
    /// Reads what a person typed: the name of a column, which stops where its value changes
    /// at any node, or an expression, which stops where a record makes it true.
    ///
    /// # Errors
    ///
    /// With a text for people if it is neither.
    pub fn parse(text: &str, history: &History) -> Result<StopAt, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("type an expression, as `clock > 100`, or a column".to_owned());
        }
        let entries = match is_column(text, history) {
            true => changes(text, history),
            false => matches(text, history)?,
        };
        Ok(StopAt {
            text: text.to_owned(),
            entries,
        })
    }

    /// The first entry after this one at which it stops.
    pub fn after(&self, entry: usize) -> Option<usize> {
        let after = self.entries.partition_point(|&at| at <= entry);
        self.entries.get(after).copied()
    }

    /// The last entry before this one at which it stops.
    pub fn before(&self, entry: usize) -> Option<usize> {
        let before = self.entries.partition_point(|&at| at < entry);
        Some(self.entries[before.checked_sub(1)?])
    }
}

fn is_column(text: &str, history: &History) -> bool {
    let mut columns = history.schema.nodes.iter().flat_map(|it| it.columns.iter());
    columns.any(|column| column.name == text)
}

/// The entries at which a column has another value than before.
fn changes(column: &str, history: &History) -> Vec<usize> {
    let mut entries = Vec::new();
    for (node, rows) in history.schema.nodes.iter().zip(&history.of_node) {
        let Some(index) = node.columns.iter().position(|it| it.name == column) else {
            continue;
        };
        let kind = node.columns[index].kind;
        let mut before = None;
        for &row in rows {
            let columns = history.columns_of(row as usize);
            let cell = columns.cell(index, kind);
            if before.replace(cell).is_some_and(|before| before != cell) {
                entries.push(history.entry_of_row(row as usize));
            }
        }
    }
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// The entries with a record that makes an expression true.
fn matches(text: &str, history: &History) -> Result<Vec<usize>, String> {
    let first = |mistake: analysis_expression::Mistake| said(text, &[mistake]);
    let expression = Expression::parse(text).map_err(first)?;
    // Whether it sees one node or all of them is not typed: what is possible is meant.
    let own = Scope::of(&history.schema);
    let all = Scope {
        global: true,
        ..own.clone()
    };
    let program = match Program::new(&expression, &own) {
        Ok(program) => program,
        Err(mistakes) => match Program::new(&expression, &all) {
            Ok(program) => program,
            Err(_) => return Err(said(text, &mistakes)),
        },
    };
    let program = program.ok_or("it names no column of these nodes")?;
    let mut memory = Memory::new(&program, history.schema.nodes.len());
    let names = Names {
        schema: &history.schema,
        external_peers: &history.external_peers,
    };
    let mut entries = Vec::new();
    let mut entry = 0;
    for (index, stored) in history.rows.iter().enumerate() {
        while history.row_range(entry).end <= index {
            entry += 1;
        }
        let record = Record {
            row: &stored.row,
            columns: &history.columns_of(index),
            names,
        };
        program.see(&mut memory, &record);
        match program.holds(&memory, &record) {
            Ok(true) if entries.last() != Some(&entry) => entries.push(entry),
            Ok(_) | Err(Absent::Absent) => {}
            Err(Absent::Fails(failure)) => {
                let time = base::time::SimTime(stored.row.time_ns);
                return Err(format!(
                    "at {time}: {}; {}",
                    failure.why,
                    failure.why.help()
                ));
            }
        }
    }
    Ok(entries)
}

/// All mistakes, in one line.
fn said(text: &str, mistakes: &[analysis_expression::Mistake]) -> String {
    let one = |mistake: &analysis_expression::Mistake| {
        let column = text[..(mistake.span.start as usize).min(text.len())]
            .chars()
            .count()
            + 1;
        let mut said = format!("column {column}: {}", mistake.message);
        if let Some(known) = &mistake.known {
            said += &format!(" ({}: {})", known.what, known.names.join(", "));
        }
        for help in &mistake.help {
            said += &format!("; {help}");
        }
        said
    };
    mistakes.iter().map(one).collect::<Vec<_>>().join(" | ")
}

/// The next entry, forward or back, with a record of this event.
pub fn next_with(history: &History, from: usize, event: EventId, forward: bool) -> Option<usize> {
    next(history, from, forward, |entry| history.has(entry, event))
}

/// The next entry, forward or back, for which this is true.
pub fn next(
    history: &History,
    from: usize,
    forward: bool,
    is_wanted: impl Fn(usize) -> bool,
) -> Option<usize> {
    match forward {
        true => (from + 1..history.len()).find(|&entry| is_wanted(entry)),
        false => (0..from).rev().find(|&entry| is_wanted(entry)),
    }
}
