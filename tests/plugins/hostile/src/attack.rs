//! The attacks.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// `exit(0)` of the C library.
    Exit,
    /// `_exit(0)`.
    UnderscoreExit,
    /// `_Exit(0)`.
    CapitalExit,
    /// `quick_exit(0)`.
    QuickExit,
    /// `exit(0)` in a thread of its own, while the callback waits for it.
    ExitInThread,
    /// Never returns. In a tick, leaves the file `looping` in the folder of the run before.
    Loop,
    /// Makes every file that the process has open empty.
    Truncate,
    /// Closes every descriptor but the standard streams.
    Close,
    /// Closes every descriptor, and opens another file under each number.
    Replace,
    /// Forbids every change of every memory file.
    Seal,
    /// Has reading and writing of every descriptor fail instead of wait.
    Nonblocking,
    /// Writes noise to every socket.
    Noise,
    /// Changes the folder to `/`.
    Chdir,
    /// Removes the folder of the run.
    DeleteFolder,
    /// Makes every file in the folder of the run empty.
    EmptyFolder,
    /// Forks, and goes on in both processes.
    Fork,
    /// Starts a child, and a daemon in a session of its own, and writes their process ids to
    /// the file `pids` in the folder above the run's.
    Daemons,
    /// Writes to standard output.
    Print,
    /// Kills its own process.
    Kill,
}

/// Carries out an attack.
pub fn attack(how: How, run_folder: &Path) {
    match how {
        How::Exit => std::process::exit(0),
        How::ExitInThread => {
            let _ = thread::spawn(|| std::process::exit(0)).join();
        }
        How::Loop => {
            if run_folder.is_dir() {
                fs::write(run_folder.join("looping"), "").unwrap();
            }
            loop {
                thread::park_timeout(Duration::from_millis(1));
            }
        }
        How::UnderscoreExit | How::CapitalExit | How::QuickExit | How::Kill => ends(how),
        How::Truncate | How::Close | How::Replace | How::Seal | How::Nonblocking => {
            descriptors().for_each(|descriptor| damage(how, descriptor));
        }
        How::Noise => noise(),
        How::Chdir => std::env::set_current_dir("/").unwrap(),
        How::DeleteFolder => fs::remove_dir_all(run_folder).unwrap(),
        How::EmptyFolder => {
            for entry in fs::read_dir(run_folder).unwrap() {
                fs::write(entry.unwrap().path(), "").unwrap();
            }
        }
        How::Fork => fork(),
        How::Daemons => daemons(run_folder),
        How::Print => {
            for number in 0..10_000 {
                println!("hostile line {number}");
            }
        }
    }
}

/// All descriptors but the standard streams.
fn descriptors() -> impl Iterator<Item = i32> {
    3..256
}

#[allow(unsafe_code)]
fn ends(how: How) {
    unsafe extern "C" {
        fn quick_exit(code: i32) -> !;
    }
    // SAFETY: ends the process.
    unsafe {
        match how {
            How::UnderscoreExit => libc::_exit(0),
            How::QuickExit => quick_exit(0),
            How::Kill => drop(libc::kill(libc::getpid(), libc::SIGKILL)),
            _ => {
                unsafe extern "C" {
                    fn _Exit(code: i32) -> !;
                }
                _Exit(0)
            }
        }
    }
}

#[allow(unsafe_code)]
fn damage(how: How, descriptor: i32) {
    // SAFETY: there is none. This behavior exists to break what others own.
    unsafe {
        match how {
            How::Truncate => drop(libc::ftruncate(descriptor, 0)),
            How::Close => drop(libc::close(descriptor)),
            How::Replace => {
                let other = libc::open(c"/dev/zero".as_ptr(), libc::O_RDWR);
                libc::dup2(other, descriptor);
            }
            How::Seal => {
                let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
                libc::fcntl(
                    descriptor,
                    libc::F_ADD_SEALS,
                    seals | libc::F_SEAL_FUTURE_WRITE,
                );
                libc::fcntl(descriptor, libc::F_ADD_SEALS, seals | libc::F_SEAL_WRITE);
            }
            _ => {
                libc::fcntl(descriptor, libc::F_SETFL, libc::O_NONBLOCK);
            }
        }
    }
}

#[allow(unsafe_code)]
fn noise() {
    for descriptor in descriptors() {
        let target = fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default();
        if target.to_string_lossy().starts_with("socket:") {
            let noise = [0xa5; 4096];
            // SAFETY: the bytes are there.
            unsafe { libc::write(descriptor, noise.as_ptr().cast(), noise.len()) };
        }
    }
}

#[allow(unsafe_code)]
fn fork() {
    // SAFETY: there is none: a process with more threads must not go on like this.
    unsafe { libc::fork() };
}

// Nobody waits for them: that is the attack.
#[allow(clippy::zombie_processes)]
fn daemons(run_folder: &Path) {
    let mut sleep = Command::new("sleep");
    let child = sleep.arg("600").stdin(Stdio::null()).spawn().unwrap();
    let script = "trap '' TERM HUP; (setsid sh -c 'echo $$; exec sleep 600' &)";
    let mut shell = Command::new("sh");
    let mut pids = first_line(shell.args(["-c", script]).stdout(Stdio::piped()));
    pids.push_str(&format!("{}\n", child.id()));
    let path = run_folder.join("../../pids");
    let mut file = fs::File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(pids.as_bytes()).unwrap();
}

/// The first line that a command prints.
fn first_line(command: &mut Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.wait().unwrap();
    line
}
