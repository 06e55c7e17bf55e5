//! Where two threads meet at the end of each window.
//!
//! The one that comes first looks again and again for a while, since the other is mostly about
//! to come. Then it sleeps: a thread that has no core must get one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;

/// How often the first looks before it sleeps: about 20 us. Chosen, not tuned.
const LOOKS: u32 = 2_000;

/// Two seats.
#[derive(Default)]
pub struct Meeting {
    seats: [Seat; 2],
    slept: AtomicU64,
}

/// In a cache line of its own: the other thread looks at it all the time.
#[derive(Default)]
#[repr(align(128))]
struct Seat {
    /// Number of meetings that its thread has come to.
    reached: AtomicU64,
    sleeps: AtomicBool,
    thread: OnceLock<Thread>,
}

/// The seat of this thread. When it is dropped, the other waits no more.
pub struct Seated<'a> {
    meeting: &'a Meeting,
    own: usize,
}

impl Meeting {
    /// Takes a seat.
    pub fn sit(&self, own: usize) -> Seated<'_> {
        let _ = self.seats[own].thread.set(std::thread::current());
        Seated { meeting: self, own }
    }

    /// Number of times that one slept.
    pub fn slept(&self) -> u64 {
        self.slept.load(Ordering::Relaxed)
    }
}

impl Seated<'_> {
    /// Waits for the other thread. What either wrote before is seen by both.
    pub fn meet(&self) {
        let own = &self.meeting.seats[self.own];
        let other = &self.meeting.seats[1 - self.own];
        let round = own.reached.load(Ordering::Relaxed) + 1;
        self.reach(round);
        for _ in 0..LOOKS {
            if other.reached.load(Ordering::Acquire) >= round {
                return;
            }
            std::hint::spin_loop();
        }
        // The other writes `reached` and then reads `sleeps`; this one writes `sleeps` and then
        // reads `reached`. One of them sees what the other wrote.
        own.sleeps.store(true, Ordering::SeqCst);
        self.meeting.slept.fetch_add(1, Ordering::Relaxed);
        while other.reached.load(Ordering::SeqCst) < round {
            std::thread::park();
        }
        own.sleeps.store(false, Ordering::Relaxed);
    }

    fn reach(&self, round: u64) {
        self.meeting.seats[self.own]
            .reached
            .store(round, Ordering::SeqCst);
        let other = &self.meeting.seats[1 - self.own];
        if other.sleeps.load(Ordering::SeqCst)
            && let Some(thread) = other.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.reach(u64::MAX / 2);
    }
}
