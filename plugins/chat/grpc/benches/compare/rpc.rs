//! The service over gRPC: a server and a client.

use crate::caller::Caller;
use crate::counting::{Bytes, Counter, Counting};
use chat_grpc::ChatService;
use chat_grpc::proto::chat_client::ChatClient;
use chat_grpc::proto::chat_server::ChatServer;
use chat_grpc::proto::{
    AcknowledgeRequest, CreateRequest, Event, ListRequest, LoginRequest, LogoutRequest,
    SendRequest, event,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tonic::Streaming;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server, Uri};

// begin: the carrier
/// Starts a server at a free port. Returns its address.
pub async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder().add_service(ChatServer::new(ChatService::default()));
    tokio::spawn(server.serve_with_incoming(incoming));
    address
}
// end: the carrier

/// A client over gRPC.
pub struct Client {
    client: ChatClient<Channel>,
    counter: Counter,
    session: u64,
    number: u64,
    events: Option<Streaming<Event>>,
}

impl Client {
    async fn event(&mut self) -> Option<event::Event> {
        let events = self.events.as_mut().expect("logged in");
        events.message().await.expect("a stream")?.event
    }
}

impl Caller for Client {
    async fn new(address: &str) -> Client {
        let counter = Counter::default();
        let (socket, counted) = (address.to_owned(), counter.clone());
        let connector = tower::service_fn(move |_: Uri| {
            let (socket, counter) = (socket.clone(), counted.clone());
            async move { Counting::connect(&socket, counter).await.map(TokioIo::new) }
        });
        // Not the address: the size of the first request would depend on the port's digits.
        let endpoint = Endpoint::from_static("http://chat");
        let channel = endpoint.connect_with_connector(connector).await;
        Client {
            client: ChatClient::new(channel.expect("a connection")),
            counter,
            session: 0,
            number: 0,
            events: None,
        }
    }

    async fn create(&mut self, name: &str) {
        let name = name.to_owned();
        self.client
            .create(CreateRequest { name })
            .await
            .expect("created");
    }

    async fn login(&mut self, name: &str) {
        let name = name.to_owned();
        let events = self
            .client
            .login(LoginRequest { name })
            .await
            .expect("logged in");
        self.events = Some(events.into_inner());
        match self.event().await {
            Some(event::Event::LoggedIn(it)) => self.session = it.session,
            other => panic!("not logged in: {other:?}"),
        }
    }

    async fn logout(&mut self) {
        let session = self.session;
        self.client
            .logout(LogoutRequest { session })
            .await
            .expect("logged out");
        assert!(self.event().await.is_none());
    }

    async fn list(&mut self, pattern: &str) -> usize {
        let (pattern, after) = (pattern.to_owned(), String::new());
        let request = ListRequest { pattern, after };
        let page = self.client.list(request).await.expect("a page");
        page.into_inner().names.len()
    }

    async fn send(&mut self, to: &str, text: &str) {
        self.number += 1;
        let request = SendRequest {
            session: self.session,
            to: to.to_owned(),
            number: self.number,
            text: text.to_owned(),
        };
        self.client.send(request).await.expect("sent");
    }

    async fn take(&mut self) -> String {
        let Some(event::Event::Message(message)) = self.event().await else {
            panic!("no message");
        };
        let (session, id) = (self.session, message.id);
        let request = AcknowledgeRequest { session, id };
        self.client
            .acknowledge(request)
            .await
            .expect("acknowledged");
        message.text
    }

    fn bytes(&self) -> Bytes {
        self.counter.bytes()
    }
}
