//! The text of an SVG, and the shapes of plots.

use base::harmless;
use std::fmt::Write;

use crate::render::palette::{COLOURS, SHADES, attributes};

/// Where a drawing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// In the page, whose style sheet has the classes.
    Page,
    /// In a file of its own.
    File,
}

impl Look {
    /// The attributes that give an element these classes.
    pub fn styled(self, classes: &str) -> String {
        match self {
            Look::Page => format!(" class=\"{classes}\""),
            Look::File => attributes(classes),
        }
    }
}

/// A drawing that grows downwards.
pub(super) struct Canvas {
    look: Look,
    body: String,
    height: f64,
}

impl Canvas {
    /// An empty drawing.
    pub fn new(look: Look) -> Canvas {
        Canvas {
            look,
            body: String::new(),
            height: 0.0,
        }
    }

    /// The elements drawn so far.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The height of the drawing.
    pub fn height(&self) -> f64 {
        self.height.ceil()
    }

    /// Extends the drawing down to `y`.
    pub fn reach(&mut self, y: f64) {
        self.height = self.height.max(y);
    }

    /// Text on a halo of the background's colour, so that lines behind it do not cross the letters.
    /// The halo is a copy of the text: not every viewer can paint an outline under the letters.
    pub fn text_with_halo(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.text(x, y, &format!("{class} halo"), text);
        self.text(x, y, class, text);
    }

    /// Text with its baseline at `y`; `class` is its style.
    pub fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(
                self.body,
                "<text{} x=\"{}\" y=\"{}\">{}</text>",
                self.look.styled(&format!("pt {class}")),
                coordinate(x),
                coordinate(y),
                escape(text)
            );
        }
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = writeln!(
            self.body,
            "<path{} d=\"M{} {}L{} {}\"/>",
            self.look.styled(class),
            coordinate(x1),
            coordinate(y1),
            coordinate(x2),
            coordinate(y2)
        );
    }

    /// A path, by its path data.
    pub fn path(&mut self, data: &str, class: &str) {
        let style = self.look.styled(class);
        let _ = writeln!(self.body, "<path{style} d=\"{data}\"/>");
    }

    /// A dot.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, class: &str) {
        let _ = writeln!(
            self.body,
            "<circle{} cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
            self.look.styled(class),
            coordinate(x),
            coordinate(y),
            coordinate(radius)
        );
    }

    /// A dot with a tooltip. In the page it may lead to the diagram of a run.
    pub fn mark(
        &mut self,
        (x, y): (f64, f64),
        radius: f64,
        class: &str,
        tip: &str,
        run: Option<u64>,
    ) {
        let run = match (run, self.look) {
            (Some(run), Look::Page) => format!(" data-run=\"{run}\""),
            _ => String::new(),
        };
        let _ = writeln!(
            self.body,
            "<circle{}{run} cx=\"{}\" cy=\"{}\" r=\"{}\"><title>{}</title></circle>",
            self.look.styled(class),
            coordinate(x),
            coordinate(y),
            coordinate(radius),
            escape(tip)
        );
    }

    /// A dot with a tooltip.
    pub fn tipped_dot(&mut self, place: (f64, f64), radius: f64, class: &str, tip: &str) {
        self.mark(place, radius, class, tip, None);
    }

    /// A filled rectangle with a tooltip.
    pub fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str, tip: &str) {
        let _ = writeln!(
            self.body,
            "<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            self.look.styled(class),
            coordinate(x),
            coordinate(y),
            coordinate(width),
            coordinate(height),
            escape(tip)
        );
    }
}

/// The classes of a series' line.
pub(super) fn stroke(series: usize) -> String {
    let dash = if series / COLOURS % 2 == 1 { " pd" } else { "" };
    format!("pl c{}{dash}", series % COLOURS)
}

/// The class of a text on a shade.
pub(super) fn ink_on(shade: usize) -> &'static str {
    if shade * 2 < SHADES { "hn" } else { "hf" }
}

/// The class of a series' area.
pub(super) fn fill(series: usize) -> String {
    format!("f{}", series % COLOURS)
}

/// A coordinate with at most one decimal: a smaller difference cannot be seen, and the
/// bytes do not depend on the last bits of a sum.
pub(super) fn coordinate(value: f64) -> String {
    coordinate_of(tenths(value))
}

/// A coordinate in tenths: two that are equal are the same text.
pub(super) fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}

/// The text of a coordinate in tenths.
pub(super) fn coordinate_of(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    if tenth == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{tenth}")
    }
}

/// Text escaped for XML. Characters that XML does not allow, or that a page obeys instead
/// of showing them, are written out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless::xml(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Approximate width of a text in the small font of the plots; large enough for wide
/// letters.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.4
}

/// The text, shortened with an ellipsis to fit a width.
pub(super) fn fit(text: &str, width: f64) -> String {
    let room = (width / 6.4).floor().max(1.0) as usize;
    if text.chars().count() <= room {
        text.to_owned()
    } else {
        text.chars()
            .take(room.saturating_sub(1))
            .chain(['…'])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_have_one_decimal_at_most() {
        let shown: Vec<_> = [1.0, 1.25, -0.04, -3.5, 0.1 + 0.2].map(coordinate).into();
        assert_eq!(shown, ["1", "1.3", "0", "-3.5", "0.3"]);
    }

    #[test]
    fn text_is_xml() {
        assert_eq!(
            escape("a<b & \"c\"\u{0}"),
            "a&lt;b &amp; &quot;c&quot;\\x00"
        );
        assert_eq!(escape("\u{fffe}\u{202e}\n"), "\\u{fffe}\\u{202e} ");
    }
}
