//! The SDK for a new plugin, and what lies beside it.
//!
//! The SDK is part of the source of the runner, and an installation has a copy in the same
//! layout: `share/runner/sdk` beside `bin`. Its place follows from that of the executable,
//! so that neither can be found in a wrong place after both were moved.
//!
//! ```text
//! Cargo.lock       the versions that the SDK was tested with
//! plugins/sdk      the SDK
//! vendor           in an installation: the crates that the SDK and a new plugin need
//! ```

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::NewError;

/// The SDK from the folder that is called the top in this module.
const BELOW_TOP: &str = "plugins/sdk";

/// An SDK that was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Sdk {
    /// The folder of its crate, absolute, as UTF-8.
    pub folder: String,
    /// The lock file beside it, if there is one.
    pub lock: Option<String>,
    /// The folder with the crates that it needs, absolute, as UTF-8, if there is one.
    pub vendored: Option<String>,
}

/// Returns the SDK: the one in the given folder, or the one of this executable.
pub fn find(given: Option<&Path>) -> Result<Sdk, NewError> {
    let folder = match given {
        Some(folder) => folder.to_owned(),
        None => of_this_executable()?,
    };
    let wrong = |problem: String, help: Option<String>| NewError::NotSdk {
        folder: folder.clone(),
        problem,
        help,
    };
    if let Err(problem) = is_sdk(&folder) {
        let below: PathBuf = folder.join(BELOW_TOP);
        let help = is_sdk(&below)
            .is_ok()
            .then(|| format!("did you mean `{}`?", below.display()));
        return Err(wrong(problem, help));
    }
    let whole = folder
        .canonicalize()
        .map_err(|error| wrong(error.to_string(), None))?;
    let utf8 = |path: &Path| match path.to_str() {
        Some(path) => Ok(path.to_owned()),
        None => Err(wrong(
            "its path is not UTF-8, which a Cargo.toml is".to_owned(),
            None,
        )),
    };
    let top = whole
        .ends_with(BELOW_TOP)
        .then(|| whole.ancestors().nth(2))
        .flatten();
    let vendor = top.map(|top| top.join("vendor"));
    Ok(Sdk {
        folder: utf8(&whole)?,
        lock: top.and_then(|top| fs::read_to_string(top.join("Cargo.lock")).ok()),
        vendored: vendor
            .filter(|it| it.is_dir())
            .map(|it| utf8(&it))
            .transpose()?,
    })
}

/// Returns the SDK of this executable.
fn of_this_executable() -> Result<PathBuf, NewError> {
    let executable = env::current_exe().and_then(|path| path.canonicalize());
    let executable = executable.map_err(|error| NewError::NoSdk {
        looked: format!("the folder of the runner is unknown: {error}"),
    })?;
    let places = places(&executable);
    let looked = || {
        let places: Vec<String> = places.iter().map(|it| it.display().to_string()).collect();
        format!("looked in: {}", places.join(", "))
    };
    let found = places.iter().find(|folder| is_sdk(folder).is_ok());
    found
        .cloned()
        .ok_or_else(|| NewError::NoSdk { looked: looked() })
}

/// Where the SDK of an executable may be: in the installation, or in the source if the
/// executable is in a target folder in it. Cargo marks its target folder with a file.
fn places(executable: &Path) -> Vec<PathBuf> {
    let installed = executable
        .ancestors()
        .nth(2)
        .map(|prefix| prefix.join("share/runner/sdk"));
    let source = executable
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .and_then(|target| target.parent().map(Path::to_owned));
    installed
        .into_iter()
        .chain(source)
        .map(|top| top.join(BELOW_TOP))
        .collect()
}

/// Checks whether a folder holds the SDK; fails with the reason if not.
fn is_sdk(folder: &Path) -> Result<(), String> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("its Cargo.toml cannot be read: {error}"))?;
    let manifest: toml::Table = text
        .parse()
        .map_err(|_| "its Cargo.toml is not TOML".to_owned())?;
    let name = manifest.get("package").and_then(|it| it.get("name"));
    match name.and_then(toml::Value::as_str) {
        Some("runner-sdk") => Ok(()),
        Some(other) => Err(format!("it is the crate `{other}`, expected `runner-sdk`")),
        None => Err("its Cargo.toml has no package, expected `runner-sdk`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"runner-sdk\"\n";

    /// Makes an SDK below this folder, and returns its folder.
    fn sdk_below(top: &Path) -> PathBuf {
        let folder = top.join(BELOW_TOP);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
        folder.canonicalize().unwrap()
    }

    #[test]
    fn the_sdk_of_this_source_is_found_with_its_lock_file() {
        let found = find(None).unwrap();
        assert!(found.folder.ends_with("plugins/sdk"), "{found:?}");
        assert!(found.lock.unwrap().contains("name = \"runner-sdk\""));
        assert_eq!(found.vendored, None);
    }

    #[test]
    fn an_installation_has_its_own_sdk_and_crates() {
        let prefix = tempfile::tempdir().unwrap();
        let top = prefix.path().join("share/runner/sdk");
        let sdk = sdk_below(&top);
        assert_eq!(
            places(&prefix.path().join("bin/runner"))[0],
            top.join(BELOW_TOP)
        );
        fs::create_dir(top.join("vendor")).unwrap();
        fs::write(top.join("Cargo.lock"), "version = 4").unwrap();
        let found = find(Some(&sdk)).unwrap();
        assert_eq!(found.lock.as_deref(), Some("version = 4"));
        assert!(found.vendored.unwrap().ends_with("share/runner/sdk/vendor"));
    }

    #[test]
    fn only_a_target_folder_leads_to_the_source_around_it() {
        let source = tempfile::tempdir().unwrap();
        let executable = source.path().join("out/x86_64/release/runner");
        fs::create_dir_all(executable.parent().unwrap()).unwrap();
        let sdk = source.path().join(BELOW_TOP);
        assert!(!places(&executable).contains(&sdk));
        fs::write(source.path().join("out/CACHEDIR.TAG"), "").unwrap();
        assert!(places(&executable).contains(&sdk));
    }

    #[test]
    fn what_is_not_the_sdk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let said = |text: Option<&str>| {
            if let Some(text) = text {
                fs::write(folder.path().join("Cargo.toml"), text).unwrap();
            }
            find(Some(folder.path())).unwrap_err().to_string()
        };
        assert!(said(None).contains("cannot be read"));
        assert!(said(Some("[package")).contains("is not TOML"));
        assert!(said(Some("[workspace]")).contains("has no package"));
        assert!(said(Some("package.name = 'x'")).contains("it is the crate `x`"));
    }

    #[test]
    fn the_folder_above_leads_to_the_sdk_in_it() {
        let above = tempfile::tempdir().unwrap();
        sdk_below(above.path());
        let said = find(Some(above.path())).unwrap_err().to_string();
        assert!(
            said.contains("did you mean") && said.contains("plugins/sdk`?"),
            "{said}"
        );
    }
}
