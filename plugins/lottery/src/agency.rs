//! The agency: hands in its bets, reports its end, and asks for its winners.
//!
//! It sends one message at a time and waits for the result. A batch has a reply; after `F` the
//! central closes the connection; a query has a reply, after which the central closes the
//! connection. So the state is small: the current [`Task`], and whether the agency
//! waits for a reply, for the close or for the end of a pause ([`Phase`]).
//!
//! # Retries
//! If the connection breaks, or no reply arrives within the `timeout`, the agency sends the same
//! message again on a new connection, after a pause that doubles from `backoff`. The central
//! recognizes a batch that it has stored. `F` has no reply, and the connection may have closed
//! because the central crashed before it read `F`. So if this is possible (a `timeout` is set,
//! or a query had no reply), the agency sends `F` again before its next query.
//!
//! # To which message does a reply belong?
//! Replies have no number. After a batch was sent twice, two acknowledgements may arrive, and
//! the second must not be taken for the reply to the next batch. Therefore the agency
//! *settles* after such a batch: it sends a query for its winners, even long before the draw.
//! Links keep the order of messages, so after the reply to the query no older reply can arrive.
//! (Over links with `order = "any"` this does not hold, and a late reply may be taken for
//! another.) With a `timeout` the agency also settles at its start: replies to messages that
//! it sent before a crash may still arrive.
//!
//! # Rejected batches
//! The central stores a batch as a whole or not at all, so one bad bet costs the whole batch.
//! `on_bad_bet` decides what follows. To skip the bad bets alone, the agency needs to know them;
//! the reason in `E` is only for people. So it hands in the halves of the batch, which are
//! batches of their own: a bad bet among 130 costs 14 more batches.
//!
//! # After a crash
//! The agency stores nothing. It restarts with its first bet and makes the same batches; the
//! central acknowledges those that are stored at once.

mod config;
mod record;
mod source;
#[cfg(test)]
mod tests;

pub use config::{AgencyConfig, BetConfig, OnBadBet, SingleBet};
pub use record::*;

use crate::announce;
use crate::bet::Bet;
use crate::digest::Digest;
use crate::wire::Frame;
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Problem, Result};
use source::{Batch, Source};
use std::time::Duration;

/// The timer of a pause.
const PAUSE: u64 = 0;

/// The timer of the wait for a reply.
const TIMEOUT: u64 = 1;

/// `lottery.agency`.
pub struct Agency {
    number: String,
    central: Peer,
    source: Source,
    /// The current or last batch.
    batch: Batch,
    task: Task,
    phase: Phase,
    /// How often the message of the task was sent.
    sendings: u32,
    /// Pauses since the last progress.
    pauses: u32,
    /// Number of queries before the draw.
    early: u32,
    bets: u64,
    /// Bets that the central rejected.
    rejected: u64,
    /// Bets that were handed in.
    offered: u64,
    retries: u64,
    winners: u64,
    documents: Digest,
}

/// What the agency does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Hands in a batch.
    HandIn,
    /// Makes sure that no older reply is in flight.
    Settle,
    /// Reports that it has no more bets.
    End,
    /// Asks for its winners.
    Ask,
}

/// What the agency waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A reply; after `F`, the close.
    Reply,
    /// The close after a reply.
    Close,
    /// The close after winners; more winners may arrive before it.
    Winners,
    /// The end of a pause.
    Pause,
    /// Nothing: the agency is finished.
    Done,
}

impl Behavior for Agency {
    type Config = AgencyConfig;
    const NAME: &'static str = "agency";
    const DOCS: &'static str = "Hands in its bets to the central, batch by batch (from a CSV file, \
        one that is configured, or made up), says that it has no more, and asks for its winners until \
        they are drawn.";
    const COLUMNS: &'static [ColumnInfo] = &[
        AGENCY.info(),
        HANDED_IN.info(),
        ANSWERED.info(),
        BETS.info(),
        RETRIES.info(),
        WINNERS.info(),
        DOCUMENTS.info(),
        REJECTED_BETS.info(),
        OFFERED.info(),
    ];
    const EVENTS: &'static [Event] = &[
        HANDS_IN,
        ACKNOWLEDGED,
        REJECTED,
        ENDS,
        ASKS,
        INFORMED,
        STRAY,
        SPLITS,
        GIVES_UP,
    ];
    const CONNECTS: bool = true;

    fn check(config: &AgencyConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        let number = config.number(node.name())?;
        let central = match (&config.central, node.peer_named("central")) {
            (None, Some(central)) => central,
            (named, _) => node.server("central", named.as_deref())?,
        };
        node.set(BETS, 0);
        node.set(RETRIES, 0);
        node.set(REJECTED_BETS, 0);
        node.set(OFFERED, 0);
        Ok(Agency {
            source: Source::open(config, &number)?,
            number,
            central,
            batch: Batch::default(),
            task: Task::HandIn,
            phase: Phase::Done,
            sendings: 0,
            pauses: 0,
            early: 0,
            bets: 0,
            rejected: 0,
            offered: 0,
            retries: 0,
            winners: 0,
            documents: Digest::default(),
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        node.set_text(AGENCY, &self.number);
        match node.config().timeout {
            // Replies to messages from before a crash may be in flight.
            Some(_) => self.begin(node, Task::Settle),
            None => self.hand_in_next(node),
        }
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.begin_step(node);
        let waits = from == self.central && self.phase == Phase::Reply;
        match (self.task, Frame::decode(bytes)) {
            (Task::HandIn, Ok(frame)) if waits && self.batch.is_acknowledged_by(&frame) => {
                self.acknowledged(node)
            }
            (Task::HandIn, Ok(Frame::Error(text))) if waits => {
                node.set_text(ANSWERED, self.batch.digest.to_string());
                self.batch_rejected(node, text);
                self.after_batch(node)
            }
            (Task::Settle, Ok(Frame::NotYet | Frame::Winners(_) | Frame::Error(_))) if waits => {
                self.enter(node, Phase::Close);
                Ok(())
            }
            (Task::Ask, Ok(Frame::NotYet)) if waits => {
                self.enter(node, Phase::Close);
                Ok(())
            }
            (Task::Ask, Ok(Frame::Winners(documents)))
                if waits || from == self.central && self.phase == Phase::Winners =>
            {
                self.enter(node, Phase::Winners);
                self.winners += documents.len() as u64;
                self.documents = self.documents.and(Digest::of_all(documents));
                Ok(())
            }
            (Task::End | Task::Ask, Ok(Frame::Error(text))) if waits => {
                self.rejected(node, text);
                self.done(node, "was refused");
                Ok(())
            }
            _ => {
                node.record(STRAY);
                Ok(())
            }
        }
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        match peer == self.central {
            true => {
                self.begin_step(node);
                self.closed(node)
            }
            false => Ok(()),
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        self.begin_step(node);
        match (tag, self.phase) {
            (PAUSE, Phase::Pause) => self.send(node),
            (TIMEOUT, Phase::Reply) => {
                node.close(self.central);
                self.pause(node);
                Ok(())
            }
            // The reply has arrived, so a missing close changes nothing.
            (TIMEOUT, Phase::Close | Phase::Winners) => {
                node.close(self.central);
                self.closed(node)
            }
            _ => Ok(()),
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        self.begin_step(node);
        if self.phase == Phase::Winners {
            self.informed(node);
        }
        Ok(())
    }
}

impl Agency {
    fn begin_step(&mut self, node: &mut Context<Self>) {
        node.clear_text(HANDED_IN);
        node.clear_text(ANSWERED);
    }

    /// Handles the acknowledgement of the batch.
    fn acknowledged(&mut self, node: &mut Context<Self>) -> Result {
        self.bets += self.batch.bets;
        self.pauses = 0;
        node.set(BETS, self.bets);
        node.set_text(ANSWERED, self.batch.digest.to_string());
        node.record(ACKNOWLEDGED);
        if node.config().announce.includes(self.batch.bets as usize)
            && let Ok(Frame::Bets { bets, .. }) = Frame::decode(&self.batch.message)
        {
            let print = |bet: &Bet<'_>| node.print(announce::sent(bet));
            bets.iter().for_each(print);
        }
        self.after_batch(node)
    }

    /// Handles the rejection of the batch.
    fn batch_rejected(&mut self, node: &mut Context<Self>, text: &str) {
        self.rejected(node, text);
        let on_bad_bet = node.config().on_bad_bet;
        if on_bad_bet == OnBadBet::SkipBet && self.batch.bets > 1 {
            self.source.split(&self.batch);
            node.record(SPLITS);
            return;
        }
        self.rejected += self.batch.bets;
        node.set(REJECTED_BETS, self.rejected);
        if on_bad_bet == OnBadBet::Stop {
            self.source.end();
            node.record(GIVES_UP);
            node.print("no more bets are handed in after a rejected batch (`on_bad_bet`)");
        }
    }

    fn rejected(&mut self, node: &mut Context<Self>, text: &str) {
        node.record(REJECTED);
        node.print(format!("the central says: {text}"));
    }

    /// Continues after the reply to the batch.
    fn after_batch(&mut self, node: &mut Context<Self>) -> Result {
        match self.sendings {
            0 | 1 => self.hand_in_next(node),
            _ => self.begin(node, Task::Settle),
        }
    }

    fn hand_in_next(&mut self, node: &mut Context<Self>) -> Result {
        let more = self
            .source
            .fill(&mut self.batch, node.config(), &self.number)?;
        if more && !self.batch.is_part {
            self.offered += self.batch.bets;
            node.set(OFFERED, self.offered);
        }
        match more {
            true => self.begin(node, Task::HandIn),
            false => self.begin(node, Task::End),
        }
    }

    /// Begins a task: sends its message.
    fn begin(&mut self, node: &mut Context<Self>, task: Task) -> Result {
        self.task = task;
        self.sendings = 0;
        self.send(node)
    }

    /// Sends the message of the task.
    fn send(&mut self, node: &mut Context<Self>) -> Result {
        self.sendings = self.sendings.saturating_add(1);
        if self.sendings > 1 {
            self.retries += 1;
            node.set(RETRIES, self.retries);
        }
        self.enter(node, Phase::Reply);
        let agency = &*self.number;
        match self.task {
            Task::HandIn => {
                node.set_text(HANDED_IN, self.batch.digest.to_string());
                node.record(HANDS_IN);
                node.send(self.central, &self.batch.message)
            }
            Task::End => {
                node.record(ENDS);
                node.send(self.central, &Frame::End { agency }.encode())
            }
            Task::Settle | Task::Ask => {
                (self.winners, self.documents) = (0, Digest::default());
                node.record(ASKS);
                node.send(self.central, &Frame::Ask { agency }.encode())
            }
        }
    }

    /// Enters a phase, with a timeout if it waits for the central.
    fn enter(&mut self, node: &mut Context<Self>, phase: Phase) {
        self.phase = phase;
        if let Some(timeout) = node.config().timeout {
            match phase {
                Phase::Pause | Phase::Done => node.cancel_timer(TIMEOUT),
                _ => node.set_timer(TIMEOUT, timeout.duration()),
            }
        }
    }

    /// Continues after the central has closed the connection.
    fn closed(&mut self, node: &mut Context<Self>) -> Result {
        match (self.phase, self.task) {
            (Phase::Reply, Task::End) => self.begin(node, Task::Ask),
            (Phase::Reply, _) => {
                self.pause(node);
                Ok(())
            }
            (Phase::Close, Task::Settle) => self.hand_in_next(node),
            (Phase::Close, _) => {
                self.early += 1;
                self.set_task(match node.config().timeout {
                    Some(_) => Task::End,
                    None => Task::Ask,
                });
                self.pause_for(node, self.early - 1);
                Ok(())
            }
            (Phase::Winners, _) => {
                self.informed(node);
                Ok(())
            }
            (Phase::Pause | Phase::Done, _) => Ok(()),
        }
    }

    /// Sets the task whose message is sent after the pause.
    fn set_task(&mut self, task: Task) {
        self.task = task;
        self.sendings = 0;
    }

    /// Pauses before a retry.
    fn pause(&mut self, node: &mut Context<Self>) {
        if self.task == Task::Ask {
            self.set_task(Task::End);
        }
        self.pause_for(node, self.pauses);
        self.pauses = self.pauses.saturating_add(1);
    }

    fn pause_for(&mut self, node: &mut Context<Self>, doublings: u32) {
        self.enter(node, Phase::Pause);
        let backoff = node.config().backoff.ns();
        // The product saturates at 584 years.
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let pause = Duration::from_nanos(backoff.saturating_mul(factor));
        node.set_timer(PAUSE, pause);
    }

    /// Ends the work of the agency, and with `stop` the run.
    fn done(&mut self, node: &mut Context<Self>, how: &str) {
        self.enter(node, Phase::Done);
        if node.config().stop {
            node.stop_run(format!("{} {how}", node.name()));
        }
    }

    fn informed(&mut self, node: &mut Context<Self>) {
        node.set(WINNERS, self.winners);
        node.set_text(DOCUMENTS, self.documents.to_string());
        node.record(INFORMED);
        node.print(announce::informed(self.winners));
        self.done(node, "has its winners");
    }
}
