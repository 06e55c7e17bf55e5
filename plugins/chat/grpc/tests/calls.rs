//! The service over gRPC, called by a client on this machine.

use chat_grpc::proto::chat_client::ChatClient;
use chat_grpc::proto::event::Event::{LoggedIn, Message};
use chat_grpc::proto::{
    AcknowledgeRequest, CreateRequest, DeleteRequest, Event, ListRequest, LoginRequest,
    LogoutRequest, SendRequest,
};
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

/// Starts a service. Returns its address.
async fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(chat_grpc::serve(listener, std::future::pending(), |_| {}));
    format!("http://{address}")
}

struct User {
    client: ChatClient<Channel>,
    session: u64,
    events: Option<Streaming<Event>>,
}

impl User {
    async fn new(address: &str) -> User {
        User {
            client: ChatClient::connect(address.to_owned()).await.unwrap(),
            session: 0,
            events: None,
        }
    }

    /// A user with an account and a login.
    async fn named(address: &str, name: &str) -> User {
        let mut user = User::new(address).await;
        user.create(name).await.unwrap();
        user.login(name).await.unwrap();
        user
    }

    async fn create(&mut self, name: &str) -> Result<(), Status> {
        let name = name.to_owned();
        self.client.create(CreateRequest { name }).await?;
        Ok(())
    }

    /// Logs in. Returns the number of waiting messages.
    async fn login(&mut self, name: &str) -> Result<u32, Status> {
        let name = name.to_owned();
        let answer = self.client.login(LoginRequest { name }).await?;
        let mut events = answer.into_inner();
        match events.message().await?.and_then(|it| it.event) {
            Some(LoggedIn(it)) => {
                self.session = it.session;
                self.events = Some(events);
                Ok(it.waiting)
            }
            other => panic!("not logged in first: {other:?}"),
        }
    }

    async fn send(&mut self, to: &str, number: u64) -> Result<bool, Status> {
        let request = SendRequest {
            session: self.session,
            to: to.to_owned(),
            number,
            text: format!("text {number}"),
        };
        Ok(self.client.send(request).await?.into_inner().delivered)
    }

    /// The next message as `id from text`; `None` at the end of the stream.
    async fn message(&mut self) -> Result<Option<String>, Status> {
        let event = self.events.as_mut().unwrap().message().await?;
        Ok(event.map(|it| match it.event {
            Some(Message(it)) => format!("{} {} {}", it.id, it.from, it.text),
            other => panic!("no message: {other:?}"),
        }))
    }

    async fn acknowledge(&mut self, id: u64) -> Result<(), Status> {
        let session = self.session;
        let request = AcknowledgeRequest { session, id };
        self.client.acknowledge(request).await.map(|_| ())
    }
}

fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

#[tokio::test]
async fn messages_are_sent_at_once_or_wait() {
    let address = service().await;
    let mut anna = User::named(&address, "anna").await;
    let mut ben = User::new(&address).await;
    ben.create("ben").await.unwrap();
    assert!(!anna.send("ben", 1).await.unwrap());
    assert_eq!(ben.login("ben").await.unwrap(), 1);
    assert_eq!(ben.message().await.unwrap().unwrap(), "1 anna text 1");
    assert!(anna.send("ben", 2).await.unwrap());
    assert_eq!(ben.message().await.unwrap().unwrap(), "2 anna text 2");
    ben.acknowledge(1).await.unwrap();
    // The end of the stream logs out; a message without an acknowledgement is sent again.
    ben.events = None;
    // Before the service knows of the end, it may still put a message into the stream.
    let mut number = 3;
    while anna.send("ben", number).await.unwrap() {
        number += 1;
    }
    assert_eq!(ben.login("ben").await.unwrap(), number as u32 - 1);
    for id in 2..=number {
        let expected = format!("{id} anna text {id}");
        assert_eq!(ben.message().await.unwrap().unwrap(), expected);
    }
}

#[tokio::test]
async fn lists_are_split_into_pages() {
    let address = service().await;
    let mut anna = User::new(&address).await;
    let name = |index: usize| format!("user-{index:03}");
    for index in 0..250 {
        anna.create(&name(index)).await.unwrap();
    }
    let mut names = Vec::new();
    loop {
        let request = ListRequest {
            pattern: "user-*".to_owned(),
            after: names.last().cloned().unwrap_or_default(),
        };
        let page = anna.client.list(request).await.unwrap().into_inner();
        names.extend(page.names);
        if !page.more {
            break;
        }
    }
    assert_eq!(names, (0..250).map(name).collect::<Vec<_>>());
}

#[tokio::test]
async fn accounts_are_deleted_and_logins_end() {
    let address = service().await;
    let mut anna = User::named(&address, "anna").await;
    anna.send("anna", 1).await.unwrap();
    assert_eq!(anna.message().await.unwrap().unwrap(), "1 anna text 1");
    let mut other = User::new(&address).await;
    assert_eq!(other.login("anna").await.unwrap(), 1);
    assert_eq!(code(anna.message().await), Code::Aborted);
    assert_eq!(code(anna.send("anna", 2).await), Code::Unauthenticated);
    let session = other.session;
    let gone = other
        .client
        .delete(DeleteRequest { session })
        .await
        .unwrap();
    assert_eq!(gone.into_inner().discarded, 1);
    assert_eq!(other.message().await.unwrap().unwrap(), "1 anna text 1");
    assert_eq!(other.message().await.unwrap(), None);
    anna.create("anna").await.unwrap();
    assert_eq!(anna.login("anna").await.unwrap(), 0);
    let session = anna.session;
    anna.client.logout(LogoutRequest { session }).await.unwrap();
    assert_eq!(anna.message().await.unwrap(), None);
}

#[tokio::test]
async fn refusals_have_their_codes_and_the_service_continues() {
    let address = service().await;
    let mut anna = User::named(&address, "anna").await;
    for name in ["", "a b", "a*", &"n".repeat(65)] {
        assert_eq!(code(anna.create(name).await), Code::InvalidArgument);
    }
    assert_eq!(code(anna.create("anna").await), Code::AlreadyExists);
    assert_eq!(code(anna.login("nobody").await), Code::NotFound);
    assert_eq!(code(anna.send("nobody", 1).await), Code::NotFound);
    assert_eq!(code(anna.send("anna", 0).await), Code::FailedPrecondition);
    anna.send("anna", 5).await.unwrap();
    assert_eq!(code(anna.send("anna", 5).await), Code::FailedPrecondition);
    anna.session += 100;
    assert_eq!(code(anna.send("anna", 6).await), Code::Unauthenticated);
    assert_eq!(code(anna.acknowledge(1).await), Code::Unauthenticated);
    let pattern = String::new();
    let request = ListRequest {
        pattern: pattern.clone(),
        after: pattern,
    };
    assert_eq!(code(anna.client.list(request).await), Code::InvalidArgument);
    anna.session -= 100;
    let request = SendRequest {
        session: anna.session,
        to: "anna".to_owned(),
        number: 7,
        text: "x".repeat(4097),
    };
    assert_eq!(code(anna.client.send(request).await), Code::InvalidArgument);
    anna.send("anna", 7).await.unwrap();
}
