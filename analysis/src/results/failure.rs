//! When two runs fail in the same way.
//!
//! The identity of a failure is who failed (a check, an expectation, a callback that
//! panicked) and what it said, without times and numbers. So ten thousand runs that
//! fail in two ways are two failures, and whoever makes a failing scenario smaller can
//! tell whether it still fails in the same way. Nothing else compares failures.

use std::collections::{BTreeMap, BTreeSet};

use super::described::sentence;
use crate::log::tables::{Judge, Judgement, Verdict};
use crate::render::number::{count, whole};

/// What makes two failures the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailureIdentity {
    /// The check or expectation by its name, the callback that panicked, or `run`.
    pub subject: String,
    /// What it said, without times and numbers.
    pub message: String,
}

impl FailureIdentity {
    /// The identity of a judgement that did not pass.
    pub fn of_judgement(judgement: &Judgement) -> FailureIdentity {
        FailureIdentity {
            subject: format!("{} {}", judgement.judge.word(), judgement.name),
            message: match (judgement.judge, judgement.verdict) {
                // The name of an expectation is all that it says.
                (Judge::Expect, Verdict::Failed) => String::new(),
                _ => without_numbers(&judgement.reason),
            },
        }
    }

    /// The identity of a run's own failure, such as a panic.
    pub fn of_error(text: &str) -> FailureIdentity {
        match of_callback(text) {
            Some((subject, message)) => FailureIdentity {
                subject,
                message: without_numbers(message),
            },
            None => FailureIdentity {
                subject: "run".to_owned(),
                message: without_numbers(text),
            },
        }
    }
}

/// The failures of a run, each with its text: its own, and the judgements that failed.
pub fn failures_of<'a>(
    errors: impl IntoIterator<Item = &'a str>,
    judgements: &[Judgement],
) -> Vec<(FailureIdentity, String)> {
    let errors = errors.into_iter();
    let errors = errors.map(|text| (FailureIdentity::of_error(text), text.to_owned()));
    let failed = judgements
        .iter()
        .filter(|it| it.verdict == Verdict::Failed)
        .map(|it| (FailureIdentity::of_judgement(it), sentence(it)));
    errors.chain(failed).collect()
}

/// The callback and the message of ``node `a` panicked in `tick` at 1 s (step 4): no``.
/// The node is left out: which node is hit first is a matter of times.
fn of_callback(text: &str) -> Option<(String, &str)> {
    let (_, rest) = text.strip_prefix("node `")?.split_once("` ")?;
    let (how, rest) = rest.split_once(" in `")?;
    let (callback, rest) = rest.split_once("` at ")?;
    let (_, message) = rest.split_once("): ")?;
    matches!(how, "panicked" | "failed").then(|| (format!("{how} in {callback}"), message))
}

/// A text without its times and numbers; also without what only follows from the
/// numbers: how many times the same word is listed, and plurals.
fn without_numbers(text: &str) -> String {
    let replaced = replace_numbers(text);
    let mut kept: Vec<&str> = Vec::new();
    let bare = |word: &str| word.trim_end_matches([',', ';']).to_owned();
    let mut words = replaced.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let last = kept.last().copied();
        let word = match (word, last) {
            ("are", _) => "is",
            ("were", _) => "was",
            ("have", _) => "has",
            (word, Some("#")) if word.len() > 3 => word.strip_suffix('s').unwrap_or(word),
            (word, _) => word,
        };
        let repeats = |word: &str| last.is_some_and(|last| bare(last) == bare(word));
        if word == "and" && words.peek().is_some_and(|next| repeats(next)) {
            continue;
        }
        if repeats(word) {
            kept.pop();
        }
        kept.push(word);
    }
    without_list(&kept.join(" ")).to_owned()
}

/// A text up to a list at its end, whose items differ from run to run: in
/// `no order explains these: client-# gets #; client-# puts #`, up to the colon. It is a
/// list if two items begin with the same word.
fn without_list(text: &str) -> &str {
    let Some((first, rest)) = text.split_once("; ") else {
        return text;
    };
    let word = rest.split(' ').next().unwrap_or_default();
    let begins = |at: &usize| {
        let item = &first[at + 2..];
        item.split(' ').next() == Some(word)
    };
    let colons = first.match_indices(": ").map(|(at, _)| at);
    colons
        .into_iter()
        .find(begins)
        .map_or(text, |at| &first[..at])
}

/// Units that follow a number, the longest of those with the same beginning first.
const UNITS: [&str; 15] = [
    "ns", "us", "µs", "ms", "min", "s", "m", "h", "d", "%", "KiB", "MiB", "GiB", "B", "Hz",
];

/// The text with `#` in place of each number and its unit.
fn replace_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = number_length(rest);
        if number == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = &rest[number..];
        rest = &rest[unit_length(rest)..];
        let sign = out.ends_with(['-', '+'])
            && !out[..out.len() - 1].ends_with(|c: char| c.is_alphanumeric());
        if sign {
            out.pop();
        }
        // `1m30s` and `2 h 4 s` are one number.
        if out.trim_end().ends_with('#') {
            out.truncate(out.trim_end().len());
            continue;
        }
        out.push('#');
    }
    out
}

/// The number of bytes of the number at the beginning of a text, 0 if there is none:
/// `12`, `1,000.5`, `3e-7`, `0x7f3a`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize, is_digit: fn(&u8) -> bool| {
        let more = bytes.get(from..).unwrap_or_default();
        more.iter().take_while(|byte| is_digit(byte)).count()
    };
    let hex = digits(2, u8::is_ascii_hexdigit);
    if text.starts_with("0x") && hex > 0 {
        return 2 + hex;
    }
    let mut length = digits(0, u8::is_ascii_digit);
    if length == 0 {
        return 0;
    }
    while let Some(b'.' | b',' | b':' | b'_') = bytes.get(length) {
        match digits(length + 1, u8::is_ascii_digit) {
            0 => break,
            more => length += 1 + more,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'-' | b'+')));
        match digits(length + 1 + sign, u8::is_ascii_digit) {
            0 => {}
            more => length += 1 + sign + more,
        }
    }
    length
}

/// The number of bytes of the unit at the beginning of a text, with the space before
/// it; 0 if there is none.
fn unit_length(text: &str) -> usize {
    let bare = text.strip_prefix(' ').unwrap_or(text);
    let space = text.len() - bare.len();
    let ends = |unit: &&str| {
        let after = bare.strip_prefix(*unit);
        let next = after.map(|after| after.chars().next());
        next.is_some_and(|next| next.is_none_or(|next| !next.is_alphabetic()))
    };
    UNITS
        .into_iter()
        .find(ends)
        .map_or(0, |unit| space + unit.len())
}

/// One failure, and the runs that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureGroup {
    /// What the first run said, with its times and numbers.
    pub text: String,
    /// The number of runs.
    pub runs: u64,
    /// The first of them, in the order of the plan.
    pub first: u64,
}

/// Maximum number of distinct failures in a text.
const SHOWN: usize = 20;
/// Maximum number of characters of one of them.
const LINE: usize = 400;

impl FailureGroup {
    /// The first line of its text, cut if it is very long.
    pub fn line(&self) -> String {
        let line = self.text.lines().next().unwrap_or_default();
        match line.char_indices().nth(LINE) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line.to_owned(),
        }
    }
}

/// The distinct failures of many runs.
#[derive(Clone, Debug, Default)]
pub struct FailureGroups {
    index: BTreeMap<FailureIdentity, usize>,
    groups: Vec<FailureGroup>,
    runs: u64,
}

impl FailureGroups {
    /// Adds the failures of a run: each identity with its text. The runs come in the
    /// order of the plan. Returns whether one of the failures is new.
    pub fn add(
        &mut self,
        run: u64,
        failures: impl IntoIterator<Item = (FailureIdentity, String)>,
    ) -> bool {
        let mut seen = BTreeSet::new();
        let mut is_new = false;
        for (identity, text) in failures {
            let next = self.groups.len();
            let at = *self.index.entry(identity).or_insert(next);
            if at == next {
                is_new = true;
                self.groups.push(FailureGroup {
                    text,
                    runs: 0,
                    first: run,
                });
            }
            if seen.insert(at) {
                self.groups[at].runs += 1;
            }
        }
        self.runs += u64::from(!seen.is_empty());
        is_new
    }

    /// The first run that has this failure.
    pub fn first_run(&self, identity: &FailureIdentity) -> Option<u64> {
        let at = self.index.get(identity)?;
        Some(self.groups[*at].first)
    }

    /// The number of runs that have any of the failures.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The failures; those of the most runs first.
    pub fn sorted(&self) -> Vec<&FailureGroup> {
        let mut groups: Vec<&FailureGroup> = self.groups.iter().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.runs), group.first));
        groups
    }

    /// A line for each distinct failure: its number of runs, its first run and what
    /// that run said; and below it the command that repeats the run. Empty if nothing
    /// failed. `total` is the number of all runs, `what` is `failed` or `unknown`.
    pub fn text(&self, total: u64, what: &str, repeat: impl Fn(u64) -> Option<String>) -> String {
        let groups = self.sorted();
        if groups.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "{} of {} {what}, in {}:\n",
            whole(self.runs),
            count(total, "run"),
            count(groups.len() as u64, "distinct way"),
        );
        for group in groups.iter().take(SHOWN) {
            let runs = count(group.runs, "run");
            text.push_str(&format!(
                "  {runs}, first run {}: {}\n",
                group.first,
                group.line()
            ));
            if let Some(command) = repeat(group.first) {
                text.push_str(&format!("    repeat: {command}\n"));
            }
        }
        if let Some(more @ 1..) = groups.len().checked_sub(SHOWN) {
            let more = count(more as u64, "distinct way");
            text.push_str(&format!(
                "  and {more} more: see verdicts.csv and failures.csv\n"
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(judge: Judge, name: &str, reason: &str) -> Judgement {
        Judgement {
            judge,
            name: name.to_owned(),
            verdict: Verdict::Failed,
            measured: "612 (machine-1)".to_owned(),
            reason: reason.to_owned(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn times_and_numbers_make_no_difference() {
        for (one, other) in [
            ("lost 1 message", "lost 12 messages"),
            ("1 message is lost", "2 messages are lost"),
            ("late by 3.5 ms", "late by 1m30s"),
            ("late by 3 s", "late by 1 h 4 s"),
            ("clock -4, not 3e-7", "clock 17, not 1,000,000"),
            ("at 0x7f3a00 of src/a.rs:12:3", "at 0x1 of src/a.rs:9:14"),
            (
                "`machine-1` lies",
                "`machine-1`, `machine-7` and `machine-12` lie",
            ),
            ("gets 3, 4", "gets 3"),
            ("42 % done", "7% done"),
            (
                "key 1: no order explains: client-1: set 3; client-2: get \"no\"",
                "key 2: no order explains: client-3: get 1; client-3: get 2; client-1: set 1",
            ),
        ] {
            let stem = |text: &str| without_numbers(text).replace("lies", "lie");
            assert_eq!(stem(one), stem(other), "{one}");
        }
    }

    #[test]
    fn words_make_a_difference() {
        for (one, other) in [
            ("no such key `a`", "no such key `b`"),
            ("a message is lost", "a message is doubled"),
            ("took 3 steps", "took 3 sleeps"),
            ("v1 is old", "w1 is old"),
            ("error: queue full; dropped", "error: bad frame; dropped"),
        ] {
            assert_ne!(without_numbers(one), without_numbers(other));
        }
    }

    #[test]
    fn a_panic_is_its_callback_and_its_message() {
        let of = FailureIdentity::of_error;
        let one = of("node `a-1` panicked in `tick` at 750 ms (step 3): no key 7\n  at a.rs:3");
        assert_eq!(one.subject, "panicked in tick");
        assert_eq!(one.message, "no key # at a.rs:#");
        assert_eq!(
            one,
            of("node `b` panicked in `tick` at 1 s (step 12): no key 9\n  at a.rs:3")
        );
        for other in [
            "node `a-1` panicked in `message` at 750 ms (step 3): no key 7\n  at a.rs:3",
            "node `a-1` failed in `tick` at 750 ms (step 3): no key 7\n  at a.rs:3",
            "node `a-1` panicked in `tick` at 750 ms (step 3): no queue 7\n  at a.rs:3",
        ] {
            assert_ne!(one, of(other));
        }
        let killed = of("its process was killed by SIGSEGV in `tick` of node `a` at 1 s (step 4)");
        assert_eq!(killed.subject, "run");
        assert_eq!(
            killed,
            of("its process was killed by SIGSEGV in `tick` of node `a` at 2 s (step 9)")
        );
    }

    #[test]
    fn a_check_is_its_name_and_reason_and_an_expectation_its_name() {
        let of =
            |judge, name, reason| FailureIdentity::of_judgement(&judgement(judge, name, reason));
        let check = |name, reason| of(Judge::Check, name, reason);
        assert_eq!(check("a.b", "step 3 is 4"), check("a.b", "step 5 is 9"));
        assert_ne!(check("a.b", "step 3 is 4"), check("a.c", "step 3 is 4"));
        assert_ne!(
            check("a.b", "step 3 is 4"),
            check("a.b", "step 3 was 4 s ago")
        );
        let expect = |name, reason| of(Judge::Expect, name, reason);
        // The nodes that break a bound differ from run to run.
        assert_eq!(
            expect(
                "queue_p99 at most 5",
                "queue_p99 is not at most 5 at `a`, `b`"
            ),
            expect(
                "queue_p99 at most 5",
                "queue_p99 is not at most 5 at 7 nodes"
            )
        );
        assert_ne!(
            expect("queue_p99 at most 5", ""),
            expect("queue_p90 at most 5", "")
        );
    }

    #[test]
    fn a_run_counts_once_for_each_of_its_failures() {
        let failure = |text: &str| (FailureIdentity::of_error(text), text.to_owned());
        let mut groups = FailureGroups::default();
        assert!(groups.add(2, [failure("bad 1"), failure("bad 2")]));
        assert!(!groups.add(5, [failure("bad 3")]));
        assert!(groups.add(6, [failure("worse 3")]));
        assert!(!groups.add(7, []));
        assert_eq!(groups.runs(), 3);
        let found: Vec<_> = groups.sorted().into_iter().cloned().collect();
        let group = |text: &str, runs, first| FailureGroup {
            text: text.to_owned(),
            runs,
            first,
        };
        assert_eq!(found, [group("bad 1", 2, 2), group("worse 3", 1, 6)]);
    }
}
