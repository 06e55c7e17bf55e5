//! A scenario file after it was read: its cases, and its mistakes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::matrix::{Axis, AxisValue, CaseMistakes, Pairing};
use super::measured::InputFile;
use super::origin::Origins;
use super::parts::Parts;
use super::resolved::Scenario;
use super::source::{Place, Source};

/// A scenario of a file without mistakes, and where its parts are written, for
/// mistakes that are found later. Of a file with a matrix, its first case.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// The author's notes for the report, an existing file.
    pub notes: Option<PathBuf>,
    /// The files with measured values.
    pub inputs: Vec<InputFile>,
    /// The file's text and the options that override it.
    pub source: Arc<Source>,
    /// Where the groups, checks and expectations are written.
    pub origins: Origins,
}

/// A file as it was read, with or without mistakes. The parts without mistakes are
/// there, so that the plugins can check them, and all mistakes are reported
/// together.
#[derive(Debug)]
pub struct Reading {
    /// The file's text and the options that override it.
    pub source: Arc<Source>,
    /// The author's notes for the report, an existing file.
    pub notes: Option<PathBuf>,
    /// The files with measured values.
    pub inputs: Vec<InputFile>,
    /// The axes of the matrix, in the order of the file.
    pub axes: Vec<Axis>,
    /// The cases: at least one, unless the file cannot be read at all. Without a
    /// matrix, one case without values.
    pub cases: Vec<ReadCase>,
    /// Set if all cases draw the same numbers.
    pub pairing: Option<Pairing>,
    /// The mistakes so far.
    pub mistakes: CaseMistakes,
    /// The lines with syntax errors.
    pub(super) broken_lines: BTreeSet<usize>,
}

/// One case of a file.
#[derive(Debug)]
pub struct ReadCase {
    /// The id of the case, for people; [`ONLY_CASE`] without a matrix. It does not
    /// depend on the other cases.
    pub id: String,
    /// The values of the axes, in the order of the axes.
    pub values: Vec<AxisValue>,
    /// The scenario; `None` if anything in it is wrong.
    pub scenario: Option<Scenario>,
    /// What the plugins check, whatever else is wrong.
    pub parts: Parts,
    /// Where the groups, checks and expectations of `parts` are written.
    pub origins: Origins,
    /// What can be run, and is hardly meant.
    pub warnings: Vec<Diagnostic>,
}

/// The id of the one case of a scenario without a matrix.
pub const ONLY_CASE: &str = "default";

impl Reading {
    /// A file of which nothing could be read.
    pub(super) fn nothing(
        source: Arc<Source>,
        mistakes: impl IntoIterator<Item = Diagnostic>,
    ) -> Reading {
        let mut found = CaseMistakes::default();
        found.add(None, mistakes);
        Reading {
            source,
            notes: None,
            inputs: Vec::new(),
            axes: Vec::new(),
            cases: Vec::new(),
            pairing: None,
            mistakes: found,
            broken_lines: BTreeSet::new(),
        }
    }

    /// Adds mistakes of the case with this index that the plugins found, except those
    /// that follow from a syntax error.
    pub fn add(&mut self, case: usize, mistakes: impl IntoIterator<Item = Diagnostic>) {
        let (source, broken) = (&self.source, &self.broken_lines);
        let mistakes = mistakes.into_iter();
        let mistakes = mistakes.filter(|it| !follows_from(source, broken, it));
        self.mistakes.add(Some(case), mistakes);
    }

    /// All mistakes, in the order of the file; `None` if there are none.
    pub fn into_diagnostics(self) -> Option<Diagnostics> {
        let ids: Vec<String> = self.cases.into_iter().map(|case| case.id).collect();
        Diagnostics::sorted(self.mistakes.into_vec(&ids))
    }

    /// The first case.
    ///
    /// # Errors
    /// Fails if there is a mistake.
    pub(super) fn first(mut self) -> Result<Loaded, Diagnostics> {
        if !self.mistakes.is_empty() {
            return Err(self.into_diagnostics().expect("there are mistakes"));
        }
        let case = self.cases.swap_remove(0);
        Ok(Loaded {
            scenario: case.scenario.expect("a case without mistakes is whole"),
            notes: self.notes,
            inputs: self.inputs,
            source: self.source,
            origins: case.origins,
        })
    }
}

/// Whether a mistake may follow from a syntax error: it has no place in the file, or it
/// is on a broken line or on the line after one.
pub(super) fn follows_from(
    source: &Source,
    broken_lines: &BTreeSet<usize>,
    mistake: &Diagnostic,
) -> bool {
    if broken_lines.is_empty() {
        return false;
    }
    let Place::File { start, end } = mistake.place() else {
        return true;
    };
    let (first, last) = (source.line(start), source.line(end.max(start)));
    broken_lines.range(first..=last + 1).next().is_some()
}
