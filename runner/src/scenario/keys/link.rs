//! The keys of a link: of a `[[links]]` entry, and of a `link` fault.
//!
//! To add a setting, add a row to `link_settings!` in the crate `model` (its type
//! and its default) and a row here (what it looks like, how it is read, what it
//! means). The reader, the `link` fault, the JSON Schema and the reference in
//! `scenarios/README.md` follow.

use super::{Keys, MAX_BANDWIDTH, MAX_MESSAGE, Shape, key, required};
use crate::scenario::reader::{Field, TableReader};
use crate::scenario::source::Place;
use crate::scenario::values::{self, Quantity, distribution};
use model::{LinkSettings, LinkTransport, Order};

/// The settings of a link as written.
#[derive(Debug)]
pub struct LinkKeys {
    /// The settings. `None` if the value of one is wrong, which has been
    /// reported.
    pub settings: Option<LinkSettings>,
    /// The keys that are written, with their places.
    pub keys: Vec<(&'static str, Place)>,
}

impl LinkKeys {
    /// The place of a key, if it is written.
    pub fn place(&self, key: &str) -> Option<Place> {
        let found = self.keys.iter().find(|(name, _)| *name == key);
        found.map(|(_, place)| *place)
    }
}

/// Declares the keys of a link. A row is the name of a setting of [`LinkSettings`],
/// what its value looks like, how the value is read, and what it means.
macro_rules! link_keys {
    ($($name:ident: $shape:expr, $read:expr, $docs:expr;)*) => {
        /// One `[[links]]` entry, or a `link` fault: the ends, then the settings.
        pub static LINK: Keys = Keys {
            what: "a link",
            keys: &[
                key(
                    "between",
                    Shape::Selectors,
                    "Two groups, node names or globs (`*`, `?`), linked in both directions.",
                ),
                key(
                    "from",
                    Shape::Selector,
                    "The nodes that send: a group, node name or glob (`*`, `?`). `from` and `to` replace `between`, for one direction.",
                ),
                key(
                    "to",
                    Shape::Selector,
                    "The nodes that receive: a group, node name or glob (`*`, `?`).",
                ),
                $(key(stringify!($name), $shape, $docs),)*
            ],
        };

        /// Reads the settings of a link.
        pub fn read_settings(reader: &mut TableReader<'_>) -> LinkKeys {
            let mut settings = LinkSettings::default();
            let mut keys = Vec::new();
            let mut sound = true;
            $(if let Some(written) = reader.optional(stringify!($name), $read) {
                keys.push((stringify!($name), written.key));
                sound &= written.value.is_some();
                settings.$name = written.value;
            })*
            LinkKeys {
                settings: sound.then_some(settings),
                keys,
            }
        }
    };
}

link_keys! {
    latency: Shape::Span, distribution(Quantity::Span),
        "Time from sending to delivery, drawn per message. Default: no time.";
    loss: Shape::Loss, values::loss,
        "Probability that a message is lost, 0 to 1, or losses in bursts: `{ gilbert_elliott = { to_bad, to_good, loss_bad } }`. The receiver's log has a `drop` for it. Default: 0.";
    duplicate: Shape::Probability, values::probability,
        "Probability that a message arrives twice, 0 to 1. The copy has the same number. It has its own latency, and uses no bandwidth. Default: 0.";
    corrupt: Shape::Probability, values::probability,
        "Probability that one byte of a message arrives changed, 0 to 1. A copy has the same change. A message without bytes does not change. Default: 0.";
    bandwidth: Shape::Bandwidth, |field| values::bandwidth(MAX_BANDWIDTH)(field).map(Some),
        "Bytes (not bits) per second in each direction of each pair: `\"1MiB\"`, `\"1MiB/s\"`, or a number. Messages go one after another. Each takes its size divided by the bandwidth; then its latency begins. A message that is lost takes this time, too. Default: no limit.";
    burst: Shape::MessageSize, |field| values::size(1, MAX_MESSAGE)(field),
        "With `bandwidth`: depth of a token bucket, a size. After the link was idle, so many bytes leave at once; the bandwidth fills the bucket again. A message larger than the bucket waits for the rest. Default: 0, each message takes its time.";
    queue_limit: Shape::Whole(0, u32::MAX as u64), |field| whole_u32(field).map(Some),
        "With `bandwidth`: maximum number of messages that wait for the link. The message that is on the link does not count. A message that finds the queue full is dropped and recorded. With 0, a message is accepted only if the link is free. Default: no limit.";
    order: Shape::Word(&["fifo", "any"]),
        values::word(&[("fifo", Order::Fifo), ("any", Order::Any)]),
        "`fifo`: no message overtakes another. A message that would overtake another arrives together with it. `any`: each message arrives after its own latency. Default: `fifo`.";
    transport: Shape::Word(&["tcp", "udp", "channel"]),
        values::word(&[
            ("tcp", LinkTransport::Tcp),
            ("udp", LinkTransport::Udp),
            ("channel", LinkTransport::Channel),
        ]),
        "In real time: what carries the messages. `channel` is memory within the process. Has no effect in virtual time. Default: `tcp`.";
}

/// A table in place of a probability of loss.
pub static LOSS: Keys = Keys {
    what: "a loss",
    keys: &[key(
        "gilbert_elliott",
        Shape::Parameters(&GILBERT_ELLIOTT),
        "Losses in bursts. Each direction of each link is good at first, and may change its state with each message. In the long run it is bad for a share `to_bad / (to_bad + to_good)` of the messages, for `1 / to_good` messages each time.",
    )],
};

/// The model of Gilbert and Elliott.
pub static GILBERT_ELLIOTT: Keys = Keys {
    what: "`gilbert_elliott`",
    keys: &[
        required(
            "to_bad",
            Shape::Probability,
            "Probability that a good link becomes bad with a message.",
        ),
        required(
            "to_good",
            Shape::Probability,
            "Probability that a bad link becomes good with a message.",
        ),
        required(
            "loss_bad",
            Shape::Probability,
            "Probability that a bad link loses a message.",
        ),
        key(
            "loss_good",
            Shape::Probability,
            "Probability that a good link loses a message. Default: 0.",
        ),
    ],
};

fn whole_u32(field: Field<'_>) -> Option<u32> {
    values::whole(0, u32::MAX.into())(field)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_of_a_link_has_a_key() {
        let keys: Vec<&str> = LINK.keys.iter().map(|key| key.name).collect();
        let (ends, settings) = keys.split_at(3);
        assert_eq!(ends, ["between", "from", "to"]);
        assert_eq!(settings, LinkSettings::NAMES);
    }
}
