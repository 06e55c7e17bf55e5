//! The rules that the runner applies to every run: required faults have an effect, and
//! every message is accounted for.

use analysis::log::{Occupancy, RunSchema};
use analysis::metrics::{Cut, Value};
use analysis::render::number::count;
use analysis::results::{Judge, Judgement, Verdict};
use base::time::SimTime;

use engine::conservation::Conservation;
use engine::faults::FaultEffect;

/// Returns the judgements of the faults that a scenario requires to have an effect.
pub fn faults(effects: &[FaultEffect]) -> impl Iterator<Item = Judgement> {
    effects.iter().filter(|it| it.required).map(|effect| {
        let (verdict, reason) = match effect.touched {
            0 => (
                Verdict::Unknown,
                format!("it touched nothing: no {}", effect.what),
            ),
            _ => (Verdict::Passed, String::new()),
        };
        Judgement {
            judge: Judge::Fault,
            name: format!("{} {}", effect.kind, effect.index + 1),
            verdict,
            measured: format!("{} {}", effect.touched, effect.what),
            reason,
            evidence: Vec::new(),
        }
    })
}

/// Returns whether the account of a run's messages is balanced. Messages that sockets had
/// taken and not delivered are not missing in it, and are named.
pub fn conservation(account: &Conservation, under_way: Option<&str>) -> Judgement {
    let (verdict, reason) = match account.holds() {
        true => (Verdict::Passed, under_way.unwrap_or_default().to_owned()),
        false => (
            Verdict::Failed,
            "messages appeared from nowhere or are gone: a mistake of the runner's".to_owned(),
        ),
    };
    Judgement {
        judge: Judge::Conservation,
        name: "messages".to_owned(),
        verdict,
        measured: account.to_string(),
        reason,
        evidence: Vec::new(),
    }
}

/// Returns whether a run with programs in virtual time, done twice, was the same: how it
/// differed, if it did.
pub fn repeats(difference: Option<&str>) -> Judgement {
    let (verdict, reason) = match difference {
        None => (Verdict::Passed, String::new()),
        // Its rows are in the error of the run.
        Some(text) => (
            Verdict::Failed,
            text.lines().next().unwrap_or_default().to_owned(),
        ),
    };
    Judgement {
        judge: Judge::Repeats,
        name: "programs".to_owned(),
        verdict,
        measured: "done twice".to_owned(),
        reason,
        evidence: Vec::new(),
    }
}

/// Returns whether Little's law holds at each node at which messages waited; none if there
/// is no such node.
///
/// The mean number of messages that wait, L, is the area under the curve of their number,
/// divided by the time of the run; lambda is the number of arrivals by the same time, and W
/// the mean of the waits that the messages' own stamps give. Over a whole run, with what
/// still waits at its end, L = lambda W holds exactly.
pub fn littles_law(nodes: &[Occupancy], end: SimTime, schema: &RunSchema) -> Option<Judgement> {
    let numbers = |it: &Occupancy| {
        let span_ns = (end.0 as f64).max(1.0);
        let arrivals = it.arrived as f64;
        let rate = Value::Real(arrivals / (span_ns / 1e9));
        let wait = Value::Real(it.own_waits as f64 / arrivals.max(1.0) / 1e9);
        let length = Value::Real(it.waited as f64 / span_ns);
        let name = &schema.nodes[it.node as usize].name;
        (name, length, rate, wait)
    };
    let broken = nodes.iter().find(|it| it.waited != it.own_waits);
    let longest = nodes.iter().max_by_key(|it| it.waited);
    let (name, length, rate, wait) = numbers(broken.or(longest)?);
    let (verdict, sign, reason) = match broken {
        None => (Verdict::Passed, "=", String::new()),
        Some(broken) => (
            Verdict::Failed,
            "is not",
            format!(
                "at `{name}`, the queue over time comes to {} message-ns, and the waits of the messages to {}: a mistake of the runner's",
                broken.waited, broken.own_waits
            ),
        ),
    };
    Some(Judgement {
        judge: Judge::LittlesLaw,
        name: "queues".to_owned(),
        verdict,
        measured: format!(
            "L = {length} messages {sign} {rate}/s x {wait} s ({name}, of {})",
            count(nodes.len() as u64, "node")
        ),
        reason,
        evidence: Vec::new(),
    })
}

/// Returns the judgement of a run of which the measured part is not known.
pub fn warmup(cut: &Cut) -> Option<Judgement> {
    let Cut::Unknown(why) = cut else { return None };
    Some(Judgement {
        judge: Judge::Warmup,
        name: "warmup".to_owned(),
        verdict: Verdict::Unknown,
        measured: String::new(),
        reason: why.clone(),
        evidence: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::log::NodeSchema;

    #[test]
    fn an_account_that_does_not_balance_fails_the_run() {
        let mut account = Conservation {
            sent: 3,
            delivered: 2,
            in_flight: 1,
            ..Conservation::default()
        };
        assert_eq!(conservation(&account, None).verdict, Verdict::Passed);
        let told = conservation(&account, Some("1 message was under way"));
        assert_eq!(told.verdict, Verdict::Passed);
        assert_eq!(told.reason, "1 message was under way");
        account.delivered = 1;
        let judged = conservation(&account, None);
        assert_eq!(judged.verdict, Verdict::Failed);
        assert!(
            judged
                .measured
                .contains("3 sent + 0 duplicated is not 1 delivered")
        );
    }

    #[test]
    fn a_required_fault_that_touched_nothing_makes_the_run_unknown() {
        let effect = |required, touched| FaultEffect {
            index: 1,
            kind: "partition",
            what: "messages cut",
            touched,
            required,
            windows: Vec::new(),
        };
        let judged: Vec<_> =
            faults(&[effect(false, 0), effect(true, 4), effect(true, 0)]).collect();
        let verdicts: Vec<_> = judged.iter().map(|it| it.verdict).collect();
        assert_eq!(verdicts, [Verdict::Passed, Verdict::Unknown]);
        assert_eq!(judged[0].name, "partition 2");
        assert_eq!(judged[0].measured, "4 messages cut");
    }

    fn schema() -> RunSchema {
        let node = |name: &str| NodeSchema {
            name: name.to_owned(),
            columns: Default::default(),
            events: Default::default(),
            program: false,
            driving: Default::default(),
        };
        RunSchema {
            nodes: vec![node("client"), node("server")],
            external_peers: Vec::new(),
        }
    }

    /// 10 messages waited for 2 s each, in 40 s.
    fn held() -> Occupancy {
        Occupancy {
            node: 1,
            arrived: 10,
            waited: 20_000_000_000,
            own_waits: 20_000_000_000,
            ..Occupancy::default()
        }
    }

    #[test]
    fn littles_law_fails_the_run_whichever_side_is_broken() {
        let judged =
            |held: Occupancy| littles_law(&[held], SimTime(40_000_000_000), &schema()).unwrap();
        let kept = judged(held());
        assert_eq!(kept.verdict, Verdict::Passed);
        assert_eq!(
            kept.measured,
            "L = 0.5 messages = 0.25/s x 2 s (server, of 1 node)"
        );
        let mut longer = held();
        longer.waited += 1;
        let mut shorter = held();
        shorter.own_waits -= 1;
        for broken in [longer, shorter] {
            let judged = judged(broken);
            assert_eq!(judged.verdict, Verdict::Failed);
            assert!(judged.measured.contains("is not"), "{}", judged.measured);
            assert!(judged.reason.contains("`server`"), "{}", judged.reason);
        }
        assert_eq!(littles_law(&[], SimTime(1), &schema()), None);
    }
}
