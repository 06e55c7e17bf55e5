//! The time server: sends the time to each peer that connects, then closes the connection.
//!
//! As in RFC 868 ("Time Protocol", 1983) and RFC 867 ("Daytime Protocol"), the connection is
//! the request. Behaviors have no wall clock, so the time is the node's local time since the
//! run began, in virtual and in real time: seconds with nine decimals, `12.500000000`. If
//! the clock of the node drifts, so does the time that it sends.

use runner_sdk::{Behavior, Context, NoConfig, Node, Peer, Result};
use std::time::Duration;

/// `echo.time`, which has no state.
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

/// A time in the form that the server sends.
fn text(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node};

    #[test]
    fn each_peer_that_connects_gets_the_time_and_is_disconnected() {
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
    fn messages_are_ignored() {
        let mut server = node::<Time>().peers(["a"]).create();
        assert_eq!(server.message(0, "what time is it?"), []);
        assert_eq!(server.disconnect(0), []);
    }
}
