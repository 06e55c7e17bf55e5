//! The table of an extension of a plugin, checked for size and layout.

use runner_abi as abi;

/// The plugin's table of an extension; none if it lacks the extension. `what` names the
/// table for people.
///
/// # Safety
///
/// `T` is the struct of the extension `id`: it begins with its size and its layout, and
/// may hold any bits.
#[allow(unsafe_code)]
pub(super) unsafe fn table<T>(
    plugin: &'static abi::Plugin,
    id: &str,
    layout: u64,
    what: &str,
) -> Result<Option<&'static T>, String> {
    let Some(extension) = plugin.extension else {
        return Ok(None);
    };
    // SAFETY: any thread, any time; the id is lent for the call.
    let table = unsafe { extension(abi::Text::lend(id)) };
    if table.is_null() {
        return Ok(None);
    }
    // SAFETY: by the caller, the table begins with these two; static and never written.
    let [size, found] = unsafe { table.cast::<[u64; 2]>().read() };
    if size as usize != size_of::<T>() || found != layout {
        return Err(format!(
            "its table of {what} has layout {found:#018x}, expected {layout:#018x}; rebuild it against this runner's SDK"
        ));
    }
    // SAFETY: of the right layout; static.
    Ok(Some(unsafe { &*table.cast::<T>() }))
}

/// Checks that a table has an entry for each behavior of its plugin.
pub(super) fn one_each(plugin: &abi::Plugin, what: &str, count: u64) -> Result<(), String> {
    match count == plugin.behavior_count {
        true => Ok(()),
        false => Err(format!(
            "its table of {what} is for {count} behaviors, and it has {}",
            plugin.behavior_count
        )),
    }
}
