//! The extension `runner.files.1` of a plugin: which files its behaviors write.

use runner_abi as abi;

use super::{slice, text};

/// The names of the files of each behavior, in their order; empty if the plugin lacks
/// this extension.
pub(super) fn describe(plugin: &'static abi::Plugin) -> Result<Vec<Vec<String>>, String> {
    let Some(extension) = plugin.extension else {
        return Ok(Vec::new());
    };
    #[allow(unsafe_code)]
    // SAFETY: any thread, any time; the id is lent for the call.
    let table: *const abi::Files = unsafe { extension(abi::Text::lend(abi::FILES)) }.cast();
    if table.is_null() {
        return Ok(Vec::new());
    }
    #[allow(unsafe_code)]
    // SAFETY: a table of this id begins with these two, static and never written.
    let (size, layout) = unsafe { ((*table).size, (*table).layout) };
    if size as usize != size_of::<abi::Files>() || layout != abi::FILES_LAYOUT {
        return Err(format!(
            "its table of files has layout {layout:#018x}, expected {:#018x}; rebuild it against this runner's SDK",
            abi::FILES_LAYOUT
        ));
    }
    #[allow(unsafe_code)]
    // SAFETY: of the right layout; static.
    let table = unsafe { &*table };
    if table.behavior_count != plugin.behavior_count {
        return Err(format!(
            "its table of files is for {} behaviors, and it has {}",
            table.behavior_count, plugin.behavior_count
        ));
    }
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
