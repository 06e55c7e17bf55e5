//! The coordinator's side of processes that join: listens, lets processes in, and keeps
//! them between runs. During a run the [`supervisor`](super::supervisor) has them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use super::control::{Control, Line, Sender};
use super::join::{self, Again, Asked, JoinError, Ticket, Welcome};
use super::seats::{Seats, Wanted};
use super::secret::Secret;
use super::{NodeOrder, NodeReport};
use crate::setup::SetupError;
use base::harmless;
use os::poller::{Interest, Poller, Ready};

/// The most connections that have not proved who they are. Arbitrary.
const HANDSHAKES_MAX: usize = 64;

/// How often each process is told that the coordinator is there: a few times within the
/// least [`SILENCE_LEAST`].
const BEAT: Duration = Duration::from_millis(250);

/// The shortest silence after which a process or the coordinator may count as lost.
pub const SILENCE_LEAST: Duration = Duration::from_secs(2);

/// The longest wait between two looks at the signals.
const LOOK: Duration = Duration::from_millis(100);

/// How to coordinate.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The nodes that processes can join as.
    pub seats: Seats,
    /// The plugins of the scenario: name, and SHA-256 of the file.
    pub plugins: Vec<(String, String)>,
    /// What a process has to know; none on loopback alone.
    pub secret: Option<Secret>,
    /// How long the nodes of a run are waited for.
    pub wait: Duration,
    /// A process from which nothing comes for this long has failed.
    pub silence: Duration,
    /// Prints a line about the processes.
    pub say: Option<fn(&str)>,
}

/// A process that has joined.
#[derive(Debug)]
pub struct Joined {
    /// Its node.
    pub node: String,
    /// Its connection: reports come here.
    pub control: Control,
    /// For orders.
    pub orders: Sender,
    /// Where it comes from.
    pub from: SocketAddr,
    /// Where other nodes reach it.
    pub host: IpAddr,
    /// Whether that is where it comes from.
    is_there: bool,
    /// When something last came from it.
    pub heard: Instant,
    /// Whether its connection is lost. It may connect again.
    pub is_away: bool,
}

impl Joined {
    /// Reads what has come. Returns false if the connection is lost; `is_away` says whether
    /// it may come again.
    pub fn read_more(&mut self) -> bool {
        self.heard = Instant::now();
        self.control.read_more().unwrap_or(false)
    }

    /// Goes on over a new connection, if the process has made one.
    pub fn renew(&mut self) {
        if let Some(from) = self.control.renew() {
            self.from = from;
            if self.is_there {
                self.host = from.ip();
            }
            self.heard = Instant::now();
            self.is_away = false;
        }
    }
}

/// Listens for processes that join, until the value is dropped.
#[derive(Debug)]
pub struct Coordinator {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    rules: Rules,
    clock: String,
    state: Mutex<State>,
    handshakes: AtomicUsize,
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// The processes that have joined and are in no run.
    joined: BTreeMap<String, Joined>,
    /// Nodes that are in a run, or whose process is joining.
    taken: BTreeSet<String>,
    /// To tell each process that the coordinator is there.
    beats: BTreeMap<String, Sender>,
    /// By what each process is known, should it have to connect again.
    lines: BTreeMap<String, (Ticket, Line)>,
}

impl State {
    fn forget(&mut self, node: &str) {
        self.beats.remove(node);
        self.lines.remove(node);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: &str) {
        if let Some(say) = self.rules.say {
            say(line);
        }
    }
}

/// A node that a process is about to get. If it does not, it is free again.
struct Reserved<'a> {
    shared: &'a Shared,
    welcome: Welcome,
    is_given: bool,
    /// It has joined before, and goes on with this.
    again: Option<(Again, Line)>,
}

impl AsRef<Welcome> for Reserved<'_> {
    fn as_ref(&self) -> &Welcome {
        &self.welcome
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_given {
            self.shared.state().taken.remove(&self.welcome.node);
        }
    }
}

impl Coordinator {
    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// If the address is in use, or not of this machine.
    pub fn listen(address: &str, rules: Rules) -> io::Result<Coordinator> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            rules,
            clock: os::clock::identity(),
            state: Mutex::default(),
            handshakes: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        thread::Builder::new().spawn(move || accept(&listener, &accepting))?;
        let beating = shared.clone();
        thread::Builder::new().spawn(move || beat(&beating))?;
        Ok(Coordinator { shared, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A process from which nothing comes for this long has failed.
    pub fn silence(&self) -> Duration {
        self.shared.rules.silence
    }

    /// Waits until each of these nodes has a process, and takes the processes, in the order
    /// of the nodes. None: `stop` was set before.
    ///
    /// # Errors
    ///
    /// If a node has no process in time.
    pub fn gather(
        &self,
        nodes: &[String],
        stop: &AtomicBool,
    ) -> Result<Option<Vec<Joined>>, SetupError> {
        let mut until = None;
        loop {
            self.drop_closed()?;
            let missing: Vec<&str> = {
                let state = self.shared.state();
                let is_missing = |node: &&String| {
                    let joined = state.joined.get(*node);
                    joined.is_none_or(|it| it.is_away)
                };
                nodes.iter().filter(is_missing).map(|it| &**it).collect()
            };
            if missing.is_empty() {
                break;
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let until = until.get_or_insert_with(|| {
                self.shared.say(&format!(
                    "coordinator waits for {}: {}",
                    count(missing.len()),
                    listed(&missing)
                ));
                Instant::now() + self.shared.rules.wait
            });
            if Instant::now() >= *until {
                return Err(SetupError::Missing {
                    wait: self.shared.rules.wait,
                    nodes: listed(&missing),
                });
            }
        }
        let mut state = self.shared.state();
        let taken = nodes.iter().filter_map(|node| {
            let mut joined = state.joined.remove(node)?;
            joined.heard = Instant::now();
            state.taken.insert(node.clone());
            Some(joined)
        });
        Ok(Some(taken.collect()))
    }

    /// Takes processes back after a run.
    pub fn keep(&self, joined: Vec<Joined>) {
        let mut state = self.shared.state();
        for it in joined {
            state.taken.remove(&it.node);
            state.joined.insert(it.node.clone(), it);
        }
    }

    /// Frees the node of a process that has ended, or that leaves: then it is told that nothing
    /// more is wanted of it, before its connection closes.
    pub fn free(&self, joined: &Joined, leaves: bool) {
        if leaves {
            // If it is gone already, there is nobody to tell.
            let _ = joined.orders.send(&NodeOrder::Over(None));
        }
        let mut state = self.shared.state();
        state.taken.remove(&joined.node);
        state.forget(&joined.node);
    }

    /// Waits a moment, and forgets the processes that have left, or are away for too long.
    fn drop_closed(&self) -> io::Result<()> {
        let mut state = self.shared.state();
        let mut poller = Poller::new()?;
        let silence = self.shared.rules.silence;
        let is_lost = |it: &&Joined| it.is_away && it.heard.elapsed() > silence;
        let lost = state.joined.values().filter(is_lost);
        let lost: Vec<String> = lost.map(|it| it.node.clone()).collect();
        for node in lost {
            self.has_left(&mut state, &node);
        }
        let names: Vec<String> = state.joined.keys().cloned().collect();
        for (index, name) in names.iter().enumerate() {
            let joined = state.joined.get_mut(name).expect("it was listed");
            joined.renew();
            if !joined.is_away {
                poller.add(&joined.control, index as u64, Interest::READ)?;
            }
        }
        // Others may join meanwhile.
        drop(state);
        let mut ready: Vec<Ready> = Vec::new();
        poller.wait(Some(LOOK), &mut ready)?;
        state = self.shared.state();
        for it in ready {
            let name = &names[it.token as usize];
            let Some(joined) = state.joined.get_mut(name) else {
                continue;
            };
            let open = joined.read_more();
            let mut leaves = false;
            loop {
                match joined.control.next_received() {
                    Ok(Some(NodeReport::Leaving)) | Err(_) => leaves = true,
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                }
                if leaves {
                    break;
                }
            }
            joined.control.acknowledge();
            if leaves {
                self.has_left(&mut state, name);
            } else if !open && !joined.control.is_renewed() {
                joined.is_away = joined.control.lose();
                self.shared.say(&format!(
                    "the connection of {name} is lost; it has {silence:?} to connect again"
                ));
            }
        }
        Ok(())
    }

    fn has_left(&self, state: &mut State, node: &str) {
        self.shared.say(&format!("{node} has left"));
        if let Some(joined) = state.joined.remove(node) {
            joined.control.close();
        }
        state.forget(node);
    }

    /// Tells all processes that there is no other run.
    pub fn end(&self) {
        if self.shared.over.swap(true, Ordering::Relaxed) {
            return;
        }
        let address = self.address;
        self.shared.say(&format!("coordinator closes {address}"));
        let mut state = self.shared.state();
        for (_, joined) in std::mem::take(&mut state.joined) {
            // If it is gone, there is nobody to tell.
            let _ = joined.orders.send(&NodeOrder::Over(None));
        }
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.end();
        // Ends the thread that accepts.
        let _ = TcpStream::connect_timeout(&reachable(self.address), LOOK);
    }
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.over.load(Ordering::Relaxed) {
        let Ok((socket, from)) = listener.accept() else {
            // No descriptor left: others may close.
            thread::sleep(LOOK);
            continue;
        };
        if shared.handshakes.fetch_add(1, Ordering::Relaxed) >= HANDSHAKES_MAX {
            shared.handshakes.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let admitting = shared.clone();
        let admitted = thread::Builder::new().spawn(move || {
            admit(socket, from, &admitting);
            admitting.handshakes.fetch_sub(1, Ordering::Relaxed);
        });
        if admitted.is_err() {
            shared.handshakes.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn beat(shared: &Shared) {
    while !shared.over.load(Ordering::Relaxed) {
        thread::sleep(BEAT);
        let beats: Vec<Sender> = shared.state().beats.values().cloned().collect();
        for orders in beats {
            // A closed connection is noticed where it is read.
            let _ = orders.send_if_free(&NodeOrder::Beat);
        }
    }
}

/// Lets a process in, or says why not, here and there.
fn admit(socket: TcpStream, from: SocketAddr, shared: &Shared) {
    match admitted(socket, from, shared) {
        Ok(Some(what)) => shared.say(&what),
        Ok(None) => debug!("a connection from {from} did not join"),
        Err(JoinError::Connection(error)) => debug!("a process at {from} did not join: {error}"),
        Err(JoinError::Refused(why)) => {
            warn!("a process at {from} cannot join: {}", harmless::lines(&why));
        }
    }
}

fn admitted(
    socket: TcpStream,
    from: SocketAddr,
    shared: &Shared,
) -> Result<Option<String>, JoinError> {
    let mut control = Control::over(socket)?;
    let choose = |asked: &Asked| reserve(shared, asked);
    let Some((asked, mut reserved)) =
        join::answer(&mut control, shared.rules.secret.as_ref(), choose)?
    else {
        return Ok(None);
    };
    let node = reserved.welcome.node.clone();
    if let Some((again, line)) = reserved.again.take() {
        control.set_patience(None, Some(shared.rules.silence))?;
        let went_on = line.go_on(control, again.taken, reserved.welcome.taken);
        return Ok(went_on.then(|| format!("{node} is connected again, from {from}")));
    }
    let host = asked.advertised.as_deref().map_or(Ok(from.ip()), look_up)?;
    control.set_patience(None, Some(shared.rules.silence))?;
    control.outlast(false);
    let line = control.line();
    let orders = control.sender()?;
    let joined = Joined {
        node: node.clone(),
        control,
        orders: orders.clone(),
        from,
        host,
        is_there: asked.advertised.is_none(),
        heard: Instant::now(),
        is_away: false,
    };
    let mut state = shared.state();
    reserved.is_given = true;
    state.taken.remove(&node);
    state.beats.insert(node.clone(), orders);
    if let Some(line) = line {
        let ticket = reserved.welcome.ticket;
        state.lines.insert(node.clone(), (ticket, line));
    }
    // One that was away has lost its place.
    if let Some(away) = state.joined.insert(node.clone(), joined) {
        away.control.close();
    }
    Ok(Some(format!("{node} joined from {from}")))
}

/// A process that has joined before, and where its connection goes on.
fn known(shared: &Shared, node: &str, again: &Again) -> Result<Line, String> {
    let state = shared.state();
    let line = state.lines.get(node);
    line.filter(|(ticket, line)| *ticket == again.ticket && line.is_open())
        .map(|(_, line)| line.clone())
        .ok_or_else(|| format!("the coordinator has no process for `{node}` to go on with: this one was counted as lost, or as ended"))
}

fn reserve<'a>(shared: &'a Shared, asked: &Asked) -> Result<Reserved<'a>, String> {
    if let Some(name) = &asked.advertised {
        look_up(name).map_err(|error| {
            format!("the coordinator does not find `{name}` of --advertise: {error}")
        })?;
    }
    let wanted = asked.wanted.as_ref().ok_or("nothing is asked for")?;
    let welcome = |node: String, ticket: Ticket, taken: u64| Welcome {
        node,
        plugins: shared.rules.plugins.clone(),
        clock: shared.clock.clone(),
        ticket,
        taken,
    };
    if let (Some(again), Wanted::Name(node)) = (&asked.again, wanted) {
        let line = known(shared, node, again)?;
        return Ok(Reserved {
            shared,
            welcome: welcome(node.clone(), again.ticket, line.taken()),
            is_given: true,
            again: Some((again.clone(), line)),
        });
    }
    let ticket = os::random::bytes().map_err(|error| error.to_string())?;
    let mut state = shared.state();
    let is_taken = |node: &str| {
        let is_joined = state.joined.get(node).is_some_and(|it| !it.is_away);
        is_joined || state.taken.contains(node)
    };
    let node = shared.rules.seats.choose(wanted, is_taken)?;
    state.taken.insert(node.clone());
    drop(state);
    Ok(Reserved {
        shared,
        welcome: welcome(node, ticket, 0),
        is_given: false,
        again: None,
    })
}

fn look_up(host: &str) -> io::Result<IpAddr> {
    let mut found = (host, 0).to_socket_addrs()?;
    let first = found.next().map(|it| it.ip());
    first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no address"))
}

fn count(nodes: usize) -> String {
    match nodes {
        1 => "1 node".to_owned(),
        nodes => format!("{nodes} nodes"),
    }
}

/// The most nodes that a line names.
const NAMED: usize = 20;

fn listed(nodes: &[&str]) -> String {
    let named = nodes.iter().take(NAMED).copied();
    let named: Vec<&str> = named.collect();
    match nodes.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::seats::SeatGroup;
    use super::*;

    fn rules() -> Rules {
        Rules {
            seats: Seats(vec![SeatGroup {
                name: "node".to_owned(),
                nodes: vec!["node".to_owned()],
                set_by: "count".to_owned(),
                is_program: false,
            }]),
            plugins: Vec::new(),
            secret: Secret::new("open sesame"),
            wait: Duration::from_secs(60),
            silence: Duration::from_secs(60),
            say: None,
        }
    }

    /// Joins as `node`, or goes on as it.
    fn joined(to: SocketAddr, again: Option<Again>) -> Result<(Control, Welcome), String> {
        let asked = Asked {
            wanted: Some(Wanted::Name("node".to_owned())),
            advertised: None,
            again,
        };
        let mut control = Control::over(TcpStream::connect(to).unwrap()).unwrap();
        let secret = Secret::new("open sesame");
        let welcome = join::ask(&mut control, asked, secret.as_ref(), join::PATIENCE, |_| {
            Ok(())
        });
        Ok((control, welcome.map_err(|it| it.to_string())?.unwrap()))
    }

    #[test]
    fn only_the_process_that_has_joined_goes_on_as_it() {
        let coordinator = Coordinator::listen("127.0.0.1:0", rules()).unwrap();
        let (mut control, welcome) = joined(coordinator.address(), None).unwrap();
        control.outlast(true);
        let stop = AtomicBool::new(false);
        let taken = coordinator.gather(&["node".to_owned()], &stop);
        let mut taken = taken.unwrap().unwrap().remove(0);
        let again = |ticket| Some(Again { ticket, taken: 0 });
        let refused = joined(coordinator.address(), again([7; 16])).unwrap_err();
        assert!(
            refused.contains("no process for `node` to go on"),
            "{refused}"
        );
        let refused = joined(coordinator.address(), None).unwrap_err();
        assert!(
            refused.contains("there is a process for node `node`"),
            "{refused}"
        );
        control.send(&NodeReport::Beat).unwrap();
        control.lose();
        let (other, told) = joined(coordinator.address(), again(welcome.ticket)).unwrap();
        control.line().unwrap().go_on(other, told.taken, 0);
        control.renew().unwrap();
        while !taken.control.is_renewed() {
            thread::yield_now();
        }
        taken.renew();
        assert!(matches!(
            taken
                .control
                .receive_by(Instant::now() + join::PATIENCE)
                .unwrap(),
            Some(NodeReport::Beat)
        ));
        // Not after it was counted as lost.
        taken.control.close();
        let refused = joined(coordinator.address(), again(welcome.ticket)).unwrap_err();
        assert!(refused.contains("counted as lost"), "{refused}");
    }
}
