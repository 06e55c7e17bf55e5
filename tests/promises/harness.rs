//! What all tests share: a temporary folder in which a test starts the runner ([`Lab`]), what
//! the runner printed ([`Answer`]), and CSV files ([`Table`]), read with the `csv` crate and
//! not with the runner's own reader.
//!
//! Each test has its own [`Lab`], so tests, and whole test runs, can run at the same time.
//! Nothing is written into the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The lab: three machines at 1 to 6 ticks per second, drawn for each run.
pub const LAB: &str = "\
name = \"lab\"
runs = 3
duration = \"60s\"
seed = 7
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
";

/// The text of a scenario in `tests/fixtures/cases`.
///
/// # Panics
///
/// If there is none of this name.
pub fn case(name: &str) -> String {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests");
    let path = format!("{tests}/fixtures/cases/{name}.toml");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A temporary folder; the runner is started in it.
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    /// An empty folder.
    pub fn new() -> Lab {
        Lab {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with this scenario in `scenario.toml`.
    pub fn with(scenario: &str) -> Lab {
        let lab = Lab::new();
        lab.write("scenario.toml", scenario);
        lab
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and creates the folders that it needs; returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A CSV file as a table.
    pub fn table(&self, name: &str) -> Table {
        Table::parse(&self.read(name))
    }

    /// A command that starts a program in the folder, without the environment variables
    /// that change what the runner does. It is not started yet.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_remove("RUNNER_PLUGIN_PATH")
            .env_remove("RUNNER_LOG")
            .env_remove("SLURM_CPUS_PER_TASK")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null());
        command
    }

    /// A command that starts the runner with these arguments. It is not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_runner"));
        command.args(arguments);
        command
    }

    /// Runs the runner to its end.
    pub fn runner(&self, arguments: &[&str]) -> Answer {
        self.answer(&mut self.command(arguments))
    }

    /// Runs `sh -c SCRIPT` to its end; `$RUNNER` is the path of the runner.
    pub fn shell(&self, script: &str) -> Answer {
        let mut command = self.program("sh");
        command
            .args(["-c", script])
            .env("RUNNER", env!("CARGO_BIN_EXE_runner"));
        self.answer(&mut command)
    }

    /// Runs a command to its end.
    pub fn answer(&self, command: &mut Command) -> Answer {
        let output = command.output().unwrap();
        let folder = self.folder.path().display().to_string();
        Answer::new(output, &folder)
    }

    /// Runs `scenario.toml` without a report into the folder `out`, with more arguments; the
    /// runner must pass.
    pub fn run_into(&self, out: &str, more: &[&str]) {
        let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
        self.runner(&[&arguments[..], more].concat()).passes();
    }

    /// Every file below a folder: its path from that folder, and its bytes.
    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        let mut files = BTreeMap::new();
        gather(&root, &root, &mut files);
        files
    }
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// Exit code and output of a program.
#[derive(Debug)]
pub struct Answer {
    /// The exit code; none if a signal killed the program.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error. The path of the lab's folder is replaced by `LAB`.
    pub err: String,
}

impl Answer {
    /// Takes exit code and output.
    ///
    /// # Panics
    ///
    /// If the runner itself panicked.
    pub fn new(output: Output, folder: &str) -> Answer {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(folder, "LAB");
        let answer = Answer {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        for sign in ["panicked at", "RUST_BACKTRACE", "internal error"] {
            assert!(!answer.err.contains(sign), "{}", answer.err);
        }
        answer
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn ends(self, code: i32) -> Answer {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }

    /// Fails unless the exit code is 0 and standard error is empty; a busy machine may be late.
    #[track_caller]
    pub fn passes(self) -> Answer {
        let answer = self.ends(0);
        let late = |line: &&str| line.starts_with("warning: ") && line.contains(" were late: ");
        let other: Vec<&str> = answer.err.lines().filter(|line| !late(line)).collect();
        assert!(other.is_empty(), "{}", answer.err);
        answer
    }

    /// Fails unless standard error contains each of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Answer {
        for part in parts {
            assert!(
                self.err.contains(part),
                "no {part:?} in:\n{}\n{}",
                self.err,
                self.out
            );
        }
        self
    }
}

/// A CSV file, read with the `csv` crate alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The header.
    pub header: Vec<String>,
    /// The cells, line by line.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Parses a text. Fails if a line has not as many cells as the header.
    pub fn parse(text: &str) -> Table {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        Table {
            header: words(reader.headers().unwrap()),
            rows: reader.records().map(|it| words(&it.unwrap())).collect(),
        }
    }

    /// The index of a column.
    #[track_caller]
    pub fn column(&self, name: &str) -> usize {
        let found = self.header.iter().position(|it| it == name);
        found.unwrap_or_else(|| panic!("no column {name} in {:?}", self.header))
    }

    /// The cells of a column.
    #[track_caller]
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let column = self.column(name);
        self.rows.iter().map(|row| &*row[column]).collect()
    }

    /// The cells of a column of numbers.
    #[track_caller]
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let texts = self.texts(name);
        texts.iter().map(|it| it.parse().unwrap()).collect()
    }

    /// The table with only the rows that have this text in a column.
    #[track_caller]
    pub fn only(&self, name: &str, text: &str) -> Table {
        let column = self.column(name);
        let rows = self.rows.iter().filter(|row| row[column] == text);
        Table {
            header: self.header.clone(),
            rows: rows.cloned().collect(),
        }
    }
}

/// Ends a test if there is no `python3` for the other program of the test. So the tests
/// run with a Rust toolchain only. With `CI` set, as in `.ci/run`, the test fails instead.
macro_rules! needs_python {
    () => {
        if !crate::harness::has_python() {
            return;
        }
    };
}
pub(crate) use needs_python;

/// The Python interpreter itself, where `python3` may be a script that looks for it and
/// takes longer than a test.
pub fn interpreter() -> &'static str {
    static FOUND: OnceLock<String> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut command = Command::new("python3");
        let command = command.args(["-c", "import sys; print(sys.executable)"]);
        let answer = command.output().expect("there is a python3");
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    })
}

/// Whether there is this program; with `CI` set, there must be.
pub fn has_program(name: &str) -> bool {
    let mut command = Command::new(name);
    let answer = command.arg("--version").stdout(Stdio::null()).status();
    let found = answer.is_ok_and(|status| status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "there is no {name}, and CI is set: install it, for no test may be skipped"
    );
    found
}

/// Whether there is a `python3`.
///
/// # Panics
///
/// If `CI` is set and there is none.
pub fn has_python() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let mut command = Command::new("python3");
        let answer = command.arg("--version").stdout(Stdio::null()).status();
        let found = answer.is_ok_and(|status| status.success());
        assert!(
            found || std::env::var_os("CI").is_none(),
            "there is no python3, and CI is set: install it, for no test may be skipped"
        );
        if !found {
            eprintln!("there is no python3: the tests with programs in Python are skipped");
        }
        found
    })
}
