//! The central: stores bets, draws, tells who has won.
//!
//! It knows agencies, not connections: every message says whose it is, so an
//! agency may come, go and come again on as many connections as it likes, and one
//! that is slow or gone keeps nobody waiting but the draw. Whatever comes
//! from outside is answered, with `E` and a reason if need be; it never costs more
//! than that answer.
//!
//! # When is a batch acknowledged?
//! Once it is written: then it outlives the central and its process (see
//! [`Store`]). With `sync` once the disk has it, too, so that it outlives the
//! computer. A disk takes its time for that whether it is told of one batch or of
//! many, so the answers of batches that come together wait for one order
//! (*group commit*; DeWitt et al., "Implementation Techniques for Main Memory
//! Database Systems", SIGMOD 1984, section 5.2): a timer that is due at once comes
//! after all that has arrived.

mod config;
mod record;
#[cfg(test)]
mod tests;

pub use config::CentralConfig;
pub use record::*;

use crate::announce;
use crate::bet::{Bet, number, shown};
use crate::digest::Digest;
use crate::sheet::{self, Winners};
use crate::store::Store;
use crate::wire::{self, Frame};
use runner_sdk::{Behavior, ColumnInfo, Context, Event, Node, Peer, Result};
use std::time::Duration;

/// How many agencies there are where nothing says so.
const AGENCIES: u32 = 5;

/// The timer that comes after all that has arrived.
const COMMIT: u64 = 0;

/// `lottery.central`.
pub struct Central {
    store: Store,
    agencies: u32,
    /// Without files: the winners among the bets so far.
    without_files: Option<Winners>,
    /// Since the draw.
    winners: Option<Winners>,
    /// Answers that wait for the disk.
    held: Vec<Answer>,
}

/// What somebody is told.
struct Answer {
    to: Peer,
    messages: Vec<Vec<u8>>,
    /// Whether the connection is closed then.
    closes: bool,
}

/// What a message comes to.
enum Outcome {
    Says(Vec<u8>),
    SaysAndCloses(Vec<Vec<u8>>),
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
    ];
    const EVENTS: &'static [Event] = &[KEPT, REPEATED, REFUSED, OVER, DRAWN, TOLD, PUT_OFF];

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let agencies = node.config().agencies.unwrap_or(match node.peer_count() {
            0 => AGENCIES,
            peers => peers,
        });
        let store = Store::open(node.run_folder(), node.name())?;
        node.set(STORED, store.bets());
        node.set(ENDED, store.ended().len() as u64);
        Ok(Central {
            store,
            agencies,
            without_files: node.run_folder().is_none().then(Winners::new),
            winners: None,
            held: Vec::new(),
        })
    }

    /// One that returns may find that the last agency ended before.
    fn start(&mut self, node: &mut Context<Self>) -> Result {
        self.draw_if_all_ended(node)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        node.clear_text(AGENCY);
        node.clear_text(BATCH);
        node.clear(BETS);
        node.clear(WINNERS);
        node.clear_text(DOCUMENTS);
        let outcome = match Frame::decode(bytes) {
            Ok(Frame::Bets { agency, bets }) => self.bets(node, agency, &bets),
            Ok(Frame::End { agency }) => self.end(node, agency)?,
            Ok(Frame::Ask { agency }) => self.ask(node, agency),
            Ok(Frame::NotYet) => closing(refuse(node, "a question without an agency")),
            Ok(_) => Outcome::Says(refuse(node, "this is what a central answers")),
            Err(malformed) => Outcome::Says(refuse(node, &malformed.to_string())),
        };
        let (messages, closes) = match outcome {
            Outcome::Says(message) => (vec![message], false),
            Outcome::SaysAndCloses(messages) => (messages, true),
        };
        let answer = Answer {
            to: from,
            messages,
            closes,
        };
        if !node.config().sync {
            return answer.give(node);
        }
        if self.held.is_empty() {
            node.set_timer(COMMIT, Duration::ZERO);
        }
        self.held.push(answer);
        Ok(())
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        self.store.sync()?;
        self.held.drain(..).try_for_each(|answer| answer.give(node))
    }
}

impl Central {
    fn bets(&mut self, node: &mut Context<Self>, agency: &str, bets: &[Bet<'_>]) -> Outcome {
        let stored = self.try_bets(node, agency, bets);
        let message = match (stored, bets) {
            (Err(why), _) => refuse(node, &why),
            (Ok(()), [bet]) => {
                let (document, number) = (bet.document, bet.number);
                Frame::StoredOne { document, number }.encode()
            }
            (Ok(()), bets) => Frame::Stored(bets.len() as u64).encode(),
        };
        Outcome::Says(message)
    }

    /// Stores a batch, unless it is stored already.
    ///
    /// # Errors
    /// Why nothing of it is stored.
    fn try_bets(
        &mut self,
        node: &mut Context<Self>,
        agency: &str,
        bets: &[Bet<'_>],
    ) -> Result<(), String> {
        let config = node.config();
        let number = self.known(node, agency)?;
        let problems = bets.iter().map(Bet::problem).enumerate();
        if let Some((index, Some(problem))) = problems.into_iter().find(|(_, it)| it.is_some()) {
            return Err(format!("bet {} of {}: {problem}", index + 1, bets.len()));
        }
        let mut lines = Vec::with_capacity(wire::MAX_FRAME);
        for bet in bets {
            sheet::push_line(&mut lines, agency, bet);
        }
        let batch = Digest::of(&lines);
        let winners = bets.iter().filter(|bet| bet.is_on(config.winner));
        node.set_text(BATCH, batch.to_string());
        node.set(BETS, bets.len() as u64);
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
        node.record(KEPT);
        if config.announce.tells(bets.len()) {
            bets.iter()
                .for_each(|bet| node.print(announce::stored(bet)));
        }
        if let Some(winners) = &mut self.without_files {
            let known = winners.entry(number).or_default();
            known.extend(documents.map(str::to_owned));
        }
        Ok(())
    }

    fn end(&mut self, node: &mut Context<Self>, agency: &str) -> Result<Outcome> {
        let ended = self.known(node, agency).and_then(|number| {
            let ended = self.store.end(number);
            ended.map_err(|error| format!("the end cannot be stored: {error}"))
        });
        match ended {
            Err(why) => return Ok(closing(refuse(node, &why))),
            // Told again, by one that does not know whether it was heard.
            Ok(false) => {}
            Ok(true) => {
                node.set(ENDED, self.store.ended().len() as u64);
                node.record(OVER);
                self.draw_if_all_ended(node)?;
            }
        }
        Ok(Outcome::SaysAndCloses(Vec::new()))
    }

    fn ask(&mut self, node: &mut Context<Self>, agency: &str) -> Outcome {
        let number = match self.known(node, agency) {
            Ok(number) => number,
            Err(why) => return closing(refuse(node, &why)),
        };
        let Some(winners) = &self.winners else {
            node.record(PUT_OFF);
            return closing(Frame::NotYet.encode());
        };
        let documents = winners.get(&number).map_or(&[][..], Vec::as_slice);
        let documents = documents.iter().map(String::as_str);
        node.set(WINNERS, documents.len() as u64);
        node.set_text(DOCUMENTS, Digest::of_all(documents.clone()).to_string());
        node.record(TOLD);
        Outcome::SaysAndCloses(wire::winners(documents))
    }

    /// The number of an agency, if it is one of this lottery's.
    fn known(&self, node: &mut Context<Self>, agency: &str) -> Result<u32, String> {
        let found = number(agency).and_then(|found| u32::try_from(found).ok());
        let found = found.filter(|found| (1..=self.agencies).contains(found));
        match found {
            // One agency, one way to write it.
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

impl Answer {
    fn give(self, node: &mut Context<Central>) -> Result {
        for message in &self.messages {
            node.send(self.to, message)?;
        }
        if self.closes {
            node.close(self.to);
        }
        Ok(())
    }
}

/// The answer that says why not.
fn refuse(node: &mut Context<Central>, why: &str) -> Vec<u8> {
    node.record(REFUSED);
    Frame::Error(why).encode()
}

fn closing(message: Vec<u8>) -> Outcome {
    Outcome::SaysAndCloses(vec![message])
}
