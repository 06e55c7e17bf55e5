//! The libraries that this process has loaded, for an image that has nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Libraries that the C library opens by itself to look up a host's name, so that they may
/// not be loaded yet. Where they are parts of the C library, they may not exist.
const FOR_NAMES: [&str; 3] = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];

/// Returns the files of the libraries that this process has loaded, the loader included,
/// and of those that it loads to look up names.
///
/// # Errors
///
/// If the system does not say what is loaded.
pub fn loaded() -> io::Result<BTreeSet<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let paths = maps
        .lines()
        .filter_map(|line| Some(&line[line.find('/')?..]));
    let libraries = paths.map(Path::new).filter(|path| is_library(path));
    let mut found: BTreeSet<PathBuf> = libraries.map(Path::to_owned).collect();
    let is_c_library = |path: &&PathBuf| path.file_name().is_some_and(|it| it == "libc.so.6");
    if let Some(folder) = found.iter().find(is_c_library).and_then(|it| it.parent()) {
        let others = FOR_NAMES.map(|name| folder.join(name));
        found.extend(others.into_iter().filter(|it| it.is_file()));
    }
    Ok(found)
}

/// Whether a mapped file is a library: `libc.so.6`, `ld-linux-x86-64.so.2`. Plugins are
/// opened from private copies, which have no such paths.
fn is_library(path: &Path) -> bool {
    let name = path.file_name().and_then(|it| it.to_str());
    path.is_file() && name.is_some_and(|it| it.contains(".so.") || it.ends_with(".so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_env = "gnu")]
    fn the_c_library_and_its_loader_are_loaded() {
        let names: Vec<String> = loaded()
            .unwrap()
            .iter()
            .map(|it| it.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert!(names.iter().any(|it| it == "libc.so.6"), "{names:?}");
        assert!(
            names.iter().any(|it| it.starts_with("ld-linux")),
            "{names:?}"
        );
    }
}
