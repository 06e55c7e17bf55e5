//! Clients of a lottery, a store and a chat server, written from their protocols alone. Each knows
//! what was acknowledged to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::harness::Table;

/// A client that sends requests until its server is killed, and goes on with the next server.
pub trait Client: Send {
    /// Begins on a new connection.
    fn begin(&mut self, connection: &mut TcpStream) -> Result<()>;
    /// Sends a request, and waits until it is acknowledged.
    fn request(&mut self, connection: &mut TcpStream) -> Result<()>;
}

fn read(connection: &mut TcpStream, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    connection.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// An agency that hands in single bets.
pub struct Gambler {
    agency: u64,
    /// Number of bets that are acknowledged. The next bet may be stored, too.
    acknowledged: u64,
}

impl Gambler {
    pub fn new(agency: u64) -> Gambler {
        Gambler {
            agency,
            acknowledged: 0,
        }
    }

    fn document(&self, bet: u64) -> String {
        (self.agency * 1_000_000 + bet).to_string()
    }
}

impl Client for Gambler {
    fn begin(&mut self, _: &mut TcpStream) -> Result<()> {
        Ok(())
    }

    fn request(&mut self, connection: &mut TcpStream) -> Result<()> {
        let agency = self.agency.to_string();
        let document = self.document(self.acknowledged + 1);
        let mut payload = Vec::new();
        for field in [&agency, "Ana", "Ruiz", &document, "1980-02-29", "7"] {
            payload.extend_from_slice(&(field.len() as u32).to_be_bytes());
            payload.extend_from_slice(field.as_bytes());
        }
        let mut frame = (payload.len() as u32).to_be_bytes().to_vec();
        frame.push(b'B');
        frame.extend_from_slice(&payload);
        connection.write_all(&frame)?;
        let head = read(connection, 5)?;
        let reply = read(connection, number(&head[..4]) as usize)?;
        assert_eq!(head[4], b'0', "{}", String::from_utf8_lossy(&reply));
        self.acknowledged += 1;
        Ok(())
    }
}

/// Each acknowledged bet is in the file once, and no bet is in it twice.
pub fn check_bets(address: &str, files: &Path, agencies: &[Gambler]) {
    // The central has recovered its files once it replies: it is not time for winners.
    let mut connection = TcpStream::connect(address).unwrap();
    let question = b"\0\0\0\x05Q\0\0\0\x011";
    connection.write_all(question).unwrap();
    assert_eq!(read(&mut connection, 5).unwrap(), b"\0\0\0\0Q");
    let text = fs::read_to_string(files.join("bets.csv")).unwrap();
    let table = Table::parse(&format!("agency,first,last,document,birth,number\n{text}"));
    let documents = table.texts("document");
    let stored: BTreeSet<&str> = documents.iter().copied().collect();
    assert_eq!(stored.len(), documents.len(), "a bet is stored twice");
    let mut expected = 0;
    for agency in agencies {
        for bet in 1..=agency.acknowledged {
            let document = agency.document(bet);
            assert!(stored.contains(&*document), "bet {document} is lost");
        }
        let next = agency.document(agency.acknowledged + 1);
        expected += agency.acknowledged + u64::from(stored.contains(&*next));
    }
    assert_eq!(stored.len() as u64, expected, "bets that nobody handed in");
}

/// A client that sets its own keys, one after the other.
pub struct Keeper {
    id: u64,
    /// Number of sets that are acknowledged.
    acknowledged: u64,
}

/// Number of keys of a client.
const KEYS: u64 = 20;

impl Keeper {
    pub fn new(id: u64) -> Keeper {
        Keeper {
            id,
            acknowledged: 0,
        }
    }

    fn key(&self, set: u64) -> String {
        format!("client-{}-{}", self.id, set % KEYS)
    }
}

/// Sends a command and returns its reply, both with a length of ten decimal digits.
fn command(connection: &mut TcpStream, command: &str) -> Result<String> {
    connection.write_all(format!("{:<10}{command}", command.len()).as_bytes())?;
    let head = read(connection, 10)?;
    let size = String::from_utf8_lossy(&head).trim().parse().unwrap();
    Ok(String::from_utf8(read(connection, size)?).unwrap())
}

impl Client for Keeper {
    fn begin(&mut self, _: &mut TcpStream) -> Result<()> {
        Ok(())
    }

    fn request(&mut self, connection: &mut TcpStream) -> Result<()> {
        let set = self.acknowledged + 1;
        let reply = command(connection, &format!("set {} {set}", self.key(set)))?;
        assert_eq!(reply, "ok");
        self.acknowledged = set;
        Ok(())
    }
}

/// Each key has the value of its last acknowledged set, or of the set that was under way.
pub fn check_keys(address: &str, clients: &[Keeper]) {
    let mut connection = TcpStream::connect(address).unwrap();
    for client in clients {
        let last = client.acknowledged;
        for set in (last + 1).saturating_sub(KEYS).max(1)..=last {
            let key = client.key(set);
            let value = command(&mut connection, &format!("get {key}")).unwrap();
            let under_way = key == client.key(last + 1) && value == (last + 1).to_string();
            assert!(
                under_way || value == set.to_string(),
                "{key}: {value}, set {set}"
            );
        }
    }
}

/// A frame of the chat protocol: a type and its fields.
fn frame(connection: &mut TcpStream, kind: u8, fields: &[&[u8]]) -> Result<()> {
    let fields = fields.concat();
    let mut bytes = (fields.len() as u32 + 2).to_be_bytes().to_vec();
    bytes.extend_from_slice(&[1, kind]);
    bytes.extend_from_slice(&fields);
    connection.write_all(&bytes)
}

/// The next frame from a chat server: its type, and its fields.
fn answer(connection: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let size = number(&read(connection, 4)?) as usize;
    let bytes = read(connection, size)?;
    Ok((bytes[1], bytes[2..].to_vec()))
}

fn name(name: &str) -> Vec<u8> {
    [&[name.len() as u8], name.as_bytes()].concat()
}

/// Creates an account, which may exist, and logs in; returns the fields of the reply after the
/// request's number: mailbox, last number, acknowledged, and the number of waiting messages.
fn log_in(connection: &mut TcpStream, account: &str) -> Result<[u64; 4]> {
    frame(connection, 2, &[&1u32.to_be_bytes(), &name(account)])?;
    let (kind, fields) = answer(connection)?;
    assert!(
        kind == 0x80 || kind == 0xff && fields[4] == 8,
        "{kind} {fields:?}"
    );
    frame(connection, 3, &[&2u32.to_be_bytes(), &name(account)])?;
    let (kind, fields) = answer(connection)?;
    assert_eq!(kind, 0x83, "{fields:?}");
    Ok([4..12, 12..20, 20..28, 28..32].map(|at| number(&fields[at])))
}

/// A user that writes to an account that is not logged in.
pub struct Chatter {
    account: String,
    /// The number of the last message that is acknowledged.
    acknowledged: u64,
    /// The number of the last request on this connection.
    request: u32,
}

/// The account to which all write.
const BOX: &str = "box";

impl Chatter {
    pub fn new(id: u64) -> Chatter {
        Chatter {
            account: format!("user-{id}"),
            acknowledged: 0,
            request: 0,
        }
    }
}

impl Client for Chatter {
    fn begin(&mut self, connection: &mut TcpStream) -> Result<()> {
        let [_, last, ..] = log_in(connection, &self.account)?;
        let known = self.acknowledged;
        assert!(last == known || last == known + 1, "{last} after {known}");
        (self.acknowledged, self.request) = (last, 2);
        Ok(())
    }

    fn request(&mut self, connection: &mut TcpStream) -> Result<()> {
        let next = self.acknowledged + 1;
        self.request += 1;
        let text = format!("{} {next}", self.account);
        let size = (text.len() as u16).to_be_bytes();
        frame(
            connection,
            6,
            &[
                &self.request.to_be_bytes(),
                &next.to_be_bytes(),
                &name(BOX),
                &size,
                text.as_bytes(),
            ],
        )?;
        let (kind, fields) = answer(connection)?;
        assert_eq!(kind, 0x86, "{fields:?}");
        self.acknowledged = next;
        Ok(())
    }
}

/// What has arrived in the mailbox: the text of each message by its id.
pub type Mailbox = BTreeMap<u64, String>;

/// A mailbox without messages.
pub fn chat_box() -> Mailbox {
    Mailbox::new()
}

/// Takes all messages that wait. Each acknowledged message is there, once, with the ids in order.
pub fn check_box(mailbox: &mut Mailbox, address: &str, clients: &[Chatter]) {
    let mut connection = TcpStream::connect(address).unwrap();
    let [number_of_box, _, acknowledged, waiting] = log_in(&mut connection, BOX).unwrap();
    for expected in acknowledged + 1..=acknowledged + waiting {
        let (kind, fields) = answer(&mut connection).unwrap();
        assert_eq!((kind, number(&fields[8..16])), (0xc1, expected));
        let text = &fields[17 + usize::from(fields[16]) + 2..];
        let text = String::from_utf8(text.to_vec()).unwrap();
        // A message may come again if its acknowledgement was lost with the server.
        let before = mailbox.insert(expected, text.clone());
        assert!(
            before.is_none_or(|before| before == text),
            "{expected}: {text}"
        );
        let ids = [number_of_box.to_be_bytes(), expected.to_be_bytes()];
        frame(&mut connection, 0x41, &[&ids.concat()]).unwrap();
    }
    let last = mailbox.last_key_value().map_or(0, |(id, _)| *id);
    assert_eq!(last, mailbox.len() as u64, "an id is missing");
    let texts: BTreeSet<&str> = mailbox.values().map(String::as_str).collect();
    assert_eq!(texts.len(), mailbox.len(), "a message was accepted twice");
    for client in clients {
        for message in 1..=client.acknowledged {
            let text = format!("{} {message}", client.account);
            assert!(texts.contains(&*text), "message {text} is lost");
        }
    }
}
