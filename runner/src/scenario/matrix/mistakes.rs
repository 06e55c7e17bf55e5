//! The mistakes of all cases of a file, each reported once.
//!
//! Most mistakes are in the file and occur in every case. Some occur with one value
//! of an axis, and a few with a combination of values. Mistakes with the same message
//! at the same place are one mistake. Mistakes with the same message at several
//! values of one axis are one mistake, too: the axis has the wrong path.

use std::collections::BTreeMap;

use super::super::diagnostic::Diagnostic;
use super::super::source::Place;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct CaseMistakes {
    /// Where the array of values of each axis is written.
    values: Vec<Place>,
    /// In the order in which they were found.
    found: Vec<FoundMistake>,
    index: BTreeMap<(Subject, String), usize>,
    /// Whether the cases are not those of the file, so that they are not named.
    unnamed: bool,
}

#[derive(Debug)]
struct FoundMistake {
    mistake: Diagnostic,
    /// The first case with this mistake; `None` if it belongs to no case.
    first: Option<usize>,
    last: Option<usize>,
    /// Number of cases with this mistake.
    cases: usize,
    /// Whether it is at a value of an axis, which belongs to some cases only.
    of_axis: bool,
}

/// The subject of a mistake: a place, or an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    At(Place),
    Axis(usize),
}

impl CaseMistakes {
    /// No mistakes. `values` are the places of the arrays of values of the axes.
    /// `unnamed`: the cases are not named.
    pub fn new(values: Vec<Place>, unnamed: bool) -> CaseMistakes {
        CaseMistakes {
            values,
            unnamed,
            ..CaseMistakes::default()
        }
    }

    /// Whether there are no mistakes.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds mistakes of a case, or, with `None`, of the file.
    pub fn add(&mut self, case: Option<usize>, mistakes: impl IntoIterator<Item = Diagnostic>) {
        for mistake in mistakes {
            let place = mistake.place();
            let axis = self.values.iter().position(|it| it.holds(place));
            let subject = axis.map_or(Subject::At(place), Subject::Axis);
            let key = (subject, mistake.message().to_owned());
            match self.index.get(&key) {
                Some(&at) => {
                    let found = &mut self.found[at];
                    if found.last != case {
                        found.cases += 1;
                        found.last = case;
                    }
                }
                None => {
                    self.index.insert(key, self.found.len());
                    self.found.push(FoundMistake {
                        mistake,
                        first: case,
                        last: case,
                        cases: 1,
                        of_axis: axis.is_some(),
                    });
                }
            }
        }
    }

    /// All mistakes. A mistake that does not occur in all cases gets a line of help
    /// with the id of its first case.
    pub fn into_vec(self, ids: &[String]) -> Vec<Diagnostic> {
        let mistake = |found: FoundMistake| {
            let id = found.first.and_then(|first| ids.get(first));
            match id {
                Some(id) if !self.unnamed && !found.of_axis && found.cases < ids.len() => {
                    let line = match found.cases {
                        1 => format!("in one of {} cases: {id}", ids.len()),
                        some => format!("in {some} of {} cases, first in {id}", ids.len()),
                    };
                    found.mistake.help(line)
                }
                _ => found.mistake,
            }
        };
        self.found.into_iter().map(mistake).collect()
    }
}
