//! Round trips between two nodes whose processes have joined a coordinator, one message
//! outstanding: `echo.client` and `echo.server`, with logs, as they always are there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::Context;
use tempfile::TempDir;

use crate::measure::{in_turns, timed};
use crate::server::{Cores, Server, Side};

/// Sizes of messages `[bytes]`, and round trips in one turn.
const SIZES: [(usize, u32); 4] = [(1, 8000), (1_000, 8000), (1_000_000, 120), (10_000_000, 12)];

/// The text before the address in the line that a coordinator prints.
const LISTENS: &str = "coordinator listens on ";

/// Prints the table.
pub fn table(quick: bool) -> anyhow::Result<()> {
    let (rounds, part) = if quick { (5, 4) } else { (11, 1) };
    println!("joined: round trips between two joined processes / with a plain blocking pair");
    println!("     bytes   plain [trips/s]   joined [trips/s]   ratio");
    let plain = Server::plain()?;
    for (size, trips) in SIZES {
        let trips = trips / part;
        let mut client = plain.connect(size)?;
        let times = in_turns(
            rounds,
            [
                &mut || {
                    let cores = Cores::new().expect("the cores are known");
                    cores.take(Side::Client).expect("there is a core");
                    let (done, time) = timed(|| client.trips(trips));
                    done.expect("the server echoes");
                    time
                },
                &mut || joined(size, trips).expect("the run passes"),
            ],
        );
        let rate = |thing| f64::from(trips) / times.seconds(thing);
        println!(
            "{size:>10}   {:>15.0}   {:>16.0}   {:>5.2}",
            rate(0),
            rate(1),
            times.ratio(0, 1)
        );
    }
    println!();
    Ok(())
}

/// The time from the first request to the last reply, by the client's own log.
fn joined(size: usize, trips: u32) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let (mut coordinator, address) = begin(&folder, size, trips)?;
    let cores = Cores::new()?;
    let mut nodes = Vec::new();
    for (group, side) in [("server", Side::Server), ("client", Side::Client)] {
        cores.take(side)?;
        let mut node = Command::new(env!("CARGO_BIN_EXE_runner"));
        node.args(["node", "--join", &address, "--group", group]);
        nodes.push(node.stdout(Stdio::null()).spawn()?);
    }
    drop(cores);
    for process in nodes.iter_mut().chain([&mut coordinator]) {
        anyhow::ensure!(process.wait()?.success(), "a process failed");
    }
    let log = fs::read_to_string(folder.path().join("results/runs/0001/client.csv"))?;
    let times = |event: &str| -> Vec<u64> {
        let rows = log.lines().filter_map(|line| {
            let mut cells = line.split(',');
            let time = cells.next()?.parse().ok()?;
            (cells.nth(1) == Some(event)).then_some(time)
        });
        rows.collect()
    };
    let (sent, received) = (times("send"), times("receive"));
    anyhow::ensure!(received.len() == trips as usize, "a reply is missing");
    let last = received.last().context("there are replies")?;
    Ok(Duration::from_nanos(last - sent[0]))
}

fn begin(folder: &TempDir, size: usize, trips: u32) -> anyhow::Result<(Child, String)> {
    let scenario = folder.path().join("joined.toml");
    let text = format!(
        "name = \"joined\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\n\
         config = {{ sizes = [{size}], repeat = {trips} }}\n"
    );
    fs::write(&scenario, text)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
    command.arg("run").arg(&scenario).arg("--no-report");
    command.arg("--out").arg(folder.path().join("results"));
    command.args(["--coordinator", "127.0.0.1:0"]);
    let mut coordinator = command.stdout(Stdio::piped()).spawn()?;
    let output = coordinator.stdout.take();
    let mut lines = BufReader::new(output.context("it has a standard output")?).lines();
    let address = loop {
        let line = lines.next().context("the coordinator ended early")??;
        if let Some(address) = line.strip_prefix(LISTENS) {
            break address.to_owned();
        }
    };
    // What it prints later must not wait for a reader.
    thread::spawn(move || lines.for_each(drop));
    Ok((coordinator, address))
}
