//! The files that a scenario names.
//!
//! Which key of a config is the name of a file, only a plugin knows. So every text of the
//! scenario that is the path of a file counts as one; a text with a part in braces
//! (`bets-{agency}.csv`) stands for every file that it fits. The keys of the runner are
//! relative to the scenario's folder, and those of behaviors to the working folder. In a
//! container both are one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use toml::Value;

use crate::plan::Plan;

/// The files that a scenario names.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Paths as written, and where the files are now.
    pub inside: BTreeMap<PathBuf, PathBuf>,
    /// Paths as written that a container cannot have: they lead out of the folder.
    pub outside: BTreeSet<String>,
}

/// The name of the scenario file, without folders.
pub fn file_name(plan: &Plan) -> String {
    let path = Path::new(&plan.loaded.source.path);
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The folder of the scenario file.
pub fn folder(plan: &Plan) -> PathBuf {
    let parent = Path::new(&plan.loaded.source.path).parent();
    match parent {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Returns the files that a plan's scenario names, and those that the settings name.
pub fn inputs(plan: &Plan, settings: &[String]) -> Inputs {
    let folders = [folder(plan), PathBuf::from(".")];
    let mut inputs = Inputs::default();
    // The plan has been read, so the text has no mistakes.
    if let Ok(document) = plan.loaded.source.text.parse::<toml::Table>() {
        inputs.collect(&Value::Table(document), &folders);
    }
    for (_, value) in settings.iter().filter_map(|it| it.split_once('=')) {
        let whole = format!("value = {value}").parse::<toml::Table>();
        let value = whole.map_or_else(|_| Value::from(value), Value::Table);
        inputs.collect(&value, &folders);
    }
    if let Some(notes) = &plan.loaded.notes {
        inputs.add_pictures(notes, &folders[0]);
    }
    inputs
}

impl Inputs {
    /// Adds the pictures of the notes, which are beside the notes or the scenario.
    fn add_pictures(&mut self, notes: &Path, scenario: &Path) {
        let text = std::fs::read_to_string(notes).unwrap_or_default();
        let parent = notes.parent().unwrap_or(scenario);
        for picture in analysis::notes::pictures(&text) {
            let beside = parent.join(&picture);
            let path = beside.strip_prefix(scenario).unwrap_or(&beside);
            match beside.is_file() {
                true => self.add(&path.to_string_lossy(), scenario),
                false => self.add(&picture, scenario),
            }
        }
    }

    fn collect(&mut self, value: &Value, folders: &[PathBuf]) {
        match value {
            Value::String(text) => folders.iter().for_each(|it| self.add(text, it)),
            Value::Array(values) => values.iter().for_each(|it| self.collect(it, folders)),
            Value::Table(table) => table.values().for_each(|it| self.collect(it, folders)),
            _ => {}
        }
    }

    fn add(&mut self, text: &str, folder: &Path) {
        let path = Path::new(text);
        let parts = || path.components().filter(|it| *it != Component::CurDir);
        let below = parts().all(|it| matches!(it, Component::Normal(_)));
        if folder.join(path).is_file() {
            match below {
                true => self.take(parts().collect(), folder),
                false => drop(self.outside.insert(text.to_owned())),
            }
        } else if below && text.contains('{') {
            for found in fitting(path, folder).unwrap_or_default() {
                self.take(found, folder);
            }
        }
    }

    /// A file beside the scenario comes before one of the same path from the working folder.
    fn take(&mut self, path: PathBuf, folder: &Path) {
        let from = folder.join(&path);
        self.inside.entry(path).or_insert(from);
    }
}

/// The files whose names begin and end as a name with braces; `None` if there is no such
/// folder.
fn fitting(path: &Path, folder: &Path) -> Option<Vec<PathBuf>> {
    let name = path.file_name()?.to_str()?;
    let (start, _) = name.split_once('{')?;
    let (_, end) = name.rsplit_once('}')?;
    let parent = path.parent()?;
    let entries = folder.join(parent).read_dir().ok()?;
    let fits = |name: &str| {
        let middle = name.strip_prefix(start).and_then(|it| it.strip_suffix(end));
        middle.is_some_and(|it| !it.is_empty())
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let found = names.filter(|name| fits(name) && folder.join(parent).join(name).is_file());
    Some(found.map(|name| parent.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_a_file_counts_and_braces_stand_for_any_number() {
        let lab = tempfile::tempdir().unwrap();
        std::fs::create_dir(lab.path().join("bets")).unwrap();
        for file in [
            "bets/agency-1.csv",
            "bets/agency-12.csv",
            "bets/agency-.csv",
            "notes.md",
        ] {
            std::fs::write(lab.path().join(file), "").unwrap();
        }
        let outside = tempfile::NamedTempFile::new().unwrap();
        let outside = outside.path().display().to_string();
        let mut inputs = Inputs::default();
        for text in [
            "bets/agency-{agency}.csv",
            "./notes.md",
            "none.csv",
            "bets",
            &outside,
        ] {
            inputs.add(text, lab.path());
        }
        let inside: Vec<_> = inputs
            .inside
            .keys()
            .map(|it| it.to_str().unwrap())
            .collect();
        assert_eq!(
            inside,
            ["bets/agency-1.csv", "bets/agency-12.csv", "notes.md"]
        );
        assert_eq!(inputs.outside, BTreeSet::from([outside]));
    }
}
