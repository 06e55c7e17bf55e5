//! Figures as SVG.
//!
//! No plotting crate is used, for three reasons: colours follow the light or dark mode
//! of the reader, the bytes stay the same (fixed decimals), and there is a space-time
//! diagram. [`standalone`] is a complete file, which every viewer draws alike: plain attributes,
//! and a light background. [`inline`] is an element of the page, whose style sheet has the
//! classes.

mod bars;
mod canvas;
mod cone;
mod curves;
mod heat;
mod lines;
mod panels;
mod scale;
mod spacetime;
mod spread;

use crate::causes::Cone;
use crate::report::{Figure, Plot};

use canvas::{Canvas, Look};

/// The width of every figure [SVG units].
const WIDTH: f64 = 960.0;

/// The figure as an SVG file: with its own colours and background.
pub fn standalone(figure: &Figure) -> String {
    file(&draw(figure, Look::File), &figure.title)
}

/// Diagrams of what led to records, as an SVG file.
pub fn cone_file(cone: &Cone) -> String {
    let mut canvas = Canvas::new(Look::File);
    cone::draw(&mut canvas, cone);
    file(&canvas, &cone.title)
}

fn file(canvas: &Canvas, title: &str) -> String {
    let height = canvas.height();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n\
         <rect{} width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n{}</svg>\n",
        canvas::escape(title),
        Look::File.styled("bg"),
        canvas.body(),
    )
}

/// The figure as an element of a page that has the style sheet.
pub fn inline(figure: &Figure) -> String {
    let canvas = draw(figure, Look::Page);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
        canvas.height(),
        canvas::escape(&figure.title),
        canvas.body(),
    )
}

fn draw(figure: &Figure, look: Look) -> Canvas {
    let mut canvas = Canvas::new(look);
    match &figure.plot {
        Plot::Lines(plot) => lines::draw(&mut canvas, plot),
        Plot::Bars(plot) => bars::draw(&mut canvas, plot),
        Plot::SpaceTime(plot) => spacetime::draw(&mut canvas, plot),
        Plot::Heat(plot) => heat::draw(&mut canvas, plot),
        Plot::Curves(plot) => curves::draw(&mut canvas, plot),
        Plot::Spread(plot) => spread::draw(&mut canvas, plot),
    }
    canvas
}
