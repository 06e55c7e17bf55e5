//! Maelstrom's workloads, services and checks: a workbench for students of distributed systems, by
//! Kyle Kingsbury, whose protocol programs in any language speak.
//!
//! - [`Client`] does the operations of a workload, and records what it asked for and what came back.
//! - The checks ([`check`], [`txn`]) judge these records: was something lost, is there an order that
//!   explains what the clients saw?
//! - The services ([`service`]) are stores that nodes may build upon.
//! - [`Reference`] is a node that does each workload right, or with a known mistake.
//!
//! Start reading at [`body`]: what travels on a link. Then `workload`, what clients ask
//! for, and [`history`], what the checks see.

pub mod body;
pub mod check;
pub mod client;
pub mod history;
pub mod node;
pub mod service;
pub mod txn;
mod workload;

pub use client::{Client, ClientConfig, WorkloadName};
pub use node::Reference;

use history::Judged;

runner_sdk::plugin! {
    name: "maelstrom",
    docs: "Maelstrom's workloads as clients, its services, a check for each workload, and reference nodes, for \
        programs that speak its protocol.",
    behaviors: [
        Client,
        Reference,
        service::LinKv,
        service::SeqKv,
        service::LwwKv,
        service::LinTso,
    ],
    checks: [
        Judged<check::Echo>,
        Judged<check::UniqueIds>,
        Judged<check::Broadcast>,
        Judged<check::GSet>,
        Judged<check::GCounter>,
        Judged<check::PnCounter>,
        Judged<check::Kafka>,
        Judged<check::LinKv>,
        Judged<txn::ListAppend>,
        Judged<txn::RwRegister>,
        Judged<check::Availability>,
    ],
}

#[cfg(test)]
mod tests;
