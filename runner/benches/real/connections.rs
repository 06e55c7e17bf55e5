//! Many open connections: what they cost the server and each client.

use crate::measure::{in_turns, timed};
use crate::server::{Client, Cores, Server, Side};
use anyhow::Context;

/// Descriptors that are kept free for everything else.
const RESERVE: u64 = 300;

/// The most connections that are opened: somewhat fewer than the ports of one
/// address.
const MOST: u64 = 25_000;

/// Prints the table.
pub fn table(quick: bool) -> anyhow::Result<()> {
    let limit = os::limits::descriptors().unwrap_or(u64::MAX);
    let count = limit.saturating_sub(RESERVE).min(MOST);
    let count = if quick { count.min(5_000) } else { count };
    let (rounds, trips) = if quick { (7, 1000) } else { (15, 5000) };
    println!(
        "connections: an echo server that holds {count} (this process may open {limit} descriptors)"
    );
    let quiet = Server::runner(false)?;
    let busy = Server::runner(false)?;
    let cores = Cores::new()?;
    cores.take(Side::Client)?;
    // One client of each server first, so that its memory is not counted.
    let (mut one, mut other) = (quiet.connect(1)?, busy.connect(1)?);
    one.trips(1000)?;
    other.trips(1000)?;

    let before = busy.memory()?;
    let (held, connected) = timed(|| {
        (0..count)
            .map(|_| busy.connect(1))
            .collect::<anyhow::Result<Vec<Client>>>()
    });
    let mut held = held.context("not all connections were accepted")?;
    // A reply to the last one means that all before it were accepted, too.
    held.last_mut().context("no connections")?.trips(1)?;
    let idle = busy.memory()?;
    let (answered, used_once) = timed(|| held.iter_mut().try_for_each(|client| client.trips(1)));
    answered.context("a connection was lost")?;
    let used = busy.memory()?;
    let per_s = |time: std::time::Duration| count as f64 / time.as_secs_f64();
    let bytes = |memory: u64| memory.saturating_sub(before) as f64 / count as f64;
    println!(
        "   opened                       {:>8.0} per second",
        per_s(connected)
    );
    println!(
        "   one round trip on each       {:>8.0} per second",
        per_s(used_once)
    );
    println!(
        "   memory, never used           {:>8.0} bytes each, beside what the system keeps",
        bytes(idle)
    );
    println!(
        "   memory, once used            {:>8.0} bytes each",
        bytes(used)
    );

    let turn = |client: &mut Client| {
        let (done, time) = timed(|| client.trips(trips));
        done.expect("the server echoes");
        time
    };
    let times = in_turns(rounds, [&mut || turn(&mut one), &mut || turn(&mut other)]);
    let rate = |thing| f64::from(trips) / times.seconds(thing);
    println!("   one client without the others {:>7.0} trips/s", rate(0));
    println!(
        "   one client with them          {:>7.0} trips/s, ratio {:.2}",
        rate(1),
        times.ratio(0, 1)
    );
    println!();
    Ok(())
}
