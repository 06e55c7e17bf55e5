//! The client: does one operation after the other, and records what it asked for and what came
//! back. The checks judge these records alone.
//!
//! An operation begins with `invoke` and ends with one of three words. `ok`: it has happened.
//! `fail`: it has not, since the node said so with a definite error. `info`: nobody knows, since no
//! reply came in time, or an error that leaves it open. An operation that changes nothing, such as a
//! read, fails where another would be left open: it is not needed to explain what others see. A
//! reply that comes later is `late`, and changes nothing any more.
//!
//! The workload decides what is asked and which form a reply has. Some workloads read at the end,
//! after a quiet time in which the nodes may finish what they do: until two reads in a row have
//! the same result.
//!
//! The time between two operations is drawn from 0 to twice its mean, so that many clients do not
//! ask in step.

mod config;
pub mod record;
#[cfg(test)]
mod tests;

pub use config::{ClientConfig, WorkloadName};

use crate::body::{self, Fields};
use crate::service;
use crate::workload::{self, Operation, Workload};
use record::{
    ANSWERED, ASKED, CODE, F, FAIL, INFO, INVOKE, LAST, LATE, LATENCY, MALFORMED, OK, OP, RESULT,
    TIMEOUTS, UNANSWERED, VALUE,
};
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result};
use std::time::Duration;

/// The tag of the timer that begins the next operation.
const NEXT: u64 = 0;

/// The tag of the timer that ends the wait for a reply.
const OVERDUE: u64 = 1;

/// The most characters of a malformed reply that are told.
const SHOWN: usize = 200;

/// `maelstrom.client`.
pub struct Client {
    /// The node that it asks.
    asked: Peer,
    workload: Box<dyn Workload>,
    phase: Phase,
    /// The operation under way.
    pending: Option<Pending>,
    /// When the next operation is due, in local time `[ns]`.
    due_ns: u64,
    begun: u64,
    /// What the numbers of its requests begin after. A client that starts again after a crash uses no
    /// number of before, so that no late reply is taken for another.
    before: u64,
    answered: u64,
    timeouts: u64,
}

/// What a client is at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Operations of the workload.
    Work,
    /// The reads after the quiet time.
    LastReads,
    /// Nothing more.
    Done,
}

/// An operation under way.
struct Pending {
    operation: Operation,
    msg_id: u64,
    began_ns: u64,
}

impl Behavior for Client {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "Does the operations of a workload, one at a time, and records what it \
        asked for and what came back, for the check of the workload's name.";
    const COLUMNS: &'static [ColumnInfo] = &[
        OP.info(),
        F.info(),
        VALUE.info(),
        RESULT.info(),
        CODE.info(),
        ASKED.info(),
        LAST.info(),
        LATENCY.info(),
        ANSWERED.info(),
        TIMEOUTS.info(),
        UNANSWERED.info(),
    ];
    const EVENTS: &'static [Event] = &[INVOKE, OK, FAIL, INFO, MALFORMED, LATE];

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(ANSWERED, 0);
        node.set(TIMEOUTS, 0);
        node.set(UNANSWERED, 0);
        let number = number(node)?;
        // No client does more than an operation each millisecond for long.
        let before = node.now_ns() / 1_000_000;
        Ok(Client {
            asked: asked(node, number)?,
            workload: workload::new(node.config(), number, before),
            phase: Phase::Work,
            pending: None,
            due_ns: node.now_ns(),
            begun: 0,
            before,
            answered: 0,
            timeouts: 0,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.schedule(node);
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        node.clear(LATENCY);
        let fields = body::read(bytes);
        match self.pending.take() {
            Some(pending) if pending.is_replied_by(&fields, from == self.asked) => {
                self.complete(node, pending, fields, bytes);
                self.schedule(node);
            }
            pending => {
                self.pending = pending;
                node.record(LATE);
            }
        }
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        node.clear(LATENCY);
        match (tag, self.pending.take()) {
            (OVERDUE, Some(pending)) => {
                self.timeouts += 1;
                node.set(TIMEOUTS, self.timeouts);
                node.set_text(RESULT, "no reply in time");
                node.record(if pending.operation.changes {
                    INFO
                } else {
                    FAIL
                });
                self.schedule(node);
                Ok(())
            }
            (NEXT, None) => self.begin(node),
            (_, pending) => {
                self.pending = pending;
                Ok(())
            }
        }
    }
}

impl Client {
    /// Sets the timer of the next operation. After the time limit it is that of the last reads.
    fn schedule(&mut self, node: &mut Context<Self>) {
        let (config, now_ns) = (node.config(), node.now_ns());
        let limit_ns = config.time_limit.ns();
        if self.phase == Phase::Work {
            // The draw comes even if it is not used: a later `time_limit` changes no earlier draw.
            let gap_ns = match config.rate > 0.0 {
                true => (node.random().unit() * 2e9 / config.rate) as u64,
                false => u64::MAX,
            };
            self.due_ns = self.due_ns.saturating_add(gap_ns).max(now_ns);
            if self.due_ns >= limit_ns {
                if !config.workload.reads_at_the_end() {
                    self.phase = Phase::Done;
                    return;
                }
                self.phase = Phase::LastReads;
                self.due_ns = limit_ns.saturating_add(config.quiet.ns()).max(now_ns);
            }
        } else {
            self.due_ns = now_ns.saturating_add(workload::BETWEEN_LAST_READS_NS);
        }
        node.set_timer(NEXT, Duration::from_nanos(self.due_ns - now_ns));
    }

    /// Begins the next operation, if there is one.
    fn begin(&mut self, node: &mut Context<Self>) -> Result {
        let operation = match self.phase {
            Phase::Work => Some(self.workload.next(node.random())),
            Phase::LastReads if self.is_too_late(node) => None,
            Phase::LastReads => self.workload.last(),
            Phase::Done => None,
        };
        let Some(operation) = operation else {
            self.phase = Phase::Done;
            return Ok(());
        };
        self.begun += 1;
        let msg_id = self.before + self.begun;
        node.set(OP, self.begun);
        node.set_text(F, operation.f);
        node.set_text(VALUE, operation.value.to_string());
        node.clear_text(RESULT);
        node.clear(CODE);
        node.set_text(ASKED, node.peer_name(self.asked));
        node.set(LAST, self.phase == Phase::LastReads);
        node.set(UNANSWERED, self.begun - self.answered);
        node.record(INVOKE);
        let mut fields = vec![("msg_id", msg_id.into())];
        fields.extend(operation.fields.iter().cloned());
        node.send(
            self.asked,
            body::write(operation.request, &fields).as_bytes(),
        )?;
        node.set_timer(OVERDUE, node.config().timeout().duration());
        self.pending = Some(Pending {
            operation,
            msg_id,
            began_ns: node.now_ns(),
        });
        Ok(())
    }

    fn is_too_late(&self, node: &Context<Self>) -> bool {
        let config = node.config();
        let end = [config.time_limit, config.quiet, config.last_reads];
        let end_ns = end
            .iter()
            .fold(0_u64, |sum, span| sum.saturating_add(span.ns()));
        node.now_ns() > end_ns
    }

    /// Takes the reply to an operation.
    fn complete(
        &mut self,
        node: &mut Context<Self>,
        pending: Pending,
        fields: Result<Fields, String>,
        bytes: &[u8],
    ) {
        node.cancel_timer(OVERDUE);
        self.answered += 1;
        node.set(ANSWERED, self.answered);
        node.set(UNANSWERED, self.begun - self.answered);
        node.set(LATENCY, node.now_ns() - pending.began_ns);
        let operation = &pending.operation;
        match fields.and_then(|fields| self.read_reply(operation, &fields)) {
            Ok(Reply::Result(result)) => {
                node.set_text(RESULT, result.to_string());
                node.record(OK);
            }
            Ok(Reply::Error { code, text }) => {
                let is_certain = body::is_definite(code) || !operation.changes;
                node.set(CODE, code);
                node.set_text(RESULT, format!("error {code}: {text}"));
                node.record(if is_certain { FAIL } else { INFO });
            }
            Err(problem) => {
                let shown: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
                let told = format!("{problem}: {shown}");
                let (f, name) = (operation.f, node.peer_name(self.asked));
                node.print(format!("the reply of {name} to `{f}` {told}"));
                node.set_text(RESULT, told);
                node.record(MALFORMED);
            }
        }
    }

    /// The meaning of a reply, or what is wrong with its form.
    fn read_reply(&mut self, operation: &Operation, fields: &Fields) -> Result<Reply, String> {
        let replied = fields.get("in_reply_to");
        if replied.and_then(serde_json::Value::as_u64).is_none() {
            let found = replied.map_or("no `in_reply_to`".to_owned(), |it| {
                format!("`in_reply_to` {it}")
            });
            return Err(format!("has {found}, expected the `msg_id` of the request"));
        }
        let expected = operation.reply();
        match body::kind(fields) {
            "error" => {
                let code = body::integer(fields, "code");
                let code = code.ok_or("has no `code`, expected a whole number")?;
                let text = fields.get("text").and_then(serde_json::Value::as_str);
                let text = text.unwrap_or("").to_owned();
                Ok(Reply::Error { code, text })
            }
            kind if kind == expected => self.workload.result(operation, fields).map(Reply::Result),
            kind => Err(format!(
                "has the type `{kind}`, expected `{expected}` or `error`"
            )),
        }
    }
}

impl Pending {
    /// Whether a message is the reply, perhaps a malformed one. Without a number it is taken for the
    /// reply if it has the type of one: the program has forgotten the number. Another node than the
    /// one that was asked may answer, to which the request was passed on; it names the number. All
    /// else is news that nobody asked for.
    fn is_replied_by(&self, fields: &Result<Fields, String>, by_asked: bool) -> bool {
        let Ok(fields) = fields else {
            return by_asked;
        };
        match fields
            .get("in_reply_to")
            .and_then(serde_json::Value::as_u64)
        {
            Some(id) => id == self.msg_id,
            None => {
                let kind = body::kind(fields);
                by_asked && (kind == self.operation.reply() || kind == "error")
            }
        }
    }
}

/// What a reply says.
enum Reply {
    Result(serde_json::Value),
    Error { code: i64, text: String },
}

/// The client's number.
fn number(node: &Node<Client>) -> Result<u64> {
    if let Some(number) = node.config().number {
        return Ok(number);
    }
    let name = node.name();
    let digits = name.len() - name.trim_end_matches(|it: char| it.is_ascii_digit()).len();
    match &name[name.len() - digits..] {
        "" => Ok(1),
        digits => match digits.parse() {
            Ok(number) if number < workload::NUMBERS => Ok(number),
            _ => Err(format!(
                "the name `{name}` ends in {digits}, expected a number below {}: say `number` in its config",
                workload::NUMBERS
            )
            .into()),
        },
    }
}

/// The node that the client asks.
fn asked(node: &Node<Client>, number: u64) -> Result<Peer> {
    let named = node.config().node.as_deref();
    if named.is_some() {
        return node.server("node", named);
    }
    let is_node = |peer: &Peer| !service::is_service(node.peer_behavior(*peer));
    let able: Vec<Peer> = node.peers_of_other_kinds().filter(is_node).collect();
    match able.len() as u64 {
        0 => Err(format!(
            "`{}` has a link to no node that it could ask: link it to the nodes",
            node.name()
        )
        .into()),
        count => Ok(able[(number.saturating_sub(1) % count) as usize]),
    }
}
