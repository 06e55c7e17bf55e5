//! A process that does runs, from within. Started by the runner alone, which tells
//! it what to do.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::memory::bound;
use super::{Job, Order, Report};
use crate::execute::limit::{Guard, Halt, watch};
use crate::execute::{ExecuteError, Options, node, run_one};
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use host::progress_page::ProgressPage;
use realtime::processes::control::Control;
use realtime::processes::orders::follow;

/// How long a process without a runner has to end a run in real time, before it
/// is ended.
const ALONE: Duration = Duration::from_secs(5);

/// Does runs for the runner at the other end of `control`, until it is gone.
/// `say` is told what nodes print.
///
/// # Errors
///
/// Why it could not be done; the runner knows, if it is still there.
pub fn serve(control: Control, job: &Job, say: fn(&str)) -> Result<(), String> {
    bound(job.memory);
    let told = |error: io::Error| error.to_string();
    let mut reports = control.sender().map_err(told)?;
    let refused = |reports: &mut Control, why: String| {
        // If the runner is gone, nobody is left to tell.
        let _ = reports.send(&Report::Refused(why.clone()));
        why
    };
    let plan = node::plan(&job.path, &job.text, &job.settings, &job.plugin_path)
        .map_err(|why| refused(&mut reports, why))?;
    let folder =
        Folder::resumed(&job.folder).map_err(|error| refused(&mut reports, error.to_string()))?;
    // Without the note the run is the same; only its last step is not known.
    let cell = ProgressPage::open(&job.cell).ok().map(Arc::new);
    let options = Options {
        jobs: 1,
        log: job.log,
        runs: Vec::new(),
        say: job.say.then_some(say),
        processes: None,
        fail_fast: false,
        timeout: None,
        isolation: None,
        twice: job.twice,
        cell: cell.clone(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let patience = match plan.is_real() {
        true => ALONE,
        false => Duration::ZERO,
    };
    let is_stop = |order: &Order| matches!(order, Order::Stop);
    let orders = follow(control, stop.clone(), is_stop, patience);
    let guards: Arc<[Guard]> = [Guard::default()].into();
    if job.timeout.is_some() {
        let (guards, stop) = (guards.clone(), stop.clone());
        // For as long as this process lives.
        thread::spawn(move || watch(&guards, &stop, &AtomicBool::new(false)));
    }
    let halt = Halt {
        stop: &stop,
        guard: job.timeout.map(|limit| (&guards[0], limit)),
    };
    reports.send(&Report::Ready).map_err(told)?;
    while let Ok(Order::Run(number)) = orders.recv() {
        let Some(spec) = plan.runs().find(|spec| spec.number == number) else {
            return Err(refused(&mut reports, format!("there is no run {number}")));
        };
        if let Some(cell) = &cell {
            cell.clear();
        }
        let report = match run_one(&plan, spec, &folder, &options, halt) {
            Ok(result) => Report::over(&Entry::of(&result)),
            Err(ExecuteError::Setup(why)) => Report::Refused(why.to_string()),
            Err(error) => Report::Broken(error.to_string()),
        };
        reports.send(&report).map_err(told)?;
    }
    Ok(())
}
