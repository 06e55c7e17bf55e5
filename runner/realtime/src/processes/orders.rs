//! Orders of the runner, received while the process is busy with a run.

use std::io;
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
    control: Control,
    stop: Arc<AtomicBool>,
    is_stop: fn(&O) -> bool,
    patience: Duration,
) -> Receiver<O> {
    let set = stop.clone();
    let take = move |order: O| match is_stop(&order) {
        true => {
            set.store(true, Ordering::Relaxed);
            None
        }
        false => Some(order),
    };
    let never = |_: &mut Control, _: &Option<io::Error>| false;
    let lost = |_: Option<io::Error>| || process::exit(3);
    follow_with(control, stop, take, never, lost, patience)
}

/// As [`follow`], but `take` gets each order at once and returns those to be passed on.
/// If no more come, `renew` gets why, none if the runner has closed the connection, and
/// returns whether they come again. If not, `lost` gets why, and returns what ends the
/// process.
pub fn follow_with<O, L, E>(
    mut control: Control,
    stop: Arc<AtomicBool>,
    mut take: impl FnMut(O) -> Option<O> + Send + 'static,
    mut renew: impl FnMut(&mut Control, &Option<io::Error>) -> bool + Send + 'static,
    lost: L,
    patience: Duration,
) -> Receiver<O>
where
    O: DeserializeOwned + Send + 'static,
    L: FnOnce(Option<io::Error>) -> E + Send + 'static,
    E: FnOnce(),
{
    let (sender, orders) = channel::unbounded();
    thread::spawn(move || {
        let end = loop {
            let end = match control.receive() {
                Ok(Some(order)) => {
                    if let Some(order) = take(order) {
                        // The receiver may be gone: the process is ending.
                        drop(sender.send(order));
                    }
                    continue;
                }
                Ok(None) => None,
                Err(error) => Some(error),
            };
            if !renew(&mut control, &end) {
                break end;
            }
        };
        let end_process = lost(end);
        stop.store(true, Ordering::Relaxed);
        // Whoever waits for an order, or for space to send a report, waits no longer.
        control.close();
        drop((sender, take));
        thread::sleep(patience);
        programs::end_all();
        end_process();
    });
    orders
}
