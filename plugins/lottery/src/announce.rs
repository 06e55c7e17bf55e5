//! The lines that agencies and central print; tools read them, so not a letter of
//! them changes.

use crate::bet::Bet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Printed at the draw.
pub const DRAWN: &str = "action: sorteo | result: success";

/// Of which bets a line is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Announce {
    /// Of each.
    #[default]
    Each,
    /// Of one that was handed in by itself.
    Single,
    /// Of none.
    None,
}

impl Announce {
    /// Whether a line is printed for each bet of a batch of so many.
    pub fn tells(self, bets: usize) -> bool {
        match self {
            Announce::Each => true,
            Announce::Single => bets == 1,
            Announce::None => false,
        }
    }
}

/// Printed by the agency when it knows that a bet is stored.
pub fn sent(bet: &Bet<'_>) -> String {
    of_bet("apuesta_enviada", bet)
}

/// Printed by the central when a bet is stored.
pub fn stored(bet: &Bet<'_>) -> String {
    of_bet("apuesta_almacenada", bet)
}

/// Printed by the agency when it knows its winners.
pub fn informed(winners: u64) -> String {
    format!("action: consulta_ganadores | result: success | cant_ganadores: {winners}")
}

fn of_bet(action: &str, bet: &Bet<'_>) -> String {
    let (document, number) = (bet.document, bet.number);
    format!("action: {action} | result: success | dni: {document} | numero: {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_these_to_the_letter() {
        let bet = Bet::from_fields(["Ana", "Ño", "30904465", "1999-03-17", "7574"]);
        assert_eq!(
            [sent(&bet), stored(&bet), DRAWN.to_owned(), informed(2)],
            [
                "action: apuesta_enviada | result: success | dni: 30904465 | numero: 7574",
                "action: apuesta_almacenada | result: success | dni: 30904465 | numero: 7574",
                "action: sorteo | result: success",
                "action: consulta_ganadores | result: success | cant_ganadores: 2",
            ]
        );
    }
}
