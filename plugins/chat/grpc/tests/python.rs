//! Python clients use the service: one that is generated from `chat.proto`, and one that knows
//! nothing and asks by reflection.
//!
//! The tests need a Python with `grpcio`, `grpcio-tools` and `grpcio-reflection`: the one in the
//! environment variable `CHAT_PYTHON`, else `python3`. Without such a Python the tests are
//! skipped, unless `CI` is set.

use std::process::Stdio;
use tokio::net::TcpListener;
use tokio::process::Command;

fn python() -> String {
    std::env::var("CHAT_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

async fn has_grpc() -> bool {
    let mut command = Command::new(python());
    let command = command.args(["-c", "import grpc, grpc_tools, grpc_reflection"]);
    let answer = command.stderr(Stdio::null()).status().await;
    let found = answer.is_ok_and(|status| status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "`{}` has no grpcio, grpcio-tools and grpcio-reflection, and this test must not be \
         skipped: install them, or set CHAT_PYTHON to another Python",
        python()
    );
    if !found {
        eprintln!("skipped: no Python with grpcio, grpcio-tools and grpcio-reflection");
    }
    found
}

/// Runs a program in `tests` against a new server. `ADDRESS` stands for the address. Returns what
/// the program printed.
async fn runs(program: &str, arguments: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(chat_grpc::serve(listener, std::future::pending(), |_| {}));
    let folder = env!("CARGO_MANIFEST_DIR");
    let arguments = arguments.iter().map(|&it| match it {
        "ADDRESS" => &*address,
        other => other,
    });
    let mut command = Command::new(python());
    let command = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(format!("{folder}/tests/{program}"))
        .args(arguments)
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_python_client_generated_from_the_proto_chats() {
    if has_grpc().await {
        let folder = env!("CARGO_MANIFEST_DIR");
        let printed = runs("chat_client.py", &[folder, "ADDRESS", "everything"]).await;
        assert_eq!(printed, "everything as in chat.proto\n");
    }
}

#[tokio::test]
async fn the_rules_of_the_service_hold_over_grpc() {
    if has_grpc().await {
        let folder = env!("CARGO_MANIFEST_DIR");
        let printed = runs("chat_client.py", &[folder, "ADDRESS", "rules"]).await;
        assert_eq!(printed, "every rule is kept\n");
    }
}

#[tokio::test]
async fn a_client_without_the_proto_finds_and_calls_the_service_by_reflection() {
    if has_grpc().await {
        let printed = runs("reflection.py", &["ADDRESS"]).await;
        assert_eq!(printed, "found and called\n");
    }
}
