//! The names of new scenarios and plugins. The name of a plugin is also that of its
//! crate and library, and the part before the dot in `behavior`.

use super::NewError;
use crate::scenario::name_problem;

/// Returns the name of a scenario, typed with or without `.toml`.
pub fn of_scenario(typed: &str) -> Result<&str, NewError> {
    let name = typed.strip_suffix(".toml").unwrap_or(typed);
    let Some(problem) = name_problem(name) else {
        return Ok(name);
    };
    let elsewhere = typed.contains(['/', '\\']);
    Err(NewError::Name {
        name: typed.to_owned(),
        problem,
        help: elsewhere.then(|| "it is written into the working folder: go there first".to_owned()),
    })
}

/// Checks the name of a plugin: it must be valid in a scenario, and as the name of a
/// crate.
pub fn check_plugin(name: &str) -> Result<(), NewError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let problem = if let Some(problem) = name_problem(name) {
        problem
    } else if let Some(c) = name.chars().find(|&c| !allowed(c)) {
        format!("a plugin's name with {c:?}, expected lower-case letters, digits, `_`")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "a plugin's name that does not begin with a letter".to_owned()
    } else if RESERVED.contains(&name) {
        "a word of Rust's or a crate that plugins use".to_owned()
    } else {
        return Ok(());
    };
    Err(NewError::Name {
        name: name.to_owned(),
        problem,
        help: near(name).map(|near| format!("did you mean `{near}`?")),
    })
}

/// Returns a valid name that differs only in case and separators.
fn near(name: &str) -> Option<String> {
    let near = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    (near != name && check_plugin(&near).is_ok()).then_some(near)
}

/// The names that a crate with the SDK cannot have: all keywords of Rust (The Rust
/// Reference, "Keywords"), the standard crates, and the dependencies of a plugin.
const RESERVED: [&str; 62] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "runner_abi",
    "runner_sdk",
    "schemars",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "toml",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_may_be_named_with_its_ending() {
        for typed in ["demo", "demo.toml"] {
            assert_eq!(of_scenario(typed).unwrap(), "demo");
        }
        assert_eq!(of_scenario("v1.2").unwrap(), "v1.2");
        for wrong in ["", ".toml", ".hidden", "a b", "a/b", &"x".repeat(65)] {
            assert!(of_scenario(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_plugin_is_named_as_its_library_is() {
        for name in ["echo", "ping_pong", "kv2"] {
            assert!(check_plugin(name).is_ok(), "{name}");
        }
        let wrong = ["", "_", "_a", "2kv", "ping-pong", "a.b", "Echo", "fn"];
        for name in wrong.into_iter().chain(["a/b", "\u{e9}", "serde"]) {
            assert!(check_plugin(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_name_with_the_wrong_letters_leads_to_the_right_one() {
        assert_eq!(near("Ping-Pong").as_deref(), Some("ping_pong"));
        for name in ["2kv", "fn", "FN", "a/b"] {
            assert_eq!(near(name), None, "{name}");
        }
    }
}
