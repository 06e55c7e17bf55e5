//! `runner export compose` writes a folder by which Compose runs a scenario in containers,
//! and refuses what containers cannot do. `.ci/containers` runs such folders.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::harness::Lab;

/// A server, and clients with a number.
const LOTTERY: &str = "\
name = \"lottery\"
[nodes.central]
behavior = \"lottery.central\"
[nodes.agency]
count = 5
behavior = \"lottery.agency\"
config = { generate = 10 }
[[links]]
between = [\"agency\", \"central\"]
";

/// The Compose file without what differs from user to user.
fn compose_file(lab: &Lab) -> String {
    let text = lab.read("out/compose.yaml");
    let user = text.lines().find(|it| it.contains("RUNNER_USER")).unwrap();
    text.replace(user, "  user: ${RUNNER_USER:-USER:GROUP}")
}

#[test]
fn there_is_a_service_for_each_group_and_a_coordinator() {
    let lab = Lab::with(LOTTERY);
    let answer = lab.runner(&["export", "compose", "scenario.toml", "--out", "out"]);
    let out = answer.passes().out;
    assert_eq!(out, "wrote out\nrun it:\n  cd out && docker compose up\n");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("compose_file", compose_file(&lab));
    });
    let readme = lab.read("out/README.md");
    assert_eq!(readme.lines().count(), 4, "{readme}");
    assert!(lab.path("out/plugins/liblottery.so").is_file());
    assert!(lab.path("out/results").is_dir());
    assert_eq!(lab.read("out/scenario/scenario.toml"), LOTTERY);
}

#[test]
fn the_number_of_clients_is_that_of_set_and_settings_reach_the_coordinator() {
    let lab = Lab::with(LOTTERY);
    let set = [
        "--set",
        "nodes.agency.count=7",
        "--set",
        "title=a $HOME \"b\"",
    ];
    let arguments = ["export", "compose", "scenario.toml", "--out", "out"];
    lab.runner(&[&arguments[..], &set].concat()).passes();
    let text = compose_file(&lab);
    for line in [
        "      replicas: ${CLIENTS:-7}",
        "      - CLIENTS=${CLIENTS:-7}",
        "      - \"agency=CLIENTS\"",
        "      - \"title=a $$HOME \\\"b\\\"\"",
    ] {
        assert!(text.lines().any(|it| it == line), "no {line:?} in:\n{text}");
    }
    // A setting of the coordinator would win over CLIENTS.
    assert!(!text.contains("nodes.agency.count"), "{text}");
}

#[test]
fn a_group_for_clients_can_be_chosen() {
    let two = LOTTERY.replace(
        "[nodes.agency]",
        "[nodes.other]\nextends = \"agency\"\n[nodes.agency]",
    );
    let lab = Lab::with(&two);
    let export = |more: &[&str]| {
        let arguments = [
            "export",
            "compose",
            "scenario.toml",
            "--out",
            "out",
            "--force",
        ];
        lab.runner(&[&arguments[..], more].concat())
    };
    let out = export(&[]).passes().out;
    assert!(out.contains("--clients GROUP"), "{out}");
    assert!(!compose_file(&lab).contains("CLIENTS"));
    export(&["--clients", "other"]).passes();
    assert!(compose_file(&lab).contains("- \"other=CLIENTS\""));
    // A group without `count` has one node until CLIENTS says otherwise.
    export(&["--clients", "central"]).passes();
    let text = compose_file(&lab);
    assert!(text.contains("- CLIENTS=${CLIENTS:-}\n"), "{text}");
    assert!(text.contains("replicas: ${CLIENTS:-1}\n"), "{text}");
    export(&["--clients", "agencies"]).ends(2).says(&[
        "--clients agencies",
        "did you mean `agency`?",
        "central, other, agency",
    ]);
}

#[test]
fn what_containers_cannot_do_is_refused_at_once() {
    let lab = Lab::with(
        "name = \"all\"
[nodes.keyboard]
behavior = \"echo.server\"
listen = [{ stdin = \"lines\" }]
[nodes.program]
command = [\"python3\", \"client.py\"]
[nodes.elsewhere]
external = \"tcp://127.0.0.1:9000\"
framing = \"line\"
[nodes.server]
count = 2
behavior = \"echo.server\"
[matrix.axes.servers]
path = \"nodes.server.count\"
values = [2, 3]
",
    );
    lab.runner(&["export", "compose", "scenario.toml", "--out", "out"])
        .ends(2)
        .says(&[
            "case `servers=3` has other nodes than case `servers=2`",
            "`keyboard` reads standard input",
            "`program` is a program that the runner starts",
            "`elsewhere` is a program at 127.0.0.1:9000, which in a container is the container itself",
        ]);
    assert!(!lab.path("out").exists());
}

#[test]
fn mistakes_of_the_scenario_in_real_time_are_found_by_the_export() {
    let lab = Lab::with(&LOTTERY.replace("generate = 10", "generated = 10"));
    lab.runner(&["export", "compose", "scenario.toml", "--out", "out"])
        .ends(2)
        .says(&["scenario.toml:7:", "generated"]);
    lab.write("other.toml", LOTTERY);
    lab.write("scenario.toml", LOTTERY);
    lab.runner(&["export", "compose", "scenario.toml", "other.toml"])
        .ends(2)
        .says(&["there are 2 scenarios"]);
}

#[test]
fn a_folder_is_replaced_only_by_force_and_results_and_secret_stay() {
    let lab = Lab::with(LOTTERY);
    let export = |more: &[&str]| {
        let arguments = ["export", "compose", "scenario.toml", "--out", "out"];
        lab.runner(&[&arguments[..], more].concat())
    };
    lab.write("out/mine.txt", "mine");
    export(&[])
        .ends(2)
        .says(&["`out` exists and is not empty", "--force"]);
    assert_eq!(lab.files("out").len(), 1);
    export(&["--force"]).passes();
    let secret = lab.read("out/secret");
    assert_eq!(secret.trim_end().len(), 64, "{secret:?}");
    let mode = lab
        .path("out/secret")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    lab.write("out/results/lottery/kept", "kept");
    lab.write("out/scenario/old.csv", "old");
    export(&["--force", "--set", "seed=9"]).passes();
    assert_eq!(lab.read("out/secret"), secret);
    assert_eq!(lab.read("out/mine.txt"), "mine");
    assert_eq!(lab.read("out/results/lottery/kept"), "kept");
    assert!(!lab.path("out/scenario/old.csv").exists());
    assert!(compose_file(&lab).contains("- \"seed=9\""));
}

#[test]
fn other_plugins_come_along_if_they_are_named() {
    let lab = Lab::with(LOTTERY);
    let arguments = ["export", "compose", "scenario.toml", "--out", "out"];
    lab.runner(&[&arguments[..], &["--plugin", "ecko"]].concat())
        .ends(2)
        .says(&["--plugin ecko", "did you mean `echo`?"]);
    lab.runner(&[&arguments[..], &["--plugin", "echo"]].concat())
        .passes();
    let plugins: Vec<String> = lab.files("out/plugins").into_keys().collect();
    assert_eq!(plugins, ["libecho.so", "liblottery.so"]);
}

#[test]
fn the_files_that_a_scenario_names_travel_with_it() {
    let lab = Lab::new();
    let bet = "Ana,Ruiz,1,1980-02-29,7574\r\n";
    for agency in 1..=5 {
        lab.write(&format!("bets/agency-{agency}.csv"), bet);
    }
    lab.write("lab/notes.md", "Notes.");
    lab.write("lab/unnamed.csv", "");
    // The files of a behavior begin at the working folder, those of the runner at the scenario.
    let text = LOTTERY.replace("generate = 10", "file = \"bets/agency-{agency}.csv\"");
    lab.write("lab/a.toml", &format!("notes = \"notes.md\"\n{text}"));
    lab.runner(&["export", "compose", "lab/a.toml", "--out", "out"])
        .passes();
    let files: Vec<String> = lab.files("out/scenario").into_keys().collect();
    let mut expected: Vec<String> = (1..=5).map(|it| format!("bets/agency-{it}.csv")).collect();
    expected.splice(0..0, ["a.toml".to_owned()]);
    expected.push("notes.md".to_owned());
    expected.push("results/.keep".to_owned());
    assert_eq!(files, expected);
    // A file of another folder would not be there, so it is told.
    let elsewhere = lab.write("elsewhere.csv", bet).display().to_string();
    let text = LOTTERY.replace("generate = 10", &format!("file = {elsewhere:?}"));
    lab.write("lab/a.toml", &text);
    let answer = lab.runner(&["export", "compose", "lab/a.toml", "--out", "out2"]);
    let out = answer.passes().out;
    assert!(
        out.contains("elsewhere.csv leads out of the folder"),
        "{out}"
    );
}

#[test]
fn variables_that_a_behavior_reads_are_handed_on() {
    let lab = Lab::with(
        "name = \"single\"
[nodes.central]
behavior = \"lottery.central\"
[nodes.agency]
behavior = \"lottery.agency\"
config = { agency = 1, bet = \"env\" }
[[links]]
between = [\"agency\", \"central\"]
",
    );
    let mut command = lab.command(&["export", "compose", "scenario.toml", "--out", "out"]);
    for (name, value) in [
        ("NOMBRE", "Ana María"),
        ("APELLIDO", "O'Neil $1"),
        ("DOCUMENTO", "25000111"),
        ("NACIMIENTO", "1980-02-29"),
        ("NUMERO", "7574"),
    ] {
        command.env(name, value);
    }
    lab.answer(&mut command).passes();
    let text = compose_file(&lab);
    assert_eq!(text.matches("      - \"NOMBRE\"\n").count(), 3, "{text}");
    let variables = lab.read("out/.env");
    assert!(variables.contains("NOMBRE='Ana María'\n"), "{variables}");
    assert!(
        variables.contains("APELLIDO=\"O'Neil \\$1\"\n"),
        "{variables}"
    );
}

#[test]
fn a_program_of_somebody_else_has_a_container_of_its_image() {
    let lab = Lab::with(
        "name = \"mixed\"
[nodes.client]
behavior = \"echo.client\"
config = { texts = [\"a\"] }
[nodes.Their_Server]
external = \"tcp://127.0.0.1:15020\"
image = \"somebody/server:2\"
framing = \"line\"
[[links]]
between = [\"client\", \"Their_Server\"]
",
    );
    lab.runner(&["export", "compose", "scenario.toml", "--out", "out"])
        .passes();
    let text = compose_file(&lab);
    for lines in [
        "  their-server:\n    image: \"somebody/server:2\"\n    networks: [scenario]\n",
        "      - \"--address\"\n      - \"Their_Server=tcp://their-server:15020\"\n",
        "    depends_on: [their-server]\n",
    ] {
        assert!(text.contains(lines), "no {lines:?} in:\n{text}");
    }
    lab.write(
        "scenario.toml",
        "name = \"none\"\n[nodes.a]\ncommand = [\"true\"]\nimage = \"b\"\n",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:4:1", "`image` without `external`"]);
}

#[test]
fn nodes_listen_for_other_containers_and_check_asks_the_simplest() {
    let lab = Lab::with(
        "name = \"listen\"
[nodes.\"a.b\"]
behavior = \"echo.server\"
listen = [
  { udp = \"127.0.0.1:15000\" },
  { tcp = \"127.0.0.1:15000\", framing = \"decimal10\" },
  { tcp = \"[::1]:15001\", framing = \"line\" },
  { tcp = \"10.0.0.1:15002\", framing = \"line\" },
]
",
    );
    lab.runner(&["export", "compose", "scenario.toml", "--out", "out"])
        .passes();
    let text = compose_file(&lab);
    for setting in [
        "nodes.\\\"a.b\\\".listen.0.udp=0.0.0.0:15000",
        "nodes.\\\"a.b\\\".listen.1.tcp=0.0.0.0:15000",
        "nodes.\\\"a.b\\\".listen.2.tcp=[::]:15001",
    ] {
        assert!(text.contains(setting), "no {setting:?} in:\n{text}");
    }
    assert!(!text.contains("listen.3"), "{text}");
    let check = lab.read("out/check");
    assert!(check.contains("service=${SERVICE:-a-b} port=${PORT:-15001} framing=${FRAMING:-line}"));
    lab.shell("sh -n out/check").passes();
}

/// An image of nothing but the exported files must hold all that the runner needs.
#[test]
fn the_image_without_a_base_has_every_library() {
    let lab = Lab::with(LOTTERY);
    lab.runner(&["export", "compose", "scenario.toml", "--out", "out"])
        .passes();
    let needed =
        lab.shell("ldd \"$RUNNER\" out/plugins/*.so | sed -n 's/^\\t\\(lib[^ ]*\\) .*/\\1/p'");
    let needed = needed.passes().out;
    assert!(needed.contains("libc.so.6"), "{needed}");
    for library in needed.lines() {
        let path = Path::new("out/rootfs/lib").join(library);
        assert!(
            lab.path(path.to_str().unwrap()).is_file(),
            "{library} is missing"
        );
    }
    let mode = lab
        .path("out/rootfs/tmp")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o1777);
}
