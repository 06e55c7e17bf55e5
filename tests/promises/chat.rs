//! The chat plugin through the runner: its scenarios as they are shipped, in both
//! times; lost connections and lossy links; a client in plain Python written from
//! PROTOCOL.md, and a person's client at a terminal.
//!
//! Whether a chat kept its word is judged here from the logs alone, by a judge
//! that shares no code with the plugin's check; the two must agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::Lab;
use crate::real_live::{Beside, Live, listen, python};

fn shipped(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    format!("{folder}/{name}.toml")
}

/// Runs a scenario of the repository once, without a report.
fn run(name: &str, more: &[&str]) -> Lab {
    let lab = Lab::new();
    let file = shipped(name);
    let arguments = [
        &file,
        "--run",
        "1",
        "--no-report",
        "--quiet",
        "--out",
        "out",
    ];
    let answer = lab.runner(&[&arguments[..], more].concat());
    // A busy machine is late in real time, and is told so.
    match more.contains(&"real") {
        true => answer.ends(0),
        false => answer.passes(),
    };
    lab
}

fn printed(lab: &Lab, node: &str) -> Vec<String> {
    let text = lab.read(&format!("out/runs/0001/{node}.log"));
    text.lines().map(str::to_owned).collect()
}

/// What the logs of a run come to.
#[derive(Debug, Default)]
struct Judged {
    accepted: usize,
    got: usize,
    /// Not acknowledged in the end.
    waiting: usize,
    /// Accounts that were deleted.
    deleted: usize,
    retries: u64,
    lost: usize,
}

/// Judges the chat of a run: each message once, in order per sender, or still queued.
fn judge(lab: &Lab) -> Judged {
    let mut judged = Judged::default();
    let number = |row: &[String], column: usize| row[column].parse::<u64>().unwrap();
    let server = lab.table("out/runs/0001/server.csv");
    let column = |name: &str| server.column(name);
    let (event, from, to) = (column("event"), column("from"), column("to"));
    let (own, mailbox, id) = (column("number"), column("mailbox"), column("id"));
    // By mailbox: who sent its messages, how many are acknowledged.
    let mut senders = BTreeMap::<u64, Vec<String>>::new();
    let mut acknowledged = BTreeMap::<u64, u64>::new();
    let mut deleted = BTreeSet::new();
    let mut last_number = BTreeMap::<String, u64>::new();
    let mut taken = BTreeMap::<(String, String, u64), usize>::new();
    for row in &server.rows {
        match &*row[event] {
            "accepted" => {
                judged.accepted += 1;
                let place = senders.entry(number(row, mailbox)).or_default();
                place.push(row[from].clone());
                assert_eq!(number(row, id), place.len() as u64, "{row:?}");
                let before = last_number.insert(row[from].clone(), number(row, own));
                assert!(
                    before < Some(number(row, own)),
                    "twice or out of order: {row:?}"
                );
                let key = (row[from].clone(), row[to].clone(), number(row, own));
                *taken.entry(key).or_default() += 1;
            }
            "acknowledged" => {
                let before = acknowledged.insert(number(row, mailbox), number(row, id));
                assert!(before < Some(number(row, id)), "{row:?}");
            }
            "deleted" => {
                deleted.insert(number(row, mailbox));
                last_number.remove(&row[to]);
            }
            "drop" => judged.lost += 1,
            _ => {}
        }
    }
    judged.deleted = deleted.len();
    let mut got = BTreeMap::<u64, u64>::new();
    let mut sent = BTreeMap::<(String, String, u64), usize>::new();
    for (name, _) in lab.files("out/runs/0001") {
        let other = name == "server.csv" || name == "lag.csv";
        if other || !name.ends_with(".csv") {
            continue;
        }
        let log = lab.table(&format!("out/runs/0001/{name}"));
        let column = |name: &str| log.column(name);
        let (event, from, to) = (column("event"), column("from"), column("to"));
        let (own, mailbox, id) = (column("number"), column("mailbox"), column("id"));
        for row in &log.rows {
            match &*row[event] {
                "submitted" => {
                    let key = (row[from].clone(), row[to].clone(), number(row, own));
                    *sent.entry(key).or_default() += 1;
                }
                "got" => {
                    judged.got += 1;
                    let (mailbox, id) = (number(row, mailbox), number(row, id));
                    let before = got.insert(mailbox, id).unwrap_or(0);
                    assert_eq!(id, before + 1, "twice, out of order or with a gap: {row:?}");
                    assert_eq!(senders[&mailbox][before as usize], row[from]);
                }
                "drop" => judged.lost += 1,
                _ => {}
            }
        }
        let retries = log.texts("retries");
        judged.retries += retries.last().unwrap().parse::<u64>().unwrap();
    }
    for (message, count) in taken {
        let times = sent.get(&message).copied().unwrap_or(0);
        assert!(
            count <= times,
            "taken {count} times, sent {times} times: {message:?}"
        );
    }
    for (mailbox, &last) in &acknowledged {
        assert!(
            got[mailbox] >= last,
            "acknowledged and never taken: {mailbox}"
        );
    }
    let there = senders
        .iter()
        .filter(|(mailbox, _)| !deleted.contains(mailbox));
    judged.waiting = there
        .map(|(mailbox, all)| all.len() - acknowledged.get(mailbox).copied().unwrap_or(0) as usize)
        .sum();
    let told = server.texts("waiting");
    assert_eq!(told.last().unwrap(), &judged.waiting.to_string());
    if lab.path("out/verdicts.csv").exists() {
        let verdicts = lab.table("out/verdicts.csv");
        let check = verdicts.only("name", "chat.delivery").only("run", "1");
        assert_eq!(check.texts("verdict"), ["passed"]);
        let Judged {
            accepted,
            got,
            waiting,
            ..
        } = judged;
        let told = format!("{accepted} sent, {got} taken, {waiting} queued");
        assert_eq!(check.texts("measured"), [told]);
    }
    judged
}

const ANNA: [&str; 10] = [
    "created",
    "logged in",
    "anna ben",
    "queued",
    "queued",
    "ben: here I am",
    "delivered",
    "queued",
    "ben: my train went through a tunnel",
    "deleted",
];

const BEN: [&str; 9] = [
    "created",
    "logged in, 2 messages waiting",
    "anna: are you there?",
    "anna: call me when you are",
    "delivered",
    "anna: good to see you",
    "anna: still there?",
    "delivered",
    "error: `anna`: no account has this name",
];

#[test]
fn two_friends_see_everything_once() {
    let lab = run("chat-friends", &[]);
    assert_eq!(printed(&lab, "anna"), ANNA);
    assert_eq!(printed(&lab, "ben")[..9], BEN);
    assert_eq!(printed(&lab, "ben")[9..], ["ben"]);
    let judged = judge(&lab);
    assert_eq!((judged.accepted, judged.got, judged.waiting), (6, 6, 0));
}

#[test]
fn two_friends_see_the_same_messages_in_real_time() {
    let lab = run("chat-friends", &["--time", "real", "--set", "speed=5.0"]);
    let messages = |lines: Vec<String>, from: &str| -> Vec<String> {
        let theirs = lines.into_iter().filter(|it| it.starts_with(from));
        theirs.collect()
    };
    // How the rest falls out is a matter of time: on a busy machine, Ben's last one may come, too.
    let from_ben = messages(printed(&lab, "anna"), "ben: ");
    assert_eq!(from_ben[..2], [ANNA[5], ANNA[8]]);
    let from_anna = messages(printed(&lab, "ben"), "anna: ");
    assert_eq!(from_anna, [BEN[2], BEN[3], BEN[5], BEN[6]]);
    assert!(judge(&lab).got >= 6);
}

#[test]
fn hundreds_of_users_come_and_go_and_no_message_is_lost_or_shown_twice() {
    let lab = run("chat-random", &[]);
    let judged = judge(&lab);
    assert!(judged.accepted > 10_000, "{judged:?}");
    assert!(judged.got > 10_000 && judged.deleted > 200, "{judged:?}");
    let server = lab.table("out/runs/0001/server.csv");
    let times = |event: &str| server.only("event", event).rows.len();
    assert!(times("disconnect") > 300 && times("left") > 1000);
}

#[test]
fn users_in_real_time_lose_nothing_either() {
    let more = [
        "--time",
        "real",
        "--set",
        "speed=10.0",
        "--set",
        "nodes.user.count=40",
    ];
    let lab = run("chat-random", &[&more[..], &["--duration", "40s"]].concat());
    let judged = judge(&lab);
    assert!(judged.got > 300 && judged.deleted > 2, "{judged:?}");
}

#[test]
fn over_lossy_links_each_message_comes_once_and_in_order() {
    for order in ["fifo", "any"] {
        for loss in ["0.1", "0.3"] {
            let more = [
                format!("links.0.loss={loss}"),
                format!("links.0.order=\"{order}\""),
            ];
            let lab = run("chat-lossy", &["--set", &more[0], "--set", &more[1]]);
            let judged = judge(&lab);
            assert!(judged.lost > 1000 && judged.retries > 500, "{judged:?}");
            assert!(judged.got > 500, "{judged:?}");
        }
    }
}

#[test]
fn what_was_lost_on_the_way_arrives_in_the_end() {
    // Nobody leaves; when all have done their things there is time to catch up.
    let quiet = "nodes.user.config.weights={send=9, list=1, receive=0, logout=0, drop=0, delete=0}";
    let lab = run("chat-lossy", &["--set", quiet, "--duration", "300s"]);
    let judged = judge(&lab);
    assert!(judged.lost > 1000, "{judged:?}");
    assert!(judged.accepted > 2000, "{judged:?}");
    assert_eq!((judged.got, judged.waiting), (judged.accepted, 0));
}

#[test]
fn a_user_that_forgets_what_it_took_is_caught() {
    // Two users of one account, and acknowledgements that take a second: the newer login gets
    // the message again that the older one took.
    let scenario = "name = \"twice\"\nduration = \"10s\"\n\
         [nodes.server]\nbehavior = \"chat.server\"\n\
         [nodes.anna]\nbehavior = \"chat.client\"\n[nodes.anna.config]\n\
         script = [\"create anna\", \"login anna\", \"send anna hi\"]\n\
         [nodes.other]\nbehavior = \"chat.client\"\n[nodes.other.config]\n\
         script = [\"wait 2100ms\", \"login anna\"]\n\
         [[links]]\nfrom = \"anna\"\nto = \"server\"\nlatency = \"500ms\"\n\
         [[links]]\nfrom = \"server\"\nto = \"anna\"\n\
         [[links]]\nbetween = [\"other\", \"server\"]\n\
         [[check]]\ncheck = \"chat.delivery\"\n";
    let lab = Lab::with(scenario);
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(1)
        .says(&["check `chat.delivery` failed: a user took message 1 from anna after message 1"])
        .says(&["twice, or out of order"]);
    let proof = lab.table("out/evidence.csv");
    assert_eq!(proof.texts("node"), ["anna", "other"]);
    assert_eq!(proof.texts("event"), ["got", "got"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in ["chat-friends", "chat-lossy"] {
        let logs = |lab: &Lab| lab.files("out/runs");
        assert_eq!(logs(&run(name, &[])), logs(&run(name, &[])), "{name}");
    }
}

/// A chat server in real time that listens, with more about it.
fn listening(more: &str) -> String {
    format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"chat.server\"\n{more}\n{}\
         max_message = \"8KiB\"\n",
        listen("server", "u32be")
    )
}

#[test]
fn a_client_in_python_written_from_the_specification_chats() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "everything"]);
    assert_eq!(client.ends_well(), "everything as specified\n");
    live.stop();
}

#[test]
fn bad_frames_are_answered_and_harm_nobody_else() {
    crate::harness::needs_python!();
    let mut live = Live::start(&listening("config = { max_waiting = 3 }"));
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "bad-input"]);
    assert_eq!(client.ends_well(), "still served\n");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    let refused = log.only("event", "refused");
    let codes: BTreeSet<&str> = refused.texts("code").into_iter().collect();
    let told = |code: u8| codes.contains(&*code.to_string());
    for code in (1..=10).chain([12, 13]) {
        assert!(told(code), "no error {code} in {codes:?}");
    }
}

#[test]
fn datagrams_may_be_lost_and_come_twice() {
    crate::harness::needs_python!();
    let scenario = "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"chat.server\"\n\
         [[nodes.server.listen]]\nudp = \"127.0.0.1:0\"\n";
    let mut live = Live::start(scenario);
    let address = live.address("server");
    let mut client = python(&["chat_client.py", &address, "datagrams"]);
    assert_eq!(client.ends_well(), "once\n");
    live.stop();
}

/// The terminal client's executable, built if it is not there yet.
fn chatclient() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let runner = PathBuf::from(env!("CARGO_BIN_EXE_runner"));
        let folder = runner.parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let answer = Command::new(cargo)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["build", "--quiet", "--offline", "-p", "chatclient"])
            .args(["--profile", profile])
            .env("CARGO_TARGET_DIR", folder.parent().unwrap())
            .status();
        assert!(answer.unwrap().success());
        folder.join("chatclient")
    });
    built.clone()
}

/// Somebody at a terminal.
fn person(live: &Live, name: &str, address: &str) -> Beside {
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let mut person = Beside::start(command.args([name, "--address", address]));
    person.told("logged in");
    person
}

#[test]
fn people_chat_at_terminals() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut anna = person(&live, "anna", &address);
    let mut ben = person(&live, "ben", &address);
    anna.types("list");
    assert_eq!(anna.told("anna"), " ben");
    anna.types("send ben how are you?");
    anna.told("delivered");
    assert_eq!(ben.told("anna: "), "how are you?");
    ben.types("sing");
    assert!(
        ben.told("error: ")
            .starts_with("`sing` is no command; there are create")
    );
    ben.types("logout");
    ben.told("logged out");
    anna.types("send ben gone?");
    anna.told("queued");
    anna.types("send nobody hi");
    assert_eq!(anna.told("error: "), "`nobody`: no account has this name");
    ben.types("login ben");
    ben.told("logged in, 1 message waiting");
    assert_eq!(ben.told("anna: "), "gone?");
    // Somebody else at another terminal, as Ben.
    let mut other = person(&live, "ben", &address);
    ben.told("logged in elsewhere");
    other.types("delete");
    other.told("deleted");
    for mut it in [anna, ben, other] {
        it.types("quit");
        it.ends_well();
    }
    live.stop();
}

#[test]
fn input_that_ends_is_answered_to_the_end() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let input = live.lab.write(
        "input",
        "create anna\nlogin anna\nsend anna hi\n\nlist x*\nlogout\ndelete\n",
    );
    let input = std::fs::File::open(input).unwrap();
    let command = command.args(["--address", &address]).stdin(input);
    let answer = live.lab.answer(command).passes();
    let lines: Vec<&str> = answer.out.lines().collect();
    let expected = [
        "created",
        "logged in",
        "delivered",
        "anna: hi",
        "no names",
        "logged out",
        "error: not logged in",
    ];
    assert_eq!(lines, expected);
    live.stop();
    let mut command = live.lab.program(chatclient().to_str().unwrap());
    let alone = live.lab.answer(command.args(["--address", &address]));
    alone.ends(1).says(&[
        "error: no chat server at",
        "runner scenarios/chat-listen.toml",
    ]);
}

#[test]
fn whoever_is_cut_off_comes_back_by_itself() {
    let mut live = Live::start(&listening(""));
    let address = live.address("server");
    let mut anna = person(&live, "anna", &address);
    // Another server in its place, at the same address: everything is forgotten.
    live.stop();
    anna.told("connection lost");
    let at = listening("").replace("127.0.0.1:0", &address);
    let mut live = Live::start(&at);
    anna.told("connected again");
    anna.told("logged out: no account has this name");
    anna.types("create anna");
    anna.told("created");
    anna.types("quit");
    anna.ends_well();
    live.stop();
}

#[test]
fn mistakes_in_a_script_have_their_place() {
    let lab = Lab::with(
        "name = \"wrong\"\n[nodes.server]\nbehavior = \"chat.server\"\nconfig = { windw = 1 }\n\
         [nodes.anna]\nbehavior = \"chat.client\"\n[nodes.anna.config]\n\
         script = [\n  \"login anna\",\n  \"sned ben hi\",\n]\n",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:4:", "did you mean `window`?"])
        .says(&[
            "scenario.toml:10:",
            "`sned` is no command; there are create, login",
        ]);
}
