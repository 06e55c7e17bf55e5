//! Columns and event words: what a behavior adds to its node's log.
//!
//! Each is a constant that carries its own index, so that setting a column is
//! one store and no look-up. [`plugin!`](crate::plugin) checks at compile time
//! that the constants and the behavior's lists agree.

use crate::export::abi;
use std::marker::PhantomData;

/// A column of type `T`: `u64`, `i64`, `f64`, `bool` or `str`.
///
/// ```
/// # use runner_sdk::{Column, ColumnInfo};
/// const CLOCK: Column<u64> = Column::new(0, "clock", "Lamport clock after the step");
/// const STATE: Column<str> = Column::new(1, "state", "what the light shows");
/// const COLUMNS: &[ColumnInfo] = &[CLOCK.info(), STATE.info()];
/// ```
pub struct Column<T: ?Sized> {
    info: ColumnInfo,
    kind: PhantomData<fn(&T)>,
}

impl<T: ?Sized> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Column<T> {}

/// What describes a column: its place, name, documentation and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its index among the behavior's columns.
    pub index: u32,
    /// Its header.
    pub name: &'static str,
    /// One line, with the unit.
    pub docs: &'static str,
    pub(crate) kind: u32,
}

impl<T: ?Sized> Column<T> {
    /// Its place in the behavior's `COLUMNS`, its description.
    pub const fn info(self) -> ColumnInfo {
        self.info
    }

    /// Its index among the behavior's columns.
    pub const fn index(self) -> u32 {
        self.info.index
    }
}

impl<T: Kind + ?Sized> Column<T> {
    /// The column at `index` of the behavior's `COLUMNS`, with its header and
    /// one line of documentation that names the unit.
    pub const fn new(index: u32, name: &'static str, docs: &'static str) -> Self {
        Column {
            info: ColumnInfo {
                index,
                name,
                docs,
                kind: T::KIND,
            },
            kind: PhantomData,
        }
    }
}

/// What a column may hold: `u64`, `i64`, `f64`, `bool` or `str`.
pub trait Kind: sealed::Sealed {
    /// Its number at the boundary.
    #[doc(hidden)]
    const KIND: u32;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! kinds {
    ($($type:ty => $kind:ident),+ $(,)?) => {$(
        impl sealed::Sealed for $type {}
        impl Kind for $type {
            const KIND: u32 = abi::$kind;
        }
    )+};
}

kinds! {
    u64 => COLUMN_U64,
    i64 => COLUMN_I64,
    f64 => COLUMN_F64,
    bool => COLUMN_BOOL,
    str => COLUMN_TEXT,
}

/// A value that fits a cell of 64 bits: `u64`, `i64`, `f64` or `bool`.
pub trait Value: Kind + Copy {
    /// The bits of the cell.
    fn to_cell(self) -> u64;
    /// The value of the cell's bits.
    fn from_cell(bits: u64) -> Self;
}

impl Value for u64 {
    fn to_cell(self) -> u64 {
        self
    }
    fn from_cell(bits: u64) -> u64 {
        bits
    }
}

impl Value for i64 {
    fn to_cell(self) -> u64 {
        self.cast_unsigned()
    }
    fn from_cell(bits: u64) -> i64 {
        bits.cast_signed()
    }
}

impl Value for f64 {
    fn to_cell(self) -> u64 {
        self.to_bits()
    }
    fn from_cell(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
}

impl Value for bool {
    fn to_cell(self) -> u64 {
        u64::from(self)
    }
    fn from_cell(bits: u64) -> bool {
        bits != 0
    }
}

/// A word of the behavior's own for the log's `event` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its index among the behavior's words.
    pub index: u32,
    /// The word.
    pub name: &'static str,
    /// One line of documentation.
    pub docs: &'static str,
}

impl Event {
    /// The word at `index` of the behavior's `EVENTS`.
    pub const fn new(index: u32, name: &'static str, docs: &'static str) -> Event {
        Event { index, name, docs }
    }
}
