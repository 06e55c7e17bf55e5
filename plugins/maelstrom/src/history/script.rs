//! Histories that tests write by hand.

use super::{Judge, Judged};
use crate::client::Client;
use runner_sdk::testkit::{Seen, check};
use runner_sdk::{Judged as Verdicts, Verdict};

/// An operation as a test writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    client: u32,
    asked: &'a str,
    f: &'a str,
    value: &'a str,
    began_ms: u64,
    ended_ms: u64,
    outcome: (&'a str, &'a str, i64),
    is_last: bool,
}

/// A client asks a node for something from one time to another [ms]; it happens, with this result.
pub(crate) fn told<'a>(
    client: u32,
    asked: &'a str,
    (f, value): (&'a str, &'a str),
    (began_ms, ended_ms): (u64, u64),
    result: &'a str,
) -> Told<'a> {
    Told {
        client,
        asked,
        f,
        value,
        began_ms,
        ended_ms,
        outcome: ("ok", result, 0),
        is_last: false,
    }
}

impl<'a> Told<'a> {
    /// It fails, with this error.
    pub(crate) fn fails(self, code: i64) -> Told<'a> {
        Told {
            outcome: ("fail", "", code),
            ..self
        }
    }

    /// It is left open.
    pub(crate) fn open(self) -> Told<'a> {
        Told {
            outcome: ("info", "", 0),
            ..self
        }
    }

    /// It is one of the last reads.
    pub(crate) fn last(self) -> Told<'a> {
        Told {
            is_last: true,
            ..self
        }
    }
}

/// The verdict about operations of the clients 0 to 9.
pub(crate) fn judge<J: Judge>(config: &str, operations: &[Told<'_>]) -> Verdict {
    let names: Vec<String> = (0..10).map(|client| format!("c{client}")).collect();
    let setup = check::<Judged<J>>().config(config);
    let setup = names
        .iter()
        .fold(setup, |setup, name| setup.node::<Client>(name, "maelstrom"));
    let mut rows: Vec<(u64, bool, usize)> = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        rows.push((operation.began_ms, true, index));
        rows.push((operation.ended_ms, false, index));
    }
    rows.sort_unstable();
    let mut judge = setup.begin();
    for (time_ms, begins, index) in rows {
        let Told {
            client,
            asked,
            f,
            value,
            outcome: (word, result, code),
            is_last,
            ..
        } = operations[index];
        judge.at(time_ms * 1_000_000);
        let seen = match begins {
            true => Seen {
                node: client,
                event: "invoke",
                numbers: &[("op", index as u64 + 1), ("last", u64::from(is_last))],
                texts: &[("f", f), ("value", value), ("asked", asked), ("result", "")],
                ..Seen::default()
            },
            false => Seen {
                node: client,
                event: word,
                numbers: &[("code", code.cast_unsigned())],
                texts: &[("result", result)],
                ..Seen::default()
            },
        };
        judge.step(&seen);
    }
    judge.finish()
}

/// The check passes, and says this.
#[track_caller]
pub(crate) fn passes<J: Judge>(operations: &[Told<'_>], says: &str) {
    let verdict = judge::<J>("", operations);
    assert_eq!(verdict.judged, Verdicts::Passed, "{verdict:?}");
    assert!(verdict.reason.contains(says), "{verdict:?}");
}

/// The check fails, says this, and has these rows as evidence: node and note.
#[track_caller]
pub(crate) fn fails<J: Judge>(
    operations: &[Told<'_>],
    says: &str,
    rows: &[(u32, &str)],
) -> Verdict {
    let verdict = judge::<J>("", operations);
    assert_eq!(verdict.judged, Verdicts::Failed, "{verdict:?}");
    assert!(verdict.reason.contains(says), "{verdict:?}");
    let notes = verdict.rows.iter().map(|row| (row.node, row.note.as_str()));
    assert_eq!(notes.collect::<Vec<_>>(), rows);
    verdict
}

/// The check cannot tell, and says this.
#[track_caller]
pub(crate) fn unknown<J: Judge>(operations: &[Told<'_>], says: &str) {
    let verdict = judge::<J>("", operations);
    assert_eq!(verdict.judged, Verdicts::Unknown, "{verdict:?}");
    assert!(verdict.reason.contains(says), "{verdict:?}");
}
