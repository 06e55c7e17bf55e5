//! Operations on single descriptors.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::stdio::{dup2_stdin, stdin};

/// Makes reading and writing return at once where they would block.
///
/// # Errors
///
/// If the system refuses.
pub fn set_nonblocking(descriptor: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(descriptor, true)?)
}

/// Waits until something can be read, or until `timeout` is over. Returns whether
/// something can be read; a signal ends the wait early.
///
/// # Errors
///
/// If the system refuses.
pub fn wait_readable(descriptor: impl AsFd, timeout: Duration) -> io::Result<bool> {
    let timeout = timespec(timeout);
    let mut set = [PollFd::new(&descriptor, PollFlags::IN)];
    match poll(&mut set, Some(&timeout)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: span.as_secs().min(i64::MAX as u64) as i64,
        tv_nsec: i64::from(span.subsec_nanos()),
    }
}

/// Sets how many connections may wait at a listening socket to be accepted. The
/// system may lower it.
///
/// # Errors
///
/// If the system refuses.
pub fn set_accept_queue(listener: impl AsFd, length: i32) -> io::Result<()> {
    Ok(rustix::net::listen(listener, length)?)
}

/// Standard input without a buffer: bytes that are not read stay for the next
/// reader.
#[derive(Clone, Copy, Debug)]
pub struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(stdin(), buffer)?)
    }
}

impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        stdin()
    }
}

/// Takes standard input away from this process, which from then on reads an empty
/// one. Programs that this process starts do not inherit the descriptor.
///
/// # Errors
///
/// If the system refuses.
pub fn take_stdin() -> io::Result<OwnedFd> {
    let taken = stdin().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(taken)
}

/// From now on a TCP connection fails if nothing comes from the other end for this long, not
/// even the acknowledgement of what was sent: the network is cut, or the machine is gone.
///
/// # Errors
///
/// If the system refuses.
pub fn fail_if_silent(connection: &impl AsFd, silence: Duration) -> io::Result<()> {
    // Three questions whether the other end is there, should there be nothing to send.
    let question = (silence / 3).max(Duration::from_secs(1));
    sockopt::set_tcp_keepidle(connection, question)?;
    sockopt::set_tcp_keepintvl(connection, question)?;
    let milliseconds = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(connection, milliseconds)?;
    Ok(sockopt::set_socket_keepalive(connection, true)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn waiting_ends_with_something_to_read_or_with_the_timeout() {
        let (near, mut far) = UnixStream::pair().unwrap();
        assert!(!wait_readable(&near, Duration::from_millis(1)).unwrap());
        far.write_all(b"x").unwrap();
        assert!(wait_readable(&near, Duration::from_secs(60)).unwrap());
    }

    #[test]
    fn a_nonblocking_read_returns_at_once() {
        let (mut near, _far) = UnixStream::pair().unwrap();
        set_nonblocking(&near).unwrap();
        let error = near.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
