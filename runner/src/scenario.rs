//! From the text of a scenario file to [`Scenario`]s without open questions.
//!
//! Each case of the file's matrix (`matrix`) goes through three stages:
//!
//! 1. *As written*: the TOML tree with the place of every key and value
//!    (`document`). Overrides are put in (`overrides`), and the values of CSV files
//!    (`measured`). Each key is read as the
//!    tables of keys describe it (`keys`, `reader`, `values`, `written`).
//! 2. *Resolved*: groups take the keys of the groups that they extend, names become
//!    indices, defaults are filled in (`resolve`, `groups`, `inherit`, `timing`,
//!    `program`, `listen`, `names`, `links`, `faults`, `judges`).
//! 3. *Checked* against the plugins: whether the behavior exists, and whether it
//!    accepts its config. Other modules do that; [`Origins`] has the places for
//!    their mistakes.
//!
//! Every mistake is found before anything runs, and all mistakes are reported
//! together, in the order of the file. The tables of keys are also the source of
//! the JSON Schema (`schema`) and of the reference in `scenarios/README.md`
//! (`reference`). Start at [`load`].

mod diagnostic;
mod document;
mod faults;
mod file;
mod groups;
mod ids;
mod inherit;
mod judges;
mod keys;
mod links;
mod listen;
mod matrix;
mod measured;
mod names;
mod origin;
mod overrides;
mod parts;
mod program;
mod properties;
mod reader;
mod reading;
mod reference;
mod resolve;
mod resolved;
mod schema;
mod source;
mod state;
mod text_place;
mod timing;
mod until;
mod values;
mod written;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use matrix::{Axis, AxisValue, CaseMistakes, Pairing};
pub use measured::InputFile;
pub use origin::Origins;
pub use overrides::{Override, parse_path};
pub use parts::{
    CheckPart, ConfigPart, GroupPart, MetricPart, NodeKind, Parts, PropertyExpressions,
};
pub use program::folder_of;
pub use properties::PropertyOrigin;
pub use reference::{Reference, references};
pub use resolved::{
    BehaviorName, CheckRule, ExpectRule, External, Fault, FaultKind, Group, Held, Link, LinkChange,
    LinkRule, LinkSettings, LinkTransport, Listen, LocalClock, Loss, NodeRanges, Order, Program,
    PropertyPart, RngId, Scenario, StandardInput, TickRule, TimeMode, Timing, Transport, until,
};
pub use schema::schema;
pub use source::{Place, Source};
pub use values::name_problem;

use document::{SyntaxError, Table};
use matrix::{MAX_PLAN_RUNS, Matrix, Point};
use measured::InputFiles;
use reader::Mistakes;
pub use reader::listed;
pub use reading::{Loaded, ONLY_CASE, ReadCase, Reading};

/// Whether a table with this key alone stands for a distribution.
pub fn is_distribution(key: &str) -> bool {
    keys::DISTRIBUTION.get(key).is_some()
}

/// Reads a scenario file, and puts in overrides. The scenario is that of the file's
/// first case.
///
/// # Errors
/// Fails if the file or an override has a mistake. The error has all mistakes, in
/// the order of the file.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    read_file(path, overrides).first()
}

/// As [`load`], with all cases. Of a file with mistakes, the parts without mistakes
/// are read.
pub fn read_file(path: &Path, overrides: &[Override]) -> Reading {
    let name = path.display().to_string();
    match file::text(path, &name) {
        Ok(text) => read_text(&name, &text, overrides),
        Err(mistake) => {
            let source = Arc::new(Source::new(&name, String::new(), Vec::new()));
            Reading::nothing(source, [mistake])
        }
    }
}

/// As [`load`], for a text. `path` is the path in messages. It is also the default
/// of the scenario's name, and `notes` is relative to it.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &str, text: &str, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    read_text(path, text, overrides).first()
}

/// As [`read_file`], for a text; see [`load_text`].
pub fn read_text(path: &str, text: &str, overrides: &[Override]) -> Reading {
    // Some editors write a byte order mark, and do not show it.
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
        return read_broken(&matrix, document, source, errors, mistakes);
    }
    let mut reading = Reading {
        broken_lines: BTreeSet::new(),
        notes: None,
        inputs: Vec::new(),
        axes: matrix.axes().cloned().collect(),
        cases: Vec::with_capacity(matrix.points.len()),
        pairing: matrix.pairing,
        mistakes: CaseMistakes::new(matrix.places(), matrix.is_flawed),
        source,
    };
    let warnings = mistakes.take_warnings();
    reading.mistakes.add(None, mistakes.into_vec());
    let mut inputs = InputFiles::default();
    for (index, point) in matrix.points.iter().enumerate() {
        let case = read_case(&mut reading, index, point, &matrix, &document, &mut inputs);
        reading.cases.push(case);
    }
    if let Some(first) = reading.cases.first_mut() {
        first.warnings.extend(warnings);
    }
    reading.inputs = inputs.into_files();
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
    inputs: &mut InputFiles,
) -> ReadCase {
    let mistakes = Mistakes::new(Arc::clone(&reading.source));
    let mut document = document.clone();
    matrix.apply(point, &mut document, &mistakes);
    let path = Path::new(&reading.source.path);
    let folder = path.parent().unwrap_or(Path::new(""));
    inputs.expand(&mut document, folder, &mistakes);
    let file = written::read(&document, &mistakes);
    let resolved = resolve::resolve(file, path, &mistakes);
    let values = matrix.values(point);
    let warnings = mistakes.take_warnings();
    let found = mistakes.into_vec();
    let scenario = resolved.scenario.filter(|_| found.is_empty());
    reading.mistakes.add(Some(index), found);
    reading.notes = resolved.notes;
    ReadCase {
        id: matrix.id(point),
        values,
        scenario,
        parts: resolved.parts,
        origins: resolved.origins,
        warnings,
    }
}

/// Reads a file with syntax errors: the errors, and the mistakes that do not follow from
/// them. What was not parsed may be missing, so names are not looked up; the plugins
/// check the configs that are there.
fn read_broken(
    matrix: &Matrix,
    mut document: Table,
    source: Arc<Source>,
    errors: Vec<SyntaxError>,
    mistakes: Mistakes,
) -> Reading {
    matrix.apply(&matrix.points[0], &mut document, &mistakes);
    let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    InputFiles::default().expand(&mut document, folder, &mistakes);
    let file = written::read(&document, &mistakes);
    let unsure = Mistakes::new(Arc::clone(&source));
    let resolved = resolve::resolve(file, Path::new(&source.path), &unsure);
    let mut broken_lines: BTreeSet<usize> = BTreeSet::new();
    let mut all = Vec::new();
    for error in errors {
        // A second error on a line follows from the first one.
        if broken_lines.insert(source.line(error.span.start)) {
            let message = format!("not TOML: {}", error.message);
            all.push(Diagnostic::new(&source, Place::bytes(error.span), message));
        }
    }
    let found = mistakes.into_vec().into_iter();
    all.extend(found.filter(|it| !reading::follows_from(&source, &broken_lines, it)));
    let mut parts = resolved.parts;
    parts.metrics.clear();
    parts.properties.clear();
    for part in &mut parts.groups {
        let config = part.config.iter_mut();
        config.for_each(|config| config.may_lack_keys = true);
        part.ticks = false;
    }
    for part in &mut parts.checks {
        let config = part.config.iter_mut();
        config.for_each(|config| config.may_lack_keys = true);
    }
    let mut reading = Reading::nothing(source, all);
    reading.broken_lines = broken_lines;
    reading.cases.push(ReadCase {
        id: ONLY_CASE.to_owned(),
        values: Vec::new(),
        scenario: None,
        parts,
        origins: resolved.origins,
        warnings: Vec::new(),
    });
    reading
}
