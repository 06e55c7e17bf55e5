//! One process of a run, as the supervisor reaches it: a child, or one that has joined.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tracing::debug;

use super::total::{JoinedEnd, JoinedHow};
use super::{END_PATIENCE, SUBCOMMAND};
use crate::processes::control::{Control, Sender};
use crate::processes::coordinator::Joined;
use crate::processes::{Ending, NodeJob, NodeOrder, ProcessAddresses, ProcessResult};
use crate::setup::SetupError;
use os::poller::{Interest, Poller};
use os::process::wait_until;

/// The part of a run that one process does.
#[derive(Debug)]
pub struct Part<'a> {
    /// What it does.
    pub job: NodeJob,
    /// Its nodes, in the words of an error message.
    pub who: String,
    /// The process that does it; none is started for it.
    pub joined: Option<&'a mut Joined>,
}

/// The process of a part, as the supervisor reaches it.
#[derive(Debug)]
pub(super) enum Process<'a> {
    /// One that the supervisor has started.
    Child(Control, Sender, Child),
    /// One that has joined.
    Joined(&'a mut Joined),
}

impl Process<'_> {
    pub fn control(&mut self) -> &mut Control {
        match self {
            Process::Child(control, ..) => control,
            Process::Joined(joined) => &mut joined.control,
        }
    }

    pub fn order(&self, order: &NodeOrder) -> io::Result<()> {
        match self {
            Process::Child(_, orders, _) => orders.send(order),
            Process::Joined(joined) => joined.orders.send(order),
        }
    }
}

/// One process, as the supervisor sees it.
#[derive(Debug)]
pub(super) struct NodeProcess<'a> {
    /// Its nodes, in the words of an error message.
    pub who: String,
    pub process: Process<'a>,
    /// Where the files go that it hands over.
    pub folder: PathBuf,
    pub addresses: Option<ProcessAddresses>,
    pub ready: bool,
    pub round_trip_ns: u64,
    pub result: Option<ProcessResult>,
    /// Why its records cannot be written, there or here.
    pub unwritten: Option<String>,
    /// How it ended; none while it runs.
    pub ended: Option<String>,
    /// While its connection is closed: whether nobody listens any more where it did.
    pub gone: Option<Arc<AtomicBool>>,
}

/// Starts a process in a process group of its own, so that a signal from the terminal
/// reaches only the runner, which passes it on.
pub(super) fn start(who: &str) -> io::Result<Process<'static>> {
    let (control, far) = Control::pair()?;
    let orders = control.sender()?;
    let child = os::process::this_program()
        .args([SUBCOMMAND, who])
        .stdin(Stdio::from(far))
        .process_group(0)
        .spawn()?;
    debug!(pid = child.id(), "started the process of {who}");
    Ok(Process::Child(control, orders, child))
}

/// How long nobody is asked whether a process is there, and how long for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Sets `gone` once its machine says that nobody listens at an address: a process that lost
/// its connection still does, one that ended does not. A machine that cannot be reached says
/// nothing. Ends when nobody else has `gone`.
fn look_for(address: SocketAddr, gone: Arc<AtomicBool>) {
    thread::spawn(move || {
        while Arc::strong_count(&gone) > 1 {
            match TcpStream::connect_timeout(&address, LOOK_EVERY) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    gone.store(true, Ordering::Relaxed);
                    return;
                }
                _ => thread::sleep(LOOK_EVERY),
            }
        }
    });
}

impl NodeProcess<'_> {
    /// Sets the addresses of a process that has joined to those at which others reach it.
    pub fn place(&self, addresses: &mut ProcessAddresses) {
        if let Process::Joined(joined) = &self.process {
            addresses.links_at(joined.host);
            addresses.reached_at(joined.host);
        }
    }

    /// Whether nothing more comes of its part of the run.
    pub fn is_over(&self) -> bool {
        match self.process {
            Process::Child(..) => self.ended.is_some(),
            Process::Joined(_) => self.ended.is_some() || self.result.is_some(),
        }
    }

    pub fn is_silent(&self, bound: Duration) -> bool {
        match &self.process {
            Process::Child(..) => false,
            Process::Joined(joined) => !self.is_over() && joined.heard.elapsed() > bound,
        }
    }

    /// The connection is lost. Whether the process may connect again: it has, by now, or it
    /// is looked for.
    pub fn may_come_again(&mut self) -> bool {
        let is_over = self.is_over();
        let Process::Joined(joined) = &mut self.process else {
            return false;
        };
        let Some(addresses) = self.addresses.as_ref().filter(|_| !is_over) else {
            return false;
        };
        joined.is_away = joined.control.is_renewed() || joined.control.lose();
        self.gone = None;
        if joined.is_away && joined.control.is_ended() {
            let gone = Arc::new(AtomicBool::new(false));
            self.gone = Some(gone.clone());
            look_for(addresses.links, gone);
        }
        joined.is_away
    }

    /// Whether its connection is lost, and it may connect again.
    pub fn is_away(&self) -> bool {
        matches!(&self.process, Process::Joined(joined) if joined.is_away)
    }

    /// Whether its connection is lost because it has ended.
    pub fn is_gone(&self) -> bool {
        let gone = self.gone.as_ref();
        !self.is_over() && self.is_away() && gone.is_some_and(|it| it.load(Ordering::Relaxed))
    }

    /// Goes on over a new connection, if the process has made one.
    pub fn renew(&mut self, poller: &mut Poller, token: u64) -> io::Result<()> {
        let is_over = self.is_over();
        let Process::Joined(joined) = &mut self.process else {
            return Ok(());
        };
        if is_over || !joined.control.is_renewed() {
            return Ok(());
        }
        if !joined.is_away {
            poller.remove(&joined.control)?;
        }
        joined.renew();
        self.gone = None;
        poller.add(&joined.control, token, Interest::READ)
    }

    pub fn refused(&self, why: String) -> SetupError {
        SetupError::Refused(match &self.process {
            Process::Child(..) => why,
            Process::Joined(joined) => format!("{} at {}: {why}", self.who, joined.from),
        })
    }

    /// Why the run cannot begin, once the process has ended.
    pub fn gone(&self) -> SetupError {
        let (who, how) = (self.who.clone(), self.ended.clone().unwrap_or_default());
        match self.process {
            Process::Child(..) => SetupError::Gone { who, how },
            Process::Joined(_) => SetupError::Lost { who, how },
        }
    }

    /// The failure of a process that ended without a result.
    pub fn lost(&self) -> String {
        let how = self.ended.clone().unwrap_or_default();
        match self.process {
            Process::Child(..) => format!(
                "the process of {} ended early: {how}\n  what it had recorded is kept, up to its last flush",
                self.who
            ),
            Process::Joined(_) => format!(
                "the process of {} was lost: {how}\n  what it had handed over is kept",
                self.who
            ),
        }
    }

    pub fn joined_end(&self) -> Option<JoinedEnd> {
        let Process::Joined(joined) = &self.process else {
            return None;
        };
        let how = self.result.as_ref().map(|result| &result.ending);
        Some(JoinedEnd {
            node: joined.node.clone(),
            from: Some(joined.from),
            how: match how {
                None | Some(Ending::Failed(_)) => JoinedHow::Failed,
                Some(Ending::Left) => JoinedHow::Stopped,
                Some(_) => JoinedHow::Complete,
            },
            stays: self.ended.is_none() && !matches!(how, None | Some(Ending::Left)),
            end_ns: self.result.as_ref().map(|result| result.end_ns),
            clocks: self
                .result
                .as_ref()
                .map_or_else(Vec::new, |it| it.clocks.clone()),
        })
    }

    /// Waits until `until` for a process whose control connection is closed, then
    /// kills it.
    pub fn end(&mut self, until: Instant) -> io::Result<()> {
        if self.ended.is_some() {
            return Ok(());
        }
        self.ended = Some(match &mut self.process {
            Process::Joined(_) => "its connection has closed".to_owned(),
            Process::Child(_, _, child) => match wait_until(child, until)? {
                Some(status) => status.to_string(),
                None => {
                    // It may have ended already.
                    let _ = child.kill();
                    child.wait()?.to_string()
                }
            },
        });
        Ok(())
    }

    /// Ends a process that does not end by itself.
    pub fn kill(&mut self) {
        if self.is_over() {
            return;
        }
        match &mut self.process {
            // It may have ended already.
            Process::Child(_, _, child) => drop(child.kill()),
            Process::Joined(joined) => {
                joined.control.close();
                self.ended = Some(format!("it did not end within {END_PATIENCE:?}"));
            }
        }
    }
}
