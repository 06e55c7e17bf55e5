//! `faults.csv` in a run's folder: what each fault did, a row for each time that
//! it held.

use std::fmt::Write;

use engine::faults::FaultEffect;

/// The file's name.
pub const FAULTS_FILE: &str = "faults.csv";

/// The file's text. `fault` is the number in the scenario, from 1.
pub fn to_csv(effects: &[FaultEffect]) -> String {
    let mut text = String::from("fault,kind,from_ns,until_ns,what,touched,required\n");
    for effect in effects {
        for window in &effect.windows {
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "{},{},{},{},\"{}\",{},{}",
                effect.index + 1,
                effect.kind,
                window.from.0,
                window.until.0,
                effect.what,
                window.touched,
                effect.required
            );
        }
        if effect.windows.is_empty() {
            // It never came to it: the run ended before.
            let _ = writeln!(
                text,
                "{},{},,,\"{}\",0,{}",
                effect.index + 1,
                effect.kind,
                effect.what,
                effect.required
            );
        }
    }
    text
}

/// What is to be said of faults that did nothing to a run.
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
