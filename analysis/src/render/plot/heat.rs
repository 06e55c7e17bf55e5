//! A metric over two axes: a table with a shade for each value, a panel for each value of a
//! third axis, the same shades in all.

use super::canvas::{Canvas, fit, text_width};
use super::{WIDTH, canvas};
use crate::render::palette::SHADES;
use crate::report::{Heat, HeatCell, HeatPanel};

const CELL_HEIGHT: f64 = 22.0;
const GAP: f64 = 24.0;
/// Widest and narrowest cell; a narrower one has no text.
const CELL_WIDTH: (f64, f64) = (76.0, 30.0);

pub(super) fn draw(canvas: &mut Canvas, plot: &Heat) {
    let cells = plot.panels.iter().flat_map(|it| it.cells.iter().flatten());
    let cells = || cells.clone().flatten();
    let by_value = |a: &&HeatCell, b: &&HeatCell| a.value.total_cmp(&b.value);
    let (Some(least), Some(greatest)) = (cells().min_by(by_value), cells().max_by(by_value)) else {
        return;
    };
    let (low, high) = (least.value, greatest.value);
    let longest = |names: &[String]| names.iter().map(|it| text_width(it)).fold(0.0, f64::max);
    let names = longest(&plot.rows)
        .max(text_width(&plot.row_label))
        .min(170.0)
        + 14.0;
    let count = plot.panels.len();
    // As many panels side by side as have room for their cells.
    let fits = |columns: usize| {
        let room = (WIDTH - 20.0 - GAP * (columns - 1) as f64) / columns as f64 - names;
        room / plot.columns.len() as f64
    };
    let columns = (1..=count.clamp(1, 4)).rev().find(|&it| fits(it) >= 44.0);
    let columns = columns.unwrap_or(1);
    let cell = fits(columns).min(CELL_WIDTH.0);
    let (width, height) = (
        names + cell * plot.columns.len() as f64,
        62.0 + CELL_HEIGHT * plot.rows.len() as f64,
    );
    let top = legend(canvas, plot, (&least.text, &greatest.text));
    for (index, panel) in plot.panels.iter().enumerate() {
        let left = 10.0 + (index % columns) as f64 * (width + GAP);
        let top = top + (index / columns) as f64 * (height + GAP);
        let place = Place {
            left,
            top,
            names,
            cell,
        };
        draw_panel(canvas, plot, panel, place, (low, high));
        canvas.reach(top + height);
    }
    canvas.reach(canvas.height() + 8.0);
}

#[derive(Clone, Copy)]
struct Place {
    left: f64,
    top: f64,
    /// The width of the names of the rows.
    names: f64,
    /// The width of a cell.
    cell: f64,
}

/// The shades from the least to the greatest value.
fn legend(canvas: &mut Canvas, plot: &Heat, (low, high): (&str, &str)) -> f64 {
    let first = format!("{}: {low}", plot.value_label);
    canvas.text(10.0, 20.0, "ps", &first);
    let left = 16.0 + text_width(&first);
    for shade in 0..SHADES {
        let x = left + 18.0 * shade as f64;
        canvas.bar((x, 9.0), (18.0, 14.0), &format!("h{shade}"), "");
    }
    let right = left + 18.0 * SHADES as f64 + 6.0;
    canvas.text(right, 20.0, "ps", high);
    38.0
}

fn draw_panel(
    canvas: &mut Canvas,
    plot: &Heat,
    panel: &HeatPanel,
    place: Place,
    (low, high): (f64, f64),
) {
    let inner = place.left + place.names;
    let width = place.cell * plot.columns.len() as f64;
    canvas.text(
        place.left,
        place.top + 12.0,
        "pb",
        &fit(&panel.title, place.names + width),
    );
    let head = place.top + 50.0;
    canvas.text(
        place.left,
        head,
        "ps",
        &fit(&plot.row_label, place.names - 8.0),
    );
    let label = fit(&format!("{} →", plot.column_label), width);
    canvas.text(inner + width, place.top + 32.0, "ps pe", &label);
    for (column, name) in plot.columns.iter().enumerate() {
        let x = inner + (column as f64 + 0.5) * place.cell;
        canvas.text(x, head, "ps pm", &fit(name, place.cell - 2.0));
    }
    for (row, name) in plot.rows.iter().enumerate() {
        let y = head + 8.0 + row as f64 * CELL_HEIGHT;
        canvas.text(
            inner - 8.0,
            y + 15.0,
            "ps pe",
            &fit(name, place.names - 10.0),
        );
        for column in 0..plot.columns.len() {
            let x = inner + column as f64 * place.cell;
            let Some(found) = &panel.cells[row][column] else {
                canvas.text(x + place.cell / 2.0, y + 15.0, "ps pm", "–");
                continue;
            };
            let share = if high > low {
                (found.value - low) / (high - low)
            } else {
                0.5
            };
            let shade = ((share * SHADES as f64) as usize).min(SHADES - 1);
            canvas.bar(
                (x, y),
                (place.cell, CELL_HEIGHT),
                &format!("h{shade}"),
                &found.about,
            );
            if place.cell >= CELL_WIDTH.1 && text_width(&found.text) <= place.cell {
                let ink = canvas::ink_on(shade);
                let place = (x + place.cell / 2.0, y + 15.0);
                canvas.text(place.0, place.1, &format!("ps pm {ink}"), &found.text);
            }
        }
    }
}
