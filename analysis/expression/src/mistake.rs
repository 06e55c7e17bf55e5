//! A mistake in the text of an expression.

use crate::syntax::Span;

/// One mistake, at a place of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes of the text that are wrong.
    pub span: Span,
    /// What is wrong; lowercase, without a full stop, names in backticks.
    pub message: String,
    /// What to do; may be empty.
    pub help: Vec<String>,
    /// The names that are known, if the mistake is an unknown one.
    pub known: Option<Known>,
}

/// A name that is not known, and those that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the names are of: `columns here`.
    pub what: &'static str,
    /// The name that was found.
    pub found: String,
    /// The names that are there.
    pub names: Vec<String>,
}

impl Mistake {
    /// A mistake without help.
    pub fn new(span: Span, message: impl Into<String>) -> Mistake {
        Mistake {
            span,
            message: message.into(),
            help: Vec::new(),
            known: None,
        }
    }

    /// Adds a line of help.
    pub fn help(mut self, line: impl Into<String>) -> Mistake {
        self.help.push(line.into());
        self
    }

    /// Adds the names that are known.
    pub fn known(mut self, what: &'static str, found: &str, names: Vec<String>) -> Mistake {
        self.known = Some(Known {
            what,
            found: found.to_owned(),
            names,
        });
        self
    }
}
