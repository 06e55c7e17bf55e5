//! When two runs fail in the same way.
//!
//! The identity of a failure is who failed (a check, an expectation, a callback that
//! panicked) and what it said, without times and numbers. So ten thousand runs that
//! fail in two ways are two failures, and whoever makes a failing scenario smaller can
//! tell whether it still fails in the same way. Nothing else compares failures.
//!
//! [`wording`] takes the times and numbers out of a text, [`groups`] counts.

mod groups;
mod wording;

pub use groups::{FailureGroup, FailureGroups};

use super::described::sentence;
use crate::log::tables::{Judge, Judgement, Verdict};
use wording::without_numbers;

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
                // After the colon, it is about this run alone.
                (Judge::Property, Verdict::Failed) => {
                    let (what, _) = judgement.reason.split_once(": ").unwrap_or_default();
                    without_numbers(what)
                }
                _ => without_numbers(&judgement.reason),
            },
        }
    }

    /// The name of a file that is about this failure: its subject, and a number for what it
    /// said.
    pub fn file_name(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
        let words = self
            .subject
            .split(|c| !plain(c))
            .filter(|it| !it.is_empty());
        let mut name: String = words.collect::<Vec<_>>().join("-");
        name.truncate(LONGEST_NAME);
        let number = base::random::name_hash(&[&self.subject, &self.message], 0);
        format!("{name}-{:06x}.toml", number >> 40)
    }

    /// The identity of a run's own failure, such as a panic.
    pub fn of_error(text: &str) -> FailureIdentity {
        let (subject, message) = match of_callback(text) {
            Some((subject, message)) => (subject, without_numbers(message)),
            None => match of_the_runner(text) {
                Some(subject) => (subject, String::new()),
                None => ("run".to_owned(), without_numbers(text)),
            },
        };
        FailureIdentity { subject, message }
    }
}

/// Maximum length of the subject in the name of a file. Arbitrary.
const LONGEST_NAME: usize = 48;

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

/// A failure that the runner finds, whose text says where it happened this time: which
/// row differed, at which node the time was over, in which callback a process crashed, or
/// around which nodes time stood still.
fn of_the_runner(text: &str) -> Option<String> {
    let begins = |start: &str| text.starts_with(start);
    if begins("done twice, it differs: ") {
        return Some("differs when it is done twice".to_owned());
    }
    if begins("it took longer than ") && text.contains("(--timeout)") {
        return Some("takes too long".to_owned());
    }
    if begins("time stands still at ") {
        return Some("time stands still".to_owned());
    }
    let ended = text.strip_prefix("its process ")?;
    let (how, rest) = ended.split_once(" in `")?;
    let (callback, _) = rest.split_once('`')?;
    Some(format!("process {how} in {callback}"))
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
        assert_eq!(killed.subject, "process was killed by SIGSEGV in tick");
        assert_eq!(
            killed,
            of("its process was killed by SIGSEGV in `tick` of node `b` at 2 s (step 9)")
        );
        for (one, other) in [
            (
                "done twice, it differs: node `a`, row 2 of a.csv, column `x`\n  first: 1,y",
                "done twice, it differs: only the first has b.txt",
            ),
            (
                "it took longer than 1s (--timeout); last was node `a` at 3 s (step 9)",
                "it took longer than 1s (--timeout); it was stopped at 4 s",
            ),
            (
                "time stands still at 1 s: more than 9 events, in a cycle, `a` -> `b` -> `a`",
                "time stands still at 0 s: more than 9 events, in a cycle, of `a` alone",
            ),
        ] {
            assert_eq!(of(one), of(other));
            assert_ne!(of(one).subject, "run");
        }
    }

    #[test]
    fn a_failure_has_a_name_for_a_file() {
        let of = |subject: &str, message: &str| {
            let identity = FailureIdentity {
                subject: subject.to_owned(),
                message: message.to_owned(),
            };
            identity.file_name()
        };
        let name = of("property never `a/b` & é", "false");
        assert!(
            name.starts_with("property-never-a-b-") && name.ends_with(".toml"),
            "{name}"
        );
        assert_ne!(name, of("property never `a/b` & é", "other"));
        assert!(of(&"x".repeat(900), "").len() < 64);
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
}
