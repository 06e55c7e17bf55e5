//! The bytes of each operation, which are the same on every machine.
//!
//! Two things of HTTP/2 would blur them, and the median removes both: the reply of each new second
//! has another date, and now and then a frame enlarges a window. The date in the first reply
//! of a connection remains; its size differs by a few bytes.

use crate::caller::{CONNECT, Caller, OPERATIONS, Users};
use crate::counting::Bytes;

/// How often each operation is measured; arbitrary.
const TIMES: usize = 25;

/// The bytes of an operation: what the client sends, and what the server sends.
pub async fn measure<C: Caller>(address: &str) -> Vec<(&'static str, Bytes)> {
    let mut users = Users::<C>::new(address).await;
    let mut found = vec![(CONNECT, users.first)];
    for (operation, name) in OPERATIONS {
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        // The first five fill the header tables of HTTP/2.
        for round in 0..5 + TIMES {
            let before = users.bytes().await;
            users.once(operation).await;
            let after = users.bytes().await;
            if round >= 5 {
                sent.push(after.sent - before.sent);
                received.push(after.received - before.received);
            }
        }
        let bytes = Bytes {
            sent: median(sent),
            received: median(received),
        };
        found.push((name, bytes));
    }
    found
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}
