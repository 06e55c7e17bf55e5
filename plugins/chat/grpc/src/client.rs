//! How the terminal client reaches the service: frames of the wire protocol as calls of gRPC.
//!
//! [`chat_core::Client`] delivers messages exactly once, also over a connection that breaks. It
//! is the same over gRPC: each of its requests is one call, and each reply, message and refusal
//! goes back as the frame that the wire protocol has for it. What gRPC has already needs no call:
//! a hello begins a session, and here a connection does.

use crate::proto::chat_client::ChatClient;
use crate::proto::{
    AcknowledgeRequest, CreateRequest, DeleteRequest, Event, ListRequest, LoginRequest,
    LogoutRequest, ReceiveRequest, SendRequest, event,
};
use crate::service::CODE;
use anyhow::{Context, Result};
use chat_core::Refusal;
use chat_core::wire::{FromClient, FromServer, Reply, Request};
use chatclient::{Connection, Incoming, Protocol};
use std::sync::mpsc::sync_channel;
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

/// A server that speaks gRPC.
#[derive(Clone, Debug)]
pub struct Grpc {
    address: String,
}

impl Grpc {
    /// A server at this address.
    pub fn new(address: &str) -> Grpc {
        Grpc {
            address: address.to_owned(),
        }
    }
}

/// An open connection: the frames that wait for their calls.
pub struct Frames(UnboundedSender<Vec<u8>>);

impl Connection for Frames {
    fn send(&mut self, frame: &[u8]) {
        let _ = self.0.send(frame.to_vec());
    }
}

impl Protocol for Grpc {
    type Connection = Frames;

    fn open(&self, incoming: impl FnMut(Incoming) + Send + 'static) -> Result<Frames> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address))
            .with_context(|| format!("`{}` is no HOST:PORT", self.address))?
            .tcp_nodelay(true);
        let (frames, requests) = unbounded_channel();
        let (opened, is_open) = sync_channel(1);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(error.into()))),
            };
            runtime.block_on(async {
                match endpoint.connect().await {
                    Ok(channel) => {
                        let _ = opened.send(Ok(()));
                        let mut calls = Calls::new(channel, incoming);
                        let reason = calls.run(requests).await;
                        (calls.incoming)(Incoming::Lost(reason));
                    }
                    Err(error) => drop(opened.send(Err(anyhow::Error::from(error)))),
                }
            });
        });
        is_open.recv()?.with_context(|| {
            let address = &self.address;
            format!("no chat server with gRPC at {address} (start one: cargo run -p chat-grpc)")
        })?;
        Ok(Frames(frames))
    }

    fn address(&self) -> &str {
        &self.address
    }
}

/// A login and its stream.
struct Login {
    name: String,
    session: u64,
    mailbox: u64,
    /// The events; `None` after the end of the stream.
    events: Option<Streaming<Event>>,
}

/// The calls of a connection, one after the other, and the events of its login.
struct Calls<F> {
    client: ChatClient<Channel>,
    login: Option<Login>,
    incoming: F,
}

impl<F: FnMut(Incoming)> Calls<F> {
    fn new(channel: Channel, incoming: F) -> Calls<F> {
        Calls {
            client: ChatClient::new(channel),
            login: None,
            incoming,
        }
    }

    /// Handles frames and events until the connection is lost or not needed any more. Returns the
    /// reason of a loss.
    async fn run(&mut self, mut requests: UnboundedReceiver<Vec<u8>>) -> Option<String> {
        loop {
            let done = tokio::select! {
                frame = requests.recv() => match frame {
                    Some(frame) => self.frame(&frame).await,
                    None => return None,
                },
                event = next_event(self.login.as_mut()) => self.event(event),
            };
            if let Err(status) = done {
                return Some(reason(&status));
            }
        }
    }

    /// Handles a frame of the client.
    ///
    /// # Errors
    /// If the server did not answer: the connection is lost.
    async fn frame(&mut self, frame: &[u8]) -> Result<(), Status> {
        match FromClient::decode(frame) {
            Ok(FromClient::Request(number, request)) => {
                let reply = match self.request(number, request).await {
                    Ok(frame) => frame,
                    Err(status) => refusal(number, &status).ok_or(status)?,
                };
                (self.incoming)(Incoming::Frame(reply));
            }
            Ok(FromClient::Acknowledge { mailbox, id }) => {
                if let Some(login) = self.login.as_ref().filter(|it| it.mailbox == mailbox) {
                    let session = login.session;
                    let request = AcknowledgeRequest { session, id };
                    match self.client.acknowledge(request).await {
                        // The login ended meanwhile; its stream says so.
                        Err(status) if status.code() != Code::Unauthenticated => {
                            return Err(status);
                        }
                        _ => {}
                    }
                }
            }
            Err(error) => return Err(Status::internal(error.what)),
        }
        Ok(())
    }

    /// Makes the call of a request. Returns the frame of the reply.
    async fn request(&mut self, number: u32, request: Request<'_>) -> Result<Vec<u8>, Status> {
        let session = self.login.as_ref().map_or(0, |it| it.session);
        Ok(match request {
            Request::Hello { .. } => {
                self.login = None;
                encoded(number, &Reply::Done)
            }
            Request::Create { name } => {
                let name = name.to_owned();
                self.client.create(CreateRequest { name }).await?;
                encoded(number, &Reply::Done)
            }
            Request::Login { name } => self.log_in(number, name).await?,
            Request::Logout => {
                self.client.logout(LogoutRequest { session }).await?;
                self.login = None;
                encoded(number, &Reply::Done)
            }
            Request::List { pattern, after } => {
                let (pattern, after) = (pattern.to_owned(), after.to_owned());
                let page = self.client.list(ListRequest { pattern, after }).await?;
                let page = page.into_inner();
                let names = page.names.iter().map(|name| &**name).collect();
                let more = page.more;
                encoded(number, &Reply::Names { more, names })
            }
            Request::Send {
                number: own,
                to,
                text,
            } => {
                let request = SendRequest {
                    session,
                    to: to.to_owned(),
                    number: own,
                    text: text.to_owned(),
                };
                let delivered = self.client.send(request).await?.into_inner().delivered;
                encoded(number, &Reply::Sent { delivered })
            }
            Request::Receive { id, .. } => {
                let request = ReceiveRequest { session, id };
                let count = self.client.receive(request).await?.into_inner().waiting;
                encoded(number, &Reply::Waiting { count })
            }
            Request::Delete => {
                let deleted = self.client.delete(DeleteRequest { session }).await?;
                self.login = None;
                let discarded = deleted.into_inner().discarded;
                encoded(number, &Reply::Deleted { discarded })
            }
        })
    }

    /// Logs in, and keeps the stream.
    async fn log_in(&mut self, number: u32, name: &str) -> Result<Vec<u8>, Status> {
        // A stream that has ended is no login.
        let is_open = |login: &&Login| login.events.is_some();
        if self
            .login
            .as_ref()
            .filter(is_open)
            .is_some_and(|it| it.name != name)
        {
            let refusal = Refusal::AlreadyLoggedIn;
            let (code, text) = (refusal.code(), refusal.to_string());
            return Ok(encoded(number, &Reply::Error { code, text: &text }));
        }
        self.login = None;
        let name = name.to_owned();
        let request = LoginRequest { name: name.clone() };
        let mut events = self.client.login(request).await?.into_inner();
        let Some(event::Event::LoggedIn(found)) = events.message().await?.and_then(|it| it.event)
        else {
            return Err(Status::internal(
                "the first event of a login is another one",
            ));
        };
        self.login = Some(Login {
            name,
            session: found.session,
            mailbox: found.mailbox,
            events: Some(events),
        });
        let reply = Reply::LoggedIn {
            mailbox: found.mailbox,
            last_number: found.last_number,
            acknowledged: found.acknowledged,
            waiting: found.waiting,
        };
        Ok(encoded(number, &reply))
    }

    /// Handles an event of the login.
    ///
    /// # Errors
    /// If the connection is lost.
    fn event(&mut self, event: Result<Option<Event>, Status>) -> Result<(), Status> {
        let Some(login) = &mut self.login else {
            return Ok(());
        };
        let mailbox = login.mailbox;
        let mut frame = Vec::new();
        match event {
            Ok(Some(Event {
                event: Some(event::Event::Message(message)),
            })) => FromServer::Message {
                mailbox,
                id: message.id,
                from: &message.from,
                text: &message.text,
            }
            .encode(&mut frame),
            Ok(Some(_)) => return Ok(()),
            // The end of the login, which the user asked for.
            Ok(None) => {
                login.events = None;
                return Ok(());
            }
            Err(status) if status.code() == Code::Aborted => {
                login.events = None;
                FromServer::Elsewhere { mailbox }.encode(&mut frame);
            }
            Err(status) => return Err(status),
        }
        (self.incoming)(Incoming::Frame(frame));
        Ok(())
    }
}

/// The next event of a login; waits forever without one.
async fn next_event(login: Option<&mut Login>) -> Result<Option<Event>, Status> {
    match login.and_then(|login| login.events.as_mut()) {
        Some(events) => events.message().await,
        None => std::future::pending().await,
    }
}

fn encoded(number: u32, reply: &Reply<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    reply.encode(number, &mut frame);
    frame
}

/// The frame of a refusal; `None` if the status is none of the service.
fn refusal(number: u32, status: &Status) -> Option<Vec<u8>> {
    let code = status.metadata().get(CODE)?.to_str().ok()?.parse().ok()?;
    let text = status.message();
    Some(encoded(number, &Reply::Error { code, text }))
}

/// Why a connection is lost, for a person.
fn reason(status: &Status) -> String {
    match status.message() {
        "" => status.code().to_string(),
        text => text.to_owned(),
    }
}
