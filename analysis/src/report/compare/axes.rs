//! The same axes in the plots of all plans: what is higher in one plot is more.

use std::collections::BTreeMap;

use crate::report::{Figure, Plot};

/// What the axes of plots have in common.
#[derive(Clone, Copy, Default)]
struct Axes {
    low: f64,
    high: f64,
    end_s: f64,
}

/// Gives all plots of a section that show the same quantity the same axes.
pub(super) fn share(figures: &mut [Figure]) {
    let mut all: BTreeMap<String, Axes> = BTreeMap::new();
    for figure in figures.iter() {
        let axes = all.entry(quantity(&figure.plot)).or_default();
        match &figure.plot {
            Plot::Lines(lines) => {
                let lines_of = lines.panels.iter().flat_map(|panel| &panel.lines);
                for (_, value) in lines_of.flat_map(|(_, points)| points) {
                    axes.low = axes.low.min(*value);
                    axes.high = axes.high.max(*value);
                }
                axes.end_s = axes.end_s.max(lines.end_s);
            }
            Plot::Bars(bars) => {
                let heights = bars.panels.iter().flat_map(|panel| &panel.bars);
                axes.high = heights.copied().fold(axes.high, f64::max);
            }
            _ => {}
        }
    }
    for figure in figures {
        let axes = all
            .get(&quantity(&figure.plot))
            .copied()
            .unwrap_or_default();
        match &mut figure.plot {
            Plot::Lines(lines) => {
                lines.at_least = (axes.low, axes.high);
                lines.end_s = axes.end_s;
            }
            Plot::Bars(bars) => bars.at_least = axes.high,
            _ => {}
        }
    }
}

/// What a plot shows: only plots of the same can have the same axes.
fn quantity(plot: &Plot) -> String {
    match plot {
        Plot::Lines(lines) => format!("lines of {}", lines.y_label),
        Plot::Bars(bars) => format!("bars of {} over {}", bars.y_label, bars.x_label),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{LinePanel, Lines};

    fn figure(y_label: &str, end_s: f64, values: &[f64]) -> Figure {
        let points = values.iter().map(|value| (0.0, *value)).collect();
        Figure {
            stem: String::new(),
            title: String::new(),
            caption: String::new(),
            plot: Plot::Lines(Lines {
                y_label: y_label.to_owned(),
                end_s,
                panels: vec![LinePanel {
                    lines: vec![(0, points)],
                    ..LinePanel::default()
                }],
                ..Lines::default()
            }),
        }
    }

    #[test]
    fn plots_of_one_quantity_have_the_axes_of_the_largest() {
        let mut figures = [
            figure("clock", 5.0, &[1.0, 70.0]),
            figure("clock", 60.0, &[-2.0, 3.0]),
            figure("queue", 9.0, &[4.0]),
        ];
        share(&mut figures);
        let axes = figures.map(|figure| match figure.plot {
            Plot::Lines(lines) => (lines.at_least, lines.end_s),
            _ => unreachable!("all are lines"),
        });
        let clock = ((-2.0, 70.0), 60.0);
        assert_eq!(axes, [clock, clock, ((0.0, 4.0), 9.0)]);
    }
}
