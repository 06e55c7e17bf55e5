//! The server: sends each message back to its sender.

use crate::Transform;
use runner_sdk::{Behavior, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of `echo.server`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// How the case of the ASCII letters of a message is changed before it is sent back.
    pub transform: Transform,
}

/// `echo.server`, which has no state.
pub struct Server;

impl Behavior for Server {
    type Config = ServerConfig;
    const NAME: &'static str = "server";
    const DOCS: &'static str =
        "Sends each message back to its sender, as it is or in another case.";

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Server)
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let reply = node.config().transform.apply(bytes);
        node.send(from, &reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::testkit::{Effect, node, problems};

    #[test]
    fn each_message_goes_back_to_its_sender() {
        let mut server = node::<Server>().peers(["a", "b"]).create();
        assert_eq!(server.message(1, "Hello"), [Effect::sent(1, "Hello")]);
        assert_eq!(server.message(0, ""), [Effect::sent(0, "")]);
        assert_eq!(server.message(0, [0, 255]), [Effect::sent(0, [0, 255])]);
    }

    #[test]
    fn a_transforming_server_changes_the_case() {
        let upper = node::<Server>().config("transform = 'upper'");
        let mut server = upper.peers(["a"]).create();
        assert_eq!(server.message(0, "Hello\n"), [Effect::sent(0, "HELLO\n")]);
    }

    #[test]
    fn another_transform_is_refused() {
        let found = problems::<Server>("transform = 'uper'");
        assert_eq!(found[0].path, "transform");
        assert!(found[0].message.contains("did you mean \"upper\"?"));
    }
}
