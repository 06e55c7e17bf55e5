//! The options of `why`.

use std::path::PathBuf;

use clap::Args;

use super::ColorOption;

/// Options of `why`.
///
/// Prints the steps that happened before a record and could have had a part in it, nearest
/// first, and draws them. Without NODE:STEP it begins with the records that prove the first
/// failure.
#[derive(Args, Debug)]
pub struct WhyOptions {
    /// A folder of results, with logs
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// Records to begin with: machine-1:12 is the 12th step of machine-1
    #[arg(value_name = "NODE:STEP")]
    pub places: Vec<String>,
    /// The same, as an option
    #[arg(long, value_name = "NODE:STEP")]
    pub at: Vec<String>,
    /// The run, by its number in the whole plan; default: the first that failed
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub run: Option<u32>,
    /// Which failure, if there are several: a part of its text; default: the first
    #[arg(long, value_name = "NAME", conflicts_with_all = ["places", "at"])]
    pub check: Option<String>,
    /// Print so many lines, the nearest
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = super::count)]
    pub limit: u32,
    /// Print all lines
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Measure how likely the failure was at each time of the run: repeat it up to a time, and let
    /// other random numbers decide from then on
    #[arg(long, conflicts_with_all = ["places", "at", "limit", "all"])]
    pub odds: bool,
    /// With --odds: number of times that are measured
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = super::count, requires = "odds")]
    pub points: u32,
    /// With --odds: number of runs at each time
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = super::count, requires = "odds")]
    pub samples: u32,
    /// With --odds: runs side by side; default: one per core. The result does not depend on it
    #[arg(long, short, value_name = "N", value_parser = super::count, requires = "odds")]
    pub jobs: Option<u32>,
    /// With --odds: folder to search for plugins first
    #[arg(long, value_name = "DIR", requires = "odds")]
    pub plugin_path: Vec<PathBuf>,
    /// The picture to write (SVG); default: why/run-NNNN.svg in the results, with --odds
    /// why/odds-NNNN.svg, and a table beside it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}
