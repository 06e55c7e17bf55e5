//! A behavior that, in a tick, does something that a runner cannot catch in its own process.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::hint::black_box;

/// Counts its ticks.
pub struct Crashes {
    ticks: u32,
}

/// What the behavior does, and when.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// What it does.
    how: How,
    /// The tick, from 1.
    #[schemars(range(min = 1))]
    at: u32,
}

/// What the behavior does.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum How {
    /// Loops forever.
    Loop,
    /// Aborts.
    Abort,
    /// Allocates without end.
    Allocate,
    /// Writes to a field behind a null pointer.
    Null,
    /// Overflows the stack.
    Overflow,
    /// Ends the process with exit code 0.
    Exit,
    /// Takes a millisecond for each tick from here on, and returns.
    Slow,
}

impl Behavior for Crashes {
    type Config = Config;
    const NAME: &'static str = "crashes";
    const DOCS: &'static str =
        "Crashes, loops or exhausts memory on the tick that its config names.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Crashes { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.ticks += 1;
        let Config { how, at } = *node.config();
        if self.ticks == at || self.ticks > at && matches!(how, How::Slow) {
            crash(how);
        }
        Ok(())
    }
}

fn crash(how: How) {
    match how {
        How::Loop => loop {
            std::hint::spin_loop();
        },
        How::Abort => std::process::abort(),
        How::Allocate => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                // Not zeros: pages of zeros take no memory until they are written.
                held.push(black_box(vec![1; 1 << 20]));
            }
        }
        How::Null => write_behind_null(),
        How::Overflow => {
            black_box(deeper(1));
        }
        How::Exit => std::process::exit(0),
        How::Slow => {
            let began = std::time::Instant::now();
            while began.elapsed().as_micros() < 1000 {
                std::hint::spin_loop();
            }
        }
    }
}

/// A struct with other fields before the one that is written.
#[repr(C)]
struct Far {
    near: [u64; 4],
    far: u64,
}

#[allow(unsafe_code)]
fn write_behind_null() {
    let nobody: *mut Far = black_box(std::ptr::null_mut());
    // SAFETY: there is none. This behavior exists to crash.
    unsafe { (&raw mut (*nobody).far).write_volatile(1) }
}

#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    deeper(depth + 1) + room[0]
}
