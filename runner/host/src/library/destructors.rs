//! The extension `runner.destructors.1` of a plugin: ends of instances with a status.

use runner_abi as abi;

use super::{extension, slice};
use crate::plugin::Table;

/// The destructor of each behavior, in their order; empty if the plugin lacks this
/// extension.
pub(super) fn describe(
    plugin: &'static abi::Plugin,
) -> Result<Vec<Table<abi::Destructor>>, String> {
    #[allow(unsafe_code)]
    // SAFETY: the struct of this id; its pointer is checked below.
    let table: Option<&abi::Destructors> = unsafe {
        let layout = abi::DESTRUCTORS_LAYOUT;
        extension::table(plugin, abi::DESTRUCTORS, layout, "destructors")?
    };
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    extension::one_each(plugin, "destructors", table.behavior_count)?;
    // A function may be null here: read as addresses first.
    let addresses = slice(table.behaviors.cast::<usize>(), table.behavior_count)?;
    if let Some(index) = addresses.iter().position(|address| *address == 0) {
        return Err(format!("behavior {index}: its destructor is null"));
    }
    let destructors = slice(table.behaviors, table.behavior_count)?;
    Ok(destructors.iter().map(Table).collect())
}
