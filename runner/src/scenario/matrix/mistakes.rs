//! The mistakes of all cases of a file, each told once.
//!
//! Most mistakes are the file's and show in every case; some come with a value of
//! an axis, and a few only where certain values meet. What the same words say of
//! the same place is one mistake. So is what they say of several values of one
//! axis: that is about its path.

use std::collections::BTreeMap;

use super::super::diagnostic::Diagnostic;
use super::super::source::Place;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct CaseMistakes {
    /// Where the values of each axis are written.
    values: Vec<Place>,
    /// In the order in which they were found.
    found: Vec<Found>,
    index: BTreeMap<(Subject, String), usize>,
}

#[derive(Debug)]
struct Found {
    mistake: Diagnostic,
    /// The first case that has it; none: it is not of a case.
    first: Option<usize>,
    last: Option<usize>,
    /// How many cases have it.
    cases: usize,
    /// Whether it is about a value of an axis, and so about its cases.
    of_axis: bool,
}

/// What a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    At(Place),
    Axis(usize),
}

impl CaseMistakes {
    /// None yet, of a file whose axes have their values at these places.
    pub fn new(values: Vec<Place>) -> CaseMistakes {
        CaseMistakes {
            values,
            ..CaseMistakes::default()
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds mistakes, of a case or of the file as such.
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
                    self.found.push(Found {
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

    /// All of them. Those of a few of the cases say of which, by their ids.
    pub fn told(self, ids: &[String]) -> Vec<Diagnostic> {
        let told = |found: Found| {
            let id = found.first.and_then(|first| ids.get(first));
            match id {
                Some(id) if !found.of_axis && found.cases < ids.len() => {
                    let line = match found.cases {
                        1 => format!("in one of {} cases: {id}", ids.len()),
                        some => format!("in {some} of {} cases, first in {id}", ids.len()),
                    };
                    found.mistake.help(line)
                }
                _ => found.mistake,
            }
        };
        self.found.into_iter().map(told).collect()
    }
}
