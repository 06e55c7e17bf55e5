//! Agencies and a central under random faults: messages are lost, timers fire too early, and
//! the central and the agencies crash at any moment and restart. After the faults, every bet is
//! stored once, and every agency has its winners.
//!
//! The test has no runner and no time: each next event is drawn. Links keep the order of
//! messages, as they do by default.

use crate::{Agency, Central, Complete, bets_file};
use proptest::prelude::*;
use runner_sdk::Judged;
use runner_sdk::testkit::{Effect, Judge, Kit, Seen, check, node};
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

const AGENCIES: usize = 3;
const BETS: u64 = 3;

/// A message or a close in flight.
enum InFlight {
    Message(Vec<u8>),
    Close,
}

/// An agency and its link to the central.
struct Link {
    agency: Kit<Agency>,
    to_central: VecDeque<InFlight>,
    to_agency: VecDeque<InFlight>,
    closed: bool,
    timers: BTreeSet<u64>,
}

struct World {
    folder: PathBuf,
    central: Kit<Central>,
    /// Whether the central's timer is set.
    flush: bool,
    links: Vec<Link>,
    judge: Judge<Complete>,
}

/// A random event.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The first message of a link arrives: at the central (`true`) or at the agency.
    Arrival(usize, bool),
    /// The first message of a link is lost.
    Loss(usize, bool),
    /// A timer of an agency fires: the first or the last one.
    Timer(usize, bool),
    /// The central flushes and sends the replies that wait for it.
    Flush,
    /// An agency crashes and restarts.
    AgencyCrash(usize),
    /// The central crashes and restarts.
    CentralCrash,
}

fn event() -> impl Strategy<Value = Event> {
    let link = 0..AGENCIES;
    prop_oneof![
        20 => (link.clone(), any::<bool>()).prop_map(|(link, up)| Event::Arrival(link, up)),
        2 => (link.clone(), any::<bool>()).prop_map(|(link, up)| Event::Loss(link, up)),
        5 => (link.clone(), any::<bool>()).prop_map(|(link, first)| Event::Timer(link, first)),
        3 => Just(Event::Flush),
        1 => link.prop_map(Event::AgencyCrash),
        1 => Just(Event::CentralCrash),
    ]
}

fn central(folder: &Path, sync: bool) -> Kit<Central> {
    let setup = node::<Central>()
        .name("central")
        .run_folder(folder.to_str().unwrap());
    let peers = (1..=AGENCIES).map(|agency| format!("agency-{agency}"));
    let config = format!("announce = 'none'\nwinner = 7\nsync = {sync}");
    setup.peers(peers).config(&config).create()
}

fn agency(number: usize) -> Kit<Agency> {
    let setup = node::<Agency>()
        .name(&format!("agency-{number}"))
        .peers(["central"]);
    let config = format!("generate = {BETS}\nbatch = 2\nannounce = 'none'\ntimeout = '1s'");
    setup.config(&config).create()
}

impl World {
    fn begin(folder: &Path, sync: bool) -> World {
        let judge = check::<Complete>().folder(folder.to_str().unwrap());
        let judge = judge.node::<Central>("central", "lottery");
        let judge = (1..=AGENCIES).fold(judge, |judge, number| {
            judge.node::<Agency>(&format!("agency-{number}"), "lottery")
        });
        let mut world = World {
            folder: folder.to_owned(),
            central: central(folder, sync),
            flush: false,
            links: (1..=AGENCIES)
                .map(|number| Link {
                    agency: agency(number),
                    to_central: VecDeque::new(),
                    to_agency: VecDeque::new(),
                    closed: false,
                    timers: BTreeSet::new(),
                })
                .collect(),
            judge: judge.begin(),
        };
        let started = world.central.start();
        world.central_effects(started);
        (0..AGENCIES).for_each(|link| world.start(link));
        world
    }

    fn start(&mut self, link: usize) {
        let effects = self.links[link].agency.start();
        self.agency_effects(link, "start", effects);
    }

    fn central_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Sent { to, bytes } => {
                    let link = &mut self.links[to.0 as usize];
                    link.closed = false;
                    link.to_agency.push_back(InFlight::Message(bytes));
                }
                Effect::Closed(to) => {
                    let link = &mut self.links[to.0 as usize];
                    if !std::mem::replace(&mut link.closed, true) {
                        link.to_agency.push_back(InFlight::Close);
                    }
                }
                Effect::TimerSet { .. } => self.flush = true,
                Effect::Recorded(event) => {
                    let kit = &self.central;
                    let texts = [
                        crate::central::AGENCY,
                        crate::central::BATCH,
                        crate::central::DOCUMENTS,
                    ];
                    let numbers = [crate::central::BETS, crate::central::WINNERS];
                    let texts = texts.map(|it| (it.info().name, kit.text(it).unwrap_or("")));
                    let numbers = numbers.map(|it| (it.info().name, kit.get(it).unwrap_or(0)));
                    let (texts, numbers) = (&texts[..], &numbers[..]);
                    self.judge.step(&Seen {
                        node: 0,
                        event,
                        texts,
                        numbers,
                        ..Seen::default()
                    });
                }
                Effect::Printed(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn agency_effects(&mut self, link: usize, event: &'static str, effects: Vec<Effect>) {
        let events = effects.iter().filter_map(|effect| match effect {
            Effect::Recorded(event) => Some(*event),
            _ => None,
        });
        for event in [event]
            .into_iter()
            .filter(|it| !it.is_empty())
            .chain(events)
        {
            let kit = &self.links[link].agency;
            let texts = [
                crate::agency::AGENCY,
                crate::agency::HANDED_IN,
                crate::agency::ANSWERED,
                crate::agency::DOCUMENTS,
            ];
            let texts = texts.map(|it| (it.info().name, kit.text(it).unwrap_or("")));
            let winners = crate::agency::WINNERS;
            let numbers = [
                winners,
                crate::agency::REJECTED_BETS,
                crate::agency::OFFERED,
            ];
            let numbers = numbers.map(|it| (it.info().name, kit.get(it).unwrap_or(0)));
            let (node, texts, numbers) = (link as u32 + 1, &texts[..], &numbers[..]);
            self.judge.step(&Seen {
                node,
                event,
                texts,
                numbers,
                ..Seen::default()
            });
        }
        let link = &mut self.links[link];
        for effect in effects {
            match effect {
                Effect::Sent { bytes, .. } => {
                    link.closed = false;
                    link.to_central.push_back(InFlight::Message(bytes));
                }
                Effect::Closed(_) => link.closed = true,
                Effect::TimerSet { tag, .. } => drop(link.timers.insert(tag)),
                Effect::TimerCancelled(tag) => drop(link.timers.remove(&tag)),
                Effect::Recorded(_) | Effect::Printed(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Executes an event. Returns whether it was possible.
    fn execute(&mut self, event: Event, sync: bool) -> bool {
        match event {
            Event::Arrival(link, true) => match self.links[link].to_central.pop_front() {
                Some(InFlight::Message(bytes)) => {
                    let effects = self.central.message(link as u32, bytes);
                    self.central_effects(effects);
                    true
                }
                other => other.is_some(),
            },
            Event::Arrival(link, false) => {
                let it = &mut self.links[link];
                let effects = match it.to_agency.pop_front() {
                    Some(InFlight::Message(bytes)) => it.agency.message(0, bytes),
                    Some(InFlight::Close) => it.agency.disconnect(0),
                    None => return false,
                };
                self.agency_effects(link, "", effects);
                true
            }
            Event::Loss(link, up) => {
                let it = &mut self.links[link];
                let queue = if up {
                    &mut it.to_central
                } else {
                    &mut it.to_agency
                };
                // A close cannot be lost.
                match queue.front() {
                    Some(InFlight::Message(_)) => queue.pop_front().is_some(),
                    _ => false,
                }
            }
            Event::Timer(link, first) => {
                let it = &mut self.links[link];
                let tag = if first {
                    it.timers.pop_first()
                } else {
                    it.timers.pop_last()
                };
                let Some(tag) = tag else { return false };
                let effects = it.agency.timer(tag);
                self.agency_effects(link, "", effects);
                true
            }
            Event::Flush => {
                if !std::mem::take(&mut self.flush) {
                    return false;
                }
                let effects = self.central.timer(0);
                self.central_effects(effects);
                true
            }
            Event::AgencyCrash(link) => {
                let it = &mut self.links[link];
                // A crash closes the connection.
                it.to_central.clear();
                it.to_agency.clear();
                it.timers.clear();
                it.agency = agency(link + 1);
                self.start(link);
                true
            }
            Event::CentralCrash => {
                self.flush = false;
                for link in &mut self.links {
                    link.to_central.clear();
                    link.closed = true;
                    link.to_agency.push_back(InFlight::Close);
                }
                self.central = central(&self.folder, sync);
                let started = self.central.start();
                self.central_effects(started);
                true
            }
        }
    }

    /// Ends the faults: every message arrives, and a timer fires only when nothing else
    /// is left to do, for each agency in turn.
    fn end_faults(&mut self, sync: bool) {
        for _ in 0..1000 {
            let links = 0..AGENCIES;
            let arrivals = links.flat_map(|link| [true, false].map(|up| Event::Arrival(link, up)));
            let arrivals: Vec<Event> = arrivals.chain([Event::Flush]).collect();
            while arrivals.iter().any(|event| self.execute(*event, sync)) {}
            let timers = (0..AGENCIES).map(|link| self.execute(Event::Timer(link, true), sync));
            if timers.filter(|executed| *executed).count() == 0 {
                return;
            }
        }
        panic!("no end after 1000 rounds");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_bet_is_stored_once_under_any_faults(
        world in proptest::collection::vec(event(), 0..400),
        sync in prop::bool::weighted(0.05),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut run = World::begin(folder.path(), sync);
        for event in world {
            run.execute(event, sync);
        }
        run.end_faults(sync);
        let mut expected = Vec::new();
        for agency in (1..=AGENCIES).map(|it| it.to_string()) {
            for fields in crate::generate::Bets::new(BETS, 1, &agency) {
                let bet = crate::Bet::from_fields(fields.each_ref().map(String::as_str));
                bets_file::push_line(&mut expected, &agency, &bet);
            }
        }
        let sorted = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        let stored = std::fs::read(folder.path().join("bets.csv")).unwrap();
        prop_assert_eq!(sorted(stored), sorted(expected));
        for link in &run.links {
            prop_assert_eq!(link.agency.get(crate::agency::WINNERS), Some(0));
        }
        let verdict = run.judge.finish();
        prop_assert_eq!(verdict.judged, Judged::Passed, "{}", verdict.reason);
    }
}
