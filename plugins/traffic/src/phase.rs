//! The four phases and their order.

use crate::Colour::{self, Green, Red, Yellow};
use std::fmt;

/// What both lights show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// East-west is green. The first phase.
    EastWestGreen,
    /// East-west is yellow.
    EastWestYellow,
    /// North-south is green: the phase that a press shortens.
    NorthSouthGreen,
    /// North-south is yellow.
    NorthSouthYellow,
}

impl Phase {
    /// All phases in their order.
    pub const ALL: [Phase; 4] = [
        Phase::EastWestGreen,
        Phase::EastWestYellow,
        Phase::NorthSouthGreen,
        Phase::NorthSouthYellow,
    ];

    /// The next phase.
    pub fn next(self) -> Phase {
        match self {
            Phase::EastWestGreen => Phase::EastWestYellow,
            Phase::EastWestYellow => Phase::NorthSouthGreen,
            Phase::NorthSouthGreen => Phase::NorthSouthYellow,
            Phase::NorthSouthYellow => Phase::EastWestGreen,
        }
    }

    /// The colours of east-west and of north-south.
    pub fn colours(self) -> [Colour; 2] {
        match self {
            Phase::EastWestGreen => [Green, Red],
            Phase::EastWestYellow => [Yellow, Red],
            Phase::NorthSouthGreen => [Red, Green],
            Phase::NorthSouthYellow => [Red, Yellow],
        }
    }

    /// The phase with these colours of east-west and of north-south; none if no phase has
    /// them.
    pub fn of(colours: [Colour; 2]) -> Option<Phase> {
        Phase::ALL.into_iter().find(|it| it.colours() == colours)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::EastWestGreen => "east-west green",
            Phase::EastWestYellow => "east-west yellow",
            Phase::NorthSouthGreen => "north-south green",
            Phase::NorthSouthYellow => "north-south yellow",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phases_go_round_and_one_road_always_stops() {
        let mut phase = Phase::EastWestGreen;
        for expected in Phase::ALL {
            assert_eq!(phase, expected);
            let stopped = phase.colours().into_iter().filter(|it| *it == Red);
            assert_eq!(stopped.count(), 1);
            assert_eq!(Phase::of(phase.colours()), Some(phase));
            phase = phase.next();
        }
        assert_eq!(phase, Phase::EastWestGreen);
        assert_eq!(Phase::of([Red, Red]), None);
        assert_eq!(Phase::of([Green, Green]), None);
    }
}
