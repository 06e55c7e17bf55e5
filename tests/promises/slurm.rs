//! `runner export slurm`: scripts that run a scenario as job arrays, for any shell and any path.
//! They are run here by a plain `sh`; `.ci/slurm` runs them on a Slurm.

use std::fs;
use std::path::Path;

use crate::harness::{Answer, LAB, Lab};
use crate::matrix::MATRIX;

const SCRIPTS: [&str; 6] = [
    "plan.sh",
    "shard.sh",
    "merge.sh",
    "submit.sh",
    "resubmit.sh",
    "parallel.sh",
];

/// A name of a folder that a careless script trips over.
const ODD: &str = "it's @NAME@ \"$(touch bad)\" %A *\n";

fn export(lab: &Lab, more: &[&str]) -> Answer {
    lab.runner(&[&["export", "slurm", "scenario.toml"], more].concat())
}

/// Runs a script of a folder by `sh`, from another folder. `PATH` has these programs first.
fn script(lab: &Lab, folder: &str, name: &str, arguments: &[&str], programs: &str) -> Answer {
    let mut command = lab.program("sh");
    let path = std::env::var("PATH").unwrap();
    command
        .arg(lab.path(folder).join(name))
        .args(arguments)
        .env("PATH", format!("{}:{path}", lab.path(programs).display()));
    lab.answer(&mut command)
}

/// Runs shards, then the merge, in the folder of the scripts, as a job does.
fn job(lab: &Lab, folder: &str, arguments: &[&str]) -> Answer {
    let mut command = lab.program("sh");
    command.args(arguments).current_dir(lab.path(folder));
    lab.answer(&mut command)
}

/// An `sbatch` that notes its arguments, a line each, and then `--`.
fn fake_sbatch(lab: &Lab) {
    use std::os::unix::fs::PermissionsExt;
    let text = "#!/bin/sh\nprintf '%s\\n' \"$@\" -- >>\"$NOTES\"\n\
                echo \"$(grep -c '^--$' \"$NOTES\");cluster\"\n";
    let path = lab.write("bin/sbatch", text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn submitted(lab: &Lab, folder: &str, name: &str, options: &[&str]) -> (Answer, Vec<Vec<String>>) {
    let notes = lab.path("notes");
    let _ = fs::remove_file(&notes);
    let mut command = lab.program("sh");
    let path = std::env::var("PATH").unwrap();
    command
        .arg(lab.path(folder).join(name))
        .args(options)
        .env("NOTES", &notes)
        .env("PATH", format!("{}:{path}", lab.path("bin").display()));
    let answer = lab.answer(&mut command);
    let text = fs::read_to_string(&notes).unwrap_or_default();
    let jobs = text.split("\n--\n").filter(|it| !it.is_empty());
    let words = |job: &str| job.lines().map(str::to_owned).collect();
    (answer, jobs.map(words).collect())
}

fn same(lab: &Lab, merged: &str, whole: &str) {
    for table in ["summary.csv", "verdicts.csv", "samples.csv"] {
        let read = |out: &str| lab.read(&format!("{out}/{table}"));
        assert_eq!(read(merged), read(whole), "{table}");
    }
    let runs = |out: &str| lab.files(&format!("{out}/runs"));
    assert_eq!(runs(merged), runs(whole));
}

#[test]
fn shards_of_an_odd_path_merge_into_the_whole() {
    let lab = Lab::new();
    let scenario = format!("{ODD}/scen'ario.toml");
    lab.write(&scenario, MATRIX);
    let options = ["--set", "nodes.machine.config={ faces = 6 }", "--seed=9"];
    lab.runner(&[&["run", &*scenario, "-q", "--out", "whole"], &options[..]].concat())
        .passes();
    let folder = format!("{ODD}/ex port");
    let said = lab
        .runner(
            &[
                &[
                    "export", "slurm", &*scenario, "--shards", "4", "--out", &*folder,
                ],
                &options[..],
            ]
            .concat(),
        )
        .passes();
    assert!(said.out.contains("15 runs in 4 shards\n"), "{}", said.out);
    for name in SCRIPTS {
        // `sh -n` reads a script, and runs nothing.
        let path = lab.path(&folder).join(name);
        lab.answer(lab.program("sh").arg("-n").arg(path)).passes();
    }
    for shard in ["1", "2", "3", "4"] {
        job(&lab, &folder, &["shard.sh", shard]).passes();
    }
    job(&lab, &folder, &["merge.sh"]).passes();
    same(&lab, &format!("{folder}/merged/latest"), "whole");
    assert!(!lab.path("bad").exists() && !lab.path(&format!("{folder}/bad")).exists());
    // The folder is the only state: it can be moved, and is exported again without a change.
    fs::rename(lab.path(&folder), lab.path("moved")).unwrap();
    job(&lab, "moved", &["merge.sh"]).passes();
    same(&lab, "moved/merged/2", "whole");
}

#[test]
fn what_is_submitted_is_what_has_runs_and_then_a_merge() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 9"));
    fake_sbatch(&lab);
    let more = [
        "--shards",
        "9",
        "--max-array-size",
        "5",
        "--at-once",
        "2",
        "--out",
        "x",
    ];
    export(&lab, &[&more[..], &["--time-limit", "2h"]].concat()).passes();
    let shard = lab.read("x/shard.sh");
    assert!(
        shard.contains("#SBATCH --time=0-02:00:00\n#SBATCH --signal=B:TERM@60\n"),
        "{shard}"
    );
    let (answer, jobs) = submitted(&lab, "x", "submit.sh", &["--partition=long"]);
    answer.passes();
    // Nothing runs yet, so all is missing: the same arrays.
    let (answer, again) = submitted(&lab, "x", "resubmit.sh", &["--partition=long"]);
    answer.passes();
    assert_eq!(jobs, again);
    let chdir = format!(
        "--chdir={}",
        fs::canonicalize(lab.path("x")).unwrap().display()
    );
    let mut shards = Vec::new();
    for job in &jobs[..jobs.len() - 1] {
        assert_eq!(job[0..3], ["--parsable", &chdir, "--output=logs/%A_%a.log"]);
        assert_eq!(job[4..6], ["--partition=long", "shard.sh"]);
        let added: u32 = job[6].parse().unwrap();
        let tasks = job[3]
            .strip_prefix("--array=")
            .unwrap()
            .strip_suffix("%2")
            .unwrap();
        for range in tasks.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
            assert!(last <= 4, "{job:?}");
            shards.extend((first..=last).map(|task| added + task));
        }
    }
    assert!(jobs.len() > 2, "{jobs:?}");
    let merge = jobs.last().unwrap();
    let ids: String = (1..jobs.len()).map(|id| format!(":{id}")).collect();
    assert_eq!(
        merge[2..],
        [
            "--output=logs/merge_%j.log",
            &format!("--dependency=afterany{ids}"),
            "--partition=long",
            "merge.sh"
        ]
    );
    // Exactly the shards with runs.
    let list = |shard: &u32| {
        let shard = format!("{shard}/9");
        let words = [
            "list",
            "scenario.toml",
            "--format",
            "json",
            "--shard",
            &shard,
        ];
        lab.runner(&words).passes().out.trim() != "[]"
    };
    let with_runs: Vec<u32> = (1..=9).filter(list).collect();
    assert_eq!(shards, with_runs);
}

#[test]
fn what_is_missing_or_damaged_is_submitted_again_and_nothing_else() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 12"));
    fake_sbatch(&lab);
    lab.run_into("whole", &[]);
    export(&lab, &["--shards", "3", "--out", "x"]).passes();
    job(&lab, "x", &["merge.sh"])
        .ends(4)
        .says(&["no shard has begun"]);
    let missing = || {
        let words = ["--missing", "--shards", "3", "--out", "x"];
        export(&lab, &words).passes().out
    };
    assert_eq!(missing(), "0 1-3\n");
    for shard in ["1", "3"] {
        job(&lab, "x", &["shard.sh", shard]).passes();
    }
    assert_eq!(missing(), "0 2\n");
    job(&lab, "x", &["merge.sh"])
        .ends(4)
        .says(&["of 12 runs are missing", "sh resubmit.sh"]);
    let array = |jobs: &[Vec<String>]| {
        jobs[0]
            .iter()
            .find(|it| it.starts_with("--array="))
            .cloned()
    };
    let (answer, jobs) = submitted(&lab, "x", "resubmit.sh", &[]);
    answer.passes();
    assert_eq!(
        (jobs.len(), array(&jobs).as_deref()),
        (2, Some("--array=2"))
    );
    // As a task of that array.
    let mut command = lab.program("sh");
    command
        .args(["shard.sh", "0"])
        .env("SLURM_ARRAY_TASK_ID", "2");
    lab.answer(command.current_dir(lab.path("x"))).passes();
    let (answer, jobs) = submitted(&lab, "x", "resubmit.sh", &[]);
    assert!(answer.passes().out.contains("no runs are missing"));
    // The merge alone, which waits for nothing.
    assert_eq!(jobs.len(), 1);
    assert!(
        !jobs[0].iter().any(|it| it.starts_with("--dependency")),
        "{jobs:?}"
    );
    job(&lab, "x", &["merge.sh"]).passes();
    same(&lab, "x/merged/latest", "whole");
    // An earlier merge is never overwritten.
    assert!(lab.path("x/merged/1/summary.csv").exists());
    // A damaged file, and a table that a kill has cut off.
    let run = lab.table("x/shards/3/runs.csv").texts("run")[0].to_owned();
    let log = format!("x/shards/3/runs/{run:0>4}/machine-1.csv");
    let text = lab.read(&log);
    // The merged results have the same file, as a link.
    fs::remove_file(lab.path(&log)).unwrap();
    fs::write(lab.path(&log), text.replacen('1', "2", 1)).unwrap();
    assert_eq!(missing(), "0 3\n");
    job(&lab, "x", &["merge.sh"])
        .ends(2)
        .says(&["shards/3: run ", "is not what was written"]);
    let table = lab.read("x/shards/1/runs.csv");
    let cut = table.trim_end().rfind('\n').unwrap() + 1;
    lab.write("x/shards/1/runs.csv", &table[..cut]);
    assert_eq!(missing(), "0 1,3\n");
    for shard in ["1", "3"] {
        job(&lab, "x", &["shard.sh", shard]).ends(0);
    }
    assert_eq!(missing(), "");
    job(&lab, "x", &["merge.sh"]).passes();
    same(&lab, "x/merged/latest", "whole");
}

#[test]
fn shards_of_another_version_of_the_scenario_are_named() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 8"));
    fake_sbatch(&lab);
    let options = ["--shards", "2", "--out", "x", "--log", "off", "--seed", "5"];
    export(&lab, &options).passes();
    job(&lab, "x", &["shard.sh", "1"]).passes();
    job(&lab, "x", &["shard.sh"])
        .ends(2)
        .says(&["which shard?"]);
    let text = lab.read("scenario.toml");
    lab.write("scenario.toml", &text.replace("60s", "30s"));
    job(&lab, "x", &["shard.sh", "1"])
        .ends(2)
        .says(&["the text of the scenario has changed"]);
    let (answer, jobs) = submitted(&lab, "x", "resubmit.sh", &[]);
    answer.ends(2).says(&[
        "shards of another plan",
        "./shards/1: ",
        "the scenario's text differs from line 3 on",
    ]);
    assert_eq!(jobs.len(), 0);
    lab.write("scenario.toml", &text);
    let (answer, jobs) = submitted(&lab, "x", "resubmit.sh", &[]);
    answer.passes();
    assert_eq!(jobs[0][3], "--array=2");
}

#[test]
fn there_are_never_more_shards_than_runs() {
    let lab = Lab::with(LAB);
    lab.run_into("whole", &[]);
    let said = export(&lab, &["--shards", "40"]).passes();
    assert!(
        said.out
            .contains("lab-slurm: 3 runs in 3 shards (never more than runs)"),
        "{}",
        said.out
    );
    // One shard is merged, too.
    export(
        &lab,
        &[
            "--shards", "40", "--case", "all", "--runs", "1", "--out", "one",
        ],
    )
    .ends(4);
    export(&lab, &["--shards", "1", "--out", "one"]).passes();
    job(&lab, "one", &["shard.sh", "1"]).passes();
    job(&lab, "one", &["merge.sh"]).passes();
    same(&lab, "one/merged/latest", "whole");
}

#[test]
fn an_export_replaces_nothing_unless_it_is_told_to() {
    let lab = Lab::with(LAB);
    export(&lab, &["--shards", "2", "--out", "x"]).passes();
    lab.write("x/hosts", "4/node\n");
    export(&lab, &["--shards", "2", "--out", "x"]).passes();
    let before = lab.files("x");
    let other = ["--shards", "3", "--out", "x"];
    export(&lab, &other)
        .ends(2)
        .says(&["x/plan.sh exists already", "--force"]);
    assert_eq!(lab.files("x"), before);
    export(&lab, &[&other[..], &["--force"]].concat()).passes();
    assert!(lab.read("x/plan.sh").contains("/3\""));
    assert_eq!(lab.read("x/hosts"), "4/node\n");
}

#[test]
fn what_cannot_be_sharded_is_refused() {
    let lab = Lab::with(&format!(
        "{}\n[until]\nmetric = \"sent\"\nhalf_width = \"5%\"\n",
        LAB.replace("runs = 3\n", "")
    ));
    let refused = |more: &[&str], said: &[&str]| {
        export(&lab, &[&["--shards", "2"], more].concat())
            .ends(2)
            .says(said);
        assert!(!lab.path("lab-slurm").exists());
    };
    refused(&[], &["has [until]"]);
    lab.write("scenario.toml", LAB);
    lab.write("two/a.toml", LAB);
    lab.write("two/b.toml", LAB);
    lab.runner(&["export", "slurm", "two", "--shards", "2"])
        .ends(2)
        .says(&["takes one scenario, and there are 2"]);
    refused(
        &["--time", "real", "--check-determinism"],
        &["runs in real time"],
    );
    refused(&["--set", "nodes.machine.count=\"x\""], &["count"]);
    for wrong in ["0", "-1", "x", "50001"] {
        lab.runner(&["export", "slurm", "scenario.toml", "--shards", wrong])
            .ends(2);
    }
    let state = format!(
        "{}state = \"kept\"\n",
        LAB.replace("seed", "time = \"real\"\nseed")
    );
    lab.write("scenario.toml", &state);
    refused(&[], &["the nodes of `machine` have a state folder"]);
    // Somebody else's file.
    lab.write("scenario.toml", LAB);
    lab.write("file", "");
    export(&lab, &["--shards", "2", "--out", "file"])
        .ends(3)
        .says(&["--out DIR"]);
}

#[test]
fn runs_side_by_side_are_as_many_as_slurm_has_given() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 30"));
    let all = std::thread::available_parallelism().unwrap().get();
    let does = |cpus: Option<&str>, threads: usize| {
        let mut command = lab.command(&["scenario.toml", "--no-report", "--log", "off", "-vv"]);
        if let Some(cpus) = cpus {
            command.env("SLURM_CPUS_PER_TASK", cpus);
        }
        let said = format!("worker thread 1 of {threads} has ended");
        lab.answer(&mut command).ends(0).says(&[&said]);
    };
    does(Some("1"), 1);
    does(None, all);
    for odd in ["0", "many", "4096"] {
        does(Some(odd), all);
    }
}

/// 12 runs in 12 shards, 8 of which have runs, in the folder `x`; `whole` has all of the runs.
fn exported_for_hosts(lab: &Lab, scenario: &str, folder: &str) {
    lab.write(scenario, &LAB.replace("runs = 3", "runs = 12"));
    lab.runner(&["run", scenario, "-q", "--out", "whole"])
        .passes();
    let options = ["--shards", "12", "--max-array-size", "4", "--out", folder];
    lab.runner(&[&["export", "slurm", scenario], &options[..]].concat())
        .passes();
}

/// An `ssh` to machines whose name begins with `node`; each is a shell on this machine. Of them,
/// `node-dead` does nothing, and `node-ill` nothing the first three times; both say nothing.
fn fake_ssh(lab: &Lab) {
    use std::os::unix::fs::PermissionsExt;
    let text = "#!/bin/sh\nwhile case $1 in node*) false ;; esac; do shift; done\n\
                [ \"$1\" != node-dead ] || exit 0\n\
                [ \"$1\" != node-ill ] || { echo >>\"$0.jobs\"; [ $(wc -l <\"$0.jobs\") -gt 3 ] || exit 0; }\n\
                shift\n[ \"$1\" != -- ] || shift\nexec sh -c \"$*\"\n";
    let ssh = lab.write("bin/ssh", text);
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn without_slurm_the_hosts_of_a_file_do_the_same() {
    if !has_parallel() {
        return;
    }
    let lab = Lab::new();
    let folder = "it's \"here\"/ex  port";
    exported_for_hosts(&lab, "it's here/scenario.toml", folder);
    fake_ssh(&lab);
    lab.write(&format!("{folder}/hosts"), "1/:\n1/node\n");
    let said = script(&lab, folder, "parallel.sh", &[], "bin").ends(0);
    assert!(!said.err.contains("again"), "{}", said.err);
    same(&lab, &format!("{folder}/merged/latest"), "whole");
}

#[test]
fn a_host_does_its_shards_whatever_shell_its_user_has() {
    if !has_parallel() {
        return;
    }
    for shell in [None, Some("/bin/false"), Some("/no/such/shell")] {
        let lab = Lab::new();
        exported_for_hosts(&lab, "scenario.toml", "x");
        fake_ssh(&lab);
        lab.write("x/hosts", "1/node\n");
        let mut command = lab.program("sh");
        let path = std::env::var("PATH").unwrap();
        command
            .arg(lab.path("x/parallel.sh"))
            .env_remove("SHELL")
            .env("PATH", format!("{}:{path}", lab.path("bin").display()));
        if let Some(shell) = shell {
            command.env("SHELL", shell);
        }
        let said = lab.answer(&mut command).ends(0);
        assert!(!said.err.contains("parallel.sh:"), "{}", said.err);
        same(&lab, "x/merged/latest", "whole");
    }
}

#[test]
fn shards_of_a_host_that_did_nothing_are_run_again() {
    if !has_parallel() {
        return;
    }
    let lab = Lab::new();
    exported_for_hosts(&lab, "scenario.toml", "x");
    fake_ssh(&lab);
    // None does anything: what is missing is said.
    lab.write("x/hosts", "1/node-dead\n");
    script(&lab, "x", "parallel.sh", &[], "bin").ends(4).says(&[
        "parallel ended with code 0; these shards still miss runs: 4 5 6 7 8 9 11 12\n",
        "no shard has begun",
    ]);
    // An error of parallel itself.
    script(&lab, "x", "parallel.sh", &["--no-such-option"], "bin")
        .ends(4)
        .says(&["parallel ended with code 255; these shards still miss runs: 4 "]);
    lab.write("x/hosts", "1/:\n1/node-ill\n");
    script(&lab, "x", "parallel.sh", &[], "bin")
        .ends(0)
        .says(&["parallel.sh: again, for what is missing: shards "]);
    same(&lab, "x/merged/latest", "whole");
}

/// Whether there is GNU parallel; with `CI` set, there must be.
fn has_parallel() -> bool {
    let path = std::env::var("PATH").unwrap();
    let found = path
        .split(':')
        .any(|it| Path::new(it).join("parallel").exists());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "there is no GNU parallel"
    );
    found
}
