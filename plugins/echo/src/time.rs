//! The time server: tells the time to whoever connects, then closes.
//!
//! As RFC 868 ("Time Protocol", 1983) and RFC 867 ("Daytime Protocol") have it,
//! the connection is the question. The time is the run's own, since behaviors
//! have no wall clock: the node's local time since the run began, as seconds with
//! nine decimals, `12.500000000`; in virtual time as in real time. A clock that
//! drifts tells a time that drifts.

use runner_sdk::{Behavior, Context, NoConfig, Node, Peer, Result};
use std::time::Duration;

/// `echo.time`; without a state.
pub struct Time;

impl Behavior for Time {
    type Config = NoConfig;
    const NAME: &'static str = "time";
    const DOCS: &'static str = "Sends the time to whoever connects (seconds since the run began, \
        with nine decimals), then closes the connection. What it is sent, it ignores.";
    const CONNECTS: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Time)
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let time = text(node.now());
        node.send(peer, time.as_bytes())?;
        node.close(peer);
        Ok(())
    }
}

/// A time as the server tells it.
fn text(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node};

    #[test]
    fn whoever_connects_is_told_the_time_and_let_go() {
        let mut server = node::<Time>().peers(["a", "b"]).create();
        assert_eq!(server.start(), []);
        for (ns, text) in [
            (0, "0.000000000"),
            (12_500_000_000, "12.500000000"),
            (3_600_000_000_001, "3600.000000001"),
        ] {
            server.at(Duration::from_nanos(ns));
            let told = [Effect::sent(1, text), Effect::Closed(Peer(1))];
            assert_eq!(server.connect(1), told);
        }
    }

    #[test]
    fn what_it_is_sent_it_ignores() {
        let mut server = node::<Time>().peers(["a"]).create();
        assert_eq!(server.message(0, "what time is it?"), []);
        assert_eq!(server.disconnect(0), []);
    }
}
