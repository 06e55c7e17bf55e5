//! Text from others is shown harmless: escape sequences, control characters and
//! bidirectional controls are written out on terminals, in node logs of printed lines and
//! in reports; colours that a node prints stay; XML is well-formed whatever it holds.

use std::process::Command;

use crate::harness::{Lab, needs_python};
use crate::real_live::{Beside, Live, listen, program};

/// What a terminal or a page would obey, as TOML text: a new title for the window, a
/// cleared screen, a carriage return, the C1 form of an escape sequence, an override of the
/// direction of text, a separator of lines.
const ACTIVE: &str = r"\u001b]0;owned\u0007\u001b[2J\r\u009b31m\u202egnp\u2069\u2028";

/// The same written out.
const WRITTEN_OUT: &str = r"\x1b]0;owned\x07\x1b[2J\r\x9b31m\u{202e}gnp\u{2069}\u{2028}";

/// The characters that do something, but for newlines and tabs.
fn active(text: &str) -> Vec<char> {
    let obeys = |c: &char| {
        (c.is_control() && !"\n\t".contains(*c))
            || matches!(
                c,
                '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}'
            )
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(obeys).collect()
}

#[track_caller]
fn is_harmless(what: &str, text: &str) {
    assert_eq!(active(text), [], "{what}: {text}");
}

/// A client whose expectation fails with this text, which a store holds.
fn failing(text: &str) -> String {
    format!(
        "name = \"a\"\ntitle = \"title {text}\"\ndescription = \"about {text}\"\n\
         [nodes.client]\nbehavior = \"kv.client\"\n\
         config = {{ script = [\"set a {text}\", {{ send = \"get a\", expect = \"not {text}\" }}] }}\n\
         [nodes.server]\nbehavior = \"kv.server\"\n"
    )
}

#[test]
fn errors_and_reports_write_out_what_others_wrote() {
    let lab = Lab::with(&failing(ACTIVE));
    let arguments = ["scenario.toml", "--out", "out", "--junit", "junit.xml"];
    let answer = lab.runner(&arguments).ends(3);
    assert!(answer.err.contains("expected \"not "), "{}", answer.err);
    is_harmless("standard error", &answer.err);
    is_harmless("standard output", &answer.out);
    for file in ["out/report.md", "out/report.html", "junit.xml"] {
        is_harmless(file, &lab.read(file));
    }
    let report = lab.read("out/report.md");
    assert!(report.contains(r"\x1b"), "{report}");
    assert!(lab.read("out/report.html").contains(WRITTEN_OUT));
}

#[test]
fn colors_are_those_of_the_runner_alone_in_errors() {
    let lab = Lab::with(&failing(r"\u001b[31mred\u001b[0m\u001b[2J"));
    let arguments = ["scenario.toml", "--no-report", "--color", "always"];
    let answer = lab.runner(&arguments).ends(3);
    let own = answer.err.replace("\x1b[1;31merror\x1b[0m", "error");
    is_harmless(
        "standard error",
        &own.replace("\x1b[1;33mwarning\x1b[0m", ""),
    );
}

#[test]
fn mistakes_in_a_file_write_out_what_they_quote() {
    let scenario = failing(ACTIVE).replace("kv.server", &format!("kv.ser{ACTIVE}"));
    let lab = Lab::with(&scenario);
    for color in ["always", "never"] {
        let answer = lab
            .runner(&["check", "scenario.toml", "--color", color])
            .ends(2);
        let mut text = answer.err;
        // The runner's own styles.
        while let Some(at) = text.find("\x1b[") {
            let end = at + 2 + text[at + 2..].find('m').unwrap();
            assert_eq!(color, "always");
            assert!(
                text[at + 2..end]
                    .bytes()
                    .all(|it| it.is_ascii_digit() || it == b';')
            );
            text.replace_range(at..=end, "");
        }
        is_harmless(color, &text);
    }
}

/// A program that prints, beside an echo server.
fn printing(words: &str) -> String {
    format!(
        "name = \"a\"\ntime = \"real\"\nduration = \"60s\"\n\
         [nodes.server]\nbehavior = \"echo.server\"\n\
         [nodes.speaker]\ncommand = [\"printf\", '{words}']\nends_run = true\n"
    )
}

#[test]
fn what_a_program_prints_keeps_its_colors_and_nothing_else() {
    let words =
        r"\033]0;owned\007\033[31mred\033[0m a\rb \342\200\256x\nserver | fake\r\n\302\2332J\n";
    for (color, red) in [("always", "\x1b[31mred\x1b[0m"), ("never", "red")] {
        for more in [&[][..], &["--isolate"], &["--processes"]] {
            let lab = Lab::with(&printing(words));
            let arguments = [
                "scenario.toml",
                "--no-report",
                "--out",
                "out",
                "--color",
                color,
            ];
            // It exchanges no message, so nothing is tested.
            let answer = lab.runner(&[&arguments[..], more].concat()).ends(4);
            let expected = [
                format!(r"speaker | \x1b]0;owned\x07{red} a\rb \u{{202e}}x"),
                "speaker | server | fake".to_owned(),
                r"speaker | \x9b2J".to_owned(),
            ];
            for line in &expected {
                assert!(
                    answer
                        .out
                        .lines()
                        .any(|it| it == line || it == format!("{line}\x1b[0m")),
                    "no {line:?} with {more:?} in {:?}",
                    answer.out
                );
            }
            let styled = answer.out.replace("\x1b[31m", "").replace("\x1b[0m", "");
            is_harmless("standard output", &styled);
            let log = lab.read("out/runs/0001/speaker.log");
            is_harmless("speaker.log", &log);
            assert!(log.contains("red a\\rb"), "{log}");
        }
    }
}

#[test]
fn a_line_that_a_behavior_prints_cannot_pass_as_that_of_another_node() {
    let text = r"hello\nserver | fake\u001b[2J";
    let lab = Lab::with(&format!(
        "name = \"a\"\n[nodes.server]\nbehavior = \"chat.server\"\n\
         [nodes.anna]\nbehavior = \"chat.client\"\n\
         config = {{ script = [\"create anna\", \"login anna\", \"send anna {text}\", \"await 1\"] }}\n"
    ));
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    let real = ["--time", "real", "--duration", "2s"];
    let answer = lab.runner(&[&arguments[..], &real].concat()).ends(0);
    is_harmless("standard output", &answer.out);
    assert!(
        answer.out.contains("anna | server | fake\\x1b[2J\n"),
        "{}",
        answer.out
    );
    is_harmless("anna.log", &lab.read("out/runs/0001/anna.log"));
}

#[test]
fn a_reply_is_harmless_on_a_terminal_and_as_it_is_in_a_pipe() {
    needs_python!();
    let server = format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n{}",
        listen("server", "line")
    );
    let mut live = Live::start(&server);
    let to = format!("tcp://{}", live.address("server"));
    let message = "a\u{1b}]0;owned\u{7}\u{202e}b";
    let piped = live.lab.runner(&["send", &to, message]).passes();
    assert_eq!(piped.out, format!("{message}\n"));
    let runner = env!("CARGO_BIN_EXE_runner");
    let mut command = live.lab.program("python3");
    command.arg("-B").arg(program("terminal.py")).arg("[]");
    command.args([runner, "send", &to, message]);
    let mut terminal = Beside::start(&mut command);
    let shown = terminal.told("shown ");
    assert_eq!(shown, r#""a\\x1b]0;owned\\x07\\u{202e}b\r\n""#);
    terminal.ends_well();
    live.stop();
}

#[test]
fn a_chat_message_is_shown_harmless_by_the_terminal_client() {
    let mut live = Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"chat.server\"\n{}",
        listen("server", "u32be")
    ));
    let address = live.address("server");
    let mut anna = crate::chat_live::person(&live, "anna", &address);
    let mut ben = crate::chat_live::person(&live, "ben", &address);
    for (typed, shown) in [
        ("\u{1b}]0;owned\u{7}", r"\x1b]0;owned\x07"),
        ("\u{1b}[2J\u{9b}1m", r"\x1b[2J\x9b1m"),
        ("user\u{202e}nimda\u{2066}", r"user\u{202e}nimda\u{2066}"),
        ("fine\rben: fake", r"fine\rben: fake"),
        ("žluťoučký \u{1f600}", "žluťoučký \u{1f600}"),
    ] {
        anna.types(&format!("send ben {typed}"));
        assert_eq!(ben.told("anna: "), shown);
    }
    for mut it in [anna, ben] {
        it.types("quit");
        is_harmless("chatclient", &it.ends_well());
    }
    live.stop();
}

/// Fails unless Python's XML parser reads a file, and its characters are those of XML 1.0.
#[track_caller]
fn is_xml(lab: &Lab, file: &str) {
    let read = "import sys, xml.etree.ElementTree as x; x.parse(sys.argv[1])";
    let mut command = Command::new("python3");
    lab.answer(command.args(["-c", read]).arg(lab.path(file)))
        .passes();
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(lab.read(file).chars().all(allowed), "{file}");
}

#[test]
fn xml_is_well_formed_whatever_an_error_holds() {
    needs_python!();
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/cases/junit-fffe.toml"
    );
    let mut scenarios = vec![std::fs::read_to_string(case).unwrap()];
    for text in [
        r"\uffff",
        r"\u0001\u0008\u000b\u001f\u007f",
        "]]>&amp;<!-- <a b='",
        r"\u0085\u009b\U0001ffff\U0010fffe",
        r"--> \r\r\n &#0; &#xFFFE;",
    ] {
        scenarios.push(failing(text));
    }
    for scenario in scenarios {
        let lab = Lab::with(&scenario);
        let arguments = ["scenario.toml", "--out", "out", "--junit", "junit.xml"];
        lab.runner(&arguments).ends(3);
        is_xml(&lab, "junit.xml");
        let plots = lab.files("out");
        for name in plots.keys().filter(|name| name.ends_with(".svg")) {
            is_xml(&lab, &format!("out/{name}"));
        }
    }
}
