//! Maelstrom's protocol, as a program that is a node speaks it: one JSON object per line,
//! `{"src": ID, "dest": ID, "body": {..}}`, on standard input and on standard output.
//! Standard error is the program's log.
//!
//! Everything here is a function of bytes. There are no processes, no sockets and no time,
//! so a program in real time and a program in virtual time are spoken to by the same code.
//!
//! # What travels on a link
//!
//! The JSON text of the `body` alone, in one line. The edge at the program's standard
//! input wraps it ([`envelope::wrap`]); the edge at its standard output takes it out and
//! checks it ([`envelope::unwrap`]). A behavior of a plugin that talks to such a program
//! sends and receives bodies, and knows the other end by the node that it comes from.
//! Only a message of another node that a program passes on within its cluster, as
//! followers do with the requests of clients, travels with its sender: `{"src", "body"}`.
//!
//! # How to use it
//!
//! A [`Dialogue`] is the conversation with one program, from its start to its end. A
//! program that is started again has a new one.
//!
//! ```
//! use runner_maelstrom::{Dialogue, Heard, Ids, Speaker};
//!
//! let ids = Ids::new(vec!["n0".into(), "c1".into()]).unwrap();
//! let speaker = Speaker::new(0, 0..1, &ids);
//! let mut dialogue = Dialogue::new(speaker.into());
//! // 1. Write this to the program's standard input.
//! let init = dialogue.begin();
//! assert_eq!(
//!     String::from_utf8(init).unwrap(),
//!     "{\"id\":1,\"src\":\"c0\",\"dest\":\"n0\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n0\",\"node_ids\":[\"n0\"]}}\n"
//! );
//! // 2. A message for the program before it is ready is held.
//! assert_eq!(dialogue.tell("c1", br#"{"type":"echo","msg_id":7}"#).unwrap(), None);
//! // 3. Whatever it writes is fed, and what it says is taken until there is no more.
//! dialogue.feed(b"{\"src\":\"n0\",\"dest\":\"c0\",\"body\":{\"type\":\"init_ok\",\"in_reply_to\":1}}\n");
//! let Some(Heard::Ready { write }) = dialogue.hear().unwrap() else { panic!() };
//! // 4. What was held is to be written now.
//! assert_eq!(write, b"{\"id\":2,\"src\":\"c1\",\"dest\":\"n0\",\"body\":{\"type\":\"echo\",\"msg_id\":7}}\n");
//! dialogue.feed(b"{\"src\":\"n0\",\"dest\":\"c1\",\"body\":{\"type\":\"echo_ok\",\"in_reply_to\":7}}\n");
//! let Some(Heard::Message(message)) = dialogue.hear().unwrap() else { panic!() };
//! // 5. The id is one of a node, or the message is lost.
//! assert_eq!(ids.node(&message.dest), Some(1));
//! assert_eq!(message.body, "{\"type\":\"echo_ok\",\"in_reply_to\":7}");
//! assert!(dialogue.hear().unwrap().is_none());
//! ```
//!
//! # Where to look
//!
//! - [`ids`]: what the nodes are called in the protocol;
//! - [`envelope`]: one message, in and out, and what is wrong with it;
//! - [`lines`]: where a line ends in a stream of bytes, with a limit;
//! - [`dialogue`]: the handshake (`init`, `topology`), and everything together;
//! - [`speaker`]: what a program is told of itself;
//! - [`misspoken`]: what it says that is not allowed, as an error shows it;
//! - [`lost`]: what is told of messages that no program gets;
//! - [`topology`]: the neighbours that a broadcast program is told;
//! - [`codes`]: the error codes.

pub mod codes;
pub mod dialogue;
pub mod envelope;
pub mod ids;
pub mod lines;
pub mod lost;
pub mod misspoken;
pub mod speaker;
pub mod topology;

pub use dialogue::{Dialogue, Heard, Sent};
pub use ids::{IdRule, Ids};
pub use misspoken::Misspoken;
pub use speaker::Speaker;
pub use topology::Neighbours;
