//! The folders where plugin files are looked for.
//!
//! In this order: the folders of `--plugin-path`, those of `RUNNER_PLUGIN_PATH`, the
//! folder of the executable (in a build tree its `deps` first, where both `cargo test`
//! and `cargo build` write the newest library), and `../lib/runner/plugins` from there: an
//! installation may lie anywhere, and symbolic links to the executable are followed.
//! The working folder is never searched. No file is opened in the search: a plugin is
//! the first file of its name. A process that another process of the plan has started
//! does not search: it is given the builds.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{Build, GivenBuild};
use crate::library::LoadError;

/// The environment variable that lists more folders.
pub const PATH_VARIABLE: &str = "RUNNER_PLUGIN_PATH";

/// Folders to look in, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPath {
    folders: Vec<PathBuf>,
    /// The builds that are used without a search.
    given: Vec<GivenBuild>,
}

impl SearchPath {
    /// A path of exactly these folders.
    pub fn of(folders: Vec<PathBuf>) -> SearchPath {
        let given = Vec::new();
        SearchPath { folders, given }
    }

    /// No path: only these builds, which another process has read.
    pub fn given(given: Vec<GivenBuild>) -> SearchPath {
        let folders = Vec::new();
        SearchPath { folders, given }
    }

    /// A path of the folders of the command line, then the default ones.
    pub fn with(first: &[PathBuf]) -> SearchPath {
        let mut folders = first.to_vec();
        if let Some(list) = env::var_os(PATH_VARIABLE) {
            folders.extend(env::split_paths(&list).filter(|folder| !folder.as_os_str().is_empty()));
        }
        let executable = env::current_exe().and_then(|path| path.canonicalize());
        if let Some(folder) = executable.as_deref().ok().and_then(Path::parent) {
            folders.push(folder.join("deps"));
            folders.push(folder.to_owned());
            if let Some(prefix) = folder.parent() {
                folders.push(prefix.join("lib/runner/plugins"));
            }
        }
        SearchPath::of(folders)
    }

    /// The folders, in order.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The file of a plugin: the first of its name on the path.
    pub fn find(&self, plugin: &str) -> Option<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join(file_name(plugin)))
            .find(|file| file.is_file())
    }

    /// What to tell of a plugin that is not found: its file, the folders, and how to name more.
    pub fn looked_for(&self, plugin: &str) -> String {
        let folders: Vec<String> = self
            .folders
            .iter()
            .map(|it| it.display().to_string())
            .collect();
        format!(
            "looked for {} in: {}; more folders: --plugin-path DIR, or the variable {PATH_VARIABLE}",
            file_name(plugin),
            folders.join(", ")
        )
    }

    /// The build of a plugin: the one that is given, or the bytes of its file; none if it
    /// has no file.
    pub fn build(&self, plugin: &str) -> Option<Result<Arc<Build>, LoadError>> {
        let given = self.given.iter().find(|given| given.is_of(plugin));
        match given {
            Some(given) => Some(Build::given(given)),
            None => self.find(plugin).map(|path| Build::read(plugin, &path)),
        }
    }

    /// The names of the plugins in these folders, by file name only, sorted; for lists and
    /// for suggestions.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .folders
            .iter()
            .filter_map(|folder| folder.read_dir().ok())
            .flatten()
            .filter_map(|entry| plugin_name(&entry.ok()?.path()))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The file name of a plugin: `libNAME.so` on Linux.
pub fn file_name(plugin: &str) -> String {
    format!("{DLL_PREFIX}{plugin}{DLL_SUFFIX}")
}

/// The plugin's name in a file name; none for a build's hashed copies
/// (`libserde_derive-0123456789abcdef.so`).
fn plugin_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix(DLL_PREFIX)?.strip_suffix(DLL_SUFFIX)?;
    let hashed = name.rsplit_once('-').is_some_and(|(_, tail)| {
        tail.len() == 16 && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    (!hashed && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_of_a_name_wins() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&a, &b] {
            std::fs::write(folder.path().join(file_name("clock")), "").unwrap();
        }
        std::fs::write(b.path().join(file_name("echo")), "").unwrap();
        std::fs::write(b.path().join(file_name("x-0123456789abcdef")), "").unwrap();
        let path = SearchPath::of(vec![a.path().to_owned(), b.path().to_owned()]);
        assert_eq!(path.find("clock"), Some(a.path().join(file_name("clock"))));
        assert_eq!(path.find("echo"), Some(b.path().join(file_name("echo"))));
        assert_eq!(path.find("kv"), None);
        assert_eq!(path.names(), ["clock", "echo"]);
    }
}
