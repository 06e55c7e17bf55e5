//! The types of expressions.

use std::fmt;

use analysis_log::{ColumnKind, ColumnSchema};

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Truth,
    /// A whole number, exact up to 2^127.
    Whole,
    /// A number with a fraction: 64 bits of floating point.
    Real,
    /// A span of time, in whole nanoseconds.
    Duration,
    /// Text.
    Text,
}

impl Kind {
    /// The type of a behavior's column. A number whose name ends in `_ns` is a duration.
    pub fn of(column: &ColumnSchema) -> Kind {
        match column.kind {
            ColumnKind::U64 | ColumnKind::I64 | ColumnKind::F64 if column.name.ends_with("_ns") => {
                Kind::Duration
            }
            ColumnKind::U64 | ColumnKind::I64 => Kind::Whole,
            ColumnKind::F64 => Kind::Real,
            ColumnKind::Bool => Kind::Truth,
            ColumnKind::Text => Kind::Text,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Truth => "true or false",
            Kind::Whole => "a whole number",
            Kind::Real => "a number",
            Kind::Duration => "a duration",
            Kind::Text => "a text",
        })
    }
}
