//! SIGINT and SIGTERM while runs are run.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};

use realtime::{input, programs};

/// The first SIGINT or SIGTERM sets a flag, so that the plan ends gracefully. The
/// second one ends the process at once, with the programs that it has started.
#[derive(Debug)]
pub struct Stop {
    /// Set by the first signal.
    pub flag: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Begins to handle signals.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses.
    pub fn on_signals() -> std::io::Result<Stop> {
        let stop = Stop {
            flag: Arc::default(),
            signal: Arc::default(),
        };
        let (mut signals, receiver) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, stop.flag.clone())?;
            signal_hook::flag::register_usize(signal, stop.signal.clone(), signal as usize)?;
            signal_hook::low_level::pipe::register(signal, receiver.try_clone()?)?;
        }
        // This thread waits for two signals.
        let last = stop.signal.clone();
        thread::Builder::new().spawn(move || {
            if signals.read_exact(&mut [0; 2]).is_ok() {
                input::give_back();
                programs::end_all();
                signal_hook::low_level::exit(128 + last.load(Ordering::Relaxed) as i32);
            }
        })?;
        Ok(stop)
    }

    /// Returns the signal that stopped the runner.
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal as i32),
        }
    }
}
