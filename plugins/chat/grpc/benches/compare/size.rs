//! The size of the code, in lines that are neither empty nor comments. It does not include the
//! state machine, which both protocols share, or tests and clients.

/// Number of lines of code. A line that begins with `//` is a comment, in Rust and in a
/// `.proto` file.
fn lines(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    code.count()
}

macro_rules! core {
    ($($file:literal),+) => {
        [$(include_str!(concat!("../../../core/src/", $file))),+]
    };
}

/// Prints a table.
pub fn print() {
    let wire = core!(
        "wire.rs",
        "wire/fields.rs",
        "wire/client.rs",
        "wire/server.rs"
    );
    let server = core!("server.rs", "outbox.rs");
    let server = server.map(|it| it.split("#[cfg(test)]\nmod tests {").next().unwrap_or(it));
    let carrier = include_str!("framed.rs")
        .split("// begin: the carrier\n")
        .nth(1);
    let carrier = carrier.and_then(|it| it.split("// end: the carrier").next());
    let total = |files: &[&str]| files.iter().map(|it| lines(it)).sum::<usize>();
    let (wire, server) = (total(&wire), total(&server));
    let carrier = lines(carrier.expect("the marks are there"));
    let proto = lines(include_str!("../../chat.proto"));
    let service = total(&[
        include_str!("../../src/service.rs"),
        include_str!("../../src/lib.rs"),
    ]);
    let generated = lines(include_str!(concat!(env!("OUT_DIR"), "/chat.v1.rs")));
    println!("| lines of code | ours | gRPC |");
    println!("|---|---|---|");
    println!("| messages: encoding and decoding, or `chat.proto` | {wire} | {proto} |");
    println!("| requests on the state machine | {server} | {service} |");
    println!("| sockets and streams | {carrier} | |");
    println!(
        "| written by hand | {} | {} |",
        wire + server + carrier,
        proto + service
    );
    println!("| generated | | {generated} |");
}
