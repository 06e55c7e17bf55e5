//! Agencies and a central in a storm: messages get lost, timers run out too early,
//! the central and the agencies die at any moment and begin anew. When it is over,
//! every bet is stored once, and everybody knows the winners.
//!
//! No runner and no time: what happens next is drawn. Links keep the order, as
//! they do by default.

use crate::{Agency, Central, Complete, sheet};
use proptest::prelude::*;
use runner_sdk::Judged;
use runner_sdk::testkit::{Effect, Judge, Kit, Seen, check, node};
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

const AGENCIES: usize = 3;
const BETS: u64 = 3;

/// What is under way on a link.
enum Parcel {
    Message(Vec<u8>),
    Close,
}

/// A link to an agency, and the agency.
struct Line {
    agency: Kit<Agency>,
    to_central: VecDeque<Parcel>,
    to_agency: VecDeque<Parcel>,
    closed: bool,
    timers: BTreeSet<u64>,
}

struct Storm {
    folder: PathBuf,
    central: Kit<Central>,
    /// Whether the central's timer is set.
    commit: bool,
    lines: Vec<Line>,
    judge: Judge<Complete>,
}

/// What may happen.
#[derive(Clone, Copy, Debug)]
enum Weather {
    /// What is first in line arrives: at the central, at an agency.
    Arrives(usize, bool),
    /// It is lost.
    Lost(usize, bool),
    /// A timer of an agency runs out, early or late.
    Timer(usize, bool),
    /// Answers that wait for the disk are given.
    Commit,
    /// An agency dies and begins anew.
    AgencyDies(usize),
    /// The central dies and begins anew.
    CentralDies,
}

fn weather() -> impl Strategy<Value = Weather> {
    let line = 0..AGENCIES;
    prop_oneof![
        20 => (line.clone(), any::<bool>()).prop_map(|(line, up)| Weather::Arrives(line, up)),
        2 => (line.clone(), any::<bool>()).prop_map(|(line, up)| Weather::Lost(line, up)),
        5 => (line.clone(), any::<bool>()).prop_map(|(line, first)| Weather::Timer(line, first)),
        3 => Just(Weather::Commit),
        1 => line.prop_map(Weather::AgencyDies),
        1 => Just(Weather::CentralDies),
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

impl Storm {
    fn begin(folder: &Path, sync: bool) -> Storm {
        let judge = check::<Complete>().folder(folder.to_str().unwrap());
        let judge = judge.node::<Central>("central", "lottery");
        let judge = (1..=AGENCIES).fold(judge, |judge, number| {
            judge.node::<Agency>(&format!("agency-{number}"), "lottery")
        });
        let mut storm = Storm {
            folder: folder.to_owned(),
            central: central(folder, sync),
            commit: false,
            lines: (1..=AGENCIES)
                .map(|number| Line {
                    agency: agency(number),
                    to_central: VecDeque::new(),
                    to_agency: VecDeque::new(),
                    closed: false,
                    timers: BTreeSet::new(),
                })
                .collect(),
            judge: judge.begin(),
        };
        let started = storm.central.start();
        storm.central_did(started);
        (0..AGENCIES).for_each(|line| storm.start(line));
        storm
    }

    fn start(&mut self, line: usize) {
        let done = self.lines[line].agency.start();
        self.agency_did(line, "start", done);
    }

    fn central_did(&mut self, done: Vec<Effect>) {
        for effect in done {
            match effect {
                Effect::Sent { to, bytes } => {
                    let line = &mut self.lines[to.0 as usize];
                    line.closed = false;
                    line.to_agency.push_back(Parcel::Message(bytes));
                }
                Effect::Closed(to) => {
                    let line = &mut self.lines[to.0 as usize];
                    if !std::mem::replace(&mut line.closed, true) {
                        line.to_agency.push_back(Parcel::Close);
                    }
                }
                Effect::TimerSet { .. } => self.commit = true,
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

    fn agency_did(&mut self, line: usize, event: &'static str, done: Vec<Effect>) {
        let events = done.iter().filter_map(|effect| match effect {
            Effect::Recorded(event) => Some(*event),
            _ => None,
        });
        for event in [event]
            .into_iter()
            .filter(|it| !it.is_empty())
            .chain(events)
        {
            let kit = &self.lines[line].agency;
            let texts = [
                crate::agency::AGENCY,
                crate::agency::HANDED_IN,
                crate::agency::ANSWERED,
                crate::agency::DOCUMENTS,
            ];
            let texts = texts.map(|it| (it.info().name, kit.text(it).unwrap_or("")));
            let winners = crate::agency::WINNERS;
            let numbers = [(winners.info().name, kit.get(winners).unwrap_or(0))];
            let (node, texts, numbers) = (line as u32 + 1, &texts[..], &numbers[..]);
            self.judge.step(&Seen {
                node,
                event,
                texts,
                numbers,
                ..Seen::default()
            });
        }
        let line = &mut self.lines[line];
        for effect in done {
            match effect {
                Effect::Sent { bytes, .. } => {
                    line.closed = false;
                    line.to_central.push_back(Parcel::Message(bytes));
                }
                Effect::Closed(_) => line.closed = true,
                Effect::TimerSet { tag, .. } => drop(line.timers.insert(tag)),
                Effect::TimerCancelled(tag) => drop(line.timers.remove(&tag)),
                Effect::Recorded(_) | Effect::Printed(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Something happens. Answers whether it could.
    fn happen(&mut self, weather: Weather, sync: bool) -> bool {
        match weather {
            Weather::Arrives(line, true) => match self.lines[line].to_central.pop_front() {
                Some(Parcel::Message(bytes)) => {
                    let done = self.central.message(line as u32, bytes);
                    self.central_did(done);
                    true
                }
                parcel => parcel.is_some(),
            },
            Weather::Arrives(line, false) => {
                let it = &mut self.lines[line];
                let done = match it.to_agency.pop_front() {
                    Some(Parcel::Message(bytes)) => it.agency.message(0, bytes),
                    Some(Parcel::Close) => it.agency.disconnect(0),
                    None => return false,
                };
                self.agency_did(line, "", done);
                true
            }
            Weather::Lost(line, up) => {
                let it = &mut self.lines[line];
                let queue = if up {
                    &mut it.to_central
                } else {
                    &mut it.to_agency
                };
                // A close is not lost, as no end of a connection is.
                match queue.front() {
                    Some(Parcel::Message(_)) => queue.pop_front().is_some(),
                    _ => false,
                }
            }
            Weather::Timer(line, first) => {
                let it = &mut self.lines[line];
                let tag = if first {
                    it.timers.pop_first()
                } else {
                    it.timers.pop_last()
                };
                let Some(tag) = tag else { return false };
                let done = it.agency.timer(tag);
                self.agency_did(line, "", done);
                true
            }
            Weather::Commit => {
                if !std::mem::take(&mut self.commit) {
                    return false;
                }
                let done = self.central.timer(0);
                self.central_did(done);
                true
            }
            Weather::AgencyDies(line) => {
                let it = &mut self.lines[line];
                // Its connection goes with it.
                it.to_central.clear();
                it.to_agency.clear();
                it.timers.clear();
                it.agency = agency(line + 1);
                self.start(line);
                true
            }
            Weather::CentralDies => {
                self.commit = false;
                for line in &mut self.lines {
                    line.to_central.clear();
                    line.closed = true;
                    line.to_agency.push_back(Parcel::Close);
                }
                self.central = central(&self.folder, sync);
                let started = self.central.start();
                self.central_did(started);
                true
            }
        }
    }

    /// The weather is fine: everything arrives, and timers run out only when
    /// nothing else is left, each agency's in turn.
    fn calm_down(&mut self, sync: bool) {
        for _ in 0..1000 {
            let lines = 0..AGENCIES;
            let arrivals =
                lines.flat_map(|line| [true, false].map(|up| Weather::Arrives(line, up)));
            let arrivals: Vec<Weather> = arrivals.chain([Weather::Commit]).collect();
            while arrivals.iter().any(|weather| self.happen(*weather, sync)) {}
            let timers = (0..AGENCIES).map(|line| self.happen(Weather::Timer(line, true), sync));
            if timers.filter(|happened| *happened).count() == 0 {
                return;
            }
        }
        panic!("it does not come to an end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_bet_is_stored_once_whatever_breaks(
        storm in proptest::collection::vec(weather(), 0..400),
        sync in prop::bool::weighted(0.05),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut run = Storm::begin(folder.path(), sync);
        for weather in storm {
            run.happen(weather, sync);
        }
        run.calm_down(sync);
        let mut expected = Vec::new();
        for agency in (1..=AGENCIES).map(|it| it.to_string()) {
            for fields in crate::generate::Bets::new(BETS, 1, &agency) {
                let bet = crate::Bet::from_fields(fields.each_ref().map(String::as_str));
                sheet::push_line(&mut expected, &agency, &bet);
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
        for line in &run.lines {
            prop_assert_eq!(line.agency.get(crate::agency::WINNERS), Some(0));
        }
        let verdict = run.judge.finish();
        prop_assert_eq!(verdict.judged, Judged::Passed, "{}", verdict.reason);
    }
}
