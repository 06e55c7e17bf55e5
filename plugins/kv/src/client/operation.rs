//! An operation: a command that the client has sent, until its reply has come.

use super::Client;
use super::record::{ANSWERED, RETURN};
use super::record::{COMMAND, INVOKE, KEY, LATENCY, OP, RESULT, UNANSWERED, UNMET, VALUE};
use crate::{Escaped, Request};
use runner_sdk::{Context, Result};

/// An operation that waits for its reply.
pub(super) struct Operation {
    /// Its number, from 1.
    pub(super) number: u64,
    pub(super) request: Request,
    /// The reply that the script expects.
    pub(super) expected: Option<String>,
    /// When it began; in an open loop, when it was to begin `[ns]`.
    pub(super) invoked_ns: u64,
    /// Number of repeated sendings.
    pub(super) retries: u32,
}

impl Client {
    /// Begins the next operation, if there is one, and records it. `intended_ns` is when it was
    /// to begin.
    pub(super) fn begin(
        &mut self,
        node: &mut Context<Client>,
        intended_ns: u64,
    ) -> Result<Option<Operation>> {
        let (config, name) = (node.config(), node.name());
        let Some((line, expected)) = self.workload.next(config, name, self.begun, node.random())
        else {
            return Ok(None);
        };
        let request = self.wire.request(&line);
        let request = request.map_err(|problem| {
            format!("\"{}\" cannot be sent: {problem}", Escaped(&line).cell())
        })?;
        self.begun += 1;
        let operation = Operation {
            number: self.begun,
            request,
            expected,
            invoked_ns: intended_ns,
            retries: 0,
        };
        node.set(UNANSWERED, self.begun - self.answered);
        operation.show(node);
        node.clear_text(RESULT);
        node.record(INVOKE);
        Ok(Some(operation))
    }

    /// Records the reply to an operation.
    ///
    /// # Errors
    /// If the script expects another one.
    pub(super) fn returned(
        &mut self,
        node: &mut Context<Client>,
        operation: &Operation,
        bytes: &[u8],
    ) -> Result {
        self.answered += 1;
        node.set(ANSWERED, self.answered);
        node.set(UNANSWERED, self.begun - self.answered);
        self.unmet -= u64::from(operation.expected.is_some());
        node.set(UNMET, self.unmet);
        node.set(LATENCY, node.now_ns().saturating_sub(operation.invoked_ns));
        let result = self.wire.reply(&operation.request.name, bytes).canonical();
        node.set_text(RESULT, Escaped(&result).cell());
        node.record(RETURN);
        match &operation.expected {
            Some(expected) if expected.as_bytes() != result => {
                Err(operation.wrong(expected, &result))
            }
            _ => Ok(()),
        }
    }
}

impl Operation {
    /// Sets the columns that describe the command.
    pub(super) fn show(&self, node: &mut Context<Client>) {
        let Request {
            name, key, value, ..
        } = &self.request;
        node.set(OP, self.number);
        node.set_text(COMMAND, name);
        match key {
            Some(key) => node.set_text(KEY, Escaped(key).cell()),
            None => node.clear_text(KEY),
        }
        match value {
            Some(value) => node.set_text(VALUE, Escaped(value).cell()),
            None => node.clear_text(VALUE),
        }
    }

    #[cold]
    fn wrong(&self, expected: &str, found: &[u8]) -> runner_sdk::Error {
        let message = &self.request.message;
        format!(
            "wrong reply to command {}, \"{}\": expected \"{}\", found \"{}\"",
            self.number,
            Escaped(message).cell(),
            Escaped(expected.as_bytes()).cell(),
            Escaped(found).cell(),
        )
        .into()
    }
}
