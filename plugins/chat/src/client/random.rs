//! Random actions of a user.

use super::ClientConfig;
use super::config::LONGEST;
use chat_core::Command;
use runner_sdk::Random;

/// An action of a user that is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Send,
    List,
    Receive,
    Logout,
    Drop,
    Delete,
}

const ACTIONS: [Action; 6] = [
    Action::Send,
    Action::List,
    Action::Receive,
    Action::Logout,
    Action::Drop,
    Action::Delete,
];

/// Draws an action by the weights of the config.
pub(super) fn action(config: &ClientConfig, random: &mut Random) -> Action {
    let weights = config.weights.all();
    let mut point = random.unit() * weights.iter().sum::<f64>();
    for (action, weight) in ACTIONS.into_iter().zip(weights) {
        if point < weight {
            return action;
        }
        point -= weight;
    }
    // Only rounding can lead here.
    Action::List
}

/// A list with a pattern that matches all, many, some or few names.
pub(super) fn list(own: &str, random: &mut Random) -> Command {
    let digit = random.uniform_int(0..=9);
    let first = own.chars().next().unwrap_or('a');
    let pattern = match random.index(4) {
        0 => "*".to_owned(),
        1 => format!("{first}*"),
        2 => format!("*{digit}"),
        _ => format!("*{digit}?"),
    };
    Command::List { pattern }
}

/// The recipient, one of the known names, and the text of a message; `None` if no name is known.
pub(super) fn message(
    known: &[String],
    count: u64,
    config: &ClientConfig,
    random: &mut Random,
) -> Option<(String, String)> {
    if known.is_empty() {
        return None;
    }
    let to = known[random.index(known.len())].clone();
    let size = config.size.sample(random).clamp(0.0, LONGEST) as usize;
    let mut text = format!("message {count}");
    text.extend(std::iter::repeat_n('.', size.saturating_sub(text.len())));
    text.truncate(size);
    Some((to, text))
}
