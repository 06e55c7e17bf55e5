//! Links: which nodes are linked, and what a link does to the messages on it.
//!
//! The settings of a link are declared once, in the table at `link_settings!`.
//! The table makes [`Link`], which has a value for each setting, and
//! [`LinkSettings`], which has those that a scenario writes: in a `[[links]]`
//! entry, where the others are those of [`Link::IDEAL`], and in a `link` fault,
//! where the others stay what they were.

use base::distribution::Distribution;

use crate::NodeRanges;

/// Makes the types of a link's settings. A row is the documentation of a
/// setting, its name (which is its key in a scenario), its type, and its value
/// in an ideal link.
macro_rules! link_settings {
    ($($(#[$docs:meta])* $name:ident: $type:ty = $ideal:expr;)*) => {
        /// What a link does to the messages on it. Each direction of each linked
        /// pair is one link.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Link {
            $($(#[$docs])* pub $name: $type,)*
        }

        impl Link {
            /// The link of a rule without settings.
            pub const IDEAL: Link = Link { $($name: $ideal,)* };
        }

        /// The settings of a link that a scenario writes; `None` for the others.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct LinkSettings {
            $($(#[$docs])* pub $name: Option<$type>,)*
        }

        impl LinkSettings {
            /// The names of all settings, in the order of the documentation.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Sets in `link` what is written here.
            pub fn apply(&self, link: &mut Link) {
                $(if let Some(value) = &self.$name {
                    link.$name.clone_from(value);
                })*
            }
        }
    };
}

link_settings! {
    /// Time from sending to delivery, drawn per message `[ns]`.
    latency: Distribution = Distribution::Constant(0.0);
    /// Which messages are lost.
    loss: Loss = Loss::NONE;
    /// Probability that a message is delivered twice, 0 to 1.
    duplicate: f64 = 0.0;
    /// Probability that one byte of a message is changed, 0 to 1.
    corrupt: f64 = 0.0;
    /// Capacity of the link `[bytes/s]`, at least 1. `None`: no limit.
    bandwidth: Option<u64> = None;
    /// Depth of the token bucket of a bandwidth `[bytes]`: so many bytes may leave at once
    /// after the link was idle. Only with a bandwidth.
    burst: u64 = 0;
    /// Maximum number of messages that wait for the link, without the message
    /// that is on it. Only with a bandwidth. `None`: no limit.
    queue_limit: Option<u32> = None;
    /// Whether a message may overtake another.
    order: Order = Order::Fifo;
    /// What carries the messages in real time. A fault does not set it.
    transport: LinkTransport = LinkTransport::Tcp;
}

impl Link {
    /// Whether the link does more to a message than to delay it or to lose it.
    pub fn is_elaborate(&self) -> bool {
        self.duplicate > 0.0
            || self.corrupt > 0.0
            || self.bandwidth.is_some()
            || self.latency.is_trace()
            || matches!(self.loss, Loss::GilbertElliott { .. })
    }
}

impl LinkSettings {
    /// An ideal link with these settings.
    pub fn link(&self) -> Link {
        let mut link = Link::IDEAL;
        self.apply(&mut link);
        link
    }

    /// Whether no setting is written.
    pub fn is_empty(&self) -> bool {
        *self == LinkSettings::default()
    }
}

/// One `[[links]]` entry: the pairs of nodes that it links, and the link between
/// the nodes of a pair. A later rule for a pair replaces an earlier one whole.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRule {
    /// The nodes that send.
    pub from: NodeRanges,
    /// The nodes that receive.
    pub to: NodeRanges,
    /// Whether the rule links both directions (`between`).
    pub both: bool,
    /// The link of each pair.
    pub link: Link,
}

/// A `link` fault: settings that replace those of some links while it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    /// The nodes that send.
    pub from: NodeRanges,
    /// The nodes that receive.
    pub to: NodeRanges,
    /// Whether both directions change (`between`).
    pub both: bool,
    /// The new settings.
    pub settings: LinkSettings,
}

impl LinkChange {
    /// Changes a link.
    pub fn apply(&self, link: &mut Link) {
        self.settings.apply(link);
    }

    /// Whether the link from one node to another changes.
    pub fn names(&self, from: u32, to: u32) -> bool {
        let holds = |ranges: &NodeRanges, node| ranges.iter().any(|it| it.contains(&node));
        holds(&self.from, from) && holds(&self.to, to)
            || self.both && holds(&self.from, to) && holds(&self.to, from)
    }
}

/// Which messages of a link are lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Each with this probability, 0 to 1, whatever became of the others.
    Independent(f64),
    /// Losses in bursts. Each direction of each link has a state, good at first. With each
    /// message the state may change; then the message is lost with the probability of the
    /// state (Gilbert, "Capacity of a Burst-Noise Channel", 1960; Elliott, "Estimates of
    /// Error Rates for Codes on Burst-Noise Channels", 1963).
    ///
    /// In the long run, the link is bad for a share `to_bad / (to_bad + to_good)` of the
    /// messages, for `1 / to_good` messages on average each time.
    GilbertElliott {
        /// Probability that a good link becomes bad with a message, 0 to 1.
        to_bad: f64,
        /// Probability that a bad link becomes good with a message, 0 to 1.
        to_good: f64,
        /// Probability that a bad link loses a message, 0 to 1.
        loss_bad: f64,
        /// Probability that a good link loses a message, 0 to 1.
        loss_good: f64,
    },
}

impl Loss {
    /// No message is lost.
    pub const NONE: Loss = Loss::Independent(0.0);
}

/// What carries a link's messages in real time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkTransport {
    /// One TCP connection per linked pair.
    #[default]
    Tcp,
    /// UDP datagrams, each one message.
    Udp,
    /// Memory, within the process.
    Channel,
}

/// The order in which the messages of a link are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The order of sending. A message that would overtake another is delivered
    /// at the same time, after it.
    #[default]
    Fifo,
    /// Each message is delivered after its own latency.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_replace_those_of_a_link_and_leave_the_others() {
        let settings = LinkSettings {
            loss: Some(Loss::Independent(0.5)),
            bandwidth: Some(None),
            ..LinkSettings::default()
        };
        let mut link = Link {
            duplicate: 0.25,
            bandwidth: Some(1000),
            ..Link::IDEAL
        };
        settings.apply(&mut link);
        let expected = Link {
            loss: Loss::Independent(0.5),
            duplicate: 0.25,
            ..Link::IDEAL
        };
        assert_eq!(link, expected);
    }
}
