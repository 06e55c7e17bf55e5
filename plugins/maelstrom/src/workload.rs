//! What clients ask for: one [`Workload`] per client, which draws its operations and knows the form
//! of their replies.
//!
//! Each value that a client writes is its own: the value's last four digits are the client's number,
//! what stands before them counts that client's values. So a value names the operation that wrote it,
//! and the checks need no order between clients to know who wrote what.

mod kafka;
mod registers;
mod simple;
mod sums;
mod transactions;

use crate::body::Fields;
use crate::client::{ClientConfig, WorkloadName};
use runner_sdk::Random;
use serde_json::Value;

/// The number of clients whose values differ: values are multiples of it plus the client's number.
pub(crate) const NUMBERS: u64 = 10_000;

/// The time from the reply to one of the last reads to the next of them `[ns]`. Arbitrary: long
/// against latencies, short against the quiet time.
pub(crate) const BETWEEN_LAST_READS_NS: u64 = 1_000_000_000;

/// What a client does.
pub(crate) trait Workload {
    /// The next operation.
    fn next(&mut self, random: &mut Random) -> Operation;

    /// The result of an operation, from the body of its reply.
    ///
    /// # Errors
    /// If the body has not the form that the workload demands: what was expected.
    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String>;

    /// The next of the last reads; `None` if there is nothing more to read.
    fn last(&mut self) -> Option<Operation> {
        None
    }
}

/// An operation of a client.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Its kind, as recorded.
    pub f: &'static str,
    /// What it asks for, as recorded.
    pub value: Value,
    /// The type of its request. That of its reply ends in `_ok`.
    pub request: &'static str,
    /// The fields of the request, beside type and number.
    pub fields: Vec<(&'static str, Value)>,
    /// Whether it changes anything. One that does not has failed if its reply is missing.
    pub changes: bool,
}

impl Operation {
    fn reads(f: &'static str, value: Value, request: &'static str) -> Operation {
        Operation {
            f,
            value,
            request,
            fields: Vec::new(),
            changes: false,
        }
    }

    fn changes(f: &'static str, value: Value, request: &'static str) -> Operation {
        Operation {
            changes: true,
            ..Operation::reads(f, value, request)
        }
    }

    /// The type of its reply.
    pub(crate) fn reply(&self) -> String {
        format!("{}_ok", self.request)
    }

    fn with(mut self, name: &'static str, value: Value) -> Operation {
        self.fields.push((name, value));
        self
    }
}

/// The workload of a client with this number, whose values begin after the first `drawn`.
pub(crate) fn new(config: &ClientConfig, number: u64, drawn: u64) -> Box<dyn Workload> {
    let values = Values { number, drawn };
    match config.workload {
        WorkloadName::Echo => Box::new(simple::Echo { values }),
        WorkloadName::UniqueIds => Box::new(simple::UniqueIds),
        WorkloadName::Broadcast => Box::new(sums::Set::new(values, &sums::BROADCAST)),
        WorkloadName::GSet => Box::new(sums::Set::new(values, &sums::G_SET)),
        WorkloadName::GCounter => Box::new(sums::Counter::new(false)),
        WorkloadName::PnCounter => Box::new(sums::Counter::new(true)),
        WorkloadName::Kafka => Box::new(kafka::Logs::new(values, config.keys())),
        WorkloadName::LinKv => Box::new(registers::Registers::new(
            config.keys(),
            config.max_writes_per_key,
        )),
        WorkloadName::TxnListAppend => {
            Box::new(transactions::Transactions::new(values, "append", config))
        }
        WorkloadName::TxnRwRegister => {
            Box::new(transactions::Transactions::new(values, "w", config))
        }
    }
}

/// The values of a client, each a number that no other client writes.
#[derive(Clone, Debug)]
struct Values {
    number: u64,
    drawn: u64,
}

impl Values {
    fn next(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn * NUMBERS + self.number
    }
}

/// A field of a reply, or that it is missing.
fn field<'a>(reply: &'a Fields, name: &str, expected: &str) -> Result<&'a Value, String> {
    reply
        .get(name)
        .ok_or_else(|| format!("has no `{name}`, expected {expected}"))
}

/// A field of a reply that is a whole number.
fn integer(reply: &Fields, name: &str) -> Result<i64, String> {
    let found = field(reply, name, "a whole number")?;
    found
        .as_i64()
        .ok_or_else(|| format!("has a `{name}` that is no whole number"))
}

/// A field of a reply that is a list.
fn list<'a>(reply: &'a Fields, name: &str) -> Result<&'a Vec<Value>, String> {
    let found = field(reply, name, "a list")?;
    found
        .as_array()
        .ok_or_else(|| format!("has a `{name}` that is no list"))
}
