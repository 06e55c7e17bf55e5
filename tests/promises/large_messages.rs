//! A message of gigabytes is delivered, or refused at its sender with its name and size.
//!
//! What is refused needs no memory, and is always tested. What is delivered takes up to
//! 12 GiB and minutes: `.ci/long` has it tested, with the environment variable `LARGE`.

use crate::abi::changed_metronome;
use crate::harness::{Answer, Lab};

const GIB: u64 = 1 << 30;

/// Node `a` sends one message of this size to node `b`, which checks its end and keeps
/// its size in a column. Bytes that are zero take no memory before they are copied.
fn send(size: u64, more: &[&str]) -> (Lab, Answer) {
    let lab = Lab::with(
        "name = \"large\"\nduration = \"5m\"\n\
         [nodes.a]\nbehavior = \"metronome.node\"\ntick_rate = 0.001\ntick_phase = \"10ms\"\n\
         [nodes.b]\nbehavior = \"metronome.node\"\n\
         [[links]]\nfrom = \"a\"\nto = \"b\"\n",
    );
    let declared = "#include <stdlib.h>\nstruct node {";
    let send = format!(
        "    uint8_t *large = calloc(UINT64_C({size}), 1);\n\
         if (!large) return RUNNER_FAILED;\n\
         large[UINT64_C({size}) - 1] = 7;\n\
         context->calls->send(context, 0, large, UINT64_C({size}));\n\
         free(large);\n\
         for (uint32_t peer = context->peer_count;"
    );
    let ignored = "(void)context, (void)state, (void)peer, (void)bytes, (void)len;\n    return";
    let checked = "(void)state, (void)peer;\n    set_ticks(context, len);\n    \
                   struct runner_text enough = TEXT(\"enough\");\n    \
                   context->calls->stop_run(context, enough);\n    \
                   return bytes[len - 1] != 7 ? RUNNER_FAILED :";
    changed_metronome(
        &lab.path("."),
        &[
            ("struct node {", declared),
            ("    for (uint32_t peer = 0;", &send),
            (ignored, checked),
        ],
    );
    let arguments = [
        "scenario.toml",
        "--no-report",
        "-q",
        "--plugin-path",
        ".",
        "--out",
        "out",
    ];
    let answer = lab.runner(&[&arguments[..], more].concat());
    (lab, answer)
}

#[test]
fn a_message_above_the_limit_is_refused_at_its_sender_with_its_name() {
    let most = "bytes, expected at most 4294967296";
    for (size, more) in [
        (4 * GIB + 1, &[][..]),
        (u64::MAX / 2, &[]),
        (4 * GIB + 1, &["--time", "real"]),
    ] {
        // There may be no memory for the plugin; then it is the plugin that fails.
        let (_, answer) = send(size, more);
        let answer = answer.ends(3).says(&["node `a` failed in `tick` at "]);
        let told = answer.err.contains(&format!("sent {size} {most}"));
        assert!(
            told || answer.err.contains("it gave no reason"),
            "{}",
            answer.err
        );
    }
}

/// Large enough that it takes much longer to arrive than the runs below last.
const SLOW: u64 = GIB / 4;

#[test]
fn a_message_that_was_sent_before_the_end_is_delivered_however_long_that_takes() {
    for more in [&["--time", "real"][..], &["--time", "real", "--processes"]] {
        let (lab, answer) = send(SLOW, &[more, &["--duration", "11ms"]].concat());
        let answer = answer.ends(0);
        assert!(!answer.err.contains("under way"), "{}", answer.err);
        let received = lab.table("out/runs/0001/b.csv").only("event", "receive");
        assert_eq!(received.texts("bytes"), [SLOW.to_string()], "{more:?}");
    }
}

#[test]
fn a_message_that_is_under_way_when_the_run_is_stopped_is_said_with_its_ends_and_size() {
    let stops = "nodes.c={ behavior = \"misbehaving.stops\", tick_rate = 1, tick_phase = \"11ms\", \
                 config = { after = 1 } }";
    for more in [&["--time", "real"][..], &["--time", "real", "--processes"]] {
        let (lab, answer) = send(SLOW, &[more, &["--set", stops]].concat());
        let told = "1 message was still under way over sockets when the run ended, and not \
                    delivered: message 1 from `a` to `b` (268435456 bytes)";
        answer.ends(0).says(&[told]);
        // The process of `b` may not have seen a byte of it.
        if more.len() == 2 {
            let lost = lab.table("out/runs/0001/b.csv").only("event", "drop");
            assert_eq!(lost.texts("bytes"), [SLOW.to_string()]);
        }
        lab.runner(&["report", "out"]).ends(0);
        let report = lab.read("out/report.md");
        assert!(report.contains(&format!("Run 1: {told}.")), "{report}");
    }
}

#[test]
fn large_messages_are_delivered_whole_or_refused_at_their_sender() {
    if std::env::var_os("LARGE").is_none() {
        return;
    }
    let real = ["--time", "real"];
    let channel = ["--time", "real", "--set", "links.0.transport=\"channel\""];
    let apart = ["--time", "real", "--processes"];
    for (size, more) in [
        (2 * GIB, &real[..]),
        (2 * GIB, &apart),
        (2 * GIB + 1, &channel),
        (4 * GIB, &channel),
        (2 * GIB + 1, &[]),
        (4 * GIB, &[]),
    ] {
        let (lab, answer) = send(size, more);
        assert_eq!(answer.code, Some(0), "{size} {more:?}: {}", answer.err);
        let received = lab.table("out/runs/0001/b.csv").only("event", "receive");
        assert_eq!(received.texts("bytes"), [size.to_string()], "{more:?}");
        assert_eq!(received.texts("ticks"), [size.to_string()], "{more:?}");
    }
    for (size, more) in [
        (2 * GIB + 1, &real[..]),
        (4 * GIB, &real),
        (2 * GIB + 1, &apart),
    ] {
        let (_, answer) = send(size, more);
        let told =
            format!("sent {size} bytes over a link with transport = \"tcp\", where 2147483648 fit");
        answer
            .ends(3)
            .says(&["node `a` failed in `send` at ", &told]);
    }
}
