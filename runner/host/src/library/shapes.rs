//! The extension `runner.shapes.1` of a plugin: columns, words and callbacks that a config
//! decides.

use std::ffi::c_void;
use std::sync::Arc;

use runner_abi as abi;

use super::{at_most, extension, most, slice, words};
use crate::plugin::{Behavior, Table};

/// The shape function of each behavior, in their order; empty if the plugin lacks this
/// extension.
pub(super) fn describe(
    plugin: &'static abi::Plugin,
) -> Result<Vec<Table<abi::BehaviorShape>>, String> {
    #[allow(unsafe_code)]
    // SAFETY: the struct of this id; its pointers are checked below.
    let table: Option<&abi::Shapes> =
        unsafe { extension::table(plugin, abi::SHAPES, abi::SHAPES_LAYOUT, "shapes")? };
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    extension::one_each(plugin, "shapes", table.behavior_count)?;
    // A function may be null here: read as addresses first.
    let addresses = slice(table.behaviors.cast::<usize>(), table.behavior_count)?;
    if let Some(index) = addresses.iter().position(|address| *address == 0) {
        return Err(format!("behavior {index}: its shape function is null"));
    }
    let shapes = slice(table.behaviors, table.behavior_count)?;
    Ok(shapes.iter().map(Table).collect())
}

/// The behavior of nodes with this config: with the columns, words and callbacks that the
/// config decides, if it decides them.
///
/// # Errors
///
/// If the shape breaks a rule of the ABI.
///
/// # Safety
///
/// `config` was made by this behavior, and lives.
#[allow(unsafe_code)]
pub(crate) unsafe fn shaped(
    behavior: &Arc<Behavior>,
    config: *const c_void,
) -> Result<Arc<Behavior>, String> {
    let Some(Table(functions)) = behavior.shape else {
        return Ok(behavior.clone());
    };
    // SAFETY: checked for null at load; any thread, with a config of this behavior.
    let shape = unsafe { (functions.shape)(config) };
    // SAFETY: null, or lent as long as the config, by the ABI.
    let Some(shape) = (unsafe { shape.as_ref() }) else {
        return Ok(behavior.clone());
    };
    at_most("column_count", shape.column_count, abi::MAX_COLUMNS)?;
    at_most("event_count", shape.event_count, most::EVENTS)?;
    let columns = words::columns(shape.columns, shape.column_count)?;
    let (events, event_docs) = words::events(shape.events, shape.event_count)?;
    let mut shaped = Behavior::clone(behavior);
    shaped.columns = columns.into();
    shaped.events = events.into();
    shaped.event_docs = event_docs;
    shaped.handles &= shape.handles;
    shaped.is_shaped = true;
    Ok(Arc::new(shaped))
}
