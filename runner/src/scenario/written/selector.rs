//! Groups, node names and globs as written.

use crate::scenario::document::{Value, ValueKind};
use crate::scenario::reader::Field;
use crate::scenario::source::Place;

/// A group, node name or glob, with its place.
#[derive(Clone, Debug)]
pub struct Selector {
    pub text: String,
    pub place: Place,
}

/// One selector.
pub fn selector(field: Field<'_>) -> Option<Selector> {
    let text = field.text()?;
    if text.is_empty() {
        return field.expected("the name of a group or node, or a pattern such as \"a-*\"");
    }
    Some(Selector {
        text: text.to_owned(),
        place: field.value.place,
    })
}

/// An array of two selectors.
pub fn two_selectors(field: Field<'_>) -> Option<[Selector; 2]> {
    match field.array("an array of two groups or nodes")? {
        [one, other] => {
            let read = |value: &Value| selector(field.part(value));
            let (one, other) = (read(one), read(other));
            Some([one?, other?])
        }
        values => field.wrong(format!(
            "`{}` is an array of {}, expected two groups or nodes",
            field.key,
            values.len()
        )),
    }
}

/// One selector, or an array of at least one.
pub fn selector_list(field: Field<'_>) -> Option<Vec<Selector>> {
    if let ValueKind::Text(_) = field.value.kind {
        return Some(vec![selector(field)?]);
    }
    let values = field.array("an array of groups or nodes")?;
    if values.is_empty() {
        return field.wrong(format!(
            "`{}` is empty, expected at least one group or node",
            field.key
        ));
    }
    let read: Vec<_> = values.iter().map(|it| selector(field.part(it))).collect();
    read.into_iter().collect()
}

/// Arrays of selectors, at least one.
pub fn selector_lists(field: Field<'_>) -> Option<Vec<Vec<Selector>>> {
    let values = field.array("an array of arrays: [[\"a-1\"], [\"a-2\", \"a-3\"]]")?;
    if values.is_empty() {
        return field.wrong("`partition` is empty, expected at least one array of nodes");
    }
    let read: Vec<_> = values
        .iter()
        .map(|it| selector_list(field.part(it)))
        .collect();
    read.into_iter().collect()
}
