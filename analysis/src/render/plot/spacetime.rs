//! A space-time diagram, after Lamport ("Time, Clocks, and the Ordering of
//! Events in a Distributed System", 1978, figure 1), turned so that time runs
//! to the right: a line per node, a dot per step, an arrow per message from
//! where it was sent to where it was handled.

use super::WIDTH;
use super::canvas::{Canvas, coordinate, fill, fit, stroke, text_width};
use super::lines::time_unit;
use super::panels;
use super::scale::Scale;
use crate::report::SpaceTime;

/// Distance between the lines of two nodes.
const LANE: f64 = 92.0;
/// Space above the first line.
const TOP: f64 = 44.0;
/// Space left of the lines, for the names.
const LEFT: f64 = 110.0;
/// Space right of the lines.
const RIGHT: f64 = 24.0;

pub(super) fn draw(canvas: &mut Canvas, plot: &SpaceTime) {
    let (unit, factor) = time_unit(plot.end_s);
    let across = Scale::new((0.0, plot.end_s * factor), (LEFT, WIDTH - RIGHT), 10, false);
    let x = |time_s: f64| across.place(time_s * factor);
    let y = |node: usize| TOP + node as f64 * LANE;
    let bottom = y(plot.nodes.len().saturating_sub(1)) + 34.0;

    for (value, label) in across.ticks() {
        let x = across.place(value);
        canvas.line((x, TOP - 24.0), (x, bottom), "pg");
        canvas.text(x, bottom + 15.0, "ps pm", &label);
    }
    canvas.reach(bottom + 20.0);
    for (node, name) in plot.nodes.iter().enumerate() {
        canvas.line((LEFT, y(node)), (WIDTH - RIGHT, y(node)), "pa");
        canvas.text(LEFT - 12.0, y(node) + 4.0, "pb pe", &fit(name, LEFT - 24.0));
    }
    for message in &plot.messages {
        let from = (x(message.sent_s), y(message.from));
        match message.handled_s {
            Some(handled) => arrow(canvas, from, (x(handled), y(message.to)), message.from),
            None => {
                // Not handled within the window: a short dotted line.
                let direction = (y(message.to) - from.1).signum();
                let to = (
                    (from.0 + 14.0).min(WIDTH - RIGHT),
                    from.1 + direction * 24.0,
                );
                canvas.line(from, to, &format!("{} pu", stroke(message.from)));
            }
        }
    }
    for step in &plot.steps {
        let radius = if step.label.is_some() { 3.6 } else { 1.8 };
        let (x, y) = (x(step.at_s), y(step.node));
        canvas.dot(x, y, radius, &fill(step.node));
        if step.receive {
            canvas.dot(x, y, 1.7, "bg");
        }
    }
    // Labels come last, left to right, with a halo; none overlaps another.
    let mut free = vec![f64::MIN; plot.nodes.len()];
    for step in &plot.steps {
        let Some(label) = &step.label else { continue };
        let (x, y) = (x(step.at_s), y(step.node));
        // Below the last line, where there are no arrows; else above and to the right,
        // so that the head of an arrow from above is visible.
        let below = step.node > 0 && step.node + 1 == plot.nodes.len();
        let width = text_width(label) + 2.0;
        let left = if below { x - width / 2.0 } else { x + 4.0 };
        if left >= free[step.node] {
            free[step.node] = left + width;
            if below {
                canvas.text_with_halo(x, y + 17.0, "ps pm", label);
            } else {
                canvas.text_with_halo(left, y - 6.0, "ps", label);
            }
        }
    }
    panels::axis_names(canvas, 14.0, "", &format!("time [{unit}]"));
}

/// A line that ends in an arrow head, short of the dot at its end.
pub(super) fn arrow(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64), series: usize) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).sqrt();
    if length < 1.0 {
        return;
    }
    let (ux, uy) = (dx / length, dy / length);
    let tip = (to.0 - ux * 4.5, to.1 - uy * 4.5);
    let base = (tip.0 - ux * 8.0, tip.1 - uy * 8.0);
    canvas.line(from, base, &format!("{} pw", stroke(series)));
    let corners = [
        tip,
        (base.0 - uy * 3.2, base.1 + ux * 3.2),
        (base.0 + uy * 3.2, base.1 - ux * 3.2),
    ]
    .map(|(x, y)| format!("{} {}", coordinate(x), coordinate(y)));
    canvas.path(&format!("M{}Z", corners.join("L")), &fill(series));
}
