//! Compares the wire protocol with gRPC in one run: bytes per operation at the clients'
//! sockets, time per operation, and size of the code.
//!
//! `cargo bench -p chat-grpc` prints the table in the plugin's README.
//!
//! Both services use the same state machine and the same runtime, over TCP on this machine
//! with `TCP_NODELAY`. Clients and service share one thread, so a time is the work of both ends.
//! The two protocols alternate in short rounds, and the fastest round of each counts, so that
//! other load on the machine has little effect.

mod counting;
mod framed;
mod rpc;
mod size;

use std::time::{Duration, Instant};

/// The calls of a client in either protocol.
trait Caller: Sized {
    async fn new(address: &str) -> Self;
    async fn create(&mut self, name: &str);
    /// Logs in to an account without waiting messages.
    async fn login(&mut self, name: &str);
    async fn logout(&mut self);
    /// Number of names that match.
    async fn list(&mut self, pattern: &str) -> usize;
    async fn send(&mut self, to: &str, text: &str);
    /// Receives the next message and acknowledges it.
    async fn take(&mut self) -> String;
    /// Number of bytes that the socket sent and received.
    fn bytes(&self) -> u64;
}

/// The users of the measurement, each with its own connection.
struct Users<C> {
    anna: C,
    ben: C,
    carl: C,
    created: u64,
    /// Bytes up to the first reply, with the opening of the connection.
    first: u64,
}

/// Number of operations in a round.
const ROUND: u32 = 50;

/// Number of rounds of each operation.
const ROUNDS: u32 = 100;

/// A text of forty letters.
const TEXT: &str = "A message of a length that people write.";

#[derive(Clone, Copy)]
enum Operation {
    Create,
    LoginLogout,
    List,
    SendQueued,
    SendTaken,
}

const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Create, "create an account"),
    (Operation::LoginLogout, "log in and out"),
    (Operation::List, "list twenty names"),
    (Operation::SendQueued, "send 40 letters, queued"),
    (Operation::SendTaken, "send 40 letters, taken, acknowledged"),
];

impl<C: Caller> Users<C> {
    async fn new(address: &str) -> Users<C> {
        let mut anna = C::new(address).await;
        anna.create("anna").await;
        let first = anna.bytes();
        let mut ben = C::new(address).await;
        let mut carl = C::new(address).await;
        ben.create("ben").await;
        carl.create("carl").await;
        anna.create("dora").await;
        for index in 10..30 {
            anna.create(&format!("list-{index}")).await;
        }
        anna.login("anna").await;
        ben.login("ben").await;
        Users {
            anna,
            ben,
            carl,
            created: 0,
            first,
        }
    }

    fn bytes(&self) -> u64 {
        self.anna.bytes() + self.ben.bytes() + self.carl.bytes()
    }

    async fn once(&mut self, operation: Operation) {
        match operation {
            Operation::Create => {
                self.created += 1;
                let name = format!("new-{:06}", self.created);
                self.carl.create(&name).await;
            }
            Operation::LoginLogout => {
                self.carl.login("carl").await;
                self.carl.logout().await;
            }
            Operation::List => assert_eq!(self.anna.list("list-*").await, 20),
            Operation::SendQueued => self.anna.send("dora", TEXT).await,
            Operation::SendTaken => {
                self.anna.send("ben", TEXT).await;
                assert_eq!(self.ben.take().await, TEXT);
            }
        }
    }

    /// Executes a round. Returns bytes and time per operation.
    async fn round(&mut self, operation: Operation) -> (f64, f64) {
        // A warm-up fills the header tables of HTTP/2.
        for _ in 0..5 {
            self.once(operation).await;
        }
        let before = self.bytes();
        let start = Instant::now();
        for _ in 0..ROUND {
            self.once(operation).await;
        }
        let took = start.elapsed();
        // Waits for the last acknowledgement.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let bytes = (self.bytes() - before) as f64 / f64::from(ROUND);
        (bytes, took.as_secs_f64() * 1e6 / f64::from(ROUND))
    }
}

fn main() {
    // `cargo test` runs benches, too, but there is nothing to test here.
    if !std::env::args().any(|it| it == "--bench") {
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(compare());
    println!();
    size::print();
}

async fn compare() {
    let mut ours = Users::<framed::Client>::new(&framed::serve().await).await;
    let mut grpc = Users::<rpc::Client>::new(&rpc::serve().await).await;
    println!("| operation | bytes, ours | gRPC | ratio | us, ours | gRPC | ratio |");
    println!("|---|---|---|---|---|---|---|");
    let ratio = grpc.first as f64 / ours.first as f64;
    println!(
        "| connect and create an account | {} | {} | {ratio:.1} | | | |",
        ours.first, grpc.first
    );
    for (operation, name) in OPERATIONS {
        let (mut a, mut b) = ((0.0, f64::MAX), (0.0, f64::MAX));
        for _ in 0..ROUNDS {
            let (bytes, us) = ours.round(operation).await;
            a = (bytes, us.min(a.1));
            let (bytes, us) = grpc.round(operation).await;
            b = (bytes, us.min(b.1));
        }
        println!(
            "| {name} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} |",
            a.0,
            b.0,
            b.0 / a.0,
            a.1,
            b.1,
            b.1 / a.1
        );
    }
}
