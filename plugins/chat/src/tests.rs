//! The config references in the README are those of the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let found = std::fs::read_to_string(path).unwrap();
    let mut expected = found.clone();
    for (behavior, reference) in [
        ("server", runner_sdk::reference::<ChatServer>()),
        ("client", runner_sdk::reference::<ChatClient>()),
    ] {
        let begin = format!("<!-- config of chat.{behavior}: generated -->\n");
        let (before, rest) = expected.split_once(&begin).unwrap();
        let (_, after) = rest.split_once("<!-- config: end -->").unwrap();
        expected = format!("{before}{begin}{reference}<!-- config: end -->{after}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert_eq!(
            found, expected,
            "README.md is stale; regenerate it: UPDATE_DOCS=1 cargo test -p chat"
        );
    }
}

#[test]
fn the_readme_names_every_column_and_event() {
    use runner_sdk::Behavior;
    let text = include_str!("../README.md");
    let columns = ChatServer::COLUMNS.iter().chain(ChatClient::COLUMNS);
    let events = ChatServer::EVENTS.iter().chain(ChatClient::EVENTS);
    let names = columns.map(|it| it.name).chain(events.map(|it| it.name));
    for name in names {
        assert!(text.contains(&format!("`{name}`")), "`{name}` is not there");
    }
}
