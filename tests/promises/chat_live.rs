//! The chat server in real time with external clients: a Python client written from PROTOCOL.md,
//! and the terminal client.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::real_live::{Beside, Live, listen, python};

/// A scenario of a chat server that listens, with `more` keys of the server.
fn listening(more: &str) -> String {
    format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"chat.server\"\n{more}\n{}\
         max_message = \"8KiB\"\n",
        listen("server", "u32be")
    )
}

#[test]
fn a_python_client_written_from_the_specification_works() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "everything"]);
    assert_eq!(client.ends_well(), "everything as specified\n");
    live.stop();
}

#[test]
fn the_rules_of_the_service_hold_over_the_wire_protocol() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "rules"]);
    assert_eq!(client.ends_well(), "every rule is kept\n");
    live.stop();
}

#[test]
fn bad_frames_have_error_replies_and_do_not_affect_others() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening("config = { max_waiting = 3 }"));
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "bad-input"]);
    assert_eq!(client.ends_well(), "still served\n");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    let refused = log.only("event", "refused");
    let codes: BTreeSet<&str> = refused.texts("code").into_iter().collect();
    let has = |code: u8| codes.contains(&*code.to_string());
    for code in (1..=10).chain([12, 13]) {
        assert!(has(code), "no error {code} in {codes:?}");
    }
}

#[test]
fn datagrams_may_be_lost_and_duplicated() {
    crate::harness::needs_python!();
    let scenario = "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"chat.server\"\n\
         [[nodes.server.listen]]\nudp = \"127.0.0.1:0\"\n";
    let mut live = Live::start(scenario);
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "datagrams"]);
    assert_eq!(client.ends_well(), "once\n");
    live.stop();
}

/// The terminal client's executable, built if necessary.
fn chatclient() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let runner = PathBuf::from(env!("CARGO_BIN_EXE_runner"));
        let folder = runner.parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let answer = Command::new(cargo)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["build", "--quiet", "--offline", "-p", "chatclient"])
            .args(["--profile", profile])
            .env("CARGO_TARGET_DIR", folder.parent().unwrap())
            .status();
        assert!(answer.unwrap().success());
        folder.join("chatclient")
    });
    built.clone()
}

/// A user with the terminal client.
pub fn person(live: &Live, name: &str, address: &str) -> Beside {
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let mut person = Beside::start(command.args([name, "--address", address]));
    person.told("logged in");
    person
}

#[test]
fn two_users_chat_with_terminal_clients() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut anna = person(&live, "anna", &address);
    let mut ben = person(&live, "ben", &address);
    anna.types("list");
    assert_eq!(anna.told("anna"), " ben");
    anna.types("send ben how are you?");
    anna.told("delivered");
    assert_eq!(ben.told("anna: "), "how are you?");
    ben.types("sing");
    assert!(
        ben.told("error: ")
            .ends_with("send, receive, delete, help or quit")
    );
    ben.types("logout");
    ben.told("logged out");
    anna.types("send ben gone?");
    anna.told("queued");
    anna.types("send nobody hi");
    assert_eq!(anna.told("error: "), "`nobody`: no account has this name");
    ben.types("login ben");
    ben.told("logged in, 1 message waiting");
    assert_eq!(ben.told("anna: "), "gone?");
    // A login as Ben at another terminal.
    let mut other = person(&live, "ben", &address);
    ben.told("logged in elsewhere");
    other.types("delete");
    other.told("deleted");
    for mut it in [anna, ben, other] {
        it.types("quit");
        it.ends_well();
    }
    live.stop();
}

#[test]
fn all_commands_are_finished_after_the_end_of_the_input() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let input = live.lab.write(
        "input",
        "create anna\nlogin anna\nsend anna hi\n\nlist x*\nlogout\ndelete\n",
    );
    let input = std::fs::File::open(input).unwrap();
    let command = command.args(["--address", &address]).stdin(input);
    let answer = live.lab.answer(command).passes();
    let lines: Vec<&str> = answer.out.lines().collect();
    let expected = [
        "created",
        "logged in",
        "delivered",
        "anna: hi",
        "no names",
        "logged out",
        "error: not logged in",
    ];
    assert_eq!(lines, expected);
    live.stop();
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let alone = live.lab.answer(command.args(["--address", &address]));
    alone.ends(1).says(&[
        "error: no chat server at",
        "runner scenarios/chat-listen.toml",
    ]);
}

#[test]
fn the_terminal_client_connects_again_by_itself() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut anna = person(&live, "anna", &address);
    // Another server at the same address: it has no accounts.
    live.stop();
    anna.told("connection lost");
    let at = listening("").replace("127.0.0.1:0", &address);
    let mut live = Live::start(&at);
    anna.told("connected again");
    anna.told("logged out: no account has this name");
    anna.types("create anna");
    anna.told("created");
    anna.types("quit");
    anna.ends_well();
    live.stop();
}

/// Runs the terminal client on a pseudo-terminal; `script` is that of `terminal.py`. Returns the
/// exit code and what was shown.
fn on_a_terminal(address: &str, more: &[&str], script: &str) -> (i32, String) {
    let client = chatclient();
    let words = ["terminal.py", script, client.to_str().unwrap()];
    let words = [&words[..], &["--address", address], more].concat();
    let out = python(&words).ends_well();
    let after = |start: &str| {
        let line = out.lines().find_map(|it| it.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start}in {out}"))
    };
    assert_eq!(after("before "), after("after "));
    let shown = serde_json::from_str(after("shown ")).unwrap();
    (after("code ").parse().unwrap(), shown)
}

#[test]
fn a_person_types_on_a_terminal() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let script = r#"[["see", "logged in\r\n"], ["type", "sing\r"], ["see", "help or quit\r\n"],
        ["type", "help\r"], ["see", "create NAME"], ["see", "quit             quit"],
        ["type", "send anna\r"], ["see", "error: no text for `anna`"],
        ["type", "send anna   \r"], ["see", "error: no text for `anna`"],
        ["type", "send anna h\u00e9llo\r"], ["see", "anna: h\u00e9llo\r\n"],
        ["type", "list a*\r"], ["see", "list a*\r\nanna\r\n"],
        ["type", "quit\rcreate late\rlist\r"]]"#;
    let (code, shown) = on_a_terminal(&address, &["anna"], script);
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("created\r\ncreated"), "{shown}");
    // Nothing after `quit` was done, and the end of the input (Ctrl-D) is as good as `quit`.
    let script = r#"[["type", "list\r"], ["see", "anna\r\n"], ["type", "\u0004"]]"#;
    let (code, shown) = on_a_terminal(&address, &[], script);
    assert_eq!((code, shown.contains("late")), (0, false), "{shown}");
    // Ctrl-C ends it at once.
    let script = r#"[["see", "logged in\r\n"], ["type", "\u0003"]]"#;
    assert_eq!(on_a_terminal(&address, &["ben"], script).0, -2);
    live.stop();
}

#[test]
fn a_command_after_quit_is_not_executed() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let answers = |input: &str, more: &[&str]| {
        let input = live.lab.write("input", input);
        let input = std::fs::File::open(input).unwrap();
        let mut command = live.lab.program(chatclient().to_str().unwrap());
        let command = command
            .args(["--address", &address])
            .args(more)
            .stdin(input);
        let answer = live.lab.answer(command).passes();
        answer.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let input = "create anna\nlist\n  quit  \ncreate ben\nlogin anna\nhelp\n";
    assert_eq!(answers(input, &[]), ["created", "anna"]);
    assert_eq!(answers("list\n", &[]), ["anna"]);
    // An empty message is sent only if the user says so.
    // The client refuses it by itself, before or after the answer to the login arrives.
    let mut empty = answers("send anna\n", &["anna"]);
    empty.sort();
    let refused = "error: no text for `anna`, expected `send anna TEXT` (empty messages need the \
                   option --allow-empty)";
    assert_eq!(empty, [refused, "logged in"], "sorted");
    let allowed = answers("send anna\n", &["anna", "--allow-empty"]);
    assert_eq!(allowed, ["logged in", "delivered", "anna: "]);
    live.stop();
}

#[test]
fn a_message_that_was_shown_is_not_shown_at_the_next_login() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    for round in 0..20 {
        let mut command = live.lab.program(chatclient().to_str().unwrap());
        let mut anna = Beside::start(command.args(["anna", "--address", &address]));
        anna.types(&format!("send anna {round}"));
        assert_eq!(anna.told("anna: "), round.to_string());
        anna.types("quit");
        let out = anna.ends_well();
        // Nothing waits, so the login does not say that anything does.
        assert!(
            !out.contains("waiting") && out.contains("logged in\n"),
            "{out}"
        );
    }
    live.stop();
}
