//! The time server: sends the time to each peer that connects, then closes the connection.
//!
//! As in RFC 868 ("Time Protocol", 1983) and RFC 867 ("Daytime Protocol"), the connection is
//! the request. In real time, the time is the time of day in the zone of the machine, as C's
//! `ctime` writes it or in another `format`. Virtual time has no time of day, since a run
//! must not depend on when it is made: there, the time is the node's local time since the
//! run began, seconds with nine decimals, `12.500000000`. If the clock of the node drifts,
//! so does the time that it sends.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use runner_sdk::{Behavior, Context, Node, Peer, Problem, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, SystemTime};

/// The config of `echo.time`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeConfig {
    /// How the time of day is written, in real time: a format of `strftime`. The default is
    /// that of C's `ctime`: `Thu Nov 26 16:02:39 2026`.
    pub format: String,
}

impl Default for TimeConfig {
    fn default() -> TimeConfig {
        TimeConfig {
            format: "%a %b %e %H:%M:%S %Y".to_owned(),
        }
    }
}

/// `echo.time`, which has no state.
pub struct Time;

impl Behavior for Time {
    type Config = TimeConfig;
    const NAME: &'static str = "time";
    const DOCS: &'static str = "Sends the time to whoever connects, then closes the connection: in real \
        time the time of day, in virtual time the seconds since the run began, with nine decimals. \
        What it is sent, it ignores.";
    const CONNECTS: bool = true;

    fn check(config: &TimeConfig) -> Vec<Problem> {
        let zoned = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let message = match strtime::format(&config.format, &zoned) {
            Ok(text) if !text.is_empty() => return Vec::new(),
            Ok(_) => "is empty, expected a format of strftime such as \"%H:%M:%S\"".to_owned(),
            Err(error) => format!(
                "is {:?}, expected a format of strftime such as \"%H:%M:%S\": {error}",
                config.format
            ),
        };
        vec![Problem::at("format", message)]
    }

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Time)
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let time = match node.time_of_day() {
            Some(time) => time_of_day(&node.config().format, time, TimeZone::system())?,
            None => since_begin(node.now()),
        };
        node.send(peer, time.as_bytes())?;
        node.close(peer);
        Ok(())
    }
}

/// A time of day in a zone, in this format.
fn time_of_day(format: &str, time: SystemTime, zone: TimeZone) -> Result<String> {
    let time = Zoned::new(Timestamp::try_from(time)?, zone);
    Ok(strtime::format(format, &time)?)
}

/// A span since the run began, as the server sends it in virtual time.
fn since_begin(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node, problems};

    #[test]
    fn in_virtual_time_each_peer_gets_the_seconds_since_the_run_began() {
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
    fn in_real_time_each_peer_gets_the_time_of_day() {
        // The year, since the zone is that of the machine.
        let mut server = node::<Time>().peers(["a"]).config("format = '%Y'").create();
        let summer = SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_864_000);
        let told = [Effect::sent(0, "2026"), Effect::Closed(Peer(0))];
        assert_eq!(server.at_time_of_day(summer).connect(0), told);
    }

    #[test]
    fn the_default_format_is_that_of_ctime() {
        let format = TimeConfig::default().format;
        for (seconds, text) in [
            (1_795_708_959, "Thu Nov 26 16:02:39 2026"),
            (0, "Thu Jan  1 00:00:00 1970"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let told = time_of_day(&format, time, TimeZone::UTC).unwrap();
            assert_eq!(told, text);
        }
    }

    #[test]
    fn a_format_that_strftime_does_not_know_is_refused() {
        for format in ["%", "", "%!", "at %"] {
            let found = problems::<Time>(&format!("format = '{format}'"));
            let paths: Vec<&str> = found.iter().map(|it| &*it.path).collect();
            assert_eq!(paths, ["format"], "{format}: {found:?}");
        }
        assert_eq!(problems::<Time>("format = '%FT%T%z'"), []);
    }

    #[test]
    fn messages_are_ignored() {
        let mut server = node::<Time>().peers(["a"]).create();
        assert_eq!(server.message(0, "what time is it?"), []);
        assert_eq!(server.disconnect(0), []);
    }
}
