//! What each call that is held is answered, and when a held one ends.

use std::io;

use crate::Fault;
use crate::clock::{Clock, Kind};
use crate::filter::name_of;
use crate::futex::{self, Operation};
use crate::hold::{Futex, What};
use crate::kernel::{self, Answer, Notification};
use crate::program::{LATE, Program};
use crate::task::State;
use crate::watch::Watch;

/// How often in a row a task may look at descriptors, sleep or give up its turn, without
/// time and in vain. From then on each waits a little: the program would wait forever for
/// something that takes time. Event loops look some times in a row while they begin and end.
const IDLE: u32 = 100;
/// How long it waits then `[ns]`.
const PAUSE: u64 = 1_000_000;

/// Error numbers between the kernel's parts: the call begins again after a signal, always
/// (`ERESTARTSYS`) or if the program handles no such signal (`ERESTARTNOHAND`).
const RESTART: i32 = 512;
const RESTART_UNHANDLED: i32 = 514;

/// Files that give random bytes.
const RANDOM_FILES: [&[u8]; 2] = [b"/dev/urandom\0", b"/dev/random\0"];
/// What such a file holds here `[bytes]`: no program reads more to seed a generator.
const RANDOM_FILE: usize = 65536;
/// The most bytes that one call draws.
const MOST_RANDOM: u64 = 1 << 25;

const SECOND: u64 = 1_000_000_000;

impl Program {
    /// Answers the call of the task that has the turn, or holds it.
    pub(crate) fn answer(&mut self, call: Notification) -> Result<(), Fault> {
        let [first, second, ..] = call.arguments;
        let answer = match i64::from(call.call) {
            libc::SYS_clock_gettime => {
                let shown = self.clock.read(Kind::of(first as i32));
                done(self.process.write_pair(second, shown))
            }
            libc::SYS_gettimeofday => {
                let (s, ns) = self.clock.read(Kind::TimeOfDay);
                done(self.write_if_any(first, (s, ns / 1000)))
            }
            libc::SYS_time => {
                let (s, _) = self.clock.read(Kind::TimeOfDay);
                let written = match first {
                    0 => Ok(()),
                    _ => self.process.write(first, &s.to_ne_bytes()),
                };
                written.map_or_else(failed, |()| Answer::Value(s))
            }
            // No time of a processor: how fast the machine is must not be seen.
            libc::SYS_times => {
                let (s, ns) = self.clock.read(Kind::Monotonic);
                let written = match first {
                    0 => Ok(()),
                    _ => self.process.write(first, &[0; 32]),
                };
                written.map_or_else(failed, |()| Answer::Value(s * 100 + ns / 10_000_000))
            }
            libc::SYS_getrusage => {
                done(self.process.write(second, &[0; size_of::<libc::rusage>()]))
            }
            libc::SYS_getrandom => self.random(&call),
            libc::SYS_open => return self.open(call, first, second),
            libc::SYS_openat => return self.open(call, second, call.arguments[2]),
            libc::SYS_getpid => Answer::Value(self.number.into()),
            libc::SYS_getppid => Answer::Value(1),
            libc::SYS_gettid => {
                let task = self.tasks.find(call.task);
                Answer::Value((self.number + task.map_or(0, |task| task.number)).into())
            }
            libc::SYS_kill => match first as u32 {
                0 => self.signal_all(second),
                it if it == self.number => self.signal_all(second),
                _ => Answer::Error(libc::ESRCH),
            },
            libc::SYS_tkill => self.signal(first as u32, second),
            libc::SYS_tgkill => self.signal(second as u32, call.arguments[2]),
            libc::SYS_read | libc::SYS_readv => {
                if let Some(fork) = self.forked {
                    return Err(refused(fork));
                }
                self.rested = true;
                self.input.fill();
                match (self.input.has_bytes(), self.input.is_nonblocking()) {
                    (true, _) => self.not_idle(call.task),
                    (false, false) => return self.hold(call, What::Input, None),
                    (false, true) if self.idles(call.task) => {
                        return self.pause(call, What::Input);
                    }
                    (false, true) => {}
                }
                Answer::Continue
            }
            libc::SYS_futex => return self.futex(call),
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => return self.sleep(call),
            libc::SYS_sched_yield => {
                return self.pause(call, What::Time);
            }
            libc::SYS_set_robust_list => Answer::Continue,
            libc::SYS_exit => {
                self.listener.answer(call.id, Answer::Continue);
                self.set_state(call.task, State::Ending);
                return Ok(());
            }
            libc::SYS_clone if first as i32 & libc::CLONE_THREAD != 0 => {
                let order = self.new_order();
                self.tasks.reserve(order);
                self.unknown_tasks = true;
                Answer::Continue
            }
            libc::SYS_clone | libc::SYS_fork | libc::SYS_vfork if !self.rested => {
                self.forked = Some(call.call.into());
                Answer::Continue
            }
            libc::SYS_execve | libc::SYS_execveat if !self.rested && self.tasks.count() == 1 => {
                return self.exec(call);
            }
            // Libraries ask a local service for names of users, and can do without.
            libc::SYS_socket if first as i32 == libc::AF_UNIX => Answer::Error(libc::EAFNOSUPPORT),
            // Ruby makes a timer at its start, and sets it if all else fails.
            libc::SYS_timer_create => {
                self.timers += 1;
                done(
                    self.process
                        .write(call.arguments[2], &self.timers.to_ne_bytes()),
                )
            }
            libc::SYS_timer_settime if !self.starts(call.arguments[2]) => Answer::Value(0),
            libc::SYS_timer_gettime => done(self.process.write(second, &[0; 32])),
            libc::SYS_timer_getoverrun | libc::SYS_timer_delete => Answer::Value(0),
            libc::SYS_rt_sigtimedwait if call.arguments[2] == 0 => Answer::Continue,
            other => match Watch::of(&call) {
                Some(watch) => return self.watch(call, watch),
                None => return Err(refused(other)),
            },
        };
        self.listener.answer(call.id, answer);
        Ok(())
    }

    /// Whether a held call ends now, and its answer: none if it has not been looked at.
    pub(crate) fn ends(&mut self, index: usize) -> Option<Option<Answer>> {
        let now = self.clock.time();
        let held = self.held.get(index)?;
        let is_due = held.due.is_some_and(|due| due <= now);
        let call = held.call;
        let answer = match held.what {
            What::Turn => return Some(None),
            // One that does not wait is told that there is nothing.
            What::Input if self.input.has_bytes() || is_due => Answer::Continue,
            What::Input if held.interrupted => Answer::Error(RESTART),
            What::Time if is_due => Answer::Value(0),
            What::Futex(futex) if futex.woken => Answer::Value(0),
            What::Futex(_) if held.interrupted => Answer::Error(RESTART),
            What::Futex(_) if is_due => Answer::Error(libc::ETIMEDOUT),
            What::Futex(futex) if futex.shared => {
                let word = self.process.read_word(futex.address);
                match word.is_ok_and(|word| word == futex.value) {
                    true => return None,
                    false => Answer::Value(0),
                }
            }
            What::Ready(watch) => match watch.look(&self.process, is_due) {
                Ok(Some(ready)) => {
                    self.write_what_is_left(&call, held.due);
                    Answer::Value(ready)
                }
                Ok(None) if held.interrupted => Answer::Error(RESTART_UNHANDLED),
                Ok(None) => return None,
                Err(error) => failed(error),
            },
            What::Time if held.interrupted => Answer::Error(RESTART_UNHANDLED),
            What::Input | What::Time | What::Futex(_) => return None,
        };
        // A pause of a task that spins is no end of its spinning.
        if !(self.held.get(index)?.is_pause && is_due) {
            self.not_idle(call.task);
        }
        Some(Some(answer))
    }

    /// A task waits without time and in vain; after some times in a row it pauses.
    /// Without a pause it gives up its turn.
    fn pause(&mut self, call: Notification, what: What) -> Result<(), Fault> {
        let idle = self.tasks.find(call.task).map_or(0, |task| {
            task.idle = task.idle.saturating_add(1);
            task.idle
        });
        let now = self.clock.time();
        let due = if idle > IDLE { now + PAUSE + LATE } else { now };
        self.hold(call, what, Some(due))?;
        if let Some(held) = self.held.last_mut() {
            held.is_pause = true;
        }
        Ok(())
    }

    fn not_idle(&mut self, task: u32) {
        if let Some(task) = self.tasks.find(task) {
            task.idle = 0;
        }
    }

    /// A call that waits for descriptors.
    fn watch(&mut self, call: Notification, watch: Watch) -> Result<(), Fault> {
        self.input.fill();
        let timeout = match self.timeout(&call) {
            Ok(timeout) => timeout,
            Err(error) => {
                self.listener.answer(call.id, failed(error));
                return Ok(());
            }
        };
        let answer = match watch.look(&self.process, false) {
            Ok(Some(ready)) => {
                self.not_idle(call.task);
                Answer::Value(ready)
            }
            Err(error) => failed(error),
            Ok(None) => {
                let now = self.clock.time();
                match timeout {
                    None => return self.hold(call, What::Ready(watch), None),
                    Some(0) if self.idles(call.task) => {
                        return self.pause(call, What::Ready(watch));
                    }
                    Some(0) => {
                        let looked = watch.look(&self.process, true);
                        looked.map_or_else(failed, |it| Answer::Value(it.unwrap_or(0)))
                    }
                    Some(span) => {
                        let due = now.saturating_add(span).saturating_add(LATE);
                        return self.hold(call, What::Ready(watch), Some(due));
                    }
                }
            }
        };
        self.listener.answer(call.id, answer);
        Ok(())
    }

    /// Counts a look without time and in vain. Returns whether there were too many.
    fn idles(&mut self, task: u32) -> bool {
        self.tasks.find(task).is_some_and(|task| {
            task.idle = task.idle.saturating_add(1);
            task.idle > IDLE
        })
    }

    /// How long a wait for descriptors lasts at most `[ns]`; none for ever.
    fn timeout(&self, call: &Notification) -> io::Result<Option<u64>> {
        let [_, _, third, fourth, fifth, _] = call.arguments;
        let milliseconds = |count: u64| {
            let count = u64::try_from(count as i32).ok();
            Ok(count.map(|count| count * 1_000_000))
        };
        let at = |address: u64, unit: u64| match address {
            0 => Ok(None),
            _ => span(self.process.read_pair(address)?, unit).map(Some),
        };
        match i64::from(call.call) {
            libc::SYS_poll => milliseconds(third),
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait => milliseconds(fourth),
            libc::SYS_ppoll => at(third, 1),
            libc::SYS_epoll_pwait2 => at(fourth, 1),
            libc::SYS_select => at(fifth, 1000),
            _ => at(fifth, 1),
        }
    }

    /// Linux tells how much of a time-out is left.
    fn write_what_is_left(&self, call: &Notification, due: Option<u64>) {
        let (address, unit) = match i64::from(call.call) {
            libc::SYS_select => (call.arguments[4], 1000),
            libc::SYS_pselect6 => (call.arguments[4], 1),
            libc::SYS_ppoll => (call.arguments[2], 1),
            _ => return,
        };
        if let (Some(due), true) = (due, address != 0) {
            let left = due.saturating_sub(LATE).saturating_sub(self.clock.time());
            let (s, ns) = (left / SECOND, left % SECOND / unit);
            // A constant cannot be written: then nobody reads it either.
            drop(
                self.process
                    .write_pair(address, (s.cast_signed(), ns.cast_signed())),
            );
        }
    }

    fn sleep(&mut self, call: Notification) -> Result<(), Fault> {
        let [first, second, third, ..] = call.arguments;
        let plain = i64::from(call.call) == libc::SYS_nanosleep;
        let request = if plain { first } else { third };
        let asked = self.process.read_pair(request).and_then(|it| span(it, 1));
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                self.listener.answer(call.id, failed(error));
                return Ok(());
            }
        };
        let now = self.clock.time();
        let absolute = !plain && second as i32 & libc::TIMER_ABSTIME != 0;
        let due = match absolute {
            true => Clock::when(Kind::of(first as i32), asked),
            false => now.saturating_add(asked),
        };
        if due <= now {
            return self.pause(call, What::Time);
        }
        self.hold(call, What::Time, Some(due.saturating_add(LATE)))
    }

    fn futex(&mut self, call: Notification) -> Result<(), Fault> {
        let [address, operation, _, timeout, ..] = call.arguments;
        let answer = match Operation::of(&call) {
            Operation::Wait {
                value,
                bits,
                absolute,
            } => {
                let word = match self.process.read_word(address) {
                    Ok(word) => word,
                    Err(error) => {
                        self.listener.answer(call.id, failed(error));
                        return Ok(());
                    }
                };
                if word == value {
                    let clock = match operation as i32 & libc::FUTEX_CLOCK_REALTIME {
                        0 => Kind::Monotonic,
                        _ => Kind::TimeOfDay,
                    };
                    let until = match timeout {
                        0 => Ok(None),
                        _ => self
                            .process
                            .read_pair(timeout)
                            .and_then(|it| span(it, 1))
                            .map(Some),
                    };
                    let until = match until {
                        Ok(until) => until,
                        Err(error) => {
                            self.listener.answer(call.id, failed(error));
                            return Ok(());
                        }
                    };
                    let due = until.map(|until| match absolute {
                        true => Clock::when(clock, until).saturating_add(LATE),
                        false => self.clock.time().saturating_add(until).saturating_add(LATE),
                    });
                    let futex = Futex {
                        address,
                        value,
                        bits,
                        shared: operation as i32 & libc::FUTEX_PRIVATE_FLAG == 0,
                        woken: false,
                    };
                    return self.hold(call, What::Futex(futex), due);
                }
                Answer::Error(libc::EAGAIN)
            }
            Operation::Wake { most, bits } => {
                Answer::Value(futex::wake(&mut self.held, address, most, bits).into())
            }
            Operation::Requeue {
                wake,
                requeue,
                to,
                value,
            } => {
                let word = value.map(|value| (value, self.process.read_word(address)));
                match word {
                    Some((_, Err(error))) => failed(error),
                    Some((value, Ok(word))) if value != word => Answer::Error(libc::EAGAIN),
                    _ => {
                        let woken = futex::wake(&mut self.held, address, wake, u32::MAX);
                        let moved = futex::requeue(&mut self.held, address, requeue, to);
                        Answer::Value((woken + moved).into())
                    }
                }
            }
            Operation::Priority => Answer::Error(libc::ENOSYS),
            Operation::Other(number) => {
                return Err(Fault::Refused {
                    call: format!("futex {number}"),
                    what: "a wait that is not known",
                });
            }
        };
        self.listener.answer(call.id, answer);
        Ok(())
    }

    /// Random bytes of the calling task.
    fn random_bytes(&mut self, task: u32, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 7);
        if let Some(task) = self.tasks.find(task) {
            while bytes.len() < count {
                bytes.extend_from_slice(&task.random.next_u64().to_le_bytes());
            }
        }
        bytes.truncate(count);
        bytes
    }

    fn random(&mut self, call: &Notification) -> Answer {
        let [address, count, ..] = call.arguments;
        let count = count.min(MOST_RANDOM);
        let bytes = self.random_bytes(call.task, count as usize);
        let written = self.process.write(address, &bytes);
        written.map_or_else(failed, |()| Answer::Value(count.cast_signed()))
    }

    /// A file is opened: those of random bytes are the run's.
    fn open(&mut self, call: Notification, path: u64, flags: u64) -> Result<(), Fault> {
        let mut name = [0; 16];
        let read = self.process.read_some(path, &mut name).unwrap_or(0);
        if !RANDOM_FILES.iter().any(|it| name[..read].starts_with(it)) {
            self.listener.answer(call.id, Answer::Continue);
            return Ok(());
        }
        let bytes = self.random_bytes(call.task, RANDOM_FILE);
        let file = kernel::file_of(&bytes)?;
        let close_on_exec = flags as i32 & libc::O_CLOEXEC != 0;
        self.listener.answer_with(call.id, &file, close_on_exec);
        Ok(())
    }

    fn write_if_any(&self, address: u64, pair: (i64, i64)) -> io::Result<()> {
        match address {
            0 => Ok(()),
            _ => self.process.write_pair(address, pair),
        }
    }

    /// Whether a setting of a timer, two spans, starts it.
    fn starts(&self, setting: u64) -> bool {
        self.process
            .read_pair(setting + 16)
            .is_ok_and(|first| first != (0, 0))
    }

    /// A signal to the program itself.
    fn signal_all(&mut self, signal: u64) -> Answer {
        let first = self.process.id.cast_unsigned();
        match signal as i32 {
            0 => Answer::Value(0),
            signal => {
                let sent = self.process.signal_all(signal);
                self.interrupt(first);
                done(sent)
            }
        }
    }

    /// A signal to one of its tasks, by the number that the program knows or by the
    /// kernel's, which the C library has from elsewhere.
    fn signal(&mut self, task: u32, signal: u64) -> Answer {
        let known = task.checked_sub(self.number);
        let task = known
            .and_then(|it| self.tasks.by_number(it))
            .unwrap_or(task);
        match signal as i32 {
            0 if self.tasks.find(task).is_some() => Answer::Value(0),
            0 => Answer::Error(libc::ESRCH),
            signal => {
                let sent = self.process.signal(task, signal);
                self.interrupt(task);
                done(sent)
            }
        }
    }

    /// A held call of a task that gets a signal ends when it has its turn.
    fn interrupt(&mut self, task: u32) {
        let held = self.held.iter_mut().find(|held| held.call.task == task);
        if let Some(held) = held {
            held.interrupted = true;
        }
    }
}

/// Seconds and a fraction, of which this is a unit `[ns]`, as a span `[ns]`.
fn span((seconds, fraction): (i64, i64), unit: u64) -> io::Result<u64> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let seconds = u64::try_from(seconds).map_err(|_| invalid())?;
    let fraction = u64::try_from(fraction).map_err(|_| invalid())?;
    if fraction >= SECOND / unit {
        return Err(invalid());
    }
    Ok(seconds
        .saturating_mul(SECOND)
        .saturating_add(fraction * unit))
}

fn done(result: io::Result<()>) -> Answer {
    result.map_or_else(failed, |()| Answer::Value(0))
}

fn failed(error: io::Error) -> Answer {
    Answer::Error(error.raw_os_error().unwrap_or(libc::EFAULT))
}

/// The fault of a call that virtual time does not have.
pub(crate) fn refused(call: i64) -> Fault {
    let what = match call {
        libc::SYS_fork
        | libc::SYS_vfork
        | libc::SYS_clone
        | libc::SYS_execve
        | libc::SYS_execveat => "another process",
        libc::SYS_socket => "a connection to elsewhere",
        libc::SYS_timer_settime
        | libc::SYS_timerfd_create
        | libc::SYS_setitimer
        | libc::SYS_alarm => "a timer that interrupts",
        _ => "a wait by the real clock",
    };
    Fault::Refused {
        call: name_of(call),
        what,
    }
}
