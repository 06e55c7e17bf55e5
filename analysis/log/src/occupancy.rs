//! What the rows of a log do not say: how long messages waited in a node's inbox, and for
//! how long a server was busy. The engine sums it, and the metrics take it at the end of
//! a run.

use serde::{Deserialize, Serialize};

/// What makes a node handle a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driving {
    /// The arrival of the message; a program, or a node of a log that does not tell.
    #[default]
    Arrivals,
    /// The node's tick.
    Ticks,
    /// The end of the message's service.
    Services,
}

/// The inbox and the server of one node, over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupancy {
    /// The node, an index into the schema.
    pub node: u32,
    /// Number of messages that came to wait.
    pub arrived: u64,
    /// The area under the curve of the number of messages that wait [messages x ns].
    pub waited: u128,
    /// The same from the messages' own stamps: the time from the arrival of each message
    /// until it was taken, or until now, summed over them `[ns]`.
    pub own_waits: u128,
    /// For how long a server was busy `[ns]`.
    pub served: u64,
    /// Messages in the inbox at the end, with the one that is being served.
    pub unhandled: u64,
    /// If slices of the run are asked for: `waited` and `served` at their origin, and at the
    /// end of each whole slice.
    pub curve: Vec<(u128, u64)>,
    /// The width of these slices `[ns]`.
    pub curve_width_ns: u64,
}

impl Occupancy {
    /// Fits the curve to slices of this width, of which `whole` are full: another process
    /// may have ended earlier, with slices half as wide.
    pub fn fit(&mut self, width_ns: u64, whole: usize) {
        if self.curve.is_empty() {
            return;
        }
        while self.curve_width_ns > 0 && self.curve_width_ns < width_ns {
            let mut place = 0;
            self.curve.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.curve_width_ns = self.curve_width_ns.saturating_mul(2);
        }
        self.curve.resize(whole + 1, (self.waited, self.served));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_narrower_slices_that_ends_early_is_made_to_fit() {
        let mut occupancy = Occupancy {
            waited: 100,
            served: 9,
            curve: vec![(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)],
            curve_width_ns: 10,
            ..Occupancy::default()
        };
        occupancy.fit(20, 3);
        assert_eq!(occupancy.curve, [(0, 0), (2, 2), (4, 4), (100, 9)]);
    }
}
