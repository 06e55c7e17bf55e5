//! The runner's side of a run in processes: starts them, brings them together,
//! watches over them, and sums up what they have to say.
//!
//! A process that dies is a failed node, and the others go on. All of them end
//! with the runner, whichever way it ends: in good order here, by [`Drop`] when
//! something goes wrong, and of their own accord when their control socket closes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::debug;

use crate::lag::Lag;
use crate::processes::control::Control;
use crate::processes::{Ending, FaultShare, Job, Order, Place, Report, Share};
use crate::setup::SetupError;
use base::time::SimTime;
use engine::conservation::Conservation;
use engine::run::EndReason;
use os::clock::monotonic_ns;
use os::poller::{Interest, Poller, Ready};

/// The subcommand that a process of ours is started with.
pub const SUBCOMMAND: &str = "node-process";

/// The most processes of one run. Each costs some megabytes and the start of a
/// program; arbitrary.
pub const MAX_PROCESSES: usize = 512;

/// From the order to begin to the beginning: long enough for it to reach all.
const RUN_UP: Duration = Duration::from_millis(50);

/// The longest wait: how soon a signal is noticed.
const GLANCE: Duration = Duration::from_millis(100);

/// How long a process has to end after it was told to.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// A number that the processes of a run know one another by.
pub fn token() -> u128 {
    // Keyed by the system's randomness, anew each time.
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

/// How long a process has to end after it was left alone.
const PARTING: Duration = Duration::from_secs(3);

/// What all processes together came to.
#[derive(Debug, Default)]
pub struct Sum {
    /// When the last of them ended.
    pub end: SimTime,
    /// Why the run ended, failures aside; none if it never began.
    pub reason: Option<EndReason>,
    /// Events that they handled.
    pub events: u64,
    /// What the faults touched, process by process: see [`Share::faults`].
    pub faults: Vec<Vec<FaultShare>>,
    /// What became of the messages.
    pub conservation: Conservation,
    /// Messages that their nodes sent.
    pub messages: u64,
    /// How late they were.
    pub lag: Lag,
    /// What happened beside the records.
    pub remarks: Vec<String>,
    /// What failed.
    pub failures: Vec<String>,
}

/// One process.
#[derive(Debug)]
struct Member {
    /// Whose it is, for people.
    who: String,
    control: Control,
    child: Child,
    place: Option<Place>,
    ready: bool,
    share: Option<Share>,
    /// How it ended, once it has.
    ended: Option<ExitStatus>,
}

/// All processes of a run.
#[derive(Debug)]
struct Crew {
    members: Vec<Member>,
    poller: Poller,
    readable: Vec<Ready>,
}

/// Runs a run in a process for each job (the job, and whose it is), to its end.
/// `say` learns where nodes listen.
///
/// # Errors
///
/// When a process cannot be started, or cannot begin; nothing was run, and no
/// process is left.
pub fn run(
    jobs: Vec<(Job, String)>,
    stop: &AtomicBool,
    say: Option<fn(&str)>,
) -> Result<Sum, SetupError> {
    if jobs.len() > MAX_PROCESSES {
        return Err(SetupError::TooManyProcesses {
            nodes: jobs.len(),
            limit: MAX_PROCESSES,
        });
    }
    let mut crew = Crew {
        members: Vec::with_capacity(jobs.len()),
        poller: Poller::new()?,
        readable: Vec::new(),
    };
    for (job, who) in jobs {
        crew.hire(job, who)?;
    }
    if !crew.gather(stop, |member| member.place.is_some())? {
        return Ok(Sum::default());
    }
    let places: Vec<Place> = crew
        .members
        .iter()
        .filter_map(|member| member.place.clone())
        .collect();
    let remarks = places.iter().flat_map(|place| &place.remarks);
    if let Some(say) = say {
        remarks.for_each(|remark| say(remark));
    }
    crew.tell_all(&Order::Meet(places));
    if !crew.gather(stop, |member| member.ready)? {
        return Ok(Sum::default());
    }
    let start_ns = monotonic_ns() + RUN_UP.as_nanos() as u64;
    crew.tell_all(&Order::Go { start_ns });
    crew.watch(stop)?;
    Ok(crew.sum())
}

impl Crew {
    /// Starts a process. It has a process group of its own, so that a signal
    /// from the terminal reaches the runner alone, which passes it on.
    fn hire(&mut self, job: Job, who: String) -> Result<(), SetupError> {
        let (mut control, far) = Control::pair()?;
        let child = Command::new(std::env::current_exe()?)
            .args([SUBCOMMAND, &who])
            .stdin(Stdio::from(far))
            .process_group(0)
            .spawn()?;
        debug!(pid = child.id(), "started the process of {who}");
        let index = self.members.len() as u64;
        let read = Interest {
            read: true,
            write: false,
        };
        let added = self.poller.add(&control, index, read);
        // If it is gone already, its silence tells.
        let _ = control.send(&Order::Job(Box::new(job)));
        self.members.push(Member {
            who,
            control,
            child,
            place: None,
            ready: false,
            share: None,
            ended: None,
        });
        Ok(added?)
    }

    /// Waits until every process is so far; answers no if the run is stopped
    /// before.
    fn gather(
        &mut self,
        stop: &AtomicBool,
        is_there: impl Fn(&Member) -> bool,
    ) -> Result<bool, SetupError> {
        while !self.members.iter().all(&is_there) {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            for (index, report) in self.listen()? {
                let member = &mut self.members[index];
                match report {
                    Some(Report::Here(place)) => member.place = Some(place),
                    Some(Report::Ready) => member.ready = true,
                    Some(Report::Refused(why)) => return Err(SetupError::Refused(why)),
                    Some(Report::Ending | Report::Done(_)) => {}
                    None => {
                        let how = member.ended.map_or_else(String::new, |it| it.to_string());
                        let who = member.who.clone();
                        return Err(SetupError::Gone { who, how });
                    }
                }
            }
        }
        Ok(true)
    }

    /// Waits until every process has ended, and tells them when to.
    fn watch(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut told = None;
        while self.members.iter().any(|member| member.ended.is_none()) {
            let mut end = stop.load(Ordering::Relaxed);
            for (index, report) in self.listen()? {
                match report {
                    Some(Report::Ending) => end = true,
                    Some(Report::Done(share)) => self.members[index].share = Some(share),
                    Some(_) => {}
                    None => debug!("the process of {} has ended", self.members[index].who),
                }
            }
            if end && told.is_none() {
                told = Some(Instant::now());
                self.tell_all(&Order::Stop);
            }
            if told.is_some_and(|told| told.elapsed() > END_PATIENCE) {
                for member in &mut self.members {
                    member.kill();
                }
            }
        }
        Ok(())
    }

    /// What came from the processes; none: that one has ended.
    fn listen(&mut self) -> io::Result<Vec<(usize, Option<Report>)>> {
        self.readable.clear();
        self.poller.wait(Some(GLANCE), &mut self.readable)?;
        let mut reports = Vec::new();
        for ready in &self.readable {
            let index = ready.token as usize;
            let member = &mut self.members[index];
            // What cannot be understood, and what cannot be read, is no word
            // from a process of ours.
            let there = member.control.read_more().unwrap_or(false);
            let mut sane = true;
            loop {
                match member.control.next_received() {
                    Ok(Some(report)) => reports.push((index, Some(report))),
                    Ok(None) => break,
                    Err(_) => {
                        sane = false;
                        break;
                    }
                }
            }
            if !there || !sane {
                self.poller.remove(&member.control)?;
                member.end(Instant::now() + END_PATIENCE)?;
                reports.push((index, None));
            }
        }
        Ok(reports)
    }

    fn tell_all(&mut self, order: &Order) {
        for member in &mut self.members {
            // If it is gone, its control socket tells.
            let _ = member.control.send(order);
        }
    }

    fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        let mut stopped = None;
        let mut told = false;
        for member in &self.members {
            let how = member.ended.map_or_else(String::new, |it| it.to_string());
            let Some(share) = &member.share else {
                sum.failures.push(format!(
                    "the process of {} ended early: {how}\n  what it had recorded is kept, up to its last flush",
                    member.who
                ));
                continue;
            };
            sum.end = sum.end.max(SimTime(share.end_ns));
            sum.events += share.events;
            sum.conservation.add(&share.conservation);
            sum.faults.push(share.faults.clone());
            sum.messages += share.messages;
            sum.lag.add(&share.lags);
            sum.remarks.extend_from_slice(&share.remarks);
            match &share.ending {
                Ending::Complete => {}
                Ending::Stopped(reason) => {
                    stopped.get_or_insert_with(|| reason.clone());
                }
                Ending::Told => told = true,
                Ending::Failed(why) => sum.failures.push(why.clone()),
            }
        }
        sum.reason = Some(match stopped {
            Some(reason) => EndReason::Stopped(reason),
            None if told => EndReason::Interrupted,
            None => EndReason::Duration,
        });
        sum
    }
}

impl Member {
    /// Waits for a process whose control socket is closed: it is about to end, and
    /// is made to if it has not by then.
    fn end(&mut self, until: Instant) -> io::Result<()> {
        while self.ended.is_none() {
            self.ended = self.child.try_wait()?;
            if self.ended.is_none() {
                if Instant::now() >= until {
                    self.kill();
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    fn kill(&mut self) {
        if self.ended.is_none() {
            // It may be gone already.
            let _ = self.child.kill();
        }
    }
}

impl Drop for Crew {
    /// Ends what has not ended: it may have programs to end, so it is asked first.
    fn drop(&mut self) {
        for member in &self.members {
            member.control.close();
        }
        let until = Instant::now() + PARTING;
        for member in &mut self.members {
            // Who cannot be waited for is not ours any more.
            let _ = member.end(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_a_token_of_its_own() {
        assert_ne!(token(), token());
    }
}
