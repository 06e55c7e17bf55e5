//! A behavior that sets, replaces and cancels timers, and sets them again.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, NoConfig, Node, Peer, Result};
use std::time::Duration;

/// At its start, sets timer 1 to 10 ms and replaces it by 20 ms, sets timer 2 to 15 ms and
/// cancels it, and sets timer 3 to 30 ms. Timer 3 is set again three times, and each time
/// it is due the behavior sends to all peers.
pub struct Timers {
    again: u32,
}

const TAG: Column<u64> = Column::new(0, "tag", "the timer that was due");

impl Behavior for Timers {
    type Config = NoConfig;
    const NAME: &'static str = "timers";
    const DOCS: &'static str = "Sets, replaces and cancels timers; prints what is due when.";
    const COLUMNS: &'static [ColumnInfo] = &[TAG.info()];

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Timers { again: 3 })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        node.set_timer(1, Duration::from_millis(10));
        node.set_timer(2, Duration::from_millis(15));
        node.set_timer(3, Duration::from_millis(30));
        node.set_timer(1, Duration::from_millis(20));
        node.cancel_timer(2);
        node.cancel_timer(4);
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        node.set(TAG, tag);
        node.print(format!("timer {tag} at {} ns", node.now_ns()));
        if tag == 3 {
            node.send_all(b"three")?;
            if self.again > 0 {
                self.again -= 1;
                node.set_timer(3, Duration::from_millis(30));
            }
        }
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, _: &[u8]) -> Result {
        let name = node.peer_name(from);
        node.print(format!("message of {name} at {} ns", node.now_ns()));
        Ok(())
    }
}
