//! The rows in `evidence.csv` prove what a check claims: all of them, and no more than
//! that takes. Proofs of `kv.linearizable` are judged by a checker that tries every order.

use crate::harness::{Lab, Table};

/// An operation as its rows of evidence show it.
#[derive(Clone, Debug)]
struct Operation {
    command: String,
    value: String,
    sent_ns: Vec<u64>,
    returned: Option<(u64, String)>,
    settled_ns: Option<u64>,
}

/// The operations of the proof of one run.
fn operations(evidence: &Table, run: &str) -> Vec<Operation> {
    let rows = evidence.only("run", run);
    let mut operations: Vec<Operation> = Vec::new();
    let columns = ["event", "time_ns", "note"].map(|name| rows.column(name));
    for row in &rows.rows {
        let [event, time, note] = columns.map(|column| row[column].as_str());
        let time: u64 = time.parse().unwrap();
        if event == "invoke" {
            let (command, value) = note.split_once(' ').unwrap_or((note, "\"\""));
            operations.push(Operation {
                command: command.to_owned(),
                value: unquoted(value),
                sent_ns: Vec::new(),
                returned: None,
                settled_ns: None,
            });
        }
        let operation = operations.last_mut().expect("a proof begins with `invoke`");
        match event {
            "invoke" | "retry" => operation.sent_ns.push(time),
            "return" => operation.returned = Some((time, unquoted(note))),
            "settled" => operation.settled_ns = Some(time),
            other => panic!("{other}"),
        }
    }
    operations
}

fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.unwrap_or_else(|| panic!("{text}")).to_owned()
}

/// A change of the key, or what a reply says about it, within a span of time.
#[derive(Clone, Copy)]
struct Item<'a> {
    start_ns: u64,
    end_ns: u64,
    must: bool,
    effect: Effect<'a>,
}

#[derive(Clone, Copy)]
enum Effect<'a> {
    Set(&'a str),
    Delete,
    DeleteFound,
    Read(Option<&'a str>),
}

fn items(operations: &[Operation]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    for it in operations {
        let result = it.returned.as_ref().map(|(_, text)| text.as_str());
        let sure = match (it.command.as_str(), result) {
            ("set", Some("ok")) => Some(Effect::Set(&it.value)),
            ("delete", Some("ok")) => Some(Effect::DeleteFound),
            ("get" | "delete", Some("not found")) => Some(Effect::Read(None)),
            ("get", Some(value)) => Some(Effect::Read(Some(value))),
            _ => None,
        };
        let end_ns = it.returned.as_ref().map_or(u64::MAX, |(time, _)| *time);
        items.extend(sure.map(|effect| Item {
            start_ns: it.sent_ns[0],
            end_ns,
            must: true,
            effect,
        }));
        let effect = match it.command.as_str() {
            "set" => Effect::Set(&it.value),
            "delete" => Effect::Delete,
            _ => continue,
        };
        let late = match it.sent_ns.len() {
            1 if it.returned.is_some() => end_ns,
            _ => it.settled_ns.unwrap_or(u64::MAX),
        };
        let again = match (it.command.as_str(), sure) {
            (_, None) => &it.sent_ns[..],
            ("set", Some(_)) => &it.sent_ns[1..],
            _ => &it.sent_ns[..it.sent_ns.len() - 1],
        };
        items.extend(again.iter().map(|&start_ns| Item {
            start_ns,
            end_ns: late,
            must: false,
            effect,
        }));
    }
    items
}

/// Whether a store that does one thing after the other explains the items. Tries every order.
fn is_explained(items: &[Item<'_>], done: u64, state: Option<&str>, latest_ns: u64) -> bool {
    let is_done = |index: usize| done >> index & 1 == 1;
    let rest = || {
        items
            .iter()
            .enumerate()
            .filter(|(index, _)| !is_done(*index))
    };
    if rest().all(|(_, item)| !item.must) {
        return true;
    }
    let mut rest = rest().filter(|(_, item)| item.end_ns >= latest_ns);
    rest.any(|(index, item)| {
        let after = match item.effect {
            Effect::Set(value) => Some(value),
            Effect::DeleteFound if state.is_none() => return false,
            Effect::Delete | Effect::DeleteFound => None,
            Effect::Read(value) if value != state => return false,
            Effect::Read(value) => value,
        };
        let latest_ns = latest_ns.max(item.start_ns);
        is_explained(items, done | 1 << index, after, latest_ns)
    })
}

fn explained(operations: &[Operation]) -> bool {
    is_explained(&items(operations), 0, None, 0)
}

/// The operations without one, and without the replies that may then lack their source: a value
/// that nobody set, a delete of nothing, a key that nobody deleted.
fn without(operations: &[Operation], index: usize) -> Vec<Operation> {
    let mut rest = operations.to_vec();
    let gone = rest.remove(index);
    let set = |rest: &[Operation], value: &str| {
        rest.iter()
            .any(|it| it.command == "set" && it.value == value)
    };
    let lacks = |it: &Operation, rest: &[Operation]| {
        let result = it.returned.as_ref().map(|(_, text)| text.as_str());
        match (&*it.command, result) {
            (_, Some("not found")) => {
                let deletes = |it: &Operation| it.command == "delete";
                operations.iter().any(deletes) && !rest.iter().any(deletes)
            }
            ("get", Some(value)) => set(operations, value) && !set(rest, value),
            ("delete", Some("ok")) => gone.command == "set",
            _ => false,
        }
    };
    while let Some(at) = rest.iter().position(|it| lacks(it, &rest)) {
        rest.remove(at);
    }
    rest
}

/// Fails unless the evidence of each failed run proves that the store is wrong, and each
/// operation in it is needed. Returns the number of rows of each.
#[track_caller]
fn proven(lab: &Lab) -> Vec<usize> {
    let evidence = lab.table("out/evidence.csv");
    let failed = lab.table("out/verdicts.csv").only("verdict", "failed");
    assert!(!failed.rows.is_empty());
    let mut sizes = Vec::new();
    for row in &failed.rows {
        let run = &row[failed.column("run")];
        let proof = operations(&evidence, run);
        assert!(!explained(&proof), "run {run}: no proof: {proof:#?}");
        for index in 0..proof.len() {
            let rest = without(&proof, index);
            assert!(
                explained(&rest),
                "run {run}: {index} is not needed: {proof:#?}"
            );
        }
        sizes.push(evidence.only("run", run).rows.len());
    }
    sizes
}

#[test]
fn a_hundred_and_thirty_equal_writes_are_one_write_of_a_proof() {
    let lab = Lab::with(include_str!("../fixtures/cases/evidence-cut-at-100.toml"));
    let set = ["--set", "nodes.reader.config.operations=9000"];
    let into = ["--runs", "4", "--out", "out", "--no-report"];
    lab.runner(&[&["scenario.toml"][..], &set, &into].concat())
        .ends(1);
    for rows in proven(&lab) {
        assert_eq!(rows, 6, "one value, another one, and a read of the first");
    }
}

/// A store with this fault at every 50th command, and clients with these lines of config.
fn broken(fault: &str, clients: &str, links: &str) -> Lab {
    let lab = Lab::with(&format!(
        "name = \"broken\"\nduration = \"10m\"\n[nodes.client]\ncount = 4\n\
         behavior = \"kv.client\"\n[nodes.client.config]\n{clients}\n\
         [nodes.store]\nbehavior = \"broken_store.store\"\nconfig = {{ fault = \"{fault}\" }}\n\
         [[links]]\nbetween = [\"client\", \"store\"]\nlatency = {{ uniform = [\"1ms\", \"9ms\"] }}\n\
         {links}[[check]]\ncheck = \"kv.linearizable\"\n"
    ));
    lab.runner(&[
        "scenario.toml",
        "--runs",
        "5",
        "--out",
        "out",
        "--no-report",
    ])
    .ends(1);
    lab
}

#[test]
fn the_proof_against_an_incorrect_store_is_one_by_itself() {
    let clients = "operations = 250\nkeys = 3\ndelete_share = 0.2\n\
                   think = { exponential = { mean = \"20ms\" } }";
    for fault in [
        "stale-read",
        "lost-write",
        "lost-delete",
        "wrong-key",
        "deletes-twice",
    ] {
        let lab = broken(fault, clients, "");
        assert!(proven(&lab).iter().all(|&rows| rows <= 8), "{fault}");
    }
}

#[test]
fn a_proof_with_commands_that_were_sent_again_says_when_they_were_settled() {
    let clients = "operations = 300\nkeys = 2\ndelete_share = 0.0\ntimeout = \"12ms\"\n\
                   think = { exponential = { mean = \"5ms\" } }";
    let mut settled = 0;
    for fault in ["lost-write", "stale-read"] {
        let lab = broken(fault, clients, "loss = 0.1\n");
        proven(&lab);
        let evidence = lab.table("out/evidence.csv");
        settled += evidence.only("event", "settled").rows.len();
    }
    assert!(
        settled > 0,
        "no proof needs to know when a command was settled"
    );
}

#[test]
fn a_store_that_forgets_in_a_crash_is_proven_wrong_by_few_rows() {
    let lab = Lab::with(
        "name = \"crash\"\nduration = \"30s\"\n\
         [nodes.client]\ncount = 3\nbehavior = \"kv.client\"\n\
         config = { keys = 1, think = \"3ms\", operations = 1500, delete_share = 0.0, timeout = \"50ms\" }\n\
         [nodes.server]\nbehavior = \"kv.server\"\n\
         [[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"1ms\"\n\
         [[faults]]\nat = \"2s\"\nfor = \"10ms\"\ncrash = [\"server\"]\n\
         [[check]]\ncheck = \"kv.linearizable\"\n",
    );
    lab.runner(&[
        "scenario.toml",
        "--runs",
        "3",
        "--out",
        "out",
        "--no-report",
    ])
    .ends(1);
    assert!(proven(&lab).iter().all(|&rows| rows <= 8));
}

#[test]
fn a_proof_is_kept_whole_or_not_at_all() {
    for (rows, kept) in [(101, 101), (10_000, 10_000), (10_001, 0)] {
        let lab = Lab::with(&format!(
            "name = \"long\"\nduration = \"3s\"\n\
             [nodes.node]\nbehavior = \"clock.machine\"\ntick_rate = 1\n\
             [[check]]\ncheck = \"misbehaving.judges\"\n\
             config = {{ verdict = \"fails\", rows = {rows} }}\n"
        ));
        let answer = lab.runner(&["scenario.toml", "--out", "out", "--no-report"]);
        let answer = answer.ends(1);
        if kept > 0 {
            assert_eq!(lab.table("out/evidence.csv").rows.len(), kept);
            continue;
        }
        assert!(!lab.path("out/evidence.csv").exists());
        let why = "named 10001 rows as its proof, and at most 10000 are kept";
        assert!(answer.err.contains(why), "{}", answer.err);
        assert!(lab.read("out/verdicts.csv").contains(why));
    }
}
