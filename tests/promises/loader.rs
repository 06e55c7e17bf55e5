//! A file that is no plugin, or a plugin for another runner, is refused by name before
//! anything runs. Plugins are searched in a fixed order of folders.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Lab;

/// The library of a plugin, which the build puts beside this test's executable.
pub fn built(name: &str) -> PathBuf {
    let file = format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().join(file)
}

/// The file name of a plugin.
fn file_name(name: &str) -> String {
    let path = built(name);
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// A scenario of one node with this behavior.
fn scenario(behavior: &str) -> String {
    format!(
        "name = \"a\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"{behavior}\"\ntick_rate = 1\n"
    )
}

/// A folder `plugins` that holds a copy of a library under a plugin's name.
fn copied(from: &Path, name: &str) -> Lab {
    let lab = Lab::with(&scenario(&format!("{name}.machine")));
    fs::create_dir(lab.path("plugins")).unwrap();
    fs::copy(from, lab.path("plugins").join(file_name(name))).unwrap();
    lab
}

/// The error of `check` and of `run`: both refuse the plugin with exit code 3, and nothing
/// runs.
fn refused(lab: &Lab) -> String {
    let path = ["scenario.toml", "--plugin-path", "plugins"];
    let check = lab.runner(&[&["check"], &path[..]].concat()).ends(3);
    let run = lab
        .runner(&[&["run", "--out", "out"], &path[..]].concat())
        .ends(3);
    assert_eq!(check.err, run.err);
    assert!(!lab.path("out").exists());
    assert!(check.out.is_empty());
    check.err
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let lab = Lab::with(&scenario("noise.machine"));
    let file = format!("plugins/{}", file_name("noise"));
    lab.write(&file, "static between two stations\n".repeat(100).as_str());
    let said = refused(&lab);
    let first = format!("error: plugin file does not load: {file}\n");
    assert!(said.starts_with(&first), "{said}");
    assert!(said.contains("build it as a dynamic library: crate-type = [\"cdylib\"]"));
}

#[test]
fn a_library_cut_off_in_its_header_is_refused() {
    let lab = copied(&built("clock"), "clock");
    let path = lab.path("plugins").join(file_name("clock"));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..40]).unwrap();
    assert!(refused(&lab).contains("plugin file does not load"));
}

#[test]
fn a_library_without_the_entry_is_refused() {
    let lab = copied(&built("no_entry"), "no_entry");
    assert_eq!(
        refused(&lab),
        format!(
            "error: library has no symbol `runner_plugin`: plugins/{}\n  it is no plugin of this \
             runner; a Rust plugin exports it with `runner_sdk::plugin!`\n",
            file_name("no_entry")
        )
    );
}

#[test]
fn a_plugin_of_another_abi_is_refused() {
    let lab = copied(&built("other_abi"), "other_abi");
    let (found, known) = (runner_abi::ABI_VERSION + 1, runner_abi::ABI_VERSION);
    assert_eq!(
        refused(&lab),
        format!(
            "error: plugin `other_abi` was built for ABI {found}, this runner speaks ABI {known}: \
             plugins/{}\n  rebuild it against this runner's SDK: cargo build -p other_abi\n",
            file_name("other_abi")
        )
    );
}

#[test]
fn a_plugin_of_another_layout_is_refused() {
    let lab = copied(&built("wrong_layout"), "wrong_layout");
    let said = refused(&lab);
    let first = format!(
        "error: plugin `wrong_layout` has another layout of ABI {} than this runner (found {:#018x}, \
         expected {:#018x}): plugins/",
        runner_abi::ABI_VERSION,
        runner_abi::LAYOUT ^ 1,
        runner_abi::LAYOUT
    );
    assert!(said.starts_with(&first), "{said}");
    assert!(said.contains("rebuild it against this runner's SDK"));
}

#[test]
fn a_plugin_under_another_name_is_refused() {
    let lab = copied(&built("clock"), "watch");
    let said = refused(&lab);
    assert!(
        said.starts_with("error: plugin `watch` breaks the plugin ABI: "),
        "{said}"
    );
    assert!(said.contains("is named for `watch`, the plugin calls itself `clock`"));
}

#[test]
fn all_broken_plugins_of_a_scenario_are_reported_at_once() {
    let lab = Lab::with(
        "name = \"a\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"other_abi.x\"\n\
         [nodes.b]\nbehavior = \"wrong_layout.x\"\n[nodes.c]\nbehavior = \"other_abi.y\"\n",
    );
    let said = lab.runner(&["check", "scenario.toml"]).ends(3).err;
    assert_eq!(said.matches("error: ").count(), 2, "{said}");
}

#[test]
fn a_plugin_or_behavior_that_does_not_exist_is_a_mistake_of_the_scenario() {
    let said = |behavior: &str| {
        let lab = Lab::with(&scenario(behavior));
        lab.runner(&["scenario.toml", "--out", "out"])
            .ends(2)
            .says(&["scenario.toml:4:12: "])
            .err
    };
    let plugin = said("clok.machine");
    assert!(plugin.contains("there is no plugin `clok`"), "{plugin}");
    assert!(plugin.contains("(did you mean `clock`?)"), "{plugin}");
    let behavior = said("clock.mashine");
    assert!(
        behavior.contains("plugin `clock` has no behavior `mashine`"),
        "{behavior}"
    );
    assert!(behavior.contains("behaviors there: machine (did you mean `machine`?)"));
}

#[test]
fn a_behavior_that_ignores_ticks_cannot_be_clocked() {
    let lab = Lab::with(&scenario("misbehaving.timers"));
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:5:1: behavior `misbehaving.timers` does nothing on a tick, so its nodes \
         cannot be clocked",
    ]);
}

#[test]
fn plugin_path_goes_before_the_variable_and_the_variable_before_the_usual_folders() {
    let lab = copied(&built("clock"), "clock");
    lab.write(&format!("variable/{}", file_name("clock")), "noise");
    let variable = || {
        let mut command = lab.command(&["check", "scenario.toml"]);
        command.env("RUNNER_PLUGIN_PATH", lab.path("variable"));
        command
    };
    lab.answer(&mut variable()).ends(3).says(&["LAB/variable/"]);
    let mut both = variable();
    both.args(["--plugin-path", "plugins"]);
    lab.answer(&mut both).passes();
    lab.runner(&["check", "scenario.toml"]).passes();
}

#[test]
fn the_working_folder_is_never_searched() {
    let lab = copied(&built("clock"), "clock");
    lab.write(&file_name("mine"), "noise");
    lab.write("scenario.toml", &scenario("mine.machine"));
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["there is no plugin `mine`"]);
}

#[test]
fn a_plugin_that_needs_a_library_beside_it_loads() {
    let lab = Lab::with(&scenario("metronome.node"));
    let header = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/abi");
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/ABI.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (_, rest) = docs.split_once("```c\n").unwrap();
    let (source, _) = rest.split_once("```").unwrap();
    lab.write(
        "m.c",
        &format!("int beside(void);\nint needs(void) {{ return beside(); }}\n{source}"),
    );
    lab.write("b.c", "int beside(void) { return 1; }");
    let script = format!(
        "mkdir plugins && cc -shared -fPIC -o plugins/libbeside.so b.c && \
         cc -shared -fPIC -I {header} -Wl,-rpath,'$ORIGIN' -o plugins/libmetronome.so m.c \
         -Lplugins -lbeside"
    );
    lab.shell(&script).passes();
    for more in [&[][..], &["--isolate"]] {
        let arguments = ["check", "scenario.toml", "--plugin-path", "plugins"];
        lab.runner(&[&arguments[..], more].concat()).passes();
    }
}
