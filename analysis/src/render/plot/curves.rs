//! A metric over an axis of the matrix, with intervals: a line per value of a second axis, a
//! panel per value of a third, the same axes in all.

use std::fmt::Write;

use super::canvas::{Canvas, coordinate, fill, fit, stroke, text_width};
use super::panels;
use super::scale::Scale;
use crate::report::{CurvePoint, Curves};

pub(super) fn draw(canvas: &mut Canvas, plot: &Curves) {
    let top = match plot.series.len() {
        0 | 1 => 16.0,
        _ => panels::legend(canvas, &plot.series, |_| true),
    };
    let places = panels::areas(plot.panels.len(), top);
    let Some(&first) = places.first() else {
        return;
    };
    let points = || {
        let lines = plot.panels.iter().flat_map(|it| &it.lines);
        lines.flatten().flatten()
    };
    let ends = points().flat_map(|it| {
        let (low, high) = it.interval.unwrap_or((it.value, it.value));
        [it.value, low, high]
    });
    let low = ends.clone().fold(f64::INFINITY, f64::min);
    let high = ends.fold(f64::NEG_INFINITY, f64::max);
    // From 0, if that is near.
    let low = if low > 0.0 && low < high / 2.0 {
        0.0
    } else {
        low
    };
    let up = Scale::new((low, high), (first.bottom(), first.top), 4, true);
    for (panel, place) in plot.panels.iter().zip(places) {
        let up = up.moved(place.bottom(), place.top);
        let slot = place.width / plot.x.len().max(1) as f64;
        let x_of = |at: usize| place.left + (at as f64 + 0.5) * slot;
        let mut free = f64::NEG_INFINITY;
        let mut across = Vec::new();
        for (at, name) in plot.x.iter().enumerate() {
            let name = fit(name, slot.max(60.0));
            let half = text_width(&name) / 2.0;
            if x_of(at) - half >= free {
                free = x_of(at) + half + 6.0;
                across.push((x_of(at), name));
            }
        }
        let ticks = up.ticks().into_iter();
        let ticks: Vec<_> = ticks
            .map(|(value, label)| (up.place(value), label))
            .collect();
        panels::frame(canvas, place, (&panel.title, ""), &across, &ticks);
        let count = panel.lines.len();
        for (series, line) in panel.lines.iter().enumerate() {
            // A little apart, so that intervals do not cover each other.
            let apart = (slot * 0.6 / count.max(1) as f64).min(6.0);
            let shift = (series as f64 - (count as f64 - 1.0) / 2.0) * apart;
            draw_line(canvas, series, line, |at| x_of(at) + shift, &up);
        }
    }
    panels::axis_names(canvas, top + 2.0, &plot.y_label, &plot.x_label);
}

fn draw_line(
    canvas: &mut Canvas,
    series: usize,
    line: &[Option<CurvePoint>],
    x_of: impl Fn(usize) -> f64,
    up: &Scale,
) {
    let mut data = String::new();
    let mut is_joined = false;
    for (at, point) in line.iter().enumerate() {
        if let Some(point) = point {
            let begin = if is_joined { 'L' } else { 'M' };
            let (x, y) = (coordinate(x_of(at)), coordinate(up.place(point.value)));
            let _ = write!(data, "{begin}{x} {y}");
        }
        is_joined = point.is_some();
    }
    if !data.is_empty() {
        canvas.path(&data, &stroke(series));
    }
    for (at, point) in line.iter().enumerate() {
        let Some(point) = point else { continue };
        if let Some((low, high)) = point.interval {
            let ends = (up.place(low), up.place(high));
            canvas.line((x_of(at), ends.0), (x_of(at), ends.1), &stroke(series));
        }
        canvas.mark(
            (x_of(at), up.place(point.value)),
            4.0,
            &fill(series),
            &point.about,
            None,
        );
    }
}
