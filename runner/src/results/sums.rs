//! The sums of all files of a run, and how two runs differ. A report verifies them when it
//! merges, so what a sum is stands in `analysis`.

use std::path::Path;

pub use analysis::results::{FileSum, Summer, damage};

use crate::results::error::ResultsError;

/// Returns the sums of all files in a run's folder, ordered by name.
///
/// # Errors
///
/// Fails if a file cannot be read.
pub fn sums(folder: &Path) -> Result<Vec<FileSum>, ResultsError> {
    sums_but(folder, Vec::new())
}

/// As [`sums`]; the files of which the sums are known are not read.
///
/// # Errors
///
/// Fails if a file cannot be read.
pub fn sums_but(folder: &Path, mut known: Vec<FileSum>) -> Result<Vec<FileSum>, ResultsError> {
    known.sort_by(|a, b| a.name.cmp(&b.name));
    let mut found = Vec::new();
    let mut summer = Summer::default();
    gather(folder, "", &known, &mut summer, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn gather(
    folder: &Path,
    prefix: &str,
    known: &[FileSum],
    summer: &mut Summer,
    found: &mut Vec<FileSum>,
) -> Result<(), ResultsError> {
    for entry in folder.read_dir().map_err(ResultsError::at(folder))? {
        let entry = entry.map_err(ResultsError::at(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(ResultsError::at(&path))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            gather(&path, &format!("{name}/"), known, summer, found)?;
        } else if kind.is_file() {
            let place = known.binary_search_by(|sum| sum.name.as_str().cmp(&name));
            if let Ok(place) = place {
                found.push(known[place].clone());
                continue;
            }
            found.push(summer.sum(&path, name).map_err(ResultsError::at(&path))?);
        }
    }
    Ok(())
}

/// Returns the first file in which two runs differ.
pub fn difference<'a>(one: &'a [FileSum], other: &'a [FileSum]) -> Option<&'a str> {
    let lacks = |sums: &[FileSum], sum: &FileSum| !sums.contains(sum);
    let mut differing: Vec<&str> = one
        .iter()
        .filter(|sum| lacks(other, sum))
        .chain(other.iter().filter(|sum| lacks(one, sum)))
        .map(|sum| &*sum.name)
        .collect();
    differing.sort_unstable();
    differing.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn damage_of_every_kind_is_found_and_named() {
        let run = folder(&[("a.csv", "one\n"), ("deep/b", "two\n")]);
        let known = sums(run.path()).unwrap();
        let names: Vec<&str> = known.iter().map(|sum| &*sum.name).collect();
        assert_eq!(names, ["a.csv", "deep/b"]);
        assert_eq!(damage(run.path(), &known), None);
        fs::write(run.path().join("notes.txt"), "later").unwrap();
        assert_eq!(damage(run.path(), &known), None);
        fs::write(run.path().join("deep/b"), "twx\n").unwrap();
        let text = damage(run.path(), &known).unwrap();
        assert_eq!(text, "deep/b is not what was written");
        fs::write(run.path().join("deep/b"), "two\nthree\n").unwrap();
        let text = damage(run.path(), &known).unwrap();
        assert_eq!(text, "deep/b has 10 bytes, 4 were written");
        fs::remove_file(run.path().join("a.csv")).unwrap();
        assert_eq!(damage(run.path(), &known).unwrap(), "a.csv is not there");
    }

    #[test]
    fn a_file_whose_sum_is_known_is_not_read() {
        let run = folder(&[("b.csv", "one\n"), ("a.csv", "two\n"), ("deep/b.csv", "x")]);
        let known = ["b.csv", "gone.csv"].map(|name| FileSum {
            name: name.to_owned(),
            bytes: 7,
            xxh3: 8,
        });
        let found = sums_but(run.path(), known.to_vec()).unwrap();
        let read = sums(run.path()).unwrap();
        assert_eq!(found[0], read[0]);
        assert_eq!(found[1], known[0]);
        assert_eq!(found[2], read[2]);
    }

    #[test]
    fn runs_differ_in_the_first_file_that_only_one_has() {
        let one = sums(folder(&[("a", "1"), ("b", "2")]).path()).unwrap();
        let same = sums(folder(&[("b", "2"), ("a", "1")]).path()).unwrap();
        let other = sums(folder(&[("a", "1"), ("c", "2")]).path()).unwrap();
        assert_eq!(difference(&one, &same), None);
        assert_eq!(difference(&one, &other), Some("b"));
        assert_eq!(difference(&other, &one), Some("b"));
    }
}
