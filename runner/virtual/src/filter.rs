//! Which system calls of a program are held and answered by this room, which the kernel
//! does as ever, and which it does not know: a filter in the kernel's own language
//! (`seccomp(2)`).

use libc::{sock_filter, sock_fprog};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is held, and this room is notified.
    Held,
    /// It is held if its first argument is descriptor 0.
    HeldOnInput,
    /// The kernel says that it has no such call; libraries then use an older one.
    Unknown,
}

use Fate::{Held, HeldOnInput, Unknown};

/// Calls newer than the oldest `libc` that builds this.
const FUTEX_WAKE: i64 = 454;
const FUTEX_WAIT: i64 = 455;
const FUTEX_REQUEUE: i64 = 456;

/// All calls that the kernel does not simply do. First those that are frequent.
const CALLS: &[(i64, Fate)] = &[
    (libc::SYS_clock_gettime, Held),
    (libc::SYS_read, HeldOnInput),
    (libc::SYS_futex, Held),
    (libc::SYS_epoll_wait, Held),
    (libc::SYS_epoll_pwait, Held),
    (libc::SYS_poll, Held),
    (libc::SYS_ppoll, Held),
    (libc::SYS_openat, Held),
    // Other waits for descriptors.
    (libc::SYS_readv, HeldOnInput),
    (libc::SYS_select, Held),
    (libc::SYS_pselect6, Held),
    (libc::SYS_epoll_pwait2, Held),
    // Sleeps, and what else only time ends.
    (libc::SYS_nanosleep, Held),
    (libc::SYS_clock_nanosleep, Held),
    (libc::SYS_rt_sigtimedwait, Held),
    (libc::SYS_sched_yield, Held),
    // Clocks.
    (libc::SYS_gettimeofday, Held),
    (libc::SYS_time, Held),
    (libc::SYS_times, Held),
    (libc::SYS_getrusage, Held),
    // Random bytes.
    (libc::SYS_getrandom, Held),
    (libc::SYS_open, Held),
    // Numbers of processes, and what takes them.
    (libc::SYS_getpid, Held),
    (libc::SYS_getppid, Held),
    (libc::SYS_gettid, Held),
    (libc::SYS_kill, Held),
    (libc::SYS_tkill, Held),
    (libc::SYS_tgkill, Held),
    // Tasks that begin and end.
    (libc::SYS_clone, Held),
    (libc::SYS_fork, Held),
    (libc::SYS_vfork, Held),
    (libc::SYS_execve, Held),
    (libc::SYS_execveat, Held),
    (libc::SYS_exit, Held),
    // A thread's first call.
    (libc::SYS_set_robust_list, Held),
    // Refused, or a part of what is refused.
    (libc::SYS_socket, Held),
    (libc::SYS_timer_create, Held),
    (libc::SYS_timer_settime, Held),
    (libc::SYS_timer_gettime, Held),
    (libc::SYS_timer_getoverrun, Held),
    (libc::SYS_timer_delete, Held),
    (libc::SYS_timerfd_create, Held),
    (libc::SYS_setitimer, Held),
    (libc::SYS_alarm, Held),
    // What would go around the calls above.
    (libc::SYS_clone3, Unknown),
    (libc::SYS_io_uring_setup, Unknown),
    (libc::SYS_futex_waitv, Unknown),
    (FUTEX_WAKE, Unknown),
    (FUTEX_WAIT, Unknown),
    (FUTEX_REQUEUE, Unknown),
];

/// The architecture of the calls that the filter knows: x86-64.
const ARCHITECTURE: u32 = 0xc000_003e;
/// Calls of the x32 interface have this bit.
const X32: u32 = 0x4000_0000;

/// Where `struct seccomp_data` has the number, the architecture and the first argument.
const AT_NUMBER: u32 = 0;
const AT_ARCHITECTURE: u32 = 4;
const AT_FIRST_ARGUMENT: u32 = 16;

/// The filter, as the kernel takes it.
#[derive(Debug)]
pub struct Filter(Vec<sock_filter>);

impl Filter {
    /// The filter of every program.
    pub fn new() -> Filter {
        let unknown = returns(libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned());
        let held = returns(libc::SECCOMP_RET_USER_NOTIF);
        let mut code = vec![
            loads(AT_ARCHITECTURE),
            jumps(libc::BPF_JEQ, ARCHITECTURE, 1, 0),
            returns(libc::SECCOMP_RET_KILL_PROCESS),
            loads(AT_NUMBER),
            jumps(libc::BPF_JGE, X32, 0, 1),
            unknown,
        ];
        for (number, fate) in CALLS {
            let number = u32::try_from(*number).unwrap_or(u32::MAX);
            match fate {
                Held => code.extend([jumps(libc::BPF_JEQ, number, 0, 1), held]),
                Unknown => code.extend([jumps(libc::BPF_JEQ, number, 0, 1), unknown]),
                HeldOnInput => code.extend([
                    jumps(libc::BPF_JEQ, number, 0, 4),
                    loads(AT_FIRST_ARGUMENT),
                    jumps(libc::BPF_JEQ, 0, 0, 1),
                    held,
                    returns(libc::SECCOMP_RET_ALLOW),
                ]),
            }
        }
        code.push(returns(libc::SECCOMP_RET_ALLOW));
        Filter(code)
    }

    /// What `seccomp(2)` takes. It borrows the filter.
    pub fn program(&self) -> sock_fprog {
        sock_fprog {
            len: self.0.len() as u16,
            filter: self.0.as_ptr().cast_mut(),
        }
    }
}

fn loads(offset: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
}

fn jumps(comparison: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(libc::BPF_JMP | comparison | libc::BPF_K, yes, no, value)
}

fn returns(action: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, action)
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

/// The name of a system call that is refused, for people.
pub fn name_of(call: i64) -> String {
    let name = match call {
        libc::SYS_fork => "fork",
        libc::SYS_vfork => "vfork",
        libc::SYS_clone => "clone",
        libc::SYS_execve => "execve",
        libc::SYS_execveat => "execveat",
        libc::SYS_socket => "socket",
        libc::SYS_timer_settime => "timer_settime",
        libc::SYS_timerfd_create => "timerfd_create",
        libc::SYS_setitimer => "setitimer",
        libc::SYS_alarm => "alarm",
        libc::SYS_futex => "futex",
        libc::SYS_rt_sigtimedwait => "rt_sigtimedwait",
        libc::SYS_kill => "kill",
        other => return format!("system call {other}"),
    };
    name.to_owned()
}
