//! A process that joins a coordinator and runs a node for it (`runner node --join`).
//!
//! It asks until the coordinator is there, proves that it knows the secret, and checks that
//! its own plugins are the coordinator's. For each run it makes the plan from the text that
//! it gets, does its part as [`node`] does, and hands over the files that it
//! writes into a folder of its own. It stays until the coordinator has no more runs, a
//! signal comes, or the coordinator is lost.

mod reach;

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{self, Receiver, RecvTimeoutError};

pub use self::reach::Joining;
use self::reach::{check_plugins, reach};
use super::node::{self, Elsewhere, Work};
use super::state::StateFolders;
use crate::plan::{Plan, RunSpec};
use os::clock::monotonic_ns;
use os::signals::StopSignals;
use realtime::processes::clocks::{self, ClockOffset, ClockReply};
use realtime::processes::control::{Control, Sender};
use realtime::processes::hand_over::HandOver;
use realtime::processes::join::Welcome;
use realtime::processes::orders::follow_with;
use realtime::processes::quiescence::RestWatch;
use realtime::processes::{Ending, NodeJob, NodeOrder, NodeReport, all_addresses};

/// How often files are handed over. With it, the coordinator hears that the process is
/// there.
const HAND_OVER_EVERY: Duration = Duration::from_millis(500);

/// The interval between two looks at the signals.
const LOOK: Duration = Duration::from_millis(100);

/// How long this process may take to end after the coordinator is lost. Arbitrary.
const END_ALONE: Duration = Duration::from_secs(5);

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinEnd {
    /// The coordinator has no more runs, or it is there, which was all that was asked.
    Over,
    /// A signal ended the process; its records are handed over.
    Signal(i32),
    /// Nothing was run, for this reason.
    Refused(String),
    /// The node failed, or the coordinator was lost.
    Failed(String),
}

/// Joins a coordinator, and runs what it gets.
pub fn join(joining: &Joining, signals: StopSignals) -> JoinEnd {
    let signals = Arc::new(signals);
    let (control, welcome) = match reach(joining, &signals) {
        Ok(Some(reached)) => reached,
        Ok(None) => return JoinEnd::Over,
        Err(end) => return end,
    };
    (joining.print_line)(&format!(
        "{} joined the coordinator at {}",
        welcome.node, joining.address
    ));
    let node = welcome.node.clone();
    let end = match Member::new(joining, control, welcome, signals) {
        Ok((member, orders)) => member.serve(&orders),
        Err(error) => JoinEnd::Failed(error.to_string()),
    };
    match end {
        JoinEnd::Over => {
            (joining.print_line)(&format!("{node} has ended: there are no more runs"));
        }
        JoinEnd::Signal(_) => {
            (joining.print_line)(&format!("{node} stopped: its records are handed over"));
        }
        JoinEnd::Refused(_) | JoinEnd::Failed(_) => {}
    }
    end
}

/// This process, once it has joined.
struct Member<'a> {
    joining: &'a Joining,
    welcome: Welcome,
    away: Arc<Away>,
    /// The plan of the last run, with the text and the settings that it was made from.
    plan: Option<(NodeJob, Plan)>,
    /// Where connections of other nodes are accepted.
    host: IpAddr,
}

/// What the threads of this process share.
struct Away {
    signals: Arc<StopSignals>,
    reports: Sender,
    /// Orders about rest.
    rest: RestWatch,
    /// How other nodes reach those of the coordinator.
    coordinator: IpAddr,
    /// Replies to questions for the time, with the time at which they came.
    replies: Receiver<(ClockReply, u64)>,
    /// Whether the coordinator reads the same clock.
    is_same_clock: bool,
    /// The files of the run; none between runs.
    files: Mutex<Option<HandOver>>,
    /// The node and the folder of the run.
    part: Mutex<(Vec<u32>, PathBuf)>,
    /// Why no more orders come.
    lost: Mutex<Option<String>>,
    /// Why the coordinator has ended this process, if not because all is done.
    given_up: Mutex<Option<String>>,
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Member<'a> {
    fn new(
        joining: &'a Joining,
        control: Control,
        welcome: Welcome,
        signals: Arc<StopSignals>,
    ) -> io::Result<(Member<'a>, Receiver<NodeOrder>)> {
        let (own, other) = control.addresses().ok_or(io::ErrorKind::NotConnected)?;
        control.set_patience(Some(joining.silence), Some(joining.silence))?;
        let reports = control.sender()?;
        let (sender, replies) = channel::unbounded();
        let away = Arc::new(Away {
            is_same_clock: !welcome.clock.is_empty() && welcome.clock == os::clock::identity(),
            signals: signals.clone(),
            rest: RestWatch::new(reports.clone()),
            reports,
            coordinator: other.ip(),
            replies,
            files: Mutex::default(),
            part: Mutex::default(),
            lost: Mutex::default(),
            given_up: Mutex::default(),
        });
        let stop = signals.flag.clone();
        let of_orders = away.clone();
        let rest = away.rest.clone();
        let take = move |order| match rest.take(order)? {
            NodeOrder::Stop => {
                stop.store(true, Ordering::Relaxed);
                None
            }
            NodeOrder::Clock(reply) => {
                // It is waited for, or the comparison is over.
                let _ = sender.send((reply, monotonic_ns()));
                None
            }
            NodeOrder::Beat => None,
            NodeOrder::Over(why) => {
                locked(&of_orders.given_up).clone_from(&why);
                stop.store(true, Ordering::Relaxed);
                Some(NodeOrder::Over(why))
            }
            NodeOrder::Job(job) => {
                // An order to stop was for the run before. A signal is not: the thread that
                // hands over sets the flag again.
                stop.store(false, Ordering::Relaxed);
                Some(NodeOrder::Job(job))
            }
            other => Some(other),
        };
        let of_end = away.clone();
        let silence = joining.silence;
        let lost = move |error: Option<io::Error>| {
            let why = match error {
                None => "it has closed the connection".to_owned(),
                Some(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    format!("nothing came from it for {silence:?}")
                }
                Some(error) => error.to_string(),
            };
            *locked(&of_end.lost) = Some(why.clone());
            move || {
                eprintln!("error: the coordinator was lost: {why}; and a behavior does not return");
                os::exit::at_once(3);
            }
        };
        let orders = follow_with(control, signals.flag.clone(), take, lost, END_ALONE);
        let handing = Arc::downgrade(&away);
        thread::Builder::new().spawn(move || hand_over_often(&handing))?;
        let member = Member {
            joining,
            welcome,
            away,
            plan: None,
            host: match joining.asked.advertised {
                None => own.ip(),
                // The name may be that of another interface.
                Some(_) => all_addresses(own.ip()),
            },
        };
        Ok((member, orders))
    }

    fn serve(mut self, orders: &Receiver<NodeOrder>) -> JoinEnd {
        let mut failure = None;
        loop {
            if let Some(signal) = self.away.signals.signal() {
                let _ = self.away.reports.send(&NodeReport::Leaving);
                return JoinEnd::Signal(signal);
            }
            match orders.recv_timeout(LOOK) {
                Ok(NodeOrder::Job(job)) => match self.run(*job, orders) {
                    Ok(Ending::Failed(why)) => failure = Some(why),
                    Ok(_) => {}
                    Err(end) => return end,
                },
                Ok(NodeOrder::Over(why)) => {
                    return match why.or(failure) {
                        None => JoinEnd::Over,
                        Some(why) => JoinEnd::Failed(why),
                    };
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.lost(),
            }
        }
    }

    fn lost(&self) -> JoinEnd {
        let why = locked(&self.away.lost).clone().unwrap_or_default();
        JoinEnd::Failed(format!(
            "the coordinator at {} was lost: {why}",
            self.joining.address
        ))
    }

    /// Does the part of this process in one run.
    fn run(&mut self, mut job: NodeJob, orders: &Receiver<NodeOrder>) -> Result<Ending, JoinEnd> {
        let away = self.away.clone();
        let refuse = |why: String| {
            // Fails if the coordinator is gone.
            let _ = away.reports.send(&NodeReport::Refused(why.clone()));
            JoinEnd::Refused(why)
        };
        job.path = self.scenario_path(&job.path);
        job.host = self.host;
        let folder = OwnFolder::new().map_err(|error| {
            refuse(format!(
                "no folder for the records of the run can be made in {}: {error}\n  name another one with TMPDIR",
                std::env::temp_dir().display()
            ))
        })?;
        job.folder = folder.0.clone();
        self.plan(&job).map_err(refuse)?;
        let (_, plan) = self.plan.as_ref().expect("it was made");
        *locked(&self.away.part) = (job.nodes.clone(), job.folder.clone());
        *locked(&self.away.files) = Some(HandOver::of(&job.folder));
        let done = node::work(&Work {
            plan,
            job: &job,
            orders,
            stop: &self.away.signals.flag,
            reports: &self.away.reports,
            rest: &self.away.rest,
            print_line: self.joining.print_line,
            elsewhere: Some(&*self.away),
        });
        *locked(&self.away.files) = None;
        done.map_err(|why| {
            if locked(&self.away.lost).is_some() {
                return self.lost();
            }
            if let Some(why) = locked(&self.away.given_up).clone() {
                return JoinEnd::Failed(why);
            }
            match self.away.signals.signal() {
                Some(signal) => {
                    let _ = self.away.reports.send(&NodeReport::Leaving);
                    JoinEnd::Signal(signal)
                }
                None => refuse(why),
            }
        })
    }

    /// Makes the plan of a job, unless it is that of the run before.
    fn plan(&mut self, job: &NodeJob) -> Result<(), String> {
        let is_same = |known: &NodeJob| known.text == job.text && known.settings == job.settings;
        if self.plan.as_ref().is_some_and(|(known, _)| is_same(known)) {
            return Ok(());
        }
        let plan = node::plan(&job.path, &job.text, &job.settings, &self.joining.search)?;
        // A plugin may have been built again since this process joined.
        for sum in plan.builds().iter().map(|build| build.sum()) {
            if !self.welcome.plugins.contains(&sum) {
                check_plugins(&self.welcome, &self.joining.search)?;
                return Err(format!("plugin `{}` has changed meanwhile", sum.0));
            }
        }
        self.plan = Some((job.clone(), plan));
        Ok(())
    }

    /// The path of the scenario on this machine: its folder is where its files are.
    fn scenario_path(&self, path: &str) -> String {
        let there = Path::new(path);
        let name = Path::new(there.file_name().unwrap_or_default());
        let here = match &self.joining.folder {
            Some(folder) => folder.join(name),
            None if there.parent().is_some_and(Path::is_dir) => there.to_owned(),
            None => name.to_owned(),
        };
        here.to_string_lossy().into_owned()
    }
}

/// Hands over what files have grown by, and shows the coordinator that this process is
/// there, for as long as it is.
fn hand_over_often(away: &Weak<Away>) {
    loop {
        thread::sleep(HAND_OVER_EVERY);
        let Some(away) = away.upgrade() else {
            return;
        };
        if away.signals.signal().is_some() {
            away.signals.flag.store(true, Ordering::Relaxed);
        }
        // If the coordinator is gone, the thread that receives orders notices it.
        let _ = away.reports.send(&NodeReport::Beat);
        if let Some(files) = &mut *locked(&away.files) {
            // What fails now is tried again at the end of the run.
            let _ = files.growth(&mut |part| away.reports.send(&NodeReport::File(part)));
        }
    }
}

impl Elsewhere for Away {
    fn coordinator(&self) -> IpAddr {
        self.coordinator
    }

    fn compare(&self) -> Result<ClockOffset, String> {
        let ask = |asked_ns| self.reports.send(&NodeReport::Clock(asked_ns));
        let found = clocks::compare(ask, &self.replies, self.is_same_clock);
        let found = found.map_err(|error| error.to_string())?;
        found.ok_or_else(|| "the coordinator does not say what time it is".to_owned())
    }

    fn is_leaving(&self) -> bool {
        self.signals.signal().is_some()
    }

    fn hand_over(&self, plan: &Plan, spec: RunSpec) -> Result<(), String> {
        let case = plan.case(spec);
        let (nodes, folder) = locked(&self.part).clone();
        if !case.checks.is_empty() {
            let copied = StateFolders::copy(&case.roster, nodes.into_iter(), &folder);
            copied.map_err(|error| error.to_string())?;
        }
        let mut files = locked(&self.files);
        let files = files.as_mut().ok_or("there is no run")?;
        files
            .rest(&mut |part| self.reports.send(&NodeReport::File(part)))
            .map_err(|error| format!("the records cannot be handed over: {error}"))
    }
}

/// A folder of this process alone, removed with the value.
struct OwnFolder(PathBuf);

impl OwnFolder {
    fn new() -> io::Result<OwnFolder> {
        let number = u64::from_ne_bytes(os::random::bytes()?);
        let path = std::env::temp_dir().join(format!("runner-node-{number:016x}"));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(OwnFolder(path))
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        // What is left of it is in a folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
