//! Round trips of one client, one message outstanding.

use crate::measure::{in_turns, timed};
use crate::server::{Client, Cores, Server, Side};

/// Sizes of messages `[bytes]`, and round trips in one turn.
const SIZES: [(usize, u32); 4] = [(1, 8000), (1_000, 8000), (1_000_000, 120), (10_000_000, 12)];

/// Prints the table.
pub fn table(quick: bool) -> anyhow::Result<()> {
    let (rounds, part) = if quick { (7, 4) } else { (15, 1) };
    println!(
        "echo: round trips with the runner / with a plain blocking server (target at least 0.9)"
    );
    println!(
        "     bytes   plain [trips/s]   [MB/s]     runner [trips/s]   [MB/s]   ratio     with logs [trips/s]   ratio"
    );
    let plain = Server::plain()?;
    let runner = Server::runner(false)?;
    let logging = Server::runner(true)?;
    let cores = Cores::new()?;
    cores.take(Side::Client)?;
    for (size, trips) in SIZES {
        let trips = trips / part;
        let [mut plain, mut runner, mut logging] = [
            plain.connect(size)?,
            runner.connect(size)?,
            logging.connect(size)?,
        ];
        let turn = |client: &mut Client| {
            let (done, time) = timed(|| client.trips(trips));
            done.expect("the server echoes");
            time
        };
        let times = in_turns(
            rounds,
            [
                &mut || turn(&mut plain),
                &mut || turn(&mut runner),
                &mut || turn(&mut logging),
            ],
        );
        let rate = |thing| f64::from(trips) / times.seconds(thing);
        let bytes = |thing| rate(thing) * size as f64 / 1e6;
        println!(
            "{size:>10}   {:>15.0}   {:>6.1}   {:>18.0}   {:>6.1}   {:>5.2}   {:>21.0}   {:>5.2}",
            rate(0),
            bytes(0),
            rate(1),
            bytes(1),
            times.ratio(0, 1),
            rate(2),
            times.ratio(0, 2),
        );
    }
    println!();
    Ok(())
}
