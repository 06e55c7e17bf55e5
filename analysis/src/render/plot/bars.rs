//! A histogram: bars of equal width, a panel per node, the same axes in all.

use super::canvas::{Canvas, fill};
use super::panels;
use super::scale::Scale;
use crate::render::number;
use crate::report::Bars;

pub(super) fn draw(canvas: &mut Canvas, plot: &Bars) {
    let places = panels::areas(plot.panels.len(), 16.0);
    let Some(&first) = places.first() else {
        return;
    };
    let heights = plot.panels.iter().flat_map(|panel| &panel.bars);
    let high = heights.copied().fold(plot.at_least, f64::max);
    let up = Scale::new((0.0, high), (first.bottom(), first.top), 4, true);
    let slots = plot.panels.iter().map(|panel| panel.bars.len()).max();
    let slots = slots.unwrap_or(0).max(1);
    for (panel, place) in plot.panels.iter().zip(places) {
        let up = up.moved(place.bottom(), place.top);
        let slot = place.width / slots as f64;
        // A label needs about 34 units.
        let every = (34.0 / slot).ceil().max(1.0) as usize;
        let labels: Vec<_> = (0..slots)
            .filter(|index| {
                let last = index + 1 == slots;
                (index % every == 0 && (last || slots - 1 - index >= every || !plot.open_end))
                    || (last && plot.open_end)
            })
            .map(|index| {
                let x = place.left + (index as f64 + 0.5) * slot;
                (x, label(plot, index, slots))
            })
            .collect();
        let ticks: Vec<_> = up
            .ticks()
            .into_iter()
            .map(|(value, label)| (up.place(value), label))
            .collect();
        panels::frame(canvas, place, (&panel.title, &panel.note), &labels, &ticks);
        for (index, &height) in panel.bars.iter().enumerate().filter(|bar| *bar.1 > 0.0) {
            let y = up.place(height);
            // A bar that is not zero is at least one unit high.
            let y = y.min(place.bottom() - 1.0);
            canvas.bar(
                (place.left + index as f64 * slot + slot * 0.08, y),
                (slot * 0.84, place.bottom() - y),
                &fill(panel.series),
                &format!("{}: {} %", label(plot, index, slots), number::short(height)),
            );
        }
    }
    panels::axis_names(canvas, 20.0, &plot.y_label, &plot.x_label);
}

/// What a bar counts: `3`, `10–19`, `90+`.
fn label(plot: &Bars, index: usize, slots: usize) -> String {
    let from = plot.first + index as u64 * plot.width;
    if plot.open_end && index + 1 == slots {
        format!("{}+", number::whole(from))
    } else if plot.width == 1 {
        number::whole(from)
    } else {
        format!(
            "{}–{}",
            number::whole(from),
            number::whole(from + plot.width - 1)
        )
    }
}
