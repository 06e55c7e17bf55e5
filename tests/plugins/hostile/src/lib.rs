//! Behaviors and checks that attack the process that runs them: what `--isolate` must hold
//! against, and ends of the process that must never look like success.

mod attack;
mod attacker;
mod config;
mod judge;

pub use attack::How;
pub use attacker::Attacker;
pub use config::AttacksAtConfig;
pub use judge::Judge;

runner_sdk::plugin! {
    name: "hostile",
    docs: "Attacks on the process that runs them, for tests of the runner.",
    behaviors: [Attacker, AttacksAtConfig],
    checks: [Judge],
}
