//! The states of `watch`, which see each record once, agree with the definitions, which look
//! at all records.

use std::sync::Arc;

use analysis_expression::{Expression, Scope};
use base::time::SimDuration;
use proptest::prelude::*;

use super::{Claim, Properties, Property, PropertyRule};
use crate::log::{ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema};
use crate::results::{Judgement, Verdict};

const NODES: usize = 3;

/// A record with two columns that are true, false, or without a value.
#[derive(Clone, Debug)]
struct Seen {
    node: usize,
    time_ns: u64,
    event: EventId,
    a: Option<bool>,
    b: Option<bool>,
}

/// An expression, and what it is for a record; `None` if a value is missing.
#[derive(Debug)]
struct Said {
    text: &'static str,
    of: fn(&Seen) -> Option<bool>,
}

const TICK: EventId = EventId::TICK;

/// Some depend on columns, some on the event too, and some on the event alone.
const SAID: [Said; 7] = [
    Said {
        text: "a",
        of: |it| it.a,
    },
    Said {
        text: "not b",
        of: |it| it.b.map(|b| !b),
    },
    Said {
        text: "event == 'tick'",
        of: |it| Some(it.event == TICK),
    },
    Said {
        text: "event == 'tick' implies a",
        of: |it| if it.event == TICK { it.a } else { Some(true) },
    },
    Said {
        text: "b and event == 'tick'",
        of: |it| if it.event == TICK { it.b } else { Some(false) },
    },
    Said {
        text: "event in ['timer', 'receive'] and a",
        of: |it| if it.event == TICK { Some(false) } else { it.a },
    },
    Said {
        text: "event == 'crash'",
        of: |_| Some(false),
    },
];

fn schema() -> RunSchema {
    let column = |name: &str| ColumnSchema {
        name: name.to_owned(),
        kind: ColumnKind::Bool,
        docs: String::new(),
    };
    let columns: Arc<[ColumnSchema]> = [column("a"), column("b")].into();
    let node = |index| NodeSchema {
        name: format!("n{index}"),
        columns: columns.clone(),
        ..NodeSchema::default()
    };
    RunSchema {
        nodes: (0..NODES).map(node).collect(),
        external_peers: Vec::new(),
    }
}

/// The judgement of the properties of a run that ended at `end`.
fn judged(claim: Claim, global: bool, records: &[Seen], end: u64) -> Judgement {
    judged_together(&[(claim, global)], records, end).remove(0)
}

/// The judgements of several properties, each with whether it is global.
fn judged_together(claims: &[(Claim, bool)], records: &[Seen], end: u64) -> Vec<Judgement> {
    let schema = Arc::new(schema());
    let property = |(claim, global): &(Claim, bool)| {
        let rule = PropertyRule {
            name: "it".to_owned(),
            nodes: None,
            global: *global,
            claim: claim.clone(),
        };
        let scope = Scope {
            global: *global,
            ..Scope::of(&schema)
        };
        Arc::new(Property::new(rule, &scope).unwrap().unwrap())
    };
    let all: Vec<Arc<Property>> = claims.iter().map(property).collect();
    let mut properties = Properties::begin(&all, &schema);
    for (step, it) in (1..).zip(records) {
        let row = Row {
            time_ns: it.time_ns,
            step,
            node: it.node as u32,
            event: it.event,
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: 0,
        };
        let cells = [it.a, it.b].map(|it| u64::from(it == Some(true)));
        let columns = Columns {
            present: u64::from(it.a.is_some()) | u64::from(it.b.is_some()) << 1,
            cells: &cells,
            texts: &[],
        };
        properties.row(&row, &columns);
    }
    properties.finish(end, |_, _, _| String::new())
}

/// The records of each state of a property.
fn instances(global: bool, records: &[Seen]) -> Vec<Vec<&Seen>> {
    match global {
        true => vec![records.iter().collect()],
        false => (0..NODES)
            .map(|node| records.iter().filter(|it| it.node == node).collect())
            .collect(),
    }
}

fn expression(said: &Said) -> Expression {
    Expression::parse(said.text).unwrap()
}

/// Failed if anything failed; else passed if anything was met, else unknown.
fn verdict(failed: usize, met: usize) -> Verdict {
    match (failed, met) {
        (1.., _) => Verdict::Failed,
        (0, 1..) => Verdict::Passed,
        (0, 0) => Verdict::Unknown,
    }
}

fn said() -> impl Strategy<Value = &'static Said> {
    (0..SAID.len()).prop_map(|index| &SAID[index])
}

fn records() -> impl Strategy<Value = Vec<Seen>> {
    let event = prop::sample::select(vec![TICK, EventId::TIMER, EventId::RECEIVE]);
    let value = || prop::option::weighted(0.8, any::<bool>());
    let seen = (0..NODES, 0_u64..4, event, value(), value());
    prop::collection::vec(seen, 0..20).prop_map(|all| {
        let mut time_ns = 0;
        let mut seen = |(node, gap, event, a, b)| {
            time_ns += gap;
            Seen {
                node,
                time_ns,
                event,
                a,
                b,
            }
        };
        all.into_iter().map(&mut seen).collect()
    })
}

/// When a run with these records ends.
fn end_of(records: &[Seen], after: u64) -> u64 {
    records.last().map_or(0, |it| it.time_ns) + after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn always_and_never_are_about_each_record(
        said in said(), global: bool, never: bool, records in records(),
    ) {
        let values: Vec<_> = records.iter().map(said.of).collect();
        let evaluated = values.iter().flatten().count();
        let failed = values.iter().filter(|it| **it == Some(never)).count();
        let claim = match never {
            true => Claim::Never(expression(said)),
            false => Claim::Always(expression(said)),
        };
        let found = judged(claim, global, &records, end_of(&records, 0));
        prop_assert_eq!(found.verdict, verdict(failed, evaluated - failed), "{:?}", found);
        match found.verdict {
            Verdict::Passed => prop_assert_eq!(found.measured, format!("{evaluated} records")),
            Verdict::Failed => {
                let words = format!("; in {failed} of {evaluated} records");
                prop_assert!(found.reason.ends_with(&words), "{}", found.reason);
                let first = values.iter().position(|it| *it == Some(never)).unwrap();
                let node = records[first].node;
                let row = records[..=first].iter().filter(|it| it.node == node).count();
                let proof = found.evidence.last().unwrap();
                prop_assert_eq!((&proof.node, proof.row), (&format!("n{node}"), row as u64));
            }
            Verdict::Unknown => prop_assert!(found.reason.starts_with("it was never evaluated")),
        }
    }

    #[test]
    fn eventually_is_met_from_its_beginning_to_its_deadline(
        said in said(),
        global: bool,
        from in 0_u64..12,
        within in prop::option::of(0_u64..12),
        records in records(),
        after in 0_u64..8,
    ) {
        let end = end_of(&records, after);
        let deadline = within.map_or(u64::MAX, |it| from + it);
        let (mut met, mut failed) = (0, 0);
        for instance in instances(global, &records) {
            let counts = |it: &&Seen| (from..=deadline).contains(&it.time_ns);
            match instance.into_iter().filter(counts).any(|it| (said.of)(it) == Some(true)) {
                true => met += 1,
                false => failed += usize::from(deadline <= end),
            }
        }
        let claim = Claim::Eventually {
            what: expression(said),
            from: SimDuration(from),
            within: within.map(SimDuration),
        };
        let found = judged(claim, global, &records, end);
        prop_assert_eq!(found.verdict, verdict(failed, met), "{:?}", found);
    }

    #[test]
    fn each_trigger_has_its_response_in_time(
        (trigger, response) in (said(), said()),
        global: bool,
        within in 0_u64..8,
        records in records(),
        after in 0_u64..8,
    ) {
        let end = end_of(&records, after);
        let (mut met, mut failed) = (0, 0);
        for instance in instances(global, &records) {
            for (index, it) in instance.iter().enumerate() {
                if (trigger.of)(it) != Some(true) {
                    continue;
                }
                let deadline = it.time_ns + within;
                let mut later = instance[index..].iter();
                let follows = |it: &&Seen| {
                    it.time_ns <= deadline && (response.of)(it) == Some(true)
                };
                match later.any(follows) {
                    true => met += 1,
                    false => failed += usize::from(deadline <= end),
                }
            }
        }
        let claim = Claim::LeadsTo {
            trigger: expression(trigger),
            response: expression(response),
            within: SimDuration(within),
        };
        let found = judged(claim, global, &records, end);
        prop_assert_eq!(found.verdict, verdict(failed, met), "{:?}", found);
    }

    #[test]
    fn sometimes_names_the_first_record(said in said(), global: bool, records in records()) {
        let first = records.iter().find(|it| (said.of)(it) == Some(true));
        let found = judged(Claim::Sometimes(expression(said)), global, &records, end_of(&records, 0));
        let place = |it: &Seen| format!("at {} (n{})", base::time::SimTime(it.time_ns), it.node);
        prop_assert_eq!(found.measured, first.map(place).unwrap_or_default());
        prop_assert_eq!(found.verdict, verdict(0, usize::from(first.is_some())));
    }
}

/// A claim of any kind, also of an expression that fails for some records.
fn claim() -> impl Strategy<Value = Claim> {
    let texts = SAID.iter().map(|it| it.text);
    let texts = texts.chain(["b or 1 / (step - 3) > 0", "last(a) implies b"]);
    let texts = prop::sample::select(texts.collect::<Vec<&str>>());
    (texts, 0..5, 0_u64..9).prop_map(|(text, kind, ns)| {
        let what = Expression::parse(text).unwrap();
        match kind {
            0 => Claim::Always(what),
            1 => Claim::Never(what),
            2 => Claim::Sometimes(what),
            3 => Claim::Eventually {
                what,
                from: SimDuration(ns / 2),
                within: Some(SimDuration(ns)),
            },
            _ => Claim::LeadsTo {
                trigger: what,
                response: Expression::parse("b").unwrap(),
                within: SimDuration(ns),
            },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What is said of a property does not depend on those beside it: neither its verdict, nor
    /// the numbers of records, nor its evidence.
    #[test]
    fn properties_that_are_judged_together_are_what_each_is_alone(
        claims in prop::collection::vec((claim(), any::<bool>()), 1..7),
        records in records(),
    ) {
        let end = end_of(&records, 1);
        let together = judged_together(&claims, &records, end);
        for ((claim, global), found) in claims.into_iter().zip(together) {
            prop_assert_eq!(found, judged(claim, global, &records, end));
        }
    }
}

/// After a failure to evaluate, no record counts any more: neither those that are judged nor
/// those that are only counted.
#[test]
fn a_property_that_cannot_be_evaluated_counts_no_further_record() {
    let record = |event, a| Seen {
        node: 0,
        time_ns: 1,
        event,
        a: Some(a),
        b: None,
    };
    let text = "event != 'tick' or (a and 1 / queue > 0)";
    let records = [
        record(EventId::TIMER, true),
        record(TICK, false),
        record(TICK, true),
        record(EventId::TIMER, true),
        record(TICK, false),
    ];
    let claim = Claim::Always(Expression::parse(text).unwrap());
    let found = judged(claim, false, &records, 9);
    assert_eq!(found.verdict, Verdict::Failed);
    let words = "; in 1 of 2 records";
    assert!(found.reason.ends_with(words), "{}", found.reason);
}
