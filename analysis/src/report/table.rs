//! A table: cells of text, and their alignment.

/// The alignment of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
    /// Code: left, in the font of code.
    Code,
    /// A link: what is shown, a tab, and the address, relative to the report.
    Link,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name, with its unit.
    pub name: String,
    /// The alignment of its cells.
    pub align: Align,
}

/// A table with its caption and note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// What it says, in a sentence above it: only what its numbers tell. Empty if that is not
    /// known.
    pub finding: String,
    /// A note below it; may be empty.
    pub note: String,
    /// Whether it is collapsed at first.
    pub folded: bool,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as `columns`. An empty first cell means the same as the
    /// cell above it.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<'a>(
        caption: impl Into<String>,
        columns: impl IntoIterator<Item = (&'a str, Align)>,
    ) -> Table {
        Table {
            caption: caption.into(),
            columns: columns
                .into_iter()
                .map(|(name, align)| Column {
                    name: name.to_owned(),
                    align,
                })
                .collect(),
            ..Table::default()
        }
    }
}
