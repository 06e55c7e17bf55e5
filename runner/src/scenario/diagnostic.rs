//! What is wrong with a scenario, where, and what to do about it.
//!
//! A [`Diagnostic`] is one mistake at one [`Place`]; [`Diagnostics`] are all
//! mistakes of a file, in the order of the file. A rendered mistake is a line
//! `path:line:column: message`, then the source line with carets, then hints:
//!
//! ```text
//! scenarios/kv-basic.toml:14:6: link `to` names unknown node `srv1`
//!    |
//! 14 | to = "srv1"
//!    |      ^^^^^^
//!   nodes here: client, srv-1, srv-2 (did you mean `srv-1`?)
//! ```

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::source::{Place, Source};

/// One mistake of the user, and its place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    source: Arc<Source>,
    place: Place,
    message: String,
    help: Vec<String>,
    warning: bool,
}

impl Diagnostic {
    /// A mistake at a place. The message is lowercase, without a full stop, with
    /// names in backticks.
    pub fn new(source: &Arc<Source>, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            source: Arc::clone(source),
            place: place.written(),
            message: message.into(),
            help: Vec::new(),
            warning: false,
        }
    }

    /// Adds a line of help: what to do, or what else is there.
    pub fn help(mut self, line: impl Into<String>) -> Diagnostic {
        self.help.push(line.into());
        self
    }

    /// The same as a warning: the scenario can be run.
    pub fn as_warning(mut self) -> Diagnostic {
        self.warning = true;
        self
    }

    /// The path of the file, as the user wrote it.
    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// The place of the mistake.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Line and column in the file, both from 1, the column in characters. `None`
    /// for a mistake in an option or in the file as a whole.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        match self.place {
            Place::File { start, .. } | Place::Axis { start, .. } => {
                Some(self.source.line_column(start))
            }
            Place::Whole | Place::Override(_) => None,
        }
    }

    /// The message, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The lines of help.
    pub fn help_lines(&self) -> &[String] {
        &self.help
    }

    /// The mistake as text for people; ends with a newline.
    pub fn render(&self, color: bool) -> String {
        let (bold, plain) = if color {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        let place = self.place_text();
        let kind = if self.warning { "warning: " } else { "" };
        let mut out = format!("{bold}{place}{plain}: {kind}{}\n", self.message);
        if let Place::File { start, end } = self.place {
            let snippet = self.snippet(start, end, color);
            if !snippet.is_empty() {
                out.push_str(&snippet);
                out.push('\n');
            }
        }
        for line in &self.help {
            out.push_str("  ");
            out.push_str(line);
            out.push('\n');
        }
        out
    }

    /// `path:line:column`, or the option as typed.
    pub fn place_text(&self) -> String {
        let source = &self.source;
        match self.place {
            Place::Whole => source.path.clone(),
            Place::File { start, .. } | Place::Axis { start, .. } => {
                let (line, column) = source.line_column(start);
                format!("{}:{line}:{column}", source.path)
            }
            Place::Override(index) => match source.overrides.get(index) {
                Some(option) => option.clone(),
                None => source.path.clone(),
            },
        }
    }

    /// The line on which the bytes begin, with carets under those of the bytes that
    /// are on this line.
    fn snippet(&self, start: usize, end: usize, color: bool) -> String {
        let source = &self.source;
        let line = source.line_span(start);
        let text = &source.text[line.clone()];
        let within = |byte: usize| source.boundary(byte).clamp(line.start, line.end) - line.start;
        let (start, end) = (within(start), within(end.max(start)));
        if text.trim().is_empty() {
            return String::new();
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let snippet = Snippet::source(text)
            .line_start(source.line(line.start))
            .annotation(AnnotationKind::Primary.span(start..end));
        let level = match self.warning {
            true => Level::WARNING,
            false => Level::ERROR,
        };
        renderer.render(&[Group::with_level(level).element(snippet)])
    }
}

impl fmt::Display for Diagnostic {
    /// The text of [`Diagnostic::render`] without color and last newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end_matches('\n'))
    }
}

impl std::error::Error for Diagnostic {}

/// All mistakes of one scenario, sorted by place; never empty.
#[derive(Clone, Debug)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorts mistakes by place; `None` if there are none.
    pub fn sorted(mut diagnostics: Vec<Diagnostic>) -> Option<Diagnostics> {
        diagnostics.sort_by_key(|diagnostic| diagnostic.place);
        (!diagnostics.is_empty()).then_some(Diagnostics(diagnostics))
    }

    /// The mistakes as text for people; ends with a newline.
    pub fn render(&self, color: bool) -> String {
        self.0.iter().map(|mistake| mistake.render(color)).collect()
    }

    /// The mistakes, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end_matches('\n'))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn rendered(text: &str, span: Range<usize>) -> String {
        let source = Arc::new(Source::new("a.toml", text.to_owned(), Vec::new()));
        Diagnostic::new(&source, Place::bytes(span), "wrong").render(false)
    }

    /// The column of the first caret's first character, in cells.
    fn caret(rendered: &str) -> (usize, usize) {
        let line = rendered.lines().find(|line| line.contains('^')).unwrap();
        let gutter = line.find('|').unwrap() + 2;
        let start = line.find('^').unwrap();
        (start - gutter, line.matches('^').count())
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = rendered("a = 1\nb = \"é\" \u{1F600} x\n", 16..17);
        assert!(text.starts_with("a.toml:2:9: wrong\n"), "{text}");
    }

    #[test]
    fn wide_characters_take_two_cells_before_the_caret() {
        let text = "k = \"\u{4e16}\u{754c}\" # x";
        let at = text.find('#').unwrap();
        assert_eq!(caret(&rendered(text, at..at + 1)), (11, 1));
    }

    #[test]
    fn a_tab_moves_caret_and_line_alike() {
        let text = rendered("\tk = 1", 1..2);
        let line = text.lines().find(|line| line.contains("k = 1")).unwrap();
        let gutter = line.find('|').unwrap() + 2;
        assert_eq!(caret(&text), (line.find('k').unwrap() - gutter, 1));
    }

    #[test]
    fn a_span_over_lines_is_marked_on_its_first() {
        assert_eq!(caret(&rendered("k = [\r\n  1,\r\n]\r\n", 4..13)), (4, 1));
    }

    #[test]
    fn places_outside_the_text_do_not_panic() {
        for (start, end) in [(0, 0), (5, 9), (1, 2), (99, 7)] {
            let span = start..end;
            rendered("\u{1F600}", span.clone());
            rendered("", span);
        }
    }
}
