//! The options of `diff`.

use std::path::PathBuf;

use clap::Args;

use super::ColorOption;

/// Options of `diff`.
///
/// Compares what happened in each node, record by record: two runs of one plan, or of two plans
/// (another seed, config, or build of a plugin). Times are not compared, but told. Exit code 0:
/// nothing differs; 1: they differ.
#[derive(Args, Debug)]
pub struct DiffOptions {
    /// A folder of results and the number of a run: results/lab/latest:3. Without a number: the
    /// only run, or the first that failed
    #[arg(value_name = "RESULTS:RUN")]
    pub first: String,
    /// The other run; :4 is run 4 of the same results
    #[arg(value_name = "RESULTS:RUN")]
    pub second: String,
    /// Print so many lines of what led to the difference, the nearest
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = super::count)]
    pub limit: u32,
    /// The picture to write (SVG); default: why/diff-NNNN-NNNN.svg in the first results
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}
