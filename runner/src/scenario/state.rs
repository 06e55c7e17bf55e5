//! `state`: the folder in which the files of nodes outlive a run. Which of the keys
//! counts for a group, and that a run in virtual time has none: it depends on nothing
//! but its scenario and its seed.

use std::path::{Path, PathBuf};

use super::reader::{Mistakes, Written};
use super::resolved::TimeMode;
use super::source::Place;
use super::written::ScenarioFile;

/// Settles the state folder of each group. The option wins over keys of the file, and
/// the group's own key over that at the top. Paths are made relative to the current
/// folder; `path` is that of the scenario file.
pub fn settle(file: &mut ScenarioFile, path: &Path, time: Option<TimeMode>, mistakes: &Mistakes) {
    if time == Some(TimeMode::Virtual) {
        return leave_out(file, mistakes);
    }
    let home = path.parent().unwrap_or(Path::new(""));
    let all = file.state.clone();
    let overrides = |key: &Option<Written<PathBuf>>| {
        key.as_ref()
            .is_some_and(|written| written.place.overrides())
    };
    for group in &mut file.groups {
        // A key of a behavior that a program has is reported elsewhere.
        if group.program.makes_program().is_some() {
            continue;
        }
        if group.state.is_none() || overrides(&all) && !overrides(&group.state) {
            group.state = all.clone().or(group.state.take());
        }
        let folder = group.state.as_mut().and_then(|it| it.value.as_mut());
        if let Some(folder) = folder {
            *folder = home.join(&*folder);
        }
    }
}

/// Reports keys in virtual time. With `--time virtual` on a file made for real time,
/// keys of the file have no effect.
fn leave_out(file: &mut ScenarioFile, mistakes: &Mistakes) {
    let made_for_real = file.time.as_ref().is_some_and(|it| it.place.overrides());
    let mut reported: Vec<Place> = Vec::new();
    let groups = file.groups.iter_mut().map(|group| &mut group.state);
    for key in groups.chain([&mut file.state]) {
        let Some(written) = key.take() else { continue };
        let of_file = matches!(written.place, Place::File { .. });
        if made_for_real && of_file || reported.contains(&written.key) {
            continue;
        }
        reported.push(written.key);
        mistakes.add_with_help(
            written.key,
            "`state` in virtual time, where a run depends on its scenario and its seed alone",
            "leave `state` out, or write `time = \"real\"` at the top of the file",
        );
    }
}
