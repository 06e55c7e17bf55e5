//! When faults begin and end: those that lie outside the run, or that begin again
//! before they end.

use crate::scenario::reader::Mistakes;
use crate::scenario::resolved::TimeMode;
use crate::scenario::written::ScenarioFile;

/// Reports faults that begin after the run's end, that would overlap themselves,
/// or that would keep a run from ending.
pub fn check_times(file: &ScenarioFile, time: Option<TimeMode>, mistakes: &Mistakes) {
    let duration = file.duration.as_ref().and_then(|it| it.value);
    for entry in &file.faults {
        if let (Some(at), Some(duration)) = (&entry.at, duration)
            && let Some(begins) = at.value
            && begins > duration
        {
            mistakes.add(
                at.place,
                format!("the fault begins at {begins}, after the run's end at {duration}"),
            );
        }
        if let (Some(at), Some(span)) = (&entry.at, &entry.span)
            && let (Some(begins), Some(held)) = (at.value, span.value)
            && begins.0.checked_add(held.0).is_none()
        {
            mistakes.add_with_help(
                span.place,
                "the fault ends after 584 years (2^64 ns), beyond the end of time",
                "without `for`, it holds to the end of the run",
            );
        }
        let Some(every) = &entry.every else {
            continue;
        };
        match (&entry.span, every.value) {
            (None, _) => mistakes.add_with_help(
                every.key,
                "`every` without `for`: the fault would not end before it begins again",
                "write, for example, `for = \"1s\"`",
            ),
            (Some(span), Some(period)) => {
                if let Some(held) = span.value
                    && held > period
                {
                    let message = format!(
                        "the fault holds for {held} and begins every {period}: it would overlap itself"
                    );
                    mistakes.add(span.place, message);
                }
            }
            _ => {}
        }
        if time == Some(TimeMode::Virtual) && file.duration.is_none() {
            mistakes.add_with_help(
                every.key,
                "a fault with `every` in virtual time, and no `duration`: the run would not end",
                "write, for example, `duration = \"60s\"` at the top of the file",
            );
        }
    }
}
