//! What users do at random: whom they write to, what they look for, how long they
//! stay.

use super::ClientConfig;
use super::config::LONGEST;
use chat_core::Command;
use runner_sdk::Random;

/// What a user who is logged in does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Send,
    List,
    Receive,
    Logout,
    Drop,
    Delete,
}

const DEEDS: [Deed; 6] = [
    Deed::Send,
    Deed::List,
    Deed::Receive,
    Deed::Logout,
    Deed::Drop,
    Deed::Delete,
];

/// Draws what to do, by the config's weights.
pub(super) fn deed(config: &ClientConfig, random: &mut Random) -> Deed {
    let weights = config.weights.all();
    let mut point = random.unit() * weights.iter().sum::<f64>();
    for (deed, weight) in DEEDS.into_iter().zip(weights) {
        if point < weight {
            return deed;
        }
        point -= weight;
    }
    // Rounding may leave a last sliver.
    Deed::List
}

/// A list by a pattern that fits all, many, some or few.
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

/// A message to one of the names; none if there is no name.
pub(super) fn send(
    known: &[String],
    count: u64,
    config: &ClientConfig,
    random: &mut Random,
) -> Option<Command> {
    if known.is_empty() {
        return None;
    }
    let to = known[random.index(known.len())].clone();
    let size = config.size.sample(random).clamp(0.0, LONGEST) as usize;
    let mut text = format!("message {count}");
    text.extend(std::iter::repeat_n('.', size.saturating_sub(text.len())));
    text.truncate(size);
    Some(Command::Send { to, text })
}
