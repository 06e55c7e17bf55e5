//! The agency: hands in its bets, says that it has no more, and asks who has won.
//!
//! It says one thing at a time and waits for what comes of it: a batch is
//! answered, after `F` the connection closes, a question is answered and the
//! connection closes. So all it has to remember is what it is at ([`Duty`]) and
//! whether it waits for an answer, for the close or for time to pass ([`Phase`]).
//!
//! # Trying again
//! A connection that breaks, or no answer in time (`timeout`): after a pause that
//! doubles from `backoff` it says the same again, on a new connection. The central
//! recognizes a batch that it has. `F` is not answered, and a close may come from
//! a central that died before it read it: so once there is reason to doubt (a
//! `timeout` is set, or a question went unanswered), it says `F` again before it asks
//! again.
//!
//! # Whose answer is it?
//! Answers bear no number. Once a batch was handed in twice, it may be acknowledged
//! twice, and the second acknowledgement must not be taken for the next batch's. So
//! after such a batch the agency asks who has won, long before the draw: links keep
//! the order, so when that is answered, nothing older is under way. (Over links with
//! `order = "any"` nothing is known, and a late answer may be taken for another's.)
//! With a `timeout` it begins so, too: answers to one that died may still come.
//!
//! # When it dies
//! It keeps no notes: it begins anew with its first bet, makes the same batches as
//! before, and those that are stored are acknowledged at once.

mod config;
mod record;
mod source;
#[cfg(test)]
mod tests;

pub use config::{AgencyConfig, BetConfig, SingleBet};
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

/// The timer of an answer.
const TIMEOUT: u64 = 1;

/// `lottery.agency`.
pub struct Agency {
    number: String,
    central: Peer,
    source: Source,
    /// What is handed in, or was last.
    batch: Batch,
    duty: Duty,
    phase: Phase,
    /// How often what it is at was said.
    said: u32,
    /// Pauses since the last progress.
    pauses: u32,
    /// Questions that came before the draw.
    early: u32,
    bets: u64,
    retries: u64,
    winners: u64,
    documents: Digest,
}

/// What it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    /// Handing in a batch.
    HandIn,
    /// Making sure that nothing older is under way.
    Settle,
    /// Saying that there are no more.
    End,
    /// Asking who has won.
    Ask,
}

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// An answer, or for `F` the close.
    Answer,
    /// The close after an answer.
    Close,
    /// The close after winners; more of them may come before it.
    Winners,
    /// The end of a pause.
    Pause,
    /// Nothing any more.
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
    ];
    const EVENTS: &'static [Event] = &[
        HANDS_IN,
        ACKNOWLEDGED,
        REJECTED,
        ENDS,
        ASKS,
        INFORMED,
        STRAY,
    ];
    const CONNECTS: bool = true;

    fn check(config: &AgencyConfig) -> Vec<Problem> {
        config.problems()
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        let number = config.number(node.name())?;
        let central = match &config.central {
            Some(name) => node.peer_named(name).ok_or_else(|| no_peer(node, name))?,
            None => node.peer_named("central").unwrap_or(Peer(0)),
        };
        if node.peer_count() == 0 {
            return Err("an agency without peers: link it to a central".into());
        }
        node.set(BETS, 0);
        node.set(RETRIES, 0);
        Ok(Agency {
            source: Source::open(config, &number)?,
            number,
            central,
            batch: Batch::default(),
            duty: Duty::HandIn,
            phase: Phase::Done,
            said: 0,
            pauses: 0,
            early: 0,
            bets: 0,
            retries: 0,
            winners: 0,
            documents: Digest::default(),
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        node.set_text(AGENCY, &self.number);
        match node.config().timeout {
            // Answers to one that was here before it may be under way.
            Some(_) => self.take_up(node, Duty::Settle),
            None => self.hand_in_next(node),
        }
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.begin_step(node);
        let waits = from == self.central && self.phase == Phase::Answer;
        match (self.duty, Frame::decode(bytes)) {
            (Duty::HandIn, Ok(frame)) if waits && self.batch.is_acknowledged_by(&frame) => {
                self.acknowledged(node)
            }
            (Duty::HandIn, Ok(Frame::Error(text))) if waits => {
                node.set_text(ANSWERED, self.batch.digest.to_string());
                self.rejected(node, text);
                self.after_batch(node)
            }
            (Duty::Settle, Ok(Frame::NotYet | Frame::Winners(_) | Frame::Error(_))) if waits => {
                self.expect(node, Phase::Close);
                Ok(())
            }
            (Duty::Ask, Ok(Frame::NotYet)) if waits => {
                self.expect(node, Phase::Close);
                Ok(())
            }
            (Duty::Ask, Ok(Frame::Winners(documents)))
                if waits || from == self.central && self.phase == Phase::Winners =>
            {
                self.expect(node, Phase::Winners);
                self.winners += documents.len() as u64;
                self.documents = self.documents.and(Digest::of_all(documents));
                Ok(())
            }
            (Duty::End | Duty::Ask, Ok(Frame::Error(text))) if waits => {
                self.rejected(node, text);
                self.expect(node, Phase::Done);
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
            (PAUSE, Phase::Pause) => self.say(node),
            (TIMEOUT, Phase::Answer) => {
                node.close(self.central);
                self.pause(node);
                Ok(())
            }
            // It was answered; that the close does not come changes nothing.
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

    /// The batch is stored.
    fn acknowledged(&mut self, node: &mut Context<Self>) -> Result {
        self.bets += self.batch.bets;
        self.pauses = 0;
        node.set(BETS, self.bets);
        node.set_text(ANSWERED, self.batch.digest.to_string());
        node.record(ACKNOWLEDGED);
        if node.config().announce.tells(self.batch.bets as usize)
            && let Ok(Frame::Bets { bets, .. }) = Frame::decode(&self.batch.message)
        {
            let print = |bet: &Bet<'_>| node.print(announce::sent(bet));
            bets.iter().for_each(print);
        }
        self.after_batch(node)
    }

    fn rejected(&mut self, node: &mut Context<Self>, text: &str) {
        node.record(REJECTED);
        node.print(format!("the central says: {text}"));
    }

    /// The batch was answered.
    fn after_batch(&mut self, node: &mut Context<Self>) -> Result {
        match self.said {
            0 | 1 => self.hand_in_next(node),
            _ => self.take_up(node, Duty::Settle),
        }
    }

    fn hand_in_next(&mut self, node: &mut Context<Self>) -> Result {
        let more = self
            .source
            .fill(&mut self.batch, node.config(), &self.number)?;
        match more {
            true => self.take_up(node, Duty::HandIn),
            false => self.take_up(node, Duty::End),
        }
    }

    /// Turns to something else, and says it.
    fn take_up(&mut self, node: &mut Context<Self>, duty: Duty) -> Result {
        self.duty = duty;
        self.said = 0;
        self.say(node)
    }

    /// Says what it is at.
    fn say(&mut self, node: &mut Context<Self>) -> Result {
        self.said = self.said.saturating_add(1);
        if self.said > 1 {
            self.retries += 1;
            node.set(RETRIES, self.retries);
        }
        self.expect(node, Phase::Answer);
        let agency = &*self.number;
        match self.duty {
            Duty::HandIn => {
                node.set_text(HANDED_IN, self.batch.digest.to_string());
                node.record(HANDS_IN);
                node.send(self.central, &self.batch.message)
            }
            Duty::End => {
                node.record(ENDS);
                node.send(self.central, &Frame::End { agency }.encode())
            }
            Duty::Settle | Duty::Ask => {
                (self.winners, self.documents) = (0, Digest::default());
                node.record(ASKS);
                node.send(self.central, &Frame::Ask { agency }.encode())
            }
        }
    }

    /// Waits for something, and no longer than it may take.
    fn expect(&mut self, node: &mut Context<Self>, phase: Phase) {
        self.phase = phase;
        if let Some(timeout) = node.config().timeout {
            match phase {
                Phase::Pause | Phase::Done => node.cancel_timer(TIMEOUT),
                _ => node.set_timer(TIMEOUT, timeout.duration()),
            }
        }
    }

    /// The central has closed the connection.
    fn closed(&mut self, node: &mut Context<Self>) -> Result {
        match (self.phase, self.duty) {
            (Phase::Answer, Duty::End) => self.take_up(node, Duty::Ask),
            (Phase::Answer, _) => {
                self.pause(node);
                Ok(())
            }
            (Phase::Close, Duty::Settle) => self.hand_in_next(node),
            (Phase::Close, _) => {
                self.early += 1;
                self.turn_to(match node.config().timeout {
                    Some(_) => Duty::End,
                    None => Duty::Ask,
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

    /// Has the end of the pause begin with something else.
    fn turn_to(&mut self, duty: Duty) {
        self.duty = duty;
        self.said = 0;
    }

    /// Waits before it tries again.
    fn pause(&mut self, node: &mut Context<Self>) {
        if self.duty == Duty::Ask {
            self.turn_to(Duty::End);
        }
        self.pause_for(node, self.pauses);
        self.pauses = self.pauses.saturating_add(1);
    }

    fn pause_for(&mut self, node: &mut Context<Self>, doublings: u32) {
        self.expect(node, Phase::Pause);
        let backoff = node.config().backoff.ns();
        // What is beyond 584 years stays there.
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let pause = Duration::from_nanos(backoff.saturating_mul(factor));
        node.set_timer(PAUSE, pause);
    }

    fn informed(&mut self, node: &mut Context<Self>) {
        self.expect(node, Phase::Done);
        node.set(WINNERS, self.winners);
        node.set_text(DOCUMENTS, self.documents.to_string());
        node.record(INFORMED);
        node.print(announce::informed(self.winners));
    }
}

#[cold]
fn no_peer(node: &Node<Agency>, name: &str) -> runner_sdk::Error {
    let peers: Vec<&str> = node.peers().map(|peer| node.peer_name(peer)).collect();
    let peers = match peers.len() {
        0 => "none".to_owned(),
        _ => peers.join(", "),
    };
    format!("`central` is `{name}`, which this node has no link to (its peers: {peers})").into()
}
