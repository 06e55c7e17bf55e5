//! SIGINT and SIGTERM: the first asks this process to end in good order, the
//! second ends it at once.
//!
//! One Ctrl-C may arrive as several signals: the terminal signals the whole process
//! group, and `timeout`, `make` or a shell script passes its own signal on. So what comes
//! right after the first signal is the first one again.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Signals that come within this time after the first one are the same request. Programs
/// pass a signal on within milliseconds; a person who wants to end the runner at once
/// presses the key again later than this, or once more.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// The name of a signal: `SIGKILL`; none if the number is no known signal.
pub fn name(signal: i32) -> Option<&'static str> {
    signal_hook::low_level::signal_name(signal)
}

/// Asks this process to end, as Ctrl-C does.
pub fn interrupt() {
    let _ = signal_hook::low_level::raise(SIGINT);
}

/// Whether this process was asked to end, and by which signal.
#[derive(Debug)]
pub struct StopSignals {
    /// Set by the first signal.
    pub flag: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl StopSignals {
    /// Catches the two signals from now on. A second one that is not the first one again calls `clean_up` and
    /// ends this process, whatever else the process is doing.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor or no thread left.
    pub fn catch(clean_up: impl FnOnce() + Send + 'static) -> io::Result<StopSignals> {
        let stop = StopSignals {
            flag: Arc::default(),
            signal: Arc::default(),
        };
        let (mut signals, caught) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, stop.flag.clone())?;
            signal_hook::flag::register_usize(signal, stop.signal.clone(), signal as usize)?;
            signal_hook::low_level::pipe::register(signal, caught.try_clone()?)?;
        }
        let last = stop.signal.clone();
        thread::Builder::new().spawn(move || {
            // A byte for each signal.
            let mut first = None;
            while signals.read_exact(&mut [0]).is_ok() {
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() > ONE_REQUEST {
                    clean_up();
                    crate::exit::at_once(128 + last.load(Ordering::Relaxed) as i32);
                }
            }
        })?;
        Ok(stop)
    }

    /// The number of the signal that came last; none if none came.
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal as i32),
        }
    }
}
