//! Servers under attack: what thousands of clients send in part, or do not read, holds at
//! most `max_buffered`; a lack of descriptors is said once and over when others leave; a
//! connection that a node closed is not read; logs of a flood stay bounded; and through all
//! of it an honest client is served, and a signal ends the run.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use crate::harness::Lab;
use crate::real_live::{Live, PATIENCE, echo_server, until};

/// Size of `max_buffered` in these tests `[bytes]`.
const BUDGET: u64 = 8 << 20;

fn connect(address: &str) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

/// Sends a message over `u32be` and reads the same back.
#[track_caller]
fn is_served(client: &mut TcpStream, message: &[u8]) {
    let frame = [&(message.len() as u32).to_be_bytes(), message].concat();
    client.write_all(&frame).unwrap();
    let mut reply = vec![0; frame.len()];
    client.read_exact(&mut reply).unwrap();
    assert!(reply == frame, "another reply");
}

/// An echo server over `u32be` with this budget.
fn bounded(more: &str) -> Live {
    Live::start(&format!(
        "max_buffered = \"8MiB\"\n{}",
        echo_server("u32be", more)
    ))
}

/// Fails if the runner holds more memory than before, by more than `budgets` budgets and
/// two for the allocator.
#[track_caller]
fn stays_within(live: &Live, before: u64, budgets: u64) {
    let grown = live.memory().saturating_sub(before);
    assert!(grown < (2 + budgets) * BUDGET, "{grown} bytes more");
}

#[test]
fn messages_that_never_become_whole_hold_at_most_the_budget() {
    let mut live = bounded("");
    let address = live.address("server");
    let mut honest = connect(&address);
    is_served(&mut honest, b"before");
    let before = live.memory();
    // 60 clients of which each announces 2 MB, and sends half of them: 60 MB.
    let mut crowd = Vec::new();
    for _ in 0..60 {
        let mut client = connect(&address);
        client.write_all(&2_000_000_u32.to_be_bytes()).unwrap();
        // It may be closed meanwhile.
        let _ = client.write_all(&vec![7; 1_000_000]);
        is_served(&mut honest, b"meanwhile");
        stays_within(&live, before, 1);
        crowd.push(client);
    }
    is_served(&mut honest, &vec![9; 500_000]);
    live.runner.told("server | disconnected 127.0.0.1:");
    live.stop();
    let said = live.lab.read("out/runs/0001/server.log");
    assert!(
        said.contains("it held the most memory of all connections, "),
        "{said}"
    );
    assert!(
        said.contains("all may hold 8MiB (`max_buffered`)"),
        "{said}"
    );
    assert_eq!(
        said.matches("disconnected 127.0.0.1:").count(),
        10,
        "{said}"
    );
}

#[test]
fn replies_that_nobody_reads_hold_at_most_the_budget() {
    let mut live = bounded("");
    let address = live.address("server");
    let mut honest = connect(&address);
    is_served(&mut honest, b"before");
    let before = live.memory();
    let frame = [&500_000_u32.to_be_bytes()[..], &[7; 500_000]].concat();
    let mut crowd = Vec::new();
    for _ in 0..40 {
        let mut client = connect(&address);
        client
            .set_write_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        // Until the server does not read any more, or has closed the connection.
        while client.write_all(&frame).is_ok() {}
        is_served(&mut honest, b"meanwhile");
        stays_within(&live, before, 1);
        crowd.push(client);
    }
    live.stop();
    let account = live
        .lab
        .table("out/verdicts.csv")
        .only("judge", "conservation");
    assert_eq!(account.texts("verdict"), ["passed"]);
}

#[test]
fn small_requests_with_large_replies_hold_at_most_the_budget() {
    let mut live = Live::start(
        "name = \"live\"\ntime = \"real\"\nmax_buffered = \"8MiB\"\n\
         [nodes.store]\nbehavior = \"kv.server\"\n\
         [[nodes.store.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n",
    );
    let address = live.address("store");
    let mut honest = connect(&address);
    let value = "x".repeat(500_000);
    honest
        .write_all(format!("set big {value}\n").as_bytes())
        .unwrap();
    honest.read_exact(&mut [0; 3]).unwrap();
    let before = live.peak_memory();
    // 4000 requests of 8 bytes, in one segment; their replies have 2 GB.
    let mut client = connect(&address);
    client.write_all(&b"get big\n".repeat(4000)).unwrap();
    honest.write_all(b"get small\n").unwrap();
    honest.read_exact(&mut [0; 10]).unwrap();
    // The most that was ever held counts: it may be freed again at once.
    let grown = live.peak_memory() - before;
    assert!(grown < 3 * BUDGET, "{grown} bytes more");
    drop(client);
    live.stop();
}

#[test]
fn messages_that_wait_in_an_inbox_hold_at_most_the_budget_too() {
    let mut live = Live::start(
        "name = \"live\"\ntime = \"real\"\nmax_buffered = \"8MiB\"\n\
         [nodes.server]\nbehavior = \"echo.server\"\nservice_time = \"1h\"\n\
         [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"u32be\"\n\
         [[nodes.server.listen]]\nudp = \"127.0.0.1:0\"\n",
    );
    let (tcp, udp) = (live.address("server"), live.address("server"));
    let before = live.memory();
    let frame = [&500_000_u32.to_be_bytes()[..], &[7; 500_000]].concat();
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&tcp);
        let patience = Some(Duration::from_millis(20));
        client.set_write_timeout(patience).unwrap();
        for _ in 0..20 {
            if client.write_all(&frame).is_err() {
                break;
            }
        }
        crowd.push(client);
    }
    let source = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..2000 {
        source.send_to(&[7; 50_000], &udp).unwrap();
    }
    stays_within(&live, before, 2);
    live.stop();
}

#[test]
fn without_descriptors_clients_wait_and_are_served_as_others_leave() {
    let lab = Lab::with(&echo_server("u32be", ""));
    let shell = "ulimit -n 64; exec \"$0\" scenario.toml --no-report --out out";
    let runner = lab.command(&[]);
    let mut command = lab.program("sh");
    command.arg("-c").arg(shell).arg(runner.get_program());
    for (name, value) in runner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let errors = std::fs::File::create(lab.path("errors")).unwrap();
    let runner = crate::real_live::Beside::start(command.stderr(errors));
    let mut live = Live { lab, runner };
    let address = live.address("server");
    let mut first = connect(&address);
    is_served(&mut first, b"first");
    let mut crowd: Vec<TcpStream> = (0..200).map(|_| connect(&address)).collect();
    live.runner
        .told("server | clients wait until others leave: ");
    is_served(&mut first, b"served while others wait");
    let mut last = connect(&address);
    last.write_all(&[0, 0, 0, 2, b'h', b'i']).unwrap();
    crowd.clear();
    let mut reply = [0; 6];
    last.read_exact(&mut reply).unwrap();
    assert_eq!(reply, [0, 0, 0, 2, b'h', b'i']);
    // And again: it is not said a second time.
    let crowd: Vec<TcpStream> = (0..200).map(|_| connect(&address)).collect();
    is_served(&mut first, b"still served");
    drop(crowd);
    is_served(&mut connect(&address), b"another one");
    live.stop();
    let said = live.lab.read("out/runs/0001/server.log");
    assert_eq!(said.matches("clients wait").count(), 1, "{said}");
}

/// A frame of `typed-u32be` whose fields are these texts.
fn typed(kind: u8, fields: &[&str]) -> Vec<u8> {
    let mut payload = Vec::new();
    for field in fields {
        payload.extend((field.len() as u32).to_be_bytes());
        payload.extend(field.as_bytes());
    }
    let mut frame = (payload.len() as u32).to_be_bytes().to_vec();
    frame.push(kind);
    frame.append(&mut payload);
    frame
}

#[test]
fn the_lottery_reads_nothing_of_a_connection_that_it_closed() {
    for sync in [false, true] {
        let mut live = Live::start(&format!(
            "name = \"live\"\ntime = \"real\"\n[nodes.central]\nbehavior = \"lottery.central\"\n\
             config = {{ agencies = 2, sync = {sync} }}\n\
             [[nodes.central.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"typed-u32be\"\n"
        ));
        let mut client = connect(&live.address("central"));
        let bet = |agency, number| {
            typed(
                b'B',
                &[agency, "Ana", "Paz", "30904465", "1999-03-17", number],
            )
        };
        // In one segment: a bet, the end of agency 1, and what must not be read any more.
        let mut bytes = [bet("1", "1234"), typed(b'F', &["1"])].concat();
        bytes.extend(bet("2", "5678"));
        bytes.extend(typed(b'F', &["2"]));
        bytes.extend(b"garbage".repeat(1000));
        client.write_all(&bytes).unwrap();
        let mut reply = Vec::new();
        // A reset follows, since bytes are unread; the reply may be lost with it.
        let _ = client.read_to_end(&mut reply);
        live.stop();
        let bets = live.lab.read("out/runs/0001/bets.csv");
        assert!(bets.contains("1234") && !bets.contains("5678"), "{bets}");
        let log = live.lab.table("out/runs/0001/central.csv");
        let received = log.only("event", "receive").rows.len();
        assert_eq!(received, 2, "sync = {sync}");
        let said = live.lab.read("out/runs/0001/central.log");
        assert!(!said.contains("sorteo"), "{said}");
        // With `sync`, what comes in the same segment is read before the connection closes.
        assert!(sync || !said.contains("disconnected"), "{said}");
    }
}

#[test]
fn rows_of_a_flood_are_in_the_log_up_to_a_bound_and_counted_beyond_it() {
    let mut live = Live::start(
        "name = \"live\"\ntime = \"real\"\n[nodes.machine]\nbehavior = \"clock.machine\"\n\
         tick_rate = 200\nconfig = { encoding = \"text\" }\n\
         [[nodes.machine.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n",
    );
    let mut client = connect(&live.address("machine"));
    client.write_all(&b"x\n".repeat(120_000)).unwrap();
    // It is answered by the next tick after all before it.
    client.write_all(b"7\n").unwrap();
    let log = live.lab.path("out/runs/0001.partial/machine.csv");
    until("the last message is taken", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains(",receive,"))
    });
    let answer = live.stop();
    let log = live.lab.table("out/runs/0001/machine.csv");
    // The row of the connection, and drops.
    assert_eq!(log.only("event", "drop").rows.len(), 99_999);
    let said = "20002 rows `connect`, `disconnect` and `drop` of programs outside are not in the log of machine";
    answer.says(&[said]);
    let account = live
        .lab
        .table("out/verdicts.csv")
        .only("judge", "conservation");
    let measured = account.texts("measured")[0].to_owned();
    assert!(measured.contains("120000 dropped"), "{measured}");
}

#[test]
fn a_flood_of_small_messages_delays_neither_ticks_nor_the_end() {
    let mut live = Live::start(
        "name = \"live\"\ntime = \"real\"\n\
         [nodes.server]\nbehavior = \"echo.server\"\n\
         [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n\
         [nodes.machine]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 20\n\
         [[links]]\nbetween = [\"machine\", \"machine\"]\n",
    );
    let address = live.address("server");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flooders: Vec<_> = (0..4)
        .map(|_| {
            let (address, stop) = (address.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut client = connect(&address);
                let mut reader = client.try_clone().unwrap();
                std::thread::spawn(
                    move || while reader.read(&mut [0; 65536]).is_ok_and(|it| it > 0) {},
                );
                let flood = b"x\n".repeat(100_000);
                while !stop.load(std::sync::atomic::Ordering::Relaxed)
                    && client.write_all(&flood).is_ok()
                {}
            })
        })
        .collect();
    let log = live.lab.path("out/runs/0001.partial/machine-1.csv");
    until("the machine has ticked on", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.lines().count() > 40)
    });
    live.stop();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    flooders.into_iter().for_each(|it| it.join().unwrap());
    // What is received before deadlines and signals are looked at again has one time.
    let mut at_once = std::collections::BTreeMap::new();
    for row in &live
        .lab
        .table("out/runs/0001/server.csv")
        .only("event", "receive")
        .rows
    {
        *at_once.entry(row[0].clone()).or_insert(0) += 1;
    }
    let most = at_once.values().max().copied().unwrap_or_default();
    assert!((1..=4 * 2 * 256).contains(&most), "{most} messages at once");
}

#[test]
fn a_budget_that_is_too_small_is_a_mistake_with_its_place() {
    let server = echo_server("line", "max_message = \"2MiB\"");
    for (budget, says) in [
        ("1KiB", "scenario.toml:1:"),
        ("1MiB", "`max_message` is more than `max_buffered`, 1MiB"),
        ("0", "scenario.toml:1:"),
    ] {
        let lab = Lab::with(&format!("max_buffered = \"{budget}\"\n{server}"));
        let answer = lab.runner(&["check", "scenario.toml"]).ends(2);
        answer.says(&[says]);
    }
}
