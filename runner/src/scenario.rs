//! From the text of a scenario file to a [`Scenario`] in which nothing is left
//! to look up, in three stages:
//!
//! 1. *As written*: the TOML tree with the place of every key and value
//!    (`document`), overrides put in (`overrides`), each key read by the one
//!    table of keys (`keys`, `reader`, `values`, `written`).
//! 2. *Resolved*: groups take what they extend, names become indices, defaults
//!    are filled in (`resolve`, `inherit`, `timing`, `program`, `listen`, `names`,
//!    `links`, `faults`).
//! 3. *Checked*: what only the plugins know (does the behavior exist, does it
//!    take this config) is asked elsewhere; [`Loaded`] gives the answers a place.
//!
//! Every mistake is found before anything runs, and all of them are told at
//! once, in the order of the file. Start at [`load`].

mod diagnostic;
mod document;
mod faults;
mod inherit;
mod keys;
mod links;
mod listen;
mod names;
mod origin;
mod overrides;
mod program;
mod reader;
mod resolve;
mod resolved;
mod schema;
mod timing;
mod values;
mod written;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use diagnostic::{Diagnostic, Diagnostics, Place, Source};
pub use origin::Origins;
pub use overrides::Override;
pub use resolved::{
    BehaviorName, External, Fault, FaultKind, Group, Link, LinkChange, LinkRule, LinkTransport,
    Listen, LocalClock, NodeRanges, Order, Program, Scenario, TickRule, TimeMode, Timing,
    Transport,
};
pub use schema::schema;
pub use values::name_problem;

use document::SyntaxError;
use reader::{Mistakes, listed};

/// A scenario that is whole as far as its file tells, and where its parts were
/// written: what is found wrong later still gets a place.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// The author's own text for the report, an existing file.
    pub notes: Option<PathBuf>,
    /// The file's text and the options that override it.
    pub source: Arc<Source>,
    /// Where its groups were written.
    pub origins: Origins,
}

/// What could be made out of a scenario that has mistakes, so that what the
/// behaviors have to say to the rest of it is told together with them.
#[derive(Clone, Debug)]
pub struct Partial {
    /// The mistakes.
    pub mistakes: Diagnostics,
    /// The groups without a mistake of their own or of a group that they extend,
    /// in the order of the file.
    pub groups: Vec<Group>,
    /// Where these groups were written, by their index among them.
    pub origins: Origins,
}

impl Partial {
    fn nothing(source: &Arc<Source>, mistakes: Diagnostics) -> Partial {
        Partial {
            mistakes,
            groups: Vec::new(),
            origins: Origins {
                source: Arc::clone(source),
                groups: Vec::new(),
            },
        }
    }
}

/// Reads a scenario file, with some of its values overridden.
///
/// # Errors
/// Every mistake in the file and the overrides, in the order of the file.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    load_partial(path, overrides).map_err(|partial| partial.mistakes)
}

/// As [`load`], but a scenario with mistakes gives what is sound of it, too.
///
/// # Errors
/// As [`load`].
pub fn load_partial(path: &Path, overrides: &[Override]) -> Result<Loaded, Partial> {
    let name = path.display().to_string();
    match text(path, &name) {
        Ok(text) => partial_text(&name, &text, overrides),
        Err(mistake) => {
            let source = Arc::new(Source::new(&name, String::new(), Vec::new()));
            Err(Partial::nothing(&source, mistake.into()))
        }
    }
}

/// The text of a file.
fn text(path: &Path, name: &str) -> Result<String, Diagnostic> {
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
            // Up to `at` the lossy text is the file's own.
            let place = Place::bytes(at..at + 1);
            Err(Diagnostic::new(&source, place, message).help("a scenario is UTF-8 text"))
        }
    }
}

/// The longest scenario file `[bytes]`: bounds what a device or a log given by
/// mistake can cost.
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

/// The scenario files beside a path that does not exist.
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

/// As [`load`], for text at hand; `path` stands in the messages, names the
/// scenario when the text does not, and is what `notes` is relative to.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &str, text: &str, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    partial_text(path, text, overrides).map_err(|partial| partial.mistakes)
}

fn partial_text(path: &str, text: &str, overrides: &[Override]) -> Result<Loaded, Partial> {
    // Editors do not show the mark that some of them write.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let labels = overrides.iter().map(|it| it.label().to_owned()).collect();
    let source = Arc::new(Source::new(path, text.to_owned(), labels));
    let mistakes = Mistakes::new(Arc::clone(&source));
    let (mut document, errors) = document::parse(text);
    if errors.is_empty() && document.0.is_empty() && overrides.is_empty() {
        mistakes.add_with_help(
            Place::Whole,
            "the file is empty, expected a scenario",
            "`runner new scenario NAME` writes one to begin with",
        );
        return Err(Partial::nothing(&source, all(mistakes.into_vec())));
    }
    overrides::apply(overrides, &mut document, &mistakes);
    let file = written::read(&document, &mistakes);
    if !errors.is_empty() {
        let mistakes = all(with_syntax_errors(&source, errors, mistakes));
        return Err(Partial::nothing(&source, mistakes));
    }
    let resolved = resolve::resolve(file, Path::new(path), &mistakes);
    let (groups, places) = resolved.sound.into_iter().unzip();
    let origins = Origins {
        source: Arc::clone(&source),
        groups: places,
    };
    match (resolved.scenario, mistakes.into_vec()) {
        (Some(scenario), mistakes) if mistakes.is_empty() => Ok(Loaded {
            scenario,
            notes: resolved.notes,
            source,
            origins,
        }),
        (_, mistakes) => Err(Partial {
            mistakes: all(mistakes),
            groups,
            origins,
        }),
    }
}

fn all(mistakes: Vec<Diagnostic>) -> Diagnostics {
    Diagnostics::sorted(mistakes).expect("a scenario that does not resolve has a mistake")
}

/// The syntax errors, and beside them the mistakes that are none of their
/// consequences: those of a single value, away from any broken line.
fn with_syntax_errors(
    source: &Arc<Source>,
    errors: Vec<SyntaxError>,
    mistakes: Mistakes,
) -> Vec<Diagnostic> {
    let mut broken: BTreeSet<usize> = BTreeSet::new();
    let mut all = Vec::new();
    for error in errors {
        // What follows an error on its line is a consequence of it.
        if broken.insert(source.line(error.span.start)) {
            let message = format!("not TOML: {}", error.message);
            all.push(Diagnostic::new(source, Place::bytes(error.span), message));
        }
    }
    all.extend(mistakes.into_vec().into_iter().filter(|mistake| {
        let Place::File { start, end } = mistake.place() else {
            return false;
        };
        let (first, last) = (source.line(start), source.line(end.max(start)));
        broken.range(first..=last + 1).next().is_none()
    }));
    all
}
