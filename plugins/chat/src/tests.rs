//! The config references in the README match the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "chat",
        &[
            ("server", runner_sdk::reference::<ChatServer>()),
            ("client", runner_sdk::reference::<ChatClient>()),
        ],
    );
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
