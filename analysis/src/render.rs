//! From a [`Report`](crate::report::Report) to bytes: Markdown, one page of
//! HTML, plots as SVG. Pure functions: no clock, no files, no hash order.

pub mod html;
pub mod markdown;
mod notes;
pub mod number;
mod palette;
pub mod plot;
mod prose;
pub(crate) mod rows;
