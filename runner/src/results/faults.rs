//! What the faults of a run did: the rows of its `faults.csv`, and a warning for
//! each fault that touched nothing.

use analysis::log::tables::FaultRow;
use engine::faults::FaultEffect;

/// The text of `faults.csv`: a row for each time that a fault held, and one for a
/// fault that never held.
pub fn to_csv(effects: &[FaultEffect]) -> String {
    FaultRow::to_csv(effects.iter().flat_map(rows))
}

fn rows(effect: &FaultEffect) -> Vec<FaultRow> {
    let row = |held_ns, touched| FaultRow {
        fault: effect.index as u64 + 1,
        kind: effect.kind.to_owned(),
        held_ns,
        what: effect.what.to_owned(),
        touched,
        required: effect.required,
    };
    if effect.windows.is_empty() {
        return vec![row(None, 0)];
    }
    let windows = effect.windows.iter();
    windows
        .map(|window| row(Some((window.from.0, window.until.0)), window.touched))
        .collect()
}

/// The warnings about faults that touched nothing.
pub fn warnings(effects: &[FaultEffect]) -> Vec<String> {
    let idle = effects.iter().filter(|effect| effect.touched == 0);
    idle.map(|effect| {
        format!(
            "fault {} ({}) touched nothing: no {}",
            effect.index + 1,
            effect.kind,
            effect.what
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::time::SimTime;
    use engine::faults::Window;

    #[test]
    fn each_time_that_a_fault_held_is_a_row() {
        let effect = |index, kind, windows: Vec<Window>| FaultEffect {
            index,
            kind,
            what: "messages cut",
            touched: windows.iter().map(|window| window.touched).sum(),
            required: index == 1,
            windows,
        };
        let window = |from, until, touched| Window {
            from: SimTime(from),
            until: SimTime(until),
            touched,
        };
        let effects = [
            effect(0, "partition", vec![window(1, 5, 7), window(11, 15, 0)]),
            effect(1, "partition", vec![]),
        ];
        assert_eq!(
            to_csv(&effects),
            "fault,kind,from_ns,until_ns,what,touched,required\n\
             1,partition,1,5,\"messages cut\",7,false\n\
             1,partition,11,15,\"messages cut\",0,false\n\
             2,partition,,,\"messages cut\",0,true\n"
        );
        let said = "fault 2 (partition) touched nothing: no messages cut";
        assert_eq!(warnings(&effects), [said]);
    }
}
