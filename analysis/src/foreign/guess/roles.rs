//! What a column is, by its name: of a header, of a JSON member, or the words before a
//! number in a sentence.

use super::super::words::words;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The time.
    Time,
    /// The word for an event.
    Event,
    /// The logical clock after the step.
    Clock,
    /// The clock that came with a message.
    ReceivedClock,
    /// The length of the inbox.
    Queue,
    /// The other end of a message.
    Peer,
    /// The size of a message.
    Bytes,
    /// The node.
    Node,
    /// The run.
    Run,
}

impl Role {
    /// Our name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Time => "time",
            Role::Event => "event",
            Role::Clock => "clock",
            Role::ReceivedClock => "received_clock",
            Role::Queue => "queue",
            Role::Peer => "peer",
            Role::Bytes => "bytes",
            Role::Node => "node",
            Role::Run => "run",
        }
    }
}

const CLOCKS: [&str; 7] = [
    "clock",
    "lamport",
    "logical",
    "lc",
    "lclock",
    "clk",
    "logicalclock",
];
const WALLS: [&str; 9] = [
    "wall", "system", "sys", "global", "real", "physical", "cpu", "world", "unix",
];
const TIMES: [&str; 12] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "datetime",
    "when",
    "elapsed",
    "stamp",
    "epoch",
    "tstamp",
    "millis",
    "hora",
];
const QUEUES: [&str; 15] = [
    "queue",
    "backlog",
    "pending",
    "inbox",
    "waiting",
    "mailbox",
    "qlen",
    "qsize",
    "queued",
    "buffer",
    "buffered",
    "ql",
    "q",
    "queuelen",
    "queuesize",
];
const EVENTS: [&str; 9] = [
    "event",
    "type",
    "kind",
    "action",
    "what",
    "op",
    "operation",
    "activity",
    "evt",
];
const PEERS: [&str; 16] = [
    "to",
    "from",
    "peer",
    "dest",
    "destination",
    "target",
    "receiver",
    "recipient",
    "src",
    "source",
    "dst",
    "sender",
    "other",
    "with",
    "recipients",
    "targets",
];
const NODES: [&str; 12] = [
    "node", "machine", "vm", "process", "proc", "host", "server", "replica", "pid", "worker",
    "client", "id",
];
const RUNS: [&str; 5] = ["run", "trial", "experiment", "repetition", "rep"];
const CAME: [&str; 12] = [
    "received", "recv", "sender", "msg", "message", "their", "remote", "incoming", "from", "rcvd",
    "receive", "got",
];

/// The role of a column with this name.
pub fn by_name(name: &str) -> Option<Role> {
    let words: Vec<String> = words(name).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&CLOCKS) && !has(&WALLS) {
        return Some(match has(&CAME) {
            true => Role::ReceivedClock,
            false => Role::Clock,
        });
    }
    if has(&QUEUES) {
        return Some(Role::Queue);
    }
    if has(&["bytes", "size"]) {
        return Some(Role::Bytes);
    }
    if has(&TIMES) || has(&WALLS) && has(&CLOCKS) || words == ["t"] || words == ["at"] {
        return Some(Role::Time);
    }
    if has(&EVENTS) {
        return Some(Role::Event);
    }
    if has(&PEERS) {
        return Some(Role::Peer);
    }
    if has(&RUNS) {
        return Some(Role::Run);
    }
    if has(&NODES) {
        return Some(Role::Node);
    }
    None
}

/// The unit of time that a name ends with.
pub fn unit_in(name: &str) -> Option<&'static str> {
    let words: Vec<String> = words(name).collect();
    let last = words.last()?.as_str();
    Some(match last {
        "ms" | "millis" | "milliseconds" | "msec" => "ms",
        "us" | "micros" | "microseconds" | "usec" => "us",
        "ns" | "nanos" | "nanoseconds" | "nsec" => "ns",
        "s" | "sec" | "secs" | "seconds" => "s",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_names() {
        for (name, role) in [
            ("global_time", Role::Time),
            ("system_time", Role::Time),
            ("ts", Role::Time),
            ("SystemClock", Role::Time),
            ("what", Role::Event),
            ("eventType", Role::Event),
            ("lamport", Role::Clock),
            ("Logical Clock Time", Role::Clock),
            ("logical_clock", Role::Clock),
            ("from_clock", Role::ReceivedClock),
            ("queue_len", Role::Queue),
            ("Message Queue Length", Role::Queue),
            ("to", Role::Peer),
            ("machine_id", Role::Node),
            ("trial", Role::Run),
        ] {
            assert_eq!(by_name(name), Some(role), "{name}");
        }
        assert_eq!(by_name("colour"), None);
        assert_eq!(unit_in("t_ms"), Some("ms"));
        assert_eq!(unit_in("times"), None);
    }
}
