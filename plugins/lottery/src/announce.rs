//! The lines that agencies and the central print. Tools read these lines, so their bytes must
//! not change.

use crate::bet::Bet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The line that the central prints at the draw.
pub const DRAWN: &str = "action: sorteo | result: success";

/// The bets for which a line is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Announce {
    /// Each bet.
    #[default]
    Each,
    /// A bet that is the only one of its batch.
    Single,
    /// No bet.
    None,
}

impl Announce {
    /// Whether a line is printed for each bet of a batch with this number of bets.
    pub fn includes(self, bets: usize) -> bool {
        match self {
            Announce::Each => true,
            Announce::Single => bets == 1,
            Announce::None => false,
        }
    }
}

/// The line that an agency prints when a bet is acknowledged.
pub fn sent(bet: &Bet<'_>) -> String {
    of_bet("apuesta_enviada", bet)
}

/// The line that the central prints when a bet is stored.
pub fn stored(bet: &Bet<'_>) -> String {
    of_bet("apuesta_almacenada", bet)
}

/// The line that an agency prints when it has received its winners.
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
    fn the_lines_have_these_bytes() {
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
