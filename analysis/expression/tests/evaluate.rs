//! The evaluator, which keeps little and looks at no types, agrees with a naive one, which
//! keeps every record and computes each value from the beginning.

use std::sync::Arc;

use analysis_expression::{
    Conditions, Expression, Group, Memory, Names, Program, Quick, Record, Scope, Shape, Stop, Why,
};
use analysis_log::{
    ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
};
use proptest::prelude::*;

const NODES: u32 = 3;

/// A record as the tests make it.
#[derive(Clone, Debug)]
struct Seen {
    node: u32,
    time_ns: u64,
    step: u64,
    event: EventId,
    peer: u32,
    message: u64,
    queue: u64,
    /// `a` whole, `b` signed, `r` real, `t` truth, `s` text, `d_ns` duration.
    cells: [Option<u64>; 6],
}

const TEXTS: [&str; 3] = ["R", "G", "it's"];
const NAMES: [&str; 6] = ["a", "b", "r", "t", "s", "d_ns"];
const KINDS: [ColumnKind; 6] = [
    ColumnKind::U64,
    ColumnKind::I64,
    ColumnKind::F64,
    ColumnKind::Bool,
    ColumnKind::Text,
    ColumnKind::U64,
];

fn columns() -> Arc<[ColumnSchema]> {
    let named = NAMES.iter().zip(KINDS);
    let column = |(name, kind): (&&str, _)| ColumnSchema {
        name: (*name).to_owned(),
        kind,
        docs: String::new(),
    };
    named.map(column).collect()
}

fn schema() -> RunSchema {
    let node = |index| NodeSchema {
        name: format!("n-{}", index + 1),
        columns: columns(),
        events: Arc::from(["elected".to_owned()]),
        program: false,
        driving: Default::default(),
    };
    RunSchema {
        nodes: (0..NODES).map(node).collect(),
        external_peers: Vec::new(),
    }
}

fn scope() -> Scope {
    let group = Group {
        name: "n".to_owned(),
        numbered: true,
        nodes: 0..NODES,
        shape: Some(Shape {
            columns: columns(),
            events: Arc::from(["elected".to_owned()]),
            program: false,
        }),
    };
    Scope {
        groups: vec![group],
        selected: None,
        global: true,
    }
}

impl Seen {
    fn with<T>(&self, schema: &RunSchema, use_it: impl FnOnce(Record<'_>) -> T) -> T {
        let row = Row {
            time_ns: self.time_ns,
            step: self.step,
            node: self.node,
            event: self.event,
            peer: self.peer,
            message: self.message,
            bytes: 4,
            queue: self.queue,
        };
        let present = self.cells.iter().enumerate();
        let present = present.fold(0, |sum, (at, it)| sum | u64::from(it.is_some()) << at);
        let cells = self.cells.map(Option::unwrap_or_default);
        let texts = TEXTS.map(str::to_owned);
        use_it(Record {
            row: &row,
            columns: &Columns {
                present,
                cells: &cells,
                texts: &texts,
            },
            names: Names {
                schema,
                external_peers: &[],
            },
        })
    }
}

/// Whether a text has a divisor that is written as 0, and so is refused.
fn divides_by_zero(text: &str) -> bool {
    let expression = Expression::parse(text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
    let found = Program::new(&expression, &scope())
        .err()
        .unwrap_or_default();
    found
        .iter()
        .any(|it| it.message.ends_with("is a division by zero"))
}

/// Evaluates the last of some records in the optimized way.
fn quick(text: &str, records: &[Seen]) -> Vec<Result<bool, Stop>> {
    let schema = schema();
    let expression = Expression::parse(text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
    let program = Program::new(&expression, &scope()).unwrap_or_else(|it| panic!("{text}: {it:?}"));
    let program = program.unwrap();
    let mut memory = Memory::new(&program, NODES as usize);
    let holds = |record: &Seen| {
        record.with(&schema, |record| {
            program.see(&mut memory, &record);
            let holds = program.holds(&memory, &record);
            agrees(&program, &memory, &record, holds);
            holds
        })
    };
    records.iter().map(holds).collect()
}

/// The exact evaluation alone, and the expression given the event, are the same.
fn agrees(program: &Program, memory: &Memory, record: &Record<'_>, holds: Result<bool, Stop>) {
    assert_eq!(program.holds_exactly(memory, record), holds);
    let condition = program.form(memory, record.row.node);
    let condition = condition.and_then(|it| program.condition(it, record.row.event));
    let Some(condition) = condition else {
        return assert_eq!(holds, Err(Stop::Absent));
    };
    let mut together = Conditions::new();
    assert!(together.add(&condition, 0, true) && together.add(&condition, 0, false));
    let memories = std::slice::from_ref(memory);
    assert!(
        !together.all_as_wanted(memories, record),
        "both cannot be as wanted"
    );
    for (index, wanted) in [true, false].into_iter().enumerate() {
        match together.as_wanted(index, memories, record) {
            Quick::Is(it) => assert_eq!(holds, Ok(it == wanted)),
            Quick::Absent => assert_eq!(holds, Err(Stop::Absent)),
            Quick::Unsure => {}
        }
    }
    if let Some(truth) = condition.constant() {
        assert_eq!(holds, Ok(truth));
    }
}

/// The naive side.
mod naive {
    use super::*;
    use analysis_expression::syntax::{Aggregate, Form, Function, Node, Operator};

    #[derive(Clone, Debug, PartialEq)]
    pub enum Value {
        Truth(bool),
        Whole(i128),
        Duration(i128),
        Real(f64),
        Text(String),
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum None {
        Absent,
        Fails,
    }

    type Found = Result<Value, None>;

    /// The value of a part for the record at the end of the history.
    pub fn value(node: &Node, history: &[Seen]) -> Found {
        let record = history.last().ok_or(None::Absent)?;
        Ok(match &node.form {
            Form::Whole(number) => Value::Whole(*number),
            Form::Real(number) => Value::Real(*number),
            Form::Duration(ns) => Value::Duration((*ns).into()),
            Form::Text(text) => Value::Text(text.clone()),
            Form::Truth(truth) => Value::Truth(*truth),
            Form::Column(name) => column(name, record)?,
            Form::OfNode { node, column: name } => {
                let index = node.name[2..].parse::<u32>().unwrap() - 1;
                let rows = alive(index, history);
                let values = rows.iter().map(|at| column(&name.name, &history[*at]));
                values
                    .rev()
                    .find(|it| *it != Err(None::Absent))
                    .unwrap_or(Err(None::Absent))?
            }
            Form::Not(inner) => Value::Truth(!truth(inner, history)?),
            Form::Negate(inner) => match value(inner, history)? {
                Value::Whole(number) => Value::Whole(number.checked_neg().ok_or(None::Fails)?),
                Value::Duration(number) => Value::Duration(-number),
                Value::Real(number) => Value::Real(-number),
                other => panic!("{other:?}"),
            },
            Form::In {
                value: of,
                list,
                negated,
            } => {
                let mut any = Ok(false);
                for item in list {
                    let equal = compare(Operator::Equal, of, item, history);
                    any = or(any, || equal);
                }
                Value::Truth(any? != *negated)
            }
            Form::Call(Function::Last, inner) => last(inner, history)?,
            Form::Call(Function::Has, inner) => match value(inner, history) {
                Ok(_) => Value::Truth(true),
                Err(None::Absent) => Value::Truth(false),
                Err(fails) => return Err(fails),
            },
            Form::Call(Function::Abs, inner) => match value(inner, history)? {
                Value::Whole(number) => Value::Whole(number.abs()),
                Value::Duration(number) => Value::Duration(number.abs()),
                Value::Real(number) => Value::Real(number.abs()),
                other => panic!("{other:?}"),
            },
            Form::Over(aggregate, inner) => over(*aggregate, inner, history)?,
            Form::Binary(operator, both) => {
                let [a, b] = &**both;
                match operator {
                    Operator::And => {
                        Value::Truth(!or(not(truth(a, history)), || not(truth(b, history)))?)
                    }
                    Operator::Or => Value::Truth(or(truth(a, history), || truth(b, history))?),
                    Operator::Implies => {
                        Value::Truth(or(not(truth(a, history)), || truth(b, history))?)
                    }
                    Operator::Add
                    | Operator::Subtract
                    | Operator::Multiply
                    | Operator::Divide
                    | Operator::Remainder => {
                        arithmetic(*operator, value(a, history)?, value(b, history)?)?
                    }
                    _ => Value::Truth(compare(*operator, a, b, history)?),
                }
            }
        })
    }

    fn not(truth: Result<bool, None>) -> Result<bool, None> {
        truth.map(|it| !it)
    }

    fn or(a: Result<bool, None>, b: impl FnOnce() -> Result<bool, None>) -> Result<bool, None> {
        match a {
            Ok(true) => Ok(true),
            Err(None::Fails) => Err(None::Fails),
            a => match (a, b()) {
                (_, Err(None::Fails)) => Err(None::Fails),
                (_, Ok(true)) => Ok(true),
                (Ok(false), Ok(false)) => Ok(false),
                _ => Err(None::Absent),
            },
        }
    }

    pub fn truth(node: &Node, history: &[Seen]) -> Result<bool, None> {
        match value(node, history)? {
            Value::Truth(truth) => Ok(truth),
            other => panic!("{other:?}"),
        }
    }

    fn column(name: &str, record: &Seen) -> Found {
        let raw = |at: usize| record.cells[at].ok_or(None::Absent);
        let message = || (record.message > 0).then_some(()).ok_or(None::Absent);
        Ok(match name {
            "time" => Value::Duration(record.time_ns.into()),
            "step" => Value::Whole(record.step.into()),
            "queue" => Value::Whole(record.queue.into()),
            "message" => message().map(|()| Value::Whole(record.message.into()))?,
            "bytes" => message().map(|()| Value::Whole(4))?,
            "node" => Value::Text(format!("n-{}", record.node + 1)),
            "peer" if record.peer == NO_PEER => return Err(None::Absent),
            "peer" => Value::Text(format!("n-{}", record.peer + 1)),
            "event" => Value::Text(match record.event {
                EventId(11) => "elected".to_owned(),
                EventId(other) => analysis_log::STANDARD_EVENTS[other as usize].to_owned(),
            }),
            "a" => Value::Whole(raw(0)?.into()),
            "b" => Value::Whole((raw(1)? as i64).into()),
            "r" => Value::Real(f64::from_bits(raw(2)?)),
            "t" => Value::Truth(raw(3)? != 0),
            "s" => Value::Text(TEXTS[raw(4)? as usize].to_owned()),
            "d_ns" => Value::Duration(raw(5)?.into()),
            other => panic!("{other}"),
        })
    }

    /// The records of a node since it last began, as indices. A crash ends a life, and a
    /// restart begins one.
    fn alive(node: u32, history: &[Seen]) -> Vec<usize> {
        let mut alive = Vec::new();
        let mut down = false;
        for (index, record) in history.iter().enumerate() {
            if record.node != node {
                continue;
            }
            match record.event {
                EventId::CRASH => {
                    alive.clear();
                    down = true;
                }
                EventId::RESTART => {
                    down = false;
                    alive.push(index);
                }
                _ if down => {}
                _ => alive.push(index),
            }
        }
        alive
    }

    fn last(inner: &Node, history: &[Seen]) -> Found {
        let record = history.last().unwrap();
        if !record.event.in_step() {
            return Err(None::Absent);
        }
        for at in alive(record.node, history).into_iter().rev() {
            if history[at].step == record.step {
                continue;
            }
            match value(inner, &history[..=at]) {
                Err(None::Absent) => {}
                found => return found,
            }
        }
        Err(None::Absent)
    }

    /// The latest value of each node.
    fn over(aggregate: Aggregate, inner: &Node, history: &[Seen]) -> Found {
        let mut values = Vec::new();
        for node in 0..NODES {
            for at in alive(node, history).into_iter().rev() {
                match value(inner, &history[..=at]) {
                    Err(None::Absent) => {}
                    found => {
                        values.push(found?);
                        break;
                    }
                }
            }
        }
        if values.is_empty() {
            return Err(None::Absent);
        }
        let truths = values.iter().map(|it| *it == Value::Truth(true));
        Ok(match aggregate {
            Aggregate::Count => Value::Whole(truths.filter(|it| *it).count() as i128),
            Aggregate::Any => Value::Truth(truths.into_iter().any(|it| it)),
            Aggregate::All => Value::Truth(truths.into_iter().all(|it| it)),
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => {
                let whole = values.iter().map(|it| match it {
                    Value::Whole(number) | Value::Duration(number) => *number,
                    other => panic!("{other:?}"),
                });
                let number = match aggregate {
                    Aggregate::Sum => whole.sum(),
                    Aggregate::Min => whole.min().unwrap(),
                    _ => whole.max().unwrap(),
                };
                match values[0] {
                    Value::Duration(_) => Value::Duration(number),
                    _ => Value::Whole(number),
                }
            }
        })
    }

    fn compare(operator: Operator, a: &Node, b: &Node, history: &[Seen]) -> Result<bool, None> {
        use std::cmp::Ordering;
        let (a, b) = (value(a, history)?, value(b, history)?);
        let order = match (a, b) {
            (Value::Whole(a), Value::Whole(b)) | (Value::Duration(a), Value::Duration(b)) => {
                a.cmp(&b)
            }
            (Value::Real(a), Value::Real(b)) => a.partial_cmp(&b).ok_or(None::Fails)?,
            // The numbers of these tests are small.
            (Value::Whole(a), Value::Real(b)) => (a as f64).partial_cmp(&b).ok_or(None::Fails)?,
            (Value::Real(a), Value::Whole(b)) => a.partial_cmp(&(b as f64)).ok_or(None::Fails)?,
            (a, b) => match a == b {
                true => Ordering::Equal,
                false => Ordering::Less,
            },
        };
        Ok(match operator {
            Operator::Equal => order.is_eq(),
            Operator::Unequal => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    fn arithmetic(operator: Operator, a: Value, b: Value) -> Found {
        let whole = |a: i128, b: i128| {
            match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                _ => a.checked_rem_euclid(b),
            }
            .ok_or(None::Fails)
        };
        let real = |a: f64, b: f64| {
            let result = match operator {
                Operator::Add => a + b,
                Operator::Subtract => a - b,
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                _ => a.rem_euclid(b),
            };
            let divides = matches!(operator, Operator::Divide | Operator::Remainder);
            (result.is_finite() && !(divides && b == 0.0))
                .then_some(result)
                .ok_or(None::Fails)
        };
        Ok(match (a, b) {
            (Value::Whole(a), Value::Whole(b)) if operator != Operator::Divide => {
                Value::Whole(whole(a, b)?)
            }
            (Value::Whole(a), Value::Whole(b)) => Value::Real(real(a as f64, b as f64)?),
            (Value::Real(a), Value::Real(b)) => Value::Real(real(a, b)?),
            (Value::Whole(a), Value::Real(b)) => Value::Real(real(a as f64, b)?),
            (Value::Real(a), Value::Whole(b)) => Value::Real(real(a, b as f64)?),
            (Value::Duration(a), Value::Duration(b)) if operator != Operator::Divide => {
                Value::Duration(whole(a, b)?)
            }
            (Value::Duration(a), Value::Duration(b)) => Value::Real(real(a as f64, b as f64)?),
            (Value::Duration(a), Value::Whole(b)) if operator == Operator::Divide => {
                Value::Duration(a.checked_div(b).ok_or(None::Fails)?)
            }
            (Value::Duration(a), Value::Whole(b)) | (Value::Whole(a), Value::Duration(b)) => {
                Value::Duration(whole(a, b)?)
            }
            (a, b) => panic!("{a:?} {operator:?} {b:?}"),
        })
    }
}

fn record() -> impl Strategy<Value = Seen> {
    let cell = |most: u64| prop::option::weighted(0.8, 0..most);
    let real = prop_oneof![8 => -4.0..4.0, 1 => Just(f64::NAN), 1 => Just(0.0)];
    (
        (
            0..NODES,
            0_u64..3,
            any::<bool>(),
            0_u16..12,
            0_u32..4,
            0_u64..3,
        ),
        (
            cell(5),
            -3_i64..4,
            prop::option::weighted(0.8, real),
            cell(2),
            cell(3),
            cell(5),
        ),
    )
        .prop_map(
            |((node, gap, new_step, event, peer, message), cells)| Seen {
                node,
                // Made a sum below.
                time_ns: gap,
                step: u64::from(new_step),
                event: EventId(event),
                peer: if peer == NODES { NO_PEER } else { peer },
                message,
                queue: gap,
                cells: [
                    cells.0,
                    Some(cells.1 as u64),
                    cells.2.map(f64::to_bits),
                    cells.3,
                    cells.4,
                    cells.5,
                ],
            },
        )
}

fn history() -> impl Strategy<Value = Vec<Seen>> {
    prop::collection::vec(record(), 1..25).prop_map(|mut records| {
        let mut steps = [0; NODES as usize];
        let mut time = 0;
        for record in &mut records {
            time += record.time_ns;
            record.time_ns = time;
            steps[record.node as usize] += record.step;
            record.step = steps[record.node as usize];
        }
        records
    })
}

/// Numbers, durations and truths, as text. `all` allows what sees all nodes.
fn number(all: bool) -> BoxedStrategy<String> {
    let mut leaves = vec![
        "a",
        "b",
        "step",
        "queue",
        "message",
        "bytes",
        "0",
        "1",
        "3",
        "last(a)",
        "last(b + 1)",
        "last(last(a))",
        "abs(b)",
        "-b",
    ];
    if all {
        leaves.extend([
            "count(nodes, t)",
            "count(nodes, a > last(a))",
            "sum(nodes, a)",
            "max(nodes, b)",
            "min(nodes, a - b)",
            "'n-1'.a",
            "'n-3'.queue",
            "count(nodes, a % b == 0)",
        ]);
    }
    let leaf = prop::sample::select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(2, 6, 2, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "%"]);
        (inner.clone(), operator, inner).prop_map(|(a, op, b)| format!("({a} {op} {b})"))
    })
    .boxed()
}

fn truth(all: bool) -> BoxedStrategy<String> {
    let comparison = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let equality = || prop::sample::select(vec!["==", "!="]);
    let texts = prop::sample::select(vec![
        "s",
        "event",
        "peer",
        "node",
        "last(s)",
        "'send'",
        "last(event)",
        "last(peer)",
    ]);
    let words = prop::sample::select(vec![
        "event == 'elected'",
        "event in ['send', 'drop']",
        "node != 'n-2'",
        "peer == 'n-1'",
        "s == \"it's\"",
        "s not in ['R', 'G']",
        "t",
        "last(t)",
        "has(peer)",
        "not t",
        "has(last(a / b))",
        "time > 3ns",
        "d_ns * 2 >= time - 1ns",
        "d_ns % 2ns == 0ns",
        "time / 2 < d_ns",
        "time / d_ns > 1",
        "r > 1",
        "a / b <= r",
        "r * a != 2.5",
        "last(r) < r",
        "1 / r > 0",
    ]);
    let leaf = prop_oneof![
        (number(all), comparison(), number(all)).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (texts, equality(), Just("s")).prop_map(|(a, op, b)| match a {
            "'send'" => format!("event {op} {a}"),
            a => format!("{a} {op} {b}"),
        }),
        words.prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let operator = prop::sample::select(vec!["and", "or", "implies", "=="]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, op, b)| format!("(({a}) {op} ({b}))")),
            inner.prop_map(|it| format!("(not ({it}))")),
        ]
    })
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn both_evaluators_agree(text in truth(true), records in history()) {
        prop_assume!(!divides_by_zero(&text));
        let expression = Expression::parse(&text).unwrap();
        for (at, found) in quick(&text, &records).into_iter().enumerate() {
            let expected = naive::truth(expression.root(), &records[..=at]);
            let found = found.map_err(|stop| match stop {
                Stop::Absent => naive::None::Absent,
                Stop::Fails(_) => naive::None::Fails,
            });
            prop_assert_eq!(found, expected, "{} at record {}", text, at);
        }
    }
}

/// Judges records by several expressions together: for each record whether all are `wanted`,
/// and for each expression whether it is.
fn together(texts: &[(String, bool)], records: &[Seen]) -> Vec<(bool, Vec<Quick<bool>>)> {
    let schema = schema();
    let programs = texts.iter().map(|(text, _)| {
        let expression = Expression::parse(text).unwrap();
        Program::new(&expression, &scope()).unwrap().unwrap()
    });
    let programs: Vec<Program> = programs.collect();
    let memories = programs.iter();
    let memories = memories.map(|it| Memory::new(it, NODES as usize));
    let mut memories: Vec<Memory> = memories.collect();
    let judged = |record: Record<'_>| {
        for (program, memory) in programs.iter().zip(&mut memories) {
            program.see(memory, &record);
        }
        let mut lines: Vec<(Conditions, usize)> = Vec::new();
        for (index, (program, memory)) in (0..).zip(programs.iter().zip(&memories)) {
            let form = program.form(memory, record.row.node).unwrap();
            let condition = program.condition(form, record.row.event).unwrap();
            let wanted = texts[index as usize].1;
            let last = lines.last_mut();
            if last.is_some_and(|(line, count)| {
                let added = line.add(&condition, index, wanted);
                *count += usize::from(added);
                added
            }) {
                continue;
            }
            let mut line = Conditions::new();
            assert!(line.add(&condition, index, wanted));
            lines.push((line, 1));
        }
        let mut all = true;
        let mut each = Vec::new();
        for (line, count) in &mut lines {
            all &= line.all_as_wanted(&memories, &record);
            each.extend((0..*count).map(|it| line.as_wanted(it, &memories, &record)));
        }
        (all, each)
    };
    let mut judged = judged;
    records
        .iter()
        .map(|record| record.with(&schema, &mut judged))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// With 40 expressions, there are registers for some of them alone.
    #[test]
    fn expressions_that_are_judged_together_are_what_each_is_alone(
        texts in prop_oneof![
            9 => prop::collection::vec((truth(true), any::<bool>()), 1..6),
            1 => prop::collection::vec((truth(true), any::<bool>()), 40),
        ],
        records in history(),
    ) {
        let texts: Vec<(String, bool)> =
            texts.into_iter().filter(|(text, _)| !divides_by_zero(text)).collect();
        let alone = texts.iter().map(|(text, _)| quick(text, &records));
        let alone: Vec<Vec<Result<bool, Stop>>> = alone.collect();
        for (at, (all, each)) in together(&texts, &records).into_iter().enumerate() {
            prop_assert_eq!(each.len(), texts.len());
            // Something unsure may leave that to the trees.
            prop_assert!(!all || each.iter().all(|it| *it == Quick::Is(true)));
            for ((found, alone), (text, wanted)) in each.into_iter().zip(&alone).zip(&texts) {
                match found {
                    Quick::Is(is) => prop_assert_eq!(alone[at], Ok(is == *wanted), "{}", text),
                    Quick::Absent => prop_assert_eq!(alone[at], Err(Stop::Absent), "{}", text),
                    Quick::Unsure => {}
                }
            }
        }
    }
}

/// A condition that is as wanted is found to be so without its tree.
#[test]
fn what_is_as_wanted_and_fits_into_64_bits_needs_no_tree() {
    let seen = |a: u64, b: i64| Seen {
        node: 0,
        time_ns: 1,
        step: a,
        event: EventId::SEND,
        peer: 1,
        message: 3,
        queue: 1,
        cells: [Some(a), Some(b as u64), None, Some(1), Some(0), None],
    };
    let records = [seen(7, -5), seen(8, 2)];
    let judged = |text: &str| {
        let judged = together(&[(text.to_owned(), true)], &records);
        let found = judged.into_iter().map(|(all, each)| {
            assert_eq!(all, each == [Quick::Is(true)], "{text}");
            each[0]
        });
        found.collect::<Vec<Quick<bool>>>()
    };
    let (yes, no) = (Quick::Is(true), Quick::Is(false));
    assert_eq!(judged("a > last(a)"), [Quick::Absent, yes]);
    assert_eq!(judged("a - last(a) <= 1"), [Quick::Absent, yes]);
    assert_eq!(judged("a > -1 and b < 0"), [yes, no]);
    assert_eq!(judged("not (b >= 0 or a == 8)"), [yes, no]);
    assert_eq!(judged("3 <= a implies bytes == 4"), [yes, yes]);
    assert_eq!(judged("t == (b < 0)"), [yes, no]);
    assert_eq!(judged("has(d_ns) or has(message)"), [yes, yes]);
    assert_eq!(judged("not has(d_ns) and abs(b) * 2 != 4"), [yes, no]);
    assert_eq!(judged("d_ns > 1ns or a == 8"), [Quick::Absent, yes]);
    assert_eq!(
        judged("peer == 'n-2' and node != 'n-2' and s == 'R'"),
        [yes, yes]
    );
    assert_eq!(judged("r > 1"), [Quick::Absent; 2]);
    let large = "9223372036854775807";
    assert_eq!(judged(&format!("a + {large} > 0")), [Quick::Unsure; 2]);
    assert_eq!(judged(&format!("b + {large} > 0")), [yes, Quick::Unsure]);
    assert_eq!(
        judged(&format!("b < {large} and b >= -{large}")),
        [yes, yes]
    );
}

/// The difference of two numbers of 64 bits may need 65.
#[test]
fn a_difference_that_does_not_fit_is_unsure() {
    let seen = |step: u64, b: i64| Seen {
        node: 0,
        time_ns: 1,
        step,
        event: EventId::SEND,
        peer: 1,
        message: 3,
        queue: 1,
        cells: [Some(1), Some(b as u64), None, None, None, None],
    };
    let records = [seen(1, i64::MIN), seen(2, i64::MAX)];
    for text in ["b - last(b) < 0", "b - last(b) < 0 or a == 3"] {
        let judged = together(&[(text.to_owned(), true)], &records);
        assert_eq!(judged[1], (false, vec![Quick::Unsure]), "{text}");
        assert_eq!(quick(text, &records)[1], Ok(false), "{text}");
    }
}

/// `x or y` fails if `x` does, and `x and y` if `x` is absent and `y` fails, whatever comes
/// after it.
#[test]
fn what_comes_later_hides_no_failure() {
    let record = Seen {
        node: 0,
        time_ns: 1,
        step: 1,
        event: EventId::SEND,
        peer: 1,
        message: 3,
        queue: 1,
        cells: [Some(1), Some(1), None, None, None, Some(0)],
    };
    let judged = |text: &str| together(&[(text.to_owned(), true)], std::slice::from_ref(&record));
    for text in [
        "time % d_ns == 0ns or a == 1",
        "(t and time / d_ns > 1) or a == 1",
        "(not t and (a == 1 and time / d_ns > 1)) or a == 1",
        "not (t or not (time / d_ns > 1)) or a == 1",
        "not (t implies not (time / d_ns > 1)) or a == 1",
    ] {
        assert_eq!(judged(text), [(false, vec![Quick::Unsure])], "{text}");
    }
    let decided = "(a == 2 and time / d_ns > 1) or a == 1";
    assert_eq!(judged(decided)[0].1, [Quick::Is(true)]);
}

/// A column's value near the ends of 64 bits.
fn extreme() -> impl Strategy<Value = u64> {
    let ends = [0, 1, i64::MAX as u64, i64::MIN as u64, u64::MAX];
    (prop::sample::select(ends.to_vec()), -2_i64..3)
        .prop_map(|(end, by)| end.wrapping_add_signed(by))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn numbers_beyond_64_bits_are_exact_too(
        text in truth(true),
        records in history(),
        extremes in prop::collection::vec((extreme(), extreme(), extreme()), 25),
    ) {
        prop_assume!(!divides_by_zero(&text));
        let mut records = records;
        for (record, (a, b, d)) in records.iter_mut().zip(extremes) {
            record.cells[0] = Some(a);
            record.cells[1] = Some(b);
            record.cells[5] = Some(d);
        }
        // It compares each evaluation with the exact one.
        quick(&text, &records);
    }
}

/// A record of the first node.
fn plain(step: u64, a: Option<u64>) -> Seen {
    Seen {
        node: 0,
        time_ns: step,
        step,
        event: EventId::TICK,
        peer: NO_PEER,
        message: 0,
        queue: 0,
        cells: [a, Some(0), None, None, None, None],
    }
}

#[test]
fn last_is_the_value_after_the_step_before_not_in_the_record_before() {
    let records = [
        plain(1, Some(5)),
        plain(2, Some(7)),
        plain(2, Some(7)),
        plain(3, Some(8)),
    ];
    let grows = quick("a > last(a)", &records);
    assert_eq!(grows, [Err(Stop::Absent), Ok(true), Ok(true), Ok(true)]);
}

#[test]
fn a_step_without_a_value_leaves_the_one_before() {
    let records = [plain(1, Some(5)), plain(2, None), plain(3, Some(6))];
    assert_eq!(quick("last(a) == 5", &records)[1..], [Ok(true), Ok(true)]);
}

#[test]
fn a_crash_ends_what_is_remembered() {
    let with = |step, event| Seen {
        event,
        ..plain(step, Some(step))
    };
    let records = [
        with(1, EventId::TICK),
        with(1, EventId::CRASH),
        with(1, EventId::DROP),
        with(1, EventId::RESTART),
        with(2, EventId::TICK),
    ];
    let absent = Err(Stop::Absent);
    assert_eq!(
        quick("last(a) == 1", &records),
        [absent, absent, absent, absent, Ok(true)]
    );
    let counted = quick("count(nodes, a > 0) == 1", &records);
    assert_eq!(counted, [Ok(true), absent, absent, Ok(true), Ok(true)]);
}

#[test]
fn what_cannot_be_computed_fails_with_its_part() {
    let of = |text: &str| match quick(text, &[plain(1, Some(u64::MAX))])[0] {
        Err(Stop::Fails(failure)) => failure.why,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(of("a / b > 1"), Why::DivisionByZero);
    assert_eq!(of("a % b > 1"), Why::DivisionByZero);
    assert_eq!(of("time / (a - a) > 1s"), Why::DivisionByZero);
    assert_eq!(of("time / (time - time) > 1"), Why::DivisionByZero);
    assert_eq!(of("a * a * a > 1"), Why::TooLarge);
    assert_eq!(of("a * 1e300 * 1e300 > 1"), Why::TooLarge);
    assert_eq!(of("time * 1e300 > 1s"), Why::TooLarge);
    // What decides before it is not evaluated.
    assert_eq!(
        quick("b == 0 or a / b > 1", &[plain(1, Some(1))]),
        [Ok(true)]
    );
    assert_eq!(
        quick("b != 0 and last(a / b) > 1", &[plain(1, Some(1))]),
        [Ok(false)]
    );
    let place = match quick("a > 1 and 10 / b > 1", &[plain(1, Some(2))])[0] {
        Err(Stop::Fails(failure)) => failure.span.range(),
        other => panic!("{other:?}"),
    };
    assert_eq!(&"a > 1 and 10 / b > 1"[place], "10 / b");
}

#[test]
fn a_record_outside_a_step_has_no_last() {
    let stop = Seen {
        event: EventId::STOP,
        ..plain(2, Some(9))
    };
    let records = [plain(1, Some(5)), plain(2, Some(9)), stop];
    let jumps = quick("a - last(a) > 1", &records);
    assert_eq!(jumps[1..], [Ok(true), Err(Stop::Absent)]);
}
