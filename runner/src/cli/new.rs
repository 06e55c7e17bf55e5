//! `runner new`: makes a scenario or a plugin in the working folder.
//!
//! The files below `new/` are written with words such as `@NAME@` replaced. They
//! run and build without a change, and the scenario names every key; tests verify
//! both. Existing files are not overwritten, and incomplete ones are removed.

mod lab;
mod name;
mod sdk;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::arguments::{NewOptions, NewPlugin, NewScenario, NewThing};
use crate::reporter::console::{Console, print_shown};

const SCENARIO: &str = include_str!("new/scenario.toml");

/// The files of a plugin, except its scenario, which has the name of the plugin.
const PLUGIN: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("new/plugin/manifest.toml")),
    ("src/lib.rs", include_str!("new/plugin/lib.rs")),
    ("src/tests.rs", include_str!("new/plugin/tests.rs")),
    ("README.md", include_str!("new/plugin/README.md")),
    (".gitignore", include_str!("new/plugin/gitignore")),
];
/// Where cargo finds crates, with `--offline`.
const PLUGIN_OFFLINE: &str = include_str!("new/plugin/offline.toml");
const PLUGIN_SCENARIO: &str = include_str!("new/plugin/scenario.toml");

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("{name:?} is {problem}{}", hint(.help.as_deref()))]
    Name {
        name: String,
        problem: String,
        help: Option<String>,
    },
    #[error("`{}` exists, and is left as it is\n  choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    #[error(
        "the SDK of this runner is not found\n  {looked}\n  \
        name it: --sdk PATH, the folder `plugins/sdk` of the runner's source, or \
        `share/runner/sdk/plugins/sdk` of an installation"
    )]
    NoSdk { looked: String },
    #[error(
        "the SDK in `{sdk}` has no crates beside it, so `--offline` is not possible\n  \
        `runner/install` puts them there where cargo is on the PATH; without `--offline`, cargo uses those that it has downloaded before"
    )]
    NotVendored { sdk: String },
    #[error(
        "`{}` is not the SDK: {problem}{}",
        .folder.display(),
        hint(.help.as_deref())
    )]
    NotSdk {
        folder: PathBuf,
        problem: String,
        help: Option<String>,
    },
    #[error("`{}` cannot be written: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// A hint on a line of its own.
fn hint(help: Option<&str>) -> String {
    help.map_or_else(String::new, |help| format!("\n  {help}"))
}

/// Makes the scenario or plugin, and prints the next commands.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn new(options: &NewOptions) -> anyhow::Result<Exit> {
    let (begun, color) = match &options.thing {
        NewThing::Scenario(wanted) if wanted.lab => (lab::write_lab(wanted), wanted.color),
        NewThing::Scenario(wanted) => (scenario(wanted), wanted.color),
        NewThing::Plugin(wanted) => (plugin(wanted), wanted.color),
    };
    match begun {
        Ok(said) => {
            print_shown(&said)?;
            Ok(Exit::Passed)
        }
        Err(error) => {
            Console::new(color.color).error(&error.to_string());
            Ok(Exit::BadInput)
        }
    }
}

/// Writes `NAME.toml`.
fn scenario(wanted: &NewScenario) -> Result<String, NewError> {
    let name = name::of_scenario(&wanted.name)?;
    let path = PathBuf::from(format!("{name}.toml"));
    // In a command, a name that begins with a dash would be an option.
    let file = match name.starts_with('-') {
        true => format!("./{name}.toml"),
        false => format!("{name}.toml"),
    };
    let text = SCENARIO.replace("@NAME@", name).replace("@FILE@", &file);
    if let Err(error) = write(&path, &text) {
        // An existing file must stay.
        if !matches!(error, NewError::Exists(_)) {
            let _ = fs::remove_file(&path);
        }
        return Err(error);
    }
    Ok(format!("wrote {file}\nrun it:\n  runner {file}\n"))
}

/// Makes the folder `NAME` with a crate in it.
fn plugin(wanted: &NewPlugin) -> Result<String, NewError> {
    let name = &wanted.name;
    name::check_plugin(name)?;
    let sdk = sdk::find(wanted.sdk.as_deref())?;
    let quoted = |path: &str| toml::Value::from(path).to_string();
    let path = quoted(&sdk.folder);
    let scenario = format!("{name}.toml");
    let mut files: Vec<(&str, String)> = PLUGIN
        .into_iter()
        .chain([(&*scenario, PLUGIN_SCENARIO)])
        .map(|(file, text)| (file, text.replace("@NAME@", name).replace("@SDK@", &path)))
        .collect();
    match (wanted.offline, &sdk.vendored) {
        (false, _) => {}
        (true, None) => return Err(NewError::NotVendored { sdk: sdk.folder }),
        (true, Some(crates)) => {
            let text = PLUGIN_OFFLINE.replace("@CRATES@", &quoted(crates));
            files.push((".cargo/config.toml", text));
        }
    }
    // The versions that the SDK was tested with. Cargo removes what the plugin does not need.
    files.extend(sdk.lock.map(|lock| ("Cargo.lock", lock)));
    let folder = Path::new(name);
    fs::create_dir(folder).map_err(|error| cannot_write(folder, error))?;
    for (file, text) in files {
        if let Err(error) = write(&folder.join(file), &text) {
            // The folder was made here, so it holds no other files.
            let _ = fs::remove_dir_all(folder);
            return Err(error);
        }
    }
    if wanted.offline {
        // Cargo reads the config of the folder that it is started in.
        return Ok(format!(
            "made {name}: Cargo.toml, src/lib.rs, src/tests.rs, {scenario}, README.md, .cargo/config.toml\n\
            go there, build it, test it, run it:\n  \
            cd {name}\n  \
            cargo build\n  \
            cargo test\n  \
            runner {scenario} --plugin-path target/debug\n"
        ));
    }
    Ok(format!(
        "made {name}: Cargo.toml, src/lib.rs, src/tests.rs, {scenario}, README.md\n\
        build it, test it, run it:\n  \
        cargo build --manifest-path {name}/Cargo.toml\n  \
        cargo test --manifest-path {name}/Cargo.toml\n  \
        runner {name}/{scenario} --plugin-path {name}/target/debug\n"
    ))
}

/// Writes a new file, and makes its folder if needed.
fn write(path: &Path, text: &str) -> Result<(), NewError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| cannot_write(path, error))
}

fn cannot_write(path: &Path, source: io::Error) -> NewError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(path),
        _ => NewError::Write { path, source },
    }
}
