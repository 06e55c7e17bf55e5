//! Stores of other people, and the open loop.

use super::*;

#[test]
fn with_reconnect_each_sending_has_a_connection_of_its_own() {
    let mut client = client("script = ['set a 1', 'get a']\nreconnect = true");
    assert_eq!(sent(&client.start()), ["set a 1"]);
    let next = Effect::timer_set(NEXT, Duration::ZERO);
    let returned = client.message(0, "ok");
    assert_eq!(
        returned,
        [Effect::recorded(RETURN), Effect::Closed(Peer(0)), next]
    );
    assert_eq!(sent(&client.timer(NEXT)), ["get a"]);
}

#[test]
fn with_reconnect_the_client_waits_for_late_replies_instead_of_a_word() {
    let config = "script = ['set a 1', 'get a']\nreconnect = true\ntimeout = '50ms'";
    let mut client = client(config);
    let wait = Effect::timer_set(LATE, 50 * MS);
    assert_eq!(client.start(), [Effect::Closed(Peer(0)), wait.clone()]);
    client.timer(LATE);
    assert_eq!(sent(&client.timer(NEXT)), ["set a 1"]);
    let again = client.timer(LATE);
    assert_eq!(again[1], Effect::Closed(Peer(0)));
    assert_eq!(sent(&again), ["set a 1"]);
    let returned = client.message(0, "ok");
    assert_eq!(returned[2..], [Effect::Closed(Peer(0)), wait]);
    // A late reply is not taken for the next one, and nothing is called settled.
    assert_eq!(words(&client.message(0, "ok")), ["stray"]);
    assert_eq!(words(&client.timer(LATE)), Vec::<&str>::new());
    assert_eq!(sent(&client.timer(NEXT)), ["get a"]);
}

#[test]
fn the_words_of_another_store_are_recorded_as_ours() {
    let config = "script = ['set a 1', { send = 'get a', expect = 'not found' }, 'delete a']\n\
                  dialect = 'comma'\nok = 'STORED'\nnot_found = 'nil'\nerror = 'ERR '";
    let mut client = client(config);
    assert_eq!(sent(&client.start()), ["SET,a,1"]);
    client.message(0, "STORED");
    assert_eq!(client.text(RESULT), Some("ok"));
    assert_eq!(sent(&client.timer(NEXT)), ["GET,a"]);
    client.message(0, "nil");
    assert_eq!(client.text(RESULT), Some("not found"));
    assert_eq!(sent(&client.timer(NEXT)), ["DELETE,a"]);
    client.message(0, "ERR no");
    assert_eq!(client.text(RESULT), Some("error: no"));
}

#[test]
fn with_resp_commands_are_those_of_redis() {
    let config = "script = ['SET a 1 NX', { send = 'INCR a', expect = '2' }, 'MSET a 1 b 2']\n\
                  protocol = 'resp'\ntimeout = '50ms'";
    let mut client = client(config);
    assert_eq!(sent(&client.start()), ["*1\r\n$6\r\nsync-1\r\n"]);
    client.message(
        0,
        "-ERR unknown command 'sync-1', with args beginning with: \r\n",
    );
    assert_eq!(
        sent(&client.timer(NEXT)),
        ["*4\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\nNX\r\n"]
    );
    let columns = |client: &Kit<Client>| {
        [COMMAND, KEY, VALUE, RESULT].map(|column| client.text(column).unwrap_or("-").to_owned())
    };
    client.message(0, "$-1\r\n");
    assert_eq!(columns(&client), ["set nx", "a", "1", "not found"]);
    client.timer(NEXT);
    client.message(0, ":2\r\n");
    assert_eq!(columns(&client), ["incr", "a", "-", "2"]);
    client.timer(NEXT);
    assert_eq!(columns(&client), ["mset", "-", "a 1 b 2", "-"]);
}

#[test]
fn an_open_loop_sends_at_its_own_times_and_counts_latency_from_them() {
    let mut client = client("operations = 3\nkeys = 1\nrate = 100\nstop = true");
    assert_eq!(client.start(), [Effect::timer_set(NEXT, 10 * MS)]);
    let first = client.at(10 * MS).timer(NEXT);
    assert_eq!(
        (words(&first), first.last()),
        (vec!["invoke"], Some(&Effect::timer_set(NEXT, 10 * MS)))
    );
    // The node was paused: the second is 15 ms late, and the third is due at once.
    let second = client.at(35 * MS).timer(NEXT);
    assert_eq!(
        second.last(),
        Some(&Effect::timer_set(NEXT, Duration::ZERO))
    );
    assert_eq!(client.timer(NEXT).len(), 2);
    assert_eq!(client.get(UNANSWERED), Some(3));
    for (number, latency) in [(1, 30), (2, 20), (3, 10)] {
        let returned = client.at(40 * MS).message(0, "x");
        assert_eq!(words(&returned), ["return"]);
        assert_eq!(
            (client.get(OP), client.get(LATENCY)),
            (Some(number), Some(latency * 1_000_000))
        );
    }
    assert_eq!(words(&client.message(0, "x")), ["stray"]);
    assert_eq!(client.get(UNANSWERED), Some(0));
}

#[test]
fn a_mistake_in_the_words_or_the_load_is_refused() {
    for (config, path, message) in [
        ("rate = 0", "rate", "expected a number above 0"),
        ("rate = 'fast'", "rate", "expected a number above 0"),
        (
            "rate = 1\ngap = '1s'",
            "gap",
            "and `rate` both say when requests begin",
        ),
        ("gap = '0s'", "gap", "is 0, expected more than 0"),
        (
            "gap = { exponential = { mean = '0s' } }",
            "gap",
            "more than 0",
        ),
        (
            "rate = 1\ntimeout = '1s'",
            "timeout",
            "and `rate` exclude each other",
        ),
        (
            "gap = '1s'\nthink = '1s'",
            "think",
            "and `gap` exclude each other",
        ),
        (
            "rate = 1\nreconnect = true",
            "reconnect",
            "exclude each other",
        ),
        ("protocol = 'resp'\nok = 'OK'", "ok", "is for plain text"),
        (
            "increment_share = 0.1",
            "increment_share",
            "needs `protocol = \"resp\"`",
        ),
        ("error = ''", "error", "is empty"),
        (
            "script = ['set a nil']\nnot_found = 'nil'",
            "script[0]",
            "reads as `not_found`",
        ),
        (
            "script = ['get a', 'get a=b']\ndialect = 'colon'",
            "script[1]",
            "the key has a `=`",
        ),
        (
            "script = ['GET \"a']\nprotocol = 'resp'",
            "script[0]",
            "a quote is not closed",
        ),
        (
            "dialect = 'dots'",
            "dialect",
            "expected one of \"space\", \"colon\", \"comma\"",
        ),
    ] {
        let config = match config.contains("script") {
            true => config.to_owned(),
            false => format!("operations = 1\n{config}"),
        };
        let found = problems::<Client>(&config);
        let first = found
            .first()
            .unwrap_or_else(|| panic!("{config}: accepted"));
        assert!(first.path.starts_with(path), "{config}: {first:?}");
        assert!(first.message.contains(message), "{config}: {first:?}");
    }
}
