//! `runner export slurm`: a folder of scripts that run a scenario as job arrays of Slurm.
//!
//! The scripts are below `slurm/`, with words such as `@NAME@` replaced. All that depends on the
//! scenario is in `plan.sh`; the others are the same for every scenario, but for what sbatch reads
//! out of comments. They are for the shell of POSIX, and find the folder by their own path, so it
//! can be moved. Slurm starts a copy of `shard.sh` and `merge.sh` with the folder as working folder.
//!
//! A job array is numbered from 1 to at most `MaxArraySize - 1`. More shards are several arrays, each
//! with a number that is added to its tasks.

use std::fmt::Write;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What the scripts are about.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The name of the scenario.
    pub name: String,
    /// The path of the scenario file, absolute.
    pub scenario: String,
    /// The path of the runner, absolute.
    pub runner: String,
    /// Number of runs.
    pub runs: u32,
    /// Number of shards.
    pub shards: u32,
    /// The shards that have runs, ascending.
    pub used: Vec<u32>,
    /// The words of the options that the scenario is run with.
    pub options: Vec<String>,
    /// Whether several runners may write the results of a shard at once.
    pub shared: bool,
    /// Processors of a shard.
    pub jobs: u32,
    /// Time limit of a shard.
    pub time_limit: Option<Duration>,
    /// How arrays are made.
    pub arrays: Arrays,
}

/// How shards are put into job arrays.
#[derive(Clone, Copy, Debug)]
pub struct Arrays {
    /// `MaxArraySize` of the cluster, at least 2.
    pub max_size: u32,
    /// Maximum number of tasks of an array at the same time.
    pub at_once: Option<u32>,
}

/// A file of the folder.
#[derive(Debug)]
pub struct ExportedFile {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// The name of the file of hosts, which the user edits.
pub const HOSTS: &str = "hosts";

const TEMPLATES: [(&str, &str); 8] = [
    ("plan.sh", include_str!("slurm/plan.sh")),
    ("shard.sh", include_str!("slurm/shard.sh")),
    ("merge.sh", include_str!("slurm/merge.sh")),
    ("submit.sh", include_str!("slurm/submit.sh")),
    ("resubmit.sh", include_str!("slurm/resubmit.sh")),
    ("parallel.sh", include_str!("slurm/parallel.sh")),
    (HOSTS, include_str!("slurm/hosts")),
    ("README.md", include_str!("slurm/README.md")),
];

/// The files of the folder.
pub fn files(sweep: &Sweep) -> Vec<ExportedFile> {
    let file = |(name, template): &(&'static str, &str)| ExportedFile {
        name,
        text: filled(template, sweep),
    };
    TEMPLATES.iter().map(file).collect()
}

/// Replaces the words of a template in one pass: a path may hold such a word itself.
fn filled(template: &str, sweep: &Sweep) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('@') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let word = rest.split_once('@').map(|(word, _)| word);
        match word.and_then(|word| Some((word, value(word, sweep)?))) {
            Some((word, value)) => {
                text.push_str(&value);
                rest = &rest[word.len() + 1..];
            }
            None => text.push('@'),
        }
    }
    text + rest
}

/// What stands for a word of a template.
fn value(word: &str, sweep: &Sweep) -> Option<String> {
    Some(match word {
        "NAME" => sweep.name.clone(),
        "RUNNER" => quoted(&sweep.runner),
        "SCENARIO" => quoted(&sweep.scenario),
        "RUNS" => sweep.runs.to_string(),
        "SHARDS" => sweep.shards.to_string(),
        "JOBS" => sweep.jobs.to_string(),
        "JOBS_TEXT" => match sweep.jobs {
            1 => "one processor".to_owned(),
            more => format!("{more} processors"),
        },
        "HOST" => match sweep.jobs {
            1 => ":".to_owned(),
            _ => "1/:".to_owned(),
        },
        "OPTIONS" => words(&sweep.options),
        "SHARED" => if sweep.shared { " --shared" } else { "" }.to_owned(),
        "ARRAY_SIZE" => sweep.arrays.max_size.to_string(),
        "AT_ONCE" => match sweep.arrays.at_once {
            Some(most) => format!(" --at-once {most}"),
            None => String::new(),
        },
        "LIMITS" => sweep.time_limit.map(limits).unwrap_or_default(),
        "ARRAYS" => {
            let arrays = sweep.arrays.of(&sweep.used);
            let line =
                |array: &JobArray| format!("submit_array {} {} \"$@\"\n", array.added, array.tasks);
            arrays.iter().map(line).collect()
        }
        _ => return None,
    })
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Words, each after a space.
fn words(words: &[String]) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_=./:,".contains(&b);
    let word = |word: &String| match word.bytes().all(is_plain) {
        true => format!(" {word}"),
        false => format!(" {}", quoted(word)),
    };
    words.iter().map(word).collect()
}

/// Time limits so short that a warning before them would be sent at once: Slurm counts in minutes.
const SHORT: Duration = Duration::from_secs(300);

/// The comments that limit the time. A minute before the end the runner gets SIGTERM: it ends with
/// complete tables.
fn limits(limit: Duration) -> String {
    // Whole seconds, and at least one.
    let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, rest) = (rest / 3600, rest % 3600);
    let time = format!("{days}-{hours:02}:{:02}:{:02}", rest / 60, rest % 60);
    let signal = match limit < SHORT {
        true => "",
        false => "#SBATCH --signal=B:TERM@60\n",
    };
    format!("#SBATCH --time={time}\n{signal}")
}

/// A job array.
#[derive(Debug, PartialEq, Eq)]
pub struct JobArray {
    /// What is added to the number of a task to get that of its shard.
    pub added: u32,
    /// The tasks, as `sbatch --array` reads them.
    pub tasks: String,
}

impl Arrays {
    /// The arrays of these shards, which are ascending.
    pub fn of(self, shards: &[u32]) -> Vec<JobArray> {
        let most = self.max_size - 1;
        let same_array = |a: &u32, b: &u32| (a - 1) / most == (b - 1) / most;
        let array = |shards: &[u32]| {
            let added = (shards[0] - 1) / most * most;
            let mut tasks = String::new();
            for range in ranges(shards) {
                let (first, last) = (range.start() - added, range.end() - added);
                let comma = if tasks.is_empty() { "" } else { "," };
                // Writing to a string does not fail.
                let _ = match first == last {
                    true => write!(tasks, "{comma}{first}"),
                    false => write!(tasks, "{comma}{first}-{last}"),
                };
            }
            if let Some(at_once) = self.at_once {
                let _ = write!(tasks, "%{at_once}");
            }
            JobArray { added, tasks }
        };
        shards.chunk_by(same_array).map(array).collect()
    }
}

/// Ascending numbers as ranges.
fn ranges(numbers: &[u32]) -> Vec<RangeInclusive<u32>> {
    let ranges = numbers.chunk_by(|a, b| a + 1 == *b);
    ranges.map(|it| it[0]..=it[it.len() - 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays(max_size: u32, at_once: Option<u32>, shards: &[u32]) -> Vec<(u32, String)> {
        let arrays = Arrays { max_size, at_once }.of(shards);
        arrays.into_iter().map(|it| (it.added, it.tasks)).collect()
    }

    #[test]
    fn no_task_of_an_array_has_a_number_of_the_size_of_an_array() {
        let all: Vec<u32> = (1..=2500).collect();
        let expected = [(0, "1-1000"), (1000, "1-1000"), (2000, "1-500")];
        assert_eq!(
            arrays(1001, None, &all),
            expected.map(|(added, tasks)| (added, tasks.to_owned()))
        );
        assert_eq!(
            arrays(4, Some(2), &[2, 3, 4, 9, 11]),
            [(0, "2-3%2"), (3, "1%2"), (6, "3%2"), (9, "2%2")]
                .map(|(added, tasks)| (added, tasks.to_owned()))
        );
        assert_eq!(arrays(2, None, &[1, 2]).len(), 2);
        assert_eq!(arrays(1001, None, &[]), []);
    }

    #[test]
    fn a_limit_is_days_hours_minutes_and_seconds() {
        let limit = |seconds| limits(Duration::from_secs(seconds));
        assert_eq!(limit(59), "#SBATCH --time=0-00:00:59\n");
        let warned = "#SBATCH --time=1-01:01:01\n#SBATCH --signal=B:TERM@60\n";
        assert_eq!(limit(90_061), warned);
        let short = limits(Duration::from_millis(1500));
        assert_eq!(short, "#SBATCH --time=0-00:00:02\n");
    }

    #[test]
    fn a_word_of_a_template_within_a_path_stays() {
        let sweep = Sweep {
            name: "a".to_owned(),
            scenario: "/it's @NAME@ $(x)/`a` \"b\".toml".to_owned(),
            runner: "/r".to_owned(),
            runs: 1,
            shards: 1,
            used: vec![1],
            options: vec!["--set=a=1 2".to_owned(), "--seed=7".to_owned()],
            shared: true,
            jobs: 1,
            time_limit: None,
            arrays: Arrays {
                max_size: 2,
                at_once: None,
            },
        };
        let text = filled("a@b @SCENARIO@@OPTIONS@ @NONE@ @", &sweep);
        let expected = r#"a@b '/it'\''s @NAME@ $(x)/`a` "b".toml' '--set=a=1 2' --seed=7 @NONE@ @"#;
        assert_eq!(text, expected);
        for file in files(&sweep) {
            let left = file.text.replace("\"$@\"", "").replace("@NAME@ $(x)", "");
            assert!(
                !left.contains("@NA") && !left.contains("S@"),
                "{}: {left}",
                file.name
            );
        }
    }
}
