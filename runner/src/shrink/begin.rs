//! The scenario of one run: other cases and runs are left out, and options and the values of
//! the case are put in. So the file alone has the run that failed, with its random numbers.

use std::path::{Component, Path, PathBuf};

use toml_edit::{InlineTable, Value};

use super::draft::{Draft, Step, at, below};
use crate::plan::{ONLY_CASE, Plan, RunSpec};
use crate::scenario::{Override, parse_path};

/// Makes the scenario of a run, as it stands in a file at `out`.
///
/// # Errors
/// Fails with a reason if a value cannot be put in.
pub fn begin(
    plan: &Plan,
    spec: RunSpec,
    overrides: &[Override],
    out: &Path,
) -> Result<Draft, String> {
    let mut draft = Draft::parse(&plan.loaded.source.text)?;
    for it in overrides {
        let (keys, text) = it.written();
        let value = text.parse().unwrap_or_else(|_| Value::from(text));
        put(&mut draft, keys, value)?;
    }
    let case = plan.case(spec);
    for (axis, value) in plan.axes.iter().zip(&case.values) {
        let at = at!["matrix", "axes", &*axis.name, "values", value.index];
        let value = draft.get(&at).and_then(|item| item.as_value()).cloned();
        let value = value.ok_or_else(|| format!("the axis `{}` has no such value", axis.name))?;
        let keys = parse_path(&axis.path).unwrap_or_default();
        put(&mut draft, &keys, value)?;
    }
    // An entry that came by an option has a number, too.
    draft.number();
    for key in ["matrix", "until", "runs", "description", "notes", "rng_id"] {
        draft.remove(&at![key]);
    }
    rng_id(&mut draft, plan, spec);
    let original = Path::new(&plan.loaded.source.path);
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    draft.set(&at!["name"], scenario_name(&stem));
    let move_path = |path: &str| moved(path, original, out);
    draft.schema = draft.schema.take().map(|path| move_path(&path));
    move_files(&mut draft, &[], &move_path);
    Ok(draft)
}

fn put(draft: &mut Draft, keys: &[String], mut value: Value) -> Result<(), String> {
    let mut path = Vec::new();
    for key in keys {
        let item = draft.get(&path);
        let is_list = item.is_some_and(|item| item.is_array() || item.is_array_of_tables());
        path.push(match key.parse::<usize>() {
            Ok(index) if is_list => Step::At(index),
            _ => Step::Key(key.clone()),
        });
    }
    value.decor_mut().clear();
    match draft.set(&path, value) {
        true => Ok(()),
        false => Err(format!("`{}` cannot be set", keys.join("."))),
    }
}

/// Keeps the random numbers of the run.
fn rng_id(draft: &mut Draft, plan: &Plan, spec: RunSpec) {
    let case = plan.case(spec);
    let rng_id = &case.scenario.rng_id;
    let own = match plan.pairing {
        Some(_) => ONLY_CASE,
        None => &case.id,
    };
    let name = rng_id.case.as_deref().unwrap_or(own);
    let run = spec.repetition.saturating_add(rng_id.run - 1);
    let mut table = InlineTable::new();
    if name != ONLY_CASE {
        table.insert("case", name.into());
    }
    if run != 1 {
        table.insert("run", i64::from(run).into());
    }
    if !table.is_empty() {
        draft.set(&at!["rng_id"], table);
    }
}

/// Maximum length of the name of a scenario.
const MAX_NAME: usize = 64;

/// The name of a scenario whose file has this stem.
fn scenario_name(stem: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(MAX_NAME)
        .collect();
    match name.trim_start_matches(['.', '-']) {
        "" => "shrunk".to_owned(),
        name => name.to_owned(),
    }
}

/// Changes the paths of files with measured values.
fn move_files(draft: &mut Draft, at: &[Step], moved: &dyn Fn(&str) -> String) {
    let Some(item) = draft.get(at) else {
        return;
    };
    if let Some(table) = item.as_table_like() {
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let here = below(at, &*key);
            let file = below(&here, "file");
            if ["empirical", "trace"].contains(&&*key)
                && let Some(path) = draft.text_at(&file).map(moved)
            {
                draft.set(&file, path);
            }
            move_files(draft, &here, moved);
        }
        return;
    }
    let count = super::passes::length(draft, at);
    for index in 0..count {
        move_files(draft, &below(at, index), moved);
    }
}

/// A path that is relative to the file `from`, relative to the file `to`.
pub fn moved(path: &str, from: &Path, to: &Path) -> String {
    if Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let (from, to) = (folder(from), folder(to));
    let relative = relative(&from, &to).join(path);
    // Without `.` and without a folder that is left again at once.
    let mut tidy = PathBuf::new();
    for part in relative.components() {
        let back = part == Component::ParentDir;
        match (back, tidy.components().next_back()) {
            (true, Some(Component::Normal(_))) => drop(tidy.pop()),
            _ if part == Component::CurDir => {}
            _ => tidy.push(part),
        }
    }
    let text = tidy.to_string_lossy().into_owned();
    match path.starts_with("./") && !text.starts_with("..") {
        true => format!("./{text}"),
        false => text,
    }
}

/// The folder of a file, as the system knows it.
fn folder(file: &Path) -> PathBuf {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let absolute = || std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    folder.canonicalize().unwrap_or_else(|_| absolute())
}

/// The path of one folder from another one.
fn relative(folder: &Path, from: &Path) -> PathBuf {
    let common = folder.components().zip(from.components());
    let common = common.take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(folder.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_hold_from_the_new_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |file: &str| root.path().join(file);
        for folder in ["a", "b/c"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        let moved = |path: &str, to: &str| moved(path, &at("a/x.toml"), &at(to));
        assert_eq!(moved("data/t.csv", "a/y.toml"), "data/t.csv");
        assert_eq!(moved("./s.json", "a/y.toml"), "./s.json");
        assert_eq!(moved("data/t.csv", "b/c/y.toml"), "../../a/data/t.csv");
        assert_eq!(moved("../t.csv", "b/y.toml"), "../t.csv");
        assert_eq!(moved("/t.csv", "b/y.toml"), "/t.csv");
    }

    #[test]
    fn any_stem_gives_a_name() {
        assert_eq!(scenario_name("a b"), "a-b");
        assert_eq!(scenario_name(".x"), "x");
        assert_eq!(scenario_name("é"), "shrunk");
        assert_eq!(scenario_name(&"x".repeat(99)).len(), 64);
    }
}
