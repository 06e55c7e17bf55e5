//! What is said about a property: the reason of its first failure with the records that
//! prove it, and its judgement.
//!
//! Up to the first `: `, a reason is the same for all failures of a kind; what follows is
//! about this run. [`FailureIdentity`](crate::results::FailureIdentity) relies on that.

use analysis_expression::{Names, Span};
use base::duration::to_text;
use base::time::{SimDuration, SimTime};

use super::super::evidence::{Seen, whole_or_none};
use super::super::happenings::Happenings;
use super::super::rule::Claim;
use super::{Context, Finding, State, Wait, Watch};
use crate::log::tables::Evidence;
use crate::results::{Judge, Judgement, Verdict};

impl Watch {
    /// The first record that breaks an *always* or *never*.
    pub(super) fn violation(&self, wanted: bool, context: Context<'_>) -> Finding {
        let names = context.record.names;
        let (program, memory) = self.part(0, context.memories);
        let values = program.values(memory, context.record);
        let seen = context.seen();
        let mut evidence = Vec::new();
        if program.has_last()
            && let Some(before) = context.rows.of_step_before(context.record.row)
        {
            evidence.push(before.evidence("the step before".to_owned(), names));
        }
        for witness in program.witnesses(memory) {
            // The record that is judged is the latest one of its own node.
            let latest = context.rows.latest(witness.node);
            if witness.node != seen.node
                && let Some(latest) = latest
            {
                evidence.push(latest.evidence(witness.note, names));
            }
        }
        evidence.sort_by(|a, b| (a.time_ns, &a.node, a.row).cmp(&(b.time_ns, &b.node, b.row)));
        evidence.dedup_by(|b, a| (&a.node, a.row) == (&b.node, b.row));
        let shown = match values.as_str() {
            "" => String::new(),
            values => format!("{values} at "),
        };
        evidence.push(seen.evidence(values, names));
        let text = self.property.rule.claim.expressions()[0].to_string();
        let mut reason = format!("`{text}` is {}: {shown}{}", !wanted, seen.place(names));
        say_if_left_out(whole_or_none(&mut evidence), &mut reason);
        Finding { reason, evidence }
    }

    /// An *eventually* that was not so in time.
    pub(super) fn absence(&self, instance: usize, last: Option<Seen>, names: Names<'_>) -> Finding {
        let Claim::Eventually { what, from, within } = &self.property.rule.claim else {
            return Finding::default();
        };
        let deadline = SimTime(from.0) + within.unwrap_or_default();
        let at = match self.property.rule.global {
            true => String::new(),
            false => format!("at {} ", names.schema.nodes[instance].name),
        };
        let since = match *from > SimDuration::ZERO {
            true => format!("from {from} "),
            false => String::new(),
        };
        Finding {
            reason: format!("`{what}` did not happen: not {at}{since}up to {deadline}"),
            evidence: last_evidence(last, deadline, names),
        }
    }

    /// A *leads to* without a response in time.
    pub(super) fn no_response(
        &self,
        trigger: Seen,
        last: Option<Seen>,
        names: Names<'_>,
    ) -> Finding {
        let Claim::LeadsTo {
            trigger: of,
            response,
            within,
        } = &self.property.rule.claim
        else {
            return Finding::default();
        };
        let deadline = SimTime(trigger.time_ns) + *within;
        let mut evidence = vec![trigger.evidence(format!("`{of}` is true"), names)];
        let later = last.filter(|last| (last.node, last.number) != (trigger.node, trigger.number));
        evidence.extend(last_evidence(later, deadline, names));
        Finding {
            reason: format!(
                "`{response}` did not follow `{of}` within {}: not up to {deadline}, after {}",
                to_text(*within),
                trigger.place(names)
            ),
            evidence,
        }
    }

    /// The judgement, after the run has ended.
    pub(super) fn judgement(
        self,
        end: u64,
        names: Names<'_>,
        place: impl Fn(usize, Span) -> String,
    ) -> Judgement {
        let (name, evaluated) = (self.property.rule.name.clone(), self.evaluated);
        let judged = |verdict, measured: String, reason: String, evidence| Judgement {
            judge: Judge::Property,
            name: name.clone(),
            verdict,
            measured,
            reason,
            evidence,
        };
        let expressions = self.property.rule.claim.expressions();
        if let Some(finding) = &self.first {
            let of = self.failures_in_words();
            let reason = format!("{}{of}", finding.reason);
            return judged(
                Verdict::Failed,
                String::new(),
                reason,
                finding.evidence.clone(),
            );
        }
        if let Some((expression, failure, finding)) = &self.broken {
            let text = expressions[*expression].text();
            let part = text.get(failure.span.range()).unwrap_or_default();
            let reason = format!(
                "`{part}` cannot be evaluated, {}: {} ({}); {}",
                failure.why,
                finding.reason,
                place(*expression, failure.span),
                failure.why.help()
            );
            return judged(
                Verdict::Failed,
                String::new(),
                reason,
                finding.evidence.clone(),
            );
        }
        let silent = (evaluated == 0).then(|| self.never_evaluated());
        if let State::Sometimes(first) = &self.state {
            let at = first.map(|it| {
                let node = &names.schema.nodes[it.node as usize].name;
                format!("at {} ({node})", SimTime(it.time_ns))
            });
            return Happenings::of_run(&name, at, silent);
        }
        if let Some(silent) = silent {
            return judged(Verdict::Unknown, String::new(), silent, Vec::new());
        }
        let (measured, reason) = self.measured(end, names);
        let verdict = match reason.is_empty() {
            true => Verdict::Passed,
            false => Verdict::Unknown,
        };
        judged(verdict, measured, reason, Vec::new())
    }

    fn never_evaluated(&self) -> String {
        let needs = self.property.programs[0].needs();
        match needs {
            [] => "it was never evaluated: its nodes have no records".to_owned(),
            needs => format!(
                "it was never evaluated: in no record there was a value of `{}`",
                needs.join("` and `")
            ),
        }
    }

    /// `; in 14 of 2000 records`
    fn failures_in_words(&self) -> String {
        let failures = self.failures;
        match &self.state {
            State::Each => format!("; in {failures} of {} records", self.evaluated),
            State::Eventually { .. } if self.property.rule.global => String::new(),
            State::Eventually { .. } => {
                format!("; at {failures} of {} nodes", self.judged().count())
            }
            State::LeadsTo { open, met, .. } => {
                let open = open.iter().flatten().count() as u64;
                format!("; {failures} of {} obligations", failures + met + open)
            }
            State::Sometimes(_) => String::new(),
        }
    }

    /// What was measured where nothing failed; and why it is unknown, if it is.
    fn measured(&self, end: u64, names: Names<'_>) -> (String, String) {
        let name = |it: &Seen| &names.schema.nodes[it.node as usize].name;
        match &self.state {
            State::Each | State::Sometimes(_) => {
                (format!("{} records", self.evaluated), String::new())
            }
            State::Eventually { states, slowest } => {
                let open = match self.property.rule.global {
                    true => usize::from(states[0] == Wait::Open),
                    false => self
                        .judged()
                        .filter(|node| states[*node as usize] == Wait::Open)
                        .count(),
                };
                match slowest {
                    None => (String::new(), self.all_open(open, end)),
                    Some(slowest) => {
                        let time = SimTime(slowest.time_ns);
                        let at = format!("at {time} at the latest ({})", name(slowest));
                        (at + &still_open(open), String::new())
                    }
                }
            }
            State::LeadsTo { open, met, slowest } => {
                let open = open.iter().flatten().count();
                let Some((took, trigger)) = slowest else {
                    let reason = match open {
                        0 => {
                            let trigger = self.property.rule.claim.expressions()[0];
                            format!("there was no trigger: `{trigger}` was never true")
                        }
                        open => self.all_open(open, end),
                    };
                    return (String::new(), reason);
                };
                let took = SimDuration(*took);
                let measured = format!("{met} met, the slowest after {took} ({})", name(trigger));
                (measured + &still_open(open), String::new())
            }
        }
    }

    fn all_open(&self, open: usize, end: u64) -> String {
        let obligations = match open {
            1 => "its obligation was".to_owned(),
            open => format!("all {open} obligations were"),
        };
        format!(
            "{obligations} still open at the end of the run: {}",
            SimTime(end)
        )
    }
}

fn still_open(open: usize) -> String {
    match open {
        0 => String::new(),
        open => format!("; {open} still open at the end of the run"),
    }
}

fn last_evidence(last: Option<Seen>, deadline: SimTime, names: Names<'_>) -> Vec<Evidence> {
    let note = || format!("the last record up to {deadline}");
    let last = last.map(|it| it.evidence(note(), names));
    last.into_iter().collect()
}

fn say_if_left_out(left_out: usize, reason: &mut String) {
    if left_out > 0 {
        reason.push_str(&format!(
            "; its {left_out} rows of evidence are too many to keep"
        ));
    }
}
