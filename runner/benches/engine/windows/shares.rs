//! What of a run of the engine two cores could share.
//!
//! A run is the engine and the plugin, and what takes the records. Bounds are measured, not
//! built: two runs of half the machines side by side are a run in two parts that never meet.
//! All are processor times, so that they say what there would be with two free cores.
//!
//! The records can also be taken by a second thread while the engine goes on: then the order of
//! events is that of one engine, whatever the latency is. That is built here ([`Relay`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use analysis::log::{Columns, Row, RunSchema};
use base::time::SimTime;
use engine::sink::{NoSink, Sink};

use super::processor_time;
use super::table::sized;
use crate::model::{self, Plugin, Size};
use crate::records::{self, Metrics};

/// Prints the table.
///
/// # Panics
/// If the second thread has other records than the first.
pub fn print(plugin: &Plugin, quick: bool, rounds: usize) {
    println!(
        "two cores: one run of the engine with metrics / what two cores could make of it, latency uniform 10 to 50 ms"
    );
    println!(
        "   nodes      events   engine [ns/event]   metrics   engine cut   both cut   metrics on a second thread   engine alone, cut"
    );
    let sizes = match quick {
        true => [sized(1_000, 100), sized(100_000, 5)],
        false => [sized(1_000, 400), sized(100_000, 10)],
    };
    for size in &sizes {
        let least = |measured: &dyn Fn() -> Duration| {
            let all = (0..rounds).map(|_| measured().as_secs_f64());
            all.fold(f64::INFINITY, f64::min)
        };
        let schema = Arc::new(records::schema(plugin, size));
        let half = Size {
            nodes: size.nodes / 2,
            ..*size
        };
        let halves = Arc::new(records::schema(plugin, &half));
        let expected = {
            let mut run = plugin.prepare(size, 1, Metrics::new(&schema));
            let outcome = model::go(&mut run, size);
            (outcome.events, run.into_sink().rows())
        };
        let engine = least(&|| alone(plugin, size, NoSink));
        let whole = least(&|| alone(plugin, size, Metrics::new(&schema)));
        let engine_cut = least(&|| side_by_side(plugin, &half, || NoSink));
        let both_cut = least(&|| side_by_side(plugin, &half, || Metrics::new(&halves)));
        let relayed = least(&|| {
            let (rows, time) = relayed(plugin, size, &schema);
            assert_eq!(rows, expected.1, "all rows come to the second thread");
            time
        });
        let metrics = whole - engine;
        let ns = |seconds: f64| seconds * 1e9 / expected.0 as f64;
        println!(
            "{:>8}  {:>10}   {:>17.1}   {:>7.1}   {:>10.2}   {:>8.2}   {:>26.2}   {:>17.2}",
            size.nodes,
            expected.0,
            ns(engine),
            ns(metrics),
            whole / (engine_cut + metrics),
            whole / both_cut,
            whole / relayed,
            engine / engine_cut,
        );
    }
    println!();
}

/// The processor time of one run.
fn alone<S: Sink>(plugin: &Plugin, size: &Size, sink: S) -> Duration {
    let begin = processor_time();
    let mut run = plugin.prepare(size, 1, sink);
    model::go(&mut run, size);
    processor_time() - begin
}

/// The processor time of the longer of two runs side by side.
fn side_by_side<S: Sink>(
    plugin: &Plugin,
    size: &Size,
    sink: impl Fn() -> S + Copy + Send,
) -> Duration {
    std::thread::scope(|scope| {
        let other = scope.spawn(move || alone(plugin, size, sink()));
        let one = alone(plugin, size, sink());
        one.max(other.join().expect("the other run ends"))
    })
}

/// A run whose records a second thread takes: the number of rows, and the processor time of the
/// longer thread.
fn relayed(plugin: &Plugin, size: &Size, schema: &RunSchema) -> (u64, Duration) {
    let (to_metrics, batches) = sync_channel(BATCHES);
    let (back, used) = channel();
    std::thread::scope(|scope| {
        let taker = scope.spawn(move || {
            let begin = processor_time();
            let mut metrics = Metrics::new(schema);
            for batch in batches {
                let mut batch: Batch = batch;
                batch.hand_to(&mut metrics);
                // The engine may have ended.
                let _ = back.send(batch);
            }
            (metrics.rows(), processor_time() - begin)
        });
        let sink = Relay {
            batch: Batch::default(),
            to_metrics,
            used,
        };
        let begin = processor_time();
        let mut run = plugin.prepare(size, 1, sink);
        model::go(&mut run, size);
        run.into_sink().hand_over();
        let engine = processor_time() - begin;
        let (rows, metrics) = taker.join().expect("the metrics are taken");
        (rows, engine.max(metrics))
    })
}

/// Rows in a batch: its memory fits into the near caches. Chosen, not tuned.
const ROWS: usize = 2_048;
/// Batches that wait at most.
const BATCHES: usize = 4;

/// Copies rows for a second thread.
struct Relay {
    batch: Batch,
    to_metrics: SyncSender<Batch>,
    /// Batches to be filled again.
    used: Receiver<Batch>,
}

/// Rows, with copies of their columns. The machines have no columns of text.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    present: Vec<u64>,
    cells: Vec<u64>,
    /// Number of cells of each row.
    width: usize,
}

impl Relay {
    fn hand_over(&mut self) {
        let next = self.used.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, next);
        self.to_metrics.send(full).expect("the metrics are taken");
    }
}

impl Batch {
    /// Hands all rows to a sink.
    fn hand_to(&mut self, sink: &mut impl Sink) {
        let cells = self.cells.chunks(self.width.max(1));
        for ((row, &present), cells) in self.rows.iter().zip(&self.present).zip(cells) {
            let texts = &[];
            let columns = Columns {
                present,
                cells,
                texts,
            };
            sink.row(row, &columns);
        }
        self.rows.clear();
        self.present.clear();
        self.cells.clear();
    }
}

impl Sink for Relay {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        let batch = &mut self.batch;
        batch.rows.push(*row);
        batch.present.push(columns.present);
        batch.cells.extend_from_slice(columns.cells);
        batch.width = columns.cells.len();
        if batch.rows.len() == ROWS {
            self.hand_over();
        }
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}
