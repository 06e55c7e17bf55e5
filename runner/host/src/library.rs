//! Opens plugin files: the only place that loads code.
//!
//! A library is never unloaded: destructors of its threads and thread-locals may run long
//! after the last call, and its tables are used as `'static`. Loading the same file twice
//! returns the same library. What is opened is the private copy of a [`Build`].

mod destructors;
mod extension;
mod files;
mod shapes;
mod words;

pub(crate) use shapes::shaped;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use runner_abi as abi;

use crate::activity::during;
use crate::build::Build;
use crate::elf;
use crate::plugin::{Behavior, Check, Plugin, Table};

/// Why a plugin file was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system's loader refused it.
    #[error("plugin file does not load: {}\n  {reason}\n  build it as a dynamic library: crate-type = [\"cdylib\"]", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// It is a library, but not a plugin.
    #[error("library has no symbol `{}`: {}\n  it is no plugin of this runner; a Rust plugin exports it with `runner_sdk::plugin!`", abi::ENTRY_SYMBOL, path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
    },
    /// It was built against another version of the ABI.
    #[error("plugin `{plugin}` was built for ABI {found}, this runner speaks ABI {}: {}\n  rebuild it against this runner's SDK: cargo build -p {plugin}", abi::ABI_VERSION, path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The name that was looked for.
        plugin: String,
        /// The version found.
        found: u32,
    },
    /// It has the same version, but another layout of structs.
    #[error("plugin `{plugin}` has another layout of ABI {} than this runner (found {found:#018x}, expected {:#018x}): {}\n  rebuild it against this runner's SDK: cargo build -p {plugin}", abi::ABI_VERSION, abi::LAYOUT, path.display())]
    OtherLayout {
        /// The file.
        path: PathBuf,
        /// The name that was looked for.
        plugin: String,
        /// The layout hash found.
        found: u64,
    },
    /// It has other bytes than the build that the plan began with.
    #[error("plugin `{plugin}` is not the build that this plan began with: {} has changed meanwhile\n  expected the bytes with SHA-256 {expected}\n  begin the plan again once the file does not change any more", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The name that was looked for.
        plugin: String,
        /// The sum of the build.
        expected: String,
    },
    /// Its code ended the process that loaded it or had it check a config.
    #[error("plugin `{plugin}` did not {when}: its process {how}: {}{said}", path.display())]
    Ended {
        /// The file.
        path: PathBuf,
        /// The name that was looked for.
        plugin: String,
        /// How it ended.
        how: String,
        /// What it was to do.
        when: String,
        /// The end of its output, with a newline before each line.
        said: String,
    },
    /// Another process refused it, for this reason.
    #[error("{0}")]
    Refused(String),
    /// Its tables break a rule of the ABI.
    #[error("plugin `{plugin}` breaks the plugin ABI: {what}: {}\n  see plugins/ABI.md", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The name that was looked for.
        plugin: String,
        /// The rule.
        what: String,
    },
}

/// The largest sizes and counts that a plugin's tables may name. All are far above what
/// any plugin needs, and far below what a calculation with them could overflow.
mod most {
    /// Behaviors, and checks.
    pub const BEHAVIORS: u64 = 1024;
    /// Words of a behavior for `event`.
    pub const EVENTS: u64 = 4096;
    /// State of a node `[bytes]`.
    pub const STATE: u64 = 1 << 30;
    /// A text `[bytes]`.
    pub const TEXT: u64 = 16 << 20;
}

/// Opens a build of a plugin and checks all that can be checked without calling it.
///
/// # Errors
///
/// If it is not a library, not a plugin, or a plugin for another ABI.
pub fn load(build: &Arc<Build>) -> Result<Plugin, LoadError> {
    let (name, path) = (&*build.name, &*build.path);
    let loading = || format!("the initialization of plugin `{name}`");
    let entry = during(loading, || open(build))?;
    build.verify()?;
    let malformed = |what: String| LoadError::Malformed {
        path: path.to_owned(),
        plugin: name.to_owned(),
        what,
    };
    let header = check_header(entry, name, path)?;
    let plugin = describe(header, build).map_err(malformed)?;
    if plugin.name != name {
        return Err(malformed(format!(
            "the file is named for `{name}`, the plugin calls itself `{}`",
            plugin.name
        )));
    }
    Ok(plugin)
}

#[allow(unsafe_code)]
fn open(build: &Build) -> Result<*const abi::Plugin, LoadError> {
    let (path, file) = (&*build.path, build.file());
    if let Some(reason) = elf::cut_off(&file) {
        return Err(LoadError::NotALibrary {
            path: path.to_owned(),
            reason,
        });
    }
    let library = match opened(&file) {
        Ok(library) => library,
        // A copy has no folder in which the library could find others. The file has.
        Err(reason) => match opened(path) {
            Ok(library) => {
                build.verify_file()?;
                library
            }
            Err(_) => {
                return Err(LoadError::NotALibrary {
                    path: path.to_owned(),
                    reason: with_path(&reason, &file, path),
                });
            }
        },
    };
    // SAFETY: the symbol is only an address until its first field has been checked.
    let entry = unsafe { library.get::<*const abi::Plugin>(abi::ENTRY_SYMBOL) }
        .map(|symbol| *symbol)
        .map_err(|_| LoadError::NoEntry {
            path: path.to_owned(),
        })?;
    std::mem::forget(library);
    Ok(entry)
}

/// Opens a library, or returns the loader's message.
#[allow(unsafe_code)]
fn opened(file: &Path) -> Result<libloading::Library, String> {
    // SAFETY: loading runs the library's initializers. The user trusts a plugin's by
    // naming it in a scenario.
    unsafe { libloading::Library::new(file) }.map_err(|error| {
        let reason = std::error::Error::source(&error)
            .map_or_else(|| error.to_string(), ToString::to_string);
        reason.trim().to_owned()
    })
}

/// The loader's message, with the path that the user knows.
fn with_path(reason: &str, file: &Path, path: &Path) -> String {
    reason.replace(&*file.to_string_lossy(), &path.to_string_lossy())
}

/// Checks the version, then the layout, and only then returns it as an [`abi::Plugin`].
#[allow(unsafe_code)]
fn check_header(
    entry: *const abi::Plugin,
    name: &str,
    path: &Path,
) -> Result<&'static abi::Plugin, LoadError> {
    // SAFETY: every version of the ABI begins with these four bytes.
    let found = unsafe { entry.cast::<u32>().read_unaligned() };
    if found != abi::ABI_VERSION {
        return Err(LoadError::OtherVersion {
            path: path.to_owned(),
            plugin: name.to_owned(),
            found,
        });
    }
    // SAFETY: this version has `size` and `layout` next, at offsets 4 and 8.
    let (size, layout) = unsafe {
        (
            (&raw const (*entry).size).read_unaligned(),
            (&raw const (*entry).layout).read_unaligned(),
        )
    };
    if layout != abi::LAYOUT || size as usize != size_of::<abi::Plugin>() {
        return Err(LoadError::OtherLayout {
            path: path.to_owned(),
            plugin: name.to_owned(),
            found: layout,
        });
    }
    // SAFETY: a static of the right version and layout; never unloaded. Its one
    // function pointer may be null by its type.
    Ok(unsafe { &*entry })
}

fn describe(plugin: &'static abi::Plugin, build: &Arc<Build>) -> Result<Plugin, String> {
    let mut behaviors = Vec::new();
    at_most("behavior_count", plugin.behavior_count, most::BEHAVIORS)?;
    if plugin.behavior_count > 0 && plugin.behaviors.is_null() {
        return Err("its table of behaviors is null".to_owned());
    }
    let mut files = files::describe(plugin)?;
    let destructors = destructors::describe(plugin)?;
    let shapes = shapes::describe(plugin)?;
    for index in 0..plugin.behavior_count as usize {
        #[allow(unsafe_code)]
        // SAFETY: the table has `behavior_count` entries, by the ABI.
        let table = unsafe { check_functions(plugin.behaviors.add(index)) }
            .map_err(|what| format!("behavior {index}: {what}"))?;
        let mut behavior = describe_behavior(table)?;
        if let Some(files) = files.get_mut(index) {
            behavior.files = std::mem::take(files);
        }
        behavior.destructor = destructors.get(index).copied();
        behavior.shape = shapes.get(index).copied();
        behaviors.push(Arc::new(behavior));
    }
    Ok(Plugin {
        name: text(plugin.name, "name")?,
        version: text(plugin.version, "version")?,
        docs: text(plugin.docs, "docs")?,
        build: build.clone(),
        behaviors,
        checks: describe_checks(plugin)?,
    })
}

/// The checks of a plugin; none if it lacks this extension.
fn describe_checks(plugin: &'static abi::Plugin) -> Result<Vec<Arc<Check>>, String> {
    #[allow(unsafe_code)]
    // SAFETY: the struct of this id; its pointers are checked below.
    let table: Option<&abi::Checks> =
        unsafe { extension::table(plugin, abi::CHECKS, abi::CHECKS_LAYOUT, "checks")? };
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    at_most("check_count", table.check_count, most::BEHAVIORS)?;
    if table.check_count > 0 && table.checks.is_null() {
        return Err("its table of checks is null".to_owned());
    }
    let mut checks = Vec::new();
    for index in 0..table.check_count as usize {
        #[allow(unsafe_code)]
        // SAFETY: the table has `check_count` entries, by the ABI.
        let entry = unsafe { check_judge(table.checks.add(index)) }
            .map_err(|what| format!("check {index}: {what}"))?;
        let name = words::name(entry.name, "a check's name")?;
        let inside = |what: String| format!("check `{name}`: {what}");
        checks.push(Arc::new(Check {
            docs: text(entry.docs, "docs").map_err(inside)?,
            config_schema: schema(entry.config_schema).map_err(inside)?,
            table: Some(Table(entry)),
            name,
        }));
    }
    Ok(checks)
}

/// Returns an error for the first of a table's functions that is null.
macro_rules! present {
    ($table:ident: $($field:ident)+) => {
        $(
            // SAFETY: a function pointer that may be null is read as an address.
            if unsafe { (&raw const (*$table).$field).cast::<usize>().read() } == 0 {
                return Err(format!("its function `{}` is null", stringify!($field)));
            }
        )+
    };
}

/// A table whose functions are not null.
///
/// # Safety
///
/// `table` points to a behavior's table, which may hold null functions.
#[allow(unsafe_code)]
unsafe fn check_functions(table: *const abi::Behavior) -> Result<&'static abi::Behavior, String> {
    present!(table: config_schema config_new config_free create destroy start message timer tick connect disconnect stop);
    // SAFETY: no function is null, and all other fields allow any bits.
    Ok(unsafe { &*table })
}

/// As [`check_functions`], for a check.
///
/// # Safety
///
/// `table` points to a check's table, which may hold null functions.
#[allow(unsafe_code)]
unsafe fn check_judge(table: *const abi::Check) -> Result<&'static abi::Check, String> {
    present!(table: config_schema config_new config_free create record finish free);
    // SAFETY: no function is null, and all other fields allow any bits.
    Ok(unsafe { &*table })
}

fn describe_behavior(table: &'static abi::Behavior) -> Result<Behavior, String> {
    let name = words::name(table.name, "a behavior's name")?;
    let inside = |what: String| format!("behavior `{name}`: {what}");
    if !table.state_align.is_power_of_two() || table.state_align > 64 {
        return Err(inside(format!(
            "state_align is {}, expected a power of two up to 64",
            table.state_align
        )));
    }
    if table.column_count > abi::MAX_COLUMNS {
        return Err(inside(format!(
            "{} columns, expected at most {}",
            table.column_count,
            abi::MAX_COLUMNS
        )));
    }
    at_most("event_count", table.event_count, most::EVENTS).map_err(inside)?;
    at_most("state_size", table.state_size, most::STATE).map_err(inside)?;
    let columns = words::columns(table.columns, table.column_count).map_err(inside)?;
    let (events, event_docs) = words::events(table.events, table.event_count).map_err(inside)?;
    Ok(Behavior {
        docs: text(table.docs, "docs").map_err(inside)?,
        config_schema: schema(table.config_schema).map_err(inside)?,
        columns: columns.into(),
        events: events.into(),
        event_docs,
        files: Vec::new(),
        handles: table.handles,
        table: Some(Table(table)),
        destructor: None,
        shape: None,
        is_shaped: false,
        name,
    })
}

/// The JSON Schema of a config, from a function of a checked table.
fn schema(config_schema: unsafe extern "C" fn() -> abi::Text) -> Result<serde_json::Value, String> {
    #[allow(unsafe_code)]
    // SAFETY: checked for null; may be called at any time, on any thread.
    let schema = unsafe { config_schema() };
    let schema = text(schema, "config_schema")?;
    serde_json::from_str(&schema).map_err(|error| format!("its config schema is no JSON: {error}"))
}

/// A table of the plugin as a slice.
#[allow(unsafe_code)]
fn slice<T>(first: *const T, count: u64) -> Result<&'static [T], String> {
    match (count, first.is_null()) {
        (0, _) => Ok(&[]),
        (_, true) => Err("a table is null".to_owned()),
        // SAFETY: by the ABI the table has `count` entries, and is never written. It is static,
        // or (of a shape) lives as long as a config, and what is read of it is copied.
        _ => Ok(unsafe { std::slice::from_raw_parts(first, count as usize) }),
    }
}

/// Checks a size or count.
fn at_most(field: &str, found: u64, most: u64) -> Result<(), String> {
    match found <= most {
        true => Ok(()),
        false => Err(format!("{field} is {found}, expected at most {most}")),
    }
}

/// A copy of a static text of the plugin.
fn text(text: abi::Text, what: &str) -> Result<String, String> {
    at_most(&format!("the length of {what}"), text.len, most::TEXT)?;
    let bytes = slice(text.ptr, text.len).map_err(|_| format!("{what} is null"))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| format!("{what} is not UTF-8"))
}
