//! One process's share of a run: a node of it, or the programs that stand for
//! nodes. Started by the runner alone, which tells it what to do.
//!
//! It makes the plan anew from the scenario's text, so it comes to the same nodes
//! and the same draws; then it goes the steps of
//! [`processes`](realtime::processes), writes the logs of its own nodes into
//! the run's folder, and reports.

use std::io;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use analysis::results::LogMode;

use super::drive::assemble;
use super::to_override;
use crate::plan::{Plan, Refusal};
use crate::results::record::Recorder;
use crate::scenario::TimeMode;
use engine::faults::Window;
use engine::run::EndReason;
use host::search::SearchPath;
use realtime::processes::control::Control;
use realtime::processes::meeting::Meeting;
use realtime::processes::{
    Ending, FaultShare, Held, Job, Order, Place, Report, Setting, Share, instant_at,
};
use realtime::programs;
use realtime::real_time::RealTime;

/// How long a process without a runner takes to end itself, before it is ended.
const ALONE: Duration = Duration::from_secs(5);

/// Does a job, with the runner at the other end of `control`. `say` is told what
/// nodes print.
///
/// # Errors
///
/// Why it could not be done; the runner knows, if it is still there.
pub fn run(control: Control, job: &Job, say: fn(&str)) -> Result<(), String> {
    let mut reports = control.sender().map_err(|error| error.to_string())?;
    let stop = Arc::new(AtomicBool::new(false));
    let orders = follow(control, stop.clone());
    let done = work(job, &orders, &stop, &mut reports, say);
    if let Err(why) = &done {
        // If the runner is gone, nobody is left to tell.
        let _ = reports.send(&Report::Refused(why.clone()));
    }
    done
}

/// Listens to the runner for as long as it is there, and ends this process after
/// it, whatever a behavior is doing.
fn follow(mut control: Control, stop: Arc<AtomicBool>) -> Receiver<Order> {
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(Some(order)) = control.receive() {
            match order {
                Order::Stop => stop.store(true, Ordering::Relaxed),
                order => drop(sender.send(order)),
            }
        }
        stop.store(true, Ordering::Relaxed);
        drop(sender);
        thread::sleep(ALONE);
        programs::end_all();
        process::exit(3);
    });
    orders
}

fn work(
    job: &Job,
    orders: &Receiver<Order>,
    stop: &AtomicBool,
    reports: &mut Control,
    say: fn(&str),
) -> Result<(), String> {
    let plan = plan(&job.path, &job.text, &job.settings, &job.plugin_path)?;
    let spec = plan.runs().find(|spec| spec.number == job.run);
    let spec = spec.ok_or_else(|| format!("there is no run {}", job.run))?;
    let case = plan.case(spec);
    let scenario = &case.scenario;
    let TimeMode::Real { speed } = scenario.time else {
        return Err("a node has a process of its own in real time only".to_owned());
    };
    let schema = &plan.nodes(spec.case).schema;
    let say = job.say.then_some(say);
    let recorder = Recorder::new(schema, &job.folder, LogMode::PerNode, say).only(&job.nodes);
    let run = assemble(&plan, spec, Some(&job.folder), recorder, None).only(&job.nodes);
    let told = |error: io::Error| error.to_string();
    let meeting = Meeting::open(
        &case.roster,
        run.world.topology(),
        &scenario.links,
        &job.nodes,
    )
    .map_err(told)?;
    let mut real = RealTime::open(run, speed).map_err(|error| error.to_string())?;
    let here = Place {
        nodes: job.nodes.clone(),
        wires: meeting.address(),
        datagrams: meeting.datagrams(),
        doors: real.places.clone(),
        remarks: std::mem::take(&mut real.remarks),
    };
    reports.send(&Report::Here(here)).map_err(told)?;
    let gone = || "the runner is gone".to_owned();
    let Ok(Order::Meet(places)) = orders.recv() else {
        return Err(gone());
    };
    let links = meeting
        .connect(&places, job.token)
        .map_err(|error| format!("the nodes cannot be connected: {error}"))?;
    let doors: Vec<_> = places.into_iter().flat_map(|place| place.doors).collect();
    real.link(links, &doors, &scenario.links)
        .map_err(|error| error.to_string())?;
    reports.send(&Report::Ready).map_err(told)?;
    let Ok(Order::Go { start_ns }) = orders.recv() else {
        return Err(gone());
    };
    let outcome = real.go_from(instant_at(start_ns), stop, |ended| {
        if let Ok(EndReason::Stopped(_)) = ended {
            let _ = reports.send(&Report::Ending);
        }
    });
    let ending = match outcome.reason {
        EndReason::Duration | EndReason::Idle => Ending::Complete,
        EndReason::Stopped(reason) => Ending::Stopped(reason),
        EndReason::Interrupted => Ending::Told,
        EndReason::Failed(failure) => Ending::Failed(failure.to_string()),
        EndReason::Endless(why) => Ending::Failed(why),
    };
    let lags = real.lag.counts();
    let remarks = std::mem::take(&mut real.remarks);
    let faults = outcome.faults.iter().map(|fault| {
        let held = |it: &Window| Held {
            from_ns: it.from.0,
            until_ns: it.until.0,
            touched: it.touched,
        };
        FaultShare(fault.windows.iter().map(held).collect())
    });
    let faults = faults.collect();
    let ending = match real.into_sink().finish(outcome.end) {
        Ok(_) => ending,
        Err(error) => Ending::Failed(error.to_string()),
    };
    let share = Share {
        end_ns: outcome.end.0,
        ending,
        events: outcome.events,
        messages: outcome.messages,
        lags,
        remarks,
        faults,
        conservation: outcome.conservation,
    };
    reports.send(&Report::Done(share)).map_err(told)
}

/// Makes a plan anew from the scenario's text.
///
/// # Errors
///
/// What is wrong with it, as it is told to people.
pub fn plan(
    path: &str,
    text: &str,
    settings: &[Setting],
    plugin_path: &[PathBuf],
) -> Result<Plan, String> {
    let overrides: Vec<_> = settings.iter().filter_map(to_override).collect();
    let search = SearchPath::with(plugin_path);
    Plan::of_text(path, text, &overrides, &search).map_err(|refusal| match refusal {
        Refusal::Mistakes(mistakes) => mistakes.render(false),
        broken @ Refusal::Plugins(_) => broken.to_string(),
    })
}
