//! The keys at the top of a scenario file.

use super::{CHECK, EXPECT, FAULT, GROUP, Keys, LINK, MATRIX, MAX_RUNS, Shape, key, required};

/// The top of the file.
pub static SCENARIO: Keys = Keys {
    what: "a scenario",
    keys: &[
        key(
            "name",
            Shape::Name,
            "Name of the scenario: results go to `results/NAME`. Default: the file's name without `.toml`.",
        ),
        key(
            "title",
            Shape::Text,
            "One line for people, the heading of the report. Default: the name.",
        ),
        key(
            "description",
            Shape::Text,
            "Paragraphs for people: what the experiment is about and what to look for.",
        ),
        key(
            "notes",
            Shape::Text,
            "A Markdown file of the author's own, put into the report. Relative to the scenario file.",
        ),
        key(
            "runs",
            Shape::Whole(1, MAX_RUNS),
            "Runs per case, each with a seed of its own. Default: 1.",
        ),
        key(
            "duration",
            Shape::Duration,
            "When a run ends at the latest, in simulated time: `\"60s\"`. In virtual time a scenario with clocked nodes needs it.",
        ),
        key(
            "seed",
            Shape::Whole(0, u64::MAX),
            "The root of every random number. Same scenario and seed, same results. Default: 1.",
        ),
        key(
            "time",
            Shape::Word(&["virtual", "real"]),
            "`virtual`: from event to event, as fast as they can be handled. `real`: with the wall clock. Default: `virtual`.",
        ),
        key(
            "speed",
            Shape::Positive,
            "With `time = \"real\"`: simulated seconds per second; 10.0 is ten times faster. Default: 1.",
        ),
        required(
            "nodes",
            Shape::TableOf(&GROUP),
            "The node groups by name. A group with `count = 3` makes NAME-1, NAME-2, NAME-3; without `count`, one node NAME.",
        ),
        key(
            "links",
            Shape::ArrayOf(&LINK),
            "Which nodes are linked and how. None: every node reaches every other at once. A later entry replaces an earlier one for a pair.",
        ),
        key(
            "faults",
            Shape::ArrayOf(&FAULT),
            "What breaks, and when: partitions, crashes, pauses, and links, ticks and clocks that change for a while.",
        ),
        key(
            "expect",
            Shape::ArrayOf(&EXPECT),
            "What the metrics must be. A run that breaks one fails; nothing measured is unknown.",
        ),
        key(
            "check",
            Shape::ArrayOf(&CHECK),
            "Properties that plugins judge from the records of each run.",
        ),
        key(
            "matrix",
            Shape::Parameters(&MATRIX),
            "What is varied: each case of the matrix is run `runs` times.",
        ),
    ],
};
