//! Orders of the runner, received while the process is busy with a run.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{self, Receiver};
use serde::de::DeserializeOwned;

use super::control::Control;
use crate::programs;

/// Receives orders in a thread of its own and passes them on. An order for which
/// `is_stop` holds sets `stop` instead.
///
/// When the runner closes the connection or ends, `stop` is set and the channel
/// closes. The process then has `patience` to end by itself; after that the thread
/// ends it, whatever a behavior is doing.
pub fn follow<O: DeserializeOwned + Send + 'static>(
    mut control: Control,
    stop: Arc<AtomicBool>,
    is_stop: fn(&O) -> bool,
    patience: Duration,
) -> Receiver<O> {
    let (sender, orders) = channel::unbounded();
    thread::spawn(move || {
        while let Ok(Some(order)) = control.receive() {
            match is_stop(&order) {
                true => stop.store(true, Ordering::Relaxed),
                // The receiver may be gone: the process is ending.
                false => drop(sender.send(order)),
            }
        }
        stop.store(true, Ordering::Relaxed);
        drop(sender);
        thread::sleep(patience);
        programs::end_all();
        process::exit(3);
    });
    orders
}
