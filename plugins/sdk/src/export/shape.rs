//! The shape of a config at the boundary, and a config together with its shape.
#![allow(unsafe_code)]

use super::abi;
use crate::shape::{ShapedColumn, ShapedEvent};
use crate::{Behavior, Shape};
use std::ffi::c_void;
use std::ptr::null;

/// A shape as the host reads it.
#[derive(Debug)]
pub struct ShapeTable {
    /// The tables lead to these; none of them is changed or moved afterwards.
    _texts: Vec<Box<str>>,
    _columns: Box<[Column]>,
    _events: Box<[Word]>,
    table: Box<Table>,
}

/// [`abi::Shape`], in a type of ours.
#[repr(transparent)]
struct Table(abi::Shape);
#[repr(transparent)]
struct Column(abi::Column);
#[repr(transparent)]
struct Word(abi::EventWord);

// SAFETY: the pointers lead to memory that the value owns and that is never written.
unsafe impl Send for ShapeTable {}
// SAFETY: as above.
unsafe impl Sync for ShapeTable {}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Word").finish_non_exhaustive()
    }
}

impl ShapeTable {
    pub(crate) fn new(
        columns: &[ShapedColumn],
        events: &[ShapedEvent],
        handles: u64,
    ) -> ShapeTable {
        let mut texts = Vec::new();
        let mut lend = |text: &str| {
            let kept: Box<str> = text.into();
            let lent = abi::Text::lend(&kept);
            // Moving the box leaves its bytes where they are.
            texts.push(kept);
            lent
        };
        let columns: Box<[Column]> = columns
            .iter()
            .map(|column| {
                Column(abi::Column {
                    name: lend(&column.name),
                    docs: lend(&column.docs),
                    kind: column.kind.number(),
                    reserved: 0,
                })
            })
            .collect();
        let events: Box<[Word]> = events
            .iter()
            .map(|event| {
                Word(abi::EventWord {
                    name: lend(&event.name),
                    docs: lend(&event.docs),
                })
            })
            .collect();
        let table = abi::Shape {
            columns: columns.as_ptr().cast(),
            column_count: columns.len() as u64,
            events: events.as_ptr().cast(),
            event_count: events.len() as u64,
            handles,
        };
        ShapeTable {
            _texts: texts,
            _columns: columns,
            _events: events,
            table: Box::new(Table(table)),
        }
    }
}

/// A config, and the shape that it decides. The config comes first: a pointer to this is a
/// pointer to the config.
#[repr(C)]
pub(crate) struct Configured<C> {
    pub(crate) config: C,
    pub(crate) shape: Option<Shape>,
}

/// The shape of a config of behavior `B`; null if it decides none.
pub(super) unsafe extern "C" fn shape<B: Behavior>(config: *const c_void) -> *const abi::Shape {
    // SAFETY: null, or what `config_new` of this behavior made, which lives.
    let configured = unsafe { config.cast::<Configured<B::Config>>().as_ref() };
    let shape = configured.and_then(|it| it.shape.as_ref());
    shape.map_or(null(), |shape| &raw const shape.table().table.0)
}
