//! A table: cells of text, already worded, and how to set them.

/// How a column is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
    /// Names that a machine knows, too.
    Code,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name, with its unit.
    pub name: String,
    /// How its cells are set.
    pub align: Align,
}

/// A table with its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Said beneath it; may be empty.
    pub note: String,
    /// Whether it is detail that starts out collapsed.
    pub folded: bool,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as `columns`. An empty first cell repeats the one
    /// above it.
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
