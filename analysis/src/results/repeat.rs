//! The command that repeats one run of a plan.

use serde::{Deserialize, Serialize};

/// The command, but for the number of the run. The words are quoted for a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatCommand {
    before: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

impl RepeatCommand {
    /// `runner PATH`, without options yet.
    pub fn new(path: &str) -> RepeatCommand {
        RepeatCommand {
            before: vec!["runner".to_owned(), quoted(path)],
            after: Vec::new(),
        }
    }

    /// Adds an option with a value; it precedes `--run`.
    pub fn option(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.before.extend([name.to_owned(), quoted(value)]);
        }
    }

    /// Adds an option with a value; it follows `--run`.
    pub fn option_after(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.after.extend([name.to_owned(), quoted(value)]);
        }
    }

    /// Adds an option without a value; it follows `--run`.
    pub fn flag_after(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.after.push(name.to_owned());
        }
    }

    /// Returns the command that repeats all runs.
    pub fn plain(&self) -> String {
        let words = self.before.iter().chain(&self.after);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Returns the command that repeats the run with this number.
    pub fn of(&self, run: u64) -> String {
        let run = ["--run".to_owned(), run.to_string()];
        let words = self.before.iter().chain(&run).chain(&self.after);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Quotes a word for a shell if it needs quotes.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_and_the_run_has_its_place() {
        let mut command = RepeatCommand::new("my lab.toml");
        command.option("--set", Some("a='x'"));
        command.option("--time", None);
        command.option_after("--timeout", Some("1s"));
        command.flag_after("--isolate", true);
        command.flag_after("--processes", false);
        assert_eq!(
            command.of(3),
            r"runner 'my lab.toml' --set 'a='\''x'\''' --run 3 --timeout 1s --isolate"
        );
    }
}
