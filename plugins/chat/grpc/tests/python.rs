//! A Python client that is generated from `chat.proto` uses the service.
//!
//! The test needs a Python with `grpcio` and `grpcio-tools`: the one in the environment variable
//! `CHAT_PYTHON`, else `python3`. Without such a Python the test is skipped, unless `CI` is set.

use std::process::Stdio;
use tokio::net::TcpListener;
use tokio::process::Command;

fn python() -> String {
    std::env::var("CHAT_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

async fn has_grpc() -> bool {
    let mut command = Command::new(python());
    let command = command.args(["-c", "import grpc, grpc_tools"]);
    let answer = command.stderr(Stdio::null()).status().await;
    let found = answer.is_ok_and(|status| status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "`{}` has no grpcio and grpcio-tools, and this test must not be skipped: install them, or \
         set CHAT_PYTHON to another Python",
        python()
    );
    found
}

#[tokio::test]
async fn a_python_client_generated_from_the_proto_chats() {
    if !has_grpc().await {
        eprintln!("skipped: no Python with grpcio and grpcio-tools");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(chat_grpc::serve(listener, std::future::pending()));
    let folder = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(python());
    let command = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(format!("{folder}/tests/chat_client.py"))
        .args([folder, &address])
        .kill_on_drop(true);
    let output = command.output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed, "everything as in chat.proto\n", "{errors}");
}
