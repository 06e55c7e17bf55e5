//! The config of `maelstrom.client`.

use runner_sdk::{Problem, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `maelstrom.client`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// What the client asks for, and what the replies mean.
    pub workload: WorkloadName,

    /// The node that the client asks. None: of the nodes that it has a link to and that are no
    /// clients and no services, the first for client 1, the second for client 2, and so on, over
    /// and over.
    pub node: Option<String>,

    /// The client's number, which its values end in: no two clients may have the same. None: the
    /// digits at the end of its node's name, or 1 if there are none.
    #[schemars(range(max = 9999))]
    pub number: Option<u64>,

    /// Operations per second of this client, on average: the time from one operation to the next is
    /// drawn from 0 to 2/`rate`. While a reply is missing, it begins no other. With 0, it sends
    /// nothing before the last reads.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub rate: f64,

    /// When the client begins no more operations, in local time since the run began.
    pub time_limit: Span,

    /// How long it waits for a reply. None: 1 s for `lin-kv`, 5 s for all else.
    pub timeout: Option<Span>,

    /// The pause before the last reads, in which the nodes may finish what they do. Only for
    /// `broadcast`, `g-set`, `g-counter`, `pn-counter` and `kafka`; the others have no last reads.
    pub quiet: Span,

    /// How long the last reads may take: the client reads until two reads in a row have the same
    /// result. `kafka` reads all keys from their beginning until nothing more comes.
    pub last_reads: Span,

    /// The number of keys in use at a time, for `lin-kv`, `kafka` and the transactions. None: 5,
    /// 4 and 10.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub key_count: Option<u64>,

    /// The largest number of operations of one transaction.
    #[schemars(range(min = 1, max = 1000))]
    pub max_txn_length: u64,

    /// How many writes a client does on each key, on average, before it goes on to new keys. For
    /// `lin-kv` and the transactions.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_writes_per_key: u64,
}

/// A workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadName {
    /// Each message comes back.
    #[default]
    Echo,
    /// Ids that no node gives twice.
    UniqueIds,
    /// Messages that reach all nodes.
    Broadcast,
    /// A set that grows.
    GSet,
    /// A counter that grows.
    GCounter,
    /// A counter that goes up and down.
    PnCounter,
    /// Logs with offsets.
    Kafka,
    /// Registers with compare-and-set.
    LinKv,
    /// Transactions of reads and appends to lists.
    TxnListAppend,
    /// Transactions of reads and writes of registers.
    TxnRwRegister,
}

impl WorkloadName {
    /// Whether clients read after the quiet time.
    pub(crate) fn reads_at_the_end(self) -> bool {
        use WorkloadName::{Broadcast, GCounter, GSet, Kafka, PnCounter};
        matches!(self, Broadcast | GSet | GCounter | PnCounter | Kafka)
    }
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            workload: WorkloadName::Echo,
            node: None,
            number: None,
            rate: 1.0,
            time_limit: Span::from_secs(20),
            timeout: None,
            quiet: Span::from_secs(10),
            last_reads: Span::from_secs(10),
            key_count: None,
            max_txn_length: 4,
            max_writes_per_key: 16,
        }
    }
}

impl ClientConfig {
    /// How long the client waits for a reply.
    pub(crate) fn timeout(&self) -> Span {
        self.timeout.unwrap_or(match self.workload {
            WorkloadName::LinKv => Span::from_secs(1),
            _ => Span::from_secs(5),
        })
    }

    /// The number of keys in use at a time.
    pub(crate) fn keys(&self) -> u64 {
        self.key_count.unwrap_or(match self.workload {
            WorkloadName::LinKv => 5,
            WorkloadName::Kafka => 4,
            _ => 10,
        })
    }

    /// Mistakes that types and ranges do not exclude.
    pub(super) fn problems(&self) -> Vec<Problem> {
        match self.timeout {
            Some(Span::ZERO) => vec![Problem::at("timeout", "is 0, expected more than 0")],
            _ => Vec::new(),
        }
    }
}
