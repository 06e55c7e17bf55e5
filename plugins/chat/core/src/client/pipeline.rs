//! Messages that are sent without waiting for the replies to earlier requests.
//!
//! Over a transport without loss, the replies are in the order of the requests, so many messages
//! may be under way. Each one is kept until its reply arrives. After a lost connection, the next
//! login shows which of them the server accepted; the others are sent again in their order, under
//! the same numbers.

use super::{Client, Notice, Outcome, Outgoing};
use crate::Refusal;
use crate::wire::{Reply, Request};

/// A message without a reply.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// The number of its request; `None`: it is not sent in this login.
    request: Option<u32>,
    /// The sender's number for the message.
    number: u64,
    to: String,
    text: String,
}

impl Client {
    /// Whether [`send`](Client::send) sends: the user is logged in, over a connection.
    pub fn can_send(&self) -> bool {
        self.connected && self.has_session && self.user.is_some() && self.last < u32::MAX
    }

    /// Sends a message without waiting for replies, and returns the sender's number for it; `None`
    /// if it [cannot](Client::can_send). The result is a [`Notice::MessageAnswered`].
    ///
    /// A client uses either this or the command `send`: after a lost connection, the order of both
    /// together would be lost.
    pub fn send(&mut self, to: String, text: String, out: &mut Outgoing) -> Option<u64> {
        let user = self.user.as_ref().filter(|_| self.can_send())?;
        self.numbers.1 += 1;
        let number = self.numbers.1;
        out.notices.push(Notice::Submitted {
            from: user.name.clone(),
            to: to.clone(),
            number,
        });
        self.under_way.push_back(UnderWay {
            request: None,
            number,
            to,
            text,
        });
        self.send_under_way(out);
        Some(number)
    }

    /// Sends the messages that are not sent in this login.
    fn send_under_way(&mut self, out: &mut Outgoing) {
        for message in &mut self.under_way {
            // The last number is left for the next session.
            if message.request.is_none() && self.last < u32::MAX {
                self.last += 1;
                let mut frame = Vec::new();
                let request = Request::Send {
                    number: message.number,
                    to: &message.to,
                    text: &message.text,
                };
                request.encode(self.last, &mut frame);
                out.frames.push(frame);
                message.request = Some(self.last);
            }
        }
    }

    /// The session ends: messages without a reply wait for the next login.
    pub(super) fn keep_under_way(&mut self) {
        for message in &mut self.under_way {
            message.request = None;
        }
    }

    /// Handles the reply to a message, and returns whether the request was one.
    pub(super) fn message_answered(
        &mut self,
        request: u32,
        reply: &Reply<'_>,
        out: &mut Outgoing,
    ) -> bool {
        let mut under_way = self.under_way.iter_mut();
        let Some(at) = under_way.position(|it| it.request == Some(request)) else {
            return false;
        };
        let outcome = match *reply {
            Reply::Sent { delivered } => Outcome::Sent {
                delivered: Some(delivered),
            },
            Reply::Error { code, text } => match Refusal::from_code(code) {
                // The server logged the user out. The message is sent again after the next login.
                Some(Refusal::NotLoggedIn) => {
                    self.user = None;
                    self.under_way[at].request = None;
                    return true;
                }
                Some(Refusal::NumberUsed) => Outcome::Sent { delivered: None },
                _ => Outcome::Refused {
                    code,
                    text: text.to_owned(),
                },
            },
            _ => Outcome::of_another_request(),
        };
        if let Some(UnderWay { number, .. }) = self.under_way.remove(at) {
            out.notices
                .push(Notice::MessageAnswered { number, outcome });
        }
        true
    }

    /// After a login: the messages up to the last number were accepted, the others are sent. If
    /// the account is another one than the one that sent them, they are lost.
    pub(super) fn resume_under_way(
        &mut self,
        is_other_account: bool,
        last_number: u64,
        out: &mut Outgoing,
    ) {
        self.under_way.retain(|message| {
            let outcome = match message.request {
                Some(_) => return true,
                None if is_other_account => Outcome::Refused {
                    code: Refusal::NoSuchAccount.code(),
                    text: "the account that sent it does not exist any more".to_owned(),
                },
                None if message.number <= last_number => Outcome::Sent { delivered: None },
                None => return true,
            };
            out.notices.push(Notice::MessageAnswered {
                number: message.number,
                outcome,
            });
            false
        });
        self.send_under_way(out);
    }
}
