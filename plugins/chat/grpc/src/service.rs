//! The calls of `chat.proto` on the service's state machine.
//!
//! One lock protects the state. Each call holds it for microseconds and does not wait meanwhile.
//! Pushes are put into the channel of their stream. The service limits the pushes
//! without an acknowledgement, and so the size of a channel.

use crate::proto::chat_server::Chat;
use crate::proto::{
    AcknowledgeReply, AcknowledgeRequest, CreateReply, CreateRequest, DeleteReply, DeleteRequest,
    Event, ListReply, ListRequest, LoggedIn, LoginRequest, LogoutReply, LogoutRequest, Message,
    ReceiveReply, ReceiveRequest, SendReply, SendRequest, event,
};
use crate::shutdown::{Closed, Report};
use chat_core::{Limits, Push, Pushes, Refusal, Service, Session};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::Stream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Response, Status};

/// The trailer with the code of a refusal.
pub(crate) const CODE: &str = "chat-code";

/// Maximum number of names in a page.
const PAGE: usize = 100;

/// The service. Its clones share one state.
#[derive(Clone)]
pub struct ChatService {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    service: Service,
    report: Report,
    /// In the order of their sessions, so that they are closed in this order.
    logins: BTreeMap<Session, Login>,
    /// The session number of the last login.
    last: Session,
}

struct Login {
    name: String,
    mailbox: u64,
    events: UnboundedSender<Result<Event, Status>>,
}

impl Shared {
    /// Sends pushes to their streams.
    fn push(&mut self, pushes: Pushes) {
        for (session, push) in pushes {
            let Some(login) = self.logins.get(&session) else {
                continue;
            };
            match push {
                Push::Message(delivery) => {
                    let message = event::Event::Message(Message {
                        id: delivery.id,
                        from: delivery.from.to_string(),
                        text: delivery.text.to_string(),
                    });
                    let event = Some(message);
                    // A closed stream logs its user out when it is dropped.
                    let _ = login.events.send(Ok(Event { event }));
                }
                Push::Elsewhere { .. } => {
                    let status = Status::aborted("logged in elsewhere");
                    let _ = login.events.send(Err(status));
                    self.logins.remove(&session);
                }
            }
        }
    }
}

/// The status of what is refused since the server ends.
fn stopping() -> Status {
    Status::unavailable("the server is stopping")
}

/// A refusal as a status of gRPC.
fn status(refusal: Refusal) -> Status {
    let code = match refusal {
        Refusal::BadName | Refusal::BadPattern | Refusal::TextTooLong => Code::InvalidArgument,
        Refusal::NameTaken => Code::AlreadyExists,
        Refusal::NoSuchAccount => Code::NotFound,
        Refusal::NotLoggedIn => Code::Unauthenticated,
        Refusal::MailboxFull | Refusal::ServiceFull => Code::ResourceExhausted,
        Refusal::AlreadyLoggedIn | Refusal::NumberUsed | Refusal::OldRequest => {
            Code::FailedPrecondition
        }
        Refusal::Malformed | Refusal::UnsupportedVersion | Refusal::UnknownType => Code::Internal,
    };
    let mut metadata = MetadataMap::new();
    metadata.insert(CODE, MetadataValue::from(u16::from(refusal.code())));
    Status::with_metadata(code, refusal.to_string(), metadata)
}

impl Default for ChatService {
    /// A service without accounts, which reports nothing at its end.
    fn default() -> ChatService {
        ChatService::new(Arc::new(|_| {}))
    }
}

impl ChatService {
    /// A service without accounts.
    pub(crate) fn new(report: Report) -> ChatService {
        let shared = Shared {
            service: Service::new(Limits::default()),
            report,
            logins: BTreeMap::new(),
            last: 0,
        };
        ChatService {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Ends all logins; there are no new ones. Returns the numbers of accounts and of messages
    /// that wait.
    pub(crate) fn close(&self) -> (usize, usize) {
        let mut shared = self.lock();
        shared.last = Session::MAX;
        for (session, login) in std::mem::take(&mut shared.logins) {
            let _ = login.events.send(Err(stopping()));
            let _ = shared.service.logout(session);
            (shared.report)(Closed::Login(login.name));
        }
        (shared.service.accounts(), shared.service.waiting())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Chat for ChatService {
    async fn create(
        &self,
        request: Request<CreateRequest>,
    ) -> Result<Response<CreateReply>, Status> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ns = now.map_or(0, |it| it.as_nanos() as u64);
        let name = request.into_inner().name;
        self.lock().service.create(&name, now_ns).map_err(status)?;
        Ok(Response::new(CreateReply {}))
    }

    type LoginStream = Events;

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<Events>, Status> {
        let name = request.into_inner().name;
        let mut shared = self.lock();
        let Some(session) = shared.last.checked_add(1) else {
            return Err(stopping());
        };
        let mut pushes = Vec::new();
        let login = shared.service.login(session, &name, &mut pushes);
        let login = login.map_err(status)?;
        shared.last = session;
        let (events, receiver) = unbounded_channel();
        let first = event::Event::LoggedIn(LoggedIn {
            session,
            last_number: login.last_number,
            acknowledged: login.acknowledged,
            waiting: login.waiting,
            mailbox: login.mailbox,
        });
        let event = Some(first);
        let _ = events.send(Ok(Event { event }));
        let mailbox = login.mailbox;
        let login = Login {
            name,
            mailbox,
            events,
        };
        shared.logins.insert(session, login);
        shared.push(pushes);
        Ok(Response::new(Events {
            session,
            receiver,
            service: self.clone(),
        }))
    }

    async fn logout(
        &self,
        request: Request<LogoutRequest>,
    ) -> Result<Response<LogoutReply>, Status> {
        let session = request.into_inner().session;
        let mut shared = self.lock();
        shared.service.logout(session).map_err(status)?;
        shared.logins.remove(&session);
        Ok(Response::new(LogoutReply {}))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        let ListRequest { pattern, after } = request.into_inner();
        let shared = self.lock();
        let mut all = shared.service.list(&pattern, &after).map_err(status)?;
        let names = all.by_ref().take(PAGE).map(str::to_owned).collect();
        let more = all.next().is_some();
        Ok(Response::new(ListReply { names, more }))
    }

    async fn send(&self, request: Request<SendRequest>) -> Result<Response<SendReply>, Status> {
        let SendRequest {
            session,
            to,
            number,
            text,
        } = request.into_inner();
        let mut shared = self.lock();
        let mut pushes = Vec::new();
        let sent = shared
            .service
            .send(session, &to, number, &text, &mut pushes);
        let delivered = sent.map_err(status)?.delivered;
        shared.push(pushes);
        Ok(Response::new(SendReply { delivered }))
    }

    async fn acknowledge(
        &self,
        request: Request<AcknowledgeRequest>,
    ) -> Result<Response<AcknowledgeReply>, Status> {
        let AcknowledgeRequest { session, id } = request.into_inner();
        let mut shared = self.lock();
        let Some(mailbox) = shared.logins.get(&session).map(|it| it.mailbox) else {
            return Err(status(Refusal::NotLoggedIn));
        };
        let mut pushes = Vec::new();
        shared
            .service
            .acknowledge(session, mailbox, id, &mut pushes);
        shared.push(pushes);
        Ok(Response::new(AcknowledgeReply {}))
    }

    async fn receive(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<ReceiveReply>, Status> {
        let ReceiveRequest { session, id } = request.into_inner();
        let mut shared = self.lock();
        let mailbox = shared.logins.get(&session).map_or(0, |it| it.mailbox);
        let mut pushes = Vec::new();
        let received = shared.service.receive(session, mailbox, id, &mut pushes);
        let (waiting, _) = received.map_err(status)?;
        shared.push(pushes);
        Ok(Response::new(ReceiveReply { waiting }))
    }

    async fn delete(
        &self,
        request: Request<DeleteRequest>,
    ) -> Result<Response<DeleteReply>, Status> {
        let session = request.into_inner().session;
        let mut shared = self.lock();
        let (_, _, discarded) = shared.service.delete(session).map_err(status)?;
        shared.logins.remove(&session);
        Ok(Response::new(DeleteReply { discarded }))
    }
}

/// The events of a login. Dropping the stream logs the user out; a lost connection drops it.
pub struct Events {
    session: Session,
    receiver: UnboundedReceiver<Result<Event, Status>>,
    service: ChatService,
}

impl Stream for Events {
    type Item = Result<Event, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Status>>> {
        self.receiver.poll_recv(context)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut shared = self.service.lock();
        shared.logins.remove(&self.session);
        // Fails if the user has already logged out.
        let _ = shared.service.logout(self.session);
    }
}
