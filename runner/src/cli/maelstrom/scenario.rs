//! The scenario that options of `maelstrom test` stand for, as text.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

use clap::ValueEnum;

use super::faults;
use crate::cli::arguments::maelstrom::{LatencyDist, MaelstromTest, Workload};

/// How a file begins that this command wrote.
pub(super) const FIRST_LINE: &str = "# Written by `runner maelstrom test`";

/// The group of the programs.
pub(super) const NODES: &str = "node";

/// The services, which programs know by these ids.
const SERVICES: [&str; 4] = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];

/// How long the last reads may take `[s]`.
const LAST_READS: f64 = 5.0;

/// The scenario's name.
pub(super) fn name(test: &MaelstromTest) -> String {
    format!("maelstrom-{}", word(test.workload))
}

/// The scenario of these options.
///
/// # Errors
///
/// If there is none: what is wrong with the options.
pub(super) fn of(test: &MaelstromTest, command: &[String]) -> Result<String, String> {
    let mut text = format!(
        "{FIRST_LINE}, and by each of its tests of this workload anew.\n\
         # Copy it, and change what you like: `runner run FILE` runs it.\n#\n# {}\n\n",
        command_line(command)
    );
    let name = name(test);
    let _ = writeln!(text, "name = {name:?}");
    let time = if test.is_virtual { "virtual" } else { "real" };
    let _ = writeln!(text, "time = {time:?}");
    let _ = writeln!(text, "duration = {}", seconds(duration(test)));
    let _ = writeln!(text, "seed = {}\nruns = {}\n", test.seed, test.test_count);
    write_nodes(&mut text, test)?;
    write_clients(&mut text, test);
    write_services(&mut text);
    write_links(&mut text, test);
    for fault in faults::of(test) {
        let _ = writeln!(text, "[[faults]]\n{fault}");
    }
    write_checks(&mut text, test);
    Ok(text)
}

fn write_nodes(text: &mut String, test: &MaelstromTest) -> Result<(), String> {
    let mut words = vec![program(&test.bin)?];
    for argument in &test.arguments {
        words.push(utf8(argument)?.to_owned());
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let _ = writeln!(text, "[nodes.{NODES}]");
    if test.node_count > 1 {
        let _ = writeln!(text, "count = {}", test.node_count);
    }
    let _ = writeln!(text, "command = [{}]", words.join(", "));
    let _ = writeln!(text, "protocol = \"maelstrom\"\nids = \"n0\"");
    if test.is_virtual {
        let _ = writeln!(text, "virtual = \"experimental\"");
    }
    if test.workload == Workload::Broadcast {
        let _ = writeln!(text, "topology = {:?}", test.topology);
    }
    text.push('\n');
    Ok(())
}

fn write_clients(text: &mut String, test: &MaelstromTest) {
    let clients = test.concurrency.of(test.node_count);
    let _ = writeln!(text, "[nodes.client]");
    if clients > 1 {
        let _ = writeln!(text, "count = {clients}");
    }
    let _ = writeln!(text, "behavior = \"maelstrom.client\"\nids = \"c1\"\n");
    let _ = writeln!(
        text,
        "[nodes.client.config]\nworkload = {:?}",
        word(test.workload)
    );
    // As many places as make all of them together exact to the millionth.
    let rate = (test.rate / f64::from(clients) * 1e9).round() / 1e9;
    let _ = writeln!(text, "rate = {rate:?}        # of each client");
    let _ = writeln!(text, "time_limit = {}", seconds(test.time_limit));
    let _ = writeln!(text, "timeout = {}", seconds(timeout(test)));
    if reads_at_the_end(test.workload) {
        let _ = writeln!(text, "quiet = {}", seconds(test.recovery));
        let _ = writeln!(text, "last_reads = {}", seconds(LAST_READS));
    }
    if let Some(count) = test.key_count {
        let _ = writeln!(text, "key_count = {count}");
    }
    if is_transactional(test.workload) {
        let _ = writeln!(text, "max_txn_length = {}", test.max_txn_length);
    }
    if is_transactional(test.workload) || test.workload == Workload::LinKv {
        let _ = writeln!(text, "max_writes_per_key = {}", test.max_writes_per_key);
    }
    text.push('\n');
}

fn write_services(text: &mut String) {
    for service in SERVICES {
        let _ = writeln!(
            text,
            "[nodes.{service}]\nbehavior = \"maelstrom.{service}\"\n"
        );
    }
}

fn write_links(text: &mut String, test: &MaelstromTest) {
    let ms = test.latency;
    let latency = match test.latency_dist {
        _ if ms == 0.0 => String::new(),
        LatencyDist::Constant => format!("latency = {}\n", milliseconds(ms)),
        LatencyDist::Uniform => format!(
            "latency = {{ uniform = [\"0ms\", {}] }}\n",
            milliseconds(2.0 * ms)
        ),
        LatencyDist::Exponential => format!(
            "latency = {{ exponential = {{ mean = {} }} }}\n",
            milliseconds(ms)
        ),
    };
    let _ = writeln!(
        text,
        "# Messages to and from clients take no time.\n[[links]]\nbetween = [\"client\", {NODES:?}]\norder = \"any\"\n"
    );
    let peers = std::iter::once(NODES)
        .filter(|_| test.node_count > 1)
        .chain(SERVICES);
    for peer in peers {
        let _ = writeln!(
            text,
            "[[links]]\nbetween = [{NODES:?}, {peer:?}]\n{latency}order = \"any\"\n"
        );
    }
}

fn write_checks(text: &mut String, test: &MaelstromTest) {
    let _ = writeln!(
        text,
        "[[check]]\ncheck = \"maelstrom.{}\"",
        word(test.workload)
    );
    if is_transactional(test.workload) {
        let models: Vec<String> = test
            .consistency_models
            .iter()
            .map(|it| quoted(it))
            .collect();
        let _ = writeln!(
            text,
            "config = {{ consistency_models = [{}] }}",
            models.join(", ")
        );
    }
    let _ = writeln!(text, "\n[[check]]\ncheck = \"maelstrom.availability\"");
    if let Some(share) = test.availability {
        let _ = writeln!(text, "config = {{ at_least = {share:?} }}");
    }
}

/// How long the run lasts `[s]`: until the last reads are done, or the last operations had time to end.
fn duration(test: &MaelstromTest) -> f64 {
    let rest = match reads_at_the_end(test.workload) {
        true => test.recovery + LAST_READS,
        false => (10.0 * test.latency / 1000.0).clamp(1.0, timeout(test)),
    };
    test.time_limit + rest
}

/// How long a client waits for a reply `[s]`.
fn timeout(test: &MaelstromTest) -> f64 {
    match test.workload {
        Workload::LinKv => (10.0 * test.latency / 1000.0).max(1.0),
        _ => 5.0,
    }
}

fn reads_at_the_end(workload: Workload) -> bool {
    use Workload::{Broadcast, GCounter, GSet, Kafka, PnCounter};
    matches!(workload, Broadcast | GCounter | GSet | Kafka | PnCounter)
}

fn is_transactional(workload: Workload) -> bool {
    matches!(workload, Workload::TxnListAppend | Workload::TxnRwRegister)
}

/// Maelstrom's name for a workload.
fn word(workload: Workload) -> String {
    let value = workload.to_possible_value();
    value.map_or_else(String::new, |it| it.get_name().to_owned())
}

/// The first word of the command: a file here has a path, so that it is not looked for elsewhere.
fn program(bin: &OsStr) -> Result<String, String> {
    let text = utf8(bin)?;
    if !Path::new(bin).is_file() {
        let is_plain = !text.contains('/') && !text.is_empty();
        return match is_plain && is_on_path(text) {
            true => Ok(text.to_owned()),
            false => Err(format!(
                "--bin {text}: there is no such file, expected the program that runs a node\n  \
                 arguments of the program stand after `--`: --bin python3 -- node.py"
            )),
        };
    }
    Ok(match text.contains('/') {
        true => text.to_owned(),
        false => format!("./{text}"),
    })
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn utf8(word: &OsStr) -> Result<&str, String> {
    word.to_str().ok_or_else(|| {
        let word = word.to_string_lossy();
        format!("{word}: is not UTF-8, which a scenario cannot hold\n  rename the file, or leave the argument out")
    })
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A duration of TOML, exact to the nanosecond.
pub(super) fn seconds(seconds: f64) -> String {
    let ns = (seconds * 1e9).round() as u64;
    let (number, unit) = match ns {
        _ if ns.is_multiple_of(1_000_000_000) => (ns / 1_000_000_000, "s"),
        _ if ns.is_multiple_of(1_000_000) => (ns / 1_000_000, "ms"),
        _ => (ns, "ns"),
    };
    format!("\"{number}{unit}\"")
}

fn milliseconds(ms: f64) -> String {
    seconds(ms / 1000.0)
}

/// The command line in one line, so that it may be typed again.
fn command_line(command: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@%".contains(c);
    let mut words = vec!["runner".to_owned()];
    words.extend(command.iter().skip(1).map(|word| {
        let shown = base::harmless::lines(word).replace('\n', " ");
        match !shown.is_empty() && shown.chars().all(plain) {
            true => shown,
            false => format!("'{}'", shown.replace('\'', "'\\''")),
        }
    }));
    words.join(" ")
}

#[cfg(test)]
mod tests;
