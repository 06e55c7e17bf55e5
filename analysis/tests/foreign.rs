//! Logs that other programs wrote come to the right numbers, without a change; and what
//! is wrong with logs is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder, and the `analysis` command in it.
struct Lab(tempfile::TempDir);

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Lab {
    fn new() -> Lab {
        Lab(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn analysis(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_analysis"));
        let output = command
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Guesses a format for files and reads them with it, into `out`.
    fn guessed(&self, files: &[&str]) -> Said {
        let guess: Vec<&str> = ["guess", "--out", "format.toml"]
            .iter()
            .chain(files)
            .copied()
            .collect();
        let said = self.analysis(&guess);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let read = ["--format", "format.toml", "--out", "out"];
        let read: Vec<&str> = read.iter().chain(files).copied().collect();
        self.analysis(&read)
    }

    /// A column of `summary.csv`, of all rows in their order.
    fn column(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path("out/summary.csv")).unwrap();
        let mut lines = text.lines();
        let place = lines.next().unwrap().split(',').position(|it| it == name);
        let place = place.unwrap_or_else(|| panic!("no {name}: {text}"));
        lines
            .map(|line| line.split(',').nth(place).unwrap().to_owned())
            .collect()
    }
}

/// The files of a fixture.
fn fixture(name: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/foreign-logs");
    let mut files: Vec<String> = fs::read_dir(folder.join(name))
        .unwrap()
        .map(|file| file.unwrap().path().display().to_string())
        .collect();
    files.sort();
    files
}

/// The table in the README of the logs.
fn expected(tells_broadcasts: bool) -> BTreeMap<&'static str, [&'static str; 3]> {
    BTreeMap::from([
        ("clock_final", ["143", "239", "240"]),
        ("clock_jump_mean", ["3.589744", "2", "1"]),
        ("clock_jump_max", ["13", "14", "1"]),
        ("queue_max", ["23", "2", "0"]),
        ("received", ["40", "44", "12"]),
        (
            "sent",
            match tells_broadcasts {
                true => ["0", "27", "92"],
                false => ["0", "21", "67"],
            },
        ),
    ])
}

#[test]
fn six_logs_of_one_run_come_to_the_same_numbers_by_a_guess() {
    for (name, tells_broadcasts) in [
        ("sentence", true),
        ("pipes", true),
        ("columns", true),
        ("flags", false),
        ("jsonl", true),
        ("tabs", false),
    ] {
        let lab = Lab::new();
        let files = fixture(name);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let said = lab.guessed(&files);
        assert_eq!(said.code, Some(0), "{name}: {}", said.err);
        for (metric, values) in expected(tells_broadcasts) {
            assert_eq!(lab.column(metric), values, "{name}: {metric}");
        }
        let report = fs::read_to_string(lab.path("out/report.md")).unwrap();
        let note = "do not tell a broadcast from a single message";
        assert_eq!(report.contains(note), !tells_broadcasts, "{name}");
        assert_eq!(
            said.err.contains("More messages were handled than sent"),
            !tells_broadcasts,
            "{name}"
        );
    }
}

#[test]
fn clocks_that_came_with_messages_find_the_messages() {
    for name in ["sentence", "jsonl"] {
        let lab = Lab::new();
        let files = fixture(name);
        lab.guessed(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let verdicts = fs::read_to_string(lab.path("out/verdicts.csv")).unwrap();
        assert!(
            verdicts.contains(
                "1,default,check,clock.lamport,passed,\"400 steps, 96 of 96 receptions\","
            ),
            "{verdicts}"
        );
        assert!(lab.path("out/plots/space-time.svg").exists());
        // 92 of 96 are of one sender alone.
        let manifest = fs::read_to_string(lab.path("out/manifest.json")).unwrap();
        assert!(manifest.contains("\"linked\": 92"), "{manifest}");
    }
}

/// Rows of a small run of two machines in any writing: (ms, event, clock, queue).
const SMALL: [(u64, &str, u64, u64); 6] = [
    (0, "internal", 1, 0),
    (500, "send", 2, 0),
    (1000, "receive", 7, 2),
    (1500, "receive", 8, 1),
    (2000, "send", 9, 1),
    (2500, "internal", 10, 0),
];

/// The numbers of [`SMALL`].
fn assert_small(lab: &Lab, name: &str) {
    assert_eq!(lab.column("clock_final"), ["10"], "{name}");
    assert_eq!(lab.column("clock_jump_max"), ["5"], "{name}");
    assert_eq!(lab.column("queue_max"), ["2"], "{name}");
    assert_eq!(lab.column("received"), ["2"], "{name}");
    assert_eq!(lab.column("sent"), ["2"], "{name}");
    let runs = fs::read_to_string(lab.path("out/runs.csv")).unwrap();
    assert!(runs.contains(",2.5,"), "{name}: {runs}");
}

/// A time of day of [`SMALL`].
fn clock_time(ms: u64) -> String {
    format!("14:05:{:02}.{:03}", 6 + ms / 1000, ms % 1000)
}

#[test]
fn loggers_of_many_languages_are_guessed() {
    let line = |write: &dyn Fn(u64, &str, u64, u64) -> String| -> String {
        SMALL
            .iter()
            .map(|&(ms, event, clock, queue)| write(ms, event, clock, queue) + "\n")
            .collect()
    };
    let verb = |event: &str| match event {
        "send" => "Sent message to 2",
        "receive" => "Received message from 2",
        _ => "Internal event",
    };
    let logs = [
        (
            "python logging",
            line(&|ms, event, clock, queue| {
                format!(
                    "2026-03-02 {},{:03} INFO vm1: {} | logical clock = {clock} | queue length = {queue}",
                    &clock_time(ms)[..8],
                    ms % 1000,
                    verb(event)
                )
            }),
        ),
        (
            "log4j",
            line(&|ms, event, clock, queue| {
                format!(
                    "2026-03-02 {} [main] INFO  org.lab.Machine:57 - {}; logical clock: {clock}, queue: {queue}",
                    clock_time(ms),
                    verb(event)
                )
            }),
        ),
        (
            "glog",
            line(&|ms, event, clock, queue| {
                format!(
                    "I0302 {}000 12345 machine.cc:{}] {}, clock {clock}, queue size {queue}",
                    clock_time(ms),
                    10 + clock,
                    verb(event)
                )
            }),
        ),
        (
            "Go log",
            line(&|ms, event, clock, queue| {
                format!(
                    "2026/03/02 {}000 {} clock={clock} queue={queue}",
                    clock_time(ms),
                    verb(event)
                )
            }),
        ),
        (
            "logfmt",
            line(&|ms, event, clock, queue| {
                format!(
                    "ts=2026-03-02T{}Z event={event} clock={clock} queue={queue}",
                    clock_time(ms)
                )
            }),
        ),
        ("JSON array", {
            let rows = SMALL.map(|(ms, event, clock, queue)| {
                format!("  {{\n    \"timestamp\": {},\n    \"type\": \"{event}\",\n    \"data\": {{ \"logicalClock\": {clock}, \"queueLength\": {queue} }}\n  }}", 1_772_460_306_000 + ms)
            });
            format!("[\n{}\n]\n", rows.join(",\n"))
        }),
        ("JSON in one line", {
            let rows = SMALL.map(|(ms, event, clock, queue)| format!("{{\"t\": {}.{:03}, \"event\": \"{event}\", \"lc\": {clock}, \"queue\": {queue}}}", ms / 1000, ms % 1000));
            format!("[{}]", rows.join(", "))
        }),
        (
            "semicolons and decimal commas",
            String::from("Zeit;time;event;clock;queue\n")
                + &line(&|ms, event, clock, queue| {
                    format!("x;{},{:03};{event};{clock};{queue}", ms / 1000, ms % 1000)
                }),
        ),
        (
            "12 hours",
            String::from("Time,Event,Logical Clock,Queue Size\n")
                + &line(&|ms, event, clock, queue| {
                    format!(
                        "02:05:{:02}.{:03} PM,{event},{clock},{queue}",
                        6 + ms / 1000,
                        ms % 1000
                    )
                }),
        ),
        (
            "milliseconds since the start",
            String::from("t_ms,op,lamport,backlog\n")
                + &line(&|ms, event, clock, queue| {
                    format!("{ms},{},{clock},{queue}", event.to_uppercase())
                }),
        ),
        (
            "date and time of day",
            String::from("date,time,event,clock,queue\n")
                + &line(&|ms, event, clock, queue| {
                    format!("2026-03-02,{},{event},{clock},{queue}", clock_time(ms))
                }),
        ),
        (
            "labels",
            line(&|ms, event, clock, queue| {
                format!(
                    "Time: {} | Event: {event} | Logical Clock: {clock} | Queue Length: {queue}",
                    clock_time(ms)
                )
            }),
        ),
        (
            "blanks",
            line(&|ms, event, clock, queue| {
                format!("{}.{:03}  {event}   {clock} {queue}", ms / 1000, ms % 1000)
            }),
        ),
        (
            "message column",
            String::from("timestamp,message,clock,queue\n")
                + &line(&|ms, event, clock, queue| {
                    format!(
                        "2026-03-02T{}+01:00,\"{}, at last\",{clock},{queue}",
                        clock_time(ms),
                        verb(event)
                    )
                }),
        ),
        (
            "syslog",
            line(&|ms, event, clock, queue| {
                format!(
                    "Mar  2 {} host machine[77]: {} (clock {clock}, queue {queue})",
                    clock_time(ms),
                    verb(event)
                )
            }),
        ),
        (
            "verb before the time",
            String::from("Machine 1 initialised with clock rate 3\n")
                + &line(&|ms, event, clock, queue| {
                    format!(
                        "{} at system time {}.{:03}; logical clock time {clock}; queue length {queue}",
                        verb(event),
                        1_772_460_306 + ms / 1000,
                        ms % 1000
                    )
                }),
        ),
        (
            "brackets",
            line(&|ms, event, clock, queue| {
                let event = event.to_uppercase();
                format!(
                    "[{event}] System Time: {}, Logical Clock: {clock}, Queue: {queue}",
                    clock_time(ms)
                )
            }),
        ),
        (
            "labels and a sentence",
            line(&|ms, event, clock, queue| {
                format!(
                    "2026-03-02 {} | {} | Logical clock: {clock} | Queue length: {queue}",
                    clock_time(ms),
                    verb(event)
                )
            }),
        ),
        (
            "tuples of Python",
            line(&|ms, event, clock, queue| {
                format!(
                    "('{event}', {}.{:03}, {clock}, {queue})",
                    1_772_460_306 + ms / 1000,
                    ms % 1000
                )
            }),
        ),
        (
            "dictionaries of Python",
            line(&|ms, event, clock, queue| {
                format!(
                    "{{'time': {}.{:03}, 'event': '{event}', 'clock': {clock}, 'queue': {queue}}}",
                    ms / 1000,
                    ms % 1000
                )
            }),
        ),
        (
            "attributes",
            line(&|ms, event, clock, queue| {
                format!(
                    "<event time=\"{}.{:03}\" type=\"{event}\" clock=\"{clock}\" q=\"{queue}\"/>",
                    ms / 1000,
                    ms % 1000
                )
            }),
        ),
    ];
    for (name, text) in logs {
        let lab = Lab::new();
        lab.write("m1.log", &text);
        let said = lab.guessed(&["m1.log"]);
        let format = fs::read_to_string(lab.path("format.toml")).unwrap();
        assert_eq!(said.code, Some(0), "{name}: {}\n{format}\n{text}", said.err);
        assert!(!said.err.contains("not understood"), "{name}: {}", said.err);
        let all = format!("{name}\n{format}\n{text}");
        assert_small(&lab, &all);
    }
}

#[test]
fn folders_are_runs_and_a_column_names_the_nodes() {
    let lab = Lab::new();
    let rows = |first: &str, second: &str| {
        format!(
            "time,node,event,clock\n0.5,{first},send,1\n1.0,{second},receive,2\n1.5,{first},send,2\n"
        )
    };
    lab.write("logs/run1/all.csv", rows("A", "B"));
    lab.write("logs/run2/all.csv", rows("B", "A"));
    let said = lab.guessed(&["logs"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(lab.column("run"), ["1", "1", "2", "2"]);
    assert_eq!(lab.column("node"), ["A", "B", "A", "B"]);
    assert_eq!(lab.column("sent"), ["2", "0", "0", "2"]);
    let report = fs::read_to_string(lab.path("out/report.md")).unwrap();
    assert!(report.contains("| 2 | logs/run2 |"), "{report}");
    // Results that lie in the folder are no logs.
    for _ in 0..2 {
        let said = lab.analysis(&["--format", "format.toml", "--out", "logs", "logs"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let runs = fs::read_to_string(lab.path("logs/runs.csv")).unwrap();
        assert_eq!(runs.lines().count(), 3, "{runs}");
    }
}

#[test]
fn a_time_of_day_goes_on_after_midnight() {
    let lab = Lab::new();
    lab.write(
        "m1.csv",
        "time,event\n11:59:59.5 PM,send\n12:00:00.5 AM,receive\n12:00:01 AM,send\n",
    );
    let said = lab.guessed(&["m1.csv"]);
    assert!(!said.err.contains("Time goes back"), "{}", said.err);
    let log = fs::read_to_string(lab.path("out/runs/0001/m1.csv")).unwrap();
    let times: Vec<&str> = log
        .lines()
        .skip(1)
        .map(|it| it.split(',').next().unwrap())
        .collect();
    assert_eq!(times, ["0", "1000000000", "1500000000"]);
}

#[test]
fn a_mapping_still_reads_csv_and_words_can_be_given() {
    let lab = Lab::new();
    lab.write(
        "alpha.csv",
        "ms,kind,backlog,lamport\n0,internal,0,1\n500,GOT,2,7\n600,BOTH,1,8\n",
    );
    let mapping = "time=ms:ms,event=kind,queue=backlog,clock=lamport";
    let said = lab.analysis(&[
        "--map",
        mapping,
        "--event",
        "BOTH=send*2",
        "--event",
        "got = receive",
        "--out",
        "out",
        "alpha.csv",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(lab.column("sent"), ["2"]);
    assert_eq!(lab.column("received"), ["1"]);
    assert_eq!(lab.column("queue_max"), ["2"]);
    let said = lab.analysis(&["--map", "time=stamp", "alpha.csv"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("`stamp`") && said.err.contains("alpha.csv"),
        "{}",
        said.err
    );
    let said = lab.analysis(&["--map", "event=kind", "alpha.csv"]);
    assert!(said.err.contains("`time` is not mapped"), "{}", said.err);
}

#[test]
fn what_cannot_be_is_said_before_the_numbers() {
    let lab = Lab::new();
    lab.write(
        "m1.csv",
        "time,event,clock,queue,clock\n\
         1.0,send,5,0,0\n\
         0.5,receive,4,0,0\n\
         oops\n\
         2.0,receive,x,0,0\n\
         2.5,receive,6,0,0\n\
         3.0,receive,7,0,0\n",
    );
    lab.write(
        "deep/m1.csv",
        "time,event,clock,queue,clock\n1.0,send,5,0,0\n2,send,6,0,0\n",
    );
    let format = "lines = 'table'\n[time]\ncolumn = 'time'\nform = 's'\n[run]\n[read]\nevent = 'event'\nclock = 'clock'\nqueue = 'queue'\n";
    lab.write("format.toml", format);
    let said = lab.analysis(&["--format", "format.toml", "--out", "out", "m1.csv"]);
    for part in [
        "m1.csv: 2 of 7 lines not understood and left out. line 4 (1 cells, expected 5): `oops`; line 5 (`clock`: found `x`, expected a whole number): `2.0,receive,x,0,0`.",
        "Time goes back in 1 row: first at m1.csv:3, by 0.5 s.",
        "A clock falls in 1 row: first at m1.csv:3, from 5 to 4.",
        "More messages were handled than sent: 3 and 1. A log is missing",
        "m1.csv: the header has two columns `clock`; the first is read.",
    ] {
        assert!(said.err.contains(part), "{part}\n{}", said.err);
    }
    // A clock that falls breaks the rule of Lamport clocks.
    assert_eq!(said.code, Some(1));
    assert!(
        said.out
            .contains("a clock does not rise from step to step: 5, then 4"),
        "{}",
        said.out
    );
    let report = fs::read_to_string(lab.path("out/report.md")).unwrap();
    assert!(report.contains("2 lines not understood"), "{report}");
    let wrong_unit = format.replace("form = 's'", "form = 'ns'");
    lab.write("ns.toml", wrong_unit);
    lab.write(
        "n.csv",
        "time,event,clock,queue\n1,send,1,0\n2,send,2,0\n3,send,3,0\n",
    );
    let said = lab.analysis(&["--format", "ns.toml", "--out", "ns", "n.csv"]);
    assert!(
        said.err
            .contains("steps a second in run 1: is \"ns\" the right unit of time?"),
        "{}",
        said.err
    );
    assert!(said.err.contains("No row is a reception"), "{}", said.err);
}

#[test]
fn files_of_one_name_at_one_time_are_two_nodes_and_it_is_said() {
    let lab = Lab::new();
    lab.write("m1.csv", "time,event\n1,send\n9,send\n");
    lab.write("m1.log", "time,event\n2,receive\n3,receive\n");
    let map = "time=time:s,event=event";
    let said = lab.analysis(&["--map", map, "--out", "out", "m1.csv", "m1.log"]);
    assert_eq!(lab.column("node"), ["m1", "m1-2"]);
    assert!(said.err.contains("overlap in time"), "{}", said.err);
    // One after the other: the second continues the first.
    lab.write("m1.log", "time,event\n10,receive\n11,receive\n");
    let said = lab.analysis(&["--map", map, "--out", "out", "m1.csv", "m1.log"]);
    assert_eq!(lab.column("node"), ["m1"]);
    assert!(said.err.contains("one after the other"), "{}", said.err);
}

#[test]
fn properties_are_judged_as_far_as_the_columns_allow() {
    let lab = Lab::new();
    lab.write(
        "m1.csv",
        "time,event,clock\n1,send,1\n2,send,2\n3,receive,9\n",
    );
    lab.write(
        "properties.toml",
        "[[property]]\nname = 'rises'\nalways = 'clock > last(clock)'\n\
         [[property]]\nname = 'small'\nalways = 'clock < 5'\n\
         [[property]]\nname = 'leader'\nnever = \"role == 'leader'\"\n\
         [[property]]\nname = 'receives'\nsometimes = \"event == 'receive'\"\n\
         [[check]]\ncheck = 'clock.lamport'\n",
    );
    let map = [
        "--map",
        "time=time:s,event=event,clock=clock",
        "--properties",
        "properties.toml",
        "--out",
        "out",
        "m1.csv",
    ];
    let said = lab.analysis(&map);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let verdicts = fs::read_to_string(lab.path("out/verdicts.csv")).unwrap();
    for part in [
        "1,default,property,rises,passed,",
        "1,default,property,small,failed,",
        "1,default,property,leader,unknown,",
        "1,default,happened,receives,passed,",
        ",default,property,receives,passed,",
        "1,default,check,clock.lamport,unknown,",
    ] {
        assert!(verdicts.contains(part), "{part}\n{verdicts}");
    }
    let evidence = fs::read_to_string(lab.path("out/evidence.csv")).unwrap();
    assert!(evidence.contains("small,m1,3,"), "{evidence}");
    lab.write("properties.toml", "[[check]]\ncheck = 'clock.lamport'\n");
    assert_eq!(lab.analysis(&map).code, Some(4));
}

#[test]
fn a_format_file_with_mistakes_is_refused_with_all_of_them() {
    let lab = Lab::new();
    lab.write("m1.csv", "time,event\n1,send\n");
    lab.write(
        "format.toml",
        "lines = 'table'\nseperator = ','\n[time]\ncolumn = 'time'\nform = '%Q'\n[node]\nfile = '('\n[events]\nx = 'send*0'\n\
         [[property]]\nname = 'p'\nalways = 'clock >'\n",
    );
    let said = lab.analysis(&["--format", "format.toml", "m1.csv"]);
    assert_eq!(said.code, Some(2));
    for part in [
        "format.toml:2:1: unknown key `seperator` in the file (did you mean `separator`?)",
        "format.toml:5:8: `form`: `%Q`, expected one of",
        "format.toml:7:8: no regular expression: unclosed group",
        "format.toml:9:5: `0` times, expected 1 to 10000",
        "format.toml:12:",
    ] {
        assert!(said.err.contains(part), "{part}\n{}", said.err);
    }
    assert!(!lab.path("manifest.json").exists());
}

#[test]
fn results_of_others_are_never_overwritten_and_own_ones_are_replaced() {
    let lab = Lab::new();
    lab.write("m1.csv", "time,event\n1,send\n2,receive\n");
    lab.write("out/runs/precious.txt", "mine");
    let arguments = ["--map", "time=time:s,event=event", "--out", "out", "m1.csv"];
    let said = lab.analysis(&arguments);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("out/runs: it is not made of logs"),
        "{}",
        said.err
    );
    assert_eq!(
        fs::read_to_string(lab.path("out/runs/precious.txt")).unwrap(),
        "mine"
    );
    fs::remove_dir_all(lab.path("out")).unwrap();
    assert_eq!(lab.analysis(&arguments).code, Some(0));
    let first = fs::read(lab.path("out/report.html")).unwrap();
    // With another mapping: the report of the same logs is built again.
    lab.analysis(&[
        "--map",
        "time=time:ms,event=event",
        "--out",
        "out",
        "m1.csv",
    ]);
    assert_ne!(fs::read(lab.path("out/report.html")).unwrap(), first);
    lab.analysis(&arguments);
    assert_eq!(fs::read(lab.path("out/report.html")).unwrap(), first);
    // They are results like others: the report is built again from them.
    fs::remove_file(lab.path("out/report.html")).unwrap();
    assert_eq!(lab.analysis(&["out"]).code, Some(0));
    assert_eq!(fs::read(lab.path("out/report.html")).unwrap(), first);
}

#[test]
fn a_guess_hides_no_line_and_no_character() {
    let lab = Lab::new();
    let rows = "time,event,clock\n-1.5,send,1\n2.5,receive,5\n";
    // A damaged row is no heading; a title and a comment are.
    lab.write(
        "m1.csv",
        format!("machine 1\n{rows}# half\n3.5,\"send,6\n4.5,\x1b[31mred\x1b[0m,7\n")
            + &(5..13)
                .map(|it| format!("{it}.5,internal,{}\n", it + 3))
                .collect::<String>(),
    );
    let said = lab.guessed(&["m1.csv"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.contains("m1.csv: 1 of 15 lines not understood"),
        "{}",
        said.err
    );
    assert!(!said.err.contains('\x1b'), "{}", said.err);
    assert_eq!(lab.column("clock_final"), ["15"]);
    let runs = fs::read_to_string(lab.path("out/runs.csv")).unwrap();
    assert!(runs.contains(",14,14.000000,11,"), "{runs}");
    // In sentences, too: a line without a time below the first row is said.
    lab.write(
        "m2.log",
        "log of machine 2\n\x1b[32m14:05:06\x1b[0m sent it, clock 1\noops\n\x1b[32m14:05:07\x1b[0m received it, clock 5\n",
    );
    fs::remove_file(lab.path("format.toml")).unwrap();
    let said = lab.guessed(&["m2.log"]);
    assert!(
        said.err
            .contains("m2.log: 1 of 4 lines not understood and left out. line 3"),
        "{}",
        said.err
    );
    assert_eq!(lab.column("clock_final"), ["5"]);
    for text in ["hello\n", "<html>404</html>\n"] {
        lab.write("m3.log", text);
        let said = lab.analysis(&["guess", "m3.log"]);
        assert_eq!(said.code, Some(2));
        assert!(
            said.err.contains("no time is found in the lines"),
            "{}",
            said.err
        );
    }
}

#[test]
fn odd_files_are_read_or_refused_with_a_way_out() {
    let lab = Lab::new();
    let rows = "time,event,clock\n1.5,send,1\n2.5,receive,5\n";
    let wide: Vec<u8> = format!("\u{feff}{rows}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, bytes) in [
        ("plain", rows.as_bytes().to_vec()),
        ("mark", format!("\u{feff}{rows}").into_bytes()),
        ("UTF-16", wide),
        ("CRLF", rows.replace('\n', "\r\n").into_bytes()),
        ("CR", rows.replace('\n', "\r").into_bytes()),
        ("no end", rows.trim_end().as_bytes().to_vec()),
        ("zeros", [rows.as_bytes(), &[0; 512]].concat()),
        (
            "header again",
            format!("{rows}time,event,clock\n").into_bytes(),
        ),
        ("title", format!("log of machine 1\n\n{rows}").into_bytes()),
    ] {
        lab.write("m1.csv", &bytes);
        let said = lab.analysis(&[
            "--map",
            "time=time:s,event=event,clock=clock",
            "--out",
            "out",
            "m1.csv",
        ]);
        assert_eq!(said.code, Some(0), "{name}: {}", said.err);
        assert_eq!(lab.column("clock_final"), ["5"], "{name}");
        assert!(!said.err.contains("not understood"), "{name}: {}", said.err);
    }
    for (name, bytes, said) in [
        ("empty", Vec::new(), "m1.csv: the file is empty"),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0".to_vec(),
            "compressed by gzip: unpack it first",
        ),
        (
            "header alone",
            b"time,event,clock\n".to_vec(),
            "m1.csv: all lines are ignored",
        ),
        (
            "other header",
            b"a,b\n1,2\n".to_vec(),
            "names the column `time`",
        ),
    ] {
        lab.write("m1.csv", &bytes);
        let got = lab.analysis(&[
            "--map",
            "time=time:s,event=event,clock=clock",
            "--out",
            "none",
            "m1.csv",
        ]);
        assert_eq!(got.code, Some(2), "{name}");
        assert!(got.err.contains(said), "{name}: {}", got.err);
        if name != "other header" {
            assert_eq!(lab.analysis(&["guess", "m1.csv"]).code, Some(2), "{name}");
        }
        assert!(!lab.path("none/manifest.json").exists(), "{name}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn no_damage_to_a_log_makes_a_panic_or_loses_rows_in_silence(
        name in proptest::sample::select(vec!["sentence", "pipes", "columns", "flags", "jsonl", "tabs"]),
        at in 0.0..1.0_f64,
        cut in 0..60_usize,
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20),
    ) {
        use analysis::foreign::{Format, guess, import};
        let lab = Lab::new();
        let path = lab.path("m1.log");
        let mut text = fs::read(&fixture(name)[0]).unwrap();
        let start = (at * text.len() as f64) as usize;
        let end = (start + cut).min(text.len());
        text.splice(start..end, bytes);
        fs::write(&path, &text).unwrap();
        let paths = [path];
        let whole = fs::read(&fixture(name)[0]).unwrap();
        fs::write(lab.path("whole.log"), whole).unwrap();
        // The guess from the damaged log, and the format of the whole one.
        let _ = guess(&paths);
        let guessed = guess(&[lab.path("whole.log")]).unwrap();
        let format = Format::parse("format.toml", &guessed.text, &[], None).unwrap();
        let out = lab.path("out");
        if import(&paths, &format, &[], &out).is_ok() {
            let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
            let imported = analysis::results::Manifest::from_json(&manifest).unwrap().imported.unwrap();
            let lines = match text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
                true => return Ok(()),
                false => text.split(|it| *it == b'\n').filter(|line| {
                    let line = String::from_utf8_lossy(line);
                    !line.trim_matches(|it: char| it == '\0' || it == '\r').trim().is_empty()
                }).count() as u64,
            };
            // A JSON object that was cut may end on a later line.
            let counted = imported.rows + imported.ignored + imported.not_understood;
            if name != "jsonl" {
                proptest::prop_assert_eq!(counted, lines);
            } else {
                proptest::prop_assert!(imported.rows >= 30, "{}", imported.rows);
            }
        }
    }
}
