//! What is the same on every machine, and stands in the plugin's README, is measured again: the
//! bytes of each operation, and the lines of code.

// The times are measured by the bench alone.
#![allow(dead_code)]

#[path = "../benches/compare/bytes.rs"]
mod bytes;
#[path = "../benches/compare/caller.rs"]
mod caller;
#[path = "../benches/compare/counting.rs"]
mod counting;
#[path = "../benches/compare/framed.rs"]
mod framed;
#[path = "../benches/compare/rpc.rs"]
mod rpc;
#[path = "../benches/compare/size.rs"]
mod size;

const HINT: &str = "write the figures again: python3 plugins/chat/compare.py --no-times";

/// The cells of the row of the README that begins with this cell.
fn row(first: &str) -> Vec<String> {
    let text = include_str!("../../README.md");
    let begin = format!("| {first} |");
    let row = text.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("the README has no row `{first}`; {HINT}"));
    let cells = row.trim_matches('|').split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}

fn ratio(ours: u64, grpc: u64) -> String {
    format!("{:.1}", grpc as f64 / ours as f64)
}

#[tokio::test]
async fn the_bytes_in_the_readme_are_those_on_the_wire() {
    let ours = bytes::measure::<framed::Client>(&framed::serve().await).await;
    let grpc = bytes::measure::<rpc::Client>(&rpc::serve().await).await;
    for ((name, ours), (_, grpc)) in ours.into_iter().zip(grpc) {
        let row = row(name);
        let found = [ours.sent, ours.received, grpc.sent, grpc.received];
        let expected: Vec<u64> = row[3..7].iter().map(|it| it.parse().unwrap()).collect();
        // The first reply of a connection has a date, whose size differs by a few bytes.
        let tolerance = if name == caller::CONNECT { 4 } else { 0 };
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                found.abs_diff(*expected) <= tolerance,
                "{name}: {found}, README {expected}; {HINT}"
            );
        }
        if tolerance == 0 {
            let total = ratio(ours.sent + ours.received, grpc.sent + grpc.received);
            assert_eq!(row[1], total, "{name}; {HINT}");
        }
    }
}

#[test]
fn the_lines_of_code_in_the_readme_are_those_of_the_code() {
    for (what, ours, grpc) in size::lines() {
        let row = row(what);
        let number = |count: usize| match count {
            0 => String::new(),
            count => count.to_string(),
        };
        assert_eq!(row[2], number(ours), "{what}; {HINT}");
        assert_eq!(row[3], number(grpc), "{what}; {HINT}");
        if ours > 0 {
            assert_eq!(row[1], ratio(ours as u64, grpc as u64), "{what}; {HINT}");
        }
    }
}
