//! A program in virtual time: who has the turn, when it rests, and what is released then.

use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::answer::refused;
use crate::clock::Clock;
use crate::hold::{Held, What};
use crate::kernel::{self, Answer, Listener, Notification, Process, Status};
use crate::launch::{self, Launched};
use crate::spent::Spent;
use crate::streams::{Input, Output};
use crate::task::{State, Tasks};
use crate::{Ended, Fault, Limits, Start, StartError, Step};
use base::random::Random;

/// How long no call may come until this room looks at the tasks `[ns]`. It decides when to
/// look, and nothing else.
const LOOK: Duration = Duration::from_micros(300);
/// How long a task may go on while others wait for their turn, which it may wait for without a
/// call, as [`Spent`] counts. Then the next one gets it, too.
const TURN: Duration = Duration::from_secs(1);

/// How many calls a task may make until the others have the turn, without waiting: it may
/// wait for them, and look again and again at descriptors that are ready.
const CALLS: u32 = 2_000;

/// A wait ends so long after its time `[ns]`: real ones are late, too, and some programs
/// wait again if the clock shows no more than the time they waited for.
pub const LATE: u64 = 1_000;

/// Processes have numbers above those that Linux gives.
const FIRST_NUMBER: u32 = 1 << 23;

/// A program that is held in virtual time. It ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    pub(crate) process: Process,
    pub(crate) listener: Listener,
    pub(crate) input: Input,
    output: Output,
    errors: Output,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) held: Vec<Held>,
    /// The task that has the turn.
    current: Option<u32>,
    /// Its calls since it got it.
    calls: u32,
    next_order: u64,
    /// Whether there may be tasks that are not known.
    pub(crate) unknown_tasks: bool,
    /// Whether it has read or waited for something: from then on it is one program.
    pub(crate) rested: bool,
    /// The call by which it has begun another process, and not yet another program. Scripts
    /// that look for an interpreter do both.
    pub(crate) forked: Option<i64>,
    /// Whether its next exec stops it.
    traced: bool,
    /// Its process number, as it knows it.
    pub(crate) number: u32,
    /// Number of timers that it has made.
    pub(crate) timers: i32,
    random: Random,
    limits: Limits,
    ended: Option<Ended>,
}

impl Program {
    /// Starts a program. Nothing of it has happened until it is [run](Program::run).
    ///
    /// # Errors
    ///
    /// If there is no such program, or if this machine cannot hold it.
    pub fn start(start: &Start<'_>) -> Result<Program, StartError> {
        let input = Input::new().map_err(StartError::held)?;
        let (output, output_end) = Output::new().map_err(StartError::held)?;
        let (errors, errors_end) = Output::new().map_err(StartError::held)?;
        let input_end = input.read.try_clone().map_err(StartError::held)?;
        let [name, arguments @ ..] = start.command else {
            let error = std::io::Error::other("no command");
            return Err(StartError::NoProgram(error));
        };
        let mut command = Command::new(name);
        command
            .args(arguments)
            .current_dir(start.folder)
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .env(launch::FILLING, launch::filling(start))
            .stdin(Stdio::from(input_end))
            .stdout(Stdio::from(output_end))
            .stderr(Stdio::from(errors_end));
        let Launched { process, listener } = launch::launch(command)?;
        let first = process.id.cast_unsigned();
        let mut program = Program {
            process,
            listener,
            input,
            output,
            errors,
            clock: Clock::default(),
            tasks: Tasks::new(first, start.seed),
            held: Vec::new(),
            current: Some(first),
            calls: 0,
            next_order: 0,
            unknown_tasks: false,
            rested: false,
            forked: None,
            traced: false,
            number: FIRST_NUMBER + start.number * 1024,
            timers: 0,
            random: Random::from_seed(!start.seed),
            limits: start.limits,
            ended: None,
        };
        program.prepare().map_err(StartError::held)?;
        Ok(program)
    }

    /// Prepares the program, which is stopped before its first instruction, and lets it go.
    fn prepare(&mut self) -> std::io::Result<()> {
        launch::prepare(&self.process, &mut self.random)?;
        kernel::let_go(self.process.id);
        self.traced = false;
        self.forked = None;
        Ok(())
    }

    /// Gives it bytes on its standard input. It reads them when it is [run](Program::run).
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.feed(bytes);
    }

    /// Lets it go on until it rests. The clocks of its node show `now` `[ns]`.
    ///
    /// # Errors
    ///
    /// If it does what virtual time does not have. It is dead then.
    pub fn run(&mut self, now: u64) -> Result<Step, Fault> {
        self.clock.set(now);
        let spent = Spent::of(self.process.id);
        let done = self.until_it_rests(spent);
        if done.is_err() {
            self.kill();
        }
        self.output.empty();
        self.errors.empty();
        done?;
        Ok(Step {
            output: self.output.take(),
            errors: self.errors.take(),
            next: self.held.iter().filter_map(|held| held.due).min(),
            ended: self.ended,
        })
    }

    /// What it wrote on standard error and was not taken: its last words.
    pub fn last_words(&mut self) -> Vec<u8> {
        self.errors.take()
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        drop(self.process.signal_all(libc::SIGKILL));
        while self.ended.is_none() {
            // It fails for a program that is stopped, and killed.
            drop(self.reap(true));
        }
        self.held.clear();
    }

    fn until_it_rests(&mut self, mut spent: Spent) -> Result<(), Fault> {
        loop {
            self.settle(&mut spent)?;
            if self.ended.is_some() {
                self.held.clear();
                return Ok(());
            }
            self.input.fill();
            if !self.release_first()? {
                return Ok(());
            }
        }
    }

    /// Takes calls until all tasks wait.
    fn settle(&mut self, spent: &mut Spent) -> Result<(), Fault> {
        // Since the first look after a call.
        let mut quiet: Option<Spent> = None;
        while self.ended.is_none() && !self.is_at_rest() {
            // A stop of what is traced wakes nobody.
            let patience = if self.traced { LOOK / 3 } else { LOOK };
            let [call, over, output, errors] = kernel::wait_for(
                [
                    self.listener.as_raw_fd(),
                    self.process.as_raw_fd(),
                    self.output.descriptor(),
                    self.errors.descriptor(),
                ],
                patience,
            )?;
            if self.traced {
                self.reap(false)?;
            }
            if call.readable {
                quiet = None;
                if let Some(call) = self.listener.receive()? {
                    self.take(call)?;
                }
            }
            if output.any() || errors.any() {
                self.output.empty();
                self.errors.empty();
                if self.output.len().max(self.errors.len()) > self.limits.output {
                    return Err(Fault::Floods(self.limits.output));
                }
            }
            if over.any() && !call.readable {
                self.reap(false)?;
            } else if !call.readable && !output.any() && !errors.any() {
                let process = self.process.id;
                self.look(quiet.get_or_insert_with(|| Spent::of(process)))?;
            }
            if let Some(fault) = spent.exceeds(self.limits.rest_within, quiet.is_some()) {
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Notes the end of the process, if it has ended; lets it go on if it is stopped, prepared
    /// if it has begun another program.
    fn reap(&mut self, wait: bool) -> std::io::Result<()> {
        if self.ended.is_some() {
            return Ok(());
        }
        self.ended = match kernel::status_of(self.process.id, wait) {
            Ok(Status::Exited(code)) => Some(Ended::Exited(code)),
            Ok(Status::Killed(signal)) => Some(Ended::Killed(signal)),
            Ok(Status::Stopped(signal)) => {
                kernel::go_on(self.process.id, signal);
                None
            }
            Ok(Status::StoppedAtExec) => {
                self.prepare()?;
                None
            }
            Ok(Status::Running) => None,
            // It has been waited for elsewhere: nothing is known of its end.
            Err(_) => Some(Ended::Killed(libc::SIGKILL)),
        };
        Ok(())
    }

    /// Whether all tasks wait.
    fn is_at_rest(&mut self) -> bool {
        if self.tasks.any_running() {
            return false;
        }
        if self.unknown_tasks {
            let order = self.new_order();
            self.tasks.refresh(&self.process.tasks(), order);
            self.unknown_tasks = false;
            if self.tasks.any_running() {
                return false;
            }
        }
        self.are_gone() && self.still_sleep()
    }

    /// Whether the tasks that have called `exit` are gone.
    fn are_gone(&mut self) -> bool {
        let ending = self.tasks.all_mut().iter();
        let ending = ending.filter(|task| task.state == State::Ending);
        let ending: Vec<u32> = ending.map(|task| task.id).collect();
        ending.into_iter().all(|id| {
            let gone = !self.process.is_alive(id);
            if gone {
                self.tasks.remove(id);
            }
            gone
        })
    }

    /// Whether the tasks that slept in calls of the kernel still do, and have not been
    /// awake since. Each is looked at twice: if the first look at the last one is before
    /// the second look at the first one, there was an instant at which all slept.
    fn still_sleep(&mut self) -> bool {
        let mut all_sleep = true;
        for _ in 0..2 {
            for task in self.tasks.all_mut() {
                let State::Asleep(seen) = &task.state else {
                    continue;
                };
                let now = sleep_of(&self.process, task.id);
                if now.as_ref() != Some(seen) {
                    task.state = State::Running;
                    task.seen = None;
                    all_sleep = false;
                }
            }
        }
        all_sleep
    }

    /// Looks at tasks that have not called for a while.
    fn look(&mut self, quiet: &mut Spent) -> Result<(), Fault> {
        for task in self.tasks.all_mut() {
            if task.state != State::Running {
                continue;
            }
            match sleep_of(&self.process, task.id) {
                // A script waits for the process that it has begun.
                Some(_) if self.forked.is_some() => {}
                Some(now) if task.seen.as_ref() == Some(&now) => {
                    task.state = State::Asleep(now);
                    task.seen = None;
                    if self.current == Some(task.id) {
                        self.current = None;
                    }
                }
                now => task.seen = now,
            }
        }
        // One that exits without a call, or by a signal, never rests.
        self.unknown_tasks = true;
        let there = self.process.tasks();
        let process = &self.process;
        let gone = |id: u32| !there.contains(&id) || !process.is_alive(id);
        let ended = self.tasks.all_mut().iter();
        let ended = ended.filter(|task| task.state == State::Running && gone(task.id));
        for id in ended.map(|task| task.id).collect::<Vec<_>>() {
            self.tasks.remove(id);
        }
        let waits = |held: &Held| matches!(held.what, What::Turn);
        if quiet.exceeds(TURN, true).is_some()
            && let Some(index) = self.held.iter().position(waits)
        {
            self.release(index, None)?;
        }
        Ok(())
    }

    /// A task has made a call: it is answered, or held.
    fn take(&mut self, call: Notification) -> Result<(), Fault> {
        if self.is_of_another(&call) {
            self.listener.answer(call.id, Answer::Continue);
            return Ok(());
        }
        let order = self.new_order();
        let current = self.current;
        let task = match self.tasks.find(call.task) {
            Some(_) => self.tasks.find(call.task),
            None => Some(self.tasks.add(call.task, order)),
        };
        let Some(task) = task else {
            return Ok(());
        };
        task.seen = None;
        task.state = State::Running;
        let first = task.first_order.take();
        let another_computes = current.is_some_and(|current| current != call.task);
        if another_computes || first.is_some() {
            self.hold_as(call, What::Turn, None, first.unwrap_or(order));
            return Ok(());
        }
        self.current = Some(call.task);
        self.calls += 1;
        if self.calls > CALLS {
            self.hold_as(call, What::Turn, None, order);
            return Ok(());
        }
        self.answer(call)
    }

    /// Whether a call is of another process: one that a script has begun.
    fn is_of_another(&mut self, call: &Notification) -> bool {
        self.tasks.find(call.task).is_none() && !self.process.has(call.task)
    }

    /// A place in the order of held calls, after all others.
    pub(crate) fn new_order(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
    }

    /// Holds a call.
    ///
    /// # Errors
    ///
    /// If the program has begun another process.
    pub(crate) fn hold(
        &mut self,
        call: Notification,
        what: What,
        due: Option<u64>,
    ) -> Result<(), Fault> {
        if let Some(fork) = self.forked {
            return Err(refused(fork));
        }
        let order = self.new_order();
        self.rested = true;
        self.clock.rest();
        self.hold_as(call, what, due, order);
        Ok(())
    }

    fn hold_as(&mut self, call: Notification, what: What, due: Option<u64>, order: u64) {
        self.set_state(call.task, State::Held);
        let place = self.held.partition_point(|held| held.order < order);
        self.held.insert(place, Held::new(call, order, what, due));
    }

    /// Sets what a task does; one that does not compute has not the turn.
    pub(crate) fn set_state(&mut self, task: u32, state: State) {
        if self.current == Some(task) && state != State::Running {
            self.current = None;
        }
        if let Some(task) = self.tasks.find(task) {
            task.state = state;
        }
    }

    /// Releases the first held call that need not wait any longer. Returns whether there
    /// was one.
    fn release_first(&mut self) -> Result<bool, Fault> {
        let mut index = 0;
        while index < self.held.len() {
            if let Some(answer) = self.ends(index) {
                self.release(index, answer)?;
                return Ok(true);
            }
            index += 1;
        }
        Ok(false)
    }

    /// Releases a held call with an answer; with none, it is looked at now.
    fn release(&mut self, index: usize, answer: Option<Answer>) -> Result<(), Fault> {
        let held = self.held.remove(index);
        let task = held.call.task;
        self.set_state(task, State::Running);
        self.current = Some(task);
        self.calls = 0;
        match answer {
            Some(answer) => {
                self.listener.answer(held.call.id, answer);
                Ok(())
            }
            None => self.answer(held.call),
        }
    }

    /// The first task begins another program: it will be stopped there. If there is no such
    /// file, it goes on, and tries another one or says so.
    pub(crate) fn exec(&mut self, call: Notification) -> Result<(), Fault> {
        if !self.traced {
            kernel::trace_exec(self.process.id)?;
            self.traced = true;
        }
        self.listener.answer(call.id, Answer::Continue);
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How a task sleeps in a call that the kernel does, if it does so until another task or
/// new input wakes it.
fn sleep_of(process: &Process, task: u32) -> Option<String> {
    let (call, arguments, seen) = process.sleeps_in(task)?;
    let waits = match call {
        libc::SYS_read | libc::SYS_readv => arguments.first() != Some(&0),
        libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_rt_sigsuspend
        | libc::SYS_rt_sigtimedwait
        | libc::SYS_pause => true,
        _ => false,
    };
    waits.then_some(seen)
}
