//! The text of a scenario file, or why the file cannot be read.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::reader::listed;
use super::source::{Place, Source};

/// The text of the file at `path`; `name` is the path in messages.
///
/// # Errors
/// Fails if there is no such file, or if it is not a text of at most [`MAX_FILE`].
pub fn text(path: &Path, name: &str) -> Result<String, Diagnostic> {
    let whole = |message: String| {
        let source = Arc::new(Source::new(name, String::new(), Vec::new()));
        Diagnostic::new(&source, Place::Whole, message)
    };
    if path.is_dir() {
        return Err(whole("is a folder, expected a scenario file".to_owned()));
    }
    let bytes = read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => whole(format!(
            "is longer than {} MiB, expected a scenario file",
            MAX_FILE >> 20
        )),
        std::io::ErrorKind::NotFound => {
            let missing = whole("there is no such file".to_owned());
            match neighbors(path) {
                Some(line) => missing.help(line),
                None => missing,
            }
        }
        _ => whole(format!("cannot be read: {error}")),
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bad = error.as_bytes()[at];
            let message = format!("the byte 0x{bad:02x} is not UTF-8");
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Arc::new(Source::new(name, text, Vec::new()));
            // Up to `at` the lossy text has the bytes of the file.
            let place = Place::bytes(at..at + 1);
            Err(Diagnostic::new(&source, place, message).help("a scenario is UTF-8 text"))
        }
    }
}

/// Size of the longest scenario file `[bytes]`. It bounds the memory for a device or
/// a log that is given by mistake.
const MAX_FILE: u64 = 16 << 20;

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err(std::io::ErrorKind::FileTooLarge.into()),
        false => Ok(bytes),
    }
}

/// A line of help: the scenario files in the folder of a path that does not exist.
fn neighbors(path: &Path) -> Option<String> {
    let folder = match path.parent()? {
        folder if folder.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml") && name != "Cargo.toml" && !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let found = path.file_name()?.to_string_lossy();
    let listed = listed(&found, names.iter().map(String::as_str));
    (!names.is_empty()).then(|| format!("files there: {listed}"))
}
