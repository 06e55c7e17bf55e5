//! Columns and words that a config decides: for a behavior that stands for something else,
//! such as a program.
//!
//! Most behaviors know their columns when they are built: see [`Column`](crate::Column).

use crate::export::ShapeTable;
use crate::export::abi;

/// The columns, words and callbacks of the nodes with one config, in place of
/// [`Behavior::COLUMNS`](crate::Behavior::COLUMNS) and
/// [`Behavior::EVENTS`](crate::Behavior::EVENTS). The runner checks their names as it checks
/// those.
#[derive(Debug)]
pub struct Shape {
    columns: Vec<ShapedColumn>,
    event_count: u32,
    table: ShapeTable,
}

/// A column that a config decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapedColumn {
    /// Its header.
    pub name: String,
    /// What it holds.
    pub kind: ShapedKind,
    /// One line, with the unit.
    pub docs: String,
}

/// A word for `event` that a config decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapedEvent {
    /// The word.
    pub name: String,
    /// One line.
    pub docs: String,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapedKind {
    /// Whole numbers from 0 on.
    U64,
    /// Whole numbers.
    I64,
    /// Numbers.
    F64,
    /// True or false.
    Bool,
    /// Texts.
    Text,
}

/// A value for a column that a config decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// None: the column is empty.
    Empty,
    /// For [`ShapedKind::U64`].
    U64(u64),
    /// For [`ShapedKind::I64`].
    I64(i64),
    /// For [`ShapedKind::F64`].
    F64(f64),
    /// For [`ShapedKind::Bool`].
    Bool(bool),
    /// For [`ShapedKind::Text`].
    Text(&'a str),
}

impl Shape {
    /// These columns and words. `ticks` and `connects` say whether
    /// [`tick`](crate::Behavior::tick), and [`connect`](crate::Behavior::connect) and
    /// [`disconnect`](crate::Behavior::disconnect), are called: only where the behavior has
    /// [`CLOCKED`](crate::Behavior::CLOCKED) and [`CONNECTS`](crate::Behavior::CONNECTS).
    pub fn new(
        columns: Vec<ShapedColumn>,
        events: &[ShapedEvent],
        ticks: bool,
        connects: bool,
    ) -> Shape {
        let mut handles =
            abi::HANDLES_START | abi::HANDLES_MESSAGE | abi::HANDLES_TIMER | abi::HANDLES_STOP;
        if ticks {
            handles |= abi::HANDLES_TICK;
        }
        if connects {
            handles |= abi::HANDLES_CONNECT | abi::HANDLES_DISCONNECT;
        }
        Shape {
            table: ShapeTable::new(&columns, events, handles),
            event_count: u32::try_from(events.len()).unwrap_or(u32::MAX),
            columns,
        }
    }

    /// The columns, in their order.
    pub fn columns(&self) -> &[ShapedColumn] {
        &self.columns
    }

    /// The number of words.
    pub fn event_count(&self) -> u32 {
        self.event_count
    }

    pub(crate) fn table(&self) -> &ShapeTable {
        &self.table
    }
}

impl ShapedKind {
    /// Its number at the boundary.
    pub(crate) fn number(self) -> u32 {
        match self {
            ShapedKind::U64 => abi::COLUMN_U64,
            ShapedKind::I64 => abi::COLUMN_I64,
            ShapedKind::F64 => abi::COLUMN_F64,
            ShapedKind::Bool => abi::COLUMN_BOOL,
            ShapedKind::Text => abi::COLUMN_TEXT,
        }
    }
}
