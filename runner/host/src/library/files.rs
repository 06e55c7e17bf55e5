//! The extension `runner.files.1` of a plugin: which files its behaviors write.

use runner_abi as abi;

use super::{extension, slice, text};

/// The names of the files of each behavior, in their order; empty if the plugin lacks
/// this extension.
pub(super) fn describe(plugin: &'static abi::Plugin) -> Result<Vec<Vec<String>>, String> {
    #[allow(unsafe_code)]
    // SAFETY: the struct of this id; its pointers are checked below.
    let table: Option<&abi::Files> =
        unsafe { extension::table(plugin, abi::FILES, abi::FILES_LAYOUT, "files")? };
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    extension::one_each(plugin, "files", table.behavior_count)?;
    let behaviors = slice(table.behaviors, table.behavior_count)?.iter();
    behaviors.map(names).collect()
}

/// The names of the files of a behavior.
fn names(behavior: &abi::BehaviorFiles) -> Result<Vec<String>, String> {
    let names = slice(behavior.names, behavior.name_count)?.iter();
    names
        .map(|name| {
            let name = text(*name, "a file's name")?;
            match name.is_empty() || name.contains(['/', '\0']) || [".", ".."].contains(&&*name) {
                true => Err(format!(
                    "it declares the file {name:?}, expected a name without folders"
                )),
                false => Ok(name),
            }
        })
        .collect()
}
