//! The config references and the example bytes in the README match the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "lottery",
        &[
            ("central", runner_sdk::reference::<Central>()),
            ("agency", runner_sdk::reference::<Agency>()),
        ],
    );
}

/// The hex dumps in the README are the encoded frames.
#[test]
fn the_readme_has_the_bytes_of_each_frame() {
    let readme = include_str!("../README.md");
    let bet = Bet::from_fields(["Ana", "Ño", "30904465", "1999-03-17", "7574"]);
    for frame in [
        wire::Frame::Bets {
            agency: "1",
            bets: vec![bet],
        },
        wire::Frame::StoredOne {
            document: "30904465",
            number: "7574",
        },
        wire::Frame::Stored(130),
        wire::Frame::Error("no"),
        wire::Frame::End { agency: "1" },
        wire::Frame::Ask { agency: "1" },
        wire::Frame::NotYet,
        wire::Frame::Winners(vec!["30904465"]),
    ] {
        let message = frame.encode();
        let length = (message.len() - 1) as u32;
        let whole = [&length.to_be_bytes()[..], &message].concat();
        let bytes: Vec<String> = whole.iter().map(|byte| format!("{byte:02x}")).collect();
        // With the line breaks of the README.
        let lines: Vec<String> = bytes.chunks(24).map(|line| line.join(" ")).collect();
        let dump = lines.join("\n");
        assert!(readme.contains(&dump), "{frame:?}:\n{dump}");
    }
}
