//! The check `maelstrom.echo`.

use super::Nothing;
use crate::history::{History, Judge, shown};
use runner_sdk::Verdict;

/// Every echo is what was sent.
pub struct Echo;

impl Judge for Echo {
    type Config = Nothing;
    const NAME: &'static str = "echo";
    const DOCS: &'static str =
        "Every reply to an `echo` has what the request had. Unknown if none came.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        let mut answered = 0;
        for operation in history.of("echo") {
            let Some(result) = operation.result() else {
                continue;
            };
            answered += 1;
            if *result != operation.value {
                let (sent, found) = (shown(&operation.value), shown(result));
                return Verdict::fail(format!(
                    "{} was sent {sent}, and replied {found}",
                    operation.asked
                ))
                .row(operation.invocation())
                .row(operation.completion());
            }
        }
        match answered {
            0 => Verdict::unknown("no `echo` was answered"),
            count => Verdict::passed(format!("{count} echoes, each as it was sent")),
        }
    }
}
