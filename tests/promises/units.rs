//! Durations and sizes have the same forms wherever they are written: keys of a
//! scenario, configs of plugins, options of commands.

use crate::harness::Lab;

/// A producer and a consumer, with these texts for four durations and a size.
fn scenario([duration, interval, latency, at]: [&str; 4], max_message: &str) -> String {
    format!(
        "name = \"units\"
duration = \"{duration}\"
[nodes.producer]
behavior = \"echo.producer\"
config = {{ interval = {{ uniform = [\"1ms\", \"{interval}\"] }}, count = 1000 }}
listen = [{{ tcp = \"127.0.0.1:0\", framing = \"line\", max_message = \"{max_message}\" }}]
[nodes.consumer]
behavior = \"echo.consumer\"
[[links]]
from = \"producer\"
to = \"consumer\"
latency = \"{latency}\"
[[faults]]
at = \"{at}\"
crash = [\"consumer\"]
"
    )
}

const SHORT: [&str; 4] = ["2s", "20ms", "250us", "1s500ms"];
const LONG: [&str; 4] = [
    "2 sec",
    "20 millis",
    "250 microseconds",
    "1 second 500 milliseconds",
];

#[test]
fn long_names_of_units_mean_the_same_in_keys_configs_and_options() {
    let lab = Lab::with(&scenario(SHORT, "64KiB"));
    // A warning says that nobody can connect to the listener in virtual time.
    let run_into = |out: &str, more: &[&str]| {
        let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
        lab.runner(&[&arguments[..], more].concat()).ends(0);
    };
    run_into("short", &[]);
    lab.write("scenario.toml", &scenario(LONG, "64 kibibytes"));
    run_into("long", &[]);
    let logs = |out: &str| lab.files(&format!("{out}/runs"));
    assert!(logs("short").len() >= 2);
    assert_eq!(logs("short"), logs("long"));

    lab.write(
        "scenario.toml",
        &scenario(["1h", "20ms", "250us", "1500ms"], "64KiB"),
    );
    run_into("option", &["--duration", "2 sec", "--timeout", "1 minute"]);
    assert_eq!(logs("short"), logs("option"));
    let memory = [
        "--isolate",
        "--memory",
        "1 gibibyte",
        "--duration=2 seconds",
    ];
    run_into("isolated", &memory);
    assert_eq!(logs("short"), logs("isolated"));
}

#[test]
fn an_unknown_unit_is_named_with_the_units_there_are() {
    let units = "`parsecs` is no unit";
    let known = "units: ns, us, ms, s, m, h, d";
    let lab = Lab::new();
    for (at, place) in [
        (0, "scenario.toml:2:12: "),
        (1, "scenario.toml:5:"),
        (2, "scenario.toml:12:11: "),
    ] {
        let mut texts = SHORT;
        texts[at] = "2 parsecs";
        lab.write("scenario.toml", &scenario(texts, "64KiB"));
        lab.runner(&["check", "scenario.toml"])
            .ends(2)
            .says(&[place, units, known]);
    }
    lab.write("scenario.toml", &scenario(SHORT, "64KiB"));
    for option in ["--duration", "--timeout"] {
        lab.runner(&["scenario.toml", option, "2 parsecs"])
            .ends(2)
            .says(&[option, units, known]);
    }
    lab.runner(&["send", "tcp://127.0.0.1:1", "x", "--timeout", "2 parsecs"])
        .ends(2)
        .says(&["--timeout", units, known]);
    lab.runner(&["scenario.toml", "--isolate", "--memory", "2 parsecs"])
        .ends(2)
        .says(&["--memory", units, "units: B, kB, MB"]);
    lab.write("scenario.toml", &scenario(SHORT, "2 parsecs"));
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:6:",
        units,
        "units: B, kB, MB",
    ]);
}

#[test]
fn send_waits_as_long_as_a_long_form_says() {
    let lab = Lab::new();
    // A port that accepts and never replies.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", silent.local_addr().unwrap());
    lab.runner(&[
        "send",
        &address,
        "x",
        "--framing",
        "line",
        "--timeout",
        "20 millis",
    ])
    .ends(3)
    .says(&["no reply within 20ms"]);
}
