//! Runs that write CSV logs beside their metrics, and plain writes of the same bytes into as
//! many files.
//!
//! On ext4 a file that is created looks for an inode that was not freed within the last
//! minutes, one after the other. So no file of this table is removed before its end: after
//! 1,000 files were removed, creating 1,000 takes half a second, plainly or not.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analysis::log::{Columns, CombinedLog, NodeLogs, Row, RunSchema, Written};
use base::time::SimTime;
use engine::sink::Sink;

use crate::measure::{in_turns, timed};
use crate::model::{self, Plugin, Size};
use crate::records::{self, Metrics};

/// Computes metrics and writes logs.
struct MetricsAndLogs<L> {
    metrics: Metrics,
    logs: L,
}

/// Logs in one of their layouts.
trait Logs: 'static {
    /// Logs in an existing folder.
    fn create(folder: &Path, schema: &RunSchema) -> Self;
    /// Writes a row.
    fn row(&mut self, row: &Row, columns: &Columns<'_>);
    /// Writes what is buffered; returns the files.
    fn finish(self) -> anyhow::Result<Vec<Written>>;
}

impl Logs for NodeLogs {
    fn create(folder: &Path, schema: &RunSchema) -> NodeLogs {
        NodeLogs::create(folder, schema)
    }

    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.row(row, columns);
    }

    fn finish(self) -> anyhow::Result<Vec<Written>> {
        Ok(self.finish_files()?)
    }
}

impl Logs for CombinedLog {
    fn create(folder: &Path, schema: &RunSchema) -> CombinedLog {
        CombinedLog::create(folder, schema)
    }

    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.row(row, columns);
    }

    fn finish(self) -> anyhow::Result<Vec<Written>> {
        Ok(vec![self.finish_file()?])
    }
}

impl<L: Logs> Sink for MetricsAndLogs<L> {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.metrics.row(row, columns);
        self.logs.row(row, columns);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

/// Prints the table.
pub fn table(plugin: &Plugin, sizes: &[Size], rounds: usize) -> anyhow::Result<()> {
    println!(
        "logs: what they cost beside metrics [ns/row]; as a multiple of plain writes of the same bytes into as many files (target at most 1.5); and the same of the whole run, against metrics and plain writes"
    );
    println!(
        "   nodes        rows     MB   metrics   log per node         whole   plainly   one log         whole   plainly"
    );
    for size in sizes {
        let schema = records::schema(plugin, size);
        let lab = Lab::new()?;
        let (files, rows, _) = lab.logged::<NodeLogs>(plugin, size, &schema)?;
        let (file, _, _) = lab.logged::<CombinedLog>(plugin, size, &schema)?;
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let written = "logs are written";
        let times = in_turns(
            rounds,
            [
                &mut || {
                    let mut run = plugin.prepare(size, 1, Metrics::new(&schema));
                    timed(|| model::go(&mut run, size)).1
                },
                &mut || {
                    let logged = lab.logged::<NodeLogs>(plugin, size, &schema);
                    logged.expect(written).2
                },
                &mut || lab.plainly(&files).expect(written),
                &mut || {
                    let logged = lab.logged::<CombinedLog>(plugin, size, &schema);
                    logged.expect(written).2
                },
                &mut || lab.plainly(&file).expect(written),
            ],
        );
        let ns = |thing| times.seconds(thing) * 1e9 / rows as f64;
        let cells = |logged: usize, plainly: usize| {
            let ratio = times.median_of(|t| (t[logged] - t[0]) / t[plainly]);
            let whole = times.median_of(|t| t[logged] / (t[0] + t[plainly]));
            format!(
                "{:>6.1} ({ratio:>5.2})   {:>6.1} ({whole:.2})   {:>6.1}",
                ns(logged) - ns(0),
                ns(logged),
                ns(plainly)
            )
        };
        println!(
            "{:>8}  {rows:>10}  {:>5}   {:>7.1}   {}   {}",
            size.nodes,
            bytes / 1_000_000,
            ns(0),
            cells(1, 2),
            cells(3, 4),
        );
    }
    println!();
    Ok(())
}

/// A folder in which each measurement has a new one.
struct Lab {
    folder: tempfile::TempDir,
    next: Cell<u32>,
}

impl Lab {
    fn new() -> anyhow::Result<Lab> {
        Ok(Lab {
            // On the disk of the build, because `/tmp` may be memory.
            folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
            next: Cell::new(0),
        })
    }

    fn fresh(&self) -> anyhow::Result<PathBuf> {
        let number = self.next.get();
        self.next.set(number + 1);
        let path = self.folder.path().join(number.to_string());
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// A run with metrics and logs: its files, the number of rows, and the time until the
    /// last byte was handed to the system.
    fn logged<L: Logs>(
        &self,
        plugin: &Plugin,
        size: &Size,
        schema: &RunSchema,
    ) -> anyhow::Result<(Vec<Written>, u64, Duration)> {
        let sink = MetricsAndLogs {
            metrics: Metrics::new(schema),
            logs: L::create(&self.fresh()?, schema),
        };
        let mut run = plugin.prepare(size, 1, sink);
        let (_, gone) = timed(|| model::go(&mut run, size));
        let sink = run.into_sink();
        let rows = sink.metrics.rows();
        let (files, finished) = timed(|| sink.logs.finish());
        Ok((files?, rows, gone + finished))
    }

    /// Writes as many bytes into files of these names, in blocks of the same size as those of
    /// logs: the time that the system needs without the runner.
    fn plainly(&self, files: &[Written]) -> anyhow::Result<Duration> {
        let folder = self.fresh()?;
        let block = vec![b'7'; 256 << 10];
        let (written, time) = timed(|| {
            for wanted in files {
                let mut file = File::create(folder.join(&wanted.name))?;
                let mut left = wanted.bytes;
                while left > 0 {
                    let now = left.min(block.len() as u64);
                    file.write_all(&block[..now as usize])?;
                    left -= now;
                }
            }
            std::io::Result::Ok(())
        });
        written?;
        Ok(time)
    }
}
