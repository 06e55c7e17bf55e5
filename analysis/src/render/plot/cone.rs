//! The causal past of a record as a space-time diagram; its steps have equal distances.

use super::WIDTH;
use super::canvas::{Canvas, fill, fit, stroke, text_width};
use super::spacetime::arrow;
use crate::causes::{Cone, ConePanel};

/// Distance between the lines of two nodes.
const LANE: f64 = 46.0;
/// Space above the first line of a panel.
const HEAD: f64 = 62.0;
/// Space below the last line of a panel.
const FOOT: f64 = 44.0;
/// Space left of the lines, for the names.
const LEFT: f64 = 120.0;
/// Space right of the lines.
const RIGHT: f64 = 30.0;

pub(super) fn draw(canvas: &mut Canvas, cone: &Cone) {
    let mut top = 8.0;
    for panel in &cone.panels {
        top = draw_panel(canvas, panel, top);
    }
    canvas.reach(top);
}

/// Draws a panel from `top` down, and returns where it ends.
fn draw_panel(canvas: &mut Canvas, panel: &ConePanel, top: f64) -> f64 {
    canvas.text(16.0, top + 16.0, "pb", &fit(&panel.title, WIDTH - 32.0));
    canvas.text(16.0, top + 32.0, "ps", &fit(&panel.note, WIDTH - 32.0));
    let columns = panel.times.len().max(1);
    let width = (WIDTH - LEFT - RIGHT) / columns as f64;
    let x = |column: usize| LEFT + (column as f64 + 0.5) * width;
    let y = |node: usize| top + HEAD + node as f64 * LANE;
    let bottom = y(panel.nodes.len().saturating_sub(1)) + 18.0;
    let mut free = f64::MIN;
    // From the right: the time of the last step is always there.
    let mut labels = Vec::new();
    for (column, time) in panel.times.iter().enumerate().rev() {
        let half = text_width(time) / 2.0;
        let center = x(column).min(WIDTH - 8.0 - half);
        if labels.is_empty() || center + half + 10.0 < free {
            free = center - half;
            labels.push((column, center, time));
        }
    }
    for (column, center, time) in labels {
        canvas.line((x(column), top + HEAD - 14.0), (x(column), bottom), "pg");
        canvas.text(center, bottom + 15.0, "ps pm", time);
    }
    for (node, name) in panel.nodes.iter().enumerate() {
        canvas.line((LEFT, y(node)), (WIDTH - RIGHT, y(node)), "pa");
        canvas.text(LEFT - 12.0, y(node) + 4.0, "pb pe", &fit(name, LEFT - 24.0));
    }
    for it in &panel.arrows {
        let to = (x(it.to.0), y(it.to.1));
        match (it.from, it.sender) {
            (Some((column, node)), _) => arrow(canvas, (x(column), y(node)), to, node),
            // Sent further back than the picture.
            (None, sender) => {
                let up = sender.is_some_and(|sender| sender < it.to.1);
                let rise = if up { -20.0 } else { 20.0 };
                let series = sender.unwrap_or(it.to.1);
                canvas.line(
                    (to.0 - 14.0, to.1 + rise),
                    to,
                    &format!("{} pu", stroke(series)),
                );
            }
        }
    }
    let radius = (width * 0.3).clamp(1.6, 4.2);
    for mark in &panel.marks {
        let (x, y) = (x(mark.column), y(mark.node));
        if mark.folded > 0 {
            canvas.bar((x - radius, y - 1.5), (2.0 * radius, 3.0), "pr", &mark.tip);
            continue;
        }
        if mark.target {
            canvas.dot(x, y, radius + 4.0, "f1");
            canvas.dot(x, y, radius + 2.0, "bg");
        }
        canvas.tipped_dot((x, y), radius, &fill(mark.node), &mark.tip);
        if mark.receive {
            canvas.dot(x, y, radius * 0.45, "bg");
        }
    }
    let mut free = vec![f64::MAX; panel.nodes.len()];
    for mark in panel.marks.iter().rev() {
        let label = fit(&mark.label, 220.0);
        let width = text_width(&label);
        let end = (x(mark.column) + width / 2.0).min(WIDTH - 8.0);
        if !label.is_empty() && end < free[mark.node] {
            free[mark.node] = end - width - 6.0;
            canvas.text_with_halo(end, y(mark.node) - 9.0, "ps pe", &label);
        }
    }
    bottom + FOOT
}
