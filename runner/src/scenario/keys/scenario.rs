//! The keys at the top of a scenario file.

use super::{
    CHECK, EXPECT, FAULT, GROUP, Keys, LINK, MATRIX, MAX_CHAIN, MAX_RUNS, PROPERTY, Shape, UNTIL,
    key, required,
};

/// The top of the file.
pub static SCENARIO: Keys = Keys {
    what: "a scenario",
    keys: &[
        key(
            "name",
            Shape::Name,
            "Name of the scenario. Results are written to `results/NAME`. Default: the file name without `.toml`.",
        ),
        key(
            "title",
            Shape::Text,
            "One line of text: the heading of the report. Default: `name`.",
        ),
        key(
            "description",
            Shape::Text,
            "Text of any length: what the experiment is about, and what to look for.",
        ),
        key(
            "notes",
            Shape::Text,
            "Path of a Markdown file with your own notes, relative to the scenario file. The report includes it, with its pictures.",
        ),
        key(
            "runs",
            Shape::Whole(1, MAX_RUNS),
            "Number of runs of each case. Each run draws other random numbers. Default: 1.",
        ),
        key(
            "duration",
            Shape::Duration,
            "Simulated time at which a run ends at the latest: `\"60s\"`. In virtual time, a scenario in which nodes tick needs it.",
        ),
        key(
            "warmup",
            Shape::Warmup,
            "Simulated time at the beginning of each run that all metrics leave out: `\"5s\"`. `\"auto\"`: each run finds it by MSER-5, and is unknown if there is none within its first half. Default: nothing is left out.",
        ),
        key(
            "purpose",
            Shape::Word(&["terminating", "steady-state"]),
            "`terminating`: a run is of interest from its beginning to its end. `steady-state`: it stands for a system that goes on without end; the report then has the means of 20 batches of each run, with an interval of their own. Default: `terminating`.",
        ),
        key(
            "seed",
            Shape::Whole(0, u64::MAX),
            "Number from which all random numbers are made. The same scenario with the same seed has the same results. Default: 1.",
        ),
        key(
            "rng_id",
            Shape::Parameters(&RNG_ID),
            "Draws the random numbers of another run: `{ case = \"faces=10\", run = 7 }`. So a scenario that was cut down to one run of a larger one keeps the random numbers of that run.",
        ),
        key(
            "time",
            Shape::Word(&["virtual", "real"]),
            "`virtual`: the run goes from event to event, as fast as the machine can. `real`: the run follows the wall clock. Default: `virtual`.",
        ),
        key(
            "speed",
            Shape::Positive,
            "With `time = \"real\"`: simulated seconds per second of the wall clock. 10 is ten times faster. Default: 1.",
        ),
        key(
            "max_buffered",
            Shape::MessageSize,
            "In real time: memory that the connections of a run to clients and programs may hold together, for messages that have not arrived whole and for messages that are not sent yet, at least `\"1MiB\"`. If they hold more, those that hold the most are closed. Default: `\"256MiB\"`, or four times the largest `max_message`.",
        ),
        key(
            "state",
            Shape::Text,
            "In real time: a folder in which the files of all nodes with a behavior outlive the run, relative to the scenario file; see `state` of a group, which replaces it. `--state DIR` replaces both.",
        ),
        key(
            "max_events_at_once",
            Shape::Whole(1, MAX_CHAIN),
            "The longest chain of events in which each event causes the next one at the same instant, in virtual time. A run with a longer chain has failed: its time stands still. Any number of nodes may tick at once. Default: 10000, or four times the number of nodes if that is more.",
        ),
        key(
            "max_log",
            Shape::LogSize,
            "Maximum size of the logs of a run, with what its nodes print: `\"500MB\"`. A run that exceeds it has failed. Default: 4GiB.",
        ),
        required(
            "nodes",
            Shape::TableOf(&GROUP),
            "The node groups, by name. A group with `count = 3` has the nodes NAME-1, NAME-2 and NAME-3. A group without `count` has one node, NAME.",
        ),
        key(
            "links",
            Shape::ArrayOf(&LINK),
            "Which nodes are linked, and how. Without `links`, every node reaches every other node at once, except that two nodes that both `listen` are not linked. If two entries link a pair, the later entry replaces the earlier one.",
        ),
        key(
            "faults",
            Shape::ArrayOf(&FAULT),
            "What breaks, and when: partitions, crashes, pauses, and changes of links, tick rates and clocks.",
        ),
        key(
            "expect",
            Shape::ArrayOf(&EXPECT),
            "What metrics must be. A run in which a metric is not so has failed. If there is nothing to measure, the verdict is unknown.",
        ),
        key(
            "check",
            Shape::ArrayOf(&CHECK),
            "Properties that plugins check in the records of each run.",
        ),
        key(
            "property",
            Shape::ArrayOf(&PROPERTY),
            "What must be so in the records of each run, as expressions: always, never, eventually, after something else, or sometimes.",
        ),
        key(
            "until",
            Shape::Parameters(&UNTIL),
            "Runs are added to each case until the interval of a mean over them is narrow. In place of `runs`.",
        ),
        key(
            "matrix",
            Shape::Parameters(&MATRIX),
            "The values that vary. Each combination is a case, and each case has `runs` runs.",
        ),
    ],
};

/// `rng_id` at the top of the file.
pub static RNG_ID: Keys = Keys {
    what: "`rng_id`",
    keys: &[
        key(
            "case",
            Shape::Text,
            "Name that replaces the id of each case where random numbers are made. Default: the id.",
        ),
        key(
            "run",
            Shape::Whole(1, MAX_RUNS),
            "The first run of a case draws the random numbers of the run with this number within its case, the second run those of the next one, and so on. Default: 1.",
        ),
    ],
};
