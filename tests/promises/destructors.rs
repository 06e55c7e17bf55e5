//! A behavior that fails while its state is dropped fails its run, in every way to run it.
//! Plugins without the extension for this load and run as before.

use std::path::Path;

use crate::abi::compile;
use crate::harness::Lab;

/// A node that panics when its state is dropped, and a node that works.
const DROPS: &str = "\
name = \"drops\"
duration = \"2s\"
runs = 2
[nodes.well]
behavior = \"clock.machine\"
tick_rate = 4
[nodes.ill]
behavior = \"misbehaving.panics\"
tick_rate = 4
config = { in = \"drop\" }
[[links]]
from = \"well\"
to = \"ill\"
";

#[test]
fn a_panic_in_drop_fails_its_run_however_it_is_run() {
    for more in [
        &[][..],
        &["--isolate"],
        &["--jobs", "2"],
        &["--log", "off"],
        &["--time", "real", "--set", "speed=10"],
        &["--time", "real", "--set", "speed=10", "--processes"],
    ] {
        let lab = Lab::with(DROPS);
        let arguments = ["scenario.toml", "--no-report", "--out", "out"];
        lab.runner(&[&arguments[..], more].concat()).ends(3).says(&[
            "error: run 1: node `ill` panicked in `drop` at 2",
            ": told to panic at call 1 (",
            "error: run 2: node `ill` panicked in `drop` at 2",
        ]);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"; 2]);
    }
}

#[test]
fn a_panic_in_drop_at_a_crash_fails_the_run_at_the_time_of_the_crash() {
    let crash = "[[faults]]\nat = \"1100ms\"\nfor = \"100ms\"\ncrash = [\"ill\"]\n";
    for more in [&[][..], &["--time", "real", "--set", "speed=10"]] {
        let lab = Lab::with(&format!("{DROPS}{crash}"));
        let arguments = [
            "scenario.toml",
            "--no-report",
            "--runs",
            "1",
            "--out",
            "out",
        ];
        let answer = lab.runner(&[&arguments[..], more].concat()).ends(3);
        assert!(!answer.err.contains("touched nothing"), "{}", answer.err);
        answer.says(&["node `ill` panicked in `drop` at 1.1", " s (step 1"]);
        let log = lab.table("out/runs/0001.partial/ill.csv");
        assert_eq!(log.texts("event").last(), Some(&"crash"));
    }
}

#[test]
fn an_earlier_failure_is_the_one_that_is_told() {
    let second = "[nodes.early]\nbehavior = \"misbehaving.panics\"\ntick_rate = 2\n\
                  config = { in = \"tick\", at = 2 }\n";
    let lab = Lab::with(&format!("{DROPS}{second}"));
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--runs",
        "1",
        "--out",
        "out",
    ];
    let answer = lab.runner(&arguments).ends(3);
    let answer = answer.says(&["run 1: node `early` panicked in `tick` at 1 s"]);
    assert!(!answer.err.contains("`drop`"), "{}", answer.err);
}

/// The C plugin of the documentation, with a destructor of this body, or without the
/// extension and with this body in its `destroy`.
fn metronome(folder: &Path, body: &str, extension: bool) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/ABI.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let (_, rest) = docs.split_once("```c\n").expect("ABI.md has a block of C");
    let (source, _) = rest.split_once("```").expect("the block ends");
    let source = match extension {
        false => source.replace(
            "static void destroy(void *state) { (void)state; }",
            &format!("static void destroy(void *state) {{ (void)state; {body} }}"),
        ),
        true => {
            let (before, plugin) = source
                .split_once("const struct runner_plugin runner_plugin = {")
                .expect("the plugin is last");
            format!(
                "{before}\
                 __attribute__((unused)) static runner_status end(void *state, const struct runner_fail_sink *sink) {{\n\
                 struct runner_text reason = TEXT(\"the spring is broken\");\n\
                 (void)state, (void)sink, (void)reason;\n\
                 {body}\n}}\n\
                 __attribute__((unused)) static const struct runner_destructor ends[] = {{{{.destroy = end}}}};\n\
                 static const struct runner_destructors destructors = {{\n\
                 sizeof(struct runner_destructors), RUNNER_DESTRUCTORS_LAYOUT, ends, 1,\n}};\n\
                 static const void *extension(struct runner_text id) {{\n\
                 int is_it = id.len == sizeof(RUNNER_DESTRUCTORS) - 1\n\
                 && !memcmp(id.ptr, RUNNER_DESTRUCTORS, id.len);\n\
                 return is_it ? &destructors : 0;\n}}\n\
                 const struct runner_plugin runner_plugin = {{\n.extension = extension,{plugin}"
            )
        }
    };
    let flags = ["-shared", "-fPIC", "-o", "libmetronome.so"];
    compile(folder, "metronome.c", &source, &flags);
}

/// Runs two metronomes.
fn run_metronomes(lab: &Lab, more: &[&str]) -> crate::harness::Answer {
    lab.write(
        "scenario.toml",
        "name = \"metronomes\"\nduration = \"1s\"\n\
         [nodes.metronome]\ncount = 2\nbehavior = \"metronome.node\"\ntick_rate = 2\n",
    );
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--plugin-path",
        ".",
        "--out",
        "out",
    ];
    lab.runner(&[&arguments[..], more].concat())
}

#[test]
fn a_destructor_in_c_fails_its_run_with_its_reason() {
    let told = "sink->fail(sink->host, reason); return RUNNER_FAILED;";
    for (body, code, why) in [
        (
            told,
            3,
            "node `metronome-1` failed in `drop` at 1 s (step 2): the spring is broken",
        ),
        (
            "return RUNNER_PANICKED;",
            3,
            "panicked in `drop` at 1 s (step 2): it gave no reason",
        ),
        (
            "sink->fail(sink->host, reason); return RUNNER_OK;",
            3,
            "failed in `drop` at 1 s",
        ),
        ("return RUNNER_OK;", 0, ""),
    ] {
        let lab = Lab::new();
        metronome(&lab.path("."), body, true);
        run_metronomes(&lab, &[]).ends(code).says(&[why]);
    }
}

#[test]
fn a_crash_in_a_destructor_is_told_with_its_node_and_callback() {
    for extension in [true, false] {
        let lab = Lab::new();
        metronome(&lab.path("."), "__builtin_trap();", extension);
        run_metronomes(&lab, &["--isolate"])
            .ends(3)
            .says(&["`drop` of node `metronome-1`"]);
    }
}

#[test]
fn a_plugin_without_the_extension_runs_and_its_states_are_destroyed() {
    let lab = Lab::new();
    let writes = "extern int creat(const char *, unsigned); creat(\"destroyed\", 0644);";
    metronome(&lab.path("."), writes, false);
    run_metronomes(&lab, &[]).ends(0);
    assert!(lab.path("destroyed").exists());
}

#[test]
fn a_destructor_that_is_null_or_missing_is_refused_before_anything_runs() {
    for (from, to, why) in [
        (
            "ends[] = {{.destroy = end}}",
            "ends[] = {{.destroy = 0}}",
            "behavior 0: its destructor is null",
        ),
        (
            "ends, 1,",
            "ends, 7,",
            "its table of destructors is for 7 behaviors, and it has 1",
        ),
        ("ends, 1,", "0, 1,", "a table is null"),
        (
            "RUNNER_DESTRUCTORS_LAYOUT, ends",
            "7, ends",
            "destructors has layout 0x0000000000000007",
        ),
    ] {
        let lab = Lab::new();
        metronome(&lab.path("."), "return RUNNER_OK;", true);
        let source = lab.read("metronome.c").replace(from, to);
        let flags = ["-shared", "-fPIC", "-o", "libmetronome.so"];
        compile(&lab.path("."), "metronome.c", &source, &flags);
        run_metronomes(&lab, &[])
            .ends(3)
            .says(&["plugin `metronome` breaks the plugin ABI: ", why]);
        assert!(!lab.path("out").exists());
    }
}
