//! The histogram of the jumps of the clocks.

use super::Drawn;
use crate::metrics::Histogram;
use crate::render::number;
use crate::report::{BarPanel, Bars, Figure, Plot};

/// Maximum number of bars of a histogram; a small panel has room for half.
const BARS: usize = 24;

impl Drawn<'_> {
    /// The histogram of the jumps of the clocks.
    pub fn jumps(&self) -> Option<Figure> {
        let names = self.names();
        let mut pooled: Vec<Histogram> = vec![Histogram::default(); names.len()];
        for (_, run) in self.runs {
            for (pool, node) in pooled.iter_mut().zip(&run.nodes) {
                pool.merge(&node.jumps);
            }
        }
        let counted = pooled.iter().filter(|pool| pool.count() > 0);
        let first = counted.clone().filter_map(Histogram::min).min()?;
        let greatest = counted.clone().filter_map(Histogram::max).max()?;
        // The last bar has all larger jumps, at most one in 200.
        let high = counted
            .filter_map(|pool| {
                let rank = (pool.count() * 199).div_ceil(200);
                pool.at_rank(rank).map(|bucket| bucket.ends().1)
            })
            .max()?;
        let slots = if names.len() > 1 { BARS / 2 } else { BARS } as u64;
        let width = round_up((high - first + 1).div_ceil(slots));
        let bars = ((high - first) / width + 1) as usize;
        let open_end = greatest >= first + width * bars as u64;
        let panels = names
            .iter()
            .zip(&pooled)
            .enumerate()
            .filter(|(_, (_, pool))| pool.count() > 0)
            .map(|(series, (name, pool))| {
                let mut heights = vec![0.0; bars];
                for (low, _, count) in pool.buckets() {
                    let bar = ((low.saturating_sub(first) / width) as usize).min(bars - 1);
                    heights[bar] += count as f64 * 100.0 / pool.count() as f64;
                }
                BarPanel {
                    title: name.clone(),
                    note: pool.mean().map_or(String::new(), |mean| {
                        format!(
                            "mean {}, greatest {}",
                            number::short(mean),
                            pool.max().map_or(String::new(), number::whole)
                        )
                    }),
                    series,
                    bars: heights,
                }
            })
            .collect();
        let runs = match self.runs {
            [(run, _)] => format!("run {run}"),
            [(first, _), .., (last, _)] if *last + 1 - *first == self.runs.len() as u64 => {
                format!("runs {first} to {last} together")
            }
            runs => format!("{} together", number::count(runs.len() as u64, "run")),
        };
        let plot = Plot::Bars(Bars {
            at_least: 0.0,
            x_label: "jump (clock values)".to_owned(),
            y_label: "share of the node's steps [%]".to_owned(),
            first,
            width,
            open_end,
            panels,
        });
        let caption = format!(
            "How far each node's `clock` went up from one step to the next, {runs}. A jump of 1 is the node's own counting; a larger one is a message from a clock that was ahead."
        );
        Some(self.figure("jumps", "How the clocks jump", caption, plot))
    }
}

/// The least of 1, 2, 5, 10, 20, ... that is at least `width`.
fn round_up(width: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step >= width {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_round() {
        let widths: Vec<_> = [0, 1, 2, 3, 6, 11, 300].map(round_up).into();
        assert_eq!(widths, [1, 1, 2, 5, 10, 20, 500]);
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
