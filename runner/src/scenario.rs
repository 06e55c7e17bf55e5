//! From the text of a scenario file to a [`Scenario`] in which nothing is left
//! to look up.
//!
//! Start at [`load`].

mod diagnostic;
mod document;
mod overrides;
mod resolved;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use diagnostic::{Diagnostic, Diagnostics, Place, Source};
pub use overrides::Override;
pub use resolved::{
    BehaviorName, Group, Link, LinkRule, Order, Scenario, TickRule, TimeMode, Timing,
};

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
}

impl Loaded {
    /// A mistake in what a behavior was told: `path` is the key path inside the
    /// config of the group with this index (`faces`, `script[2]`; empty: the
    /// whole). Its place is where the value was written, in the group, in the
    /// group that it extends, or in an override; for a key that is absent, the
    /// group's `config`, or the group.
    pub fn config_problem(&self, group: usize, path: &str, message: &str) -> Diagnostic {
        let _ = path;
        self.group_problem(group, message)
    }

    /// A mistake in the `behavior` of the group with this index: no such plugin,
    /// no such behavior.
    pub fn behavior_problem(&self, group: usize, message: &str) -> Diagnostic {
        self.group_problem(group, message)
    }

    /// A mistake in the timing of the group with this index: a behavior that
    /// cannot tick, or must. Its place is the tick key, else the behavior.
    pub fn timing_problem(&self, group: usize, message: &str) -> Diagnostic {
        self.group_problem(group, message)
    }

    /// A mistake of the group with this index as a whole.
    pub fn group_problem(&self, _group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, Place::Whole, message)
    }
}

/// Reads a scenario file, with some of its values overridden.
///
/// # Errors
/// Every mistake in the file and the overrides, in the order of the file.
pub fn load(path: &Path, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => load_text(&name, &text, overrides),
        Err(error) => {
            let source = Arc::new(Source {
                path: name,
                ..Source::default()
            });
            Err(Diagnostic::new(&source, Place::Whole, error.to_string()).into())
        }
    }
}

/// As [`load`], for text at hand; `path` stands in the messages, names the
/// scenario when the text does not, and is what `notes` is relative to.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &str, text: &str, overrides: &[Override]) -> Result<Loaded, Diagnostics> {
    let source = Arc::new(Source {
        path: path.to_owned(),
        text: text.to_owned(),
        overrides: overrides.iter().map(|it| it.label().to_owned()).collect(),
    });
    let (_, errors) = document::parse(text);
    let mut mistakes: Vec<Diagnostic> = errors
        .into_iter()
        .map(|error| Diagnostic::new(&source, Place::bytes(error.span), error.message))
        .collect();
    mistakes.push(Diagnostic::new(
        &source,
        Place::Whole,
        "no key of a scenario is read yet by this version",
    ));
    Err(Diagnostics::sorted(mistakes).expect("one was pushed"))
}

/// The JSON Schema (draft-07) of a scenario file, as JSON text.
pub fn schema() -> String {
    "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}\n".to_owned()
}
