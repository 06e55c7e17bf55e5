//! Waits for sockets and deadlines at once: epoll, with timeouts in nanoseconds.
//!
//! `epoll_wait` counts in milliseconds, and `epoll_pwait2`, which does not, is
//! missing from older systems and from some sandboxes. But an epoll descriptor
//! can itself be polled, and `ppoll` counts in nanoseconds everywhere. So a wait
//! for a deadline is a `ppoll`; only when a socket ends it is there a second call.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// What a socket is watched under; given by whoever registers it.
pub type Token = u64;

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Which socket.
    pub token: Token,
    /// Something can be read, or the other end is gone.
    pub readable: bool,
    /// Something can be written, or the other end is gone.
    pub writable: bool,
}

/// What a socket is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Something to read.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

/// A set of watched sockets.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

/// Sockets told of in one wait; the others are told of in the next.
const BATCH: usize = 256;

impl Poller {
    /// An empty set. Timeouts of this thread become as exact as they can be.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Poller> {
        // The default slack is 50 us: too late for ticks. Only a hint; where it
        // is refused, ticks are as late as that.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        Ok(Poller {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(BATCH),
        })
    }

    /// Watches a socket. It is forgotten when its descriptor is closed.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn add(&self, socket: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, socket, data, flags(interest))?)
    }

    /// Watches a socket for something else.
    ///
    /// # Errors
    ///
    /// When it is not watched.
    pub fn modify(&self, socket: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, socket, data, flags(interest))?)
    }

    /// Stops watching a socket.
    ///
    /// # Errors
    ///
    /// When it is not watched.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Waits until a socket is ready or `timeout` is over (none: for ever), and
    /// adds what is ready to `ready`. A signal ends the wait.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let mut timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().min(i64::MAX as u64) as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
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
    fn a_socket_is_told_of_under_its_token_once_there_is_something() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        let mut poller = Poller::new().unwrap();
        let read = Interest {
            read: true,
            write: false,
        };
        poller.add(&far, 42, read).unwrap();
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
        // As well when it waits for a deadline that is no whole millisecond.
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
