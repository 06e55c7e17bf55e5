//! Logs: each anomaly is found with the operations that show it.

use super::*;
use crate::history::script::{Told, judge, passes, told, unknown};
use runner_sdk::Judged;

fn send<'a>(client: u32, value: &'a str, at: u64, offset: &'a str) -> Told<'a> {
    told(client, "n0", ("send", value), (at, at + 2), offset)
}

fn poll<'a>(client: u32, from: &'a str, at: u64, messages: &'a str) -> Told<'a> {
    told(client, "n1", ("poll", from), (at, at + 2), messages)
}

#[track_caller]
fn finds(history: &[Told<'_>], reason: &str, rows: usize) {
    let verdict = judge::<Kafka>("", history);
    assert_eq!(
        (verdict.judged, verdict.reason.as_str(), verdict.rows.len()),
        (Judged::Failed, reason, rows),
        "{verdict:?}"
    );
}

#[test]
fn a_log_whose_messages_are_all_polled_passes() {
    let history = [
        send(0, "[\"k\",1]", 0, "0"),
        send(0, "[\"k\",2]", 10, "5"),
        send(1, "[\"k\",3]", 10, "").open(),
        poll(2, "{\"k\":0}", 20, "{\"k\":[[0,1],[5,2]]}"),
        poll(2, "{\"k\":6}", 30, "{\"k\":[[7,3]]}"),
        told(2, "n1", ("commit", "{\"k\":5}"), (40, 41), "null"),
        told(3, "n1", ("assign", "[\"k\",\"l\"]"), (50, 51), "{\"k\":5}"),
        poll(3, "{\"k\":6,\"l\":0}", 60, "{\"k\":[[7,3]]}"),
    ];
    passes::<Kafka>(
        &history,
        "2 messages in 1 logs, all of them polled, 4 times in all",
    );
}

#[test]
fn each_anomaly_is_found() {
    let first = send(0, "[\"k\",1]", 0, "0");
    let second = send(1, "[\"k\",2]", 4, "1");
    finds(
        &[first, send(1, "[\"k\",2]", 4, "0")],
        "inconsistent offsets: key k has 1 and 2 at offset 0",
        4,
    );
    finds(
        &[
            first,
            second,
            poll(2, "{\"k\":0}", 20, "{\"k\":[[0,1],[1,2],[2,1]]}"),
        ],
        "duplicate: key k has 1 at the offsets 0 and 2",
        4,
    );
    finds(
        &[first, poll(2, "{\"k\":0}", 20, "{\"k\":[[0,1],[1,9]]}")],
        "garbage: key k has 9 at offset 1, which nobody sent to it",
        1,
    );
    finds(
        &[
            first,
            second,
            poll(2, "{\"k\":0}", 20, "{\"k\":[[1,2],[0,1]]}"),
        ],
        "nonmonotonic poll: key k has offset 0 after 1",
        2,
    );
    finds(
        &[
            first,
            second,
            poll(2, "{\"k\":1}", 20, "{\"k\":[[0,1],[1,2]]}"),
        ],
        "nonmonotonic poll: key k has offset 0, asked for was 1 and later",
        2,
    );
    finds(
        &[send(0, "[\"k\",1]", 0, "5"), send(0, "[\"k\",2]", 9, "3")],
        "nonmonotonic send: c0 sent to key k at offset 3 after 5",
        4,
    );
    finds(
        &[first, second, poll(2, "{\"k\":0}", 20, "{\"k\":[[1,2]]}")],
        "lost message: key k has 1 at offset 0, but c2 reads past it, from 0 to 1",
        4,
    );
    finds(
        &[
            first,
            second,
            poll(3, "{\"k\":0}", 10, "{\"k\":[[0,1]]}"),
            poll(2, "{\"k\":0}", 20, "{\"k\":[[1,2]]}"),
        ],
        "skipped message: key k has 1 at offset 0, but c2 reads past it, from 0 to 1",
        4,
    );
    finds(
        &[
            first,
            told(2, "n1", ("commit", "{\"k\":0}"), (10, 11), "null"),
            told(3, "n1", ("assign", "[\"k\"]"), (20, 21), "{\"k\":4}"),
        ],
        "committed offset: n1 says 4 for key k, committed was at most 0",
        1,
    );
}

#[test]
fn a_message_that_may_still_come_is_unknown() {
    let late = [
        send(0, "[\"k\",1]", 0, "0"),
        send(1, "[\"k\",2]", 9, "1"),
        poll(2, "{\"k\":0}", 20, "{\"k\":[[0,1]]}"),
    ];
    unknown::<Kafka>(
        &late,
        "1 of 2 acknowledged messages are in no poll, the first 2 at offset 1 of key k",
    );
    unknown::<Kafka>(&late[..2], "no message was polled");
    // Sent after the poll began: the poll need not have it.
    let during = [
        send(0, "[\"k\",1]", 25, "0"),
        send(1, "[\"k\",2]", 9, "1"),
        poll(2, "{\"k\":0}", 20, "{\"k\":[[1,2]]}"),
    ];
    unknown::<Kafka>(&during, "1 of 2 acknowledged messages");
}
