//! What the room asks of the kernel: notifications of system calls, the memory and the
//! descriptors of the program, its state. All unsafe code of the crate is here and in
//! `launch`.

#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

/// A system call that the kernel holds until it is answered, as `struct seccomp_notif`
/// of `seccomp_unotify(2)`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Notification {
    /// Names the notification in the answer.
    pub id: u64,
    /// The task that calls.
    pub task: u32,
    flags: u32,
    /// Number of the system call.
    pub call: i32,
    arch: u32,
    instruction: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// As `struct seccomp_notif_resp`.
#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// As `struct seccomp_notif_addfd`.
#[repr(C)]
struct AddDescriptor {
    id: u64,
    flags: u32,
    source: u32,
    new: u32,
    new_flags: u32,
}

const _: () = assert!(
    size_of::<Notification>() == 80
        && size_of::<Response>() == 24
        && size_of::<AddDescriptor>() == 24
);

/// `SECCOMP_IOCTL_NOTIF_RECV`, `_SEND` and `_ADDFD`: the direction, the size, `!` and a
/// number.
const RECEIVE: u64 = 0xc050_2100;
const SEND: u64 = 0xc018_2101;
const ADD_DESCRIPTOR: u64 = 0x4018_2103;
/// `SECCOMP_IOCTL_NOTIF_SET_FLAGS`, and the flag that wakes the task on this processor.
const SET_FLAGS: u64 = 0x4008_2104;
const SYNC_WAKE_UP: u64 = 1;
/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`: the kernel does the call itself.
const CONTINUE: u32 = 1;
/// `SECCOMP_ADDFD_FLAG_SEND`: the new descriptor is the result of the call.
const ADD_AND_SEND: u32 = 2;

/// How a held call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It returns this.
    Value(i64),
    /// It fails with this `errno`.
    Error(i32),
    /// The kernel does it.
    Continue,
}

/// Receives the notifications of a program.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// The listener that a program has sent.
    pub fn new(descriptor: OwnedFd) -> Listener {
        // SAFETY: no memory is passed. The flag is newer than the rest: failing is fine.
        unsafe { libc::ioctl(descriptor.as_raw_fd(), SET_FLAGS, SYNC_WAKE_UP) };
        Listener(descriptor)
    }

    /// The next notification, none if its task is gone already.
    ///
    /// # Errors
    ///
    /// If the kernel refuses.
    pub fn receive(&self) -> io::Result<Option<Notification>> {
        let mut notification = Notification::default();
        // SAFETY: the struct is as large as the kernel's and zeroed, as it demands.
        let got = unsafe { libc::ioctl(self.0.as_raw_fd(), RECEIVE, &raw mut notification) };
        match checked(got) {
            Ok(_) => Ok(Some(notification)),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT | libc::EINTR) => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Answers a held call. A task that is gone takes no answer.
    pub fn answer(&self, id: u64, answer: Answer) {
        let (value, error, flags) = match answer {
            Answer::Value(value) => (value, 0, 0),
            Answer::Error(errno) => (0, -errno, 0),
            Answer::Continue => (0, 0, CONTINUE),
        };
        let response = Response {
            id,
            value,
            error,
            flags,
        };
        // SAFETY: the kernel reads a struct of its own layout.
        unsafe { libc::ioctl(self.0.as_raw_fd(), SEND, &raw const response) };
    }

    /// Answers a call that opens a file with a descriptor of this process's file.
    pub fn answer_with(&self, id: u64, file: &OwnedFd, close_on_exec: bool) {
        let add = AddDescriptor {
            id,
            flags: ADD_AND_SEND,
            source: file.as_raw_fd().cast_unsigned(),
            new: 0,
            new_flags: if close_on_exec {
                libc::O_CLOEXEC.cast_unsigned()
            } else {
                0
            },
        };
        // SAFETY: the kernel reads a struct of its own layout.
        unsafe { libc::ioctl(self.0.as_raw_fd(), ADD_DESCRIPTOR, &raw const add) };
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

fn checked_long(result: i64) -> io::Result<i64> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The process of a program, seen from outside.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub id: i32,
    descriptor: OwnedFd,
}

impl Process {
    /// A child of this process that has not been waited for.
    ///
    /// # Errors
    ///
    /// If the kernel has no descriptors of processes.
    pub fn new(id: i32) -> io::Result<Process> {
        // SAFETY: no memory is passed; the result is a new descriptor.
        let descriptor = checked_long(unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) })?;
        Ok(Process {
            id,
            // SAFETY: as above.
            descriptor: unsafe { OwnedFd::from_raw_fd(descriptor as RawFd) },
        })
    }

    /// Reads memory of the program; fails unless all of it can be read.
    ///
    /// # Errors
    ///
    /// If the memory is not there.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> io::Result<()> {
        match self.read_some(address, bytes)? == bytes.len() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        }
    }

    /// Reads as much of the memory as is there. Returns how much.
    ///
    /// # Errors
    ///
    /// If nothing is there.
    pub fn read_some(&self, address: u64, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let here = libc::iovec {
            iov_base: bytes.as_mut_ptr().cast(),
            iov_len: bytes.len(),
        };
        let there = libc::iovec {
            iov_base: address as *mut _,
            iov_len: bytes.len(),
        };
        // SAFETY: `here` is a live slice of that length; the kernel checks `there`.
        let read =
            unsafe { libc::process_vm_readv(self.id, &raw const here, 1, &raw const there, 1, 0) };
        checked_long(read as i64).map(|read| read as usize)
    }

    /// Writes memory of the program.
    ///
    /// # Errors
    ///
    /// If the memory is not there.
    pub fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let here = libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let there = libc::iovec {
            iov_base: address as *mut _,
            iov_len: bytes.len(),
        };
        // SAFETY: `here` is a live slice that is only read; the kernel checks `there`.
        let written =
            unsafe { libc::process_vm_writev(self.id, &raw const here, 1, &raw const there, 1, 0) };
        match checked_long(written as i64)? == bytes.len() as i64 {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        }
    }

    /// Two words at an address: seconds and a fraction of a second.
    ///
    /// # Errors
    ///
    /// If the memory is not there.
    pub fn read_pair(&self, address: u64) -> io::Result<(i64, i64)> {
        let mut bytes = [0; 16];
        self.read(address, &mut bytes)?;
        let word = |at: usize| i64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
        Ok((word(0), word(8)))
    }

    /// Writes two words.
    ///
    /// # Errors
    ///
    /// If the memory is not there.
    pub fn write_pair(&self, address: u64, (first, second): (i64, i64)) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.to_ne_bytes());
        bytes[8..].copy_from_slice(&second.to_ne_bytes());
        self.write(address, &bytes)
    }

    /// The 32-bit word of a futex.
    ///
    /// # Errors
    ///
    /// If the memory is not there.
    pub fn read_word(&self, address: u64) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    /// A copy of one of the program's descriptors.
    ///
    /// # Errors
    ///
    /// If it has no such descriptor.
    pub fn descriptor(&self, number: i32) -> io::Result<OwnedFd> {
        let process = self.descriptor.as_raw_fd();
        // SAFETY: no memory is passed; the result is a new descriptor.
        let copy =
            checked_long(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, number, 0) })?;
        // SAFETY: as above.
        Ok(unsafe { OwnedFd::from_raw_fd(copy as RawFd) })
    }

    /// Its tasks, in the order of their numbers.
    pub fn tasks(&self) -> Vec<u32> {
        let entries = fs::read_dir(format!("/proc/{}/task", self.id));
        let mut tasks: Vec<u32> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        tasks.sort_unstable();
        tasks
    }

    /// Whether a task is one of its own, and not of another process.
    pub fn has(&self, task: u32) -> bool {
        Path::new(&format!("/proc/{}/task/{task}", self.id)).exists()
    }

    /// Whether a task is there and has not ended.
    pub fn is_alive(&self, task: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/task/{task}/stat", self.id));
        let state = stat.ok().and_then(|stat| {
            let rest = stat.rsplit(')').next()?;
            rest.trim_start().chars().next()
        });
        state.is_some_and(|state| !"ZXx".contains(state))
    }

    /// The system call in which a task sleeps, and its arguments; none if it runs.
    /// The text also tells whether it has slept through between two looks.
    pub fn sleeps_in(&self, task: u32) -> Option<(i64, Vec<u64>, String)> {
        let folder = format!("/proc/{}/task/{task}", self.id);
        let call = fs::read_to_string(format!("{folder}/syscall")).ok()?;
        let mut words = call.split_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        let arguments = words
            .map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok())
            .collect();
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        // Not `D`: a wait for a disk ends by itself.
        if !status.contains("\nState:\tS") {
            return None;
        }
        let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
        let seen = switches.fold(call, |seen, line| seen + line);
        Some((number, arguments, seen))
    }

    /// Sends a signal to one task.
    ///
    /// # Errors
    ///
    /// If there is no such task or signal.
    pub fn signal(&self, task: u32, signal: i32) -> io::Result<()> {
        // SAFETY: no memory is passed.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, self.id, task, signal) };
        checked_long(sent).map(drop)
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    ///
    /// If there is no such signal.
    pub fn signal_all(&self, signal: i32) -> io::Result<()> {
        // SAFETY: no memory is passed; the process has not been waited for.
        checked(unsafe { libc::kill(self.id, signal) }).map(drop)
    }
}

impl AsRawFd for Process {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

/// What happened at a descriptor that was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Something can be read.
    pub readable: bool,
    /// The other end is closed.
    pub closed: bool,
}

impl Happened {
    /// Whether anything happened.
    pub fn any(self) -> bool {
        self.readable || self.closed
    }
}

/// Waits until something can be read from one of these descriptors.
///
/// # Errors
///
/// If the kernel refuses.
pub fn wait_for<const N: usize>(
    descriptors: [RawFd; N],
    timeout: Duration,
) -> io::Result<[Happened; N]> {
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    poll(&mut polled, timeout)?;
    Ok(polled.map(|it| Happened {
        readable: it.revents & libc::POLLIN != 0,
        closed: it.revents & !libc::POLLIN != 0,
    }))
}

/// `ppoll` of these descriptors. Returns how many are ready.
///
/// # Errors
///
/// If the kernel refuses.
pub fn poll(descriptors: &mut [libc::pollfd], timeout: Duration) -> io::Result<usize> {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as i64,
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // SAFETY: the slice is live and of that length; no signal mask.
    let ready = unsafe {
        libc::ppoll(
            descriptors.as_mut_ptr(),
            descriptors.len() as libc::nfds_t,
            &raw const timeout,
            std::ptr::null(),
        )
    };
    match checked(ready) {
        Ok(ready) => Ok(ready as usize),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            descriptors.iter_mut().for_each(|it| it.revents = 0);
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// The events that are ready at an epoll descriptor, as bytes of `struct epoll_event`.
///
/// # Errors
///
/// If it is no epoll descriptor.
pub fn epoll_events(descriptor: &OwnedFd, most: usize) -> io::Result<Vec<u8>> {
    // SAFETY: all zero is a value of the struct.
    let mut events = vec![unsafe { zeroed::<libc::epoll_event>() }; most];
    // SAFETY: the kernel writes at most `most` events.
    let count =
        unsafe { libc::epoll_wait(descriptor.as_raw_fd(), events.as_mut_ptr(), most as i32, 0) };
    let count = checked(count)? as usize;
    let size = size_of::<libc::epoll_event>();
    // SAFETY: the struct is packed: it has no padding, and so many were written.
    let bytes = unsafe { std::slice::from_raw_parts(events.as_ptr().cast::<u8>(), count * size) };
    Ok(bytes.to_vec())
}

/// How many bytes wait in a pipe.
pub fn waiting_bytes(descriptor: RawFd) -> usize {
    let mut count: i32 = 0;
    // SAFETY: the kernel writes one int.
    unsafe { libc::ioctl(descriptor, libc::FIONREAD, &raw mut count) };
    count.max(0) as usize
}

/// Whether reading from a descriptor fails rather than waits.
pub fn is_nonblocking(descriptor: RawFd) -> bool {
    // SAFETY: no memory is passed.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK != 0
}

/// Lets reads and writes of a descriptor fail rather than wait.
///
/// # Errors
///
/// If the kernel refuses.
pub fn set_nonblocking(descriptor: RawFd) -> io::Result<()> {
    // SAFETY: no memory is passed.
    let flags = checked(unsafe { libc::fcntl(descriptor, libc::F_GETFL) })?;
    // SAFETY: as above.
    checked(unsafe { libc::fcntl(descriptor, libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Makes a pipe hold as much as a user may have.
pub fn enlarge_pipe(descriptor: RawFd) {
    // SAFETY: no memory is passed. A pipe that stays small is filled more often.
    unsafe { libc::fcntl(descriptor, libc::F_SETPIPE_SZ, 1 << 20) };
}

/// A file in memory with these bytes.
///
/// # Errors
///
/// If the kernel refuses.
pub fn file_of(bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::io::{Seek, Write};
    // SAFETY: the name is a C string; the result is a new descriptor.
    let file = checked(unsafe { libc::memfd_create(c"random".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: as above.
    let mut file = unsafe { fs::File::from_raw_fd(file) };
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

/// What a wait for a child found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended by itself with this code.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// It has begun another program, and is stopped before its first instruction.
    StoppedAtExec,
    /// This signal waits for it, and it is stopped.
    Stopped(i32),
}

/// Looks at a child, or waits for a change of it.
///
/// # Errors
///
/// If it is no child, or was waited for before.
pub fn status_of(process: i32, wait: bool) -> io::Result<Status> {
    let mut status = 0;
    let options = libc::__WALL | if wait { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: the kernel writes one int.
        match checked(unsafe { libc::waitpid(process, &raw mut status, options) }) {
            Ok(0) => return Ok(Status::Running),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(if libc::WIFEXITED(status) {
        Status::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Status::Killed(libc::WTERMSIG(status))
    } else if status >> 8 == libc::SIGTRAP | (libc::PTRACE_EVENT_EXEC << 8) {
        Status::StoppedAtExec
    } else {
        Status::Stopped(libc::WSTOPSIG(status))
    })
}

/// Begins to trace a program, which goes on: its next exec stops it.
///
/// # Errors
///
/// If the kernel refuses.
pub fn trace_exec(process: i32) -> io::Result<()> {
    let options = i64::from(libc::PTRACE_O_TRACEEXEC);
    // SAFETY: no memory is passed.
    let done = unsafe { libc::ptrace(libc::PTRACE_SEIZE, process, 0_i64, options) };
    checked_long(done).map(drop)
}

/// Lets a stopped program go on, with a signal or none (0).
pub fn go_on(process: i32, signal: i32) {
    // SAFETY: no memory is passed. It fails if the program was killed.
    unsafe { libc::ptrace(libc::PTRACE_CONT, process, 0_i64, i64::from(signal)) };
}

/// Lets a stopped program go on untraced.
pub fn let_go(process: i32) {
    // SAFETY: as above.
    unsafe { libc::ptrace(libc::PTRACE_DETACH, process, 0_i64, 0_i64) };
}

/// The stack pointer of a stopped program.
///
/// # Errors
///
/// If it is not stopped.
pub fn stack_pointer(process: i32) -> io::Result<u64> {
    // SAFETY: all zero is a value of the struct.
    let mut registers: libc::user_regs_struct = unsafe { zeroed() };
    // SAFETY: the kernel writes a struct of its own layout.
    let done = unsafe { libc::ptrace(libc::PTRACE_GETREGS, process, 0_i64, &raw mut registers) };
    checked_long(done)?;
    Ok(registers.rsp)
}
