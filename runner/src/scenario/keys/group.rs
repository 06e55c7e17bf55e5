//! The keys of `[nodes.NAME]` and `[[nodes.NAME.listen]]`.

use runner_maelstrom::topology::WORDS;

use super::{Keys, MAX_NODES, Shape, key};

/// `[nodes.NAME]`.
pub static GROUP: Keys = Keys {
    what: "a node group",
    keys: &[
        key(
            "behavior",
            Shape::Behavior,
            "What the nodes do: `PLUGIN.BEHAVIOR`. Required, unless the group takes it from another one (`extends`), or the nodes are programs (`external`, `command`).",
        ),
        key(
            "count",
            Shape::Whole(1, MAX_NODES),
            "Number of nodes. Their names are NAME-1, NAME-2, and so on. Default: one node with the name NAME.",
        ),
        key(
            "config",
            Shape::Anything,
            "Settings of the behavior. `runner plugins PLUGIN.BEHAVIOR` lists the keys.",
        ),
        key(
            "extends",
            Shape::Name,
            "Name of another group. Its keys apply here, unless they are set here. `config` is merged key by key. Timing is taken as a whole, or not at all if a timing key is set here; the same holds for the keys of a program (`external`, `image`, `framing`, `max_message`, `command`, `exit`, `ends_run`, `stdio`, `protocol`, `topology`, `init_within`, `virtual`). `rng_id`, `ids` and `listen` are not taken.",
        ),
        key(
            "start_at",
            Shape::Delay,
            "When the nodes start, after the beginning of the run. Default: `\"0s\"`.",
        ),
        key(
            "rng_id",
            Shape::Name,
            "Name that replaces the group's name where random numbers are made. A group that you rename keeps its random numbers if you write its old name here.",
        ),
        key(
            "tick_rate",
            Shape::Rate,
            "Ticks per second, drawn once per node and run. The node is clocked: it does one step per tick.",
        ),
        key(
            "tick_interval",
            Shape::Span,
            "Time from tick to tick, drawn once per node and run. Replaces `tick_rate`.",
        ),
        key(
            "tick_phase",
            Shape::Span,
            "Time from the node's start to its first tick, drawn once per node and run. Default: one interval.",
        ),
        key(
            "service_time",
            Shape::Span,
            "Time that each message takes, drawn per message. The node is a server with a queue.",
        ),
        key(
            "inbox_limit",
            Shape::Whole(0, u32::MAX as u64),
            "Maximum number of messages that wait in a node's inbox. The message that a server is serving does not wait, so a server with `inbox_limit = 1` has room for two; 0 (a server only): what finds the server busy is lost. A message that finds the inbox full is dropped and recorded. Default: no limit.",
        ),
        key(
            "offset",
            Shape::Offset,
            "How far the nodes' own clocks are ahead of true time at the beginning: `\"20ms\"`. Behind: `\"-20ms\"`. Drawn once per node and run. A clock never shows less than 0. Default: `\"0s\"`.",
        ),
        key(
            "drift",
            Shape::Drift,
            "How much faster than true time the nodes' own clocks go, in parts per million. Negative: slower. Drawn once per node and run. Default: 0.",
        ),
        key(
            "state",
            Shape::Text,
            "In real time: a folder in which the nodes' files outlive the run, relative to the scenario file. Each node has the folder DIR/NODE, and a later run goes on with the files that it finds there. One run at a time uses a node's folder. Default: the files belong to the run's results.",
        ),
        key(
            "listen",
            Shape::ArrayOf(&LISTEN),
            "In real time: addresses at which the nodes listen for clients, which are programs outside of the runner. Has no effect in virtual time. A group that extends this one does not take it.",
        ),
        key(
            "external",
            Shape::Endpoint,
            "In real time, replaces `behavior`: the node is a program that listens at `tcp://ADDRESS:PORT` or `udp://ADDRESS:PORT`. The runner connects to it.",
        ),
        key(
            "image",
            Shape::Text,
            "With `external`: the image of a container in which the program runs. `runner export compose` makes it a service, and the nodes reach it there at the port of `external`. `run` leaves the key alone.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `external = \"tcp://...\"`, and required there: how messages are separated in the stream of bytes.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "With `external`, `stdio` or `protocol`: size of the longest message that is accepted from the program. Default: `\"16MiB\"`.",
        ),
        key(
            "command",
            Shape::Command,
            "In real time, replaces `behavior`: a program and its arguments. The runner starts it for each node, in the folder of the scenario file, and ends it with the run. With `external`: the program that listens there.",
        ),
        key(
            "exit",
            Shape::Word(&["success", "any", "never"]),
            "With `command`: how the program may end by itself. If it ends in another way, the node has failed, and so has the run. `success`: with exit code 0. `any`: with any exit code, or by a signal. `never`: not at all. Default: `success`; with `protocol`, `never`.",
        ),
        key(
            "ends_run",
            Shape::Flag,
            "With `command`: whether the run ends when this program has ended, and all others with this key. Default: false.",
        ),
        key(
            "stdio",
            Shape::Framing,
            "With `command`: the program's standard input and output are its connection, in this framing, to the one node that it has a link to. Its standard error is for people. Default: the input is empty, and both outputs are for people.",
        ),
        key(
            "protocol",
            Shape::Word(&["maelstrom"]),
            "With `command`: the program speaks Maelstrom's protocol over its standard input and output, and takes part like a node with a behavior. Its messages travel over the links of the scenario. Its standard error is its log. See \"Programs that speak Maelstrom's protocol\". `exit` is `never` then, if it is not written.",
        ),
        key(
            "ids",
            Shape::Text,
            "What the nodes are called in Maelstrom's protocol. Text that ends in a number counts up from there: `\"n0\"`, `\"c1\"`. Without a number, it is the id of the only node: `\"lin-kv\"`. Default: `\"n0\"` for programs with `protocol`, else the nodes' names. Programs whose ids begin alike are one cluster (`node_ids`).",
        ),
        key(
            "topology",
            Shape::Word(&WORDS),
            "With `protocol`: after `init`, the program is told by `topology` which nodes of its cluster are its neighbours: those with a link, or those in a grid, a line, all, or a tree whose nodes have up to 2, 3, or 4 children. Default: it is told nothing.",
        ),
        key(
            "init_within",
            Shape::Duration,
            "With `protocol`: how long the program may take to answer `init`, and then `topology`: by the wall clock, or with `virtual` by its own clock. Default: `\"10s\"`.",
        ),
        key(
            "virtual",
            Shape::Word(&["experimental", "experimental-once"]),
            "With `protocol`: in virtual time, the program is held there, on Linux on x86-64. It must be a single process whose world is its standard input, its standard output and the clock. See \"Programs in virtual time\". Each run is done twice and compared; with `experimental-once`, it is done once, and what does not repeat is not found. In real time this has no effect.",
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
            "Address at which the node accepts connections: `\"127.0.0.1:15000\"`, `\"[::1]:15000\"`. Port 0 is any free port; the runner prints it.",
        ),
        key(
            "udp",
            Shape::Address,
            "Address at which the node receives datagrams. Each datagram is one message. Replaces `tcp`.",
        ),
        key(
            "stdin",
            Shape::Word(&["lines", "keys"]),
            "Replaces `tcp` and `udp`: the node reads the runner's standard input. `lines`: each line is a message. `keys`: on a terminal, each key is a message, without Enter; elsewhere, each line.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `tcp`, and required there: how messages are separated in the stream of bytes.",
        ),
        key(
            "max_peers",
            Shape::Whole(1, u32::MAX as u64),
            "Maximum number of clients at once. With 1, the node serves one client after the other. Default: no limit.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "Size of the longest message that is accepted: `\"64KiB\"`, or a number of bytes. Default: `\"16MiB\"`.",
        ),
    ],
};
