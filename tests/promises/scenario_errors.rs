//! Every mistake in a scenario file is reported with its place, all mistakes
//! together, and no file makes the reader panic.
//!
//! `tests/fixtures/scenarios/bad` has a file for each kind of mistake;
//! `tests/snapshots` has the messages. `valid` has files with all keys. To accept
//! changed messages: `INSTA_UPDATE=always cargo test -p runner --test promises
//! scenario_errors`.

use std::path::{Path, PathBuf};

use base::distribution::Distribution;
use framing::Framing;
use proptest::prelude::*;
use runner::scenario::{
    LinkTransport, Loss, Override, Place, TickRule, Timing, Transport, load, load_text, read_file,
};

/// A folder of scenario files.
pub fn fixtures(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/scenarios")
        .join(kind)
}

/// The scenario files of a folder, by name.
pub fn files(kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixtures(kind)).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    files.sort();
    files
}

/// The messages about a file, without its folder.
fn messages(path: &Path) -> String {
    let folder = format!("{}/", path.parent().unwrap().display());
    match load(path, &[]) {
        Ok(_) => panic!("{} is refused nowhere", path.display()),
        Err(mistakes) => mistakes.render(false).replace(&folder, ""),
    }
}

/// A scenario of one clocked group, for overrides.
const MACHINE: &str = "\
duration = \"60s\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 3
config = { faces = 10 }
[[links]]
between = [\"machine\", \"machine\"]
loss = 0.1
";

/// Reads a text with overrides. The error is the rendered mistakes.
pub fn overridden(text: &str, overrides: &[&str]) -> Result<runner::scenario::Loaded, String> {
    let overrides: Vec<Override> = overrides
        .iter()
        .map(|it| Override::parse(it).unwrap())
        .collect();
    load_text("a.toml", text, &overrides).map_err(|mistakes| mistakes.render(false))
}

#[test]
fn the_mistakes_of_every_bad_file_are_reported() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files("bad") {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let name = format!("scenario_errors__{}", stem.replace(' ', "-"));
            insta::assert_snapshot!(name, messages(&path));
        }
    });
}

#[test]
fn mistakes_are_in_the_order_of_the_file() {
    for path in files("bad") {
        let mistakes = load(&path, &[]).unwrap_err();
        let places: Vec<Place> = mistakes.iter().map(|it| it.place()).collect();
        assert!(places.is_sorted(), "{}: {places:?}", path.display());
    }
}

#[test]
fn paths_that_are_no_scenario_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = |path: &Path| {
        let said = load(path, &[]).unwrap_err().render(false);
        said.replace(&folder.path().display().to_string(), "FOLDER")
    };
    assert_eq!(
        said(folder.path()),
        "FOLDER: is a folder, expected a scenario file\n"
    );
    let missing = folder.path().join("clock.toml");
    assert_eq!(said(&missing), "FOLDER/clock.toml: there is no such file\n");
    for name in ["clocks.toml", ".clock.toml", "Cargo.toml"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(
        said(&missing),
        "FOLDER/clock.toml: there is no such file\n  \
         files there: clocks.toml (did you mean `clocks.toml`?)\n"
    );
}

#[test]
fn mistakes_in_an_override_name_the_option() {
    let cases = [
        (
            "nodes.machine.count=0",
            "--set nodes.machine.count=0: `count` is 0, expected 1 to 10000000\n",
        ),
        (
            "links.1.loss=0",
            "--set links.1.loss=0: `links` has no entry `1`, it has 1, numbered from 0\n",
        ),
        (
            "duration.x=0",
            "--set duration.x=0: `duration` is \"60s\", there is no `x` in it\n",
        ),
        (
            "nodes.machine.faces=5",
            "--set nodes.machine.faces=5: unknown key `faces` in a node group\n  \
             keys here: behavior, count, config, extends, start_at, rng_id, tick_rate, \
             tick_interval, tick_phase, service_time, inbox_limit, offset, drift, state, listen, \
             external, image, framing, max_message, command, exit, ends_run, stdio, \
             protocol, ids, topology, init_within, virtual\n",
        ),
    ];
    for (option, said) in cases {
        assert_eq!(overridden(MACHINE, &[option]).unwrap_err(), said);
    }
    let runs = Override::option("--runs", "runs", "none");
    let said = load_text("a.toml", MACHINE, &[runs]).unwrap_err();
    assert_eq!(
        said.render(false),
        "--runs none: `runs` is \"none\", expected a whole number\n"
    );
    assert_eq!(
        Override::parse("count").unwrap_err().render(false),
        "--set count: there is no `=`\n  \
         write `--set PATH=VALUE`, for example `--set nodes.machine.count=5`\n"
    );
}

#[test]
fn overrides_take_the_place_of_the_files_values() {
    let loaded = overridden(
        MACHINE,
        &[
            "nodes.machine.count=2",
            "nodes.machine.count=5",
            "nodes.machine.config.script=[1, 2]",
            "links.0.loss=0.5",
            "nodes.\"late\".behavior=echo.server",
            "name=other",
            "nodes.machine.tick_interval=250ms",
        ],
    );
    let scenario = loaded.unwrap().scenario;
    assert_eq!(scenario.name, "other");
    assert_eq!(scenario.groups[0].count, 5);
    assert_eq!(scenario.groups[0].config, "faces = 10\nscript = [1, 2]\n");
    assert_eq!(scenario.groups[1].name, "late");
    assert_eq!(scenario.links[0].link.loss, Loss::Independent(0.5));
    // An overridden timing replaces the file's timing: no contradiction.
    let Timing::Clocked { every, .. } = &scenario.groups[0].timing else {
        panic!("not clocked");
    };
    let interval = TickRule::Interval(Distribution::Constant(250e6));
    assert_eq!(*every, interval);
}

#[test]
fn a_real_time_scenario_runs_in_virtual_time_without_its_speed() {
    let text = format!("time = \"real\"\nspeed = 10\n{MACHINE}");
    assert!(overridden(&text, &[]).is_ok());
    assert!(overridden(&text, &["time=virtual"]).is_ok());
}

#[test]
fn nodes_that_tick_in_real_time_need_no_duration() {
    let text = MACHINE.replace("duration", "time = \"real\" # ");
    assert_eq!(overridden(&text, &[]).unwrap().scenario.duration, None);
    assert!(overridden(&text, &["time=virtual"]).is_err());
}

#[test]
fn a_file_that_listens_runs_in_both_times() {
    let text = format!(
        "{MACHINE}transport = \"udp\"\n[[nodes.machine.listen]]\ntcp = \"[::1]:0\"\nframing = \"line\"\n"
    );
    for time in ["time=real", "time=virtual"] {
        let scenario = overridden(&text, &[time]).unwrap().scenario;
        let listen = &scenario.groups[0].listen[0];
        assert_eq!(listen.address, "[::1]:0".parse().unwrap());
        assert_eq!(scenario.links[0].link.transport, LinkTransport::Udp);
    }
}

#[test]
fn a_program_takes_the_place_of_a_behavior_and_the_other_way_round() {
    let one = ["time=real", "nodes.machine.count=1", "links=[]"];
    let with = |text: &str, more: &[&str]| {
        let overrides = [&one, more].concat();
        overridden(text, &overrides).map(|it| it.scenario.groups[0].clone())
    };
    let external = "nodes.machine.external=udp://127.0.0.1:10000";
    let group = with(MACHINE, &[external]).unwrap();
    assert_eq!((group.behavior, group.timing), (None, Timing::EventDriven));
    let address = group.program.unwrap().external.unwrap().address;
    assert_eq!(address, "127.0.0.1:10000".parse().unwrap());

    let text = "[nodes.machine]\nexternal = \"tcp://127.0.0.1:1\"\nframing = \"line\"\ncommand = [\"a\"]\n";
    let group = with(text, &[external]).unwrap();
    let program = group.program.unwrap();
    assert_eq!(program.command, Some(vec!["a".to_owned()]));
    let group = with(text, &["nodes.machine.behavior=clock.machine"]).unwrap();
    assert_eq!((group.behavior.is_some(), group.program), (true, None));
}

#[test]
fn an_overridden_address_replaces_the_other_transports() {
    let text = "[nodes.a]\nbehavior = \"a.b\"\n[[nodes.a.listen]]\ntcp = \"127.0.0.1:1\"\nframing = \"line\"\n";
    let listen = |option| {
        let scenario = overridden(text, &[option]).unwrap().scenario;
        scenario.groups[0].listen[0].clone()
    };
    let udp = listen("nodes.a.listen.0.udp=127.0.0.1:2");
    assert_eq!((udp.transport, udp.address.port()), (Transport::Udp, 2));
    let tcp = listen("nodes.a.listen.0.tcp=127.0.0.1:0");
    assert_eq!(
        (tcp.transport, tcp.framing),
        (Transport::Tcp, Framing::Line)
    );
}

#[test]
fn the_valid_files_resolve_as_written() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files("valid") {
            let loaded = load(&path, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let name = format!("scenario_resolved__{stem}");
            let folder = path.parent().unwrap().display().to_string();
            let text = format!("{:#?}", loaded.scenario).replace(&folder, "FOLDER");
            insta::assert_snapshot!(name, text);
            let notes = loaded.notes.is_some();
            assert_eq!(notes, loaded.source.text.contains("notes ="));
        }
    });
}

#[test]
fn groups_and_links_stay_in_the_order_of_the_file() {
    let text = "[nodes.z]\nbehavior = \"a.b\"\n[nodes.a]\nbehavior = \"a.b\"\n[nodes.m]\n\
                behavior = \"a.b\"\n[[links]]\nbetween = [\"z\", \"a\"]\n[[links]]\nfrom = \"m\"\nto = \"*\"\n";
    let scenario = load_text("a.toml", text, &[]).unwrap().scenario;
    let names: Vec<&str> = scenario.groups.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m"]);
    assert!(scenario.links[0].both && !scenario.links[1].both);
    let link = &scenario.links[1];
    assert_eq!(
        format!("{:?} to {:?}", link.from, link.to),
        "[2..3] to [0..3]"
    );
}

#[test]
fn a_config_problem_is_placed_where_its_value_was_written() {
    let text = "\
[nodes.base]
behavior = \"a.b\"
tick_rate = 1
[nodes.base.config]
faces = 10
script = [1, 2, 30]
[nodes.derived]
extends = \"base\"
config = { faces = 0, retry = { after = 1 } }
[nodes.bare]
behavior = \"a.c\"
";
    let overrides = ["duration=1s", "nodes.derived.config.encoding=morse"];
    let loaded = overridden(text, &overrides).unwrap();
    let place = |group, path| {
        loaded
            .origins
            .config_problem(group, path, "wrong")
            .place_text()
    };
    assert_eq!(place(0, "faces"), "a.toml:5:9");
    assert_eq!(place(0, "script[2]"), "a.toml:6:17");
    assert_eq!(place(0, "script[9]"), "a.toml:6:1");
    assert_eq!(place(0, "absent"), "a.toml:4:13");
    assert_eq!(place(0, ""), "a.toml:4:13");
    assert_eq!(place(1, "faces"), "a.toml:9:20");
    assert_eq!(place(1, "script[0]"), "a.toml:6:11");
    assert_eq!(place(1, "retry.after"), "a.toml:9:41");
    assert_eq!(place(1, "retry.before"), "a.toml:9:23");
    assert_eq!(
        place(1, "encoding"),
        "--set nodes.derived.config.encoding=morse"
    );
    assert_eq!(place(2, "faces"), "a.toml:10:8");
    let text = |it: runner::scenario::Diagnostic| it.place_text();
    assert_eq!(
        text(loaded.origins.behavior_problem(1, "unknown")),
        "a.toml:2:12"
    );
    assert_eq!(
        text(loaded.origins.timing_problem(1, "cannot tick")),
        "a.toml:3:1"
    );
    assert_eq!(
        text(loaded.origins.timing_problem(2, "must tick")),
        "a.toml:11:12"
    );
    assert_eq!(
        text(loaded.origins.group_problem(2, "wrong")),
        "a.toml:10:8"
    );
}

#[test]
fn the_plugins_are_told_of_every_config_that_is_known() {
    let text = "\
[nodes.base]
behavior = \"a.b\"
config = { faces = 10 }
[nodes.flawed]
behavior = \"a.b\"
confg = {}
[nodes.lost]
extends = \"nobody\"
behavior = \"a.b\"
[nodes.derived]
extends = \"flawed\"
[nodes.torn]
behavior = \"a.b\"
tick_phase = \"1s\"
[nodes.sound]
extends = \"base\"
config = { script = [1, 2] }
[[links]]
from = \"base\"
to = \"nowhere\"
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    let reading = read_file(&path, &[]);
    let partial = &reading.cases[0];
    let configs: Vec<(&str, bool)> = partial
        .parts
        .groups
        .iter()
        .filter_map(|it| it.config.as_ref())
        .map(|config| (&*config.text, config.may_lack_keys))
        .collect();
    let (base, sound) = ("faces = 10\n", "faces = 10\nscript = [1, 2]\n");
    assert_eq!(
        configs,
        [
            (base, false),
            ("", true),
            ("", true),
            ("", true),
            ("", true),
            (sound, false)
        ]
    );
    let place = |path| {
        let problem = partial.origins.config_problem(5, path, "wrong");
        problem.line_column()
    };
    assert_eq!(place("faces"), Some((3, 20)));
    assert_eq!(place("script[1]"), Some((17, 25)));
    assert_eq!(reading.into_diagnostics().unwrap().iter().count(), 4);
}

#[test]
fn a_million_nodes_resolve_to_ranges() {
    let text = "[nodes.a]\nbehavior = \"a.b\"\ncount = 1000000\n[[links]]\nbetween = [\"a\", \"a-*\"]\n\
                [[links]]\nfrom = \"a-7?\"\nto = \"a-*00000\"\n";
    let scenario = load_text("a.toml", text, &[]).unwrap().scenario;
    assert_eq!(scenario.links[0].to, vec![0..1_000_000]);
    assert_eq!(scenario.links[1].from, vec![69..79]);
    assert_eq!(scenario.links[1].to.len(), 10);
}

/// A valid file with some of its characters replaced, left out or doubled.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<String> = files("valid")
        .iter()
        .chain(&files("bad"))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .filter(|text| !text.is_empty())
        .collect();
    let edit = (any::<prop::sample::Index>(), 0..40_usize, "[\\PC\n\t]{0,6}");
    (
        prop::sample::select(texts),
        prop::collection::vec(edit, 1..6),
    )
        .prop_map(|(text, edits)| {
            edits.into_iter().fold(text, |text, (at, length, with)| {
                let chars: Vec<char> = text.chars().collect();
                let at = if chars.is_empty() {
                    0
                } else {
                    at.index(chars.len())
                };
                let end = (at + length).min(chars.len());
                chars[..at]
                    .iter()
                    .copied()
                    .chain(with.chars())
                    .chain(chars[end..].iter().copied())
                    .collect()
            })
        })
}

/// Reads a text. Its mistakes can be rendered, and are in order.
fn survives(text: &str, overrides: &[Override]) {
    if let Err(mistakes) = load_text("some.toml", text, overrides) {
        assert!(!mistakes.render(true).is_empty());
        let places: Vec<Place> = mistakes.iter().map(|it| it.place()).collect();
        assert!(places.is_sorted());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in "(\\PC|[\n\t=\\[\\]{}\"'.,#]){0,200}") {
        survives(&text, &[]);
    }

    #[test]
    fn a_mutated_file_is_read_without_panic(text in mutated()) {
        survives(&text, &[]);
    }

    #[test]
    fn any_override_is_read_without_panic(option in "(nodes|machine|links|0|count|config|\\.|=|\"|\\PC){0,12}") {
        if let Ok(it) = Override::parse(&option) {
            survives(MACHINE, &[it]);
        }
    }
}
