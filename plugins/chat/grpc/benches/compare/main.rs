//! Measures the wire protocol and gRPC in one run: bytes per operation and direction at the
//! clients' sockets, time per operation, and size of the code.
//!
//! `plugins/chat/compare.py` runs this, and writes the comparison into the plugin's README. The
//! output is for programs: a line per figure, its fields separated by tabs. With `--no-times`,
//! the times are left out.
//!
//! Both services use the same state machine and the same runtime, over TCP on this machine
//! with `TCP_NODELAY`. Clients and service share one thread, so a time is the work of both ends.
//! The two protocols alternate in short rounds, and the fastest round of each counts, so that
//! other load on the machine has little effect.

mod bytes;
mod caller;
mod counting;
mod framed;
mod rpc;
mod size;

use caller::{Caller, OPERATIONS, Operation, Users};
use std::time::Instant;

/// Number of operations in a round.
const ROUND: u32 = 50;

/// Number of rounds of each operation.
const ROUNDS: u32 = 100;

fn main() {
    // `cargo test` runs benches, too, but there is nothing to test here.
    if !std::env::args().any(|it| it == "--bench") {
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ours = bytes::measure::<framed::Client>(&framed::serve().await).await;
        let grpc = bytes::measure::<rpc::Client>(&rpc::serve().await).await;
        for ((name, ours), (_, grpc)) in ours.into_iter().zip(grpc) {
            let (a, b) = (ours, grpc);
            println!(
                "bytes\t{name}\t{}\t{}\t{}\t{}",
                a.sent, a.received, b.sent, b.received
            );
        }
        for (name, ours, grpc) in size::lines() {
            println!("lines\t{name}\t{ours}\t{grpc}");
        }
        if !std::env::args().any(|it| it == "--no-times") {
            times().await;
        }
    });
}

async fn times() {
    let mut ours = Users::<framed::Client>::new(&framed::serve().await).await;
    let mut grpc = Users::<rpc::Client>::new(&rpc::serve().await).await;
    for (operation, name) in OPERATIONS {
        let (mut a, mut b) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            a = round(&mut ours, operation).await.min(a);
            b = round(&mut grpc, operation).await.min(b);
        }
        println!("time\t{name}\t{a:.1}\t{b:.1}");
    }
}

/// Executes a round. Returns the time per operation `[us]`.
async fn round<C: Caller>(users: &mut Users<C>, operation: Operation) -> f64 {
    for _ in 0..5 {
        users.once(operation).await;
    }
    let start = Instant::now();
    for _ in 0..ROUND {
        users.once(operation).await;
    }
    let took = start.elapsed();
    // Nothing of this round disturbs the next one.
    users.bytes().await;
    took.as_secs_f64() * 1e6 / f64::from(ROUND)
}
