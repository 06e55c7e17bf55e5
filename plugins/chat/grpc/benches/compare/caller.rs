//! What the measurements do: the calls of a client, and users that call.

use crate::counting::Bytes;

/// The calls of a client in either protocol.
pub trait Caller: Sized {
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
    fn bytes(&self) -> Bytes;
}

/// The users of the measurement, each with its own connection.
pub struct Users<C> {
    anna: C,
    ben: C,
    carl: C,
    created: u64,
    /// Bytes of a connection with one account created.
    pub first: Bytes,
}

/// A text of forty letters.
const TEXT: &str = "A message of a length that people write.";

#[derive(Clone, Copy)]
pub enum Operation {
    Create,
    LoginLogout,
    List,
    SendQueued,
    SendTaken,
}

/// Connecting is not repeated: [`Users::first`].
pub const CONNECT: &str = "connect, create an account";

pub const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Create, "create an account"),
    (Operation::LoginLogout, "log in and out"),
    (Operation::List, "list twenty names"),
    (Operation::SendQueued, "send 40 letters, queued"),
    (Operation::SendTaken, "send 40 letters, taken, acknowledged"),
];

impl<C: Caller> Users<C> {
    pub async fn new(address: &str) -> Users<C> {
        let mut anna = C::new(address).await;
        anna.create("anna").await;
        let first = settled(|| anna.bytes()).await;
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

    /// Bytes of all connections, once none is under way.
    pub async fn bytes(&self) -> Bytes {
        settled(|| self.anna.bytes() + self.ben.bytes() + self.carl.bytes()).await
    }

    pub async fn once(&mut self, operation: Operation) {
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
}

/// The count of bytes once it does not change any more: what belongs to an operation may arrive
/// after its reply.
async fn settled(count: impl Fn() -> Bytes) -> Bytes {
    let mut same = 0;
    let mut last = count();
    while same < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let now = count();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}
