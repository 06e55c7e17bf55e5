//! A child process that runs runs (`--isolate`), on the child's side.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{self, Receiver};

use super::memory::bound;
use super::{ChildJob, FromChild, ToChild};
use crate::plan::Plan;
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use crate::session::timeout::{Limits, RunTimer, watch};
use crate::session::{Options, RunError, Session, node};
use host::cell::Cell;
use realtime::processes::control::Control;
use realtime::programs;

/// How long a run in real time may take to end after the parent is gone.
const END_ALONE: Duration = Duration::from_secs(5);

/// Runs runs for the parent at the other end of `control`, until the parent is gone.
/// Lines that nodes print go to `print_line`.
///
/// # Errors
///
/// Fails if the plan or a run cannot be begun; the reason is sent to the parent, too.
pub fn serve(control: Control, job: &ChildJob, print_line: fn(&str)) -> Result<(), String> {
    bound(job.memory);
    let mut reports = control.sender().map_err(text)?;
    let served = runs(control, job, print_line, &mut reports);
    if let Err(why) = &served {
        // Fails if the parent is gone.
        let _ = reports.send(&FromChild::Refused(why.clone()));
    }
    served
}

fn runs(
    control: Control,
    job: &ChildJob,
    print_line: fn(&str),
    reports: &mut Control,
) -> Result<(), String> {
    let plan = node::plan(&job.path, &job.text, &job.settings, &job.plugin_path)?;
    let name = &*plan.loaded.scenario.name;
    let _plan = tracing::info_span!("plan", scenario = name).entered();
    let folder = Folder::resumed(&job.folder).map_err(|error| error.to_string())?;
    // Without the page, a failure does not name the last callback.
    let page = Cell::open(&job.progress_page).ok().map(Arc::new);
    let options = Options {
        log: job.log,
        print_line: job.print_lines.then_some(print_line),
        processes: None,
        timeout: job.timeout,
        isolation: None,
        check_determinism: job.check_determinism,
        progress_page: page.clone(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let numbers = follow(control, stop.clone(), plan.is_real());
    let timers = start_timer(job.timeout, &stop);
    let limits = Limits {
        stop: &stop,
        timer: job.timeout.map(|limit| (&timers[0], limit)),
    };
    let mut session = Session::new(&plan, &folder, &options, limits);
    reports.send(&FromChild::Ready).map_err(text)?;
    while let Ok(number) = numbers.recv() {
        if let Some(page) = &page {
            page.clear();
        }
        let report = report(&plan, &mut session, number)?;
        reports.send(&report).map_err(text)?;
    }
    Ok(())
}

/// Runs the run with this number.
fn report(plan: &Plan, session: &mut Session<'_>, number: u32) -> Result<FromChild, String> {
    let spec = plan.runs().find(|spec| spec.number == number);
    let spec = spec.ok_or_else(|| format!("there is no run {number}"))?;
    Ok(match session.run(spec) {
        Ok(result) => FromChild::Over(Box::new(Entry::of(&result))),
        Err(RunError::Setup(why)) => FromChild::Refused(why.to_string()),
        Err(error) => FromChild::Broken(error.to_string()),
    })
}

/// Starts a thread that watches the limit, for as long as this process lives.
fn start_timer(limit: Option<Duration>, stop: &Arc<AtomicBool>) -> Arc<[RunTimer]> {
    let timers: Arc<[RunTimer]> = [RunTimer::default()].into();
    if limit.is_some() {
        let (timers, stop) = (timers.clone(), stop.clone());
        thread::spawn(move || watch(&timers, &stop, &AtomicBool::new(false)));
    }
    timers
}

fn text(error: io::Error) -> String {
    error.to_string()
}

/// Receives the parent's messages in a thread. When the parent is gone, the thread
/// ends this process, even if a callback does not return.
fn follow(mut control: Control, stop: Arc<AtomicBool>, real: bool) -> Receiver<u32> {
    let (sender, runs) = channel::unbounded();
    thread::spawn(move || {
        while let Ok(Some(order)) = control.receive() {
            match order {
                ToChild::Stop => stop.store(true, Ordering::Relaxed),
                ToChild::Run(number) => drop(sender.send(number)),
                ToChild::Job(_) => {}
            }
        }
        stop.store(true, Ordering::Relaxed);
        drop(sender);
        if real {
            thread::sleep(END_ALONE);
        }
        programs::end_all();
        process::exit(3);
    });
    runs
}
