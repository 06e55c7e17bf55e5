//! What the check cannot be sure about: commands that it does not model, and replies that no store
//! sends. Where there is one, a history without a violation is unknown, not linearizable.

/// What the check cannot be sure about.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    unmodelled: Vec<Unmodelled>,
    /// The first reply that is neither a success nor a refusal.
    strange: Option<String>,
}

/// A command that is not modelled.
#[derive(Debug)]
struct Unmodelled {
    client: String,
    command: String,
    /// Whether it may write.
    may_write: bool,
    /// Whether the store refused it: then it did nothing.
    refused: bool,
}

/// How much of a command a text repeats `[characters]`.
const SHOWN: usize = 40;

/// Whether a reply says that the command was executed, in words that are understood.
pub(super) fn is_known(command: &str, result: &str) -> bool {
    match command {
        "set" => result == "ok",
        "delete" => result == "ok" || result == "not found",
        _ => true,
    }
}

impl Doubts {
    /// Notes a command; returns its index for [`Doubts::answered`].
    pub(super) fn unmodelled(&mut self, client: &str, command: &str, may_write: bool) -> usize {
        self.unmodelled.push(Unmodelled {
            client: client.to_owned(),
            command: command.chars().take(SHOWN).collect(),
            may_write,
            refused: false,
        });
        self.unmodelled.len() - 1
    }

    /// Notes the reply to a command that is not modelled.
    pub(super) fn answered(&mut self, index: usize, result: &str) {
        self.unmodelled[index].refused = result.starts_with("error: ");
    }

    /// Notes the reply to a command that is modelled.
    pub(super) fn result(&mut self, client: &str, command: &str, result: &str) {
        if !is_known(command, result) && !result.starts_with("error: ") {
            let result: String = result.chars().take(SHOWN).collect();
            self.strange.get_or_insert_with(|| {
                format!(
                    "`{client}` got \"{result}\" for a `{command}`, which is neither a success nor an \
                     error: name the store's words with `ok`, `not_found` and `error`"
                )
            });
        }
    }

    /// Why a history without a violation is not known to be linearizable.
    pub(super) fn doubt(&self) -> Option<String> {
        let mut done = self.unmodelled.iter().filter(|it| !it.refused);
        let unmodelled = done.next().map(|it| {
            let (client, command) = (&it.client, &it.command);
            format!("`{client}` used `{command}`, which this check does not model")
        });
        self.strange.clone().or(unmodelled)
    }

    /// What may explain a history with a violation.
    pub(super) fn excuse(&self) -> Option<String> {
        let mut writes = self
            .unmodelled
            .iter()
            .filter(|it| !it.refused && it.may_write);
        writes.next().map(|it| {
            let (client, command) = (&it.client, &it.command);
            format!(
                "`{client}` used `{command}`, which may write and which this check does not model"
            )
        })
    }
}
