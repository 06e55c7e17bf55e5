//! The lab notebook: what was run, the observations, and the numbers behind them.
//!
//! A [`Report`] is a plain value: text, tables and figures in reading order, every
//! number already formatted. It has no Markdown and no HTML. [`build()`] makes a
//! report of a results folder and writes it with [`crate::render`]. The same results
//! give the same report, byte for byte.
//!
//! Start reading in `build`. `questions` has the questions and their tables, `observe`
//! the sentences, `figures` the plots; `series` collects the points of the plots from
//! the logs.

mod build;
mod cases;
mod collect;
mod compare;
mod diagram;
mod drawing;
mod effects;
mod error;
mod failures;
mod faults;
mod figures;
mod folder;
mod imported;
mod joined;
mod junit;
mod lag;
mod matrix;
mod measured;
mod merge;
mod notable;
mod observe;
mod outliers;
mod over_cases;
mod pairs;
mod place;
mod questions;
mod samples;
mod sections;
mod series;
mod setting;
mod several;
mod spreads;
mod standing;
mod table;
mod unfinished;
mod verdicts;
mod warmup;
mod write;

pub use crate::database::Database;
use crate::notes::Notes;

pub use build::{build, report};
pub use diagram::{Diagram, DiagramRun, FailureMark, FaultBand};
pub(crate) use diagram::{about, mark_of_failure};
pub use error::Error;
pub(crate) use folder::Folder;
pub use matrix::{CaseSpread, Matrix, MatrixAxis, MatrixCase, MatrixMetric, Values};
pub use merge::Merged;
pub use notable::Notable;
pub use over_cases::{CurvePanel, CurvePoint, Curves, Heat, HeatCell, HeatPanel};
pub use several::{Built, Demands, build_all};
pub use spreads::{Spread, SpreadGroup, SpreadKind, SpreadPanel};
pub use standing::Standing;
pub use table::{Align, Column, Table};
pub(crate) use unfinished::open_log;
pub use write::{Outputs, RunScript, write};

/// A report, ready to be rendered. All text is plain, without markup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The mark of its plan: a report only replaces one with the same mark.
    pub plan: String,
    /// Its heading.
    pub title: String,
    /// Paragraphs of the scenario's author, divided by empty lines.
    pub description: String,
    /// Warnings that the reader needs first: failed runs, doubtful logs.
    pub warnings: Vec<String>,
    /// The key observations, the most important first.
    pub key: Vec<String>,
    /// What was run: name and value.
    pub facts: Vec<(String, String)>,
    /// What was run, and how the runs ended, as tables.
    pub setting: Vec<Table>,
    /// The scenario as written: file name and text.
    pub source: Option<(String, String)>,
    /// What the source is: `scenario`, or `format` of logs of another program.
    pub source_is: &'static str,
    /// The sections, one per question, in reading order.
    pub sections: Vec<Section>,
    /// The runs of the interactive diagram; `None` without logs.
    pub diagram: Option<Diagram>,
    /// The numbers of all cases, for the page; `None` for a single case.
    pub matrix: Option<Matrix>,
    /// The author's notes.
    pub notes: Option<Notes>,
    /// What this report does not show.
    pub left_out: Vec<String>,
}

/// One question and its evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its anchor: lowercase letters and `-`.
    pub id: String,
    /// The question.
    pub title: String,
    /// Sentences that answer it.
    pub observations: Vec<String>,
    /// The plots.
    pub figures: Vec<Figure>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The metrics of the tables: name and definition.
    pub definitions: Vec<(String, String)>,
}

/// A plot with its title and caption.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The file's name without its extension.
    pub stem: String,
    /// What it shows, in a few words.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// What is drawn.
    pub plot: Plot,
}

/// What a figure draws.
#[derive(Clone, Debug, PartialEq)]
pub enum Plot {
    /// Values over time, a panel per run.
    Lines(Lines),
    /// A histogram, a panel per node.
    Bars(Bars),
    /// Nodes as lines, messages as arrows.
    SpaceTime(SpaceTime),
    /// A metric over two axes of the matrix, as shades.
    Heat(Heat),
    /// A metric over an axis of the matrix, with intervals.
    Curves(Curves),
    /// The values of runs, as distributions.
    Spread(Spread),
}

/// Values over time. All panels share both axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// What is measured, with its unit.
    pub y_label: String,
    /// End of the time axis `[s]`.
    pub end_s: f64,
    /// The values that the axis has at least, so that plots beside each other have one axis.
    pub at_least: (f64, f64),
    /// Whether a value holds until the next point.
    pub step: bool,
    /// The names of the lines; a panel refers to them by index.
    pub series: Vec<String>,
    /// The panels.
    pub panels: Vec<LinePanel>,
}

/// One panel of [`Lines`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinePanel {
    /// Its heading.
    pub title: String,
    /// A note in small print.
    pub note: String,
    /// The time at the beginning that is left out `[s]`: a shaded band.
    pub left_out_s: f64,
    /// The points (time `[s]`, value) of each line, by index of its series.
    pub lines: Vec<(usize, Vec<(f64, f64)>)>,
}

/// A histogram. All panels share both axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What is counted, with its unit.
    pub x_label: String,
    /// The meaning of a bar's height.
    pub y_label: String,
    /// The first bar's value.
    pub first: u64,
    /// The height that the axis has at least [%].
    pub at_least: f64,
    /// Number of values of a bar.
    pub width: u64,
    /// Whether the last bar also has all larger values.
    pub open_end: bool,
    /// The panels.
    pub panels: Vec<BarPanel>,
}

/// One panel of [`Bars`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarPanel {
    /// Its heading.
    pub title: String,
    /// A note in small print.
    pub note: String,
    /// The colour: an index of a series.
    pub series: usize,
    /// The bars' heights [%].
    pub bars: Vec<f64>,
}

/// Nodes as horizontal lines, messages as arrows between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpaceTime {
    /// The nodes' names, top to bottom.
    pub nodes: Vec<String>,
    /// The end of the window, which begins at 0 `[s]`.
    pub end_s: f64,
    /// The steps in the window.
    pub steps: Vec<SpaceTimeStep>,
    /// The messages sent in the window.
    pub messages: Vec<SpaceTimeMessage>,
}

/// A step in a [`SpaceTime`] diagram.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceTimeStep {
    /// The node, by index.
    pub node: usize,
    /// When `[s]`.
    pub at_s: f64,
    /// The label, if it has one: the value of the clock.
    pub label: Option<String>,
    /// Whether it handled a message.
    pub receive: bool,
}

/// A message in a [`SpaceTime`] diagram.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceTimeMessage {
    /// The sender, by index.
    pub from: usize,
    /// The receiver, by index.
    pub to: usize,
    /// When it was sent `[s]`.
    pub sent_s: f64,
    /// When it was handled `[s]`; `None`: not in the window.
    pub handled_s: Option<f64>,
}
