//! The user through the SDK's test kit: its script, its timeouts and its connections.

use super::*;
use chat_core::wire::{FromClient, FromServer, Reply, Request};
use runner_sdk::testkit::{Effect, Kit, node, problems};
use std::time::Duration;

fn user(config: &str) -> Kit<ChatClient> {
    let setup = node::<ChatClient>().name("anna").peers(["other", "server"]);
    let config = format!("server = 'server'\n{config}");
    let mut user = setup.config(&config).create();
    user.start();
    user
}

const SERVER: u32 = 1;

/// The requests that were sent, and the acknowledged messages.
fn requests(effects: &[Effect]) -> Vec<String> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Sent { to, bytes } => {
            assert_eq!(*to, Peer(SERVER));
            Some(bytes)
        }
        _ => None,
    });
    let shown = frames.map(|bytes| match FromClient::decode(bytes).unwrap() {
        FromClient::Request(number, request) => match request {
            Request::Hello { .. } => format!("{number} hello"),
            Request::Create { name } => format!("{number} create {name}"),
            Request::Login { name } => format!("{number} login {name}"),
            Request::Logout => format!("{number} logout"),
            Request::List { pattern, .. } => format!("{number} list {pattern}"),
            Request::Send {
                number: own,
                to,
                text,
            } => format!("{number} send {own} {to} {text}"),
            Request::Receive { id, .. } => format!("{number} receive {id}"),
            Request::Delete => format!("{number} delete"),
        },
        FromClient::Acknowledge { id, .. } => format!("acknowledge {id}"),
    });
    shown.collect()
}

fn reply(number: u32, reply: Reply<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    FromServer::Reply(number, reply).encode(&mut frame);
    frame
}

fn logged_in(number: u32, last_number: u64) -> Vec<u8> {
    let (mailbox, acknowledged, waiting) = (9, 0, 0);
    let answer = Reply::LoggedIn {
        mailbox,
        last_number,
        acknowledged,
        waiting,
    };
    reply(number, answer)
}

fn message(id: u64, text: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    let (mailbox, from) = (9, "ben");
    let message = FromServer::Message {
        mailbox,
        id,
        from,
        text,
    };
    message.encode(&mut frame);
    frame
}

/// A user with this script and an open session.
fn scripted(lines: &str, more: &str) -> Kit<ChatClient> {
    let mut user = user(&format!("script = [{lines}]\n{more}"));
    assert_eq!(requests(&user.connect(SERVER)), ["1 hello"]);
    user.message(SERVER, reply(1, Reply::Done));
    user
}

#[test]
fn a_script_is_executed_line_by_line_and_results_are_printed() {
    let mut user = scripted(
        "'create anna', 'login anna', 'wait 2s', 'send ben hi there'",
        "",
    );
    assert_eq!(requests(&user.timer(timer::NEXT)), ["2 create anna"]);
    user.at(Duration::from_millis(30));
    let effects = user.message(SERVER, reply(2, Reply::Done));
    let expected = [
        Effect::printed("created"),
        Effect::recorded(ANSWERED),
        Effect::timer_set(timer::NEXT, Duration::ZERO),
    ];
    assert_eq!(effects, expected);
    assert_eq!(user.get(REPLY), Some(30_000_000));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["3 login anna"]);
    assert_eq!(user.get(REPLY), None);
    user.message(SERVER, logged_in(3, 4));
    let pause = Effect::timer_set(timer::NEXT, Duration::from_secs(2));
    assert_eq!(user.timer(timer::NEXT), [pause]);
    let effects = user.timer(timer::NEXT);
    assert_eq!(requests(&effects), ["4 send 5 ben hi there"]);
    assert_eq!(effects[1], Effect::recorded(SUBMITTED));
    assert_eq!(
        (user.text(FROM), user.text(TO)),
        (Some("anna"), Some("ben"))
    );
    assert_eq!(user.get(NUMBER), Some(5));
    let effects = user.message(SERVER, reply(4, Reply::Sent { delivered: true }));
    assert_eq!(effects[0], Effect::printed("delivered"));
    assert_eq!((user.text(FROM), user.get(NUMBER)), (None, None));
    assert_eq!(user.get(SENDS), Some(1));
    assert_eq!(user.timer(timer::NEXT), []);
    assert_eq!(user.stop(), []);
}

#[test]
fn messages_are_recorded_once_and_acknowledged() {
    let mut user = scripted("'login anna', 'await 2', 'logout'", "");
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(2, 0));
    assert_eq!(user.timer(timer::NEXT), []);
    let effects = user.message(SERVER, message(1, "hi"));
    assert_eq!(requests(&effects), ["acknowledge 1"]);
    assert_eq!(
        effects[1..],
        [Effect::printed("ben: hi"), Effect::recorded(GOT)]
    );
    assert_eq!(
        (user.text(FROM), user.text(TO)),
        (Some("ben"), Some("anna"))
    );
    assert_eq!((user.get(MAILBOX), user.get(ID)), (Some(9), Some(1)));
    let effects = user.message(SERVER, message(1, "hi"));
    assert_eq!(requests(&effects), ["acknowledge 1"]);
    assert_eq!(effects[1..], [Effect::recorded(REPEATED)]);
    assert_eq!((user.text(FROM), user.get(ID)), (None, None));
    // After the second message, the script continues in its own step.
    let effects = user.message(SERVER, message(2, "again"));
    let now = Effect::timer_set(timer::NEXT, Duration::ZERO);
    assert_eq!(effects.last(), Some(&now));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["3 logout"]);
    assert_eq!(user.get(GETS), Some(2));
}

#[test]
fn a_request_without_a_reply_is_sent_again_with_growing_timeouts() {
    let mut user = scripted("'login anna'", "timeout = '100ms'");
    let effects = user.timer(timer::NEXT);
    assert_eq!(requests(&effects), ["2 login anna"]);
    let wait = |ms| Effect::timer_set(timer::TIMEOUT, Duration::from_millis(ms));
    assert_eq!(effects.last(), Some(&wait(100)));
    for ms in [200, 400, 800, 800] {
        let effects = user.timer(timer::TIMEOUT);
        assert_eq!(requests(&effects), ["2 login anna"]);
        assert_eq!(effects[0], wait(ms));
    }
    assert_eq!(user.get(RETRIES), Some(4));
    let effects = user.message(SERVER, logged_in(2, 0));
    assert_eq!(
        effects.last(),
        Some(&Effect::TimerCancelled(timer::TIMEOUT))
    );
    // The reply again, late.
    assert_eq!(user.message(SERVER, logged_in(2, 0)), []);
}

#[test]
fn over_lossy_links_a_user_polls_for_missing_messages() {
    let mut user = scripted("'login anna'", "timeout = '100ms'");
    let again = Effect::timer_set(timer::POLL, Duration::from_millis(400));
    // No poll before the login.
    assert_eq!(user.timer(timer::POLL), std::slice::from_ref(&again));
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(2, 0));
    user.message(SERVER, message(1, "hi"));
    let effects = user.timer(timer::POLL);
    assert_eq!(effects[0], again);
    assert_eq!(requests(&effects), ["3 receive 1"]);
}

#[test]
fn after_a_lost_connection_the_user_connects_and_logs_in_again() {
    let mut user = scripted(
        "'login anna', 'send ben hi', 'send ben ho'",
        "reconnect = '3s'",
    );
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(2, 0));
    user.timer(timer::NEXT);
    let later = Effect::timer_set(timer::RECONNECT, Duration::from_secs(3));
    assert!(user.disconnect(SERVER).contains(&later));
    assert_eq!(requests(&user.timer(timer::RECONNECT)), ["1 hello"]);
    // The hello of the user opened the connection again.
    assert_eq!(user.connect(SERVER), []);
    let effects = user.message(SERVER, reply(1, Reply::Done));
    assert_eq!(requests(&effects), ["2 login anna"]);
    // The server accepted the message in flight: it is not sent again.
    let effects = user.message(SERVER, logged_in(2, 1));
    assert_eq!(requests(&effects), [""; 0]);
    assert_eq!(effects[0], Effect::printed("sent"));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["3 send 2 ben ho"]);
}

#[test]
fn a_dropped_connection_stays_closed_for_a_while() {
    let mut user = scripted("'login anna', 'drop 2s', 'list'", "");
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(2, 0));
    let effects = user.timer(timer::NEXT);
    assert!(effects.contains(&Effect::Closed(Peer(SERVER))));
    let back = Effect::timer_set(timer::RECONNECT, Duration::from_secs(2));
    assert!(effects.contains(&back));
    // A message that was in flight opens the connection; it is ignored.
    assert_eq!(user.connect(SERVER), []);
    assert_eq!(user.message(SERVER, message(1, "hi")), []);
    // The next line waits.
    assert_eq!(user.timer(timer::NEXT), []);
    assert_eq!(requests(&user.timer(timer::RECONNECT)), ["1 hello"]);
    let effects = user.message(SERVER, reply(1, Reply::Done));
    assert_eq!(requests(&effects), ["2 login anna"]);
    let effects = user.message(SERVER, logged_in(2, 0));
    assert_eq!(requests(&effects), ["3 list *"]);
}

/// However fast the server is: the user gave the command while it was away.
#[test]
fn a_command_given_while_the_connection_is_dropped_has_waited_until_the_user_is_back() {
    let mut user = scripted("'login anna', 'drop 2s', 'list', 'list'", "");
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(2, 0));
    user.timer(timer::NEXT);
    user.timer(timer::NEXT);
    user.at(Duration::from_secs(2)).timer(timer::RECONNECT);
    user.message(SERVER, reply(1, Reply::Done));
    assert_eq!(
        requests(&user.message(SERVER, logged_in(2, 0))),
        ["3 list *"]
    );
    let names = Reply::Names {
        names: vec![],
        more: false,
    };
    user.at(Duration::from_millis(2_003));
    user.message(SERVER, reply(3, names.clone()));
    assert_eq!(user.get(REPLY), Some(2_003_000_000));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["4 list *"]);
    user.at(Duration::from_millis(2_006));
    user.message(SERVER, reply(4, names));
    assert_eq!(user.get(REPLY), Some(3_000_000));
}

#[test]
fn a_random_user_creates_its_account_and_logs_in_and_acts() {
    let mut user = user(
        "actions = 1\nthink = '1s'\nweights = { send = 0, list = 0, receive = 0, logout = 0, drop = 0, delete = 1 }\naway = '7s'",
    );
    user.connect(SERVER);
    user.message(SERVER, reply(1, Reply::Done));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["2 create anna"]);
    let next = |secs| Effect::timer_set(timer::NEXT, Duration::from_secs(secs));
    let effects = user.message(SERVER, reply(2, Reply::Done));
    assert_eq!(effects, [Effect::recorded(ANSWERED), next(0)]);
    assert_eq!(requests(&user.timer(timer::NEXT)), ["3 login anna"]);
    let effects = user.message(SERVER, logged_in(3, 0));
    assert_eq!(effects, [Effect::recorded(ANSWERED), next(1)]);
    assert_eq!(requests(&user.timer(timer::NEXT)), ["4 delete"]);
    let effects = user.message(SERVER, reply(4, Reply::Deleted { discarded: 2 }));
    assert_eq!(effects, [Effect::recorded(ANSWERED), next(7)]);
    // The user returns and stays.
    assert_eq!(requests(&user.timer(timer::NEXT)), ["5 create anna"]);
    let (code, text) = (8, "this name is taken");
    let effects = user.message(SERVER, reply(5, Reply::Error { code, text }));
    assert_eq!(effects, [Effect::recorded(REFUSED), next(0)]);
    assert_eq!(requests(&user.timer(timer::NEXT)), ["6 login anna"]);
    user.message(SERVER, logged_in(6, 0));
    assert_eq!(user.timer(timer::NEXT), []);
}

#[test]
fn random_messages_are_sent_to_users_of_the_last_list() {
    let mut user = user(
        "actions = 100\nsize = 12\nweights = { send = 1, list = 0, receive = 0, logout = 0, drop = 0, delete = 0 }",
    );
    user.connect(SERVER);
    user.message(SERVER, reply(1, Reply::Done));
    user.timer(timer::NEXT);
    user.message(SERVER, reply(2, Reply::Done));
    user.timer(timer::NEXT);
    user.message(SERVER, logged_in(3, 0));
    // No name is known yet.
    let asked = requests(&user.timer(timer::NEXT));
    assert!(asked[0].starts_with("4 list "), "{asked:?}");
    let (more, names) = (false, vec!["ben", "carl"]);
    user.message(SERVER, reply(4, Reply::Names { more, names }));
    let asked = requests(&user.timer(timer::NEXT));
    let expected = ["ben", "carl"].map(|name| format!("5 send 1 {name} message 2..."));
    assert!(expected.contains(&asked[0]), "{asked:?}");
}

/// An open-loop user with this load, that is logged in and has listed `ben` alone.
fn open_loop(load: &str) -> (Kit<ChatClient>, Vec<Effect>) {
    let mut user = user(load);
    user.connect(SERVER);
    user.message(SERVER, reply(1, Reply::Done));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["2 create anna"]);
    user.message(SERVER, reply(2, Reply::Done));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["3 login anna"]);
    user.message(SERVER, logged_in(3, 0));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["4 list *"]);
    let (more, names) = (false, vec!["ben"]);
    user.message(SERVER, reply(4, Reply::Names { more, names }));
    assert_eq!(user.get(REPLY), None);
    let effects = user.timer(timer::NEXT);
    (user, effects)
}

const MS: Duration = Duration::from_millis(1);

fn timer_in(tag: u64, ms: u32) -> Effect {
    Effect::timer_set(tag, ms * MS)
}

fn sent(number: u32) -> Vec<u8> {
    reply(number, Reply::Sent { delivered: true })
}

#[test]
fn an_open_loop_sends_at_its_own_times_and_counts_replies_from_them() {
    let (mut user, effects) = open_loop("actions = 3\nrate = 100\nsize = 9");
    assert_eq!(effects, [timer_in(timer::DUE, 10)]);
    let first = user.at(10 * MS).timer(timer::DUE);
    assert_eq!(requests(&first), ["5 send 1 ben message 1"]);
    assert_eq!((user.text(TO), user.get(NUMBER)), (Some("ben"), Some(1)));
    assert!(first.contains(&timer_in(timer::DUE, 10)));
    // The names are listed again in a step of their own.
    assert_eq!(first.last(), Some(&timer_in(timer::NEXT, 0)));
    assert_eq!(requests(&user.timer(timer::NEXT)), ["6 list *"]);
    // The node was paused: the second is 15 ms late, and the third is due at once.
    let second = user.at(35 * MS).timer(timer::DUE);
    assert_eq!(requests(&second), ["7 send 2 ben message 2"]);
    assert!(second.contains(&timer_in(timer::DUE, 0)));
    let third = user.timer(timer::DUE);
    assert_eq!(requests(&third), ["8 send 3 ben message 3"]);
    // No message is left, so no other is due.
    assert!(
        !third
            .iter()
            .any(|it| matches!(it, Effect::TimerSet { tag, .. } if *tag == timer::DUE))
    );
    assert_eq!(user.get(UNANSWERED), Some(4));
    user.at(40 * MS);
    for (request, ms) in [(5, 30), (7, 20), (8, 10)] {
        assert_eq!(
            user.message(SERVER, sent(request)),
            [Effect::recorded(ANSWERED)]
        );
        assert_eq!(user.get(REPLY), Some(ms * 1_000_000));
    }
    assert_eq!((user.get(SENDS), user.get(UNANSWERED)), (Some(3), Some(1)));
}

#[test]
fn in_an_open_loop_messages_that_are_due_wait_for_the_next_login() {
    let gap = "gap = { trace = { values = ['10ms', '20ms'] } }";
    let (mut user, _) = open_loop(&format!("actions = 4\n{gap}\nreconnect = '100ms'"));
    user.at(10 * MS).timer(timer::DUE);
    user.at(30 * MS).timer(timer::DUE);
    user.at(35 * MS).disconnect(SERVER);
    assert_eq!(
        user.at(40 * MS).timer(timer::DUE),
        [timer_in(timer::DUE, 20)]
    );
    assert_eq!(user.at(60 * MS).timer(timer::DUE), []);
    assert_eq!(user.get(UNANSWERED), Some(4));
    user.at(135 * MS).timer(timer::RECONNECT);
    user.message(SERVER, reply(1, Reply::Done));
    // The server accepted the first message. The second is sent again, the third was not sent yet.
    let effects = user.at(140 * MS).message(SERVER, logged_in(2, 1));
    assert_eq!(requests(&effects)[0][..10], *"3 send 2 b");
    assert_eq!(
        effects[1..],
        [Effect::recorded(ANSWERED), timer_in(timer::WAITING, 0)]
    );
    assert_eq!(user.get(REPLY), Some(130_000_000));
    let effects = user.timer(timer::WAITING);
    assert_eq!(requests(&effects)[0][..10], *"4 send 3 b");
    assert!(effects.contains(&timer_in(timer::WAITING, 0)));
    let effects = user.timer(timer::WAITING);
    assert_eq!(requests(&effects)[0][..10], *"5 send 4 b");
    assert!(!effects.contains(&timer_in(timer::WAITING, 0)));
    for (request, ms) in [(3, 120), (4, 110), (5, 90)] {
        user.at(150 * MS).message(SERVER, sent(request));
        assert_eq!(user.get(REPLY), Some(ms * 1_000_000));
    }
    assert_eq!((user.get(SENDS), user.get(RETRIES)), (Some(4), Some(0)));
}

#[test]
fn several_results_of_one_login_have_a_step_each() {
    let (mut user, _) = open_loop("actions = 3\nrate = 1000");
    for ms in 1..=3 {
        user.at(ms * MS).timer(timer::DUE);
    }
    user.disconnect(SERVER);
    user.timer(timer::RECONNECT);
    user.message(SERVER, reply(1, Reply::Done));
    let effects = user.at(10 * MS).message(SERVER, logged_in(2, 3));
    let more = timer_in(timer::RESULT, 0);
    assert_eq!(effects, std::slice::from_ref(&more));
    for (ms, is_last) in [(9, false), (8, false), (7, true)] {
        let effects = user.timer(timer::RESULT);
        assert_eq!(effects[0], Effect::recorded(ANSWERED));
        assert_eq!(effects.contains(&more), !is_last);
        assert_eq!(user.get(REPLY), Some(ms * 1_000_000));
    }
}

#[test]
fn what_means_nothing_in_an_open_loop_is_refused() {
    for (config, path, told) in [
        ("actions = 1\nrate = 0", "rate", "expected a number above 0"),
        (
            "actions = 1\ngap = '0s'",
            "gap",
            "is 0, expected more than 0",
        ),
        (
            "actions = 1\nrate = 1\ngap = '1s'",
            "gap",
            "and `rate` both say when",
        ),
        (
            "rate = 1",
            "actions",
            "is 0, expected the number of messages that `rate`",
        ),
        (
            "script = ['list']\nrate = 1",
            "script",
            "and `rate` exclude each other",
        ),
        (
            "actions = 1\ngap = '1s'\nthink = '2s'",
            "think",
            "and `gap` exclude each other",
        ),
        (
            "actions = 1\nrate = 1\naway = '2s'",
            "away",
            "and `rate` exclude each other",
        ),
        (
            "actions = 1\nrate = 1\nweights = { list = 0 }",
            "weights",
            "and `rate` exclude",
        ),
    ] {
        let found = problems::<ChatClient>(config);
        let paths: Vec<&str> = found.iter().map(|problem| &*problem.path).collect();
        assert_eq!(paths, [path], "{config}: {found:?}");
        assert!(found[0].message.starts_with(told), "{config}: {found:?}");
    }
}

#[test]
fn malformed_frames_are_recorded() {
    let mut user = scripted("'login anna'", "");
    let effects = user.message(SERVER, b"\x01\xc1\0");
    let said =
        "the server sent a malformed frame: mailbox: 8 bytes, expected at most the 1 that are left";
    assert_eq!(
        effects,
        [Effect::printed(said), Effect::recorded(COMPLAINT)]
    );
    // Messages of other peers are ignored.
    assert_eq!(user.message(0, b"\x01\xc1\0"), []);
}

#[test]
fn the_server_is_the_peer_of_that_name_or_the_only_one_that_is_no_client() {
    let behaviors = ["chat.server", "chat.client"];
    for (peers, server) in [(["other", "server"], 1), (["one", "two"], 0)] {
        let user = node::<ChatClient>().peers(peers).behaviors(behaviors);
        let mut user = user.create();
        user.start();
        assert_eq!(user.connect(1 - server), []);
        let effects = user.connect(server);
        let hello = |it: &Effect| matches!(it, Effect::Sent { to, .. } if *to == Peer(server));
        assert!(effects.iter().any(hello), "{effects:?}");
    }
}

#[test]
fn mistakes_in_a_config_are_reported() {
    for (config, path, told) in [
        (
            "script = ['login']",
            "script[0]",
            "``: a name is 1 to 64 bytes",
        ),
        (
            "script = ['login a', 'wait 5']",
            "script[1]",
            "`wait`: expected a duration",
        ),
        (
            "script = ['logout']\nactions = 5",
            "actions",
            "is set together with `script`",
        ),
        ("timeout = '0s'", "timeout", "is 0, expected more than 0"),
        (
            "name = 'a b'",
            "name",
            "is \"a b\"; a name is 1 to 64 bytes",
        ),
        (
            "weights = { send = -1 }",
            "weights.send",
            "expected a number of at least 0",
        ),
        (
            "weights = { send = 0, list = 0, receive = 0, logout = 0, drop = 0, delete = 0 }",
            "weights",
            "have the sum 0, expected more than 0",
        ),
    ] {
        let found = problems::<ChatClient>(config);
        assert_eq!(found[0].path, path, "{found:?}");
        assert!(found[0].message.starts_with(told), "{found:?}");
    }
    let alone = node::<ChatClient>().try_create();
    assert!(alone.is_err_and(|it| it.to_string().contains("`node` has no peers")));
    let unsure = node::<ChatClient>().peers(["one", "two"]).try_create();
    let told = "several peers can be the server: one, two";
    assert!(unsure.is_err_and(|it| it.to_string().contains(told)));
    let lost = node::<ChatClient>().peers(["a"]).config("server = 'b'");
    let told = "`server` is `b`, which this node has no link to (its peers: a)";
    assert!(
        lost.try_create()
            .is_err_and(|it| it.to_string().contains(told))
    );
}
