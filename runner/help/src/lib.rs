//! The help of a command as files, for an installation: man pages, and completion scripts
//! of shells.
//!
//! Each installed command writes its own files with the option [`OPTION`], which is in no
//! help text: `runner/install` uses it. So the files always describe the executable that
//! they are installed with.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

/// `COMMAND --write-help PREFIX` writes the files of the command below a prefix.
pub const OPTION: &str = "--write-help";

/// Where each shell looks for completion scripts below a prefix, and what the name of a script
/// has before and after the name of the command.
const SHELLS: [(Shell, &str, &str, &str); 3] = [
    (Shell::Bash, "share/bash-completion/completions", "", ""),
    (Shell::Zsh, "share/zsh/site-functions", "_", ""),
    (Shell::Fish, "share/fish/vendor_completions.d", "", ".fish"),
];

/// Writes the help files if the command line asks for them, and returns the exit code; the
/// error is on standard error. Otherwise returns `None`.
pub fn written_if_asked(command: impl FnOnce() -> Command) -> Option<ExitCode> {
    let prefix = prefix_in(env::args_os())?;
    match write(command(), &prefix) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("error: `{}` cannot be written: {error}", prefix.display());
            Some(ExitCode::FAILURE)
        }
    }
}

/// The prefix in the words of a command line, which begin with the name of the program.
fn prefix_in(words: impl IntoIterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = words.into_iter().skip(1);
    let asked = words.next().is_some_and(|word| word == OPTION);
    match (asked, words.next(), words.next()) {
        (true, Some(prefix), None) => Some(PathBuf::from(prefix)),
        _ => None,
    }
}

/// Writes a man page for the command and for each of its subcommands, and a completion
/// script for each shell, below a prefix.
fn write(command: Command, prefix: &Path) -> io::Result<()> {
    let name = command.get_name().to_owned();
    for (shell, folder, before, after) in SHELLS {
        let folder = prefix.join(folder);
        fs::create_dir_all(&folder)?;
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), &name, &mut script);
        fs::write(folder.join(format!("{before}{name}{after}")), script)?;
    }
    let pages = prefix.join("share/man/man1");
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(command, pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    fn lamp() -> Command {
        let on = Command::new("on").about("Light it").arg(Arg::new("colour"));
        let test = Command::new("test").hide(true);
        let command = Command::new("lamp").about("A lamp").version("7.5");
        command.subcommand(on).subcommand(test)
    }

    #[test]
    fn a_command_writes_a_page_per_subcommand_and_a_script_per_shell() {
        let prefix = tempfile::tempdir().unwrap();
        write(lamp(), prefix.path()).unwrap();
        let read = |file: &str| fs::read_to_string(prefix.path().join(file)).unwrap();
        assert!(read("share/man/man1/lamp.1").contains("lamp 7.5"));
        assert!(read("share/man/man1/lamp-on.1").contains("Light it"));
        // Neither the hidden command nor the word `help` has a page.
        let pages = fs::read_dir(prefix.path().join("share/man/man1")).unwrap();
        assert_eq!(pages.count(), 2);
        for script in [
            "share/bash-completion/completions/lamp",
            "share/zsh/site-functions/_lamp",
            "share/fish/vendor_completions.d/lamp.fish",
        ] {
            assert!(read(script).contains("on"), "{script}");
        }
    }

    #[test]
    fn a_prefix_that_cannot_be_written_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(write(lamp(), file.path()).is_err());
    }

    #[test]
    fn a_command_line_asks_by_exactly_the_option_and_a_prefix() {
        let prefix = |words: &[&str]| prefix_in(words.iter().map(OsString::from));
        assert_eq!(prefix(&["lamp", OPTION, "a b"]), Some(PathBuf::from("a b")));
        for other in [
            &["lamp"][..],
            &["lamp", "on"],
            &["lamp", OPTION],
            &["lamp", OPTION, "a", "b"],
            &["lamp", "on", OPTION],
        ] {
            assert_eq!(prefix(other), None, "{other:?}");
        }
    }
}
