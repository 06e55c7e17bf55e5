//! A message between a node and an external client or program that is not delivered is a
//! `drop` row: each sent message is received, dropped or in flight.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::harness::{Lab, Table};
use crate::real_live::{Live, echo_server};
use crate::waiting::{PATIENCE, until};

/// An echo client with this config, and a program at this address.
fn client_and(config: &str, address: &str) -> Live {
    Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\nconfig = {{ {config} }}\n\
         [nodes.other]\nexternal = \"{address}\n"
    ))
}

/// The log of a node.
fn log(live: &Live, node: &str) -> Table {
    live.lab.table(&format!("out/runs/0001/{node}.csv"))
}

/// A metric of a node in the summary of the one run.
fn measured(lab: &Lab, node: &str, metric: &str) -> String {
    let summary = lab.table("out/summary.csv").only("node", node);
    summary.texts(metric)[0].to_owned()
}

/// The cells of a column in all `drop` rows.
fn drops(log: &Table, column: &str) -> Vec<String> {
    let drops = log.only("event", "drop");
    drops.texts(column).into_iter().map(str::to_owned).collect()
}

/// The bytes that a connection of the listener at `address` has received from `peer`, and
/// that the runner has not read yet.
fn unread(address: &str, peer: &str) -> u32 {
    let port = |address: &str| -> String {
        let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
        format!(":{port:04X}")
    };
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row[1].ends_with(&port(address)) && row[2].ends_with(&port(peer)));
    // Before the connection is in the table, nothing is read.
    row.map_or(u32::MAX, |row| {
        let (_, received) = row[4].split_once(':').unwrap();
        u32::from_str_radix(received, 16).unwrap()
    })
}

#[test]
fn a_reply_that_a_client_has_not_read_at_the_end_of_the_run_is_dropped() {
    let size = 60_000_000;
    let mut live = Live::start(&echo_server("decimal10", "max_message = \"64MB\""));
    let mut client = TcpStream::connect(live.address("server")).unwrap();
    client.write_all(format!("{size:>10}").as_bytes()).unwrap();
    client.write_all(&vec![7; size]).unwrap();
    // The reply has begun, and no system buffers 60 MB of it.
    client.read_exact(&mut [0; 1000]).unwrap();
    live.stop();
    let log = log(&live, "server");
    let peer = client.local_addr().unwrap().to_string();
    assert_eq!(log.only("event", "send").texts("message"), ["1"]);
    assert_eq!(drops(&log, "peer"), [peer]);
    assert_eq!(drops(&log, "message"), ["1"]);
    assert_eq!(drops(&log, "bytes"), [size.to_string()]);
    assert_eq!(measured(&live.lab, "server", "dropped"), "1");
}

#[test]
fn a_reply_to_a_client_that_has_closed_is_dropped() {
    let mut live = Live::start(&echo_server("line", "").replace(
        "behavior = \"echo.server\"",
        "behavior = \"echo.server\"\nservice_time = \"1s\"",
    ));
    let address = live.address("server");
    let mut client = TcpStream::connect(&address).unwrap();
    client.write_all(b"a\nb\n").unwrap();
    let peer = client.local_addr().unwrap().to_string();
    until("the node has read both", || unread(&address, &peer) == 0);
    // The client closes with a reset, before the node has handled the first message.
    set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    drop(client);
    // The node handles messages in turn: after this one, it has handled the others.
    let mut other = TcpStream::connect(&address).unwrap();
    other.write_all(b"c\n").unwrap();
    assert_eq!(other.read(&mut [0; 10]).unwrap(), 2);
    live.stop();
    let log = log(&live, "server").only("peer", &peer);
    assert_eq!(log.only("event", "receive").texts("message"), ["1", "2"]);
    let sent = log.only("event", "send");
    assert_eq!(sent.rows.len(), 2);
    assert_eq!(drops(&log, "message"), sent.texts("message"));
    assert_eq!(measured(&live.lab, "server", "dropped"), "2");
}

#[test]
fn a_datagram_beyond_the_limit_is_dropped_and_counted() {
    let scenario = "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
        [[nodes.server.listen]]\nudp = \"127.0.0.1:0\"\nmax_message = \"100B\"\n";
    let mut live = Live::start(scenario);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(live.address("server")).unwrap();
    // Already the first datagram of this client is too long.
    for size in [101, 100, 40_000, 1] {
        socket.send(&vec![b'x'; size]).unwrap();
    }
    let mut buffer = [0; 1000];
    let replies = [(); 2].map(|()| socket.recv(&mut buffer).unwrap());
    assert_eq!(replies, [100, 1]);
    live.stop();
    let log = log(&live, "server");
    let peer = socket.local_addr().unwrap().to_string();
    assert_eq!(drops(&log, "peer"), [peer.clone(), peer]);
    assert_eq!(drops(&log, "message"), ["1", "3"]);
    assert_eq!(drops(&log, "bytes"), ["101", "40000"]);
    assert_eq!(
        log.only("event", "receive").texts("message"),
        ["2", "4"],
        "the numbers of the sender continue"
    );
    assert_eq!(measured(&live.lab, "server", "dropped"), "2");
}

#[test]
fn a_message_to_a_program_that_has_ended_is_dropped_in_its_log() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut live = client_and(
        "texts = [\"a\"], timeout = \"2s\"",
        &format!("tcp://{address}\"\nframing = \"line\""),
    );
    // The program accepts a connection, reads one message, and then closes for good.
    let (mut connection, _) = listener.accept().unwrap();
    drop(listener);
    assert_eq!(connection.read(&mut [0; 10]).unwrap(), 2);
    drop(connection);
    until("a message is dropped", || {
        let log = live.lab.path("out/runs/0001.partial/other.csv");
        fs::read_to_string(log).is_ok_and(|log| log.contains(",drop,"))
    });
    live.stop();
    let sent = log(&live, "client").only("event", "send");
    let other = log(&live, "other");
    let dropped = drops(&other, "message");
    assert!(!dropped.is_empty());
    let numbers = sent.texts("message");
    assert_eq!(dropped[..], numbers[1..], "all but the first");
    assert!(drops(&other, "peer").iter().all(|peer| peer == "client"));
    let count = dropped.len().to_string();
    assert_eq!(measured(&live.lab, "other", "dropped"), count);
    assert_eq!(measured(&live.lab, "other", "received"), "");
}

#[test]
fn a_message_that_the_framing_cannot_carry_is_dropped_and_reported_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut live = client_and(
        "texts = [\"two\\nlines\"], repeat = 5, window = 5",
        &format!("tcp://{address}\"\nframing = \"line\""),
    );
    until("the messages are dropped", || {
        let log = live.lab.path("out/runs/0001.partial/other.csv");
        fs::read_to_string(log).is_ok_and(|log| log.matches(",drop,").count() == 5)
    });
    let answer = live.stop();
    let text = "client sends other messages that its framing cannot express: a `line` message holds a newline";
    assert_eq!((answer.out + &answer.err).matches(text).count(), 1);
    let dropped = drops(&log(&live, "other"), "message");
    assert_eq!(dropped, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_datagram_of_a_program_beyond_the_limit_is_dropped() {
    let program = UdpSocket::bind("127.0.0.1:0").unwrap();
    program.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = program.local_addr().unwrap();
    let mut live = client_and(
        "texts = [\"a\"], timeout = \"60s\", stop = true",
        &format!("udp://{address}\"\nmax_message = \"100B\""),
    );
    let (_, from) = program.recv_from(&mut [0; 10]).unwrap();
    program.send_to(&[b'a'; 101], from).unwrap();
    program.send_to(b"a", from).unwrap();
    live.end().ends(0);
    let log = log(&live, "client");
    assert_eq!(drops(&log, "peer"), ["other"]);
    assert_eq!(drops(&log, "bytes"), ["101"]);
    assert_eq!(log.only("event", "receive").texts("message"), ["2"]);
}
