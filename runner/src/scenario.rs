//! From the text of a scenario file to a [`Scenario`] in which nothing is left
//! to look up, in three stages, gone through for each case of its matrix (`matrix`):
//!
//! 1. *As written*: the TOML tree with the place of every key and value
//!    (`document`), overrides put in (`overrides`), each key read by the one
//!    table of keys (`keys`, `reader`, `values`, `written`).
//! 2. *Resolved*: groups take what they extend, names become indices, defaults
//!    are filled in (`resolve`, `inherit`, `timing`, `program`, `listen`, `names`,
//!    `links`, `faults`, `judges`).
//! 3. *Checked*: what only the plugins know (does the behavior exist, does it
//!    take this config) is asked elsewhere; [`Loaded`] gives the answers a place.
//!
//! Every mistake is found before anything runs, and all of them are told at
//! once, in the order of the file. Start at [`load`].

mod diagnostic;
mod document;
mod faults;
mod inherit;
mod judges;
mod keys;
mod links;
mod listen;
mod matrix;
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
pub use matrix::{Axis, AxisValue, CaseMistakes};
pub use origin::Origins;
pub use overrides::Override;
pub use resolved::{
    BehaviorName, CheckRule, ExpectRule, External, Fault, FaultKind, Group, Link, LinkChange,
    LinkRule, LinkTransport, Listen, LocalClock, NodeRanges, Order, Program, Scenario,
    StandardInput, TickRule, TimeMode, Timing, Transport,
};
pub use schema::schema;
pub use values::name_problem;

use document::{SyntaxError, Table};
use matrix::{MAX_PLAN_RUNS, Matrix, Point};
use reader::Mistakes;
pub use reader::listed;

/// A scenario that is whole as far as its file tells, and where its parts were
/// written: what is found wrong later still gets a place. Of a file with a matrix,
/// its first case.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// The author's own text for the report, an existing file.
    pub notes: Option<PathBuf>,
    /// The file's text and the options that override it.
    pub source: Arc<Source>,
    /// Where its groups, checks and expectations were written.
    pub origins: Origins,
}

/// What a file was read as, sound or not: so that what the behaviors have to say
/// to the rest of it is told together with its mistakes.
#[derive(Debug)]
pub struct Reading {
    /// The file's text and the options that override it.
    pub source: Arc<Source>,
    /// The author's own text for the report, an existing file.
    pub notes: Option<PathBuf>,
    /// The axes of its matrix, in the order of the file.
    pub axes: Vec<Axis>,
    /// Its cases, at least one unless the file cannot be read at all; a single
    /// one, without values, where there is no matrix.
    pub cases: Vec<ReadCase>,
    /// What is wrong so far.
    pub mistakes: CaseMistakes,
}

/// One case of a file.
#[derive(Debug)]
pub struct ReadCase {
    /// Readable and stable; [`ONLY_CASE`] without a matrix.
    pub id: String,
    /// What the axes are in it, in their order.
    pub values: Vec<AxisValue>,
    /// The scenario; none if anything in it is wrong.
    pub scenario: Option<Scenario>,
    /// Without a scenario: the groups that have no mistake of their own or of a
    /// group that they extend, in the order of the file.
    groups: Vec<Group>,
    /// Without a scenario: the checks that have no mistake.
    checks: Vec<CheckRule>,
    /// Where groups, checks and expectations were written, by their index.
    pub origins: Origins,
}

/// The id of the one case of a scenario without a matrix.
pub const ONLY_CASE: &str = "default";

impl ReadCase {
    /// The groups that are sound.
    pub fn groups(&self) -> &[Group] {
        match &self.scenario {
            Some(scenario) => &scenario.groups,
            None => &self.groups,
        }
    }

    /// The checks that are sound.
    pub fn checks(&self) -> &[CheckRule] {
        match &self.scenario {
            Some(scenario) => &scenario.checks,
            None => &self.checks,
        }
    }
}

impl Reading {
    fn nothing(source: Arc<Source>, mistakes: impl IntoIterator<Item = Diagnostic>) -> Reading {
        let mut found = CaseMistakes::default();
        found.add(None, mistakes);
        Reading {
            source,
            notes: None,
            axes: Vec::new(),
            cases: Vec::new(),
            mistakes: found,
        }
    }

    /// All that is wrong, in the order of the file; none if nothing is.
    pub fn told(self) -> Option<Diagnostics> {
        let ids: Vec<String> = self.cases.into_iter().map(|case| case.id).collect();
        Diagnostics::sorted(self.mistakes.told(&ids))
    }

    /// The first case, if nothing is wrong.
    fn first(mut self) -> Result<Loaded, Diagnostics> {
        if !self.mistakes.is_empty() {
            return Err(self.told().expect("there are mistakes"));
        }
        let case = self.cases.swap_remove(0);
        Ok(Loaded {
            scenario: case.scenario.expect("a case without mistakes is whole"),
            notes: self.notes,
            source: self.source,
            origins: case.origins,
        })
    }
}

/// Reads a scenario file, with some of its values overridden.
///
/// # Errors
/// Every mistake in the file and the overrides, in the order of the file.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    read_file(path, overrides).first()
}

/// As [`load`], with all of its cases, and with what is sound of a file that has
/// mistakes.
pub fn read_file(path: &Path, overrides: &[Override]) -> Reading {
    let name = path.display().to_string();
    match text(path, &name) {
        Ok(text) => read_text(&name, &text, overrides),
        Err(mistake) => {
            let source = Arc::new(Source::new(&name, String::new(), Vec::new()));
            Reading::nothing(source, [mistake])
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
    read_text(path, text, overrides).first()
}

/// As [`read_file`], for text at hand; see [`load_text`].
pub fn read_text(path: &str, text: &str, overrides: &[Override]) -> Reading {
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
        return Reading::nothing(source, mistakes.into_vec());
    }
    overrides::apply(overrides, &mut document, &mistakes);
    let matrix = Matrix::take(&mut document, overrides, &mistakes);
    if !errors.is_empty() {
        matrix.apply(&matrix.points[0], &mut document, &mistakes);
        written::read(&document, &mistakes);
        let all = with_syntax_errors(&source, errors, mistakes);
        return Reading::nothing(source, all);
    }
    let mut reading = Reading {
        notes: None,
        axes: matrix.axes().cloned().collect(),
        cases: Vec::with_capacity(matrix.points.len()),
        mistakes: CaseMistakes::new(matrix.places()),
        source,
    };
    reading.mistakes.add(None, mistakes.into_vec());
    for (index, point) in matrix.points.iter().enumerate() {
        let case = read_case(&mut reading, index, point, &matrix, &document);
        reading.cases.push(case);
    }
    let runs = |case: &ReadCase| case.scenario.as_ref().map(|scenario| scenario.runs);
    let runs = reading.cases.first().and_then(runs).unwrap_or(1);
    let all = u64::from(runs) * reading.cases.len() as u64;
    if let Some(place) = matrix.place.filter(|_| all > MAX_PLAN_RUNS) {
        let message = format!(
            "{} cases of {runs} runs each are {all} runs, expected at most {MAX_PLAN_RUNS}",
            reading.cases.len(),
        );
        let mistake = Diagnostic::new(&reading.source, place, message);
        reading.mistakes.add(None, [mistake]);
    }
    reading
}

/// Reads one case of a file's tree.
fn read_case(
    reading: &mut Reading,
    index: usize,
    point: &Point,
    matrix: &Matrix,
    document: &Table,
) -> ReadCase {
    let mistakes = Mistakes::new(Arc::clone(&reading.source));
    let mut document = document.clone();
    matrix.apply(point, &mut document, &mistakes);
    let file = written::read(&document, &mistakes);
    let path = Path::new(&reading.source.path);
    let resolved = resolve::resolve(file, path, &mistakes);
    let (groups, places) = resolved.sound.into_iter().unzip();
    let (checks, check_places) = resolved.checks.into_iter().unzip();
    let values = matrix.values(point);
    let named = reading.axes.iter().zip(&values);
    let words: Vec<String> = named
        .map(|(axis, value)| format!("{}={}", axis.name, value.word))
        .collect();
    let found = mistakes.into_vec();
    let scenario = resolved.scenario.filter(|_| found.is_empty());
    let sound = scenario.is_some();
    reading.mistakes.add(Some(index), found);
    reading.notes = resolved.notes;
    ReadCase {
        id: match words.is_empty() {
            true => ONLY_CASE.to_owned(),
            false => words.join(","),
        },
        values,
        scenario,
        groups: if sound { Vec::new() } else { groups },
        checks: if sound { Vec::new() } else { checks },
        origins: Origins {
            source: Arc::clone(&reading.source),
            groups: places,
            checks: check_places,
            expectations: resolved.expectations,
        },
    }
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
