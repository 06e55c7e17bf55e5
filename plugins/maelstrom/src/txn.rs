//! Checks of transactions: which anomalies a history has.
//!
//! Clients write values that name the transaction that wrote them, and read them back. From that
//! follows who must have come before whom, whatever the database is made of:
//!
//! - *ww*: T wrote a version of a key, and U the next one;
//! - *wr*: T wrote the version that U read;
//! - *rw*: T read a version, and U wrote the next one;
//! - *realtime*: T had ended before U began.
//!
//! If these form a cycle, no order of the transactions explains what the clients saw. Which kinds of
//! edges the cycle has says how weak the isolation is ([`anomaly`]). Sources: Adya, "Weak Consistency: A
//! Generalized Theory and Optimistic Implementations for Distributed Transactions", MIT, 1999; Kingsbury
//! and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", PVLDB 14(3), 2020.
//!
//! | module | holds |
//! |---|---|
//! | [`parts`] | transactions as the clients saw them, and what is wrong with one alone |
//! | [`graph`] | who comes before whom, and the shortest cycles |
//! | [`anomaly`] | the anomalies, and which consistency model forbids which |
//! | [`append`] | versions from lists: each read shows the order of all writes before |
//! | [`register`] | versions from registers: only what reads and the writes after them show |

pub mod anomaly;
pub mod append;
pub mod graph;
pub mod parts;
pub mod register;
#[cfg(test)]
mod tests;

use crate::history::{History, Judge};
use anomaly::{Anomaly, Models};
use runner_sdk::{Problem, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of the checks of transactions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TxnConfig {
    /// The consistency models that must hold: `strict-serializable`, `serializable`, `repeatable-read`,
    /// `snapshot-isolation`, `read-committed`, `read-uncommitted`.
    pub consistency_models: Vec<String>,
}

impl Default for TxnConfig {
    fn default() -> TxnConfig {
        TxnConfig {
            consistency_models: vec!["strict-serializable".to_owned()],
        }
    }
}

impl TxnConfig {
    fn problems(&self) -> Vec<Problem> {
        let names = self.consistency_models.iter().enumerate();
        let wrong = names.filter(|(_, name)| Models::named(name).is_none());
        let mut problems: Vec<Problem> = wrong
            .map(|(index, name)| {
                let known = Models::NAMES.join(", ");
                let message = format!("expected one of {known}, found {name:?}");
                Problem::at(format!("consistency_models[{index}]"), message)
            })
            .collect();
        if self.consistency_models.is_empty() {
            let message = "is empty, expected at least one model that must hold";
            problems.push(Problem::at("consistency_models", message));
        }
        problems
    }

    fn models(&self) -> Vec<&'static Models> {
        let names = self.consistency_models.iter();
        names.filter_map(|name| Models::named(name)).collect()
    }
}

/// Transactions of reads and appends.
pub struct ListAppend;

impl Judge for ListAppend {
    type Config = TxnConfig;
    const NAME: &'static str = "txn-list-append";
    const DOCS: &'static str = "Transactions of reads and appends to lists have none of the anomalies that the \
        `consistency_models` forbid, and no read has what nobody appended, an element twice, or an order that \
        contradicts another read. A failure names the worst anomaly, the operations that show it, and each step \
        of its cycle. Unknown if no transaction succeeded, or if no read saw an element.";

    fn problems(config: &TxnConfig) -> Vec<Problem> {
        config.problems()
    }

    fn judge(config: &TxnConfig, history: &History) -> Verdict {
        judge(config, history, append::anomalies)
    }
}

/// Transactions of reads and writes.
pub struct RwRegister;

impl Judge for RwRegister {
    type Config = TxnConfig;
    const NAME: &'static str = "txn-rw-register";
    const DOCS: &'static str = "Transactions of reads and writes of registers have none of the anomalies that the \
        `consistency_models` forbid, as far as reads show the order of versions: a version follows the \
        one that its transaction read before, and all versions follow no value. Writes that nobody read \
        before writing have no known order, so some anomalies are not seen. Unknown if no transaction succeeded, or if no \
        read saw a value.";

    fn problems(config: &TxnConfig) -> Vec<Problem> {
        config.problems()
    }

    fn judge(config: &TxnConfig, history: &History) -> Verdict {
        judge(config, history, register::anomalies)
    }
}

/// What a workload's module finds in the transactions.
type Anomalies = fn(&[parts::Transaction<'_>]) -> Result<Vec<Anomaly>, String>;

fn judge(config: &TxnConfig, history: &History, anomalies: Anomalies) -> Verdict {
    let transactions = parts::transactions(history);
    let found = match anomalies(&transactions) {
        Ok(found) => found,
        Err(unknown) => return Verdict::unknown(unknown),
    };
    let models = config.models();
    let forbidden = |it: &&Anomaly| models.iter().any(|model| model.forbids(it.name));
    if let Some(worst) = found.iter().filter(forbidden).min_by_key(|it| it.rank()) {
        return worst.verdict(&transactions);
    }
    let committed = transactions.iter().filter(|it| it.is_committed()).count();
    if committed == 0 {
        return Verdict::unknown("no transaction succeeded: there is nothing to judge");
    }
    if !transactions.iter().any(parts::Transaction::has_seen) {
        return Verdict::unknown(
            "no read saw a value that somebody wrote: there is nothing to judge",
        );
    }
    let also = match found.iter().min_by_key(|it| it.rank()) {
        Some(allowed) => format!("; there is {}, which is allowed", allowed.name),
        None => String::new(),
    };
    Verdict::passed(format!(
        "{committed} transactions without an anomaly that is forbidden by {}{also}",
        config.consistency_models.join(", ")
    ))
}
