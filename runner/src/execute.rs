//! Executes a plan: workers run whole runs side by side, one per core.
//!
//! A worker takes the next run from the `queue`, runs it in its
//! [`Session`], adds it to the journal (`commit`), and sends the result to the
//! calling thread. That thread puts the results into the order of the plan
//! (`in_order`), together with results of an earlier process, and writes the
//! tables. So the number of workers changes the duration, and nothing else.

mod batches;
mod commit;
mod in_order;
mod queue;
mod stuck;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use analysis::results::Judgement;
use crossbeam::channel::{self, Receiver, RecvTimeoutError, Sender};

use batches::Batches;
use commit::commit;
use in_order::InOrder;
use queue::Queue;
use stuck::Stuck;

use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::journal::Journal;
use crate::results::open::OpenResults;
use crate::results::run_result::RunResult;
use crate::results::writer::FLUSH_EVERY;
use crate::session::timeout::{Limits, RunTimer, watch};
use crate::session::{self, RunError, Session};

/// How to execute a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of workers, at least 1.
    pub jobs: usize,
    /// Whether to begin no run after a run that failed.
    pub fail_fast: bool,
    /// Whether the runs are a shard of the plan.
    pub is_part: bool,
    /// How to run each run.
    pub session: session::Options,
}

/// Something that happens while a plan is executed.
#[derive(Debug)]
pub enum Happening<'a> {
    /// These runs are to be done. `look` says what the runs before have come to, if they
    /// were looked at.
    Scheduled {
        /// The runs.
        runs: &'a [RunSpec],
        /// How narrow the interval is, for people.
        look: Option<String>,
    },
    /// A run has ended. These have the order of the plan.
    RunEnded(&'a RunResult),
    /// A callback does not return: which one, for people.
    Stuck(&'a str),
    /// The process ends now, because a callback does not return after a signal. The
    /// tables are written.
    Abandoned(&'a str),
}

/// How long results of short runs are left until they are taken together. To wake a thread for
/// each of them may take as long as a part of the run. Arbitrary.
const TOGETHER: Duration = Duration::from_millis(1);

/// The most results that wait to be taken together. Arbitrary.
const RESULTS_HELD: usize = 256;

/// The most nodes of results that wait, beside two results for each worker: what is measured of
/// a node takes about a kilobyte. Arbitrary.
const NODES_HELD: usize = 1_000;

/// The result of a run, and its index in the list of runs.
type Finished = (usize, Result<RunResult, RunError>);

/// Executes these runs of a plan. Calls `each` with what happens, and with every result
/// in the order of the plan, including the results of an earlier process. When `stop` is set, current
/// runs are interrupted and no other run begins. Returns the judgements over all
/// runs of a case, with the index of the case.
///
/// # Errors
///
/// Fails if a run cannot begin, or if results cannot be written. The runs that are
/// finished are kept.
pub fn execute(
    plan: &Plan,
    runs: &[RunSpec],
    results: OpenResults,
    options: &Options,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Happening<'_>),
) -> Result<Vec<(usize, Judgement)>, RunError> {
    let OpenResults {
        folder,
        journal,
        resumed,
        ..
    } = results;
    let failed_before = resumed.kept.values().any(RunResult::has_failed);
    let is_done: BTreeSet<u32> = resumed.kept.keys().copied().collect();
    let journal = Mutex::new(journal);
    let kept = resumed.kept;
    let mut in_order = InOrder::new(plan, &folder, runs, kept, options.is_part, each)?;
    let mut batches = Batches::new(plan, runs);
    while let Some(batch) = batches.next(|case| in_order.is_decided(case)) {
        in_order.schedule(batch.clone());
        let queue = Queue::new(runs, batch, |run| is_done.contains(&run), stop);
        if options.fail_fast && failed_before {
            queue.close();
        }
        let worker = Worker {
            plan,
            folder: &folder,
            options,
            queue: &queue,
            journal: &journal,
            before: &resumed.again,
        };
        in_order = match worker.do_all(in_order) {
            Some(in_order) => in_order,
            None => return Ok(Vec::new()),
        };
        if !in_order.is_complete() {
            break;
        }
    }
    in_order.finish()
}

/// What all workers share.
#[derive(Clone, Copy)]
struct Worker<'a> {
    plan: &'a Plan,
    folder: &'a Folder,
    options: &'a Options,
    queue: &'a Queue<'a>,
    journal: &'a Mutex<Journal>,
    /// The file sums of runs that are repeated because their files are damaged.
    before: &'a commit::Before,
}

impl Worker<'_> {
    /// Does all runs of the queue, side by side. Returns the results, unless the process is
    /// to end without some of them.
    fn do_all<'r>(self, in_order: InOrder<'r>) -> Option<InOrder<'r>> {
        let (queue, options, stop) = (self.queue, self.options, self.queue.stop);
        let workers = options.jobs.clamp(1, queue.len().max(1));
        let timers: Vec<RunTimer> = (0..workers).map(|_| RunTimer::default()).collect();
        let done = AtomicBool::new(false);
        let mut in_order = Some(in_order);
        let span = tracing::Span::current();
        thread::scope(|scope| {
            let (sender, finished) = channel::bounded(self.most_held(workers));
            for (timer, number) in timers.iter().zip(1..) {
                let (worker, sender, span) = (self, sender.clone(), &span);
                let spare_core = options.jobs >= 2 * workers;
                scope.spawn(move || {
                    span.in_scope(|| {
                        worker.work(timer, spare_core, &sender);
                        tracing::info!("worker thread {number} of {workers} has ended");
                    });
                });
            }
            drop(sender);
            let watching = options.session.timeout;
            let watcher = watching.map(|_| scope.spawn(|| watch(&timers, stop, &done)));
            let mut stuck = Stuck::new(&timers, stop);
            if let Some(results) = &mut in_order
                && let Some(why) = collect(results, &finished, queue, &mut stuck)
                && let Some(results) = in_order.take()
            {
                results.abandon(&why);
            }
            done.store(true, Ordering::Release);
            if let Some(watcher) = watcher {
                watcher.thread().unpark();
            }
        });
        in_order
    }

    /// The most results that wait to be taken.
    fn most_held(self, workers: usize) -> usize {
        let nodes = self.plan.cases.iter().map(|case| case.roster.len());
        let largest = nodes.max().unwrap_or(0).max(1) as usize;
        (NODES_HELD / largest).min(RESULTS_HELD).max(2 * workers)
    }

    /// Runs runs until the queue is empty or closed. `spare_core` says whether each of them may
    /// use two cores.
    fn work(&self, timer: &RunTimer, spare_core: bool, finished: &Sender<Finished>) {
        timer.attach();
        let limit = self.options.session.timeout;
        let limits = Limits {
            stop: self.queue.stop,
            timer: limit.map(|limit| (timer, limit)),
        };
        let options = session::Options {
            spare_core,
            ..self.options.session.clone()
        };
        let mut session = Session::new(self.plan, self.folder, &options, limits);
        while let Some((index, spec)) = self.queue.next() {
            let result = session.run(spec).and_then(|result| {
                let before = self.before.get(&spec.number).map(Vec::as_slice);
                commit(self.plan, self.folder, self.journal, before, &result)?;
                Ok(result)
            });
            if self.options.fail_fast && result.as_ref().is_ok_and(RunResult::has_failed) {
                self.queue.close();
            }
            if finished.send((index, result)).is_err() {
                return;
            }
        }
    }
}

/// Takes the results of all workers until they have ended. Returns why the process is to
/// end without some of them.
fn collect(
    in_order: &mut InOrder<'_>,
    finished: &Receiver<Finished>,
    queue: &Queue<'_>,
    stuck: &mut Stuck<'_>,
) -> Option<String> {
    let mut last: Option<Instant> = None;
    loop {
        match finished.recv_timeout(FLUSH_EVERY) {
            Ok((index, result)) => in_order.add(index, result),
            Err(RecvTimeoutError::Timeout) => in_order.flush(),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        for (index, result) in finished.try_iter() {
            in_order.add(index, result);
        }
        match stuck.look() {
            Some(stuck::Verdict::Tell(text)) => in_order.stuck(&text),
            Some(stuck::Verdict::Abandon(text)) => return Some(text),
            None => {}
        }
        if in_order.has_failed() {
            queue.close();
        }
        // Not for the last runs, whose results somebody may wait for.
        let now = Instant::now();
        let are_short = last.is_some_and(|last| now - last < 2 * TOGETHER);
        if are_short && queue.remaining() > RESULTS_HELD {
            thread::sleep(TOGETHER);
        }
        last = Some(now);
    }
}

/// Returns the selected runs and those that `known` returns true for, in the order of
/// the plan.
pub fn wanted(plan: &Plan, selected: &[RunSpec], known: impl Fn(u32) -> bool) -> Vec<RunSpec> {
    let number = |run: &RunSpec| run.number;
    plan.runs()
        .filter(|run| {
            known(run.number) || selected.binary_search_by_key(&run.number, number).is_ok()
        })
        .collect()
}
