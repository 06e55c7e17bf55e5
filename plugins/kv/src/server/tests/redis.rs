//! Commands of Redis: time, transactions, `SCAN`. `tests/promises/kv_redis.rs` compares all commands
//! with redis-server.

use super::*;

/// Words as a client library sends them.
fn array(words: &str) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let bulks = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), bulks.collect::<String>())
}

#[track_caller]
fn redis(server: &mut Kit<Server>, words: &str, expected: &str) {
    says(server, array(words), expected.replace('|', "\r\n"));
}

/// A time of the node.
fn ms(milliseconds: u64) -> std::time::Duration {
    std::time::Duration::from_millis(milliseconds)
}

#[test]
fn a_key_exists_until_the_millisecond_of_its_deadline_is_over() {
    let mut server = server("");
    redis(server.at(ms(1000)), "SET a 1 PX 500", "+OK|");
    redis(&mut server, "SET b 2 EX 3", "+OK|");
    redis(&mut server, "PTTL a", ":500|");
    redis(&mut server, "TTL a", ":1|");
    redis(server.at(ms(1400)), "INCR a", ":2|");
    redis(&mut server, "PTTL a", ":100|");
    redis(server.at(ms(1500)), "GET a", "$1|2|");
    redis(server.at(ms(1501)), "GET a", "$-1|");
    assert_eq!(
        (server.get(KEYS), server.get(STORED_BYTES)),
        (Some(1), Some(2))
    );
    says(&mut server, "get a", "not found");
    redis(&mut server, "TTL a", ":-2|");
    redis(&mut server, "PERSIST b", ":1|");
    redis(server.at(ms(9000)), "TTL b", ":-1|");
    redis(&mut server, "EXPIRE b 10 GT", ":0|");
    redis(&mut server, "EXPIRE b 10 LT", ":1|");
    redis(&mut server, "EXPIRE b 20 LT", ":0|");
    // Plain text shares the keys; its `set` takes the deadline off, as in Redis.
    says(&mut server, "set b 3", "ok");
    redis(&mut server, "TTL b", ":-1|");
    redis(&mut server, "EXPIRE b -1", ":1|");
    redis(&mut server, "DBSIZE", ":0|");
}

#[test]
fn a_transaction_is_one_step_for_all_others() {
    let mut server = server("");
    redis(&mut server, "MULTI", "+OK|");
    redis(&mut server, "SET a 1", "+QUEUED|");
    redis(&mut server, "INCR a", "+QUEUED|");
    redis(
        &mut server,
        "INCR a b",
        "-ERR wrong number of arguments for 'incr' command|",
    );
    assert_eq!(
        server.message(1, array("GET a")),
        [Effect::sent(1, "$-1\r\n")]
    );
    let aborted = "-EXECABORT Transaction discarded because of previous errors.|";
    redis(&mut server, "EXEC", aborted);
    redis(&mut server, "WATCH a", "+OK|");
    redis(&mut server, "MULTI", "+OK|");
    redis(&mut server, "SET a 5", "+QUEUED|");
    server.message(1, array("SET a 7"));
    redis(&mut server, "EXEC", "*-1|");
    redis(&mut server, "GET a", "$1|7|");
    // What a client has begun ends with its connection.
    redis(&mut server, "MULTI", "+OK|");
    server.disconnect(0);
    redis(&mut server, "GET a", "$1|7|");
}

#[test]
fn scan_lists_each_key_that_stays_once() {
    let mut server = server("");
    for number in 0..100 {
        redis(&mut server, &format!("SET k{number} 1"), "+OK|");
    }
    let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let page = reply(&mut server, array(&format!("SCAN {cursor} COUNT 7")));
        let page = String::from_utf8(page).unwrap();
        let lines: Vec<&str> = page.split("\r\n").collect();
        cursor = lines[2].to_owned();
        seen.extend(
            lines[4..]
                .chunks(2)
                .filter_map(|it| Some((*it.get(1)?).to_owned())),
        );
        calls += 1;
        // Others come and go meanwhile.
        redis(&mut server, &format!("SET new{calls} 1"), "+OK|");
        redis(&mut server, &format!("DEL new{calls}"), ":1|");
        if cursor == "0" {
            break;
        }
    }
    seen.retain(|key| key.starts_with('k'));
    seen.sort();
    let mut expected: Vec<String> = (0..100).map(|number| format!("k{number}")).collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert!(calls >= 14, "{calls}");
}

/// A server with a journal whose local time is this when it is created.
fn reopened(folder: &Path, now_ms: u64) -> Kit<Server> {
    let setup = node::<Server>().name("s").peers(["a"]);
    let setup = setup.run_folder(folder.to_str().unwrap()).at(ms(now_ms));
    setup.config("persist = true").create()
}

#[test]
fn with_persist_deadlines_survive_a_crash_and_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = reopened(folder.path(), 0);
    redis(server.at(ms(5000)), "SET a 1 EX 10", "+OK|");
    redis(&mut server, "SET b 2", "+OK|");
    redis(&mut server, "EXPIRE b 100", ":1|");
    redis(&mut server, "SET c 3 EX 1", "+OK|");
    redis(server.at(ms(5500)), "PERSIST c", ":1|");
    drop(server);
    // The same run: its time goes on, and a has expired meanwhile.
    let mut server = reopened(folder.path(), 15_001);
    redis(&mut server, "GET a", "$-1|");
    redis(&mut server, "PTTL b", ":89999|");
    redis(&mut server, "PTTL c", ":-1|");
    redis(&mut server, "SET d 4 PX 400", "+OK|");
    drop(server);
    // Another run: its time begins at 0, and a key has what it had left.
    let mut server = reopened(folder.path(), 0);
    redis(&mut server, "PTTL b", ":89999|");
    redis(&mut server, "PTTL d", ":400|");
    drop(server);
    let mut server = reopened(folder.path(), 300);
    redis(&mut server, "PTTL d", ":100|");
}
