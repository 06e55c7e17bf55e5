//! The central: stores bets, makes the draw, and sends each agency its winners.
//!
//! The central identifies agencies by their messages, not by their connections: each message
//! contains the agency's number. So an agency may use any number of connections, and a slow or
//! missing agency delays only the draw. Every request has a reply; the reply to an
//! invalid message is `E` with a reason, and the message has no other effect.
//!
//! # When is a batch acknowledged?
//! After it is written: then it survives a crash of the central and of its process (see
//! [`Store`]). With `sync`, after it is on the disk: then it also survives a power failure. A
//! flush of the disk takes the same time for one batch as for many, so the replies to
//! batches that arrive together wait for one flush (*group commit*; DeWitt et al.,
//! "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984, section 5.2). A
//! timer with delay 0 starts the flush, since it fires after all messages that have arrived.

mod config;
mod record;
#[cfg(test)]
mod tests;

pub use config::CentralConfig;
pub use record::*;

use crate::announce;
use crate::bet::{Bet, number, shown};
use crate::bets_file::{self, Winners};
use crate::digest::Digest;
use crate::store::{self, Store};
use crate::wire::{self, Frame};
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Rejected, Result};
use std::time::Duration;

/// Number of agencies if neither the config nor the links determine it.
const AGENCIES: u32 = 5;

/// The timer of the flush.
const FLUSH: u64 = 0;

/// `lottery.central`.
pub struct Central {
    store: Store,
    agencies: u32,
    /// The winners among the bets so far, if there are no files.
    without_files: Option<Winners>,
    /// The winners; `None` before the draw.
    winners: Option<Winners>,
    /// Replies that wait for the disk.
    waiting: Vec<(Peer, Reply)>,
}

/// The reply to a message.
struct Reply {
    messages: Vec<Vec<u8>>,
    /// Whether the connection is closed after the messages.
    closes: bool,
}

impl Behavior for Central {
    type Config = CentralConfig;
    const NAME: &'static str = "central";
    const DOCS: &'static str = "Stores the bets of agencies in `bets.csv`, each batch whole or not at \
        all, draws once all agencies have ended, and tells each its winners. Messages are frames \
        as `typed-u32be`.";
    const COLUMNS: &'static [ColumnInfo] = &[
        AGENCY.info(),
        BATCH.info(),
        BETS.info(),
        WINNERS.info(),
        DOCUMENTS.info(),
        STORED.info(),
        ENDED.info(),
        REFUSED_BETS.info(),
    ];
    const FILES: &'static [&'static str] = &[store::BETS, store::JOURNAL];
    const EVENTS: &'static [Event] = &[BATCH_STORED, REPEATED, REFUSED, OVER, DRAWN, TOLD, PUT_OFF];

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let agencies = node.config().agencies.unwrap_or(match node.peer_count() {
            0 => AGENCIES,
            peers => peers,
        });
        let store = Store::open(node.run_folder(), node.name())?;
        node.set(STORED, store.bets());
        node.set(ENDED, store.ended().len() as u64);
        node.set(REFUSED_BETS, 0);
        Ok(Central {
            store,
            agencies,
            without_files: node.run_folder().is_none().then(Winners::new),
            winners: None,
            waiting: Vec::new(),
        })
    }

    /// Makes the draw if the central crashed after the end of the last agency.
    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.draw_if_all_ended(node)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let is_closing = |(peer, reply): &(Peer, Reply)| *peer == from && reply.closes;
        if from.0 >= node.peer_count() && self.waiting.iter().any(is_closing) {
            return Err(Rejected::because(
                "the connection is closed to further messages",
            ));
        }
        node.clear_text(AGENCY);
        node.clear_text(BATCH);
        node.clear(BETS);
        node.clear(WINNERS);
        node.clear_text(DOCUMENTS);
        let reply = match Frame::decode(bytes) {
            Ok(Frame::Bets { agency, bets }) => self.bets(node, agency, &bets),
            Ok(Frame::End { agency }) => self.end(node, agency)?,
            Ok(Frame::Ask { agency }) => self.ask(node, agency),
            Ok(Frame::NotYet) => refuse(node, "a question without an agency").and_close(),
            Ok(_) => refuse(node, "this is what a central answers"),
            Err(malformed) => refuse(node, &malformed.to_string()),
        };
        if !node.config().sync {
            return reply.send(node, from);
        }
        if self.waiting.is_empty() {
            node.set_timer(FLUSH, Duration::ZERO);
        }
        self.waiting.push((from, reply));
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        self.store.sync()?;
        let mut replies = self.waiting.drain(..);
        replies.try_for_each(|(peer, reply)| reply.send(node, peer))
    }
}

impl Central {
    fn bets(&mut self, node: &mut Context<Self>, agency: &str, bets: &[Bet<'_>]) -> Reply {
        let stored = self.try_bets(node, agency, bets);
        match (stored, bets) {
            (Err(reason), _) => refuse(node, &reason),
            (Ok(()), [bet]) => {
                let (document, number) = (bet.document, bet.number);
                Reply::of(&Frame::StoredOne { document, number })
            }
            (Ok(()), bets) => Reply::of(&Frame::Stored(bets.len() as u64)),
        }
    }

    /// Stores a batch, unless it is stored already.
    ///
    /// # Errors
    /// If the batch is refused; then no part of it is stored.
    fn try_bets(
        &mut self,
        node: &mut Context<Self>,
        agency: &str,
        bets: &[Bet<'_>],
    ) -> Result<(), String> {
        let config = node.config();
        node.set(BETS, bets.len() as u64);
        let number = self.agency_number(node, agency)?;
        let mut lines = Vec::with_capacity(wire::MAX_FRAME);
        for bet in bets {
            bets_file::push_line(&mut lines, agency, bet);
        }
        let batch = Digest::of(&lines);
        let winners = bets.iter().filter(|bet| bet.is_on(config.winner));
        node.set_text(BATCH, batch.to_string());
        let problems = bets.iter().map(Bet::problem).enumerate();
        if let Some((index, Some(problem))) = problems.into_iter().find(|(_, it)| it.is_some()) {
            return Err(format!("bet {} of {}: {problem}", index + 1, bets.len()));
        }
        if self.store.has(batch) {
            node.record(REPEATED);
            return Ok(());
        }
        if self.store.ended().contains(&number) {
            return Err(format!("agency {agency} has ended"));
        }
        self.store
            .add(number, bets.len() as u64, &lines, batch)
            .map_err(|error| format!("the batch cannot be stored: {error}"))?;
        let documents = winners.clone().map(|bet| bet.document);
        node.set(WINNERS, winners.count() as u64);
        node.set_text(DOCUMENTS, Digest::of_all(documents.clone()).to_string());
        node.set(STORED, self.store.bets());
        node.record(BATCH_STORED);
        if config.announce.includes(bets.len()) {
            bets.iter()
                .for_each(|bet| node.print(announce::stored(bet)));
        }
        if let Some(winners) = &mut self.without_files {
            let known = winners.entry(number).or_default();
            known.extend(documents.map(str::to_owned));
        }
        Ok(())
    }

    fn end(&mut self, node: &mut Context<Self>, agency: &str) -> Result<Reply> {
        let ended = self.agency_number(node, agency).and_then(|number| {
            let ended = self.store.end(number);
            ended.map_err(|error| format!("the end cannot be stored: {error}"))
        });
        match ended {
            Err(reason) => return Ok(refuse(node, &reason).and_close()),
            // Repeated by an agency that does not know whether it was received.
            Ok(false) => {}
            Ok(true) => {
                node.set(ENDED, self.store.ended().len() as u64);
                node.record(OVER);
                self.draw_if_all_ended(node)?;
            }
        }
        Ok(Reply {
            messages: Vec::new(),
            closes: true,
        })
    }

    fn ask(&mut self, node: &mut Context<Self>, agency: &str) -> Reply {
        let number = match self.agency_number(node, agency) {
            Ok(number) => number,
            Err(reason) => return refuse(node, &reason).and_close(),
        };
        let Some(winners) = &self.winners else {
            node.record(PUT_OFF);
            return Reply::of(&Frame::NotYet).and_close();
        };
        let documents = winners.get(&number).map_or(&[][..], Vec::as_slice);
        let documents = documents.iter().map(String::as_str);
        node.set(WINNERS, documents.len() as u64);
        node.set_text(DOCUMENTS, Digest::of_all(documents.clone()).to_string());
        node.record(TOLD);
        Reply {
            messages: wire::winners(documents),
            closes: true,
        }
    }

    /// The number of an agency.
    ///
    /// # Errors
    /// If it is not an agency of this lottery.
    fn agency_number(&self, node: &mut Context<Self>, agency: &str) -> Result<u32, String> {
        let found = number(agency).and_then(|found| u32::try_from(found).ok());
        let found = found.filter(|found| (1..=self.agencies).contains(found));
        match found {
            // A leading zero is refused: each agency has one spelling.
            Some(found) if !agency.starts_with('0') => {
                node.set_text(AGENCY, agency);
                Ok(found)
            }
            _ => Err(format!(
                "unknown agency {}, expected 1 to {}",
                shown(agency),
                self.agencies
            )),
        }
    }

    fn draw_if_all_ended(&mut self, node: &mut Context<Self>) -> Result {
        if self.winners.is_some() || self.store.ended().len() < self.agencies as usize {
            return Ok(());
        }
        self.winners = Some(match self.without_files.take() {
            Some(winners) => winners,
            None => self.store.winners(node.config().winner)?,
        });
        if !self.store.is_drawn() {
            self.store.draw()?;
            node.record(DRAWN);
            node.print(announce::DRAWN);
        }
        Ok(())
    }
}

impl Reply {
    /// A reply of one frame, after which the connection stays open.
    fn of(frame: &Frame<'_>) -> Reply {
        Reply {
            messages: vec![frame.encode()],
            closes: false,
        }
    }

    /// The same reply, after which the connection is closed.
    fn and_close(self) -> Reply {
        Reply {
            closes: true,
            ..self
        }
    }

    fn send(self, node: &mut Context<Central>, to: Peer) -> Result {
        for message in &self.messages {
            node.send(to, message)?;
        }
        if self.closes {
            node.close(to);
        }
        Ok(())
    }
}

/// Records a refusal and returns the reply `E` with its reason.
fn refuse(node: &mut Context<Central>, reason: &str) -> Reply {
    let bets = node.get(BETS).unwrap_or(1);
    let before = node.get(REFUSED_BETS).unwrap_or(0);
    node.set(REFUSED_BETS, before.saturating_add(bets));
    node.record(REFUSED);
    Reply::of(&Frame::Error(reason))
}
