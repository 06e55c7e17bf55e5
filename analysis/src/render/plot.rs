//! Figures as SVG.
//!
//! No plotting crate is used, for three reasons: colours follow the light or dark mode
//! of the reader, the bytes stay the same (fixed decimals), and there is a space-time
//! diagram. [`standalone`] is a complete file; [`inline`] is an element of the page,
//! whose style sheet has the same classes.

mod bars;
mod canvas;
mod lines;
mod panels;
mod scale;
mod spacetime;

use crate::report::{Figure, Plot};

use super::palette;
use canvas::Canvas;

/// The width of every figure [SVG units].
const WIDTH: f64 = 960.0;

/// The figure as an SVG file: with its own colours and background.
pub fn standalone(figure: &Figure) -> String {
    let canvas = draw(figure);
    let height = canvas.height();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>{}</style>\n\
         <rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n{}</svg>\n",
        canvas::escape(&figure.title),
        palette::style("svg"),
        canvas.body(),
    )
}

/// The figure as an element of a page that has the style sheet.
pub fn inline(figure: &Figure) -> String {
    let canvas = draw(figure);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
        canvas.height(),
        canvas::escape(&figure.title),
        canvas.body(),
    )
}

fn draw(figure: &Figure) -> Canvas {
    match &figure.plot {
        Plot::Lines(plot) => lines::draw(plot),
        Plot::Bars(plot) => bars::draw(plot),
        Plot::SpaceTime(plot) => spacetime::draw(plot),
    }
}
