//! The keys of `[nodes.NAME]` and `[[nodes.NAME.listen]]`.

use super::{Keys, MAX_NODES, Shape, key};

/// `[nodes.NAME]`.
pub static GROUP: Keys = Keys {
    what: "a node group",
    keys: &[
        key(
            "behavior",
            Shape::Behavior,
            "What the nodes do: `PLUGIN.BEHAVIOR`. Required, here or in the group that this one extends, but for nodes that are programs (`external`, `command`).",
        ),
        key(
            "count",
            Shape::Whole(1, MAX_NODES),
            "Number of nodes, named NAME-1, NAME-2 and so on. Default: one node, named NAME.",
        ),
        key(
            "config",
            Shape::Anything,
            "What the behavior is told; checked against the behavior's own schema. `runner plugins PLUGIN.BEHAVIOR` lists the keys.",
        ),
        key(
            "extends",
            Shape::Name,
            "A group whose keys apply here unless they are set here. `config` is merged key by key; timing is taken whole or not at all, and so is what makes the nodes programs (`external`, `framing`, `max_message`, `command`); `rng_id` and `listen` stay with their group.",
        ),
        key(
            "start_at",
            Shape::Delay,
            "When the nodes start, after the beginning of the run. Default: `\"0s\"`.",
        ),
        key(
            "rng_id",
            Shape::Name,
            "Stands for the group's name in random streams, so that a renamed group keeps its draws.",
        ),
        key(
            "tick_rate",
            Shape::Rate,
            "Ticks per second, drawn once per node and run. A clocked node does one step per tick.",
        ),
        key(
            "tick_interval",
            Shape::Span,
            "From tick to tick, drawn once per node and run. In place of `tick_rate`.",
        ),
        key(
            "tick_phase",
            Shape::Span,
            "From the node's start to its first tick. Default: one interval.",
        ),
        key(
            "service_time",
            Shape::Span,
            "Makes the node a server with a queue: each message takes so long, drawn per message.",
        ),
        key(
            "inbox_limit",
            Shape::Whole(1, u32::MAX as u64),
            "The most messages that wait in the inbox; what overflows is dropped and recorded. Default: no limit.",
        ),
        key(
            "offset",
            Shape::Offset,
            "How far the nodes' own clocks are ahead of true time at the beginning: `\"20ms\"`, or behind: `\"-20ms\"`; drawn once per node and run. A clock never shows less than 0. Default: `\"0s\"`.",
        ),
        key(
            "drift",
            Shape::Drift,
            "How much faster the nodes' own clocks go than true time, in parts per million; slower if negative; drawn once per node and run. Default: 0.",
        ),
        key(
            "listen",
            Shape::ArrayOf(&LISTEN),
            "In real time: where the nodes listen, so that other programs reach them. Stays with its group when another extends it; virtual time passes it over.",
        ),
        key(
            "external",
            Shape::Endpoint,
            "In real time, in place of `behavior`: the node is a program that somebody else wrote, reached at `tcp://ADDRESS:PORT` or `udp://ADDRESS:PORT`.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `external = \"tcp://...\"`: how messages are told apart in the stream.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "With `external`: the longest message that is taken from the program. Default: `\"16MiB\"`.",
        ),
        key(
            "command",
            Shape::Command,
            "In real time, in place of `behavior`: the runner starts this program for each node, and ends it with the run. With `external`: the program that is reached there.",
        ),
    ],
};

/// One `[[nodes.NAME.listen]]` entry.
pub static LISTEN: Keys = Keys {
    what: "a listen entry",
    keys: &[
        key(
            "tcp",
            Shape::Address,
            "The address at which connections are taken: `\"127.0.0.1:15000\"`, `\"[::1]:15000\"`. Port 0 takes a free one, which is printed.",
        ),
        key(
            "udp",
            Shape::Address,
            "The address at which datagrams are taken, each one message. In place of `tcp`.",
        ),
        key(
            "stdin",
            Shape::Word(&["lines", "keys"]),
            "In place of `tcp` and `udp`: the runner's standard input is a peer. `lines`: each line is a message. `keys`: on a terminal each key is one, without Enter; elsewhere each line.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `tcp`, and required there: how messages are told apart in the stream.",
        ),
        key(
            "max_peers",
            Shape::Whole(1, u32::MAX as u64),
            "The most peers at once; 1 serves one client after the other. Default: no limit.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "The longest message that is taken: a size (`\"64KiB\"`), or a number of bytes. Default: `\"16MiB\"`.",
        ),
    ],
};
