//! A process that joins a coordinator and runs a node for it (`runner node --join`).
//!
//! It asks until the coordinator is there, proves that it knows the secret, and checks that
//! its own plugins are the coordinator's. For each run it makes the plan from the text that
//! it gets, does its part as [`node`] does, and hands over the files that it
//! writes into a folder of its own. It stays until the coordinator has no more runs, a
//! signal comes, or the coordinator is lost. If the connection is lost alone, it connects
//! again, and nothing is lost.

mod reach;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{self, Receiver, RecvTimeoutError};

pub use self::reach::Joining;
use self::reach::{check_plugins, reach, reach_again};
use super::node::{self, Elsewhere, Work};
use super::state::StateFolders;
use crate::own_folder::OwnFolder;
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

/// The longest wait for the coordinator to know that this process leaves: it has all else.
const GOODBYE: Duration = Duration::from_secs(1);

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
}

/// What the threads of this process share.
struct Away {
    signals: Arc<StopSignals>,
    reports: Sender,
    /// Orders about rest.
    rest: RestWatch,
    /// Where connections of other nodes are accepted, and how other nodes reach those of the
    /// coordinator.
    hosts: Mutex<(IpAddr, IpAddr)>,
    /// Replies to questions for the time, with the time at which they came.
    replies: Receiver<(ClockReply, u64)>,
    /// Whether the coordinator reads the same clock.
    is_same_clock: bool,
    /// The files of the run; none between runs.
    files: Mutex<Option<HandOver>>,
    /// The node and the folder of the run.
    part: Mutex<(Vec<u32>, PathBuf)>,
    /// Where nodes of other processes connect.
    listener: Mutex<Option<TcpListener>>,
    silence: Duration,
    /// When the last order came `[ns]`.
    heard_ns: AtomicU64,
    /// Whether the coordinator has no more orders.
    is_over: AtomicBool,
    /// The number of reports with which the coordinator has all that this process hands over;
    /// `u64::MAX` while there may be more.
    all: AtomicU64,
    /// Why no more orders come.
    lost: Mutex<Option<String>>,
    /// Why the coordinator has ended this process, if not because all is done.
    given_up: Mutex<Option<String>>,
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where this process accepts connections of other nodes, and how other nodes reach those of
/// the coordinator.
fn hosts_of(joining: &Joining, control: &Control) -> Option<(IpAddr, IpAddr)> {
    let (own, other) = control.addresses()?;
    let own = match joining.asked.advertised {
        None => own.ip(),
        // The name may be that of another interface.
        Some(_) => all_addresses(own.ip()),
    };
    Some((own, other.ip()))
}

impl Away {
    /// An order has come.
    fn heard(&self, order: NodeOrder) -> NodeOrder {
        self.heard_ns.store(monotonic_ns(), Ordering::Relaxed);
        order
    }

    /// Waits until the coordinator has everything, then tells it that this process leaves, and
    /// waits until it knows. A coordinator without another run closes the connection meanwhile,
    /// or has ended: then nothing is lost, and this process does not connect again. The thread
    /// that receives orders decides so, and it may see the end before this one has seen that
    /// everything was taken.
    fn leave(&self, silence: Duration) {
        self.all.store(self.reports.sent(), Ordering::Relaxed);
        self.reports.drain(silence);
        let _ = self.reports.send(&NodeReport::Leaving);
        self.reports.drain(silence.min(GOODBYE));
    }

    /// Whether this process leaves, and the coordinator has all that it hands over.
    fn has_handed_over_all(&self) -> bool {
        self.reports.acknowledged() >= self.all.load(Ordering::Relaxed)
    }
}

impl<'a> Member<'a> {
    fn new(
        joining: &'a Joining,
        mut control: Control,
        welcome: Welcome,
        signals: Arc<StopSignals>,
    ) -> io::Result<(Member<'a>, Receiver<NodeOrder>)> {
        let hosts = hosts_of(joining, &control).ok_or(io::ErrorKind::NotConnected)?;
        // The coordinator is heard often, so that less is enough to try another connection.
        control.set_patience(Some(joining.silence / 3), Some(joining.silence))?;
        control.outlast(true);
        let reports = control.sender()?;
        let (sender, replies) = channel::unbounded();
        let away = Arc::new(Away {
            is_same_clock: !welcome.clock.is_empty() && welcome.clock == os::clock::identity(),
            signals: signals.clone(),
            rest: RestWatch::new(reports.clone()),
            reports,
            hosts: Mutex::new(hosts),
            listener: Mutex::default(),
            silence: joining.silence,
            heard_ns: AtomicU64::new(monotonic_ns()),
            is_over: AtomicBool::new(false),
            all: AtomicU64::new(u64::MAX),
            replies,
            files: Mutex::default(),
            part: Mutex::default(),
            lost: Mutex::default(),
            given_up: Mutex::default(),
        });
        let stop = signals.flag.clone();
        let of_orders = away.clone();
        let rest = away.rest.clone();
        let take = move |order| match rest.take(of_orders.heard(order))? {
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
                of_orders.is_over.store(true, Ordering::Relaxed);
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
        let (again, to) = (welcome.clone(), joining.clone());
        let renew = move |control: &mut Control, error: &Option<io::Error>| {
            if of_end.is_over.load(Ordering::Relaxed) || of_end.has_handed_over_all() {
                return false;
            }
            let silent = Duration::from_nanos(
                monotonic_ns().saturating_sub(of_end.heard_ns.load(Ordering::Relaxed)),
            );
            let until = Instant::now() + to.silence.saturating_sub(silent);
            match reach_again(&to, &again, control, until) {
                Ok(()) => {
                    if let Some(hosts) = hosts_of(&to, control) {
                        *locked(&of_end.hosts) = hosts;
                    }
                    (to.print_line)(&format!("{} is connected again", again.node));
                    true
                }
                Err(why) => {
                    *locked(&of_end.lost) = Some(match error {
                        None => format!("the connection has closed, and then: {why}"),
                        Some(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            format!("nothing came from it for {:?}", to.silence)
                        }
                        Some(error) => format!("{error}, and then: {why}"),
                    });
                    false
                }
            }
        };
        let of_end = away.clone();
        let lost = move |_: Option<io::Error>| {
            let mut why = locked(&of_end.lost);
            let why = why.get_or_insert_with(|| "it has ended".to_owned()).clone();
            move || {
                eprintln!("error: the coordinator was lost: {why}; and a behavior does not return");
                os::exit::at_once(3);
            }
        };
        let orders = follow_with(control, signals.flag.clone(), take, renew, lost, END_ALONE);
        let handing = Arc::downgrade(&away);
        thread::Builder::new().spawn(move || hand_over_often(&handing))?;
        let member = Member {
            joining,
            welcome,
            away,
            plan: None,
        };
        Ok((member, orders))
    }

    fn serve(mut self, orders: &Receiver<NodeOrder>) -> JoinEnd {
        let mut failure = None;
        loop {
            if let Some(signal) = self.away.signals.signal() {
                self.away.leave(self.joining.silence);
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
            away.reports.drain(END_ALONE);
            JoinEnd::Refused(why)
        };
        job.path = self.scenario_path(&job.path);
        job.host = locked(&self.away.hosts).0;
        let folder = OwnFolder::new("runner-node-").map_err(|error| {
            refuse(format!(
                "no folder for the records of the run can be made in {}: {error}\n  name another one with TMPDIR",
                std::env::temp_dir().display()
            ))
        })?;
        job.folder = folder.path().to_owned();
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
                    self.away.leave(self.joining.silence);
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
        let plan = node::plan(&job.path, &job.text, &job.settings, &self.joining.search)
            .map_err(|why| different_here(&why, &job.path))?;
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

/// Why the plan of a coordinator cannot be made here: it could there, from the same text.
fn different_here(why: &str, path: &str) -> String {
    let folder = Path::new(path).parent();
    let folder = folder.filter(|it| !it.as_os_str().is_empty());
    let here = std::env::current_dir().unwrap_or_default();
    let folder = folder.unwrap_or(&here);
    format!(
        "{}\n  the coordinator has found no mistake, so this machine differs: plugins read the files that they name from the working folder, {}, and the runner those beside the scenario from {}\n  copy them there from the coordinator's machine, or name the second folder with --folder DIR",
        why.trim_end(),
        here.display(),
        folder.display()
    )
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
        locked(&self.hosts).1
    }

    fn keep(&self, listener: TcpListener) {
        *locked(&self.listener) = Some(listener);
    }

    fn silence(&self) -> Duration {
        self.silence
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
