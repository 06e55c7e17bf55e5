//! The cost of many small runs: 10,000 runs of three clock machines for a minute each,
//! in one process.
//!
//!     cargo bench -p runner --bench batch                # about five minutes
//!     cargo bench -p runner --bench batch -- --quick     # a tenth of the runs
//!
//! | table | comparison |
//! |---|---|
//! | batch | the runner without logs and with, on one core and on two, without report and with, with the same number of runs in a loop ([`engine`]: engine, plugin and metrics, nothing written); with logs also with plain writes of the same files, and of the same bytes as one file |
//! | isolate | the same with `--isolate`, per run; and a process for each run |
//! | resume | continuing complete results, and running each run twice |
//!
//! The plugin must be built the same way: `cargo build --release -p clock`.

#[path = "../engine/measure.rs"]
mod measure;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use analysis::results::LogMode;
use engine::run::Run;
use host::instance::Instances;
use host::search::SearchPath;
use runner::plan::Plan;
use runner::results::logs::Logs;
use runner::results::record::{LogsAt, Recorder};

use measure::{in_turns, timed};

const SCENARIO: &str = "\
name = \"batch\"
duration = \"60s\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
";

/// Number of processes that are started to measure the cost of a start.
const STARTS: u32 = 50;

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|word| word == "--quick");
    let runs: u32 = if quick { 1_000 } else { 10_000 };
    let rounds = if quick { 3 } else { 5 };
    let lab = Lab::new(runs)?;

    let [
        mut engine,
        mut off,
        mut logs,
        mut files,
        mut file,
        mut combined,
        mut report,
        mut two,
        mut two_report,
    ] = [
        &mut (|| lab.engine()) as &mut dyn FnMut() -> Duration,
        &mut || lab.runner(&["--log", "off"]),
        &mut || lab.runner(&[]),
        &mut || lab.plain_files(),
        &mut || lab.plain_file(),
        &mut || lab.runner(&["--log", "combined"]),
        &mut || lab.runner_with(&["--log", "off", "-j1"]),
        &mut || lab.runner_with(&["--log", "off", "--no-report", "-j2"]),
        &mut || lab.runner_with(&["--log", "off", "-j2"]),
    ];
    // The plain writers write these logs.
    logs();
    lab.keep()?;
    let times = in_turns(
        rounds,
        [
            &mut engine,
            &mut off,
            &mut logs,
            &mut files,
            &mut file,
            &mut combined,
            &mut report,
            &mut two,
            &mut two_report,
        ],
    );
    let per_run = |thing: usize| times.seconds(thing) * 1e6 / f64::from(runs);
    let bytes = lab.logged()? as f64 / 1e6;
    println!("{runs} runs of three clock machines for 60 s, one core; {bytes:.0} MB of logs\n");
    println!(
        "| what | a run [us] | against one run, so many times | against the same files | against one file |"
    );
    println!("|---|---|---|---|---|");
    println!(
        "| one run, so many times (nothing kept) | {:.1} | 1 | | |",
        per_run(0)
    );
    println!(
        "| runner --log off | {:.1} | {:.2} | | |",
        per_run(1),
        times.ratio(1, 0)
    );
    println!(
        "| runner --log off, with report | {:.1} | {:.2} | | |",
        per_run(6),
        times.ratio(6, 0)
    );
    // On two cores, one run so often takes half the time.
    println!(
        "| runner --log off, on two cores | {:.1} | {:.2} | | |",
        per_run(7),
        2.0 * times.ratio(7, 0)
    );
    println!(
        "| runner --log off, with report, on two cores | {:.1} | {:.2} | | |",
        per_run(8),
        2.0 * times.ratio(8, 0)
    );
    println!(
        "| runner --log combined | {:.1} | {:.2} | {:.2} | {:.2} |",
        per_run(5),
        times.ratio(5, 0),
        times.ratio(5, 3),
        times.ratio(5, 4)
    );
    println!(
        "| runner, full logs | {:.1} | {:.2} | {:.2} | {:.2} |",
        per_run(2),
        times.ratio(2, 0),
        times.ratio(2, 3),
        times.ratio(2, 4)
    );
    println!("| the same files, plainly | {:.1} | | 1 | |", per_run(3));
    println!("| the same bytes in one file | {:.1} | | | 1 |", per_run(4));

    let times = in_turns(
        rounds,
        [
            &mut || lab.runner(&["--log", "off"]),
            &mut || lab.runner(&["--log", "off", "--isolate"]),
            &mut || lab.runner(&[]),
            &mut || lab.runner(&["--isolate"]),
            &mut || lab.starts(),
        ],
    );
    let per_run = |thing: usize| times.seconds(thing) * 1e6 / f64::from(runs);
    println!("\n| what | a run [us] | against no isolation |");
    println!("|---|---|---|");
    println!(
        "| --log off --isolate | {:.1} | {:.2} |",
        per_run(1),
        times.ratio(1, 0)
    );
    println!(
        "| --isolate, full logs | {:.1} | {:.2} |",
        per_run(3),
        times.ratio(3, 2)
    );
    let start = times.seconds(4) * 1e6 / f64::from(STARTS);
    println!(
        "| a process started for each run | {start:.1} | {:.1} |",
        start / per_run(0)
    );

    lab.runner(&["--log", "off"]);
    let times = in_turns(
        rounds,
        [
            &mut || lab.runner(&["--log", "off"]),
            &mut || lab.resume(),
            &mut || lab.runner(&["--check-determinism"]),
            &mut || lab.runner(&[]),
        ],
    );
    println!("\n| what | ratio |");
    println!("|---|---|");
    println!(
        "| --resume of complete results / doing them (--log off) | {:.2} |",
        times.ratio(1, 0)
    );
    println!(
        "| --check-determinism / without (full logs) | {:.2} |",
        times.ratio(2, 3)
    );
    Ok(())
}

/// The working folder, and the plan.
struct Lab {
    folder: tempfile::TempDir,
    runs: u32,
    plan: Plan,
}

impl Lab {
    fn new(runs: u32) -> anyhow::Result<Lab> {
        // On the disk of the build, because `/tmp` may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let text = format!("runs = {runs}\n{SCENARIO}");
        let path = folder.path().join("batch.toml");
        fs::write(&path, text)?;
        let plan = Plan::load(&path, &[], &SearchPath::with(&[plugins()?]))?;
        Ok(Lab { folder, runs, plan })
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Runs the runner on one core, without report, after its last results are set aside.
    fn runner(&self, more: &[&str]) -> Duration {
        self.runner_with(&[&["--no-report", "-j1"], more].concat())
    }

    /// Runs the runner, after its last results are set aside.
    fn runner_with(&self, options: &[&str]) -> Duration {
        self.set_aside(&self.out());
        self.start(options)
    }

    /// Renames a folder, if it is there, and makes its files empty. They are not removed: a
    /// file that is created on ext4 looks for an inode that was not freed within the last
    /// minutes, one after the other, so that files which were removed cost those that follow.
    fn set_aside(&self, folder: &Path) {
        let place = (1u32..).map(|number| self.folder.path().join(format!("aside-{number}")));
        let mut free = place.filter(|place| !place.exists());
        let place = free.next().expect("some number is free");
        if folder.exists() {
            fs::rename(folder, &place).expect("it is the bench's own");
            empty(&place).expect("it is the bench's own");
        }
    }

    /// The same, but continues the last results.
    fn resume(&self) -> Duration {
        self.start(&["--no-report", "-j1", "--log", "off", "--resume"])
    }

    fn start(&self, options: &[&str]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command
            .args(["batch.toml", "-q", "--out", "out"])
            .args(options)
            .current_dir(self.folder.path());
        let (status, time) = timed(|| command.status());
        assert!(status.is_ok_and(|status| status.success()), "{options:?}");
        time
    }

    /// A process for each of [`STARTS`] runs.
    fn starts(&self) -> Duration {
        let one = |run: u32| self.runner(&["--log", "off", "--run", &run.to_string()]);
        (1..=STARTS).map(one).sum()
    }

    /// Engine, plugin and metrics in a loop.
    fn engine(&self) -> Duration {
        let plan = &self.plan;
        let nodes = plan.nodes(0);
        let case = &plan.cases[0];
        let scenario = &case.scenario;
        let stop = AtomicBool::new(false);
        let ((), time) = timed(|| {
            for spec in plan.runs() {
                let groups: Vec<_> = case
                    .configs
                    .iter()
                    .zip(&scenario.groups)
                    .map(|(config, group)| (config.clone(), group.count))
                    .collect();
                let logs = Logs::new(&nodes.schema, Path::new(""), LogMode::Off);
                let logs = LogsAt::Here(Box::new(logs));
                let mut run = Run::new(
                    case.roster.clone(),
                    &scenario.links,
                    scenario.duration,
                    plan.streams(spec),
                    Instances::new(&groups, None),
                    Recorder::new(&nodes.schema, &nodes.shapes, logs, None),
                );
                let outcome = run.go(&stop);
                let findings = run.into_sink().finish(outcome.end, &outcome.occupancy);
                assert_eq!(findings.map_or(0, |it| it.measured.nodes.len()), 3);
            }
        });
        time
    }

    /// Keeps the last logs for the plain writers.
    fn keep(&self) -> anyhow::Result<()> {
        Ok(fs::rename(self.out(), self.folder.path().join("kept"))?)
    }

    fn kept(&self, run: u32, node: u32) -> Vec<u8> {
        let name = format!("kept/runs/{run:04}/machine-{node}.csv");
        fs::read(self.folder.path().join(name)).expect("it was written before")
    }

    /// Size of all logs `[bytes]`.
    fn logged(&self) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for run in 1..=self.runs {
            bytes += (1..=3)
                .map(|node| self.kept(run, node).len() as u64)
                .sum::<u64>();
        }
        Ok(bytes)
    }

    /// Writes the same files with plain calls.
    fn plain_files(&self) -> Duration {
        let root = self.folder.path().join("plain");
        self.set_aside(&root);
        fs::create_dir(&root).expect("it is gone");
        let mut time = Duration::ZERO;
        for run in 1..=self.runs {
            let logs: Vec<Vec<u8>> = (1..=3).map(|node| self.kept(run, node)).collect();
            let folder = root.join(format!("{run:04}"));
            let (result, took) = timed(|| {
                fs::create_dir(&folder)?;
                for (node, log) in (1..).zip(&logs) {
                    fs::write(folder.join(format!("machine-{node}.csv")), log)?;
                }
                std::io::Result::Ok(())
            });
            result.expect("there is room");
            time += took;
        }
        time
    }

    /// Writes the same bytes as one file.
    fn plain_file(&self) -> Duration {
        let path = self.folder.path().join("one.csv");
        let _ = fs::remove_file(&path);
        let mut file = fs::File::create(&path).expect("it is gone");
        let mut time = Duration::ZERO;
        for run in 1..=self.runs {
            let mut log = Vec::new();
            (1..=3).for_each(|node| log.extend(self.kept(run, node)));
            let (result, took) = timed(|| file.write_all(&log));
            result.expect("there is room");
            time += took;
        }
        time
    }
}

/// Makes all files in a folder empty.
fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => empty(&entry.path())?,
            false => fs::OpenOptions::new()
                .write(true)
                .open(entry.path())?
                .set_len(0)?,
        }
    }
    Ok(())
}

/// The folder of the plugins, beside the runner.
fn plugins() -> anyhow::Result<PathBuf> {
    let runner = Path::new(env!("CARGO_BIN_EXE_runner"));
    let folder = runner.parent().unwrap_or(runner);
    anyhow::ensure!(
        folder.join("libclock.so").exists() || folder.join("deps/libclock.so").exists(),
        "the plugin is not built\n  build it: cargo build --release -p clock"
    );
    match folder.join("deps/libclock.so").exists() {
        true => Ok(folder.join("deps")),
        false => Ok(folder.to_owned()),
    }
}
