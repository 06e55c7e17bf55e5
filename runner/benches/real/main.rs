//! What real time costs: sockets, waiting, connections, measured in one run.
//!
//!     cargo bench -p runner --bench real                     # about five minutes
//!     cargo bench -p runner --bench real -- --quick          # about one
//!     cargo bench -p runner --bench real -- echo --quick     # one table
//!
//! | table | what is compared with what |
//! |---|---|
//! | echo | round trips of one blocking client with a runner whose node is an `echo.server`, without and with logs, and with a plain blocking server ([`server::serve_plainly`]). Each server is a process of its own; they are used in turns |
//! | joined | round trips between two nodes in processes that have joined a coordinator, and with the plain blocking server |
//! | ticks | how late clock machines that never send tick, beside how late a plain loop is that sleeps until the same instants; random phases spread the ticks |
//! | connections | a server that holds idle connections: its memory, and round trips of one more client, against one that holds none |
//!
//! Client and servers have a core each. Other work on the machine makes all figures
//! worse, also those of the plain side: ratios are medians of rounds taken in turns,
//! lateness is shown beside that of the plain loop, and the greatest values depend on
//! the machine more than on the runner.

mod connections;
mod echo;
mod joined;
#[path = "../engine/measure.rs"]
mod measure;
mod server;
mod ticks;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if words[..] == [server::PLAIN] {
        return Ok(server::serve_plainly()?);
    }
    let quick = words.contains(&"--quick");
    let only = words.iter().find(|word| !word.starts_with("--")).copied();
    let wanted = |table: &str| only.is_none_or(|only| only == table);

    if wanted("echo") {
        echo::table(quick)?;
    }
    if wanted("joined") {
        joined::table(quick)?;
    }
    if wanted("ticks") {
        ticks::table(quick)?;
    }
    if wanted("connections") {
        connections::table(quick)?;
    }
    Ok(())
}
