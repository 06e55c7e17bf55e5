//! The exported folder.
//!
//! ```text
//! compose.yaml, README.md, check      what people use
//! Dockerfile, Dockerfile.scratch      on a base image, and on nothing
//! runner, plugins/, rootfs/           what is in the image; rootfs: the libraries
//! scenario/                           the scenario and the files that it names
//! secret                              by which nodes and coordinator know each other
//! .env                                variables that behaviors read, if they do
//! results/                            what the coordinator writes
//! ```
//!
//! The folder is self-contained: copied to another machine, it works there.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::inputs::{self, Inputs};
use super::yaml::{Owner, compose_file};
use super::{Deployment, Listener};
use crate::plan::Plan;
use os::libraries;

const DOCKERFILE: &str = include_str!("folder/Dockerfile");
const SCRATCH: &str = include_str!("folder/Dockerfile.scratch");
const CHECK: &str = include_str!("folder/check");

/// Folders of `rootfs` for libraries: those in which a loader is expected, and where it
/// looks without a list of its own.
const LIBRARY_FOLDERS: [&str; 2] = ["rootfs/lib", "rootfs/lib64"];

/// Looks up hosts in the file `hosts` and in the network, as the image of nothing else.
const NSSWITCH: &str = "hosts: files dns\n";

/// Why the folder was not written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is something already.
    #[error(
        "`{}` exists and is not empty\n  choose another folder by --out, or replace what an export wrote there by --force", .0.display()
    )]
    Exists(PathBuf),
    /// A file cannot be written, or read.
    #[error("`{}` cannot be {what}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `written` or `read`.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// Files that the scenario names outside of its folder. They were left out.
    pub outside: Vec<String>,
}

/// Writes the folder, with these plugins. With `replace`, what an earlier export wrote is replaced; results
/// and the secret stay.
///
/// # Errors
///
/// Fails if the folder is not empty, or if a file cannot be read or written.
pub fn write(
    plan: &Plan,
    plugins: &[PathBuf],
    deployment: &Deployment,
    folder: &Path,
    replace: bool,
) -> Result<Written, FolderError> {
    let is_empty = |folder: &Path| folder.read_dir().is_ok_and(|mut it| it.next().is_none());
    if folder.exists() && !is_empty(folder) && !replace {
        return Err(FolderError::Exists(folder.to_owned()));
    }
    let folder = Folder(folder);
    folder.make("results")?;
    folder.clear("plugins")?;
    folder.clear("scenario")?;
    folder.clear("rootfs")?;
    let results = folder.0.join("results");
    let owner = fs::metadata(&results).map_err(FolderError::reading(&results))?;
    let owner = Owner {
        user: owner.uid(),
        group: owner.gid(),
    };
    folder.text("compose.yaml", &compose_file(deployment, owner))?;
    folder.text("Dockerfile", DOCKERFILE)?;
    folder.text("Dockerfile.scratch", SCRATCH)?;
    folder.text(".dockerignore", "results\nscenario\nsecret\n.env\n")?;
    folder.text("README.md", &readme(deployment))?;
    folder.secret()?;
    match &deployment.listener {
        Some(listener) => folder.executable("check", &check(listener))?,
        None => folder.remove("check")?,
    }
    match deployment.variables.is_empty() {
        true => folder.remove(".env")?,
        false => folder.text(".env", &environment_file(deployment))?,
    }
    folder.programs(plugins)?;
    folder.root()?;
    let inputs = folder.scenario(plan, deployment)?;
    Ok(Written {
        outside: inputs.outside.into_iter().collect(),
    })
}

/// The folder that is written.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn make(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.0.join(name);
        fs::create_dir_all(&path).map_err(FolderError::writing(&path))?;
        Ok(path)
    }

    /// Makes an empty folder.
    fn clear(&self, name: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FolderError::writing(&path)(error));
            }
            _ => {}
        }
        self.make(name).map(drop)
    }

    fn remove(&self, name: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FolderError::writing(&path)(error))
            }
            _ => Ok(()),
        }
    }

    fn text(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(FolderError::writing(&path))
    }

    fn executable(&self, name: &str, text: &str) -> Result<(), FolderError> {
        self.text(name, text)?;
        self.mode(name, 0o755)
    }

    fn mode(&self, name: &str, mode: u32) -> Result<(), FolderError> {
        let path = self.0.join(name);
        let permissions = Permissions::from_mode(mode);
        fs::set_permissions(&path, permissions).map_err(FolderError::writing(&path))
    }

    fn copy(&self, from: &Path, name: &Path) -> Result<(), FolderError> {
        let to = self.0.join(name);
        let parent = to.parent().unwrap_or(self.0);
        fs::create_dir_all(parent).map_err(FolderError::writing(parent))?;
        // Reading first tells which of both files is the reason.
        let bytes = fs::read(from).map_err(FolderError::reading(from))?;
        let mode = fs::metadata(from).map_err(FolderError::reading(from))?;
        // A program that runs cannot be overwritten, but replaced.
        let _ = fs::remove_file(&to);
        fs::write(&to, bytes).map_err(FolderError::writing(&to))?;
        fs::set_permissions(&to, mode.permissions()).map_err(FolderError::writing(&to))
    }

    /// Keeps the secret of an earlier export.
    fn secret(&self) -> Result<(), FolderError> {
        let path = self.0.join("secret");
        if path.exists() {
            return Ok(());
        }
        let random = os::random::bytes::<32>();
        let bytes = random.map_err(FolderError::reading(Path::new("the system's random bytes")))?;
        let mut text = String::new();
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        self.text("secret", "")?;
        self.mode("secret", 0o600)?;
        self.text("secret", &(text + "\n"))
    }

    /// The runner and the plugins.
    fn programs(&self, plugins: &[PathBuf]) -> Result<(), FolderError> {
        let runner = std::env::current_exe().map_err(FolderError::reading(Path::new("runner")))?;
        self.copy(&runner, Path::new("runner"))?;
        for path in plugins {
            let name = path.file_name().unwrap_or(path.as_os_str());
            self.copy(path, &Path::new("plugins").join(name))?;
        }
        Ok(())
    }

    /// What an image without a base needs beside the programs: the plan has loaded all
    /// plugins, so this process has loaded all libraries.
    fn root(&self) -> Result<(), FolderError> {
        let libraries =
            libraries::loaded().map_err(FolderError::reading(Path::new("the loaded libraries")))?;
        for library in &libraries {
            let Some(name) = library.file_name() else {
                continue;
            };
            for folder in LIBRARY_FOLDERS {
                self.copy(library, &Path::new(folder).join(name))?;
            }
        }
        self.make("rootfs/etc")?;
        self.text("rootfs/etc/nsswitch.conf", NSSWITCH)?;
        self.make("rootfs/tmp")?;
        self.mode("rootfs/tmp", 0o1777)?;
        // An empty folder is lost on the way through some archives.
        self.text("rootfs/tmp/.keep", "")
    }

    /// The scenario, and the files that it names.
    fn scenario(&self, plan: &Plan, deployment: &Deployment) -> Result<Inputs, FolderError> {
        let inputs = inputs::inputs(plan, &deployment.settings);
        self.text(
            &format!("scenario/{}", deployment.file),
            &plan.loaded.source.text,
        )?;
        for (path, from) in &inputs.inside {
            self.copy(from, &Path::new("scenario").join(path))?;
        }
        // Where the results are mounted; a mount that is read only must have the folder.
        self.make("scenario/results")?;
        self.text("scenario/results/.keep", "")?;
        Ok(inputs)
    }
}

impl FolderError {
    fn writing(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
        FolderError::of("written", path)
    }

    fn reading(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
        FolderError::of("read", path)
    }

    fn of(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
        let path = path.to_owned();
        move |source| FolderError::File { path, what, source }
    }
}

fn check(listener: &Listener) -> String {
    CHECK
        .replace("@SERVICE@", &listener.service)
        .replace("@PORT@", &listener.port.to_string())
        .replace("@FRAMING@", &listener.framing.to_string())
}

/// The variables that behaviors read, as they were set for the export.
fn environment_file(deployment: &Deployment) -> String {
    let mut text = "# Variables that the nodes read; the shell's own come first.\n".to_owned();
    for (name, value) in &deployment.variables {
        let _ = match value {
            None => writeln!(text, "#{name}="),
            Some(value) => writeln!(text, "{name}={}", shell_quoted(value)),
        };
    }
    text
}

/// A value for a file of variables: Compose replaces nothing between single quotes.
fn shell_quoted(value: &str) -> String {
    match value.contains('\'') {
        false => format!("'{value}'"),
        true => {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('$', "\\$"))
        }
    }
}

fn readme(deployment: &Deployment) -> String {
    let scaled = match &deployment.scaled {
        Some((group, _)) => {
            format!(" `CLIENTS=7 docker compose up` has seven nodes of `{group}`.")
        }
        None => String::new(),
    };
    let check = match &deployment.listener {
        Some(_) => " `./check` asks a node through `nc`, from a container of `busybox`.",
        None => "",
    };
    let name = &deployment.name;
    let file = &deployment.file;
    format!(
        "`docker compose up` (or `docker-compose up`) runs the scenario `{name}` and leaves `results/{name}/latest`; for its exit code: `docker compose up -d && docker wait $(docker compose ps -q {})`.{scaled}
`docker compose down -t 5` ends it gracefully, with complete results.{check} Files in `scenario/` and `plugins/` are mounted: a change needs no new image. Another user than the exporting one sets `RUNNER_USER=$(id -u):$(id -g)`. The line that repeats a failed run is for the folder `scenario/` and an installed runner.
`DOCKERFILE=Dockerfile.scratch docker compose build` makes the image without any registry; `docker stack deploy -c compose.yaml NAME` takes the same file, an image that all hosts can get (`RUNNER_IMAGE`), and this folder at the same path on each.
Without Compose, on any system with Docker: `docker build -t runner .`, then in the folder of a scenario `docker run --rm -v \"$PWD:/lab\" runner {file}`, which leaves `results/` there (on Linux with `--user $(id -u):$(id -g)`).
",
        deployment.coordinator
    )
}
