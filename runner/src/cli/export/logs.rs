//! `runner export logs`: the logs of a run as a file for each node, whatever files the run
//! has. A run of many nodes is written much faster as one file (`--log combined`), and the
//! logs of the nodes that somebody wants to see are made of it later.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use analysis::causes::{RunFolder, WhyError, open_run};
use analysis::expect::matches_glob;
use analysis::log::{LogError, NodeLogs, WriteError};

use crate::cli::Exit;
use crate::cli::arguments::LogsOptions;
use crate::reporter::console::{Console, print_shown};
use crate::reporter::count;
use crate::scenario::listed;

/// Writes the logs, and says where they are.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn logs(options: &LogsOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    match written(options) {
        Ok(said) => {
            print_shown(&said)?;
            Ok(Exit::Passed)
        }
        Err(refused) => {
            console.error(&refused.to_string());
            Ok(match refused {
                Refused::Write(_) | Refused::Folder { .. } => Exit::Failed,
                _ => Exit::BadInput,
            })
        }
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Run(#[from] WhyError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{} exists, and nothing is ever overwritten\n  name another folder with --out DIR", .0.display())]
    Exists(PathBuf),
    #[error("--node {glob}: run {run} has no such node\n  nodes here: {here}")]
    NoNode {
        glob: String,
        run: u64,
        here: String,
    },
    #[error("{}: cannot be made: {source}\n  name another folder with --out DIR", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes the logs. Returns what to print.
fn written(options: &LogsOptions) -> Result<String, Refused> {
    let run = open_run(
        &options.results,
        options.run.map(u64::from),
        None,
        "--run N",
    )?;
    let nodes = chosen(&run, &options.node)?;
    let folder = options.out.clone().unwrap_or_else(|| {
        let name = &run.manifest().scenario.name;
        PathBuf::from(format!("{name}-run-{}-logs", run.run()))
    });
    if folder.exists() {
        return Err(Refused::Exists(folder));
    }
    let mut beside = folder.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    make(&beside)?;
    let done = into_folder(&run, &nodes, &beside).and_then(|done| {
        fs::rename(&beside, &folder).map_err(|source| Refused::Folder {
            path: folder.clone(),
            source,
        })?;
        Ok(done)
    });
    if done.is_err() {
        // The first error is reported.
        let _ = fs::remove_dir_all(&beside);
    }
    let (files, rows) = done?;
    Ok(format!(
        "logs: {}\n  {}: {} in {}\n",
        folder.display(),
        run.name(),
        count(rows, "record"),
        count(files, "file"),
    ))
}

/// Makes a new folder. What an interrupted export left under this name is removed.
fn make(folder: &Path) -> Result<(), Refused> {
    let made = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    };
    made.map_err(|source| Refused::Folder {
        path: folder.to_owned(),
        source,
    })
}

/// Whether each node is wanted.
fn chosen(run: &RunFolder, globs: &[String]) -> Result<Vec<bool>, Refused> {
    let names = || run.schema().nodes.iter().map(|node| &*node.name);
    if let Some(glob) = globs
        .iter()
        .find(|glob| !names().any(|name| matches_glob(glob, name)))
    {
        return Err(Refused::NoNode {
            glob: glob.clone(),
            run: run.run(),
            here: listed(glob, names()),
        });
    }
    let is_wanted =
        |name: &str| globs.is_empty() || globs.iter().any(|glob| matches_glob(glob, name));
    Ok(names().map(is_wanted).collect())
}

/// Writes the logs of these nodes. Returns the number of files and of rows.
fn into_folder(run: &RunFolder, wanted: &[bool], folder: &Path) -> Result<(u64, u64), Refused> {
    let mut log = run.log()?;
    let mut peers = log.schema().external_peers.len();
    let mut logs = NodeLogs::create(folder, log.schema());
    if wanted.contains(&false) {
        let nodes = (0..).zip(wanted).filter(|(_, is_wanted)| **is_wanted);
        logs.keep_only(&nodes.map(|(node, _)| node).collect::<Vec<u32>>());
    }
    let mut rows = 0;
    while let Some((row, columns, names)) = log.next_named()? {
        for name in &names.external_peers[peers..] {
            logs.push_external_peer(name);
        }
        peers = names.external_peers.len();
        if wanted[row.node as usize] {
            logs.row(&row, &columns);
            rows += 1;
        }
    }
    Ok((logs.finish_files()?.len() as u64, rows))
}
