//! A child process that runs runs (`--isolate`), on the child's side.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::memory::bound;
use super::{ChildJob, FromChild, ToChild};
use crate::plan::Plan;
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use crate::session::timeout::{Limits, RunTimer, watch};
use crate::session::{Options, RunError, Session, node};
use host::progress_page::ProgressPage;
use host::search::SearchPath;
use realtime::processes::control::{Control, Sender};
use realtime::processes::orders::follow;

/// How long a run in real time may take to end after the parent is gone.
const END_ALONE: Duration = Duration::from_secs(5);

/// How long the processes that a plugin has started may take to end after SIGKILL.
const END_CHILDREN: Duration = Duration::from_secs(5);

/// Runs runs for the parent at the other end of `control`, until the parent is gone.
/// Lines that nodes print go to `print_line`.
///
/// # Errors
///
/// Fails if the plan or a run cannot be begun; the reason is sent to the parent, too.
pub fn serve(control: Control, job: &ChildJob, print_line: fn(&str)) -> Result<(), String> {
    bound(job.memory);
    os::fork_mark::set();
    // Without it, a daemon of a plugin ends with this process, and not with its run.
    let _ = os::family::adopt_orphans();
    let reports = control.sender().map_err(text)?;
    let served = runs(control, job, print_line, &reports);
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
    reports: &Sender,
) -> Result<(), String> {
    let search = SearchPath::given(job.plugins.clone());
    let plan = node::plan(&job.path, &job.text, &job.settings, &search)?;
    let name = &*plan.loaded.scenario.name;
    let _plan = tracing::info_span!("plan", scenario = name).entered();
    let folder = Folder::resumed(&job.folder).map_err(|error| error.to_string())?;
    let folder = folder.shared(job.token.clone());
    // Without the page, a failure does not name the last callback.
    let page = ProgressPage::open(&job.progress_page).ok().map(Arc::new);
    let options = Options {
        log: job.log,
        print_line: job.print_lines.then_some(print_line),
        processes: None,
        timeout: job.timeout,
        isolation: None,
        check_determinism: job.check_determinism,
        max_events: None,
        live: None,
        reseed: None,
        spare_core: false,
        progress_page: page.clone(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let patience = match plan.is_real() {
        true => END_ALONE,
        false => Duration::ZERO,
    };
    let is_stop = |order: &ToChild| matches!(order, ToChild::Stop);
    let orders = follow(control, stop.clone(), is_stop, patience);
    let home = std::env::current_dir().ok();
    let timers = start_timer(job.timeout, &stop);
    let limits = Limits {
        stop: &stop,
        timer: job.timeout.map(|limit| (&timers[0], limit)),
    };
    let mut session = Session::new(&plan, &folder, &options, limits);
    reports.send(&FromChild::Ready).map_err(text)?;
    while let Ok(ToChild::Run(number)) = orders.recv() {
        if let Some(page) = &page {
            page.clear();
        }
        // A plugin may have changed it.
        if let Some(home) = &home {
            let _ = std::env::set_current_dir(home);
        }
        let report = report(&plan, &mut session, number)?;
        if os::fork_mark::is_copy() {
            os::exit::at_once(3);
        }
        os::family::end_descendants(END_CHILDREN);
        reports.send(&report).map_err(text)?;
    }
    Ok(())
}

/// Runs the run with this number.
fn report(plan: &Plan, session: &mut Session<'_>, number: u32) -> Result<FromChild, String> {
    let spec = plan.runs().find(|spec| spec.number == number);
    let spec = spec.ok_or_else(|| format!("there is no run {number}"))?;
    Ok(match session.run(spec) {
        Ok(result) => FromChild::over(&Entry::of(&result)),
        Err(error) if error.is_of_one_run() => FromChild::Lost(error.to_string()),
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
