//! The client: sends messages and compares each reply with its message. As a closed loop it sends
//! the next message after a reply; with `rate` or `gap` it is an open loop, and sends at times of
//! its own ([`Arrivals`] says why).
//!
//! # Which message does a reply belong to?
//! Messages have no number, so a reply is identified by its order or by its bytes.
//!
//! Without a `timeout`, by its order: link and server keep the order, so the next reply
//! belongs to the oldest message without a reply. A byte that differs fails the run, with
//! its offset; so does a reply too many. A lost message gets no reply, and every later reply
//! is then wrong: this is for links without loss.
//!
//! With a `timeout`, messages may be lost and are sent again, so a reply is identified by its
//! bytes: it belongs to the oldest message without a reply that it is correct for. A reply
//! that is correct only for a message that has its reply already is `late` (the first reply
//! was slow, not lost), and is ignored. Short messages may have the same bytes: then a late
//! reply may be taken for that of another message, whose round trip is too short. Messages
//! made from `sizes` differ from about 8 bytes on.
//!
//! The round trip begins when a message is first sent, also if it is sent again later; in an open
//! loop, when it was to be sent. (The
//! client waits for so long. TCP's estimator leaves such samples out: Karn and Partridge,
//! "Improving Round-Trip Time Estimates in Reliable Transport Protocols", 1987.)

mod config;
pub(crate) mod plan;
#[cfg(test)]
mod tests;

pub use config::{ClientConfig, Expect};

use plan::Plan;
use runner_sdk::{
    Arrivals, Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Problem, Result,
};
use std::collections::VecDeque;
use std::time::Duration;

/// The time from the first send of a message to its reply; in an open loop from the intended time.
pub const ROUND_TRIP: Column<u64> = Column::new(
    0,
    "round_trip_ns",
    "from the message's first sending to its reply [ns]; with `rate` or `gap` from when it was to be \
     sent; empty in steps without a reply",
);

/// The size of the message that the reply is for.
pub const SIZE: Column<u64> = Column::new(
    1,
    "size",
    "size of the message that the reply is for [bytes]; empty in steps without a reply",
);

/// Number of replies.
pub const REPLIES: Column<u64> = Column::new(2, "replies", "messages answered so far");

/// Number of messages that were sent again.
pub const RETRIES: Column<u64> = Column::new(3, "retries", "messages sent again so far");

/// Number of messages without a reply.
pub const UNANSWERED: Column<u64> =
    Column::new(4, "unanswered", "messages sent so far that have no reply");

/// Number of expected replies that have not come.
pub const UNMET: Column<u64> = Column::new(
    5,
    "unmet",
    "replies that the client needs and that have not come: with `stop`, those of all its messages; \
     with a `timeout`, those whose timeout has passed; with `expect`, those of the messages sent; \
     in any case, as long as no reply has come, those of the messages sent",
);

/// A correct reply.
pub const VERIFIED: Event = Event::new(0, "verified", "a reply came and was right");

/// A reply that was not compared.
pub const ACCEPTED: Event = Event::new(
    1,
    "accepted",
    "a reply came and was taken as it is (expect = \"any\")",
);

/// A reply to a message that has its reply already.
pub const LATE: Event = Event::new(2, "late", "another reply came to a message answered before");

/// A message that is no reply.
pub const STRAY: Event = Event::new(
    3,
    "stray",
    "a message came that is no reply: not from the server, or (expect = \"any\") not asked for",
);

/// The bit in the tag of a timer that ends a pause. The other tags are the numbers of
/// messages whose timeout is over.
const PAUSE: u64 = 1 << 63;

/// The tag of the timer that is due when an open loop sends; it has no pauses.
const DUE: u64 = PAUSE;

/// `echo.client`.
pub struct Client {
    /// The peer that the client sends to.
    server: Peer,
    /// Messages sent so far, without retries: the number of the next message.
    next: u64,
    replies: u64,
    retries: u64,
    /// Messages without a reply whose timeout has passed.
    overdue: u64,
    /// In the order of their first sending.
    under_way: VecDeque<UnderWay>,
    /// When an open loop sends; `None`: the client is a closed loop.
    arrivals: Option<Arrivals>,
}

/// A message without a reply yet.
struct UnderWay {
    number: u64,
    /// When it was first sent; in an open loop, when it was to be sent `[ns]`.
    begun_ns: u64,
    /// Whether its timeout has passed.
    is_overdue: bool,
}

impl Behavior for Client {
    type Config = ClientConfig;
    const NAME: &'static str = "client";
    const DOCS: &'static str = "Sends messages (of each of `sizes`, or `texts`) to its server, at \
        most `window` without a reply, or with `rate` or `gap` without waiting for replies. Verifies \
        each reply byte for byte; a wrong one fails the run.";
    const COLUMNS: &'static [ColumnInfo] = &[
        ROUND_TRIP.info(),
        SIZE.info(),
        REPLIES.info(),
        RETRIES.info(),
        UNANSWERED.info(),
        UNMET.info(),
    ];
    const EVENTS: &'static [Event] = &[VERIFIED, ACCEPTED, LATE, STRAY];

    fn check(config: &ClientConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        node.set(REPLIES, 0);
        node.set(RETRIES, 0);
        let client = Client {
            server: node.server("server", node.config().server.as_deref())?,
            next: 0,
            replies: 0,
            retries: 0,
            overdue: 0,
            under_way: VecDeque::new(),
            arrivals: None,
        };
        client.show_missing(node);
        Ok(client)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let (config, now_ns) = (node.config(), node.now_ns());
        self.arrivals = Arrivals::new(config.rate, config.gap.as_ref(), now_ns, node.random());
        if self.arrivals.is_some() {
            self.schedule(node);
            return Ok(());
        }
        let first = Plan::of(config).count().min(config.window.into());
        (0..first).try_for_each(|_| self.send_next(node))
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        node.clear(ROUND_TRIP);
        node.clear(SIZE);
        match self.place(node.config(), from, bytes)? {
            Place::Answers(index) => self.answered(node, index, bytes),
            Place::Late => {
                node.record(LATE);
                Ok(())
            }
            Place::Stray => {
                node.record(STRAY);
                Ok(())
            }
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        node.clear(ROUND_TRIP);
        node.clear(SIZE);
        match tag & PAUSE {
            0 => self.send_again(node, tag),
            _ if self.arrivals.is_some() => self.send_due(node),
            _ => self.send_next(node),
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        let total = Plan::of(node.config()).count();
        if self.replies < total {
            node.print(format!(
                "{} of {total} replies, {} messages under way",
                self.replies,
                self.under_way.len()
            ));
        }
        Ok(())
    }
}

/// What a received message is.
enum Place {
    /// The reply to the message at this index of those without a reply.
    Answers(usize),
    /// A reply to a message that has its reply already.
    Late,
    /// No reply.
    Stray,
}

impl Client {
    /// Sets the columns that count missing replies.
    fn show_missing(&self, node: &mut Node<Client>) {
        let config = node.config();
        let unanswered = self.next - self.replies;
        let unmet = match config.expect {
            _ if config.stop => Plan::of(config).count() - self.replies,
            _ if self.replies == 0 => unanswered,
            _ if config.timeout.is_some() => self.overdue,
            None | Some(Expect::Any) => 0,
            Some(_) => unanswered,
        };
        node.set(UNANSWERED, unanswered);
        node.set(UNMET, unmet);
    }

    /// Returns what a received message is.
    ///
    /// # Errors
    /// If the message is a wrong reply, or a reply too many.
    fn place(&self, config: &ClientConfig, from: Peer, bytes: &[u8]) -> Result<Place> {
        let plan = Plan::of(config);
        if from != self.server {
            return Ok(Place::Stray);
        }
        let Some(oldest) = self.under_way.front() else {
            return match config.reply() {
                Expect::Any => Ok(Place::Stray),
                _ if config.timeout.is_some() && self.is_late(plan, bytes) => Ok(Place::Late),
                _ => Err(plan.unasked(bytes)),
            };
        };
        if plan.is_answered_by(oldest.number, bytes) {
            return Ok(Place::Answers(0));
        }
        if config.timeout.is_some() {
            let answered = |it: &UnderWay| plan.is_answered_by(it.number, bytes);
            if let Some(index) = self.under_way.iter().position(answered) {
                return Ok(Place::Answers(index));
            }
            if self.is_late(plan, bytes) {
                return Ok(Place::Late);
            }
        }
        Err(plan.wrong(oldest.number, bytes))
    }

    /// Whether the bytes are a reply to any message so far. Recent messages are tried first.
    fn is_late(&self, plan: Plan, bytes: &[u8]) -> bool {
        let mut latest_first = (0..self.next).rev();
        latest_first.any(|number| plan.is_answered_by(number, bytes))
    }

    fn answered(&mut self, node: &mut Context<Self>, index: usize, bytes: &[u8]) -> Result {
        let Some(message) = self.under_way.remove(index) else {
            return Ok(());
        };
        let config = node.config();
        let plan = Plan::of(config);
        self.overdue -= u64::from(message.is_overdue);
        self.replies += 1;
        node.set(ROUND_TRIP, node.now_ns().saturating_sub(message.begun_ns));
        node.set(SIZE, plan.size(message.number) as u64);
        node.set(REPLIES, self.replies);
        self.show_missing(node);
        match config.reply() {
            Expect::Any => {
                node.record(ACCEPTED);
                node.print(plan::shown(bytes));
            }
            _ => node.record(VERIFIED),
        }
        if config.timeout.is_some() {
            node.cancel_timer(message.number);
        }
        if self.replies == plan.count() {
            if config.stop {
                node.stop_run(format!("{} has all {} replies", node.name(), self.replies));
            }
            return Ok(());
        }
        if self.arrivals.is_some() {
            return Ok(());
        }
        let pause = config.pause.sample(node.random());
        if pause == runner_sdk::Span::ZERO {
            return self.send_next(node);
        }
        node.set_timer(PAUSE | self.replies, pause.duration());
        Ok(())
    }

    /// Sends the next message, if there is one.
    fn send_next(&mut self, node: &mut Context<Self>) -> Result {
        let now_ns = node.now_ns();
        self.send_begun(node, now_ns)
    }

    /// Sends the message of an open loop that is due, and sets the timer of the one after it. If
    /// several are due, since the node was paused, each has a step of its own.
    fn send_due(&mut self, node: &mut Context<Self>) -> Result {
        let Some(arrivals) = &mut self.arrivals else {
            return Ok(());
        };
        let intended_ns = arrivals.next_ns();
        arrivals.advance(node.random());
        self.send_begun(node, intended_ns)?;
        self.schedule(node);
        Ok(())
    }

    /// Sets the timer of an open loop's next message, if there is one.
    fn schedule(&self, node: &mut Context<Self>) {
        if let Some(arrivals) = &self.arrivals
            && self.next < Plan::of(node.config()).count()
        {
            let after_ns = arrivals.next_ns().saturating_sub(node.now_ns());
            node.set_timer(DUE, Duration::from_nanos(after_ns));
        }
    }

    /// Sends the next message, if there is one; its round trip counts from `begun_ns`.
    fn send_begun(&mut self, node: &mut Context<Self>, begun_ns: u64) -> Result {
        let plan = Plan::of(node.config());
        if self.next == plan.count() {
            return Ok(());
        }
        let number = self.next;
        self.next += 1;
        self.under_way.push_back(UnderWay {
            number,
            begun_ns,
            is_overdue: false,
        });
        self.show_missing(node);
        send(node, self.server, number)
    }

    /// Sends a message again, because its timeout is over.
    fn send_again(&mut self, node: &mut Context<Self>, number: u64) -> Result {
        let mut under_way = self.under_way.iter_mut();
        if let Some(message) = under_way.find(|it| it.number == number) {
            self.overdue += u64::from(!std::mem::replace(&mut message.is_overdue, true));
            self.retries += 1;
            node.set(RETRIES, self.retries);
            self.show_missing(node);
            send(node, self.server, number)?;
        }
        Ok(())
    }
}

/// Sends a message and sets its timeout.
fn send(node: &mut Context<Client>, server: Peer, number: u64) -> Result {
    let config = node.config();
    node.send(server, &Plan::of(config).message(number))?;
    if let Some(timeout) = config.timeout {
        node.set_timer(number, timeout.duration());
    }
    Ok(())
}
