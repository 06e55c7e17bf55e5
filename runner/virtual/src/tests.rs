//! Programs in Python that are held: what they see, and what they may not do.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, iter, thread};

use crate::{Ended, Fault, Limits, Program, Start, StartError, Step};

/// The Python of this machine itself, not a script that looks for it; with `CI` set there
/// must be one.
fn interpreter() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let mut python = Command::new("python3");
        let asked = python
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        Some(text(&asked.ok()?.stdout).trim().to_owned())
    });
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "no python3"
    );
    found.as_deref()
}

fn start(command: &[&str], seed: u64, limits: Limits) -> Result<Program, StartError> {
    let command: Vec<String> = command.iter().map(|it| (*it).to_owned()).collect();
    Program::start(&Start {
        command: &command,
        environment: &[],
        folder: Path::new("."),
        seed,
        number: 1,
        limits,
    })
}

/// A program of this text; none without a Python.
fn python(source: &str) -> Option<Program> {
    let interpreter = interpreter()?;
    Some(start(&[interpreter, "-c", source], 7, Limits::default()).unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that a program writes until it ends, or waits for input alone. Each wait is over at
/// its time.
fn all_of(program: &mut Program) -> Result<(String, Step), Fault> {
    let (mut output, mut now) = (String::new(), 0);
    for _ in 0..10_000 {
        let step = program.run(now)?;
        output += &text(&step.output);
        match step.next {
            Some(next) if step.ended.is_none() => now = next,
            _ => return Ok((output, step)),
        }
    }
    panic!("it does not end: {output}");
}

/// What a program writes until it ends, which it must do with code 0.
fn output_of(source: &str) -> Option<String> {
    let (output, step) = all_of(&mut python(source)?).unwrap();
    assert_eq!(step.ended, Some(Ended::Exited(0)), "{}", text(&step.errors));
    Some(output)
}

const ECHO: &str = "
import sys, time, random, os
print({'a', 'b', 'c', 'd', 'e'}, random.random(), os.urandom(4).hex(), os.getpid())
for line in sys.stdin:
    print(line.strip(), time.time(), time.monotonic(), hash(line), id(object()), flush=True)
";

#[test]
fn ten_runs_of_one_program_are_one() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    let run = |seed| {
        let command = [interpreter, "-c", ECHO];
        let mut program = start(&command, seed, Limits::default()).unwrap();
        let mut output = text(&program.run(0).unwrap().output);
        for turn in 1..20_u64 {
            program.feed(format!("line {turn}\n").as_bytes());
            let step = program.run(turn * 1_000_000).unwrap();
            assert_eq!((step.next, step.ended), (None, None));
            output += &text(&step.output);
        }
        output
    };
    let first = run(7);
    assert!(
        first.contains("line 19 1600000000.019 1000.019 "),
        "{first}"
    );
    for _ in 1..10 {
        assert_eq!(run(7), first);
    }
    assert_ne!(run(8), first, "another seed, other random bytes");
}

#[test]
fn a_sleep_takes_no_time_and_ends_at_its_time() {
    let Some(mut program) = python("import time; time.sleep(3600); print(time.time())") else {
        return;
    };
    let step = program.run(5).unwrap();
    let next = 3_600_000_001_005;
    assert_eq!((step.next, step.ended), (Some(next), None));
    assert_eq!(program.run(next - 1).unwrap(), step, "not before");
    let step = program.run(next).unwrap();
    assert_eq!(text(&step.output), "1600003600.000001\n");
    assert_eq!(step.ended, Some(Ended::Exited(0)));
}

#[test]
fn every_kind_of_wait_ends_at_its_time() {
    let source = "
import select, time, asyncio, threading, queue
begun = time.monotonic()
def at(what): print(what, round(time.monotonic() - begun, 3))
select.select([0], [], [], 1); at('select')
poll = select.poll(); poll.register(0); print(poll.poll(1000)); at('poll')
epoll = select.epoll(); epoll.register(0); print(epoll.poll(1)); at('epoll')
asyncio.run(asyncio.sleep(1)); at('asyncio')
print(threading.Event().wait(1)); at('event')
try: queue.Queue().get(timeout=1)
except queue.Empty: at('queue')
";
    let Some(output) = output_of(source) else {
        return;
    };
    let expected =
        "select 1.0\n[]\npoll 2.0\n[]\nepoll 3.0\nasyncio 4.0\nFalse\nevent 5.0\nqueue 6.0\n";
    assert_eq!(output, expected);
}

#[test]
fn input_ends_every_kind_of_wait_before_its_time() {
    let source = "
import select, sys, os, time, asyncio
def took(): return os.read(0, 9).decode().strip(), time.monotonic() - 1000
print(select.select([0], [1], [], 9), flush=True); 
print(select.select([0], [], [], 9), *took(), flush=True)
poll = select.poll(); poll.register(0, select.POLLIN)
print(poll.poll(9000), *took(), flush=True)
async def lines():
    reader = asyncio.StreamReader()
    pipe = lambda: asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(pipe, sys.stdin)
    for _ in range(2): print(await reader.readline(), flush=True)
asyncio.run(lines())
";
    let Some(mut program) = python(source) else {
        return;
    };
    let step = program.run(0).unwrap();
    assert_eq!(text(&step.output), "([], [1], [])\n");
    assert_eq!(step.next, Some(9_000_001_000));
    let mut said = |time: u64, line: &str| {
        program.feed(line.as_bytes());
        text(&program.run(time * 1_000_000_000).unwrap().output)
    };
    assert_eq!(said(1, "a\n"), "([0], [], []) a 1.0\n");
    assert_eq!(said(2, "b\n"), "[(0, 1)] b 2.0\n");
    assert_eq!(said(3, "c\n"), "b'c\\n'\n");
    assert_eq!(said(4, "d\n"), "b'd\\n'\n");
}

#[test]
fn threads_take_turns_the_same_way_each_time() {
    let source = "
import threading, time, random, os
lock, log = threading.Lock(), []
def work(name):
    for turn in range(50):
        with lock: log.append(name)
        if turn % 7 == name % 7: time.sleep(random.random() / 100)
        else: os.sched_yield()
threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(log, time.time())
";
    let Some(first) = output_of(source) else {
        return;
    };
    for _ in 0..4 {
        assert_eq!(output_of(source).as_deref(), Some(&*first));
    }
}

#[test]
fn random_bytes_are_the_runs_also_from_a_file() {
    let source = "
import os, random, uuid
print(open('/dev/urandom', 'rb').read(8).hex(), os.urandom(8).hex(), random.random(), uuid.uuid4())
";
    let first = output_of(source);
    assert_eq!(output_of(source), first);
}

#[test]
fn the_size_of_the_environment_moves_no_address() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    let source = "print(open('/proc/self/stat').read().split()[27])";
    let command = [interpreter, "-c", source].map(str::to_owned);
    let stack = |value: &str| {
        let mut program = Program::start(&Start {
            command: &command,
            environment: &[("MORE".to_owned(), value.to_owned())],
            folder: Path::new("."),
            seed: 7,
            number: 1,
            limits: Limits::default(),
        });
        all_of(program.as_mut().unwrap()).unwrap().0
    };
    let stacks = ["", "1", &"x".repeat(17), &"x".repeat(1000)].map(stack);
    assert!(stacks.iter().all(|it| *it == stacks[0]), "{stacks:?}");
}

#[test]
fn a_program_that_spins_sees_time_pass() {
    let source = "
import os, time, select
end = time.time() + 0.01
while time.time() < end: pass
end = time.time() + 0.01
while time.time() < end: select.select([0], [], [], 0)
end = time.time() + 0.01
while time.time() < end: time.sleep(0)
os.set_blocking(0, False)
end, looks = time.time() + 0.01, 0
while time.time() < end:
    try: os.read(0, 1)
    except BlockingIOError: looks += 1
print('over' if looks < 200 else looks)
";
    if let Some(output) = output_of(source) {
        assert_eq!(output, "over\n");
    }
}

#[test]
fn a_thread_that_never_waits_leaves_others_their_turn() {
    let source = "
import os, select, threading
ready, write = os.pipe()
os.write(write, b'x')
over = []
def work():
    os.sched_yield()
    over.append(1)
threading.Thread(target=work).start()
while not over: select.select([ready], [], [], 0)
print('over')
";
    if let Some(output) = output_of(source) {
        assert_eq!(output, "over\n");
    }
}

#[test]
fn a_program_that_looks_and_sleeps_in_turn_does_not_spin() {
    let source = "
import select, time
for turn in range(500):
    select.select([0], [], [], 0)
    time.sleep(0.001)
print(round(time.time() - 1600000000, 6))
";
    if let Some(output) = output_of(source) {
        assert_eq!(output, "0.5005\n", "500 sleeps, each 1 us late");
    }
}

#[test]
fn a_signal_to_itself_reaches_a_program() {
    let source = "
import os, signal, threading, time
def caught(number, frame): print('caught', number, flush=True)
signal.signal(signal.SIGUSR1, caught)
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
main = threading.get_ident()
threading.Timer(1, lambda: signal.pthread_kill(main, signal.SIGUSR1)).start()
time.sleep(2)
os.abort()
";
    let Some(mut program) = python(source) else {
        return;
    };
    let (output, step) = all_of(&mut program).unwrap();
    assert_eq!(output, "caught 10\n".repeat(3));
    assert_eq!(step.ended, Some(Ended::Killed(libc::SIGABRT)));
}

#[test]
fn what_virtual_time_does_not_have_is_refused_by_name() {
    let refused = [
        ("import os; os.fork(); input()", "clone"),
        (
            "import subprocess; input(); subprocess.run(['true'])",
            "fork",
        ),
        ("import socket; socket.socket()", "socket"),
        ("import signal; signal.alarm(1)", "alarm"),
        (
            "import signal; signal.setitimer(signal.ITIMER_REAL, 1)",
            "setitimer",
        ),
        (
            "import os; input(); os.execv('/bin/true', ['true'])",
            "execve",
        ),
    ];
    for (source, name) in refused {
        let Some(mut program) = python(source) else {
            return;
        };
        program.feed(b"go\n");
        match all_of(&mut program) {
            Err(Fault::Refused { call, .. }) => {
                let names = [name, "vfork", "clone"];
                assert!(names.contains(&&*call), "{call}: {source}");
            }
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn a_program_that_never_rests_is_killed() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    let fault = |source: &str, rest_within| {
        let limits = Limits {
            rest_within,
            output: 1 << 20,
        };
        let mut program = start(&[interpreter, "-c", source], 0, limits).unwrap();
        program.run(0).unwrap_err().to_string()
    };
    let no_exec = "import os
try: os.execv('/no/such/file', ['x'])
except OSError: pass
while True: pass";
    for spins in [
        "while True: pass",
        "import os\nwhile True: os.getpid()",
        no_exec,
    ] {
        assert_eq!(
            fault(spins, Duration::from_millis(600)),
            "it computed for 0.6 s, and did not wait for input or time"
        );
    }
    let floods = "it wrote more than 1048576 bytes without waiting for input or time";
    assert_eq!(
        fault("while True: print('flood')", Duration::from_secs(60)),
        floods
    );
}

#[test]
fn a_program_that_waits_for_something_else_is_killed() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    let locked = tempfile::NamedTempFile::new().unwrap();
    let source = format!(
        "import fcntl; fcntl.flock(open({:?}), fcntl.LOCK_EX)",
        locked.path()
    );
    // Far more than twice what an interpreter computes at its start.
    let limits = Limits {
        rest_within: Duration::from_secs(2),
        output: 1 << 20,
    };
    assert!(os::lock::try_lock(locked.as_file()).unwrap());
    let mut program = start(&[interpreter, "-c", &source], 0, limits).unwrap();
    let fault = program.run(0).unwrap_err().to_string();
    let expected = "it did not wait for input or time within 2 s, and hardly computed";
    assert!(fault.starts_with(expected), "{fault}");
}

#[test]
fn a_program_that_gets_no_processor_may_take_longer() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    // To start takes an interpreter less than that; at such a priority, beside others, some
    // seconds, and not the minute that is too long nevertheless.
    let limits = Limits {
        rest_within: Duration::from_secs(1),
        output: 1 << 20,
    };
    let command = ["nice", "-n", "10", interpreter, "-c", "print('here')"];
    let step = on_a_busy_machine(|| start(&command, 0, limits).unwrap().run(0));
    assert_eq!(text(&step.unwrap().output), "here\n");
}

/// Does something while other threads compute on each processor.
fn on_a_busy_machine<T>(what: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    let threads = 2 * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let done = catch_unwind(AssertUnwindSafe(what));
        over.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[test]
fn more_input_than_a_pipe_holds_is_read_in_order() {
    let source = "
import sys
for line in sys.stdin: print(len(line), flush=True)
";
    let Some(mut program) = python(source) else {
        return;
    };
    let long: Vec<u8> = iter::repeat_n(b'x', 5 << 20).chain([b'\n']).collect();
    program.feed(&long);
    program.feed(b"ab\n");
    assert_eq!(text(&program.run(0).unwrap().output), "5242881\n3\n");
}

#[test]
fn a_script_that_looks_for_its_interpreter_ends_there() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("node");
    // A process of its own, as a wrapper of an interpreter begins them, and then `exec`.
    let lines = format!(
        "#!/usr/bin/env sh\nx=$(echo 1)\nexec {interpreter} -c \"import time; print($x, time.time())\"\n"
    );
    fs::write(&script, lines).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut program = start(&[script.to_str().unwrap()], 0, Limits::default()).unwrap();
    let (output, step) = all_of(&mut program).unwrap();
    assert_eq!(output, "1 1600000000.0\n", "{}", text(&step.errors));
}

#[test]
fn processes_that_a_script_has_left_do_not_disturb_the_exec() {
    let Some(interpreter) = interpreter() else {
        return;
    };
    // The one that is left calls the kernel all the time; `$(...)` counts as a process, too.
    let script = format!(
        "x=$(echo 1); (i=0; while [ $i -lt 1000 ]; do i=$((i+1)); : </dev/null; done) &
exec sh -c 'y=$(echo 2); exec {interpreter} -c \"import os, time; print($y, time.time(), os.urandom(8).hex())\"'"
    );
    let mut outputs = BTreeSet::new();
    for _ in 0..10 {
        let mut program = start(&["sh", "-c", &script], 0, Limits::default()).unwrap();
        let (output, step) = all_of(&mut program).unwrap();
        assert_eq!(step.ended, Some(Ended::Exited(0)), "{}", text(&step.errors));
        outputs.insert(output);
    }
    assert_eq!(outputs.len(), 1, "{outputs:?}");
}

#[test]
fn a_missing_program_is_an_error_of_its_own() {
    let missing = start(&["no-such-program"], 0, Limits::default());
    assert!(
        matches!(missing, Err(StartError::NoProgram(_))),
        "{missing:?}"
    );
    assert_eq!(crate::supported(), Ok(()));
}

#[test]
fn its_last_words_are_kept() {
    let Some(mut program) =
        python("import sys, os; print('why', file=sys.stderr); os.fork(); input()")
    else {
        return;
    };
    program.run(0).unwrap_err();
    assert_eq!(text(&program.last_words()), "why\n");
}
