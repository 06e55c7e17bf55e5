//! Starts a program that is held from its first instruction on.
//!
//! The child gives up new privileges, turns off the random layout of its memory, installs
//! the filter, and sends the listener to this process through a socket. Then it calls
//! `execve`, which is held, too: another thread answers it, because this thread waits in
//! `spawn`. The child is traced, so it stops before the first instruction of the program,
//! and [`prepare`] changes what the kernel has put on its stack: no vDSO (clock reads
//! become system calls), and random bytes that are the run's.

#![allow(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::filter::Filter;
use crate::kernel::{self, Answer, Listener, Process, Status};
use crate::{Start, StartError};
use base::random::Random;
use os::processor::Processors;

/// What is put on a program's stack beside its arguments: where its clocks' code is, and
/// 16 random bytes (`getauxval(3)`).
const AT_NULL: u64 = 0;
const AT_IGNORE: u64 = 1;
const AT_RANDOM: u64 = 25;
const AT_SYSINFO_EHDR: u64 = 33;

/// A variable that fills up the environment, so that it takes the same room whoever starts
/// the run: Ruby draws random numbers from addresses of its stack, which is below it.
pub const FILLING: &str = "RUNNER_FILLING";
/// The room is a multiple of this `[bytes]`.
const ROOM: usize = 1 << 15;

/// The value of that variable for a program.
pub fn filling(start: &Start<'_>) -> String {
    let is_new =
        |name: &OsString| name != FILLING && start.environment.iter().all(|it| *name != *it.0);
    let inherited = env::vars_os().filter(|it| is_new(&it.0));
    let inherited = inherited.map(|(name, value)| name.len() + value.len());
    let own = start.environment.iter().map(|it| it.0.len() + it.1.len());
    // Each has `=`, an end, and an address.
    let variables: usize = inherited.chain(own).map(|length| length + 10).sum();
    let arguments = start.command.iter().map(|it| it.len() + 9).sum::<usize>();
    "-".repeat(ROOM - (variables + arguments) % ROOM)
}

/// A program that is stopped before its first instruction.
#[derive(Debug)]
pub struct Launched {
    pub process: Process,
    pub listener: Listener,
}

/// Starts the command. It is stopped; [`prepare`] it, then let it go.
///
/// # Errors
///
/// If there is no such command, or if this machine cannot hold programs.
pub fn launch(mut command: Command) -> Result<Launched, StartError> {
    let (near, far) = UnixStream::pair().map_err(StartError::held)?;
    let filter = Filter::new();
    let processor = processor();
    let socket = far.as_raw_fd();
    // SAFETY: the closure makes system calls alone; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || become_held(&filter, processor, socket));
    }
    command.process_group(0);
    let (child, listener) = thread::scope(|scope| {
        let answering = scope.spawn(|| answer_exec(&near));
        let child = command.spawn();
        // By this that thread knows that `spawn` has returned.
        drop(far);
        (child, answering.join().unwrap_or(None))
    });
    let child = child.map_err(|error| match (&listener, unsupported(&error)) {
        // The listener was never sent: it was the holding that failed, not the exec.
        (None, Some(reason)) => StartError::Unsupported(reason),
        _ => StartError::NoProgram(error),
    })?;
    let id = child.id().cast_signed();
    let listener = listener.ok_or_else(|| StartError::held(io::Error::other("no listener")))?;
    match kernel::status_of(id, true).map_err(StartError::held)? {
        Status::Stopped(libc::SIGTRAP) | Status::StoppedAtExec => {}
        other => return Err(StartError::held(io::Error::other(format!("{other:?}")))),
    }
    let process = Process::new(id).map_err(StartError::held)?;
    Ok(Launched { process, listener })
}

/// Steps of the child, told to the parent by an error number of its own: `spawn` passes
/// nothing else. What fails, and what to do.
const STEPS: [(i32, &str, &str); 4] = [
    (
        0x4000,
        "it may not turn off the random layout of memory (personality)",
        "in a container, allow it: Docker: --security-opt seccomp=unconfined",
    ),
    (
        0x4100,
        "it may not be traced by the runner (ptrace)",
        "in a container, allow it: Docker: --security-opt seccomp=unconfined; elsewhere, leave out a debugger, and set kernel.yama.ptrace_scope below 3",
    ),
    (
        0x4200,
        "it may not have its system calls held (seccomp user notification)",
        "this needs Linux 5.19 or newer, outside of a sandbox that holds calls itself",
    ),
    (
        0x4300,
        "it cannot hand over the listener",
        "this is a mistake of the runner's, or a sandbox forbids it",
    ),
];

/// Why this machine cannot hold programs, if that is what the error of `spawn` says.
fn unsupported(error: &io::Error) -> Option<String> {
    let code = error.raw_os_error()?;
    let (base, what, help) = STEPS.iter().find(|it| code & !0xff == it.0)?;
    let cause = io::Error::from_raw_os_error(code - base);
    Some(format!(
        "a program cannot be held in virtual time here: {what}: {cause}\n  {help}"
    ))
}

fn step(number: usize, result: i64) -> io::Result<i64> {
    if result >= 0 {
        return Ok(result);
    }
    let cause = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    Err(io::Error::from_raw_os_error(
        STEPS[number].0 | (cause & 0xff),
    ))
}

/// What the child does between `fork` and `execve`.
fn become_held(filter: &Filter, processor: Option<Processors>, socket: RawFd) -> io::Result<()> {
    const NONE: libc::c_ulong = 0;
    // SAFETY: all calls get numbers, or structs that live through the call.
    unsafe {
        // The program must not outlive the thread that drives it.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, NONE, NONE, NONE);
        if let Some(processor) = processor {
            // It goes on anywhere if the system refuses.
            let _ = processor.hold_this_thread();
        }
        let layout = libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
        step(0, layout.into())?;
        step(1, libc::ptrace(libc::PTRACE_TRACEME, 0, 0_i64, 0_i64))?;
        step(
            2,
            libc::prctl(
                libc::PR_SET_NO_NEW_PRIVS,
                1 as libc::c_ulong,
                NONE,
                NONE,
                NONE,
            )
            .into(),
        )?;
        let program = filter.program();
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
            | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW
            | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        let listener = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        );
        let listener = step(2, listener)?;
        step(3, send_descriptor(socket, listener as RawFd))?;
    }
    Ok(())
}

/// Room for the control message of one descriptor, aligned as its head.
#[repr(C, align(8))]
struct Control([u8; 24]);

/// A message of one byte that may carry a descriptor in `control`.
///
/// It points to both, so it must not outlive them.
fn message(data: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: a head of zeros is one without an address, data, control message and flags.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = data;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut *control).cast();
    message.msg_controllen = size_of::<Control>();
    message
}

/// The part of a message that is this byte.
fn part(byte: &mut u8) -> libc::iovec {
    libc::iovec {
        iov_base: (&raw mut *byte).cast(),
        iov_len: 1,
    }
}

/// Sends a descriptor over a socket, with system calls alone.
unsafe fn send_descriptor(socket: RawFd, descriptor: RawFd) -> i64 {
    let (mut byte, mut control) = (0, Control([0; 24]));
    let mut data = part(&mut byte);
    let message = message(&mut data, &mut control);
    // SAFETY: all pointers are to locals that outlive the call; `Control` has room for a
    // head of 16 bytes and one descriptor, with its padding.
    unsafe {
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(4) as usize;
        libc::CMSG_DATA(head)
            .cast::<RawFd>()
            .write_unaligned(descriptor);
        libc::sendmsg(socket, &raw const message, 0) as i64
    }
}

/// Receives the descriptor; none if the child sent none.
fn receive_descriptor(socket: &UnixStream) -> Option<OwnedFd> {
    let (mut byte, mut control) = (0, Control([0; 24]));
    let mut data = part(&mut byte);
    let mut message = message(&mut data, &mut control);
    // SAFETY: as in `send_descriptor`; the kernel writes at most `msg_controllen` bytes.
    unsafe {
        let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
        if libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) <= 0 {
            return None;
        }
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        if head.is_null() || (*head).cmsg_type != libc::SCM_RIGHTS {
            return None;
        }
        let descriptor = libc::CMSG_DATA(head).cast::<RawFd>().read_unaligned();
        Some(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Receives the listener, and lets the calls of `execve` pass until `spawn` has returned:
/// there are several if the command is searched for in `PATH`.
fn answer_exec(socket: &UnixStream) -> Option<Listener> {
    const LONG: Duration = Duration::from_secs(60);
    while !kernel::wait_for([socket.as_raw_fd()], LONG).ok()?[0].any() {}
    let listener = Listener::new(receive_descriptor(socket)?);
    // The program itself is stopped at its first instruction, so all calls until the other
    // end of the socket is closed are those of `execve`.
    loop {
        let [call, spawned] =
            kernel::wait_for([listener.as_raw_fd(), socket.as_raw_fd()], LONG).ok()?;
        if call.readable {
            if let Some(held) = listener.receive().ok()? {
                listener.answer(held.id, Answer::Continue);
            }
        } else if spawned.any() {
            return Some(listener);
        }
    }
}

/// The processor of all programs of this thread: with one, a program's threads take turns
/// the same way on every machine, and it sees one processor wherever it runs.
fn processor() -> Option<Processors> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    let allowed: Vec<usize> = Processors::of_this_thread().ok()?.iter().collect();
    let mine = MINE.with(|mine| *mine);
    (!allowed.is_empty()).then(|| Processors::one(allowed[mine % allowed.len()]))
}

/// Changes the stack of a program that is stopped before its first instruction.
///
/// # Errors
///
/// If its memory cannot be written.
pub fn prepare(process: &Process, random: &mut Random) -> io::Result<()> {
    let top = kernel::stack_pointer(process.id)?;
    let mut words = Words {
        process,
        at: top,
        page: Vec::new(),
        first: top,
    };
    let arguments = words.next()?;
    words.skip(arguments + 1);
    while words.next()? != 0 {}
    loop {
        let place = words.at;
        let (kind, value) = (words.next()?, words.next()?);
        match kind {
            AT_NULL => return Ok(()),
            AT_SYSINFO_EHDR => process.write(place, &AT_IGNORE.to_ne_bytes())?,
            AT_RANDOM => {
                let bytes = [random.next_u64(), random.next_u64()].map(u64::to_ne_bytes);
                process.write(value, bytes.as_flattened())?;
            }
            _ => {}
        }
    }
}

/// The words of a stack from an address on, read by the page.
struct Words<'a> {
    process: &'a Process,
    at: u64,
    page: Vec<u8>,
    first: u64,
}

impl Words<'_> {
    fn skip(&mut self, count: u64) {
        self.at += 8 * count;
    }

    fn next(&mut self) -> io::Result<u64> {
        let have = self.first..self.first + self.page.len() as u64;
        if !have.contains(&self.at) {
            self.page.resize(4096 - (self.at % 4096) as usize, 0);
            self.process.read(self.at, &mut self.page)?;
            self.first = self.at;
        }
        let offset = (self.at - self.first) as usize;
        self.at += 8;
        let word = self.page[offset..offset + 8].try_into().unwrap_or_default();
        Ok(u64::from_ne_bytes(word))
    }
}
