//! The values of runs as distributions: a row of dots or a box for each group, or the share of
//! runs up to each value. A panel per metric, each with its own axis.

use std::fmt::Write;

use super::WIDTH;
use super::canvas::{Canvas, coordinate, coordinate_of, fill, fit, stroke, tenths};
use super::panels;
use super::scale::Scale;
use crate::render::number;
use crate::report::{Spread, SpreadGroup, SpreadKind, SpreadPanel};

const NAMES: f64 = 190.0;
const PITCH: f64 = 30.0;
const STEPS_HEIGHT: f64 = 220.0;
const DOT: f64 = 3.2;

pub(super) fn draw(canvas: &mut Canvas, plot: &Spread) {
    let mut top = 8.0;
    if plot.kind == SpreadKind::Steps {
        let names: Vec<String> = plot.groups.clone();
        top = panels::legend(canvas, &names, |_| true);
    }
    for panel in &plot.panels {
        let values = || panel.groups.iter().flat_map(|it| &it.runs).map(|it| it.1);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            continue;
        }
        let left = match plot.kind {
            SpreadKind::Steps => 60.0,
            _ => NAMES,
        };
        let height = match plot.kind {
            SpreadKind::Steps => STEPS_HEIGHT,
            _ => PITCH * panel.groups.len() as f64,
        };
        let body = top + 24.0;
        canvas.text(10.0, top + 12.0, "pb", &panel.title);
        let across = Scale::new((low, high), (left + 8.0, WIDTH - 24.0), 7, true);
        for (value, label) in across.ticks() {
            let x = across.place(value);
            canvas.line((x, body), (x, body + height), "pg");
            canvas.text(x, body + height + 16.0, "ps pm", &label);
        }
        match plot.kind {
            SpreadKind::Steps => steps(canvas, panel, (left, body), &across),
            kind => {
                for (at, group) in panel.groups.iter().enumerate() {
                    let y = body + (at as f64 + 0.5) * PITCH;
                    let name = fit(&plot.groups[at], left - 16.0);
                    canvas.text(left - 8.0, y + 4.0, "ps pe", &name);
                    match kind {
                        SpreadKind::Box => draw_box(canvas, group, at, y, &across),
                        _ => dots(canvas, group, at, y, &across),
                    }
                }
            }
        }
        top = body + height + 30.0;
        canvas.reach(top);
    }
}

fn mark(canvas: &mut Canvas, (run, value): (u64, f64), series: usize, place: (f64, f64)) {
    let about = format!("run {run}: {}", number::short(value));
    canvas.mark(place, DOT, &fill(series), &about, Some(run));
}

/// Dots that would cover each other go up and down from the middle of their row.
fn dots(canvas: &mut Canvas, group: &SpreadGroup, series: usize, y: f64, across: &Scale) {
    let mut taken: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
    for &(run, value) in &group.runs {
        let x = across.place(value);
        let level = taken.entry((x / (2.0 * DOT)).round() as i64).or_default();
        let away = f64::from(level.div_ceil(2)) * 2.0 * DOT;
        let away = if level.is_multiple_of(2) { away } else { -away };
        *level += 1;
        let limit = PITCH / 2.0 - DOT;
        mark(
            canvas,
            (run, value),
            series,
            (x, y + away.clamp(-limit, limit)),
        );
    }
}

/// The middle half, the median, whiskers within 1.5 widths of the box, and the runs beyond.
fn draw_box(canvas: &mut Canvas, group: &SpreadGroup, series: usize, y: f64, across: &Scale) {
    let mut sorted: Vec<f64> = group.runs.iter().map(|it| it.1).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return;
    };
    let (low, high) = (sorted[last / 4], sorted[last - last / 4]);
    let median = 0.5 * (sorted[last / 2] + sorted[last.div_ceil(2)]);
    let reach = 1.5 * (high - low);
    let is_near = |value: f64| value >= low - reach && value <= high + reach;
    let near: Vec<f64> = sorted.iter().copied().filter(|&it| is_near(it)).collect();
    let class = stroke(series);
    let (left, right) = (across.place(low), across.place(high));
    let ends = (near.first(), near.last());
    if let (Some(&first), Some(&last)) = ends {
        canvas.line((across.place(first), y), (left, y), &class);
        canvas.line((right, y), (across.place(last), y), &class);
    }
    let (top, bottom) = (coordinate(y - 9.0), coordinate(y + 9.0));
    let (from, to) = (coordinate(left), coordinate(right.max(left + 1.0)));
    canvas.path(&format!("M{from} {top}H{to}V{bottom}H{from}Z"), &class);
    let x = across.place(median);
    canvas.line((x, y - 9.0), (x, y + 9.0), "pk");
    for &(run, value) in group.runs.iter().filter(|it| !is_near(it.1)) {
        mark(canvas, (run, value), series, (across.place(value), y));
    }
}

/// The empirical distribution of each group.
fn steps(canvas: &mut Canvas, panel: &SpreadPanel, (left, top): (f64, f64), across: &Scale) {
    let up = Scale::new((0.0, 100.0), (top + STEPS_HEIGHT, top), 4, true);
    for (share, label) in up.ticks() {
        canvas.line(
            (left, up.place(share)),
            (WIDTH - 24.0, up.place(share)),
            "pg",
        );
        canvas.text(
            left - 6.0,
            up.place(share) + 4.0,
            "ps pe",
            &format!("{label} %"),
        );
    }
    for (series, group) in panel.groups.iter().enumerate() {
        let mut sorted: Vec<f64> = group.runs.iter().map(|it| it.1).collect();
        sorted.sort_by(f64::total_cmp);
        let mut data = format!("M{} {}", coordinate(left), coordinate(up.place(0.0)));
        let mut last = String::new();
        let mut steps = (1u32..)
            .zip(sorted.iter().map(|&it| tenths(across.place(it))))
            .peekable();
        while let Some((count, x)) = steps.next() {
            // Steps within a tenth of a unit cannot be told apart: the last one is drawn.
            if steps.peek().is_some_and(|next| next.1 == x) {
                continue;
            }
            let share = 100.0 * f64::from(count) / sorted.len() as f64;
            let y = coordinate(up.place(share));
            let _ = write!(data, "H{}V{y}", coordinate_of(x));
            last = y;
        }
        if !last.is_empty() {
            let _ = write!(data, "H{}", coordinate(WIDTH - 24.0));
        }
        canvas.path(&data, &stroke(series));
    }
}
