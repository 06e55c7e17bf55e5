//! The path of the SDK for a new plugin. The SDK is part of the runner's source.

use std::fs;
use std::path::{Path, PathBuf};

use super::NewError;

/// The SDK beside the source that this executable was built from.
const BESIDE_THE_RUNNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/sdk");

/// Returns the folder of the SDK as a TOML string: the given one, or the one in the
/// runner's source, if that still exists.
pub fn find(given: Option<&Path>) -> Result<String, NewError> {
    let folder = given.unwrap_or(Path::new(BESIDE_THE_RUNNER));
    if given.is_none() && !folder.is_dir() {
        return Err(NewError::NoSdk(folder.to_owned()));
    }
    let wrong = |problem: String, help: Option<String>| NewError::NotSdk {
        folder: folder.to_owned(),
        problem,
        help,
    };
    if let Err(problem) = is_sdk(folder) {
        let below: PathBuf = folder.join("plugins/sdk");
        let help = is_sdk(&below)
            .is_ok()
            .then(|| format!("did you mean `{}`?", below.display()));
        return Err(wrong(problem, help));
    }
    let whole = folder
        .canonicalize()
        .map_err(|error| wrong(error.to_string(), None))?;
    match whole.to_str() {
        Some(path) => Ok(toml::Value::from(path).to_string()),
        None => Err(wrong(
            "its path is not UTF-8, which a Cargo.toml is".to_owned(),
            None,
        )),
    }
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

    #[test]
    fn the_sdk_of_this_source_is_found_and_quoted() {
        let found = find(None).unwrap();
        assert!(
            found.starts_with('"') && found.ends_with("plugins/sdk\""),
            "{found}"
        );
    }

    #[test]
    fn the_path_is_quoted_as_toml_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a \"b\" \\ 'c'\n");
        fs::create_dir(&odd).unwrap();
        let manifest = "[package]\nname = \"runner-sdk\"\n";
        fs::write(odd.join("Cargo.toml"), manifest).unwrap();
        let written = format!("path = {}", find(Some(&odd)).unwrap());
        let read: toml::Table = written.parse().unwrap();
        let odd = odd.canonicalize().unwrap();
        assert_eq!(read["path"].as_str(), odd.to_str());
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
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let said = find(Some(&above)).unwrap_err().to_string();
        assert!(
            said.contains("did you mean") && said.contains("plugins/sdk`?"),
            "{said}"
        );
    }
}
