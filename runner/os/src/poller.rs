//! Waits for sockets and deadlines at once: epoll, with timeouts in nanoseconds.
//!
//! `epoll_wait` counts in milliseconds, and `epoll_pwait2`, which does not, is
//! missing from older systems and from some sandboxes. But an epoll descriptor
//! can itself be polled, and `ppoll` counts in nanoseconds everywhere. So a wait
//! for a deadline is a `ppoll`; only if a socket ends the wait, a second call reads
//! which one.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::descriptor::timespec;

/// The number of a watched socket; chosen by the caller.
pub type Token = u64;

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The socket.
    pub token: Token,
    /// Whether something can be read, or the connection is closed.
    pub readable: bool,
    /// Whether something can be written, or the connection is closed.
    pub writable: bool,
}

/// What a socket is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Whether for something to read.
    pub read: bool,
    /// Whether for room to write.
    pub write: bool,
}

impl Interest {
    /// Something to read, and nothing else.
    pub const READ: Interest = Interest {
        read: true,
        write: false,
    };
}

/// A set of watched sockets.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

/// Sockets that one wait returns; the next wait returns the others.
const BATCH: usize = 256;

impl Poller {
    /// An empty set. Makes timeouts of this thread as exact as the system can.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn new() -> io::Result<Poller> {
        // The default slack is 50 us, which makes ticks late by as much. If the
        // system refuses, they are.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        Ok(Poller {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(BATCH),
        })
    }

    /// Watches a socket, until its descriptor is closed.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn add(&self, socket: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, flags(interest))?)
    }

    /// Watches a socket for something else.
    ///
    /// # Errors
    ///
    /// If it is not watched.
    pub fn modify(&self, socket: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags(interest))?)
    }

    /// Stops watching a socket.
    ///
    /// # Errors
    ///
    /// If it is not watched.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Waits until a socket is ready or `timeout` is over (none: for ever), and
    /// adds the sockets that are ready to `ready`. A signal ends the wait.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let mut timeout = timeout.map(timespec);
        let is_fine = |timeout: &Timespec| timeout.tv_nsec % 1_000_000 != 0;
        if timeout.as_ref().is_some_and(is_fine) {
            let mut set = [PollFd::new(&self.epoll, PollFlags::IN)];
            match rustix::event::poll(&mut set, timeout.as_ref()) {
                Ok(0) | Err(Errno::INTR) => return Ok(()),
                Ok(_) => timeout = Some(Timespec::default()),
                Err(error) => return Err(error.into()),
            }
        }
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let gone = EventFlags::HUP | EventFlags::ERR;
        ready.extend(self.events.iter().map(|event| {
            let flags = event.flags;
            Ready {
                token: event.data.u64(),
                readable: flags.intersects(EventFlags::IN | EventFlags::RDHUP | gone),
                writable: flags.intersects(EventFlags::OUT | gone),
            }
        }));
        Ok(())
    }
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}

fn flags(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::empty();
    if interest.read {
        flags |= EventFlags::IN | EventFlags::RDHUP;
    }
    if interest.write {
        flags |= EventFlags::OUT;
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    #[test]
    fn a_socket_is_ready_once_there_is_something_to_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        let mut poller = Poller::new().unwrap();
        poller.add(&far, 42, Interest::READ).unwrap();
        let mut ready = Vec::new();
        poller.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert_eq!(ready, []);
        near.write_all(b"x").unwrap();
        poller.wait(None, &mut ready).unwrap();
        let expected = Ready {
            token: 42,
            readable: true,
            writable: false,
        };
        assert_eq!(ready, [expected]);
        // Also when it waits for a deadline that is no whole millisecond.
        ready.clear();
        poller
            .wait(Some(Duration::new(3600, 1)), &mut ready)
            .unwrap();
        assert_eq!(ready, [expected]);
        poller.remove(&far).unwrap();
        ready.clear();
        poller.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert_eq!(ready, []);
    }

    #[test]
    fn a_deadline_ends_the_wait_and_never_early() {
        let mut poller = Poller::new().unwrap();
        let mut ready = Vec::new();
        for nanoseconds in [1, 250_000, 999_999, 1_000_000, 1_500_000] {
            let wait = Duration::from_nanos(nanoseconds);
            let begun = Instant::now();
            poller.wait(Some(wait), &mut ready).unwrap();
            assert!(begun.elapsed() >= wait, "{wait:?}");
            assert_eq!(ready, []);
        }
    }
}
