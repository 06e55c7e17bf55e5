//! Small multiples: a legend, then panels of equal size in rows, each with a
//! heading, all on the same scale.

use super::WIDTH;
use super::canvas::{Canvas, fit, stroke, text_width};

/// Space for the labels of the vertical axis.
const LEFT: f64 = 52.0;
/// Space at the right, so that the last label of an axis is whole.
const RIGHT: f64 = 18.0;
/// Space between panels for the next one's labels.
const GAP: f64 = 46.0;
/// Space above a panel for its heading and note.
const HEAD: f64 = 40.0;
/// Space below a panel for the labels of the horizontal axis.
const FOOT: f64 = 24.0;

/// A panel's place: the rectangle inside its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PanelArea {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl PanelArea {
    pub fn right(self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// The places of `count` panels, from `top` down.
pub(super) fn areas(count: usize, top: f64) -> Vec<PanelArea> {
    let columns = match count {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let height = [270.0, 200.0, 160.0][columns - 1];
    let gaps = GAP * (columns - 1) as f64;
    let width = (WIDTH - LEFT - RIGHT - gaps) / columns as f64;
    (0..count)
        .map(|index| PanelArea {
            left: LEFT + (index % columns) as f64 * (width + GAP),
            top: top + HEAD + (index / columns) as f64 * (HEAD + height + FOOT),
            width,
            height,
        })
        .collect()
}

/// The heading, note, horizontal rules and labels of both axes of a panel.
pub(super) fn frame(
    canvas: &mut Canvas,
    place: PanelArea,
    (title, note): (&str, &str),
    across: &[(f64, String)],
    up: &[(f64, String)],
) {
    for (y, label) in up {
        canvas.line((place.left, *y), (place.right(), *y), "pg");
        canvas.text(place.left - 6.0, y + 4.0, "ps pe", label);
    }
    canvas.line(
        (place.left, place.bottom()),
        (place.right(), place.bottom()),
        "pa",
    );
    for (x, label) in across {
        canvas.line((*x, place.bottom()), (*x, place.bottom() + 4.0), "pa");
        canvas.text(*x, place.bottom() + 17.0, "ps pm", label);
    }
    let title = fit(title, place.width);
    canvas.text(place.left, place.top - 12.0, "pb", &title);
    let used = text_width(&title) * 1.12 + 10.0;
    canvas.text(
        place.right(),
        place.top - 12.0,
        "ps pe",
        &fit(note, place.width - used),
    );
    canvas.reach(place.bottom() + FOOT);
}

/// The names of the two axes: the vertical one's above the panels, the
/// horizontal one's below.
pub(super) fn axis_names(canvas: &mut Canvas, top: f64, y_label: &str, x_label: &str) {
    if !y_label.is_empty() {
        canvas.text(10.0, top, "ps", &format!("↑ {y_label}"));
    }
    let bottom = canvas.height() + 14.0;
    canvas.text(WIDTH - RIGHT, bottom, "ps pe", &format!("{x_label} →"));
    canvas.reach(bottom + 10.0);
}

/// The names of the series that are `drawn`, with a sample of each; the space below it begins
/// at the returned height.
pub(super) fn legend(canvas: &mut Canvas, names: &[String], drawn: impl Fn(usize) -> bool) -> f64 {
    let (mut x, mut y) = (10.0, 20.0);
    let names = names.iter().enumerate();
    for (series, name) in names.filter(|(series, _)| drawn(*series)) {
        let name = fit(name, 240.0);
        let width = 28.0 + text_width(&name) * 1.06 + 14.0;
        if x + width > WIDTH - RIGHT && x > 10.0 {
            (x, y) = (10.0, y + 20.0);
        }
        canvas.line((x, y - 4.0), (x + 22.0, y - 4.0), &stroke(series));
        canvas.text(x + 28.0, y, "", &name);
        x += width;
    }
    canvas.reach(y);
    y + 22.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_stay_on_the_page_and_apart() {
        for count in 1..=9 {
            let places = areas(count, 30.0);
            assert_eq!(places.len(), count);
            for (index, place) in places.iter().enumerate() {
                assert!(place.left >= LEFT && place.right() <= WIDTH - RIGHT + 1e-9);
                for other in &places[..index] {
                    assert!(
                        other.right() + LEFT / 2.0 < place.left
                            || other.bottom() + FOOT <= place.top - HEAD + 1e-9
                            || place.right() < other.left
                    );
                }
            }
        }
    }
}
