//! Values over time: a line per node, a panel per run, the same axes in all.

use std::fmt::Write;

use super::canvas::{Canvas, coordinate, stroke};
use super::panels;
use super::scale::Scale;
use crate::report::Lines;

pub(super) fn draw(canvas: &mut Canvas, plot: &Lines) {
    let lines = || plot.panels.iter().flat_map(|panel| &panel.lines);
    let drawn = |series| lines().any(|(of, points)| *of == series && !points.is_empty());
    let top = panels::legend(canvas, &plot.series, drawn);
    let places = panels::areas(plot.panels.len(), top);
    let Some(&first) = places.first() else {
        return;
    };
    let points = || {
        plot.panels
            .iter()
            .flat_map(|panel| &panel.lines)
            .flat_map(|(_, points)| points)
    };
    let high = points()
        .map(|point| point.1)
        .fold(plot.at_least.1, f64::max);
    let low = points()
        .map(|point| point.1)
        .fold(plot.at_least.0, f64::min);
    let up = Scale::new((low, high), (first.bottom(), first.top), 4, true);
    let (unit, factor) = time_unit(plot.end_s);
    let across = Scale::new(
        (0.0, plot.end_s * factor),
        (first.left, first.right()),
        if first.width > 500.0 { 9 } else { 5 },
        false,
    );
    for (panel, place) in plot.panels.iter().zip(places) {
        let up = up.moved(place.bottom(), place.top);
        let across = across.moved(place.left, place.right());
        let at = |scale: &Scale| -> Vec<(f64, String)> {
            scale
                .ticks()
                .into_iter()
                .map(|(value, label)| (scale.place(value), label))
                .collect()
        };
        if panel.left_out_s > 0.0 {
            let right = across.place(panel.left_out_s.min(plot.end_s) * factor);
            canvas.bar(
                (place.left, place.top),
                (right - place.left, place.height),
                "pr",
                "left out: warm-up",
            );
        }
        panels::frame(
            canvas,
            place,
            (&panel.title, &panel.note),
            &at(&across),
            &at(&up),
        );
        for (series, points) in &panel.lines {
            let data = trace(points, plot.step, |(time, value)| {
                (across.place(time * factor), up.place(value))
            });
            canvas.path(&data, &stroke(*series));
        }
    }
    panels::axis_names(canvas, top + 2.0, &plot.y_label, &format!("time [{unit}]"));
}

/// Path data through the points; with `step`, a value holds until the next point.
/// Points at the same coordinates are left out.
fn trace(points: &[(f64, f64)], step: bool, place: impl Fn((f64, f64)) -> (f64, f64)) -> String {
    let mut data = String::with_capacity(points.len() * 12);
    let mut last = (String::new(), String::new());
    for (index, &point) in points.iter().enumerate() {
        let (x, y) = place(point);
        let next = (coordinate(x), coordinate(y));
        if index == 0 {
            let _ = write!(data, "M{} {}", next.0, next.1);
        } else if step {
            // A value that stays is drawn up to its change, or to the last point.
            if next.1 == last.1 && index + 1 < points.len() {
                continue;
            }
            if next.0 != last.0 {
                let _ = write!(data, "H{}", next.0);
            }
            if next.1 != last.1 {
                let _ = write!(data, "V{}", next.1);
            }
        } else if next != last {
            let _ = write!(data, "L{} {}", next.0, next.1);
        }
        last = next;
    }
    data
}

/// A suitable unit for a span, and the number of units in a second.
pub(super) fn time_unit(end_s: f64) -> (&'static str, f64) {
    if end_s >= 3.0 * 3600.0 {
        ("h", 1.0 / 3600.0)
    } else if end_s >= 600.0 {
        ("min", 1.0 / 60.0)
    } else if end_s >= 1.0 || end_s <= 0.0 {
        ("s", 1.0)
    } else if end_s >= 1e-3 {
        ("ms", 1e3)
    } else {
        ("µs", 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_holds_is_one_horizontal_stroke() {
        let points = [(0.0, 1.0), (1.0, 1.0), (2.0, 3.0), (3.0, 3.0)];
        assert_eq!(trace(&points, true, |p| p), "M0 1H2V3H3");
        assert_eq!(trace(&points, false, |p| p), "M0 1L1 1L2 3L3 3");
        assert_eq!(trace(&[], true, |p| p), "");
    }
}
