//! The rules that the runner applies to every run: required faults have an effect, and
//! every message is accounted for.

use analysis::results::{Judge, Judgement, Verdict};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
