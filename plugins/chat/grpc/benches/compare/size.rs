//! The size of the code, in lines that are neither empty nor comments. It does not include the
//! state machine, which both protocols share, or tests and clients.

/// Number of lines of code. A line that begins with `//` is a comment, in Rust and in a
/// `.proto` file.
fn count(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    code.count()
}

macro_rules! core {
    ($($file:literal),+) => {
        [$(include_str!(concat!("../../../core/src/", $file))),+]
    };
}

/// The part of a file between its marks.
fn carrier(text: &str) -> &str {
    let after = text.split("// begin: the carrier\n").nth(1);
    let part = after.and_then(|it| it.split("// end: the carrier").next());
    part.expect("the marks are there")
}

/// The rows: what, and the lines of ours and of gRPC.
pub fn lines() -> Vec<(&'static str, usize, usize)> {
    let wire = core!(
        "wire.rs",
        "wire/fields.rs",
        "wire/client.rs",
        "wire/server.rs"
    );
    let server = core!("server.rs", "outbox.rs");
    let server = server.map(|it| it.split("#[cfg(test)]\nmod tests {").next().unwrap_or(it));
    let total = |files: &[&str]| files.iter().map(|it| count(it)).sum::<usize>();
    let proto = total(&[include_str!("../../chat.proto")]);
    let service = total(&[
        include_str!("../../src/service.rs"),
        include_str!("../../src/lib.rs"),
    ]);
    let carriers = [include_str!("framed.rs"), include_str!("rpc.rs")];
    let [ours, grpc] = carriers.map(|it| count(carrier(it)));
    let generated = count(include_str!(concat!(env!("OUT_DIR"), "/chat.v1.rs")));
    let (wire, server) = (total(&wire), total(&server));
    vec![
        (
            "messages: encoding and decoding, or `chat.proto`",
            wire,
            proto,
        ),
        ("requests on the state machine", server, service),
        ("sockets and streams", ours, grpc),
        (
            "written by hand",
            wire + server + ours,
            proto + service + grpc,
        ),
        ("generated", 0, generated),
    ]
}
