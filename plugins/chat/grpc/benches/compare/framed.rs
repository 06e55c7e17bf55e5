//! The wire protocol over TCP: a server that transfers frames, and a client.

use crate::caller::Caller;
use crate::counting::{Bytes, Counter, Counting};
use chat_core::wire::{FromClient, FromServer, Reply, Request};
use chat_core::{Limits, Outbox, Server, Session};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

// begin: the carrier
struct Shared {
    server: Server,
    out: Outbox,
    writers: HashMap<Session, UnboundedSender<Vec<u8>>>,
}

/// Starts a server at a free port. Returns its address.
pub async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let shared = Arc::new(Mutex::new(Shared {
        server: Server::new(Limits::default()),
        out: Outbox::default(),
        writers: HashMap::new(),
    }));
    tokio::spawn(async move {
        let mut session = 0;
        while let Ok((stream, _)) = listener.accept().await {
            session += 1;
            tokio::spawn(talk(shared.clone(), session, stream));
        }
    });
    address
}

async fn talk(shared: Arc<Mutex<Shared>>, session: Session, stream: TcpStream) {
    stream.set_nodelay(true).expect("a socket");
    let (reader, mut writer) = stream.into_split();
    let (sender, mut frames) = unbounded_channel::<Vec<u8>>();
    shared
        .lock()
        .expect("unbroken")
        .writers
        .insert(session, sender);
    tokio::spawn(async move {
        while let Some(mut bytes) = frames.recv().await {
            while let Ok(more) = frames.try_recv() {
                bytes.extend(more);
            }
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    listen(&shared, session, reader).await;
    let mut shared = shared.lock().expect("unbroken");
    shared.writers.remove(&session);
    shared.server.forget(session);
}

async fn listen(shared: &Mutex<Shared>, session: Session, reader: OwnedReadHalf) {
    let mut reader = BufReader::new(reader);
    while let Some(frame) = read(&mut reader).await {
        let mut guard = shared.lock().expect("unbroken");
        let Shared {
            server,
            out,
            writers,
        } = &mut *guard;
        out.clear();
        server.frame(session, &frame, 1, out);
        for (to, frame) in out.iter() {
            if let Some(writer) = writers.get(&to) {
                let _ = writer.send(framed(frame));
            }
        }
    }
}

/// A frame after its length.
fn framed(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes(), frame].concat()
}

async fn read(reader: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = reader.read_u32().await.ok()? as usize;
    if length > chat_core::wire::MAX_FRAME {
        return None;
    }
    let mut frame = vec![0; length];
    reader.read_exact(&mut frame).await.ok()?;
    Some(frame)
}
// end: the carrier

/// A client over TCP.
pub struct Client {
    stream: BufReader<Counting>,
    counter: Counter,
    request: u32,
    mailbox: u64,
    number: u64,
    /// Messages that arrived before an expected reply.
    messages: VecDeque<(u64, String)>,
}

impl Client {
    async fn ask(&mut self, request: Request<'_>) -> Vec<u8> {
        self.request += 1;
        let mut frame = Vec::new();
        request.encode(self.request, &mut frame);
        let stream = self.stream.get_mut();
        stream.write_all(&framed(&frame)).await.expect("sent");
        loop {
            let frame = read(&mut self.stream).await.expect("an answer");
            if !self.keep(&frame) {
                return frame;
            }
        }
    }

    /// Stores a frame that is a message. Returns whether it is one.
    fn keep(&mut self, frame: &[u8]) -> bool {
        let is = FromServer::decode(frame);
        if let Ok(FromServer::Message { id, text, .. }) = is {
            self.messages.push_back((id, text.to_owned()));
            return true;
        }
        false
    }

    async fn done(&mut self, request: Request<'_>) {
        let frame = self.ask(request).await;
        let answer = FromServer::decode(&frame);
        assert!(
            matches!(answer, Ok(FromServer::Reply(_, Reply::Done))),
            "{answer:?}"
        );
    }
}

impl Caller for Client {
    async fn new(address: &str) -> Client {
        let counter = Counter::default();
        let stream = Counting::connect(address, counter.clone()).await;
        Client {
            stream: BufReader::new(stream.expect("a connection")),
            counter,
            request: 0,
            mailbox: 0,
            number: 0,
            messages: VecDeque::new(),
        }
    }

    async fn create(&mut self, name: &str) {
        self.done(Request::Create { name }).await;
    }

    async fn login(&mut self, name: &str) {
        let frame = self.ask(Request::Login { name }).await;
        match FromServer::decode(&frame) {
            Ok(FromServer::Reply(
                _,
                Reply::LoggedIn {
                    mailbox,
                    waiting: 0,
                    ..
                },
            )) => {
                self.mailbox = mailbox;
            }
            other => panic!("not logged in: {other:?}"),
        }
    }

    async fn logout(&mut self) {
        self.done(Request::Logout).await;
    }

    async fn list(&mut self, pattern: &str) -> usize {
        let after = "";
        let frame = self.ask(Request::List { pattern, after }).await;
        match FromServer::decode(&frame) {
            Ok(FromServer::Reply(_, Reply::Names { names, .. })) => names.len(),
            other => panic!("no names: {other:?}"),
        }
    }

    async fn send(&mut self, to: &str, text: &str) {
        self.number += 1;
        let number = self.number;
        let frame = self.ask(Request::Send { number, to, text }).await;
        let answer = FromServer::decode(&frame);
        assert!(
            matches!(answer, Ok(FromServer::Reply(_, Reply::Sent { .. }))),
            "{answer:?}"
        );
    }

    async fn take(&mut self) -> String {
        while self.messages.is_empty() {
            let frame = read(&mut self.stream).await.expect("a message");
            assert!(self.keep(&frame));
        }
        let (id, text) = self.messages.pop_front().expect("a message");
        let mailbox = self.mailbox;
        let mut frame = Vec::new();
        FromClient::Acknowledge { mailbox, id }.encode(&mut frame);
        let stream = self.stream.get_mut();
        stream.write_all(&framed(&frame)).await.expect("sent");
        text
    }

    fn bytes(&self) -> Bytes {
        self.counter.bytes()
    }
}
