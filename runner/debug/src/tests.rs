//! Tests of the recording and of the way through it, with a behavior that forwards messages:
//! no plugin, no file, no terminal.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use analysis_log::{ColumnKind, ColumnSchema, Columns, EventId, NodeSchema, Row, RunSchema};
use base::distribution::Distribution;
use base::random::{Random, Streams};
use base::time::{SimDuration, SimTime};
use engine::behaviors::{Behaviors, Call, CallError};
use engine::follow::Act;
use engine::run::Run;
use engine::sink::{NoSink, Sink};
use engine::world::World;
use model::roster::Roster;
use model::{BehaviorName, Fault, FaultKind, Group, Link, LinkRule, Loss, TickRule, Timing};
use proptest::prelude::*;

use crate::by_hand::ByHand;
use crate::explorer::{Execute, Explorer, Pane, Recorded};
use crate::history::{Cause, History};
use crate::scene::Scene;
use crate::state::Moving;
use crate::tape::{Recording, Tape};

const MS: u64 = 1_000_000;

/// Each tick sends to the next node; a message with a number above 0 is sent on with one
/// less. Column 0 is the number of messages that were received.
struct Forward {
    columns: Vec<u64>,
}

impl Behaviors for Forward {
    fn create<S: Sink>(&mut self, node: u32, _: Random, _: &mut World<S>) -> Result<(), CallError> {
        self.columns[node as usize] = 0;
        Ok(())
    }

    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        let next = world.topology().peer_number(node, (node + 1) % 4);
        match call {
            Call::Start if node == 3 => world.send(next, &[9]).expect("a link"),
            Call::Tick => world.send(next, &[2]).expect("a link"),
            Call::Message { bytes, .. } => {
                self.columns[node as usize] += 1;
                if bytes[0] > 0 {
                    world.send(next, &[bytes[0] - 1]).expect("a link");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn columns(&self, node: u32) -> Columns<'_> {
        let at = node as usize;
        Columns {
            present: 1,
            cells: &self.columns[at..at + 1],
            texts: &[],
        }
    }
}

fn group(name: &str, count: u32, timing: Timing) -> Group {
    Group {
        name: name.to_owned(),
        count,
        numbered: count > 1,
        behavior: Some(BehaviorName {
            plugin: "test".to_owned(),
            behavior: "forward".to_owned(),
        }),
        config: String::new(),
        timing,
        start_at: SimDuration::ZERO,
        rng_id: None,
        inbox_limit: Some(3),
        clock: None,
        state: None,
        listen: Vec::new(),
        stdin: None,
        program: None,
        ids: None,
    }
}

/// Two clocked nodes, a server, and an event-driven node; links that lose and duplicate; a
/// crash, a pause and a partition that cuts.
fn groups() -> Vec<Group> {
    let every = TickRule::Rate(Distribution::Constant(10.0));
    vec![
        group("tick", 2, Timing::Clocked { every, phase: None }),
        group(
            "server",
            1,
            Timing::Server {
                service_time: Distribution::Constant((130 * MS) as f64),
            },
        ),
        group("event", 1, Timing::EventDriven),
    ]
}

fn rules() -> Vec<LinkRule> {
    let all = || std::iter::once(0..4).collect();
    vec![LinkRule {
        from: all(),
        to: all(),
        both: true,
        link: Link {
            latency: Distribution::Uniform {
                low: 0.0,
                high: (80 * MS) as f64,
            },
            loss: Loss::Independent(0.1),
            duplicate: 0.2,
            ..Link::IDEAL
        },
    }]
}

fn faults() -> Vec<Fault> {
    let fault = |at: u64, span: u64, kind| Fault {
        at: SimDuration(at * MS),
        span: Some(SimDuration(span * MS)),
        every: None,
        required: false,
        kind,
    };
    let only = |node: u32| std::iter::once(node..node + 1).collect();
    vec![
        fault(1000, 700, FaultKind::Crash(only(2))),
        fault(2000, 300, FaultKind::Pause(only(0))),
        fault(
            3000,
            300,
            FaultKind::Partition {
                sides: vec![only(1)],
                cut: true,
            },
        ),
    ]
}

fn schema() -> Arc<RunSchema> {
    let columns = [ColumnSchema {
        name: "taken".to_owned(),
        kind: ColumnKind::U64,
        docs: String::new(),
    }];
    let node = |name: &str| NodeSchema {
        name: name.to_owned(),
        columns: columns.clone().into(),
        ..NodeSchema::default()
    };
    let nodes = ["tick-1", "tick-2", "server", "event"].map(node);
    Arc::new(RunSchema {
        nodes: nodes.into(),
        external_peers: Vec::new(),
    })
}

fn scene() -> Scene {
    let roster = Roster::new(&groups());
    Scene::new("test".to_owned(), roster, rules(), faults())
}

struct Runs {
    seed: u64,
    most: usize,
    executed: usize,
}

impl Execute for Runs {
    fn execute(&mut self, by_hand: &ByHand) -> Result<Recorded, String> {
        self.executed += 1;
        let tape = Tape::new(NoSink, &schema(), by_hand.messages(), self.most);
        let mut run = Run::new(
            Roster::new(&groups()),
            &rules(),
            Some(SimDuration(5000 * MS)),
            Streams::new(self.seed, "default", 1),
            Forward {
                columns: vec![0; 4],
            },
            tape,
        )
        .with_faults(&[faults(), by_hand.faults()].concat());
        let outcome = run.go(&AtomicBool::new(false));
        let (_, recording) = run.into_sink().into_parts();
        Ok(Recorded {
            recording,
            failures: Vec::new(),
            verdict: format!("{} in flight", outcome.conservation.in_flight),
        })
    }

    fn save(&mut self, _: &str, _: &ByHand) -> Result<String, String> {
        Err("not here".to_owned())
    }
}

fn runs(seed: u64) -> Runs {
    Runs {
        seed,
        most: usize::MAX,
        executed: 0,
    }
}

fn history_of(seed: u64) -> History {
    runs(seed)
        .execute(&ByHand::default())
        .unwrap()
        .recording
        .into_history()
}

/// The messages that are somewhere after an entry, by the records alone: sent, and neither
/// received nor dropped. A copy that a link has made has no record of its own, so the
/// numbers of copies are left out.
fn open_by_records(history: &History, entry: usize) -> std::collections::BTreeSet<(u32, u64)> {
    let mut open = std::collections::BTreeMap::new();
    for row in (0..=entry).flat_map(|entry| history.rows(entry)) {
        match row.event {
            EventId::SEND => *open.entry((row.node, row.message)).or_insert(0) += 1,
            EventId::RECEIVE | EventId::DROP => {
                *open.entry((row.peer, row.message)).or_insert(0) -= 1;
            }
            _ => {}
        }
    }
    open.retain(|_, count| *count > 0);
    open.into_keys().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_state_after_an_entry_does_not_depend_on_the_way_there(
        seed in 0..1000u64,
        ways in prop::collection::vec(0..1000usize, 1..40),
    ) {
        let history = history_of(seed);
        let mut moving = Moving::new(&history);
        for way in ways {
            let entry = way * history.len() / 1000;
            moving.go(entry, &history);
            let mut fresh = Moving::new(&history);
            for each in 0..=entry {
                fresh.go(each, &history);
            }
            prop_assert_eq!(moving.state(), fresh.state());
        }
    }

    #[test]
    fn every_open_message_is_in_one_place(seed in 0..1000u64) {
        let history = history_of(seed);
        let mut moving = Moving::new(&history);
        for entry in 0..history.len() {
            moving.go(entry, &history);
            let state = moving.state();
            let under_way = state.under_way.iter().map(|it| it.1);
            let inboxes = state.inboxes.values().flatten().copied();
            let somewhere: std::collections::BTreeSet<(u32, u64)> = under_way
                .chain(inboxes)
                .map(|at| history.message(at).name)
                .map(|name| (name.from, name.number))
                .collect();
            let open = open_by_records(&history, entry);
            prop_assert!(open.is_subset(&somewhere), "{entry}: {open:?} {somewhere:?}");
        }
    }
}

#[test]
fn at_the_end_what_is_somewhere_is_what_the_engine_counts() {
    for seed in 0..20 {
        let recorded = runs(seed).execute(&ByHand::default()).unwrap();
        let history = recorded.recording.history();
        let mut moving = Moving::new(history);
        moving.go(history.len() - 1, history);
        let state = moving.state();
        let waiting: usize = state.inboxes.values().map(|it| it.len()).sum();
        let count = state.under_way.len() + waiting;
        assert_eq!(recorded.verdict, format!("{count} in flight"), "{seed}");
        assert!(!state.up.contains(&true), "all have stopped");
    }
}

#[test]
fn queue_lengths_of_records_are_those_of_the_inboxes() {
    let history = history_of(7);
    let mut moving = Moving::new(&history);
    let mut compared = 0;
    for entry in 0..history.len() {
        moving.go(entry, &history);
        for node in 0..4 {
            let own = history.rows(entry).rfind(|row| row.node == node);
            if let Some(row) = own.filter(|row| row.event != EventId::DROP) {
                let inbox = moving.state().inbox_len(node);
                // The message that is served is in the inbox.
                assert_eq!(row.queue, inbox as u64, "entry {entry}, node {node}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_recording_ends_where_it_must_and_says_so() {
    let mut runs = runs(1);
    runs.most = 50;
    let history = runs
        .execute(&ByHand::default())
        .unwrap()
        .recording
        .into_history();
    assert_eq!(history.len(), 50);
    assert!(history.cut.as_ref().unwrap().contains("after 50 events"));
    let whole = history_of(1);
    assert!(whole.cut.is_none());
    let mut moving = Moving::new(&history);
    let mut other = Moving::new(&whole);
    moving.go(49, &history);
    other.go(49, &whole);
    assert_eq!(moving.state(), other.state());
}

#[test]
fn looking_back_executes_nothing() {
    let mut runs = runs(3);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    explorer.go(usize::MAX);
    let last = explorer.position();
    while explorer.step(false).is_ok() {}
    assert_eq!(explorer.position(), 0);
    explorer.go_to_time(SimTime(1500 * MS));
    assert!(explorer.now().0 <= 1500 * MS);
    explorer.step(true).unwrap();
    assert!(explorer.now().0 > 1500 * MS);
    explorer.node = 2;
    while explorer.step_of_node(true).is_ok() {
        let at = explorer.position();
        assert!(explorer.history().concerns(at, 2));
    }
    assert!(explorer.position() <= last);
    drop(explorer);
    assert_eq!(runs.executed, 1);
}

/// The entries of a history as text, up to an entry.
fn told(history: &History, count: usize) -> Vec<String> {
    let one = |entry| crate::view::log_text(history, &scene(), entry);
    (0..count).map(one).collect()
}

#[test]
fn a_dropped_message_never_arrives_and_nothing_before_changes() {
    let mut runs = runs(5);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    explorer.pane = Pane::UnderWay;
    while explorer.state().under_way.len() < 2 {
        explorer.step(true).unwrap();
    }
    explorer.select(1);
    let at = explorer.position();
    let before = told(explorer.history(), at + 1);
    let name = explorer
        .history()
        .message(explorer.selected_message().unwrap())
        .name;
    explorer.act(Act::Drop).unwrap();
    let history = explorer.history();
    assert_eq!(told(history, at + 1), before);
    assert_eq!(explorer.position(), at + 1);
    assert_eq!(history.cause(at + 1), Cause::DroppedByHand(name.to));
    let dropped = history.rows(at + 1).next().unwrap();
    assert_eq!((dropped.event, dropped.node), (EventId::DROP, name.to));
    let receives = (at..history.len())
        .flat_map(|entry| history.rows(entry))
        .filter(|row| {
            row.event == EventId::RECEIVE && (row.peer, row.message) == (name.from, name.number)
        });
    let copies = explorer.state().under_way.iter();
    let copies = copies
        .filter(|it| history.message(it.1).name == name)
        .count();
    assert!(receives.count() <= copies);
    explorer.undo().unwrap();
    assert_eq!(explorer.by_hand().all, []);
    assert_eq!(all(explorer.history()), all(&history_of(5)));
}

fn all(history: &History) -> Vec<String> {
    told(history, history.len())
}

#[test]
fn a_message_that_is_delivered_first_arrives_before_all_others() {
    let mut runs = runs(6);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    explorer.pane = Pane::UnderWay;
    while explorer.state().under_way.len() < 3 {
        explorer.step(true).unwrap();
    }
    explorer.select(2);
    let now = explorer.now();
    let name = explorer
        .history()
        .message(explorer.selected_message().unwrap())
        .name;
    explorer.act(Act::Deliver).unwrap();
    let at = explorer.position();
    assert_eq!(explorer.now(), now);
    assert_eq!(
        explorer.history().cause(at),
        Cause::DeliveredByHand(name.to)
    );
    let inbox = explorer.state().inboxes.get(&name.to).into_iter().flatten();
    let waits = inbox
        .into_iter()
        .any(|&at| explorer.history().message(at).name == name);
    let taken = explorer
        .history()
        .rows(at)
        .any(|row| row.event == EventId::RECEIVE);
    assert!(waits || taken);
}

#[test]
fn a_crash_by_hand_is_a_fault_after_the_events_of_its_instant() {
    let mut runs = runs(8);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    explorer.go_to_time(SimTime(500 * MS));
    explorer.node = 3;
    let (at, now) = (explorer.position(), explorer.now());
    let before = told(explorer.history(), at + 1);
    explorer.crash(Some(SimDuration(100 * MS))).unwrap();
    assert_eq!(told(explorer.history(), at + 1), before);
    assert!(!explorer.state().up[3]);
    assert_eq!(explorer.now().0, now.0 + 1);
    assert!(explorer.crash(None).is_err(), "it is down");
    explorer.go_to_time(SimTime(now.0 + 1 + 100 * MS));
    assert!(explorer.state().up[3], "it has restarted");
    let lines = explorer.scene.faults(explorer.state());
    assert!(
        lines.last().unwrap().0.starts_with("crash event at"),
        "{lines:?}"
    );
}

#[test]
fn a_stop_is_an_expression_or_a_column_that_changes() {
    let mut runs = runs(9);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    assert!(explorer.step_to_stop(true).is_err(), "none is set");
    assert!(explorer.add_stop("taken >= 3 and node == 'event'").unwrap() > 0);
    assert_eq!(
        explorer.step_to_stop(true).unwrap(),
        "taken >= 3 and node == 'event'"
    );
    let first = explorer.position();
    assert_eq!(explorer.node, 3);
    let values = explorer.history().columns(3, first);
    assert_eq!(values, [("taken", "3".to_owned())]);
    explorer.stops.clear();
    let changes = explorer.add_stop("taken").unwrap();
    let history = explorer.history();
    let differs = |entry: &usize| {
        let value = |node: u32, entry: usize| history.columns(node, entry);
        let mut nodes = 0..4;
        nodes.any(|node| value(node, entry - 1) != value(node, *entry))
    };
    let expected: Vec<usize> = (1..history.len()).filter(differs).collect();
    assert_eq!(explorer.stops[0].entries, expected);
    assert_eq!(changes, expected.len());
    let wrong = explorer.add_stop("takn > 3 and event == 3").unwrap_err();
    assert!(
        wrong.contains("column 1") && wrong.contains("takn"),
        "{wrong}"
    );
    assert!(explorer.add_stop("taken >").is_err());
    assert!(explorer.add_stop("  ").is_err());
    assert_eq!(explorer.stops.len(), 1);
}

#[test]
fn why_shows_only_what_happened_before() {
    let mut runs = runs(2);
    let recorded = runs.execute(&ByHand::default()).unwrap();
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    assert!(explorer.ask_why().unwrap() <= 1, "nothing led to the start");
    explorer.why = None;
    explorer.go_to_time(SimTime(900 * MS));
    explorer.step_to(EventId::RECEIVE, true).unwrap();
    let (at, node) = (explorer.position(), explorer.node);
    let count = explorer.ask_why().unwrap();
    let why = explorer.why.clone().unwrap();
    assert_eq!((why.len(), why.last()), (count, Some(&at)));
    assert!(count < at, "not everything led to it");
    // Happens-before of records by its definition, until nothing is added.
    let entries = 0..=at;
    let rows = entries.flat_map(|it| explorer.history().rows(it).map(move |row| (it, *row)));
    let rows: Vec<_> = rows.collect();
    let is_before = |earlier: usize, later: usize| {
        let (row, other) = (&rows[earlier].1, &rows[later].1);
        let sent = row.event == EventId::SEND && other.event == EventId::RECEIVE;
        row.node == other.node || sent && (row.node, row.message) == (other.peer, other.message)
    };
    let mut past = std::collections::BTreeSet::from([rows.len() - 1]);
    let mut reached = 0;
    while past.len() > reached {
        reached = past.len();
        for later in past.clone() {
            past.extend((0..later).filter(|&earlier| is_before(earlier, later)));
        }
    }
    let past: std::collections::BTreeSet<usize> = past.iter().map(|&row| rows[row].0).collect();
    assert_eq!(why, Vec::from_iter(past));
    // All earlier events of its node, and the event that sent the message.
    let history = explorer.history();
    let rows_of = |entry: usize| history.rows(entry).filter(|row| row.node == node).count() > 0;
    assert!(
        (0..at)
            .filter(|&it| rows_of(it))
            .all(|it| why.contains(&it))
    );
    let received = history
        .rows(at)
        .find(|row| row.event == EventId::RECEIVE)
        .unwrap();
    let sends = |entry: &usize| {
        let mut rows = history.rows(*entry);
        rows.any(|row| {
            row.event == EventId::SEND
                && (row.node, row.message) == (received.peer, received.message)
        })
    };
    assert!((0..at).filter(sends).all(|it| why.contains(&it)));
    // The way goes through the past alone.
    explorer.step(false).unwrap();
    assert_eq!(explorer.position(), why[count - 2]);
    explorer.why = None;
    explorer.go(at);
    explorer.step(false).unwrap();
    assert_eq!(explorer.position(), at - 1);
}

#[test]
fn a_state_that_was_looked_at_follows_what_is_added_to_the_last_event() {
    use crate::live::Part;
    use engine::follow::Happening;
    let recorded = Recorded {
        recording: Recording::new(&schema(), usize::MAX),
        failures: Vec::new(),
        verdict: String::new(),
    };
    let mut runs = runs(1);
    let mut explorer = Explorer::new(scene(), recorded, ByHand::default(), &mut runs);
    let row = |node, event| Part::Row {
        row: Row {
            time_ns: 0,
            step: 0,
            node,
            event,
            peer: u32::MAX,
            message: 0,
            bytes: 0,
            queue: 0,
        },
        present: 0,
        cells: vec![0],
        texts: Vec::new(),
    };
    for node in 0..4 {
        explorer.record(row(node, EventId::START));
        explorer.settle();
        let up = explorer.state().up.iter().filter(|it| **it).count();
        assert_eq!(up, node as usize + 1);
    }
    explorer.record(Part::Happens(SimTime(1), Happening::Tick { node: 1 }));
    explorer.record(row(1, EventId::CRASH));
    explorer.go(usize::MAX);
    assert_eq!(explorer.state().up, [true, false, true, true]);
    explorer.go(0);
    assert_eq!(explorer.state().up, [true; 4]);
}
