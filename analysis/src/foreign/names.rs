//! Which node and which run a file is of, by its path; and which files a folder has.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::format::Origin;
use crate::log::tables::files::{MANIFEST_FILE, REPORT_FILES, RESULT_FILES};

/// Extensions of logs, for files that are found in folders.
const EXTENSIONS: [&str; 9] = [
    "log", "csv", "tsv", "txt", "json", "jsonl", "ndjson", "out", "dat",
];
/// Maximum depth of folders in folders. Arbitrary.
const MAX_DEPTH: u32 = 6;
/// Words in the names of folders that are runs.
const RUN_WORDS: [&str; 6] = ["run", "trial", "exp", "test", "round", "sim"];

/// A file, and what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The file.
    pub path: PathBuf,
    /// The run; empty if the path does not say it.
    pub run: String,
    /// The node.
    pub node: String,
}

/// The files, with those of folders in natural order.
///
/// # Errors
/// A folder cannot be read, or holds no logs.
pub fn files(paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        inside(path, MAX_DEPTH, &mut files)?;
        if files.len() == before {
            let known = EXTENSIONS.join(", ");
            let text = format!(
                "{}: no logs in this folder (files ending with {known})",
                path.display()
            );
            return Err(io::Error::other(text));
        }
    }
    Ok(files)
}

fn inside(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let at = |error: io::Error| io::Error::other(format!("{}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(at)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|it| it.map(|it| it.path()))
        .collect::<Result<_, _>>()?;
    paths.sort_by_cached_key(|path| natural(&path.to_string_lossy()));
    let has_results = folder.join(MANIFEST_FILE).exists();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // Results that were made of logs before are no logs.
        let is_own =
            has_results && (RESULT_FILES.contains(&&*name) || REPORT_FILES.contains(&&*name));
        if name.starts_with('.') || is_own {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                inside(&path, depth - 1, files)?;
            }
            continue;
        }
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if EXTENSIONS.contains(&extension.as_str()) {
            files.push(path);
        }
    }
    Ok(())
}

/// What the paths say. Without a pattern, a node is the name of the file. If all files
/// have one name, a node is the name of the folder. Folders are runs if a node is in
/// several of them.
pub fn assign(paths: &[PathBuf], origin: &Origin) -> Result<Vec<FileName>, String> {
    if let Origin::Path(pattern) = origin {
        return paths
            .iter()
            .map(|path| {
                let text = path.to_string_lossy();
                let found = pattern.captures(&text).ok_or_else(|| {
                    format!("{text}: `[node] file = '{pattern}'` does not match this path")
                })?;
                let part = |name| found.name(name).map_or("", |it| it.as_str()).to_owned();
                Ok(FileName {
                    path: path.clone(),
                    run: part("run"),
                    node: part("node"),
                })
            })
            .collect();
    }
    let stems: BTreeSet<String> = paths.iter().map(|path| stem(path)).collect();
    let folders: BTreeSet<&Path> = paths.iter().filter_map(|path| path.parent()).collect();
    let of_runs = |folder: &&Path| {
        let name = folder_name(folder).to_lowercase();
        RUN_WORDS.iter().any(|word| name.starts_with(word))
    };
    let are_runs = matches!(origin, Origin::Column(_)) || folders.iter().all(of_runs);
    // `m1/log.csv`, `m2/log.csv`: the folder is the node.
    let by_folder = stems.len() == 1 && folders.len() > 1 && !are_runs;
    let mut names: Vec<FileName> = paths
        .iter()
        .map(|path| {
            let parent = path.parent().unwrap_or(Path::new(""));
            let (run, node) = match by_folder {
                true => (
                    parent.parent().unwrap_or(Path::new("")),
                    folder_name(parent),
                ),
                false => (parent, stem(path)),
            };
            FileName {
                path: path.clone(),
                run: run.to_string_lossy().into_owned(),
                node,
            }
        })
        .collect();
    let runs: BTreeSet<&str> = names.iter().map(|it| it.run.as_str()).collect();
    let nodes: BTreeSet<&str> = names.iter().map(|it| it.node.as_str()).collect();
    let again = nodes.len() < names.len();
    if runs.len() < 2 || !again {
        names.iter_mut().for_each(|it| it.run.clear());
    }
    Ok(names)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn folder_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// A name that can be that of a file: letters, digits, `-`, `_` and `.`.
pub fn plain(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    let mut plain: String = name
        .trim()
        .chars()
        .map(|it| if is_plain(it) { it } else { '-' })
        .take(64)
        .collect();
    if plain.starts_with('.') || plain.is_empty() {
        plain.insert(0, 'n');
        plain.truncate(64);
    }
    plain
}

/// A sort key that takes runs of digits as numbers: `n-2` is before `n-10`.
pub fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest
            .find(|it: char| it.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = rest[text..].find(|it: char| !it.is_ascii_digit());
        let digits = digits.map_or(rest.len(), |length| text + length);
        let number = rest[text..digits].parse().unwrap_or(u64::MAX);
        parts.push((rest[..text].to_owned(), number));
        rest = &rest[digits..];
    }
    parts
}

/// The node that another node calls by this name: its own name, or its number, if no
/// other node has it.
pub fn peer(text: &str, nodes: &[String]) -> Option<u32> {
    let text = text.trim();
    let own = plain(text);
    if let Some(index) = nodes
        .iter()
        .position(|name| name.eq_ignore_ascii_case(&own))
    {
        return Some(index as u32);
    }
    let number = last_number(text)?;
    let mut found = (0..)
        .zip(nodes)
        .filter(|(_, name)| last_number(name) == Some(number));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

/// The number at the end of a name.
fn last_number(name: &str) -> Option<u64> {
    let head = name.trim_end_matches(|it: char| it.is_ascii_digit());
    name[head.len()..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(paths: &[&str]) -> Vec<(String, String)> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let names = assign(&paths, &Origin::File).unwrap();
        names.into_iter().map(|it| (it.run, it.node)).collect()
    }

    #[test]
    fn folders_are_runs_if_a_node_is_in_several() {
        let pair = |run: &str, node: &str| (run.to_owned(), node.to_owned());
        assert_eq!(
            assigned(&["a/m1.csv", "a/m2.csv"]),
            [pair("", "m1"), pair("", "m2")]
        );
        assert_eq!(
            assigned(&["a/log.csv", "b/log.csv"]),
            [pair("", "a"), pair("", "b")]
        );
        assert_eq!(
            assigned(&["run1/m1.csv", "run2/m1.csv"]),
            [pair("run1", "m1"), pair("run2", "m1")]
        );
        assert_eq!(
            assigned(&["1/m1.csv", "1/m2.csv", "2/m1.csv", "2/m2.csv"]),
            [
                pair("1", "m1"),
                pair("1", "m2"),
                pair("2", "m1"),
                pair("2", "m2")
            ]
        );
        assert_eq!(
            assigned(&["1/m1/log.csv", "1/m2/log.csv", "2/m1/log.csv"]),
            [pair("1", "m1"), pair("1", "m2"), pair("2", "m1")]
        );
    }

    #[test]
    fn a_peer_is_known_by_name_or_number() {
        let nodes = ["m0", "m1", "x2", "y2"].map(str::to_owned);
        assert_eq!(peer("m1", &nodes), Some(1));
        assert_eq!(peer("M1", &nodes), Some(1));
        assert_eq!(peer("machine 1", &nodes), Some(1));
        assert_eq!(peer("0", &nodes), Some(0));
        assert_eq!(peer("2", &nodes), None);
        assert_eq!(peer("", &nodes), None);
    }
}
