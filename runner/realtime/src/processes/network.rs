//! The TCP connection to a process elsewhere. It outlives its sockets: if something between
//! the two closes one, the process connects again, and nothing is lost.
//!
//! Each end numbers the frames that it sends, and keeps them until the other end has
//! acknowledged them. A new socket begins with the frames that the other end has not taken.
//! The number that the other end named may be old when they arrive, since it may have read on
//! from the old socket; so it leaves out the frames that it has taken since.
//!
//! ```text
//! process                                   coordinator
//!   frames 1, 2, 3           ───────────▶   takes 1
//!            ╳ the socket closes
//!   "again, I took 8"        ───────────▶   (on a new socket, see `join`)
//!                            ◀───────────   "I took 1"
//!   frames 2, 3              ───────────▶
//!                            ◀───────────   frames from 9 on
//! ```
//!
//! Until [`Network::outlast`], while the two do not know each other yet, it is a plain socket.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::frames::{self, FrameBuffer};

/// The most bytes that are kept for the other end, at an end that may wait for it `[bytes]`.
/// Arbitrary: enough to send on while an acknowledgement is on its way.
const KEPT_MAX: usize = 16 << 20;

/// The longest wait for an acknowledgement before it is looked for again.
const LOOK: Duration = Duration::from_millis(20);

/// What all handles of one end share.
#[derive(Debug)]
pub(super) struct Network {
    state: Mutex<State>,
    /// Number of frames that the other end has acknowledged.
    acknowledged: AtomicU64,
    /// Number of frames that this end has taken.
    taken: AtomicU64,
    /// The number of frames was acknowledged, or the state has changed.
    changed: Condvar,
    /// A new socket, for the handle that reads.
    successor: Mutex<Option<Successor>>,
}

#[derive(Debug)]
struct State {
    /// What is written to; none while there is no connection.
    writer: Option<TcpStream>,
    /// How long a write may take nothing.
    patience: Option<Duration>,
    outlasts: bool,
    /// Whether sending waits for acknowledgements.
    waits: bool,
    closed: bool,
    /// Frames that are not acknowledged, and their bytes.
    kept: VecDeque<Vec<u8>>,
    kept_bytes: usize,
    /// Number of frames before the first that is kept.
    before: u64,
    /// The number of taken frames that the other end was last told.
    told: u64,
}

/// A new socket.
#[derive(Debug)]
pub(super) struct Successor {
    pub reader: TcpStream,
    /// What has arrived on it.
    pub received: FrameBuffer,
    /// Number of frames of the other end before the first on it.
    pub before: u64,
    /// Where it comes from.
    pub from: SocketAddr,
}

fn closed() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl Network {
    pub fn new(writer: TcpStream) -> Network {
        Network {
            state: Mutex::new(State {
                writer: Some(writer),
                patience: None,
                outlasts: false,
                waits: false,
                closed: false,
                kept: VecDeque::new(),
                kept_bytes: 0,
                before: 0,
                told: 0,
            }),
            acknowledged: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            changed: Condvar::new(),
            successor: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the connection outlives its sockets. `waits`: sending waits for the other
    /// end if too much is not acknowledged; another thread must be reading then.
    pub fn outlast(&self, waits: bool) {
        let mut state = self.state();
        // What was read until now does not count.
        self.taken.store(0, Ordering::Release);
        state.outlasts = true;
        state.waits = waits;
    }

    /// Whether a new socket may follow.
    pub fn outlasts(&self) -> bool {
        let state = self.state();
        state.outlasts && !state.closed
    }

    pub fn set_patience(&self, patience: Option<Duration>) {
        self.state().patience = patience;
    }

    /// Number of frames that this end has taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// Notes what was read.
    pub fn note(&self, received: &FrameBuffer) {
        self.taken.store(received.taken, Ordering::Release);
        let known = self
            .acknowledged
            .fetch_max(received.acknowledged, Ordering::AcqRel);
        if received.acknowledged > known {
            self.changed.notify_all();
        }
    }

    /// Sends a frame, now or over the next socket.
    pub fn send(&self, frame: Vec<u8>) -> io::Result<()> {
        let mut state = self.state();
        if !state.outlasts {
            let writer = state.writer.as_mut();
            return writer.ok_or_else(closed)?.write_all(&frame);
        }
        state.forget(self.acknowledged.load(Ordering::Acquire));
        while state.waits && state.kept_bytes > KEPT_MAX && !state.closed {
            state = self.wait(state, LOOK);
        }
        if state.closed {
            return Err(closed());
        }
        state.kept_bytes += frame.len();
        state.acknowledge(self.taken());
        state.write(&frame);
        state.kept.push_back(frame);
        Ok(())
    }

    /// Tells the other end what was taken, unless another thread sends: then that does.
    pub fn acknowledge(&self) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if state.outlasts {
            state.acknowledge(self.taken());
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, longest: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, longest);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.forget(self.acknowledged.load(Ordering::Acquire));
        state
    }

    /// Number of frames that were sent.
    pub fn sent(&self) -> u64 {
        self.state().sent()
    }

    /// Number of frames that the other end has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Waits until the other end has acknowledged every frame that was sent before.
    pub fn drain(&self, longest: Duration) {
        let until = Instant::now() + longest;
        let mut state = self.wait(self.state(), Duration::ZERO);
        let sent = state.sent();
        while state.outlasts && !state.closed && state.before < sent && Instant::now() < until {
            state = self.wait(state, LOOK);
        }
    }

    /// The socket is lost; whoever reads from it notices, too.
    pub fn lose(&self) {
        self.state().lose();
    }

    /// Goes on over a new socket, of which `received` has arrived. `theirs` is how many
    /// frames of this end the other has taken, `told` how many of its own it was told.
    /// Returns false if the connection is closed for good.
    pub fn go_on(&self, socket: TcpStream, received: FrameBuffer, theirs: u64, told: u64) -> bool {
        let mut state = self.state();
        let (Ok(writer), Ok(from)) = (socket.try_clone(), socket.peer_addr()) else {
            return !state.closed;
        };
        if state.closed {
            return false;
        }
        state.lose();
        let mut successor = self
            .successor
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *successor = Some(Successor {
            reader: socket,
            received,
            before: told,
            from,
        });
        drop(successor);
        self.acknowledged.fetch_max(theirs, Ordering::AcqRel);
        state.forget(self.acknowledged.load(Ordering::Acquire));
        state.told = told;
        // A socket that takes nothing is noticed by whoever reads from it.
        let _ = writer.set_write_timeout(state.patience);
        state.writer = Some(writer);
        let kept = std::mem::take(&mut state.kept);
        for frame in &kept {
            state.write(frame);
        }
        state.kept = kept;
        self.changed.notify_all();
        true
    }

    /// Whether a new socket waits for the handle that reads.
    pub fn has_successor(&self) -> bool {
        let successor = self.successor.lock();
        successor.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub fn take_successor(&self) -> Option<Successor> {
        let successor = self.successor.lock();
        successor.unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Closes the connection for good.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.lose();
        self.changed.notify_all();
    }
}

impl State {
    fn sent(&self) -> u64 {
        self.before + self.kept.len() as u64
    }

    /// Keeps no frames that are acknowledged.
    fn forget(&mut self, acknowledged: u64) {
        while self.before < acknowledged {
            let Some(frame) = self.kept.pop_front() else {
                return;
            };
            self.kept_bytes -= frame.len();
            self.before += 1;
        }
    }

    fn acknowledge(&mut self, taken: u64) {
        if taken > self.told {
            self.told = taken;
            self.write(&frames::acknowledgement(taken));
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let written = self.writer.as_mut().map(|writer| writer.write_all(bytes));
        if matches!(written, Some(Err(_))) {
            self.lose();
        }
    }

    fn lose(&mut self) {
        if let Some(writer) = self.writer.take() {
            // It may be closed already.
            let _ = writer.shutdown(Shutdown::Both);
        }
    }
}
