//! The client through the SDK's test kit: what it sends and records, which messages are
//! replies, and how it settles.

mod load;

use super::*;
use crate::Command;
use runner_sdk::testkit::{Call, Effect, Failure, Kit, node, problems};

fn client(config: &str) -> Kit<Client> {
    let setup = node::<Client>()
        .name("c")
        .peers(["server", "other"])
        .behaviors(["kv.server", "kv.client"]);
    setup.config(config).create()
}

/// The recorded events, in order.
fn words(effects: &[Effect]) -> Vec<&'static str> {
    let words = effects.iter().filter_map(|effect| match effect {
        Effect::Recorded(word) => Some(*word),
        _ => None,
    });
    words.collect()
}

/// The messages sent to the server, in order.
fn sent(effects: &[Effect]) -> Vec<String> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Sent { to: Peer(0), bytes } => Some(String::from_utf8(bytes.clone()).unwrap()),
        _ => None,
    });
    sent.collect()
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn the_commands_of_a_script_are_sent_one_by_one() {
    let mut client = client("script = ['set a 1', 'get a', 'delete a', 'what?']");
    let begun = client.start();
    assert_eq!(
        begun,
        [Effect::recorded(INVOKE), Effect::sent(0, "set a 1")]
    );
    let columns = |client: &Kit<Client>| {
        let text = |column| client.text(column).unwrap_or("-").to_owned();
        [text(COMMAND), text(KEY), text(VALUE), text(RESULT)]
    };
    assert_eq!(columns(&client), ["set", "a", "1", "-"]);
    let returned = client.message(0, "ok");
    let next = Effect::timer_set(NEXT, Duration::ZERO);
    assert_eq!(returned, [Effect::recorded(RETURN), next]);
    assert_eq!(columns(&client), ["set", "a", "1", "ok"]);
    assert_eq!(sent(&client.timer(NEXT)), ["get a"]);
    assert_eq!(columns(&client), ["get", "a", "-", "-"]);
    client.message(0, "1\n");
    assert_eq!(columns(&client), ["get", "a", "-", "1\\n"]);
    assert_eq!(sent(&client.timer(NEXT)), ["delete a"]);
    assert_eq!(columns(&client), ["delete", "a", "-", "-"]);
    client.message(0, "ok");
    client.timer(NEXT);
    assert_eq!(columns(&client), ["other", "-", "what?", "-"]);
    assert_eq!(client.message(0, "error: no"), [Effect::recorded(RETURN)]);
    assert_eq!((client.get(OP), client.get(ANSWERED)), (Some(4), Some(4)));
    assert_eq!(client.stop(), []);
}

#[test]
fn latency_is_set_in_the_step_of_the_reply_alone() {
    let mut client = client("script = ['get a', 'get b']\nthink = '1s'\nstop = true");
    client.at(10 * MS).start();
    assert_eq!(client.get(LATENCY), None);
    let returned = client.at(25 * MS).message(0, "1");
    assert_eq!(client.get(LATENCY), Some(15_000_000));
    assert_eq!(returned[1], Effect::timer_set(NEXT, 1000 * MS));
    client.at(1025 * MS).timer(NEXT);
    assert_eq!(client.get(LATENCY), None);
    let end = Effect::StoppedRun("c has done its commands, 2 answered".into());
    assert_eq!(client.message(0, "2"), [Effect::recorded(RETURN), end]);
}

#[test]
fn a_reply_that_is_not_the_expected_one_fails() {
    let script = "script = ['set a 1', { send = 'get a', expect = '1' }]";
    let mut right = client(script);
    right.start();
    right.message(0, "ok");
    right.timer(NEXT);
    assert_eq!(right.message(0, "1"), [Effect::recorded(RETURN)]);
    let mut wrong = client(script);
    wrong.start();
    wrong.message(0, "ok");
    wrong.timer(NEXT);
    let reason = "wrong reply to command 2, \"get a\": expected \"1\", found \"not found\"";
    let failed = wrong.call(Call::Message(0, b"not found"));
    assert_eq!(failed, Err(Failure::Refused(reason.into())));
}

#[test]
fn without_a_timeout_the_client_waits_forever() {
    let mut client = client("script = ['get a', 'get b']");
    client.start();
    assert_eq!(words(&client.message(1, "1")), ["stray"]);
    assert_eq!(words(&client.message(0, "1")), ["return"]);
    assert_eq!(words(&client.message(0, "1")), ["stray"]);
    let told = [Effect::printed("1 of 2 commands answered")];
    assert_eq!(client.stop(), told);
}

#[test]
fn a_client_whose_server_does_not_repeat_its_first_word_says_why_it_sent_nothing() {
    let mut client = client("timeout = '50ms'\nscript = ['get a']");
    client.start();
    assert_eq!(words(&client.message(0, "what?")), ["stray"]);
    let told = client.stop();
    assert_eq!(told[0], Effect::printed("0 of 1 commands answered"));
    let why = "no command was sent: with `timeout`, the client waits until the server's error repeats the word \
               \"sync-1\"; for a server that does not, leave `timeout` out, or set `reconnect`";
    assert_eq!(told[1..], [Effect::printed(why)]);
    // Once it has sent a command, it says no more than before.
    let mut client = timed("script = ['get a']");
    assert_eq!(client.stop().len(), 1);
}

/// A client with a timeout that has settled and sent its first command.
fn timed(config: &str) -> Kit<Client> {
    let mut client = client(&format!("timeout = '50ms'\n{config}"));
    assert_eq!(sent(&client.start()), ["sync-1"]);
    let settled = client.message(0, unknown(1));
    assert_eq!(words(&settled), ["settled"]);
    assert_eq!(
        settled.last(),
        Some(&Effect::timer_set(NEXT, Duration::ZERO))
    );
    assert_eq!(words(&client.timer(NEXT)), ["invoke"]);
    client
}

/// The server's error for a `sync` word.
fn unknown(number: u64) -> String {
    let word = format!("sync-{number}");
    let refusal = Command::parse(word.as_bytes()).unwrap_err();
    format!("error: {refusal}")
}

#[test]
fn a_command_without_a_reply_is_sent_again() {
    let mut client = timed("script = ['set a 1', 'get a']");
    let again = client.timer(LATE);
    let timer = Effect::timer_set(LATE, 50 * MS);
    let expected = [
        Effect::recorded(RETRY),
        Effect::sent(0, "set a 1"),
        timer.clone(),
    ];
    assert_eq!(again, expected);
    assert_eq!(client.get(RETRIES), Some(1));
    // Two replies arrive. The second must not be taken for the reply to `get a`.
    let returned = client.message(0, "ok");
    let settling = [
        Effect::recorded(RETURN),
        Effect::TimerCancelled(LATE),
        Effect::sent(0, "sync-2"),
        timer,
    ];
    assert_eq!(returned, settling);
    assert_eq!(client.message(0, "ok"), [Effect::recorded(STRAY)]);
    assert_eq!(client.get(LATENCY), None);
    // The word is sent until its error arrives; later errors for the same word are ignored.
    assert_eq!(sent(&client.timer(LATE)), ["sync-2"]);
    assert_eq!(words(&client.message(0, unknown(2))), ["settled"]);
    assert_eq!(client.get(OP), Some(1));
    assert_eq!(sent(&client.timer(NEXT)), ["get a"]);
    assert_eq!(words(&client.message(0, unknown(2))), ["stray"]);
    assert_eq!(words(&client.message(0, "1")), ["return"]);
    assert_eq!((client.get(OP), client.get(ANSWERED)), (Some(2), Some(2)));
}

#[test]
fn an_operation_that_was_sent_once_needs_no_settling() {
    let mut client = timed("script = ['get a', 'get b']");
    let next = Effect::timer_set(NEXT, Duration::ZERO);
    let returned = client.message(0, "1");
    let expected = [Effect::recorded(RETURN), Effect::TimerCancelled(LATE), next];
    assert_eq!(returned, expected);
}

#[test]
fn after_its_retries_an_operation_is_given_up() {
    let mut client = timed("script = ['set a 1', 'get a']\nretries = 2");
    assert_eq!(words(&client.timer(LATE)), ["retry"]);
    assert_eq!(words(&client.timer(LATE)), ["retry"]);
    let given_up = client.timer(LATE);
    assert_eq!(
        (words(&given_up), sent(&given_up)),
        (vec!["timeout"], vec!["sync-2".into()])
    );
    assert_eq!(words(&client.message(0, "ok")), ["stray"]);
    assert_eq!(words(&client.message(0, unknown(2))), ["settled"]);
    assert_eq!(sent(&client.timer(NEXT)), ["get a"]);
    assert_eq!(client.get(TIMEOUTS), Some(1));
    let told = [Effect::printed("0 of 2 commands answered, 1 given up")];
    assert_eq!(client.stop(), told);
}

#[test]
fn random_commands_have_the_configured_shares_and_keys() {
    let config = "operations = 10000\nkeys = 4\nread_share = 0.6\ndelete_share = 0.1";
    let mut client = client(config);
    let mut effects = client.start();
    let (mut kinds, mut keys) = ([0_u32; 3], [0_u32; 4]);
    for op in 1..=10_000_u64 {
        let message = sent(&effects).remove(0);
        match Command::parse(message.as_bytes()).unwrap() {
            Command::Get { .. } => kinds[0] += 1,
            Command::Delete { .. } => kinds[1] += 1,
            Command::Set { value, .. } => {
                kinds[2] += 1;
                assert_eq!(value, format!("c:{op}").as_bytes());
            }
        }
        let key = client.text(KEY).unwrap().strip_prefix("key-").unwrap();
        keys[key.parse::<usize>().unwrap() - 1] += 1;
        client.message(0, "ok");
        effects = if op < 10_000 {
            client.timer(NEXT)
        } else {
            vec![]
        };
    }
    // Binomial counts with standard deviations of at most 50: the limit is six of them.
    for (found, expected) in kinds.into_iter().zip([6000, 1000, 3000]) {
        assert!(found.abs_diff(expected) < 300, "{kinds:?}");
    }
    assert!(
        keys.iter().all(|count| count.abs_diff(2500) < 300),
        "{keys:?}"
    );
    assert_eq!(client.timer(NEXT), []);
}

#[test]
fn values_have_the_configured_size() {
    let config = "operations = 1\nread_share = 0\ndelete_share = 0\nkeys = 1\nvalue_size = ";
    let size = |size: u32| sent(&client(&format!("{config}{size}")).start()).remove(0);
    assert_eq!(size(0), "set key-1 c:1");
    assert_eq!(size(6), "set key-1 c:1...");
    assert_eq!(size(1_000_000).len(), 10 + 1_000_000);
    let mut large = client(&format!("{config}1000000"));
    large.start();
    assert!(large.text(VALUE).unwrap().len() < 100);
}

#[test]
fn two_clients_of_one_seed_send_the_same() {
    let commands = |seed: u64| {
        let config = "operations = 50\ndistribution = 'zipf'";
        let setup = node::<Client>().peers(["s"]).seed(seed).config(config);
        let mut client = setup.create();
        let mut all = sent(&client.start());
        while all.len() < 50 {
            client.message(0, "ok");
            all.extend(sent(&client.timer(NEXT)));
        }
        all
    };
    assert_eq!(commands(1), commands(1));
    assert_ne!(commands(1), commands(2));
}

#[test]
fn a_client_without_a_peer_fails() {
    let alone = node::<Client>().config("operations = 1").try_create().err();
    let words = "`node` has no peers: link it to a server (without [[links]], two nodes that both listen are not linked)";
    assert_eq!(alone, Some(Failure::Refused(words.into())));
}

#[test]
fn a_wrong_config_is_refused() {
    for (config, path, message) in [
        (
            "",
            "script",
            "is empty and `operations` is 0, expected at least one command to send",
        ),
        ("script = [5]", "script[0]", "a command as text"),
        ("script = [{ expect = 'a' }]", "script[0]", "send"),
        (
            "script = [{ send = 'a', expects = 'b' }]",
            "script[0]",
            "expects",
        ),
        (
            "operations = 1\nkeys = 0",
            "keys",
            "expected a whole number from 1 to",
        ),
        ("operations = 1\nread_share = 1.5", "read_share", "expected"),
        (
            "operations = 1\nread_share = 0.9\ndelete_share = 0.2",
            "delete_share",
            "is 0.2 and `read_share` is 0.9, expected at most 1 together",
        ),
        (
            "operations = 1\ntimeout = '0s'",
            "timeout",
            "is 0, expected more than 0",
        ),
        ("operations = 1\nexponent = -1.0", "exponent", "expected"),
        ("operations = 1\nexponent = nan", "exponent", "expected"),
        (
            "operations = 1\ndistribution = 'ziff'",
            "distribution",
            "did you mean \"zipf\"?",
        ),
    ] {
        let found = problems::<Client>(config);
        let first = found
            .first()
            .unwrap_or_else(|| panic!("{config}: accepted"));
        assert!(first.path.starts_with(path), "{config}: {first:?}");
        assert!(first.message.contains(message), "{config}: {first:?}");
    }
}
