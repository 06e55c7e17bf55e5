//! The C header and the Rust crate describe the same ABI: a C compiler checks every
//! offset, size and constant. The C plugin in ABI.md compiles and loads.

use crate::harness::Lab;
use host::{build::Build, config::Config, library};
use runner_abi as abi;
use std::fmt::Write;
use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins")
}

/// Compiles C source against the header; every warning is an error.
pub fn compile(folder: &Path, name: &str, source: &str, flags: &[&str]) {
    let file = folder.join(name);
    std::fs::write(&file, source).unwrap();
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror"])
        .args(flags)
        .arg("-I")
        .arg(plugins().join("abi"))
        .arg(&file)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs a C compiler named `cc` on the path: {error}")
        });
    assert!(
        output.status.success(),
        "{name} does not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `_Static_assert`s for the size of each struct and the offsets of its fields, with the
/// numbers of the Rust crate.
macro_rules! structs {
    ($($type:ident = $name:literal { $($field:ident),+ $(,)? })+) => {{
        let mut source = String::new();
        $(
            check(&mut source, concat!("sizeof(struct ", $name, ")"), size_of::<abi::$type>() as u64);
            $(check(
                &mut source,
                concat!("offsetof(struct ", $name, ", ", stringify!($field), ")"),
                offset_of!(abi::$type, $field) as u64,
            );)+
        )+
        source
    }};
}

fn check(source: &mut String, c: &str, rust: u64) {
    writeln!(
        source,
        "_Static_assert({c} == UINT64_C({rust}), \"{c} is {rust}\");"
    )
    .unwrap();
}

#[test]
fn the_c_header_and_the_rust_crate_have_the_same_layout() {
    let mut source = String::from("#include <stddef.h>\n#include \"runner_plugin.h\"\n");
    source += &structs! {
        Text = "runner_text" { ptr, len }
        Plugin = "runner_plugin" {
            abi_version, size, layout, name, version, docs, behaviors, behavior_count, extension,
        }
        Behavior = "runner_behavior" {
            name, docs, config_schema, columns, column_count, events, event_count, state_size,
            state_align, handles, config_new, config_free, create, destroy, start, message, timer,
            tick, connect, disconnect, stop,
        }
        Column = "runner_column" { name, docs, kind, reserved }
        EventWord = "runner_event_word" { name, docs }
        ProblemSink = "runner_problem_sink" { host, report }
        Context = "runner_context" {
            now_ns, slot, config, calls, host, peer_count, word, rows, reserved,
        }
        Slot = "runner_slot" { random, present }
        HostCalls = "runner_host_calls" {
            size, send, close, set_timer, cancel_timer, record, print, set_text, stop_run, fail,
            node_name, peer_name, run_folder,
        }
        HostCalls2 = "runner_host_calls_2" { first, time_of_day, peer_behavior }
        HostCalls3 = "runner_host_calls_3" {
            first, scenario_folder, start_program, end_program,
        }
        HostCalls4 = "runner_host_calls_4" { first, program_time }
        HostCalls5 = "runner_host_calls_5" { first, program_beside }
        Program = "runner_program" { id, input, output, errors, reserved }
        Checks = "runner_checks" { size, layout, checks, check_count }
        Check = "runner_check" {
            name, docs, config_schema, config_new, config_free, create, record, finish, free,
        }
        CheckedRun = "runner_checked_run" { nodes, node_count, folder }
        CheckedNode = "runner_checked_node" {
            name, behavior, columns, column_count, events, event_count,
        }
        Record = "runner_record" {
            time_ns, step, row, message, bytes, queue, present, cells, calls, host, node, event,
            peer, reserved,
        }
        RecordCalls = "runner_record_calls" { size, text, peer_name }
        Evidence = "runner_evidence" {
            time_ns, step, row, message, node, event, peer, reserved, note,
        }
        VerdictSink = "runner_verdict_sink" { host, verdict, evidence, fail }
        Files = "runner_files" { size, layout, behaviors, behavior_count }
        BehaviorFiles = "runner_behavior_files" { names, name_count }
        Destructors = "runner_destructors" { size, layout, behaviors, behavior_count }
        Destructor = "runner_destructor" { destroy }
        FailSink = "runner_fail_sink" { host, fail }
        Shapes = "runner_shapes" { size, layout, behaviors, behavior_count }
        BehaviorShape = "runner_behavior_shape" { shape }
        Shape = "runner_shape" { columns, column_count, events, event_count, handles }
    };
    let constants = [
        ("RUNNER_ABI_VERSION", u64::from(abi::ABI_VERSION)),
        ("RUNNER_LAYOUT", abi::LAYOUT),
        ("RUNNER_MAX_COLUMNS", abi::MAX_COLUMNS),
        ("RUNNER_OK", u64::from(abi::OK)),
        ("RUNNER_FAILED", u64::from(abi::FAILED)),
        ("RUNNER_PANICKED", u64::from(abi::PANICKED)),
        ("RUNNER_REJECTED", u64::from(abi::REJECTED)),
        ("RUNNER_HANDLES_START", abi::HANDLES_START),
        ("RUNNER_HANDLES_MESSAGE", abi::HANDLES_MESSAGE),
        ("RUNNER_HANDLES_TIMER", abi::HANDLES_TIMER),
        ("RUNNER_HANDLES_TICK", abi::HANDLES_TICK),
        ("RUNNER_HANDLES_CONNECT", abi::HANDLES_CONNECT),
        ("RUNNER_HANDLES_DISCONNECT", abi::HANDLES_DISCONNECT),
        ("RUNNER_HANDLES_STOP", abi::HANDLES_STOP),
        ("RUNNER_COLUMN_U64", u64::from(abi::COLUMN_U64)),
        ("RUNNER_COLUMN_I64", u64::from(abi::COLUMN_I64)),
        ("RUNNER_COLUMN_F64", u64::from(abi::COLUMN_F64)),
        ("RUNNER_COLUMN_BOOL", u64::from(abi::COLUMN_BOOL)),
        ("RUNNER_COLUMN_TEXT", u64::from(abi::COLUMN_TEXT)),
        ("RUNNER_CHECKS_LAYOUT", abi::CHECKS_LAYOUT),
        ("RUNNER_FILES_LAYOUT", abi::FILES_LAYOUT),
        ("RUNNER_DESTRUCTORS_LAYOUT", abi::DESTRUCTORS_LAYOUT),
        ("RUNNER_SHAPES_LAYOUT", abi::SHAPES_LAYOUT),
        ("RUNNER_OWN_EVENTS", u64::from(abi::OWN_EVENTS)),
        ("RUNNER_NO_PEER", u64::from(abi::NO_PEER)),
        ("RUNNER_VERDICT_PASSED", u64::from(abi::VERDICT_PASSED)),
        ("RUNNER_VERDICT_FAILED", u64::from(abi::VERDICT_FAILED)),
        ("RUNNER_VERDICT_UNKNOWN", u64::from(abi::VERDICT_UNKNOWN)),
    ];
    for (name, value) in constants {
        check(&mut source, name, value);
    }
    for (name, id) in [
        ("RUNNER_CHECKS", abi::CHECKS),
        ("RUNNER_FILES", abi::FILES),
        ("RUNNER_DESTRUCTORS", abi::DESTRUCTORS),
        ("RUNNER_SHAPES", abi::SHAPES),
    ] {
        writeln!(
            source,
            "_Static_assert(sizeof {name} == sizeof \"{id}\", \"the id is {id}\");"
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    compile(folder.path(), "layout.c", &source, &["-fsyntax-only"]);
}

#[test]
fn the_c_plugin_of_the_documentation_compiles_and_loads() {
    let docs = std::fs::read_to_string(plugins().join("ABI.md")).unwrap();
    let (_, rest) = docs.split_once("```c\n").expect("ABI.md has a block of C");
    let (source, _) = rest.split_once("```").expect("the block ends");
    let folder = tempfile::tempdir().unwrap();
    compile(
        folder.path(),
        "metronome.c",
        source,
        &["-shared", "-fPIC", "-o", "libmetronome.so"],
    );
    let plugin = Build::read("metronome", &folder.path().join("libmetronome.so"));
    let plugin = library::load(&plugin.unwrap()).unwrap();
    let behavior = plugin.behavior("node").expect("it has this behavior");
    assert!(Config::new(behavior, "").is_ok());
    let problems = Config::new(behavior, "bars = 3").err().unwrap();
    assert_eq!(problems[0].message, "this behavior has no config");
}

/// Compiles the C plugin of the documentation with other texts in place of its own.
pub fn changed_metronome(folder: &Path, changes: &[(&str, &str)]) {
    let docs = std::fs::read_to_string(plugins().join("ABI.md")).unwrap();
    let (_, rest) = docs.split_once("```c\n").expect("ABI.md has a block of C");
    let (source, _) = rest.split_once("```").expect("the block ends");
    let mut source = source.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "{from}");
        source = source.replacen(from, to, 1);
    }
    let flags = ["-shared", "-fPIC", "-o", "libmetronome.so"];
    compile(folder, "metronome.c", &source, &flags);
}

/// Why the changed plugin does not load.
fn refusal(from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    changed_metronome(folder.path(), &[(from, to)]);
    let build = Build::read("metronome", &folder.path().join("libmetronome.so"));
    library::load(&build.unwrap()).unwrap_err().to_string()
}

#[test]
fn a_column_with_the_name_of_a_standard_one_is_refused() {
    for name in ["queue", "time_ns", "node"] {
        let error = refusal("{TEXT(\"ticks\"),", &format!("{{TEXT(\"{name}\"),"));
        let what = format!("column `{name}` has the name of a column that every log has");
        assert!(error.contains(&what), "{error}");
    }
}

#[test]
fn an_event_with_the_name_of_a_standard_one_or_of_another_is_refused() {
    let events = |names: &[&str]| {
        let words: String = names
            .iter()
            .map(|name| format!("{{TEXT(\"{name}\"), TEXT(\"\")}},"))
            .collect();
        refusal(
            ".column_count = 1,",
            &format!(
                ".column_count = 1,\n.events = (const struct runner_event_word[]){{{words}}},\n\
                 .event_count = {},",
                names.len()
            ),
        )
    };
    for name in ["receive", "tick", "restart"] {
        let what = format!("event `{name}` has the name of an event that every log has");
        let error = events(&["own", name]);
        assert!(error.contains(&what), "{error}");
    }
    let error = events(&["own", "other", "own"]);
    assert!(error.contains("it has two events `own`"), "{error}");
}

#[test]
fn a_name_of_other_characters_is_refused() {
    for (from, wrong) in [
        ("ticks", "a,b"),
        ("ticks", ""),
        ("ticks", "a b"),
        ("node", "no.de"),
        ("node", &*"x".repeat(65)),
    ] {
        let from =
            format!("{{TEXT(\"{from}\"),").replace("{TEXT(\"node\")", ".name = TEXT(\"node\")");
        let to = match from.starts_with('.') {
            true => format!(".name = TEXT(\"{wrong}\"),"),
            false => format!("{{TEXT(\"{wrong}\"),"),
        };
        let error = refusal(&from, &to);
        let what = format!("is {wrong:?}, expected 1 to 64 letters, digits, `-` and `_`");
        assert!(error.contains(&what), "{error}");
    }
}

#[test]
fn a_column_whose_metric_has_the_name_of_one_of_the_runners_is_refused_at_check() {
    let ticks = "{TEXT(\"ticks\"), TEXT(\"ticks so far\"), RUNNER_COLUMN_U64,";
    let check = |name: &str, kind: &str| {
        let lab = Lab::with(
            "name = \"m\"\nduration = \"1s\"\n[nodes.one]\nbehavior = \"metronome.node\"\n\
             tick_rate = 2\n[nodes.two]\nbehavior = \"metronome.node\"\ntick_rate = 2\n",
        );
        let column = format!("{{TEXT(\"{name}\"), TEXT(\"\"), RUNNER_COLUMN_{kind},");
        changed_metronome(&lab.path("."), &[(ticks, &column)]);
        lab.runner(&["check", "scenario.toml", "--plugin-path", "."])
    };
    for (name, kind, metric) in [
        ("latency", "U64", "latency_mean"),
        ("latency", "F64", "latency_mean"),
        ("queue_time", "I64", "queue_time_mean"),
        ("clock_jump", "U64", "clock_jump_mean"),
        ("clock_drift", "U64", "clock_drift_max"),
        ("clock", "F64", "clock_final"),
    ] {
        let what =
            format!("`metronome.node` has a column `{name}`, whose metric would be `{metric}`");
        check(name, kind)
            .ends(2)
            .says(&["scenario.toml:4:12: ", "scenario.toml:7:12: ", &what]);
    }
    for (name, kind) in [
        ("latency", "TEXT"),
        ("latency", "BOOL"),
        ("latency_ns", "U64"),
        ("clock", "U64"),
        ("received", "U64"),
        ("steps", "U64"),
        ("unanswered", "U64"),
    ] {
        check(name, kind).passes();
    }
}
