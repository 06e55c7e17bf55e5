//! Nothing is received before it was sent, by the times of the logs: those of nodes in
//! different processes are merged by them, for checks and properties.

use std::collections::HashMap;

use crate::harness::Lab;

/// Requires that each message between these nodes was received later than it was sent.
/// Returns how many were received.
#[track_caller]
pub fn all_received_later(lab: &Lab, folder: &str, nodes: &[&str]) -> usize {
    let logs: Vec<_> = nodes
        .iter()
        .map(|node| (*node, lab.table(&format!("{folder}/{node}.csv"))))
        .collect();
    let messages = |event: &str| {
        let mut found = Vec::new();
        for (node, log) in &logs {
            let log = log.only("event", event);
            let (peers, numbers) = (log.texts("peer"), log.texts("message"));
            for (row, time) in log.numbers("time_ns").into_iter().enumerate() {
                let end = ((*node).to_owned(), peers[row].to_owned());
                found.push((end, numbers[row].to_owned(), time));
            }
        }
        found
    };
    let sent: HashMap<_, f64> = messages("send")
        .into_iter()
        .map(|((from, to), number, time)| ((from, to, number), time))
        .collect();
    let received = messages("receive");
    for ((to, from), number, time) in &received {
        let sent = sent[&(from.clone(), to.clone(), number.clone())];
        assert!(
            sent < *time,
            "message {number} from {from} to {to}: sent at {sent}, received at {time}"
        );
    }
    received.len()
}

#[test]
fn messages_between_processes_are_received_after_they_were_sent() {
    let scenario = "\
name = \"bursts\"
time = \"real\"
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
count = 5
behavior = \"echo.client\"
config = { sizes = [1, 10, 1000], window = 20, repeat = 300 }
[[links]]
between = [\"client\", \"server\"]
";
    let lab = Lab::with(scenario);
    for run in 0..4 {
        let out = format!("out-{run}");
        let arguments = ["scenario.toml", "--processes", "--no-report", "--out", &out];
        lab.runner(&arguments).passes();
        let nodes = [
            "server", "client-1", "client-2", "client-3", "client-4", "client-5",
        ];
        let received = all_received_later(&lab, &format!("{out}/runs/0001"), &nodes);
        assert_eq!(received, 2 * 5 * 900);
    }
}
