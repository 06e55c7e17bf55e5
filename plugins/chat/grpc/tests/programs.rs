//! The programs: the server `chat-grpc` and its end, and `chatclient --grpc` for a person.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// The bound of every wait; far longer than any takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program at work; its output is read line by line.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Program {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Program {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    /// The next line.
    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("open"), "{line}").unwrap();
    }

    /// Sends a signal, by its name.
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Closes standard input and waits for the end. Returns the exit code and the other lines.
    #[track_caller]
    fn end(&mut self) -> (Option<i32>, Vec<String>) {
        self.input = None;
        let mut rest = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            rest.push(line);
        }
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server, and its address.
fn server() -> (Program, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-grpc"));
    let server = Program::start(command.args(["--address", "127.0.0.1:0"]));
    let line = server.line();
    let address = line.strip_prefix("listens on ").expect(&line).to_owned();
    (server, address)
}

/// The terminal client's executable, beside the server's; built if necessary.
fn chatclient() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_chat-grpc")).parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--offline", "-p", "chatclient"])
            .args(["--profile", profile])
            .env("CARGO_TARGET_DIR", folder.parent().unwrap())
            .status();
        assert!(built.unwrap().success());
        folder.join("chatclient")
    })
}

/// A person with the terminal client, logged in.
fn person(name: &str, address: &str) -> Program {
    let mut command = Command::new(chatclient());
    let person = Program::start(command.args(["--grpc", name, "--address", address]));
    while person.line() != "logged in" {}
    person
}

#[test]
fn two_people_chat_over_grpc() {
    let (_server, address) = server();
    let mut anna = person("anna", &address);
    let mut ben = person("ben", &address);
    anna.types("send ben how are you?");
    assert_eq!(anna.line(), "delivered");
    assert_eq!(ben.line(), "anna: how are you?");
    ben.types("logout");
    assert_eq!(ben.line(), "logged out");
    anna.types("send ben gone?");
    assert_eq!(anna.line(), "queued");
    anna.types("list b*");
    assert_eq!(anna.line(), "ben");
    ben.types("login ben");
    assert_eq!(ben.line(), "logged in, 1 message waiting");
    assert_eq!(ben.line(), "anna: gone?");
    // The refusals have the texts of the wire protocol.
    for (line, shown) in [
        ("create anna", "error: `anna`: this name is taken"),
        (
            "send nobody hi",
            "error: `nobody`: no account has this name",
        ),
        (
            "login anna",
            "error: `anna`: already logged in under another name; log out first",
        ),
        ("receive", "0 messages waiting"),
    ] {
        ben.types(line);
        assert_eq!(ben.line(), shown, "{line}");
    }
    let mut other = person("ben", &address);
    assert_eq!(ben.line(), "logged in elsewhere, and so logged out here");
    other.types("delete");
    assert_eq!(other.line(), "deleted");
    for mut it in [anna, ben, other] {
        it.types("quit");
        assert_eq!(it.end(), (Some(0), Vec::new()));
    }
}

#[test]
fn what_was_shown_before_quit_is_not_shown_at_the_next_login() {
    let (_server, address) = server();
    for round in 0..10 {
        let mut anna = person("anna", &address);
        anna.types(&format!("send anna {round}"));
        assert_eq!(anna.line(), "delivered");
        assert_eq!(anna.line(), format!("anna: {round}"));
        anna.types("quit");
        assert_eq!(anna.end(), (Some(0), Vec::new()));
    }
}

#[test]
fn a_signal_ends_the_server_and_it_says_what_it_closed() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (mut server, address) = server();
        let mut anna = person("anna", &address);
        let mut ben = person("ben", &address);
        ben.types("logout");
        assert_eq!(ben.line(), "logged out");
        anna.types("send ben hi");
        assert_eq!(anna.line(), "queued");
        server.signal(signal);
        let lost = "connection lost: the server is stopping";
        assert_eq!(anna.line(), lost);
        let (found, mut lines) = server.end();
        assert_eq!(found, Some(code));
        assert_eq!(lines[0], format!("SIG{signal}: closing"));
        assert_eq!(lines[1], format!("closed listener {address}"));
        let last = lines.pop().unwrap();
        let expected = "closed service, with 2 accounts and 1 waiting message";
        assert_eq!(last, expected);
        // The connection of Ben, who is logged out, may close before the login of Anna.
        let is_connection = |it: &&String| it.starts_with("closed connection 127.0.0.1:");
        let (connections, others): (Vec<_>, Vec<_>) = lines[2..].iter().partition(is_connection);
        assert_eq!(others, ["closed login of anna"]);
        assert_eq!(connections.len(), 2, "{lines:?}");
        // A server with nobody has only a listener to close.
        drop((anna, ben));
    }
    let (mut server, address) = server();
    server.signal("TERM");
    let expected = [
        "SIGTERM: closing".to_owned(),
        format!("closed listener {address}"),
        "closed service, with 0 accounts and 0 waiting messages".to_owned(),
    ];
    assert_eq!(server.end(), (Some(143), expected.to_vec()));
}

#[test]
fn without_a_server_the_client_says_how_to_start_one() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = Command::new(chatclient());
    let output = command
        .args(["--grpc", "anna", "--address", &address])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains(&format!("no chat server with gRPC at {address}")),
        "{error}"
    );
    assert!(error.contains("cargo run -p chat-grpc"), "{error}");
}

#[test]
fn a_client_alone_says_which_program_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("chatclient");
    std::fs::copy(chatclient(), &alone).unwrap();
    let output = Command::new(&alone).arg("--grpc").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("build it: cargo build -p chat-grpc"),
        "{error}"
    );
}

#[test]
fn a_person_chats_over_grpc_on_a_terminal() {
    let python = Command::new("python3").arg("--version").output();
    if python.is_err() {
        assert!(std::env::var_os("CI").is_none(), "there is no python3");
        return;
    }
    let (_server, address) = server();
    let fixtures = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/fixtures/programs"
    );
    let script = r#"[["see", "logged in\r\n"], ["type", "send anna hello\r"],
        ["see", "anna: hello\r\n"], ["type", "list\r"], ["see", "list\r\nanna\r\n"],
        ["type", "\u0004"]]"#;
    let output = Command::new("python3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(format!("{fixtures}/terminal.py"))
        .arg(script)
        .arg(chatclient())
        .args(["--grpc", "anna", "--address", &address])
        .output();
    let output = output.unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("\ncode 0\n"), "{shown}");
    let modes = |when: &str| {
        let line = shown.lines().find_map(|it| it.strip_prefix(when));
        line.expect("modes").to_owned()
    };
    assert_eq!(modes("before "), modes("after "));
}
